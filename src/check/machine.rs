//! What this machine has to give: an output directory that can be written to, space, a lock that nobody holds, and an
//! earlier bundle to build on. What an audit needs of the directory is decided in `publish`.

use std::{io, path::Path};

use super::{
    Line, Standing,
    space::{free_space, remaining, space},
};
use crate::{
    bounded::Bound,
    bundle::{self, Bundle, Looked, MANIFEST, SUMS},
    config::Config,
    error::Error,
    interrupt::Interrupt,
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

/// Looks at the output directory of a configuration and what is around it.
#[must_use]
pub fn examine(config: &Config, interrupt: &Interrupt) -> Machine {
    let (out, retention) = (config.out.as_path(), config.retention);
    let mut machine = Machine { lines: Vec::new(), opening: None, writing: None };
    let DryOpen { place, lock, directory } = OutputDirectory::dry_open(out);
    machine.opens("lock", lock.map(|()| "held by nobody".to_owned()));
    let can_be = if place == out { "can be written to" } else { "is not there yet and can be made" };
    let latest = directory.as_ref().ok().copied();
    machine.opens("output directory", directory.map(|_| format!("{} {can_be}", out.display())));
    if latest == Some(Latest::File) {
        let detail = "its file system has no symbolic links: there will be no latest, but a file latest.txt with the name of \
                      the last bundle in it";
        machine.lines.push(Line::new(Standing::Warning, "latest", detail));
    }

    let there = if out.is_dir() { bundle::in_order(out) } else { Ok(Vec::new()) };
    let there = there.unwrap_or_else(|error| {
        machine.opens("bundles", Err(PublishError::Read { path: out.to_owned(), source: error }));
        Vec::new()
    });
    // What was made by a clock that was off is no bundle that an audit builds on.
    let there: Vec<Bundle> =
        there.into_iter().filter(|found| !found.is_clock_off()).map(|found| found.bundle).collect();
    let (line, size) = last_bundle(out, there.last(), config.bundle_files, interrupt);
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
    machine.lines.extend(config.metrics_file.as_deref().map(metrics));
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

/// What there is to say of the bundle that was published last, and its size in bytes.
fn last_bundle(
    out: &Path,
    last: Option<&Bundle>,
    longest: Bound,
    interrupt: &Interrupt,
) -> (Line, Option<u64>) {
    const WHAT: &str = "last bundle";
    let Some(last) = last else {
        return (Line::new(Standing::Ok, WHAT, "none yet; history begins with the first night"), None);
    };
    let looked = match bundle::look_at(last, longest, interrupt) {
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
    match publish::dry_write_metrics(path) {
        Ok(directory) => {
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
