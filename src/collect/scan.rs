//! One place that can hold a secret's id and that `used_by` has no list for, or has none that can be trusted to be whole:
//! what was found in it, and what is still to be asked. It is read to its end; what fails makes the place not read, and
//! nothing else.
//!
//! ```text
//! lists → documents that they name → archived branches → lists once more, for what was listed and not found → ended
//! ```

mod agents;
mod found;
mod vanished;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    mem,
    sync::Arc,
};

use super::{
    agent::ArchivedBranch,
    document::Document,
    findings::Findings,
    found::{environment, holder_of},
    job::{Answered, Job},
    options::CollectOptions,
    reading::{ListPage, Listing, Reading},
};
use crate::{
    api::{ApiError, Client, Form, Holder, Next, Sought, WORKSPACE_ADMIN, Walk},
    inventory::{DependentType, Scan, ScanOutcome, Source, Why},
    memory::{Held, Kept, text},
};

/// How many ids of workspaces are told, where there should be one.
const WORKSPACES_TOLD: usize = 10;

/// One place while it is read, and then what was found in it.
pub(super) struct Scanner {
    client: Client,
    options: Arc<CollectOptions>,
    stage: Stage,
    /// What is to be asked next.
    jobs: Vec<Job>,
    /// How much was asked that is not answered.
    in_flight: usize,
    /// The lists that are still to be walked in this stage.
    lists: VecDeque<Listing>,
    /// What lists show that is to be looked into.
    listed: Vec<Holder>,
    /// Archived branches that are still to be asked for, and how many were asked for alone.
    archived: VecDeque<ArchivedBranch>,
    asked_alone: usize,
    /// Why lists of branches don't show all archived ones.
    archived_missing: Vec<ApiError>,
    /// How many ids the lists showed before they were walked once more, and what they show then.
    ids_before: usize,
    relisted: BTreeSet<String>,
    pub(super) reading: Reading,
    /// Whole only once its end was reached.
    pub(super) scan: Scan,
    /// Why something of it could not be read.
    not_read: Option<Why>,
    pub(super) findings: Findings,
    /// How many words were found that may be ids, and how many texts under `secret_id` that are like none.
    unknown: usize,
    unlike_ids: u64,
    /// What a list shows and was not found, by its id.
    vanished: BTreeMap<String, ApiError>,
    /// What is kept of it: twice, here and in the signs of what the key sees.
    pub(super) held: Held,
    /// What its lists show, until that has been looked into.
    held_listed: Held,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Lists,
    Documents,
    ArchivedBranches,
    ListsOnceMore,
    Ended,
}

impl Scanner {
    pub(super) fn new(client: &Client, options: &Arc<CollectOptions>, reading: Reading) -> Self {
        Self {
            client: client.clone(),
            options: Arc::clone(options),
            stage: Stage::Lists,
            jobs: Vec::new(),
            in_flight: 0,
            lists: Listing::of(reading.source).iter().copied().collect(),
            listed: Vec::new(),
            archived: VecDeque::new(),
            asked_alone: 0,
            archived_missing: Vec::new(),
            ids_before: 0,
            relisted: BTreeSet::new(),
            scan: Scan::new(reading.source, ScanOutcome::NotRead(Why::NotAsked)),
            not_read: None,
            reading,
            findings: Findings::default(),
            unknown: 0,
            unlike_ids: 0,
            vanished: BTreeMap::new(),
            held: Held::none(client.share(), Kept::Places),
            held_listed: Held::none(client.share(), Kept::Places),
        }
    }

    fn sought(&self) -> &Arc<Sought> {
        &self.reading.sought
    }

    /// What is to be asked first.
    ///
    /// # Errors
    /// As in [`Scanner::on`].
    pub(super) fn start(&mut self) -> Result<Vec<Job>, ApiError> {
        if self.options.switched_off.contains(&self.scan.source) {
            self.end(ScanOutcome::SwitchedOff);
        }
        self.go_on()
    }

    /// Takes in an answer. What is to be asked next.
    ///
    /// # Errors
    /// Only where the API says that the key is invalid: nothing more is to be asked then.
    pub(super) fn on(&mut self, answered: Answered) -> Result<Vec<Job>, ApiError> {
        self.in_flight -= 1;
        match answered {
            Answered::List { listing, walk, page } => self.on_list(listing, walk, page)?,
            Answered::Settings { document } => self.on_settings(document)?,
            Answered::SpeechEngine { mut engine, document } => {
                if let Some(document) = self.note_presence(&engine.id, document) {
                    engine.found.references.extend(self.on_document(document)?);
                    self.note(DependentType::SpeechEngine, engine, |_| None);
                }
            }
            Answered::Agent { agent } => self.on_agent(*agent)?,
            Answered::ArchivedBranch { agent, document } => self.on_archived_branch(&agent, document)?,
            _ => {}
        }
        self.go_on()
    }

    fn ask(&mut self, job: Job) {
        self.in_flight += 1;
        self.jobs.push(job);
    }

    /// Goes on to what nothing is in flight of any more.
    fn go_on(&mut self) -> Result<Vec<Job>, ApiError> {
        while self.in_flight == 0 && self.stage != Stage::Ended {
            match self.stage {
                Stage::Lists | Stage::ListsOnceMore if !self.lists.is_empty() => self.start_list(),
                Stage::Lists => {
                    self.stage = Stage::Documents;
                    self.ask_for_documents();
                }
                Stage::Documents => {
                    self.stage = Stage::ArchivedBranches;
                    self.sort_archived_branches();
                }
                Stage::ArchivedBranches if !self.archived.is_empty() => self.ask_for_archived_branches(),
                Stage::ArchivedBranches => {
                    self.settle_archived_branches()?;
                    self.stage = Stage::ListsOnceMore;
                    self.list_vanished();
                }
                Stage::ListsOnceMore | Stage::Ended => {
                    self.settle_vanished()?;
                    let not_read = self.not_read.take();
                    self.end(not_read.map_or(ScanOutcome::Whole, ScanOutcome::NotRead));
                }
            }
        }
        Ok(mem::take(&mut self.jobs))
    }

    fn end(&mut self, outcome: ScanOutcome) {
        self.stage = Stage::Ended;
        self.scan.outcome = outcome;
        self.held_listed = Held::none(self.client.share(), Kept::Places);
        if self.unlike_ids > 0 {
            let number = self.unlike_ids;
            self.findings.notes.insert(format!(
                "{}: {number} × a text under secret_id where the API documents no reference, and unlike any id of a secret; \
                 it was taken for a plain value",
                self.scan.source.as_str()
            ));
        }
        if let Some(gap) = self.scan.gap() {
            tracing::debug!(workspace = self.client.workspace(), "{gap}");
        }
    }

    /// Begins to walk the next list, or takes what is to be read without one.
    fn start_list(&mut self) {
        let Some(listing) = self.lists.pop_front() else { return };
        if !self.reading.walks_lists() {
            // An agent may be in either of two lists.
            self.lists.clear();
            let unlisted = self.reading.unlisted.iter();
            self.listed = unlisted.map(|id| Holder { id: id.clone(), ..Holder::default() }).collect();
        } else if self.stage == Stage::ListsOnceMore
            || self.reading.only.is_empty()
            || self.reading.only.contains(&listing)
        {
            let (walk, sought) = (self.client.walk(), Arc::clone(self.sought()));
            self.ask(Job::List { listing, walk, sought });
        }
    }

    /// Takes in a page of a list, which is walked to its end. Where that fails, what was seen until then is still of use.
    fn on_list(
        &mut self,
        listing: Listing,
        mut walk: Walk,
        page: Result<ListPage, ApiError>,
    ) -> Result<(), ApiError> {
        let number = walk.page();
        let advanced = page.and_then(|ListPage { page, path, problem }| {
            self.scan.pages += 1;
            for reference in self.on_references(page.beside) {
                let path = reference.path_in_words();
                let list = DependentType::unrecognized(self.scan.source.as_str());
                let holder = holder_of(list, &Holder { id: path.clone(), ..Holder::default() });
                self.hold(&holder, reference, Some(path));
            }
            self.on_listed(listing, page.holders);
            if let Some(problem) = problem {
                self.fail(problem.on_page(number))?;
            }
            let next = Next { cursor: page.next_cursor.as_deref(), has_more: page.has_more };
            walk.advance(&path, next)
        });
        let goes_on = match advanced {
            Ok(goes_on) => goes_on,
            Err(error) if walk.ends_with(&error) => false,
            Err(error) if walk.restart_after(&error) => {
                // What was seen before the restart stays: found twice, it is one.
                let note = restart_note(&error.on_page(number));
                tracing::warn!(workspace = self.client.workspace(), "{note}");
                self.findings.notes.insert(note);
                true
            }
            Err(error) => {
                self.fail(error.on_page(number))?;
                false
            }
        };
        // An agent that is brought back between the two lists is in neither of them.
        if walk.page() > 1 || listing == (Listing::Agents { archived: false }) {
            self.findings.unsettled.insert(listing);
        }
        if goes_on {
            let sought = Arc::clone(self.sought());
            self.ask(Job::List { listing, walk, sought });
        }
        Ok(())
    }

    fn on_listed(&mut self, listing: Listing, holders: Vec<Holder>) {
        for holder in holders {
            let ids = holder.unknown_agents.iter().chain([&holder.id]);
            if !self.held.allows(2 * ids.map(|id| text(id)).sum::<usize>()) {
                break;
            }
            self.findings.ids.insert(holder.id.clone());
            self.findings.is_shown_to_admin |= holder.access_source.as_deref() == Some(WORKSPACE_ADMIN);
            self.findings.unknown_agents.extend(holder.unknown_agents.iter().cloned());
            if self.stage == Stage::ListsOnceMore {
                self.relisted.insert(holder.id);
                continue;
            }
            match listing {
                Listing::EnvironmentVariables => {
                    // No other place says in which workspace it is.
                    if self.findings.workspace_ids.len() < WORKSPACES_TOLD {
                        self.findings.workspace_ids.extend(holder.workspace_id.clone());
                    }
                    self.note(DependentType::EnvironmentVariable, holder, environment);
                }
                Listing::McpServers => self.note(DependentType::McpServer, holder, |_| None),
                Listing::Tools => self.note(DependentType::Tool, holder, |_| None),
                Listing::SpeechEngines | Listing::Agents { .. } => {
                    let is_archived = listing == Listing::Agents { archived: true };
                    if self.held_listed.allows(holder.bytes()) {
                        self.listed.push(Holder { is_archived: is_archived || holder.is_archived, ..holder });
                    }
                }
            }
        }
    }

    fn ask_for_documents(&mut self) {
        if self.scan.source == Source::Settings {
            let sought = Arc::clone(self.sought());
            self.ask(Job::Settings { sought });
        }
        for holder in self.unread_holders() {
            let (behavior, sought) = (Arc::clone(&self.reading.behavior), Arc::clone(self.sought()));
            self.ask(match self.scan.source {
                Source::Agents => Job::Agent { agent: holder, behavior, sought },
                _ => Job::SpeechEngine { engine: holder, sought },
            });
        }
    }

    /// Each of these once (a walk that was started again shows some twice), without those that were looked into before.
    fn unread_holders(&mut self) -> Vec<Holder> {
        let mut seen = HashMap::new();
        let mut each: Vec<Holder> = Vec::new();
        for holder in mem::take(&mut self.listed) {
            if self.reading.known.contains(&holder.id) {
                continue;
            }
            let position = *seen.entry(holder.id.clone()).or_insert(each.len());
            match each.get_mut(position) {
                Some(known) => known.found.merge(holder.found),
                None => each.push(holder),
            }
        }
        each.truncate(if self.reading.is_sample { 1 } else { usize::MAX });
        each
    }

    fn on_settings(&mut self, document: Document) -> Result<(), ApiError> {
        for reference in self.on_document(document)? {
            let id = reference.path_in_words();
            let via = (reference.form == Form::Mention).then(|| id.clone());
            let holder = holder_of(DependentType::Setting, &Holder { id, ..Holder::default() });
            self.hold(&holder, reference, via);
        }
        Ok(())
    }
}

/// What is worth knowing of a walk that had to begin anew.
pub(super) fn restart_note(error: &ApiError) -> String {
    format!("a walk was started again from its first page, because its cursor was refused: {error}")
}
