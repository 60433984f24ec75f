//! Charts in Mermaid, which GitHub draws and everybody else can read: only numbers and dates, no names.

use std::fmt::Write as _;

use crate::audit::{Audit, Totals};

/// How many nights a chart shows; more would not be told apart.
const MOST_NIGHTS: usize = 30;

/// The secrets by verdict.
pub(super) fn verdicts(totals: Totals) -> String {
    if totals.secrets == 0 {
        return String::new();
    }
    let Totals { in_use, unused, undetermined, .. } = totals;
    format!(
        "```mermaid\npie showData title Secrets by verdict\n    \"In use\" : {in_use}\n    \"Unused\" : {unused}\n    \
         \"Undetermined\" : {undetermined}\n```\n\n"
    )
}

/// How many secrets were unused on the last nights on which all workspaces of this audit were read.
pub(super) fn unused_over_the_nights(audit: &Audit) -> String {
    let nights: Vec<_> = audit.nights().collect();
    let nights = &nights[nights.len().saturating_sub(MOST_NIGHTS)..];
    if nights.len() < 2 || audit.workspaces.is_empty() {
        return String::new();
    }
    let dates: Vec<String> =
        nights.iter().map(|(night, _)| format!("\"{}\"", night.started_at.format("%m-%d"))).collect();
    let numbers: Vec<usize> = nights.iter().map(|(_, totals)| totals.unused).collect();
    let top = numbers.iter().max().map_or(1, |most| most + 1);
    let numbers: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let mut text = "```mermaid\nxychart-beta\n".to_owned();
    let _ = writeln!(text, "    title \"Unused secrets over the last {} nights\"", nights.len());
    let _ = writeln!(text, "    x-axis [{}]", dates.join(", "));
    let _ = writeln!(text, "    y-axis \"Unused\" 0 --> {top}");
    let _ = writeln!(text, "    line [{}]\n```\n", numbers.join(", "));
    text
}
