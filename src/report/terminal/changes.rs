//! What is different between two audits, for a terminal.

use std::io::{self, Write};

use crate::{
    audit::{
        Change, ChangeKind, Changes, DependentChanges, DependentName, SecretName, Side, WorkspaceChanges,
    },
    inventory::DependentType,
    report::{messages, timestamp},
    text::show_hidden,
};

/// Writes what is different between two audits, for a terminal.
///
/// # Errors
/// Where writing fails.
pub fn changes(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    let (earlier, warnings, workspaces) = match changes {
        Changes::NotCompared(why) => return writeln!(out, "not compared: {}", show_hidden(why, &[])),
        Changes::Since { earlier, warnings, workspaces } => (earlier, warnings, workspaces),
    };
    writeln!(out, "since {} ({})", show_hidden(&earlier.run, &[]), timestamp(earlier.started_at))?;
    for warning in warnings {
        writeln!(out, "warning: {}", show_hidden(warning, &[]))?;
    }
    for changes in workspaces {
        let name = show_hidden(&changes.workspace, &[]);
        match &changes.not_compared {
            Some(why) => writeln!(out, "\nworkspace {name}: not compared: {}", show_hidden(why, &[]))?,
            None => {
                writeln!(out, "\nworkspace {name}: {}", changes.in_words())?;
                changes_of(changes, &mut out)?;
            }
        }
    }
    out.flush()
}

fn changes_of(changes: &WorkspaceChanges, out: &mut impl Write) -> io::Result<()> {
    for change in changes.rows() {
        write!(out, "  {:12}  {}", change.as_str(), name_and_id(change.secret))?;
        match (change.kind, change.dependents) {
            (ChangeKind::Renamed(earlier), _) => writeln!(out, ", was {}", show_hidden(earlier, &[]))?,
            (ChangeKind::Dependents, Some(changes)) => {
                let [gained, lost] = changes.sides();
                writeln!(out, ": {} {}, {} {}", gained.number, gained.word, lost.number, lost.word)?;
                dependents("+", gained, out)?;
                dependents("-", lost, out)?;
            }
            _ => writeln!(out, "{}", why(change))?,
        }
    }
    Ok(())
}

/// What the verdict was, and what the secret gained and lost since, in the row that tells of the verdict.
fn why(change: Change<'_>) -> String {
    let mut why = Vec::from_iter(change.verdict_in_words());
    let sides = change.dependents.map(DependentChanges::sides).into_iter().flatten();
    why.extend(sides.filter(|side| side.number > 0).map(|side| {
        let mut names: Vec<String> = side.first.iter().map(in_words).collect();
        if side.unnamed() > 0 {
            names.push(format!("{} more", side.unnamed()));
        }
        format!("{} {}, {}", side.word, side.number, names.join(", "))
    }));
    if why.is_empty() { String::new() } else { format!(": {}", why.join("; ")) }
}

fn in_words(dependent: &DependentName) -> String {
    let kind = DependentType::of_word(&dependent.dependent_type);
    let [kind, name, id] =
        [messages::kind(&kind), &dependent.name, &dependent.id].map(|text| show_hidden(text, &[]));
    if name.is_empty() { format!("{kind} {id}") } else { format!("{kind} {name} ({id})") }
}

fn dependents(sign: &str, side: Side<'_>, out: &mut impl Write) -> io::Result<()> {
    for DependentName { dependent_type, name, id } in side.first {
        let [kind, name, id] = [dependent_type, name, id].map(|text| show_hidden(text, &[]));
        writeln!(out, "    {sign} {kind}  {name}  {id}")?;
    }
    if side.unnamed() > 0 {
        writeln!(out, "    {sign} … and {} more", side.unnamed())?;
    }
    Ok(())
}

fn name_and_id(secret: &SecretName) -> String {
    format!("{}  {}", show_hidden(&secret.name, &[]), show_hidden(&secret.id, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::EarlierRun;

    #[test]
    fn what_a_report_gives_as_a_reason_moves_no_cursor() {
        let hostile = || "\u{1b}[2J".to_owned();
        let earlier = EarlierRun { run: hostile(), started_at: chrono::DateTime::UNIX_EPOCH };
        let not_compared = Some(hostile());
        let workspace =
            WorkspaceChanges { workspace: hostile(), not_compared, ..WorkspaceChanges::default() };
        for compared in [
            Changes::NotCompared(hostile()),
            Changes::Since { earlier, warnings: vec![hostile()], workspaces: vec![workspace] },
        ] {
            let mut out = Vec::new();
            changes(&compared, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("\\u{1b}[2J") && !text.contains('\u{1b}'), "{text}");
        }
    }
}
