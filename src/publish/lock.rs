//! The lock of an output directory: one audit at a time publishes there.

use std::{
    fs::{File, OpenOptions, TryLockError},
    io,
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

use rustix::io::Errno;

use super::{PublishError, ours::is_there_as};
use crate::bundle::FILE_MODE;

const LOCK: &str = ".lock";

/// A lock, which is held until this is dropped.
#[derive(Debug)]
pub(super) struct Lock(File);

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing the file lets it go only with the last copy of it, and a process that is being started elsewhere in this one
        // has one for a moment.
        let _ = self.0.unlock();
    }
}

/// Takes the lock.
pub(super) fn take(directory: &Path) -> Result<Lock, PublishError> {
    let path = directory.join(LOCK);
    is_there(&path)?;
    let file = open(&path, File::options().write(true).create(true).truncate(false).mode(FILE_MODE))?;
    outcome(&path, file.try_lock())?;
    Ok(Lock(file))
}

/// Whether [`take`] would get the lock now.
pub(super) fn look(directory: &Path) -> Result<(), PublishError> {
    let path = directory.join(LOCK);
    if !is_there(&path)? {
        return Ok(());
    }
    let file = open(&path, File::options().write(true))?;
    // Shared, so that two of these don't meet, and for a moment only: an audit that begins in it would give up.
    let tried = file.try_lock_shared();
    let _ = file.unlock();
    outcome(&path, tried)
}

fn is_there(path: &Path) -> Result<bool, PublishError> {
    is_there_as(path, "no regular file", |kind| kind.is_file())
}

fn open(path: &Path, options: &OpenOptions) -> Result<File, PublishError> {
    options.open(path).map_err(PublishError::write(path))
}

fn outcome(path: &Path, tried: Result<(), TryLockError>) -> Result<(), PublishError> {
    match tried {
        Ok(()) => Ok(()),
        Err(TryLockError::WouldBlock) => Err(PublishError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) if has_no_locks(&error) => {
            let lacks = "has no file locks, so that two runs could write over each other";
            Err(PublishError::FileSystem { path: path.to_owned(), lacks, source: error })
        }
        Err(TryLockError::Error(error)) => Err(PublishError::write(path)(error)),
    }
}

fn has_no_locks(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::Unsupported || Errno::from_io_error(error) == Some(Errno::NOLCK)
}
