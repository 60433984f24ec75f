//! What is odd and costs nothing, until all of one kind is told in one line.

use std::collections::BTreeSet;

/// How many unknown fields are named.
pub(super) const FIELDS_TOLD: usize = 20;

/// How many dependents have no id that can be read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct WithoutId {
    /// In the answer that showed most, of those that show a whole list at once.
    pub(super) at_once: usize,
    /// On all pages, and in all places.
    pub(super) in_parts: usize,
}

/// Pages of the list of secrets whose cursor was refused at the higher limit.
#[derive(Default)]
pub(super) struct RefusedPages {
    pub(super) number: usize,
    /// The first of them, and what was said.
    pub(super) first: Option<(u32, String)>,
}

impl RefusedPages {
    /// Notes one. Answers come in any order.
    pub(super) fn add(&mut self, page: u32, error: String) {
        self.number += 1;
        let this = (page, error);
        if self.first.as_ref().is_none_or(|first| this < *first) {
            self.first = Some(this);
        }
    }
}

/// The names of unknown fields, the first in order.
#[derive(Default)]
pub(super) struct UnknownFields {
    pub(super) names: BTreeSet<String>,
    pub(super) has_more: bool,
}

impl UnknownFields {
    pub(super) fn add(&mut self, name: String) {
        self.names.insert(name);
        if self.names.len() > FIELDS_TOLD {
            self.names.pop_last();
            self.has_more = true;
        }
    }
}
