//! What depends on secrets.

use std::{borrow::Cow, cmp::Ordering, sync::Arc};

use crate::memory::ALLOCATION;

/// What a dependent is, as the column `dependent_type` names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(from = "String", into = "String")]
pub enum DependentType {
    /// An agent.
    Agent,
    /// An environment variable of the workspace.
    EnvironmentVariable,
    /// An MCP server.
    McpServer,
    /// A use that the API names by a word only, such as `conversation_initiation_webhook`.
    Other,
    /// A phone number.
    PhoneNumber,
    /// A setting of the workspace, whose id is its path in the JSON.
    Setting,
    /// A speech engine.
    SpeechEngine,
    /// A tool of an agent.
    Tool,
    /// A kind this program has never heard of, by the name of its list in the JSON.
    Unrecognized(Arc<str>),
}

impl DependentType {
    /// The kinds that this program knows.
    pub(crate) const KNOWN: [Self; 8] = [
        Self::Tool,
        Self::Agent,
        Self::PhoneNumber,
        Self::McpServer,
        Self::Other,
        Self::EnvironmentVariable,
        Self::SpeechEngine,
        Self::Setting,
    ];

    /// The kind that a list of this name under `used_by` holds, which this program doesn't know.
    pub fn unrecognized(list: &str) -> Self {
        let is_taken = Self::KNOWN.iter().any(|kind| kind.as_str() == list);
        // Reports have one word for each kind, and are read back.
        Self::Unrecognized(if is_taken { format!("used_by.{list}").into() } else { list.into() })
    }

    /// The kind that reports have this word for.
    pub(crate) fn of_word(word: &str) -> Self {
        let known = Self::KNOWN.into_iter().find(|kind| kind.as_str() == word);
        known.unwrap_or_else(|| Self::Unrecognized(word.into()))
    }

    /// What its name takes, in bytes, where it is one of its own.
    pub fn bytes(&self) -> usize {
        match self {
            Self::Unrecognized(list) => list.len() + ALLOCATION,
            _ => 0,
        }
    }

    /// The word for it in reports.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Tool => "tool",
            Self::Agent => "agent",
            Self::PhoneNumber => "phone_number",
            Self::McpServer => "mcp_server",
            Self::Other => "other",
            Self::EnvironmentVariable => "environment_variable",
            Self::SpeechEngine => "speech_engine",
            Self::Setting => "setting",
            Self::Unrecognized(list) => list,
        }
    }
}

impl From<String> for DependentType {
    fn from(word: String) -> Self {
        Self::of_word(&word)
    }
}

impl From<DependentType> for String {
    fn from(dependent_type: DependentType) -> Self {
        dependent_type.as_str().to_owned()
    }
}

/// Whether the key may see more of a dependent than its id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Visibility {
    /// It exists and uses the secret, but only its id is shown.
    Unknown,
    /// Its name and the rest are shown.
    Available,
}

impl Visibility {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Unknown, Self::Available];

    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Available => "available",
        }
    }
}

/// Something that can use a secret. Fields that its kind doesn't have, or that the API left out, are `None`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Resource<'a> {
    /// What it is.
    pub dependent_type: DependentType,
    /// Its id; empty where the API showed a use without one.
    pub id: Cow<'a, str>,
    /// Its name; of a phone number its label.
    pub name: Option<Cow<'a, str>>,
    /// Whether more than the id is shown.
    pub visibility: Visibility,
    /// What the key's user may do with it, in the API's words.
    pub access_level: Option<Cow<'a, str>>,
    /// The telephony provider of a phone number.
    pub provider: Option<Cow<'a, str>>,
    /// The number of a phone number.
    pub phone_number: Option<Cow<'a, str>>,
    /// When it was made, in seconds since 1970 (UTC).
    pub created_at_unix_secs: Option<i64>,
}

impl<'a> Resource<'a> {
    /// A resource of which only its kind and id are known.
    pub fn unknown(dependent_type: DependentType, id: impl Into<Cow<'a, str>>) -> Self {
        Self {
            dependent_type,
            id: id.into(),
            name: None,
            visibility: Visibility::Unknown,
            access_level: None,
            provider: None,
            phone_number: None,
            created_at_unix_secs: None,
        }
    }

    /// The order of reports: by type, name and id as they show, then by all the rest, so that it is total.
    pub(super) fn order(&self, other: &Self) -> Ordering {
        fn shown<'a>(resource: &'a Resource<'_>) -> (&'a str, &'a str, &'a str) {
            (resource.dependent_type.as_str(), resource.name.as_deref().unwrap_or_default(), &resource.id)
        }
        shown(self).cmp(&shown(other)).then_with(|| self.cmp(other))
    }

    /// Whether both are tellings of one resource: by type and id. Without an id, only what looks the same in all else is
    /// taken for the same.
    pub(super) fn is_the_same_as(&self, other: &Resource<'_>) -> bool {
        self.dependent_type == other.dependent_type
            && self.id == other.id
            && (!self.id.is_empty() || self == other)
    }

    /// The same, borrowed.
    pub fn borrowed(&self) -> Resource<'_> {
        fn borrowed<'b>(text: &'b Option<Cow<'_, str>>) -> Option<Cow<'b, str>> {
            text.as_deref().map(Cow::Borrowed)
        }
        Resource {
            dependent_type: self.dependent_type.clone(),
            id: Cow::Borrowed(&self.id),
            name: borrowed(&self.name),
            visibility: self.visibility,
            access_level: borrowed(&self.access_level),
            provider: borrowed(&self.provider),
            phone_number: borrowed(&self.phone_number),
            created_at_unix_secs: self.created_at_unix_secs,
        }
    }

    /// What it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let others = [&self.name, &self.access_level, &self.provider, &self.phone_number];
        let texts = others.into_iter().flatten().chain([&self.id]);
        self.dependent_type.bytes()
            + size_of::<Self>()
            + texts.map(|text| text.len() + ALLOCATION).sum::<usize>()
    }

    pub(super) fn into_owned(self) -> Resource<'static> {
        let owned = |text: Option<Cow<'a, str>>| text.map(|text| Cow::Owned(text.into_owned()));
        Resource {
            dependent_type: self.dependent_type,
            id: Cow::Owned(self.id.into_owned()),
            name: owned(self.name),
            visibility: self.visibility,
            access_level: owned(self.access_level),
            provider: owned(self.provider),
            phone_number: owned(self.phone_number),
            created_at_unix_secs: self.created_at_unix_secs,
        }
    }
}

impl Resource<'static> {
    /// Adds what another telling of the same resource knows. Answers come back in any order, so where two
    /// tellings differ the choice depends on what they say and never on which came first.
    pub(super) fn learn(&mut self, other: Resource<'_>) {
        fn keep_least(known: &mut Option<Cow<'static, str>>, told: Option<Cow<'_, str>>) {
            if let Some(told) = told
                && known.as_deref().is_none_or(|known| *told < *known)
            {
                *known = Some(Cow::Owned(told.into_owned()));
            }
        }
        self.visibility = self.visibility.max(other.visibility);
        keep_least(&mut self.name, other.name);
        keep_least(&mut self.access_level, other.access_level);
        keep_least(&mut self.provider, other.provider);
        keep_least(&mut self.phone_number, other.phone_number);
        self.created_at_unix_secs = match (self.created_at_unix_secs, other.created_at_unix_secs) {
            (Some(known), Some(told)) => Some(known.min(told)),
            (known, told) => known.or(told),
        };
    }
}
