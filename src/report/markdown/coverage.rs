//! What was read and what was not, what the tool cannot know, and what it was asked for.

use std::fmt::Write as _;

use super::{escape::code, fill, leave_out};
use crate::{
    audit::{Audit, AuditedWorkspace, SourceRow, Status},
    inventory::Why,
    report::{first, messages},
    text::count,
};

/// COMPLETE or INCOMPLETE, with every source and how its reading went.
pub(super) fn completeness_statement(audit: &Audit) -> String {
    let statement = if audit.is_complete() { "COMPLETE" } else { "INCOMPLETE" };
    let mut text = format!("## {statement}: what was read\n\n");
    let _ = writeln!(text, "{}\n", messages::reading(&audit.parameters));
    for workspace in &audit.workspaces {
        sources(&mut text, workspace);
    }
    text
}

/// The figures of the reading, and what could not be read; what is neither a finding nor the reason of one in at most
/// `room` bytes a list.
pub(super) fn figures_and_gaps(audit: &Audit, room: usize) -> String {
    let mut text = "## Figures\n\n".to_owned();
    for workspace in &audit.workspaces {
        figures(&mut text, workspace);
    }
    gaps(&mut text, audit, room);
    warnings(&mut text, audit, room);
    text
}

fn sources(text: &mut String, workspace: &AuditedWorkspace) {
    let name = code(workspace.name());
    let _ = writeln!(text, "| Source in {name} | Result | Pages | Dependents found here first |");
    text.push_str("|:--|:--|--:|--:|\n");
    let mut total = 0;
    for row in workspace.sources() {
        total += row.dependents;
        let title = row.title();
        let SourceRow { source, status, pages, dependents } = row;
        let result = match &status {
            Status::Whole | Status::NotNeeded | Status::NotPartOfThisAudit => status.as_str().to_owned(),
            Status::NotRead(why) => format!("**{}**: {}", status.as_str(), code(&why.to_string())),
            Status::SwitchedOff => format!("**{}**", status.as_str()),
        };
        // The program's own words, with braces.
        let endpoint = source.endpoint();
        let _ = writeln!(text, "| {title} `{endpoint}` | {result} | {pages} | {dependents} |");
    }
    let _ = writeln!(text, "| **All** | | | **{total}** |\n");
    let figures = workspace.figures();
    let _ = writeln!(
        text,
        "{} listed; {} previewed, {} after completion ({} by the higher limit, {} by paging), {total} with those found \
         elsewhere; {} confirmed as unused.\n",
        count(figures.secrets_listed, "secret", "secrets"),
        count(figures.dependents_previewed, "dependent", "dependents"),
        figures.dependents_after_completion,
        count(figures.lists_completed_by_higher_limit, "list", "lists"),
        figures.lists_completed_by_paging,
        count(figures.secrets_confirmed, "secret", "secrets")
    );
}

fn figures(text: &mut String, workspace: &AuditedWorkspace) {
    let _ = writeln!(text, "| Figure of {} | Count |\n|:--|--:|", code(workspace.name()));
    for (figure, number) in messages::figures(workspace) {
        let rows =
            if figure == messages::ALL_DEPENDENTS { ": rows in dependents.csv with a dependent" } else { "" };
        let _ = writeln!(text, "| {figure}{rows} | {number} |");
    }
    text.push('\n');
}

fn gaps(text: &mut String, audit: &Audit, room: usize) {
    text.push_str("### What could not be read\n\n");
    let before = text.len();
    // Of all workspaces together.
    let mut room = room;
    for failed in &audit.failed {
        let _ = writeln!(text, "- {}: the whole workspace: {}", code(&failed.name), code(&failed.error));
    }
    for alarm in first::alarms(audit) {
        let Some(gap) = alarm.gap else { continue };
        let _ = writeln!(text, "- {}: {gap}: {}", code(alarm.workspace.unwrap_or_default()), alarm.words);
    }
    for workspace in &audit.workspaces {
        let name = code(workspace.name());
        for row in workspace.sources().iter().filter(|row| row.is_gap()) {
            let why =
                row.status.why().map_or_else(|| Why::SwitchedOff.to_string(), |why| code(&why.to_string()));
            let _ = writeln!(text, "- {name}: {}: {why}", row.title());
        }
        for gap in workspace.gaps() {
            let _ =
                writeln!(text, "- {name}: {}: {}", code(&gap.what.to_string()), code(&gap.why.to_string()));
        }
        // The undetermined have their reasons above, so this may be cut.
        let gaps =
            || workspace.secrets().flat_map(|secret| secret.gaps().iter().map(move |gap| (secret, gap)));
        let lines = gaps().take(audit.parameters.rendering.list_length).map(|(secret, gap)| {
            let (secret_name, id) = (code(secret.name()), code(secret.id()));
            let (what, why) = (code(&gap.what.to_string()), code(&gap.why.to_string()));
            format!("- {name}: secret {secret_name} {id}, {what}: {why}\n")
        });
        let start = text.len();
        let shown = fill(text, start + room, lines);
        room -= text.len() - start;
        let left_out = gaps().count() - shown;
        if left_out > 0 {
            text.push('\n');
            leave_out(text, left_out, "gap", "gaps", "secrets.csv and report.json");
        }
    }
    if text.len() == before {
        text.push_str("Nothing: all that this audit set out to read was read whole.\n");
    }
    text.push('\n');
}

fn warnings(text: &mut String, audit: &Audit, room: usize) {
    let warnings: Vec<&String> = audit.workspaces.iter().flat_map(AuditedWorkspace::warnings).collect();
    if warnings.is_empty() {
        return;
    }
    text.push_str("### Worth knowing\n\n");
    let most = audit.parameters.rendering.list_length;
    let lines = warnings.iter().take(most).map(|warning| format!("- {}\n", code(warning)));
    let room = text.len() + room;
    let shown = fill(text, room, lines);
    text.push('\n');
    leave_out(text, warnings.len() - shown, "note", "notes", "report.json");
}

/// What the tool cannot know.
pub(super) fn limits(audit: &Audit) -> String {
    let mut text = "## What this audit cannot know\n\n".to_owned();
    for limit in messages::limits(&audit.parameters) {
        let _ = writeln!(text, "- {limit}");
    }
    text.push('\n');
    text
}

/// What was asked for.
pub(super) fn parameters(audit: &Audit) -> String {
    let parameters = &audit.parameters;
    let mut text = "## Parameters\n\n| Parameter | Value |\n|:--|:--|\n".to_owned();
    let names =
        audit.filter().map_or_else(|| "all".to_owned(), |search| format!("starting with {}", code(search)));
    let redacted: Vec<String> = parameters.redact.iter().map(|one| code(one.as_str())).collect();
    let rows = [
        ("Run", code(&audit.run.id)),
        ("Clock", audit.run.clock.in_words()),
        ("Secrets per page (`page_size`)", parameters.page_size.to_string()),
        ("First limit of a list (`dependency_limit`)", parameters.dependency_limit.to_string()),
        ("Higher limit (`max_dependency_limit`)", parameters.max_dependency_limit.to_string()),
        ("Names (`search`)", names),
        ("Tools and agents looked into (`deep`)", parameters.deep.as_str().to_owned()),
        (
            "Archived branches of agents (`archived_branches`)",
            parameters.archived_branches.as_str().to_owned(),
        ),
        ("What a partial view leads to (`partial_view`)", parameters.partial_view.as_str().to_owned()),
        (
            "No secret at all (`allow_empty`)",
            if parameters.allow_empty { "allowed" } else { "a gap" }.to_owned(),
        ),
        ("Suddenly fewer secrets (`population_drop`)", parameters.population_drop.as_str().to_owned()),
        ("Grace in days (`unused_after_days`)", parameters.unused_after_days.to_string()),
        ("Waivers", if parameters.ignores_waivers { "ignored" } else { "heeded" }.to_owned()),
        (
            "Made unreadable (`redact`)",
            if redacted.is_empty() { "nothing".to_owned() } else { redacted.join(", ") },
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
        "\nValues of secrets are never read: the API does not return them. `manifest.json` beside this file holds the \
         SHA-256 of every other file, and of the manifest before it.\n\n",
    );
    text
}
