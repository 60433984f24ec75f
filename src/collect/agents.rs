//! All that agents may hold a secret in: the configuration of each, and that of each of its branches, archived ones too.
//!
//! What an archived state names besides may have been deleted since, so that it tells nothing of what the key sees.
//!
//! Whether the API shows archived branches at all is not known. So one is asked for alone, after all live ones: where it is
//! not found and none was, the others are not asked for, and the report says how many there are.

use std::collections::BTreeSet;

use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;

use super::{
    ArchivedBranches,
    reading::{Document, holder_of},
    references::Scanning,
    view::ADMIN,
};
use crate::{
    api::{Answer, ApiError, Client, Fault, Form, FoundReferences, Holder, HolderPage, Next, Sought},
    inventory::DependentType,
    memory::{Held, Kept, text},
};

/// The parameter that the API may not know yet.
const GENERATED: &str = "include_procedure_generated_workflow_elements";

/// Asks for agents, with the elements that procedures generate as long as the API doesn't refuse that.
pub(super) struct Agents {
    client: Client,
    sought: std::sync::Arc<Sought>,
    archived: ArchivedBranches,
    manner: std::sync::Arc<Manner>,
}

/// What is known of how the API shows agents, for the whole run of a workspace.
#[derive(Default)]
pub(super) struct Manner {
    /// Whether the parameter is taken. `None`: not known yet, and one request at a time finds out.
    takes_generated: Mutex<Option<bool>>,
    /// Whether archived branches are shown. `None`: none was asked for yet, or none answered.
    shows_archived: Mutex<Option<bool>>,
}

/// How many archived branches are asked for alone, where neither an answer nor a 404 tells whether they are shown.
const MOST_TRIED_ALONE: usize = 3;

/// One state of an agent.
struct Branch {
    agent: Holder,
    id: String,
    /// Whether answers for this agent say which branch they show.
    is_named: bool,
}

/// What one agent has.
struct Read {
    agent: Holder,
    documents: Vec<Document>,
    archived: Vec<Branch>,
    /// Ids of branches of which the key's user has a draft.
    drafts: Vec<String>,
    is_shown_to_admin: bool,
    /// Why the list of branches doesn't show all archived ones.
    archived_missing: Option<ApiError>,
    /// What its branches take, until they are taken in.
    _held: Option<Held>,
}

impl Read {
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

impl Agents {
    pub(super) fn new(
        client: Client,
        sought: std::sync::Arc<Sought>,
        archived: ArchivedBranches,
        manner: std::sync::Arc<Manner>,
    ) -> Self {
        Self { client, sought, archived, manner }
    }

    /// Reads all of these agents into `scanning`.
    ///
    /// # Errors
    /// Only where the API says that the key is invalid.
    pub(super) async fn read(&self, agents: Vec<Holder>, scanning: &mut Scanning) -> Result<(), ApiError> {
        let mut archived = Vec::new();
        let mut archived_missing = Vec::new();
        let mut reading =
            stream::iter(agents).map(|agent| self.agent(agent)).buffer_unordered(self.client.concurrency());
        while let Some(read) = reading.next().await {
            let mut documents = read.documents.into_iter();
            let main = documents.next().and_then(|main| scanning.heed(&read.agent.id, main));
            for mut document in main.into_iter().chain(documents) {
                if read.agent.is_archived {
                    document.found.named.clear();
                }
                take(scanning, &read.agent, document)?;
            }
            let agent_id = &read.agent.id;
            for branch in read.drafts {
                if scanning.held.allows(2 * (text(agent_id) + text(&branch))) {
                    scanning.drafts.insert((agent_id.clone(), branch));
                }
            }
            scanning.is_shown_to_admin |= read.is_shown_to_admin;
            // It may become one of those that the API does not show.
            let bytes = |one: &Branch| 2 * one.agent.bytes() + 2 * text(&one.id);
            if scanning.held.allows(read.archived.iter().map(bytes).sum()) {
                archived.extend(read.archived);
            }
            archived_missing.extend(read.archived_missing);
            scanning.note(DependentType::Agent, read.agent, |_| None);
        }
        drop(reading);
        // Answers come in any order; which branch is asked for first must not depend on it.
        archived.sort_by(|a, b| (&a.agent.id, &a.id).cmp(&(&b.agent.id, &b.id)));
        let are_shown = self.read_archived(archived, scanning).await?;
        if *self.manner.takes_generated.lock().await == Some(false) {
            scanning.notes.push(format!(
                "agents were read without {GENERATED}, which the API refuses: what procedures generate may be missing"
            ));
        }
        if are_shown || self.archived == ArchivedBranches::Read {
            return archived_missing.into_iter().try_for_each(|error| scanning.fail(error));
        }
        scanning.hidden_branches_unlisted |= !archived_missing.is_empty();
        Ok(())
    }

    /// Reads archived branches. Whether the API shows such branches, as far as this tells: where nothing does, it may.
    async fn read_archived(&self, branches: Vec<Branch>, scanning: &mut Scanning) -> Result<bool, ApiError> {
        let mut branches = branches.into_iter();
        let mut shown = self.manner.shows_archived.lock().await;
        let tries = if self.archived == ArchivedBranches::Read { 0 } else { MOST_TRIED_ALONE };
        for _ in 0..tries {
            if *shown == Some(true) {
                break;
            }
            let Some(branch) = branches.next() else { break };
            if *shown == Some(false) {
                scanning.hidden_branches.insert((branch.agent.id, branch.id));
                continue;
            }
            let ids = (branch.agent.id.clone(), branch.id.clone());
            let (agent, document) = self.archived_branch(branch).await;
            match &document.error {
                None => *shown = Some(true),
                Some(error) if error.is_not_found() => {
                    *shown = Some(false);
                    scanning.hidden_branches.insert(ids);
                    continue;
                }
                Some(_) => {}
            }
            take(scanning, &agent, document)?;
        }
        if *shown == Some(false) && self.archived != ArchivedBranches::Read {
            scanning.hidden_branches.extend(branches.map(|one| (one.agent.id, one.id)));
            return Ok(false);
        }
        drop(shown);
        let mut documents = stream::iter(branches)
            .map(|branch| self.archived_branch(branch))
            .buffer_unordered(self.client.concurrency());
        while let Some((agent, document)) = documents.next().await {
            take(scanning, &agent, document)?;
        }
        Ok(true)
    }

    async fn agent(&self, agent: Holder) -> Read {
        let main = self.ask(&agent.id, None).await;
        let ids = main.as_ref().ok().and_then(|answer| answer.branch_ids().ok());
        let [shown, main_branch] = ids.unwrap_or_default();
        let is_there = main.as_ref().err().is_none_or(|error| !error.is_not_found() && !error.is_forbidden());
        let mut documents = vec![self.document(main, &agent.id).await];
        if !is_there {
            return Read { documents, ..Read::of(agent) };
        }
        let listed = self.branches(&agent.id).await;
        let Branches { live, archived, live_missing, archived_missing, beside } = listed;
        documents.extend(live_missing.map(Document::failed));
        documents.push(Document { found: beside, ..Document::default() });
        let (mut drafts, mut is_shown_to_admin) = (Vec::new(), false);
        let mut held = Held::none(self.client.share(), Kept::Places);
        let branches = live.iter().chain(&archived).map(|branch| branch.bytes() + text(&branch.id));
        if !held.allows(branches.sum::<usize>() + archived.len() * agent.bytes()) {
            return Read { documents, ..Read::of(agent) };
        }
        for branch in live.iter().chain(&archived) {
            is_shown_to_admin |= branch.access_source.as_deref() == Some(ADMIN);
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
            Branch { agent, id: branch.id, is_named: shown.is_some() }
        };
        let archived = archived.into_iter().map(of_this_one).collect();
        let _held = Some(held);
        Read { documents, archived, drafts, is_shown_to_admin, archived_missing, _held, ..Read::of(agent) }
    }

    /// `is_named`: answers for this agent say which branch they show, so that one which doesn't may show any.
    async fn branch(&self, agent_id: &str, branch: String, is_named: bool) -> Document {
        let answer =
            self.ask(agent_id, Some(&branch)).await.and_then(|answer| match answer.branch_ids()? {
                [shown, _] if shown.as_ref().map_or(is_named, |shown| *shown != branch) => {
                    let problem = "it is another branch than the one that was asked for";
                    Err(ApiError::new(answer.path(), Fault::Paging(problem.to_owned())))
                }
                _ => Ok(answer),
            });
        Document { branch: Some(branch), ..self.document(answer, agent_id).await }
    }

    /// The same of an archived branch.
    async fn archived_branch(&self, branch: Branch) -> (Holder, Document) {
        let mut document = self.branch(&branch.agent.id, branch.id, branch.is_named).await;
        document.found.named.clear();
        (branch.agent, document)
    }

    async fn document(&self, answer: Result<Answer, ApiError>, agent_id: &str) -> Document {
        let (id, sought) = (agent_id.to_owned(), std::sync::Arc::clone(&self.sought));
        Document::read(self.client.share(), answer, move |answer| answer.agent(&id, &sought)).await
    }

    /// Asks for one state of an agent. A refusal that is none without the parameter turns that off for good.
    async fn ask(&self, id: &str, branch: Option<&str>) -> Result<Answer, ApiError> {
        // Held while it is not known, so that no more than one request is refused.
        let mut takes_generated = self.manner.takes_generated.lock().await;
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
                takes_generated = self.manner.takes_generated.lock().await;
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
        let can_be_narrowed = with_archived && matches!(missing.fault, Fault::Paging(_));
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
        branches.archived_missing = Some(ApiError::new(missing.path, Fault::Paging(problem.to_owned())));
        branches
    }

    /// The branches that one list shows, and why there may be more. What stands `beside` them is added there.
    async fn page_of_branches(
        &self,
        id: &str,
        with_archived: bool,
        beside: &mut FoundReferences,
    ) -> Result<(Vec<Holder>, Option<ApiError>), ApiError> {
        let answer = self.client.branches(id, with_archived).await?;
        let HolderPage { holders, next_cursor, has_more, total, beside: found, problem } =
            answer.branches(&self.sought)?;
        beside.merge(found);
        if let Some(problem) = problem {
            return Err(answer.error(problem));
        }
        if holders.iter().any(|branch| branch.id.is_empty()) {
            return Err(ApiError::new(answer.path(), Fault::Paging("a branch has no id".to_owned())));
        }
        let next = Next { cursor: next_cursor.as_deref(), has_more, is_empty: holders.is_empty() };
        let shown = holders.len();
        // A total below what is shown says nothing.
        let total = total.filter(|total| *total >= shown as f64);
        let is_whole = match total {
            Some(total) => total == shown as f64,
            None => shown < MOST_BRANCHES,
        };
        let leads_on = self.client.walk().advance(answer.path(), next).unwrap_or(true);
        let missing = (leads_on || !is_whole).then(|| {
            let problem = match total {
                Some(total) => format!("the list of branches shows {shown} of {total}"),
                None => format!("the list of branches shows {shown} and may have more"),
            };
            ApiError::new(answer.path(), Fault::Paging(problem))
        });
        Ok((holders, missing))
    }
}

/// As many branches are listed at the most (`limit` in the document).
const MOST_BRANCHES: usize = 100;

fn take(scanning: &mut Scanning, agent: &Holder, document: Document) -> Result<(), ApiError> {
    let branch = document.branch.clone();
    let mut holder = None;
    for reference in scanning.take(document)? {
        let via = match (&branch, reference.form != Form::Mention) {
            (Some(branch), true) => Some(branch.clone()),
            (Some(branch), false) => Some(format!("{branch}:{}", reference.path_in_words())),
            (None, true) => None,
            (None, false) => Some(reference.path_in_words()),
        };
        let holder = holder.get_or_insert_with(|| holder_of(DependentType::Agent, agent));
        scanning.hold(holder, reference, via);
    }
    Ok(())
}
