//! What only this program makes in an output directory.

use std::{fs::File, io, os::unix::fs::OpenOptionsExt, path::Path};

use super::error::PublishError;
use crate::bundle::FILE_MODE;

/// What begins so is ours and half done; whoever holds the lock may remove it.
pub(super) const STAGING_PREFIX: &str = ".staging-";

/// Creates a file that must not exist yet.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(FILE_MODE).open(path)
}

/// Whether something stands at a path where this program writes. Refuses what somebody else put there.
pub(super) fn is_there_as(
    path: &Path,
    what: &'static str,
    expected: impl FnOnce(std::fs::FileType) -> bool,
) -> Result<bool, PublishError> {
    match path.symlink_metadata() {
        Ok(metadata) if expected(metadata.file_type()) => Ok(true),
        Ok(_) => Err(PublishError::InTheWay { path: path.to_owned(), what }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(PublishError::write(path)(error)),
    }
}
