//! Audit → `report.json`.

use std::{
    borrow::Cow,
    cell::RefCell,
    io::{self, Write},
};

use serde::{Serialize, Serializer, ser::Error as _};
use serde_json::value::RawValue;

use super::{
    SCHEMA_VERSION,
    layout::Layout,
    types::{
        ChangesJson, DependentChangesJson, DependentJson, DependentNameJson, Each, EarlierRunJson,
        FailedWorkspaceJson, GapJson, HistoryJson, NightJson, NightTotalsJson, ParametersJson,
        PopulationDropJson, RecordJson, ReferenceJson, RenamedSecretJson, ReportJson, RunJson, SecretJson,
        SecretNameJson, Text, ToolJson, WaiverJson, WorkspaceChangesJson, WorkspaceJson, WorkspaceRecordJson,
    },
};
use crate::{
    audit::{
        AppliedWaiver, Audit, AuditedSecret, AuditedWorkspace, Changes, DependentChanges, DependentName,
        Discrepancy, EarlierRun, History, Night, Parameters, Record, SecretName, WorkspaceChanges,
        WorkspaceRecord,
    },
    inventory::{Dependent, Gap, Reference, Relation},
    report::{
        created_at,
        memo::{Look, Memo},
        timestamp,
    },
};

/// Writes the report.
pub(in crate::report) fn report(audit: &Audit, out: impl Write) -> io::Result<()> {
    let rows: Rows<'_> = RefCell::new(Memo::new(|_, row| row.get().len()));
    let report = ReportJson {
        schema_version: SCHEMA_VERSION,
        filtered: audit.filter().is_some(),
        complete: audit.is_complete(),
        run: RunJson {
            id: text(&audit.run.id),
            started_at: moment(audit.run.started_at),
            finished_at: moment(audit.run.finished_at),
        },
        tool: ToolJson { name: env!("CARGO_PKG_NAME").into(), version: text(&audit.run.tool_version) },
        parameters: parameters_json(&audit.parameters),
        totals: audit.totals().into(),
        last_complete: audit.last_complete().as_ref().map(|run| earlier_run(run).into_owned()),
        changes: changes(&audit.changes),
        waivers: audit.waivers.iter().map(waiver).collect(),
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
        workspaces: Each(|| {
            audit.workspaces.iter().map(|one| {
                // No two workspaces have a resource in common.
                rows.borrow_mut().forget();
                workspace(one, &rows)
            })
        }),
        history: history(&audit.history),
    };
    let mut serializer = serde_json::Serializer::with_formatter(out, Layout::default());
    report.serialize(&mut serializer).map_err(io::Error::from)?;
    serializer.into_inner().write_all(b"\n")
}

fn text(text: &str) -> Cow<'_, str> {
    Cow::Borrowed(text)
}

fn moment(moment: chrono::DateTime<chrono::Utc>) -> Cow<'static, str> {
    Cow::Owned(timestamp(moment))
}

fn workspace<'a: 'r, 'r>(workspace: &'a AuditedWorkspace, rows: &'r Rows<'a>) -> impl Serialize + 'r {
    WorkspaceJson {
        name: text(workspace.name()),
        address: text(workspace.address()),
        workspace_id: workspace.workspace_id().map(text),
        complete: workspace.is_complete(),
        totals: workspace.totals().into(),
        population_drop: workspace
            .population_drop()
            .map(|drop| PopulationDropJson { now: drop.now, earlier: drop.earlier }),
        sources: workspace.sources().iter().map(Into::into).collect(),
        figures: workspace.figures().into(),
        gaps: gaps(workspace.gaps()),
        warnings: Cow::Borrowed(workspace.warnings()),
        dangling_references: references(workspace.dangling()),
        references_not_visible: references(workspace.not_visible()),
        deleted_secrets: workspace
            .deleted()
            .iter()
            .map(|(secret_id, name)| SecretNameJson { secret_id: text(secret_id), name: text(name) })
            .collect(),
        secrets: Each(|| workspace.secrets().map(|one| secret(one, rows))),
    }
}

fn secret<'a: 'r, 'r>(secret: AuditedSecret<'a>, rows: &'r Rows<'a>) -> impl Serialize + 'r {
    let record = secret.record();
    SecretJson {
        secret_id: text(secret.id()),
        name: text(secret.name()),
        verdict: text(secret.verdict().as_str()),
        reason: text(secret.reason()),
        complete: secret.is_whole(),
        first_seen: record.map(|record| moment(record.first_seen)),
        last_in_use: record.and_then(|record| record.last_in_use).map(moment),
        unused_since: secret.unused_since().map(moment),
        unused_days: secret.unused_days(),
        nights_observed: record.map_or(0, |record| record.nights_observed),
        within_grace: secret.is_within_grace(),
        waived: secret.is_waived(),
        waiver: secret.waiver().map(waiver),
        gaps: gaps(secret.gaps()),
        dependents: Each(move || {
            let dependents = secret.dependents_with_discrepancies();
            dependents.map(|(dependent, discrepancy)| Row { dependent, discrepancy, rows })
        }),
    }
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

fn gaps<'a>(gaps: impl IntoIterator<Item = &'a Gap>) -> Vec<GapJson<'a>> {
    gaps.into_iter().map(|gap| GapJson { what: text(&gap.what), why: text(&gap.why) }).collect()
}

/// The rows of dependents that were written already.
type Rows<'a> = RefCell<Memo<Look<'a>, Box<RawValue>>>;

/// A dependent as a row of some secret.
struct Row<'a, 'r> {
    dependent: Dependent<'a>,
    discrepancy: Option<Discrepancy>,
    rows: &'r Rows<'a>,
}

impl Serialize for Row<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (dependent, discrepancy) = (self.dependent, self.discrepancy);
        let mut rows = self.rows.borrow_mut();
        let row = rows.get_or_make(Look::of(dependent, discrepancy), || line(&json(dependent, discrepancy)));
        row.map_err(S::Error::custom)?.serialize(serializer)
    }
}

/// A value on one line.
fn line(value: &impl Serialize) -> serde_json::Result<Box<RawValue>> {
    let mut line = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut line, Layout::of_a_line()))?;
    RawValue::from_string(String::from_utf8(line).map_err(serde_json::Error::custom)?)
}

fn json<'a>(dependent: Dependent<'a>, discrepancy: Option<Discrepancy>) -> DependentJson<'a> {
    fn text(text: &str) -> Text<'_> {
        Text(Cow::Borrowed(text))
    }
    let resource = dependent.resource;
    DependentJson {
        r#type: text(resource.dependent_type.as_str()),
        id: text(&resource.id),
        name: resource.name.as_deref().map(text),
        visibility: text(resource.visibility.as_str()),
        access_level: resource.access_level.as_deref().map(text),
        relation: text(match dependent.relation {
            Relation::Direct => "direct",
            Relation::Transitive => "transitive",
        }),
        via: dependent.via.iter().map(|id| text(id)).collect(),
        provider: resource.provider.as_deref().map(text),
        phone_number: resource.phone_number.as_deref().map(text),
        created_at: resource.created_at_unix_secs.and_then(created_at).map(|moment| Text(Cow::Owned(moment))),
        sources: dependent.sources.names().map(text).collect(),
        discrepancy: discrepancy.map(|discrepancy| text(discrepancy.as_str())),
    }
}

fn waiver(applied: &AppliedWaiver) -> WaiverJson<'_> {
    let waiver = &applied.waiver;
    WaiverJson {
        secret_id: text(&waiver.secret_id),
        workspace: waiver.workspace.as_deref().map(text),
        reason: text(&waiver.reason),
        owner: text(&waiver.owner),
        expires: waiver.expires,
        state: text(applied.state.as_str()),
    }
}

fn earlier_run(earlier: &EarlierRun) -> EarlierRunJson<'_> {
    EarlierRunJson { run: text(&earlier.run), started_at: moment(earlier.started_at) }
}

impl EarlierRunJson<'_> {
    fn into_owned(self) -> EarlierRunJson<'static> {
        EarlierRunJson {
            run: Cow::Owned(self.run.into_owned()),
            started_at: Cow::Owned(self.started_at.into_owned()),
        }
    }
}

fn changes(changes: &Changes) -> ChangesJson<'_> {
    match changes {
        Changes::NotCompared(why) => ChangesJson { not_compared: Some(text(why)), ..ChangesJson::default() },
        Changes::Since { earlier, workspaces } => ChangesJson {
            not_compared: None,
            since: Some(earlier_run(earlier)),
            workspaces: workspaces.iter().map(workspace_changes).collect(),
        },
    }
}

fn workspace_changes(changes: &WorkspaceChanges) -> WorkspaceChangesJson<'_> {
    let names = |secrets: &'_ [SecretName]| -> Vec<SecretNameJson<'static>> {
        let name = |secret: &SecretName| SecretNameJson {
            secret_id: Cow::Owned(secret.id.clone()),
            name: Cow::Owned(secret.name.clone()),
        };
        secrets.iter().map(name).collect()
    };
    WorkspaceChangesJson {
        workspace: text(&changes.workspace),
        not_compared: changes.not_compared.as_deref().map(text),
        new: names(&changes.new),
        gone: names(&changes.gone),
        newly_unused: names(&changes.newly_unused),
        back_in_use: names(&changes.back_in_use),
        renamed: changes
            .renamed
            .iter()
            .map(|renamed| RenamedSecretJson {
                secret_id: text(&renamed.secret.id),
                name: text(&renamed.secret.name),
                earlier_name: text(&renamed.earlier_name),
            })
            .collect(),
        dependents: changes.dependents.iter().map(dependent_changes).collect(),
    }
}

fn dependent_changes(changes: &DependentChanges) -> DependentChangesJson<'_> {
    fn names(dependents: &[DependentName]) -> Vec<DependentNameJson<'_>> {
        fn name(dependent: &DependentName) -> DependentNameJson<'_> {
            let DependentName { dependent_type, name, id } = dependent;
            DependentNameJson { r#type: text(dependent_type), id: text(id), name: text(name) }
        }
        dependents.iter().map(name).collect()
    }
    DependentChangesJson {
        secret_id: text(&changes.secret.id),
        name: text(&changes.secret.name),
        gained: changes.gained,
        lost: changes.lost,
        gained_first: names(&changes.gained_first),
        lost_first: names(&changes.lost_first),
    }
}

fn history(history: &History) -> HistoryJson<'_, impl Serialize> {
    HistoryJson {
        continues: history.continues.as_deref().map(text),
        notes: Cow::Borrowed(&history.notes),
        complete_before: history.complete_before.as_ref().map(earlier_run),
        nights: history.nights.iter().map(night).collect(),
        workspaces: Each(|| history.workspaces.iter().map(|(name, known)| workspace_record(name, known))),
    }
}

fn night(night: &Night) -> NightJson<'_> {
    NightJson {
        run: text(&night.run),
        started_at: moment(night.started_at),
        complete: night.is_complete,
        workspaces: night
            .workspaces
            .iter()
            .map(|(name, totals)| NightTotalsJson { name: text(name), totals: (*totals).into() })
            .collect(),
    }
}

fn workspace_record<'a>(name: &'a str, known: &'a WorkspaceRecord) -> impl Serialize + 'a {
    WorkspaceRecordJson {
        name: text(name),
        workspace_id: known.workspace_id.as_deref().map(text),
        secrets_listed: known.secrets_listed,
        secrets: Each(|| known.secrets.iter().map(|(id, known)| record(id, known))),
    }
}

fn record<'a>(secret_id: &'a str, record: &'a Record) -> RecordJson<'a> {
    RecordJson {
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

/// The parameters as `report.json` and the manifest show them.
pub(crate) fn parameters_json(parameters: &Parameters) -> ParametersJson<'_> {
    let Parameters {
        page_size,
        dependency_limit,
        max_dependency_limit,
        search,
        deep,
        unused_after_days,
        ignores_waivers,
        redact,
        rendering,
    } = parameters;
    ParametersJson {
        page_size: *page_size,
        dependency_limit: *dependency_limit,
        max_dependency_limit: *max_dependency_limit,
        search: text(search),
        deep: *deep,
        unused_after_days: *unused_after_days,
        waivers_ignored: *ignores_waivers,
        redact: redact.clone(),
        csv_delimiter: rendering.csv_delimiter,
        csv_byte_order_mark: rendering.csv_byte_order_mark,
        csv_formula_escaping: rendering.csv_formula_escaping,
        list_length: rendering.list_length,
    }
}
