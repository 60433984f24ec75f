//! The reports of a bundle once more, made of its `report.json`.

use std::{
    fs::{File, Permissions},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use super::bundles::{ReviewError, audit_of};
use crate::{
    bounded::Bound,
    bundle::{self, DIRECTORY_MODE, FILE_MODE, Format},
    report,
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
    if let Some(bundle) = bundle::around(out).map_err(ReviewError::write(out))? {
        let why = format!("{} is a bundle, and stays as it is", bundle.display());
        return Err(ReviewError::write(out)(io::Error::other(why)));
    }
    make_directory(out).map_err(ReviewError::write(out))?;
    // Before the first is written, so that nothing is half done.
    for path in bundle::File::of(formats).map(|file| out.join(file.name())) {
        if bundle::is_taken(&path).map_err(ReviewError::write(&path))? {
            return Err(ReviewError::write(&path)(io::Error::other(
                "it exists already, and is not replaced",
            )));
        }
    }
    let mut written = Vec::new();
    for file in bundle::File::of(formats) {
        let path = out.join(file.name());
        let write = || -> io::Result<()> {
            let created = File::options().write(true).create_new(true).mode(FILE_MODE).open(&path)?;
            give_mode(created.set_permissions(Permissions::from_mode(FILE_MODE)))?;
            let mut buffered = io::BufWriter::with_capacity(1 << 16, created);
            report::write(file, &audit, &mut buffered)?;
            buffered.flush()
        };
        write().map_err(ReviewError::write(&path))?;
        written.push(path);
    }
    Ok(written)
}

/// Makes a directory with all above it; those that are there already stay as they are.
fn make_directory(path: &Path) -> io::Result<()> {
    let is_new = |path: &&Path| matches!(bundle::is_taken(path), Ok(false)) && !path.as_os_str().is_empty();
    let new: Vec<&Path> = path.ancestors().take_while(is_new).collect();
    std::fs::DirBuilder::new().recursive(true).mode(DIRECTORY_MODE).create(path)?;
    new.into_iter()
        .try_for_each(|path| give_mode(fs_err::set_permissions(path, Permissions::from_mode(DIRECTORY_MODE))))
}

/// What a mode at birth loses by the umask. A file system without modes of its own refuses, and has none to lose.
fn give_mode(given: io::Result<()>) -> io::Result<()> {
    given.or_else(|error| if error.kind() == io::ErrorKind::PermissionDenied { Ok(()) } else { Err(error) })
}
