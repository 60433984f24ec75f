//! What a key looks like, and the name of a variable that holds one.

use crate::api::PREFIXES;

/// What people and their programs put around a key.
pub(super) const QUOTES: [char; 9] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '‚'];

/// Whether this can be the name of a variable that holds a key.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let in_names = |byte: u8| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit();
    !text.is_empty() && text.bytes().all(in_names)
}

/// Whether this is a key rather than what it is given for: it has the letters and digits of one as keys are now, or is 32
/// hexadecimal digits, as they once were, by itself, in quotes, or as a word.
pub(super) fn looks_like_a_key(text: &str) -> bool {
    let is_of_old = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_between = |one: char| one.is_whitespace() || matches!(one, ',' | '=') || QUOTES.contains(&one);
    text.split(is_between).any(is_of_old)
        || PREFIXES.iter().any(|prefix| {
            text.match_indices(prefix).any(|(at, _)| {
                let goes_on = text[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
                let letters = text[at + prefix.len()..].bytes().take_while(u8::is_ascii_alphanumeric);
                !goes_on && letters.count() >= SHORTEST_SECRET
            })
        })
}

/// Whether this begins as keys do. Where a place of a key belongs that is enough.
fn begins_like_a_key(text: &str) -> bool {
    text.starts_with("sk_")
}

/// Whether a key itself is given where its place belongs.
pub(crate) fn is_key(text: &str) -> bool {
    begins_like_a_key(text) || looks_like_a_key(text)
}

/// How many letters or digits a key has at least, after what all keys begin with.
const SHORTEST_SECRET: usize = 20;
