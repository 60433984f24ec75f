//! What the wire types make of bodies: the document's shapes here, everything else in the files below.

mod faults;
mod hostile;
mod properties;
mod rooms;
mod search;
mod steps;

use serde_json::{Value, json};

use super::*;
use crate::{
    api::error::Malformed,
    inventory::{DependentType, Observation, Resource, Visibility},
};

fn read(body: impl Into<Vec<u8>>) -> Result<SecretPage<'static>, Malformed> {
    SecretPage::parse(body.into().leak())
}

fn read_dependencies(
    resource_type: ResourceType,
    body: impl Into<Vec<u8>>,
) -> Result<DependenciesPage<'static>, Malformed> {
    DependenciesPage::parse(body.into().leak(), resource_type)
}

/// A page with one secret whose `used_by` is this text.
fn page_of(used_by: &str) -> String {
    format!(
        r#"{{"secrets": [{{"type": "stored", "secret_id": "s", "name": "n", "used_by": {used_by}}}], "next_cursor": null}}"#
    )
}

/// The one secret of such a page.
fn secret_with(used_by: &str) -> ListedSecret<'static> {
    let mut page = read(page_of(used_by)).unwrap();
    assert_eq!(page.secrets.len(), 1);
    page.secrets.remove(0)
}

/// The list of this name under a `used_by` of this text.
fn list(used_by: &str, name: &str) -> DependentList<'static> {
    let mut lists = secret_with(used_by).lists;
    let position = lists.iter().position(|list| list.name.as_str() == name).expect(name);
    lists.remove(position)
}

/// Whether an audit may take the list for whole, if it is shorter than the limit.
fn is_whole(list: &DependentList<'_>) -> bool {
    list.problem.is_none() && list.has_more != HasMore::Yes
}

fn ids<'a>(observations: &'a [Observation<'_>]) -> Vec<&'a str> {
    observations.iter().map(|observation| &*observation.resource.id).collect()
}

fn available(kind: DependentType, id: &'static str, name: &'static str) -> Resource<'static> {
    Resource {
        visibility: Visibility::Available,
        name: Some(name.into()),
        access_level: Some("viewer".into()),
        created_at_unix_secs: Some(1_700_000_000),
        ..Resource::unknown(kind, id)
    }
}

/// Every list of the document, each with one element, and every flag.
fn documented_used_by() -> Value {
    let available = |id: &str, name: &str| {
        json!({"type": "available", "id": id, "name": name, "created_at_unix_secs": 1_700_000_000,
               "access_level": "viewer"})
    };
    json!({
        "tools": [available("t", "Tool")],
        "tools_has_more": false,
        "agents": [available("a", "Agent")],
        "agents_has_more": true,
        "phone_numbers": [
            {"phone_number_id": "p", "phone_number": "+442079460000", "label": "Line", "provider": "twilio"}
        ],
        "phone_numbers_has_more": false,
        "mcp_servers": [available("m", "MCP")],
        "others": ["conversation_initiation_webhook"],
    })
}

#[test]
fn a_page_as_the_document_has_it_is_read_whole() {
    let secret = json!({"type": "stored", "secret_id": "s", "name": "n", "used_by": documented_used_by()});
    let body = json!({"secrets": [secret], "next_cursor": "c"}).to_string();
    let page = read(body).unwrap();
    assert_eq!(page.next_cursor.as_deref(), Some("c"));
    let [secret] = page.secrets.as_slice() else { panic!("{page:?}") };
    assert_eq!((&*secret.id, secret.name.as_deref()), ("s", Some("n")));

    let names: Vec<&str> = secret.lists.iter().map(|list| list.name.as_str()).collect();
    assert_eq!(names, ["tools", "agents", "phone_numbers", "mcp_servers", "others"]);
    let flags: Vec<HasMore> = secret.lists.iter().map(|list| list.has_more).collect();
    use HasMore::{Absent, No, Yes};
    assert_eq!(flags, [No, Yes, No, Absent, Absent]);
    assert!(secret.lists.iter().all(|list| list.problem.is_none() && list.observations.len() == 1));

    let shown: Vec<&Resource<'_>> = secret.lists.iter().map(|list| &list.observations[0].resource).collect();
    let phone_number = Resource {
        visibility: Visibility::Available,
        name: Some("Line".into()),
        provider: Some("twilio".into()),
        phone_number: Some("+442079460000".into()),
        ..Resource::unknown(DependentType::PhoneNumber, "p")
    };
    let other = Resource {
        visibility: Visibility::Available,
        ..Resource::unknown(DependentType::Other, "conversation_initiation_webhook")
    };
    let expected = [
        available(DependentType::Tool, "t", "Tool"),
        available(DependentType::Agent, "a", "Agent"),
        phone_number,
        available(DependentType::McpServer, "m", "MCP"),
        other,
    ];
    assert_eq!(shown, expected.iter().collect::<Vec<_>>());
}

#[test]
fn an_unknown_identifier_is_a_use_with_an_id_and_no_name() {
    for (name, kind) in [
        ("tools", DependentType::Tool),
        ("agents", DependentType::Agent),
        ("mcp_servers", DependentType::McpServer),
    ] {
        for element in [r#"{"type": "unknown", "id": "x"}"#, r#"{"id": "x"}"#] {
            let list = list(&format!(r#"{{"{name}": [{element}]}}"#), name);
            assert_eq!(
                list.observations[0].resource,
                Resource::unknown(kind.clone(), "x"),
                "{name} {element}"
            );
            assert!(list.problem.is_none());
        }
    }
}

#[test]
fn an_available_identifier_may_leave_its_type_out() {
    let list = list(r#"{"tools": [{"id": "x", "name": "X"}]}"#, "tools");
    assert_eq!(list.observations[0].resource.visibility, Visibility::Available);
}

#[test]
fn an_agent_names_the_resources_through_which_it_depends() {
    let used_by = r#"{"agents": [
        {"type": "available", "id": "a", "name": "A", "referenced_resource_ids": ["t1", "t2"]},
        {"type": "unknown", "id": "b", "referenced_resource_ids": ["t3"]},
        {"type": "unknown", "id": "c", "referenced_resource_ids": []},
        {"type": "unknown", "id": "d", "referenced_resource_ids": null}]}"#;
    let list = list(used_by, "agents");
    let via: Vec<Vec<&str>> = list
        .observations
        .iter()
        .map(|observation| observation.via.iter().map(|id| &**id).collect())
        .collect();
    assert_eq!(via, [vec!["t1", "t2"], vec!["t3"], vec![], vec![]]);
}

#[test]
fn a_page_of_dependents_of_each_type_is_read() {
    let one_of_each = [
        (ResourceType::Tools, DependentType::Tool),
        (ResourceType::Agents, DependentType::Agent),
        (ResourceType::PhoneNumbers, DependentType::PhoneNumber),
    ];
    for (resource_type, kind) in one_of_each {
        let list = &documented_used_by()[resource_type.as_str()];
        let body = json!({"dependencies": list, "next_cursor": "c"}).to_string();
        let page = read_dependencies(resource_type, body).unwrap();
        assert_eq!((page.observations.len(), page.next_cursor.as_deref()), (1, Some("c")));
        let resource = &page.observations[0].resource;
        assert_eq!((&resource.dependent_type, resource.visibility), (&kind, Visibility::Available));
        assert!(resource.name.is_some());
        let previewed = format!(r#"{{"{}": {list}}}"#, resource_type.as_str());
        let previewed = super::tests::list(&previewed, resource_type.as_str());
        assert_eq!(previewed.observations[0].resource, *resource, "the same in used_by");
    }
}

#[test]
fn a_cursor_that_is_null_or_absent_is_the_end_and_an_empty_list_is_no_error() {
    for end in ["", r#", "next_cursor": null"#] {
        let page = read(format!(r#"{{"secrets": []{end}}}"#)).unwrap();
        assert!(page.secrets.is_empty() && page.next_cursor.is_none());
        let body = format!(r#"{{"dependencies": []{end}}}"#);
        let page = read_dependencies(ResourceType::Agents, body).unwrap();
        assert!(page.observations.is_empty() && page.next_cursor.is_none());
    }
    // An empty one is the end too, but that is for the walk to say.
    assert_eq!(read(r#"{"secrets": [], "next_cursor": ""}"#).unwrap().next_cursor.as_deref(), Some(""));
}

#[test]
fn fields_and_values_that_the_document_does_not_know_change_nothing() {
    let page = read(
        r#"{"total": 1, "secrets": [{"type": "stored", "secret_id": "s", "name": "n", "rotated": "monthly", "empty": [],
            "used_by": {"tools": [{"type": "available", "id": "t", "name": "T", "access_level": "owner",
            "colour": {"deep": [1]}}], "agents": [], "others": ["telepathy"], "phone_numbers":
            [{"phone_number_id": "p", "provider": "pigeon"}]}}]}"#,
    )
    .unwrap();
    let lists = &page.secrets[0].lists;
    let tool = &lists[0].observations[0].resource;
    assert_eq!((&*tool.id, tool.access_level.as_deref()), ("t", Some("owner")));
    assert_eq!(lists[2].observations[0].resource.provider.as_deref(), Some("pigeon"));
    assert_eq!(ids(&lists[4].observations), ["telepathy"]);
    assert!(lists.iter().all(is_whole));
    let names = |fields: &[UnknownField<'_>]| -> Vec<String> {
        fields.iter().map(|field| field.name.to_string()).collect()
    };
    assert_eq!(names(&page.unknown_fields), ["total"]);
    assert_eq!(names(&page.secrets[0].unknown_fields), ["rotated", "empty", "used_by.tools.colour"]);
}

#[test]
fn a_type_of_secret_never_heard_of_is_a_doubt() {
    let page = read(
        r#"{"secrets": [{"type": "vaulted", "secret_id": "s", "used_by": {"tools": [], "agents": [], "others": []}}]}"#,
    )
    .unwrap();
    assert!(!page.secrets[0].lists.iter().all(is_whole));
}

/// How many lists are a doubt, how many uses are shown, and which fields are unknown.
fn odd_secret(beside: &str, below: &str) -> (usize, usize, Vec<String>) {
    let body = format!(
        r#"{{"secrets": [{{"type": "stored", "secret_id": "s"{beside},
            "used_by": {{"tools": [], "agents": [], "others": []{below}}}}}]}}"#
    );
    let page = read(body.as_str()).unwrap();
    let secret = &page.secrets[0];
    let doubts = secret.lists.iter().filter(|list| list.problem.is_some()).count();
    let uses = secret.lists.iter().map(|list| list.observations.len()).sum();
    (doubts, uses, secret.unknown_fields.iter().map(|field| field.name.to_string()).collect())
}

#[test]
fn a_field_beside_used_by_is_named_and_no_doubt_whatever_it_holds() {
    for value in ["true", "7", r#""text""#, r#"["prod"]"#, r#"{"created_at_unix_secs": 1700000000}"#] {
        assert_eq!(
            odd_secret(&format!(r#", "extra": {value}"#), ""),
            (0, 0, vec!["extra".to_owned()]),
            "{value}"
        );
    }
    let void =
        r#", "a": false, "b": {}, "c": [], "d": 0, "e": null, "f": "", "access_info": {"role": "viewer"}"#;
    let (doubts, uses, unknown) = odd_secret(void, "");
    assert_eq!((doubts, uses, unknown.concat().as_str()), (0, 0, "abcdef"));
}

#[test]
fn below_used_by_a_count_of_nothing_is_nothing_and_any_other_is_a_doubt() {
    for (below, doubts, uses) in [
        (
            r#", "total": 0, "b": 0.0, "c": false, "d": null, "e": [], "f": {"tools": 0}, "g": "", "h_has_more": null"#,
            0,
            0,
        ),
        (r#", "total": 3"#, 1, 0),
        (r#", "is_used": true"#, 1, 0),
        (r#", "widgets": [0]"#, 0, 1),
        (r#", "widgets": [{"id": "w"}, {"id": "x"}]"#, 0, 2),
        (r#", "widget": "w""#, 1, 0),
    ] {
        let (found, shown, unknown) = odd_secret("", below);
        assert_eq!((found, shown), (doubts, uses), "{below}");
        assert!(unknown[0].starts_with("used_by."), "{unknown:?}");
    }
    for beside in
        [r#", "dependents_total": 2"#, r#", "used_at": "2026-11-28""#, r#", "is_independent": true"#]
    {
        assert_eq!((odd_secret(beside, "").0, odd_secret(beside, "").1), (0, 0), "{beside}");
    }
}

#[test]
fn what_stands_beside_used_by_is_named_as_unknown_whatever_its_name() {
    for field in
        [r#""used_by_v2": {"tools": [{"id": "t"}]}"#, r#""dependents": ["d"]"#, r#""used_in": ["eu"]"#]
    {
        let (doubts, uses, unknown) = odd_secret(&format!(", {field}"), "");
        assert_eq!((doubts, uses, unknown.len()), (0, 0, 1), "{field}");
    }
}

#[test]
fn a_text_under_used_by_may_tell_of_a_use_and_is_none() {
    assert_eq!(odd_secret("", r#", "last_used_at": "2026-11-28""#).1, 0);
    assert_eq!(odd_secret("", r#", "last_used_at": "2026-11-28""#).0, 1);
    assert_eq!(odd_secret("", r#", "last_used_at": """#).0, 0);
}

#[test]
fn a_kind_of_visibility_never_heard_of_is_not_taken_for_visible() {
    let list = list(r#"{"agents": [{"type": "redacted", "id": "a", "name": "A"}]}"#, "agents");
    assert_eq!(list.observations[0].resource.visibility, Visibility::Unknown);
}

#[test]
fn escapes_are_read_wherever_they_stand() {
    let body = r#"{"\u0073ecrets": [{"secret_\u0069d": "\ud83d\udd11", "name": "a\nb",
        "used_by": {"t\u006fols": [{"\u0069d": "\"t\""}], "agents": [], "others": ["\u00e9"]}}]}"#;
    let page = read(body).unwrap();
    assert_eq!((&*page.secrets[0].id, page.secrets[0].name.as_deref()), ("🔑", Some("a\nb")));
    assert_eq!(ids(&page.secrets[0].lists[0].observations), ["\"t\""]);
    assert_eq!(ids(&page.secrets[0].lists[4].observations), ["é"]);
}
