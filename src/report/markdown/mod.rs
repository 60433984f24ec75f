//! `report.md`: what a reviewer reads, on GitHub or in a ticket, who has never seen this tool.
//!
//! The answer comes first. What matters (unused, undetermined, what could not be read) is never cut; long lists of
//! everything else are, so that GitHub still renders the file.

mod charts;
mod coverage;
mod escape;
mod findings;
mod history;
mod lists;
mod review;
mod secrets;

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::{first, messages, timestamp};
use crate::audit::{Audit, Totals};
use escape::code;
use lists::{fill, leave_out};

/// GitHub stops rendering Markdown files a little above this, in bytes.
const LARGEST_FILE: usize = 400_000;

/// What one list that may be cut gets of the room that those which may not leave: one part of this many. There are
/// eight such lists for one workspace; the secrets get the rest.
const PARTS: usize = 16;

/// Writes the report.
pub(super) fn report(audit: &Audit, mut out: impl Write) -> io::Result<()> {
    let mut head = answer(audit);
    head.push_str(&how_to_read());
    head.push_str(&coverage::completeness_statement(audit));
    head.push_str(&findings::unused(audit));
    head.push_str(&findings::undetermined(audit));
    let mut end = coverage::limits(audit);
    end.push_str(&coverage::parameters(audit));
    end.push_str(&review::block(audit));
    let room = LARGEST_FILE.saturating_sub(head.len() + end.len());
    let mut since = history::changes(audit, room / PARTS);
    since.push_str(&review::waivers(audit, room / PARTS));
    head.push_str(&since);
    let room = room.saturating_sub(since.len());
    let of_the_workspace = findings::of_the_workspace(audit, room / PARTS);
    let figures_and_gaps = coverage::figures_and_gaps(audit, room / PARTS);
    let room = room.saturating_sub(of_the_workspace.len() + figures_and_gaps.len());
    for part in [head, of_the_workspace, secrets::every_secret(audit, room), figures_and_gaps, end] {
        out.write_all(part.as_bytes())?;
    }
    Ok(())
}

/// What the words mean.
fn how_to_read() -> String {
    let mut text = String::new();
    for (word, meaning) in messages::DEFINITIONS {
        let _ = writeln!(text, "- **{word}**: {meaning}");
    }
    text.push('\n');
    text
}

fn answer(audit: &Audit) -> String {
    let totals = audit.totals();
    let mut text = String::new();
    match audit.filter() {
        None => text.push_str("# ElevenLabs workspace secrets: audit\n\n"),
        Some(search) => {
            let _ = write!(
                text,
                "# FILTERED: ElevenLabs workspace secrets: audit\n\n\
                 > **FILTERED:** only secrets whose name starts with {} were read. This report says nothing of any other.\n\n",
                code(search)
            );
        }
    }
    let _ = writeln!(
        text,
        "**{} {}**\n",
        messages::answer(audit, |number| number.to_string()),
        completeness(audit)
    );
    for failed in &audit.failed {
        let _ = writeln!(
            text,
            "> **Workspace {} could not be read** and is missing from all figures: {}\n",
            code(&failed.name),
            code(&failed.error)
        );
    }
    alarms(&mut text, audit);
    notes(&mut text, audit);
    text.push_str("| Workspace | Secrets | In use | Unused | Undetermined | Dependents |\n");
    text.push_str("|:--|--:|--:|--:|--:|--:|\n");
    for workspace in &audit.workspaces {
        totals_row(&mut text, &code(workspace.name()), workspace.totals());
    }
    if audit.workspaces.len() > 1 {
        totals_row(&mut text, "**All**", totals);
    }
    text.push('\n');
    text.push_str(&charts::verdicts(totals));
    let _ = writeln!(
        text,
        "Read from {} to {} (UTC) by {} {}.\n",
        timestamp(audit.run.started_at),
        timestamp(audit.run.finished_at),
        env!("CARGO_PKG_NAME"),
        code(&audit.run.tool_version)
    );
    text.push_str(&history::last_complete(audit));
    if !audit.parameters.redact.is_empty() {
        text.push_str(
            "**Redacted:** of telephone numbers only the first two and the last three characters are shown.\n\n",
        );
    }
    text
}

/// What makes findings doubtful.
fn alarms(text: &mut String, audit: &Audit) {
    for alarm in first::alarms(audit) {
        let workspace = alarm.workspace.map(|name| format!(" in {}", code(name)));
        let _ = write!(text, "> **{}{}:** {}", alarm.head, workspace.unwrap_or_default(), alarm.words);
        if !alarm.signs.first.is_empty() {
            let _ = write!(text, ": {}", alarm.signs.in_words("; ", code));
        }
        let _ = writeln!(text, "{}\n", format!(". {}", alarm.advice).trim_end());
    }
}

/// What the verdicts rest on.
fn notes(text: &mut String, audit: &Audit) {
    let notes = first::notes(audit);
    if notes.is_empty() {
        return;
    }
    let _ = writeln!(text, "**{}:**\n", first::NOTES);
    for note in notes {
        text.push_str("- ");
        if !note.workspaces.first.is_empty() {
            let _ = write!(text, "{}: ", note.workspaces.in_words(", ", code));
        }
        let _ = writeln!(
            text,
            "{}{}",
            note.words,
            if note.limit.is_empty() { String::new() } else { code(note.limit) }
        );
    }
    text.push('\n');
}

fn totals_row(text: &mut String, name: &str, totals: Totals) {
    let Totals { secrets, in_use, unused, undetermined, dependents } = totals;
    let _ = writeln!(text, "| {name} | {secrets} | {in_use} | {unused} | {undetermined} | {dependents} |");
}

fn completeness(audit: &Audit) -> &'static str {
    if audit.is_complete() {
        "The audit is COMPLETE: all that it set out to read was read whole."
    } else {
        "The audit is INCOMPLETE: do not act on it until what could not be read (see below) has been."
    }
}
