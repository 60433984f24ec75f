//! A list of dependents: which it is, what it shows, and whether it says that there is more.

use sha2::{Digest as _, Sha256};

use crate::{
    inventory::{DependentType, Observation},
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
pub(crate) enum ListName {
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
    pub(super) fn unrecognized(name: &str) -> Self {
        Self::Unrecognized(match name.len() <= LIST_NAME_LENGTH {
            true => name.to_owned(),
            false => {
                let hash = hexadecimal(&Sha256::digest(name)[..8]);
                format!("{}{hash}", cut(name.into(), LIST_NAME_LENGTH))
            }
        })
    }

    /// Its name in the JSON.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::Pageable(resource_type) => resource_type.as_str(),
            Self::McpServers => "mcp_servers",
            Self::Others => "others",
            Self::Unrecognized(name) => name,
        }
    }

    /// What its elements are.
    pub(crate) fn dependent_type(&self) -> DependentType {
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
    pub(super) fn is_required(&self) -> bool {
        matches!(self, Self::Pageable(ResourceType::Tools | ResourceType::Agents) | Self::Others)
    }

    /// The lists that the document knows.
    pub(crate) fn known() -> [Self; 5] {
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
pub(crate) enum HasMore {
    /// There is no such flag.
    Absent,
    /// It is `false`.
    No,
    /// It is anything but `false`: what cannot be understood is no promise that the list is whole.
    Yes,
}

/// One list of a secret's dependents, as far as the answer shows it.
#[derive(Debug, PartialEq)]
pub(crate) struct DependentList<'a> {
    /// Which list.
    pub name: ListName,
    /// Its elements. Of several without an id that look the same, one.
    pub observations: Vec<Observation<'a>>,
    /// How many elements it shows.
    pub shown: usize,
    /// How many of them have no id that can be read.
    pub(crate) without_id: usize,
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
            observations: Vec::new(),
            shown: 0,
            without_id: 0,
            has_more: HasMore::Absent,
            problem: Some(problem),
        }
    }
}
