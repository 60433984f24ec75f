//! A page of secrets, a secret by itself, and a page of dependents, read as the document has them or piece by piece.

use serde_json::value::RawValue;

use super::{
    dependent::{Shown, add_unknown_fields},
    documented,
    holder::access_source,
    json::{Object, each},
    lists::{DependentList, ListName, ResourceType},
    pages::{DependenciesPage, ListedSecret, PageFrame, SecretPage},
    room::{Room, UnknownField},
    used_by::{is_unknown_list, lists, used_by},
};
use crate::{
    api::error::Malformed,
    text::{NAME_LENGTH, cut},
};

/// The most secrets on one page: it is asked for a hundred at most.
const MOST_SECRETS: usize = 10_000;

impl<'a> PageFrame<'a> {
    /// Reads a body up to what stands in its list.
    ///
    /// # Errors
    /// Where the body is no object, has no such list or no readable `next_cursor`.
    pub(crate) fn parse(body: &'a [u8], list: &str) -> Result<Self, Malformed> {
        let page = Object::from_body(body)?;
        page.require(list)?;
        Ok(Self { next_cursor: page.text("next_cursor")?, has_more: page.flag("has_more") })
    }
}

impl<'a> SecretPage<'a> {
    /// Reads a body.
    ///
    /// # Errors
    /// Where the frame of the page can't be read: `secrets`, `next_cursor`, or a secret without an id.
    pub(crate) fn parse(body: &'a [u8]) -> Result<Self, Malformed> {
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
    pub(crate) fn parse(body: &'a [u8], resource_type: ResourceType) -> Result<Self, Malformed> {
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
            observations: shown.observations,
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
