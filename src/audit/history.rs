//! What earlier audits saw, carried from bundle to bundle: of each secret since when it is known and since when it is
//! unused, and the totals of each night.
//!
//! `in_use` and `unused` move what is known of a secret; `undetermined` doesn't: it neither starts nor ends a spell.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};

use super::{Totals, Verdict};

/// For how many days a night's totals, and the record of a secret that is gone, are kept.
pub(crate) const DAYS_KEPT: u32 = 400;

/// What this audit and those before it saw.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// The bundle whose history this one continues. `None`: it begins here.
    pub continues: Option<String>,
    /// Why it begins here, or what was passed over, for people.
    pub notes: Vec<String>,
    /// The last complete audit before this one.
    pub complete_before: Option<EarlierRun>,
    /// The totals of each UTC date on which there was an audit, oldest first.
    pub nights: Vec<Night>,
    /// What is known of each workspace, by its configured name: also of one that failed, or was not part of this audit.
    pub workspaces: BTreeMap<String, WorkspaceRecord>,
}

/// Another run than this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierRun {
    /// Its name.
    pub run: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
}

/// One audit of which only the totals are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Night {
    /// The name of its run.
    pub run: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// Whether everything was read whole.
    pub is_complete: bool,
    /// What was found in each workspace that was read, by its configured name.
    pub workspaces: BTreeMap<String, NightTotals>,
}

/// What one night found in one workspace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NightTotals {
    /// How many secrets have which verdict.
    pub totals: Totals,
    /// Whether it was read whole. If not, what is unused may count as undetermined.
    pub is_complete: bool,
}

/// One UTC date in the series of the nights.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Date {
    /// Which.
    pub date: NaiveDate,
    /// Whether there was no audit of all secrets.
    pub(crate) was_missed: bool,
    /// What was found, where everything was read whole.
    pub totals: Option<Totals>,
}

impl Night {
    /// What was found in a workspace, where it was read whole.
    pub fn whole(&self, workspace: &str) -> Option<Totals> {
        self.workspaces.get(workspace).filter(|found| found.is_complete).map(|found| found.totals)
    }
}

/// What is known of one workspace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkspaceRecord {
    /// The id that the API gave it, where one was ever seen.
    pub workspace_id: Option<String>,
    /// How many secrets the last audit that read it listed.
    pub secrets_listed: usize,
    /// What is known of each secret, by its id.
    pub secrets: BTreeMap<String, Record>,
}

/// What is known of one secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The name that it had when it was last seen.
    pub name: String,
    /// When the first audit that listed it began.
    pub first_seen: DateTime<Utc>,
    /// When the last audit that listed it began.
    pub last_seen: DateTime<Utc>,
    /// When the last audit that called it in use or unused began.
    pub last_observed: Option<DateTime<Utc>>,
    /// When the last audit that called it in use began.
    pub last_in_use: Option<DateTime<Utc>>,
    /// When the first audit that called it unused began, since it was last called in use.
    pub unused_since: Option<DateTime<Utc>>,
    /// On how many UTC dates it was called in use or unused.
    pub nights_observed: u32,
}

impl Record {
    fn first_seen(at: DateTime<Utc>) -> Self {
        Self {
            name: String::new(),
            first_seen: at,
            last_seen: at,
            last_observed: None,
            last_in_use: None,
            unused_since: None,
            nights_observed: 0,
        }
    }

    /// Adds what an audit that began `at` says of the secret.
    pub fn observe(&mut self, name: &str, verdict: Verdict, at: DateTime<Utc>) {
        name.clone_into(&mut self.name);
        self.last_seen = at;
        match verdict {
            Verdict::InUse => (self.last_in_use, self.unused_since) = (Some(at), None),
            Verdict::Unused => self.unused_since = self.unused_since.or(Some(at)),
            Verdict::Undetermined => return,
        }
        let is_another_date = self.last_observed.is_none_or(|last| last.date_naive() != at.date_naive());
        self.nights_observed += u32::from(is_another_date);
        self.last_observed = Some(at);
    }
}

impl WorkspaceRecord {
    /// Adds what an audit that began `at` says of one of its secrets.
    pub fn observe(&mut self, id: &str, name: &str, verdict: Verdict, at: DateTime<Utc>) {
        if let Some(known) = self.secrets.get_mut(id) {
            known.observe(name, verdict, at);
        } else {
            let mut record = Record::first_seen(at);
            record.observe(name, verdict, at);
            self.secrets.insert(id.to_owned(), record);
        }
    }
}

impl History {
    /// Whether a workspace of this name was another one before, by the id that the API gives it.
    pub(super) fn was_another(&self, name: &str, id: Option<&str>) -> bool {
        let known = self.workspaces.get(name).and_then(|known| known.workspace_id.as_deref());
        matches!((known, id), (Some(known), Some(now)) if known != now)
    }

    /// Whether the last audit that read this workspace whole found no secret in it.
    pub(super) fn was_empty(&self, name: &str) -> bool {
        let last = self.nights.iter().rev().find_map(|night| night.whole(name));
        last.is_some_and(|totals| totals.secrets == 0)
    }

    /// Forgets what is known of a workspace, where its name stands for another one now.
    pub(super) fn begin_afresh_if_another(&mut self, name: &str, id: Option<&str>) {
        if !self.was_another(name, id) {
            return;
        }
        let known = self.workspaces.remove(name).unwrap_or_default();
        for night in &mut self.nights {
            night.workspaces.remove(name);
        }
        self.notes.push(format!(
            "The API key of {name} now shows another workspace ({} before, {} now): what is known of {name} begins afresh \
             with this audit.",
            known.workspace_id.unwrap_or_default(),
            id.unwrap_or_default()
        ));
    }

    /// One night for each date: a complete one is not replaced by one that isn't.
    pub(super) fn add_night(&mut self, night: Night) {
        let date = night.started_at.date_naive();
        let same_date = |other: &Night| other.started_at.date_naive() == date;
        if self.nights.iter().any(|other| same_date(other) && other.is_complete && !night.is_complete) {
            return;
        }
        self.nights.retain(|other| {
            !same_date(other) && days_between(other.started_at, night.started_at) < DAYS_KEPT
        });
        self.nights.push(night);
        // The clock may have gone back.
        self.nights.sort_by_key(|night| night.started_at);
    }
}

/// The difference of the UTC dates of two moments, in days; 0 where the clock went back.
pub(crate) fn days_between(from: DateTime<Utc>, to: DateTime<Utc>) -> u32 {
    let days = to.date_naive().signed_duration_since(from.date_naive()).num_days();
    u32::try_from(days.max(0)).unwrap_or(u32::MAX)
}
