//! What it takes to read every tool, agent and branch.

use serde_json::Value;

use super::asking::{Archived, PAGE, pages};
use crate::world::{Agent, World};

/// The most branches that one answer shows.
const MOST_BRANCHES: usize = 100;

pub(super) struct Inspection<'a> {
    pub(super) requests: usize,
    /// The most of them of which each follows from the one before.
    pub(super) chain: usize,
    /// Pages of the lists that are walked again: the active agents' always, as one that is brought back meanwhile may be neither
    /// there nor among the archived ones; the others' where there are several.
    pub(super) walked_again: Vec<usize>,
    /// All documents that come back.
    pub(super) documents: Vec<&'a Value>,
    /// Whether no branch is missing.
    pub(super) is_whole: bool,
}

/// What the lists of an agent's branches show.
struct Branches<'a> {
    /// How many lists it takes.
    lists: usize,
    /// Those that aren't archived, but for the one that the agent's document is of.
    live: Vec<&'a Value>,
    archived: Vec<&'a Value>,
    live_is_whole: bool,
    archived_is_whole: bool,
}

impl<'a> Inspection<'a> {
    pub(super) fn new(world: &'a World, archived_branches: Archived) -> Inspection<'a> {
        let of = |archived| world.agents.iter().filter(move |agent| agent.archived == archived);
        let lists = [world.tools.len(), of(false).count(), of(true).count()].map(|items| pages(items, PAGE));
        let mut inspection = Inspection {
            requests: lists.iter().sum(),
            chain: lists.into_iter().max().unwrap_or_default(),
            walked_again: vec![lists[1]],
            documents: world.tools.iter().collect(),
            is_whole: true,
        };
        inspection.walked_again.extend([lists[0], lists[2]].into_iter().filter(|pages| *pages > 1));
        let is_refused = !world.accepts_generated_workflow && !world.agents.is_empty();
        inspection.requests += usize::from(is_refused);

        let reads = match archived_branches {
            Archived::Auto => world.shows_archived_branches,
            Archived::Read => true,
            Archived::Skip => false,
        };
        // Where archived branches are not shown, one is tried to find that out: its chain.
        let mut tried: Option<usize> = None;
        let mut archived_are_whole = true;
        for (number, agent) in of(false).enumerate().chain(of(true).enumerate()) {
            let branches = Branches::new(agent, archived_branches != Archived::Skip);
            let (page, archived) = (1 + number / PAGE, if reads { branches.archived.len() } else { 0 });
            inspection.requests += 1 + branches.lists + branches.live.len() + archived;
            // The first that is asked for is asked for again where the parameter is refused.
            let first = page + usize::from(is_refused && page == 1) + 1 + branches.lists;
            let chain = first + branches.live.len().min(1);
            inspection.chain = inspection.chain.max(chain + archived.min(1));
            if archived_branches == Archived::Auto && !reads && !branches.archived.is_empty() {
                tried = Some(tried.unwrap_or(usize::MAX).min(chain + 1));
            }

            inspection.documents.push(&agent.config);
            if world.accepts_generated_workflow {
                inspection.documents.extend(agent.generated_nodes.values());
            }
            inspection.documents.extend(branches.live);
            if reads && world.shows_archived_branches {
                inspection.documents.extend(&branches.archived);
            }
            inspection.is_whole &= branches.live_is_whole;
            // Where each is asked for, each has to be there.
            let is_refused = archived > 0 && !world.shows_archived_branches;
            archived_are_whole &= branches.archived_is_whole && !is_refused;
        }
        inspection.requests += usize::from(tried.is_some());
        inspection.chain = inspection.chain.max(tried.unwrap_or_default());
        inspection.is_whole &= archived_are_whole || tried.is_some();
        inspection
    }
}

impl<'a> Branches<'a> {
    fn new(agent: &'a Agent, archived_too: bool) -> Branches<'a> {
        let named = |field: &str| agent.config.get(field).and_then(Value::as_str);
        let main = named("main_branch_id").map(|id| (id, false, &agent.config));
        let others =
            agent.branches.iter().map(|branch| (branch.id.as_str(), branch.archived, &branch.config));
        let all: Vec<(&str, bool, &Value)> = main.into_iter().chain(others).collect();

        let live = all.iter().filter(|(_, archived, _)| !archived);
        let live_is_whole = live.clone().count() <= MOST_BRANCHES;
        let shown = named("branch_id");
        let live = live.take(MOST_BRANCHES).filter(|(id, ..)| Some(*id) != shown);
        let archived = all.iter().take(MOST_BRANCHES).filter(|(_, archived, _)| archived_too && *archived);
        Branches {
            // Once more without the archived ones, where those may hide others.
            lists: if archived_too && all.len() > MOST_BRANCHES { 2 } else { 1 },
            live: live.map(|(_, _, config)| *config).collect(),
            archived: archived.map(|(_, _, config)| *config).collect(),
            live_is_whole,
            archived_is_whole: !archived_too
                || all.iter().skip(MOST_BRANCHES).all(|(_, archived, _)| !archived),
        }
    }
}
