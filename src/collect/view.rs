//! What tells how much of the workspace the key may see.

use std::collections::{BTreeSet, HashSet};

use super::{collector::Collector, options::ArchivedBranches};
use crate::{
    api::WORKSPACE_ADMIN,
    inventory::{DependentType, Extent, Resource, ScanOutcome, Source, View, Visibility},
    text::{count, cut},
};

/// How many signs are told.
const SIGNS_TOLD: usize = 100;
/// The longest, in bytes: each secret may repeat one.
const SIGN_LENGTH: usize = 300;

/// The first signs in order, and how many more there are.
#[derive(Default)]
struct Told {
    first: BTreeSet<String>,
    others: usize,
}

impl Told {
    fn add(&mut self, sign: String) {
        self.first.insert(cut(sign.into(), SIGN_LENGTH).into_owned());
        if self.first.len() > SIGNS_TOLD {
            self.first.pop_last();
            self.others += 1;
        }
    }

    fn in_order(self) -> Vec<String> {
        let others = count(self.others, "further sign is not told", "further signs are not told");
        self.first.into_iter().chain((self.others > 0).then_some(others)).collect()
    }
}

impl Collector {
    /// Puts what tells of the key's view, and what could not be seen at all, into the workspace.
    pub(super) fn tell_what_was_seen(&mut self) {
        self.workspace.view = self.view();
        let hidden = self.signs.hidden_branches.len();
        if hidden > 0 {
            let more =
                if self.signs.hidden_branches_unlisted { ", and more that it does not list" } else { "" };
            self.workspace.limits.push(format!(
                "{} of agents{more} could not be read: asked for one, the API answered 404, and it showed no other. An archived \
                 branch that is brought back uses again what it names.",
                count(hidden, "archived branch", "archived branches")
            ));
        }
        if self.options.archived_branches == ArchivedBranches::Skip && self.is_read(Source::Agents) {
            let skipped = "Archived branches of agents were not read ([audit] archived_branches = \"skip\").";
            self.workspace.limits.push(skipped.to_owned());
        }
        let drafts = self.signs.drafts.len();
        if drafts > 0 {
            let drafts = count(drafts, "draft of a branch exists", "drafts of branches exist");
            self.workspace.limits.push(format!("{drafts}; the API does not show what drafts hold."));
        }
    }

    pub(super) fn is_read(&self, source: Source) -> bool {
        self.workspace.scans.iter().any(|scan| scan.source == source && scan.outcome == ScanOutcome::Whole)
    }

    /// The agents that something names and the lists of agents lack.
    pub(super) fn named_agents(&self) -> BTreeSet<String> {
        let named = self.named().into_iter().filter(|(named_type, _)| *named_type == DependentType::Agent);
        named.filter(|(named_type, id)| self.is_missing(named_type, id)).map(|(_, id)| id).collect()
    }

    /// What documents name; and the dependents that are shown as visible, where their list shows any. Of a list that shows none
    /// nothing is concluded.
    fn named(&self) -> BTreeSet<(DependentType, String)> {
        let is_visible = |resource: &&Resource<'_>| resource.visibility == Visibility::Available;
        let shows_any = |resource: &&Resource<'_>| {
            list_of(&resource.dependent_type)
                .and_then(|source| self.signs.listed.get(&source))
                .is_some_and(|listed| !listed.is_empty())
        };
        let visible = self.workspace.resources().filter(is_visible).filter(shows_any);
        let visible = visible.map(|resource| (resource.dependent_type.clone(), resource.id.to_string()));
        visible.chain(self.signs.named.iter().cloned()).filter(|(_, id)| !id.is_empty()).collect()
    }

    pub(super) fn view(&self) -> View {
        let mut full = Vec::new();
        if self.signs.seat_type.as_deref() == Some(WORKSPACE_ADMIN) {
            full.push(format!("the key's user has the seat type {WORKSPACE_ADMIN}"));
        }
        if self.signs.is_shown_to_admin {
            full.push(format!("access_info names {WORKSPACE_ADMIN} as the source of access"));
        }
        if !full.is_empty() {
            return View { extent: Extent::Full, signs: full };
        }
        let signs = self.signs_of_more();
        let extent = if signs.is_empty() { Extent::NotKnown } else { Extent::Partial };
        View { extent, signs }
    }

    /// What shows that there is something that the key may not see.
    fn signs_of_more(&self) -> Vec<String> {
        let mut signs = Told::default();
        for resource in self.workspace.resources() {
            // A list that this program doesn't know may have no other form.
            let is_known = DependentType::KNOWN.contains(&resource.dependent_type);
            if is_known && resource.visibility == Visibility::Unknown && !resource.id.is_empty() {
                signs.add(format!(
                    "{} {} is shown by its id only",
                    resource.dependent_type.as_str(),
                    resource.id
                ));
            }
        }
        for id in &self.signs.unknown_agents {
            signs.add(format!("agent {id} is shown by its id only"));
        }
        for (dependent_type, id) in &self.named() {
            let is_told = self.signs.gone.contains(id) || self.signs.not_in_list.contains(id);
            if self.is_missing(dependent_type, id) && !is_told {
                signs.add(format!("{} {id} is named, and not listed", dependent_type.as_str()));
            }
        }
        let may_be_one = self.may_be_one();
        for id in self.workspace.ids_depended_through() {
            let is_listed = self.signs.listed.values().any(|listed| listed.contains(id));
            let is_missing = |dependent_type| self.is_missing(&dependent_type, id);
            if !is_listed
                && is_missing(DependentType::Tool)
                && is_missing(DependentType::McpServer)
                && may_be_one(id)
            {
                signs.add(format!("{id} is named by an agent that depends on it, and not listed"));
            }
        }
        for path in &self.signs.forbidden {
            signs.add(format!("GET {path} is answered with status 403"));
        }
        for id in &self.signs.not_in_list {
            signs.add(format!("{id} is shown by its id, and not listed"));
        }
        for path in &self.signs.unshared {
            signs
                .add(format!("GET {path} is refused; something names it, or the last complete audit saw it"));
        }
        signs.in_order()
    }

    /// Whether a list was read to its end, and an id that may be one of its is not in it.
    fn is_missing(&self, dependent_type: &DependentType, id: &str) -> bool {
        let is_of_id = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '-');
        id.chars().all(is_of_id)
            && list_of(dependent_type).is_some_and(|source| {
                self.is_read(source)
                    && !self.signs.listed.get(&source).is_some_and(|listed| listed.contains(id))
            })
    }

    /// Whether an id that an agent goes through may be that of a tool or an MCP server: it begins as one that is known, or none
    /// is known. It may be of another kind, also of one to come.
    fn may_be_one(&self) -> impl Fn(&str) -> bool {
        let prefix = |id: &str| id.split_once('_').map(|(prefix, _)| prefix.to_owned());
        let listed = [Source::Tools, Source::McpServers].into_iter();
        let listed = listed.filter_map(|source| self.signs.listed.get(&source)).flatten().map(String::as_str);
        let is_one = |resource: &&Resource<'_>| {
            matches!(resource.dependent_type, DependentType::Tool | DependentType::McpServer)
        };
        let dependents = self.workspace.resources().filter(is_one).map(|resource| &*resource.id);
        let known: HashSet<Option<String>> = listed.chain(dependents).map(prefix).collect();
        move |id| known.is_empty() || known.contains(&prefix(id))
    }
}

/// The list that shows all things of a type that documents name.
fn list_of(dependent_type: &DependentType) -> Option<Source> {
    match dependent_type {
        DependentType::Tool => Some(Source::Tools),
        DependentType::McpServer => Some(Source::McpServers),
        DependentType::Agent => Some(Source::Agents),
        _ => None,
    }
}
