//! The places that can hold a secret's id and that `used_by` has no list for, or has none that can be trusted to be
//! whole. Each is read to its end; what fails makes the place not read, and nothing else.

mod found;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use futures_util::{StreamExt, stream};

use super::{
    CollectOptions,
    agents::Agents,
    digest::digest,
    listing::restart_note,
    reading::{Document, Found, Listing, Reading, Uses, environment, holder_of},
    view::ADMIN,
    waiting::{DOCUMENTS, PLACES},
};
use crate::{
    api::{ApiError, Client, Form, Holder, Next, Sought},
    inventory::{DependentType, Scan, ScanOutcome, Source},
    memory::{Held, Kept, text},
};

/// How many ids of workspaces are told, where there should be one.
const WORKSPACES_TOLD: usize = 10;

/// One place while it is read, and then what was found in it.
pub(super) struct Scanning {
    /// Asks for the next page of the place.
    places: Client,
    /// Asks for single documents.
    documents: Client,
    pub(super) reading: Reading,
    pub(super) scan: Scan,
    /// What was found of secrets that were listed by then.
    pub(super) uses: Vec<Uses>,
    /// And of others, or of what may be none.
    pub(super) found: Vec<Found>,
    /// What is worth knowing of how it was read.
    pub(super) notes: Vec<String>,
    /// The ids of workspaces that the things in it say they are in.
    pub(super) workspace_ids: BTreeSet<String>,
    /// The ids of all that its lists show.
    pub(super) ids: BTreeSet<String>,
    /// Those of its lists that can have changed while they were walked: an id may be in none of the pages.
    pub(super) unsettled: Vec<Listing>,
    /// Whether more words were found that may be ids than are kept.
    pub(super) has_more_words: bool,
    unknown: usize,
    unlike_ids: u64,
    /// Whether `access_info` says of anything in it that the key's user sees it as an admin.
    pub(super) is_shown_to_admin: bool,
    /// Agents of which a list shows the id only.
    pub(super) unknown_agents: BTreeSet<String>,
    /// The tools, MCP servers and agents that things in it name.
    pub(super) named: BTreeSet<(DependentType, String)>,
    /// The paths that were answered with 403.
    pub(super) forbidden: BTreeSet<String>,
    /// Branches of which the key's user has a draft, by agent and id.
    pub(super) drafts: BTreeSet<(String, String)>,
    /// Ids of what was asked for without a list, and is not there.
    pub(super) gone: BTreeSet<String>,
    /// Ids of what was asked for without a list, and is there.
    pub(super) answered: BTreeSet<String>,
    /// What a list shows and was not found, by its id.
    pub(super) vanished: BTreeMap<String, ApiError>,
    /// Archived branches that the API lists and doesn't show, by agent and id.
    pub(super) hidden_branches: BTreeSet<(String, String)>,
    /// Whether it has more of them than it lists.
    pub(super) hidden_branches_unlisted: bool,
    /// What is kept of it: twice, here and in the signs of what the key sees.
    pub(super) held: Held,
    /// What its lists show, until that has been looked into.
    listed: Held,
}

/// Reads places side by side.
///
/// # Errors
/// Only where the API says that the key is invalid.
pub(super) async fn scan_all(
    client: &Client,
    options: &CollectOptions,
    readings: Vec<Reading>,
) -> Result<Vec<Scanning>, ApiError> {
    let scans = readings.into_iter().map(|reading| Scanning::new(client, reading).run(options));
    futures_util::future::join_all(scans).await.into_iter().collect()
}

impl Scanning {
    pub(super) fn new(client: &Client, reading: Reading) -> Self {
        Self {
            places: client.with_priority(PLACES),
            documents: client.with_priority(DOCUMENTS),
            scan: Scan::new(reading.source, ScanOutcome::Whole),
            reading,
            uses: Vec::new(),
            found: Vec::new(),
            notes: Vec::new(),
            workspace_ids: BTreeSet::new(),
            ids: BTreeSet::new(),
            unsettled: Vec::new(),
            has_more_words: false,
            unknown: 0,
            unlike_ids: 0,
            is_shown_to_admin: false,
            unknown_agents: BTreeSet::new(),
            named: BTreeSet::new(),
            forbidden: BTreeSet::new(),
            drafts: BTreeSet::new(),
            gone: BTreeSet::new(),
            answered: BTreeSet::new(),
            vanished: BTreeMap::new(),
            hidden_branches: BTreeSet::new(),
            hidden_branches_unlisted: false,
            held: Held::none(client.share(), Kept::Places),
            listed: Held::none(client.share(), Kept::Places),
        }
    }

    /// Whether all of the place was read, and not only what is new in it.
    pub(super) fn is_of_all(&self) -> bool {
        self.reading.only.is_empty() && self.walked()
    }

    /// Whether lists were walked.
    pub(super) fn walked(&self) -> bool {
        self.reading.unlisted.is_empty()
    }

    /// What its documents were searched for.
    pub(super) fn sought(&self) -> &Arc<Sought> {
        &self.reading.sought
    }

    pub(super) async fn run(mut self, options: &CollectOptions) -> Result<Self, ApiError> {
        if options.switched_off.contains(&self.scan.source) {
            self.scan.outcome = ScanOutcome::SwitchedOff;
        } else {
            self.read(options).await?;
        }
        self.listed = Held::none(self.places.share(), Kept::Places);
        if self.unlike_ids > 0 {
            let number = self.unlike_ids;
            self.notes.push(format!(
                "{}: {number} × a text under secret_id where the API documents no reference, and unlike any id of a secret; \
                 it was taken for a plain value",
                self.scan.source.as_str()
            ));
        }
        if let Some(gap) = self.scan.gap() {
            tracing::debug!(workspace = self.places.workspace(), "{gap}");
        }
        Ok(self)
    }

    async fn read(&mut self, options: &CollectOptions) -> Result<(), ApiError> {
        match self.scan.source {
            Source::EnvironmentVariables => {
                for variable in self.list(Listing::EnvironmentVariables).await? {
                    // No other place says in which workspace it is.
                    if self.workspace_ids.len() < WORKSPACES_TOLD {
                        self.workspace_ids.extend(variable.workspace_id.clone());
                    }
                    self.note(DependentType::EnvironmentVariable, variable, environment);
                }
            }
            Source::McpServers => {
                for server in self.list(Listing::McpServers).await? {
                    self.note(DependentType::McpServer, server, |_| None);
                }
            }
            Source::Tools => {
                for tool in self.list(Listing::Tools).await? {
                    self.note(DependentType::Tool, tool, |_| None);
                }
            }
            Source::Settings => self.read_settings().await?,
            Source::SpeechEngines => self.read_speech_engines().await?,
            Source::Agents => {
                let mut agents = self.list(Listing::Agents { archived: false }).await?;
                let archived = self.list(Listing::Agents { archived: true }).await?;
                agents.extend(archived.into_iter().map(|agent| Holder { is_archived: true, ..agent }));
                let agents = self.to_look_into(agents);
                let (sought, manner) = (Arc::clone(self.sought()), Arc::clone(&self.reading.manner));
                let reader = Agents::new(self.documents.clone(), sought, options.archived_branches, manner);
                reader.read(agents, self).await?;
                self.settle_vanished(&[false, true].map(|archived| Listing::Agents { archived })).await?;
            }
            Source::Preview | Source::HigherLimit | Source::Dependencies | Source::Secret => {}
        }
        Ok(())
    }

    /// Walks a list to its end. Where that fails, what was seen until then is still of use.
    pub(super) async fn list(&mut self, listing: Listing) -> Result<Vec<Holder>, ApiError> {
        if !self.walked() {
            // An agent may be in either of two lists.
            let is_first = listing != Listing::Agents { archived: true };
            let unlisted = self.reading.unlisted.iter().filter(|_| is_first);
            return Ok(unlisted.map(|id| Holder { id: id.clone(), ..Holder::default() }).collect());
        }
        if !self.reading.only.is_empty() && !self.reading.only.contains(&listing) {
            return Ok(Vec::new());
        }
        let (mut walk, mut holders) = (self.places.walk(), Vec::new());
        loop {
            let sought = Arc::clone(self.sought());
            let read = match listing.ask(&self.places, walk.cursor()).await {
                Ok(answer) => {
                    let too_late = answer.too_late();
                    digest(answer.size(), answer.deadline(), move || {
                        Ok((listing.read(&answer, &sought)?, answer))
                    })
                    .await
                    .unwrap_or(Err(too_late))
                }
                Err(error) => Err(error),
            };
            let advanced = read.and_then(|(page, answer)| {
                self.scan.pages += 1;
                let next = Next {
                    cursor: page.next_cursor.as_deref(),
                    has_more: page.has_more,
                    is_empty: page.holders.is_empty(),
                };
                if self.listed.allows(page.holders.iter().map(Holder::bytes).sum()) {
                    holders.extend(page.holders);
                }
                for reference in self.take_found(page.beside) {
                    let path = reference.path_in_words();
                    let list = DependentType::unrecognized(self.scan.source.as_str());
                    let holder = holder_of(list, &Holder { id: path.clone(), ..Holder::default() });
                    self.hold(&holder, reference, Some(path));
                }
                self.places.keeps_within_bounds(answer.path())?;
                if let Some(problem) = page.problem {
                    self.fail(answer.error(problem).on_page(walk.page()))?;
                }
                walk.advance(answer.path(), next)
            });
            let page = walk.page();
            match advanced {
                Ok(true) => {}
                Ok(false) => break,
                Err(error) if walk.ends_with(&error) => break,
                Err(error) if walk.restart_after(&error) => {
                    // What was seen before the restart stays: found twice, it is one.
                    let note = restart_note(&error.on_page(page));
                    tracing::warn!(workspace = self.places.workspace(), "{note}");
                    self.notes.push(note);
                }
                Err(error) => {
                    self.fail(error.on_page(page))?;
                    break;
                }
            }
        }
        // An agent that is brought back between the two lists is in neither of them.
        if walk.page() > 1 || listing == (Listing::Agents { archived: false }) {
            self.unsettled.push(listing);
        }
        for holder in &holders {
            let ids = holder.unknown_agents.iter().chain([&holder.id]);
            if !self.held.allows(2 * ids.map(|id| text(id)).sum::<usize>()) {
                break;
            }
            self.ids.insert(holder.id.clone());
            self.is_shown_to_admin |= holder.access_source.as_deref() == Some(ADMIN);
            self.unknown_agents.extend(holder.unknown_agents.iter().cloned());
        }
        self.places.keeps_within_bounds(self.scan.source.endpoint())?;
        Ok(holders)
    }

    /// Each of these once (a walk that was started again shows some twice), without those that were looked into before.
    fn to_look_into(&self, holders: Vec<Holder>) -> Vec<Holder> {
        let mut seen = HashMap::new();
        let mut each: Vec<Holder> = Vec::new();
        for holder in holders {
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

    async fn read_settings(&mut self) -> Result<(), ApiError> {
        let sought = Arc::clone(self.sought());
        let answer = self.places.settings().await;
        let document =
            Document::read(self.places.share(), answer, move |answer| answer.settings(&sought)).await;
        for reference in self.take(document)? {
            let id = reference.path_in_words();
            let via = (reference.form == Form::Mention).then(|| id.clone());
            let holder = holder_of(DependentType::Setting, &Holder { id, ..Holder::default() });
            self.hold(&holder, reference, via);
        }
        Ok(())
    }

    async fn read_speech_engines(&mut self) -> Result<(), ApiError> {
        let engines = self.list(Listing::SpeechEngines).await?;
        let engines = self.to_look_into(engines);
        let (client, sought) = (self.documents.clone(), Arc::clone(self.sought()));
        let mut documents = stream::iter(engines)
            .map(|engine| async {
                let answer = client.speech_engine(&engine.id).await;
                let (id, sought) = (engine.id.clone(), Arc::clone(&sought));
                let document =
                    Document::read(client.share(), answer, move |answer| answer.speech_engine(&id, &sought))
                        .await;
                (engine, document)
            })
            .buffer_unordered(client.concurrency());
        while let Some((mut engine, document)) = documents.next().await {
            let Some(document) = self.heed(&engine.id, document) else { continue };
            engine.found.references.extend(self.take(document)?);
            self.note(DependentType::SpeechEngine, engine, |_| None);
        }
        drop(documents);
        self.settle_vanished(&[Listing::SpeechEngines]).await
    }
}
