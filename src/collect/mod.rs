//! From endpoints to a complete [`Workspace`]: which is asked when, and what is still missing.
//!
//! One loop owns the workspace: requests run side by side as jobs, and each answer is taken in by the loop, which may
//! start further jobs. So no state is shared, and the order in which answers come back changes nothing but time. Which
//! request goes first is in `waiting`; where bodies are read, so that the network goes on meanwhile, in `digest`.
//!
//! What is read in which step, and what once more, is in `places`; one place in `references` (its parts in `reading`), agents
//! with their branches in `agents`; what the key may see in `view`, and what it may see no more in `unshared`; what is not
//! there any more in `vanished`; what is odd and costs nothing in `warnings`; what `check` tries in `trial`.
//!
//! All that is kept is counted first: where no more may be kept, it is not, and the workspace is lost (`Share` in `memory`).
//!
//! What never lives here: HTTP itself (that is `api`), and any opinion about what is unused (that is `audit`).

mod agents;
mod answered;
mod collector;
mod digest;
mod fields;
mod gaps;
mod listing;
mod lists;
mod places;
mod reading;
mod references;
mod single;
mod trial;
mod unshared;
mod vanished;
mod view;
mod waiting;
mod warnings;

use std::{io, sync::Arc};

use crate::{
    api::{ApiError, Client, SecretsQuery},
    inventory::{Seen, Source, Workspace},
    progress::WorkspaceProgress,
};
use collector::Collector;
pub use trial::{Trial, try_out};

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
pub type LookBack = dyn Fn(&Workspace) -> io::Result<Seen> + Send + Sync;

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
    #[must_use]
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
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Read => "read",
            Self::Skip => "skip",
        }
    }
}

impl CollectOptions {
    fn query(&self, dependency_limit: u32) -> SecretsQuery<'_> {
        SecretsQuery { page_size: self.page_size, dependency_limit, search: &self.search }
    }
}

/// Lists every secret that the key may see, with everything that uses it.
///
/// # Errors
/// Where the walk over the secrets fails, or the API says anywhere that the key is invalid. Whatever else fails becomes
/// a gap of what it concerns.
pub async fn collect(
    client: Client,
    name: &str,
    address: &str,
    options: Arc<CollectOptions>,
    progress: Arc<WorkspaceProgress>,
    look_back: Arc<LookBack>,
) -> Result<Workspace, ApiError> {
    let workspace = Workspace::new(name.to_owned(), address.to_owned());
    let mut collector = Collector::new(client, options, progress, workspace);
    collector.start_walk();
    let listed = collector.take_answers().await?.look_for_vanished().await?;
    let scanned = listed.take_ids_in_dependents().take_scans().await?;
    // What follows is only asked where a secret is about to be called unused, each step for what the one before left.
    let inspected = scanned.inspect().await?;
    let looked_back = inspected.look_for_unshared(&look_back).await?;
    // Once more, as there may be secrets that were not known before.
    let walked = looked_back.walk_again().await?.take_ids_in_dependents();
    walked.confirm_candidates().await?.finish()
}
