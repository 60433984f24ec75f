//! What a key may see of a workspace, as far as the answers tell.
//!
//! What never lives here: what a partial view means for a verdict (that is `audit`).

use std::collections::BTreeSet;

/// How much of a workspace its key may see.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Extent {
    /// Everything: the key's user is a workspace admin.
    Full,
    /// Not everything: something exists that the key may not see.
    Partial,
    /// Nothing tells.
    #[default]
    NotKnown,
}

impl Extent {
    /// Every extent.
    pub const ALL: [Self; 3] = [Self::Full, Self::Partial, Self::NotKnown];

    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Partial => "partial",
            Self::NotKnown => "not known",
        }
    }
}

/// What an earlier audit saw in a workspace and can be asked for by its id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Ids of secrets that it listed.
    pub secrets: BTreeSet<String>,
    /// Ids of agents that used a secret.
    pub agents: BTreeSet<String>,
    /// Ids of speech engines that used a secret.
    pub speech_engines: BTreeSet<String>,
}

/// What a key may see of a workspace, and what tells.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// How much.
    pub extent: Extent,
    /// What tells, in words, one sign each; none where nothing tells.
    pub signs: Vec<String>,
}
