//! What agents hold, and which of their archived branches are asked for.
//!
//! Whether the API shows archived branches at all is not known. So one is asked for alone, after all live ones: where it is
//! not found and none was, the others are not asked for, and the report says how many there are.

use std::{mem, sync::Arc};

use super::Scanner;
use crate::{
    api::{ApiError, Form, Holder},
    collect::{
        agent::{Agent, ArchivedBranch},
        document::Document,
        found::holder_of,
        job::Job,
        options::ArchivedBranches,
    },
    inventory::{DependentType, Source},
    memory::text,
};

/// How many archived branches are asked for alone, where neither an answer nor a 404 tells whether they are shown.
const MOST_ASKED_ALONE: usize = 3;

impl Scanner {
    pub(super) fn on_agent(&mut self, read: Agent) -> Result<(), ApiError> {
        let Agent { agent, documents, archived, drafts, archived_missing, .. } = read;
        let mut documents = documents.into_iter();
        let main = documents.next().and_then(|main| self.note_presence(&agent.id, main));
        for mut document in main.into_iter().chain(documents) {
            if agent.is_archived {
                document.found.named.clear();
            }
            self.on_branch(&agent, document)?;
        }
        for branch in drafts {
            if self.held.allows(2 * (text(&agent.id) + text(&branch))) {
                self.findings.drafts.insert((agent.id.clone(), branch));
            }
        }
        self.findings.is_shown_to_admin |= read.is_shown_to_admin;
        // It may become one of those that the API does not show.
        let bytes = |one: &ArchivedBranch| 2 * one.agent.bytes() + 2 * text(&one.id);
        if self.held.allows(archived.iter().map(bytes).sum()) {
            self.archived.extend(archived);
        }
        self.archived_missing.extend(archived_missing);
        self.note(DependentType::Agent, agent, |_| None);
        Ok(())
    }

    /// Answers come in any order; which branch is asked for first must not depend on it.
    pub(super) fn sort_archived_branches(&mut self) {
        self.archived.make_contiguous().sort_by(|a, b| (&a.agent.id, &a.id).cmp(&(&b.agent.id, &b.id)));
    }

    /// Whether archived branches are shown. Where nothing tells, they may be.
    fn are_archived_branches_shown(&self) -> Option<bool> {
        match self.options.archived_branches {
            ArchivedBranches::Read => Some(true),
            _ => self.reading.behavior.shows_archived.get().copied(),
        }
    }

    pub(super) fn ask_for_archived_branches(&mut self) {
        let number = match self.are_archived_branches_shown() {
            Some(false) => {
                let hidden = mem::take(&mut self.archived);
                self.findings.hidden_branches.extend(hidden.into_iter().map(|one| (one.agent.id, one.id)));
                return;
            }
            None if self.asked_alone < MOST_ASKED_ALONE => 1,
            _ => self.archived.len(),
        };
        self.asked_alone += 1;
        for branch in self.archived.drain(..number).collect::<Vec<_>>() {
            let (behavior, sought) = (Arc::clone(&self.reading.behavior), Arc::clone(self.sought()));
            self.ask(Job::ArchivedBranch { branch, behavior, sought });
        }
    }

    pub(super) fn on_archived_branch(&mut self, agent: &Holder, document: Document) -> Result<(), ApiError> {
        let is_asked_alone =
            self.are_archived_branches_shown().is_none() && self.asked_alone <= MOST_ASKED_ALONE;
        let shown = &self.reading.behavior.shows_archived;
        match &document.error {
            None if is_asked_alone => _ = shown.set(true),
            Some(error) if is_asked_alone && error.is_not_found() => {
                _ = shown.set(false);
                let branch = document.branch.unwrap_or_default();
                self.findings.hidden_branches.insert((agent.id.clone(), branch));
                return Ok(());
            }
            _ => {}
        }
        self.on_branch(agent, document)
    }

    pub(super) fn settle_archived_branches(&mut self) -> Result<(), ApiError> {
        if self.scan.source == Source::Agents && self.reading.behavior.refuses_generated() {
            self.findings.notes.insert(
                "agents were read without include_procedure_generated_workflow_elements, which the API refuses: what \
                 procedures generate may be missing"
                    .to_owned(),
            );
        }
        let missing = mem::take(&mut self.archived_missing);
        if self.are_archived_branches_shown() == Some(false) {
            self.findings.hidden_branches_unlisted |= !missing.is_empty();
            return Ok(());
        }
        missing.into_iter().try_for_each(|error| self.fail(error))
    }

    fn on_branch(&mut self, agent: &Holder, document: Document) -> Result<(), ApiError> {
        let branch = document.branch.clone();
        let mut holder = None;
        for reference in self.on_document(document)? {
            let via = match (&branch, reference.form != Form::Mention) {
                (Some(branch), true) => Some(branch.clone()),
                (Some(branch), false) => Some(format!("{branch}:{}", reference.path_in_words())),
                (None, true) => None,
                (None, false) => Some(reference.path_in_words()),
            };
            let holder = holder.get_or_insert_with(|| holder_of(DependentType::Agent, agent));
            self.hold(holder, reference, via);
        }
        Ok(())
    }
}
