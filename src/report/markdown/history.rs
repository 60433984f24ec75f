//! What was before: the last complete audit, and what has changed since.

use std::fmt::Write as _;

use super::{charts, escape::code, fill, leave_out};
use crate::{
    audit::{
        Audit, Change, ChangeKind, Changes, DependentChanges, DependentName, EarlierRun, SecretName, Side,
        WorkspaceChanges,
    },
    inventory::DependentType,
    report::{date, messages},
};

/// When the last complete audit was, for the first page.
pub(super) fn last_complete(audit: &Audit) -> String {
    let before = audit.history.complete_before.as_ref();
    let is_this_one = audit.last_complete().is_some_and(|last| last.run == audit.run.id);
    match (is_this_one, before) {
        (true, Some(before)) => {
            format!("The last complete audit before this one was that of {}.\n\n", run(before))
        }
        (true, None) => "This is the first complete audit that this history knows.\n\n".to_owned(),
        (false, Some(before)) => format!("The last complete audit was that of {}.\n\n", run(before)),
        (false, None) => "There was no complete audit so far that this history knows.\n\n".to_owned(),
    }
}

fn run(earlier: &EarlierRun) -> String {
    format!("{} ({})", date(earlier.started_at), code(&earlier.run))
}

/// What is different from the last complete audit, in at most `room` bytes a list.
pub(super) fn changes(audit: &Audit, room: usize) -> String {
    let (earlier, warnings, workspaces) = match &audit.changes {
        Changes::NotCompared(why) => {
            return format!("## Changes\n\nNot compared: {}.\n\n{}", code(why), notes(audit));
        }
        Changes::Since { earlier, warnings, workspaces } => (earlier, warnings, workspaces),
    };
    let mut text = format!("## Changes since the audit of {}\n\n", run(earlier));
    for warning in warnings {
        let _ = writeln!(text, "> **Warning:** {}.\n", code(warning));
    }
    text.push_str(&charts::unused_over_the_nights(audit));
    for changes in workspaces {
        of_workspace(&mut text, changes, audit.parameters.rendering.list_length, room);
    }
    text.push_str(&notes(audit));
    text
}

/// What was passed over, and where ages begin.
fn notes(audit: &Audit) -> String {
    let notes: Vec<String> = audit.history.notes.iter().map(|note| format!("- {}\n", code(note))).collect();
    if notes.is_empty() { String::new() } else { format!("{}\n", notes.concat()) }
}

fn of_workspace(text: &mut String, changes: &WorkspaceChanges, most: usize, room: usize) {
    let name = code(&changes.workspace);
    if let Some(why) = &changes.not_compared {
        let _ = writeln!(text, "{name} was not compared: {}.\n", code(why));
        return;
    }
    let since = match &changes.since {
        Some(since) => format!(", since the audit of {}, the last that read it whole", run(since)),
        None => String::new(),
    };
    let _ = writeln!(text, "{name}: {}{since}.\n", changes.in_words());
    if changes.is_empty() {
        return;
    }
    text.push_str("| Change | Secret | Secret id | What |\n|:--|:--|:--|:--|\n");
    let room = text.len() + room;
    let shown = fill(text, room, changes.rows().take(most).map(row));
    text.push('\n');
    let left_out = changes.rows().count() - shown;
    leave_out(text, left_out, "change", "changes", "report.json");
}

fn row(change: Change<'_>) -> String {
    let mut what = Vec::from_iter(change.verdict_in_words());
    if let ChangeKind::Renamed(earlier_name) = change.kind {
        what.push(format!("was {}", code(earlier_name)));
    }
    what.extend(change.dependents.map(gained_and_lost));
    let what = if what.is_empty() { String::new() } else { format!(" {}", what.join("; ")) };
    let SecretName { name, id } = change.secret;
    format!("| {} | {} | {} |{what} |\n", change.as_str(), code(name), code(id))
}

fn gained_and_lost(changes: &DependentChanges) -> String {
    let side = |side: Side<'_>| {
        let mut names: Vec<String> = side.first.iter().map(in_words).collect();
        if side.unnamed() > 0 {
            names.push(format!("{} more", side.unnamed()));
        }
        format!("{} {}, {}", side.word, side.number, names.join(", "))
    };
    let sides = changes.sides().into_iter().filter(|side| side.number > 0).map(side);
    sides.collect::<Vec<_>>().join("; ")
}

fn in_words(dependent: &DependentName) -> String {
    let DependentName { dependent_type, name, id } = dependent;
    let kind = match DependentType::of_word(dependent_type) {
        DependentType::Unrecognized(_) => code(dependent_type),
        known => messages::kind(&known).to_owned(),
    };
    if name.is_empty() {
        format!("{kind} {}", code(id))
    } else {
        format!("{kind} {} ({})", code(name), code(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_report_gives_as_a_reason_is_no_markup() {
        let not_compared = Some("<img src=x> [x](y)".to_owned());
        let changes = WorkspaceChanges { not_compared, ..WorkspaceChanges::default() };
        let mut text = String::new();
        of_workspace(&mut text, &changes, 1, 1);
        assert!(text.contains("<code>&#60;img src"), "{text}");
        assert!(!text.contains(['[', '!']) && !text.contains("<img"), "{text}");
    }
}
