//! What somebody has to look at besides the unused: undetermined secrets, which are never cut, and what else is amiss.

use std::{borrow::Cow, collections::BTreeMap, io};

use askama::Template;

use super::{LIST_ROOM, Number, Rows, of_each, several};
use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace},
    inventory::Reference,
    report::{messages, reasons},
};

/// The secrets of which it can't be said whether something uses them, by what is missing. Never cut.
#[derive(Template)]
#[template(path = "undetermined.html")]
pub(super) struct Undetermined<'a> {
    number: Number,
    by_reason: BTreeMap<Cow<'a, str>, Vec<AuditedSecret<'a>>>,
    several: bool,
}

pub(super) fn undetermined(audit: &Audit) -> Undetermined<'_> {
    let number = Number(audit.totals().undetermined);
    Undetermined { number, by_reason: reasons::undetermined(audit), several: several(audit) }
}

/// Dangling references, references to what the key may not see, discrepancies and deleted secrets.
#[derive(Template)]
#[template(path = "findings.html")]
pub(super) struct Findings {
    lists: Vec<List>,
}

/// A table of findings of one sort.
struct List {
    id: &'static str,
    title: &'static str,
    meaning: &'static str,
    columns: &'static [&'static str],
    number: Number,
    rows: Rows,
}

/// A row of such a table: what is text from elsewhere is in code type where it is an id.
#[derive(Template)]
#[template(path = "finding.html")]
struct Finding<'a> {
    cells: Vec<Cell<'a>>,
}

enum Cell<'a> {
    Text(&'a str),
    Name(&'a str),
    Id(&'a str),
    Ids(&'a [String]),
}

pub(super) fn of_the_workspaces(audit: &Audit) -> io::Result<Findings> {
    let lists = [
        references(audit, "dangling", messages::DANGLING, AuditedWorkspace::dangling)?,
        references(audit, "not-visible", messages::NOT_VISIBLE, AuditedWorkspace::not_visible)?,
        discrepancies(audit)?,
        deleted(audit)?,
    ];
    Ok(Findings { lists: lists.into_iter().filter(|list| list.number.0 > 0).collect() })
}

fn references(
    audit: &Audit,
    id: &'static str,
    section: messages::Section,
    of: impl Fn(&AuditedWorkspace) -> &[Reference],
) -> io::Result<List> {
    let rows = || {
        of_each(audit, &of).map(|(workspace, reference)| {
            let holder = &reference.holder;
            Finding {
                cells: vec![
                    Cell::Name(workspace),
                    Cell::Id(&reference.secret_id),
                    Cell::Text(messages::kind(&holder.dependent_type)),
                    Cell::Name(holder.name.as_deref().unwrap_or_default()),
                    Cell::Id(&holder.id),
                    Cell::Ids(&reference.via),
                    Cell::Text(&reference.why),
                ],
            }
        })
    };
    let columns = &["Workspace", "Secret id", "Held by", "Name", "Id", "Where", "Why"];
    list(id, section, columns, rows)
}

fn discrepancies(audit: &Audit) -> io::Result<List> {
    let rows = || {
        audit.secrets().flat_map(|secret| {
            secret.discrepancies().map(move |(dependent, what)| {
                let resource = dependent.resource;
                Finding {
                    cells: vec![
                        Cell::Name(secret.workspace()),
                        Cell::Name(secret.name()),
                        Cell::Id(secret.id()),
                        Cell::Text(messages::kind(&resource.dependent_type)),
                        Cell::Name(resource.name.as_deref().unwrap_or_default()),
                        Cell::Id(&resource.id),
                        Cell::Text(what.as_str()),
                    ],
                }
            })
        })
    };
    list(
        "discrepancies",
        messages::DISCREPANCIES,
        &["Workspace", "Secret", "Secret id", "Dependent", "Name", "Id", "What"],
        rows,
    )
}

fn deleted(audit: &Audit) -> io::Result<List> {
    let rows = || {
        of_each(audit, AuditedWorkspace::deleted).map(|(workspace, (id, name))| Finding {
            cells: vec![Cell::Name(workspace), Cell::Name(name), Cell::Id(id)],
        })
    };
    list("deleted", messages::DELETED, &["Workspace", "Secret", "Secret id"], rows)
}

fn list<'a, R: Iterator<Item = Finding<'a>>>(
    id: &'static str,
    (title, meaning): messages::Section,
    columns: &'static [&'static str],
    rows: impl Fn() -> R,
) -> io::Result<List> {
    let number = Number(rows().count());
    Ok(List { id, title, meaning, columns, number, rows: Rows::fill(rows(), LIST_ROOM)? })
}
