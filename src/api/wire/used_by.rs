//! `used_by`: its lists, those that the document knows and any other.

use std::collections::{BTreeSet, HashMap};

use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::{
    dependent::{MOST_UNKNOWN_NAMES, Room, Shown, is_void},
    json::{Object, flag},
};
use crate::{
    api::error::Malformed,
    inventory::{DependentType, Sighting},
    text::{cut, hexadecimal},
};

/// So much of the name of a list is kept, in bytes. Of a longer one, a hash tells it from others.
const LIST_NAME_LENGTH: usize = 16 * 1024;

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
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
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
    /// One that the document doesn't know.
    fn unrecognized(name: &str) -> Self {
        Self::Unrecognized(match name.len() <= LIST_NAME_LENGTH {
            true => name.to_owned(),
            false => {
                let hash = hexadecimal(&Sha256::digest(name)[..8]);
                format!("{}{hash}", cut(name.into(), LIST_NAME_LENGTH))
            }
        })
    }

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

    /// The lists that the document knows.
    #[must_use]
    pub fn known() -> [Self; 5] {
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
    /// Its elements. Of several without an id that look the same, one.
    pub sightings: Vec<Sighting<'a>>,
    /// How many elements it shows.
    pub shown: usize,
    /// How many of them have no id that can be read.
    pub without_id: usize,
    /// Whether the server says that there are more.
    pub has_more: HasMore,
    /// Why the list can't be relied on, whatever it shows.
    pub problem: Option<String>,
}

impl DependentList<'_> {
    /// What may tell of uses, and can't be read.
    pub(super) fn doubt(name: &str, problem: String) -> Self {
        Self {
            name: ListName::unrecognized(name),
            sightings: Vec::new(),
            shown: 0,
            without_id: 0,
            has_more: HasMore::Absent,
            problem: Some(problem),
        }
    }
}

/// All fields of `used_by`, and what is wrong with it as a whole. Standing twice, each counts.
pub(super) fn used_by<'a>(secret: &Object<'a>) -> (Object<'a>, Option<Malformed>) {
    let mut problem = secret.require("used_by").err();
    let mut fields = Object::default();
    for value in secret.all("used_by") {
        match Object::parse(value.get(), "the field used_by") {
            Ok(used_by) => fields.extend(used_by),
            Err(unreadable) => problem = problem.or(Some(unreadable)),
        }
    }
    (fields, problem)
}

/// Every list of it, known or not.
pub(super) fn lists<'a>(used_by: &Object<'a>, room: &mut Room) -> Vec<DependentList<'a>> {
    let by_name = used_by.by_name();
    let all = |name: &str| by_name.get(name).map_or(&[][..], Vec::as_slice);
    let mut lists: Vec<_> = ListName::known()
        .into_iter()
        .map(|name| known_list(used_by, all(name.as_str()), name, room))
        .collect();
    let is_known = |stem: &&str| ListName::known().iter().any(|known| known.as_str() == *stem);
    let unknown: BTreeSet<&str> =
        by_name.keys().map(|field| stem(field)).filter(|stem| !is_known(stem)).collect();
    let flags: HashMap<&str, &[&RawValue]> = by_name
        .iter()
        .filter_map(|(field, values)| Some((field.strip_suffix(HAS_MORE)?, values.as_slice())))
        .collect();
    for field in unknown {
        if !room.takes_name() {
            let problem = format!(
                "the answer has more than {MOST_UNKNOWN_NAMES} names that this program does not know"
            );
            lists.push(DependentList::doubt("used_by", problem));
            break;
        }
        let flags = flags.get(field).copied().unwrap_or_default();
        lists.push(unknown_list(field, all(field), flags, room));
    }
    lists
}

const HAS_MORE: &str = "_has_more";

/// The list that a flag speaks of; of anything else, itself.
fn stem(field: &str) -> &str {
    field.strip_suffix(HAS_MORE).unwrap_or(field)
}

fn known_list<'a>(
    used_by: &Object<'a>,
    values: &[&'a RawValue],
    name: ListName,
    room: &mut Room,
) -> DependentList<'a> {
    let field = name.as_str();
    let mut problem = match used_by.get(field) {
        Ok(None) if !values.is_empty() => Some(Malformed(format!("{field} is null"))),
        Ok(None) if name.is_required() => Some(Malformed(format!("{field} is missing"))),
        Ok(_) => None,
        Err(problem) => Some(problem),
    };
    let mut shown = Shown::default();
    for value in values.iter().filter(|value| value.get() != "null") {
        if let Err(unreadable) = shown.add(&name, value, room) {
            problem = problem.or(Some(unreadable));
        }
    }
    let has_more = used_by.flag(&format!("{field}{HAS_MORE}"));
    shown.list(name, has_more, problem.map(|problem| problem.to_string()))
}

/// A list that the document doesn't know. Anything in it is a use; a text, a number or a flag may tell of uses, so that
/// it is a doubt unless it says that there is none.
fn unknown_list<'a>(
    field: &str,
    values: &[&'a RawValue],
    flags: &[&'a RawValue],
    room: &mut Room,
) -> DependentList<'a> {
    let name = ListName::unrecognized(field);
    let (mut shown, mut problem) = (Shown::default(), None);
    // Standing twice, each counts: nothing that is present is left out.
    for value in values.iter().filter(|value| !is_void(value)) {
        let doubt = match value.get().as_bytes() {
            [b'[' | b'{', ..] => shown.add_unrecognized(&name, value, room).err(),
            _ => Some(Malformed(
                "it is unknown to this program, and may say that something uses the secret".to_owned(),
            )),
        };
        problem = problem.or(doubt);
    }
    let has_more = match flag(flags.iter().copied()) {
        HasMore::Yes if flags.iter().all(|flag| is_void(flag)) => HasMore::No,
        has_more => has_more,
    };
    shown.list(name, has_more, problem.map(|problem| problem.to_string()))
}

/// Whether a field of `used_by` is, or speaks of, a list that the document doesn't know.
pub(super) fn is_unknown_list(field: &str) -> bool {
    !ListName::known().iter().any(|known| known.as_str() == stem(field))
}
