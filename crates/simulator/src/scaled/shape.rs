//! How big a workspace is, and how many dependents each secret has: none, a few, many, very many.
//!
//! All in whole numbers, so that no machine rounds otherwise than another.

use crate::world::Secret;

/// How big a workspace is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Scale {
    /// How many secrets there are.
    pub secrets: usize,
    /// How many dependents a secret has on average, environment variables and the like included. A used secret has at
    /// least one, however small this is.
    pub dependents_per_secret: usize,
    /// Tells workspaces apart: those with different numbers have no key, secret or resource in common.
    pub workspace: usize,
    /// How many agents have a document; where it isn't zero, all that `used_by` lets the key see at the least. With them
    /// come the documents of the tools.
    pub agents: usize,
    /// How many branches each of these has besides the main one. About a fifth of them is archived.
    pub branches_per_agent: usize,
}

/// A secret in the making.
pub(super) struct Draft {
    pub(super) secret: Secret,
    /// How many dependents it is to have.
    pub(super) size: usize,
    /// How many of these it has already.
    pub(super) held: usize,
}

/// Millionths.
const ALL: u64 = 1_000_000;
/// The secrets that nothing uses: one in twenty.
const UNUSED: u64 = 50_000;
/// From there to here: those with one dependent.
const SINGLE: u64 = 60_000;
/// From there to here: those with short lists.
const SHORT: u64 = 650_000;
/// From there to here: those with lists that the lowest limit cuts. The rest has very long ones.
const MEDIUM: u64 = 900_000;

/// The last two of a workspace that isn't small are used nearly everywhere.
const HUBS: usize = 2;
/// As a weight, in thousandths of the mean.
const HUB: u64 = 30_000;
/// The fewest secrets of a workspace with hubs.
const NOT_SMALL: usize = 100;

/// The secrets' numbers of dependents, in ascending order, `total` together (or one for each secret that is used, where
/// that is more).
pub(super) fn sizes(secrets: usize, total: usize) -> Vec<usize> {
    let is_hub = |rank| secrets >= NOT_SMALL && rank + HUBS >= secrets;
    let weights: Vec<u64> =
        (0..secrets).map(|rank| if is_hub(rank) { HUB } else { weight(share(rank, secrets)) }).collect();
    let sum = weights.iter().sum::<u64>().max(1);
    let sized = weights.iter().enumerate().map(|(rank, weight)| {
        if share(rank, secrets) < UNUSED {
            return 0;
        }
        usize::try_from(total as u64 * weight / sum).unwrap_or_default().max(1)
    });
    let mut sizes: Vec<usize> = sized.collect();
    settle(&mut sizes, total);
    sizes
}

/// How many secrets have exactly one dependent and stand first of those that are used: the positions.
pub(super) fn singles(secrets: usize) -> std::ops::Range<usize> {
    let first = |bound| (0..secrets).find(|rank| share(*rank, secrets) >= bound).unwrap_or(secrets);
    first(UNUSED)..first(SINGLE)
}

/// Where a secret stands between the least and the most used, in millionths.
fn share(rank: usize, secrets: usize) -> u64 {
    (2 * rank as u64 + 1) * (ALL / 2) / (secrets as u64).max(1)
}

/// The number of dependents at this place, in thousandths of the mean (roughly: [`sizes`] makes it exact).
fn weight(share: u64) -> u64 {
    match share {
        ..SINGLE => 0,
        SINGLE..SHORT => {
            let (place, length) = (share - SINGLE, SHORT - SINGLE);
            20 + 330 * place * place / (length * length)
        }
        SHORT..MEDIUM => 350 + 950 * (share - SHORT) / (MEDIUM - SHORT),
        MEDIUM.. => {
            let place = share - MEDIUM;
            2_000 + 18 * place * place * place / 1_000_000_000_000
        }
    }
}

/// Gives to those that have most what rounding took, or takes from them what it gave.
fn settle(sizes: &mut [usize], total: usize) {
    let mut given: usize = sizes.iter().sum();
    loop {
        let before = given;
        for size in sizes.iter_mut().rev().filter(|size| **size > 1) {
            if given < total {
                *size += 1;
                given += 1;
            } else if given > total {
                *size -= 1;
                given -= 1;
            }
        }
        if given == before {
            return;
        }
    }
}
