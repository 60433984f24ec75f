//! One agent, and all that it may hold a secret in: its configuration, and that of each of its branches, archived ones too.
//!
//! What an archived state names besides may have been deleted since, so that it tells nothing of what the key sees.

use std::{
    collections::BTreeSet,
    sync::{Arc, OnceLock},
};

use tokio::sync::Mutex;

use super::{document::Document, options::ArchivedBranches};
use crate::{
    api::{
        ApiError, BRANCHES, Client, ErrorKind, FoundReferences, Holder, HolderPage, Next, Response, Sought,
        WORKSPACE_ADMIN,
    },
    memory::{Held, Kept, text},
};

/// As many branches are listed at the most (`limit` in the document).
const MOST_BRANCHES: usize = 100;

/// What is known of how the API shows agents, for the whole run of a workspace.
#[derive(Default)]
pub(super) struct ApiBehavior {
    /// Whether the elements that procedures generate may be asked for: the API may not know the parameter yet. `None`: not
    /// known yet, and one request at a time finds out.
    takes_generated: Mutex<Option<bool>>,
    /// Whether archived branches are shown.
    pub(super) shows_archived: OnceLock<bool>,
}

impl ApiBehavior {
    /// Whether agents are read without the elements that procedures generate. Nothing of an agent may be in flight.
    pub(super) fn refuses_generated(&self) -> bool {
        self.takes_generated.try_lock().is_ok_and(|takes| *takes == Some(false))
    }
}

/// What an agent has.
pub(super) struct Agent {
    pub(super) agent: Holder,
    /// Its own, which says whether there is such an agent, and those of its live branches.
    pub(super) documents: Vec<Document>,
    /// The archived branches, which are asked for later.
    pub(super) archived: Vec<ArchivedBranch>,
    /// Ids of branches of which the key's user has a draft.
    pub(super) drafts: Vec<String>,
    pub(super) is_shown_to_admin: bool,
    /// Why the list of branches doesn't show all archived ones.
    pub(super) archived_missing: Option<ApiError>,
    /// What its branches take, until they are taken in.
    _held: Option<Held>,
}

/// An archived branch of an agent.
pub(super) struct ArchivedBranch {
    pub(super) agent: Holder,
    pub(super) id: String,
    /// Whether answers for this agent say which branch they show.
    is_named: bool,
}

impl Agent {
    fn of(agent: Holder) -> Self {
        Self {
            agent,
            documents: Vec::new(),
            archived: Vec::new(),
            drafts: Vec::new(),
            is_shown_to_admin: false,
            archived_missing: None,
            _held: None,
        }
    }
}

/// What the lists of an agent's branches show.
#[derive(Default)]
struct Branches {
    live: Vec<Holder>,
    archived: Vec<Holder>,
    live_missing: Option<ApiError>,
    archived_missing: Option<ApiError>,
    /// What was found beside them.
    beside: FoundReferences,
}

/// Asks for agents, with the elements that procedures generate as long as the API doesn't refuse that.
pub(super) struct AgentReader {
    pub(super) client: Client,
    pub(super) sought: Arc<Sought>,
    pub(super) archived: ArchivedBranches,
    pub(super) behavior: Arc<ApiBehavior>,
}

impl AgentReader {
    /// Reads an agent and its live branches, and lists the archived ones.
    pub(super) async fn agent(&self, agent: Holder) -> Agent {
        let main = self.ask(&agent.id, None).await;
        let ids = main.as_ref().ok().and_then(|response| response.branch_ids().ok());
        let [shown, main_branch] = ids.unwrap_or_default();
        let is_there = main.as_ref().err().is_none_or(|error| !error.is_not_found() && !error.is_forbidden());
        let mut documents = vec![self.document(main, &agent.id).await];
        if !is_there {
            return Agent { documents, ..Agent::of(agent) };
        }
        let listed = self.branches(&agent.id).await;
        let Branches { live, archived, live_missing, archived_missing, beside } = listed;
        documents.extend(live_missing.map(Document::failed));
        documents.push(Document { found: beside, ..Document::default() });
        let (mut drafts, mut is_shown_to_admin) = (Vec::new(), false);
        let mut held = Held::none(self.client.share(), Kept::Places);
        let branches = live.iter().chain(&archived).map(|branch| branch.bytes() + text(&branch.id));
        if !held.allows(branches.sum::<usize>() + archived.len() * agent.bytes()) {
            return Agent { documents, ..Agent::of(agent) };
        }
        for branch in live.iter().chain(&archived) {
            is_shown_to_admin |= branch.access_source.as_deref() == Some(WORKSPACE_ADMIN);
            drafts.extend(branch.has_draft.then(|| branch.id.clone()));
        }
        let is_listed = |id: &String| live.iter().chain(&archived).any(|branch| branch.id == *id);
        if let Some(id) = main_branch.filter(|id| shown.as_ref() != Some(id) && !is_listed(id)) {
            documents.push(self.branch(&agent.id, id, shown.is_some()).await);
        }
        for branch in live {
            // The list itself may mention a secret too.
            documents.push(Document::of_branch(self.client.share(), &branch));
            if self.client.share().over().is_some() {
                break;
            }
            if shown.as_ref() != Some(&branch.id) {
                documents.push(self.branch(&agent.id, branch.id, shown.is_some()).await);
            }
        }
        let of_this_one = |branch: Holder| {
            documents.push(Document::of_branch(self.client.share(), &branch));
            let agent = Holder { found: Default::default(), ..agent.clone() };
            ArchivedBranch { agent, id: branch.id, is_named: shown.is_some() }
        };
        let archived = archived.into_iter().map(of_this_one).collect();
        let _held = Some(held);
        Agent { documents, archived, drafts, is_shown_to_admin, archived_missing, _held, ..Agent::of(agent) }
    }

    /// `is_named`: answers for this agent say which branch they show, so that one which doesn't may show any.
    async fn branch(&self, agent_id: &str, branch: String, is_named: bool) -> Document {
        let response =
            self.ask(agent_id, Some(&branch)).await.and_then(|response| match response.branch_ids()? {
                [shown, _] if shown.as_ref().map_or(is_named, |shown| *shown != branch) => {
                    let problem = "it is another branch than the one that was asked for";
                    Err(ApiError::new(response.path(), ErrorKind::Paging(problem.to_owned())))
                }
                _ => Ok(response),
            });
        Document { branch: Some(branch), ..self.document(response, agent_id).await }
    }

    /// The same of an archived branch.
    pub(super) async fn archived_branch(&self, branch: ArchivedBranch) -> (Holder, Document) {
        let mut document = self.branch(&branch.agent.id, branch.id, branch.is_named).await;
        document.found.named.clear();
        (branch.agent, document)
    }

    async fn document(&self, response: Result<Response, ApiError>, agent_id: &str) -> Document {
        let (id, sought) = (agent_id.to_owned(), Arc::clone(&self.sought));
        Document::read(self.client.share(), response, move |response| response.agent(&id, &sought)).await
    }

    /// Asks for one state of an agent. A refusal that is none without the parameter turns that off for good.
    async fn ask(&self, id: &str, branch: Option<&str>) -> Result<Response, ApiError> {
        // Held while it is not known, so that no more than one request is refused.
        let mut takes_generated = self.behavior.takes_generated.lock().await;
        if *takes_generated == Some(false) {
            drop(takes_generated);
            return self.client.agent(id, branch, false).await;
        }
        let held = if takes_generated.is_none() { Some(&mut *takes_generated) } else { None };
        let with = match held {
            Some(known) => {
                let with = self.client.agent(id, branch, true).await;
                if with.is_ok() {
                    *known = Some(true);
                }
                with
            }
            None => {
                drop(takes_generated);
                let with = self.client.agent(id, branch, true).await;
                takes_generated = self.behavior.takes_generated.lock().await;
                with
            }
        };
        match with {
            Err(refused) if refused.refuses_parameters() => {
                let without = self.client.agent(id, branch, false).await;
                if without.is_ok() {
                    *takes_generated = Some(false);
                }
                without
            }
            with => with,
        }
    }

    /// Lists the branches of an agent. The list has no cursor: where it may be cut, the live ones are asked for alone.
    async fn branches(&self, id: &str) -> Branches {
        let mut branches = Branches::default();
        let with_archived = self.archived != ArchivedBranches::Skip;
        let missing = match self.page_of_branches(id, with_archived, &mut branches.beside).await {
            Ok((holders, missing)) => {
                let (archived, live) = holders.into_iter().partition(|branch| branch.is_archived);
                (branches.live, branches.archived) = (live, archived);
                missing
            }
            Err(error) => Some(error),
        };
        let Some(missing) = missing else { return branches };
        let can_be_narrowed = with_archived && matches!(missing.kind, ErrorKind::Paging(_));
        if !can_be_narrowed {
            branches.live_missing = Some(missing);
            return branches;
        }
        match self.page_of_branches(id, false, &mut branches.beside).await {
            Ok((holders, still_missing)) => {
                // What this list shows is live, whatever it was a moment before.
                let live: BTreeSet<String> = holders.iter().map(|branch| branch.id.clone()).collect();
                branches.archived.retain(|branch| !live.contains(&branch.id));
                branches.live.retain(|branch| !live.contains(&branch.id));
                branches.live.extend(holders);
                branches.live_missing = still_missing;
            }
            Err(error) => branches.live_missing = Some(error),
        }
        let problem = "there are more archived branches than the API lists; merge or delete some, or set [audit] \
                       archived_branches = \"skip\"";
        branches.archived_missing = Some(ApiError::new(missing.path, ErrorKind::Paging(problem.to_owned())));
        branches
    }

    /// The branches that one list shows, and why there may be more. What stands `beside` them is added there.
    async fn page_of_branches(
        &self,
        id: &str,
        with_archived: bool,
        beside: &mut FoundReferences,
    ) -> Result<(Vec<Holder>, Option<ApiError>), ApiError> {
        let response = self.client.branches(id, with_archived).await?;
        let HolderPage { holders, next_cursor, has_more, total, beside: found, problem } =
            response.holders(BRANCHES, &self.sought)?;
        beside.merge(found);
        if let Some(problem) = problem {
            return Err(response.error(problem));
        }
        if holders.iter().any(|branch| branch.id.is_empty()) {
            return Err(ApiError::new(response.path(), ErrorKind::Paging("a branch has no id".to_owned())));
        }
        let next = Next { cursor: next_cursor.as_deref(), has_more };
        let shown = holders.len();
        // A total below what is shown says nothing.
        let total = total.filter(|total| *total >= shown as f64);
        let is_whole = match total {
            Some(total) => total == shown as f64,
            None => shown < MOST_BRANCHES,
        };
        let leads_on = self.client.walk().advance(response.path(), next).unwrap_or(true);
        let missing = (leads_on || !is_whole).then(|| {
            let problem = match total {
                Some(total) => format!("the list of branches shows {shown} of {total}"),
                None => format!("the list of branches shows {shown} and may have more"),
            };
            ApiError::new(response.path(), ErrorKind::Paging(problem))
        });
        Ok((holders, missing))
    }
}
