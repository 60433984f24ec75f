//! What is known of the places that were read, and of the list of secrets as one of them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    agent::ApiBehavior,
    findings::Findings,
    reading::{Listing, Reading},
};
use crate::{api::Sought, inventory::Source};

/// What is known of places that were read.
#[derive(Default)]
pub(super) struct Places {
    pub(super) by_source: BTreeMap<Source, Place>,
    pub(super) secrets: SecretList,
    pub(super) are_begun: bool,
    pub(super) behavior: Arc<ApiBehavior>,
}

/// The list of secrets, as a place that is walked.
#[derive(Default)]
pub(super) struct SecretList {
    /// Whether it took more than one page.
    pub(super) is_long: bool,
    /// How many words that may be ids were kept of its unknown fields in this walk.
    pub(super) words: usize,
    /// Whether its unknown fields had more of them than are kept.
    pub(super) has_more_words: bool,
    /// How many secrets were known before this walk, where it is not the first.
    pub(super) known_before: Option<usize>,
    pub(super) is_settled: bool,
}

/// One place that was read.
#[derive(Default)]
pub(super) struct Place {
    pub(super) ids: BTreeSet<String>,
    /// Those of its lists that may have shown less than there is, until a walk shows nothing new.
    pub(super) unsettled: BTreeSet<Listing>,
    /// What its documents were searched for: each of these, some of them.
    pub(super) sought: Vec<Arc<Sought>>,
    pub(super) has_more_words: bool,
}

impl Places {
    /// Notes what reading one came to.
    pub(super) fn on_scan(&mut self, reading: &Reading, findings: &Findings) {
        let is_first = !self.by_source.contains_key(&reading.source);
        let place = self.by_source.entry(reading.source).or_default();
        if reading.is_of_all() {
            place.sought.clear();
            place.has_more_words = false;
        }
        place.sought.push(Arc::clone(&reading.sought));
        place.has_more_words |= findings.has_more_words;
        let shows_new = !findings.ids.is_subset(&place.ids);
        if is_first || shows_new {
            place.unsettled.extend(&findings.unsettled);
        } else if reading.walks_lists() {
            place.unsettled.clear();
        }
        place.ids.extend(findings.ids.iter().filter(|id| !id.is_empty()).cloned());
    }
}
