//! What somebody has to look at: unused and undetermined secrets, which are never cut, and what else is amiss.

use std::fmt::Write as _;

use super::{escape::code, fill, leave_out};
use crate::{
    audit::{AppliedWaiver, Audit, AuditedSecret, AuditedWorkspace},
    inventory::Reference,
    report::{date, first, messages, reasons},
};

/// The secrets that may be deleted. Never cut.
pub(super) fn unused(audit: &Audit) -> String {
    let found = audit.unused_oldest_first();
    let number = messages::open_of_all(audit.unused(), |number| number.to_string());
    let mut text = format!("## Unused secrets ({number})\n\n");
    if found.is_empty() {
        text.push_str("None.\n\n");
        return text;
    }
    if !audit.is_complete() {
        text.push_str("> **Do not act on this list:** the audit is INCOMPLETE.\n\n");
    }
    let _ = writeln!(text, "{} {}\n", messages::UNUSED, first::evidence(audit));
    text.push_str("| Workspace | Secret | Secret id | Unused since | Days | First seen | Remark |\n");
    text.push_str("|:--|:--|:--|:--|--:|:--|:--|\n");
    for secret in found {
        let since = secret.unused_since().map(date).unwrap_or_default();
        let days = secret.unused_days().map(|days| days.to_string()).unwrap_or_default();
        let first_seen = secret.record().map(|record| date(record.first_seen)).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {since} | {days} | {first_seen} | {} |",
            identity(secret),
            remark(audit, secret)
        );
    }
    text.push('\n');
    text
}

/// Why an unused secret is no open finding, or is one again.
fn remark(audit: &Audit, secret: AuditedSecret<'_>) -> String {
    let mut remarks = Vec::new();
    if let Some(AppliedWaiver { waiver, state }) = secret.waiver() {
        let (reason, owner, expires) = (code(&waiver.reason), code(&waiver.owner), waiver.expires);
        remarks.push(if state.holds() {
            format!("**waived** until {expires} by {owner}: {reason}")
        } else {
            format!("waiver by {owner} **expired** on {expires}: {reason}")
        });
    }
    if secret.is_within_grace() {
        remarks.push(format!("**within grace** ({} days)", audit.parameters.unused_after_days));
    }
    remarks.join("; ")
}

/// The secrets of which it can't be said whether something uses them, by what is missing. Never cut.
pub(super) fn undetermined(audit: &Audit) -> String {
    let total = audit.totals().undetermined;
    let mut text = format!("## Undetermined secrets ({total})\n\n");
    if total == 0 {
        text.push_str("None.\n\n");
        return text;
    }
    // The reason quotes what the API said.
    let (shared, single): (Vec<_>, Vec<_>) =
        reasons::undetermined(audit).into_iter().partition(|(_, secrets)| secrets.len() > 1);
    for (reason, secrets) in shared {
        let _ = writeln!(text, "{}\n", code(&reason));
        table(&mut text, &secrets);
    }
    if !single.is_empty() {
        text.push_str("| Workspace | Secret | Secret id | Reason |\n|:--|:--|:--|:--|\n");
        for (reason, secrets) in single {
            for secret in secrets {
                let _ = writeln!(text, "| {} | {} |", identity(secret), code(&reason));
            }
        }
        text.push('\n');
    }
    text
}

fn table(text: &mut String, secrets: &[AuditedSecret<'_>]) {
    text.push_str("| Workspace | Secret | Secret id |\n|:--|:--|:--|\n");
    for secret in secrets {
        let _ = writeln!(text, "| {} |", identity(*secret));
    }
    text.push('\n');
}

fn identity(secret: AuditedSecret<'_>) -> String {
    format!("{} | {} | {}", code(secret.workspace()), code(secret.name()), code(secret.id()))
}

/// Dangling references, references to what the key may not see, discrepancies and deleted secrets, where there are any:
/// each list in at most `room` bytes.
pub(super) fn of_the_workspace(audit: &Audit, room: usize) -> String {
    let mut text = references(audit, messages::DANGLING, AuditedWorkspace::dangling, room);
    text.push_str(&references(audit, messages::NOT_VISIBLE, AuditedWorkspace::not_visible, room));
    text.push_str(&discrepancies(audit, room));
    text.push_str(&deleted(audit, room));
    text
}

fn references(
    audit: &Audit,
    (title, meaning): messages::Section,
    of: impl Fn(&AuditedWorkspace) -> &[Reference],
    room: usize,
) -> String {
    let total: usize = audit.workspaces.iter().map(|workspace| of(workspace).len()).sum();
    let mut text = String::new();
    if total == 0 {
        return text;
    }
    let _ = writeln!(text, "## {title} ({total})\n\n{meaning}\n");
    text.push_str(
        "| Workspace | Secret id | Held by | Name | Id | Where | Why |\n|:--|:--|:--|:--|:--|:--|:--|\n",
    );
    let most = audit.parameters.rendering.list_length;
    let all = audit
        .workspaces
        .iter()
        .flat_map(|workspace| of(workspace).iter().map(move |reference| (workspace, reference)));
    let rows = all.take(most).map(|(workspace, reference)| {
        let holder = &reference.holder;
        let places: Vec<String> = reference.via.iter().map(|place| code(place)).collect();
        format!(
            "| {} | {} | {} | {} | {} | {} | {} |\n",
            code(workspace.name()),
            code(&reference.secret_id),
            code(holder.dependent_type.as_str()),
            code(holder.name.as_deref().unwrap_or_default()),
            code(&holder.id),
            places.join(", "),
            code(&reference.why)
        )
    });
    let room = text.len() + room;
    let shown = fill(&mut text, room, rows);
    text.push('\n');
    leave_out(&mut text, total - shown, "reference", "references", "report.json");
    text
}

fn discrepancies(audit: &Audit, room: usize) -> String {
    let found: Vec<_> = audit
        .secrets()
        .flat_map(|secret| secret.discrepancies().map(move |(dependent, what)| (secret, dependent, what)))
        .collect();
    let mut text = String::new();
    if found.is_empty() {
        return text;
    }
    let (title, meaning) = messages::DISCREPANCIES;
    let _ = writeln!(text, "## {title} ({})\n\n{meaning}\n", found.len());
    text.push_str("| Workspace | Secret | Secret id | Dependent | What |\n|:--|:--|:--|:--|:--|\n");
    let most = audit.parameters.rendering.list_length;
    let rows = found.iter().take(most).map(|(secret, dependent, what)| {
        let resource = dependent.resource;
        format!(
            "| {} | {} {} {} | {} |\n",
            identity(*secret),
            code(resource.dependent_type.as_str()),
            code(resource.name.as_deref().unwrap_or_default()),
            code(&resource.id),
            what.as_str()
        )
    });
    let room = text.len() + room;
    let shown = fill(&mut text, room, rows);
    text.push('\n');
    leave_out(&mut text, found.len() - shown, "discrepancy", "discrepancies", "report.json");
    text
}

fn deleted(audit: &Audit, room: usize) -> String {
    let deleted: Vec<_> = audit
        .workspaces
        .iter()
        .flat_map(|workspace| workspace.deleted().iter().map(move |secret| (workspace.name(), secret)))
        .collect();
    let mut text = String::new();
    if deleted.is_empty() {
        return text;
    }
    let (title, meaning) = messages::DELETED;
    let _ = writeln!(text, "## {title} ({})\n\n{meaning}\n", deleted.len());
    let most = audit.parameters.rendering.list_length;
    let lines = deleted
        .iter()
        .take(most)
        .map(|(workspace, (id, name))| format!("- {}: {} {}\n", code(workspace), code(name), code(id)));
    let room = text.len() + room;
    let shown = fill(&mut text, room, lines);
    text.push('\n');
    leave_out(&mut text, deleted.len() - shown, "secret", "secrets", "report.json");
    text
}
