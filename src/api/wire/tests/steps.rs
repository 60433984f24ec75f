//! What reading costs grows with the size of an answer and no faster, whoever wrote it. Steps are counted, not time.

use std::{fmt::Write as _, io::Write as _};

use super::*;
use crate::api::wire::steps;

/// How many things are in the smaller of two answers.
const FEW: usize = 400;
/// How many times as many are in the larger one.
const TIMES: usize = 4;

/// So many things, each written by its number, between commas.
fn each(number: usize, one: impl Fn(usize) -> String) -> String {
    (0..number).map(one).collect::<Vec<_>>().join(",")
}

/// A page of secrets of which the one has this `used_by`.
fn of_used_by(used_by: &str) -> String {
    page_of(&format!("{{{used_by}}}"))
}

/// What is in each shape of an answer that has ever been slow, or might be: by the name of it.
fn pages_of_secrets(n: usize) -> Vec<(&'static str, String)> {
    let secret = |at| format!(r#"{{"secret_id": "s{at}", "name": "n", "used_by": {{}}}}"#);
    let with = |further: &str| {
        format!(r#"{{"secrets": [{{"secret_id": "s", "used_by": {{}}, {further}}}], "next_cursor": null}}"#)
    };
    vec![
        ("secrets", format!(r#"{{"secrets": [{}]}}"#, each(n, secret))),
        (
            "unknown names",
            of_used_by(&each(n, |at| format!(r#""u{at}": [{{"id": "1"}}], "u{at}_has_more": false"#))),
        ),
        ("unknown flags", of_used_by(&each(n, |at| format!(r#""u{at}_has_more": true"#)))),
        ("one unknown name", of_used_by(&each(n, |_| r#""u": ["a"]"#.to_owned()))),
        ("one known name", of_used_by(&each(n, |_| r#""tools": [{"id": "a"}]"#.to_owned()))),
        ("one flag", of_used_by(&each(n, |_| r#""tools_has_more": false"#.to_owned()))),
        ("empty elements", of_used_by(&format!(r#""tools": [{}]"#, each(n, |_| "{}".to_owned())))),
        (
            "elements",
            of_used_by(&format!(
                r#""agents": [{}]"#,
                each(n, |at| format!(r#"{{"id": "a{at}", "x{at}": 1}}"#))
            )),
        ),
        (
            "one wide element",
            of_used_by(&format!(r#""agents": [{{{}}}]"#, each(n, |at| format!(r#""x{at}_id": "1""#)))),
        ),
        (
            "ids gone through",
            of_used_by(&format!(
                r#""agents": [{{"id": "a", "referenced_resource_ids": [{}]}}]"#,
                each(n, |at| format!("{at}"))
            )),
        ),
        ("others", of_used_by(&format!(r#""others": [{}]"#, each(n, |at| format!(r#""o{at}""#))))),
        ("unknown fields", with(&each(n, |at| format!(r#""f{at}": "s""#)))),
        ("one unknown field", with(&each(n, |_| r#""f": "s""#.to_owned()))),
        ("types", with(&each(n, |_| r#""type": "odd""#.to_owned()))),
        (
            "used_by several times",
            with(&each(n, |at| format!(r#""used_by": {{"tools": [], "u{at}": ["x"]}}"#))),
        ),
        ("fields beside", format!(r#"{{"secrets": [], {}}}"#, each(n, |at| format!(r#""f{at}": [{{}}]"#)))),
    ]
}

/// Documents and elements in which ids of secrets are sought.
fn documents(n: usize) -> Vec<(&'static str, String)> {
    let long = "k".repeat(10 * n);
    vec![
        ("ids in one text", format!(r#"{{"a": "{}"}}"#, each(n, |at| format!("sec_{at:06}")))),
        ("ids in a key", format!(r#"{{"{}": 1}}"#, each(n, |at| format!("sec_{at:06}")))),
        (
            "ids below one long key",
            format!(r#"{{"{long}": [{}]}}"#, each(n, |at| format!(r#""sec_{at:06}""#))),
        ),
        (
            "locators below one long key",
            format!(r#"{{"{long}": [{}]}}"#, each(n, |at| format!(r#"{{"secret_id": "sec_{at:06}"}}"#))),
        ),
        ("one id in many places", format!(r#"{{"a": [{}]}}"#, each(n, |_| r#""sec_000001""#.to_owned()))),
        ("words of many forms", format!(r#"{{"a": "{}"}}"#, each(n, |at| format!("p{at:05}_{at:04}")))),
        ("ids in one another", format!(r#"{{"a": "{}"}}"#, ".".repeat(n))),
        ("named resources", format!(r#"{{"tool_ids": [{}]}}"#, each(n, |at| format!(r#""tool_{at}""#)))),
        ("keys", format!("{{{}}}", each(n, |at| format!(r#""k{at}": null"#)))),
        (
            "one key",
            format!("{{{}}}", each(n, |_| r#""request_headers": {"a": {"secret_id": ""}}"#.to_owned())),
        ),
        ("lists", format!(r#"{{"a": [{}]}}"#, each(n, |_| "[[]]".to_owned()))),
    ]
}

/// What is sought: ids of as many forms, and of those that are no words, as many that stand in one another.
fn sought_of(n: usize) -> Sought {
    let mut sought = Sought::default();
    let ids: Vec<String> = (0..n)
        .flat_map(|at| [format!("sec_{at:06}"), format!("q{at:05}_{at:04}"), ".".repeat(at.min(2_000) + 1)])
        .collect();
    sought.add(ids.iter().map(String::as_str));
    sought.ready(true)
}

/// Asserts that a reader takes no more steps for each byte of the larger answer than for one of the smaller.
fn assert_linear(
    reader: &str,
    answers: impl Fn(usize) -> Vec<(&'static str, String)>,
    read: impl Fn(&[u8], &Sought),
) {
    let (few, many) = (sought_of(FEW), sought_of(TIMES * FEW));
    for ((shape, small), (_, large)) in answers(FEW).into_iter().zip(answers(TIMES * FEW)) {
        let cost = |body: &str, sought: &Sought| steps::of(|| read(body.as_bytes(), sought)).0;
        let (for_few, for_many) = (cost(&small, &few), cost(&large, &many));
        assert!(for_few >= small.len(), "{reader}, {shape}: not even each byte was counted");
        let growth = for_many as f64 / for_few as f64;
        let grown = large.len() as f64 / small.len() as f64;
        assert!(
            growth < 1.25 * grown,
            "{reader}, {shape}: {grown:.1} times as much takes {growth:.1} times the steps"
        );
    }
}

#[test]
fn a_page_of_secrets_takes_steps_as_it_has_bytes() {
    assert_linear("secret_page", pages_of_secrets, |body, sought| {
        let page = SecretPage::parse(body).unwrap();
        let fields = page.secrets.iter().flat_map(|secret| &secret.unknown_fields);
        // As `collect` does with each.
        fields.chain(&page.unknown_fields).for_each(|field| drop(field.search(sought)));
    });
    assert_linear("secret_page_frame", pages_of_secrets, |body, _| {
        PageFrame::parse(body, "secrets").unwrap();
    });
}

#[test]
fn one_secret_takes_steps_as_it_has_bytes() {
    let alone = |n| {
        let pages = pages_of_secrets(n)
            .into_iter()
            .filter(|(shape, _)| !matches!(*shape, "secrets" | "fields beside"));
        pages
            .map(|(shape, page)| {
                let start = page.find("[{").unwrap() + 1;
                let end = page.rfind("}]").unwrap() + 1;
                (shape, page[start..end].to_owned())
            })
            .collect()
    };
    assert_linear("secret", alone, |body, _| drop(ListedSecret::from_body(body).unwrap()));
}

#[test]
fn a_page_of_dependents_takes_steps_as_it_has_bytes() {
    let pages = |n: usize| {
        let of = |elements: String| format!(r#"{{"dependencies": [{elements}], "next_cursor": null}}"#);
        vec![
            ("as documented", of(each(n, |at| format!(r#"{{"type": "unknown", "id": "a{at}"}}"#)))),
            ("empty", of(each(n, |_| "{}".to_owned()))),
            ("with unknown fields", of(each(n, |at| format!(r#"{{"id": "a{at}", "f{at}": [{at}]}}"#)))),
            ("one with many", of(format!("{{{}}}", each(n, |at| format!(r#""f{at}_id": [{at}]"#))))),
            ("beside it", format!(r#"{{"dependencies": [], {}}}"#, each(n, |at| format!(r#""f{at}": 1"#)))),
        ]
    };
    assert_linear("dependencies_page", pages, |body, sought| {
        let page = DependenciesPage::parse(body, ResourceType::Agents).unwrap();
        page.unknown_fields.iter().for_each(|field| drop(field.search(sought)));
    });
}

#[test]
fn a_page_of_anything_else_takes_steps_as_it_has_bytes() {
    for (list, shape) in [
        ("environment_variables", ENVIRONMENT_VARIABLES),
        ("speech_engines", SPEECH_ENGINES),
        ("mcp_servers", MCP_SERVERS),
        ("tools", TOOLS),
        ("agents", AGENTS),
        ("results", BRANCHES),
    ] {
        let pages = |n: usize| {
            let of = |elements: String| format!(r#"{{"{list}": [{elements}], "has_more": false}}"#);
            let mut pages: Vec<(&'static str, String)> =
                documents(n).into_iter().map(|(shape, document)| (shape, of(document))).collect();
            let beside = |at| format!(r#""f{at}": "sec_{at:06}""#);
            pages.extend([
                ("elements", of(each(n, |at| format!(r#"{{"id": "i{at}", "tool_id": "sec_{at:06}"}}"#)))),
                ("empty elements", of(each(n, |_| "{}".to_owned()))),
                ("elements that are none", of(each(n, |_| "1".to_owned()))),
                (
                    "agents",
                    of(format!(
                        r#"{{"dependent_agents": [{}]}}"#,
                        each(n, |at| format!(r#"{{"type": "unknown", "id": "{at}"}}"#))
                    )),
                ),
                ("fields beside", format!(r#"{{"{list}": [], {}}}"#, each(n, beside))),
            ]);
            pages
        };
        assert_linear(list, pages, |body, sought| drop(HolderPage::parse(body, shape, sought)));
    }
}

#[test]
fn a_document_takes_steps_as_it_has_bytes() {
    for (name, fields) in [("settings", SETTINGS), ("speech_engine", SPEECH_ENGINE), ("agent", AGENT)] {
        assert_linear(name, documents, |body, sought| {
            references_in_body(body, fields, None, sought).unwrap();
        });
    }
    // With an id that has to be the right one.
    let with_id = |n| {
        documents(n)
            .into_iter()
            .map(|(shape, text)| (shape, format!(r#"{{"agent_id": "a", {}"#, &text[1..])))
            .collect()
    };
    assert_linear("agent, by its id", with_id, |body, sought| {
        references_in_body(body, AGENT, Some(("agent_id", "a")), sought).unwrap();
    });
    assert_linear("branch_id", documents, |body, _| drop(Object::from_body(body).unwrap().text("branch_id")));
    assert_linear("user", documents, |body, _| drop(User::parse(body)));
}

/// What is kept of it grows no faster either: an answer in which each id stands below one long key takes no path for each.
#[test]
fn what_was_found_takes_no_more_room_than_was_read() {
    for (shape, text) in documents(2_000) {
        let found = references_in_body(text.as_bytes(), SETTINGS, None, &sought_of(2_000)).unwrap();
        assert!(found.bytes() <= 64 * text.len() + 1_000_000, "{shape}: {} of {}", found.bytes(), text.len());
        let longest = found.references.iter().map(|one| one.path_in_words().len()).max();
        assert!(longest.unwrap_or_default() <= 300 + '…'.len_utf8(), "{shape}: {longest:?}");
    }
}

#[test]
fn of_what_has_no_id_and_looks_the_same_one_is_kept_and_all_are_counted() {
    let mut elements = String::from("{}");
    for _ in 1..200_000 {
        elements.write_str(",{}").unwrap();
    }
    let list = list(&format!(r#"{{"tools": [{elements}]}}"#), "tools");
    assert_eq!((list.observations.len(), list.shown, list.without_id), (1, 200_000, 200_000));
    assert_eq!(list.problem, None);
}

#[test]
fn more_dependents_than_are_read_of_one_answer_are_a_doubt_and_the_first_are_uses() {
    let elements = each(100_002, |at| format!(r#""o{at}""#));
    let list = list(&format!(r#"{{"others": [{elements}]}}"#), "others");
    assert_eq!((list.observations.len(), list.shown), (100_000, 100_002));
    assert!(list.problem.unwrap().contains("more than 100000 dependents"));
    let fields = each(100_001, |at| format!(r#""f{at}": 1"#));
    let problem = super::read(format!("{{{fields}}}")).unwrap_err().to_string();
    assert!(problem.contains("more than 100000 fields"), "{problem}");
}

#[test]
fn names_are_cut_with_a_mark_and_ids_are_not() {
    let long = "x".repeat(200_000);
    let page = format!(
        r#"{{"secrets": [{{"secret_id": "s", "name": "{long}", "used_by": {{"tools": [
        {{"id": "t", "name": "{long}", "referenced_resource_ids": ["{long}"]}}, {{"id": "{long}", "name": "n"}}]}}}}]}}"#
    );
    let page = read(page).unwrap();
    let [secret] = page.secrets.as_slice() else { panic!() };
    let name = secret.name.as_deref().unwrap();
    assert!(name.len() == 128 * 1024 + '…'.len_utf8() && name.ends_with("x…"));
    let [tool, other] = secret.lists[0].observations.as_slice() else { panic!() };
    assert_eq!(tool.resource.name.as_deref(), Some(name));
    assert!(tool.via[0].ends_with('…') && tool.relation == crate::inventory::Relation::Transitive);
    assert_eq!((&*other.resource.id, secret.lists[0].without_id), ("", 1), "it is a use all the same");
    let problem =
        read(format!(r#"{{"secrets": [{{"secret_id": "{long}", "used_by": {{}}}}]}}"#)).unwrap_err();
    assert!(problem.to_string().contains("secret_id is longer than 131072 bytes"), "{problem}");
}

/// Members of nothing inflate to nothing, however many there are.
#[test]
fn a_compressed_body_is_no_larger_than_it_may_be_itself() {
    let mut member = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    member.write_all(b"").unwrap();
    let member = member.finish().unwrap();
    let headers = [(reqwest::header::CONTENT_ENCODING, "gzip".parse().unwrap())].into_iter().collect();
    let mut body = crate::api::body::Body::new(&headers, 1_000, 0).unwrap();
    let taken = (0..1_000).find_map(|_| body.take(&member).err()).unwrap();
    assert!(taken.to_string().contains("larger than 1000 bytes"), "{taken}");
}
