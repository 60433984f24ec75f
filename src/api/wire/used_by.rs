//! `used_by`: its lists, those that the document knows and any other.

use super::{
    dependent::{self, is_void},
    json::Object,
};
use crate::{
    api::error::Malformed,
    inventory::{DependentType, Sighting},
};

/// A kind of dependent that the dependencies endpoint can list (`SecretDependencyResourceType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ResourceType {
    /// Tools.
    Tools,
    /// Agents.
    Agents,
    /// Phone numbers.
    PhoneNumbers,
}

impl ResourceType {
    /// Its name in paths and in `used_by`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Agents => "agents",
            Self::PhoneNumbers => "phone_numbers",
        }
    }
}

/// A list under `used_by`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ListName {
    /// A list that the dependencies endpoint can show to its end.
    Pageable(ResourceType),
    /// MCP servers: no flag says whether the list was cut, and no endpoint shows the rest.
    McpServers,
    /// Uses named by a word, under the same limits.
    Others,
    /// A list that the document doesn't know.
    Unrecognized(String),
}

impl ListName {
    /// Its name in the JSON.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pageable(resource_type) => resource_type.as_str(),
            Self::McpServers => "mcp_servers",
            Self::Others => "others",
            Self::Unrecognized(name) => name,
        }
    }

    /// What its elements are.
    #[must_use]
    pub fn dependent_type(&self) -> DependentType {
        match self {
            Self::Pageable(ResourceType::Tools) => DependentType::Tool,
            Self::Pageable(ResourceType::Agents) => DependentType::Agent,
            Self::Pageable(ResourceType::PhoneNumbers) => DependentType::PhoneNumber,
            Self::McpServers => DependentType::McpServer,
            Self::Others => DependentType::Other,
            Self::Unrecognized(name) => DependentType::unrecognized(name),
        }
    }

    /// `ConvAIStoredSecretDependencies` requires tools, agents and others; the rest may be left out when empty.
    fn is_required(&self) -> bool {
        matches!(self, Self::Pageable(ResourceType::Tools | ResourceType::Agents) | Self::Others)
    }

    pub(super) fn known() -> [Self; 5] {
        [
            Self::Pageable(ResourceType::Tools),
            Self::Pageable(ResourceType::Agents),
            Self::Pageable(ResourceType::PhoneNumbers),
            Self::McpServers,
            Self::Others,
        ]
    }
}

/// What a `*_has_more` flag says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HasMore {
    /// There is no such flag.
    Absent,
    /// It is `false`.
    No,
    /// It is anything but `false`: what cannot be understood is no promise that the list is whole.
    Yes,
}

/// One list of a secret's dependents, as far as the answer shows it.
#[derive(Debug, PartialEq)]
pub struct DependentList<'a> {
    /// Which list.
    pub name: ListName,
    /// Its elements.
    pub sightings: Vec<Sighting<'a>>,
    /// Whether the server says that there are more.
    pub has_more: HasMore,
    /// Why the list can't be relied on, whatever it shows.
    pub problem: Option<String>,
}

/// All fields of `used_by`, and what is wrong with it as a whole. Standing twice, each counts.
pub(super) fn used_by<'a>(secret: &Object<'a>) -> (Object<'a>, Option<Malformed>) {
    let mut problem = secret.require("used_by").err();
    let mut fields = Vec::new();
    for value in secret.all("used_by") {
        match Object::parse(value.get(), "the field used_by") {
            Ok(used_by) => fields.extend(used_by.fields),
            Err(unreadable) => problem = problem.or(Some(unreadable)),
        }
    }
    (Object { fields }, problem)
}

/// Every list of it, known or not.
pub(super) fn lists<'a>(used_by: &Object<'a>) -> Vec<DependentList<'a>> {
    let mut lists: Vec<_> = ListName::known().into_iter().map(|name| known_list(used_by, name)).collect();
    let mut unknown: Vec<&str> = used_by.fields.iter().map(|(field, _)| stem(field)).collect();
    unknown.sort_unstable();
    unknown.dedup();
    unknown.retain(|field| !lists.iter().any(|list| list.name.as_str() == *field));
    lists.extend(unknown.into_iter().map(|field| unknown_list(used_by, field)));
    lists
}

/// The list that a flag speaks of; of anything else, itself.
fn stem(field: &str) -> &str {
    field.strip_suffix("_has_more").unwrap_or(field)
}

fn known_list<'a>(used_by: &Object<'a>, name: ListName) -> DependentList<'a> {
    let field = name.as_str();
    let mut problem = match used_by.get(field) {
        Ok(None) if used_by.all(field).next().is_some() => Some(Malformed(format!("{field} is null"))),
        Ok(None) if name.is_required() => Some(Malformed(format!("{field} is missing"))),
        Ok(_) => None,
        Err(problem) => Some(problem),
    };
    let mut sightings = Vec::new();
    for value in used_by.all(field).filter(|value| value.get() != "null") {
        match dependent::sightings(&name, value) {
            Ok(shown) => sightings.extend(shown),
            Err(unreadable) => problem = problem.or(Some(unreadable)),
        }
    }
    let has_more = used_by.flag(&format!("{field}_has_more"));
    DependentList { name, sightings, has_more, problem: problem.map(|problem| problem.to_string()) }
}

/// A list that the document doesn't know. Anything in it is a use; a text, a number or a flag may tell of uses, so that
/// it is a doubt unless it says that there is none.
fn unknown_list<'a>(used_by: &Object<'a>, field: &str) -> DependentList<'a> {
    let name = ListName::Unrecognized(field.to_owned());
    let (mut sightings, mut problem) = (Vec::new(), None);
    // Standing twice, each counts: nothing that is present is left out.
    for value in used_by.all(field).filter(|value| !is_void(value)) {
        match value.get().as_bytes() {
            [b'[' | b'{', ..] => sightings.extend(dependent::unrecognized(&name, value)),
            _ => {
                problem = Some(
                    "it is unknown to this program, and may say that something uses the secret".to_owned(),
                );
            }
        }
    }
    let flag = format!("{field}_has_more");
    let has_more = match used_by.flag(&flag) {
        HasMore::Yes if used_by.all(&flag).all(is_void) => HasMore::No,
        has_more => has_more,
    };
    DependentList { has_more, name, sightings, problem }
}

/// Whether a field of `used_by` is, or speaks of, a list that the document doesn't know.
pub(super) fn is_unknown_list(field: &str) -> bool {
    !ListName::known().iter().any(|known| known.as_str() == stem(field))
}
