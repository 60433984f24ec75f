//! What could not be read, noted where it belongs. It is logged at once only for who wants to know everything: at the end of a
//! run each gap is said once.

use super::collector::Collector;
use crate::{
    api::ListName,
    inventory::{CONFIRMATION, Gap},
    memory::Kept,
};

/// How many gaps of one secret are kept, besides those of the lists that the document knows.
const GAPS_KEPT: usize = 100;
/// How many gaps of the list of secrets are kept: each is told of every secret.
const PAGE_GAPS_KEPT: usize = 20;

/// Adds a gap, in order. Of those that may be left out at most so many stay, the least in order, since answers come in any.
/// How much more is kept then; `None` where one was left out.
fn insert(gaps: &mut Vec<Gap>, gap: Gap, most: usize, stays: impl Fn(&Gap) -> bool) -> Option<usize> {
    let Err(position) = gaps.binary_search(&gap) else { return Some(0) };
    let bytes = gap.bytes();
    let may_go = !stays(&gap);
    gaps.insert(position, gap);
    if may_go && gaps.iter().filter(|gap| !stays(gap)).count() > most {
        let last = gaps.iter().rposition(|gap| !stays(gap))?;
        gaps.remove(last);
        return None;
    }
    Some(bytes)
}

impl Collector {
    /// Notes a list of a secret that is not whole.
    pub(super) fn add_gap(&mut self, position: usize, gap: Gap) {
        if let Some(secret) = self.workspace.secrets.get_mut(position) {
            let workspace = &self.workspace.name;
            tracing::debug!(workspace, secret = secret.id, list = gap.what, "not whole: {}", gap.why);
            let is_known = |gap: &Gap| {
                gap.what == CONFIRMATION || ListName::known().iter().any(|list| list.as_str() == gap.what)
            };
            match insert(&mut secret.gaps, gap, GAPS_KEPT, is_known) {
                Some(bytes) if self.share.allows(Kept::Notes, bytes) => {}
                Some(_) => secret.gaps.clear(),
                None => drop(self.has_more_gaps.insert(position)),
            }
        }
    }

    /// Says that there are more gaps than are told.
    pub(super) fn tell_more_gaps(&mut self) {
        let why = |most: usize| format!("more than {most} were not read; the first in order are told");
        for position in &self.has_more_gaps {
            if let Some(secret) = self.workspace.secrets.get_mut(*position) {
                secret.gaps.push(Gap::new("further lists that this program does not know", why(GAPS_KEPT)));
            }
        }
        if self.has_more_page_gaps {
            let what = "further pages or fields of the list of secrets";
            self.workspace.page_gaps.push(Gap::new(what, why(PAGE_GAPS_KEPT)));
        }
    }

    /// Notes a page, or something else of the list of secrets, that could not be read.
    pub(super) fn add_page_gap(&mut self, gap: Gap) {
        let words = gap.in_words();
        // A field that can't be searched is met in each secret.
        match insert(&mut self.workspace.page_gaps, gap, PAGE_GAPS_KEPT, |_| false) {
            Some(0) => return,
            Some(bytes) if self.share.allows(Kept::Notes, bytes) => {}
            Some(_) => self.workspace.page_gaps.clear(),
            None => self.has_more_page_gaps = true,
        }
        tracing::debug!(workspace = self.workspace.name, "not whole: {words}");
    }

    /// Notes a secret that something refers to and that could not be looked up.
    pub(super) fn add_lookup_gap(&mut self, gap: Gap) {
        tracing::debug!(workspace = self.workspace.name, "not whole: {}", gap.in_words());
        if self.keeps(Kept::Notes, gap.bytes()) {
            self.workspace.lookup_gaps.push(gap);
        }
    }
}
