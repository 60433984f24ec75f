//! What is different from the last complete audit, workspace by workspace.

use std::{borrow::Cow, io};

use askama::Template;

use super::{LIST_ROOM, Number, Rows, date_in_words};
use crate::{
    audit::{
        Audit, Change, ChangeKind, Changes as Compared, DependentChanges, DependentName, EarlierRun,
        SecretName, Side, WorkspaceChanges,
    },
    inventory::DependentType,
    report::messages,
};

/// The section.
#[derive(Template)]
#[template(path = "changes.html")]
pub(super) struct Changes<'a> {
    since: Option<(String, &'a str)>,
    not_compared: &'a str,
    warnings: &'a [String],
    workspaces: Vec<Workspace<'a>>,
    notes: &'a [String],
}

/// One workspace.
struct Workspace<'a> {
    changes: &'a WorkspaceChanges,
    /// The audit that it was compared with, where that is another than that of the others.
    since: Option<(String, &'a str)>,
    in_words: String,
    rows: Rows,
}

/// One change.
#[derive(Template)]
#[template(path = "change.html")]
struct Row<'a> {
    change: &'static str,
    secret: &'a SecretName,
    earlier_name: Option<&'a str>,
    verdict: Option<String>,
    sides: Vec<Gained<'a>>,
}

/// What a secret gained, or what it lost.
struct Gained<'a> {
    side: Side<'a>,
    first: Vec<Dependent<'a>>,
}

struct Dependent<'a> {
    kind: Cow<'a, str>,
    dependent: &'a DependentName,
}

impl<'a> Changes<'a> {
    pub(super) fn of(audit: &'a Audit) -> io::Result<Self> {
        let notes = audit.history.notes.as_slice();
        let (earlier, warnings, workspaces) = match &audit.changes {
            Compared::NotCompared(why) => {
                let not_compared = why.trim_end_matches('.');
                return Ok(Self { since: None, not_compared, warnings: &[], workspaces: Vec::new(), notes });
            }
            Compared::Since { earlier, warnings, workspaces } => (earlier, warnings, workspaces),
        };
        let room = LIST_ROOM / workspaces.len().max(1);
        let run = |earlier: &'a EarlierRun| (date_in_words(earlier.started_at), earlier.run.as_str());
        let of_each = workspaces.iter().map(|changes| {
            Ok(Workspace {
                changes,
                since: changes.since.as_ref().map(run),
                in_words: changes.in_words(),
                rows: Rows::fill(changes.rows().map(row), room)?,
            })
        });
        let workspaces = of_each.collect::<io::Result<_>>()?;
        Ok(Self { since: Some(run(earlier)), not_compared: "", warnings, workspaces, notes })
    }
}

fn row(change: Change<'_>) -> Row<'_> {
    let (words, earlier_name) = match change.kind {
        ChangeKind::Renamed(earlier_name) => (change.as_str(), Some(earlier_name)),
        // By itself, the word would not say what about them is different.
        ChangeKind::Dependents => ("other dependents", None),
        _ => (change.as_str(), None),
    };
    let sides = change.dependents.map(gained_and_lost).unwrap_or_default();
    Row { change: words, secret: change.secret, earlier_name, verdict: change.verdict_in_words(), sides }
}

fn gained_and_lost(changes: &DependentChanges) -> Vec<Gained<'_>> {
    let sides = changes.sides().into_iter().filter(|side| side.number > 0);
    sides.map(|side| Gained { side, first: side.first.iter().map(named_dependent).collect() }).collect()
}

fn named_dependent(dependent: &DependentName) -> Dependent<'_> {
    let kind = match DependentType::of_word(&dependent.dependent_type) {
        DependentType::Unrecognized(_) => Cow::Borrowed(dependent.dependent_type.as_str()),
        known => Cow::Owned(messages::kind(&known).to_owned()),
    };
    Dependent { kind, dependent }
}
