//! The top of the page: the answer in one line, whether it can be relied on, of when and what it is, and the figures.

use askama::Template;

use super::{Number, date_in_words, in_words, policy};
use crate::{
    audit::Audit,
    inventory::FailedWorkspace,
    report::{
        first::{self, Alarm, Note},
        messages, timestamp,
    },
    text::count,
};

/// Everything before the pictures.
#[derive(Template)]
#[template(path = "top.html")]
pub(super) struct Top<'a> {
    policy: String,
    style: &'static str,
    filter: Option<&'a str>,
    answer: String,
    complete: bool,
    at: String,
    at_in_words: String,
    last_complete: String,
    tool_version: &'a str,
    workspaces: Vec<&'a str>,
    failed: &'a [FailedWorkspace],
    alarms: Vec<Alarm<'a>>,
    rests_on: &'static str,
    facts: Vec<Note<'a>>,
    is_redacted: bool,
    notes: &'a [String],
    figures: [Figure; 5],
    sections: Vec<(&'static str, &'static str)>,
}

/// A figure at the top, with what it means.
struct Figure {
    title: &'static str,
    class: &'static str,
    number: Number,
    value: usize,
    meaning: String,
}

impl<'a> Top<'a> {
    pub(super) fn of(audit: &'a Audit) -> Self {
        let totals = audit.totals();
        let figure = |title, class, value, meaning: &str| Figure {
            title,
            class: if value == 0 { "" } else { class },
            number: Number(value),
            value,
            meaning: meaning.to_owned(),
        };
        let (shown, unused) = (|number: usize| Number(number).to_string(), audit.unused());
        let workspaces = count(audit.workspaces.len(), "workspace", "workspaces");
        Self {
            policy: policy::content_security_policy(),
            style: policy::STYLE,
            filter: audit.filter(),
            answer: messages::answer(audit, shown),
            complete: audit.is_complete(),
            at: timestamp(audit.run.started_at),
            at_in_words: in_words(audit.run.started_at),
            last_complete: last_complete(audit),
            tool_version: &audit.run.tool_version,
            workspaces: audit.workspaces.iter().map(|workspace| workspace.name()).collect(),
            failed: &audit.failed,
            alarms: first::alarms(audit),
            rests_on: first::NOTES,
            facts: first::notes(audit),
            is_redacted: !audit.parameters.redact.is_empty(),
            notes: if history_is_as_expected(audit) { &[] } else { &audit.history.notes },
            figures: [
                figure("Open findings", "unused", unused.open, &messages::of_unused(unused, shown)),
                figure("Undetermined", "undetermined", totals.undetermined, "treat them as in use"),
                figure("In use", "in-use", totals.in_use, "at least one use is known"),
                figure("Secrets", "", totals.secrets, &format!("in {workspaces}")),
                figure("Dependents", "", totals.dependents, "uses of them, all told"),
            ],
            sections: vec![
                ("pictures", "At a glance"),
                ("unused", "Unused"),
                ("undetermined", "Undetermined"),
                ("changes", "Changes"),
                ("waivers", "Waivers"),
                ("secrets-heading", "All secrets"),
                ("coverage", "What was read"),
                ("limits", "Limits"),
                ("parameters", "Parameters"),
            ],
        }
    }
}

/// When the last complete audit was.
fn last_complete(audit: &Audit) -> String {
    let before = audit.history.complete_before.as_ref().map(|earlier| date_in_words(earlier.started_at));
    let is_this_one = audit.last_complete().is_some_and(|last| last.run == audit.run.id);
    match (is_this_one, before) {
        (true, Some(before)) => format!("this one; before it, {before}"),
        (true, None) => "this one, the first that is known".to_owned(),
        (false, Some(before)) => before,
        (false, None) => "none that is known".to_owned(),
    }
}

/// Whether the history continues without a gap, or begins because there was nothing before.
fn history_is_as_expected(audit: &Audit) -> bool {
    let history = &audit.history;
    history.notes.len() <= usize::from(history.continues.is_none())
}
