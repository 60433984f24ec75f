//! What is different from the last complete audit, workspace by workspace.

use std::{borrow::Cow, io};

use askama::Template;

use super::{LIST_ROOM, Number, Rows, date_in_words, dependents::kind};
use crate::{
    audit::{
        Audit, Change, Changes as Compared, DependentChanges, DependentName, SecretName, Side,
        WorkspaceChanges,
    },
    inventory::DependentType,
};

/// The section.
#[derive(Template)]
#[template(path = "changes.html")]
pub(super) struct Changes<'a> {
    since: Option<(String, &'a str)>,
    not_compared: &'a str,
    workspaces: Vec<Workspace<'a>>,
    notes: &'a [String],
}

/// One workspace.
struct Workspace<'a> {
    changes: &'a WorkspaceChanges,
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
        let (earlier, workspaces) = match &audit.changes {
            Compared::NotCompared(why) => {
                let not_compared = why.trim_end_matches('.');
                return Ok(Self { since: None, not_compared, workspaces: Vec::new(), notes });
            }
            Compared::Since { earlier, workspaces } => (earlier, workspaces),
        };
        let room = LIST_ROOM / workspaces.len().max(1);
        let since = Some((date_in_words(earlier.started_at), earlier.run.as_str()));
        let of_each = workspaces.iter().map(|changes| {
            Ok(Workspace {
                changes,
                in_words: changes.in_words(),
                rows: Rows::fill(changes.rows().map(row), room)?,
            })
        });
        Ok(Self { since, not_compared: "", workspaces: of_each.collect::<io::Result<_>>()?, notes })
    }
}

fn row(change: Change<'_>) -> Row<'_> {
    let (words, earlier_name, sides) = match change {
        Change::NewlyUnused(_) | Change::BackInUse(_) | Change::New(_) | Change::Gone(_) => {
            (change.as_str(), None, Vec::new())
        }
        Change::Renamed(renamed) => (change.as_str(), Some(renamed.earlier_name.as_str()), Vec::new()),
        // By itself, the word would not say what about them is different.
        Change::Dependents(changes) => ("other dependents", None, gained_and_lost(changes)),
    };
    Row { change: words, secret: change.secret(), earlier_name, sides }
}

fn gained_and_lost(changes: &DependentChanges) -> Vec<Gained<'_>> {
    let sides = changes.sides().into_iter().filter(|side| side.number > 0);
    sides.map(|side| Gained { side, first: side.first.iter().map(named_dependent).collect() }).collect()
}

fn named_dependent(dependent: &DependentName) -> Dependent<'_> {
    let kind = match DependentType::of_word(&dependent.dependent_type) {
        DependentType::Unrecognized(_) => Cow::Borrowed(dependent.dependent_type.as_str()),
        known => Cow::Owned(kind(&known).to_owned()),
    };
    Dependent { kind, dependent }
}
