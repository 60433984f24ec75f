//! Every secret with its counts, and then with its dependents, as far as there is room.

use std::fmt::Write as _;

use super::{
    escape::{code, html_code},
    fill, leave_out,
};
use crate::{
    audit::{Audit, AuditedSecret, AuditedWorkspace, Verdict},
    inventory::{Dependent, Visibility},
    report::{created_at, messages},
};

/// From how many rows on a list is folded, so that what follows is found.
const LONG_LIST: usize = 25;

/// Every secret with its counts, then with its dependents, in at most `room` bytes.
pub(super) fn every_secret(audit: &Audit, room: usize) -> String {
    let most = audit.parameters.rendering.list_length;
    let mut text = String::new();
    for workspace in &audit.workspaces {
        let total = workspace.totals().secrets;
        let _ = writeln!(text, "## All secrets of {} ({total})\n", code(workspace.name()));
        if total == 0 {
            text.push_str("The API key sees no secrets in this workspace.\n\n");
            continue;
        }
        let is_long = total > LONG_LIST;
        if is_long {
            let _ = writeln!(
                text,
                "<details><summary>The list, with how many dependents of which type each has</summary>\n"
            );
        }
        text.push_str(
            "| Secret | Verdict | Lists whole | Tools | Agents | Phone numbers | MCP servers | Others | Dependents |\n\
             |:--|:--|:--|--:|--:|--:|--:|--:|--:|\n",
        );
        let shown = fill(&mut text, room, workspace.secrets().take(most).map(secret_row));
        text.push('\n');
        leave_out(&mut text, total - shown, "secret", "secrets", "secrets.csv and report.json");
        if is_long {
            text.push_str("</details>\n\n");
        }
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

fn secret_row(secret: AuditedSecret<'_>) -> String {
    let counts = secret.counts();
    let dependents = secret.dependents().len();
    format!(
        "| {} | {} | {} | {} | {} | {} | {} | {} | {dependents} |\n",
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
        counts.all_else()
    )
}

fn dependents_of(secret: AuditedSecret<'_>, most: usize) -> String {
    let total = secret.dependents().len();
    let mut text = format!(
        "<details><summary>{} {}: {}</summary>\n\n",
        html_code(secret.name()),
        html_code(secret.id()),
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
        (Some(name), None) => code(name),
        (None, Some(number)) => code(number),
        (Some(name), Some(number)) => format!("{} {}", code(name), code(number)),
        (None, None) if resource.visibility == Visibility::Unknown => "*not shown to this key*".to_owned(),
        (None, None) => String::new(),
    };
    let via: Vec<String> = dependent.via.iter().map(code).collect();
    let relation = [messages::relation(dependent).to_owned(), via.join(", ")].join(" ");
    let sources: Vec<String> = dependent.sources.names().map(code).collect();
    format!(
        "| {} | {name} | {} | {} | {} | {} |\n",
        code(resource.dependent_type.as_str()),
        code(&resource.id),
        relation.trim_end(),
        resource.created_at_unix_secs.and_then(created_at).unwrap_or_default(),
        sources.join(", ")
    )
}
