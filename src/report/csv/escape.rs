//! Text from elsewhere in a cell that no spreadsheet runs as a formula.

use std::borrow::Cow;

/// What separates cells or rows, in a file of this program's or for whoever opens it with another delimiter than it was
/// written with: there a cell falls apart at these.
pub(super) const SEPARATORS: [char; 6] = [',', ';', '\t', '|', '\n', '\r'];

/// A cell that no spreadsheet runs as a formula, nor any part of it where the cell falls apart: each part that would be
/// run gets an apostrophe in front, and so does each that begins with one, so that it can be told from the cell's own.
pub(super) fn without_formulas(cell: &str) -> Cow<'_, str> {
    let is_number = |digits: &str| !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // A plus sign and digits, as in a telephone number, are no formula.
    if cell.strip_prefix('+').is_some_and(is_number) {
        return Cow::Borrowed(cell);
    }
    let needs_apostrophe = |start: usize, part: &str| {
        (start == 0 && part.starts_with(['\t', '\r', '\n'])) || part.starts_with('\'') || would_be_run(part)
    };
    let mut escaped = String::new();
    let (mut start, mut copied) = (0, 0);
    for part in cell.split_inclusive(SEPARATORS) {
        if needs_apostrophe(start, part) {
            escaped.push_str(&cell[copied..start]);
            escaped.push('\'');
            copied = start;
        }
        start += part.len();
    }
    if escaped.is_empty() {
        return Cow::Borrowed(cell);
    }
    escaped.push_str(&cell[copied..]);
    Cow::Owned(escaped)
}

/// Whether a spreadsheet would run this. Blanks in front don't keep every one from it, and quotes are gone once the part
/// is taken for a cell.
fn would_be_run(part: &str) -> bool {
    let leads = ['=', '+', '-', '@', '＝', '＋', '－', '＠', '﹢', '﹣', '﹦', '﹫', '−'];
    part.trim_start_matches([' ', '"']).starts_with(leads)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_wherever_a_cell_falls_apart_and_telephone_numbers_are_not() {
        for (cell, escaped) in [
            ("=1+1", "'=1+1"),
            ("+1+1", "'+1+1"),
            ("+", "'+"),
            ("-1", "'-1"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("\t=1", "'\t'=1"),
            ("\rx", "'\rx"),
            ("'quoted", "''quoted"),
            ("＝1", "'＝1"),
            ("﹦1", "'﹦1"),
            ("−1", "'−1"),
            (" =1", "' =1"),
            ("\"=1", "'\"=1"),
            (";=1+1;", ";'=1+1;"),
            ("a;\"=1", "a;'\"=1"),
            ("a| +1|-2", "a|' +1|'-2"),
            ("a\n=1,@x\t'y", "a\n'=1,'@x\t''y"),
            ("+1;+2", "'+1;'+2"),
            ("=cmd|'/C calc'!A0", "'=cmd|''/C calc'!A0"),
        ] {
            assert_eq!(without_formulas(cell), escaped);
        }
        for plain in ["", "a=1", "+15550100", "1+1", "a;b", "a - b", "stripe-key", "it's; so"] {
            assert_eq!(without_formulas(plain), plain);
        }
    }
}
