//! The waivers that people gave, and what has become of each.

use std::{collections::BTreeMap, io};

use askama::Template;

use super::{LIST_ROOM, Number, Rows};
use crate::{
    audit::{Audit, Waiver},
    report::messages,
};

/// The section.
#[derive(Template)]
#[template(path = "waivers.html")]
pub(super) struct Waivers {
    ignored: bool,
    number: Number,
    lists: Vec<List>,
}

/// The waivers in one state.
struct List {
    title: &'static str,
    number: Number,
    rows: Rows,
}

#[derive(Template)]
#[template(path = "waiver.html")]
struct Row<'a> {
    waiver: &'a Waiver,
    /// The secrets that it is for: more than one only where workspaces share an id.
    names: &'a [&'a str],
}

impl Waivers {
    pub(super) fn of(audit: &Audit) -> io::Result<Self> {
        let mut names: BTreeMap<&Waiver, Vec<&str>> = BTreeMap::new();
        for secret in audit.secrets() {
            if let Some(applied) = secret.waiver() {
                names.entry(&applied.waiver).or_default().push(super::named(secret.name()));
            }
        }
        let mut lists = Vec::new();
        for (state, title) in messages::WAIVERS {
            let waivers: Vec<&Waiver> =
                audit.waivers.iter().filter(|one| one.state == state).map(|one| &one.waiver).collect();
            if waivers.is_empty() {
                continue;
            }
            let number = Number(waivers.len());
            let rows = waivers
                .into_iter()
                .map(|waiver| Row { waiver, names: names.get(waiver).map_or(&[], Vec::as_slice) });
            lists.push(List { title, number, rows: Rows::fill(rows, LIST_ROOM)? });
        }
        Ok(Self { ignored: audit.parameters.ignores_waivers, number: Number(audit.waivers.len()), lists })
    }
}
