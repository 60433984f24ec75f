//! A small hash that is the same on every machine and in every build.
//!
//! What it makes is published (request ids, ids of the demo), so the standard library's hasher won't do: its
//! algorithm may change with the compiler. Nothing here protects anything.

/// FNV-1a over the parts, each ended by a byte that UTF-8 never holds, so that `["ab", "c"]` differs from
/// `["a", "bc"]`.
pub(super) fn of<'a>(parts: impl IntoIterator<Item = &'a str>) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for part in parts {
        for byte in part.bytes().chain([0xff]) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    mixed(hash)
}

/// Spreads neighbours apart (the last step of splitmix64); one to one.
pub(super) fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}
