//! From endpoints to a complete [`Workspace`]: which is asked when, and what is still missing.
//!
//! One loop owns the workspace: requests run side by side as jobs, and each answer is taken in by the loop, which may
//! start further jobs. So no state is shared, and the order in which answers come back changes nothing but time.
//!
//! What never lives here: HTTP itself (that is `api`), and any opinion about what is unused (that is `audit`).

mod agent;
mod collector;
mod listing;
mod lists;
mod references;
mod single;

use crate::{
    api::{ApiError, Client},
    inventory::{Source, Workspace},
    progress::Progress,
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

/// Lists every secret that the key may see, with everything that uses it.
///
/// # Errors
/// Where the walk over the secrets fails, or the API says anywhere that the key is invalid. Whatever else fails becomes
/// a gap of what it concerns.
pub async fn collect(
    client: &Client,
    name: &str,
    address: &str,
    options: &CollectOptions,
    progress: &Progress,
) -> Result<Workspace, ApiError> {
    let workspace = Workspace::new(name.to_owned(), address.to_owned());
    let mut collector = Collector::new(client, options, progress, workspace);
    // A walk that fails ends it all at once. A scan doesn't: where the key is no good both fail, and which failed first
    // must not decide what is said.
    let scanning = async { Ok(references::scan_all(client, options).await) };
    let (scans, ()) = futures_util::try_join!(scanning, collector.list_secrets())?;
    let scans = scans?;
    collector.look_for_vanished().await?;
    collector.take_scans(scans).await?;
    collector.confirm_candidates().await?;
    Ok(collector.finish())
}
