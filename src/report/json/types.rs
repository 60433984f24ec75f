//! The form of `report.json`, written and read back: an interface, and deliberately not the types of the inside.

use std::borrow::Cow;

use serde::{Deserialize, Serialize, Serializer};

use crate::audit::{Figures, Redaction, SourceRow, Totals};

/// The whole, as it is written. (It is read in parts: see `read`.)
#[derive(Serialize)]
pub(super) struct ReportJson<'a, W> {
    pub(super) schema_version: u32,
    pub(super) filtered: bool,
    pub(super) complete: bool,
    pub(super) run: RunJson<'a>,
    pub(super) tool: ToolJson<'a>,
    pub(super) parameters: ParametersJson<'a>,
    pub(super) totals: TotalsJson,
    pub(super) last_complete: Option<EarlierRunJson<'a>>,
    pub(super) changes: ChangesJson<'a>,
    pub(super) waivers: Vec<WaiverJson<'a>>,
    pub(super) failed_workspaces: Vec<FailedWorkspaceJson<'a>>,
    pub(super) workspaces: W,
    pub(super) history: HistoryJson<'a>,
}

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

#[derive(Serialize, Deserialize)]
pub(super) struct RunJson<'a> {
    pub(super) id: Cow<'a, str>,
    pub(super) started_at: Cow<'a, str>,
    pub(super) finished_at: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ToolJson<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) version: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(crate) struct ParametersJson<'a> {
    pub(super) page_size: u32,
    pub(super) dependency_limit: u32,
    pub(super) max_dependency_limit: u32,
    pub(super) search: Cow<'a, str>,
    pub(super) deep: bool,
    #[serde(default)]
    pub(super) unused_after_days: u32,
    #[serde(default)]
    pub(super) waivers_ignored: bool,
    #[serde(default)]
    pub(super) redact: Vec<Redaction>,
    pub(super) csv_delimiter: char,
    pub(super) csv_byte_order_mark: bool,
    pub(super) csv_formula_escaping: bool,
    pub(super) list_length: usize,
}

#[derive(Clone, Copy, Serialize, Deserialize, Default)]
pub(super) struct TotalsJson {
    pub(super) secrets: usize,
    pub(super) in_use: usize,
    pub(super) unused: usize,
    pub(super) undetermined: usize,
    pub(super) dependents: usize,
}

impl From<Totals> for TotalsJson {
    fn from(Totals { secrets, in_use, unused, undetermined, dependents }: Totals) -> Self {
        Self { secrets, in_use, unused, undetermined, dependents }
    }
}

impl From<TotalsJson> for Totals {
    fn from(TotalsJson { secrets, in_use, unused, undetermined, dependents }: TotalsJson) -> Self {
        Self { secrets, in_use, unused, undetermined, dependents }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) struct EarlierRunJson<'a> {
    pub(super) run: Cow<'a, str>,
    pub(super) started_at: Cow<'a, str>,
}

/// What is different from the last complete audit. Without `since` nothing was compared, for the reason `not_compared`.
#[derive(Serialize, Deserialize, Default)]
pub(super) struct ChangesJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_compared: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) since: Option<EarlierRunJson<'a>>,
    pub(super) workspaces: Vec<WorkspaceChangesJson<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WorkspaceChangesJson<'a> {
    pub(super) workspace: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) not_compared: Option<Cow<'a, str>>,
    pub(super) new: Vec<SecretNameJson<'a>>,
    pub(super) gone: Vec<SecretNameJson<'a>>,
    pub(super) newly_unused: Vec<SecretNameJson<'a>>,
    pub(super) back_in_use: Vec<SecretNameJson<'a>>,
    pub(super) renamed: Vec<RenamedSecretJson<'a>>,
    pub(super) dependents: Vec<DependentChangesJson<'a>>,
}

/// A secret by id and name.
#[derive(Serialize, Deserialize)]
pub(super) struct SecretNameJson<'a> {
    pub(super) secret_id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RenamedSecretJson<'a> {
    pub(super) secret_id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) earlier_name: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DependentChangesJson<'a> {
    pub(super) secret_id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) gained: usize,
    pub(super) lost: usize,
    pub(super) gained_first: Vec<DependentNameJson<'a>>,
    pub(super) lost_first: Vec<DependentNameJson<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DependentNameJson<'a> {
    pub(super) r#type: Cow<'a, str>,
    pub(super) id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WaiverJson<'a> {
    pub(super) secret_id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace: Option<Cow<'a, str>>,
    pub(super) reason: Cow<'a, str>,
    pub(super) owner: Cow<'a, str>,
    pub(super) expires: chrono::NaiveDate,
    pub(super) state: Cow<'a, str>,
}

/// A workspace; read without its secrets, which come one by one.
#[derive(Serialize, Deserialize)]
pub(super) struct WorkspaceJson<'a, S> {
    pub(super) name: Cow<'a, str>,
    pub(super) address: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace_id: Option<Cow<'a, str>>,
    pub(super) complete: bool,
    pub(super) totals: TotalsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) population_drop: Option<PopulationDropJson>,
    pub(super) sources: Vec<SourceJson<'a>>,
    pub(super) figures: FiguresJson,
    pub(super) gaps: Vec<GapJson<'a>>,
    pub(super) warnings: Cow<'a, [String]>,
    pub(super) dangling_references: Vec<ReferenceJson<'a>>,
    pub(super) references_not_visible: Vec<ReferenceJson<'a>>,
    pub(super) deleted_secrets: Vec<SecretNameJson<'a>>,
    #[serde(default)]
    pub(super) secrets: S,
}

#[derive(Serialize, Deserialize)]
pub(super) struct FailedWorkspaceJson<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) address: Cow<'a, str>,
    pub(super) error: Cow<'a, str>,
    pub(super) key_refused: bool,
}

#[derive(Serialize, Deserialize)]
pub(super) struct PopulationDropJson {
    pub(super) now: usize,
    pub(super) earlier: Option<usize>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SourceJson<'a> {
    pub(super) source: Cow<'a, str>,
    pub(super) title: Cow<'a, str>,
    pub(super) endpoint: Cow<'a, str>,
    pub(super) status: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<Cow<'a, str>>,
    pub(super) pages: u64,
    pub(super) dependents: usize,
}

impl<'a> From<&'a SourceRow> for SourceJson<'a> {
    fn from(row: &'a SourceRow) -> Self {
        Self {
            source: row.source.as_str().into(),
            title: row.title().into(),
            endpoint: row.source.endpoint().into(),
            status: row.status.as_str().into(),
            why: row.status.why().map(Cow::Borrowed),
            pages: row.pages,
            dependents: row.dependents,
        }
    }
}

/// Makes a struct of the same fields and the conversions both ways.
macro_rules! same_fields {
    ($json:ident = $inside:ident { $($field:ident: $type:ty),* $(,)? }) => {
        #[derive(Serialize, Deserialize)]
        pub(super) struct $json {
            $(pub(super) $field: $type,)*
        }

        impl From<$inside> for $json {
            fn from($inside { $($field),* }: $inside) -> Self {
                Self { $($field),* }
            }
        }

        impl From<$json> for $inside {
            fn from($json { $($field),* }: $json) -> Self {
                Self { $($field),* }
            }
        }
    };
}

same_fields!(
    FiguresJson = Figures {
        secrets_listed: usize,
        secrets_not_listed: usize,
        secrets_deleted: usize,
        secrets_confirmed: usize,
        dependents_previewed: usize,
        dependents_after_completion: usize,
        lists_completed_by_higher_limit: usize,
        lists_completed_by_paging: usize,
        lists_completed_by_scan: usize,
        lists_not_whole: usize,
        list_pages: u64,
        higher_limit_pages: u64,
        dependency_pages: u64,
        requests: u64,
        retries: u64,
    }
);

#[derive(Serialize, Deserialize)]
pub(super) struct ReferenceJson<'a> {
    pub(super) secret_id: Cow<'a, str>,
    pub(super) r#type: Cow<'a, str>,
    pub(super) id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub(super) via: Cow<'a, [String]>,
    pub(super) why: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct GapJson<'a> {
    pub(super) what: Cow<'a, str>,
    pub(super) why: Cow<'a, str>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct SecretJson<'a, D> {
    pub(super) secret_id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) verdict: Cow<'a, str>,
    pub(super) reason: Cow<'a, str>,
    pub(super) complete: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_seen: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_in_use: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_days: Option<u32>,
    #[serde(default)]
    pub(super) nights_observed: u32,
    #[serde(default)]
    pub(super) within_grace: bool,
    #[serde(default)]
    pub(super) waived: bool,
    /// Which of the report's waivers names it, by its state and all else; the first that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiver: Option<WaiverJson<'a>>,
    pub(super) gaps: Vec<GapJson<'a>>,
    pub(super) dependents: D,
}

#[derive(Serialize, Deserialize)]
pub(super) struct DependentJson<'a> {
    pub(super) r#type: Cow<'a, str>,
    pub(super) id: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<Cow<'a, str>>,
    pub(super) visibility: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access_level: Option<Cow<'a, str>>,
    pub(super) relation: Cow<'a, str>,
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub(super) via: Cow<'a, [String]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<Cow<'a, str>>,
    pub(super) sources: Vec<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) discrepancy: Option<Cow<'a, str>>,
}

/// What this audit and those before it saw.
#[derive(Serialize, Deserialize)]
pub(super) struct HistoryJson<'a> {
    pub(super) continues: Option<Cow<'a, str>>,
    pub(super) notes: Cow<'a, [String]>,
    pub(super) complete_before: Option<EarlierRunJson<'a>>,
    pub(super) nights: Vec<NightJson<'a>>,
    pub(super) workspaces: Vec<WorkspaceRecordJson<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NightJson<'a> {
    pub(super) run: Cow<'a, str>,
    pub(super) started_at: Cow<'a, str>,
    pub(super) complete: bool,
    pub(super) workspaces: Vec<NightTotalsJson<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct NightTotalsJson<'a> {
    pub(super) name: Cow<'a, str>,
    pub(super) totals: TotalsJson,
}

#[derive(Serialize, Deserialize)]
pub(super) struct WorkspaceRecordJson<'a> {
    pub(super) name: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) workspace_id: Option<Cow<'a, str>>,
    pub(super) secrets_listed: usize,
    pub(super) secrets: Vec<RecordJson<'a>>,
}

#[derive(Serialize, Deserialize)]
pub(super) struct RecordJson<'a> {
    pub(super) secret_id: Cow<'a, str>,
    pub(super) name: Cow<'a, str>,
    pub(super) first_seen: Cow<'a, str>,
    pub(super) last_seen: Cow<'a, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_observed: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_in_use: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) unused_since: Option<Cow<'a, str>>,
    pub(super) nights_observed: u32,
}

/// A list that is made while it is written, so that a million rows never stand in memory twice.
pub(super) struct Each<F>(pub(super) F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}
