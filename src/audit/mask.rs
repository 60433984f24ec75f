//! How a telephone number is found in text, how it is made unreadable, and whether two texts differ in nothing else.

use std::borrow::Cow;

/// From how many digits on a run of digits is taken for a telephone number, in the label of one or after a plus sign:
/// the shortest numbers that can be called from elsewhere have seven.
pub(super) const FEWEST_DIGITS: usize = 7;
/// How many characters of a number stay at its beginning, and at its end.
const STAY: (usize, usize) = (2, 3);

/// The digits of a text.
pub(super) fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The first two and the last three characters; of five or fewer, none.
pub(super) fn masked(number: &str) -> String {
    let length = number.chars().count();
    let (first, last) = STAY;
    let shown = |position: usize| length > first + last && (position < first || position + last >= length);
    number.chars().enumerate().map(|(position, one)| if shown(position) { one } else { '*' }).collect()
}

/// Whether two texts are the same, one of which may come from an audit that was redacted while the other was not.
pub(super) fn are_the_same(one: &str, other: &str) -> bool {
    one == other || is_masked(one, other) || is_masked(other, one)
}

/// Whether `masked` is `text` with numbers masked in it.
fn is_masked(masked: &str, text: &str) -> bool {
    let [masked, text] = [masked, text].map(|text| text.chars().collect::<Vec<char>>());
    if masked.len() != text.len() {
        return false;
    }
    let (first, last) = STAY;
    let mut at = 0;
    while at < masked.len() {
        if masked[at] == text[at] {
            at += 1;
            continue;
        }
        let end = at + masked[at..].iter().take_while(|one| **one == '*').count();
        // As many characters as stay are the same on both sides, and it is a number that they belong to.
        if end == at || at < first || end + last > masked.len() {
            return false;
        }
        let whole = at - first..end + last;
        let is_number = text[whole.clone()].iter().all(|one| *one == '+' || is_in_number(*one))
            && text[whole].iter().filter(|one| one.is_ascii_digit()).count() >= FEWEST_DIGITS;
        if !is_number || masked[end..end + last] != text[end..end + last] {
            return false;
        }
        at = end;
    }
    true
}

/// Whether a character is a digit, or what people put between those of a number.
fn is_in_number(one: char) -> bool {
    one.is_ascii_digit() || matches!(one, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}')
}

/// Masks each run of digits, with what people put between them, that is a number.
pub(super) fn mask_runs<'t>(text: &'t str, is_number: impl Fn(&str) -> bool) -> Cow<'t, str> {
    let mut masked_text = String::new();
    let mut copied = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if !(first.is_ascii_digit() || first == '+') {
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some((at, one)) = rest.next_if(|(_, one)| is_in_number(*one)) {
            if one.is_ascii_digit() {
                end = at + 1;
            }
        }
        let run = &text[start..end];
        if is_number(run) {
            masked_text.push_str(&text[copied..start]);
            masked_text.push_str(&masked(run));
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked_text.push_str(&text[copied..]);
    Cow::Owned(masked_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_masked_number_is_the_same_as_the_number_and_as_nothing_else() {
        for (masked, text) in [("+1****100", "+15550100"), ("a +1************199 b", "a +1 (555) 010-0199 b")]
        {
            assert!(are_the_same(masked, text) && are_the_same(text, masked) && are_the_same(text, text));
        }
        for (one, other) in [
            ("+1****100", "+15550101"),
            ("+1****100", "+155550100"),
            ("12**345", "1298346"),
            ("12*345", "129345"),
            ("a *", "a 1"),
            ("a", "b"),
        ] {
            assert!(!are_the_same(one, other) && !are_the_same(other, one), "{one} {other}");
        }
    }
}
