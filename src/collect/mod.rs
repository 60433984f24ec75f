//! From endpoints to a complete [`Workspace`]: which is asked when, and what is still missing.
//!
//! One loop owns the workspace: requests run side by side as jobs, and each answer is taken in by the loop, which may
//! start further jobs. So no state is shared, and the order in which answers come back changes nothing but time. Which
//! request goes first is in `waiting`; where bodies are read, so that the network goes on meanwhile, in `digest`.
//!
//! What never lives here: HTTP itself (that is `api`), and any opinion about what is unused (that is `audit`).

mod agent;
mod collector;
mod digest;
mod listing;
mod lists;
mod references;
mod single;
mod waiting;

use std::sync::Arc;

use crate::{
    api::{ApiError, Client, SecretsQuery},
    inventory::{Source, Workspace},
    progress::WorkspaceProgress,
};
use collector::Collector;

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
    /// Whether tools and agents are scanned too.
    pub deep: bool,
    /// The places that the operator doesn't want scanned.
    pub switched_off: Vec<Source>,
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
) -> Result<Workspace, ApiError> {
    let workspace = Workspace::new(name.to_owned(), address.to_owned());
    let mut collector = Collector::new(client, options, progress, workspace);
    collector.start_walk();
    collector.start_scans();
    let listed = collector.take_answers().await?.look_for_vanished().await?;
    Ok(listed.take_scans().await?.confirm_candidates().await?.finish())
}
