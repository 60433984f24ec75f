//! `init`: a first configuration file, made of the example so that there is one source, with what was answered to a few
//! questions in it. Never over a file that is there.

mod answers;
mod file;
mod next;

pub use answers::{Answers, Key, ask};
pub use file::{refuse_existing, text, write};
pub use next::next_steps;

use std::{io, path::PathBuf};

/// Why no configuration was written.
#[derive(Debug, thiserror::Error)]
pub enum InitError {
    /// Nobody is there to answer.
    #[error(
        "init asks a few questions, and standard input is no terminal; run it on one, or take the defaults with --yes"
    )]
    NoTerminal,
    /// The answers ended before the questions did.
    #[error("the answers ended before the questions did; nothing was written")]
    Ended,
    /// Answers can't be read, or questions can't be asked.
    #[error("the questions cannot be asked: {0}; take the defaults with --yes")]
    Streams(#[from] io::Error),
    /// A file is there already.
    #[error("{} is there already and stays as it is; choose another --out", .0.display())]
    Exists(PathBuf),
    /// The file can't be written.
    #[error("cannot write {}: {source}; check the space and the permissions there, or choose another --out", .path.display())]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
