//! The form of `report.json`: an interface, and deliberately not the types of the inside.

use serde::{Serialize, Serializer};

use crate::audit::{Figures, SourceRow, Totals};

#[derive(Serialize)]
pub(super) struct Report<'a, P, W, F> {
    pub(super) schema_version: u32,
    pub(super) filtered: bool,
    pub(super) complete: bool,
    pub(super) run: RunJson<'a>,
    pub(super) tool: ToolJson<'a>,
    pub(super) parameters: P,
    pub(super) totals: TotalsJson,
    pub(super) workspaces: W,
    pub(super) failed_workspaces: F,
}

#[derive(Serialize)]
pub(super) struct RunJson<'a> {
    pub(super) id: &'a str,
    pub(super) started_at: String,
    pub(super) finished_at: String,
}

#[derive(Serialize)]
pub(super) struct ToolJson<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
}

#[derive(Serialize)]
pub(super) struct ParametersJson<'a> {
    pub(super) page_size: u32,
    pub(super) dependency_limit: u32,
    pub(super) max_dependency_limit: u32,
    pub(super) search: &'a str,
    pub(super) deep: bool,
    pub(super) csv_delimiter: char,
    pub(super) csv_byte_order_mark: bool,
    pub(super) csv_formula_escaping: bool,
    pub(super) list_length: usize,
}

#[derive(Serialize)]
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

#[derive(Serialize)]
pub(super) struct WorkspaceJson<'a, S> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) complete: bool,
    pub(super) totals: TotalsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) population_drop: Option<PopulationDropJson>,
    pub(super) sources: Vec<SourceJson>,
    pub(super) figures: FiguresJson,
    pub(super) gaps: Vec<GapJson<'a>>,
    pub(super) warnings: &'a [String],
    pub(super) dangling_references: Vec<ReferenceJson<'a>>,
    pub(super) references_not_visible: Vec<ReferenceJson<'a>>,
    pub(super) deleted_secrets: Vec<DeletedSecretJson<'a>>,
    pub(super) secrets: S,
}

#[derive(Serialize)]
pub(super) struct FailedWorkspaceJson<'a> {
    pub(super) name: &'a str,
    pub(super) address: &'a str,
    pub(super) error: &'a str,
    pub(super) key_refused: bool,
}

#[derive(Serialize)]
pub(super) struct PopulationDropJson {
    pub(super) now: usize,
    pub(super) earlier: Option<usize>,
}

#[derive(Serialize)]
pub(super) struct SourceJson {
    pub(super) source: &'static str,
    pub(super) title: &'static str,
    pub(super) endpoint: &'static str,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) why: Option<String>,
    pub(super) pages: u64,
    pub(super) dependents: usize,
}

impl From<SourceRow> for SourceJson {
    fn from(row: SourceRow) -> Self {
        let SourceRow { title, source, status, pages, dependents } = row;
        let why = status.why().map(str::to_owned);
        let (source, endpoint) = (source.as_str(), source.endpoint());
        Self { source, title, endpoint, status: status.as_str(), why, pages, dependents }
    }
}

#[derive(Serialize)]
pub(super) struct FiguresJson {
    pub(super) secrets_listed: usize,
    pub(super) secrets_not_listed: usize,
    pub(super) secrets_deleted: usize,
    pub(super) secrets_confirmed: usize,
    pub(super) dependents_previewed: usize,
    pub(super) dependents_after_completion: usize,
    pub(super) lists_completed_by_higher_limit: usize,
    pub(super) lists_completed_by_paging: usize,
    pub(super) lists_completed_by_scan: usize,
    pub(super) lists_not_whole: usize,
    pub(super) list_pages: u64,
    pub(super) higher_limit_pages: u64,
    pub(super) dependency_pages: u64,
    pub(super) requests: u64,
    pub(super) retries: u64,
}

impl From<Figures> for FiguresJson {
    fn from(figures: Figures) -> Self {
        Self {
            secrets_listed: figures.secrets_listed,
            secrets_not_listed: figures.secrets_not_listed,
            secrets_deleted: figures.secrets_deleted,
            secrets_confirmed: figures.secrets_confirmed,
            dependents_previewed: figures.dependents_previewed,
            dependents_after_completion: figures.dependents_after_completion,
            lists_completed_by_higher_limit: figures.lists_completed_by_higher_limit,
            lists_completed_by_paging: figures.lists_completed_by_paging,
            lists_completed_by_scan: figures.lists_completed_by_scan,
            lists_not_whole: figures.lists_not_whole,
            list_pages: figures.list_pages,
            higher_limit_pages: figures.higher_limit_pages,
            dependency_pages: figures.dependency_pages,
            requests: figures.requests,
            retries: figures.retries,
        }
    }
}

#[derive(Serialize)]
pub(super) struct ReferenceJson<'a> {
    pub(super) secret_id: &'a str,
    pub(super) r#type: &'a str,
    pub(super) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) via: &'a [String],
    pub(super) why: &'a str,
}

#[derive(Serialize)]
pub(super) struct DeletedSecretJson<'a> {
    pub(super) secret_id: &'a str,
    pub(super) name: &'a str,
}

#[derive(Serialize)]
pub(super) struct GapJson<'a> {
    pub(super) what: &'a str,
    pub(super) why: &'a str,
}

#[derive(Serialize)]
pub(super) struct SecretJson<'a, D> {
    pub(super) secret_id: &'a str,
    pub(super) name: &'a str,
    pub(super) verdict: &'a str,
    pub(super) reason: &'a str,
    pub(super) complete: bool,
    pub(super) gaps: Vec<GapJson<'a>>,
    pub(super) dependents: D,
}

#[derive(Serialize)]
pub(super) struct DependentJson<'a> {
    pub(super) r#type: &'a str,
    pub(super) id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) name: Option<&'a str>,
    pub(super) visibility: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) access_level: Option<&'a str>,
    pub(super) relation: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) via: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) created_at: Option<String>,
    pub(super) sources: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) discrepancy: Option<&'a str>,
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
