//! What was read and what was not, what the tool cannot know, and what it was asked for.

use std::io;

use askama::Template;

use super::{LIST_ROOM, Number, Rows};
use crate::{
    audit::{Audit, AuditedWorkspace, Parameters, SourceRow, Status},
    inventory::Why,
    report::{first, messages, timestamp},
};

/// Everything after the findings.
#[derive(Template)]
#[template(path = "coverage.html")]
pub(super) struct Coverage<'a> {
    complete: bool,
    reading: String,
    limits: Vec<&'static str>,
    definitions: &'static [(&'static str, &'static str)],
    parameters: &'a Parameters,
    workspaces: Vec<Reading<'a>>,
    gaps: Rows,
    gaps_of_secrets: Rows,
    has_gaps: bool,
    warnings: Rows,
    has_warnings: bool,
    run_id: &'a str,
    started_at: String,
    finished_at: String,
    clock: String,
    filter: Option<&'a str>,
}

/// How the reading of one workspace went.
struct Reading<'a> {
    workspace: &'a AuditedWorkspace,
    sources: &'a [SourceRow],
    total: Number,
    figures: [(&'static str, Number); 14],
}

/// Something that was not read whole.
#[derive(Template)]
#[template(path = "gap.html")]
struct GapRow<'a> {
    workspace: &'a str,
    secret: Option<(&'a str, &'a str)>,
    what: String,
    why: String,
}

#[derive(Template)]
#[template(path = "warning.html")]
struct Warning<'a> {
    text: &'a str,
}

impl<'a> Coverage<'a> {
    pub(super) fn of(audit: &'a Audit) -> io::Result<Self> {
        let gaps = gaps(audit);
        let gaps_of_secrets = || {
            audit.secrets().flat_map(|secret| {
                secret.gaps().iter().map(move |gap| GapRow {
                    workspace: secret.workspace(),
                    secret: Some((secret.name(), secret.id())),
                    what: gap.what.to_string(),
                    why: gap.why.to_string(),
                })
            })
        };
        let warnings =
            || audit.workspaces.iter().flat_map(AuditedWorkspace::warnings).map(|text| Warning { text });
        Ok(Self {
            complete: audit.is_complete(),
            reading: messages::reading(&audit.parameters),
            limits: messages::limits(&audit.parameters).collect(),
            definitions: &messages::DEFINITIONS,
            parameters: &audit.parameters,
            workspaces: audit.workspaces.iter().map(reading).collect(),
            has_gaps: !gaps.is_empty() || gaps_of_secrets().next().is_some(),
            gaps: Rows::fill(gaps, usize::MAX)?,
            gaps_of_secrets: Rows::fill(gaps_of_secrets(), LIST_ROOM)?,
            has_warnings: warnings().next().is_some(),
            warnings: Rows::fill(warnings(), LIST_ROOM)?,
            run_id: &audit.run.id,
            started_at: timestamp(audit.run.started_at),
            finished_at: timestamp(audit.run.finished_at),
            clock: audit.run.clock.in_words(),
            filter: audit.filter(),
        })
    }
}

fn reading(workspace: &AuditedWorkspace) -> Reading<'_> {
    let sources = workspace.sources();
    let total = Number(sources.iter().map(|row| row.dependents).sum());
    let figures = messages::figures(workspace).map(|(name, number)| (name, Number(number)));
    Reading { workspace, sources, total, figures }
}

/// What was not read besides the lists of single secrets.
fn gaps(audit: &Audit) -> Vec<GapRow<'_>> {
    let mut gaps = Vec::new();
    for failed in &audit.failed {
        gaps.push(GapRow {
            workspace: &failed.name,
            secret: None,
            what: "the whole workspace".to_owned(),
            why: failed.error.clone(),
        });
    }
    for alarm in first::alarms(audit) {
        let Some(what) = alarm.gap.map(str::to_owned) else { continue };
        let (workspace, why) = (alarm.workspace.unwrap_or_default(), alarm.words.into_owned());
        gaps.push(GapRow { workspace, secret: None, what, why });
    }
    for workspace in &audit.workspaces {
        let mut gap = |what, why| gaps.push(GapRow { workspace: workspace.name(), secret: None, what, why });
        for row in workspace.sources().iter().filter(|row| row.is_gap()) {
            gap(row.title().to_owned(), row.status.why().unwrap_or(&Why::SwitchedOff).to_string());
        }
        for one in workspace.gaps() {
            gap(one.what.to_string(), one.why.to_string());
        }
    }
    gaps
}
