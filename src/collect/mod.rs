//! From endpoints to a complete [`Workspace`]: which is asked when, and what is still missing.
//!
//! ```text
//! stages, trial, unshared     what is read when, and what once more
//!    │
//!  reader ── the loop ──────────┐ each answer
//!    │ Job      ▲ Answered      ▼
//! scheduler     │           collector ── the workspace while it is read (walk, lookups, places, fields, view …)
//!    │  ▲       │               │
//!    │  └───── queue ◄──────────┴── scan ── one place: lists → documents → archived branches → lists once more
//!    ▼
//!  agent, document, reading     what one job asks and reads
//! ```
//!
//! Every request is a `Job` that waits in the one `queue`, which knows what goes first; `scheduler` asks; each answer is
//! taken in by the loop, and jobs follow from it. So no state is shared, and the order in which answers come back changes
//! nothing but time. Bodies are read where the network goes on meanwhile (`offload`).
//!
//! All that is kept is counted first: where no more may be kept, it is not, and the workspace is lost (`Share` in `memory`).
//!
//! What never lives here: HTTP itself (that is `api`), and any opinion about what is unused (that is `audit`).

mod agent;
mod collector;
mod document;
mod fields;
mod findings;
mod found;
mod gaps;
mod job;
mod lookups;
mod oddities;
mod offload;
mod options;
mod place;
mod places;
mod queue;
mod reader;
mod reading;
mod scan;
mod scheduler;
mod secrets;
mod signs;
mod stages;
mod trial;
mod truncation;
mod unshared;
mod view;
mod walk;
mod warnings;

use std::sync::Arc;

use crate::{
    api::{ApiError, Client},
    inventory::Workspace,
    progress::WorkspaceProgress,
};
pub(crate) use options::LookBack;
pub use options::{ArchivedBranches, CollectOptions, Deep};
use reader::WorkspaceReader;
pub(crate) use trial::{Trial, try_out};

/// Lists every secret that the key may see, with everything that uses it.
///
/// # Errors
/// Where the walk over the secrets fails, or the API says anywhere that the key is invalid. Whatever else fails becomes
/// a gap of what it concerns.
pub(crate) async fn collect(
    client: Client,
    name: &str,
    address: &str,
    options: Arc<CollectOptions>,
    progress: Arc<WorkspaceProgress>,
    look_back: Arc<LookBack>,
) -> Result<Workspace, ApiError> {
    let workspace = Workspace::new(name.to_owned(), address.to_owned());
    let read = WorkspaceReader::new(client, options, progress, workspace).read().await?;
    // What follows is only asked where a secret is about to be called unused, each step for what the one before left.
    let inspected = read.inspect().await?.look_for_unshared(&look_back).await?;
    inspected.walk_again().await?.confirm_candidates().await?.finish()
}
