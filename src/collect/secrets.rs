//! What an answer shows of secrets: each is one, however often it is seen.

use super::{
    collector::Collector,
    truncation::{Open, open_lists},
};
use crate::{
    api::{ListedSecret, Sought},
    inventory::{Secret, Source},
    memory::Kept,
};

/// What a secret takes in tables of ids, besides its id.
const BYTES_SOUGHT: usize = 320;

impl Collector {
    /// Adds what an answer shows. A secret that was seen before is united with what is known of it. Which lists the
    /// answer doesn't show whole.
    pub(super) fn on_secrets(&mut self, secrets: Vec<ListedSecret<'_>>, source: Source, limit: u32) -> Open {
        let (mut open, mut fields) = (Vec::new(), Vec::new());
        for secret in secrets {
            let lists = open_lists(&secret.lists, limit);
            let Some(position) = self.position_of(&secret) else { break };
            fields.push((Some(position), secret.unknown_fields));
            self.signs.on_access(secret.access_source.as_deref());
            for list in secret.lists {
                self.note_without_id(position, list.name.dependent_type(), source, list.without_id);
                self.record(position, source, list.observations);
            }
            if !lists.is_empty() {
                open.push((position, lists));
            }
        }
        // After all secrets of the page, and not copied: there may be a million.
        self.search_fields(
            fields
                .into_iter()
                .flat_map(|(position, fields)| fields.into_iter().map(move |field| (position, field))),
        );
        open
    }

    /// Where it stands. `None` where no more may be kept.
    fn position_of(&mut self, listed: &ListedSecret<'_>) -> Option<usize> {
        let name = listed.name.as_deref().unwrap_or_default();
        if let Some(position) = self.position_of_id(&listed.id) {
            // Renamed while the walk went on: which name came first must not matter.
            if let Some(known) = self.workspace.secrets.get_mut(position)
                && (known.name.is_empty() || (!name.is_empty() && name < known.name.as_str()))
            {
                let more = name.len().saturating_sub(known.name.len());
                if self.share.allows(Kept::Secrets, more) {
                    known.name = name.to_owned();
                }
            }
            return Some(position);
        }
        let position = self.workspace.secrets.len();
        let secret = Secret::new(&*listed.id, name);
        // What is searched for is kept for each place that was read.
        let sought = listed.id.len() + BYTES_SOUGHT + Sought::bytes_of(&listed.id);
        if !self.keeps(Kept::Secrets, secret.bytes() + sought) {
            return None;
        }
        self.workspace.secrets.push(secret);
        self.position_by_id.insert(listed.id.to_string(), position);
        self.sought.add([&*listed.id]);
        self.progress.add_secrets(1);
        Some(position)
    }
}
