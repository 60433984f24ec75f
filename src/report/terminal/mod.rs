//! The summary on standard output, for a terminal or a cron mail.

mod changes;

pub use changes::changes;

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace, Changes, Status, Totals, Verdict, WaiverState},
    report::{date, first, messages},
    table::{self, Column},
    text::{count, show_hidden},
};

const GOOD: Style = AnsiColor::Green.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const NOTICE: Style = AnsiColor::Yellow.on_default().bold();
const FAINT: Style = Style::new().dimmed();

/// How many secrets of one verdict are named before the rest is only counted.
const MOST_NAMED: usize = 20;

/// Writes the summary, with ANSI colours; who doesn't want them strips them. `place` is where the bundle is.
///
/// # Errors
/// Where writing fails.
pub fn summary(audit: &Audit, place: &str, mut out: impl Write) -> io::Result<()> {
    if let Some(search) = audit.filter() {
        let search = show_hidden(search, &[]);
        writeln!(
            out,
            "{NOTICE}FILTERED{NOTICE:#}: only secrets whose name starts with “{search}” were read"
        )?;
    }
    let (style, word) = if audit.is_complete() { (GOOD, "COMPLETE") } else { (BAD, "INCOMPLETE") };
    writeln!(out, "{style}{word}{style:#}  {}", messages::answer(audit, |number| number.to_string()))?;
    for failed in &audit.failed {
        let (name, error) = (show_hidden(&failed.name, &[]), show_hidden(&failed.error, &[]));
        writeln!(out, "{BAD}not read{BAD:#}  workspace {name}: {error}")?;
    }
    alarms(audit, &mut out)?;
    notes(audit, &mut out)?;
    unused(audit, &mut out)?;
    undetermined(audit, &mut out)?;
    totals(audit, &mut out)?;
    say_history(audit, &mut out)?;
    waivers(audit, &mut out)?;
    for workspace in &audit.workspaces {
        of_the_workspace(workspace, &mut out)?;
    }
    writeln!(out, "{FAINT}reports in{FAINT:#} {place}")?;
    out.flush()
}

/// What makes findings doubtful.
fn alarms(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    for alarm in first::alarms(audit) {
        let workspace =
            alarm.workspace.map(|name| format!("workspace {}: ", shown(name))).unwrap_or_default();
        writeln!(out, "{BAD}warning{BAD:#}  {workspace}{}", alarm.in_words(shown))?;
    }
    Ok(())
}

/// What the verdicts rest on.
fn notes(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    for note in first::notes(audit) {
        let (style, word) = if note.is_quiet { (FAINT, "view") } else { (NOTICE, "note") };
        write!(out, "{style}{word}{style:#}  ")?;
        if !note.workspaces.first.is_empty() {
            write!(out, "{}: ", note.workspaces.in_words(", ", shown))?;
        }
        let words = format!("{}{}", without_code(&note.words), shown(note.limit));
        writeln!(out, "{}", words.trim_end_matches('.'))?;
    }
    Ok(())
}

fn shown(text: &str) -> String {
    show_hidden(text, &[]).into_owned()
}

/// A sentence without the marks of code.
fn without_code(sentence: &str) -> String {
    sentence.replace('`', "")
}

/// The unused secrets, the oldest first.
fn unused(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    let found = audit.unused_oldest_first();
    if found.is_empty() {
        return Ok(());
    }
    let number = messages::open_of_all(audit.unused(), |number| number.to_string());
    writeln!(out, "\n{NOTICE}unused{NOTICE:#} ({number})")?;
    let mut columns = vec![
        Column::of_text("secret"),
        Column::of_text("id").styled(FAINT),
        Column::of_text("since"),
        Column::of_numbers("days"),
        Column::of_text(""),
    ];
    let row = |secret: &AuditedSecret<'_>| {
        vec![
            secret.name().to_owned(),
            secret.id().to_owned(),
            secret.unused_since().map(date).unwrap_or_default(),
            secret.unused_days().map(|days| days.to_string()).unwrap_or_default(),
            remark(*secret),
        ]
    };
    let rows = found.iter().take(MOST_NAMED).map(row).collect();
    with_workspaces(audit, &mut columns, rows, &found, out)
}

/// The secrets of which it can't be said whether something uses them.
fn undetermined(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    let found: Vec<_> = audit.secrets().filter(|secret| secret.verdict() == Verdict::Undetermined).collect();
    if found.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n{BAD}undetermined{BAD:#} ({}): treat them as in use", found.len())?;
    let mut columns = vec![Column::of_text("secret"), Column::of_text("id").styled(FAINT)];
    let row = |secret: &AuditedSecret<'_>| vec![secret.name().to_owned(), secret.id().to_owned()];
    let rows = found.iter().take(MOST_NAMED).map(row).collect();
    with_workspaces(audit, &mut columns, rows, &found, out)
}

/// Writes rows about the first of these secrets, with their workspaces where there are several.
fn with_workspaces(
    audit: &Audit,
    columns: &mut Vec<Column>,
    mut rows: Vec<Vec<String>>,
    found: &[AuditedSecret<'_>],
    out: &mut impl Write,
) -> io::Result<()> {
    if audit.workspaces.len() + audit.failed.len() > 1 {
        columns.insert(0, Column::of_text("workspace"));
        for (row, secret) in rows.iter_mut().zip(found) {
            row.insert(0, secret.workspace().to_owned());
        }
    }
    table::write("  ", columns, rows, out)?;
    let rest = found.len().saturating_sub(MOST_NAMED);
    if rest > 0 {
        writeln!(out, "  … and {rest} more")?;
    }
    Ok(())
}

/// Why an unused secret is no open finding, or is one again.
fn remark(secret: AuditedSecret<'_>) -> String {
    let mut remarks = Vec::new();
    if let Some(waiver) = secret.waiver() {
        let word = if waiver.state.holds() { "waived until" } else { "waiver expired on" };
        remarks.push(format!("{word} {}", waiver.waiver.expires));
    }
    if secret.is_within_grace() {
        remarks.push("within grace".to_owned());
    }
    remarks.join(", ")
}

/// The totals of each workspace.
fn totals(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    writeln!(out)?;
    let columns = [
        Column::of_text("workspace"),
        Column::of_numbers("secrets"),
        Column::of_numbers("in use"),
        Column::of_numbers("unused"),
        Column::of_numbers("undetermined"),
        Column::of_numbers("dependents"),
    ];
    let row = |name: &str, totals: Totals| {
        let Totals { secrets, in_use, unused, undetermined, dependents } = totals;
        let numbers = [secrets, in_use, unused, undetermined, dependents].map(|number| number.to_string());
        [name.to_owned()].into_iter().chain(numbers).collect::<Vec<_>>()
    };
    let mut rows: Vec<Vec<String>> =
        audit.workspaces.iter().map(|workspace| row(workspace.name(), workspace.totals())).collect();
    if rows.len() > 1 {
        rows.push(row("all", audit.totals()));
    }
    table::write("  ", &columns, rows, out)?;
    writeln!(out)
}

/// What else is amiss in a workspace, and what could not be read.
fn of_the_workspace(workspace: &AuditedWorkspace, out: &mut impl Write) -> io::Result<()> {
    let name = show_hidden(workspace.name(), &[]);
    for row in workspace.sources() {
        let (title, status) = (row.title(), row.status.as_str());
        match &row.status {
            Status::NotRead(why) => {
                let why = why.to_string();
                let why = show_hidden(&why, &[]);
                writeln!(out, "{BAD}{status}{BAD:#}  workspace {name}: {title}: {why}")?;
            }
            Status::SwitchedOff => writeln!(out, "{BAD}{status}{BAD:#}  workspace {name}: {title}")?,
            Status::Whole | Status::NotNeeded | Status::NotPartOfThisAudit => {}
        }
    }
    for (number, one, many) in [
        (workspace.dangling().len(), "dangling reference", "dangling references"),
        (
            workspace.not_visible().len(),
            "reference to a secret that was not seen",
            "references to secrets that were not seen",
        ),
        (
            workspace.secrets().map(|secret| secret.discrepancies().count()).sum(),
            "discrepancy",
            "discrepancies",
        ),
        (workspace.deleted().len(), "secret deleted during the audit", "secrets deleted during the audit"),
    ] {
        if number > 0 {
            let what = count(number, one, many);
            writeln!(out, "{NOTICE}note{NOTICE:#}  workspace {name}: {what}, named in the report")?;
        }
    }
    Ok(())
}

/// When the last complete audit was, and what has changed since.
fn say_history(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    match &audit.changes {
        Changes::NotCompared(why) => {
            writeln!(out, "{FAINT}changes{FAINT:#}  not compared: {}", show_hidden(why, &[]))?;
        }
        // That this audit is INCOMPLETE is the first line.
        Changes::Since { earlier, workspaces, .. } => {
            for changes in workspaces {
                let since = date(changes.since.as_ref().unwrap_or(earlier).started_at);
                let name = show_hidden(&changes.workspace, &[]);
                let what = match &changes.not_compared {
                    Some(why) => format!("not compared: {}", show_hidden(why, &[])),
                    None => changes.in_words(),
                };
                writeln!(out, "{FAINT}changes{FAINT:#}  {name} since {since}: {what}")?;
            }
        }
    }
    for note in &audit.history.notes {
        writeln!(out, "{NOTICE}note{NOTICE:#}  {}", show_hidden(note, &[]))?;
    }
    Ok(())
}

/// The waivers that need somebody.
fn waivers(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    if audit.parameters.ignores_waivers {
        writeln!(out, "{NOTICE}note{NOTICE:#}  all waivers were left out of account (--no-waivers)")?;
    }
    for (state, one, many) in [
        (WaiverState::Expired, "waiver has expired", "waivers have expired"),
        (WaiverState::ExpiresSoon, "waiver expires within 30 days", "waivers expire within 30 days"),
        (WaiverState::MatchesNothing, "waiver matches nothing", "waivers match nothing"),
    ] {
        let number = audit.waivers.iter().filter(|waiver| waiver.state == state).count();
        if number > 0 {
            writeln!(out, "{NOTICE}note{NOTICE:#}  {}, named in the report", count(number, one, many))?;
        }
    }
    Ok(())
}
