//! What can be said of text that doesn't depend on where it lands. Escaping for a format lives with that format.

use std::borrow::Cow;

use icu_properties::{
    CodePointMapData, CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory},
};

/// What shows as a gap though no property of Unicode says so: the braille pattern without a dot, the blanks of
/// hieroglyphs, the filler of Khitan, the null notehead. The only list that is kept by hand.
const BLANK_GLYPHS: [char; 5] = ['\u{2800}', '\u{13441}', '\u{13442}', '\u{16FE4}', '\u{1D159}'];

/// Whether a character shows as nothing or as a gap, moves the cursor, or changes the order in which its neighbours show:
/// controls, format characters, separators, and all else that Unicode calls `Default_Ignorable_Code_Point`. Of what is
/// blank only the space (U+0020) is what it seems.
pub fn is_hidden(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    matches!(
        CodePointMapData::<GeneralCategory>::new().get(character),
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::SpaceSeparator
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
    ) || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
        || BLANK_GLYPHS.contains(&character)
}

/// The text with its hidden characters shown, as `\u{…}`, but for those to `keep`.
pub fn show_hidden<'a>(text: &'a str, keep: &[char]) -> Cow<'a, str> {
    let hidden = |character: char| is_hidden(character) && !keep.contains(&character);
    // Most text is plain, and that is seen many bytes at a time.
    let is_plain = text.bytes().fold(true, |plain, byte| plain & matches!(byte, b' '..=b'~'));
    if is_plain || !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if hidden(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The longest name, id or label that is kept, in bytes: far beyond what the API takes, and what many of them may cost.
pub(crate) const NAME_LENGTH: usize = 128 * 1024;

/// At most so many bytes of a text. Where it is cut it ends with an ellipsis.
pub fn cut(text: Cow<'_, str>, length: usize) -> Cow<'_, str> {
    if text.len() <= length {
        return text;
    }
    Cow::Owned(format!("{}…", &text[..text.floor_char_boundary(length)]))
}

/// Bytes in hexadecimal, as `sha256sum` shows them.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A count with its noun: `1 secret`, `2 secrets`.
pub fn count(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Items as a sentence has them: `a`, `a and b`, `a, b and c`.
pub(crate) fn sentence_list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_are_told_from_visible_ones() {
        let controls = ['\0', '\n', '\u{1b}', '\u{7f}', '\u{85}', '\u{9b}', '\u{2028}', '\u{2029}'];
        let bidirectional =
            ['\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202e}', '\u{2066}', '\u{2069}'];
        let zero_width = ['\u{ad}', '\u{200b}', '\u{200d}', '\u{2060}', '\u{fe0f}', '\u{feff}', '\u{1d173}'];
        let fillers_and_tags = ['\u{115f}', '\u{3164}', '\u{ffa0}', '\u{fff0}', '\u{e0041}', '\u{e01ef}'];
        let spaces = ['\u{a0}', '\u{1680}', '\u{2000}', '\u{200a}', '\u{202f}', '\u{205f}', '\u{3000}'];
        let blank = ['\u{2800}', '\u{17b4}', '\u{16fe4}', '\u{1d159}', '\u{13441}', '\u{fff9}', '\u{13430}'];
        for hidden in
            [&controls[..], &bidirectional, &zero_width, &fillers_and_tags, &spaces, &blank].concat()
        {
            assert!(is_hidden(hidden), "{hidden:?}");
        }
        for visible in ['a', ' ', 'é', '\u{301}', '日', '🔑', '|', '=', '\u{2801}', '\u{2423}', '\u{1039}']
        {
            assert!(!is_hidden(visible), "{visible:?}");
        }
    }

    #[test]
    fn hidden_characters_are_shown_but_for_those_to_keep() {
        assert_eq!(show_hidden("a\u{1b}[2J\u{202e}\u{200b}b", &[]), "a\\u{1b}[2J\\u{202e}\\u{200b}b");
        assert_eq!(show_hidden("one\ntwo\0", &['\n']), "one\ntwo\\u{0}");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_marked() {
        assert_eq!(cut("abc".into(), 3), "abc");
        assert_eq!(cut("abcd".into(), 3), "abc…");
        assert_eq!(cut("aéé".into(), 4), "aé…");
    }

    #[test]
    fn counts_and_lists_read_as_english() {
        assert_eq!(count(1, "secret", "secrets"), "1 secret");
        assert_eq!(count(0, "secret", "secrets"), "0 secrets");
        let items = ["a", "b", "c"].map(str::to_owned);
        assert_eq!(sentence_list(&items), "a, b and c");
        assert_eq!(sentence_list(&items[..2]), "a and b");
        assert_eq!(sentence_list(&[]), "");
    }
}
