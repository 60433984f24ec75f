//! Pages that are just as the document has them, which nearly all are, read in one go. `None` for any other, even one
//! that only has a field more: that is read piece by piece, with a doubt for whatever is odd about it.
//!
//! What is read here comes out the same as there, which a property test holds.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer};

use super::{
    DependenciesPage, DependentList, HasMore, ListName, ListedSecret, ResourceType, SecretPage,
    dependent::{Identifier, named_by},
    json::{FromObject, Text},
};
use crate::inventory::{DependentType, Sighting};

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

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Option<T> {
    let FromObject(page) = serde_json::from_str(std::str::from_utf8(body).ok()?).ok()?;
    Some(page)
}

/// A page of secrets.
pub(super) fn secret_page(body: &[u8]) -> Option<SecretPage<'_>> {
    let page: Page<'_> = parse(body)?;
    Some(SecretPage {
        secrets: page.secrets.into_iter().map(|secret| listed(secret.0)).collect::<Option<_>>()?,
        next_cursor: page.next_cursor.map(|cursor| cursor.0),
        has_more: HasMore::Absent,
        unknown_fields: Vec::new(),
    })
}

/// A page of dependents.
pub(super) fn dependencies_page(body: &[u8], resource_type: ResourceType) -> Option<DependenciesPage<'_>> {
    let page: Dependencies<'_> = parse(body)?;
    Some(DependenciesPage {
        sightings: sightings(page.dependencies, &ListName::Pageable(resource_type).dependent_type())?,
        next_cursor: page.next_cursor.map(|cursor| cursor.0),
        has_more: HasMore::Absent,
        unknown_fields: Vec::new(),
    })
}

fn listed(secret: Secret<'_>) -> Option<ListedSecret<'_>> {
    let is_stored = matches!(secret.kind, None | Some(Text(Cow::Borrowed("stored"))));
    if !is_stored || secret.secret_id.0.is_empty() {
        return None;
    }
    let FromObject(used_by) = secret.used_by;
    let list = |name: ListName, elements, flag: Flag| {
        let sightings = sightings(elements, &name.dependent_type())?;
        Some(DependentList { name, sightings, has_more: flag.into(), problem: None })
    };
    let others = used_by.others.into_iter().map(|word| named_by(DependentType::Other, word));
    Some(ListedSecret {
        id: secret.secret_id.0,
        name: Some(secret.name.0),
        lists: vec![
            list(ListName::Pageable(ResourceType::Tools), used_by.tools, used_by.tools_has_more)?,
            list(ListName::Pageable(ResourceType::Agents), used_by.agents, used_by.agents_has_more)?,
            list(
                ListName::Pageable(ResourceType::PhoneNumbers),
                used_by.phone_numbers,
                used_by.phone_numbers_has_more,
            )?,
            list(ListName::McpServers, used_by.mcp_servers, Flag::Absent)?,
            DependentList {
                name: ListName::Others,
                sightings: others.collect(),
                has_more: HasMore::Absent,
                problem: None,
            },
        ],
        access_source: secret
            .access_info
            .and_then(|info| info.0.access_source)
            .map(|source| source.0.into_owned()),
        unknown_fields: Vec::new(),
    })
}

fn sightings<'a>(
    elements: Vec<FromObject<Identifier<'a>>>,
    dependent_type: &DependentType,
) -> Option<Vec<Sighting<'a>>> {
    let sighting = |element: FromObject<Identifier<'a>>| {
        element.0.has_id().then(|| element.0.sighting(dependent_type.clone()))
    };
    elements.into_iter().map(sighting).collect()
}
