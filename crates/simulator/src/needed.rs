//! What has to be asked to audit a world: counted in the world, as the API lets it be asked, and not as our client asks.
//!
//! It is counted for a world that stands still and hides nothing: all permissions, nothing that the key may not see (no
//! dependent of type `unknown` either, but where a workspace admin asks), no lists under `used_by` that the OpenAPI
//! document doesn't know, ids of one form (ASCII letters, digits, `_` and `-`), every request answered the first time
//! and none refused but what the world says of branches and of generated elements of workflows.

mod asking;
mod inspection;
pub(super) mod references;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use self::{
    asking::{PAGE, pages},
    inspection::Inspection,
    references::References,
};
pub use asking::{Archived, Asking, Inspecting};

use super::{
    dependent::Dependent,
    world::{Secret, World},
};

/// Where the lists of a secret that is asked for by itself are cut.
const LIMIT_BY_ITSELF: usize = 20;

/// The requests that an audit cannot do without.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Needed {
    /// Whose key it is.
    pub user: usize,
    /// Pages of secrets.
    pub pages: usize,
    /// One more for each page with a list that the first limit may have cut.
    pub raised_pages: usize,
    /// Pages of the lists that the higher limit cut too.
    pub dependency_pages: usize,
    /// Pages and documents of the places that can hold a secret besides, but for tools and agents.
    pub scans: usize,
    /// Pages and documents of tools, agents and branches, where they are read.
    pub inspection: usize,
    /// Secrets that something refers to and that are not listed.
    pub lookups: usize,
    /// What is asked a second time on purpose before anything is called unused: each list of more than one page, and that of the active agents.
    pub repeated: usize,
    /// Secrets that nothing uses, each read once more at the end, after everything else.
    pub confirmations: usize,
    /// The most requests, without the confirmations, of which each follows from the one before. An inspection that only
    /// unused secrets bring about waits for all that comes before it, and so do the second walks.
    pub longest_chain: usize,
}

impl Needed {
    /// What this world takes.
    pub fn for_world(world: &World, asking: Asking) -> Needed {
        let mut needed = Needed { user: 1, ..Needed::default() };
        let mut references = References::new(&world.secrets);
        needed.count_secrets(&world.secrets, asking);
        let mut scan_chain = needed.count_scans(world);
        let scanned = secret_variables(world).chain(&world.speech_engines).chain(&world.mcp_servers);
        scanned.chain([&world.settings]).for_each(|document| references.read(document));

        let mut inspection = match asking.inspecting {
            Inspecting::Never => None,
            Inspecting::Auto | Inspecting::Always => Some(Inspection::new(world, asking.archived_branches)),
        };
        if let (Inspecting::Always, Some(inspection)) = (asking.inspecting, &inspection) {
            needed.inspection = inspection.requests;
            scan_chain = scan_chain.max(inspection.chain);
            inspection.documents.iter().for_each(|document| references.read(document));
        }
        // What the first page of secrets says of the key comes before all other places.
        needed.longest_chain = needed.longest_chain.max(1 + scan_chain);
        // That something isn't listed shows at the end of the list.
        let unlisted = references.unlisted.clone();
        needed.count_lookups(world, &unlisted, needed.pages.max(1 + scan_chain));

        if asking.inspecting == Inspecting::Auto {
            inspection = inspection.filter(|_| unused(world, &references) > 0);
            if let Some(inspection) = &inspection {
                needed.inspection = inspection.requests;
                needed.longest_chain += inspection.chain;
                inspection.documents.iter().for_each(|document| references.read(document));
                let found = references.unlisted.difference(&unlisted).cloned().collect();
                needed.count_lookups(world, &found, needed.longest_chain);
            }
        }
        // Where a branch is missing, nothing is called unused.
        if inspection.as_ref().is_none_or(|inspection| inspection.is_whole) {
            needed.confirmations = unused(world, &references);
        }
        if needed.confirmations > 0 {
            let inspected = inspection.iter().flat_map(|inspection| inspection.walked_again.iter().copied());
            let lists = [needed.pages, variable_pages(world), pages(world.speech_engines.len(), PAGE)];
            let walks = lists.into_iter().filter(|pages| *pages > 1).chain(inspected);
            let walks: Vec<usize> = walks.collect();
            needed.repeated = walks.iter().sum();
            needed.longest_chain += walks.into_iter().max().unwrap_or_default();
        }
        needed
    }

    /// All of them.
    pub fn requests(&self) -> usize {
        self.before_confirmations() + self.confirmations
    }

    /// Those that come before the confirmations.
    pub fn before_confirmations(&self) -> usize {
        self.user
            + self.pages
            + self.raised_pages
            + self.dependency_pages
            + self.scans
            + self.inspection
            + self.lookups
            + self.repeated
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
    fn count_scans(&mut self, world: &World) -> usize {
        let variables = variable_pages(world);
        let (engines, documents) = (pages(world.speech_engines.len(), PAGE), world.speech_engines.len());
        // The MCP servers and the settings are one answer each.
        self.scans = variables + engines + documents + 2;
        variables.max(engines + documents.min(1))
    }

    /// Counts what is asked to learn of these secrets, which begins after a chain of this length.
    fn count_lookups(&mut self, world: &World, unlisted: &BTreeSet<String>, before: usize) {
        for id in unlisted {
            self.lookups += 1;
            let secret = world.unlisted_secrets.iter().find(|secret| secret.id == *id);
            let lists = secret.map(|secret| self.count_lists(secret, LIMIT_BY_ITSELF));
            self.longest_chain = self.longest_chain.max(before + 1 + lists.unwrap_or_default());
        }
    }
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

/// How many listed secrets nothing uses, as far as these documents tell.
fn unused(world: &World, references: &References<'_>) -> usize {
    let is_used = |secret: &&Secret| {
        pageable(secret).iter().chain(&silent(secret)).any(|list| !list.is_empty())
            || references.held.contains(secret.id.as_str())
    };
    world.secrets.iter().filter(|secret| !is_used(secret)).count()
}

fn secret_variables(world: &World) -> impl Iterator<Item = &Value> {
    world.environment_variables.iter().filter(|variable| variable["type"] == "secret")
}

fn variable_pages(world: &World) -> usize {
    pages(secret_variables(world).count(), PAGE)
}
