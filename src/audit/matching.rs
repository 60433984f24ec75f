//! Which dependents a secret gained and lost, found while those of the earlier audit come one by one.

use std::{cell::Cell, collections::HashMap};

use super::{AuditedSecret, DependentName, changes::MOST_DEPENDENTS_NAMED};
use crate::inventory::{Dependent, Source, Sources};

/// What an earlier audit says of one dependent.
#[derive(Clone, Copy, Debug)]
pub(crate) struct EarlierDependent<'e> {
    /// What it is, in the word that reports have for it.
    pub dependent_type: &'e str,
    /// The name; empty where none is known.
    pub name: &'e str,
    /// The id.
    pub id: &'e str,
    /// What told of it.
    pub sources: Sources,
}

/// What only a deep audit reads.
const DEEP: [Source; 2] = [Source::Tools, Source::Agents];

/// Whether only a deep audit can see what these told of.
pub(super) fn is_deep_only(told: Sources) -> bool {
    told.are_within(&DEEP)
}

/// Which dependents a secret gained and lost. One without an id can't be told from another, so it is neither. What only a
/// deep audit can see is compared between two deep ones only.
pub(super) struct Matching<'a> {
    /// Those of now that the earlier ones have not reached yet, as long as both come in the same order and are the same.
    ahead: Box<dyn Iterator<Item = Dependent<'a>> + 'a>,
    reached: usize,
    /// Since they were not: every one of now by type and id, and whether it was there then.
    by_key: Option<HashMap<Key<'a>, Cell<bool>>>,
    lost: First,
}

/// A type, in the word that reports have for it, and an id.
type Key<'a> = (&'a str, &'a str);

impl<'a> Matching<'a> {
    pub(super) fn of(now: AuditedSecret<'a>) -> Self {
        Self { ahead: Box::new(with_id(now)), reached: 0, by_key: None, lost: First::default() }
    }

    pub(super) fn take(&mut self, now: AuditedSecret<'a>, earlier: EarlierDependent<'_>, compare_deep: bool) {
        if earlier.id.is_empty() {
            return;
        }
        let key_then = (earlier.dependent_type, earlier.id);
        if self.by_key.is_none() {
            if self.ahead.next().is_some_and(|dependent| key(dependent) == key_then) {
                self.reached += 1;
                return;
            }
            self.leave_order(now);
        }
        match self.by_key.as_ref().and_then(|by_key| by_key.get(&key_then)) {
            Some(was_there) => was_there.set(true),
            None if compare_deep || !is_deep_only(earlier.sources) => self.lost.add(DependentName {
                dependent_type: earlier.dependent_type.to_owned(),
                name: earlier.name.to_owned(),
                id: earlier.id.to_owned(),
            }),
            None => {}
        }
    }

    fn leave_order(&mut self, now: AuditedSecret<'a>) {
        let mut by_key: HashMap<_, Cell<bool>> = HashMap::new();
        for (at, dependent) in with_id(now).enumerate() {
            let was_there = by_key.entry(key(dependent)).or_default();
            was_there.set(was_there.get() || at < self.reached);
        }
        self.by_key = Some(by_key);
    }

    /// What the secret gained, and what it lost.
    pub(super) fn finish(mut self, now: AuditedSecret<'a>, compare_deep: bool) -> (First, First) {
        let mut gained = First::default();
        if self.by_key.is_none() {
            if self.ahead.next().is_none() {
                return (gained, self.lost);
            }
            self.leave_order(now);
        }
        let by_key = self.by_key.unwrap_or_default();
        for dependent in with_id(now) {
            let was_there = by_key.get(&key(dependent)).is_some_and(Cell::get);
            if !was_there && (compare_deep || !is_deep_only(dependent.sources)) {
                let (dependent_type, id) = key(dependent);
                let name = dependent.resource.name.as_deref().unwrap_or_default();
                gained.add(DependentName {
                    dependent_type: dependent_type.to_owned(),
                    name: name.to_owned(),
                    id: id.to_owned(),
                });
            }
        }
        (gained, self.lost)
    }
}

fn with_id(secret: AuditedSecret<'_>) -> impl Iterator<Item = Dependent<'_>> {
    secret.dependents().filter(|dependent| !dependent.resource.id.is_empty())
}

fn key(dependent: Dependent<'_>) -> Key<'_> {
    (dependent.resource.dependent_type.as_str(), &dependent.resource.id)
}

/// How many there are, and the first of them, sorted.
#[derive(Default)]
pub(super) struct First {
    pub(super) number: usize,
    pub(super) names: Vec<DependentName>,
}

impl First {
    fn add(&mut self, name: DependentName) {
        self.number += 1;
        let at = self.names.partition_point(|known| *known <= name);
        if at < MOST_DEPENDENTS_NAMED {
            self.names.insert(at, name);
            self.names.truncate(MOST_DEPENDENTS_NAMED);
        }
    }
}
