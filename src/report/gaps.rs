//! What was not read whole, in lines for somebody who has no report at hand: of everything once, why and what to do.

use std::collections::HashSet;

use crate::{
    audit::{Audit, Status},
    inventory::Why,
    report::first,
};

/// Something that was not read whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct GapLine {
    /// The name of the workspace; empty where it is about the whole audit.
    pub workspace: String,
    /// What it is, why, and what to do about it.
    pub words: String,
}

/// Everything for which an audit is incomplete, each once, the largest first: workspaces, sources, pages, lists of single
/// secrets. Before them, without the name of a workspace, what is wrong with the audit as a whole.
pub fn gaps(audit: &Audit) -> Vec<GapLine> {
    let mut lines: Vec<GapLine> = Vec::new();
    let mut say =
        |workspace: &str, words: String| lines.push(GapLine { workspace: workspace.to_owned(), words });
    for alarm in first::alarms(audit).into_iter().filter(|alarm| alarm.workspace.is_none()) {
        say("", alarm.in_words(str::to_owned));
    }
    for failed in &audit.failed {
        say(&failed.name, format!("not read: {}", failed.error));
    }
    for alarm in first::alarms(audit).into_iter().filter(|alarm| alarm.gap.is_some()) {
        say(alarm.workspace.unwrap_or_default(), alarm.in_words(str::to_owned));
    }
    for workspace in &audit.workspaces {
        for row in workspace.sources().iter().filter(|row| row.is_gap()) {
            let why = match &row.status {
                Status::SwitchedOff => {
                    format!("{}: set [audit] {} = true", Why::SwitchedOff, row.source.as_str())
                }
                status => status.why().map(ToString::to_string).unwrap_or_default(),
            };
            say(workspace.name(), format!("{} not read whole: {why}", row.title()));
        }
        for gap in workspace.gaps() {
            say(workspace.name(), format!("not read whole: {gap}"));
        }
        for secret in workspace.secrets() {
            for gap in secret.gaps() {
                say(workspace.name(), format!("secret {}, not read whole: {gap}", secret.id()));
            }
        }
    }
    let mut seen = HashSet::new();
    lines.retain(|line| seen.insert(line.clone()));
    lines
}
