//! The output directory: its lock, its staging directory, and the two renames that publish.

use std::{
    fs::File,
    io,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

use chrono::{DateTime, Utc};
use fs_err::DirEntry;
use rustix::fs::Access;

use super::{
    error::{PublishError, quoted},
    latest::Latest,
    lock::{self, Lock},
    ours::STAGING_PREFIX,
};
use crate::{
    bundle::{self, Bundle, DIRECTORY_MODE, is_refused},
    interrupt::Interrupt,
};

/// A bundle that is being removed.
const PRUNED_PREFIX: &str = ".staging-pruned-";
/// One that `latest` could not be moved onto.
const UNPUBLISHED_PREFIX: &str = ".staging-unpublished-";

/// An output directory that this run has to itself until it is dropped.
#[derive(Debug)]
pub struct OutputDirectory {
    path: PathBuf,
    staging: tempfile::TempDir,
    latest: Latest,
    lock: Lock,
}

/// What opening an output directory would come to.
#[derive(Debug)]
pub(crate) struct DryOpen {
    /// The directory itself, or the nearest above it that is there, in which it would be made.
    pub place: PathBuf,
    /// Whether nobody holds the lock. An audit takes it before it writes anything else.
    pub lock: Result<(), PublishError>,
    /// Whether the directory is there or can be made, holds nothing foreign, and can be written to; and how the last bundle
    /// will be pointed out in it.
    pub directory: Result<Latest, PublishError>,
}

impl OutputDirectory {
    /// Makes the directory where it is missing, takes its lock, sweeps what a killed run left, makes the staging directory,
    /// and tries in it what publishing takes, so that a directory where that is impossible is found before the first request.
    ///
    /// # Errors
    /// Where another run holds the lock, something else stands where this program would write, or it can't write.
    pub fn open(path: &Path) -> Result<Self, PublishError> {
        refuse_link_to_nowhere(path)?;
        refuse_within_bundle(path)?;
        make(path)?;
        let lock = lock::take(path)?;
        sweep(path)?;
        let staging = tempfile::Builder::new()
            .prefix(STAGING_PREFIX)
            .permissions(std::fs::Permissions::from_mode(DIRECTORY_MODE))
            .tempdir_in(path)
            .map_err(PublishError::write(path))?;
        sync_directory(staging.path())?;
        let latest = Latest::possible_in(staging.path())?;
        latest.refuse_foreign(path)?;
        Ok(Self { path: path.to_owned(), staging, latest, lock })
    }

    /// What [`open`](Self::open) would come to, by the same rules: nothing is made, swept or kept from others.
    pub(crate) fn preflight(path: &Path) -> DryOpen {
        // What can't be looked at is there for all that is known, and what is tried in it says why.
        let is_there = |path: &&Path| path.metadata().map_or_else(|error| is_refused(&error), |_| true);
        let existing = path.ancestors().find(is_there).unwrap_or(Path::new(""));
        let place = if existing.as_os_str().is_empty() { Path::new(".") } else { existing };
        // Without a directory there is no lock in it.
        let lock = if place == path && !path.is_file() { lock::look(path) } else { Ok(()) };
        DryOpen { place: place.to_owned(), lock, directory: dry_write(path, place) }
    }

    /// The name for a run that began at `started_at`: the time in UTC, with a suffix where that is taken.
    ///
    /// # Errors
    /// Where it can't be told whether it is.
    pub(crate) fn run_id(&self, started_at: DateTime<Utc>) -> Result<String, PublishError> {
        let first = bundle::run_name(started_at);
        let mut name = first.clone();
        for number in 2_u64.. {
            if !bundle::is_taken(&self.path.join(&name)).map_err(PublishError::write(&self.path))? {
                break;
            }
            name = format!("{first}-{number}");
        }
        Ok(name)
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn staging(&self) -> &Path {
        self.staging.path()
    }

    /// Renames the staging directory to `run_id` and moves `latest` onto it.
    pub(super) fn put_in_place(
        self,
        run_id: &str,
        interrupt: &Interrupt,
    ) -> Result<PublishedDirectory, PublishError> {
        let bundle = self.path.join(run_id);
        sync_directory(self.staging.path())?;
        if !interrupt.commit() {
            return Err(PublishError::Interrupted);
        }
        fs_err::rename(self.staging.path(), &bundle).map_err(PublishError::write(&bundle))?;
        // The directory that the guard would remove is gone from that place.
        let Self { path, staging, latest, lock } = self;
        let _ = staging.keep();
        let moved = sync_directory(&path).and_then(|()| latest.point_at(&path, run_id));
        let is_moved =
            || bundle::latest(&path).is_ok_and(|latest| latest.as_deref() == Some(Path::new(run_id)));
        // A file system on the network may fail to say that it was done.
        let moved = moved.or_else(|error| if is_moved() { Ok(()) } else { Err(error) });
        if let Err(error) = moved {
            // Published means found by `latest`: otherwise as if nothing had been. What can't be taken away stays whole, and
            // the next run goes on from it.
            if let Err(stays) = remove(&path, &bundle, UNPUBLISHED_PREFIX, run_id) {
                tracing::warn!("what was made of {} cannot be removed: {stays}", bundle.display());
            }
            return Err(error);
        }
        // Both renames are done: were this to fail, the bundle would be no less in place.
        if let Err(error) = sync_directory(&path) {
            tracing::warn!("published, but not yet safe from a power cut: {error}");
        }
        Ok(PublishedDirectory { path, bundle, _lock: lock })
    }
}

/// An output directory with a new bundle in place, which this run still has to itself.
#[derive(Debug)]
pub(super) struct PublishedDirectory {
    path: PathBuf,
    pub(super) bundle: PathBuf,
    _lock: Lock,
}

impl PublishedDirectory {
    /// Removes a bundle: out of sight at once, so that nobody sees half of it.
    pub(super) fn remove(&self, bundle: &Bundle) -> io::Result<()> {
        remove(&self.path, &bundle.path, PRUNED_PREFIX, &bundle.run)
    }
}

fn remove(output: &Path, bundle: &Path, prefix: &str, run: &str) -> io::Result<()> {
    let out_of_sight = output.join(format!("{prefix}{run}"));
    fs_err::rename(bundle, &out_of_sight)?;
    fs_err::remove_dir_all(&out_of_sight)
}

/// Makes a directory with all above it, and brings their names to the disk.
fn make(path: &Path) -> Result<(), PublishError> {
    let above = |path: &Path| match path.parent() {
        Some(parent) if parent.as_os_str().is_empty() => PathBuf::from("."),
        parent => parent.unwrap_or(path).to_owned(),
    };
    let is_new = |path: &&Path| matches!(bundle::is_taken(path), Ok(false)) && !path.as_os_str().is_empty();
    let new: Vec<PathBuf> = path.ancestors().take_while(is_new).map(above).collect();
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(DIRECTORY_MODE)
        .create(path)
        .map_err(PublishError::write(path))?;
    new.iter().try_for_each(|parent| match sync_directory(parent) {
        // Who may make things in it need not be allowed to list it.
        Err(PublishError::Write { source, .. }) if source.kind() == io::ErrorKind::PermissionDenied => Ok(()),
        synced => synced,
    })
}

/// Whether everything but the lock would do for an audit: the directory, or the `place` in which it would be made.
fn dry_write(path: &Path, place: &Path) -> Result<Latest, PublishError> {
    refuse_link_to_nowhere(path)?;
    refuse_within_bundle(path)?;
    if place == path {
        for entry in leftovers(path)? {
            // What root left nobody else can sweep. Files need no permission of their own.
            if must_go(&entry) && is_directory(&entry)? {
                let all = Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK;
                let path = entry.path();
                rustix::fs::access(&path, all).map_err(|errno| PublishError::write(&path)(errno.into()))?;
            }
        }
    }
    // It has no name, so that nobody sees it, or it is gone at once.
    tempfile::tempfile_in(place).map_err(PublishError::write(place))?;
    sync_directory(place)?;
    let latest = Latest::possible_in(place)?;
    latest.refuse_foreign(path)?;
    Ok(latest)
}

fn refuse_within_bundle(path: &Path) -> Result<(), PublishError> {
    match bundle::around(path).map_err(PublishError::write(path))? {
        Some(bundle) => Err(PublishError::InBundle { path: path.to_owned(), bundle }),
        None => Ok(()),
    }
}

fn refuse_link_to_nowhere(path: &Path) -> Result<(), PublishError> {
    if path.is_symlink() && !path.try_exists().map_err(PublishError::write(path))? {
        let what = "a symbolic link that leads nowhere";
        return Err(PublishError::InTheWay { path: path.to_owned(), what });
    }
    Ok(())
}

/// What a killed run left.
fn leftovers(directory: &Path) -> Result<Vec<DirEntry>, PublishError> {
    let mut leftovers = Vec::new();
    for entry in fs_err::read_dir(directory).map_err(PublishError::write(directory))? {
        let entry = entry.map_err(PublishError::write(directory))?;
        if begins_with(&entry, STAGING_PREFIX) {
            leftovers.push(entry);
        }
    }
    Ok(leftovers)
}

/// Whether an audit ends where this can't be removed. Somebody else may have put something into a bundle that is no longer
/// kept, or was never published: that is to stop no later night.
fn must_go(leftover: &DirEntry) -> bool {
    ![PRUNED_PREFIX, UNPUBLISHED_PREFIX].iter().any(|prefix| begins_with(leftover, prefix))
}

fn begins_with(entry: &DirEntry, prefix: &str) -> bool {
    entry.file_name().to_string_lossy().starts_with(prefix)
}

fn is_directory(entry: &DirEntry) -> Result<bool, PublishError> {
    Ok(entry.file_type().map_err(PublishError::write(&entry.path()))?.is_dir())
}

/// Removes what a killed run left.
fn sweep(directory: &Path) -> Result<(), PublishError> {
    for entry in leftovers(directory)? {
        let path = entry.path();
        let removed = match is_directory(&entry)? {
            true => fs_err::remove_dir_all(&path),
            false => fs_err::remove_file(&path),
        };
        match removed {
            Ok(()) => tracing::info!("removed {}, left by a run that was killed", path.display()),
            Err(error) if must_go(&entry) => return Err(PublishError::write(&path)(error)),
            Err(error) => tracing::warn!(
                "{}, left of a bundle that is no longer kept or was not published, cannot be removed: {error}; remove it as its \
                 owner, or give it to the user of this job: chown -R USER {}",
                path.display(),
                quoted(&path)
            ),
        }
    }
    Ok(())
}

/// Brings the names in a directory to the disk.
fn sync_directory(path: &Path) -> Result<(), PublishError> {
    let directory = File::options().read(true).open(path).map_err(PublishError::write(path))?;
    directory.sync_all().map_err(|error| match error.kind() {
        io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported => {
            let lacks = "cannot sync directories, so that a power cut could take a published bundle away";
            PublishError::FileSystem { path: path.to_owned(), lacks, source: error }
        }
        _ => PublishError::write(path)(error),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_move_of_latest_that_was_done_all_the_same_is_believed_and_one_that_was_not_leaves_nothing() {
        const RUN: &str = "2026-11-23T02-00-00Z";
        for is_moved in [true, false] {
            let out = tempfile::tempdir().unwrap();
            let directory = OutputDirectory::open(out.path()).unwrap();
            // This is in the way of the move.
            fs_err::create_dir(out.path().join(".staging-latest")).unwrap();
            if is_moved {
                std::os::unix::fs::symlink(RUN, out.path().join("latest")).unwrap();
            }
            let published = directory.put_in_place(RUN, &Interrupt::default());
            assert_eq!((published.is_ok(), out.path().join(RUN).exists()), (is_moved, is_moved));
        }
    }
}
