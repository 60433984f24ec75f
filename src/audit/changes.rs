//! What is different from an earlier audit: secrets that came, went, fell out of use or came back, and what uses them.
//! How that is found out is in `comparison`.

use super::EarlierRun;
use crate::text::sentence_list;

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

/// What is different about one secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change<'a> {
    /// It is unused and was not.
    NewlyUnused(&'a SecretName),
    /// It is in use and was unused.
    BackInUse(&'a SecretName),
    /// It was not listed before.
    New(&'a SecretName),
    /// It is no longer listed.
    Gone(&'a SecretName),
    /// It has another name.
    Renamed(&'a RenamedSecret),
    /// It gained or lost dependents.
    Dependents(&'a DependentChanges),
}

/// What a secret gained, or what it lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side<'a> {
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
    pub(super) fn not_compared(workspace: &str, why: &str) -> Self {
        Self { workspace: workspace.to_owned(), not_compared: Some(why.to_owned()), ..Self::default() }
    }

    /// Every change, in the order of every report: first what may be deleted, and what may not after all.
    pub fn rows(&self) -> impl Iterator<Item = Change<'_>> {
        let Self { newly_unused, back_in_use, new, gone, renamed, dependents, .. } = self;
        newly_unused
            .iter()
            .map(Change::NewlyUnused)
            .chain(back_in_use.iter().map(Change::BackInUse))
            .chain(new.iter().map(Change::New))
            .chain(gone.iter().map(Change::Gone))
            .chain(renamed.iter().map(Change::Renamed))
            .chain(dependents.iter().map(Change::Dependents))
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

impl<'a> Change<'a> {
    /// The secret, by the name that it has now; of one that is gone, the last one.
    #[must_use]
    pub fn secret(self) -> &'a SecretName {
        match self {
            Self::NewlyUnused(secret) | Self::BackInUse(secret) | Self::New(secret) | Self::Gone(secret) => {
                secret
            }
            Self::Renamed(renamed) => &renamed.secret,
            Self::Dependents(changes) => &changes.secret,
        }
    }

    /// The words for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NewlyUnused(_) => "newly unused",
            Self::BackInUse(_) => "back in use",
            Self::New(_) => "new",
            Self::Gone(_) => "gone",
            Self::Renamed(_) => "renamed",
            Self::Dependents(_) => "dependents",
        }
    }
}

impl DependentChanges {
    /// What the secret gained, then what it lost.
    #[must_use]
    pub fn sides(&self) -> [Side<'_>; 2] {
        [
            Side { word: "gained", number: self.gained, first: &self.gained_first },
            Side { word: "lost", number: self.lost, first: &self.lost_first },
        ]
    }
}

impl Side<'_> {
    /// How many are counted and not named.
    #[must_use]
    pub fn unnamed(self) -> usize {
        self.number.saturating_sub(self.first.len())
    }
}
