//! `check`: whether a night would succeed, so that an operator sees it before the first one. Publishes nothing, and leaves
//! no file behind.

mod machine;
mod sources;
mod space;
mod words;

pub use machine::{Machine, examine};
pub use sources::{Checked, Need, Outcome, Probe, check};

use crate::{
    config::{Policy, WorkspaceConfig},
    text::sentence_list,
};

/// Everything that was looked at, but for the configuration, without which nothing is.
#[derive(Debug)]
pub struct Checkup {
    /// What this machine has to give.
    pub machine: Machine,
    /// What each key can read.
    pub workspaces: Vec<Checked>,
    /// What is wrong with the configuration and stops no audit.
    pub mistakes: Vec<Line>,
}

impl Checkup {
    /// The code with which `check` ends: that of an audit, or 2 where the configuration has to be mended.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        if self.mistakes.is_empty() { self.code_of_an_audit() } else { 2 }
    }

    /// The code with which an audit would end, as far as can be told: it opens the output directory before it asks
    /// anything, and fills it last.
    fn code_of_an_audit(&self) -> u8 {
        let reading = sources::exit_code(&self.workspaces);
        let nothing_read = Some(reading).filter(|code| matches!(code, 4 | 5));
        self.machine.opening.or(nothing_read).or(self.machine.writing).unwrap_or(reading)
    }
}

/// Waivers that name a workspace which the configuration has not: most likely a slip, and they hold nowhere. An audit only
/// says that they match nothing, as the waivers of several configurations may stand in one file.
pub(crate) fn waivers_of_unknown_workspaces(policy: &Policy, known: &[WorkspaceConfig]) -> Vec<Line> {
    let known: Vec<&str> = known.iter().map(|workspace| workspace.name.as_str()).collect();
    let waivers = policy.waivers.iter().flatten();
    let unknown = waivers.filter_map(|waiver| {
        let named = waiver.workspace.as_deref().filter(|name| !known.contains(name))?;
        let detail = format!(
            "the waiver of {:?} names the workspace {named:?}, and there is none of that name; there is {}",
            waiver.secret_id,
            sentence_list(&known.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>())
        );
        Some(Line::new(Standing::Failed, "waivers", detail))
    });
    unknown.collect()
}

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// As it should be.
    Ok,
    /// It can't be told.
    Unknown,
    /// An audit is published all the same.
    Warning,
    /// It stops the audit, or leaves it incomplete.
    Failed,
}

impl Standing {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "-",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What there is to say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it stands.
    pub standing: Standing,
    /// What it is.
    pub what: &'static str,
    /// The rest, with the way to mend it.
    pub detail: String,
}

impl Line {
    fn new(standing: Standing, what: &'static str, detail: impl Into<String>) -> Self {
        Self { standing, what, detail: detail.into() }
    }
}
