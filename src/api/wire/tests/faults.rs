//! What is missing, null or of the wrong type: an error in the frame, a list that isn't whole inside a secret.

use super::*;

/// Reads a page that must be refused, and gives the message.
fn refused(body: &str) -> String {
    read(body).expect_err(body).to_string()
}

#[test]
fn a_fault_in_the_frame_is_an_error_that_names_the_field() {
    for (body, named) in [
        ("", "the body is not valid JSON"),
        ("<html>502</html>", "the body is not valid JSON"),
        ("null", "the body is not an object"),
        ("7", "the body is not an object"),
        (r#""secrets""#, "the body is not an object"),
        ("[]", "the body is not an object"),
        (r#"[[], "c"]"#, "the body is not an object"),
        ("{}", "secrets is missing"),
        (r#"{"secrets": null}"#, "secrets is missing"),
        (r#"{"secrets": {}}"#, "secrets is not a list"),
        (r#"{"secrets": "s"}"#, "secrets is not a list"),
        (r#"{"secrets": [], "next_cursor": 7}"#, "next_cursor is not a string"),
        (r#"{"secrets": [], "next_cursor": false}"#, "next_cursor is not a string"),
        (r#"{"secrets": [], "next_cursor": ["c"]}"#, "next_cursor is not a string"),
        (r#"{"secrets": [null]}"#, "secrets[0]: the secret is not an object"),
        (r#"{"secrets": ["s"]}"#, "secrets[0]: the secret is not an object"),
        (r#"{"secrets": [["stored", "s", "n", {}]]}"#, "secrets[0]: the secret is not an object"),
        (r#"{"secrets": [{"secret_id": "a", "used_by": {}}, {}]}"#, "secrets[1]: the field secret_id"),
        (r#"{"secrets": [{"secret_id": null}]}"#, "secrets[0]: the field secret_id"),
        (r#"{"secrets": [{"secret_id": ""}]}"#, "secrets[0]: the field secret_id"),
        (r#"{"secrets": [{"secret_id": 7}]}"#, "secret_id is not a string"),
        (r#"{"secrets": [{"id": "a"}]}"#, "secrets[0]: the field secret_id"),
    ] {
        let message = refused(body);
        assert!(message.contains(named), "{body}: {message}");
    }
}

#[test]
fn a_fault_in_the_frame_of_a_page_of_dependents_is_an_error() {
    for (body, named) in [
        ("{}", "dependencies is missing"),
        (r#"{"dependencies": null}"#, "dependencies is missing"),
        (r#"{"dependencies": {}}"#, "dependencies is not a list"),
        (r#"{"dependencies": "a"}"#, "dependencies is not a list"),
        (r#"{"dependencies": [], "next_cursor": {}}"#, "next_cursor is not a string"),
        (r#"{"dependencies": [], "dependencies": []}"#, "dependencies stands twice"),
        (r#"[[{"id": "a"}], null]"#, "the body is not an object"),
    ] {
        let message = read_dependencies(ResourceType::Tools, body).expect_err(body).to_string();
        assert!(message.contains(named), "{body}: {message}");
    }
}

#[test]
fn a_secret_whose_used_by_cannot_be_read_has_no_list_that_is_whole() {
    for used_by in ["null", "7", "false", r#""""#, "[]", r#"[{"tools": []}]"#] {
        let secret = secret_with(used_by);
        assert_eq!(secret.lists.len(), 5, "{used_by}");
        assert!(!secret.lists.iter().any(is_whole), "{used_by}");
    }
    let page = read(r#"{"secrets": [{"secret_id": "s", "name": "n"}]}"#).unwrap();
    assert!(!page.secrets[0].lists.iter().any(is_whole), "used_by is missing");
}

#[test]
fn of_lists_that_are_missing_only_the_required_ones_are_not_whole() {
    let secret = secret_with("{}");
    let whole: Vec<(&str, bool)> =
        secret.lists.iter().map(|list| (list.name.as_str(), is_whole(list))).collect();
    let expected = [
        ("tools", false),
        ("agents", false),
        ("phone_numbers", true),
        ("mcp_servers", true),
        ("others", false),
    ];
    assert_eq!(whole, expected);
}

#[test]
fn a_list_that_is_null_or_no_list_is_not_whole_and_costs_the_others_nothing() {
    for name in ["tools", "agents", "phone_numbers", "mcp_servers", "others"] {
        for value in ["null", "{}", "7", "true", "false", r#""""#, r#""t""#, r#"{"0": {"id": "t"}}"#] {
            let mut used_by = serde_json::json!({"tools": [], "agents": [], "others": []});
            used_by[name] = serde_json::from_str(value).unwrap();
            let secret = secret_with(&used_by.to_string());
            for list in &secret.lists {
                assert_eq!(is_whole(list), list.name.as_str() != name, "{name}: {value}: {list:?}");
            }
        }
    }
}

#[test]
fn only_false_says_that_there_is_no_more() {
    for (flag, expected) in [
        (r#", "agents_has_more": false"#, HasMore::No),
        (r#", "agents_has_more": true"#, HasMore::Yes),
        (r#", "agents_has_more": null"#, HasMore::Yes),
        (r#", "agents_has_more": 0"#, HasMore::Yes),
        (r#", "agents_has_more": "false""#, HasMore::Yes),
        (r#", "agents_has_more": []"#, HasMore::Yes),
        (r#", "agents_has_more": {}"#, HasMore::Yes),
        (r#", "agents_has_more": false, "agents_has_more": false"#, HasMore::Yes),
        ("", HasMore::Absent),
    ] {
        assert_eq!(list(&format!(r#"{{"agents": []{flag}}}"#), "agents").has_more, expected, "{flag}");
    }
    for name in ["mcp_servers", "others"] {
        let used_by = format!(r#"{{"{name}": [], "{name}_has_more": true}}"#);
        assert_eq!(list(&used_by, name).has_more, HasMore::Yes, "a flag that {name} gets one day");
    }
}

#[test]
fn an_element_of_any_shape_is_a_use() {
    let shapes = [
        "null",
        "true",
        "false",
        "0",
        "-1.5e300",
        r#""""#,
        r#""an_id""#,
        "[]",
        "[[]]",
        "{}",
        r#"{"id": null}"#,
        r#"{"id": 7}"#,
        r#"{"id": {}}"#,
        r#"{"id": "a", "id": "b"}"#,
        r#"{"name": "no id"}"#,
        r#"["available", "t", "T", 1, "viewer"]"#,
        r#"{"id": "\ud800"}"#,
    ];
    for name in ["tools", "agents", "phone_numbers", "mcp_servers", "others", "new_list"] {
        for shape in shapes {
            let list = list(&format!(r#"{{"{name}": [{shape}, {{"id": "ok"}}]}}"#), name);
            assert_eq!(list.observations.len(), 2, "{name}: {shape}");
            assert_eq!(list.observations[1].resource.id, "ok", "{name}: {shape}");
        }
    }
    for shape in shapes {
        let body = format!(r#"{{"dependencies": [{shape}]}}"#);
        let page = read_dependencies(ResourceType::PhoneNumbers, body).unwrap();
        assert_eq!(page.observations.len(), 1, "{shape}");
    }
}

#[test]
fn a_field_of_the_wrong_type_costs_an_element_that_field_only() {
    let whole = serde_json::json!({
        "type": "available", "id": "a", "name": "A", "created_at_unix_secs": 1, "access_level": "viewer",
        "referenced_resource_ids": ["t"],
    });
    for field in ["type", "name", "created_at_unix_secs", "access_level", "referenced_resource_ids"] {
        for wrong in [serde_json::json!({}), serde_json::json!([[7]]), serde_json::json!(true)] {
            let mut agent = whole.clone();
            agent[field] = wrong;
            let list = list(&format!(r#"{{"agents": [{agent}]}}"#), "agents");
            let Observation { resource, via, .. } = &list.observations[0];
            assert_eq!(resource.id, "a", "{agent}");
            assert_eq!(resource.name.is_some(), field != "name", "{agent}");
            assert_eq!(resource.access_level.is_some(), field != "access_level", "{agent}");
            assert_eq!(!via.is_empty(), field != "referenced_resource_ids", "{agent}");
        }
    }
}

#[test]
fn of_referenced_ids_those_that_can_be_read_are_kept() {
    let used_by = r#"{"agents": [{"id": "a", "referenced_resource_ids": ["t1", {}, null, "t2", 7]}]}"#;
    assert_eq!(list(used_by, "agents").observations[0].via, ["t1", "t2", "7"]);
}

#[test]
fn a_name_that_is_missing_or_no_string_is_no_error() {
    for name in ["", r#""name": null,"#, r#""name": 7,"#, r#""name": ["n"],"#, r#""name": "a", "name": "b","#]
    {
        let body =
            format!(r#"{{"secrets": [{{"secret_id": "s", {name} "used_by": {{"agents": [{{}}]}}}}]}}"#);
        let page = read(body).unwrap();
        assert_eq!(page.secrets[0].name, None, "{name}");
        assert_eq!(page.secrets[0].lists[1].observations.len(), 1, "{name}");
    }
}

#[test]
fn each_element_has_its_own_id_whatever_other_ids_it_carries() {
    let agents =
        r#"{"agents": [{"id": "a1", "phone_number_id": "p"}, {"id": "a2", "phone_number_id": "p"}]}"#;
    assert_eq!(ids(&list(agents, "agents").observations), ["a1", "a2"]);
    let numbers = r#"{"phone_numbers": [{"id": "x", "phone_number_id": "p1"}, {"id": "p2"}]}"#;
    assert_eq!(ids(&list(numbers, "phone_numbers").observations), ["p1", "p2"]);
    let widgets = r#"{"widgets": [{"workspace_id": "w", "widget_id": "w1"}, {"widget_id": "w2"}]}"#;
    assert_eq!(ids(&list(widgets, "widgets").observations), ["w1", "w2"]);
    let agents =
        r#"{"agents": [{"workspace_id": "w", "agent_id": "a1"}, {"owner_id": "o", "agent_id": "a2"}]}"#;
    assert_eq!(ids(&list(agents, "agents").observations), ["a1", "a2"]);
    let numbered = r#"{"tools": [{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]}"#;
    assert_eq!(ids(&list(numbered, "tools").observations), ["1", "2"]);
    let untold = r#"{"widgets": [{"team_id": "x", "owner_id": "o"}]}"#;
    assert_eq!(ids(&list(untold, "widgets").observations), [""], "which of them is it?");
}
