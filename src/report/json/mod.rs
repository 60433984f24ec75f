//! `report.json`: everything, for programs, with a schema version of its own and values as they are.
//!
//! What it holds is in `types`; this file fills them.

mod layout;
mod types;

use std::io::{self, Write};

use serde::Serialize;

use super::{created_at, timestamp};
use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace, Discrepancy, Parameters},
    inventory::{Dependent, Gap, Reference, Relation},
};
use layout::Layout;
use types::{
    DeletedSecretJson, DependentJson, Each, FailedWorkspaceJson, GapJson, ParametersJson, PopulationDropJson,
    ReferenceJson, Report, RunJson, SecretJson, ToolJson, WorkspaceJson,
};

/// The version of the form of `report.json`. Fields may be added within one version; any other change makes a new one.
pub const SCHEMA_VERSION: u32 = 1;

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

fn gaps<'a>(gaps: impl IntoIterator<Item = &'a Gap>) -> Vec<GapJson<'a>> {
    gaps.into_iter().map(|gap| GapJson { what: &gap.what, why: &gap.why }).collect()
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
