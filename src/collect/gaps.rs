//! What could not be read, noted where it belongs. It is logged at once only for who wants to know everything: at the end of a
//! run each gap is said once.

use super::collector::Collector;
use crate::inventory::Gap;

impl Collector {
    /// Notes a list of a secret that is not whole.
    pub(super) fn add_gap(&mut self, position: usize, gap: Gap) {
        if let Some(secret) = self.workspace.secrets.get_mut(position) {
            let workspace = &self.workspace.name;
            tracing::debug!(workspace, secret = secret.id, list = gap.what, "not whole: {}", gap.why);
            secret.gaps.push(gap);
        }
    }

    /// Notes a page, or something else of the list of secrets, that could not be read.
    pub(super) fn add_page_gap(&mut self, gap: Gap) {
        let gaps = &mut self.workspace.page_gaps;
        // A field that can't be searched is met in each secret.
        if !gaps.contains(&gap) {
            tracing::debug!(workspace = self.workspace.name, "not whole: {}", gap.in_words());
            gaps.push(gap);
        }
    }

    /// Notes a secret that something refers to and that could not be looked up.
    pub(super) fn add_lookup_gap(&mut self, gap: Gap) {
        tracing::debug!(workspace = self.workspace.name, "not whole: {}", gap.in_words());
        self.workspace.lookup_gaps.push(gap);
    }
}
