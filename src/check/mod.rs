//! `check`: whether a night would succeed, so that an operator sees it before the first one. Publishes nothing, and leaves
//! no file behind.

mod machine;
mod sources;
mod space;
mod words;

pub use machine::{Machine, examine};
pub use sources::{Checked, Need, Outcome, Probe, check};

/// Everything that was looked at, but for the configuration, without which nothing is.
#[derive(Debug)]
pub struct Checkup {
    /// What this machine has to give.
    pub machine: Machine,
    /// What each key can read.
    pub workspaces: Vec<Checked>,
}

impl Checkup {
    /// The code with which an audit would end, as far as can be told: it opens the output directory before it asks
    /// anything, and fills it last.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let reading = sources::exit_code(&self.workspaces);
        let nothing_read = Some(reading).filter(|code| matches!(code, 4 | 5));
        self.machine.opening.or(nothing_read).or(self.machine.writing).unwrap_or(reading)
    }
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
