//! The summary on standard output, for a terminal or a cron mail.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{
    audit::{
        Audit, AuditedSecret, AuditedWorkspace, Changes, SecretName, Status, Verdict, WaiverState,
        WorkspaceChanges,
    },
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
    say_history(audit, &mut out)?;
    for failed in &audit.failed {
        let (name, error) = (show_hidden(&failed.name, &[]), show_hidden(&failed.error, &[]));
        writeln!(out, "{BAD}not read{BAD:#}  workspace {name}: {error}")?;
    }
    named(audit, Verdict::Unused, &audit.unused_oldest_first(), NOTICE, &mut out)?;
    let undetermined: Vec<_> =
        audit.secrets().filter(|secret| secret.verdict() == Verdict::Undetermined).collect();
    named(audit, Verdict::Undetermined, &undetermined, BAD, &mut out)?;
    waivers(audit, &mut out)?;
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
        let (title, status) = (row.title(), row.status.as_str());
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

/// When the last complete audit was, and what has changed since.
fn say_history(audit: &Audit, out: &mut impl Write) -> io::Result<()> {
    match &audit.changes {
        Changes::NotCompared(why) => writeln!(out, "{FAINT}changes{FAINT:#}  not compared: {why}")?,
        Changes::Since { earlier, workspaces } => {
            let since = super::date(earlier.started_at);
            for changes in workspaces {
                let name = show_hidden(&changes.workspace, &[]);
                let what = match &changes.not_compared {
                    Some(why) => format!("not compared: {why}"),
                    None => changes.in_words(),
                };
                writeln!(
                    out,
                    "{FAINT}changes{FAINT:#}  workspace {name} since the complete audit of {since}: {what}"
                )?;
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

fn named(
    audit: &Audit,
    verdict: Verdict,
    found: &[AuditedSecret<'_>],
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let several = audit.workspaces.len() + audit.failed.len() > 1;
    let mut first = true;
    for secret in found.iter().take(MOST_NAMED) {
        if first {
            writeln!(out, "\n{style}{}{style:#}", verdict.as_str())?;
            first = false;
        }
        let (name, id) = (show_hidden(secret.name(), &[]), show_hidden(secret.id(), &[]));
        if several {
            write!(out, "  {}:", show_hidden(secret.workspace(), &[]))?;
        }
        writeln!(out, "  {name}  {FAINT}{id}{FAINT:#}{}", age(*secret))?;
    }
    let rest = found.len().saturating_sub(MOST_NAMED);
    if rest > 0 {
        writeln!(out, "  … and {rest} more")?;
    }
    if !first {
        writeln!(out)?;
    }
    Ok(())
}

/// For how long a secret is unused, and why that is no open finding.
fn age(secret: AuditedSecret<'_>) -> String {
    let mut age = match secret.unused_days() {
        None => return String::new(),
        Some(0) => "  since today".to_owned(),
        Some(days) => format!("  for {}", count(days as usize, "day", "days")),
    };
    if let Some(waiver) = secret.waiver() {
        let word = if waiver.state.holds() { "waived until" } else { "waiver expired on" };
        age.push_str(&format!(", {word} {}", waiver.waiver.expires));
    }
    if secret.is_within_grace() {
        age.push_str(", within grace");
    }
    age
}

/// Writes what is different between two audits, for a terminal.
///
/// # Errors
/// Where writing fails.
pub fn changes(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    let (earlier, workspaces) = match changes {
        Changes::NotCompared(why) => return writeln!(out, "not compared: {}", show_hidden(why, &[])),
        Changes::Since { earlier, workspaces } => (earlier, workspaces),
    };
    writeln!(out, "since {} ({})", show_hidden(&earlier.run, &[]), super::timestamp(earlier.started_at))?;
    for changes in workspaces {
        let name = show_hidden(&changes.workspace, &[]);
        match &changes.not_compared {
            Some(why) => writeln!(out, "\nworkspace {name}: not compared: {why}")?,
            None => {
                writeln!(out, "\nworkspace {name}: {}", changes.in_words())?;
                changes_of(changes, &mut out)?;
            }
        }
    }
    out.flush()
}

fn changes_of(changes: &WorkspaceChanges, out: &mut impl Write) -> io::Result<()> {
    for (word, secrets) in [
        ("newly unused", &changes.newly_unused),
        ("back in use", &changes.back_in_use),
        ("new", &changes.new),
        ("gone", &changes.gone),
    ] {
        for secret in secrets {
            writeln!(out, "  {word:12}  {}", name_and_id(secret))?;
        }
    }
    for renamed in &changes.renamed {
        let earlier = show_hidden(&renamed.earlier_name, &[]);
        writeln!(out, "  {:12}  {}, was {earlier}", "renamed", name_and_id(&renamed.secret))?;
    }
    for changed in &changes.dependents {
        let (gained, lost) = (changed.gained, changed.lost);
        writeln!(
            out,
            "  {:12}  {}: {gained} gained, {lost} lost",
            "dependents",
            name_and_id(&changed.secret)
        )?;
        for (sign, number, first) in [("+", gained, &changed.gained_first), ("-", lost, &changed.lost_first)]
        {
            for dependent in first {
                let (kind, name) =
                    (show_hidden(&dependent.dependent_type, &[]), show_hidden(&dependent.name, &[]));
                writeln!(out, "    {sign} {kind}  {name}  {}", show_hidden(&dependent.id, &[]))?;
            }
            if number > first.len() {
                writeln!(out, "    {sign} … and {} more", number - first.len())?;
            }
        }
    }
    Ok(())
}

fn name_and_id(secret: &SecretName) -> String {
    format!("{}  {}", show_hidden(&secret.name, &[]), show_hidden(&secret.id, &[]))
}
