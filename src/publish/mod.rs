//! Audit → a bundle on disk, all of it or nothing.
//!
//! A bundle is written into a staging directory beside its place, brought to the disk, and renamed; `latest` is moved
//! onto it last. At every moment a reader sees all of the old or all of the new. Nothing here depends on a name that
//! came from the API.

mod directory;
mod manifest;

pub use directory::OutputDirectory;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::{audit::Audit, interrupt::Interrupt, report};
use manifest::FileEntry;

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
}

/// Writes the bundle of an audit and moves `latest` onto it. Where it is.
///
/// # Errors
/// Where anything can't be written, or a signal comes before the rename. Then nothing has changed.
pub fn publish(
    audit: &Audit,
    formats: &[report::Format],
    directory: OutputDirectory,
    interrupt: &Interrupt,
) -> Result<PathBuf, PublishError> {
    let staging = directory.staging().to_owned();
    let mut entries = Vec::new();
    for file in report::File::of(formats) {
        entries.push(write_file(&staging.join(file.name()), interrupt, |out| file.write(audit, out))?);
    }
    write_file(&staging.join("manifest.json"), interrupt, |out| {
        manifest::write(audit, &entries, out).map(|()| None)
    })?;
    directory.put_in_place(&audit.run.id, interrupt)
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
        let sha256 = out.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
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
