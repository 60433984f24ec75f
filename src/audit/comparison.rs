//! An audit compared with an earlier one.
//!
//! What one of the two audits did not read is never taken for a change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{
    Audit, AuditedSecret, AuditedWorkspace, Changes, DependentChanges, EarlierRun, History, RenamedSecret,
    SecretName, Verdict, WorkspaceChanges,
    changes::NOT_READ,
    mask::are_the_same,
    matching::{First, Matching, is_deep_only},
};
use crate::inventory::{Source, Sources};

const ANOTHER_WORKSPACE: &str = "the API key shows another workspace than before";

/// What an earlier audit says of a workspace as a whole.
#[derive(Clone, Copy, Debug)]
pub struct EarlierWorkspace<'a> {
    /// The configured name.
    pub name: &'a str,
    /// The id that the API gave it, where it was seen.
    pub workspace_id: Option<&'a str>,
    /// Whether everything in it was read whole.
    pub is_complete: bool,
    /// Whether tools and agents were looked into.
    pub is_deep: bool,
    /// Whether there are secrets in it that were not listed, and that a reference led to.
    pub has_unlisted: bool,
}

/// What an earlier audit says of one secret.
#[derive(Clone, Debug)]
pub struct EarlierSecret {
    /// The secret.
    pub secret: SecretName,
    /// What was said of it.
    pub verdict: Verdict,
}

/// What an earlier audit says of one dependent.
#[derive(Clone, Copy, Debug)]
pub struct EarlierDependent<'e> {
    /// What it is, in the word that reports have for it.
    pub dependent_type: &'e str,
    /// The name; empty where none is known.
    pub name: &'e str,
    /// The id.
    pub id: &'e str,
    /// What told of it.
    pub sources: Sources,
}

/// A comparison of an audit with an earlier one, which comes dependent by dependent, so that it never stands in memory
/// whole.
pub struct Comparison<'a> {
    now: &'a Audit,
    workspaces: BTreeMap<&'a str, WorkspaceComparison<'a>>,
    only_earlier: BTreeSet<String>,
    /// The secret of the earlier audit whose dependents are coming.
    coming: Option<Coming<'a>>,
}

struct WorkspaceComparison<'a> {
    now: &'a AuditedWorkspace,
    by_id: HashMap<&'a str, AuditedSecret<'a>>,
    met: HashSet<&'a str>,
    is_in_earlier: bool,
    was_deep: bool,
    changes: WorkspaceChanges,
}

/// A secret of the earlier audit, as far as it has come.
struct Coming<'a> {
    workspace: &'a str,
    was_complete: bool,
    had_unlisted: bool,
    compare_deep: bool,
    earlier: EarlierSecret,
    told_then: Option<Sources>,
    /// What is to be said of it now, and how its dependents compare. `None`: it is no longer listed.
    now: Option<(AuditedSecret<'a>, Matching<'a>)>,
}

impl<'a> Comparison<'a> {
    /// The comparison of `now` with an audit that nothing is known of yet. What the earlier one shows is redacted as
    /// `now` is.
    #[must_use]
    pub fn of(now: &'a Audit) -> Self {
        let workspaces = now.workspaces.iter().map(|workspace| {
            let comparison = WorkspaceComparison {
                now: workspace,
                by_id: workspace.secrets().map(|secret| (secret.id(), secret)).collect(),
                met: HashSet::new(),
                is_in_earlier: false,
                was_deep: false,
                changes: WorkspaceChanges {
                    workspace: workspace.name().to_owned(),
                    ..WorkspaceChanges::default()
                },
            };
            (workspace.name(), comparison)
        });
        Self { now, workspaces: workspaces.collect(), only_earlier: BTreeSet::new(), coming: None }
    }

    /// Takes in that the earlier audit has a workspace. Goes before its secrets.
    pub fn take_workspace(&mut self, earlier: EarlierWorkspace<'_>) {
        let Some(comparison) = self.workspaces.get_mut(earlier.name) else {
            self.only_earlier.insert(earlier.name.to_owned());
            return;
        };
        comparison.is_in_earlier = true;
        comparison.was_deep = earlier.is_deep;
        if let (Some(before), Some(now)) = (earlier.workspace_id, comparison.now.workspace_id())
            && before != now
        {
            comparison.changes.not_compared = Some(ANOTHER_WORKSPACE.to_owned());
        }
    }

    /// Takes in one secret of the earlier audit. Its dependents follow, and then [`Comparison::end_secret`].
    pub fn take_secret(&mut self, workspace: EarlierWorkspace<'_>, earlier: EarlierSecret) {
        self.coming = None;
        let Some((name, comparison)) = self.workspaces.get_key_value(workspace.name) else { return };
        if comparison.changes.not_compared.is_some() {
            return;
        }
        let now = comparison.by_id.get(earlier.secret.id.as_str());
        self.coming = Some(Coming {
            workspace: name,
            was_complete: workspace.is_complete,
            had_unlisted: workspace.has_unlisted,
            compare_deep: workspace.is_deep && comparison.now.is_inspected(),
            earlier,
            told_then: None,
            now: now.map(|now| (*now, Matching::of(*now))),
        });
    }

    /// Takes in one dependent of that secret.
    pub fn take_dependent(&mut self, earlier: EarlierDependent<'_>) {
        let Some(coming) = &mut self.coming else { return };
        coming.told_then = Some(coming.told_then.unwrap_or_default().union(earlier.sources));
        if let Some((now, matching)) = &mut coming.now {
            matching.take(*now, earlier, coming.compare_deep);
        }
    }

    /// Takes in that all dependents of that secret have come.
    pub fn end_secret(&mut self) {
        let redactor = &self.now.redactor;
        let Some(coming) = self.coming.take() else { return };
        let Some(comparison) = self.workspaces.get_mut(coming.workspace) else { return };
        let Coming { was_complete, had_unlisted, compare_deep, earlier, told_then, now, .. } = coming;
        let name_then = redactor.text(&earlier.secret.name).into_owned();
        let Some((now, matching)) = now else {
            let would_show = match reference_that_led(told_then.filter(|_| had_unlisted)) {
                None => true,
                Some(only_deep) => comparison.now.is_complete() && (compare_deep || !only_deep),
            };
            if would_show {
                comparison.changes.gone.push(SecretName { name: name_then, id: earlier.secret.id });
            }
            return;
        };
        comparison.met.insert(now.id());
        let secret = || SecretName { name: now.name().to_owned(), id: now.id().to_owned() };
        match (earlier.verdict, now.verdict()) {
            (Verdict::InUse | Verdict::Undetermined, Verdict::Unused)
                if compare_deep || !told_then.is_some_and(is_deep_only) =>
            {
                comparison.changes.newly_unused.push(secret());
            }
            (Verdict::Unused, Verdict::InUse) if compare_deep || !told_now(now).is_some_and(is_deep_only) => {
                comparison.changes.back_in_use.push(secret());
            }
            _ => {}
        }
        if !are_the_same(&name_then, now.name()) {
            let renamed = RenamedSecret { secret: secret(), earlier_name: name_then };
            comparison.changes.renamed.push(renamed);
        }
        let (gained, lost) = matching.finish(now, compare_deep);
        // What one side did not read whole may be there all the same.
        let gained = if was_complete { gained } else { First::default() };
        let lost = if comparison.now.is_complete() { lost } else { First::default() };
        if gained.number > 0 || lost.number > 0 {
            comparison.changes.dependents.push(DependentChanges {
                secret: secret(),
                gained: gained.number,
                lost: lost.number,
                gained_first: redactor.dependents(gained.names),
                lost_first: redactor.dependents(lost.names),
            });
        }
    }

    /// All that is different from the earlier audit, to which this much was known by then.
    #[must_use]
    pub fn finish(mut self, earlier: EarlierRun, known: &History) -> Changes {
        for (name, comparison) in &mut self.workspaces {
            // The earlier audit need not have seen the id itself.
            if comparison.is_in_earlier && known.was_another(comparison.now) {
                comparison.changes = WorkspaceChanges::not_compared(name, ANOTHER_WORKSPACE);
            }
        }
        let mut workspaces: Vec<WorkspaceChanges> =
            self.workspaces.into_values().map(WorkspaceComparison::finish).collect();
        for failed in &self.now.failed {
            workspaces.push(WorkspaceChanges::not_compared(&failed.name, NOT_READ));
        }
        for name in self.only_earlier {
            if !self.now.failed.iter().any(|failed| failed.name == name) {
                workspaces.push(WorkspaceChanges::not_compared(&name, "it is not part of this audit"));
            }
        }
        workspaces.sort_by(|a, b| a.workspace.cmp(&b.workspace));
        Changes::Since { earlier, workspaces }
    }
}

impl WorkspaceComparison<'_> {
    fn finish(self) -> WorkspaceChanges {
        let mut changes = self.changes;
        if !self.is_in_earlier {
            changes.not_compared = Some("the earlier audit did not read it".to_owned());
        }
        if changes.not_compared.is_some() {
            return changes;
        }
        let would_have_shown = |secret: &AuditedSecret<'_>| {
            let told = told_now(*secret).filter(|_| self.now.has_unlisted());
            (self.now.is_inspected() && self.was_deep) || reference_that_led(told) != Some(true)
        };
        let new =
            self.now.secrets().filter(|secret| !self.met.contains(secret.id())).filter(would_have_shown);
        changes.new = new
            .map(|secret| SecretName { name: secret.name().to_owned(), id: secret.id().to_owned() })
            .collect();
        for list in [&mut changes.new, &mut changes.gone, &mut changes.newly_unused, &mut changes.back_in_use]
        {
            list.sort();
        }
        changes.renamed.sort();
        changes.dependents.sort();
        changes
    }
}

/// What tells of any of the dependents of a secret. `None`: it has none.
fn told_now(secret: AuditedSecret<'_>) -> Option<Sources> {
    secret.dependents().map(|dependent| dependent.sources).reduce(Sources::union)
}

/// Where a reference may be all that led to a secret, by what told of its dependents: whether only a deep audit follows
/// such a reference.
fn reference_that_led(told: Option<Sources>) -> Option<bool> {
    let led: Vec<Source> = Source::SCANNED.into_iter().chain([Source::Secret]).collect();
    let led_deep = [Source::Tools, Source::Agents, Source::Secret];
    told.filter(|told| told.are_within(&led)).map(|told| told.are_within(&led_deep))
}
