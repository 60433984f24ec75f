//! What of one answer is read has bounds, and what is beyond them is a doubt and never nothing.

use super::*;
use crate::api::wire::room::{MOST_DEPENDENTS, MOST_UNKNOWN_NAMES, MOST_VIA};

fn many(number: usize, one: impl Fn(usize) -> String) -> String {
    (0..number).map(one).collect::<Vec<_>>().join(",")
}

/// Whether some of the unknown fields could not be read, so that nothing may be said of what they name.
fn lacks_some(fields: &[UnknownField<'_>]) -> bool {
    fields.iter().filter(|field| field.search(&Sought::default()).problem.is_some()).count() == 1
}

#[test]
fn three_fields_more_in_each_dependent_of_a_large_page_are_no_doubt() {
    let agent = |at| format!(r#"{{"id": "{at}", "x": 1, "y": "", "z": []}}"#);
    let lists = format!(
        r#"{{"tools": [], "agents": [{0}], "mcp_servers": [{0}], "others": []}}"#,
        many(MOST_DEPENDENTS / 2, agent)
    );
    let secret = secret_with(&lists);
    assert!(secret.lists.iter().all(is_whole));
    assert_eq!(secret.lists[1].observations.len(), MOST_DEPENDENTS / 2);
    assert_eq!(secret.unknown_fields.len(), 3 * MOST_DEPENDENTS);
    assert!(!secret.unknown_fields.iter().any(UnknownField::is_others));
}

#[test]
fn more_fields_than_are_read_are_told_as_such_once() {
    let agent = |_| r#"{"id": "a", "x": 1, "x": 1, "x": 1, "x": 1, "x": 1, "x": 1}"#.to_owned();
    let agents = many(200_000, agent);
    let secret = secret_with(&format!(r#"{{"tools": [], "agents": [{agents}], "others": []}}"#));
    assert!(lacks_some(&secret.unknown_fields));
    let page = read_dependencies(ResourceType::Agents, format!(r#"{{"dependencies": [{agents}]}}"#));
    assert!(page.is_err() || lacks_some(&page.unwrap().unknown_fields));
}

#[test]
fn what_uses_go_through_is_read_up_to_a_number_and_beyond_it_the_list_is_not_whole() {
    let agent = |at: usize, number| {
        let via = many(number, |at| format!(r#""{at}""#));
        format!(r#"{{"id": "a{at}", "referenced_resource_ids": [{via}]}}"#)
    };
    let odd = |number| agent(0, number).replace(r#""id""#, r#""odd": 1, "id""#);
    for (agents, is_whole) in [
        (agent(0, MOST_VIA), true),
        (agent(0, MOST_VIA + 1), false),
        (odd(MOST_VIA), true),
        (odd(MOST_VIA + 1), false),
        ([agent(0, MOST_VIA), agent(1, 1)].join(","), false),
    ] {
        let list = list(&format!(r#"{{"tools": [], "agents": [{agents}], "others": []}}"#), "agents");
        assert_eq!(list.problem.is_none(), is_whole);
        assert_eq!(list.observations.len(), agents.matches(r#""id""#).count(), "each is a use all the same");
        assert_eq!(list.observations.iter().map(|one| one.via.len()).sum::<usize>(), MOST_VIA);
    }
}

#[test]
fn more_names_in_used_by_than_are_read_leave_a_doubt_in_each_secret() {
    let names = many(MOST_UNKNOWN_NAMES - 10, |at| format!(r#""u{at}": [{{"id": "1"}}]"#));
    let secret = |id, names: &str| format!(r#"{{"secret_id": "{id}", "used_by": {{{names}}}}}"#);
    let page = read(format!(r#"{{"secrets": [{}, {}]}}"#, secret("a", &names), secret("b", r#""x": [1]"#)));
    let page = page.unwrap();
    for secret in &page.secrets {
        let last = secret.lists.last().unwrap();
        assert!(secret.id == "a" || last.problem.is_some() && last.name.as_str() == "used_by", "{secret:?}");
    }
    let fields: Vec<_> = page.secrets.into_iter().flat_map(|secret| secret.unknown_fields).collect();
    assert!(lacks_some(&fields));
}

#[test]
fn more_fields_beside_it_than_are_read_are_told_as_such() {
    let fields = many(MOST_UNKNOWN_NAMES / 2 + 10, |at| format!(r#""u{at}": 1"#));
    let secret = |id| format!(r#"{{"secret_id": "{id}", "used_by": {{}}, {fields}}}"#);
    let page = read(format!(r#"{{"secrets": [{}, {}]}}"#, secret("a"), secret("b"))).unwrap();
    let fields: Vec<_> = page.secrets.into_iter().flat_map(|secret| secret.unknown_fields).collect();
    assert!(lacks_some(&fields));
}

#[test]
fn names_of_lists_that_differ_only_far_in_are_told_apart_by_a_hash() {
    let long = "l".repeat(100_000);
    let secret = secret_with(&format!(r#"{{"{long}1": [1], "{long}2": [1]}}"#));
    let names: Vec<&str> = secret.lists.iter().map(|list| list.name.as_str()).skip(5).collect();
    assert!(names[0] != names[1] && names.iter().all(|name| name.len() < 17 * 1024), "{names:?}");
}
