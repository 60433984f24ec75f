//! What one place came to, once it has been read.

use std::collections::BTreeSet;

use super::{
    found::{Found, Uses},
    reading::Listing,
};
use crate::inventory::DependentType;

/// What one place came to.
#[derive(Default)]
pub(super) struct Findings {
    /// What was found of secrets that were listed by then.
    pub(super) uses: Vec<Uses>,
    /// And of others, or of what may be none.
    pub(super) found: Vec<Found>,
    /// What is worth knowing of how it was read.
    pub(super) notes: BTreeSet<String>,
    /// The ids of workspaces that the things in it say they are in.
    pub(super) workspace_ids: BTreeSet<String>,
    /// The ids of all that its lists show.
    pub(super) ids: BTreeSet<String>,
    /// Those of its lists that can have changed while they were walked: an id may be in none of the pages.
    pub(super) unsettled: BTreeSet<Listing>,
    /// Whether more words were found that may be ids than are kept.
    pub(super) has_more_words: bool,
    /// Whether `access_info` says of anything in it that the key's user sees it as an admin.
    pub(super) is_shown_to_admin: bool,
    /// Agents of which a list shows the id only.
    pub(super) unknown_agents: BTreeSet<String>,
    /// The tools, MCP servers and agents that things in it name.
    pub(super) named: BTreeSet<(DependentType, String)>,
    /// The paths that were answered with 403.
    pub(super) forbidden: BTreeSet<String>,
    /// Branches of which the key's user has a draft, by agent and id.
    pub(super) drafts: BTreeSet<(String, String)>,
    /// Ids of what was asked for without a list, and is not there.
    pub(super) gone: BTreeSet<String>,
    /// Ids of what was asked for without a list, and is there.
    pub(super) answered: BTreeSet<String>,
    /// Archived branches that the API lists and doesn't show, by agent and id.
    pub(super) hidden_branches: BTreeSet<(String, String)>,
    /// Whether it has more of them than it lists.
    pub(super) hidden_branches_unlisted: bool,
}
