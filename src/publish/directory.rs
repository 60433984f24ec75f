//! The output directory: its lock, its staging directory, and the two renames that publish.

use std::{
    fs::{File, TryLockError},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};

use super::PublishError;
use crate::{
    bundle::{self, Bundle, LATEST},
    interrupt::Interrupt,
};

const LOCK: &str = ".lock";
/// What begins so is ours and half done; whoever holds the lock may remove it.
const STAGING_PREFIX: &str = ".staging-";
/// A bundle that is being removed.
const PRUNED_PREFIX: &str = ".staging-pruned-";

/// Reports are confidential: for the owner, and for the group to read.
const FILE_MODE: u32 = 0o640;
const DIRECTORY_MODE: u32 = 0o750;

/// An output directory that this run has to itself until it is dropped.
#[derive(Debug)]
pub struct OutputDirectory {
    path: PathBuf,
    staging: tempfile::TempDir,
    lock: File,
}

impl OutputDirectory {
    /// Makes the directory where it is missing, takes its lock, sweeps what a killed run left, and makes the staging
    /// directory, so that one that can't be written to is found before the first request.
    ///
    /// # Errors
    /// Where another run holds the lock, something else stands where this program would write, or it can't write.
    pub fn open(path: &Path) -> Result<Self, PublishError> {
        if path.is_symlink() && !path.exists() {
            let what = "a symbolic link that leads nowhere";
            return Err(PublishError::InTheWay { path: path.to_owned(), what });
        }
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(DIRECTORY_MODE)
            .create(path)
            .map_err(PublishError::write(path))?;
        let lock = lock(&path.join(LOCK))?;
        refuse_unless(&path.join(LATEST), "no symbolic link", |kind| kind.is_symlink())?;
        sweep(path)?;
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .permissions(std::fs::Permissions::from_mode(DIRECTORY_MODE))
            .tempdir_in(path)
            .map_err(PublishError::write(path))?;
        Ok(Self { path: path.to_owned(), staging, lock })
    }

    /// The name for a run that began at `started_at`: the time in UTC, with a suffix where that is taken.
    #[must_use]
    pub fn run_id(&self, started_at: DateTime<Utc>) -> String {
        let name = bundle::run_name(started_at);
        let taken = |name: &str| self.path.join(name).symlink_metadata().is_ok();
        if !taken(&name) {
            return name;
        }
        (2_u64..).map(|number| format!("{name}-{number}")).find(|name| !taken(name)).unwrap_or(name)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Renames the staging directory to `run_id` and moves `latest` onto it.
    pub(super) fn put_in_place(self, run_id: &str, interrupt: &Interrupt) -> Result<Published, PublishError> {
        let bundle = self.path.join(run_id);
        sync_directory(self.staging.path())?;
        if !interrupt.commit() {
            return Err(PublishError::Interrupted);
        }
        fs_err::rename(self.staging.path(), &bundle).map_err(PublishError::write(&bundle))?;
        // The directory that the guard would remove is gone from that place.
        let Self { path, staging, lock } = self;
        let _ = staging.keep();
        if let Err(error) = sync_directory(&path).and_then(|()| point_latest_at(&path, run_id)) {
            // Published means found by `latest`: otherwise as if nothing had been.
            fs_err::remove_dir_all(&bundle).map_err(PublishError::write(&bundle))?;
            return Err(error);
        }
        // Both renames are done: were this to fail, the bundle would be no less in place.
        if let Err(error) = sync_directory(&path) {
            tracing::warn!("published, but not yet safe from a power cut: {error}");
        }
        Ok(Published { path, bundle, _lock: lock })
    }
}

/// An output directory with a new bundle in place, which this run still has to itself.
#[derive(Debug)]
pub(super) struct Published {
    path: PathBuf,
    pub(super) bundle: PathBuf,
    _lock: File,
}

impl Published {
    /// Removes a bundle: out of sight at once, so that nobody sees half of it.
    pub(super) fn remove(&self, bundle: &Bundle) -> io::Result<()> {
        let out_of_sight = self.path.join(format!("{PRUNED_PREFIX}{}", bundle.run));
        fs_err::rename(&bundle.path, &out_of_sight)?;
        fs_err::remove_dir_all(&out_of_sight)
    }
}

/// Creates a file that must not exist yet.
pub(super) fn create_file(path: &Path) -> io::Result<File> {
    File::options().write(true).create_new(true).mode(FILE_MODE).open(path)
}

fn lock(path: &Path) -> Result<File, PublishError> {
    refuse_unless(path, "no regular file", |kind| kind.is_file())?;
    let file = File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(FILE_MODE)
        .open(path)
        .map_err(PublishError::write(path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PublishError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(PublishError::write(path)(error)),
    }
}

/// Refuses what somebody else put where this program writes.
fn refuse_unless(
    path: &Path,
    what: &'static str,
    expected: impl FnOnce(std::fs::FileType) -> bool,
) -> Result<(), PublishError> {
    match path.symlink_metadata() {
        Ok(metadata) if expected(metadata.file_type()) => Ok(()),
        Ok(_) => Err(PublishError::InTheWay { path: path.to_owned(), what }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(PublishError::write(path)(error)),
    }
}

/// Removes what a killed run left.
fn sweep(directory: &Path) -> Result<(), PublishError> {
    for entry in fs_err::read_dir(directory).map_err(PublishError::write(directory))? {
        let entry = entry.map_err(PublishError::write(directory))?;
        if !entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX) {
            continue;
        }
        let path = entry.path();
        let is_directory = entry.file_type().map_err(PublishError::write(&path))?.is_dir();
        let removed = if is_directory { fs_err::remove_dir_all(&path) } else { fs_err::remove_file(&path) };
        match removed {
            // Somebody else may have put something into it while it was a bundle: that is to stop no later night.
            Err(error) if entry.file_name().to_string_lossy().starts_with(PRUNED_PREFIX) => {
                tracing::warn!(
                    "{}, left of a bundle that is no longer kept, cannot be removed: {error}",
                    path.display()
                );
                continue;
            }
            removed => removed.map_err(PublishError::write(&path))?,
        }
        tracing::info!("removed {}, left by a run that was killed", path.display());
    }
    Ok(())
}

/// Replaces the symbolic link in one step: at no moment is there none.
fn point_latest_at(directory: &Path, run_id: &str) -> Result<(), PublishError> {
    let latest = directory.join(LATEST);
    let staged = directory.join(format!("{STAGING_PREFIX}{LATEST}"));
    std::os::unix::fs::symlink(run_id, &staged).map_err(PublishError::write(&staged))?;
    fs_err::rename(&staged, &latest).map_err(|error| {
        let _ = fs_err::remove_file(&staged);
        PublishError::write(&latest)(error)
    })
}

/// Brings the names in a directory to the disk.
fn sync_directory(path: &Path) -> Result<(), PublishError> {
    File::options().read(true).open(path).and_then(|file| file.sync_all()).map_err(PublishError::write(path))
}
