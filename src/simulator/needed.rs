//! What has to be asked to audit a world: counted in the world, as the API lets it be asked, and not as our client asks.
//!
//! It is counted for a world that stands still and hides nothing: all permissions, no lists under `used_by` that the
//! OpenAPI document doesn't know, every request answered the first time.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use super::{
    dependent::Dependent,
    world::{Agent, Secret, World},
};

/// The largest page of every list but that of the secrets, whose size is chosen.
const PAGE: usize = 100;
/// Where the lists of a secret that is asked for by itself are cut.
const LIMIT_BY_ITSELF: usize = 20;

/// How an audit is told to ask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Secrets per page.
    pub page_size: usize,
    /// Dependents per list in the first walk.
    pub dependency_limit: usize,
    /// Dependents per list where the first limit cut one.
    pub max_dependency_limit: usize,
    /// Whether tools and agents are read too.
    pub deep: bool,
}

impl Default for Asking {
    fn default() -> Self {
        Self { page_size: 100, dependency_limit: 20, max_dependency_limit: 100, deep: false }
    }
}

/// The requests that an audit cannot do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// Pages of secrets.
    pub pages: usize,
    /// One more for each page with a list that the first limit may have cut.
    pub raised_pages: usize,
    /// Pages of the lists that the higher limit cut too.
    pub dependency_pages: usize,
    /// Pages and documents of the places that can hold a secret besides.
    pub scans: usize,
    /// Secrets that something refers to and that are not listed.
    pub lookups: usize,
    /// Secrets that nothing uses, each read once more at the end, after everything else.
    pub confirmations: usize,
    /// The most requests, without the confirmations, of which each follows from the one before.
    pub longest_chain: usize,
}

impl Needed {
    /// What this world takes.
    pub fn for_world(world: &World, asking: Asking) -> Needed {
        let mut needed = Needed::default();
        needed.count_secrets(&world.secrets, asking);
        let scan_chain = needed.count_scans(world, asking.deep);
        needed.longest_chain = needed.longest_chain.max(scan_chain);

        let referred_to = referred_to(world, asking.deep);
        let listed: BTreeSet<&str> = world.secrets.iter().map(|secret| secret.id.as_str()).collect();
        let candidates = world.secrets.iter().filter(|secret| !is_used(secret));
        needed.confirmations = candidates.filter(|secret| !referred_to.contains(&secret.id)).count();
        for id in referred_to.iter().filter(|id| !listed.contains(id.as_str())) {
            needed.lookups += 1;
            // That it isn't listed shows at the end of the list.
            let mut chain = needed.pages.max(scan_chain) + 1;
            if let Some(secret) = world.unlisted_secrets.iter().find(|secret| secret.id == *id) {
                chain += needed.count_lists(secret, LIMIT_BY_ITSELF);
            }
            needed.longest_chain = needed.longest_chain.max(chain);
        }
        needed
    }

    /// All of them.
    pub fn requests(&self) -> usize {
        self.before_confirmations() + self.confirmations
    }

    /// Those that come before the confirmations.
    pub fn before_confirmations(&self) -> usize {
        self.pages + self.raised_pages + self.dependency_pages + self.scans + self.lookups
    }

    fn count_secrets(&mut self, secrets: &[Secret], asking: Asking) {
        self.pages = pages(secrets.len(), asking.page_size);
        self.longest_chain = self.pages;
        let raises = asking.max_dependency_limit > asking.dependency_limit;
        let limit = asking.dependency_limit.max(asking.max_dependency_limit);
        for (number, page) in secrets.chunks(asking.page_size.max(1)).enumerate() {
            let is_raised = raises && page.iter().any(|secret| is_cut(secret, asking.dependency_limit));
            self.raised_pages += usize::from(is_raised);
            let lists = page.iter().map(|secret| self.count_lists(secret, limit)).max().unwrap_or_default();
            self.longest_chain = self.longest_chain.max(number + 1 + usize::from(is_raised) + lists);
        }
    }

    /// Counts the pages of a secret's lists that have more than `limit`. Those of its longest list.
    fn count_lists(&mut self, secret: &Secret, limit: usize) -> usize {
        let cut = pageable(secret).into_iter().filter(|list| list.len() > limit);
        let cut: Vec<usize> = cut.map(|list| pages(list.len(), PAGE)).collect();
        self.dependency_pages += cut.iter().sum::<usize>();
        cut.into_iter().max().unwrap_or_default()
    }

    /// Counts what the scans take. Their longest chain.
    fn count_scans(&mut self, world: &World, deep: bool) -> usize {
        let variables = pages(secret_variables(world).count(), PAGE);
        let (engines, documents) = (pages(world.speech_engines.len(), PAGE), world.speech_engines.len());
        // The MCP servers and the settings are one answer each.
        self.scans = variables + engines + documents + 2;
        let mut chain = variables.max(engines + documents.min(1));
        if deep {
            let tools = pages(world.tools.len(), PAGE);
            self.scans += tools;
            chain = chain.max(tools);
            for archived in [false, true] {
                let agents = || world.agents.iter().filter(move |agent| agent.archived == archived);
                let listed = pages(agents().count(), PAGE);
                let of_agent = |agent: &Agent| 2 + agent.branches.len();
                self.scans += listed + agents().map(of_agent).sum::<usize>();
                // A branch follows from the list of branches.
                let last = agents().map(|agent| if agent.branches.is_empty() { 1 } else { 2 }).max();
                chain = chain.max(listed + last.unwrap_or_default());
            }
        }
        chain
    }
}

/// How many pages a list has: one at the least.
fn pages(items: usize, size: usize) -> usize {
    items.div_ceil(size.max(1)).max(1)
}

/// The lists that say whether they were cut, and for which there is an endpoint.
fn pageable(secret: &Secret) -> [&Vec<Dependent>; 3] {
    [&secret.used_by.tools, &secret.used_by.agents, &secret.used_by.phone_numbers]
}

/// The lists that say nothing.
fn silent(secret: &Secret) -> [&Vec<Dependent>; 2] {
    [&secret.used_by.mcp_servers, &secret.used_by.others]
}

/// Whether an answer with this limit leaves it open if a list goes on.
fn is_cut(secret: &Secret, limit: usize) -> bool {
    pageable(secret).iter().any(|list| list.len() > limit)
        || silent(secret).iter().any(|list| list.len() >= limit)
}

fn is_used(secret: &Secret) -> bool {
    pageable(secret).iter().chain(&silent(secret)).any(|list| !list.is_empty())
}

fn secret_variables(world: &World) -> impl Iterator<Item = &Value> {
    world.environment_variables.iter().filter(|variable| variable["type"] == "secret")
}

/// The ids of all secrets that documents hold.
fn referred_to(world: &World, deep: bool) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    let documents = secret_variables(world).chain(&world.speech_engines).chain(&world.mcp_servers);
    documents.chain([&world.settings]).for_each(|document| add_secret_ids(document, &mut ids));
    if deep {
        world.tools.iter().for_each(|document| add_secret_ids(document, &mut ids));
        for agent in &world.agents {
            let branches = agent.branches.iter().map(|branch| &branch.config);
            branches.chain([&agent.config]).for_each(|document| add_secret_ids(document, &mut ids));
        }
    }
    ids
}

fn add_secret_ids(document: &Value, ids: &mut BTreeSet<String>) {
    match document {
        Value::Array(items) => items.iter().for_each(|item| add_secret_ids(item, ids)),
        Value::Object(fields) => {
            ids.extend(fields.get("secret_id").and_then(Value::as_str).map(str::to_owned));
            fields.values().for_each(|value| add_secret_ids(value, ids));
        }
        _ => {}
    }
}
