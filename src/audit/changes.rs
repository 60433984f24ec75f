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

/// Why a workspace that failed is not compared.
pub(super) const NOT_READ: &str = "it could not be read this time";

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
