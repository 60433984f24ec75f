//! What the search of a document found in it.

use std::collections::BTreeSet;

use crate::{api::error::Malformed, inventory::DependentType};

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
pub struct FoundReference {
    /// The id.
    pub secret_id: String,
    /// In which form it stands there.
    pub form: Form,
    /// The keys and positions that lead to it, outermost first.
    pub path: Vec<String>,
}

impl FoundReference {
    /// The path in one piece.
    #[must_use]
    pub fn path_in_words(&self) -> String {
        clipped(self.path.join("."))
    }
}

/// At most so much of a key or a path as is told.
fn clipped(mut text: String) -> String {
    if text.len() > PATH_LENGTH {
        text.truncate(text.floor_char_boundary(PATH_LENGTH));
        text.push('…');
    }
    text
}

impl FoundReferences {
    /// Adds what was found in another showing of the same document.
    pub fn merge(&mut self, other: Self) {
        self.references.extend(other.references);
        self.named.extend(other.named);
        self.has_more_words |= other.has_more_words;
        self.unlike_ids += other.unlike_ids;
        self.problem = self.problem.take().or(other.problem);
    }
}

/// What was found in one document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundReferences {
    /// The references, in the order of the document. Of those that are no locators, some may turn out to be no secret's id.
    pub references: Vec<FoundReference>,
    /// The tools, MCP servers and agents that it names, by type and id.
    pub named: BTreeSet<(DependentType, String)>,
    /// Whether there were more words that may be ids than are kept.
    pub has_more_words: bool,
    /// How many texts stand under `secret_id` where the document has no locator, and have no form of an id. They may be
    /// credentials, so they are only counted.
    pub unlike_ids: u64,
    /// Where one may have been missed.
    pub problem: Option<Malformed>,
}
