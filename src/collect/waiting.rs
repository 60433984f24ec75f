//! Which request goes first. What others follow from goes before what nothing follows from, so that no long chain of
//! requests is begun late.
//!
//! Requests wait here as what they ask for, and are made only once they may soon be sent: a workspace can have ten
//! thousand lists to page.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use super::{
    listing::{Open, PagedList},
    lists::OpenList,
    single::Purpose,
};
use crate::{
    api::{Priority, Walk},
    memory::text,
};

/// The next page of secrets: from it follows everything else.
pub(super) const WALK: Priority = Priority(0);
/// The next page of a place that can hold references.
pub(super) const PLACES: Priority = Priority(1);
/// A page of secrets at the higher limit: it tells which lists are to be paged.
pub(super) const HIGHER_LIMIT: Priority = Priority(2);
/// A page of one secret's dependents: the next one follows from it.
pub(super) const DEPENDENTS: Priority = Priority(3);
/// A document that can hold references.
pub(super) const DOCUMENTS: Priority = Priority(4);
/// One secret by itself.
pub(super) const SECRETS: Priority = Priority(5);

/// A request that waits.
pub(super) enum Job {
    /// A page of secrets at the higher limit.
    HigherLimit { page: u32, cursor: Option<String>, open: Open },
    /// A page of one secret's dependents.
    Dependents { list: PagedList, walk: Walk },
    /// One secret by itself.
    Secret { id: String, purpose: Purpose },
}

impl Job {
    /// What it takes while it waits, in bytes.
    pub(super) fn bytes(&self) -> usize {
        // A place in the orders by page and by age.
        4 * size_of::<u64>()
            + match self {
                Self::HigherLimit { cursor, open, .. } => {
                    let lists = open.iter().flat_map(|(_, lists)| lists);
                    size_of_val(open.as_slice())
                        + lists.map(OpenList::bytes).sum::<usize>()
                        + cursor.as_deref().map_or(0, text)
                        + size_of::<Self>()
                }
                Self::Dependents { list, walk } => list.bytes() + walk.bytes(),
                Self::Secret { id, .. } => 2 * text(id) + size_of::<Self>(),
            }
    }
}

/// The requests that wait.
#[derive(Default)]
pub(super) struct Waiting {
    higher_limit: VecDeque<Job>,
    dependents: Lists,
    secrets: VecDeque<Job>,
}

impl Waiting {
    pub(super) fn push(&mut self, job: Job) {
        match job {
            Job::HigherLimit { .. } => self.higher_limit.push_back(job),
            Job::Dependents { list, walk } => self.dependents.push(list, walk),
            Job::Secret { .. } => self.secrets.push_back(job),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Job> {
        let dependents = &mut self.dependents;
        self.higher_limit
            .pop_front()
            .or_else(|| dependents.pop().map(|(list, walk)| Job::Dependents { list, walk }))
            .or_else(|| self.secrets.pop_front())
    }
}

/// Lists that wait for their next page. How long a list is nobody knows before its end, but of two the one that has come
/// further is likely the longer one, and no two of its pages can be asked for at once. So most turns are those of the
/// list that has come furthest. Every [`FAIR`]th is that of the one that has waited longest, or else lists of one length
/// would be paged a few at a time, and the last few alone.
const FAIR: u64 = 4;

#[derive(Default)]
struct Lists {
    by_age: BTreeMap<u64, (PagedList, Walk)>,
    /// The same ones by their page, the furthest first.
    by_page: BTreeSet<(Reverse<u32>, u64)>,
    arrivals: u64,
    turns: u64,
}

impl Lists {
    fn push(&mut self, list: PagedList, walk: Walk) {
        self.arrivals += 1;
        self.by_page.insert((Reverse(walk.page()), self.arrivals));
        self.by_age.insert(self.arrivals, (list, walk));
    }

    fn pop(&mut self) -> Option<(PagedList, Walk)> {
        self.turns += 1;
        let furthest = self.by_page.first().map(|(_, arrival)| *arrival);
        let oldest = self.by_age.first_key_value().map(|(arrival, _)| *arrival);
        let next = if self.turns.is_multiple_of(FAIR) { oldest } else { furthest }?;
        let (list, walk) = self.by_age.remove(&next)?;
        self.by_page.remove(&(Reverse(walk.page()), next));
        Some((list, walk))
    }
}
