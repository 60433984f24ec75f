//! The loop that owns a workspace while it is read, and what every answer has in common.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    mem,
    sync::Arc,
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use super::{
    CollectOptions,
    answered::Answered,
    digest::{digest, done},
    fields::UnknownFields,
    listing::Open,
    lists::open_lists,
    places::Places,
    reading::{Found, Reading},
    references::{Scanning, scan_all},
    single::Purpose,
    view::Signs,
    waiting::{DEPENDENTS, HIGHER_LIMIT, Job, SECRETS, Waiting},
    warnings::{RefusedPages, WithoutId},
};
use crate::{
    api::{ApiError, Client, ListedSecret, ResourceType, Sought},
    inventory::{DependentType, Secret, Sighting, Source, Why, Workspace},
    memory::{Held, Kept, Share, text},
    progress::WorkspaceProgress,
};

/// How many more jobs are begun than requests may be in flight, so that the network is busy while an answer is taken in.
/// What was answered and not taken in takes memory, so there are no more of them.
const AHEAD: usize = 4;

/// How long after the end of the run the last answer may still be taken in. All that was read is lost with one that takes
/// longer.
const TO_BE_TAKEN_IN: Duration = Duration::from_secs(10);
/// What a secret takes in tables of ids, besides its id.
const BYTES_SOUGHT: usize = 320;

pub(super) struct Collector {
    pub(super) client: Client,
    pub(super) options: Arc<CollectOptions>,
    pub(super) workspace: Workspace,
    /// Whether only lists are walked, and nothing is asked that follows from them.
    pub(super) is_trial: bool,
    /// Lists that are being paged or were.
    pub(super) paged: HashSet<(usize, ResourceType)>,
    /// Lists of MCP servers that may have been cut: only the scan of all MCP servers can tell.
    pub(super) mcp_servers_cut: BTreeMap<usize, Why>,
    /// Secrets whose dependents were answered with 404.
    pub(super) vanished: BTreeSet<usize>,
    /// Secrets that are gone, to be taken out at the end.
    pub(super) gone: BTreeSet<usize>,
    /// References to secrets that were not listed, to be looked up.
    pub(super) unlisted: BTreeMap<String, Vec<(Source, Found)>>,
    /// Those that were found so.
    pub(super) looked_up: HashSet<usize>,
    /// What looking them up came to, where there was no such secret to be seen.
    pub(super) not_found: BTreeMap<String, NotFound>,
    /// Words that may be ids of secrets, and so far are not.
    pub(super) words: Vec<(Source, Found)>,
    /// The ids of the secrets that were listed.
    pub(super) sought: Sought,
    /// What the unknown fields of secrets were searched for.
    pub(super) fields_sought: Option<Arc<Sought>>,
    /// What was found in places, once they have been read.
    pub(super) scans: Option<Result<Vec<Scanning>, ApiError>>,
    pub(super) places: Places,
    pub(super) signs: Signs,
    pub(super) unknown_fields: UnknownFields,
    /// How many dependents of one type of a secret have no id that can be read.
    pub(super) without_id: BTreeMap<(usize, DependentType), WithoutId>,
    /// Secrets with more gaps than are kept, and whether the list of secrets is one of these.
    pub(super) has_more_gaps: BTreeSet<usize>,
    pub(super) has_more_page_gaps: bool,
    /// Pages of secrets whose cursor was refused at the higher limit.
    pub(super) refused_pages: RefusedPages,
    /// What is kept of the workspace.
    pub(super) share: Arc<Share>,
    /// What is known of places.
    pub(super) held: Vec<Held>,
    progress: Arc<WorkspaceProgress>,
    position_by_id: HashMap<String, usize>,
    jobs: JoinSet<Answered>,
    waiting: Waiting,
}

/// Why there was no secret to be seen of an id that something refers to.
pub(super) struct NotFound {
    /// Whether it may be there all the same.
    pub(super) may_exist: bool,
    /// In words.
    pub(super) why: String,
}

impl Collector {
    pub(super) fn new(
        client: Client,
        options: Arc<CollectOptions>,
        progress: Arc<WorkspaceProgress>,
        workspace: Workspace,
    ) -> Self {
        let share = Arc::clone(client.share());
        Self {
            client,
            options,
            workspace,
            is_trial: false,
            paged: HashSet::new(),
            mcp_servers_cut: BTreeMap::new(),
            vanished: BTreeSet::new(),
            gone: BTreeSet::new(),
            unlisted: BTreeMap::new(),
            looked_up: HashSet::new(),
            not_found: BTreeMap::new(),
            words: Vec::new(),
            sought: Sought::default(),
            fields_sought: None,
            scans: None,
            places: Places::default(),
            signs: Signs::default(),
            unknown_fields: UnknownFields::default(),
            without_id: BTreeMap::new(),
            has_more_gaps: BTreeSet::new(),
            has_more_page_gaps: false,
            refused_pages: RefusedPages::default(),
            share,
            held: Vec::new(),
            progress,
            position_by_id: HashMap::new(),
            jobs: JoinSet::new(),
            waiting: Waiting::default(),
        }
    }

    /// Asks at once, however many others wait.
    pub(super) fn start(&mut self, job: impl Future<Output = Answered> + Send + 'static) {
        self.jobs.spawn(job);
    }

    /// Asks when it is its turn.
    pub(super) fn queue(&mut self, job: Job) {
        if self.keeps(Kept::Lists, job.bytes()) {
            self.waiting.push(job);
        }
    }

    /// Whether so much more may be kept. Where it may not, the workspace is lost, so that it is no matter what else is not
    /// kept of it.
    pub(super) fn keeps(&self, what: Kept, bytes: usize) -> bool {
        self.share.allows(what, bytes)
    }

    /// Notes what somebody should know of.
    pub(super) fn warn(&mut self, note: String) {
        if self.keeps(Kept::Notes, text(&note)) {
            self.workspace.warnings.push(note);
        }
    }

    /// Begins to read places.
    pub(super) fn start_scans(&mut self, readings: Vec<Reading>) {
        let (client, options) = (self.client.clone(), Arc::clone(&self.options));
        self.start(async move { Answered::Scans(scan_all(&client, &options, readings).await) });
    }

    /// Asks whose key it is.
    pub(super) fn start_user(&mut self) {
        let client = self.client.with_priority(SECRETS);
        self.start(async move { Answered::User(client.user().await) });
    }

    /// Takes in answers until no job is left.
    pub(super) async fn take_answers(mut self) -> Result<Self, ApiError> {
        loop {
            self.start_what_waits();
            let Some(joined) = self.jobs.join_next().await else { return Ok(self) };
            let mut answered = done(joined).await;
            let Some(Ok(answer)) = answered.answer() else {
                self = self.take(answered)?;
                continue;
            };
            let (size, deadline, too_late) = (answer.size(), answer.deadline(), answer.too_late());
            if deadline <= Instant::now() {
                answered.fail(too_late.clone());
            }
            let taking = move || self.take(answered);
            self = digest(size, deadline + TO_BE_TAKEN_IN, taking).await.unwrap_or(Err(too_late))?;
        }
    }

    /// Starts as many as may be in flight, and a few more.
    fn start_what_waits(&mut self) {
        while self.jobs.len() < self.client.concurrency() + AHEAD
            && let Some(job) = self.waiting.pop()
        {
            self.share.release(Kept::Lists, job.bytes());
            match job {
                Job::HigherLimit { page, cursor, open } => {
                    let client = self.client.with_priority(HIGHER_LIMIT);
                    let (options, limit) = (Arc::clone(&self.options), self.options.max_dependency_limit);
                    self.start(async move {
                        let answer = client.secrets(options.query(limit), cursor.as_deref()).await;
                        Answered::HigherLimit { page, open, answer }
                    });
                }
                Job::Dependents { list, walk } => {
                    let client = self.client.with_priority(DEPENDENTS);
                    let Some(id) = self.secret(list.secret).map(|secret| secret.id.clone()) else { continue };
                    self.start(async move {
                        let answer = client.dependencies(&id, list.resource_type, walk.cursor()).await;
                        Answered::Dependents { list, walk, answer }
                    });
                }
                Job::Secret { id, purpose } => {
                    let client = self.client.with_priority(SECRETS);
                    self.start(async move {
                        let answer = match purpose {
                            Purpose::SecondOpinion(_) => {
                                client.dependencies(&id, ResourceType::Tools, None).await
                            }
                            _ => client.secret(&id).await,
                        };
                        Answered::Secret { purpose, answer }
                    });
                }
            }
        }
    }

    fn take(mut self, answered: Answered) -> Result<Self, ApiError> {
        let path = answered.path().map(str::to_owned);
        let taken = self.take_one(answered);
        let path = path.as_deref().unwrap_or(Source::Preview.endpoint());
        match taken.and_then(|()| self.client.keeps_within_bounds(path)) {
            Ok(()) => Ok(self),
            Err(lost) => {
                // Of what this drops, something may be about to be sent.
                self.client.end(&lost);
                Err(lost)
            }
        }
    }

    fn take_one(&mut self, answered: Answered) -> Result<(), ApiError> {
        match answered {
            Answered::Page { walk, answer } => self.take_page(walk, answer)?,
            Answered::HigherLimit { page, open, answer } => self.take_higher_limit(page, open, answer)?,
            Answered::Dependents { list, walk, answer } => self.take_dependents(list, walk, answer)?,
            Answered::Secret { purpose, answer } => self.take_secret(purpose, answer)?,
            // A walk that fails ends it all at once. A scan doesn't: where the key is no good both fail, and which
            // failed first must not decide what is said.
            Answered::Scans(scans) => self.scans = Some(scans),
            Answered::User(answer) => {
                let user = answer.and_then(|answer| answer.user());
                self.signs.take_user(&self.workspace.name, user);
            }
        }
        Ok(())
    }

    /// Adds what an answer shows. A secret that was seen before is united with what is known of it. Which lists the
    /// answer doesn't show whole.
    pub(super) fn take_in(&mut self, secrets: Vec<ListedSecret<'_>>, source: Source, limit: u32) -> Open {
        let (mut open, mut fields) = (Vec::new(), Vec::new());
        for secret in secrets {
            let lists = open_lists(&secret.lists, limit);
            let Some(position) = self.position_of(&secret) else { break };
            fields.push((Some(position), secret.unknown_fields));
            self.signs.take_access(secret.access_source.as_deref());
            for list in secret.lists {
                self.note_without_id(position, list.name.dependent_type(), source, list.without_id);
                self.record(position, source, list.sightings);
            }
            if !lists.is_empty() {
                open.push((position, lists));
            }
        }
        // After all secrets of the page, and not copied: there may be a million.
        self.search_fields(
            fields
                .into_iter()
                .flat_map(|(position, fields)| fields.into_iter().map(move |field| (position, field))),
        );
        open
    }

    /// Where it stands. `None` where no more may be kept.
    fn position_of(&mut self, listed: &ListedSecret<'_>) -> Option<usize> {
        let name = listed.name.as_deref().unwrap_or_default();
        if let Some(position) = self.position_of_id(&listed.id) {
            // Renamed while the walk went on: which name came first must not matter.
            if let Some(known) = self.workspace.secrets.get_mut(position)
                && (known.name.is_empty() || (!name.is_empty() && name < known.name.as_str()))
            {
                let more = name.len().saturating_sub(known.name.len());
                if self.share.allows(Kept::Secrets, more) {
                    known.name = name.to_owned();
                }
            }
            return Some(position);
        }
        let position = self.workspace.secrets.len();
        let secret = Secret::new(&*listed.id, name);
        // What is searched for is kept for each place that was read.
        let sought = listed.id.len() + BYTES_SOUGHT + Sought::bytes_of(&listed.id);
        if !self.keeps(Kept::Secrets, secret.bytes() + sought) {
            return None;
        }
        self.workspace.secrets.push(secret);
        self.position_by_id.insert(listed.id.to_string(), position);
        self.sought.add([&*listed.id]);
        self.progress.add_secrets(1);
        Some(position)
    }

    pub(super) fn position_of_id(&self, id: &str) -> Option<usize> {
        self.position_by_id.get(id).copied()
    }

    pub(super) fn secret(&self, position: usize) -> Option<&Secret> {
        self.workspace.secrets.get(position)
    }

    pub(super) fn record(&mut self, position: usize, source: Source, sightings: Vec<Sighting<'_>>) {
        if sightings.is_empty() {
            return;
        }
        let known = |workspace: &Workspace| {
            let secret = workspace.secrets.get(position);
            let bytes = secret.map_or(0, Secret::use_bytes) + workspace.resource_bytes();
            (secret.map_or(0, Secret::uses), bytes)
        };
        let (uses_before, bytes_before) = known(&self.workspace);
        self.workspace.record(position, source, sightings);
        let (uses, bytes) = known(&self.workspace);
        self.progress.add_dependents(uses.saturating_sub(uses_before));
        if bytes < bytes_before {
            self.share.release(Kept::Dependents, bytes_before - bytes);
        } else if !self.keeps(Kept::Dependents, bytes - bytes_before) {
            // It is lost, and what it has is of no use any more.
            self.workspace = Workspace::new(mem::take(&mut self.workspace.name), String::new());
        }
    }

    /// The workspace, its last doubts settled, without the secrets that are gone.
    ///
    /// # Errors
    /// Where more would have to be kept than is allowed.
    pub(super) fn finish(mut self) -> Result<Workspace, ApiError> {
        self.workspace.unite();
        self.settle_mcp_servers();
        self.warn_of_what_is_odd();
        self.tell_more_gaps();
        self.tell_what_was_seen();
        let mut position = 0;
        let (gone, deleted) = (&self.gone, &mut self.workspace.deleted);
        self.workspace.secrets.retain_mut(|secret| {
            let is_gone = gone.contains(&position);
            position += 1;
            if is_gone {
                deleted.push((mem::take(&mut secret.id), mem::take(&mut secret.name)));
            }
            !is_gone
        });
        (self.workspace.coverage.requests, self.workspace.coverage.retries) = self.client.counts();
        self.client.keeps_within_bounds(Source::Preview.endpoint())?;
        self.share.is_read();
        Ok(self.workspace)
    }
}
