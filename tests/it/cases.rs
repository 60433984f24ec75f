//! Answers on which the audit once said something wrong or doubtful, each a small file in `tests/it/cases`, with what is
//! right. The first few (`01` to `05`) are a list of replies in place of those of two secrets, `sec_a` in use and `sec_b`
//! not; the others name all that is answered: by path, or by path and a part of the query.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json, value::RawValue};
use simulator::{Reply, Request, Simulator, World};

use crate::{
    places::{
        AGENTS, ENVIRONMENT_VARIABLES, MCP_SERVERS, SETTINGS, SPEECH_ENGINES, TOOLS, by_itself, deep,
        directory, not_found, source,
    },
    support::{Outcome, SECRETS, Setup},
};

/// A page in place of what would be answered.
#[derive(Deserialize)]
struct Rule {
    /// How the path ends.
    path: String,
    /// The cursor that is asked with, where that matters.
    #[serde(default, deserialize_with = "present")]
    cursor: Option<Option<String>>,
    body: Option<Value>,
    text: Option<String>,
}

/// A null that stands there is something else than a field that doesn't.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Option<String>>, D::Error> {
    Option::deserialize(from).map(Some)
}

#[derive(Deserialize)]
struct Answers {
    answers: BTreeMap<String, Box<RawValue>>,
}

fn answer(body: &str) -> Reply {
    Reply::Answer { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// What a case says to a request, where it says anything.
type Answering = Box<dyn Fn(&Request) -> Option<Reply> + Send + Sync>;

/// What is answered where a case says nothing, by path.
fn defaults(secrets: &Value) -> BTreeMap<String, Value> {
    let empty = |list: &str| json!({list: [], "next_cursor": null, "has_more": false});
    let lists = [
        (ENVIRONMENT_VARIABLES, "environment_variables"),
        (SPEECH_ENGINES, "speech_engines"),
        (MCP_SERVERS, "mcp_servers"),
        (TOOLS, "tools"),
        (AGENTS, "agents"),
    ];
    let mut defaults: BTreeMap<String, Value> =
        lists.into_iter().map(|(path, list)| (path.to_owned(), empty(list))).collect();
    defaults.insert(SETTINGS.to_owned(), json!({"can_use_mcp_servers": true}));
    defaults.insert("/v1/user".to_owned(), json!({"user_id": "u"}));
    defaults.insert("/v1/convai/phone-numbers".to_owned(), json!([]));
    for secret in secrets.as_array().unwrap() {
        defaults.insert(by_itself(secret["secret_id"].as_str().unwrap()), secret.clone());
    }
    defaults.insert(SECRETS.to_owned(), json!({"secrets": secrets, "next_cursor": null}));
    defaults
}

/// `sec_a`, which a tool uses, and `sec_b`.
fn two_secrets() -> Value {
    let secret = |id: &str, tools: Value| {
        let used_by = json!({
            "tools": tools, "tools_has_more": false, "agents": [], "agents_has_more": false,
            "phone_numbers": [], "phone_numbers_has_more": false, "mcp_servers": [], "others": [],
        });
        json!({"type": "stored", "secret_id": id, "name": id, "used_by": used_by})
    };
    let tool = json!({
        "type": "available", "id": "tool_1", "name": "t", "created_at_unix_secs": 1, "access_level": "admin"
    });
    json!([secret("sec_a", json!([tool])), secret("sec_b", json!([]))])
}

/// Whether a request is for this path and has at least this query. Archived agents are only what says that it is.
fn fits(key: &str, request: &Request) -> bool {
    let (path, query) = key.split_once('?').unwrap_or((key, ""));
    let has = |pair: &str| {
        let (name, value) = pair.split_once('=').unwrap();
        request.query(name) == Some(value)
    };
    let asked = query.split('&').filter(|pair| !pair.is_empty());
    let archived = request.query("archived") == Some("true");
    path == request.path && asked.clone().all(has) && (!archived || query.contains("archived=true"))
}

/// A deep audit against what the file of this case says.
async fn audit(case: &str) -> (Outcome, Simulator) {
    let path = format!("{}/tests/it/cases/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let text = fs_err::read_to_string(path).unwrap();
    let intercept: Answering = if text.starts_with('[') {
        let rules: Vec<Rule> = serde_json::from_str(&text).unwrap();
        Box::new(move |request| {
            let rule = rules.iter().find(|rule| {
                let cursor = request.query("cursor");
                request.path.ends_with(&rule.path)
                    && rule.cursor.as_ref().is_none_or(|expected| expected.as_deref() == cursor)
            })?;
            let mut body = rule.body.clone();
            // A variable of the first page is deleted between the two pages, and each later one moves up by a place.
            if let Some(body) = body.as_mut()
                && body["next_cursor"] == "100"
                && request.number > 1
            {
                let mut moved = body["environment_variables"][99].clone();
                moved["id"] = json!("envvar_100");
                moved["values"]["production"]["secret_id"] = json!("sec_b");
                let variables = body["environment_variables"].as_array_mut().unwrap();
                variables.remove(0);
                variables.push(moved);
            }
            Some(answer(&body.map_or_else(|| rule.text.clone().unwrap(), |body| body.to_string())))
        })
    } else {
        let Answers { answers } = serde_json::from_str(&text).unwrap();
        let secrets: Value = serde_json::from_str(answers[SECRETS].get()).unwrap();
        let defaults = defaults(&secrets["secrets"]);
        Box::new(move |request| {
            let named = answers.iter().filter(|(key, _)| fits(key, request)).max_by_key(|(key, _)| key.len());
            let default = || defaults.get(&request.path).map(Value::to_string);
            named.map(|(_, body)| body.get().to_owned()).or_else(default).map(|body| answer(&body))
        })
    };
    let fallback = defaults(&two_secrets());
    let is_list = text.starts_with('[');
    let simulator = Simulator::start_with(World::empty(), move |request, _| {
        let of_two = || fallback.get(&request.path).filter(|_| is_list).map(|body| Reply::json(200, body));
        intercept(request).or_else(of_two).unwrap_or_else(not_found)
    });
    let simulator = simulator.await.unwrap();
    (deep(Setup::of(&simulator)).run().await, simulator)
}

/// What is right of a case: its name, the exit code, and the verdict on each secret.
type Right<'a> = (&'a str, u8, &'a [(&'a str, &'a str)]);

/// Holds each case to what is right of it. All that is wrong is told at once.
async fn hold(cases: &[Right<'_>]) {
    let mut wrong = Vec::new();
    for (case, code, verdicts) in cases {
        let (outcome, _simulator) = audit(case).await;
        if let Err(error) = &outcome.result {
            wrong.push(format!("{case}: {error}"));
            continue;
        }
        let bundle = outcome.bundle();
        let is_right = |(id, verdict): &(&str, &str)| bundle.verdict(id) == *verdict;
        if outcome.code() != *code || !verdicts.iter().all(is_right) {
            let verdicts: Vec<&str> = verdicts.iter().map(|(id, _)| bundle.verdict(id)).collect();
            wrong.push(format!("{case}: {} {verdicts:?} {}", outcome.code(), bundle.workspace()["sources"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

const UNUSED: &[(&str, &str)] = &[("sec_1", "unused")];
const BOTH_UNUSED: &[(&str, &str)] = &[("sec_1", "unused"), ("sec_2", "unused")];
const HELD: &[(&str, &str)] = &[("sec_1", "in_use"), ("sec_2", "unused")];

#[tokio::test]
async fn what_slides_onto_an_earlier_page_is_seen_by_a_further_walk() {
    let both = &[("sec_a", "in_use"), ("sec_b", "in_use")][..];
    hold(&[("01-variable-deleted-between-pages", 0, both)]).await;
}

#[tokio::test]
async fn what_the_vendors_own_schema_allows_spoils_no_night() {
    let two = &[("sec_a", "in_use"), ("sec_b", "unused")][..];
    hold(&[
        ("03-empty-cursor-with-has-more-false", 0, two),
        ("05-half-an-emoji-in-an-mcp-description", 0, two),
        ("20-agents-vendor-example-again", 0, UNUSED),
        ("20-branch-archived", 0, &[("sec_1", "in_use")]),
        ("20-cursor-empty-secrets", 0, UNUSED),
        ("20-secret-extra-object", 0, UNUSED),
        ("20-secret-extra-true", 0, UNUSED),
        ("20-settings-empty", 0, UNUSED),
        ("20-surrogate-mcp", 0, HELD),
        ("20-used_by-count-0", 0, UNUSED),
        ("21-secret-tags-list", 0, UNUSED),
    ])
    .await;
}

#[tokio::test]
async fn a_thing_called_secret_id_is_no_reference_and_a_locator_below_it_is() {
    hold(&[
        ("20-key-env", 0, HELD),
        ("20-key-mcp-header-literal", 0, BOTH_UNUSED),
        ("20-key-mcp-header-locator", 0, HELD),
        ("20-key-mcp-meta-number", 0, BOTH_UNUSED),
        ("20-key-settings-header", 0, BOTH_UNUSED),
        ("20-key-tool-body", 0, BOTH_UNUSED),
    ])
    .await;
}

/// It may be a credential: it is asked for in no URL, and stands in no report.
#[tokio::test]
async fn a_plain_string_under_such_a_name_is_asked_for_nowhere_and_shown_nowhere() {
    for (case, value) in
        [("20-key-mcp-header-literal", "APPROLE-VALUE-7f3c"), ("20-key-settings-header", "PLAIN-VALUE-99")]
    {
        let (outcome, simulator) = audit(case).await;
        let sent = simulator.requests();
        assert!(sent.iter().all(|request| !format!("{request:?}").contains(value)), "{case}: asked for");
        assert_eq!(outcome.bundle().workspace()["dangling_references"], json!([]), "{case}");
        for file in crate::bundle::names_in(&directory(&outcome)) {
            let bytes = fs_err::read(directory(&outcome).join(&file)).unwrap();
            assert!(!String::from_utf8_lossy(&bytes).contains(value), "{case}: {file}");
        }
    }
}

#[tokio::test]
async fn a_field_of_a_secret_that_is_not_known_is_named() {
    for (case, field) in [
        ("20-secret-extra-object", "metadata"),
        ("20-secret-extra-true", "is_shared"),
        ("20-used_by-count-0", "dependents_total"),
        ("21-secret-tags-list", "tags"),
    ] {
        let (outcome, _simulator) = audit(case).await;
        let warnings = outcome.bundle().workspace()["warnings"].to_string();
        assert!(warnings.contains(field), "{case}: {warnings}");
    }
}

#[tokio::test]
async fn something_of_the_wrong_type_where_references_stand_was_not_read() {
    let mut wrong = Vec::new();
    for (case, place) in [
        ("21-agent-config-string", "agents"),
        ("21-engine-null", "speech_engines"),
        ("21-engine-string", "speech_engines"),
        ("21-env-values-string", "environment_variables"),
        ("21-settings-string", "settings"),
    ] {
        let (outcome, _simulator) = audit(case).await;
        let bundle = outcome.bundle();
        let said =
            (outcome.code(), bundle.verdict("sec_1").to_owned(), source(&bundle, place)["status"].clone());
        if said != (3, "undetermined".to_owned(), json!("not read whole")) {
            wrong.push((case, said));
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}
