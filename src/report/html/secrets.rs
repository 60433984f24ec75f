//! The table of all secrets, each opening onto its dependents. It is written row by row, so that a million dependents
//! never stand in memory as text.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
};

use askama::Template;

use super::{
    Number,
    dependents::{self, Shown},
    several, size, verdict,
};
use crate::{
    audit::{Audit, AuditedSecret, DependentCounts, Verdict},
    report::{date, messages},
};

/// What stands above the rows.
#[derive(Template)]
#[template(path = "secrets.html")]
struct Head<'a> {
    total: usize,
    number: Number,
    workspaces: &'a [&'a str],
    kinds: &'a BTreeMap<&'a str, usize>,
    several: bool,
    most: Option<Number>,
    left_out: usize,
}

/// A secret: a row, and where something uses it another below, which shows when it is opened.
#[derive(Template)]
#[template(path = "secret.html")]
struct Row<'a> {
    secret: AuditedSecret<'a>,
    verdict: &'static str,
    class: &'static str,
    /// The place of its verdict in the order of urgency.
    urgency: usize,
    /// The numbers by which the filters know its workspace and the kinds of its dependents.
    workspace: usize,
    kinds: Vec<usize>,
    counts: [usize; 5],
    first_seen: String,
    unused_days: Option<(u32, Number)>,
    several: bool,
    total: usize,
    in_words: String,
    shown: usize,
    has_table: bool,
}

/// What stands below the rows.
#[derive(Template)]
#[template(path = "secrets_end.html")]
struct Foot {
    total: usize,
    left_out: usize,
}

/// What all rows have in common.
struct Table<'a> {
    workspaces: Vec<&'a str>,
    kinds: BTreeMap<&'a str, usize>,
    several: bool,
}

impl<'a> Table<'a> {
    fn of(audit: &'a Audit) -> Self {
        let kinds: BTreeSet<&str> = audit.secrets().flat_map(kinds).collect();
        Self {
            workspaces: audit.workspaces.iter().map(|workspace| workspace.name()).collect(),
            kinds: kinds.into_iter().zip(0..).collect(),
            several: several(audit),
        }
    }
}

impl<'a> Row<'a> {
    fn of(secret: AuditedSecret<'a>, table: &Table<'_>, most: Option<usize>) -> Self {
        let counts = secret.counts();
        let total = secret.dependents().len();
        let DependentCounts { tools, agents, phone_numbers, mcp_servers, .. } = counts;
        let (words, class) = verdict(secret.verdict());
        let shown = most.map_or(total, |most| total.min(most));
        let kinds: BTreeSet<usize> =
            kinds(secret).filter_map(|kind| table.kinds.get(kind).copied()).collect();
        Self {
            secret,
            verdict: words,
            class,
            urgency: urgency(secret.verdict()),
            workspace: table
                .workspaces
                .iter()
                .position(|name| *name == secret.workspace())
                .unwrap_or_default(),
            kinds: kinds.into_iter().collect(),
            counts: [tools, agents, phone_numbers, mcp_servers, counts.all_else()],
            first_seen: secret.record().map(|record| date(record.first_seen)).unwrap_or_default(),
            unused_days: secret.unused_days().map(|days| (days, super::days(days))),
            several: table.several,
            total,
            in_words: counts.in_words(),
            shown,
            has_table: shown > 0,
        }
    }

    fn dependents(&self) -> impl Iterator<Item = Shown<'a>> {
        self.secret.dependents().take(self.shown).map(Shown::of)
    }
}

/// The kinds of a secret's dependents. They come by kind, so that each is there once, or a few times at the most.
fn kinds(secret: AuditedSecret<'_>) -> impl Iterator<Item = &str> {
    let mut last = None;
    secret.dependents().filter_map(move |one| {
        let kind = Some(messages::kind(&one.resource.dependent_type)).filter(|kind| last != Some(*kind))?;
        last = Some(kind);
        last
    })
}

fn urgency(verdict: Verdict) -> usize {
    match verdict {
        Verdict::Unused => 0,
        Verdict::Undetermined => 1,
        Verdict::InUse => 2,
    }
}

/// Writes the table, in about `room` bytes: first every secret, then of each as many dependents as there is room for.
pub(super) fn every_secret(audit: &Audit, room: usize, out: &mut impl Write) -> io::Result<()> {
    let table = Table::of(audit);
    let mut secrets: Vec<AuditedSecret<'_>> = audit.secrets().collect();
    // What matters comes first, and is the last that is cut. Within it, the order of every report stays.
    secrets.sort_by_key(|secret| urgency(secret.verdict()));
    let total = secrets.len();
    let (mut taken, mut rows) = (0, 0);
    for secret in &secrets {
        // With all that stands around dependents, so that what is left is room for these alone.
        taken += size(&Row { has_table: true, ..Row::of(*secret, &table, Some(0)) })?;
        if taken > room {
            break;
        }
        rows += 1;
    }
    let most = if rows < total { Some(0) } else { dependents::most_within(audit, room - taken)? };
    let head = Head {
        total,
        number: Number(total),
        workspaces: &table.workspaces,
        kinds: &table.kinds,
        several: table.several,
        most: most.map(Number),
        left_out: total - rows,
    };
    head.write_into(out)?;
    for secret in secrets.into_iter().take(rows) {
        Row::of(secret, &table, most).write_into(out)?;
    }
    Foot { total, left_out: total - rows }.write_into(out)
}
