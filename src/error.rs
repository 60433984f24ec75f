//! What can end a run without a published bundle, and the exit code of each.

use std::io;

use crate::{
    config::ConfigError, init::InitError, interrupt::Signal, inventory::FailedWorkspace,
    publish::PublishError, review::ReviewError,
};

/// What it means for the reports that a run failed.
pub const NOTHING_PUBLISHED: &str = "nothing was published, earlier reports are as they were";

/// Why nothing was published (or, for a command that publishes nothing, why it failed).
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Usage or configuration.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Every workspace refused its key.
    #[error("{}; {NOTHING_PUBLISHED}", in_words(.0))]
    KeyRefused(Vec<FailedWorkspace>),
    /// No workspace could be read.
    #[error("{}; {NOTHING_PUBLISHED}", in_words(.0))]
    Unreadable(Vec<FailedWorkspace>),
    /// The reports could not be written, or another run holds the lock.
    #[error(transparent)]
    Publish(#[from] PublishError),
    /// A question about bundles can't be answered.
    #[error(transparent)]
    Review(#[from] ReviewError),
    /// An answer can't be given.
    #[error("cannot write to standard output: {0}; what came out is not whole")]
    Answer(io::Error),
    /// No configuration could be made.
    #[error(transparent)]
    Init(#[from] InitError),
    /// A signal came.
    #[error("ended by a signal; {NOTHING_PUBLISHED}")]
    Interrupted(Signal),
    /// Something happened that can't.
    #[error("a bug in this program: {0}; please report it")]
    Bug(String),
}

impl Error {
    /// The error for a run in which no workspace could be read.
    pub(crate) fn nothing_read(failed: &[FailedWorkspace]) -> Self {
        if failed.iter().all(|failed| failed.key_refused) {
            Self::KeyRefused(failed.to_vec())
        } else {
            Self::Unreadable(failed.to_vec())
        }
    }

    /// The workspaces whose failures it is made of.
    pub fn failed_workspaces(&self) -> &[FailedWorkspace] {
        match self {
            Self::KeyRefused(failed) | Self::Unreadable(failed) => failed,
            _ => &[],
        }
    }

    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Bug(_) => 1,
            Self::Config(_)
            | Self::Init(
                InitError::NoTerminal | InitError::Ended | InitError::Streams(_) | InitError::Exists(_),
            )
            | Self::Review(
                ReviewError::NoBundles(_)
                | ReviewError::NoBundle(_)
                | ReviewError::Span { .. }
                | ReviewError::Read { .. },
            ) => 2,
            Self::Review(ReviewError::Write { .. })
            | Self::Init(InitError::Write { .. })
            | Self::Answer(_) => 6,
            Self::Review(ReviewError::Refused { .. }) => 8,
            Self::KeyRefused(_) => 4,
            Self::Unreadable(_) => 5,
            Self::Publish(PublishError::InBundle { .. }) => 2,
            Self::Publish(
                PublishError::Read { .. }
                | PublishError::Write { .. }
                | PublishError::InTheWay { .. }
                | PublishError::FileSystem { .. },
            ) => 6,
            Self::Publish(PublishError::Locked(_)) => 7,
            // `run` turns this one into `Interrupted`, which knows the signal.
            Self::Publish(PublishError::Interrupted) => Signal::Interrupt.exit_code(),
            Self::Interrupted(signal) => signal.exit_code(),
        }
    }
}

fn in_words(failed: &[FailedWorkspace]) -> String {
    let each = failed.iter().map(|failed| format!("workspace {}: {}", failed.name, failed.error));
    each.collect::<Vec<_>>().join("; ")
}
