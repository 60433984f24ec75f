//! `report.md`: what a reviewer reads, on GitHub or in a ticket, who has never seen this tool.
//!
//! The answer comes first. What matters (unused, undetermined, what could not be read) is never cut; long lists of
//! everything else are, so that GitHub still renders the file.

mod escape;

use std::{
    fmt::Write as _,
    io::{self, Write},
};

use super::timestamp;
use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace, Totals, Verdict},
    inventory::{Dependent, Relation},
    text::count,
};
use escape::{code, html};

/// GitHub stops rendering Markdown files a little above this, in bytes.
const LARGEST_FILE: usize = 400_000;

/// Writes the report.
pub(super) fn report(audit: &Audit, mut out: impl Write) -> io::Result<()> {
    let mut head = answer(audit);
    head.push_str(&how_to_read());
    head.push_str(&findings(audit, Verdict::Unused));
    head.push_str(&findings(audit, Verdict::Undetermined));
    let mut tail = coverage(audit);
    tail.push_str(&parameters(audit));
    let room = LARGEST_FILE.saturating_sub(head.len() + tail.len());
    out.write_all(head.as_bytes())?;
    out.write_all(every_secret(audit, room).as_bytes())?;
    out.write_all(tail.as_bytes())
}

fn answer(audit: &Audit) -> String {
    let totals = audit.totals();
    let mut text = String::new();
    match audit.filter() {
        None => text.push_str("# ElevenLabs workspace secrets: audit\n\n"),
        Some(search) => {
            let _ = write!(
                text,
                "# FILTERED · ElevenLabs workspace secrets: audit\n\n\
                 > **FILTERED:** only secrets whose name starts with {} were read. This report says nothing of any other.\n\n",
                code(search)
            );
        }
    }
    let unused = if totals.unused == 0 {
        format!("No secret out of {} is known to be unused", totals.secrets)
    } else {
        format!(
            "{} of {} {} unused",
            totals.unused,
            count(totals.secrets, "secret", "secrets"),
            if totals.unused == 1 { "is" } else { "are" }
        )
    };
    let _ = writeln!(text, "**{unused}. {}**\n", completeness(audit));
    for failed in &audit.failed {
        let _ = writeln!(
            text,
            "> **Workspace {} could not be read** and is missing from all figures: {}\n",
            code(&failed.name),
            code(&failed.error)
        );
    }
    text.push_str("| Workspace | Secrets | In use | Unused | Undetermined | Dependents |\n");
    text.push_str("|:--|--:|--:|--:|--:|--:|\n");
    for workspace in &audit.workspaces {
        totals_row(&mut text, &code(workspace.name()), workspace.totals());
    }
    if audit.workspaces.len() > 1 {
        totals_row(&mut text, "**All**", totals);
    }
    let _ = writeln!(
        text,
        "\nRead {} to {} (UTC) by {} {}.\n",
        timestamp(audit.run.started_at),
        timestamp(audit.run.finished_at),
        env!("CARGO_PKG_NAME"),
        audit.run.tool_version
    );
    text
}

fn totals_row(text: &mut String, name: &str, totals: Totals) {
    let Totals { secrets, in_use, unused, undetermined, dependents } = totals;
    let _ = writeln!(text, "| {name} | {secrets} | {in_use} | {unused} | {undetermined} | {dependents} |");
}

fn completeness(audit: &Audit) -> &'static str {
    if audit.is_complete() {
        "The audit is COMPLETE: every list was read whole."
    } else {
        "The audit is INCOMPLETE: do not act on it before what could not be read (below) has been."
    }
}

fn how_to_read() -> String {
    "A *secret* is a credential stored in an ElevenLabs workspace, such as the API key of another service. Its \
     *dependents* are what uses it: tools, agents, phone numbers, MCP servers and other settings. A secret without any \
     is a credential that lives on for nobody.\n\n\
     - **In use**: at least one dependent is known.\n\
     - **Unused**: every list of dependents was read whole, and all are empty.\n\
     - **Undetermined**: no dependent is known, but something could not be read. Treat it as in use.\n\n"
        .to_owned()
}

/// The secrets with a verdict that somebody has to look at. Never cut.
fn findings(audit: &Audit, verdict: Verdict) -> String {
    let title = if verdict == Verdict::Unused { "Unused" } else { "Undetermined" };
    let found: Vec<AuditedSecret<'_>> =
        audit.secrets().filter(|secret| secret.verdict() == verdict).collect();
    let mut text = format!("## {title} secrets ({})\n\n", found.len());
    if found.is_empty() {
        text.push_str("None.\n\n");
        return text;
    }
    text.push_str("| Workspace | Secret | Secret id | Reason |\n|:--|:--|:--|:--|\n");
    for secret in found {
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} |",
            code(secret.workspace()),
            code(secret.name()),
            code(secret.id()),
            // With a gap the reason quotes the API.
            if secret.is_whole() { secret.reason().to_owned() } else { code(secret.reason()) }
        );
    }
    text.push('\n');
    text
}

/// Every secret with its counts, then with its dependents, in at most `room` bytes.
fn every_secret(audit: &Audit, room: usize) -> String {
    let most = audit.parameters.rendering.list_length;
    let mut text = String::new();
    for workspace in &audit.workspaces {
        let total = workspace.totals().secrets;
        let _ = writeln!(text, "## All secrets of {} ({total})\n", code(workspace.name()));
        if total == 0 {
            text.push_str("The API key sees no secrets in this workspace.\n\n");
            continue;
        }
        text.push_str(
            "| Secret | Verdict | Whole | Tools | Agents | Phone numbers | MCP servers | Others | Dependents |\n\
             |:--|:--|:--|--:|--:|--:|--:|--:|--:|\n",
        );
        let shown = fill(&mut text, room, workspace.secrets().take(most).map(secret_row));
        text.push('\n');
        leave_out(&mut text, total - shown, "secret", "secrets", "secrets.csv and report.json");
        if workspace.totals().dependents > 0 {
            dependents(&mut text, room, workspace, most);
        }
    }
    text
}

fn dependents(text: &mut String, room: usize, workspace: &AuditedWorkspace, most: usize) {
    let _ = writeln!(text, "### What uses each secret of {}\n", code(workspace.name()));
    let in_use = || workspace.secrets().filter(|secret| secret.dependents().len() > 0);
    let shown = fill(text, room, in_use().take(most).map(|secret| dependents_of(secret, most)));
    leave_out(
        text,
        in_use().count() - shown,
        "secret that is in use",
        "secrets that are in use",
        "dependents.csv and report.json",
    );
}

/// Appends pieces while they fit into `room` bytes. How many did.
fn fill(text: &mut String, room: usize, pieces: impl Iterator<Item = String>) -> usize {
    let mut shown = 0;
    for piece in pieces {
        if text.len() + piece.len() > room {
            break;
        }
        text.push_str(&piece);
        shown += 1;
    }
    shown
}

fn leave_out(text: &mut String, left_out: usize, one: &str, many: &str, place: &str) {
    if left_out > 0 {
        let _ = writeln!(
            text,
            "*… and {} more, left out here for length; see {place}.*\n",
            count(left_out, one, many)
        );
    }
}

fn secret_row(secret: AuditedSecret<'_>) -> String {
    let counts = secret.counts();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
        code(secret.name()),
        match secret.verdict() {
            Verdict::InUse => "in use",
            Verdict::Unused => "**unused**",
            Verdict::Undetermined => "**undetermined**",
        },
        if secret.is_whole() { "yes" } else { "**no**" },
        counts.tools,
        counts.agents,
        counts.phone_numbers,
        counts.mcp_servers,
        counts.others + counts.unrecognized,
        secret.dependents().len()
    )
}

fn dependents_of(secret: AuditedSecret<'_>, most: usize) -> String {
    let total = secret.dependents().len();
    let mut text = format!(
        "<details><summary>{} <code>{}</code>: {}</summary>\n\n",
        html(secret.name()),
        html(secret.id()),
        secret.counts().in_words()
    );
    text.push_str("| Type | Name | Id | Relation | Created | Source |\n|:--|:--|:--|:--|:--|:--|\n");
    for dependent in secret.dependents().take(most) {
        text.push_str(&dependent_row(dependent));
    }
    text.push('\n');
    leave_out(
        &mut text,
        total.saturating_sub(most),
        "dependent",
        "dependents",
        "dependents.csv and report.json",
    );
    text.push_str("</details>\n\n");
    text
}

fn dependent_row(dependent: Dependent<'_>) -> String {
    let resource = dependent.resource;
    let name = match (&resource.name, &resource.phone_number) {
        (None, None) => "*not shown to this key*".to_owned(),
        (Some(name), None) => code(name),
        (None, Some(number)) => code(number),
        (Some(name), Some(number)) => format!("{} {}", code(name), code(number)),
    };
    let relation = match dependent.relation {
        Relation::Direct => "direct".to_owned(),
        Relation::Transitive => {
            let via: Vec<String> = dependent.via.iter().map(|id| code(id)).collect();
            format!("transitive, via {}", via.join(", "))
        }
    };
    let sources: Vec<String> = dependent.sources.names().map(code).collect();
    format!(
        "| {} | {name} | {} | {relation} | {} | {} |\n",
        code(resource.dependent_type.as_str()),
        code(&resource.id),
        resource.created_at_unix_secs.and_then(super::created_at).unwrap_or_default(),
        sources.join(", ")
    )
}

fn coverage(audit: &Audit) -> String {
    let mut text = "## What was read\n\n".to_owned();
    text.push_str(
        "| Workspace | Pages of secrets | Pages again at the higher limit | Lists completed by it | Pages of \
         dependents | Lists completed by paging | Requests | Retries |\n|:--|--:|--:|--:|--:|--:|--:|--:|\n",
    );
    for workspace in &audit.workspaces {
        let coverage = workspace.coverage();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {} | {} | {} |",
            code(workspace.name()),
            coverage.list_pages,
            coverage.raised_pages,
            coverage.lists_completed_by_limit,
            coverage.dependency_pages,
            coverage.lists_completed_by_paging,
            coverage.requests,
            coverage.retries
        );
    }
    text.push_str("\n### What could not be read\n\n");
    let mut nothing = true;
    for workspace in &audit.workspaces {
        for gap in workspace.gaps() {
            nothing = false;
            let _ = writeln!(text, "- {}: {}: {}", code(workspace.name()), code(&gap.what), code(&gap.why));
        }
        for secret in workspace.secrets() {
            for gap in secret.gaps() {
                nothing = false;
                let _ = writeln!(
                    text,
                    "- {}: secret {} {}, list {}: {}",
                    code(workspace.name()),
                    code(secret.name()),
                    code(secret.id()),
                    code(&gap.what),
                    code(&gap.why)
                );
            }
        }
    }
    for failed in &audit.failed {
        nothing = false;
        let _ = writeln!(text, "- {}: the whole workspace: {}", code(&failed.name), code(&failed.error));
    }
    if nothing {
        text.push_str("Nothing: all that was asked for was read whole.\n");
    }
    let mut warnings = audit.workspaces.iter().flat_map(AuditedWorkspace::warnings).peekable();
    if warnings.peek().is_some() {
        text.push_str("\n### Worth knowing\n\n");
        let most = audit.parameters.rendering.list_length;
        let total = warnings.clone().count();
        for warning in warnings.take(most) {
            let _ = writeln!(text, "- {}", code(warning));
        }
        text.push('\n');
        leave_out(&mut text, total.saturating_sub(most), "note", "notes", "report.json");
    }
    text.push('\n');
    text
}

fn parameters(audit: &Audit) -> String {
    let parameters = &audit.parameters;
    let mut text = "## Parameters\n\n| Parameter | Value |\n|:--|:--|\n".to_owned();
    let rows = [
        ("Run", code(&audit.run.id)),
        ("Secrets per page (`page_size`)", parameters.page_size.to_string()),
        ("First limit of a list (`dependency_limit`)", parameters.dependency_limit.to_string()),
        ("Higher limit (`max_dependency_limit`)", parameters.max_dependency_limit.to_string()),
        (
            "Names read (`search`)",
            audit.filter().map_or("all".to_owned(), |search| format!("starting with {}", code(search))),
        ),
        ("Longest list in this file (`list_length`)", parameters.rendering.list_length.to_string()),
    ];
    for (name, value) in rows {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    for workspace in &audit.workspaces {
        let _ = writeln!(text, "| Address of {} | {} |", code(workspace.name()), code(workspace.address()));
    }
    text.push_str(
        "\nThe figures are of what this API key can see. Values of secrets are never read: the API does not return \
         them. `manifest.json` beside this file holds the SHA-256 of every other file.\n",
    );
    text
}
