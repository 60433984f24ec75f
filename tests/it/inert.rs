//! Reading a format back, to see that names are data in it and nothing more. Each of these knows the format, not how
//! this program escapes for it.

use elevenlabs_secrets_audit::text::is_hidden;
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd, TextMergeWithOffset};
use scraper::{Html, Node};

/// The HTML that a report may hold.
const TAGS: [&str; 6] = ["<details>", "</details>", "<summary>", "</summary>", "<code>", "</code>"];

/// What makes a spreadsheet run a cell, at its beginning.
const FORMULA_LEADS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// The rows of a CSV file, the header first. Every row has as many cells, no cell would be run, and nothing hidden is
/// in any but what quotes hold. Whoever opens the file with another delimiter runs nothing either.
pub(crate) fn csv_rows(bytes: &[u8], delimiter: u8) -> Vec<Vec<String>> {
    let is_number = |cell: &str| {
        cell.len() > 1 && cell[1..].bytes().all(|byte| byte.is_ascii_digit()) && cell.starts_with('+')
    };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(false).delimiter(delimiter).from_reader(bytes);
    let rows: Vec<Vec<String>> =
        reader.records().map(|row| row.unwrap().iter().map(str::to_owned).collect()).collect();
    for cell in rows.iter().flatten() {
        assert!(!cell.starts_with(FORMULA_LEADS) || is_number(cell), "would be run: {cell:?}");
        assert!(!cell.contains(|it| is_hidden(it) && !matches!(it, '\n' | '\r' | '\t')), "hidden: {cell:?}");
    }
    for other in b",;\t|".iter().filter(|other| **other != delimiter) {
        for piece in taken_apart(bytes, *other) {
            let piece = piece.trim_start_matches([' ', '"', '\t']);
            assert!(!piece.starts_with(FORMULA_LEADS), "would be run: {piece:?}");
        }
    }
    rows
}

/// What a file falls apart into with a delimiter that it was not written with: by the rules of quotes, and by none.
fn taken_apart(bytes: &[u8], delimiter: u8) -> Vec<String> {
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let records: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    let quoted = records.iter().flatten().map(str::to_owned);
    let plain = std::str::from_utf8(bytes).unwrap();
    quoted.chain(plain.split([char::from(delimiter), '\r', '\n']).map(str::to_owned)).collect()
}

/// What a cell stands for: without the apostrophe in front of it or of any part of it, and what is shown as `\u{…}` as
/// it is.
pub(crate) fn unescaped(cell: &str) -> String {
    let parts = cell.split_inclusive([',', ';', '\t', '|', '\n', '\r']);
    let cell: String = parts.map(|part| part.strip_prefix('\'').unwrap_or(part)).collect();
    let mut pieces = cell.split("\\u{");
    let mut text = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let (number, rest) = piece.split_once('}').unwrap();
        text.push(u32::from_str_radix(number, 16).ok().and_then(char::from_u32).unwrap());
        text.push_str(rest);
    }
    text
}

/// The rows of each table of a Markdown file, headers first, as a reader sees them. Every row has the cells of its
/// header, nothing is a link or an image, and there is no HTML but what a report writes itself.
pub(crate) fn markdown_tables(markdown: &str) -> Vec<Vec<Vec<String>>> {
    assert!(!markdown.contains(|it| is_hidden(it) && it != '\n'), "something hidden");
    let (mut tables, mut open): (Vec<Vec<Vec<String>>>, Vec<String>) = (Vec::new(), Vec::new());
    let mut in_cell = false;
    let extensions = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_FOOTNOTES
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_GFM;
    let parser = Parser::new_ext(markdown, extensions).into_offset_iter();
    for (event, range) in TextMergeWithOffset::new(parser) {
        match event {
            Event::Start(Tag::Table(_)) => tables.push(Vec::new()),
            Event::Start(Tag::TableHead | Tag::TableRow) => {
                tables.last_mut().unwrap().push(Vec::new());
                // A reader drops cells that are too many, so they are counted in the text: every vertical bar
                // there is the edge of a cell, and none of them is escaped.
                let line = markdown[range].trim_end();
                assert!(!line.contains("\\|"), "{line}");
                let table = tables.last().unwrap();
                if table.len() > 1 {
                    assert_eq!(line.matches('|').count(), table[0].len() + 1, "cells of {line}");
                }
            }
            Event::Start(Tag::TableCell) => {
                in_cell = true;
                tables.last_mut().unwrap().last_mut().unwrap().push(String::new());
            }
            Event::End(TagEnd::TableCell) => in_cell = false,
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(info)))
                if ["mermaid", "text"].contains(&&*info) =>
            {
                assert!(is_chart_of_numbers(&markdown[range.clone()]), "{}", &markdown[range]);
            }
            Event::Start(
                Tag::Link { .. } | Tag::Image { .. } | Tag::FootnoteDefinition(_) | Tag::CodeBlock(_),
            )
            | Event::FootnoteReference(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::TaskListMarker(_) => panic!("active: {}", &markdown[range]),
            Event::Code(text) if in_cell => push(&mut tables, &text),
            Event::Text(text) => {
                assert!(!is_autolink(&text, &markdown[range]), "would be a link: {text}");
                if in_cell {
                    push(&mut tables, &text);
                }
            }
            Event::Html(html) | Event::InlineHtml(html) => follow_tags(&html, &mut open),
            _ => {}
        }
    }
    assert_eq!(open, [""; 0], "left open");
    tables
}

/// A chart is drawn, so nothing may be in it but numbers, dates and our own words.
fn is_chart_of_numbers(chart: &str) -> bool {
    const WORDS: [&str; 14] = [
        "mermaid",
        "pie",
        "showData",
        "title",
        "Secrets",
        "by",
        "verdict",
        "In",
        "use",
        "Unused",
        "Undetermined",
        "text",
        "missed",
        "incomplete",
    ];
    let mut words = chart.split(|it: char| !it.is_alphanumeric()).filter(|word| !word.is_empty());
    words.all(|word| WORDS.contains(&word) || word.bytes().all(|byte| byte.is_ascii_digit()))
}

fn push(tables: &mut [Vec<Vec<String>>], text: &str) {
    tables.last_mut().unwrap().last_mut().unwrap().last_mut().unwrap().push_str(text);
}

/// Whether GitHub would make a link of plain text: it looks for e-mail addresses in what was read, and for the rest in
/// what was written.
fn is_autolink(text: &str, written: &str) -> bool {
    let mut around = text.split('@').map(str::as_bytes);
    let mut before = around.next();
    let address = around.any(|after| {
        let part = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        let found = part(before.and_then(<[u8]>::last)) && part(after.first());
        before = Some(after);
        found
    });
    address || ["www.", "://", "mailto:", "xmpp:"].iter().any(|sign| written.contains(sign))
}

/// Follows which of our own tags are open. There are no others.
fn follow_tags(html: &str, open: &mut Vec<String>) {
    let mut rest = html;
    while let Some(at) = rest.find('<') {
        let end = at + rest[at..].find('>').unwrap() + 1;
        let tag = &rest[at..end];
        assert!(TAGS.contains(&tag), "{tag} in {html}");
        match tag.strip_prefix("</") {
            Some(name) => assert_eq!(open.pop().as_deref(), Some(&*format!("<{name}")), "{html}"),
            None => open.push(tag.to_owned()),
        }
        rest = &rest[end..];
    }
}

/// The elements that `report.html` may hold, each with the attributes that it may have.
const ELEMENTS: [(&str, &[&str]); 59] = [
    ("a", &["class", "href"]),
    ("bdi", &[]),
    ("body", &[]),
    ("button", &["type"]),
    ("caption", &["class"]),
    ("circle", &["class", "cx", "cy", "r"]),
    ("code", &[]),
    ("data", &["value"]),
    ("dd", &[]),
    ("defs", &[]),
    ("desc", &["id"]),
    ("details", &[]),
    ("div", &["class", "tabindex", "role", "aria-label", "aria-labelledby"]),
    ("dl", &["class"]),
    ("dt", &[]),
    ("figcaption", &[]),
    ("figure", &[]),
    ("form", &["id", "role", "aria-label", "hidden"]),
    ("h1", &[]),
    ("h2", &["id"]),
    ("h3", &["id"]),
    ("head", &[]),
    ("header", &[]),
    ("html", &["lang"]),
    ("i", &[]),
    ("input", &["type", "id", "autocomplete", "spellcheck"]),
    ("label", &[]),
    ("li", &["class"]),
    ("main", &[]),
    ("meta", &["charset", "http-equiv", "content", "name"]),
    ("nav", &["aria-label"]),
    ("option", &["value"]),
    ("p", &["class", "id", "role"]),
    ("path", &["class", "d"]),
    ("pattern", &["id", "width", "height", "patternUnits", "patternTransform"]),
    ("polyline", &["class", "points"]),
    ("rect", &["class", "x", "y", "width", "height"]),
    ("script", &[]),
    ("section", &["aria-labelledby", "class"]),
    ("select", &["id"]),
    ("small", &["class"]),
    ("span", &["class"]),
    ("strong", &["class"]),
    ("style", &[]),
    ("summary", &[]),
    (
        "svg",
        &[
            "class",
            "width",
            "height",
            "role",
            "aria-labelledby",
            "aria-hidden",
            "focusable",
            "x",
            "y",
            "viewBox",
            "preserveAspectRatio",
        ],
    ),
    ("table", &["class", "id"]),
    ("tbody", &["class", "data-w", "data-k"]),
    ("td", &["class", "colspan", "data-s"]),
    ("text", &["class", "x", "y"]),
    ("tfoot", &[]),
    ("th", &["class", "scope"]),
    ("thead", &["class"]),
    ("time", &["datetime"]),
    ("title", &["id"]),
    ("tr", &["class"]),
    ("ul", &["class", "aria-hidden"]),
    ("line", &["class", "x1", "x2", "y1", "y2"]),
    ("g", &[]),
];

/// `report.html` as a browser reads it. There is no element and no attribute but what the page has by itself, nothing
/// is loaded or linked elsewhere, and nothing hidden is in it.
pub(crate) fn html_page(html: &str) -> Html {
    assert!(!html.contains(|it| is_hidden(it) && it != '\n'), "something hidden");
    let page = Html::parse_document(html);
    let mut scripts = 0;
    for node in page.tree.values() {
        match node {
            Node::Element(element) => {
                let known = ELEMENTS.iter().find(|(name, _)| *name == element.name());
                let (name, attributes) = known.unwrap_or_else(|| panic!("<{}>", element.name()));
                for (attribute, value) in element.attrs() {
                    assert!(attributes.contains(&attribute), "<{name} {attribute}>");
                    assert!(attribute != "href" || value.starts_with('#'), "{value}");
                }
                scripts += usize::from(*name == "script");
            }
            Node::Comment(comment) => panic!("a comment: {}", &**comment),
            _ => {}
        }
    }
    assert_eq!(scripts, 1, "the page's own");
    page
}

/// The lines of what a terminal is given. Nothing hidden is in them, our own colours apart.
pub(crate) fn terminal_lines(text: &str) -> Vec<String> {
    let mut pieces = text.split('\u{1b}');
    let mut plain = pieces.next().unwrap().to_owned();
    for piece in pieces {
        let code = piece.strip_prefix('[').unwrap_or_else(|| panic!("no colour: {piece:?}"));
        let (numbers, rest) = code.split_once('m').unwrap();
        assert!(numbers.bytes().all(|byte| byte.is_ascii_digit() || byte == b';'), "no colour: {numbers:?}");
        plain.push_str(rest);
    }
    assert!(!plain.contains(|it| is_hidden(it) && it != '\n'), "hidden: {plain:?}");
    plain.lines().map(str::to_owned).collect()
}
