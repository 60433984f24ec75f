//! What is different from the last complete audit, workspace by workspace.

use std::{borrow::Cow, io};

use askama::Template;

use super::{LIST_ROOM, Number, Rows, date_in_words, dependents::kind};
use crate::{
    audit::{Audit, Changes as Compared, DependentChanges, DependentName, SecretName, WorkspaceChanges},
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
    dependents: Vec<Dependents<'a>>,
}

/// What a secret gained, or what it lost.
struct Dependents<'a> {
    what: &'static str,
    number: usize,
    first: Vec<Dependent<'a>>,
    further: usize,
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
            Ok(Workspace { changes, in_words: changes.in_words(), rows: Rows::fill(rows(changes), room)? })
        });
        Ok(Self { since, not_compared: "", workspaces: of_each.collect::<io::Result<_>>()?, notes })
    }
}

fn rows(changes: &WorkspaceChanges) -> impl Iterator<Item = Row<'_>> {
    let row = |change: &'static str| {
        move |secret| Row { change, secret, earlier_name: None, dependents: Vec::new() }
    };
    let renamed = changes.renamed.iter().map(move |renamed| Row {
        earlier_name: Some(&renamed.earlier_name),
        ..row("renamed")(&renamed.secret)
    });
    let dependents = changes.dependents.iter().map(move |changes| Row {
        dependents: gained_and_lost(changes),
        ..row("other dependents")(&changes.secret)
    });
    changes
        .newly_unused
        .iter()
        .map(row("newly unused"))
        .chain(changes.back_in_use.iter().map(row("back in use")))
        .chain(changes.new.iter().map(row("new")))
        .chain(changes.gone.iter().map(row("gone")))
        .chain(renamed)
        .chain(dependents)
}

fn gained_and_lost(changes: &DependentChanges) -> Vec<Dependents<'_>> {
    [("gained", changes.gained, &changes.gained_first), ("lost", changes.lost, &changes.lost_first)]
        .into_iter()
        .filter(|(_, number, _)| *number > 0)
        .map(|(what, number, first)| Dependents {
            what,
            number,
            first: first.iter().map(named_dependent).collect(),
            further: number.saturating_sub(first.len()),
        })
        .collect()
}

fn named_dependent(dependent: &DependentName) -> Dependent<'_> {
    let kind = match DependentType::of_word(&dependent.dependent_type) {
        DependentType::Unrecognized(_) => Cow::Borrowed(dependent.dependent_type.as_str()),
        known => Cow::Owned(kind(&known).to_owned()),
    };
    Dependent { kind, dependent }
}
