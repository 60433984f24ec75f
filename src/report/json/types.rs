//! The form of `report.json` but for the parts that have files of their own: an interface, and deliberately not the types
//! of the inside.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    changes::{ChangesJson, SecretNameJson},
    coverage::{FiguresJson, GapJson, PopulationDropJson, SourceJson, TotalsJson, UnusedJson, ViewJson},
    dependent::DependentJson,
    error::ReadError,
    history::{EarlierRunJson, HistoryJson},
    parameters::ParametersJson,
    values::read_moment,
    waiver::WaiverJson,
};
use crate::{clock::ClockCheck, inventory::Missing};

/// The whole, as it is written. (It is read in parts: see `read`.)
#[derive(Serialize, JsonSchema)]
#[schemars(title = "report.json of elevenlabs-secrets-audit")]
pub(super) struct ReportJson<'a, W, H = HistoryJson<'a>> {
    /// The version of this form.
    #[schemars(extend("const" = super::SCHEMA_VERSION))]
    pub(super) schema_version: u32,
    /// Whether only some secrets were read: then this says nothing of the others.
    pub(super) filtered: bool,
    /// Whether everything was read whole. Only then are the findings to be acted on.
    pub(super) complete: bool,
    /// Whether the clock of the machine was more than 5 minutes off: later audits leave this one out of account.
    #[serde(default)]
    pub(super) clock_off: bool,
    /// Which run this is.
    pub(super) run: RunJson<'a>,
    /// The program.
    pub(super) tool: ToolJson<'a>,
    /// What was asked for, and what rendering depends on.
    pub(super) parameters: ParametersJson<'a>,
    /// The totals over all workspaces.
    pub(super) totals: TotalsJson,
    /// What the unused secrets come to.
    pub(super) unused: UnusedJson,
    /// The last complete audit: this one, or one before it.
    pub(super) last_complete: Option<EarlierRunJson<'a>>,
    /// What is different, of each workspace from the last audit before this one that read it whole.
    pub(super) changes: ChangesJson<'a>,
    /// Every waiver and what it comes to.
    pub(super) waivers: Vec<WaiverJson<'a>>,
    /// The workspaces that could not be read.
    pub(super) failed_workspaces: Vec<FailedWorkspaceJson<'a>>,
    /// The workspaces that were read.
    pub(super) workspaces: W,
    /// What this audit and those before it saw.
    pub(super) history: H,
}

/// The whole, with nothing left open.
pub(super) type WholeReport =
    ReportJson<'static, Vec<WorkspaceJson<'static, Vec<SecretJson<'static, Vec<DependentJson<'static>>>>>>>;

/// What stands before the workspaces, as it is read.
#[derive(Deserialize)]
pub(super) struct HeadJson {
    pub(super) schema_version: u32,
    pub(super) filtered: bool,
    pub(super) complete: bool,
    pub(super) run: RunJson<'static>,
    pub(super) tool: ToolJson<'static>,
    pub(super) parameters: ParametersJson<'static>,
    #[serde(default)]
    pub(super) changes: ChangesJson<'static>,
    #[serde(default)]
    pub(super) waivers: Vec<WaiverJson<'static>>,
    #[serde(default)]
    pub(super) failed_workspaces: Vec<FailedWorkspaceJson<'static>>,
}

/// A run.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct RunJson<'a> {
    /// Its name, which is that of its bundle.
    pub(super) id: Cow<'a, str>,
    /// When it began, RFC 3339, UTC.
    pub(super) started_at: Cow<'a, str>,
    /// When the last answer had been read.
    pub(super) finished_at: Cow<'a, str>,
    /// By how many seconds the clock of the machine, by which these times are, was ahead of the API's; 0 within 5 minutes. Absent where no answer told its time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) clock_ahead_seconds: Option<i64>,
}

impl RunJson<'_> {
    /// How the clock of the machine compared with the API's.
    pub(super) fn clock(&self) -> ClockCheck {
        ClockCheck::of(self.clock_ahead_seconds.and_then(TimeDelta::try_seconds))
    }

    /// When it began, by the API's clock where the machine's was off.
    pub(super) fn began(&self) -> Result<DateTime<Utc>, ReadError> {
        Ok(self.clock().by_the_api(read_moment(&self.started_at)?))
    }
}

/// A program.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ToolJson<'a> {
    /// Its name.
    pub(super) name: Cow<'a, str>,
    /// Its version.
    pub(super) version: Cow<'a, str>,
}

/// A workspace; read without its secrets, which come one by one.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct WorkspaceJson<'a, S> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// The address that was asked.
    pub(super) address: Cow<'a, str>,
    /// The id that the API gives it, where anything that was read shows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace_id: Option<Cow<'a, str>>,
    /// Whether everything in it was read whole.
    pub(super) complete: bool,
    /// How many secrets have which verdict.
    pub(super) totals: TotalsJson,
    /// Whether the key sees suspiciously few secrets.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) population_drop: Option<PopulationDropJson>,
    /// What the key may see.
    #[serde(default)]
    pub(super) view: ViewJson<'a>,
    /// Whether the key sees no secret, and nothing says that this is as it should be.
    #[serde(default)]
    pub(super) unexpectedly_empty: bool,
    /// How many secrets the last published audit of all secrets listed; only where now there is none, unexpectedly.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) listed_before: Option<usize>,
    /// Every source and how its reading went, in the order in which they were asked.
    pub(super) sources: Vec<SourceJson<'a>>,
    /// How the reading went, in numbers.
    pub(super) figures: FiguresJson,
    /// What could not be read besides the lists of single secrets.
    pub(super) gaps: Vec<GapJson<'a>>,
    /// What could not be read at all and is no gap, in sentences.
    #[serde(default)]
    pub(super) limits: Cow<'a, [String]>,
    /// Oddities that cost nothing.
    pub(super) warnings: Cow<'a, [String]>,
    /// References to secrets that don't exist.
    pub(super) dangling_references: Vec<ReferenceJson<'a>>,
    /// References to secrets that the key may not see.
    pub(super) references_not_visible: Vec<ReferenceJson<'a>>,
    /// Secrets that were deleted while they were read.
    pub(super) deleted_secrets: Vec<SecretNameJson<'a>>,
    /// The secrets, by name and id.
    pub(super) secrets: S,
}

/// A workspace that could not be read.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct FailedWorkspaceJson<'a> {
    /// The configured name.
    pub(super) name: Cow<'a, str>,
    /// The address that was asked.
    pub(super) address: Cow<'a, str>,
    /// What happened and what to do about it.
    pub(super) error: Cow<'a, str>,
    /// Whether the API refused the key.
    pub(super) key_refused: bool,
}

/// A secret's id found where there is no such secret in the list.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct ReferenceJson<'a> {
    /// The id that is referred to.
    pub(super) secret_id: Cow<'a, str>,
    /// What refers to it.
    pub(super) r#type: Cow<'a, str>,
    /// The id of what refers to it.
    pub(super) id: Cow<'a, str>,
    /// The name of what refers to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Cow<'a, str>>,
    /// Where in it: environments, branches or paths.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub(super) via: Cow<'a, [String]>,
    /// What is known of the secret.
    pub(super) why: Cow<'a, str>,
}

/// One secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(super) struct SecretJson<'a, D> {
    /// The id, which identifies it.
    pub(super) secret_id: Cow<'a, str>,
    /// The name, which may change and need not be unique.
    pub(super) name: Cow<'a, str>,
    /// What is to be said of it.
    #[schemars(extend("enum" = ["in_use", "unused", "undetermined"]))]
    pub(super) verdict: Cow<'a, str>,
    /// Why, in words.
    pub(super) reason: Cow<'a, str>,
    /// Why, as a code. With `unused`, `within_grace` also says that `[policy] unused_after_days` have not passed.
    #[schemars(extend("enum" = ["used", "used_at_least", "unused", "within_grace", "not_read_whole"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason_code: Option<Cow<'a, str>>,
    /// What could hide a use of it, as codes: of one that is in use its own lists, of one that is undetermined all else, too. At most 20.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) missing: Vec<Missing>,
    /// What "unused" rests on, only where it is that: every tool, agent and branch was read too, or, for these, the lists of the API alone.
    #[schemars(extend("enum" = ["inspected", "listed"]))]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) evidence: Option<Cow<'a, str>>,
    /// Whether every list of its dependents was read whole.
    pub(super) complete: bool,
    /// When the first audit that listed it began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_seen: Option<Cow<'a, str>>,
    /// When the last audit that called it in use began.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_in_use: Option<Cow<'a, str>>,
    /// When the first audit that called it unused began, since it was last called in use; only of a secret that is called unused now.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
    /// The difference of the UTC dates of that audit and of this one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_days: Option<u32>,
    /// On how many UTC dates it was called in use or unused.
    #[serde(default)]
    pub(super) nights_observed: u32,
    /// Whether it is unused for fewer days than `unused_after_days`.
    #[serde(default)]
    pub(super) within_grace: bool,
    /// Whether a waiver holds for it.
    #[serde(default)]
    pub(super) waived: bool,
    /// Which of the report's waivers names it, by its state and all else; the first that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiver: Option<WaiverJson<'a>>,
    /// The lists that were not read whole.
    pub(super) gaps: Vec<GapJson<'a>>,
    /// What uses it, by type, name and id.
    pub(super) dependents: D,
}
