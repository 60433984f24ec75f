//! What a search finds in a document, and what it takes for unreadable.

use crate::api::wire::{
    Form, FoundReference, FoundReferences, Sought,
    search::*,
    shape::{self, Field},
};

fn sought() -> Sought {
    let mut sought = Sought::default();
    sought.add(["sec_1", "sec_2", "sec_3"]);
    sought.ready(false)
}

fn in_agent(text: &str) -> FoundReferences {
    search(text, shape::AGENT, &sought())
}

/// Paths with ids.
type Pairs = Vec<(String, String)>;

/// The ids with their paths; those of locators first.
fn found(fields: &'static [Field], text: &str) -> (Pairs, Pairs) {
    let FoundReferences { references, problem, .. } = search(text, fields, &sought());
    assert_eq!(problem, None, "{text}");
    let (locators, mentions): (Vec<_>, Vec<_>) =
        references.into_iter().partition(|one| one.form != Form::Mention);
    let pairs = |found: Vec<FoundReference>| -> Pairs {
        found.into_iter().map(|one| (one.path.join("."), one.secret_id)).collect()
    };
    (pairs(locators), pairs(mentions))
}

fn pair(path: &str, id: &str) -> (String, String) {
    (path.to_owned(), id.to_owned())
}

#[test]
fn a_locator_is_found_where_the_document_has_it_and_in_places_it_does_not_know() {
    let text = r#"{"conversation_config": {"agent": {"prompt": {"custom_llm": {"api_key": {"secret_id": "any"}}}},
        "new": [{"secret_id": "sec_2"}]}, "workflow": {"nodes": {"n": {"additional": {"custom_llm":
        {"request_headers": {"A": {"secret_id": "sec_3"}}}}}}}}"#;
    let (locators, mentions) = found(shape::AGENT, text);
    let expected = [
        pair("conversation_config.agent.prompt.custom_llm.api_key", "any"),
        pair("conversation_config.new.0", "sec_2"),
        pair("workflow.nodes.n.additional.custom_llm.request_headers.A", "sec_3"),
    ];
    assert_eq!(locators, expected);
    assert!(mentions.is_empty());
}

#[test]
fn the_id_of_a_secret_is_found_as_a_value_a_key_and_a_word() {
    let text =
        r#"{"conversation_config": {}, "code": {"secrets": {"A": "sec_1"}, "sec_2": [null, "x sec_3;"]}}"#;
    let (locators, mentions) = found(shape::AGENT, text);
    assert!(locators.is_empty());
    let expected =
        [pair("code.secrets.A", "sec_1"), pair("code.sec_2", "sec_2"), pair("code.sec_2.1", "sec_3")];
    assert_eq!(mentions, expected);
}

#[test]
fn a_name_that_is_secret_id_is_a_name() {
    let text = r#"{"tool_config": {"name": "n", "api_schema": {"url": "u", "request_headers":
        {"secret_id": "APPROLE", "X": "sec_2"}, "request_body_schema": {"properties": {"secret_id": {"type": "string"}}},
        "secret_id": {"secret_id": 7}}, "dynamic_variables": {"dynamic_variable_placeholders": {"secret_id": "hush"}},
        "odd": {"secret_id": "PLAIN"}}}"#;
    let (locators, mentions) = found(shape::TOOL, text);
    assert!(locators.is_empty(), "{locators:?}");
    assert_eq!(mentions, [pair("tool_config.api_schema.request_headers.X", "sec_2")]);
    assert_eq!(search(text, shape::TOOL, &sought()).unlike_ids, 1, "only where it is no name");
    let (locators, _) =
        found(shape::ENVIRONMENT_VARIABLE, r#"{"values": {"secret_id": {"secret_id": "sec_1"}}}"#);
    assert_eq!(locators, [pair("values.secret_id", "sec_1")]);
}

#[test]
fn a_locator_with_more_than_an_id_in_it_mentions_the_id_too() {
    let (locators, mentions) =
        found(shape::ENVIRONMENT_VARIABLE, r#"{"values": {"p": {"secret_id": "sec_1@v2"}}}"#);
    assert_eq!(locators, [pair("values.p", "sec_1@v2")]);
    assert_eq!(mentions, [pair("values.p.secret_id", "sec_1")]);
}

#[test]
fn of_two_equal_keys_both_count() {
    let text =
        r#"{"values": {"p": {"secret_id": "sec_1", "secret_id": "sec_2"}, "p": {"secret_id": "sec_3"}}}"#;
    assert_eq!(found(shape::ENVIRONMENT_VARIABLE, text).0.len(), 3);
}

#[test]
fn what_is_not_of_the_type_that_the_document_gives_it_is_a_problem_that_names_its_place() {
    let of_variable =
        |values: &str| search(&format!(r#"{{"values": {values}}}"#), shape::ENVIRONMENT_VARIABLE, &sought());
    for values in [
        r#""oops""#,
        "null",
        "5",
        "[]",
        "true",
        r#"{"p": null}"#,
        r#"{"p": 5}"#,
        r#"{"p": []}"#,
        r#"{"p": {}}"#,
        r#"{"p": {"secret_id": null}}"#,
        r#"{"p": {"secret_id": ""}}"#,
        r#"{"p": {"secret_id": ["s"]}}"#,
        r#"{"p": {"secret_id": {"id": "s"}}}"#,
    ] {
        let problem = of_variable(values).problem.unwrap_or_else(|| panic!("{values}")).to_string();
        assert!(problem.starts_with("values"), "{problem}");
    }
    for values in
        [r#"{}"#, r#"{"p": "text"}"#, r#"{"p": {"auth_connection_id": "a"}}"#, r#"{"p": {"vault": [1]}}"#]
    {
        assert_eq!(of_variable(values).problem, None, "{values}");
    }
    for (fields, text) in [
        (shape::SPEECH_ENGINE, r#"{"speech_engine": {}}"#),
        (shape::SPEECH_ENGINE, r#"{"speech_engine": {"ws_url": "u", "request_headers": null}}"#),
        (shape::SPEECH_ENGINE, r#"{}"#),
        (shape::TOOL, r#"{"tool_config": {"name": "n", "api_schema": "oops"}}"#),
        (shape::TOOL, r#"{"tool_config": []}"#),
        (shape::SETTINGS, r#"{"webhooks": 5}"#),
        (shape::SETTINGS, r#"{"conversation_initiation_client_data_webhook": {"url": "u"}}"#),
        (shape::MCP_SERVER, r#"{"config": {"name": "n", "url": "u", "secret_token": "t"}}"#),
        (shape::AGENT, r#"{"conversation_config": {"agent": {"prompt": {"tools": {}}}}}"#),
        (shape::AGENT, r#"{"conversation_config": {"agent": {"prompt": {"custom_llm": {"api_key": "s"}}}}}"#),
    ] {
        assert!(search(text, fields, &sought()).problem.is_some(), "{text}");
    }
}

#[test]
fn what_the_document_allows_is_no_problem() {
    for (fields, text) in [
        (shape::SETTINGS, r#"{}"#),
        (
            shape::SETTINGS,
            r#"{"conversation_initiation_client_data_webhook": null, "new": {"request_headers": 7}}"#,
        ),
        (shape::AGENT, r#"{"conversation_config": {}}"#),
        (
            shape::AGENT,
            r#"{"conversation_config": {"agent": {"prompt": {"custom_llm": null, "tools": []}}}}"#,
        ),
        (
            shape::TOOL,
            r#"{"tool_config": {"name": "end_call", "type": "system", "params": {"secret_id": null}}}"#,
        ),
        (
            shape::MCP_SERVER,
            r#"{"config": {"name": "n", "url": {"secret_id": "s"}, "secret_token": {"id": "i", "nonce": "n"},
            "request_meta": {"secret_id": 7, "a": [null]}}}"#,
        ),
        (shape::SUMMARY, r#"{"anything": [{"secret_id": 5}]}"#),
    ] {
        assert_eq!(search(text, fields, &sought()).problem, None, "{text}");
    }
    let deep = format!(r#"{{"conversation_config": {}1{}}}"#, r#"{"a":"#.repeat(200), "}".repeat(200));
    assert!(in_agent(&deep).problem.is_some());
}

#[test]
fn tools_and_mcp_servers_that_are_named_are_kept() {
    let text = r#"{"conversation_config": {"agent": {"prompt": {"tool_ids": ["t1", "", "t2"], "mcp_server_ids": ["m"]}}},
        "tool_id": null, "request_headers": {"tool_id": "no"}}"#;
    let named: Vec<_> =
        in_agent(text).named.into_iter().map(|(kind, id)| format!("{} {id}", kind.as_str())).collect();
    assert_eq!(named, ["mcp_server m", "tool t1", "tool t2"]);
}

#[test]
fn what_is_kept_of_one_document_is_bounded() {
    let words: Vec<String> = (0..2_000).map(|number| format!("sec_{number:04}")).collect();
    let mut open = Sought::default();
    open.add(["sec_000a"]);
    let text = serde_json::json!({"conversation_config": {"said": words, "again": vec!["sec_000a"; 50]}})
        .to_string();
    let found = search(&text, shape::AGENT, &open.ready(true));
    assert!(found.has_more_words);
    assert_eq!(found.references.len(), UNKNOWN_KEPT + PLACES_TOLD);
    assert!(!search(&text, shape::AGENT, &open.ready(false)).has_more_words);
}
