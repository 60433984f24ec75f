//! The one trace that a failed run may leave: numbers for a monitoring system, where the operator wants them.

use std::{
    fs::Permissions,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use chrono::{DateTime, Utc};

use crate::{
    audit::Audit,
    bounded::Bound,
    bundle::{self, File, Found, InOrder, ReadPolicy},
    interrupt::Interrupt,
    report::{self, FailedRun},
};

/// For the monitoring agent, another user, to read: there is no name of a secret in it.
const MODE: u32 = 0o644;

/// Writes the numbers of an audit to `path`.
///
/// # Errors
/// Where it can't be written; what was there stays.
pub(crate) fn write_metrics(audit: &Audit, path: &Path) -> io::Result<()> {
    replace(path, |out| report::write(File::Metrics, audit, out).map(drop))
}

/// Writes to `path` that a run published nothing, and which the last good ones in `output` were.
///
/// # Errors
/// Where it can't be written; what was there stays.
pub(crate) fn write_failure(
    path: &Path,
    output: &Path,
    started_at: DateTime<Utc>,
    ended_at: DateTime<Utc>,
) -> io::Result<()> {
    // Where the directory can't be listed, these two are left out: an age that grows from a time that nobody can look at would
    // hide that. Whoever watches them is told by the failure itself.
    let there = bundle::in_order(output, &ReadPolicy::none(Bound::default(), &Interrupt::default()));
    let InOrder { found: bundles, .. } = there.unwrap_or_default();
    // A time that is yet to come would hide for how long nothing has run.
    let manifests =
        || bundles.iter().rev().filter_map(Found::manifest).filter(|manifest| !manifest.clock_off);
    let last_success = manifests().next().map(|manifest| manifest.started_at);
    let is_complete = |manifest: &&bundle::Manifest| manifest.complete && manifest.is_base();
    let last_complete = manifests().find(is_complete).map(|manifest| manifest.started_at);
    let failed = FailedRun { started_at, ended_at, last_success, last_complete };
    replace(path, |out| report::metrics_of_failure(failed, out))
}

/// Whether a file could be put at `path`, without writing any. The directory in which it would be made.
///
/// # Errors
/// Where nothing can be written there.
pub(crate) fn dry_write_metrics(path: &Path) -> io::Result<&Path> {
    refuse_what_is_not_ours(path)?;
    let directory = directory_of(path);
    // It has no name, so that nobody sees it, or it is gone at once.
    tempfile::tempfile_in(directory)?;
    Ok(directory)
}

fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// A device or a pipe would be gone, with a file in its place; and a bundle is as it was published.
fn refuse_what_is_not_ours(path: &Path) -> io::Result<()> {
    let is_file = match fs_err::metadata(path) {
        // A link that leads nowhere is something, too.
        Err(error) if error.kind() == io::ErrorKind::NotFound => !bundle::is_taken(path)?,
        there => there?.is_file(),
    };
    if !is_file {
        return Err(io::Error::other("there is something that is no regular file; name another file"));
    }
    match bundle::around(directory_of(path))? {
        Some(bundle) => Err(io::Error::other(format!("{} is a bundle; name another file", bundle.display()))),
        None => Ok(()),
    }
}

/// Replaces a file in one step.
fn replace(path: &Path, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    refuse_what_is_not_ours(path)?;
    let mut staged = tempfile::Builder::new()
        // Collectors take what ends in .prom.
        .prefix(".metrics-")
        .suffix(".staging")
        .permissions(Permissions::from_mode(MODE))
        .tempfile_in(directory_of(path))?;
    write(staged.as_file_mut())?;
    // The mode above goes through the umask. A file system without modes of its own (exFAT, some network shares) refuses, and
    // there all that is read is read by everybody, or by nobody else.
    match staged.as_file().set_permissions(Permissions::from_mode(MODE)) {
        Err(error) if error.kind() != io::ErrorKind::PermissionDenied => return Err(error),
        _ => {}
    }
    staged.as_file().sync_all()?;
    staged.persist(path)?;
    Ok(())
}
