//! What the last complete audit saw and no list shows any more, and agents that something names and no list shows: they are
//! gone, or not shared with the key.
//!
//! Asked only where a secret is about to be called unused and nothing else has told how much the key may see. Tools, MCP
//! servers and environment variables have no endpoint of their own in the document, so that they cannot be asked for.

use std::sync::Arc;

use super::{
    job::{Job, Purpose},
    offload::offload,
    options::LookBack,
    reader::WorkspaceReader,
    reading::Reading,
};
use crate::{
    api::ApiError,
    inventory::{Extent, Gap, Missing, Seen, Source, Why, Workspace},
    memory::{Kept, text},
};

impl WorkspaceReader {
    /// Asks for these by their ids. What is refused, or shown all the same, shows that the lists are not all that there is; the
    /// latter is read, too.
    pub(super) async fn look_for_unshared(mut self, look_back: &Arc<LookBack>) -> Result<Self, ApiError> {
        let collector = &mut self.collector;
        let named = collector.named_agents();
        let is_told = match collector.view().extent {
            Extent::Full => true,
            Extent::Partial => named.is_empty(),
            Extent::NotKnown => false,
        };
        if collector.candidates().is_empty() || is_told {
            return Ok(self);
        }
        let Workspace { name, address, workspace_id, .. } = &collector.workspace;
        let mut asked = Workspace::new(name.clone(), address.clone());
        asked.workspace_id.clone_from(workspace_id);
        let look_back = Arc::clone(look_back);
        let looked = offload(usize::MAX, collector.client.deadline(), move || look_back(&asked)).await;
        let Seen { secrets, mut agents, speech_engines } = match looked {
            Some(Ok(seen)) => seen,
            // Nothing is called unused then: who knows what it would have shown.
            not_told => {
                let why = match not_told {
                    Some(Err(error)) => Why::EarlierReport(error.to_string()),
                    _ => Why::Deadline,
                };
                collector.add_page_gap(Gap::new(Missing::LastAudit, why));
                return Ok(self);
            }
        };
        let ids = [&secrets, &agents, &speech_engines].into_iter().flatten();
        if !collector.keeps(Kept::Places, ids.map(|id| text(id)).sum()) {
            collector.client.keeps_within_bounds(Source::Preview.endpoint())?;
        }
        agents.extend(named);
        // A narrowed audit lists few of them.
        if collector.options.search.is_empty() {
            for id in secrets {
                if collector.position_of_id(&id).is_none() && !collector.not_found.contains_key(&id) {
                    collector.queue(Job::Secret { id: id.clone(), purpose: Purpose::Unlisted(id) });
                }
            }
        }
        let sought = Arc::new(collector.sought.ready(false));
        let places = [(Source::Agents, agents), (Source::SpeechEngines, speech_engines)];
        let mut readings = Vec::new();
        for (source, ids) in places {
            let unlisted = collector.not_listed(source, ids);
            if !unlisted.is_empty() {
                readings.push(Reading { unlisted, ..collector.whole(source, &sought) });
            }
        }
        collector.start_scans(readings);
        self.all_answered().await?.settle_scans().await
    }
}
