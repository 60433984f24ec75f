//! The loop that owns a workspace while it is read, and what every answer has in common.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use tokio::{task::JoinSet, time::Instant};

use super::{
    CollectOptions,
    digest::{digest, done},
    listing::{Open, PagedList},
    lists::open_lists,
    places::Places,
    reading::{Found, Reading},
    references::{Scanning, scan_all},
    single::Purpose,
    view::Signs,
    waiting::{DEPENDENTS, HIGHER_LIMIT, Job, SECRETS, Waiting},
};
use crate::{
    api::{Answer, ApiError, Client, ListName, ListedSecret, ResourceType, Sought, Walk},
    inventory::{DependentType, Gap, Secret, Sighting, Source, Workspace},
    progress::WorkspaceProgress,
};

/// How many more jobs are begun than requests may be in flight, so that the network is busy while an answer is taken in.
/// What was answered and not taken in takes memory, so there are no more of them.
const AHEAD: usize = 4;

/// How long after the end of the run the last answer may still be taken in. All that was read is lost with one that takes
/// longer.
const TO_BE_TAKEN_IN: Duration = Duration::from_secs(10);

pub(super) struct Collector {
    pub(super) client: Client,
    pub(super) options: Arc<CollectOptions>,
    pub(super) workspace: Workspace,
    /// Whether only lists are walked, and nothing is asked that follows from them.
    pub(super) is_trial: bool,
    /// Lists that are being paged or were.
    pub(super) paged: HashSet<(usize, ResourceType)>,
    /// Lists of MCP servers that may have been cut: only the scan of all MCP servers can tell.
    pub(super) mcp_servers_cut: BTreeMap<usize, String>,
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
    pub(super) unknown_fields: BTreeSet<String>,
    progress: Arc<WorkspaceProgress>,
    position_by_id: HashMap<String, usize>,
    jobs: JoinSet<Answered>,
    waiting: Waiting,
}

/// The answer to one job.
pub(super) enum Answered {
    /// A page of the first walk.
    Page { walk: Walk, answer: Result<Answer, ApiError> },
    /// The same page at the higher limit.
    HigherLimit { page: u32, open: Open, answer: Result<Answer, ApiError> },
    /// A page of one secret's dependents.
    Dependents { list: PagedList, walk: Walk, answer: Result<Answer, ApiError> },
    /// One secret by itself.
    Secret { purpose: Purpose, answer: Result<Answer, ApiError> },
    /// Places that can hold references.
    Scans(Result<Vec<Scanning>, ApiError>),
    /// Whose key it is.
    User(Result<Answer, ApiError>),
}

/// Why there was no secret to be seen of an id that something refers to.
pub(super) struct NotFound {
    /// Whether it may be there all the same.
    pub(super) may_exist: bool,
    /// In words.
    pub(super) why: String,
}

impl Answered {
    /// What there is to read.
    fn answer(&mut self) -> Option<&mut Result<Answer, ApiError>> {
        match self {
            Self::Page { answer, .. }
            | Self::HigherLimit { answer, .. }
            | Self::Dependents { answer, .. }
            | Self::Secret { answer, .. }
            | Self::User(answer) => Some(answer),
            Self::Scans(_) => None,
        }
    }

    /// Takes an answer that was not read in time for none.
    fn fail(&mut self, too_late: ApiError) {
        if let Some(answer) = self.answer() {
            *answer = Err(too_late);
        }
    }
}

impl Collector {
    pub(super) fn new(
        client: Client,
        options: Arc<CollectOptions>,
        progress: Arc<WorkspaceProgress>,
        workspace: Workspace,
    ) -> Self {
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
            unknown_fields: BTreeSet::new(),
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
        self.waiting.push(job);
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
        match self.take_one(answered) {
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
            let position = self.position_of(&secret);
            fields.extend(secret.unknown_fields.into_iter().map(|field| (Some(position), field)));
            self.signs.access_sources.extend(secret.access_source);
            for list in secret.lists {
                self.record(position, source, list.sightings);
            }
            if !lists.is_empty() {
                open.push((position, lists));
            }
        }
        self.search_fields(fields);
        open
    }

    fn position_of(&mut self, listed: &ListedSecret<'_>) -> usize {
        let name = listed.name.as_deref().unwrap_or_default();
        if let Some(position) = self.position_of_id(&listed.id) {
            // Renamed while the walk went on: which name came first must not matter.
            if let Some(known) = self.workspace.secrets.get_mut(position)
                && (known.name.is_empty() || (!name.is_empty() && name < known.name.as_str()))
            {
                known.name = name.to_owned();
            }
            return position;
        }
        let position = self.workspace.secrets.len();
        self.workspace.secrets.push(Secret::new(&*listed.id, name));
        self.position_by_id.insert(listed.id.to_string(), position);
        self.sought.add([&*listed.id]);
        self.progress.add_secrets(1);
        position
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
        for sighting in sightings.iter().filter(|sighting| sighting.resource.id.is_empty()) {
            self.workspace.warnings.push(format!(
                "secret {}: a dependent of type {} has no id that can be read; it counts as a use",
                self.secret(position).map_or("", |secret| &secret.id),
                sighting.resource.dependent_type.as_str()
            ));
        }
        let known = |workspace: &Workspace| workspace.secrets.get(position).map_or(0, Secret::uses);
        let before = known(&self.workspace);
        self.workspace.record(position, source, sightings);
        self.progress.add_dependents(known(&self.workspace).saturating_sub(before));
    }

    /// The workspace, its last doubts settled, without the secrets that are gone.
    pub(super) fn finish(mut self) -> Workspace {
        self.workspace.unite();
        self.settle_mcp_servers();
        for secret in self.workspace.secrets.iter().filter(|secret| secret.name.is_empty()) {
            self.workspace.warnings.push(format!("secret {}: it has no name that can be read", secret.id));
        }
        for field in &self.unknown_fields {
            let note = format!(
                "secrets have a field that this program does not know; it was only searched for ids of secrets: {field}"
            );
            self.workspace.warnings.push(note);
        }
        self.warn_of_names_outside_the_search();
        self.tell_what_was_seen();
        let mut position = 0;
        let (gone, deleted) = (&self.gone, &mut self.workspace.deleted);
        self.workspace.secrets.retain_mut(|secret| {
            let is_gone = gone.contains(&position);
            position += 1;
            if is_gone {
                deleted.push((std::mem::take(&mut secret.id), std::mem::take(&mut secret.name)));
            }
            !is_gone
        });
        (self.workspace.coverage.requests, self.workspace.coverage.retries) = self.client.counts();
        self.workspace
    }

    /// A server that doesn't heed `search` shows more than was asked for, and a report says what was asked for.
    fn warn_of_names_outside_the_search(&mut self) {
        let search = self.options.search.to_lowercase();
        let is_outside = |secret: &&Secret| !secret.name.to_lowercase().starts_with(&search);
        let outside = self.workspace.secrets.iter().filter(is_outside).count();
        if outside > 0 {
            let note =
                format!("{outside} of the secrets have names that do not start with what was searched for");
            self.workspace.warnings.push(note);
        }
    }

    /// A list of MCP servers that may have been cut is whole if all MCP servers were read, and they are what it shows:
    /// of a server that the key may not see, the scan knows nothing.
    fn settle_mcp_servers(&mut self) {
        let scan = self.workspace.scans.iter().find(|scan| scan.source == Source::McpServers);
        let missing = match scan {
            Some(scan) => scan.gap(),
            None => Some("mcp_servers not read".to_owned()),
        };
        for (position, why) in std::mem::take(&mut self.mcp_servers_cut) {
            let missing = missing.clone().or_else(|| self.mcp_server_not_scanned(position));
            match missing {
                None => self.complete(position, &ListName::McpServers, Source::McpServers),
                Some(missing) => self.add_gap(position, Gap::new("mcp_servers", format!("{why}; {missing}"))),
            }
        }
    }

    fn mcp_server_not_scanned(&self, position: usize) -> Option<String> {
        let secret = self.secret(position)?;
        let mut servers = self
            .workspace
            .dependents(secret)
            .filter(|dependent| dependent.resource.dependent_type == DependentType::McpServer);
        servers
            .any(|server| !server.sources.contains(Source::McpServers))
            .then(|| "it shows MCP servers that this key cannot list, so it may have more of them".to_owned())
    }
}
