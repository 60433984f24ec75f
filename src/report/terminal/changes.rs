//! What is different between two audits, for a terminal.

use std::io::{self, Write};

use crate::{
    audit::{Change, Changes, DependentName, SecretName, Side, WorkspaceChanges},
    report::timestamp,
    text::show_hidden,
};

/// Writes what is different between two audits, for a terminal.
///
/// # Errors
/// Where writing fails.
pub fn changes(changes: &Changes, mut out: impl Write) -> io::Result<()> {
    let (earlier, workspaces) = match changes {
        Changes::NotCompared(why) => return writeln!(out, "not compared: {}", show_hidden(why, &[])),
        Changes::Since { earlier, workspaces } => (earlier, workspaces),
    };
    writeln!(out, "since {} ({})", show_hidden(&earlier.run, &[]), timestamp(earlier.started_at))?;
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
        write!(out, "  {:12}  {}", change.as_str(), name_and_id(change.secret()))?;
        match change {
            Change::NewlyUnused(_) | Change::BackInUse(_) | Change::New(_) | Change::Gone(_) => {
                writeln!(out)?
            }
            Change::Renamed(renamed) => writeln!(out, ", was {}", show_hidden(&renamed.earlier_name, &[]))?,
            Change::Dependents(changes) => {
                let [gained, lost] = changes.sides();
                writeln!(out, ": {} {}, {} {}", gained.number, gained.word, lost.number, lost.word)?;
                dependents("+", gained, out)?;
                dependents("-", lost, out)?;
            }
        }
    }
    Ok(())
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
        for compared in
            [Changes::NotCompared(hostile()), Changes::Since { earlier, workspaces: vec![workspace] }]
        {
            let mut out = Vec::new();
            changes(&compared, &mut out).unwrap();
            let text = String::from_utf8(out).unwrap();
            assert!(text.contains("\\u{1b}[2J") && !text.contains('\u{1b}'), "{text}");
        }
    }
}
