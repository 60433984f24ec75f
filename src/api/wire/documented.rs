//! Pages that are just as the document has them, which nearly all are, read in one go. `None` for any other, even one
//! that only has a field more: that is read piece by piece, with a doubt for whatever is odd about it.
//!
//! What is read here comes out the same as there, which a property test holds.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::{
    DependenciesPage, HasMore, ListName, ListedSecret, ResourceType, SecretPage,
    dependent::{Identifier, Shown, named_by},
    json::{self, FromObject, Text},
    room::Room,
};
use crate::{
    inventory::DependentType,
    text::{NAME_LENGTH, cut},
};

/// `GetWorkspaceSecretsResponseModel`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Page<'a> {
    #[serde(borrow)]
    secrets: Vec<FromObject<Secret<'a>>>,
    #[serde(borrow)]
    next_cursor: Option<Text<'a>>,
}

/// `ConvAIWorkspaceStoredSecretConfig`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Secret<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<Text<'a>>,
    #[serde(borrow)]
    secret_id: Text<'a>,
    #[serde(borrow)]
    name: Text<'a>,
    #[serde(borrow)]
    used_by: FromObject<UsedBy<'a>>,
    #[serde(borrow)]
    access_info: Option<FromObject<AccessInfo<'a>>>,
}

/// `ResourceAccessInfo`, as far as it is of use.
#[derive(Deserialize)]
struct AccessInfo<'a> {
    #[serde(borrow)]
    access_source: Option<Text<'a>>,
}

/// `ConvAIStoredSecretDependencies`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UsedBy<'a> {
    #[serde(borrow)]
    tools: Vec<FromObject<Identifier<'a>>>,
    #[serde(default)]
    tools_has_more: Flag,
    #[serde(borrow)]
    agents: Vec<FromObject<Identifier<'a>>>,
    #[serde(default)]
    agents_has_more: Flag,
    #[serde(borrow, default)]
    phone_numbers: Vec<FromObject<Identifier<'a>>>,
    #[serde(default)]
    phone_numbers_has_more: Flag,
    #[serde(borrow, default)]
    mcp_servers: Vec<FromObject<Identifier<'a>>>,
    #[serde(borrow)]
    others: Vec<Text<'a>>,
}

/// A page of dependents of one kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Dependencies<'a> {
    #[serde(borrow)]
    dependencies: Vec<FromObject<Identifier<'a>>>,
    #[serde(borrow)]
    next_cursor: Option<Text<'a>>,
}

/// A flag that is absent or says yes or no. (`null` says neither.)
#[derive(Default)]
enum Flag {
    #[default]
    Absent,
    Says(bool),
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        bool::deserialize(deserializer).map(Self::Says)
    }
}

impl From<Flag> for HasMore {
    fn from(flag: Flag) -> Self {
        match flag {
            Flag::Absent => Self::Absent,
            Flag::Says(false) => Self::No,
            Flag::Says(true) => Self::Yes,
        }
    }
}

/// The most values of a body that is read in one go, which takes room for all of them at once. Nearly all have far fewer.
const MOST_VALUES: usize = 100_000;

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    if memchr::memchr_iter(b',', body).count() > MOST_VALUES {
        return None;
    }
    let FromObject(page) = json::parse(std::str::from_utf8(body).ok()?).ok()?;
    Some(page)
}

/// A page of secrets.
pub(super) fn secret_page(body: &[u8]) -> Option<SecretPage<'_>> {
    let page: Page<'_> = parse(body)?;
    let mut room = Room::default();
    Some(SecretPage {
        secrets: page.secrets.into_iter().map(|secret| listed(secret.0, &mut room)).collect::<Option<_>>()?,
        next_cursor: page.next_cursor.map(|cursor| cursor.0),
        has_more: HasMore::Absent,
        unknown_fields: Vec::new(),
    })
}

/// A page of dependents.
pub(super) fn dependencies_page(body: &[u8], resource_type: ResourceType) -> Option<DependenciesPage<'_>> {
    let page: Dependencies<'_> = parse(body)?;
    let shown = shown(page.dependencies, &ListName::Pageable(resource_type), &mut Room::default())?;
    Some(DependenciesPage {
        observations: shown.observations,
        shown: shown.count,
        without_id: shown.without_id,
        next_cursor: page.next_cursor.map(|cursor| cursor.0),
        has_more: HasMore::Absent,
        unknown_fields: Vec::new(),
    })
}

fn listed<'a>(secret: Secret<'a>, room: &mut Room) -> Option<ListedSecret<'a>> {
    let is_stored = matches!(secret.kind, None | Some(Text(Cow::Borrowed("stored"))));
    if !is_stored || secret.secret_id.0.is_empty() || secret.secret_id.0.len() > NAME_LENGTH {
        return None;
    }
    let FromObject(used_by) = secret.used_by;
    let mut list = |name: ListName, elements, flag: Flag| {
        Some(shown(elements, &name, room)?.list(name, flag.into(), None))
    };
    let mut lists = vec![
        list(ListName::Pageable(ResourceType::Tools), used_by.tools, used_by.tools_has_more)?,
        list(ListName::Pageable(ResourceType::Agents), used_by.agents, used_by.agents_has_more)?,
        list(
            ListName::Pageable(ResourceType::PhoneNumbers),
            used_by.phone_numbers,
            used_by.phone_numbers_has_more,
        )?,
        list(ListName::McpServers, used_by.mcp_servers, Flag::Absent)?,
    ];
    let mut others = Shown::default();
    for word in used_by.others {
        if !others.push(named_by(DependentType::Other, word), room) {
            return None;
        }
    }
    lists.push(others.list(ListName::Others, HasMore::Absent, None));
    Some(ListedSecret {
        id: secret.secret_id.0,
        name: Some(cut(secret.name.0, NAME_LENGTH)),
        lists,
        access_source: secret
            .access_info
            .and_then(|info| info.0.access_source)
            .map(|source| cut(source.0, NAME_LENGTH).into_owned()),
        unknown_fields: Vec::new(),
    })
}

fn shown<'a>(
    elements: Vec<FromObject<Identifier<'a>>>,
    list: &ListName,
    room: &mut Room,
) -> Option<Shown<'a>> {
    let (mut shown, dependent_type) = (Shown::default(), list.dependent_type());
    for FromObject(element) in elements {
        let is_read = element.has_id() && shown.push(element.observation(dependent_type.clone()), room);
        if !is_read {
            return None;
        }
    }
    Some(shown)
}
