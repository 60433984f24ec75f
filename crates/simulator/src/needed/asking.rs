//! How an audit is told to ask, and how many pages a list takes.

/// The largest page of every list but that of the secrets, whose size is chosen.
pub(super) const PAGE: usize = 100;

/// How an audit is told to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Secrets per page.
    pub page_size: usize,
    /// Dependents per list in the first walk.
    pub dependency_limit: usize,
    /// Dependents per list where the first limit cut one.
    pub max_dependency_limit: usize,
    /// Whether tools, agents and branches are read too.
    pub inspecting: Inspecting,
    /// Which archived branches are read with them.
    pub archived_branches: Archived,
}

/// When tools, agents and branches are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Inspecting {
    /// Where a secret would be unused without it.
    #[default]
    Auto,
    /// At once, with everything else.
    Always,
    /// Not at all.
    Never,
}

/// Which archived branches are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Archived {
    /// All, where the service shows them; one, where it shows none.
    #[default]
    Auto,
    /// All.
    Read,
    /// None, and their names aren't asked for.
    Skip,
}

impl Default for Asking {
    fn default() -> Self {
        Self {
            page_size: 100,
            dependency_limit: 20,
            max_dependency_limit: 100,
            inspecting: Inspecting::default(),
            archived_branches: Archived::default(),
        }
    }
}

/// How many pages a list has: one at the least.
pub(super) fn pages(items: usize, size: usize) -> usize {
    items.div_ceil(size.max(1)).max(1)
}
