//! What this machine has to give: an output directory that can be written to, space, a lock that nobody holds, and an
//! earlier bundle to build on. What an audit needs of the directory is decided in `publish`.

use std::{io, path::Path};

use super::{
    Line, Standing,
    space::{free_space, remaining, space},
};
use crate::{
    bundle::{self, Bundle, InOrder, Looked, MANIFEST, ReadPolicy, SUMS},
    config::Config,
    error::Error,
    publish::{self, DryOpen, Latest, OutputDirectory, PublishError},
};

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

/// Looks at the output directory of a configuration and what is around it. The second: the bundles that are there.
pub(super) fn examine(config: &Config, user: Option<&str>, read_policy: &ReadPolicy) -> (Machine, InOrder) {
    let (out, retention) = (config.out.as_path(), config.retention);
    let mut machine = Machine { lines: Vec::new(), opening: None, writing: None };
    let DryOpen { place, lock, directory } = OutputDirectory::preflight(out);
    machine.opens("lock", lock.map(|()| "held by nobody".to_owned()));
    let can_be = if place == out { "can be written to" } else { "is not there yet and can be made" };
    let latest = directory.as_ref().ok().copied();
    machine.opens("output directory", directory.map(|_| format!("{} {can_be}", out.display())));
    if latest == Some(Latest::File) {
        let detail = "its file system has no symbolic links: there will be no latest, but a file latest.txt with the name of \
                      the last bundle in it";
        machine.lines.push(Line::new(Standing::Warning, "latest", detail));
    }

    let (in_order, size) = match bundle::to_build_on(out, read_policy) {
        Ok(in_order) => {
            for (bundle, error) in in_order.refused() {
                let detail = format!(
                    "{} cannot be read: {error}; an audit goes on without it and removes nothing",
                    bundle.run
                );
                machine.lines.push(Line::new(Standing::Warning, "earlier bundle", detail));
            }
            // What was made by a clock that was off is no bundle that an audit builds on.
            let last = in_order.found.iter().rev().find(|found| !found.is_clock_off());
            let (line, size) = last_bundle(out, last.map(|found| &found.bundle), read_policy);
            machine.lines.push(line);
            (in_order, size)
        }
        Err(error) => {
            // Where it is no directory that is said already.
            if machine.opening.is_none() {
                machine.opens("last bundle", Err(PublishError::read(out, user)(error)));
            }
            (InOrder::default(), None)
        }
    };
    let there = in_order.found.iter().filter(|found| !found.is_clock_off()).count();
    let space = free_space(&place).map(|free| space(free, size, remaining(retention, there)));
    let space = space.unwrap_or_else(|error| {
        Line::new(Standing::Unknown, "disk space", format!("cannot be told: {error}"))
    });
    if space.standing == Standing::Failed {
        let full = PublishError::Write { path: out.to_owned(), source: io::ErrorKind::StorageFull.into() };
        machine.writing = Some(Error::Publish(full).exit_code());
    }
    machine.lines.push(space);
    machine.lines.extend(config.metrics_file.as_deref().map(metrics));
    (machine, in_order)
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

/// What there is to say of the bundle that was published last, and its size in bytes.
fn last_bundle(out: &Path, last: Option<&Bundle>, read_policy: &ReadPolicy) -> (Line, Option<u64>) {
    const WHAT: &str = "last bundle";
    let Some(last) = last else {
        return (Line::new(Standing::Ok, WHAT, "none yet; history begins with the first night"), None);
    };
    let looked = match bundle::look_at(last, read_policy) {
        Ok(looked) => looked,
        Err(error) => {
            return (Line::new(Standing::Unknown, WHAT, format!("{}: {error}", last.run)), None);
        }
    };
    let obstacles = looked.flaws.iter().filter(|flaw| flaw.is_obstacle());
    let line = match obstacles.map(ToString::to_string).collect::<Vec<String>>() {
        none if none.is_empty() => Line::new(Standing::Ok, WHAT, format!("{} is sound", last.run)),
        flaws => {
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
    match publish::dry_write_metrics(path) {
        Ok(directory) => {
            Line::new(Standing::Ok, "metrics file", format!("{} can be written to", directory.display()))
        }
        Err(error) => Line::new(
            Standing::Warning,
            "metrics file",
            match error.kind() {
                // That says what to do itself.
                io::ErrorKind::Other => format!("cannot write {}: {error}", path.display()),
                _ => format!(
                    "cannot write {}: {error}; make that directory, or give this user access to it",
                    path.display()
                ),
            },
        ),
    }
}
