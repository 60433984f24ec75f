//! What this machine has to give: an output directory that can be written to, space, a lock that nobody holds, and an
//! earlier bundle to build on.

use std::{
    fs::{File, TryLockError},
    io,
    path::{Path, PathBuf},
};

use indicatif::BinaryBytes;

use super::{Line, Standing};
use crate::{
    bundle::{self, Bundle, LATEST, Looked, MANIFEST, SUMS},
    error::Error,
    interrupt::Interrupt,
    publish::{PublishError, Retention},
    text::count,
};

/// The lock of an output directory, as `publish` names it.
const LOCK: &str = ".lock";

/// With less space than for so many nights somebody should know.
const FEW_NIGHTS: u64 = 30;

/// What the bundle of a workspace with some hundred secrets has, in bytes, for as long as there is no other to go by. With
/// 230 of them and 1255 dependents it has 1.4 MiB.
const USUAL_BUNDLE: u64 = 2 << 20;

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
    machine.opens("output directory", directory(out, &place));

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

/// The space that this user may fill, in bytes.
fn free_space(place: &Path) -> io::Result<u64> {
    let filesystem = rustix::fs::statvfs(place)?;
    Ok(filesystem.f_bavail.saturating_mul(filesystem.f_frsize))
}

/// How many bundles still come on top of those that are there, until each new one takes the place of an old one.
fn remaining(retention: Retention, there: usize) -> Option<u64> {
    let kept = match retention {
        Retention::All => return None,
        Retention::Bundles(bundles) => bundles,
        // Of so many nights, and of the one that is on its edge.
        Retention::Days(days) => usize::try_from(days).unwrap_or(usize::MAX).saturating_add(1),
    };
    // The new one is in place before the old one goes.
    u64::try_from(kept.saturating_sub(there).saturating_add(1)).ok()
}

fn space(free: u64, each: Option<u64>, remaining: Option<u64>) -> Line {
    let line = |standing, detail: String| Line::new(standing, "disk space", detail);
    let shown = format!("{} free", BinaryBytes(free));
    if free == 0 {
        return line(Standing::Failed, format!("{shown}; make room, or choose another --out"));
    }
    let Some(each) = each.filter(|each| *each > 0) else {
        let (standing, remedy) = match free < FEW_NIGHTS * USUAL_BUNDLE {
            true => (Standing::Warning, ", which is little: make room, or choose another --out"),
            false => (Standing::Ok, ""),
        };
        let detail = format!("{shown}{remedy}; how long that lasts can be told once there is a whole bundle");
        return line(standing, detail);
    };
    let (nights, size) = (free / each, BinaryBytes(each));
    let in_words = count(usize::try_from(nights).unwrap_or(usize::MAX), "night", "nights");
    if nights == 0 {
        let detail = format!("{shown}, and the last bundle has {size}; make room, or choose another --out");
        return line(Standing::Failed, detail);
    }
    if remaining.is_some_and(|remaining| remaining <= nights) {
        return line(
            Standing::Ok,
            format!("{shown}, at {size} a night: enough for all bundles that are kept"),
        );
    }
    if nights < FEW_NIGHTS {
        let detail = format!(
            "{shown}, at {size} a night: {in_words}; make room, or keep fewer bundles ([report] keep)"
        );
        return line(Standing::Warning, detail);
    }
    line(Standing::Ok, format!("{shown}, at {size} a night: {in_words}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn said(free: u64, each: u64, remaining: Option<u64>) -> (Standing, String) {
        let line = space(free, Some(each), remaining);
        (line.standing, line.detail)
    }

    #[test]
    fn space_is_told_in_nights_and_little_of_it_is_a_warning() {
        assert_eq!(
            said(3000, 100, None),
            (Standing::Ok, "2.93 KiB free, at 100 B a night: 30 nights".into())
        );
        let (standing, detail) = said(2999, 100, None);
        assert!(standing == Standing::Warning && detail.contains("29 nights; make room"), "{detail}");
        assert!(said(199, 100, None).1.contains("1 night;"), "one of them");
        assert_eq!(said(99, 100, None).0, Standing::Failed, "not even one more");
    }

    #[test]
    fn where_old_bundles_go_space_for_those_that_are_kept_is_enough() {
        let seven_kept = |there| remaining(Retention::Bundles(7), there);
        assert_eq!((seven_kept(0), seven_kept(7), seven_kept(9)), (Some(8), Some(1), Some(1)));
        assert_eq!(remaining(Retention::Days(7), 8), Some(1));
        assert_eq!(remaining(Retention::All, 7), None);
        assert_eq!(said(800, 100, seven_kept(0)).0, Standing::Ok);
        assert_eq!(said(799, 100, seven_kept(0)).0, Standing::Warning);
        assert_eq!(
            said(99, 100, seven_kept(7)).0,
            Standing::Failed,
            "the new one comes before an old one goes"
        );
    }

    #[test]
    fn before_the_first_night_space_is_told_alone_and_little_or_none_is_not_ok() {
        for (free, standing, words) in [
            (0, Standing::Failed, "0 B free; make room"),
            (1 << 20, Standing::Warning, "1.00 MiB free, which is little: make room"),
            (60 << 20, Standing::Ok, "60.00 MiB free; how long"),
        ] {
            let line = space(free, None, None);
            assert!(line.standing == standing && line.detail.starts_with(words), "{line:?}");
        }
    }
}
