//! Charts: only numbers and dates, no names. The pie is Mermaid, which GitHub draws and everybody else can read. The
//! nights are text, as no line of Mermaid can have a gap.

use std::fmt::Write as _;

use crate::audit::{Audit, Totals};

/// How many dates a chart shows; more would be long to read.
const MOST_DATES: usize = 30;

/// How long the longest bar is, in characters.
const LONGEST_BAR: usize = 40;

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

/// How many secrets were unused on the last dates, of the workspaces of this audit that were ever read whole. A date
/// without such a figure has its line and no bar.
pub(super) fn unused_over_the_nights(audit: &Audit) -> String {
    let dates = audit.nights();
    let dates = &dates[dates.len().saturating_sub(MOST_DATES)..];
    let figures = || dates.iter().filter_map(|date| date.totals.map(|totals| totals.unused));
    if figures().count() < 2 {
        return String::new();
    }
    let longest = figures().max().unwrap_or_default().max(1);
    let mut text = format!("Unused secrets on the last {} dates (UTC):\n\n```text\n", dates.len());
    for date in dates {
        let figure = match date.totals {
            Some(totals) => {
                // However few, some are to be seen.
                let length = (totals.unused * LONGEST_BAR).div_ceil(longest);
                format!("{:>6} {}", totals.unused, "█".repeat(length))
            }
            None if date.was_missed => "     – missed".to_owned(),
            None => "     – incomplete".to_owned(),
        };
        let _ = writeln!(text, "{} {}", date.date, figure.trim_end());
    }
    text.push_str("```\n\n");
    text
}
