//! Audit → a bundle on disk, all of it or nothing.
//!
//! A bundle is written into a staging directory beside its place, brought to the disk, and renamed; `latest` is moved
//! onto it last. At every moment a reader sees all of the old or all of the new. Nothing here depends on a name that
//! came from the API. Each bundle holds the sum of the one before it, so that they form a chain.

mod directory;
mod evidence;
mod lock;
mod metrics_file;
mod retention;

pub use directory::{DryOpen, OutputDirectory};
pub use evidence::Evidence;
pub use metrics_file::{write_failure, write_metrics};
pub use retention::Retention;

use std::{
    fs::File,
    io::{self, Write},
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
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
    let mut files = write_reports(audit, formats, &staging, interrupt)?;
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
    files.push(write_file(staging.join(MANIFEST), interrupt, |mut out| {
        serde_json::to_writer_pretty(&mut out, &manifest)?;
        out.write_all(b"\n")
    })?);
    write_file(staging.join(SUMS), interrupt, |out| {
        files.iter().try_for_each(|file| out.write_all(sum_line(&file.sha256, &file.name).as_bytes()))
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

/// Writes the reports side by side, since none needs another. What their manifest entries hold, in the order of the files.
fn write_reports(
    audit: &Audit,
    formats: &[report::Format],
    staging: &Path,
    interrupt: &Interrupt,
) -> Result<Vec<FileEntry>, PublishError> {
    let written: Vec<Result<Written, PublishError>> = thread::scope(|scope| {
        let write = |file: report::File| {
            let path = staging.join(file.name());
            scope.spawn(move || Written::new(path, interrupt, |out| file.write(audit, out)))
        };
        let threads: Vec<_> = report::File::of(formats).map(write).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    written.into_iter().map(|written| written?.bring_to_disk()).collect()
}

/// Writes one file, brings it to the disk and says what its manifest entry holds.
fn write_file(
    path: PathBuf,
    interrupt: &Interrupt,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<FileEntry, PublishError> {
    Written::new(path, interrupt, |out| write(out).map(|()| None))?.bring_to_disk()
}

/// A file that is written, and perhaps not yet on the disk.
struct Written {
    path: PathBuf,
    file: File,
    entry: FileEntry,
}

impl Written {
    /// Writes a file; `write` says how many rows it has, where it has any.
    fn new(
        path: PathBuf,
        interrupt: &Interrupt,
        write: impl FnOnce(&mut io::BufWriter<Summed<'_>>) -> io::Result<Option<usize>>,
    ) -> Result<Self, PublishError> {
        let attempt = || {
            let inner = directory::create_file(&path)?;
            let summed = Summed { inner, sum: Sha256::new(), bytes: 0, interrupt };
            // Reports come in small pieces. They are summed and written in large ones.
            let mut out = io::BufWriter::with_capacity(BLOCK, summed);
            let rows = write(&mut out)?;
            let summed = out.into_inner().map_err(io::IntoInnerError::into_error)?;
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let sha256 = hexadecimal(&summed.sum.finalize());
            Ok((summed.inner, FileEntry { name, rows, bytes: summed.bytes, sha256 }))
        };
        match attempt() {
            Ok((file, entry)) => Ok(Self { path, file, entry }),
            Err(_) if interrupt.signal().is_some() => Err(PublishError::Interrupted),
            Err(error) => Err(PublishError::write(&path)(error)),
        }
    }

    fn bring_to_disk(self) -> Result<FileEntry, PublishError> {
        self.file.sync_all().map_err(PublishError::write(&self.path))?;
        Ok(self.entry)
    }
}

/// How many bytes are summed and written at once: few enough to stay in the cache in between.
const BLOCK: usize = 1 << 16;

/// A file that sums what is written to it, and stops when a signal has come.
struct Summed<'a> {
    inner: File,
    sum: Sha256,
    bytes: u64,
    interrupt: &'a Interrupt,
}

impl Write for Summed<'_> {
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
