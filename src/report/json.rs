//! `report.json`: everything, for programs, with a schema version of its own and values as they are.
//!
//! Its types are an interface and deliberately not those of the inside.

use std::io::{self, Write};

use serde::{Serialize, Serializer};

use super::{created_at, timestamp};
use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace, Discrepancy, Figures, Parameters, SourceRow, Totals},
    inventory::{Dependent, Gap, Reference, Relation},
};

/// The version of the form of `report.json`. Fields may be added within one version; any other change makes a new one.
pub const SCHEMA_VERSION: u32 = 1;

/// Objects nested deeper than this stand on one line each, such as a dependent.
const INDENTED_LEVELS: usize = 6;

/// Writes the report.
pub(super) fn report(audit: &Audit, out: impl Write) -> io::Result<()> {
    let report = Report {
        schema_version: SCHEMA_VERSION,
        filtered: audit.filter().is_some(),
        complete: audit.is_complete(),
        run: RunJson {
            id: &audit.run.id,
            started_at: timestamp(audit.run.started_at),
            finished_at: timestamp(audit.run.finished_at),
        },
        tool: ToolJson { name: env!("CARGO_PKG_NAME"), version: &audit.run.tool_version },
        parameters: parameters_json(&audit.parameters),
        totals: audit.totals().into(),
        workspaces: Each(|| audit.workspaces.iter().map(workspace)),
        failed_workspaces: Each(|| {
            audit.failed.iter().map(|failed| FailedWorkspaceJson {
                name: &failed.name,
                address: &failed.address,
                error: &failed.error,
                key_refused: failed.key_refused,
            })
        }),
    };
    let mut serializer = serde_json::Serializer::with_formatter(out, Layout::default());
    report.serialize(&mut serializer).map_err(io::Error::from)?;
    serializer.into_inner().write_all(b"\n")
}

fn workspace(workspace: &AuditedWorkspace) -> impl Serialize {
    WorkspaceJson {
        name: workspace.name(),
        address: workspace.address(),
        complete: workspace.is_complete(),
        totals: workspace.totals().into(),
        population_drop: workspace
            .population_drop()
            .map(|drop| PopulationDropJson { now: drop.now, earlier: drop.earlier }),
        sources: workspace.sources().into_iter().map(Into::into).collect(),
        figures: workspace.figures().into(),
        gaps: gaps(workspace.gaps()),
        warnings: workspace.warnings(),
        dangling_references: references(workspace.dangling()),
        references_not_visible: references(workspace.not_visible()),
        deleted_secrets: workspace
            .deleted()
            .iter()
            .map(|(secret_id, name)| DeletedSecretJson { secret_id, name })
            .collect(),
        secrets: Each(|| workspace.secrets().map(secret)),
    }
}

fn secret<'a>(secret: AuditedSecret<'a>) -> impl Serialize + 'a {
    SecretJson {
        secret_id: secret.id(),
        name: secret.name(),
        verdict: secret.verdict().as_str(),
        reason: secret.reason(),
        complete: secret.is_whole(),
        gaps: gaps(secret.gaps()),
        dependents: Each(move || secret.dependents().map(move |one| dependent(one, secret.discrepancy(one)))),
    }
}

fn references(references: &[Reference]) -> Vec<ReferenceJson<'_>> {
    references
        .iter()
        .map(|reference| ReferenceJson {
            secret_id: &reference.secret_id,
            r#type: reference.holder.dependent_type.as_str(),
            id: &reference.holder.id,
            name: reference.holder.name.as_deref(),
            via: &reference.via,
            why: &reference.why,
        })
        .collect()
}

fn gaps(gaps: &[Gap]) -> Vec<GapJson<'_>> {
    gaps.iter().map(|gap| GapJson { what: &gap.what, why: &gap.why }).collect()
}

fn dependent(dependent: Dependent<'_>, discrepancy: Option<Discrepancy>) -> impl Serialize {
    let resource = dependent.resource;
    DependentJson {
        r#type: resource.dependent_type.as_str(),
        id: &resource.id,
        name: resource.name.as_deref(),
        visibility: resource.visibility.as_str(),
        access_level: resource.access_level.as_deref(),
        relation: match dependent.relation {
            Relation::Direct => "direct",
            Relation::Transitive => "transitive",
        },
        via: dependent.via,
        provider: resource.provider.as_deref(),
        phone_number: resource.phone_number.as_deref(),
        created_at: resource.created_at_unix_secs.and_then(created_at),
        sources: dependent.sources.names().collect(),
        discrepancy: discrepancy.map(Discrepancy::as_str),
    }
}

/// The parameters as `report.json` and the manifest show them.
#[must_use]
pub fn parameters_json(parameters: &Parameters) -> impl Serialize {
    let Parameters { page_size, dependency_limit, max_dependency_limit, search, deep, rendering } =
        parameters;
    ParametersJson {
        page_size: *page_size,
        dependency_limit: *dependency_limit,
        max_dependency_limit: *max_dependency_limit,
        search,
        deep: *deep,
        csv_delimiter: rendering.csv_delimiter,
        csv_byte_order_mark: rendering.csv_byte_order_mark,
        csv_formula_escaping: rendering.csv_formula_escaping,
        list_length: rendering.list_length,
    }
}

#[derive(Serialize)]
struct Report<'a, P, W, F> {
    schema_version: u32,
    filtered: bool,
    complete: bool,
    run: RunJson<'a>,
    tool: ToolJson<'a>,
    parameters: P,
    totals: TotalsJson,
    workspaces: W,
    failed_workspaces: F,
}

#[derive(Serialize)]
struct RunJson<'a> {
    id: &'a str,
    started_at: String,
    finished_at: String,
}

#[derive(Serialize)]
struct ToolJson<'a> {
    name: &'a str,
    version: &'a str,
}

#[derive(Serialize)]
struct ParametersJson<'a> {
    page_size: u32,
    dependency_limit: u32,
    max_dependency_limit: u32,
    search: &'a str,
    deep: bool,
    csv_delimiter: char,
    csv_byte_order_mark: bool,
    csv_formula_escaping: bool,
    list_length: usize,
}

#[derive(Serialize)]
struct TotalsJson {
    secrets: usize,
    in_use: usize,
    unused: usize,
    undetermined: usize,
    dependents: usize,
}

impl From<Totals> for TotalsJson {
    fn from(Totals { secrets, in_use, unused, undetermined, dependents }: Totals) -> Self {
        Self { secrets, in_use, unused, undetermined, dependents }
    }
}

#[derive(Serialize)]
struct WorkspaceJson<'a, S> {
    name: &'a str,
    address: &'a str,
    complete: bool,
    totals: TotalsJson,
    #[serde(skip_serializing_if = "Option::is_none")]
    population_drop: Option<PopulationDropJson>,
    sources: Vec<SourceJson>,
    figures: FiguresJson,
    gaps: Vec<GapJson<'a>>,
    warnings: &'a [String],
    dangling_references: Vec<ReferenceJson<'a>>,
    references_not_visible: Vec<ReferenceJson<'a>>,
    deleted_secrets: Vec<DeletedSecretJson<'a>>,
    secrets: S,
}

#[derive(Serialize)]
struct FailedWorkspaceJson<'a> {
    name: &'a str,
    address: &'a str,
    error: &'a str,
    key_refused: bool,
}

#[derive(Serialize)]
struct PopulationDropJson {
    now: usize,
    earlier: Option<usize>,
}

#[derive(Serialize)]
struct SourceJson {
    source: &'static str,
    title: &'static str,
    endpoint: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    pages: u64,
    dependents: usize,
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
struct FiguresJson {
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
struct ReferenceJson<'a> {
    secret_id: &'a str,
    r#type: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    via: &'a [String],
    why: &'a str,
}

#[derive(Serialize)]
struct DeletedSecretJson<'a> {
    secret_id: &'a str,
    name: &'a str,
}

#[derive(Serialize)]
struct GapJson<'a> {
    what: &'a str,
    why: &'a str,
}

#[derive(Serialize)]
struct SecretJson<'a, D> {
    secret_id: &'a str,
    name: &'a str,
    verdict: &'a str,
    reason: &'a str,
    complete: bool,
    gaps: Vec<GapJson<'a>>,
    dependents: D,
}

#[derive(Serialize)]
struct DependentJson<'a> {
    r#type: &'a str,
    id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    visibility: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    access_level: Option<&'a str>,
    relation: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    via: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    provider: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone_number: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    sources: Vec<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    discrepancy: Option<&'a str>,
}

/// A list that is made while it is written, so that a million rows never stand in memory twice.
struct Each<F>(F);

impl<F, I> Serialize for Each<F>
where
    F: Fn() -> I,
    I: Iterator<Item: Serialize>,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// Indents the outer levels and keeps the inner ones on one line: readable, and a line for each dependent, so that
/// two reports can be compared line by line.
#[derive(Default)]
struct Layout {
    level: usize,
    has_value: bool,
}

impl Layout {
    fn open(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        self.level += 1;
        self.has_value = false;
        out.write_all(bracket)
    }

    fn close(&mut self, out: &mut (impl Write + ?Sized), bracket: &[u8]) -> io::Result<()> {
        let indented = self.level <= INDENTED_LEVELS;
        self.level -= 1;
        if indented && self.has_value {
            self.indent(out)?;
        }
        self.has_value = true;
        out.write_all(bracket)
    }

    fn separate(&mut self, out: &mut (impl Write + ?Sized), first: bool) -> io::Result<()> {
        if !first {
            out.write_all(b",")?;
        }
        if self.level <= INDENTED_LEVELS {
            self.indent(out)
        } else if first {
            Ok(())
        } else {
            out.write_all(b" ")
        }
    }

    fn indent(&self, out: &mut (impl Write + ?Sized)) -> io::Result<()> {
        out.write_all(b"\n")?;
        (0..self.level).try_for_each(|_| out.write_all(b"  "))
    }
}

impl serde_json::ser::Formatter for Layout {
    fn begin_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"[")
    }

    fn end_array<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"]")
    }

    fn begin_array_value<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn end_array_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }

    fn begin_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.open(out, b"{")
    }

    fn end_object<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        self.close(out, b"}")
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, out: &mut W, first: bool) -> io::Result<()> {
        self.separate(out, first)
    }

    fn begin_object_value<W: ?Sized + Write>(&mut self, out: &mut W) -> io::Result<()> {
        out.write_all(b": ")
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.has_value = true;
        Ok(())
    }
}
