//! A page of secrets, a page of dependents, and `used_by`.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    dependent, documented,
    json::{Object, elements},
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

    fn known() -> [Self; 5] {
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

/// One secret of the list.
#[derive(Debug, PartialEq)]
pub struct ListedSecret<'a> {
    /// `secret_id`.
    pub id: Cow<'a, str>,
    /// `name`, which the document requires; `None` where it is missing or no string.
    pub name: Option<Cow<'a, str>>,
    /// Every list under `used_by`.
    pub lists: Vec<DependentList<'a>>,
    /// The names of fields that the document doesn't know and that don't look as if they told of uses.
    pub unknown_fields: Vec<Cow<'a, str>>,
}

/// A page of `GET /v1/convai/secrets`.
#[derive(Debug, PartialEq)]
pub struct SecretPage<'a> {
    /// The secrets on it.
    pub secrets: Vec<ListedSecret<'a>>,
    /// Where the next page is.
    pub next_cursor: Option<Cow<'a, str>>,
    /// Whether the server says that there is one. The document has no such flag here; a server that sends it is heard.
    pub has_more: HasMore,
}

/// What a page of any list says of the next one.
#[derive(Debug)]
pub struct PageFrame<'a> {
    /// Where the next page is.
    pub next_cursor: Option<Cow<'a, str>>,
    /// Whether the server says that there is one.
    pub has_more: HasMore,
    /// Whether this page shows nothing.
    pub is_empty: bool,
}

/// A page of `GET /v1/convai/secrets/{secret_id}/dependencies/{resource_type}`.
#[derive(Debug, PartialEq)]
pub struct DependenciesPage<'a> {
    /// The dependents on it.
    pub sightings: Vec<Sighting<'a>>,
    /// Where the next page is.
    pub next_cursor: Option<Cow<'a, str>>,
    /// Whether the server says that there is one. The document has no such flag here; a server that sends it is heard.
    pub has_more: HasMore,
}

impl<'a> PageFrame<'a> {
    /// Reads a body up to what stands in its list.
    ///
    /// # Errors
    /// Where the body is no object, has no such list or no readable `next_cursor`.
    pub(crate) fn parse(body: &'a [u8], list: &str) -> Result<Self, Malformed> {
        let page = Object::from_body(body)?;
        let list = page.require(list)?.get();
        let inside = list.strip_prefix('[').unwrap_or_default().trim_start();
        Ok(Self {
            next_cursor: page.text("next_cursor")?,
            has_more: page.flag("has_more"),
            is_empty: inside.starts_with(']'),
        })
    }
}

impl<'a> SecretPage<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// Where the frame of the page can't be read: `secrets`, `next_cursor`, or a secret without an id.
    pub fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
        documented::secret_page(body).map_or_else(|| Self::parse_piece_by_piece(body), Ok)
    }

    pub(super) fn parse_piece_by_piece(body: &'a [u8]) -> Result<Self, Malformed> {
        let page = Object::from_body(body)?;
        let secrets = elements(page.require("secrets")?, "the field secrets")?
            .into_iter()
            .enumerate()
            .map(|(position, secret)| {
                ListedSecret::parse(secret)
                    .map_err(|problem| Malformed(format!("secrets[{position}]: {problem}")))
            })
            .collect::<Result<_, _>>()?;
        Ok(Self { secrets, next_cursor: page.text("next_cursor")?, has_more: page.flag("has_more") })
    }
}

impl<'a> DependenciesPage<'a> {
    /// Reads a body that lists dependents of one type.
    ///
    /// # Errors
    /// Where `dependencies` or `next_cursor` can't be read.
    pub fn parse(body: &'a [u8], resource_type: ResourceType) -> Result<Self, Malformed> {
        documented::dependencies_page(body, resource_type)
            .map_or_else(|| Self::parse_piece_by_piece(body, resource_type), Ok)
    }

    pub(super) fn parse_piece_by_piece(
        body: &'a [u8],
        resource_type: ResourceType,
    ) -> Result<Self, Malformed> {
        let page = Object::from_body(body)?;
        let dependencies = page.require("dependencies")?;
        Ok(Self {
            sightings: dependent::sightings(&ListName::Pageable(resource_type), dependencies)
                .map_err(|_| Malformed("the field dependencies is not a list".to_owned()))?,
            next_cursor: page.text("next_cursor")?,
            has_more: page.flag("has_more"),
        })
    }
}

impl<'a> ListedSecret<'a> {
    /// Reads a body that is one secret.
    ///
    /// # Errors
    /// Where it is no object or has no id.
    pub(crate) fn from_body(body: &'a [u8]) -> Result<Self, Malformed> {
        Self::read(&Object::from_body(body)?)
    }

    fn parse(value: &'a RawValue) -> Result<Self, Malformed> {
        Self::read(&Object::parse(value.get(), "the secret")?)
    }

    fn read(secret: &Object<'a>) -> Result<Self, Malformed> {
        let id = secret
            .text("secret_id")?
            .filter(|id| !id.is_empty())
            .ok_or_else(|| Malformed("the field secret_id is missing or empty".to_owned()))?;
        let (used_by, problem) = used_by(secret);
        let mut lists = lists(&used_by);
        if let Some(problem) = problem {
            lists.iter_mut().for_each(|list| list.problem = Some(problem.to_string()));
        }
        let unknown_fields = beside_used_by(secret, &mut lists);
        Ok(Self { id, name: secret.text("name").ok().flatten(), lists, unknown_fields })
    }
}

/// What the document doesn't know, beside `used_by`. A field that by its name tells of uses is taken for a list. Any
/// other that says or holds something may tell of uses too, and is a doubt, as is another `type` than the one that is
/// known; plain text and numbers tell of none, and their names are for the report.
fn beside_used_by<'a>(secret: &Object<'a>, lists: &mut Vec<DependentList<'a>>) -> Vec<Cow<'a, str>> {
    let mut unknown = Vec::new();
    for (field, value) in &secret.fields {
        let name = || ListName::Unrecognized(field.to_string());
        let doubt = |problem: &str| DependentList {
            name: name(),
            sightings: Vec::new(),
            has_more: HasMore::Absent,
            problem: Some(problem.to_owned()),
        };
        match (field.as_ref(), value.get()) {
            // `ResourceAccessInfo` says who may see a resource, and stands on others.
            ("secret_id" | "name" | "used_by" | "access_info", _) | ("type", r#""stored""# | "null") => {}
            ("type", _) => lists.push(doubt("the secret is of a type that this program does not know")),
            (text, _) if text.starts_with("used") || text.contains("depend") => {
                let sightings = dependent::unrecognized(&name(), value);
                lists.push(DependentList { sightings, problem: None, ..doubt("") });
            }
            _ if dependent::unrecognized(&name(), value).is_empty() => {}
            (_, text) if text == "true" || text.starts_with(['[', '{']) => {
                lists.push(doubt(
                    "a field beside used_by that this program does not know, and that may tell of uses",
                ));
            }
            _ => unknown.push(field.clone()),
        }
    }
    unknown
}

/// All fields of `used_by`, and what is wrong with it as a whole. Standing twice, each counts.
fn used_by<'a>(secret: &Object<'a>) -> (Object<'a>, Option<Malformed>) {
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

fn lists<'a>(used_by: &Object<'a>) -> Vec<DependentList<'a>> {
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

fn unknown_list<'a>(used_by: &Object<'a>, field: &str) -> DependentList<'a> {
    let name = ListName::Unrecognized(field.to_owned());
    // Standing twice, each counts: nothing that is present is left out.
    let sightings = used_by.all(field).flat_map(|value| dependent::unrecognized(&name, value)).collect();
    DependentList { has_more: used_by.flag(&format!("{field}_has_more")), name, sightings, problem: None }
}
