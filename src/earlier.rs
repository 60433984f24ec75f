//! What earlier bundles in the output directory say to a new audit. A bundle that doesn't hold is passed over, and the
//! report says so.

use std::{collections::BTreeSet, io};

use crate::{
    audit::{Changes, Comparison, EarlierRun, History, Judged, NOT_IN_EARLIER, WorkspaceChanges},
    bundle::{Bundle, Found, InOrder, Manifest, REPORT, ReadPolicy, is_refused, look_at},
    inventory::{Seen, Workspace},
    report::{self, EarlierReport},
};

/// What earlier bundles say.
#[derive(Debug)]
pub(crate) struct Earlier {
    /// What they saw, to be continued.
    pub(crate) history: History,
    /// What is different, of each workspace from the last audit that read it whole.
    pub(crate) changes: Changes,
    /// Whether some of them can't be read, or don't hold: then nobody knows what the next audit builds on.
    pub(crate) is_any_passed_over: bool,
}

/// Asks the earlier bundles of an output directory, as a run found them that has had it to itself since: for the history the
/// newest that is of all secrets and holds, and for what has changed in a workspace the newest of those that read it whole.
///
/// # Errors
/// Where the system refuses to read [one that is needed](InOrder::is_needed), or a signal came meanwhile.
pub(crate) fn load_previous(
    there: &InOrder,
    judged: &Judged,
    read_policy: &ReadPolicy,
) -> io::Result<Earlier> {
    let is_narrowed = judged.parameters.filter().is_some();
    let workspaces = judged.workspaces.iter().filter(|_| !is_narrowed);
    let mut consulted = Consulted {
        history: None,
        since: None,
        to_compare: workspaces.map(|workspace| workspace.name().to_owned()).collect(),
        compared: Vec::new(),
        notes: Vec::new(),
        is_any_passed_over: there.refused().next().is_some(),
    };
    for found in there.found.iter().rev() {
        if consulted.history.is_some() && consulted.to_compare.is_empty() {
            break;
        }
        read_policy.heed()?;
        if let Err(why) = consulted.ask(found, judged, read_policy) {
            if read_policy.is_ended() || is_refused(&why) && there.is_needed(&found.bundle) {
                return Err(why);
            }
            consulted.is_any_passed_over = true;
            let note = format!("The earlier bundle {} was passed over: {why}.", found.bundle.run);
            tracing::warn!("{note}");
            consulted.notes.push(note);
        }
    }
    Ok(consulted.finish(judged))
}

/// What the last complete audit saw of a workspace that is being read. Nothing where no bundle tells: why one that should
/// does not, [`load_previous`] says.
///
/// # Errors
/// Where one that holds can't be read all the same, or a signal came meanwhile: then it isn't known what was seen.
pub(crate) fn last_seen(
    there: &InOrder,
    workspace: &Workspace,
    read_policy: &ReadPolicy,
) -> io::Result<Option<Seen>> {
    for found in there.found.iter().rev() {
        let tells = |manifest: &Manifest| manifest.is_base() && manifest.read_whole(&workspace.name);
        if !found.manifest().is_some_and(tells) || !found.holds(read_policy)? {
            continue;
        }
        let path = found.bundle.path.join(REPORT);
        match read_policy.again(|| Ok(report::read_seen(read_policy.open(&path)?, workspace)?)) {
            // As the history does with one of a later version.
            Err(error) if !is_refused(&error) && !read_policy.is_ended() => {}
            read => return read,
        }
    }
    Ok(None)
}

struct Consulted {
    history: Option<History>,
    /// The first audit that workspaces were compared with.
    since: Option<EarlierRun>,
    /// The workspaces of which no bundle was found yet that read them whole.
    to_compare: BTreeSet<String>,
    compared: Vec<WorkspaceChanges>,
    notes: Vec<String>,
    is_any_passed_over: bool,
}

impl Consulted {
    fn ask(&mut self, found: &Found, judged: &Judged, read_policy: &ReadPolicy) -> io::Result<()> {
        let Found { bundle, manifest, .. } = found;
        let (manifest, _) = manifest.as_ref().map_err(|error| io::Error::other(error.to_string()))?;
        let compares_any = judged.parameters.filter().is_none() && self.since.is_none() && manifest.complete;
        let wanted = self.to_compare.iter().filter(|name| manifest.read_whole(name)).cloned();
        let wanted: BTreeSet<String> = wanted.collect();
        let compares = compares_any || !wanted.is_empty();
        if !manifest.is_base() || (self.history.is_some() && !compares) {
            if manifest.clock_off && self.history.is_none() {
                self.notes.push(format!(
                    "The earlier bundle {} was left out of account: it was made by a clock that was off.",
                    bundle.run
                ));
            }
            return Ok(());
        }
        if let Some(flaw) = look_at(bundle, read_policy)?.obstacle() {
            return Err(flaw.into());
        }
        let (report, comparison) = read_policy.again(|| {
            let mut comparison =
                compares.then(|| judged.comparison().only(|workspace| wanted.contains(workspace)));
            Ok((read(bundle, read_policy, comparison.as_mut())?, comparison))
        })?;
        if let Some(comparison) = comparison {
            let known_now = self.history.as_ref().unwrap_or(&report.history);
            let found = comparison.finish(report.run.started_at, &report.history, known_now);
            self.take(found, &wanted, &report.run);
        }
        if self.history.is_none() {
            let EarlierReport { run, is_complete, mut history, .. } = report;
            // Of any other workspace no bundle tells.
            self.to_compare.retain(|name| history.workspaces.contains_key(name));
            history.continues = Some(run.run.clone());
            if is_complete {
                history.complete_before = Some(run);
            }
            self.history = Some(history);
        }
        Ok(())
    }

    /// Takes in how these workspaces compare with a run. What the newest run has and this audit hasn't is said once.
    fn take(&mut self, found: Vec<WorkspaceChanges>, wanted: &BTreeSet<String>, run: &EarlierRun) {
        let is_first = self.since.is_none();
        for mut changes in found.into_iter().filter(|one| is_first || wanted.contains(&one.workspace)) {
            changes.since = Some(run.clone()).filter(|_| !is_first);
            self.to_compare.remove(&changes.workspace);
            self.compared.push(changes);
        }
        self.since.get_or_insert_with(|| run.clone());
    }

    fn finish(self, judged: &Judged) -> Earlier {
        let mut notes = self.notes;
        let mut history = self.history.unwrap_or_else(|| {
            notes.push("No earlier bundle tells what was before: ages begin with this audit.".to_owned());
            History::default()
        });
        // What was passed over on an earlier night was said then.
        history.notes = notes;
        let changes = match (self.since, &history.complete_before) {
            _ if judged.parameters.filter().is_some() => Changes::NotCompared(
                "a narrowed audit is not compared: it says nothing of the secrets that it did not read"
                    .to_owned(),
            ),
            (Some(earlier), _) => {
                let mut workspaces = self.compared;
                let is_told = |name: &str| workspaces.iter().any(|one| one.workspace == name);
                let rest = judged.workspaces.iter().filter(|workspace| !is_told(workspace.name()));
                let rest: Vec<WorkspaceChanges> = rest
                    .map(|workspace| {
                        let is_known = history.workspaces.contains_key(workspace.name());
                        let why = if is_known { NEVER_WHOLE } else { NOT_IN_EARLIER };
                        WorkspaceChanges::not_compared(workspace.name(), why)
                    })
                    .collect();
                workspaces.extend(rest);
                workspaces.extend(Comparison::of_failed(&judged.failed));
                workspaces.sort_by(|a, b| a.workspace.cmp(&b.workspace));
                Changes::Since { earlier, warnings: Vec::new(), workspaces }
            }
            (None, Some(earlier)) => Changes::NotCompared(format!(
                "the bundle of the last complete audit ({}) is no longer there, or does not hold",
                earlier.run
            )),
            (None, None) => Changes::NotCompared("there was no complete audit before this one".to_owned()),
        };
        Earlier { history, changes, is_any_passed_over: self.is_any_passed_over }
    }
}

/// Why a workspace is not compared that earlier audits knew.
const NEVER_WHOLE: &str = "no bundle that is still there, and holds, read it whole";

fn read(
    bundle: &Bundle,
    read_policy: &ReadPolicy,
    comparison: Option<&mut Comparison<'_>>,
) -> io::Result<EarlierReport> {
    report::read_earlier(read_policy.open(&bundle.path.join(REPORT))?, comparison).map_err(|error| {
        let error = io::Error::from(error);
        if is_refused(&error) { error } else { io::Error::other(format!("{REPORT}: {error}")) }
    })
}
