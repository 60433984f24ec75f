//! What this machine has to give: an output directory that can be written to, space, a lock that nobody holds, and an
//! earlier bundle to build on.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use rustix::fs::Access;

use super::{
    Line, Standing,
    space::{free_space, remaining, space},
};
use crate::{
    bundle::{self, Bundle, LATEST, Looked, MANIFEST, SUMS},
    error::Error,
    interrupt::Interrupt,
    publish::{PublishError, Retention},
};

/// The lock of an output directory, and how the names of half-done bundles begin, as `publish` has them.
const LOCK: &str = ".lock";
const STAGING_PREFIX: &str = ".staging-";

/// What this machine has to give.
#[derive(Debug)]
pub struct Machine {
    /// What there is to say.
    pub lines: Vec<Line>,
    /// The code with which an audit would end before it asks anything.
    pub opening: Option<u8>,
    /// The code with which it would end when it has read everything.
    pub writing: Option<u8>,
}

/// Looks at the output directory and what is around it.
#[must_use]
pub fn examine(
    out: &Path,
    retention: Retention,
    metrics_file: Option<&Path>,
    interrupt: &Interrupt,
) -> Machine {
    let mut machine = Machine { lines: Vec::new(), opening: None, writing: None };
    let place = nearest_directory(out);
    // As an audit does it: the lock before anything is written.
    machine.opens("lock", lock(&out.join(LOCK)));
    machine.opens("output directory", directory(out, &place).and_then(|said| swept(out).map(|()| said)));

    let there = if out.is_dir() { bundle::bundles(out) } else { Ok(Vec::new()) };
    let there = there.unwrap_or_else(|error| {
        machine.opens("bundles", Err(PublishError::Read { path: out.to_owned(), source: error }));
        Vec::new()
    });
    let (line, size) = last_bundle(out, &there, interrupt);
    machine.lines.push(line);

    let space = free_space(&place).map(|free| space(free, size, remaining(retention, there.len())));
    let space = space.unwrap_or_else(|error| {
        Line::new(Standing::Unknown, "disk space", format!("cannot be told: {error}"))
    });
    if space.standing == Standing::Failed {
        let full = PublishError::Write { path: out.to_owned(), source: io::ErrorKind::StorageFull.into() };
        machine.writing = Some(Error::Publish(full).exit_code());
    }
    machine.lines.push(space);
    machine.lines.extend(metrics_file.map(metrics));
    machine
}

impl Machine {
    fn opens(&mut self, what: &'static str, tried: Result<String, PublishError>) {
        self.lines.push(match tried {
            Ok(detail) => Line::new(Standing::Ok, what, detail),
            Err(error) => {
                let line = Line::new(Standing::Failed, what, error.to_string());
                self.opening = self.opening.or(Some(Error::Publish(error).exit_code()));
                line
            }
        });
    }
}

/// The directory itself, or the one in which it would be made.
fn nearest_directory(out: &Path) -> PathBuf {
    let existing = out.ancestors().find(|path| path.exists()).unwrap_or(Path::new(""));
    if existing.as_os_str().is_empty() { PathBuf::from(".") } else { existing.to_owned() }
}

fn directory(out: &Path, place: &Path) -> Result<String, PublishError> {
    let in_the_way = |path: &Path, what| Err(PublishError::InTheWay { path: path.to_owned(), what });
    if out.is_symlink() && !out.exists() {
        return in_the_way(out, "a symbolic link that leads nowhere");
    }
    let latest = out.join(LATEST);
    if latest.symlink_metadata().is_ok_and(|metadata| !metadata.is_symlink()) {
        return in_the_way(&latest, "no symbolic link");
    }
    // It has no name, so that nobody sees it, or it is gone at once.
    tempfile::tempfile_in(place).map_err(|source| PublishError::Write { path: place.to_owned(), source })?;
    Ok(match place == out {
        true => format!("{} can be written to", out.display()),
        false => format!("{} is not there yet and can be made", out.display()),
    })
}

/// Whether what a killed run left can be swept away, which is how an audit begins. What root left nobody else can.
fn swept(out: &Path) -> Result<(), PublishError> {
    // A directory that can't be listed is said by the bundles in it.
    for entry in fs_err::read_dir(out).into_iter().flatten().filter_map(Result::ok) {
        let is_left = entry.file_name().to_string_lossy().starts_with(STAGING_PREFIX);
        if is_left && entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            let path = entry.path();
            rustix::fs::access(&path, Access::READ_OK | Access::WRITE_OK | Access::EXEC_OK)
                .map_err(|errno| PublishError::Write { path, source: errno.into() })?;
        }
    }
    Ok(())
}

fn lock(path: &Path) -> Result<String, PublishError> {
    let nobody = || Ok("held by nobody".to_owned());
    match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => {
            return Err(PublishError::InTheWay { path: path.to_owned(), what: "no regular file" });
        }
        Ok(_) => {}
        Err(_) => return nobody(),
    }
    let write = |source| PublishError::Write { path: path.to_owned(), source };
    let file = File::options().write(true).open(path).map_err(write)?;
    // Shared, so that two of these don't meet, and for a moment only: an audit that begins in it would give up.
    match file.try_lock_shared() {
        Ok(()) => nobody(),
        Err(TryLockError::WouldBlock) => Err(PublishError::Locked(path.to_owned())),
        Err(TryLockError::Error(error)) => Err(write(error)),
    }
}

/// What there is to say of the bundle that was published last, and its size in bytes.
fn last_bundle(out: &Path, there: &[Bundle], interrupt: &Interrupt) -> (Line, Option<u64>) {
    const WHAT: &str = "last bundle";
    let latest = fs_err::read_link(out.join(LATEST)).ok();
    let is_latest = |bundle: &&Bundle| latest.as_deref() == Some(Path::new(&bundle.run));
    let Some(last) = there.iter().find(is_latest).or(there.last()) else {
        return (Line::new(Standing::Ok, WHAT, "none yet; history begins with the first night"), None);
    };
    let looked = match bundle::look_at(last, interrupt) {
        Ok(looked) => looked,
        Err(error) => {
            return (Line::new(Standing::Unknown, WHAT, format!("{}: {error}", last.run)), None);
        }
    };
    let line = match looked.flaws.as_slice() {
        [] => Line::new(Standing::Ok, WHAT, format!("{} is sound", last.run)),
        flaws => {
            let flaws: Vec<String> = flaws.iter().map(ToString::to_string).collect();
            let detail = format!(
                "{}: {}; an audit passes it over, so look at all of them with: verify --out {}",
                last.run,
                flaws.join(", "),
                out.display()
            );
            Line::new(Standing::Warning, WHAT, detail)
        }
    };
    (line, size(last, &looked))
}

fn size(bundle: &Bundle, looked: &Looked) -> Option<u64> {
    let named = looked.manifest.as_ref()?.files.iter().map(|file| file.bytes);
    let besides =
        [MANIFEST, SUMS].iter().filter_map(|name| Some(bundle.path.join(name).metadata().ok()?.len()));
    Some(named.chain(besides).fold(0, u64::saturating_add))
}

/// Metrics that can't be written change no exit code, so that nobody would notice.
fn metrics(path: &Path) -> Line {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    match tempfile::tempfile_in(directory) {
        Ok(_) => {
            Line::new(Standing::Ok, "metrics file", format!("{} can be written to", directory.display()))
        }
        Err(error) => Line::new(
            Standing::Warning,
            "metrics file",
            format!(
                "cannot write {}: {error}; make that directory, or give this user access to it",
                path.display()
            ),
        ),
    }
}
