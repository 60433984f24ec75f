//! What to audit: workspaces, or a night of the simulated one.

use secrecy::SecretString;
use url::Url;

/// What to audit.
#[derive(Debug)]
pub enum Target {
    /// Real workspaces, at least one.
    Workspaces(Vec<WorkspaceConfig>),
    /// The simulated workspace inside this program.
    Demo(Demo),
}

/// Which night the simulated workspace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Demo {
    /// One on which everything can be read.
    Complete,
    /// The one before, so that the next has changes to show.
    Earlier,
    /// One on which the key may not read speech engines.
    Degraded,
}

/// One workspace and how to reach it.
#[derive(Debug)]
pub struct WorkspaceConfig {
    /// The name that reports give it.
    pub name: String,
    /// The address of the API.
    pub base_url: Url,
    /// The key.
    pub api_key: SecretString,
}

impl Demo {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Earlier => "earlier",
            Self::Degraded => "degraded",
        }
    }
}
