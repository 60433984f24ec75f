//! What earlier bundles in the output directory say to a new audit. A bundle that doesn't hold is passed over, and the
//! report says so.

use std::{io, path::Path};

use super::{Bundle, Manifest, REPORT, last_first, look_at, open};
use crate::{
    audit::{Audit, Changes, Comparison, History},
    interrupt::Interrupt,
    inventory::{Seen, Workspace},
    report::{self, EarlierReport},
};

/// What earlier bundles say.
#[derive(Debug)]
pub struct Earlier {
    /// What they saw, to be continued.
    pub history: History,
    /// What is different from the last complete audit.
    pub changes: Changes,
}

/// Asks the earlier bundles of an output directory: the newest that is of all secrets and holds for the history, and the
/// newest of those that is complete for what has changed.
///
/// # Errors
/// Where the directory can't be read, or a signal came meanwhile.
pub fn consult(output: &Path, audit: &Audit, interrupt: &Interrupt) -> io::Result<Earlier> {
    let mut consulted = Consulted { history: None, changes: None, notes: Vec::new() };
    if audit.filter().is_some() {
        let why = "a narrowed audit is not compared: it says nothing of the secrets that it did not read";
        consulted.changes = Some(Changes::NotCompared(why.to_owned()));
    }
    for bundle in last_first(output)? {
        if consulted.history.is_some() && consulted.changes.is_some() {
            break;
        }
        if interrupt.signal().is_some() {
            return Err(io::Error::other("a signal came"));
        }
        if let Err(why) = consulted.ask(&bundle, audit, interrupt) {
            if interrupt.signal().is_some() {
                return Err(why);
            }
            let note = format!("The earlier bundle {} was passed over: {why}.", bundle.run);
            tracing::warn!("{note}");
            consulted.notes.push(note);
        }
    }
    Ok(consulted.finish())
}

/// What the last complete audit saw of a workspace that is being read. Nothing where no bundle tells: why one that should
/// does not, [`consult`] says.
#[must_use]
pub fn last_seen(output: &Path, workspace: &Workspace, interrupt: &Interrupt) -> Option<Seen> {
    let is_of_use = |bundle: &Bundle| {
        bundle.manifest().is_ok_and(|manifest| manifest.is_full() && manifest.complete)
            && look_at(bundle, interrupt).is_ok_and(|looked| looked.flaws.is_empty())
    };
    let read = |bundle: Bundle| -> io::Result<Option<Seen>> {
        Ok(report::read_seen(open(&bundle.path.join(REPORT))?, workspace)?)
    };
    let bundles = last_first(output).unwrap_or_default();
    bundles.into_iter().find(is_of_use).map(read).and_then(|read| read.ok().flatten())
}

struct Consulted {
    history: Option<History>,
    changes: Option<Changes>,
    notes: Vec<String>,
}

impl Consulted {
    fn ask(&mut self, bundle: &Bundle, audit: &Audit, interrupt: &Interrupt) -> io::Result<()> {
        let manifest = bundle.manifest()?;
        let wanted = self.history.is_none() || (self.changes.is_none() && manifest.complete);
        if !manifest.is_full() || !wanted {
            return Ok(());
        }
        let looked = look_at(bundle, interrupt)?;
        if let Some(flaw) = looked.flaws.first() {
            return Err(io::Error::other(flaw.to_string()));
        }
        let mut comparison =
            Some(audit).filter(|_| manifest.complete && self.changes.is_none()).map(Comparison::of);
        let report = read(bundle, &manifest, comparison.as_mut())?;
        if let Some(comparison) = comparison {
            self.changes = Some(comparison.finish(report.run.clone(), &report.history));
        }
        if self.history.is_none() {
            let EarlierReport { run, is_complete, mut history, .. } = report;
            history.continues = Some(run.run.clone());
            if is_complete {
                history.complete_before = Some(run);
            }
            self.history = Some(history);
        }
        Ok(())
    }

    fn finish(self) -> Earlier {
        let mut notes = self.notes;
        let mut history = self.history.unwrap_or_else(|| {
            notes.push("No earlier bundle tells what was before: ages begin with this audit.".to_owned());
            History::default()
        });
        // What was passed over on an earlier night was said then.
        history.notes = notes;
        let changes = self.changes.unwrap_or_else(|| {
            Changes::NotCompared(match &history.complete_before {
                Some(earlier) => format!(
                    "the bundle of the last complete audit ({}) is no longer there, or does not hold",
                    earlier.run
                ),
                None => "there was no complete audit before this one".to_owned(),
            })
        });
        Earlier { history, changes }
    }
}

fn read(
    bundle: &Bundle,
    manifest: &Manifest,
    comparison: Option<&mut Comparison<'_>>,
) -> io::Result<EarlierReport> {
    if !manifest.files.iter().any(|file| file.name == REPORT) {
        return Err(io::Error::other(format!("its manifest names no {REPORT}")));
    }
    report::read_earlier(open(&bundle.path.join(REPORT))?, comparison)
        .map_err(|error| io::Error::other(format!("{REPORT}: {error}")))
}
