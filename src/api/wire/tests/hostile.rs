//! Bodies that no honest server sends.

use super::*;

const DEEP: usize = 100_000;

fn nested() -> String {
    format!("{}{}", "[".repeat(DEEP), "]".repeat(DEEP))
}

fn nested_objects() -> String {
    format!("{}1{}", r#"{"a":"#.repeat(DEEP), "}".repeat(DEEP))
}

#[test]
fn a_field_of_the_frame_that_stands_twice_is_an_error_that_names_it() {
    for (body, field) in [
        (r#"{"secrets": [], "secrets": []}"#, "secrets"),
        (r#"{"secrets": [], "secrets": null}"#, "secrets"),
        (r#"{"secrets": null, "secrets": []}"#, "secrets"),
        (r#"{"secrets": [], "next_cursor": "a", "next_cursor": null}"#, "next_cursor"),
        (r#"{"secrets": [], "next_cursor": null, "next_cursor": "a"}"#, "next_cursor"),
        (r#"{"secrets": [], "next_cursor": "a", "next_curs\u006fr": "a"}"#, "next_cursor"),
        (r#"{"secrets": [{"secret_id": "a", "secret_id": "a"}]}"#, "secret_id"),
    ] {
        let message = read(body).expect_err(body).to_string();
        assert!(message.contains(&format!("{field} stands twice")), "{body}: {message}");
    }
}

#[test]
fn a_field_inside_a_secret_that_stands_twice_costs_wholeness_and_no_use() {
    let body = r#"{"secrets": [{"secret_id": "s", "name": "n", "used_by": {"tools": [{"id": "t"}], "agents": [],
        "others": []}, "used_by": {"tools": [], "agents": [], "others": []}}]}"#;
    let secret = read(body).unwrap().secrets.remove(0);
    assert!(!secret.lists.iter().any(is_whole));
    assert_eq!(ids(&secret.lists[0].observations), ["t"]);

    for (first, second) in
        [(r#"[{"id": "t"}]"#, "[]"), ("[]", r#"[{"id": "t"}]"#), (r#"[{"id": "t"}]"#, "null")]
    {
        let tools = list(&format!(r#"{{"tools": {first}, "tools": {second}}}"#), "tools");
        assert!(!is_whole(&tools));
        assert_eq!(ids(&tools.observations), ["t"], "{first} {second}");
        let unknown = list(&format!(r#"{{"widgets": {first}, "widgets": {second}}}"#), "widgets");
        assert_eq!(ids(&unknown.observations), ["t"], "{first} {second}");
    }
}

#[test]
fn a_list_never_heard_of_counts_unless_it_is_empty() {
    for empty in ["null", "false", "0", r#""""#, "[]", "{}", r#"{"a": 0, "b": false}"#] {
        assert!(list(&format!(r#"{{"widgets": {empty}}}"#), "widgets").observations.is_empty(), "{empty}");
    }
    let deep = nested();
    for value in [
        r#"{"kb_1": null}"#,
        r#"{"kb_1": {}}"#,
        r#"[{"id": "w"}]"#,
        "[null]",
        "[[]]",
        r#"{"a": 1}"#,
        r#"{"\ud800": 1}"#,
        &deep,
    ] {
        let widgets = list(&format!(r#"{{"widgets": {value}}}"#), "widgets");
        assert_eq!(widgets.observations.len(), 1);
        let kind = &widgets.observations[0].resource.dependent_type;
        assert_eq!(*kind, DependentType::Unrecognized("widgets".into()));
    }
}

#[test]
fn a_flag_of_a_list_never_heard_of_opens_it_even_where_the_list_is_absent() {
    assert_eq!(list(r#"{"widgets_has_more": true}"#, "widgets").has_more, HasMore::Yes);
    assert!(is_whole(&list(r#"{"widgets_has_more": false}"#, "widgets")));
    let both = secret_with(r#"{"widgets": [], "widgets_has_more": "yes"}"#);
    assert_eq!(both.lists.iter().filter(|list| list.name.as_str() == "widgets").count(), 1);
    assert_eq!(both.lists.last().unwrap().has_more, HasMore::Yes);
}

#[test]
fn lone_surrogates_are_an_error_in_the_frame_and_cost_one_field_elsewhere() {
    for body in [
        r#"{"secrets": [], "next_cursor": "\ud800"}"#,
        r#"{"secrets": [{"secret_id": "\udc00"}]}"#,
        r#"{"secrets": [], "\ud800": 1}"#,
    ] {
        assert!(read(body).is_err(), "{body}");
    }
    let page = read(
        r#"{"secrets": [{"secret_id": "s", "name": "\ud800", "used_by": {"tools": [{"id": "t", "name": "\ud800x"}],
            "agents": [{"id": "\ud800", "name": "A"}], "others": ["\udfff"]}}]}"#,
    )
    .unwrap();
    let secret = &page.secrets[0];
    assert_eq!(secret.name, None);
    assert_eq!(ids(&secret.lists[0].observations), ["t"]);
    assert_eq!(secret.lists[1].observations[0].resource.name.as_deref(), Some("A"));
    assert_eq!(secret.lists[4].observations.len(), 1);
    assert!(
        !secret_with(r#"{"\ud800": [1], "tools": [], "agents": [], "others": []}"#)
            .lists
            .iter()
            .any(is_whole)
    );
}

#[test]
fn what_is_not_utf8_is_an_error_wherever_it_stands() {
    for position in ["{\"\u{1}\": 1, \"secrets\": []}", "{\"secrets\": [], \"x\": \"\u{1}\"}"] {
        let body: Vec<u8> = position.bytes().map(|byte| if byte == 1 { 0xff } else { byte }).collect();
        assert_eq!(read(body).unwrap_err().to_string(), "the body is not UTF-8");
    }
    assert!(read(b"\xff\xfe{\x00}\x00".to_vec()).is_err());
    assert!(read(b"\xef\xbb\xbf{\"secrets\": []}".to_vec()).is_err(), "a byte order mark is no JSON");
}

#[test]
fn enormous_numbers_are_read_past() {
    let digits = "9".repeat(10_000);
    for number in [digits.as_str(), "1e999999", "-1e-999999", "18446744073709551616", "1.5", "-0"] {
        let body = format!(
            r#"{{"n": {number}, "secrets": [{{"secret_id": "s", "name": "n", "x": {number}, "used_by": {{"tools":
            [{{"id": "t", "created_at_unix_secs": {number}}}], "agents": [], "others": [{number}],
            "tools_has_more": {number}}}}}]}}"#
        );
        let page = read(body).unwrap();
        let lists = &page.secrets[0].lists;
        assert_eq!(ids(&lists[0].observations), ["t"]);
        assert_eq!(lists[0].has_more, HasMore::Yes);
        assert_eq!(lists[4].observations.len(), 1);
    }
}

#[test]
fn a_time_is_kept_where_it_is_a_number_of_seconds() {
    for (number, expected) in [
        ("0", Some(0)),
        ("-1", Some(-1)),
        ("9223372036854775807", Some(i64::MAX)),
        ("9223372036854775808", None),
        ("1700000000.75", Some(1_700_000_000)),
        ("1.7e9", Some(1_700_000_000)),
        ("-0.5", Some(-1)),
        ("1e300", None),
        (r#""1700000000""#, None),
        ("null", None),
    ] {
        let tools =
            list(&format!(r#"{{"tools": [{{"id": "t", "created_at_unix_secs": {number}}}]}}"#), "tools");
        let resource = &tools.observations[0].resource;
        assert_eq!((&*resource.id, resource.created_at_unix_secs), ("t", expected), "{number}");
    }
}

#[test]
fn nesting_a_hundred_thousand_deep_overflows_nothing() {
    for deep in [nested(), nested_objects()] {
        assert!(read(deep.clone()).is_err());
        assert!(read(format!(r#"{{"secrets": {{"a": {deep}}}}}"#)).is_err());
        assert!(read(format!(r#"{{"secrets": [{deep}]}}"#)).is_err());
        assert!(read(format!(r#"{{"secrets": [], "next_cursor": {deep}}}"#)).is_err());
        assert!(read(format!(r#"{{"secrets": [], "beside": {deep}}}"#)).is_ok());
        assert!(read(format!(r#"{{"secrets": [{{"secret_id": {deep}}}]}}"#)).is_err());
        assert_eq!(list(&format!(r#"{{"agents": [{deep}]}}"#), "agents").observations.len(), 1);
        let agents =
            list(&format!(r#"{{"agents": [{{"id": "a", "name": {deep}, "x": {deep}}}]}}"#), "agents");
        assert_eq!(ids(&agents.observations), ["a"]);
        assert_eq!(
            list(&format!(r#"{{"agents": [], "agents_has_more": {deep}}}"#), "agents").has_more,
            HasMore::Yes
        );
        assert!(
            read_dependencies(ResourceType::Tools, format!(r#"{{"dependencies": {{"a": {deep}}}}}"#))
                .is_err()
        );
    }
}

#[test]
fn anything_after_the_body_or_short_of_it_is_an_error() {
    let body = page_of(r#"{"tools": [], "agents": [], "others": []}"#);
    for trailing in ["x", "{}", ",", "]", "\0", &body] {
        assert!(read(format!("{body}{trailing}")).is_err(), "{trailing}");
    }
    assert!(read(format!("\n {body}\r\n\t ")).is_ok());
    for end in 0..body.len() {
        assert!(read(&body.as_bytes()[..end]).is_err(), "cut at {end}");
    }
}

#[test]
fn no_message_quotes_a_value() {
    const CANARY: &str = "canary-value";
    let quoted = format!("\"{CANARY}\"");
    let messages: Vec<String> = [
        quoted.clone(),
        format!("[{quoted}]"),
        format!("{{\"secrets\": {quoted}}}"),
        format!("{{\"secrets\": [{quoted}]}}"),
        format!("{{\"secrets\": [], \"next_cursor\": [{quoted}]}}"),
        format!("{{\"secrets\": [], {quoted}}}"),
        format!("{{\"secrets\": [], \"x\": {CANARY}}}"),
        format!("{{\"secrets\": [{{\"secret_id\": {{{quoted}: 1}}}}]}}"),
    ]
    .into_iter()
    .map(|body| read(body.clone()).expect_err(&body).to_string())
    .chain([quoted.clone(), format!("{{\"a\": {quoted}}}")].into_iter().flat_map(|value| {
        let lists = secret_with(&format!(
            r#"{{"tools": {value}, "agents": {value}, "phone_numbers": {value}, "mcp_servers": {value}, "others": {value}}}"#
        ));
        let unreadable = secret_with(&quoted);
        lists.lists.into_iter().chain(unreadable.lists).filter_map(|list| list.problem)
    }))
    .collect();
    assert_eq!(messages.len(), 8 + 20);
    for message in messages {
        assert!(!message.contains("canary"), "{message}");
    }
}
