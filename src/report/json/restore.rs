//! What a report says, in the words of the inside: a whole audit again.

use std::{borrow::Cow, io};

use chrono::{DateTime, Utc};

use super::{
    SCHEMA_VERSION,
    read::{ReadError, Reader, SecretRead, WorkspaceRead, read},
    types::{
        ChangesJson, DependentChangesJson, DependentJson, DependentNameJson, EarlierRunJson, GapJson,
        HeadJson, HistoryJson, NightJson, ParametersJson, PopulationDropJson, RecordJson, ReferenceJson,
        SecretNameJson, SourceJson, Text, WaiverJson, WorkspaceChangesJson,
    },
};
use crate::{
    audit::{
        AppliedWaiver, Assessment, Audit, AuditedWorkspace, Changes, DependentChanges, DependentName,
        Discrepancy, EarlierRun, History, Judgement, Night, Parameters, PopulationDrop, Record, Redactor,
        RenamedSecret, Rendering, Run, SecretName, SourceRow, Status, Verdict, Waiver, WaiverState,
        WorkspaceChanges, WorkspaceRecord,
    },
    inventory::{
        DependentType, FailedWorkspace, Gap, Reference, Relation, Resource, Secret, Sighting, Source,
        Sources, Visibility, Workspace,
    },
};

/// Makes the audit again that a report was made of.
///
/// # Errors
/// Where it can't be read, or is of another schema version than this program writes.
pub fn read_audit(input: impl io::Read) -> Result<Audit, ReadError> {
    let mut reader = WholeReader::default();
    let (head, history) = read(input, &mut reader)?;
    let HeadJson { run, tool, parameters, changes, waivers, failed_workspaces, schema_version, .. } = head;
    if schema_version != SCHEMA_VERSION {
        return Err(ReadError::new(format!(
            "its schema_version is {schema_version}, and this program makes reports again of version {SCHEMA_VERSION} only"
        )));
    }
    let history = history.ok_or_else(|| ReadError::missing_field("history"))?;
    let workspaces = reader.workspaces;
    let redactor = Redactor::of(workspaces.iter().map(|audited| &audited.workspace), &parameters.redact);
    let mut audit = Audit {
        run: Run {
            id: run.id.into_owned(),
            started_at: moment(&run.started_at)?,
            finished_at: moment(&run.finished_at)?,
            tool_version: tool.version.into_owned(),
        },
        parameters: self::parameters(parameters),
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
        history: self::history(history)?,
        changes: self::changes(changes)?,
        waivers: waivers.into_iter().map(waiver).collect::<Result<_, _>>()?,
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
        workspace.page_gaps = gaps(read.gaps);
        workspace.dangling = references(read.dangling_references);
        workspace.not_visible = references(read.references_not_visible);
        workspace.deleted = read
            .deleted_secrets
            .into_iter()
            .map(|SecretNameJson { secret_id, name }| (secret_id.into_owned(), name.into_owned()))
            .collect();
        workspace.warnings = read.warnings.into_owned();
        let drop = |drop: PopulationDropJson| PopulationDrop { now: drop.now, earlier: drop.earlier };
        self.workspaces.push(AuditedWorkspace {
            workspace,
            assessments: Vec::new(),
            sources: sources(read.sources)?,
            figures: read.figures.into(),
            is_complete: read.complete,
            population_drop: read.population_drop.map(drop),
        });
        Ok(())
    }

    fn secret(&mut self, _: &HeadJson, read: SecretRead) -> Result<(), ReadError> {
        let Some(AuditedWorkspace { workspace, assessments, .. }) = self.workspaces.last_mut() else {
            return Err(ReadError::new("a secret stands outside of a workspace"));
        };
        assessments.push(Assessment {
            judgement: Judgement { verdict: verdict(&read.verdict)?, reason: read.reason.into_owned() },
            discrepancies: Vec::new(),
            record: None,
            waiver: read.waiver.map(waiver).transpose()?,
            is_within_grace: read.within_grace,
        });
        let mut secret = Secret::new(read.secret_id, read.name);
        secret.gaps = gaps(read.gaps);
        workspace.secrets.push(secret);
        Ok(())
    }

    fn keep(&self, read: DependentJson<'_>) -> Result<Self::Kept, ReadError> {
        let known = |Text(words): &Text<'_>| {
            let known = Discrepancy::ALL.into_iter().find(|one| one.as_str() == &**words);
            known.ok_or_else(|| unknown("discrepancy", words))
        };
        let discrepancy = read.discrepancy.as_ref().map(known).transpose()?;
        let (sighting, sources) = dependent(read)?;
        Ok((sighting, sources, discrepancy))
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

pub(super) fn unknown(what: &str, word: &str) -> ReadError {
    ReadError::new(format!("the {what} {word:?} is none that this program knows"))
}

pub(super) fn moment(text: &str) -> Result<DateTime<Utc>, ReadError> {
    let moment = DateTime::parse_from_rfc3339(text);
    moment.map(|moment| moment.to_utc()).map_err(|error| ReadError::new(format!("{text:?}: {error}")))
}

fn optional_moment(text: Option<Cow<'_, str>>) -> Result<Option<DateTime<Utc>>, ReadError> {
    text.map(|text| moment(&text)).transpose()
}

pub(super) fn verdict(word: &str) -> Result<Verdict, ReadError> {
    Verdict::ALL.into_iter().find(|verdict| verdict.as_str() == word).ok_or_else(|| unknown("verdict", word))
}

fn parameters(read: ParametersJson<'_>) -> Parameters {
    Parameters {
        page_size: read.page_size,
        dependency_limit: read.dependency_limit,
        max_dependency_limit: read.max_dependency_limit,
        search: read.search.into_owned(),
        deep: read.deep,
        unused_after_days: read.unused_after_days,
        ignores_waivers: read.waivers_ignored,
        redact: read.redact,
        rendering: Rendering {
            csv_delimiter: read.csv_delimiter,
            csv_byte_order_mark: read.csv_byte_order_mark,
            csv_formula_escaping: read.csv_formula_escaping,
            list_length: read.list_length,
        },
    }
}

fn gaps(read: Vec<GapJson<'_>>) -> Vec<Gap> {
    read.into_iter().map(|gap| Gap::new(gap.what, gap.why)).collect()
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

/// The rows of a report are in the order of [`Source::ALL`].
fn sources(read: Vec<SourceJson<'_>>) -> Result<Vec<SourceRow>, ReadError> {
    if read.len() != Source::ALL.len() {
        return Err(ReadError::new("sources: there are not as many as this program has"));
    }
    let row = |(source, read): (Source, SourceJson<'_>)| {
        if source.as_str() != read.source {
            return Err(unknown("source", &read.source));
        }
        let status = Status::of_words(&read.status, read.why.map(Cow::into_owned));
        let status = status.ok_or_else(|| unknown("status", &read.status))?;
        Ok(SourceRow { source, status, pages: read.pages, dependents: read.dependents })
    };
    Source::ALL.into_iter().zip(read).map(row).collect()
}

fn dependent(read: DependentJson<'_>) -> Result<(Sighting<'static>, Sources), ReadError> {
    fn owned(Text(text): Text<'_>) -> Cow<'static, str> {
        Cow::Owned(text.into_owned())
    }
    let sources = sources_of(&read.sources)?;
    let visibility = match &*read.visibility.0 {
        "available" => Visibility::Available,
        "unknown" => Visibility::Unknown,
        word => return Err(unknown("visibility", word)),
    };
    let relation = match &*read.relation.0 {
        "direct" => Relation::Direct,
        "transitive" => Relation::Transitive,
        word => return Err(unknown("relation", word)),
    };
    let created_at_unix_secs = optional_moment(read.created_at.map(owned))?.map(|moment| moment.timestamp());
    let resource = Resource {
        dependent_type: DependentType::of_word(&read.r#type.0),
        id: owned(read.id),
        name: read.name.map(owned),
        visibility,
        access_level: read.access_level.map(owned),
        provider: read.provider.map(owned),
        phone_number: read.phone_number.map(owned),
        created_at_unix_secs,
    };
    let via = read.via.into_iter().map(owned).collect();
    Ok((Sighting { resource, relation, via }, sources))
}

/// Both limits of the list of secrets have one word: which of them told is in the figures.
pub(super) fn sources_of(words: &[Text<'_>]) -> Result<Sources, ReadError> {
    words.iter().try_fold(Sources::default(), |sources, Text(word)| {
        let source = Source::ALL.into_iter().find(|source| source.as_str() == &**word);
        Ok(sources.union(source.ok_or_else(|| unknown("source", word))?.into()))
    })
}

fn waiver(read: WaiverJson<'_>) -> Result<AppliedWaiver, ReadError> {
    let state = WaiverState::ALL.into_iter().find(|state| state.as_str() == read.state);
    let state = state.ok_or_else(|| unknown("state of a waiver", &read.state))?;
    let waiver = Waiver {
        secret_id: read.secret_id.into_owned(),
        workspace: read.workspace.map(Cow::into_owned),
        reason: read.reason.into_owned(),
        owner: read.owner.into_owned(),
        expires: read.expires,
    };
    Ok(AppliedWaiver { waiver, state })
}

fn earlier_run(read: EarlierRunJson<'_>) -> Result<EarlierRun, ReadError> {
    Ok(EarlierRun { started_at: moment(&read.started_at)?, run: read.run.into_owned() })
}

fn changes(read: ChangesJson<'_>) -> Result<Changes, ReadError> {
    Ok(match (read.since, read.not_compared) {
        (Some(since), None) => Changes::Since {
            earlier: earlier_run(since)?,
            workspaces: read.workspaces.into_iter().map(workspace_changes).collect(),
        },
        (None, Some(why)) => Changes::NotCompared(why.into_owned()),
        _ => return Err(ReadError::new("changes: there has to be either since or not_compared")),
    })
}

fn workspace_changes(read: WorkspaceChangesJson<'_>) -> WorkspaceChanges {
    let names = |read: Vec<SecretNameJson<'_>>| {
        read.into_iter().map(|SecretNameJson { secret_id, name }| secret_name(secret_id, name)).collect()
    };
    WorkspaceChanges {
        workspace: read.workspace.into_owned(),
        not_compared: read.not_compared.map(Cow::into_owned),
        new: names(read.new),
        gone: names(read.gone),
        newly_unused: names(read.newly_unused),
        back_in_use: names(read.back_in_use),
        renamed: read
            .renamed
            .into_iter()
            .map(|renamed| RenamedSecret {
                secret: secret_name(renamed.secret_id, renamed.name),
                earlier_name: renamed.earlier_name.into_owned(),
            })
            .collect(),
        dependents: read.dependents.into_iter().map(dependent_changes).collect(),
    }
}

fn secret_name(id: Cow<'_, str>, name: Cow<'_, str>) -> SecretName {
    SecretName { name: name.into_owned(), id: id.into_owned() }
}

fn dependent_changes(read: DependentChangesJson<'_>) -> DependentChanges {
    let names = |read: Vec<DependentNameJson<'_>>| {
        let name = |DependentNameJson { r#type, id, name }: DependentNameJson<'_>| DependentName {
            dependent_type: r#type.into_owned(),
            name: name.into_owned(),
            id: id.into_owned(),
        };
        read.into_iter().map(name).collect()
    };
    DependentChanges {
        secret: secret_name(read.secret_id, read.name),
        gained: read.gained,
        lost: read.lost,
        gained_first: names(read.gained_first),
        lost_first: names(read.lost_first),
    }
}

pub(super) fn history(read: HistoryJson<'_>) -> Result<History, ReadError> {
    Ok(History {
        continues: read.continues.map(Cow::into_owned),
        notes: read.notes.into_owned(),
        complete_before: read.complete_before.map(earlier_run).transpose()?,
        nights: read.nights.into_iter().map(night).collect::<Result<_, _>>()?,
        workspaces: read
            .workspaces
            .into_iter()
            .map(|known| {
                let secrets = known.secrets.into_iter().map(record).collect::<Result<_, ReadError>>()?;
                let (workspace_id, secrets_listed) =
                    (known.workspace_id.map(Cow::into_owned), known.secrets_listed);
                Ok((known.name.into_owned(), WorkspaceRecord { workspace_id, secrets_listed, secrets }))
            })
            .collect::<Result<_, ReadError>>()?,
    })
}

fn night(read: NightJson<'_>) -> Result<Night, ReadError> {
    Ok(Night {
        started_at: moment(&read.started_at)?,
        run: read.run.into_owned(),
        is_complete: read.complete,
        workspaces: read
            .workspaces
            .into_iter()
            .map(|one| (one.name.into_owned(), one.totals.into()))
            .collect(),
    })
}

fn record(read: RecordJson<'_>) -> Result<(String, Record), ReadError> {
    let record = Record {
        name: read.name.into_owned(),
        first_seen: moment(&read.first_seen)?,
        last_seen: moment(&read.last_seen)?,
        last_observed: optional_moment(read.last_observed)?,
        last_in_use: optional_moment(read.last_in_use)?,
        unused_since: optional_moment(read.unused_since)?,
        nights_observed: read.nights_observed,
    };
    Ok((read.secret_id.into_owned(), record))
}
