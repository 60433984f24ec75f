//! Audit → `report.json`.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use serde::{Serialize, Serializer};

use super::{
    SCHEMA_VERSION,
    changes::{ChangesJson, SecretNameJson},
    coverage::{SourceJson, ViewJson, gaps_json},
    dependent::{Row, Rows, no_rows},
    history::{EarlierRunJson, history_json},
    layout::Layout,
    parameters::parameters_json,
    types::{FailedWorkspaceJson, ReferenceJson, ReportJson, RunJson, SecretJson, ToolJson, WorkspaceJson},
    values::{Each, moment, text},
    waiver::WaiverJson,
};
use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace, Evidence},
    inventory::{Missing, Reference},
    report::reasons::{MOST_TOLD, reason, reason_code},
};

/// Writes the report.
pub(in crate::report) fn report(audit: &Audit, out: impl Write) -> io::Result<()> {
    let last_complete = audit.last_complete();
    let report = ReportJson {
        schema_version: SCHEMA_VERSION,
        filtered: audit.filter().is_some(),
        complete: audit.is_complete(),
        clock_off: audit.run.clock.is_off(),
        run: RunJson {
            id: text(&audit.run.id),
            started_at: moment(audit.run.started_at),
            finished_at: moment(audit.run.finished_at),
            clock_ahead_seconds: audit.run.clock.ahead().map(|ahead| ahead.num_seconds()),
        },
        tool: ToolJson { name: env!("CARGO_PKG_NAME").into(), version: text(&audit.run.tool_version) },
        parameters: parameters_json(&audit.parameters),
        totals: audit.totals().into(),
        unused: audit.unused().into(),
        last_complete: last_complete.as_ref().map(EarlierRunJson::of),
        changes: ChangesJson::of(&audit.changes),
        waivers: audit.waivers.iter().map(WaiverJson::of).collect(),
        failed_workspaces: audit
            .failed
            .iter()
            .map(|failed| FailedWorkspaceJson {
                name: text(&failed.name),
                address: text(&failed.address),
                error: text(&failed.error),
                key_refused: failed.key_refused,
            })
            .collect(),
        workspaces: Each(|| audit.workspaces.iter().map(workspace)),
        history: history_json(&audit.history),
    };
    let mut serializer = serde_json::Serializer::with_formatter(out, Layout::default());
    report.serialize(&mut serializer).map_err(io::Error::from)?;
    serializer.into_inner().write_all(b"\n")
}

fn workspace(workspace: &AuditedWorkspace) -> impl Serialize {
    WorkspaceJson {
        name: text(workspace.name()),
        address: text(workspace.address()),
        workspace_id: workspace.workspace_id().map(text),
        complete: workspace.is_complete(),
        totals: workspace.totals().into(),
        population_drop: workspace.population_drop().map(Into::into),
        view: ViewJson::of(workspace.view()),
        unexpectedly_empty: workspace.is_unexpectedly_empty(),
        listed_before: workspace.listed_before.filter(|_| workspace.is_unexpectedly_empty()),
        sources: workspace.sources().iter().map(SourceJson::of).collect(),
        figures: workspace.figures().into(),
        gaps: gaps_json(workspace.gaps()),
        limits: Cow::Borrowed(workspace.limits()),
        warnings: Cow::Borrowed(workspace.warnings()),
        dangling_references: references(workspace.dangling()),
        references_not_visible: references(workspace.not_visible()),
        deleted_secrets: workspace
            .deleted()
            .iter()
            .map(|(secret_id, name)| SecretNameJson { secret_id: text(secret_id), name: text(name) })
            .collect(),
        secrets: Secrets(workspace),
    }
}

/// The secrets of a workspace, made while they are written.
struct Secrets<'a>(&'a AuditedWorkspace);

impl Serialize for Secrets<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // No two workspaces have a resource in common.
        let rows = no_rows();
        serializer.collect_seq(self.0.secrets().map(|one| secret(one, &rows)))
    }
}

fn secret<'a: 'r, 'r>(secret: AuditedSecret<'a>, rows: &'r Rows<'a>) -> impl Serialize + 'r {
    let record = secret.record();
    SecretJson {
        secret_id: text(secret.id()),
        name: text(secret.name()),
        verdict: text(secret.verdict().as_str()),
        reason: reason(secret),
        reason_code: Some(text(reason_code(secret))),
        missing: missing(secret),
        evidence: secret.evidence().map(Evidence::as_str).map(text),
        complete: secret.is_whole(),
        first_seen: record.map(|record| moment(record.first_seen)),
        last_in_use: record.and_then(|record| record.last_in_use).map(moment),
        unused_since: secret.unused_since().map(moment),
        unused_days: secret.unused_days(),
        nights_observed: record.map_or(0, |record| record.nights_observed),
        within_grace: secret.is_within_grace(),
        waived: secret.is_waived(),
        waiver: secret.waiver().map(WaiverJson::of),
        gaps: gaps_json(secret.gaps()),
        dependents: Each(move || {
            let dependents = secret.dependents_with_discrepancies();
            dependents.map(|(dependent, discrepancy)| Row { dependent, discrepancy, rows })
        }),
    }
}

fn missing(secret: AuditedSecret<'_>) -> Vec<Missing> {
    let missing = secret.missing().into_iter().take(MOST_TOLD).map(|gap| gap.into_owned().what);
    missing.filter(|what| !matches!(what, Missing::Told(_))).collect()
}

fn references(references: &[Reference]) -> Vec<ReferenceJson<'_>> {
    references
        .iter()
        .map(|reference| ReferenceJson {
            secret_id: text(&reference.secret_id),
            r#type: text(reference.holder.dependent_type.as_str()),
            id: text(&reference.holder.id),
            name: reference.holder.name.as_deref().map(text),
            via: Cow::Borrowed(&reference.via),
            why: text(&reference.why),
        })
        .collect()
}
