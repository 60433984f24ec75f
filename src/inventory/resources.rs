//! Every distinct resource of a workspace once, and what uses go through.

use std::{fmt, hash::BuildHasher};

use hashbrown::{DefaultHashBuilder, HashTable};
use indexmap::IndexSet;

use super::resource::Resource;
use crate::memory::text;

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
