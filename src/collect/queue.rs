//! Which request goes first: by its priority, and of equal ones the one that has waited longest, but that lists of dependents
//! have an order of their own.
//!
//! Requests wait here as what they ask for, and are made only once they may soon be sent: a workspace can have ten
//! thousand lists to page.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet, VecDeque},
};

use super::job::{DOCUMENTS, HIGHER_LIMIT, Job, PLACES, PagedList, SECRETS, WALK};
use crate::api::{Priority, Walk};

/// The requests that wait.
#[derive(Default)]
pub(super) struct Queue {
    by_priority: BTreeMap<Priority, VecDeque<Job>>,
    dependents: Lists,
}

impl Queue {
    pub(super) fn push(&mut self, job: Job) {
        match job {
            Job::Dependents { list, walk } => self.dependents.push(list, walk),
            job => self.by_priority.entry(job.priority()).or_default().push_back(job),
        }
    }

    pub(super) fn pop(&mut self) -> Option<Job> {
        let Self { by_priority, dependents } = self;
        let mut first = |of: &[Priority]| {
            of.iter().find_map(|priority| by_priority.get_mut(priority).and_then(VecDeque::pop_front))
        };
        first(&[WALK, PLACES, HIGHER_LIMIT])
            .or_else(|| dependents.pop().map(|(list, walk)| Job::Dependents { list, walk }))
            .or_else(|| first(&[DOCUMENTS, SECRETS]))
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
