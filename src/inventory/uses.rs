//! What uses a secret: as an endpoint tells of it, as it is kept, and with everything that is known of it.

use std::borrow::Cow;

use super::{
    resource::Resource,
    resources::{ResourceIndex, Resources, Via, ViaIndex},
    source::Sources,
};

/// One resource that uses one secret.
#[derive(Clone, Copy, Debug)]
pub(super) struct Use {
    pub(super) resource: ResourceIndex,
    pub(super) via: ViaIndex,
    pub(super) relation: Relation,
    pub(super) sources: Sources,
}

/// What one endpoint says about one dependent of a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation<'a> {
    /// The dependent itself.
    pub resource: Resource<'a>,
    /// Whether it holds the secret itself.
    pub relation: Relation,
    /// The ids through which it depends on the secret; of an environment variable its environments, of an agent the
    /// branches; of what only mentions it, the paths.
    pub via: Vec<Cow<'a, str>>,
}

/// How a dependent depends. Of several that are told, the first in this order holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Relation {
    /// It holds the secret itself.
    Direct,
    /// It uses another resource that holds the secret.
    Transitive,
    /// The secret's id stands somewhere in it, in no form that the API documents.
    Mentioned,
}

impl Relation {
    /// Every relation.
    pub const ALL: [Self; 3] = [Self::Direct, Self::Transitive, Self::Mentioned];

    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Direct => "direct",
            Self::Transitive => "transitive",
            Self::Mentioned => "mentioned",
        }
    }
}

/// One use with everything that is known of it, borrowed from its workspace.
#[derive(Clone, Copy, Debug)]
pub struct Dependent<'a> {
    /// The resource that uses the secret.
    pub resource: &'a Resource<'static>,
    /// Whether it holds the secret itself.
    pub relation: Relation,
    /// What it goes through (see [`Observation::via`]), sorted.
    pub(crate) via: Via<'a>,
    /// The endpoints that told of this use.
    pub(crate) sources: Sources,
}

impl<'a> Observation<'a> {
    /// What `used_by` or the dependencies endpoint shows. The ids that it may reference are those of the resources
    /// through which it depends on the secret (the vendor's documentation of transitive dependents).
    pub(crate) fn of_used_by(resource: Resource<'a>, via: Vec<Cow<'a, str>>) -> Self {
        let relation = if via.is_empty() { Relation::Direct } else { Relation::Transitive };
        Self { resource, relation, via }
    }
}

impl Use {
    pub(super) fn of(observation: Observation<'_>, sources: Sources, resources: &mut Resources) -> Self {
        Self {
            resource: resources.intern(observation.resource),
            relation: observation.relation,
            via: resources.intern_via(&observation.via),
            sources,
        }
    }
}
