//! The top of the page: the answer in one line, whether it can be relied on, of when and what it is, and the figures.

use askama::Template;

use super::{Number, in_words, policy};
use crate::{
    audit::{Audit, PopulationDrop},
    inventory::FailedWorkspace,
    report::{markdown::verdicts_in_words, timestamp},
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
    tool_version: &'a str,
    workspaces: Vec<&'a str>,
    failed: &'a [FailedWorkspace],
    drops: Vec<(&'a str, PopulationDrop)>,
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
        let workspaces = count(audit.workspaces.len(), "workspace", "workspaces");
        Self {
            policy: policy::content_security_policy(),
            style: policy::STYLE,
            filter: audit.filter(),
            answer: verdicts_in_words(totals),
            complete: audit.is_complete(),
            at: timestamp(audit.run.started_at),
            at_in_words: in_words(audit.run.started_at),
            tool_version: &audit.run.tool_version,
            workspaces: audit.workspaces.iter().map(|workspace| workspace.name()).collect(),
            failed: &audit.failed,
            drops: audit
                .workspaces
                .iter()
                .filter_map(|workspace| Some((workspace.name(), workspace.population_drop()?)))
                .collect(),
            figures: [
                figure("Unused", "unused", totals.unused, "nothing uses them"),
                figure("Undetermined", "undetermined", totals.undetermined, "treat them as in use"),
                figure("In use", "in-use", totals.in_use, "at least one use is known"),
                figure("Secrets", "", totals.secrets, &format!("in {workspaces}")),
                figure("Dependents", "", totals.dependents, "uses of them, all told"),
            ],
            sections: vec![
                ("pictures", "At a glance"),
                ("unused", "Unused"),
                ("undetermined", "Undetermined"),
                ("secrets-heading", "All secrets"),
                ("coverage", "What was read"),
                ("limits", "Limits"),
                ("parameters", "Parameters"),
            ],
        }
    }
}
