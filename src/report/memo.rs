//! What many secrets share: a resource that uses hundreds of them looks the same below each, in every report.
//!
//! What never lives here: how it looks.

use std::{
    borrow::Borrow,
    convert::Infallible,
    hash::{Hash, Hasher},
};

use hashbrown::{HashMap, hash_map::Entry};

use crate::{
    audit::Discrepancy,
    inventory::{Dependent, Relation, Resource, Sources},
};

/// How many bytes are remembered. What is beyond is made each time, so that a workspace in which nothing is shared needs no
/// more memory than this.
const MOST_BYTES: usize = 4 << 20;

/// What an entry takes beside what it holds, about, in bytes.
const OVERHEAD: usize = 128;

/// What was made already, by what it is made of.
pub(super) struct Memo<K, T> {
    known: HashMap<K, T>,
    /// One that there was no room for.
    other: Option<T>,
    room: usize,
    size: fn(&K, &T) -> usize,
}

/// All that the look of a dependent comes from. What is kept once is known by its place.
#[derive(PartialEq, Eq, Hash)]
pub(super) struct Look<'a> {
    resource: Place<'a, Resource<'static>>,
    via: Place<'a, [String]>,
    relation: Relation,
    sources: Sources,
    discrepancy: Option<Discrepancy>,
}

/// Something that is kept once, known by its place.
pub(super) struct Place<'a, T: ?Sized>(pub(super) &'a T);

impl<T: ?Sized> PartialEq for Place<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

impl<T: ?Sized> Eq for Place<'_, T> {}

impl<T: ?Sized> Hash for Place<'_, T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        std::ptr::hash(self.0, state);
    }
}

impl<'a> Look<'a> {
    /// How this dependent looks.
    pub(super) fn of(dependent: Dependent<'a>, discrepancy: Option<Discrepancy>) -> Self {
        let Dependent { resource, relation, via, sources } = dependent;
        Self { resource: Place(resource), via: Place(via), relation, sources, discrepancy }
    }
}

impl<K: Eq + Hash, T> Memo<K, T> {
    /// Nothing is remembered yet. `size`: what an entry holds, in bytes.
    pub(super) fn new(size: fn(&K, &T) -> usize) -> Self {
        Self { known: HashMap::new(), other: None, room: MOST_BYTES, size }
    }

    /// Makes room for other things.
    pub(super) fn forget(&mut self) {
        self.known.clear();
        self.room = MOST_BYTES;
    }

    /// What was made of this, where it is remembered.
    pub(super) fn get<Q: Eq + Hash + ?Sized>(&self, of: &Q) -> Option<&T>
    where
        K: Borrow<Q>,
    {
        self.known.get(of)
    }

    /// What is made of this; `make` is only called where it isn't remembered.
    pub(super) fn of(&mut self, of: K, make: impl FnOnce() -> T) -> &T {
        let Ok(made) = self.get_or_make(of, || Ok::<_, Infallible>(make()));
        made
    }

    /// The same, where making may fail.
    ///
    /// # Errors
    /// Where that fails.
    pub(super) fn get_or_make<E>(&mut self, of: K, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        match self.known.entry(of) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(new) => {
                let made = make()?;
                match self.room.checked_sub((self.size)(new.key(), &made) + OVERHEAD) {
                    Some(room) => {
                        self.room = room;
                        Ok(new.insert(made))
                    }
                    None => Ok(self.other.insert(made)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;
    use crate::inventory::{DependentType, Secret, Sighting, Source, Workspace};

    type Use = (&'static str, bool, Option<&'static str>, Source);

    /// Few enough of each that most come again.
    fn any_use() -> impl Strategy<Value = Use> {
        let via = select(&[None, Some("tool_1"), Some("tool_2")][..]);
        let source = select(&[Source::Preview, Source::Dependencies, Source::Agents][..]);
        (select(&["agent_1", "agent_2"][..]), any::<bool>(), via, source)
    }

    /// A workspace in which each secret is used so.
    fn workspace(uses: &[Use]) -> Workspace {
        let mut workspace = Workspace::default();
        for (number, (id, is_transitive, via, source)) in uses.iter().enumerate() {
            workspace.secrets.push(Secret::new(number.to_string(), "name"));
            let sighting = Sighting {
                resource: Resource::unknown(DependentType::Agent, *id),
                relation: if *is_transitive { Relation::Transitive } else { Relation::Direct },
                via: via.map(Cow::Borrowed).into_iter().collect(),
            };
            workspace.record(number, *source, [sighting]);
        }
        workspace
    }

    proptest! {
        #[test]
        fn a_row_is_the_one_that_would_be_made_whether_or_not_there_is_room(
            uses in vec(any_use(), 1..40),
            discrepancies in vec(select(&[None, Some(Discrepancy::MissingFromUsedBy)][..]), 40),
            room in select(&[0, 3 * OVERHEAD, MOST_BYTES][..]),
        ) {
            let workspace = workspace(&uses);
            let mut memo = Memo { room, ..Memo::new(|_, row: &String| row.len()) };
            let mut made = 0;
            let dependents = workspace.secrets.iter().flat_map(|secret| workspace.dependents(secret));
            for (dependent, discrepancy) in dependents.zip(discrepancies) {
                let row = || format!("{dependent:?} {discrepancy:?}");
                let look = Look::of(dependent, discrepancy);
                let known = memo.get_or_make(look, || Ok::<_, Infallible>({ made += 1; row() }));
                prop_assert_eq!(known, Ok(&row()));
                let remembered = memo.get(&Look::of(dependent, discrepancy));
                prop_assert!(remembered.is_none_or(|remembered| *remembered == row()));
            }
            let kept = memo.known.values().map(|row| row.len() + OVERHEAD).sum::<usize>();
            prop_assert!(kept <= room);
            if room == MOST_BYTES {
                prop_assert_eq!(made, memo.known.len(), "each is made once");
            }
        }
    }
}
