//! Text from elsewhere made inert in Markdown: it shows as what it is, in code type, and is never a link, an image, a
//! mention, HTML, a template or the end of a table cell. That holds for every renderer, also for one that passes on as HTML
//! what stands between our own tags.

use crate::text::show_hidden;

/// What a code span can't hold: what ends it, the cell or its code type (in a formula), and what is HTML or a template to
/// those who don't look for code spans first.
const NOT_IN_CODE_SPANS: [char; 9] = ['`', '|', '\\', '<', '>', '&', '{', '}', '$'];

/// What begins a link or a footnote. It would be literal in a code span; those who don't know these see none either.
const LINKS: [&str; 5] = ["](", "][", "]:", "[[", "[^"];

/// Text in code type, for a table cell or a line: a code span where it can be one, as that is easy to read without a
/// renderer too.
pub(super) fn code(text: &str) -> String {
    let shown = show_hidden(text, &[]);
    if shown.is_empty() {
        return "*(none)*".to_owned();
    }
    let is_literal = !shown.contains(NOT_IN_CODE_SPANS)
        && !LINKS.iter().any(|link| shown.contains(link))
        && shown.trim() == shown
        && !shown.contains("  ");
    if is_literal { format!("`{shown}`") } else { html_code(&shown) }
}

/// Text in code type, also where only HTML is read. Nothing in it is Markdown: all punctuation that means anything
/// becomes a numeric character reference.
pub(super) fn html_code(text: &str) -> String {
    if text.is_empty() {
        return "(none)".to_owned();
    }
    let shown = show_hidden(text, &[]);
    let mut escaped = String::with_capacity(shown.len() + 32);
    escaped.push_str("<code>");
    for character in shown.chars() {
        if character == '@' {
            // GitHub looks for e-mail addresses once references are read, but not across tags.
            escaped.push_str("<code>&#64;</code>");
        } else if character.is_ascii_punctuation() && !matches!(character, '-' | ',' | '(' | ')' | '/' | ';')
        {
            escaped.push_str(&format!("&#{};", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
    escaped.push_str("</code>");
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use pulldown_cmark::{Event, Options, Parser, Tag};

    use super::*;

    /// What a reader of a table with this one cell sees of it, and the number of cells.
    fn rendered(cell: &str) -> (String, usize) {
        let table = format!("| a | b |\n|:--|:--|\n| {cell} | end |\n");
        let (mut text, mut cells) = (String::new(), 0);
        for event in Parser::new_ext(&table, Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH) {
            match event {
                Event::Start(Tag::TableCell) => cells += 1,
                Event::Text(piece) | Event::Code(piece) if cells == 3 => text.push_str(&piece),
                Event::InlineHtml(tag) => assert!(["<code>", "</code>"].contains(&&*tag), "{tag}"),
                Event::Html(html) => panic!("HTML {html:?} from {cell:?}"),
                Event::Start(Tag::Link { .. } | Tag::Image { .. }) => panic!("active: {cell:?}"),
                _ => {}
            }
        }
        (text, cells)
    }

    #[test]
    fn hostile_names_show_as_what_they_are() {
        for name in [
            "a|b",
            r"a\|b",
            r"\",
            "`code`",
            "a`|`b",
            "[x](http://x)",
            "![x](y)",
            "<img src=x onerror=alert(1)>",
            "**bold** _it_ ~~no~~",
            "&amp; &#124;",
            " padded ",
            "two  spaces",
            "https://example.com www.example.com a@b.c @team #12",
            "<!-- -->",
            "a|b@example.com",
            "{{ config }} {% raw %} {: onclick=x}",
            "$x$ ${x}",
            "[[wiki]] [^1] [x]: y",
            "[audit] partial_view = \"accept\"",
        ] {
            assert_eq!(rendered(&code(name)), (name.to_owned(), 4), "{name:?}");
        }
    }

    #[test]
    fn what_is_html_or_a_template_to_some_is_never_in_a_code_span() {
        for name in ["a<b", "a>b", "a&b", "{{a}}", "a$b", "[x](y)", "[[x]]", "a`b", "a|b", "a\\b"] {
            let written = code(name);
            let within =
                written.strip_prefix("<code>").and_then(|rest| rest.strip_suffix("</code>")).unwrap();
            assert!(!within.contains(['<', '>', '{', '$', '[', '`', '|', '\\']), "{written}");
        }
        assert_eq!(code("stripe_key.v2 (O'Malley's)"), "`stripe_key.v2 (O'Malley's)`");
        assert_eq!(code("https://example.com"), "`https://example.com`");
    }

    #[test]
    fn an_address_is_no_link_even_to_who_reads_entities_first() {
        assert_eq!(html_code("a|b@c"), "<code>a&#124;b<code>&#64;</code>c</code>");
        assert_eq!(html_code(""), "(none)");
    }

    #[test]
    fn hidden_characters_are_shown() {
        assert_eq!(rendered(&code("a\nb\u{202e}")).0, "a\\u{a}b\\u{202e}");
    }

    proptest! {
        #[test]
        fn any_text_is_one_cell_and_shows_as_itself(text in "\\PC{1,40}") {
            let (shown, cells) = rendered(&code(&text));
            prop_assert_eq!(cells, 4);
            // Spaces at the ends of a cell don't show in any form of HTML.
            let expected = show_hidden(&text, &[]);
            prop_assert_eq!(shown.trim(), expected.trim());
        }
    }
}
