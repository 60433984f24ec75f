//! Audit → a bundle on disk, all of it or nothing.
//!
//! A bundle is written into a staging directory beside its place, brought to the disk, and renamed; `latest` is moved
//! onto it last. At every moment a reader sees all of the old or all of the new. Nothing here depends on a name that
//! came from the API. Each bundle holds the sum of the one before it, so that they form a chain.

mod chain;
mod directory;
mod evidence;
mod files;
mod latest;
mod lock;
mod metrics_file;
mod retention;

pub use directory::{DryOpen, OutputDirectory};
pub use evidence::Evidence;
pub use latest::Latest;
pub use metrics_file::{dry_write_metrics, write_failure, write_metrics};
pub use retention::Retention;

use std::{
    io,
    path::{Path, PathBuf},
};

use crate::{
    audit::{Audit, DAYS_KEPT, days_between},
    bundle::{self, Bundle, InOrder, MANIFEST, Patience, PrunedEntry, SUMS, sum_line},
    interrupt::Interrupt,
    report,
};
use chain::Predecessor;
use directory::PublishedDirectory;
use files::{write_file, write_reports};

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
fn quoted(path: &Path) -> String {
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
    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
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

/// A bundle that is in place, and what is no longer kept beside it.
#[derive(Debug)]
pub struct InPlace {
    directory: PublishedDirectory,
    to_prune: Vec<Bundle>,
}

impl InPlace {
    /// Removes what is no longer kept, until a signal comes. Where the new bundle is.
    pub fn prune(self, interrupt: &Interrupt) -> PathBuf {
        for bundle in &self.to_prune {
            if interrupt.came_late() {
                tracing::info!(
                    "a signal came: bundles that are no longer kept are removed on the next night"
                );
                break;
            }
            match self.directory.remove(bundle) {
                Ok(()) => {
                    tracing::info!("removed the bundle {}, which is no longer kept", bundle.path.display())
                }
                // The new bundle is in place all the same, and the next run tries again.
                Err(error) => {
                    tracing::warn!("the bundle {} cannot be removed: {error}", bundle.path.display())
                }
            }
        }
        self.directory.bundle
    }
}

/// Writes the bundle of an audit, and moves `latest` onto it.
///
/// # Errors
/// Where anything can't be written, or a signal comes before the rename. Then nothing has changed.
pub fn publish(
    audit: &Audit,
    formats: &[report::Format],
    evidence: &Evidence,
    retention: Retention,
    there: &InOrder,
    directory: OutputDirectory,
    patience: &Patience,
) -> Result<InPlace, PublishError> {
    let interrupt = patience.interrupt();
    let staging = directory.staging().to_owned();
    let mut files = write_reports(audit, formats, &staging, interrupt)?;
    let latest = there.latest.as_deref();
    let there = chain::predecessors(there);
    let previous = there.last();
    let mut pruned: Vec<PrunedEntry> = previous.map_or(Vec::new(), |last| last.manifest.pruned.clone());
    let now = audit.run.began();
    pruned.retain(|one| {
        // What could not be removed then is there still.
        there.iter().all(|other| other.bundle.run != one.run)
            && one
                .began
                .or_else(|| Some(Bundle::named(directory.path(), &one.run)?.started_at))
                .is_some_and(|began| days_between(began, now) <= DAYS_KEPT)
    });
    let link = previous.map(Predecessor::link);
    // A clock that is 40 days ahead makes every bundle look too old.
    let retention = if audit.run.clock.is_off() { Retention::All } else { retention };
    let to_prune = retention::to_prune(retention, there, latest, audit, patience);
    pruned.extend(to_prune.iter().map(|one| one.pruned_by(&audit.run.id)));

    let manifest = evidence::manifest(audit, evidence, files.clone(), link, pruned);
    files.push(write_file(staging.join(MANIFEST), interrupt, |mut out| {
        serde_json::to_writer_pretty(&mut out, &manifest)?;
        out.write_all(b"\n")
    })?);
    write_file(staging.join(SUMS), interrupt, |out| {
        files.iter().try_for_each(|file| out.write_all(sum_line(&file.sha256, &file.name).as_bytes()))
    })?;
    let to_prune = to_prune.into_iter().map(|one| one.bundle.clone()).collect();
    let directory = directory.put_in_place(&audit.run.id, interrupt)?;
    Ok(InPlace { directory, to_prune })
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
