//! What is for people to decide: the waivers that they gave, and the lines for what they decide next.

use std::fmt::Write as _;

use super::{escape::code, fill, leave_out};
use crate::{
    audit::{AppliedWaiver, Audit, WaiverState},
    report::messages,
};

/// The waivers that need somebody, each kind on its own and in at most `room` bytes.
pub(super) fn waivers(audit: &Audit, room: usize) -> String {
    if audit.parameters.ignores_waivers {
        return "## Waivers\n\nAll waivers were left out of account, as asked for by `--no-waivers`.\n\n"
            .to_owned();
    }
    if audit.waivers.is_empty() {
        return String::new();
    }
    let holding = audit.waivers.iter().filter(|waiver| waiver.state.holds()).count();
    let mut text =
        format!("## Waivers ({})\n\n{holding} of {} hold.\n\n", audit.waivers.len(), audit.waivers.len());
    for (state, title) in messages::WAIVERS.into_iter().filter(|(state, _)| *state != WaiverState::Holds) {
        of_state(&mut text, audit, state, title, room);
    }
    text
}

fn of_state(text: &mut String, audit: &Audit, state: WaiverState, title: &str, room: usize) {
    let waivers = || audit.waivers.iter().filter(|waiver| waiver.state == state);
    let total = waivers().count();
    if total == 0 {
        return;
    }
    let _ = writeln!(text, "### {title} ({total})\n");
    text.push_str("| Secret id | Workspace | Expires | Owner | Reason |\n|:--|:--|:--|:--|:--|\n");
    let most = audit.parameters.rendering.list_length;
    let room = text.len() + room;
    let shown = fill(text, room, waivers().take(most).map(row));
    text.push('\n');
    leave_out(text, total - shown, "waiver", "waivers", "report.json");
}

fn row(applied: &AppliedWaiver) -> String {
    let waiver = &applied.waiver;
    format!(
        "| {} | {} | {} | {} | {} |\n",
        code(&waiver.secret_id),
        waiver.workspace.as_deref().map_or_else(|| "any".to_owned(), code),
        waiver.expires,
        code(&waiver.owner),
        code(&waiver.reason)
    )
}

/// A line for each unused secret, to be filled in. Never cut.
pub(super) fn block(audit: &Audit) -> String {
    let unused = audit.unused_oldest_first();
    let mut text = "## Review\n\n".to_owned();
    if unused.is_empty() {
        text.push_str("There is no unused secret to decide on.\n");
        return text;
    }
    let _ = writeln!(text, "{}\n", messages::REVIEW);
    text.push_str(
        "| Workspace | Secret | Secret id | Decision | Reviewer | Date |\n|:--|:--|:--|:--|:--|:--|\n",
    );
    for secret in unused {
        let (workspace, name, id) = (code(secret.workspace()), code(secret.name()), code(secret.id()));
        let _ = writeln!(text, "| {workspace} | {name} | {id} | | | |");
    }
    text
}
