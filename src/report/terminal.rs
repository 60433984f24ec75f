//! The summary on standard output, for a terminal or a cron mail.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{
    audit::{Audit, AuditedWorkspace, Status, Verdict},
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
    let totals = audit.totals();
    let (style, word) = if audit.is_complete() { (GOOD, "COMPLETE") } else { (BAD, "INCOMPLETE") };
    writeln!(
        out,
        "{style}{word}{style:#}  {}: {} in use, {} unused, {} undetermined; {}",
        count(totals.secrets, "secret", "secrets"),
        totals.in_use,
        totals.unused,
        totals.undetermined,
        count(totals.dependents, "dependent", "dependents")
    )?;
    for failed in &audit.failed {
        let (name, error) = (show_hidden(&failed.name, &[]), show_hidden(&failed.error, &[]));
        writeln!(out, "{BAD}not read{BAD:#}  workspace {name}: {error}")?;
    }
    named(audit, Verdict::Unused, NOTICE, &mut out)?;
    named(audit, Verdict::Undetermined, BAD, &mut out)?;
    for workspace in &audit.workspaces {
        of_the_workspace(workspace, &mut out)?;
    }
    writeln!(out, "{FAINT}reports in{FAINT:#} {place}")?;
    out.flush()
}

/// What else is amiss in a workspace, and what could not be read.
fn of_the_workspace(workspace: &AuditedWorkspace, out: &mut impl Write) -> io::Result<()> {
    let name = show_hidden(workspace.name(), &[]);
    if let Some(drop) = workspace.population_drop() {
        writeln!(out, "{BAD}warning{BAD:#}  workspace {name}: {}", drop.in_words())?;
    }
    for row in workspace.sources() {
        let (title, status) = (row.title, row.status.as_str());
        match &row.status {
            Status::NotRead(why) => {
                let why = show_hidden(why, &[]);
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
            "reference to a secret not visible",
            "references to secrets not visible",
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

fn named(audit: &Audit, verdict: Verdict, style: Style, out: &mut impl Write) -> io::Result<()> {
    let several = audit.workspaces.len() + audit.failed.len() > 1;
    let mut found = audit.secrets().filter(|secret| secret.verdict() == verdict);
    let mut first = true;
    for secret in found.by_ref().take(MOST_NAMED) {
        if first {
            writeln!(out, "\n{style}{}{style:#}", verdict.as_str())?;
            first = false;
        }
        let (name, id) = (show_hidden(secret.name(), &[]), show_hidden(secret.id(), &[]));
        if several {
            write!(out, "  {}:", show_hidden(secret.workspace(), &[]))?;
        }
        writeln!(out, "  {name}  {FAINT}{id}{FAINT:#}")?;
    }
    let rest = found.count();
    if rest > 0 {
        writeln!(out, "  … and {rest} more")?;
    }
    if !first {
        writeln!(out)?;
    }
    Ok(())
}
