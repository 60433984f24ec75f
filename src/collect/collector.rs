//! What is known of a workspace while it is read, and what every answer adds to it in the same way.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    mem,
    sync::Arc,
};

use super::{
    found::Found,
    job::Job,
    oddities::{RefusedPages, UnknownFields, WithoutId},
    options::CollectOptions,
    place::Places,
    queue::Queue,
    scan::Scanner,
    signs::Signs,
};
use crate::{
    api::{ApiError, Client, ResourceType, Sought, User},
    inventory::{DependentType, Observation, Secret, Source, Why, Workspace},
    memory::{Held, Kept, Share, text},
    progress::WorkspaceProgress,
};

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
    /// The places that are being read, or were and are not taken in.
    pub(super) scanners: Vec<Scanner>,
    /// Places that cannot be read, as the key is invalid.
    pub(super) refused_scans: BTreeMap<Source, ApiError>,
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
    pub(super) progress: Arc<WorkspaceProgress>,
    pub(super) position_by_id: HashMap<String, usize>,
    queue: Queue,
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
            scanners: Vec::new(),
            refused_scans: BTreeMap::new(),
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
            queue: Queue::default(),
        }
    }

    /// Asks when it is its turn.
    pub(super) fn queue(&mut self, job: Job) {
        if self.keeps(Kept::Lists, job.bytes()) {
            self.queue.push(job);
        }
    }

    /// What is to be asked next.
    pub(super) fn next_job(&mut self) -> Option<Job> {
        let job = self.queue.pop()?;
        self.share.release(Kept::Lists, job.bytes());
        Some(job)
    }

    /// Whether the key may ask whose it is is not known before, and no verdict needs it.
    pub(super) fn on_user(&mut self, user: Result<User, ApiError>) {
        match user {
            Ok(user) => self.signs.seat_type = user.seat_type,
            Err(error) => {
                tracing::info!(workspace = self.workspace.name, "whose key this is cannot be told: {error}");
            }
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

    pub(super) fn position_of_id(&self, id: &str) -> Option<usize> {
        self.position_by_id.get(id).copied()
    }

    pub(super) fn secret(&self, position: usize) -> Option<&Secret> {
        self.workspace.secrets.get(position)
    }

    pub(super) fn record(&mut self, position: usize, source: Source, observations: Vec<Observation<'_>>) {
        if observations.is_empty() {
            return;
        }
        let known = |workspace: &Workspace| {
            let secret = workspace.secrets.get(position);
            let bytes = secret.map_or(0, Secret::use_bytes) + workspace.resource_bytes();
            (secret.map_or(0, Secret::uses), bytes)
        };
        let (uses_before, bytes_before) = known(&self.workspace);
        self.workspace.record(position, source, observations);
        let (uses, bytes) = known(&self.workspace);
        self.progress.add_dependents(uses.saturating_sub(uses_before));
        if bytes < bytes_before {
            self.share.release(Kept::Dependents, bytes_before - bytes);
        } else if !self.keeps(Kept::Dependents, bytes - bytes_before) {
            // It is lost, and what it has is of no use any more.
            self.workspace = Workspace::new(mem::take(&mut self.workspace.name), String::new());
        }
    }
}
