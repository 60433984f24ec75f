//! Signs of what the key may see, as answers show them.

use std::collections::{BTreeMap, BTreeSet};

use super::{findings::Findings, reading::Reading};
use crate::{
    api::WORKSPACE_ADMIN,
    inventory::{DependentType, Source},
};

/// Signs met so far.
#[derive(Default)]
pub(super) struct Signs {
    pub(super) seat_type: Option<String>,
    /// Whether anything is shown to the key's user as to an admin.
    pub(super) is_shown_to_admin: bool,
    /// Agents of which a list shows the id only.
    pub(super) unknown_agents: BTreeSet<String>,
    /// Tools, MCP servers and agents that something names.
    pub(super) named: BTreeSet<(DependentType, String)>,
    /// What the lists of tools and MCP servers show.
    pub(super) listed: BTreeMap<Source, BTreeSet<String>>,
    /// The paths that were answered with 403.
    pub(super) forbidden: BTreeSet<String>,
    /// Those of them that the last complete audit was shown.
    pub(super) unshared: BTreeSet<String>,
    /// Ids of agents that something names and that do not exist.
    pub(super) gone: BTreeSet<String>,
    /// What is answered by its id though a list that was read to its end lacks it.
    pub(super) not_in_list: BTreeSet<String>,
    pub(super) drafts: BTreeSet<(String, String)>,
    pub(super) hidden_branches: BTreeSet<(String, String)>,
    pub(super) hidden_branches_unlisted: bool,
}

impl Signs {
    /// Notes through what the key's user sees something.
    pub(super) fn on_access(&mut self, source: Option<&str>) {
        self.is_shown_to_admin |= source == Some(WORKSPACE_ADMIN);
    }

    /// Notes what reading a place came to.
    pub(super) fn on_scan(&mut self, reading: &Reading, findings: Findings) {
        let walked = reading.walks_lists();
        self.is_shown_to_admin |= findings.is_shown_to_admin;
        self.unknown_agents.extend(findings.unknown_agents);
        self.named.extend(findings.named);
        let forbidden = if walked { &mut self.forbidden } else { &mut self.unshared };
        forbidden.extend(findings.forbidden);
        self.gone.extend(findings.gone);
        if !walked {
            self.not_in_list.extend(findings.answered);
        }
        self.drafts.extend(findings.drafts);
        self.hidden_branches.extend(findings.hidden_branches);
        self.hidden_branches_unlisted |= findings.hidden_branches_unlisted;
        self.listed.entry(reading.source).or_default().extend(findings.ids);
    }
}
