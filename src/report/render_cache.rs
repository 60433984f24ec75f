//! What many secrets share: a resource that uses hundreds of them looks the same below each, in every report.
//!
//! What never lives here: how it looks.

use std::{
    convert::Infallible,
    hash::{Hash, Hasher},
};

use hashbrown::{HashMap, hash_map::Entry};

/// How many bytes are remembered. What is beyond is made each time, so that a workspace in which nothing is shared needs no
/// more memory than this.
const MOST_BYTES: usize = 4 << 20;

/// What an entry takes beside what it holds, about, in bytes.
const OVERHEAD: usize = 128;

/// What was made already, by what it is made of.
pub(super) struct RenderCache<K, T> {
    known: HashMap<K, T>,
    /// One that there was no room for.
    other: Option<T>,
    room: usize,
    size: fn(&K, &T) -> usize,
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

impl<K: Eq + Hash, T> RenderCache<K, T> {
    /// Nothing is remembered yet. `size`: what an entry holds, in bytes.
    pub(super) fn new(size: fn(&K, &T) -> usize) -> Self {
        Self { known: HashMap::new(), other: None, room: MOST_BYTES, size }
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
    use proptest::{collection::vec, prelude::*, sample::select};

    use super::*;

    #[test]
    fn what_is_equal_at_another_place_is_another() {
        let (one, other) = ([String::new()], [String::new()]);
        assert!(Place(&one) == Place(&one));
        assert!(Place(&one) != Place(&other));
    }

    proptest! {
        #[test]
        fn what_is_told_is_what_would_be_made_whether_or_not_there_is_room(
            asked in vec(0..8_usize, 1..40),
            room in select(&[0, 3 * OVERHEAD, MOST_BYTES][..]),
        ) {
            let mut render_cache = RenderCache { room, ..RenderCache::new(|_, made: &String| made.len()) };
            let mut made = 0;
            for of in asked {
                let expected = "x".repeat(of);
                let told = render_cache.of(of, || { made += 1; expected.clone() });
                prop_assert_eq!(told, &expected);
                prop_assert!(render_cache.known.get(&of).is_none_or(|remembered| *remembered == expected));
            }
            let kept = render_cache.known.values().map(|made| made.len() + OVERHEAD).sum::<usize>();
            prop_assert!(kept <= room);
            if room == MOST_BYTES {
                prop_assert_eq!(made, render_cache.known.len(), "each is made once");
            }
        }
    }
}
