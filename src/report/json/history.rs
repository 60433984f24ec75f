//! The history in `report.json`: its form, written and read.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    coverage::TotalsJson,
    error::ReadError,
    values::{Each, moment, read_moment, read_optional_moment, text},
};
use crate::audit::{EarlierRun, History, Night, NightTotals, Record, WorkspaceRecord};

/// Another run than this one.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct EarlierRunJson<'a> {
    /// Its name, which is that of its bundle.
    pub(super) run: Cow<'a, str>,
    /// When it began.
    pub(super) started_at: Cow<'a, str>,
}

/// What this audit and those before it saw.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct HistoryJson<'a, W = Vec<WorkspaceRecordJson<'a>>> {
    /// The bundle whose history this one continues.
    pub(super) continues: Option<Cow<'a, str>>,
    /// Why it begins here, or what was passed over.
    pub(super) notes: Cow<'a, [String]>,
    /// The last complete audit before this one.
    pub(super) complete_before: Option<EarlierRunJson<'a>>,
    /// The totals of each UTC date on which there was an audit, oldest first.
    pub(super) nights: Vec<NightJson<'a>>,
    /// What is known of each workspace: also of one that failed, or was not part of this audit.
    pub(super) workspaces: W,
}

/// One audit of which only the totals are kept.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct NightJson<'a> {
    /// The name of the run.
    pub(super) run: Cow<'a, str>,
    /// When it began.
    pub(super) started_at: Cow<'a, str>,
    /// Whether everything was read whole.
    pub(super) complete: bool,
    /// The totals of each workspace that was read.
    pub(super) workspaces: Vec<NightTotalsJson<'a>>,
}

/// The totals of one workspace on one night.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct NightTotalsJson<'a> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// Whether it was read whole. Where that is not said, it was if the night is complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) complete: Option<bool>,
    /// Its totals.
    pub(super) totals: TotalsJson,
}

/// What is known of one workspace.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceRecordJson<'a, S = Vec<RecordJson<'a>>> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// The id that the API gave it, where one was ever seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace_id: Option<Cow<'a, str>>,
    /// How many secrets the last audit that read it listed.
    pub(super) secrets_listed: usize,
    /// What is known of each secret, by id; also of one that is gone, for 400 days.
    pub(super) secrets: S,
}

/// What is known of one secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RecordJson<'a> {
    /// Its id.
    pub(super) secret_id: Cow<'a, str>,
    /// The name that it had when it was last seen.
    pub(super) name: Cow<'a, str>,
    /// When the first audit that listed it began.
    pub(super) first_seen: Cow<'a, str>,
    /// When the last audit that listed it began.
    pub(super) last_seen: Cow<'a, str>,
    /// When the last audit that called it in use or unused began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_observed: Option<Cow<'a, str>>,
    /// When the last audit that called it in use began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_in_use: Option<Cow<'a, str>>,
    /// When the first audit that called it unused began, since it was last called in use.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
    /// On how many UTC dates it was called in use or unused.
    pub(super) nights_observed: u32,
}

impl<'a> EarlierRunJson<'a> {
    /// The form of this run.
    pub(super) fn of(earlier: &'a EarlierRun) -> Self {
        Self { run: text(&earlier.run), started_at: moment(earlier.started_at) }
    }

    /// The run again.
    pub(super) fn restore(self) -> Result<EarlierRun, ReadError> {
        Ok(EarlierRun { started_at: read_moment(&self.started_at)?, run: self.run.into_owned() })
    }
}

/// The form of a history. What is known of each secret is made while it is written.
pub(super) fn history_json(history: &History) -> HistoryJson<'_, impl Serialize> {
    HistoryJson {
        continues: history.continues.as_deref().map(text),
        notes: Cow::Borrowed(&history.notes),
        complete_before: history.complete_before.as_ref().map(EarlierRunJson::of),
        nights: history.nights.iter().map(NightJson::of).collect(),
        workspaces: Each(|| {
            history.workspaces.iter().map(|(name, known)| WorkspaceRecordJson {
                name: text(name),
                workspace_id: known.workspace_id.as_deref().map(text),
                secrets_listed: known.secrets_listed,
                secrets: Each(|| known.secrets.iter().map(|(id, known)| RecordJson::of(id, known))),
            })
        }),
    }
}

impl HistoryJson<'_> {
    /// The history again.
    pub(super) fn restore(self) -> Result<History, ReadError> {
        Ok(History {
            continues: self.continues.map(Cow::into_owned),
            notes: self.notes.into_owned(),
            complete_before: self.complete_before.map(EarlierRunJson::restore).transpose()?,
            nights: self.nights.into_iter().map(NightJson::restore).collect::<Result<_, _>>()?,
            workspaces: self
                .workspaces
                .into_iter()
                .map(WorkspaceRecordJson::restore)
                .collect::<Result<_, _>>()?,
        })
    }
}

impl<'a> NightJson<'a> {
    fn of(night: &'a Night) -> Self {
        let found = night.workspaces.iter();
        Self {
            run: text(&night.run),
            started_at: moment(night.started_at),
            complete: night.is_complete,
            workspaces: found
                .map(|(name, found)| NightTotalsJson {
                    name: text(name),
                    complete: Some(found.is_complete),
                    totals: found.totals.into(),
                })
                .collect(),
        }
    }

    fn restore(self) -> Result<Night, ReadError> {
        let of_each = self.workspaces.into_iter();
        Ok(Night {
            started_at: read_moment(&self.started_at)?,
            run: self.run.into_owned(),
            is_complete: self.complete,
            workspaces: of_each
                .map(|one| {
                    let is_complete = one.complete.unwrap_or(self.complete);
                    (one.name.into_owned(), NightTotals { totals: one.totals.into(), is_complete })
                })
                .collect(),
        })
    }
}

impl WorkspaceRecordJson<'_> {
    fn restore(self) -> Result<(String, WorkspaceRecord), ReadError> {
        let record = WorkspaceRecord {
            workspace_id: self.workspace_id.map(Cow::into_owned),
            secrets_listed: self.secrets_listed,
            secrets: self.secrets.into_iter().map(RecordJson::restore).collect::<Result<_, _>>()?,
        };
        Ok((self.name.into_owned(), record))
    }
}

impl<'a> RecordJson<'a> {
    fn of(secret_id: &'a str, record: &'a Record) -> Self {
        Self {
            secret_id: text(secret_id),
            name: text(&record.name),
            first_seen: moment(record.first_seen),
            last_seen: moment(record.last_seen),
            last_observed: record.last_observed.map(moment),
            last_in_use: record.last_in_use.map(moment),
            unused_since: record.unused_since.map(moment),
            nights_observed: record.nights_observed,
        }
    }

    fn restore(self) -> Result<(String, Record), ReadError> {
        let record = Record {
            name: self.name.into_owned(),
            first_seen: read_moment(&self.first_seen)?,
            last_seen: read_moment(&self.last_seen)?,
            last_observed: read_optional_moment(self.last_observed)?,
            last_in_use: read_optional_moment(self.last_in_use)?,
            unused_since: read_optional_moment(self.unused_since)?,
            nights_observed: self.nights_observed,
        };
        Ok((self.secret_id.into_owned(), record))
    }
}
