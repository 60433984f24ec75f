//! Audit → a bundle on disk, all of it or nothing.
//!
//! A bundle is written into a staging directory beside its place, brought to the disk, and renamed; `latest` is moved
//! onto it last. At every moment a reader sees all of the old or all of the new. Nothing here depends on a name that
//! came from the API. Each bundle holds the sum of the one before it, so that they form a chain.

mod directory;
mod evidence;
mod metrics_file;
mod retention;

pub use directory::OutputDirectory;
pub use evidence::Evidence;
pub use metrics_file::{write_failure, write_metrics};
pub use retention::Retention;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{
    audit::{Audit, DAYS_KEPT, days_between},
    bundle::{
        self, Bundle, FileEntry, LATEST, MANIFEST, PreviousEntry, PrunedEntry, SUMS, hexadecimal, sum_line,
    },
    interrupt::Interrupt,
    report,
};
use retention::Candidate;

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
    /// What was published before could not be read.
    #[error("cannot read {}: {source}; check the permissions there, or choose another --out", .path.display())]
    Read {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or directory could not be written.
    #[error("cannot write {}: {source}; check the space and the permissions there, or choose another --out", .path.display())]
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

impl PublishError {
    fn write(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Write { path, source }
    }

    /// The error for what can't be read at this path.
    pub(crate) fn read(path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Read { path, source }
    }
}

/// Writes the bundle of an audit, moves `latest` onto it, and removes the bundles that are no longer kept. Where it is.
///
/// # Errors
/// Where anything can't be written, or a signal comes before the rename. Then nothing has changed.
pub fn publish(
    audit: &Audit,
    formats: &[report::Format],
    evidence: &Evidence,
    retention: Retention,
    directory: OutputDirectory,
    interrupt: &Interrupt,
) -> Result<PathBuf, PublishError> {
    let staging = directory.staging().to_owned();
    let mut files = Vec::new();
    for file in report::File::of(formats) {
        files.push(write_file(&staging.join(file.name()), interrupt, |out| file.write(audit, out))?);
    }
    let there = bundles_there(directory.path())?;
    let previous = last_published(directory.path(), &there);
    let mut pruned: Vec<PrunedEntry> = previous.map_or(Vec::new(), |last| last.manifest.pruned.clone());
    let now = audit.run.started_at;
    pruned.retain(|one| {
        // What could not be removed then is there still.
        there.iter().all(|other| other.bundle.run != one.run)
            && Bundle::named(directory.path(), &one.run)
                .is_some_and(|bundle| days_between(bundle.started_at, now) <= DAYS_KEPT)
    });
    let link = previous.map(link_to);
    let is_full = audit.filter().is_none();
    let to_prune = retention::to_prune(retention, there, is_full, audit.is_complete(), now);
    pruned.extend(to_prune.iter().map(|one| PrunedEntry {
        run: one.bundle.run.clone(),
        complete: one.manifest.complete,
        filtered: one.manifest.filtered,
        totals: one.manifest.totals,
        manifest_sha256: one.manifest_sha256.clone(),
        pruned_by: audit.run.id.clone(),
    }));

    let manifest = evidence::manifest(audit, evidence, files.clone(), link, pruned);
    files.push(write_file(&staging.join(MANIFEST), interrupt, |mut out| {
        serde_json::to_writer_pretty(&mut out, &manifest)?;
        out.write_all(b"\n").map(|()| None)
    })?);
    write_file(&staging.join(SUMS), interrupt, |out| {
        files
            .iter()
            .try_for_each(|file| out.write_all(sum_line(&file.sha256, &file.name).as_bytes()))
            .map(|()| None)
    })?;
    let published = directory.put_in_place(&audit.run.id, interrupt)?;
    for Candidate { bundle, .. } in to_prune {
        match published.remove(&bundle) {
            Ok(()) => tracing::info!("removed the bundle {}, which is no longer kept", bundle.path.display()),
            // The new bundle is in place all the same, and the next run tries again.
            Err(error) => tracing::warn!("the bundle {} cannot be removed: {error}", bundle.path.display()),
        }
    }
    Ok(published.bundle)
}

/// The bundles that are there with a manifest that can be read, the oldest first.
fn bundles_there(output: &Path) -> Result<Vec<Candidate>, PublishError> {
    let mut there = Vec::new();
    for bundle in bundle::bundles(output).map_err(PublishError::read(output))? {
        let read = bundle.manifest().and_then(|manifest| {
            Ok((manifest, fs_err::read(bundle.path.join(MANIFEST)).map(Sha256::digest)?))
        });
        match read {
            Ok((manifest, sum)) => {
                there.push(Candidate { bundle, manifest, manifest_sha256: hexadecimal(&sum) });
            }
            Err(error) => {
                tracing::warn!("the bundle {} is left out of the chain: {error}", bundle.path.display());
            }
        }
    }
    Ok(there)
}

/// The bundle that `latest` leads to, or the newest: the clock may have gone back since. A run that was killed before
/// it moved `latest` left a bundle that follows it.
fn last_published<'t>(output: &Path, there: &'t [Candidate]) -> Option<&'t Candidate> {
    let latest = fs_err::read_link(output.join(LATEST)).ok();
    let is_latest = |one: &&Candidate| latest.as_deref() == Some(Path::new(&one.bundle.run));
    let mut last = there.iter().find(is_latest).or(there.last())?;
    // In forged manifests the way may lead round.
    for _ in there {
        let link = link_to(last);
        let Some(next) = there.iter().find(|one| one.manifest.previous.as_ref() == Some(&link)) else {
            break;
        };
        last = next;
    }
    Some(last)
}

/// The link onto a bundle.
fn link_to(last: &Candidate) -> PreviousEntry {
    PreviousEntry { run: last.bundle.run.clone(), manifest_sha256: last.manifest_sha256.clone() }
}

/// Writes one file, brings it to the disk and says what its manifest entry holds.
fn write_file(
    path: &Path,
    interrupt: &Interrupt,
    write: impl FnOnce(&mut dyn Write) -> io::Result<Option<usize>>,
) -> Result<FileEntry, PublishError> {
    let attempt = || {
        let file = directory::create_file(path)?;
        let mut out = Summed {
            inner: io::BufWriter::with_capacity(1 << 16, file),
            sum: Sha256::new(),
            bytes: 0,
            interrupt,
        };
        let rows = write(&mut out)?;
        out.flush()?;
        out.inner.get_ref().sync_all()?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let sha256 = hexadecimal(&out.sum.finalize());
        Ok(FileEntry { name, rows, bytes: out.bytes, sha256 })
    };
    attempt().map_err(|error| {
        if interrupt.signal().is_some() {
            PublishError::Interrupted
        } else {
            PublishError::write(path)(error)
        }
    })
}

/// A writer that sums what goes through it, and stops when a signal has come.
struct Summed<'a, W> {
    inner: W,
    sum: Sha256,
    bytes: u64,
    interrupt: &'a Interrupt,
}

impl<W: Write> Write for Summed<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.interrupt.signal().is_some() {
            return Err(io::Error::other("a signal came"));
        }
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
