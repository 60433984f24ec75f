//! The reports of a bundle once more, made of its `report.json`.

use std::{
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{ReviewError, audit_of};
use crate::{
    bounded::Bound,
    report::{self, Format},
};

/// Makes the reports of the bundle at `bundle` again, in the directory `out`. What was written. By the version of this
/// program that published it, they come out byte for byte the same. No report beyond the bound is read.
///
/// # Errors
/// Where the report can't be read, or a file can't be written; one that is there already is never replaced.
pub fn render(
    bundle: &Path,
    out: &Path,
    formats: &[Format],
    longest: Bound,
) -> Result<Vec<PathBuf>, ReviewError> {
    let audit = audit_of(bundle, longest)?;
    fs_err::create_dir_all(out).map_err(ReviewError::write(out))?;
    // Before the first is written, so that nothing is half done.
    for path in report::File::of(formats).map(|file| out.join(file.name())) {
        if path.symlink_metadata().is_ok() {
            return Err(ReviewError::write(&path)(io::Error::other(
                "it exists already, and is not replaced",
            )));
        }
    }
    let mut written = Vec::new();
    for file in report::File::of(formats) {
        let path = out.join(file.name());
        let write = || -> io::Result<()> {
            let created = File::options().write(true).create_new(true).open(&path)?;
            let mut buffered = io::BufWriter::with_capacity(1 << 16, created);
            file.write(&audit, &mut buffered)?;
            buffered.flush()
        };
        write().map_err(ReviewError::write(&path))?;
        written.push(path);
    }
    Ok(written)
}
