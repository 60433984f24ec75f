//! A report in which every text is hostile holds nothing active that one of harmless texts hasn't: for those who read
//! Markdown with pulldown-cmark, and for those who pass it on as HTML. `.ci/markdown` asks other renderers the same, about
//! the two reports that this leaves where `KEEP_REPORTS` says.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use elevenlabs_secrets_audit::{
    audit::Audit,
    bundle::File,
    report::{ReadError, read_audit},
};
use pulldown_cmark::{Options, Parser, html::push_html};
use scraper::{Html, Node};
use serde_json::{Value, json};

use crate::{
    hostile::names,
    hostile_properties::written,
    inert::{csv_rows, html_page, markdown_tables},
};

/// All that can be active, for the texts of which a report has one only.
const EVERYTHING: &str = "<img src=x onerror=alert(1)><script>alert(1)</script>`<b>`[x](javascript:alert(1))\
    ![x](https://evil.example/i.png)<https://evil.example> https://evil.example www.evil.example a@evil.example \
    <a@evil.example> @team #1 GH-1 :tada: $x$ $$y$$ \\(z\\) {{7*7}} {% raw %} {: onclick=x} `a`{onclick=x} [^1] [[wiki]] \
    ^[note] ~~s~~ **b** &lt;i&gt; <!-- --> <? ?> | ``` \\";

/// The report of the demo, shorter and with a part of every kind.
fn base() -> Value {
    let sample = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/sample/latest/report.json");
    let mut report: Value = serde_json::from_slice(&fs_err::read(sample).unwrap()).unwrap();
    let gaps = json!([{"what": "a", "why": "b"}]);
    report["complete"] = json!(false);
    report["failed_workspaces"] = json!([{"name": "a", "address": "b", "error": "c", "key_refused": false}]);
    report["changes"]["warnings"] = json!(["a", "b"]);
    report["history"]["notes"] = json!(["a", "b"]);
    report["history"]["workspaces"][0]["secrets"].as_array_mut().unwrap().truncate(4);
    let mut not_compared = report["changes"]["workspaces"][0].clone();
    not_compared["not_compared"] = json!("a");
    report["changes"]["workspaces"].as_array_mut().unwrap().push(not_compared);
    let workspace = &mut report["workspaces"][0];
    workspace["view"] = json!({"extent": "partial", "signs": ["a", "b"]});
    workspace["gaps"] = gaps.clone();
    workspace["warnings"] = json!(["a", "b"]);
    workspace["references_not_visible"] = workspace["dangling_references"].clone();
    workspace["deleted_secrets"] = json!([{"secret_id": "a", "name": "b"}]);
    workspace["sources"][5]["status"] = json!("not read whole");
    workspace["sources"][5]["why"] = json!("a");
    let secrets = workspace["secrets"].as_array_mut().unwrap();
    secrets
        .retain(|secret| secret["verdict"] == "unused" || secret["dependents"].as_array().unwrap().len() > 3);
    secrets.truncate(40);
    for secret in &mut *secrets {
        secret["dependents"].as_array_mut().unwrap().truncate(4);
    }
    for secret in secrets.iter_mut().rev().take(5) {
        secret["verdict"] = json!("undetermined");
        secret["gaps"] = gaps.clone();
    }
    report
}

/// As a report is written: what there are many of stands last.
fn laid_out(value: &Value) -> String {
    match value {
        Value::Object(all) => {
            let mut keys: Vec<&String> = all.keys().collect();
            keys.sort_by_key(|key| ["dependents", "secrets", "workspaces"].contains(&key.as_str()));
            let entries = keys.into_iter().map(|key| format!("{}:{}", json!(key), laid_out(&all[key])));
            format!("{{{}}}", entries.collect::<Vec<_>>().join(","))
        }
        Value::Array(all) => format!("[{}]", all.iter().map(laid_out).collect::<Vec<_>>().join(",")),
        other => other.to_string(),
    }
}

fn read(report: &Value) -> Result<Audit, ReadError> {
    read_audit(laid_out(report).as_bytes())
}

/// The texts of a report by what they are: the keys that lead to them, and each by its place.
fn texts(value: &Value, place: &str, kind: &str, found: &mut BTreeMap<String, Vec<String>>) {
    match value {
        Value::String(_) => found.entry(kind.to_owned()).or_default().push(place.to_owned()),
        Value::Array(all) => {
            for (index, one) in all.iter().enumerate() {
                texts(one, &format!("{place}/{index}"), kind, found);
            }
        }
        Value::Object(all) => {
            for (key, one) in all {
                texts(one, &format!("{place}/{key}"), &format!("{kind}/{key}"), found);
            }
        }
        _ => {}
    }
}

/// The report of the demo with these texts in the place of its own, wherever a report with them can still be read. How
/// many kinds of text that were.
fn filled(words: &[String]) -> (Audit, usize) {
    let mut report = base();
    assert!(read(&report).is_ok(), "{:?}", read(&report).err());
    let mut found = BTreeMap::new();
    texts(&report, "", "", &mut found);
    let mut kinds = 0;
    for places in found.into_values() {
        let mut changed = report.clone();
        for (place, word) in places.iter().zip(words.iter().cycle()) {
            *changed.pointer_mut(place).unwrap() = json!(word);
        }
        if read(&changed).is_ok() {
            report = changed;
            kinds += 1;
        }
    }
    (read(&report).unwrap(), kinds)
}

fn hostile() -> Vec<String> {
    let short = names().into_iter().filter(|name| (1..100).contains(&name.len()));
    [EVERYTHING.to_owned()].into_iter().chain(short).collect()
}

/// As many harmless ones of the same lengths.
fn harmless() -> Vec<String> {
    hostile().iter().map(|name| "x".repeat(name.chars().count())).collect()
}

/// The elements with their attributes, and where they lead, of what a browser makes of this.
fn active(html: &str) -> BTreeSet<String> {
    let page = Html::parse_fragment(html);
    page.tree
        .values()
        .filter_map(|node| match node {
            Node::Element(element) => {
                let attributes = element.attrs().map(|(name, value)| match name {
                    "href" | "src" => format!(" {name}={value}"),
                    _ => format!(" {name}"),
                });
                Some(format!("<{}{}>", element.name(), attributes.collect::<String>()))
            }
            Node::Comment(comment) => Some(format!("<!--{}-->", &**comment)),
            Node::Doctype(_) | Node::ProcessingInstruction(_) => Some(format!("{node:?}")),
            _ => None,
        })
        .collect()
}

fn by_pulldown_cmark(markdown: &str) -> String {
    let mut html = String::new();
    push_html(&mut html, Parser::new_ext(markdown, Options::all()));
    html
}

#[test]
fn no_text_of_a_report_is_active_in_any_format() {
    let ((hostile, kinds), (harmless, as_many)) = (filled(&hostile()), filled(&harmless()));
    assert_eq!(kinds, as_many);
    assert!(kinds > 40, "most texts can be anything: {kinds}");
    let [hostile_markdown, harmless_markdown] =
        [&hostile, &harmless].map(|audit| String::from_utf8(written(File::Markdown, audit)).unwrap());
    if let Some(kept) = std::env::var_os("KEEP_REPORTS") {
        fs_err::write(Path::new(&kept).join("hostile.md"), &hostile_markdown).unwrap();
        fs_err::write(Path::new(&kept).join("harmless.md"), &harmless_markdown).unwrap();
    }
    markdown_tables(&hostile_markdown);
    assert_eq!(active(&by_pulldown_cmark(&hostile_markdown)), active(&by_pulldown_cmark(&harmless_markdown)));
    // For who takes no notice of Markdown, or not within our own tags.
    let own = ["<body>", "<code>", "<details>", "<html>", "<summary>"].map(str::to_owned);
    assert_eq!(active(&hostile_markdown), BTreeSet::from(own));
    assert!(!hostile_markdown.contains("{{") && !hostile_markdown.contains("{%"), "a template");

    html_page(&String::from_utf8(written(File::Html, &hostile)).unwrap());
    for file in [File::SecretsCsv, File::DependentsCsv] {
        csv_rows(&written(file, &hostile), b',');
    }
}
