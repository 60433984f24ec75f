//! The summary on standard output, for a terminal or a cron mail.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{
    audit::{Audit, Verdict},
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
            "{NOTICE}FILTERED{NOTICE:#}: only secrets whose name starts with {search:?} were read"
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
    let gaps: usize = audit
        .workspaces
        .iter()
        .map(|workspace| {
            workspace.gaps().len() + workspace.secrets().map(|one| one.gaps().len()).sum::<usize>()
        })
        .sum();
    if gaps > 0 {
        writeln!(
            out,
            "{}, named in the report",
            count(gaps, "list was not read whole", "lists were not read whole")
        )?;
    }
    writeln!(out, "{FAINT}reports in{FAINT:#} {place}")?;
    out.flush()
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
