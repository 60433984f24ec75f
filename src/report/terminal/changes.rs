//! What is different between two audits, for a terminal.

use std::io::{self, Write};

use crate::{
    audit::{Changes, SecretName, WorkspaceChanges},
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
            Some(why) => writeln!(out, "\nworkspace {name}: not compared: {why}")?,
            None => {
                writeln!(out, "\nworkspace {name}: {}", changes.in_words())?;
                changes_of(changes, &mut out)?;
            }
        }
    }
    out.flush()
}

fn changes_of(changes: &WorkspaceChanges, out: &mut impl Write) -> io::Result<()> {
    for (word, secrets) in [
        ("newly unused", &changes.newly_unused),
        ("back in use", &changes.back_in_use),
        ("new", &changes.new),
        ("gone", &changes.gone),
    ] {
        for secret in secrets {
            writeln!(out, "  {word:12}  {}", name_and_id(secret))?;
        }
    }
    for renamed in &changes.renamed {
        let earlier = show_hidden(&renamed.earlier_name, &[]);
        writeln!(out, "  {:12}  {}, was {earlier}", "renamed", name_and_id(&renamed.secret))?;
    }
    for changed in &changes.dependents {
        let (gained, lost) = (changed.gained, changed.lost);
        writeln!(
            out,
            "  {:12}  {}: {gained} gained, {lost} lost",
            "dependents",
            name_and_id(&changed.secret)
        )?;
        for (sign, number, first) in [("+", gained, &changed.gained_first), ("-", lost, &changed.lost_first)]
        {
            for dependent in first {
                let (kind, name) =
                    (show_hidden(&dependent.dependent_type, &[]), show_hidden(&dependent.name, &[]));
                writeln!(out, "    {sign} {kind}  {name}  {}", show_hidden(&dependent.id, &[]))?;
            }
            if number > first.len() {
                writeln!(out, "    {sign} … and {} more", number - first.len())?;
            }
        }
    }
    Ok(())
}

fn name_and_id(secret: &SecretName) -> String {
    format!("{}  {}", show_hidden(&secret.name, &[]), show_hidden(&secret.id, &[]))
}
