//! How the bundle that was published last is pointed out: by the link `latest`, or, on file systems without symbolic links
//! (exFAT, some network shares), by the file `latest.txt` with its name in it.

use std::{
    io::{self, ErrorKind, Write},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use super::{
    PublishError,
    ours::{STAGING_PREFIX, create_file, is_there_as},
};
use crate::bundle::{self, LATEST, LATEST_FILE};

/// By what it is pointed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Latest {
    /// The link `latest`.
    Link,
    /// The file `latest.txt`.
    File,
}

impl Latest {
    /// What is possible in a directory that can be written to: a link is made there and removed again.
    pub(super) fn possible_in(directory: &Path) -> Result<Self, PublishError> {
        let tried =
            tempfile::Builder::new().prefix(".link-").make_in(directory, |path| symlink(LATEST, path));
        match tried {
            Ok(_) => Ok(Self::Link),
            // Files can be made there, so that these are about the link. Which of them comes depends on the file system.
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied
                        | ErrorKind::Unsupported
                        | ErrorKind::InvalidInput
                        | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                Ok(Self::File)
            }
            Err(error) => Err(PublishError::write(directory)(error)),
        }
    }

    /// Refuses what somebody else put where this is to be.
    pub(super) fn refuse_foreign(self, directory: &Path) -> Result<(), PublishError> {
        is_there_as(&directory.join(LATEST), "no symbolic link", |kind| kind.is_symlink())?;
        let path = directory.join(LATEST_FILE);
        if self == Self::File
            && is_there_as(&path, "no regular file", |kind| kind.is_file())?
            && bundle::latest_in_file(directory).map_err(PublishError::write(&path))?.is_none()
        {
            return Err(PublishError::InTheWay { path, what: "a file that names no bundle" });
        }
        Ok(())
    }

    /// Points out the bundle of a run, in one step: at no moment is none pointed out.
    pub(super) fn point_at(self, directory: &Path, run_id: &str) -> Result<(), PublishError> {
        let name = match self {
            Self::Link => LATEST,
            Self::File => LATEST_FILE,
        };
        let staged = directory.join(format!("{STAGING_PREFIX}{name}"));
        let made = match self {
            Self::Link => symlink(run_id, &staged),
            Self::File => write_name(&staged, run_id),
        };
        made.map_err(PublishError::write(&staged))?;
        let path = directory.join(name);
        fs_err::rename(&staged, &path).map_err(|error| {
            let _ = fs_err::remove_file(&staged);
            PublishError::write(&path)(error)
        })?;
        // The bundle is in place, come what may.
        let removed = self.outdated(directory).and_then(|path| path.map_or(Ok(()), fs_err::remove_file));
        if let Err(error) = removed {
            tracing::warn!("what names an older bundle beside {} stays there: {error}", path.display());
        }
        Ok(())
    }

    /// What pointed out a bundle in the other way, before the directory was moved to this file system.
    fn outdated(self, directory: &Path) -> io::Result<Option<PathBuf>> {
        let (file, link) = (directory.join(LATEST_FILE), directory.join(LATEST));
        Ok(match self {
            Self::Link => bundle::latest_in_file(directory)?.map(|_| file),
            Self::File => bundle::is_taken(&link)?.then_some(link),
        })
    }
}

/// Makes a file with the name of a run in it, and brings it to the disk.
fn write_name(path: &Path, run_id: &str) -> io::Result<()> {
    let mut file = create_file(path)?;
    let written = writeln!(file, "{run_id}").and_then(|()| file.sync_all());
    if written.is_err() {
        let _ = fs_err::remove_file(path);
    }
    written
}
