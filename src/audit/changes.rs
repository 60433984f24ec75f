//! What is different from an earlier audit: secrets that came, went, fell out of use or came back, and what uses them.
//!
//! What one of the two audits did not read is never taken for a change.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Audit, AuditedSecret, AuditedWorkspace, EarlierRun, History, Verdict, redact::are_the_same};
use crate::{
    inventory::{Source, Sources},
    text::sentence_list,
};

/// How many dependents that a secret gained, and how many that it lost, are named; the others are counted.
pub(super) const MOST_DEPENDENTS_NAMED: usize = 5;

/// What is different from an earlier audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// There is nothing to compare with, for this reason.
    NotCompared(String),
    /// Compared with an earlier audit.
    Since {
        /// Which.
        earlier: EarlierRun,
        /// What is different, workspace by workspace: those of both audits.
        workspaces: Vec<WorkspaceChanges>,
    },
}

/// What is different in one workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkspaceChanges {
    /// The configured name.
    pub workspace: String,
    /// Why it could not be compared; all else is empty then.
    pub not_compared: Option<String>,
    /// Secrets that were not listed before.
    pub new: Vec<SecretName>,
    /// Secrets that are no longer listed.
    pub gone: Vec<SecretName>,
    /// Secrets that are unused and were not.
    pub newly_unused: Vec<SecretName>,
    /// Secrets that are in use and were unused.
    pub back_in_use: Vec<SecretName>,
    /// Secrets with another name, by the new one.
    pub renamed: Vec<RenamedSecret>,
    /// Secrets that gained or lost dependents.
    pub dependents: Vec<DependentChanges>,
}

/// A secret by id and name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretName {
    /// The name.
    pub name: String,
    /// The id.
    pub id: String,
}

/// A secret with another name than before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RenamedSecret {
    /// The secret, by its new name.
    pub secret: SecretName,
    /// The name that it had.
    pub earlier_name: String,
}

/// What one secret gained and lost.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependentChanges {
    /// The secret.
    pub secret: SecretName,
    /// How many dependents it gained.
    pub gained: usize,
    /// How many it lost.
    pub lost: usize,
    /// The first of those that it gained.
    pub gained_first: Vec<DependentName>,
    /// The first of those that it lost.
    pub lost_first: Vec<DependentName>,
}

/// A dependent by type, name and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DependentName {
    /// What it is, in the word that reports have for it.
    pub dependent_type: String,
    /// The name; empty where none is known.
    pub name: String,
    /// The id.
    pub id: String,
}

/// Why a workspace that failed is not compared.
pub(super) const NOT_READ: &str = "it could not be read this time";
const ANOTHER_WORKSPACE: &str = "the API key shows another workspace than before";

/// What only a deep audit reads.
const DEEP: [Source; 2] = [Source::Tools, Source::Agents];

impl WorkspaceChanges {
    /// A workspace that could not be compared.
    pub(super) fn not_compared(workspace: &str, why: &str) -> Self {
        Self { workspace: workspace.to_owned(), not_compared: Some(why.to_owned()), ..Self::default() }
    }

    /// How much is different, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        if self.is_empty() {
            return "no changes".to_owned();
        }
        let parts: Vec<String> = [
            (self.newly_unused.len(), "newly unused"),
            (self.back_in_use.len(), "back in use"),
            (self.new.len(), "new"),
            (self.gone.len(), "gone"),
            (self.renamed.len(), "renamed"),
            (self.dependents.len(), "with other dependents"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
        sentence_list(&parts)
    }

    /// Whether nothing is different.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { workspace: _, not_compared, new, gone, newly_unused, back_in_use, renamed, dependents } =
            self;
        not_compared.is_none()
            && [new, gone, newly_unused, back_in_use].iter().all(|list| list.is_empty())
            && renamed.is_empty()
            && dependents.is_empty()
    }
}

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
    /// What used it.
    pub dependents: Vec<EarlierDependent>,
}

/// What an earlier audit says of one dependent.
#[derive(Clone, Debug)]
pub struct EarlierDependent {
    /// The dependent.
    pub dependent: DependentName,
    /// What told of it.
    pub sources: Sources,
}

/// A comparison of an audit with an earlier one, which comes secret by secret, so that it never stands in memory whole.
#[derive(Debug)]
pub struct Comparison<'a> {
    now: &'a Audit,
    workspaces: BTreeMap<&'a str, WorkspaceComparison<'a>>,
    only_earlier: BTreeSet<String>,
}

#[derive(Debug)]
struct WorkspaceComparison<'a> {
    now: &'a AuditedWorkspace,
    by_id: HashMap<&'a str, AuditedSecret<'a>>,
    met: HashSet<&'a str>,
    is_in_earlier: bool,
    was_deep: bool,
    changes: WorkspaceChanges,
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
        Self { now, workspaces: workspaces.collect(), only_earlier: BTreeSet::new() }
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

    /// Takes in one secret of the earlier audit.
    pub fn take_secret(&mut self, workspace: EarlierWorkspace<'_>, earlier: EarlierSecret) {
        let redactor = &self.now.redactor;
        let Some(comparison) = self.workspaces.get_mut(workspace.name) else { return };
        if comparison.changes.not_compared.is_some() {
            return;
        }
        let compare_deep = workspace.is_deep && self.now.parameters.deep;
        let told_then = earlier.dependents.iter().map(|dependent| dependent.sources).reduce(Sources::union);
        let is_deep_only = |told: Option<Sources>| told.is_some_and(|told| told.are_within(&DEEP));
        let name_then = redactor.text(&earlier.secret.name).into_owned();
        let Some((id, now)) = comparison.by_id.get_key_value(earlier.secret.id.as_str()) else {
            let would_show = match reference_that_led(told_then.filter(|_| workspace.has_unlisted)) {
                None => true,
                Some(only_deep) => comparison.now.is_complete() && (compare_deep || !only_deep),
            };
            if would_show {
                comparison.changes.gone.push(SecretName { name: name_then, id: earlier.secret.id });
            }
            return;
        };
        comparison.met.insert(id);
        let secret = || SecretName { name: now.name().to_owned(), id: now.id().to_owned() };
        match (earlier.verdict, now.verdict()) {
            (Verdict::InUse | Verdict::Undetermined, Verdict::Unused)
                if compare_deep || !is_deep_only(told_then) =>
            {
                comparison.changes.newly_unused.push(secret());
            }
            (Verdict::Unused, Verdict::InUse) if compare_deep || !is_deep_only(told_now(*now)) => {
                comparison.changes.back_in_use.push(secret());
            }
            _ => {}
        }
        if !are_the_same(&name_then, now.name()) {
            let renamed = RenamedSecret { secret: secret(), earlier_name: name_then };
            comparison.changes.renamed.push(renamed);
        }
        let (gained, lost) = of_dependents(*now, &earlier.dependents, compare_deep);
        // What one side did not read whole may be there all the same.
        let gained = if workspace.is_complete { gained } else { Vec::new() };
        let lost = if comparison.now.is_complete() { lost } else { Vec::new() };
        if !gained.is_empty() || !lost.is_empty() {
            comparison.changes.dependents.push(DependentChanges {
                secret: secret(),
                gained: gained.len(),
                lost: lost.len(),
                gained_first: redactor.first(gained),
                lost_first: redactor.first(lost),
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
        let is_deep = self.now.parameters.deep;
        let mut workspaces: Vec<WorkspaceChanges> =
            self.workspaces.into_values().map(|comparison| comparison.finish(is_deep)).collect();
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
    fn finish(self, is_deep: bool) -> WorkspaceChanges {
        let mut changes = self.changes;
        if !self.is_in_earlier {
            changes.not_compared = Some("the earlier audit did not read it".to_owned());
        }
        if changes.not_compared.is_some() {
            return changes;
        }
        let would_have_shown = |secret: &AuditedSecret<'_>| {
            let told = told_now(*secret).filter(|_| self.now.has_unlisted());
            (is_deep && self.was_deep) || reference_that_led(told) != Some(true)
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

/// The dependents that a secret gained and lost, sorted. One without an id can't be told from another, so it is neither.
/// What only a deep audit can see is compared between two deep ones only.
fn of_dependents(
    now: AuditedSecret<'_>,
    earlier: &[EarlierDependent],
    compare_deep: bool,
) -> (Vec<DependentName>, Vec<DependentName>) {
    let key = |dependent: &DependentName| (dependent.dependent_type.clone(), dependent.id.clone());
    let now: Vec<(DependentName, bool)> = now
        .dependents()
        .filter(|dependent| !dependent.resource.id.is_empty())
        .map(|dependent| {
            let resource = dependent.resource;
            let name = DependentName {
                dependent_type: resource.dependent_type.as_str().to_owned(),
                name: resource.name.as_deref().unwrap_or_default().to_owned(),
                id: resource.id.to_string(),
            };
            (name, dependent.sources.are_within(&DEEP))
        })
        .collect();
    let keys_now: HashSet<_> = now.iter().map(|(dependent, _)| key(dependent)).collect();
    let keys_then: HashSet<_> = earlier.iter().map(|one| key(&one.dependent)).collect();
    let mut gained: Vec<DependentName> = now
        .into_iter()
        .filter(|(dependent, only_deep)| !keys_then.contains(&key(dependent)) && (compare_deep || !only_deep))
        .map(|(dependent, _)| dependent)
        .collect();
    let mut lost: Vec<DependentName> = earlier
        .iter()
        .filter(|one| !one.dependent.id.is_empty() && (compare_deep || !one.sources.are_within(&DEEP)))
        .filter(|one| !keys_now.contains(&key(&one.dependent)))
        .map(|one| one.dependent.clone())
        .collect();
    gained.sort();
    lost.sort();
    (gained, lost)
}
