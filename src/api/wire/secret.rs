//! A page of secrets, a secret by itself, and a page of dependents.

use std::{borrow::Cow, sync::Arc};

use serde_json::value::RawValue;

use super::{
    dependent::{MOST_UNKNOWN_FIELDS, MOST_UNKNOWN_NAMES, Room, Shown, add_unknown_fields},
    documented,
    found::{FoundReferences, clipped},
    holder::access_source,
    json::{Object, each},
    search::search_unknown,
    sought::Sought,
    used_by::{DependentList, HasMore, ListName, ResourceType, is_unknown_list, lists, used_by},
};
use crate::{
    api::error::Malformed,
    inventory::Sighting,
    text::{NAME_LENGTH, cut},
};

/// The most secrets on one page: it is asked for a hundred at most.
const MOST_SECRETS: usize = 10_000;

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
    pub name: Arc<str>,
    /// `None`: it stands for others, which are more than can be read.
    pub(super) value: Option<&'a RawValue>,
}

impl UnknownField<'_> {
    /// Stands for fields that are more than can be read.
    pub(super) fn others() -> Self {
        Self { name: "…".into(), value: None }
    }

    /// Whether it is none by itself, but stands for others that could not be read.
    #[must_use]
    pub fn is_others(&self) -> bool {
        self.value.is_none()
    }

    /// Searches it for ids of secrets. Where others could not be read, that is the problem.
    #[must_use]
    pub fn search(&self, sought: &Sought) -> FoundReferences {
        let Some(value) = self.value else {
            let problem = format!(
                "the answer has more than {MOST_UNKNOWN_FIELDS} fields that this program does not know, or more than \
                 {MOST_UNKNOWN_NAMES} names of such fields"
            );
            return FoundReferences { problem: Some(Malformed(problem)), ..FoundReferences::default() };
        };
        search_unknown(std::iter::once((&*self.name, value)), sought)
    }

    /// So much of its name as is told.
    #[must_use]
    pub fn told_name(&self) -> String {
        clipped(&self.name)
    }
}

impl PartialEq for UnknownField<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value.map(RawValue::get) == other.value.map(RawValue::get)
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
    /// The dependents on it. Of several without an id that look the same, one.
    pub sightings: Vec<Sighting<'a>>,
    /// How many it shows.
    pub shown: usize,
    /// How many of them have no id that can be read.
    pub without_id: usize,
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
        let (mut secrets, mut problem, mut room) = (Vec::new(), None, Room::default());
        let unknown_fields = beside(&page, "secrets", &mut room);
        let shown = each(page.require("secrets")?, "the field secrets", |secret| {
            if problem.is_some() || secrets.len() == MOST_SECRETS {
                return;
            }
            match ListedSecret::parse(secret, &mut room) {
                Ok(secret) => secrets.push(secret),
                Err(doubt) => problem = Some(Malformed(format!("secrets[{}]: {doubt}", secrets.len()))),
            }
        })?;
        if let Some(problem) = problem {
            return Err(problem);
        }
        if shown > MOST_SECRETS {
            return Err(Malformed(format!("the page has more than {MOST_SECRETS} secrets")));
        }
        Ok(Self {
            secrets,
            next_cursor: page.text("next_cursor")?,
            has_more: page.flag("has_more"),
            unknown_fields,
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
        let mut room = Room::default();
        let mut unknown_fields = beside(&page, "dependencies", &mut room);
        add_unknown_fields(&mut unknown_fields, "dependencies", dependencies, &mut room);
        if !dependencies.get().starts_with('[') {
            return Err(Malformed("the field dependencies is not a list".to_owned()));
        }
        let mut shown = Shown::default();
        shown.add(&ListName::Pageable(resource_type), dependencies, &mut room)?;
        Ok(Self {
            unknown_fields,
            sightings: shown.sightings,
            shown: shown.count,
            without_id: shown.without_id,
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
        Self::read(&Object::from_body(body)?, &mut Room::default())
    }

    fn parse(value: &'a RawValue, room: &mut Room) -> Result<Self, Malformed> {
        Self::read(&Object::parse(value.get(), "the secret")?, room)
    }

    fn read(secret: &Object<'a>, room: &mut Room) -> Result<Self, Malformed> {
        let id = secret
            .text("secret_id")?
            .filter(|id| !id.is_empty())
            .ok_or_else(|| Malformed("the field secret_id is missing or empty".to_owned()))?;
        if id.len() > NAME_LENGTH {
            return Err(Malformed(format!("the field secret_id is longer than {NAME_LENGTH} bytes")));
        }
        let (used_by, problem) = used_by(secret);
        let mut lists = lists(&used_by, room);
        if let Some(problem) = problem {
            lists.iter_mut().for_each(|list| list.problem = Some(problem.to_string()));
        }
        let mut unknown_fields = beside_used_by(secret, &mut lists, room);
        for (field, value) in used_by.fields().filter(|(field, _)| is_unknown_list(field)) {
            room.add_named(&mut unknown_fields, || format!("used_by.{field}"), value);
        }
        for list in ListName::known() {
            let name = format!("used_by.{}", list.as_str());
            for value in used_by.all(list.as_str()) {
                add_unknown_fields(&mut unknown_fields, &name, value, room);
            }
        }
        let name = secret.text("name").ok().flatten().map(|name| cut(name, NAME_LENGTH));
        let access_source = access_source(secret);
        Ok(Self { id, name, lists, access_source, unknown_fields })
    }
}

/// What stands beside the list of a page and is nothing that leads to the next one.
fn beside<'a>(page: &Object<'a>, list: &str, room: &mut Room) -> Vec<UnknownField<'a>> {
    let is_known = |field: &str| field == list || matches!(field, "next_cursor" | "has_more");
    let mut unknown = Vec::new();
    for (field, value) in page.fields().filter(|(field, _)| !is_known(field)) {
        room.add_named(&mut unknown, || field.to_owned(), value);
    }
    unknown
}

/// What the document doesn't know, beside `used_by`. It may be added any day, and tells of no use but by an id that it names.
/// Another `type` than the one that is known is a doubt.
fn beside_used_by<'a>(
    secret: &Object<'a>,
    lists: &mut Vec<DependentList<'a>>,
    room: &mut Room,
) -> Vec<UnknownField<'a>> {
    let (mut unknown, mut is_of_its_type) = (Vec::new(), true);
    for (field, value) in secret.fields() {
        match (field, value.get()) {
            // `ResourceAccessInfo` says who may see a resource, and stands on others.
            ("secret_id" | "name" | "used_by" | "access_info", _) | ("type", r#""stored""# | "null") => {
                continue;
            }
            // However often.
            ("type", _) if std::mem::take(&mut is_of_its_type) => {
                let problem = "the secret is of a type that this program does not know";
                lists.push(DependentList::doubt(field, problem.to_owned()));
            }
            _ => {}
        }
        room.add_named(&mut unknown, || field.to_owned(), value);
    }
    unknown
}
