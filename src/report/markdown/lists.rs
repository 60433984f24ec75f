//! Lists that may be cut.

use std::fmt::Write as _;

/// Appends pieces while the whole text stays within `room` bytes. How many did.
pub(super) fn fill(text: &mut String, room: usize, pieces: impl Iterator<Item = String>) -> usize {
    let mut shown = 0;
    for piece in pieces {
        if text.len() + piece.len() > room {
            break;
        }
        text.push_str(&piece);
        shown += 1;
    }
    shown
}

/// Counts what is left out, and says where it is.
pub(super) fn leave_out(text: &mut String, left_out: usize, one: &str, many: &str, place: &str) {
    if left_out > 0 {
        let what = if left_out == 1 { one } else { many };
        let _ = writeln!(text, "*… and {left_out} more {what}, left out here for length; see {place}.*\n");
    }
}
