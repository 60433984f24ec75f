//! Why nothing was published, and what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::bundle;

/// Why nothing was published.
#[derive(Debug, thiserror::Error)]
pub enum PublishError {
    /// Another run is at work in the same output directory.
    #[error("another run holds the lock {}; it publishes here too, so wait for it or choose another --out", .0.display())]
    Locked(PathBuf),
    /// Something that only this program makes stands there as something else.
    #[error("{} is {what}; remove it or choose another --out", .path.display())]
    InTheWay {
        /// Where.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The file system can't do something that publishing takes.
    #[error("the file system of {} {lacks} ({source}); choose an --out on another file system", .path.display())]
    FileSystem {
        /// Where that was tried.
        path: PathBuf,
        /// What it can't do, and what would come of it.
        lacks: &'static str,
        /// How it said so.
        source: io::Error,
    },
    /// The new bundle would lie in another.
    #[error("{} is, or is in, the bundle {}, which is not to be changed; choose another path", .path.display(), .bundle.display())]
    InBundle {
        /// What was to be written.
        path: PathBuf,
        /// The bundle.
        bundle: PathBuf,
    },
    /// The bundle that was published last is there and can't be read now.
    #[error(
        "cannot read what was published last, which the new bundle has to follow: {source}; {}chown -R {user} {}",
        remedy_of_reading(source), quoted(.output)
    )]
    Read {
        /// The output directory.
        output: PathBuf,
        /// Who tried.
        user: String,
        /// Which file or directory, and why.
        source: io::Error,
    },
    /// A file or directory could not be written.
    #[error("cannot write {}: {source}; {}, or choose another --out", .path.display(), remedy(source))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A signal came before the bundle was in place.
    #[error("interrupted")]
    Interrupted,
}

fn remedy(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::FileTooLarge => {
            "raise the limit on the size of files (ulimit -f, or LimitFSIZE= of a unit)"
        }
        _ => "check the space and the permissions there",
    }
}

/// A path as a shell takes it for one word.
pub(super) fn quoted(path: &Path) -> String {
    let path = path.display().to_string();
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+,:@%".contains(letter);
    if path.chars().all(is_plain) { path } else { format!("'{}'", path.replace('\'', r"'\''")) }
}

fn remedy_of_reading(error: &io::Error) -> String {
    match bundle::remedy(error) {
        Some(remedy) => format!("{remedy}; where it belongs to another user, give it to that of this job: "),
        None => "give it to the user of this job: ".to_owned(),
    }
}

impl PublishError {
    pub(super) fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// The error for what this user can't read in an output directory.
    pub(crate) fn read(output: &Path, user: Option<&str>) -> impl FnOnce(io::Error) -> Self {
        // As the command may be typed elsewhere.
        let output = output.canonicalize().unwrap_or_else(|_| output.to_owned());
        let user = user.map_or_else(|| rustix::process::geteuid().as_raw().to_string(), ToOwned::to_owned);
        move |source| Self::Read { output, user, source }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_command_is_one_word_to_a_shell() {
        for (path, word) in [
            ("/srv/secret-audit_1.d", "/srv/secret-audit_1.d"),
            ("/srv/my $(x)", "'/srv/my $(x)'"),
            ("it's", r"'it'\''s'"),
        ] {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
