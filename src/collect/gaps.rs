//! What could not be read, noted where it belongs. It is logged at once only for who wants to know everything: at the end of a
//! run each gap is said once.

use super::collector::Collector;
use crate::{
    api::ListName,
    inventory::{DependentType, Gap, Missing, Why},
    memory::{Kept, Share},
};

/// How many gaps of one secret are kept, besides those of the lists that the document knows.
const GAPS_KEPT: usize = 100;
/// How many gaps of the list of secrets are kept: each is told of every secret.
const PAGE_GAPS_KEPT: usize = 20;

/// Adds a gap, in order. Of those that may be left out at most so many stay, the least in order, since answers come in any.
/// What changed by that; `None`: nothing, as it is there.
fn insert(gaps: &mut Vec<Gap>, gap: Gap, most: usize, stays: impl Fn(&Gap) -> bool) -> Option<Inserted> {
    let position = gaps.binary_search(&gap).err()?;
    let (added, may_go) = (gap.bytes(), !stays(&gap));
    gaps.insert(position, gap);
    let is_too_many = may_go && gaps.iter().filter(|gap| !stays(gap)).count() > most;
    let last = if is_too_many { gaps.iter().rposition(|gap| !stays(gap)) } else { None };
    let left_out = last.map(|last| gaps.remove(last).bytes());
    Some(Inserted { added, left_out })
}

/// How much more is kept, in bytes, and what was left out for it, if anything was.
struct Inserted {
    added: usize,
    left_out: Option<usize>,
}

impl Inserted {
    /// Whether what is more may be kept.
    fn is_allowed(&self, share: &Share) -> bool {
        let left_out = self.left_out.unwrap_or_default();
        share.release(Kept::Notes, left_out.saturating_sub(self.added));
        share.allows(Kept::Notes, self.added.saturating_sub(left_out))
    }
}

impl Collector {
    /// Notes a list of a secret that is not whole.
    pub(super) fn add_gap(&mut self, position: usize, gap: Gap) {
        if let Some(secret) = self.workspace.secrets.get_mut(position) {
            let workspace = &self.workspace.name;
            tracing::debug!(
                workspace,
                secret = secret.id,
                list = gap.what.to_string(),
                "not whole: {}",
                gap.why
            );
            let is_known = |gap: &Gap| {
                !matches!(gap.what, Missing::List { dependent_type: DependentType::Unrecognized(_) })
            };
            let Some(inserted) = insert(&mut secret.gaps, gap, GAPS_KEPT, is_known) else { return };
            if inserted.left_out.is_some() {
                self.has_more_gaps.insert(position);
            }
            if !inserted.is_allowed(&self.share) {
                secret.gaps.clear();
            }
        }
    }

    /// Notes such a list by its name.
    pub(super) fn add_list_gap(&mut self, position: usize, list: &ListName, why: Why) {
        self.add_gap(position, Gap::new(Missing::List { dependent_type: list.dependent_type() }, why));
    }

    /// Says that there are more gaps than are told.
    pub(super) fn tell_more_gaps(&mut self) {
        for position in &self.has_more_gaps {
            if let Some(secret) = self.workspace.secrets.get_mut(*position) {
                secret.gaps.push(Gap::new(Missing::FurtherLists, Why::MoreThan(GAPS_KEPT)));
            }
        }
        if self.has_more_page_gaps {
            let why = Why::MoreThan(PAGE_GAPS_KEPT);
            self.workspace.page_gaps.push(Gap::new(Missing::FurtherPages, why));
        }
    }

    /// Notes a page, or something else of the list of secrets, that could not be read.
    pub(super) fn add_page_gap(&mut self, gap: Gap) {
        let told = gap.clone();
        // A field that can't be searched is met in each secret.
        let inserted = insert(&mut self.workspace.page_gaps, gap, PAGE_GAPS_KEPT, |_| false);
        let Some(inserted) = inserted else { return };
        self.has_more_page_gaps |= inserted.left_out.is_some();
        if !inserted.is_allowed(&self.share) {
            self.workspace.page_gaps.clear();
        }
        tracing::debug!(workspace = self.workspace.name, "not whole: {told}");
    }

    /// Notes a secret that something refers to and that could not be looked up.
    pub(super) fn add_lookup_gap(&mut self, gap: Gap) {
        tracing::debug!(workspace = self.workspace.name, "not whole: {gap}");
        if self.keeps(Kept::Notes, gap.bytes()) {
            self.workspace.lookup_gaps.push(gap);
        }
    }
}
