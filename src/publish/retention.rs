//! Which bundles are removed after a new one is in place.

use chrono::{DateTime, Utc};

use super::chain::Predecessor;
use crate::{audit::days_between, bundle::Manifest};

/// Which bundles are kept. The newest always is, and so are the newest of all secrets and the newest complete one, which
/// the next audit builds on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Retention {
    /// All.
    #[default]
    All,
    /// So many, the new one included.
    Bundles(usize),
    /// Those of the last so many days: the difference of UTC dates is at most this.
    Days(u32),
}

/// The bundles to remove, of those that are there beside the new one, which began at `now`. They come oldest first.
pub(super) fn to_prune(
    retention: Retention,
    there: Vec<Predecessor>,
    new_is_full: bool,
    new_is_complete: bool,
    now: DateTime<Utc>,
) -> Vec<Predecessor> {
    let too_many = match retention {
        Retention::All => return Vec::new(),
        Retention::Bundles(keep) => (there.len() + 1).saturating_sub(keep),
        Retention::Days(_) => there.len(),
    };
    let newest = |wanted: fn(&Manifest) -> bool| {
        there.iter().rev().find(|one| wanted(&one.manifest)).map(|one| one.bundle.run.clone())
    };
    let full = newest(Manifest::is_full).filter(|_| !new_is_full);
    let complete = newest(|manifest| manifest.is_full() && manifest.complete)
        .filter(|_| !(new_is_full && new_is_complete));
    let is_needed =
        |one: &Predecessor| [&full, &complete].into_iter().flatten().any(|run| *run == one.bundle.run);
    let is_too_old = |one: &Predecessor| match retention {
        Retention::Days(days) => days_between(one.bundle.started_at, now) > days,
        Retention::All | Retention::Bundles(_) => true,
    };
    there.into_iter().take(too_many).filter(|one| is_too_old(one) && !is_needed(one)).collect()
}
