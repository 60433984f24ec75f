//! How a workspace is to be read.

use std::io;

use crate::{
    api::SecretsQuery,
    inventory::{Seen, Source, Workspace},
};

/// What is asked of every workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectOptions {
    /// Secrets per page, 1–100.
    pub page_size: u32,
    /// Dependents per list in the first walk, 1–100.
    pub dependency_limit: u32,
    /// Dependents per list where the first limit cut one, 1–100.
    pub max_dependency_limit: u32,
    /// Only secrets whose name starts so; empty for all.
    pub search: String,
    /// When tools, agents and their branches are read too.
    pub deep: Deep,
    /// What is done about archived branches.
    pub archived_branches: ArchivedBranches,
    /// The places that the operator doesn't want scanned.
    pub switched_off: Vec<Source>,
}

/// Finds what the last complete audit saw of a workspace. An error: it isn't known.
pub(crate) type LookBack = dyn Fn(&Workspace) -> io::Result<Seen> + Send + Sync;

/// When every tool, every agent and every branch is read too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deep {
    /// Where a secret would be called unused otherwise
    #[default]
    Auto,
    /// In every audit
    Always,
    /// In none: a secret may be called unused on the word of used_by alone
    Never,
}

/// What is done about archived branches of agents.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ArchivedBranches {
    /// They are read where the API shows them; where it shows none, the report says so.
    #[default]
    Auto,
    /// They are read, and one that cannot be read is a gap.
    Read,
    /// They are left out, and the report says so.
    Skip,
}

impl Deep {
    /// Every mode.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Always, Self::Never];

    /// The word for it in settings and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Always => "always",
            Self::Never => "never",
        }
    }
}

impl ArchivedBranches {
    /// Every choice.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Read, Self::Skip];

    /// The word for it in settings and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Read => "read",
            Self::Skip => "skip",
        }
    }
}

impl CollectOptions {
    pub(super) fn query(&self, dependency_limit: u32) -> SecretsQuery<'_> {
        SecretsQuery { page_size: self.page_size, dependency_limit, search: &self.search }
    }
}
