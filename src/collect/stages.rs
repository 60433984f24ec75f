//! The stages of reading a workspace, each for what the one before left. All but the first are only for secrets that are
//! about to be called unused, or that something refers to.

use std::{mem, sync::Arc};

use super::{job::Purpose, options::Deep, reader::WorkspaceReader};
use crate::{
    api::ApiError,
    inventory::{Gap, Missing, Scan, ScanOutcome, Source, Why, Workspace},
};

/// How often a list is walked at the most.
const MOST_WALKS: u32 = 3;

impl WorkspaceReader {
    /// Walks the list of secrets, and reads the places that are part of every audit.
    pub(super) async fn read(mut self) -> Result<Self, ApiError> {
        self.collector.start_walk();
        let listed = self.all_answered().await?.look_for_vanished().await?;
        listed.with_ids_in_dependents().settle_scans().await
    }

    /// Takes in what was found in places, and what that leads to.
    pub(super) async fn settle_scans(mut self) -> Result<Self, ApiError> {
        self.collector.on_scans()?;
        self.settle_words().await
    }

    /// Makes uses of the words that turned out to be ids of secrets, and looks up what is referred to and not listed. What
    /// that shows may mention further ones.
    async fn settle_words(mut self) -> Result<Self, ApiError> {
        loop {
            self.collector.resolve_words();
            // A narrowed audit looks nothing up.
            if self.collector.unlisted.is_empty() || !self.collector.options.search.is_empty() {
                return Ok(self);
            }
            self.collector.look_up_unlisted();
            self = self.all_answered().await?;
        }
    }

    /// Finds out which secrets were deleted while the walk went on.
    ///
    /// Believes that secrets are gone only where one that is still listed can be asked for by itself: otherwise it may
    /// be the endpoint that is gone. Where there is no other to ask for, two answers with 404 have to do.
    async fn look_for_vanished(mut self) -> Result<Self, ApiError> {
        for position in mem::take(&mut self.collector.vanished) {
            self.collector.ask_for_secret(position, Purpose::Vanished);
        }
        let mut asked = self.all_answered().await?;
        let collector = &mut asked.collector;
        if collector.gone.is_empty() || collector.workspace.coverage.secrets_by_themselves > 0 {
            return Ok(asked);
        }
        let mut positions = 0..collector.workspace.secrets.len();
        let Some(other) = positions.find(|position| !collector.gone.contains(position)) else {
            return Ok(asked);
        };
        collector.ask_for_secret(other, Purpose::Control);
        let mut asked = asked.all_answered().await?;
        let collector = &mut asked.collector;
        if collector.workspace.coverage.secrets_by_themselves == 0 {
            for position in mem::take(&mut collector.gone) {
                collector.add_gap(position, Gap::new(Missing::Confirmation, Why::NoneByItself));
            }
        }
        Ok(asked)
    }

    /// Reads tools and agents where a secret would be called unused without that.
    pub(super) async fn inspect(mut self) -> Result<Self, ApiError> {
        let collector = &mut self.collector;
        let sources = [Source::Tools, Source::Agents];
        let outcome = match collector.options.deep {
            Deep::Always => return Ok(self),
            Deep::Never => ScanOutcome::NotPartOfThisAudit,
            Deep::Auto if collector.candidates().is_empty() => ScanOutcome::NotNeeded,
            Deep::Auto => {
                let sought = Arc::new(collector.sought.ready(false));
                collector.start_scans(sources.map(|source| collector.whole(source, &sought)).into());
                return self.all_answered().await?.settle_scans().await;
            }
        };
        let scans = sources.map(|source| Scan::new(source, outcome.clone()));
        collector.workspace.scans.extend(scans);
        Ok(self)
    }

    /// Walks each list of several pages again, until a walk shows nothing new; and reads places again whose documents were
    /// searched before all secrets were known, where that may have missed one.
    ///
    /// The lists of a secret's dependents are not among them: a candidate has none, and that they are empty is what the
    /// confirmation asks again.
    pub(super) async fn walk_again(mut self) -> Result<Self, ApiError> {
        let collector = &mut self.collector;
        if !collector.candidates().is_empty() && !collector.is_covered(&collector.sought.ready(false)) {
            let sources: Vec<Source> = collector.places.by_source.keys().copied().collect();
            for source in sources {
                collector.on_outcome(Scan::new(source, ScanOutcome::NotRead(Why::UnsearchableIds)));
            }
        }
        for _ in 1..MOST_WALKS {
            let collector = &mut self.collector;
            let (readings, walks_secrets) = collector.what_to_walk();
            if collector.candidates().is_empty() || (readings.is_empty() && !walks_secrets) {
                return Ok(self.with_ids_in_dependents());
            }
            let known = collector.workspace.secrets.len();
            if walks_secrets {
                collector.start_walk_again();
            }
            collector.start_scans(readings);
            self = self.all_answered().await?.look_for_vanished().await?.settle_scans().await?;
            let collector = &mut self.collector;
            collector.places.secrets.is_settled |=
                walks_secrets && collector.workspace.secrets.len() == known;
        }
        let collector = &mut self.collector;
        let (readings, walks_secrets) = collector.what_to_walk();
        let why = Why::Shifting(MOST_WALKS);
        for reading in readings {
            collector.on_outcome(Scan::new(reading.source, ScanOutcome::NotRead(why.clone())));
        }
        if walks_secrets && collector.workspace.page_gaps.is_empty() {
            collector.add_page_gap(Gap::new(Missing::Secrets, why));
        }
        Ok(self.with_ids_in_dependents())
    }

    /// With uses made of ids that stand among the dependents of others: of the secrets that are known by now.
    fn with_ids_in_dependents(mut self) -> Self {
        self.collector.on_ids_in_dependents();
        self
    }

    /// Reads each secret that is about to be called unused once more.
    pub(super) async fn confirm_candidates(mut self) -> Result<Self, ApiError> {
        let candidates = self.collector.candidates();
        if candidates.is_empty() {
            return Ok(self);
        }
        for position in candidates {
            self.collector.ask_for_secret(position, Purpose::Confirmation);
        }
        // What they show by themselves may mention others.
        self.all_answered().await?.look_for_vanished().await?.settle_words().await
    }

    /// The workspace, its last doubts settled, without the secrets that are gone.
    ///
    /// # Errors
    /// Where more would have to be kept than is allowed.
    pub(super) fn finish(self) -> Result<Workspace, ApiError> {
        let mut collector = self.collector;
        collector.workspace.merge();
        collector.settle_mcp_servers();
        collector.warn_of_what_is_odd();
        collector.tell_more_gaps();
        collector.tell_what_was_seen();
        let mut position = 0;
        let (gone, deleted) = (&collector.gone, &mut collector.workspace.deleted);
        collector.workspace.secrets.retain_mut(|secret| {
            let is_gone = gone.contains(&position);
            position += 1;
            if is_gone {
                deleted.push((mem::take(&mut secret.id), mem::take(&mut secret.name)));
            }
            !is_gone
        });
        let coverage = &mut collector.workspace.coverage;
        (coverage.requests, coverage.retries) = collector.client.counts();
        collector.client.keeps_within_bounds(Source::Preview.endpoint())?;
        collector.share.mark_read();
        Ok(collector.workspace)
    }
}
