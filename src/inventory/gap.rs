//! What was not read whole, and why: as facts. Reports alone have words for them (`report::reasons`).

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{DependentType, Source};

/// Something that was not read whole, and why.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Gap {
    /// What.
    pub what: Missing,
    /// Why.
    pub why: Why,
}

impl Gap {
    /// That this was not read whole, and why.
    pub fn new(what: Missing, why: impl Into<Why>) -> Self {
        Self { what, why: why.into() }
    }
}

// The names of both are those of `report.json`, and their order is that of reports.

/// What was not read whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum Missing {
    /// The list of a secret's dependents of one type.
    List {
        /// Which, in the words of `dependents`.
        #[serde(rename = "type")]
        #[schemars(with = "String")]
        dependent_type: DependentType,
    },
    /// Further such lists, of types that this program does not know.
    FurtherLists,
    /// A secret, read once more by itself.
    Confirmation,
    /// A field of secrets that this program does not know.
    Field {
        /// Its name.
        name: String,
    },
    /// Further pages or fields of the list of secrets.
    FurtherPages,
    /// The list of secrets.
    Secrets,
    /// The list of secrets, walked once more.
    SecretsOnceMore,
    /// A page of the list of secrets at the higher limit.
    Page {
        /// Which, from 1.
        page: u32,
        /// The limit.
        limit: u32,
    },
    /// What the last complete audit saw.
    LastAudit,
    /// A secret that was not listed.
    Secret {
        /// Its id.
        secret_id: String,
        /// Whether something refers to it. If not, the last complete audit listed it.
        is_referred_to: bool,
    },
    /// A place that can hold the id of a secret.
    Place {
        /// Which, in the words of `sources`, where its status says why.
        #[schemars(with = "String")]
        source: Source,
    },
    /// What the key may not see.
    View,
    /// What only an earlier report says, in its words.
    #[serde(skip)]
    Told(String),
}

/// Why something was not read whole.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// What was said, and what to do about it, in words.
    Told(String),
    /// The list says that it has more than this limit.
    Cut(u32),
    /// The list is as long as this limit, with no flag to say whether it was cut.
    AsLongAsLimit(u32),
    /// The list says that it has more, and paged to its end it shows nothing.
    Contradictory,
    /// There is this doubt about the list, and paging it failed with this error.
    RestNotRead(Box<Self>, String),
    /// There is this doubt about the list, and for this reason not all MCP servers were read, which would settle it.
    ServersNotRead(Box<Self>, Box<Self>),
    /// There is this doubt about the list, and it shows MCP servers that the key cannot list.
    ServersHidden(Box<Self>),
    /// There are more than the so many that are told.
    MoreThan(usize),
    /// It showed something new in each of so many walks.
    Shifting(u32),
    /// The ids of secrets are such that they cannot be searched for.
    UnsearchableIds,
    /// The earlier `report.json` cannot be read, for this error.
    EarlierReport(String),
    /// The time that the run may take passed before.
    Deadline,
    /// It is listed, and not found by itself; and asking for its dependents failed with this error, if it did.
    NotFoundByItself(Option<String>),
    /// It is not found by itself, and neither is any other secret.
    NoneByItself,
    /// Nothing asked for it.
    NotAsked,
    /// The operator did not want it read.
    SwitchedOff,
    /// An audit with `deep = "never"` does not read it.
    #[serde(skip)]
    NotPartOfThisAudit,
    /// This and so many other signs tell of something that the key may not see.
    #[serde(skip)]
    Hidden(String, usize),
    /// So many lists are not whole.
    #[serde(skip)]
    Lists(usize),
    /// So many secrets could not be read by themselves.
    #[serde(skip)]
    Secrets(usize),
    /// Each of these.
    #[serde(skip)]
    Gaps(Vec<Gap>),
}

impl From<String> for Why {
    fn from(words: String) -> Self {
        Self::Told(words)
    }
}

impl Why {
    /// Looks at each text from elsewhere in it, and may change it.
    pub(crate) fn each_text(&mut self, visit: &mut impl FnMut(&mut String)) {
        match self {
            Self::RestNotRead(doubt, error) => {
                doubt.each_text(visit);
                visit(error);
            }
            Self::ServersNotRead(doubt, servers) => {
                [doubt, servers].into_iter().for_each(|why| why.each_text(visit))
            }
            Self::ServersHidden(doubt) => doubt.each_text(visit),
            Self::Gaps(gaps) => gaps.iter_mut().for_each(|gap| gap.why.each_text(visit)),
            Self::Told(text)
            | Self::EarlierReport(text)
            | Self::NotFoundByItself(Some(text))
            | Self::Hidden(text, _) => visit(text),
            _ => {}
        }
    }
}
