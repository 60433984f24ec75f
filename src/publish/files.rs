//! The files of a bundle: written into the staging directory, summed on the way, and brought to the disk.

use std::{
    fs::File,
    io::{self, Write},
    panic::resume_unwind,
    path::{Path, PathBuf},
    thread,
};

use sha2::{Digest, Sha256};

use super::{PublishError, ours::create_file};
use crate::{
    audit::Audit,
    bundle::{self, FileEntry, Format},
    interrupt::Interrupt,
    report,
    text::hexadecimal,
};

/// Writes the reports side by side, since none needs another. What their manifest entries hold, in the order of the files.
pub(super) fn write_reports(
    audit: &Audit,
    formats: &[Format],
    staging: &Path,
    interrupt: &Interrupt,
) -> Result<Vec<FileEntry>, PublishError> {
    let written: Vec<Result<Written, PublishError>> = thread::scope(|scope| {
        let write = |file: bundle::File| {
            let path = staging.join(file.name());
            scope.spawn(move || Written::new(path, interrupt, |out| report::write(file, audit, out)))
        };
        let threads: Vec<_> = bundle::File::of(formats).map(write).collect();
        let join = |thread: thread::ScopedJoinHandle<'_, _>| {
            thread.join().unwrap_or_else(|panic| resume_unwind(panic))
        };
        threads.into_iter().map(join).collect()
    });
    written.into_iter().map(|written| written?.bring_to_disk()).collect()
}

/// Writes one file, brings it to the disk and says what its manifest entry holds.
pub(super) fn write_file(
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
            let inner = create_file(&path)?;
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
        self.interrupt.heed()?;
        let written = self.inner.write(bytes)?;
        self.sum.update(&bytes[..written]);
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
