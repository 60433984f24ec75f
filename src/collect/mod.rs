//! From endpoints to a complete [`Workspace`]: which is asked when, and what is still missing.
//!
//! What never lives here: HTTP itself (that is `api`), and any opinion about what is unused (that is `audit`).

mod lists;
mod secrets;

pub use lists::why_not_whole;
pub use secrets::collect;

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
}
