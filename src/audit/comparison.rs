//! An audit compared with an earlier one.
//!
//! What one of the two audits did not read is never taken for a change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};

use super::{
    AuditedSecret, AuditedWorkspace, DependentChanges, EarlierDependent, History, JudgedSecret, Redactor,
    RenamedSecret, SecretName, Verdict, WorkspaceChanges, WorkspaceRecord,
    changes::NOT_READ,
    mask::are_the_same,
    matching::{First, Matching, is_deep_only},
};
use crate::inventory::{FailedWorkspace, Source, Sources};

const ANOTHER_WORKSPACE: &str = "the API key shows another workspace than before";

/// Why a workspace is not compared that the earlier audit does not have.
pub(crate) const NOT_IN_EARLIER: &str = "the earlier audit did not read it";

/// What an earlier audit says of a workspace as a whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EarlierWorkspace<'a> {
    /// The configured name.
    pub name: &'a str,
    /// The id that the API gave it, where it was seen.
    pub workspace_id: Option<&'a str>,
    /// Whether everything in it was read whole.
    pub is_complete: bool,
    /// Whether tools and agents were looked into.
    pub is_deep: bool,
    /// Whether there are secrets in it that were not listed, and that a reference led to.
    pub(crate) has_unlisted: bool,
}

/// What an earlier audit says of one secret.
#[derive(Clone, Debug)]
pub(crate) struct EarlierSecret {
    /// The secret.
    pub secret: SecretName,
    /// What was said of it.
    pub verdict: Verdict,
}

/// A comparison of an audit with an earlier one, which comes dependent by dependent, so that it never stands in memory
/// whole.
pub struct Comparison<'a> {
    /// When the later one began.
    at: DateTime<Utc>,
    names: BTreeSet<&'a str>,
    failed: &'a [FailedWorkspace],
    redactor: &'a Redactor,
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
    was_complete: bool,
    was_deep: bool,
    verdicts: Vec<Verdicts<'a>>,
    changes: WorkspaceChanges,
}

/// What both audits say of one secret.
struct Verdicts<'a> {
    then: Verdict,
    now: AuditedSecret<'a>,
    /// Whether the use that one of them knows could be seen by the other.
    is_comparable: bool,
}

/// What is known from all audits, beside the two that are compared.
struct Ledgers<'h> {
    /// When the earlier of the two began.
    then: DateTime<Utc>,
    /// What was known after it.
    known_then: Option<&'h WorkspaceRecord>,
    /// What is known now, with or without the later of the two.
    known_now: Option<&'h WorkspaceRecord>,
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
    /// The comparison of an audit, which began `at`, with one that nothing is known of yet. What the earlier one shows is
    /// redacted as the later one is.
    pub(super) fn of(
        at: DateTime<Utc>,
        now: &'a [AuditedWorkspace],
        failed: &'a [FailedWorkspace],
        redactor: &'a Redactor,
    ) -> Self {
        let workspaces = now.iter().map(|workspace| {
            let comparison = WorkspaceComparison {
                now: workspace,
                by_id: workspace.secrets().map(|secret| (secret.id(), secret)).collect(),
                met: HashSet::new(),
                is_in_earlier: false,
                was_complete: false,
                was_deep: false,
                verdicts: Vec::new(),
                changes: WorkspaceChanges {
                    workspace: workspace.name().to_owned(),
                    ..WorkspaceChanges::default()
                },
            };
            (workspace.name(), comparison)
        });
        Self {
            at,
            names: now.iter().map(AuditedWorkspace::name).collect(),
            failed,
            redactor,
            workspaces: workspaces.collect(),
            only_earlier: BTreeSet::new(),
            coming: None,
        }
    }

    /// The comparison of these workspaces alone.
    pub(crate) fn only(mut self, wanted: impl Fn(&str) -> bool) -> Self {
        self.workspaces.retain(|name, _| wanted(name));
        self
    }

    /// Takes in that the earlier audit has a workspace. Goes before its secrets.
    pub(crate) fn take_workspace(&mut self, earlier: EarlierWorkspace<'_>) {
        let Some(comparison) = self.workspaces.get_mut(earlier.name) else {
            if !self.names.contains(earlier.name) {
                self.only_earlier.insert(earlier.name.to_owned());
            }
            return;
        };
        comparison.is_in_earlier = true;
        comparison.was_complete = earlier.is_complete;
        comparison.was_deep = earlier.is_deep;
        if let (Some(before), Some(now)) = (earlier.workspace_id, comparison.now.workspace_id())
            && before != now
        {
            comparison.changes.not_compared = Some(ANOTHER_WORKSPACE.to_owned());
        }
    }

    /// Takes in one secret of the earlier audit. Its dependents follow, and then [`Comparison::end_secret`].
    pub(crate) fn take_secret(&mut self, workspace: EarlierWorkspace<'_>, earlier: EarlierSecret) {
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
    pub(crate) fn take_dependent(&mut self, earlier: EarlierDependent<'_>) {
        let Some(coming) = &mut self.coming else { return };
        coming.told_then = Some(coming.told_then.unwrap_or_default().union(earlier.sources));
        if let Some((now, matching)) = &mut coming.now {
            matching.take(*now, earlier, coming.compare_deep);
        }
    }

    /// Takes in that all dependents of that secret have come.
    pub(crate) fn end_secret(&mut self) {
        let redactor = self.redactor;
        let Some(coming) = self.coming.take() else { return };
        let Some(comparison) = self.workspaces.get_mut(coming.workspace) else { return };
        let Coming { was_complete, had_unlisted, compare_deep, earlier, told_then, now, .. } = coming;
        let name_then = redactor.text(&earlier.secret.name).into_owned();
        let Some((now, matching)) = now else {
            let would_show = match reference_that_led(told_then.filter(|_| had_unlisted)) {
                // Where the list of secrets was not read whole, it may be there all the same.
                None => !comparison.now.may_lack_secrets(),
                Some(only_deep) => comparison.now.is_complete() && (compare_deep || !only_deep),
            };
            if would_show {
                comparison.changes.gone.push(SecretName { name: name_then, id: earlier.secret.id });
            }
            return;
        };
        comparison.met.insert(now.id());
        let secret = || SecretName { name: now.name().to_owned(), id: now.id().to_owned() };
        let told = if now.verdict() == Verdict::InUse { told_now(now) } else { told_then };
        comparison.verdicts.push(Verdicts {
            then: earlier.verdict,
            now,
            is_comparable: compare_deep || !told.is_some_and(is_deep_only),
        });
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

    /// All that is different from the earlier audit, which began `then`, and to which `known_then` was known. `known_now`
    /// may lack what the audit of now says, and nothing else.
    pub(crate) fn finish(
        self,
        then: DateTime<Utc>,
        known_then: &History,
        known_now: &History,
    ) -> Vec<WorkspaceChanges> {
        let mut workspaces: Vec<WorkspaceChanges> = Vec::new();
        for (name, comparison) in self.workspaces {
            // The earlier audit need not have seen the id itself.
            let is_another =
                comparison.is_in_earlier && known_then.was_another(name, comparison.now.workspace_id());
            workspaces.push(if is_another {
                WorkspaceChanges::not_compared(name, ANOTHER_WORKSPACE)
            } else {
                let [known_then, known_now] = [known_then, known_now].map(|known| known.workspaces.get(name));
                let ledgers = Ledgers { then, known_then, known_now };
                comparison.finish(&ledgers, self.at)
            });
        }
        for name in self.only_earlier {
            if !self.failed.iter().any(|failed| failed.name == name) {
                workspaces.push(WorkspaceChanges::not_compared(&name, "it is not part of this audit"));
            }
        }
        workspaces
    }

    /// What is to be said of the workspaces that the audit of now could not read.
    pub(crate) fn of_failed(failed: &[FailedWorkspace]) -> impl Iterator<Item = WorkspaceChanges> {
        failed.iter().map(|failed| WorkspaceChanges::not_compared(&failed.name, NOT_READ))
    }
}

impl Ledgers<'_> {
    /// Sorts the verdicts of both audits on one secret into the changes, where they differ. "Unused" is new by the date
    /// since which it is so: an audit that could not judge the secret neither begins nor ends that.
    fn sort(&self, verdicts: &Verdicts<'_>, at: DateTime<Utc>, changes: &mut WorkspaceChanges) {
        let Verdicts { then, now, is_comparable } = verdicts;
        let secret = || SecretName { name: now.name().to_owned(), id: now.id().to_owned() };
        let unused_then = self.known_then.and_then(|known| known.secrets.get(now.id())?.unused_since);
        let record = self.known_now.and_then(|known| known.secrets.get(now.id()));
        let unused_now = record.and_then(|record| record.unused_since).unwrap_or(at);
        let last_in_use = record.and_then(|record| record.last_in_use);
        // By both dates: the clock of the audit that saw the use may have been ahead.
        let was_used_meanwhile = unused_now > self.then && last_in_use.is_some_and(|last| last > self.then);
        match (then, now.verdict()) {
            (Verdict::InUse, Verdict::Unused) if *is_comparable => changes.newly_unused.push(secret()),
            (Verdict::Unused, Verdict::Unused) if was_used_meanwhile => changes.newly_unused.push(secret()),
            (Verdict::Undetermined, Verdict::Unused) => {
                let was_unused = unused_then.is_some() || unused_now <= self.then;
                if was_unused && !was_used_meanwhile {
                    changes.judged_again.push(JudgedSecret {
                        secret: secret(),
                        verdict: Verdict::Unused,
                        unused_since: Some(unused_then.map_or(unused_now, |then| then.min(unused_now))),
                    });
                } else {
                    changes.newly_unused.push(secret());
                }
            }
            (Verdict::Unused, Verdict::InUse) if *is_comparable => changes.back_in_use.push(secret()),
            (Verdict::Undetermined, Verdict::InUse) if *is_comparable && unused_then.is_some() => {
                changes.back_in_use.push(secret());
            }
            (Verdict::Undetermined, Verdict::InUse) => changes.judged_again.push(JudgedSecret {
                secret: secret(),
                verdict: Verdict::InUse,
                unused_since: None,
            }),
            (Verdict::InUse | Verdict::Unused, Verdict::Undetermined) => {
                changes.no_longer_judged.push(JudgedSecret {
                    secret: secret(),
                    verdict: *then,
                    unused_since: unused_then.filter(|_| *then == Verdict::Unused),
                });
            }
            _ => {}
        }
    }
}

impl WorkspaceComparison<'_> {
    fn finish(self, ledgers: &Ledgers<'_>, at: DateTime<Utc>) -> WorkspaceChanges {
        let mut changes = self.changes;
        if !self.is_in_earlier {
            changes.not_compared = Some(NOT_IN_EARLIER.to_owned());
        }
        if changes.not_compared.is_some() {
            return changes;
        }
        for verdicts in &self.verdicts {
            ledgers.sort(verdicts, at, &mut changes);
        }
        // One that the earlier audit could not list, and others before it did.
        let was_known = |secret: &AuditedSecret<'_>| {
            !self.was_complete
                && ledgers.known_then.is_some_and(|known| known.secrets.contains_key(secret.id()))
        };
        let would_have_shown = |secret: &AuditedSecret<'_>| {
            let told = told_now(*secret).filter(|_| self.now.has_unlisted());
            (self.now.is_inspected() && self.was_deep) || reference_that_led(told) != Some(true)
        };
        let new = self
            .now
            .secrets()
            .filter(|secret| !self.met.contains(secret.id()) && !was_known(secret))
            .filter(would_have_shown);
        changes.new = new
            .map(|secret| SecretName { name: secret.name().to_owned(), id: secret.id().to_owned() })
            .collect();
        for list in [&mut changes.new, &mut changes.gone, &mut changes.newly_unused, &mut changes.back_in_use]
        {
            list.sort();
        }
        changes.no_longer_judged.sort();
        changes.judged_again.sort();
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
