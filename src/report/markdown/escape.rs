//! Text from elsewhere made inert in Markdown: it shows as what it is, in code type, and is never a link, an image, a
//! mention, HTML or the end of a table cell.

use crate::text::show_hidden;

/// Text in code type, for a table cell or a line.
pub(super) fn code(text: &str) -> String {
    let shown = show_hidden(text, &[]);
    if shown.is_empty() {
        return "*(none)*".to_owned();
    }
    // A code span takes everything literally but for what ends it or the cell. Where that is at stake, HTML with
    // entities: it shows the same.
    let plain = !shown.contains(['`', '|', '\\']) && shown.trim() == shown && !shown.contains("  ");
    if plain { format!("`{shown}`") } else { html_code(&shown) }
}

/// Text in code type, also where only HTML is read. Nothing in it is Markdown: all punctuation that means anything
/// becomes an entity.
pub(super) fn html_code(text: &str) -> String {
    if text.is_empty() { "(none)".to_owned() } else { format!("<code>{}</code>", plain(text)) }
}

/// Text as part of a sentence: nothing in it is Markdown or HTML.
pub(super) fn plain(text: &str) -> String {
    let shown = show_hidden(text, &[]);
    let mut escaped = String::with_capacity(shown.len() + 16);
    for character in shown.chars() {
        if character == '@' {
            // GitHub looks for e-mail addresses once entities are read, but not across tags.
            escaped.push_str("<code>&#64;</code>");
        } else if character.is_ascii_punctuation() && !matches!(character, '-' | ',' | '(' | ')' | '/' | ';')
        {
            escaped.push_str(&format!("&#{};", u32::from(character)));
        } else {
            escaped.push(character);
        }
    }
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
        ] {
            assert_eq!(rendered(&code(name)), (name.to_owned(), 4), "{name:?}");
        }
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
