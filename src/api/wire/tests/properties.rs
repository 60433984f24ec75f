//! Rules that hold whatever stands wherever in a page.

use proptest::prelude::*;
use serde_json::Map;

use super::*;

/// Any JSON value, with the names that pages use among its fields.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,8}".prop_map(Value::from),
    ];
    let field = prop_oneof![
        Just("id".to_owned()),
        Just("secret_id".to_owned()),
        Just("tools".to_owned()),
        Just("agents_has_more".to_owned()),
        Just("type".to_owned()),
        "\\PC{0,6}",
    ];
    leaf.prop_recursive(4, 24, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((field.clone(), inner), 0..4)
                .prop_map(|fields| Value::from(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// A page of two secrets: the first has an element in every list, the second none.
fn valid_page() -> Value {
    let empty = json!({"tools": [], "tools_has_more": false, "agents": [], "others": []});
    json!({
        "secrets": [
            {"type": "stored", "secret_id": "used", "name": "n", "used_by": documented_used_by()},
            {"type": "stored", "secret_id": "free", "name": "m", "used_by": empty},
        ],
        "next_cursor": null,
    })
}

/// Where a value stands, as JSON pointers.
fn places(value: &Value, here: &str, found: &mut Vec<String>) {
    found.push(here.to_owned());
    match value {
        Value::Array(items) => {
            items
                .iter()
                .enumerate()
                .for_each(|(index, item)| places(item, &format!("{here}/{index}"), found));
        }
        Value::Object(fields) => {
            fields.iter().for_each(|(name, field)| places(field, &format!("{here}/{name}"), found));
        }
        _ => {}
    }
}

fn places_of(page: &Value) -> Vec<String> {
    let mut found = Vec::new();
    places(page, "", &mut found);
    found
}

/// What an audit would call free of uses: no element anywhere, and every list whole.
fn looks_unused(secret: &ListedSecret<'_>) -> bool {
    secret.lists.iter().all(|list| list.observations.is_empty() && is_whole(list))
}

fn elements_in(used_by: &Value) -> usize {
    ["tools", "agents", "phone_numbers", "mcp_servers", "others"]
        .iter()
        .filter_map(|list| Some(used_by.get(list)?.as_array()?.len()))
        .sum()
}

/// What is read in one go, where it is, is what is read piece by piece.
fn assert_read_alike(body: &[u8]) {
    if let Some(page) = documented::secret_page(body) {
        assert_eq!(Ok(page), SecretPage::parse_piece_by_piece(body), "{}", String::from_utf8_lossy(body));
    }
}

fn assert_dependencies_read_alike(body: &[u8], resource_type: ResourceType) {
    if let Some(page) = documented::dependencies_page(body, resource_type) {
        assert_eq!(Ok(page), DependenciesPage::parse_piece_by_piece(body, resource_type));
    }
}

#[test]
fn documented_pages_are_read_in_one_go_and_others_are_not() {
    let page = valid_page().to_string();
    assert!(documented::secret_page(page.as_bytes()).is_some());
    assert_read_alike(page.as_bytes());
    for (documented, odd) in [
        (r#""tools_has_more":false"#, r#""tools_has_more":null"#),
        (r#""tools_has_more":false"#, r#""tools_has_more":false,"tools_has_more":false"#),
        (r#""others":[]"#, r#""others":[],"others":["a"]"#),
        (r#""others":[]"#, r#""others":[{"id":"a"}]"#),
        (r#""others":[]"#, r#""others":[],"widgets":[]"#),
        (r#""others":[]"#, r#""others":null"#),
        (r#""others":[]"#, r#""others":[],"phone_numbers":null"#),
        (r#","others":[]"#, ""),
        (r#""type":"stored""#, r#""type":"new""#),
        (r#""type":"stored""#, r#""type":"st\u006fred""#),
        (r#""type":"stored""#, r#""used":true"#),
        (r#""secret_id":"free""#, r#""secret_id":"""#),
        (r#""secret_id":"free""#, r#""secret_id":"free","secret_id":"free""#),
        (r#""name":"m""#, r#""name":null"#),
        (r#""next_cursor":null"#, r#""next_cursor":null,"has_more":true"#),
        (r#""next_cursor":null"#, r#""next_cursor":1"#),
        (r#""agents":[]"#, r#""agents":[{"name":"without an id"}]"#),
        (r#""agents":[]"#, r#""agents":[{"id":1}]"#),
        (r#""agents":[]"#, r#""agents":[["available","id"]]"#),
    ] {
        let body = page.replacen(documented, odd, 1);
        assert_ne!(body, page, "{documented}");
        assert!(documented::secret_page(body.as_bytes()).is_none(), "{odd}");
    }
    let dependencies = r#"{"dependencies":[{"type":"unknown","id":"a"}],"next_cursor":"c"}"#;
    for resource_type in [ResourceType::Tools, ResourceType::Agents, ResourceType::PhoneNumbers] {
        assert!(documented::dependencies_page(dependencies.as_bytes(), resource_type).is_some());
        assert_dependencies_read_alike(dependencies.as_bytes(), resource_type);
    }
    let more = dependencies.replace("}]", "}],\"has_more\":false");
    assert!(documented::dependencies_page(more.as_bytes(), ResourceType::Tools).is_none());
}

/// Whether a value is no use and no doubt.
fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(flag) => !flag,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => {
            fields.values().all(|value| *value == json!(false) || value.as_f64() == Some(0.0))
        }
    }
}

proptest! {
    #[test]
    fn pages_are_read_alike_in_one_go_and_piece_by_piece(
        place in prop::sample::select(places_of(&valid_page())),
        value in any_json(),
        position in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        let mut body = valid_page();
        *body.pointer_mut(&place).unwrap() = value.clone();
        assert_read_alike(body.to_string().as_bytes());
        let mut damaged = valid_page().to_string().into_bytes();
        let position = position.index(damaged.len());
        damaged[position] = byte;
        assert_read_alike(&damaged);
        let used_by = documented_used_by();
        for resource_type in [ResourceType::Tools, ResourceType::Agents, ResourceType::PhoneNumbers] {
            let mut list = used_by[resource_type.as_str()].clone();
            assert_dependencies_read_alike(json!({"dependencies": list}).to_string().as_bytes(), resource_type);
            if let Some(field) = list.pointer_mut("/0/id") {
                *field = value.clone();
            }
            let body = json!({"dependencies": list, "next_cursor": value}).to_string();
            assert_dependencies_read_alike(body.as_bytes(), resource_type);
        }
    }

    #[test]
    fn any_value_at_any_place_never_makes_a_used_secret_look_unused(
        place in prop::sample::select(places_of(&valid_page())),
        value in any_json(),
    ) {
        let mut body = valid_page();
        *body.pointer_mut(&place).unwrap() = value;
        if let Ok(page) = read(body.to_string()) {
            let secrets = body["secrets"].as_array().unwrap();
            prop_assert_eq!(page.secrets.len(), secrets.len(), "a secret is lost");
            for (read, sent) in page.secrets.iter().zip(secrets) {
                prop_assert_eq!(Some(&*read.id), sent["secret_id"].as_str());
                let elements = elements_in(&sent["used_by"]);
                let shown: usize = read.lists.iter().map(|list| list.shown).sum();
                prop_assert!(shown >= elements, "{} of {} elements are shown", shown, elements);
                prop_assert!(elements == 0 || !looks_unused(read));
                // One value can spoil one list; the four others still tell of a use.
                prop_assert!(read.id != "used" || place.starts_with("/secrets/0/used_by") || !looks_unused(read));
            }
        }
    }

    #[test]
    fn any_further_field_under_used_by_is_empty_or_a_use(name in "[a-z]{1,3}_list", value in any_json()) {
        let mut used_by = json!({"tools": [], "agents": [], "others": []});
        used_by[&name] = value.clone();
        prop_assert_eq!(looks_unused(&secret_with(&used_by.to_string())), says_nothing(&value));
    }

    #[test]
    fn any_bytes_are_a_page_or_an_error(body in prop::collection::vec(any::<u8>(), 0..64)) {
        let _ = read(body.clone());
        let _ = read_dependencies(ResourceType::Agents, body);
    }

    #[test]
    fn any_damage_to_one_byte_is_noticed_or_hides_no_secret(position in any::<prop::sample::Index>(), byte: u8) {
        let mut body = valid_page().to_string().into_bytes();
        let position = position.index(body.len());
        body[position] = byte;
        if let Ok(page) = read(body) {
            prop_assert_eq!(page.secrets.len(), 2);
        }
    }

    #[test]
    fn any_value_in_a_page_of_dependents_is_an_error_or_a_row_for_each(value in any_json()) {
        let body = json!({"dependencies": value}).to_string();
        for resource_type in [ResourceType::Tools, ResourceType::Agents, ResourceType::PhoneNumbers] {
            match (read_dependencies(resource_type, body.clone()), &value) {
                (Ok(page), Value::Array(items)) => prop_assert_eq!(page.shown, items.len()),
                (Ok(page), _) => prop_assert!(false, "{page:?}"),
                (Err(_), value) => prop_assert!(!value.is_array()),
            }
        }
    }
}
