//! `report.json` → a whole audit again.

use std::{borrow::Cow, io};

use super::{
    FIRST_RESTORED, SCHEMA_VERSION,
    changes::SecretNameJson,
    coverage::{restore_gaps, restore_sources},
    dependent::DependentJson,
    read::{ReadError, Reader, SecretRead, WorkspaceRead, read},
    types::{HeadJson, ReferenceJson},
    values::{read_moment, read_word},
    waiver::WaiverJson,
};
use crate::{
    audit::{Assessment, Audit, AuditedWorkspace, Discrepancy, Evidence, Judgement, Redactor, Run, Verdict},
    inventory::{
        DependentType, FailedWorkspace, Reference, Resource, Secret, Sighting, Sources, Visibility, Workspace,
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
    type Kept = (Sighting<'static>, Sources, Option<Discrepancy>);

    fn workspace(&mut self, _: &HeadJson, read: WorkspaceRead) -> Result<(), ReadError> {
        let mut workspace = Workspace::new(read.name.into_owned(), read.address.into_owned());
        workspace.workspace_id = read.workspace_id.map(Cow::into_owned);
        // Which kind of gap each is no report says.
        workspace.page_gaps = restore_gaps(read.gaps);
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
        self.workspaces.push(AuditedWorkspace {
            workspace,
            assessments: Vec::new(),
            sources: restore_sources(read.sources)?,
            figures: read.figures.into(),
            is_complete: read.complete,
            population_drop: read.population_drop.map(Into::into),
            is_unexpectedly_empty: read.unexpectedly_empty,
            listed_before: read.listed_before,
        });
        Ok(())
    }

    fn secret(&mut self, _: &HeadJson, read: SecretRead) -> Result<(), ReadError> {
        let Some(audited) = self.workspaces.last_mut() else {
            return Err(ReadError::new("a secret stands outside of a workspace"));
        };
        let verdict = read_word(Verdict::ALL, Verdict::as_str, "verdict", &read.verdict)?;
        let evidence = match read.evidence {
            Some(word) => Some(read_word(Evidence::ALL, Evidence::as_str, "evidence", &word)?),
            // Reports did not say so before schema version 3, and what was read tells.
            None => (verdict == Verdict::Unused).then(|| Evidence::of(audited.is_inspected())),
        };
        let AuditedWorkspace { workspace, assessments, .. } = audited;
        assessments.push(Assessment {
            judgement: Judgement { verdict, reason: read.reason.into_owned(), evidence },
            discrepancies: Vec::new(),
            record: None,
            waiver: read.waiver.map(WaiverJson::restore).transpose()?,
            is_within_grace: read.within_grace,
        });
        let mut secret = Secret::new(read.secret_id, read.name);
        secret.gaps = restore_gaps(read.gaps);
        workspace.secrets.push(secret);
        Ok(())
    }

    fn keep(&self, read: DependentJson<'_>) -> Result<Self::Kept, ReadError> {
        read.restore()
    }

    fn dependent(&mut self, (sighting, sources, discrepancy): &Self::Kept) -> Result<(), ReadError> {
        let Some(AuditedWorkspace { workspace, assessments, .. }) = self.workspaces.last_mut() else {
            return Err(ReadError::new("a dependent stands outside of a workspace"));
        };
        let (Some(secret), Some(assessment)) = (workspace.secrets.last(), assessments.last_mut()) else {
            return Err(ReadError::new("a dependent stands outside of a secret"));
        };
        assessment.discrepancies.extend(discrepancy.map(|discrepancy| (secret.uses(), discrepancy)));
        let position = workspace.secrets.len() - 1;
        workspace.restore(position, [(sighting.clone(), *sources)]);
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
