//! Changes in `report.json`: their form, written and read.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    error::ReadError,
    history::EarlierRunJson,
    values::{moment, read_optional_moment, read_word, text},
};
use crate::audit::{
    Changes, DependentChanges, DependentName, JudgedSecret, RenamedSecret, SecretName, Verdict,
    WorkspaceChanges,
};

/// What is different, of each workspace from the last audit that read it whole. Without `since` nothing was compared, for the reason `not_compared`.
#[derive(Serialize, Deserialize, Default, JsonSchema)]
pub(super) struct ChangesJson<'a> {
    /// Why nothing was compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_compared: Option<Cow<'a, str>>,
    /// The audit that this one was compared with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<EarlierRunJson<'a>>,
    /// What makes the comparison doubtful.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) warnings: Vec<Cow<'a, str>>,
    /// What is different in each workspace.
    pub(super) workspaces: Vec<WorkspaceChangesJson<'a>>,
}

/// What is different in one workspace.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceChangesJson<'a> {
    /// The configured name.
    pub(super) workspace: Cow<'a, str>,
    /// Why it could not be compared; all else is empty then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_compared: Option<Cow<'a, str>>,
    /// The audit that it was compared with, where that is another than the one above.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<EarlierRunJson<'a>>,
    /// Secrets that were not listed before.
    pub(super) new: Vec<SecretNameJson<'a>>,
    /// Secrets that are no longer listed.
    pub(super) gone: Vec<SecretNameJson<'a>>,
    /// Secrets that are unused and were not, by all audits that saw them.
    pub(super) newly_unused: Vec<SecretNameJson<'a>>,
    /// Secrets that are in use and were unused.
    pub(super) back_in_use: Vec<SecretNameJson<'a>>,
    /// Secrets that are undetermined and were not, with what they were.
    #[serde(default)]
    pub(super) no_longer_judged: Vec<JudgedSecretJson<'a>>,
    /// Secrets that were undetermined and are not, with what they are: that is nothing new.
    #[serde(default)]
    pub(super) judged_again: Vec<JudgedSecretJson<'a>>,
    /// Secrets with another name.
    pub(super) renamed: Vec<RenamedSecretJson<'a>>,
    /// Secrets that gained or lost dependents.
    pub(super) dependents: Vec<DependentChangesJson<'a>>,
}

/// A secret by id and name.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct SecretNameJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// Its name.
    pub(super) name: Cow<'a, str>,
}

/// A secret that one of both audits could not judge.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct JudgedSecretJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// What the other audit says of it.
    #[schemars(extend("enum" = ["in_use", "unused"]))]
    pub(super) verdict: Cow<'a, str>,
    /// Since when it is unused, by all audits that saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
}

/// A secret with another name than before.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RenamedSecretJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// The name that it has.
    pub(super) name: Cow<'a, str>,
    /// The name that it had.
    pub(super) earlier_name: Cow<'a, str>,
}

/// What one secret gained and lost.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct DependentChangesJson<'a> {
    /// The secret's id.
    pub(super) secret_id: Cow<'a, str>,
    /// The secret's name.
    pub(super) name: Cow<'a, str>,
    /// How many dependents it gained.
    pub(super) gained: usize,
    /// How many it lost.
    pub(super) lost: usize,
    /// The first of those that it gained.
    pub(super) gained_first: Vec<DependentNameJson<'a>>,
    /// The first of those that it lost.
    pub(super) lost_first: Vec<DependentNameJson<'a>>,
}

/// A dependent by type, id and name.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct DependentNameJson<'a> {
    /// What it is.
    pub(super) r#type: Cow<'a, str>,
    /// Its id.
    pub(super) id: Cow<'a, str>,
    /// Its name; empty where none is known.
    pub(super) name: Cow<'a, str>,
}

impl<'a> ChangesJson<'a> {
    /// The form of these changes.
    pub(super) fn of(changes: &'a Changes) -> Self {
        match changes {
            Changes::NotCompared(why) => Self { not_compared: Some(text(why)), ..Self::default() },
            Changes::Since { earlier, warnings, workspaces } => Self {
                not_compared: None,
                since: Some(EarlierRunJson::of(earlier)),
                warnings: warnings.iter().map(|warning| text(warning)).collect(),
                workspaces: workspaces.iter().map(WorkspaceChangesJson::of).collect(),
            },
        }
    }

    /// The changes again.
    pub(super) fn restore(self) -> Result<Changes, ReadError> {
        Ok(match (self.since, self.not_compared) {
            (Some(since), None) => Changes::Since {
                earlier: since.restore()?,
                warnings: self.warnings.into_iter().map(Cow::into_owned).collect(),
                workspaces: self
                    .workspaces
                    .into_iter()
                    .map(WorkspaceChangesJson::restore)
                    .collect::<Result<_, _>>()?,
            },
            (None, Some(why)) => Changes::NotCompared(why.into_owned()),
            _ => return Err(ReadError::new("changes: there has to be either since or not_compared")),
        })
    }
}

impl<'a> WorkspaceChangesJson<'a> {
    fn of(changes: &'a WorkspaceChanges) -> Self {
        let names = |secrets: &'a [SecretName]| secrets.iter().map(SecretNameJson::of).collect();
        Self {
            workspace: text(&changes.workspace),
            not_compared: changes.not_compared.as_deref().map(text),
            since: changes.since.as_ref().map(EarlierRunJson::of),
            new: names(&changes.new),
            gone: names(&changes.gone),
            newly_unused: names(&changes.newly_unused),
            back_in_use: names(&changes.back_in_use),
            no_longer_judged: changes.no_longer_judged.iter().map(JudgedSecretJson::of).collect(),
            judged_again: changes.judged_again.iter().map(JudgedSecretJson::of).collect(),
            renamed: changes.renamed.iter().map(RenamedSecretJson::of).collect(),
            dependents: changes.dependents.iter().map(DependentChangesJson::of).collect(),
        }
    }

    fn restore(self) -> Result<WorkspaceChanges, ReadError> {
        let names = |read: Vec<SecretNameJson<'_>>| read.into_iter().map(SecretNameJson::restore).collect();
        let judged = |read: Vec<JudgedSecretJson<'_>>| {
            read.into_iter().map(JudgedSecretJson::restore).collect::<Result<Vec<_>, _>>()
        };
        Ok(WorkspaceChanges {
            workspace: self.workspace.into_owned(),
            not_compared: self.not_compared.map(Cow::into_owned),
            since: self.since.map(EarlierRunJson::restore).transpose()?,
            new: names(self.new),
            gone: names(self.gone),
            newly_unused: names(self.newly_unused),
            back_in_use: names(self.back_in_use),
            no_longer_judged: judged(self.no_longer_judged)?,
            judged_again: judged(self.judged_again)?,
            renamed: self.renamed.into_iter().map(RenamedSecretJson::restore).collect(),
            dependents: self.dependents.into_iter().map(DependentChangesJson::restore).collect(),
        })
    }
}

impl<'a> SecretNameJson<'a> {
    fn of(secret: &'a SecretName) -> Self {
        Self { secret_id: text(&secret.id), name: text(&secret.name) }
    }

    fn restore(self) -> SecretName {
        SecretName { name: self.name.into_owned(), id: self.secret_id.into_owned() }
    }
}

impl<'a> JudgedSecretJson<'a> {
    fn of(judged: &'a JudgedSecret) -> Self {
        let JudgedSecret { secret, verdict, unused_since } = judged;
        Self {
            secret_id: text(&secret.id),
            name: text(&secret.name),
            verdict: text(verdict.as_str()),
            unused_since: unused_since.map(moment),
        }
    }

    fn restore(self) -> Result<JudgedSecret, ReadError> {
        let verdict = read_word(Verdict::ALL, Verdict::as_str, "verdict", &self.verdict)?;
        let unused_since = read_optional_moment(self.unused_since)?;
        let secret = SecretName { name: self.name.into_owned(), id: self.secret_id.into_owned() };
        Ok(JudgedSecret { secret, verdict, unused_since })
    }
}

impl<'a> RenamedSecretJson<'a> {
    fn of(renamed: &'a RenamedSecret) -> Self {
        let RenamedSecret { secret, earlier_name } = renamed;
        Self { secret_id: text(&secret.id), name: text(&secret.name), earlier_name: text(earlier_name) }
    }

    fn restore(self) -> RenamedSecret {
        let secret = SecretName { name: self.name.into_owned(), id: self.secret_id.into_owned() };
        RenamedSecret { secret, earlier_name: self.earlier_name.into_owned() }
    }
}

impl<'a> DependentChangesJson<'a> {
    fn of(changes: &'a DependentChanges) -> Self {
        let names = |dependents: &'a [DependentName]| dependents.iter().map(DependentNameJson::of).collect();
        Self {
            secret_id: text(&changes.secret.id),
            name: text(&changes.secret.name),
            gained: changes.gained,
            lost: changes.lost,
            gained_first: names(&changes.gained_first),
            lost_first: names(&changes.lost_first),
        }
    }

    fn restore(self) -> DependentChanges {
        let names =
            |read: Vec<DependentNameJson<'_>>| read.into_iter().map(DependentNameJson::restore).collect();
        DependentChanges {
            secret: SecretName { name: self.name.into_owned(), id: self.secret_id.into_owned() },
            gained: self.gained,
            lost: self.lost,
            gained_first: names(self.gained_first),
            lost_first: names(self.lost_first),
        }
    }
}

impl<'a> DependentNameJson<'a> {
    fn of(dependent: &'a DependentName) -> Self {
        let DependentName { dependent_type, name, id } = dependent;
        Self { r#type: text(dependent_type), id: text(id), name: text(name) }
    }

    fn restore(self) -> DependentName {
        DependentName {
            dependent_type: self.r#type.into_owned(),
            name: self.name.into_owned(),
            id: self.id.into_owned(),
        }
    }
}
