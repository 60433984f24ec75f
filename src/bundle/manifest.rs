//! `manifest.json`: what a bundle holds, how it came about, and how to tell that it is still so.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// A manifest. Everything that the first version did not have may be missing. `P`: the parameters of the audit, which
/// nothing reads back.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Manifest<P = IgnoredAny> {
    /// The version of its form.
    pub manifest_version: u32,
    /// The name of the run, which is that of the bundle.
    pub run: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the last answer had been read.
    pub finished_at: DateTime<Utc>,
    /// The program.
    pub tool: String,
    /// Its version.
    pub tool_version: String,
    /// The commit that it was built from.
    pub git_commit: Option<String>,
    /// The machine that it ran on.
    pub host: Option<String>,
    /// The user that it ran as.
    pub user: Option<String>,
    /// Whether everything was read whole.
    pub complete: bool,
    /// Whether only some secrets were read.
    pub filtered: bool,
    /// Whether the clock of the machine was more than 5 minutes off.
    #[serde(default)]
    pub clock_off: bool,
    /// By how many seconds it was ahead; 0 within 5 minutes. `None`: no answer told its time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock_ahead_seconds: Option<i64>,
    /// What was made unreadable.
    #[serde(default)]
    pub redacted: Vec<String>,
    /// The totals over all workspaces.
    pub totals: Option<TotalsEntry>,
    /// What was asked for.
    pub parameters: P,
    /// SHA-256 of the settings, one `name = value` on each line, without keys.
    pub configuration_sha256: Option<String>,
    /// What is known of the waivers.
    pub waivers: Option<WaiversEntry>,
    /// What was asked, workspace by workspace.
    pub workspaces: Vec<WorkspaceEntry>,
    /// Every file of the bundle but this one and SHA256SUMS.
    pub files: Vec<FileEntry>,
    /// The bundle that was published before this one. `None`: this is the first.
    pub previous: Option<PreviousEntry>,
    /// Bundles that were removed on purpose after this one or one before it was published.
    #[serde(default)]
    pub pruned: Vec<PrunedEntry>,
}

/// How many secrets have which verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TotalsEntry {
    /// All secrets.
    pub secrets: usize,
    /// Those that something uses.
    pub in_use: usize,
    /// Those that nothing uses.
    pub unused: usize,
    /// Those of which it can't be said.
    pub undetermined: usize,
    /// Rows of dependents.
    pub dependents: usize,
}

/// The waivers of an audit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WaiversEntry {
    /// How many there were.
    pub count: usize,
    /// SHA-256 of them: of each, by secret id, the lines `length:text` of its secret_id, workspace, reason, owner and
    /// expires.
    pub sha256: String,
}

/// One workspace and what was asked of it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct WorkspaceEntry {
    /// The configured name.
    pub name: String,
    /// The address that was asked.
    pub address: String,
    /// The id that the API gives it, where anything that was read shows it.
    pub workspace_id: Option<String>,
    /// Whether its secrets could be listed.
    pub audited: bool,
    /// Whether everything in it was read whole.
    pub complete: Option<bool>,
    /// What the key may see; of a workspace that was read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub view: Option<ViewEntry>,
    /// Every source and how its reading went.
    #[serde(default)]
    pub sources: Vec<SourceEntry>,
    /// Every endpoint that was asked.
    #[serde(default)]
    pub requests: Vec<EndpointEntry>,
}

/// What a key may see of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ViewEntry {
    /// `full`, `partial` or `not known`.
    pub extent: String,
    /// What tells, one sign each.
    pub signs: Vec<String>,
}

/// One source and how its reading went.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SourceEntry {
    /// The endpoint.
    pub endpoint: String,
    /// What it was asked for.
    pub title: String,
    /// Whether it was read whole.
    pub status: String,
}

/// One endpoint and what was asked of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EndpointEntry {
    /// Its path, ids left open.
    pub endpoint: String,
    /// Requests, repetitions included.
    pub requests: u64,
    /// Answers with status 200: pages and documents.
    pub pages: u64,
    /// Things that these pages and documents showed.
    pub items: u64,
    /// The API's id of the first such answer, by which its operator finds it.
    pub first_request_id: Option<String>,
    /// The API's id of the last such answer.
    pub last_request_id: Option<String>,
}

/// One file of the bundle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileEntry {
    /// Its name.
    pub name: String,
    /// Rows of data, the header not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<usize>,
    /// Its length.
    pub bytes: u64,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
}

/// The link of the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PreviousEntry {
    /// The name of the run.
    pub run: String,
    /// The SHA-256 of its `manifest.json`.
    pub manifest_sha256: String,
}

/// A bundle that was removed on purpose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PrunedEntry {
    /// The name of the run.
    pub run: String,
    /// Whether everything had been read whole.
    pub complete: bool,
    /// Whether only some secrets had been read.
    #[serde(default)]
    pub filtered: bool,
    /// Whether the clock of the machine had been off.
    #[serde(default)]
    pub clock_off: bool,
    /// When it had begun, where the clock was off: by the API's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began: Option<DateTime<Utc>>,
    /// The name of the run before it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
    /// Its totals.
    pub totals: Option<TotalsEntry>,
    /// The SHA-256 of its `manifest.json`.
    pub manifest_sha256: String,
    /// The run after whose publication it was removed.
    pub pruned_by: String,
}

/// The first version of manifests with a link to the one before.
const FIRST_OF_THE_CHAIN: u32 = 2;

impl<P> Manifest<P> {
    /// The version of the form that this program writes.
    pub(crate) const VERSION: u32 = 2;

    /// Whether it was written since bundles form a chain.
    pub(crate) fn is_of_the_chain(&self) -> bool {
        self.manifest_version >= FIRST_OF_THE_CHAIN
    }

    /// Whether a later audit can build on it: one of some secrets says nothing of the others, and the times of one by a clock
    /// that was off fit to no other.
    pub(crate) fn is_base(&self) -> bool {
        !self.filtered && !self.clock_off
    }

    /// Whether it read this workspace whole. The first version did not say so of each.
    pub(crate) fn read_whole(&self, workspace: &str) -> bool {
        let named = self.workspaces.iter().find(|one| one.name == workspace);
        named.is_some_and(|one| one.complete.unwrap_or(self.complete && one.audited))
    }
}
