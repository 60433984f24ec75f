//! JSON that is not what the document says, on every way in: a clear error that names endpoint, page and field and
//! quotes nothing, or, where it concerns one secret or one place, a gap.

use serde_json::json;
use simulator::{Reply, Request, Secret, Simulator, World, documents};

use crate::{
    bundle::names_in,
    support::{SECRETS, Setup, asked, dependencies, serve_with},
};

/// What stands in every body and may not stand in any message.
const CANARY: &str = "canary-in-the-body";

const DEEP: usize = 100_000;

fn deep_list() -> String {
    format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP))
}

fn deep_object() -> String {
    format!("{}1{}", r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP))
}

fn reply(body: impl Into<Vec<u8>>) -> Reply {
    Reply::Answer { status: 200, headers: Vec::new(), body: body.into() }
}

/// Values that are neither an object nor a list nor a string, or no value at all, each with the canary where it can
/// hold one.
fn odd_values() -> Vec<String> {
    let digits = "9".repeat(10_000);
    let values = ["7", "-0.5", "true", "1e999999", digits.as_str()];
    values.map(str::to_owned).into_iter().chain([deep_list(), deep_object()]).collect()
}

/// Bodies of the second page of secrets, with a word that the message must hold.
fn pages() -> Vec<(Vec<u8>, &'static str)> {
    let mut pages: Vec<(Vec<u8>, &'static str)> = Vec::new();
    let mut add = |body: String, word| pages.push((body.into_bytes(), word));
    let secret =
        |fields: &str| format!(r#"{{"x": "{CANARY}", "secrets": [{{{fields}}}], "next_cursor": null}}"#);
    for odd in odd_values() {
        let is_list = odd.starts_with('[');
        let is_object = odd.starts_with('{');
        add(
            format!(r#"{{"x": "{CANARY}", "secrets": [], "next_cursor": {odd}}}"#),
            "next_cursor is not a string",
        );
        add(secret(&format!(r#""secret_id": {odd}"#)), "secrets[0]: the field secret_id is not a string");
        if is_object {
            add(odd.clone(), "the field secrets is missing");
        }
        if !is_list {
            add(format!(r#"{{"x": "{CANARY}", "secrets": {odd}}}"#), "the field secrets is not a list");
        }
        if !is_object {
            add(odd.clone(), "the body is not ");
            add(
                format!(r#"{{"x": "{CANARY}", "secrets": [{odd}]}}"#),
                "secrets[0]: the secret is not an object",
            );
        }
    }
    // Arrays where objects belong, their fields in the order in which a struct would have them.
    add(format!(r#"[[["stored", "{CANARY}", "name", {{}}]], null]"#), "the body is not an object");
    add(format!(r#"{{"secrets": [["{CANARY}", "name", {{}}]]}}"#), "secrets[0]: the secret is not an object");
    add(secret(r#""secret_id": "a", "secret_id": "b""#), "secret_id stands twice");
    add(secret(r#""secret_id": "a", "secret\u005fid": "a""#), "secret_id stands twice");
    add(format!(r#"{{"secrets": [], "next_cursor": null}} {{"x": "{CANARY}"}}"#), "not valid JSON");
    add(format!(r#"{{"secrets": [], "next_cursor": null}},"{CANARY}""#), "not valid JSON");
    add(format!(r#"{{"secrets": [], "next_cursor": null, "{CANARY}"}}"#), "not valid JSON");
    add(format!(r#"{{"secrets": [], "next_cursor": null, "x": "{CANARY}"#), "not valid JSON");
    add(format!("\u{feff}{{\"secrets\": [], \"x\": \"{CANARY}\"}}"), "not valid JSON");
    add("{\"secrets\": [NaN, Infinity], \"next_cursor\": undefined}".to_owned(), "not valid JSON");
    add(format!("{{'secrets': [], 'x': '{CANARY}'}}"), "not valid JSON");
    add("{\"secrets\": [], \"x\": \"\u{1}\"}".to_owned(), "not valid JSON");
    add("\0".repeat(1000), "not valid JSON");
    for invalid in [&b"\xff"[..], b"\xc0\xaf", b"\xed\xa0\x80", b"\xf8\x88\x80\x80\x80", b"\xc3"] {
        let body = [br#"{"secrets": [], "x": ""#, CANARY.as_bytes(), invalid, br#"", "next_cursor": null}"#]
            .concat();
        pages.push((body, "the body is not UTF-8"));
    }
    let utf_16 = r#"{"secrets": []}"#.encode_utf16().flat_map(u16::to_le_bytes);
    pages.push((utf_16.collect(), "not valid JSON"));
    pages
}

#[tokio::test]
async fn a_page_of_secrets_that_cannot_be_read_ends_the_walk_with_endpoint_page_and_field_and_no_quote() {
    for (body, word) in pages() {
        let secrets = (0..3).map(|number| Secret::new(&format!("sec_{number}"), "key")).collect();
        let instead = reply(body.clone());
        let simulator = serve_with(secrets, move |request, reply| {
            if request.path == SECRETS && request.query("cursor").is_some() { instead.clone() } else { reply }
        })
        .await;
        let setup = Setup::of(&simulator).section("[audit]\npage_size = 1");
        let outcome = setup.run().await;
        let start = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
        assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 2), "{start}");
        let message = outcome.message();
        assert!(
            message.contains("GET /v1/convai/secrets, page 2: unexpected answer: "),
            "{start}: {message}"
        );
        assert!(message.contains(word) && message.contains("request id"), "{start}: {message}");
        assert!(!message.contains(CANARY) && !message.contains('\n') && message.len() < 500, "{message}");
        assert_eq!(names_in(&setup.out()), [".lock"]);
    }
}

/// Bodies that no endpoint gives.
fn bodies() -> Vec<Vec<u8>> {
    vec![
        deep_list().into_bytes(),
        deep_object().into_bytes(),
        format!(r#"["{CANARY}"]"#).into_bytes(),
        format!(r#""{CANARY}""#).into_bytes(),
        format!(r#"{{"x": "{CANARY}"}} {{}}"#).into_bytes(),
        format!(r#"{{"x": "{CANARY}", "y": "#).into_bytes(),
        format!("<html>{CANARY}</html>").into_bytes(),
        [br#"{"x": ""#, CANARY.as_bytes(), b"\xff\"}"].concat(),
        b"null".to_vec(),
        Vec::new(),
    ]
}

/// A workspace in which every endpoint is asked: a list to page, an unused secret to confirm, a speech engine, an agent
/// with a branch.
fn workspace() -> World {
    let engine = documents::speech_engine("engine", "Kiosk", "wss://kiosk.example", &json!({}));
    World {
        speech_engines: vec![engine],
        agents: vec![documents::agent("agent", "Agent", &json!({}))],
        ..World::of(vec![Secret::new("sec", "key").with_agents(150), Secret::new("sec_1", "other")])
    }
}

/// Asserts that `instead` to whatever `path` picks leaves an incomplete bundle that calls nothing unused, says which
/// endpoint it was and does not quote it.
async fn assert_gap(path: &str, instead: Vec<u8>) {
    let (concerned, answer) = (path.to_owned(), reply(instead.clone()));
    let picks = move |request: &Request| request.path == concerned;
    let simulator = Simulator::start_with(
        workspace(),
        move |request, reply| {
            if picks(request) { answer.clone() } else { reply }
        },
    );
    let simulator = simulator.await.unwrap();
    let outcome = Setup::of(&simulator).section("[audit]\ndeep = \"always\"").run().await;
    let start = String::from_utf8_lossy(&instead[..instead.len().min(100)]).into_owned();
    assert_eq!((outcome.code(), asked(&simulator, path)), (3, 1), "{path}: {start}");
    let bundle = outcome.bundle();
    let expected = if path == dependencies("sec", "agents") { "unused" } else { "undetermined" };
    assert_eq!((bundle.verdict("sec"), bundle.verdict("sec_1")), ("in_use", expected), "{path}: {start}");
    let report = bundle.json.to_string();
    assert!(report.contains(&format!("GET {path}")), "{path}: {start}");
    assert!(!report.contains(CANARY), "{path}: {start}");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_gap_wherever_it_is_not_the_walk() {
    let paths = [
        &*dependencies("sec", "agents"),
        "/v1/convai/secrets/sec_1",
        "/v1/convai/environment-variables",
        "/v1/speech-engine",
        "/v1/speech-engine/engine",
        "/v1/convai/mcp-servers",
        "/v1/convai/settings",
        "/v1/convai/tools",
        "/v1/convai/agents/agent",
        "/v1/convai/agents/agent/branches",
    ];
    for path in paths {
        for body in bodies() {
            assert_gap(path, body).await;
        }
    }
}

#[tokio::test]
async fn a_reference_that_nesting_would_hide_makes_its_place_not_read() {
    for depth in [200, DEEP] {
        let hidden =
            format!(r#"{{"x": {}{{"secret_id": "sec_1"}}{}}}"#, "[".repeat(depth), "]".repeat(depth));
        for path in ["/v1/convai/settings", "/v1/speech-engine/engine", "/v1/convai/agents/agent"] {
            assert_gap(path, hidden.clone().into_bytes()).await;
        }
        let listed = format!(r#"{{"mcp_servers": [{hidden}]}}"#);
        assert_gap("/v1/convai/mcp-servers", listed.into_bytes()).await;
        let listed = format!(r#"{{"environment_variables": [{hidden}], "has_more": false}}"#);
        assert_gap("/v1/convai/environment-variables", listed.into_bytes()).await;
    }
}

#[tokio::test]
async fn inside_one_secret_what_cannot_be_read_is_a_list_that_is_not_whole() {
    let mut lists: Vec<String> = Vec::new();
    let used_by = |others: &str| format!(r#""used_by": {{"tools": [], "agents": [], "others": {others}}}"#);
    for odd in odd_values() {
        if !odd.starts_with('[') {
            lists.push(used_by(&odd));
        }
        if !odd.starts_with('{') {
            lists.push(format!(r#""used_by": {odd}"#));
        }
        lists.push(format!(
            r#""used_by": {{"tools": [], "agents": [], "others": [], "others_has_more": {odd}}}"#
        ));
    }
    lists.extend(
        [
            r#""used_by": "x""#,
            r#""used_by": [[], [], []]"#,
            r#""used_by": {"tools": [], "agents": [], "others": [], "others": []}"#,
            r#""used_by": {"tools": [], "agents": [], "others": [], "oth\u0065rs": []}"#,
            r#""used_by": {"tools": [], "agents": [], "others": []}, "used_by": {"tools": [], "agents": [], "others": []}"#,
            r#""used_by": {"tools": [], "agents": [], "others": "\ud800"}"#,
        ]
        .map(str::to_owned),
    );
    for fields in lists {
        let page = format!(
            r#"{{"secrets": [{{"secret_id": "sec", "name": "{CANARY}", {fields}}}, {{"secret_id": "sec_1", "name": "n",
            "used_by": {{"tools": [], "agents": [], "others": []}}}}], "next_cursor": null}}"#
        );
        let answer = reply(page);
        let secrets = vec![Secret::new("sec", "key"), Secret::new("sec_1", "other")];
        let simulator = serve_with(
            secrets,
            move |request, reply| {
                if request.path == SECRETS { answer.clone() } else { reply }
            },
        )
        .await;
        let outcome = Setup::of(&simulator).run().await;
        let start: String = fields.chars().take(150).collect();
        assert_eq!(outcome.code(), 3, "{start}");
        let bundle = outcome.bundle();
        assert_eq!((bundle.verdict("sec"), bundle.verdict("sec_1")), ("undetermined", "unused"), "{start}");
        let gaps = bundle.gaps("sec").join("; ");
        assert!(!gaps.is_empty() && !gaps.contains(CANARY), "{start}: {gaps}");
    }
}

#[tokio::test]
async fn an_element_that_cannot_be_read_is_a_use_all_the_same() {
    let elements = odd_values().into_iter().chain(
        [r#""\ud800""#, "null", "[]", r#"{"id": "\ud800"}"#, r#"{"id": "a", "id": "b"}"#, r#"["a", "b"]"#]
            .map(str::to_owned),
    );
    for element in elements {
        let page = format!(
            r#"{{"secrets": [{{"secret_id": "sec", "name": "n", "used_by": {{"tools": [], "agents": [],
            "others": [{element}]}}}}], "next_cursor": null}}"#
        );
        let simulator = serve_with(vec![Secret::new("sec", "key")], move |request, given| {
            if request.path == SECRETS { reply(page.clone()) } else { given }
        })
        .await;
        let outcome = Setup::of(&simulator).run().await;
        let start: String = element.chars().take(50).collect();
        assert_eq!(outcome.bundle().verdict("sec"), "in_use", "{start}");
        assert_eq!(outcome.bundle().secret("sec")["others"], "1", "{start}");
    }
}
