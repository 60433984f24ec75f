//! `report.json` → a whole audit again.

use std::{borrow::Cow, io};

use super::{
    FIRST_RESTORED, SCHEMA_VERSION,
    changes::SecretNameJson,
    coverage::{restore_gaps, restore_sources},
    dependent::DependentJson,
    error::ReadError,
    read::{Reader, SecretRead, WorkspaceRead, read},
    types::{HeadJson, ReferenceJson},
    values::{read_moment, read_word},
    waiver::WaiverJson,
};
use crate::{
    audit::{Assessment, Audit, AuditedWorkspace, Redactor, Run, Verdict, hides_any},
    inventory::{
        DependentType, FailedWorkspace, Missing, Reference, Resource, Scan, Secret, Source, Visibility,
        Workspace,
    },
};

/// Makes the audit again that a report was made of.
///
/// # Errors
/// Where it can't be read, or is of a schema version of which this program makes no reports.
pub fn read_audit(input: impl io::Read) -> Result<Audit, ReadError> {
    let mut reader = WholeReader::default();
    let (head, history) = read(input, &mut reader)?;
    let HeadJson { run, tool, parameters, changes, waivers, failed_workspaces, schema_version, .. } = head;
    if !(FIRST_RESTORED..=SCHEMA_VERSION).contains(&schema_version) {
        return Err(ReadError::new(format!(
            "its schema_version is {schema_version}, and this program makes reports again of versions {FIRST_RESTORED} to \
             {SCHEMA_VERSION} only"
        )));
    }
    let history = history.ok_or_else(|| ReadError::missing_field("history"))?;
    let workspaces = reader.workspaces;
    let redactor = Redactor::of(workspaces.iter().map(|audited| &audited.workspace), &parameters.redact);
    let mut audit = Audit {
        run: Run {
            clock: run.clock(),
            id: run.id.into_owned(),
            started_at: read_moment(&run.started_at)?,
            finished_at: read_moment(&run.finished_at)?,
            tool_version: tool.version.into_owned(),
        },
        parameters: parameters.restore()?,
        workspaces,
        failed: failed_workspaces
            .into_iter()
            .map(|failed| FailedWorkspace {
                name: failed.name.into_owned(),
                address: failed.address.into_owned(),
                error: failed.error.into_owned(),
                key_refused: failed.key_refused,
            })
            .collect(),
        history: history.restore()?,
        changes: changes.restore()?,
        waivers: waivers.into_iter().map(WaiverJson::restore).collect::<Result<_, _>>()?,
        redactor,
    };
    audit.show_records();
    Ok(audit)
}

#[derive(Default)]
struct WholeReader {
    workspaces: Vec<AuditedWorkspace>,
}

impl Reader for WholeReader {
    type Dependent<'d> = DependentJson<'d>;

    fn workspace(&mut self, head: &HeadJson, read: WorkspaceRead) -> Result<(), ReadError> {
        let mut workspace = Workspace::new(read.name.into_owned(), read.address.into_owned());
        workspace.workspace_id = read.workspace_id.map(Cow::into_owned);
        (workspace.lookup_gaps, workspace.page_gaps) =
            restore_gaps(read.gaps).into_iter().partition(|gap| matches!(gap.what, Missing::Secret { .. }));
        workspace.dangling = references(read.dangling_references);
        workspace.not_visible = references(read.references_not_visible);
        workspace.deleted = read
            .deleted_secrets
            .into_iter()
            .map(|SecretNameJson { secret_id, name }| (secret_id.into_owned(), name.into_owned()))
            .collect();
        workspace.warnings = read.warnings.into_owned();
        workspace.limits = read.limits.into_owned();
        workspace.view = read.view.restore()?;
        let sources = restore_sources(read.sources)?;
        let scanned = sources.iter().filter(|row| Source::SCANNED.contains(&row.source));
        workspace.scans = scanned.map(|row| Scan::new(row.source, row.status.clone())).collect();
        let partial_view = head.parameters.partial_view()?;
        self.workspaces.push(AuditedWorkspace {
            hides_any: hides_any(&workspace, partial_view),
            workspace,
            assessments: Vec::new(),
            sources,
            figures: read.figures.into(),
            is_complete: read.complete,
            population_drop: read.population_drop.map(Into::into),
            is_unexpectedly_empty: read.unexpectedly_empty,
            listed_before: read.listed_before,
        });
        Ok(())
    }

    fn secret(&mut self, head: &HeadJson, read: SecretRead) -> Result<(), ReadError> {
        let Some(audited) = self.workspaces.last_mut() else {
            return Err(ReadError::new("a secret stands outside of a workspace"));
        };
        let verdict = read_word(Verdict::ALL, Verdict::as_str, "verdict", &read.verdict)?;
        let AuditedWorkspace { workspace, assessments, .. } = audited;
        assessments.push(Assessment {
            verdict,
            told: Some(read.reason.into_owned()),
            discrepancies: Vec::new(),
            record: None,
            waiver: read.waiver.map(WaiverJson::restore).transpose()?,
            grace: read.within_grace.then_some(head.parameters.unused_after_days),
        });
        let mut secret = Secret::new(read.secret_id, read.name);
        secret.gaps = restore_gaps(read.gaps);
        workspace.secrets.push(secret);
        Ok(())
    }

    fn dependent(&mut self, read: DependentJson<'_>) -> Result<(), ReadError> {
        let (observation, sources, discrepancy) = read.restore()?;
        let Some(AuditedWorkspace { workspace, assessments, .. }) = self.workspaces.last_mut() else {
            return Err(ReadError::new("a dependent stands outside of a workspace"));
        };
        let (Some(secret), Some(assessment)) = (workspace.secrets.last(), assessments.last_mut()) else {
            return Err(ReadError::new("a dependent stands outside of a secret"));
        };
        assessment.discrepancies.extend(discrepancy.map(|discrepancy| (secret.uses(), discrepancy)));
        let position = workspace.secrets.len() - 1;
        workspace.restore(position, [(observation, sources)]);
        Ok(())
    }

    fn end_secret(&mut self) {}
}

fn references(read: Vec<ReferenceJson<'static>>) -> Vec<Reference> {
    read.into_iter()
        .map(|reference| Reference {
            secret_id: reference.secret_id.into_owned(),
            holder: Resource {
                name: reference.name,
                visibility: Visibility::Available,
                ..Resource::unknown(DependentType::of_word(&reference.r#type), reference.id)
            },
            via: reference.via.into_owned(),
            why: reference.why.into_owned(),
        })
        .collect()
}
