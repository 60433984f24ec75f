//! Ids and times of the demo: they look like real ones and are the same in every build.

use crate::hash;

/// The digits of a ULID, in the lower case that the platform writes.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// 2024-01-08T08:00:00Z
const FIRST: u64 = 1_704_700_800;
/// Up to 2026-09-30: the demo has no dependents from the future.
const SPAN: u64 = 86_050_000;

/// When the thing with this number of this kind was made: unix seconds in 2024 to 2026, in no order.
pub(crate) fn created_at(kind: &str, number: usize) -> i64 {
    seconds(kind, number).cast_signed()
}

/// A number that looks drawn, below this bound.
pub(super) fn below(bound: u64, what: &str, number: usize) -> u64 {
    hash::of([what, &number.to_string()]) % bound.max(1)
}

fn seconds(kind: &str, number: usize) -> u64 {
    FIRST + hash::of([kind, "created at", &number.to_string()]) % SPAN
}

/// An id like `agent_01jqv7m3x2…`: after the kind a ULID, which begins with the time.
pub(crate) fn id(kind: &str, number: usize) -> String {
    let draw = |what: &str| u128::from(hash::of([kind, what, &number.to_string()]));
    let milliseconds = u128::from(seconds(kind, number)) * 1_000 + draw("milliseconds") % 1_000;
    let ulid = (milliseconds << 80) | (((draw("high") << 64) | draw("low")) & ((1 << 80) - 1));
    let digits = (0..26_u32).rev().map(|place| {
        let digit = usize::try_from((ulid >> (5 * place)) & 31).unwrap_or_default();
        char::from(DIGITS.get(digit).copied().unwrap_or(b'0'))
    });
    format!("{kind}_{}", digits.collect::<String>())
}
