//! A page of secrets, a secret by itself, and a page of dependents.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{
    dependent, documented,
    found::FoundReferences,
    holder::access_source,
    json::{Object, elements},
    search::search_unknown,
    sought::Sought,
    used_by::{DependentList, HasMore, ListName, ResourceType, is_unknown_list, lists, used_by},
};
use crate::{api::error::Malformed, inventory::Sighting};

/// One secret of the list.
#[derive(Debug, PartialEq)]
pub struct ListedSecret<'a> {
    /// `secret_id`.
    pub id: Cow<'a, str>,
    /// `name`, which the document requires; `None` where it is missing or no string.
    pub name: Option<Cow<'a, str>>,
    /// Every list under `used_by`.
    pub lists: Vec<DependentList<'a>>,
    /// Through what the key's user may see it (`access_info.access_source`).
    pub access_source: Option<String>,
    /// The fields that the document doesn't know, of it and of its dependents.
    pub unknown_fields: Vec<UnknownField<'a>>,
}

/// A field that the document doesn't know. Like any document, it may hold the id of a secret.
#[derive(Clone, Debug)]
pub struct UnknownField<'a> {
    /// Its name; below `used_by` or in a list, with that before it.
    pub name: String,
    pub(super) value: &'a RawValue,
}

impl UnknownField<'_> {
    /// Searches it for ids of secrets.
    #[must_use]
    pub fn search(&self, sought: &Sought) -> FoundReferences {
        // Its name may be an id too.
        let name = serde_json::Value::from(self.name.as_str());
        search_unknown(&format!("{{{name}:{}}}", self.value.get()), sought)
    }
}

impl PartialEq for UnknownField<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value.get() == other.value.get()
    }
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
    /// The fields beside the list that the document doesn't know.
    pub unknown_fields: Vec<UnknownField<'a>>,
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
    /// The fields beside the list and of its elements that the document doesn't know.
    pub unknown_fields: Vec<UnknownField<'a>>,
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
        Ok(Self {
            secrets,
            next_cursor: page.text("next_cursor")?,
            has_more: page.flag("has_more"),
            unknown_fields: beside(&page, "secrets"),
        })
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
        let mut unknown_fields = beside(&page, "dependencies");
        unknown_fields.extend(dependent::unknown_fields("dependencies", dependencies));
        Ok(Self {
            unknown_fields,
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
        let mut unknown_fields = beside_used_by(secret, &mut lists);
        let below = used_by.fields.iter().filter(|(field, _)| is_unknown_list(field));
        unknown_fields
            .extend(below.map(|(field, value)| UnknownField { name: format!("used_by.{field}"), value }));
        for name in ListName::known() {
            let list = format!("used_by.{}", name.as_str());
            let values = used_by.all(name.as_str());
            unknown_fields.extend(values.flat_map(|value| dependent::unknown_fields(&list, value)));
        }
        let (name, access_source) = (secret.text("name").ok().flatten(), access_source(secret));
        Ok(Self { id, name, lists, access_source, unknown_fields })
    }
}

/// What stands beside the list of a page and is nothing that leads to the next one.
fn beside<'a>(page: &Object<'a>, list: &str) -> Vec<UnknownField<'a>> {
    let is_known = |field: &str| field == list || matches!(field, "next_cursor" | "has_more");
    let fields = page.fields.iter().filter(|(field, _)| !is_known(field));
    fields.map(|(field, value)| UnknownField { name: field.to_string(), value }).collect()
}

/// What the document doesn't know, beside `used_by`. It may be added any day, and tells of no use but by an id that it names.
/// Another `type` than the one that is known is a doubt.
fn beside_used_by<'a>(secret: &Object<'a>, lists: &mut Vec<DependentList<'a>>) -> Vec<UnknownField<'a>> {
    let mut unknown = Vec::new();
    for (field, value) in &secret.fields {
        match (field.as_ref(), value.get()) {
            // `ResourceAccessInfo` says who may see a resource, and stands on others.
            ("secret_id" | "name" | "used_by" | "access_info", _) | ("type", r#""stored""# | "null") => {
                continue;
            }
            ("type", _) => lists.push(DependentList {
                name: ListName::Unrecognized(field.to_string()),
                sightings: Vec::new(),
                has_more: HasMore::Absent,
                problem: Some("the secret is of a type that this program does not know".to_owned()),
            }),
            _ => {}
        }
        unknown.push(UnknownField { name: field.to_string(), value });
    }
    unknown
}
