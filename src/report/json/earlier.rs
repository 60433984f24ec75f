//! What a later audit needs of an earlier report: the history, and what each secret and its dependents were.

use std::io;

use serde::Deserialize;

use super::{
    SCHEMA_VERSION,
    dependent::read_sources,
    error::ReadError,
    read::{Reader, SecretRead, WorkspaceRead, read},
    types::HeadJson,
    values::{Text, read_moment, read_word},
};
use crate::{
    audit::{
        Comparison, EarlierDependent, EarlierRun, EarlierSecret, EarlierWorkspace, History, Night,
        NightTotals, SecretName, Status, Verdict,
    },
    inventory::Source,
};

/// What an earlier report says of itself, and what it still knows of those before it.
#[derive(Debug)]
pub struct EarlierReport {
    /// Its run.
    pub run: EarlierRun,
    /// Whether everything was read whole.
    pub is_complete: bool,
    /// Whether only some secrets were read.
    pub(crate) is_narrowed: bool,
    /// Whether its clock was off; its time is the API's then.
    pub(crate) is_clock_off: bool,
    /// What it and those before it saw. Of a report from before there was history: what it says itself.
    pub history: History,
}

/// Reads an earlier report for what a later audit needs of it. With a comparison, that takes in its secrets.
///
/// # Errors
/// Where it can't be read, or is of a later schema version than this program writes.
pub fn read_earlier(
    input: impl io::Read,
    comparison: Option<&mut Comparison<'_>>,
) -> Result<EarlierReport, ReadError> {
    let mut reader = EarlierReader { comparison, workspace: None, alone: History::default() };
    let (head, history) = read(input, &mut reader)?;
    let is_clock_off = head.run.clock().is_off();
    let run = EarlierRun { started_at: head.run.began()?, run: head.run.id.into_owned() };
    let history = match history {
        Some(history) => history.restore()?,
        None if head.schema_version < FIRST_WITH_HISTORY => reader.alone,
        None => return Err(ReadError::missing_field("history")),
    };
    Ok(EarlierReport {
        run,
        is_complete: head.complete && !head.filtered,
        is_narrowed: head.filtered,
        is_clock_off,
        history,
    })
}

/// The first schema version with a history.
const FIRST_WITH_HISTORY: u32 = 2;

struct EarlierReader<'c, 'a> {
    comparison: Option<&'c mut Comparison<'a>>,
    workspace: Option<WorkspaceRead>,
    /// What a report from before there was a history says itself.
    alone: History,
}

impl Reader for EarlierReader<'_, '_> {
    type Dependent<'d> = DependentRead<'d>;

    fn workspace(&mut self, head: &HeadJson, read: WorkspaceRead) -> Result<(), ReadError> {
        if head.schema_version > SCHEMA_VERSION {
            return Err(ReadError::new(format!(
                "its schema_version is {}, of a later version of this program",
                head.schema_version
            )));
        }
        if head.schema_version < FIRST_WITH_HISTORY {
            let known = self.alone.workspaces.entry(read.name.to_string()).or_default();
            known.secrets_listed = read.figures.secrets_listed;
            let (run, started_at) = (head.run.id.to_string(), read_moment(&head.run.started_at)?);
            if self.alone.nights.is_empty() {
                let (is_complete, workspaces) = (head.complete, Default::default());
                self.alone.nights.push(Night { run, started_at, is_complete, workspaces });
            }
            for night in &mut self.alone.nights {
                let found = NightTotals { totals: read.totals.into(), is_complete: read.complete };
                night.workspaces.insert(read.name.to_string(), found);
            }
        }
        if let Some(comparison) = &mut self.comparison {
            comparison.take_workspace(earlier_workspace(&read));
        }
        self.workspace = Some(read);
        Ok(())
    }

    fn secret(&mut self, head: &HeadJson, read: SecretRead) -> Result<(), ReadError> {
        let Some(workspace) = &self.workspace else {
            return Err(ReadError::new("a secret stands outside of a workspace"));
        };
        let verdict = read_word(Verdict::ALL, Verdict::as_str, "verdict", &read.verdict)?;
        if let Some(known) = self.alone.workspaces.get_mut(&*workspace.name) {
            known.observe(&read.secret_id, &read.name, verdict, read_moment(&head.run.started_at)?);
        }
        if let Some(comparison) = &mut self.comparison {
            let secret = SecretName { name: read.name.into_owned(), id: read.secret_id.into_owned() };
            comparison.take_secret(earlier_workspace(workspace), EarlierSecret { secret, verdict });
        }
        Ok(())
    }

    fn dependent(&mut self, read: DependentRead<'_>) -> Result<(), ReadError> {
        if let Some(comparison) = &mut self.comparison {
            comparison.take_dependent(EarlierDependent {
                dependent_type: &read.r#type.0,
                name: read.name.as_ref().map_or("", |name| &*name.0),
                id: &read.id.0,
                sources: read_sources(&read.sources)?,
            });
        }
        Ok(())
    }

    fn end_secret(&mut self) {
        if let Some(comparison) = &mut self.comparison {
            comparison.end_secret();
        }
    }
}

/// What a comparison needs of a dependent.
#[derive(Deserialize)]
struct DependentRead<'a> {
    #[serde(borrow)]
    r#type: Text<'a>,
    #[serde(borrow)]
    id: Text<'a>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(borrow)]
    sources: Vec<Text<'a>>,
}

/// Whether every tool, agent and branch was read.
fn is_inspected(read: &WorkspaceRead) -> bool {
    let is_read = |source: Source| {
        let mut rows = read.sources.iter().filter(|row| row.source == source.as_str());
        rows.any(|row| row.status == Status::Whole.as_str())
    };
    is_read(Source::Tools) && is_read(Source::Agents)
}

fn earlier_workspace<'a>(read: &'a WorkspaceRead) -> EarlierWorkspace<'a> {
    EarlierWorkspace {
        name: &read.name,
        workspace_id: read.workspace_id.as_deref(),
        is_complete: read.complete,
        is_deep: is_inspected(read),
        has_unlisted: read.figures.secrets_not_listed > 0,
    }
}
