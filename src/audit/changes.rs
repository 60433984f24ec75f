//! What is different from an earlier audit: secrets that came, went, fell out of use or came back, and what uses them.
//! How that is found out is in `comparison`.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::{EarlierRun, Verdict};
use crate::text::{count, sentence_list};

/// How many dependents that a secret gained, and how many that it lost, are named; the others are counted.
pub(super) const MOST_DEPENDENTS_NAMED: usize = 5;

/// What is different from an earlier audit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Changes {
    /// There is nothing to compare with, for this reason.
    NotCompared(String),
    /// Compared with an earlier audit.
    Since {
        /// Which: of those that workspaces were compared with, the one that was published last.
        earlier: EarlierRun,
        /// What makes the comparison doubtful, a sentence each without its full stop.
        warnings: Vec<String>,
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
    /// The audit that it was compared with, where that is another than that of most.
    pub since: Option<EarlierRun>,
    /// Secrets that were not listed before.
    pub new: Vec<SecretName>,
    /// Secrets that are no longer listed.
    pub gone: Vec<SecretName>,
    /// Secrets that are unused and were not, by all audits that saw them.
    pub newly_unused: Vec<SecretName>,
    /// Secrets that are in use and were unused.
    pub back_in_use: Vec<SecretName>,
    /// Secrets that are undetermined and were not, with what they were.
    pub no_longer_judged: Vec<JudgedSecret>,
    /// Secrets that were undetermined and are not, with what they are: that is nothing new.
    pub judged_again: Vec<JudgedSecret>,
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

/// A secret that one of two audits judged and the other could not.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JudgedSecret {
    /// The secret.
    pub secret: SecretName,
    /// What the one that could says of it: in use or unused.
    pub verdict: Verdict,
    /// Since when it is unused, by all audits that saw it, where it is.
    pub unused_since: Option<DateTime<Utc>>,
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

/// What is different about one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Change<'a> {
    /// What became of it.
    pub kind: ChangeKind<'a>,
    /// The secret, by the name that it has now; of one that is gone, the last one.
    pub secret: &'a SecretName,
    /// The dependents that it gained or lost, which most often is the cause.
    pub dependents: Option<&'a DependentChanges>,
}

/// What became of one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChangeKind<'a> {
    /// It is unused and was not.
    NewlyUnused,
    /// It is in use and was unused.
    BackInUse,
    /// It is undetermined and was not.
    NoLongerJudged(&'a JudgedSecret),
    /// It was undetermined and is not.
    JudgedAgain(&'a JudgedSecret),
    /// It was not listed before.
    New,
    /// It is no longer listed.
    Gone,
    /// It has another name; this is the one that it had.
    Renamed(&'a str),
    /// It gained or lost dependents, and nothing else is different.
    Dependents,
}

/// What a secret gained, or what it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side<'a> {
    /// Which of both: `gained` or `lost`.
    pub word: &'static str,
    /// How many dependents.
    pub number: usize,
    /// The first of them.
    pub first: &'a [DependentName],
}

/// Why a workspace that failed is not compared.
pub(super) const NOT_READ: &str = "it could not be read this time";

impl WorkspaceChanges {
    /// A workspace that could not be compared.
    pub(crate) fn not_compared(workspace: &str, why: &str) -> Self {
        Self { workspace: workspace.to_owned(), not_compared: Some(why.to_owned()), ..Self::default() }
    }

    /// Every change, in the order of every report: first what may be deleted, and what may not after all. What a secret
    /// gained or lost stands in the row that tells of its verdict, where there is one.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Change<'_>> {
        let Self { newly_unused, back_in_use, no_longer_judged, judged_again, new, gone, renamed, .. } = self;
        let by_secret: BTreeMap<&SecretName, &DependentChanges> =
            self.dependents.iter().map(|changes| (&changes.secret, changes)).collect();
        let with_cause =
            move |kind, secret| Change { kind, secret, dependents: by_secret.get(secret).copied() };
        let alone = |kind, secret| Change { kind, secret, dependents: None };
        let verdicts = (newly_unused.iter().map(|secret| (ChangeKind::NewlyUnused, secret)))
            .chain(back_in_use.iter().map(|secret| (ChangeKind::BackInUse, secret)))
            .chain(no_longer_judged.iter().map(|one| (ChangeKind::NoLongerJudged(one), &one.secret)))
            .chain(judged_again.iter().map(|one| (ChangeKind::JudgedAgain(one), &one.secret)));
        verdicts
            .map(move |(kind, secret)| with_cause(kind, secret))
            .chain(new.iter().map(move |secret| alone(ChangeKind::New, secret)))
            .chain(gone.iter().map(move |secret| alone(ChangeKind::Gone, secret)))
            .chain(renamed.iter().map(move |one| alone(ChangeKind::Renamed(&one.earlier_name), &one.secret)))
            .chain(self.dependents_alone().map(|changes| Change {
                kind: ChangeKind::Dependents,
                secret: &changes.secret,
                dependents: Some(changes),
            }))
    }

    /// What secrets gained and lost of which no row tells that their verdict is another.
    fn dependents_alone(&self) -> impl Iterator<Item = &DependentChanges> {
        let judged = self.no_longer_judged.iter().chain(&self.judged_again).map(|one| &one.secret);
        let told: BTreeSet<&SecretName> =
            self.newly_unused.iter().chain(&self.back_in_use).chain(judged).collect();
        self.dependents.iter().filter(move |changes| !told.contains(&changes.secret))
    }

    /// How much is different, in words.
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
            (self.dependents_alone().count(), "with other dependents"),
        ]
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
        let mut parts = if parts.is_empty() { Vec::new() } else { vec![sentence_list(&parts)] };
        for (judged, verdict, one, many) in [
            (
                &self.no_longer_judged,
                Verdict::Unused,
                "can no longer be judged: was unused",
                "can no longer be judged: were unused",
            ),
            (
                &self.no_longer_judged,
                Verdict::InUse,
                "can no longer be judged: was in use",
                "can no longer be judged: were in use",
            ),
            (&self.judged_again, Verdict::Unused, "judged again: still unused", "judged again: still unused"),
            (&self.judged_again, Verdict::InUse, "judged again: in use", "judged again: in use"),
        ] {
            let number = judged.iter().filter(|one| one.verdict == verdict).count();
            if number > 0 {
                parts.push(count(number, one, many));
            }
        }
        parts.join("; ")
    }

    /// Whether nothing is different.
    pub fn is_empty(&self) -> bool {
        self.not_compared.is_none() && self.rows().next().is_none()
    }
}

impl Change<'_> {
    /// The words for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self.kind {
            ChangeKind::NewlyUnused => "newly unused",
            ChangeKind::BackInUse => "back in use",
            ChangeKind::NoLongerJudged(_) => "undetermined",
            ChangeKind::JudgedAgain(_) => "judged again",
            ChangeKind::New => "new",
            ChangeKind::Gone => "gone",
            ChangeKind::Renamed(_) => "renamed",
            ChangeKind::Dependents => "dependents",
        }
    }

    /// What it was, or is again, where one of both audits could not judge it.
    pub(crate) fn verdict_in_words(self) -> Option<String> {
        let (before, judged) = match self.kind {
            ChangeKind::NoLongerJudged(judged) => ("was ", judged),
            ChangeKind::JudgedAgain(judged) if judged.verdict == Verdict::Unused => ("still ", judged),
            ChangeKind::JudgedAgain(judged) => ("", judged),
            _ => return None,
        };
        let verdict = if judged.verdict == Verdict::Unused { "unused" } else { "in use" };
        let since = judged.unused_since.map(|since| format!(" since {}", since.date_naive()));
        Some(format!("{before}{verdict}{}", since.unwrap_or_default()))
    }
}

impl DependentChanges {
    /// What the secret gained, then what it lost.
    pub(crate) fn sides(&self) -> [Side<'_>; 2] {
        [
            Side { word: "gained", number: self.gained, first: &self.gained_first },
            Side { word: "lost", number: self.lost, first: &self.lost_first },
        ]
    }
}

impl Side<'_> {
    /// How many are counted and not named.
    pub(crate) fn unnamed(self) -> usize {
        self.number.saturating_sub(self.first.len())
    }
}
