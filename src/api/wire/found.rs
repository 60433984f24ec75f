//! What the search of a document found in it.

use std::{collections::BTreeSet, sync::Arc};

use super::{Sought, steps};
use crate::{
    api::error::Malformed,
    inventory::DependentType,
    memory::{ALLOCATION, text},
    text::cut,
};

/// The longest path that is told, in bytes: keys come from whoever can edit the workspace.
const PATH_LENGTH: usize = 300;

/// In which form a secret's id stands in a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As a locator (`{"secret_id": …}`) where the document has one.
    Locator,
    /// As a locator in a place that the document does not know. It may be a plain value that is called so.
    LocatorElsewhere,
    /// In any other.
    Mention,
}

/// A secret's id in a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FoundReference {
    /// The id.
    pub secret_id: String,
    /// In which form it stands there.
    pub form: Form,
    /// The keys and positions that lead to it, outermost first, as far as they are told.
    pub path: Vec<Arc<str>>,
}

impl FoundReference {
    /// The path in one piece, as far as it is told.
    pub(crate) fn path_in_words(&self) -> String {
        let mut words = String::new();
        for (at, key) in self.path.iter().enumerate() {
            let dot = if at > 0 { "." } else { "" };
            words.push_str(dot);
            // As much as shows that it is longer.
            words.push_str(&key[..key.floor_char_boundary(PATH_LENGTH + char::MAX_LEN_UTF8)]);
            if words.len() > PATH_LENGTH {
                break;
            }
        }
        clipped(&words)
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        // Its path, and the position in it, which no other shares.
        let path = self.path.len() * size_of::<Arc<str>>() + 3 * ALLOCATION;
        size_of::<Self>() + text(&self.secret_id) + path
    }
}

/// At most so much of a key or a path as is told.
pub(super) fn clipped(text: &str) -> String {
    cut(text.into(), PATH_LENGTH).into_owned()
}

/// So much of a path as is told. Its keys are shared: a document has many ids below one long key.
pub(super) fn told<'k>(path: impl Iterator<Item = &'k Arc<str>>) -> Vec<Arc<str>> {
    let mut length = 0;
    path.take_while(|key| {
        steps::count(1);
        let is_told = length <= PATH_LENGTH;
        length += key.len() + 1;
        is_told
    })
    .cloned()
    .collect()
}

impl FoundReferences {
    /// Adds what was found in another showing of the same document.
    pub(crate) fn merge(&mut self, other: Self) {
        self.references.extend(other.references);
        self.named.extend(other.named);
        self.has_more_words |= other.has_more_words;
        self.unlike_ids += other.unlike_ids;
        self.problem = self.problem.take().or(other.problem);
    }

    /// Keeps no more than so many words that may be ids and are not known. How many are left.
    pub(super) fn keep_unknown(&mut self, most: usize, sought: &Sought) -> usize {
        let mut unknown = 0;
        self.references.retain(|one| {
            let is_unknown = one.form != Form::Locator && !sought.is_known(&one.secret_id);
            unknown += usize::from(is_unknown);
            !is_unknown || unknown <= most
        });
        self.has_more_words |= unknown > most;
        unknown.min(most)
    }

    /// What it takes, in bytes.
    pub(crate) fn bytes(&self) -> usize {
        let named = self.named.iter().map(|(_, id)| size_of::<DependentType>() + text(id));
        size_of::<Self>()
            + self.references.iter().map(FoundReference::bytes).sum::<usize>()
            + named.sum::<usize>()
    }
}

/// What was found in one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct FoundReferences {
    /// The references, in the order of the document. Of those that are no locators, some may turn out to be no secret's id.
    pub references: Vec<FoundReference>,
    /// The tools, MCP servers and agents that it names, by type and id.
    pub named: BTreeSet<(DependentType, String)>,
    /// Whether there were more words that may be ids than are kept.
    pub(crate) has_more_words: bool,
    /// How many texts stand under `secret_id` where the document has no locator, and have no form of an id. They may be
    /// credentials, so they are only counted.
    pub(crate) unlike_ids: u64,
    /// Where one may have been missed.
    pub problem: Option<Malformed>,
}
