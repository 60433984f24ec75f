//! Resources that depend on secrets, each kept once.

use std::{borrow::Cow, cmp::Ordering, fmt, hash::BuildHasher, sync::Arc};

use hashbrown::{DefaultHashBuilder, HashTable};
use indexmap::IndexSet;

use crate::memory::{ALLOCATION, text};

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
    fn is_the_same_as(&self, other: &Resource<'_>) -> bool {
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

    fn into_owned(self) -> Resource<'static> {
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
    fn learn(&mut self, other: Resource<'_>) {
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

/// Where a resource stands in its [`Resources`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ResourceIndex(u32);

/// The place of each resource in the order of reports, by its index.
pub(super) struct Ranks(Vec<u32>);

impl Ranks {
    pub(super) fn of(&self, index: ResourceIndex) -> u32 {
        self.0[index.0 as usize]
    }
}

/// Where a set of ids stands in its [`Resources`]; [`ViaIndex::NONE`] is the empty one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct ViaIndex(u32);

impl ViaIndex {
    const NONE: Self = Self(u32::MAX);
}

/// Ids that a use goes through, in order, each once.
#[derive(Clone, Copy)]
pub(crate) struct Via<'a> {
    /// Where the ids stand, each in some place of `ids`.
    set: &'a [u32],
    ids: &'a IndexSet<Box<str>, DefaultHashBuilder>,
}

impl<'a> Via<'a> {
    /// The ids.
    pub(crate) fn iter(self) -> impl Iterator<Item = &'a str> {
        self.set.iter().map(move |id| &*self.ids[*id as usize])
    }

    /// Whether there is none.
    pub(crate) fn is_empty(self) -> bool {
        self.set.is_empty()
    }

    /// How many there are.
    pub(super) fn len(self) -> usize {
        self.set.len()
    }
}

impl fmt::Debug for Via<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_list().entries(self.iter()).finish()
    }
}

/// Every distinct resource of a workspace once, and every distinct set of ids that a use goes through.
///
/// A million uses are of a few thousand resources, and where they go through others, then hardly two through the same. So
/// the tables hold nothing but where each stands, and a set nothing but where its ids stand.
#[derive(Debug, Default)]
pub(super) struct Resources {
    list: Vec<Resource<'static>>,
    by_id: HashTable<ResourceIndex>,
    via_ids: IndexSet<Box<str>, DefaultHashBuilder>,
    /// The sets, one behind the other: how many ids, and where they stand.
    via_sets: Vec<u32>,
    by_via_set: HashTable<ViaIndex>,
    /// Seeded by chance, as ids come from elsewhere.
    hasher: DefaultHashBuilder,
    bytes: usize,
}

impl Resources {
    pub(super) fn intern(&mut self, resource: Resource<'_>) -> ResourceIndex {
        let Self { list, by_id, hasher, bytes, .. } = self;
        let hash = |resource: &Resource<'_>| match &*resource.id {
            "" => hasher.hash_one(resource),
            id => hasher.hash_one((&resource.dependent_type, id)),
        };
        let stored = |index: &ResourceIndex| index.0 as usize;
        let known = by_id.find(hash(&resource), |index| list[stored(index)].is_the_same_as(&resource));
        if let Some(&index) = known {
            let known = &mut list[stored(&index)];
            *bytes -= known.bytes();
            known.learn(resource);
            *bytes += known.bytes();
            return index;
        }
        let index = ResourceIndex(index_of(list.len()));
        by_id.insert_unique(hash(&resource), index, |index| hash(&list[stored(index)]));
        let resource = resource.into_owned();
        // A list that grows is up to twice as long as what is in it.
        *bytes += resource.bytes() + size_of_val(&resource) + 4 * size_of::<ResourceIndex>();
        list.push(resource);
        index
    }

    /// What all of them take, in bytes.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// The place of each resource in the order of reports.
    pub(super) fn ranks(&self) -> Ranks {
        let mut in_order: Vec<usize> = (0..self.list.len()).collect();
        in_order.sort_unstable_by(|a, b| self.list[*a].order(&self.list[*b]));
        let mut ranks = vec![0; self.list.len()];
        for (rank, position) in in_order.into_iter().enumerate() {
            ranks[position] = index_of(rank);
        }
        Ranks(ranks)
    }

    pub(super) fn get(&self, index: ResourceIndex) -> &Resource<'static> {
        &self.list[index.0 as usize]
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Resource<'static>> {
        self.list.iter()
    }

    pub(super) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Resource<'static>> {
        self.list.iter_mut()
    }

    pub(super) fn intern_via(&mut self, ids: &[impl AsRef<str>]) -> ViaIndex {
        let mut ids: Vec<&str> = ids.iter().map(AsRef::as_ref).collect();
        ids.sort_unstable();
        ids.dedup();
        let set = ids.into_iter().map(|id| match self.via_ids.get_index_of(id) {
            Some(known) => index_of(known),
            None => {
                self.bytes += text(id) + 4 * size_of::<usize>();
                index_of(self.via_ids.insert_full(id.into()).0)
            }
        });
        let set: Vec<u32> = set.collect();
        self.intern_via_set(&set)
    }

    fn intern_via_set(&mut self, set: &[u32]) -> ViaIndex {
        if set.is_empty() {
            return ViaIndex::NONE;
        }
        let Self { via_sets, by_via_set, hasher, bytes, .. } = self;
        let hash = hasher.hash_one(set);
        if let Some(&known) = by_via_set.find(hash, |index| via_set(via_sets, *index) == set) {
            return known;
        }
        let index = ViaIndex(index_of(via_sets.len()));
        by_via_set.insert_unique(hash, index, |index| hasher.hash_one(via_set(via_sets, *index)));
        via_sets.push(index_of(set.len()));
        via_sets.extend_from_slice(set);
        *bytes += 2 * size_of_val(set) + 6 * size_of::<ViaIndex>();
        index
    }

    /// All that any of these sets has. Made in one go: each set that is made stays.
    pub(super) fn unite_via(&mut self, sets: &[ViaIndex]) -> ViaIndex {
        let mut distinct: Vec<ViaIndex> = sets.iter().copied().filter(|set| *set != ViaIndex::NONE).collect();
        distinct.sort_unstable();
        distinct.dedup();
        match distinct.as_slice() {
            [] => ViaIndex::NONE,
            [only] => *only,
            several => {
                let mut set: Vec<u32> =
                    several.iter().flat_map(|set| via_set(&self.via_sets, *set)).copied().collect();
                set.sort_unstable_by_key(|id| &self.via_ids[*id as usize]);
                set.dedup();
                self.intern_via_set(&set)
            }
        }
    }

    pub(super) fn via(&self, index: ViaIndex) -> Via<'_> {
        Via { set: via_set(&self.via_sets, index), ids: &self.via_ids }
    }
}

fn via_set(sets: &[u32], index: ViaIndex) -> &[u32] {
    let (length, rest) = sets.get(index.0 as usize..).and_then(<[_]>::split_first).unwrap_or((&0, &[]));
    &rest[..*length as usize]
}

/// Four billion resources don't fit into the memory bound, so saturation is never reached.
fn index_of(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX - 1)
}
