//! Where two parts of the API, each read whole, tell different things of the same secret. In use, both; but somebody
//! should know that one of them is not to be relied on.

use crate::inventory::{Dependent, DependentType, Missing, Relation, Secret, Source};

/// What one part of the API shows and another doesn't.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Discrepancy {
    /// The resource itself holds the secret, and the whole list of dependents of that kind doesn't show it.
    MissingFromUsedBy,
    /// `used_by` shows it, and the endpoint that lists all dependents of that kind doesn't.
    MissingFromDependencies,
}

impl Discrepancy {
    /// Every one.
    pub const ALL: [Self; 2] = [Self::MissingFromUsedBy, Self::MissingFromDependencies];

    /// What it is, in words.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::MissingFromUsedBy => "the resource holds the secret, but used_by does not show it",
            Self::MissingFromDependencies => "used_by shows it, but the dependencies endpoint does not",
        }
    }
}

/// Whether one dependent of a secret is a discrepancy.
pub(super) fn discrepancy(secret: &Secret, dependent: Dependent<'_>) -> Option<Discrepancy> {
    // Lists of dependents have no place for branches, and what only mentions a secret need not be in them.
    let is_of_branches = dependent.sources.are_within(&[Source::Agents]) && !dependent.via.is_empty();
    if is_of_branches || dependent.relation == Relation::Mentioned {
        return None;
    }
    let dependent_type = &dependent.resource.dependent_type;
    use DependentType::{Agent, McpServer, PhoneNumber, Tool};
    if !matches!(dependent_type, Tool | Agent | McpServer | PhoneNumber) {
        return None;
    }
    let told_by = |sources: &[Source]| sources.iter().any(|source| dependent.sources.contains(*source));
    let completed_by = |by: Source| {
        secret.completions.iter().any(|one| one.dependent_type == *dependent_type && one.by == by)
    };
    let list = Missing::List { dependent_type: dependent_type.clone() };
    let list_is_whole = !secret.gaps.iter().any(|gap| gap.what == list) && !completed_by(Source::McpServers);
    let told_by_list = told_by(&[Source::Preview, Source::HigherLimit, Source::Dependencies, Source::Secret]);
    if !told_by_list && list_is_whole {
        return Some(Discrepancy::MissingFromUsedBy);
    }
    (completed_by(Source::Dependencies)
        && told_by(&[Source::Preview, Source::HigherLimit])
        && !told_by(&[Source::Dependencies]))
    .then_some(Discrepancy::MissingFromDependencies)
}
