//! Which bundles are removed after a new one is in place.

use std::collections::BTreeSet;

use super::chain::Predecessor;
use crate::{
    audit::{Audit, AuditedWorkspace, days_between},
    bundle::{Manifest, ReadPolicy},
};

/// Which bundles are kept. The newest always is, and so are those that the next audit builds on: of those that hold the newest of
/// all secrets, the newest complete one, and of each workspace the newest that read it whole. One that doesn't hold always is: it is
/// the evidence of that, and for no program to remove. One that was made by a clock that was off
/// is none of these, and takes no other's place. What `latest` named until now stays for one night more: somebody may be
/// reading it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Retention {
    /// All.
    #[default]
    All,
    /// So many, the new one included.
    Bundles(usize),
    /// Those of the last so many days: the difference of UTC dates is at most this.
    Days(u32),
}

/// The bundles to remove, of those that are there beside the new one, which is that of this audit. They come in the order in
/// which they were published.
pub(super) fn to_prune<'a>(
    retention: Retention,
    there: Vec<Predecessor<'a>>,
    latest: Option<&str>,
    audit: &Audit,
    read_policy: &ReadPolicy,
) -> Vec<Predecessor<'a>> {
    let (now, new_is_full) = (audit.run.began(), audit.filter().is_none());
    let too_many = match retention {
        Retention::All => return Vec::new(),
        Retention::Bundles(keep) => first_of(&there, keep.saturating_sub(1)),
        Retention::Days(_) => there.len(),
    };
    let newest = |wanted: &dyn Fn(&Manifest) -> bool| {
        there
            .iter()
            .rev()
            .find(|one| wanted(one.manifest) && one.holds(read_policy))
            .map(|one| one.bundle.run.clone())
    };
    let full = newest(&Manifest::is_base).filter(|_| !new_is_full);
    let complete = newest(&|manifest| manifest.is_base() && manifest.complete)
        .filter(|_| !(new_is_full && audit.is_complete()));
    let failed = audit.failed.iter().map(|failed| failed.name.as_str());
    let not_whole = audit.workspaces.iter().filter(|workspace| !(new_is_full && workspace.is_complete()));
    let not_whole = not_whole.map(AuditedWorkspace::name).chain(failed);
    let of_each =
        not_whole.filter_map(|name| newest(&|manifest| manifest.is_base() && manifest.read_whole(name)));
    let needed: BTreeSet<String> = full.into_iter().chain(complete).chain(of_each).collect();
    let is_needed =
        |one: &Predecessor<'_>| needed.contains(&one.bundle.run) || latest == Some(&one.bundle.run);
    let is_too_old = |one: &Predecessor<'_>| match retention {
        Retention::Days(days) => days_between(one.bundle.began(one.manifest), now) > days,
        Retention::All | Retention::Bundles(_) => true,
    };
    let old = there.into_iter().take(too_many).filter(|one| is_too_old(one) && !is_needed(one));
    old.filter(|one| {
        let holds = one.holds(read_policy);
        if !holds {
            tracing::warn!(
                "the bundle {} is no longer kept, and is not removed, as it does not hold: look at it with verify, and move it \
                 elsewhere",
                one.bundle.path.display()
            );
        }
        holds
    })
    .collect()
}

/// The position of the first of the last so many bundles; those by a clock that was off are not counted.
fn first_of(there: &[Predecessor<'_>], last: usize) -> usize {
    let counted = || there.iter().enumerate().rev().filter(|(_, one)| !one.manifest.clock_off);
    match last.checked_sub(1) {
        None => there.len(),
        Some(others) => counted().nth(others).map_or(0, |(position, _)| position),
    }
}
