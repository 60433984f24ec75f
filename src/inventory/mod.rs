//! The graph that an audit judges: workspaces, their secrets, the resources that depend on them, and for
//! everything that was asked whether it was read whole.
//!
//! Each distinct resource is kept once; a [`Use`] points at it by index, so that a million uses stay small.
//! What never lives here: HTTP, files, the clock, and any opinion about what is unused.

mod bytes;
mod gap;
mod resource;
mod resources;
mod scan;
mod source;
#[cfg(test)]
mod tests;
mod uses;
mod view;

pub use gap::{Gap, Missing, Why};
pub use resource::{DependentType, Resource, Visibility};
pub use scan::{Scan, ScanOutcome};
pub use source::Source;
pub(crate) use source::Sources;
use uses::Use;
pub use uses::{Dependent, Observation, Relation};
pub use view::{Extent, Seen, View};

use std::collections::HashSet;

use resources::Resources;
pub(crate) use resources::Via;

/// Everything that was collected, one entry for each configured workspace.
#[derive(Debug, Default)]
pub struct Inventory {
    /// The workspaces whose secrets were listed to the end.
    pub workspaces: Vec<Workspace>,
    /// The workspaces whose secrets could not be listed.
    pub failed: Vec<FailedWorkspace>,
}

/// A workspace of which nothing can be said, because its secrets could not be listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedWorkspace {
    /// The configured name.
    pub name: String,
    /// The address that was asked.
    pub address: String,
    /// What happened and what to do about it, in one line.
    pub error: String,
    /// Whether the API refused the key (401 or 403), rather than failing to answer.
    pub key_refused: bool,
}

/// One workspace as one key sees it.
#[derive(Debug, Default)]
pub struct Workspace {
    /// The configured name.
    pub name: String,
    /// The address that was asked.
    pub address: String,
    /// The id that the API gives it, where anything that was read shows it.
    pub workspace_id: Option<String>,
    /// The secrets, in no particular order until the audit sorts them.
    pub secrets: Vec<Secret>,
    /// How the reading went, in numbers.
    pub(crate) coverage: Coverage,
    /// How the reading of the places that `used_by` doesn't cover went.
    pub scans: Vec<Scan>,
    /// The pages of secrets that could not be read at the higher limit.
    pub page_gaps: Vec<Gap>,
    /// The secrets that something refers to and that could not be looked up.
    pub lookup_gaps: Vec<Gap>,
    /// References to secrets that don't exist.
    pub dangling: Vec<Reference>,
    /// References to secrets that the key may not see.
    pub not_visible: Vec<Reference>,
    /// Secrets that were listed and then were gone, by id and name.
    pub deleted: Vec<(String, String)>,
    /// What the key may see.
    pub view: View,
    /// What could not be read at all and is no gap: what the API does not show, or the operator did not want read.
    pub limits: Vec<String>,
    /// Oddities that cost nothing but that somebody should know of.
    pub warnings: Vec<String>,
    resources: Resources,
}

/// One stored secret and what is known to use it. Its value is not known: the API never returns it.
#[derive(Clone, Debug, Default)]
pub struct Secret {
    /// The id, which identifies it.
    pub id: String,
    /// The name, which may change and need not be unique.
    pub name: String,
    /// The lists of dependents that were not read whole. Empty: all were.
    pub gaps: Vec<Gap>,
    /// The lists that the first answer had not shown whole, and what completed them.
    pub(crate) completions: Vec<Completion>,
    /// Whether it was read once more by itself at the end.
    pub confirmed: bool,
    uses: Vec<Use>,
    /// How many uses there were when they were last united.
    merged: usize,
    /// Whether a use goes through more than a few.
    is_wide: bool,
}

/// Where a use goes through more than so many, uses are united so many at a time: each sum of them stays.
const FEW: usize = 32;

/// A list of one secret's dependents that was completed after its first answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Completion {
    /// What the list holds.
    pub dependent_type: DependentType,
    /// What showed the whole of it.
    pub by: Source,
}

/// A secret's id found where there is no such secret in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The id that is referred to.
    pub secret_id: String,
    /// What refers to it.
    pub holder: Resource<'static>,
    /// Where in the holder: environments, branches or paths.
    pub via: Vec<String>,
    /// What is known of the secret.
    pub why: String,
}

/// Counts of what was read, for the report's account of itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Coverage {
    /// Secrets that were not listed, and that a reference led to.
    pub secrets_not_listed: u64,
    /// Pages of the list of secrets.
    pub list_pages: u64,
    /// Pages that were asked for again with the higher limit.
    pub raised_pages: u64,
    /// Pages of dependents, over all secrets.
    pub dependency_pages: u64,
    /// Answers about one secret by itself.
    pub(crate) secrets_by_themselves: u64,
    /// Requests sent, repetitions included.
    pub requests: u64,
    /// Requests that were repetitions.
    pub retries: u64,
}

impl Workspace {
    /// A workspace of which nothing has been read yet.
    pub fn new(name: String, address: String) -> Self {
        Self { name, address, ..Self::default() }
    }

    /// Records that `source` shows these dependents of the secret at `secret`. What is told twice is one use:
    /// direct wins over transitive, and ids and sources are united.
    pub fn record<'a>(
        &mut self,
        secret: usize,
        source: Source,
        observations: impl IntoIterator<Item = Observation<'a>>,
    ) {
        let Some(secret) = self.secrets.get_mut(secret) else { return };
        for observation in observations {
            secret.uses.push(Use::of(observation, source.into(), &mut self.resources));
        }
        // Not for each page: a list of a hundred thousand comes in a thousand of them, and what one agent goes through may too.
        let few = if secret.is_wide { FEW } else { 0 };
        if secret.uses.len() >= 2 * secret.merged + few {
            secret.merge(&mut self.resources);
        }
    }

    /// Adds what is known of the dependents of the secret at `secret`, united and in order already, as
    /// [`Workspace::dependents`] shows them.
    pub(crate) fn restore<'a>(
        &mut self,
        secret: usize,
        dependents: impl IntoIterator<Item = (Observation<'a>, Sources)>,
    ) {
        let Some(secret) = self.secrets.get_mut(secret) else { return };
        for (observation, sources) in dependents {
            secret.uses.push(Use::of(observation, sources, &mut self.resources));
        }
        secret.merged = secret.uses.len();
    }

    /// Every distinct resource that uses any secret, in no particular order.
    pub fn resources(&self) -> impl Iterator<Item = &Resource<'static>> {
        self.resources.iter()
    }

    /// Every id through which a resource depends on a secret that it does not hold itself, each once.
    pub(crate) fn ids_depended_through(&self) -> impl Iterator<Item = &str> {
        let uses = self.secrets.iter().flat_map(|secret| &secret.uses);
        let through = uses.filter(|one| one.relation == Relation::Transitive);
        let ids: HashSet<&str> = through.flat_map(|one| self.resources.via(one.via).iter()).collect();
        ids.into_iter()
    }

    /// Changes what is shown of every resource; its type and id have to stay.
    pub(crate) fn rewrite_resources(&mut self, rewrite: impl FnMut(&mut Resource<'static>)) {
        self.resources.iter_mut().for_each(rewrite);
    }

    /// Makes one use of what was told more than once.
    pub(crate) fn merge(&mut self) {
        for secret in &mut self.secrets {
            secret.merge(&mut self.resources);
        }
    }

    /// Puts secrets, uses and gaps into the one order that every report keeps: secrets by name and id,
    /// dependents by type, name and id.
    pub fn sort(&mut self) {
        self.merge();
        self.secrets.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        // A million uses are of a few thousand resources: these are compared by their names, and those by numbers.
        let ranks = self.resources.ranks();
        for secret in &mut self.secrets {
            secret.uses.sort_unstable_by_key(|one| ranks.of(one.resource));
            secret.gaps.sort();
            secret.gaps.dedup();
        }
        self.page_gaps.sort();
        self.lookup_gaps.sort();
        self.scans.sort_by_key(|scan| scan.source);
        for references in [&mut self.dangling, &mut self.not_visible] {
            references.sort_by(|a, b| {
                a.secret_id
                    .cmp(&b.secret_id)
                    .then_with(|| a.holder.order(&b.holder))
                    .then_with(|| (&a.via, &a.why).cmp(&(&b.via, &b.why)))
            });
            references.dedup();
        }
        self.deleted.sort();
        self.limits.sort();
        self.limits.dedup();
        self.warnings.sort();
        self.warnings.dedup();
    }

    /// How many secrets the list showed: without those that only a reference led to, and with those that were deleted
    /// meanwhile.
    pub fn secrets_listed(&self) -> usize {
        let not_listed = usize::try_from(self.coverage.secrets_not_listed).unwrap_or(usize::MAX);
        (self.secrets.len() + self.deleted.len()).saturating_sub(not_listed)
    }

    /// The dependents of one of this workspace's secrets, in the order of its uses.
    pub fn dependents<'a>(&'a self, secret: &'a Secret) -> impl ExactSizeIterator<Item = Dependent<'a>> {
        secret.uses.iter().map(|one| Dependent {
            resource: self.resources.get(one.resource),
            relation: one.relation,
            via: self.resources.via(one.via),
            sources: one.sources,
        })
    }
}

impl Secret {
    /// A secret of which no use is known yet.
    pub fn new(id: impl Into<String>, name: impl Into<String>) -> Self {
        Self { id: id.into(), name: name.into(), ..Self::default() }
    }

    /// How many dependents are known. Until [`Workspace::merge`], some may count twice.
    pub fn uses(&self) -> usize {
        self.uses.len()
    }

    fn merge(&mut self, resources: &mut Resources) {
        self.uses.sort_unstable_by_key(|one| one.resource);
        let mut merged: Vec<Use> = Vec::new();
        for same in self.uses.chunk_by(|a, b| a.resource == b.resource) {
            let (first, others) = match same {
                [first, others @ ..] => (*first, others),
                [] => continue,
            };
            let via = match others {
                [] => first.via,
                _ => resources.unite_via(&same.iter().map(|one| one.via).collect::<Vec<_>>()),
            };
            self.is_wide |= resources.via(via).len() > FEW;
            merged.push(others.iter().fold(Use { via, ..first }, |merged, one| Use {
                relation: merged.relation.min(one.relation),
                sources: merged.sources.union(one.sources),
                ..merged
            }));
        }
        // What was told twice took room twice, in each of ten thousand secrets.
        merged.shrink_to_fit();
        self.merged = merged.len();
        self.uses = merged;
    }

    /// Whether every list of its dependents was read whole.
    pub(crate) fn is_whole(&self) -> bool {
        self.gaps.is_empty()
    }
}
