//! A place that could not be read, in each way: named with what to do about it, and no secret is called unused.

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator, World, documents};

use crate::{
    bundle::Bundle,
    places::{
        AGENTS, ENVIRONMENT_VARIABLES, PLACES, SPEECH_ENGINES, agent, busy, by_itself, deep, forbidden,
        markdown, source, speech_engine, summary, variable,
    },
    support::{Outcome, Setup, asked, invalid_api_key, missing_permissions},
};

/// One secret in use and one that nothing uses.
fn world() -> World {
    World::of(vec![Secret::new("used", "used").with_tools(1), Secret::new("free", "free")])
}

/// A deep audit of a world in which replies are changed.
async fn audit_with(
    world: World,
    intercept: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
) -> (Outcome, Simulator) {
    let simulator = Simulator::start_with(world, intercept).await.unwrap();
    (deep(Setup::of(&simulator)).run().await, simulator)
}

/// Asserts what an audit says where exactly this place was not read whole, for a reason with these words in it.
fn assert_unread(outcome: &Outcome, simulator: &Simulator, place: &str, words: &[&str]) -> Bundle {
    assert_eq!(outcome.code(), 3, "{place} {words:?}");
    let bundle = outcome.bundle();
    assert!(!bundle.is_complete());
    assert_eq!((bundle.verdict("used"), bundle.verdict("free")), ("in_use", "undetermined"), "{place}");
    let reason = &bundle.secret("free")["reason"];
    let row = source(&bundle, place);
    assert_eq!(row["status"], "not read whole", "{place}");
    let why = row["why"].as_str().unwrap();
    let (markdown, summary) = (markdown(outcome), summary(outcome));
    assert!(markdown.contains("The audit is INCOMPLETE") && summary.contains("INCOMPLETE"), "{summary}");
    assert!(reason.contains(place), "{reason}");
    for word in words {
        assert!(reason.contains(word) && why.contains(word), "{place}, {word}: {reason} / {why}");
        assert!(markdown.contains(word) && summary.contains(word), "{place}, {word}: {summary}");
    }
    for (other, ..) in PLACES.into_iter().filter(|(other, ..)| *other != place) {
        assert_eq!(source(&bundle, other)["status"], "read whole", "{other} beside {place}");
    }
    assert_eq!(asked(simulator, &by_itself("free")), 0, "what can't be unused needs no confirmation");
    bundle
}

#[tokio::test]
async fn a_place_that_is_refused_is_named_with_the_permission_that_it_needs() {
    for (place, path, _) in PLACES {
        let remedy = if place == "speech_engines" { "give the key read access" } else { "convai_read" };
        for (fault, word) in [(missing_permissions(), "missing_permissions"), (forbidden(), "403")] {
            let refused =
                move |request: &Request, reply| if request.path == path { fault.clone() } else { reply };
            let (outcome, simulator) = audit_with(world(), refused).await;
            assert_unread(&outcome, &simulator, place, &[word, remedy, path]);
            assert!(asked(&simulator, path) <= 2, "no use in asking again: {place}");
        }
    }
}

#[tokio::test]
async fn a_place_that_fails_after_every_attempt_is_not_read() {
    for (place, path, _) in PLACES {
        for fault in [busy(), Reply::Close] {
            let failing =
                move |request: &Request, reply| if request.path == path { fault.clone() } else { reply };
            let (outcome, simulator) = audit_with(world(), failing).await;
            assert_unread(&outcome, &simulator, place, &["5 attempts"]);
        }
    }
}

#[tokio::test]
async fn a_place_that_fails_once_is_read_whole() {
    for (place, path, _) in PLACES {
        let failing_once = move |request: &Request, reply| {
            if request.path == path && request.number == 1 { busy() } else { reply }
        };
        let (outcome, _simulator) = audit_with(world(), failing_once).await;
        assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (0, "unused"), "{place}");
    }
}

/// What a place answers instead, and a word of the reason.
fn odd_lists(list: &str) -> Vec<(Value, &'static str)> {
    vec![
        (json!([]), "not an object"),
        (json!({}), "missing"),
        (json!({list: null, "has_more": false}), "missing"),
        (json!({list: {}, "has_more": false}), "not a list"),
        (json!({list: ["x"], "has_more": false}), "not an object"),
        (json!({list: [], "has_more": true}), "no next_cursor"),
        (json!({list: [], "has_more": "yes"}), "no next_cursor"),
        (json!({list: [], "has_more": false, "next_cursor": 7}), "next_cursor"),
    ]
}

#[tokio::test]
async fn a_list_of_another_shape_than_documented_is_not_read() {
    for (place, path, list) in PLACES {
        let Some(list) = list else { continue };
        let mut odd = odd_lists(list);
        if place != "mcp_servers" {
            odd.push((json!({list: []}), "has_more is missing"));
        }
        for (body, word) in odd {
            let odd = move |request: &Request, reply| {
                if request.path == path { Reply::json(200, &body) } else { reply }
            };
            let (outcome, simulator) = audit_with(world(), odd).await;
            assert_unread(&outcome, &simulator, place, &[word]);
        }
    }
}

#[tokio::test]
async fn settings_that_cannot_be_searched_are_not_read() {
    for (body, word) in [
        (&b"[]"[..], "not an object"),
        (b"<html>proxy</html>", "not valid JSON"),
        (b"", "not valid JSON"),
        (br#"{"webhooks": 5}"#, "webhooks is not of the type"),
    ] {
        let odd = move |request: &Request, reply| {
            if request.path == "/v1/convai/settings" {
                return Reply::Answer { status: 200, headers: Vec::new(), body: body.to_vec() };
            }
            reply
        };
        let (outcome, simulator) = audit_with(world(), odd).await;
        assert_unread(&outcome, &simulator, "settings", &[word]);
    }
}

#[tokio::test]
async fn one_document_that_cannot_be_read_makes_its_place_not_whole_and_the_others_still_count() {
    let engines = || World {
        speech_engines: vec![
            speech_engine("seng_1", "Kiosk", "used"),
            speech_engine("seng_2", "Radio", "used"),
        ],
        agents: vec![agent("agent_1", "Day line", "used"), agent("agent_2", "Night line", "used")],
        ..world()
    };
    for (place, column, path) in [
        ("speech_engines", "speech_engines", format!("{SPEECH_ENGINES}/seng_2")),
        ("agents", "agents", format!("{AGENTS}/agent_2")),
    ] {
        for (fault, word) in [
            (forbidden(), "403"),
            (crate::places::not_found(), "404"),
            (busy(), "5 attempts"),
            (Reply::json(200, &json!([])), "not an object"),
        ] {
            let concerned = path.clone();
            let failing = move |request: &Request, reply| {
                if request.path == concerned { fault.clone() } else { reply }
            };
            let (outcome, simulator) = audit_with(engines(), failing).await;
            let bundle = assert_unread(&outcome, &simulator, place, &[word, &path]);
            assert_eq!(bundle.secret("used")[column], "1");
        }
    }
}

#[tokio::test]
async fn an_agent_whose_branches_cannot_be_read_makes_agents_not_whole() {
    let world = || World { agents: vec![documents::agent("agent_1", "Day line", &json!({}))], ..world() };
    let path = format!("{AGENTS}/agent_1/branches");
    for (fault, word) in [
        (forbidden(), "403"),
        (Reply::json(200, &json!({})), "missing"),
        (Reply::json(200, &json!({"results": [], "has_more": true})), "may have more"),
        (Reply::json(200, &json!({"results": [], "next_cursor": "more"})), "may have more"),
        (Reply::json(200, &json!({"results": [{"name": "no id"}]})), "no id"),
        (Reply::json(200, &json!({"results": [{"id": "branch_1"}]})), "404"),
    ] {
        let concerned = path.clone();
        let failing =
            move |request: &Request, reply| if request.path == concerned { fault.clone() } else { reply };
        let (outcome, simulator) = audit_with(world(), failing).await;
        assert_unread(&outcome, &simulator, "agents", &[word]);
    }
}

#[tokio::test]
async fn a_holder_without_an_id_that_has_to_be_asked_for_makes_its_place_not_whole() {
    for (place, path, list) in
        [("speech_engines", SPEECH_ENGINES, "speech_engines"), ("agents", AGENTS, "agents")]
    {
        let nameless = move |request: &Request, reply| {
            if request.path == path {
                return Reply::json(200, &json!({list: [{"name": "Nobody"}], "has_more": false}));
            }
            reply
        };
        let (outcome, simulator) = audit_with(world(), nameless).await;
        assert_unread(&outcome, &simulator, place, &["cannot be asked for"]);
    }
}

#[tokio::test]
async fn a_place_that_is_switched_off_is_not_read_and_counts_the_same() {
    for (place, path, _) in PLACES.into_iter().take(4) {
        let simulator = Simulator::start(world()).await.unwrap();
        let setup = Setup::of(&simulator).section(&format!("[audit]\n{place} = false"));
        let outcome = setup.run().await;
        assert_eq!((outcome.code(), asked(&simulator, path)), (3, 0), "{place}");
        let bundle = outcome.bundle();
        assert_eq!(source(&bundle, place)["status"], "switched off");
        assert_eq!((bundle.verdict("used"), bundle.verdict("free")), ("in_use", "undetermined"));
        let reason = &bundle.secret("free")["reason"];
        assert!(reason.contains(place) && reason.contains("switch it on"), "{reason}");
        assert!(markdown(&outcome).contains("**switched off**"));
        assert!(summary(&outcome).contains("switched off"));
        assert_eq!(asked(&simulator, &by_itself("free")), 0);
    }
}

#[tokio::test]
async fn several_places_that_could_not_be_read_are_all_named() {
    let failing = |request: &Request, reply| match request.path.as_str() {
        ENVIRONMENT_VARIABLES => forbidden(),
        SPEECH_ENGINES => busy(),
        _ => reply,
    };
    let (outcome, _simulator) = audit_with(world(), failing).await;
    let bundle = outcome.bundle();
    let reason = &bundle.secret("free")["reason"];
    assert!(reason.contains("environment_variables not read whole"), "{reason}");
    assert!(reason.contains("speech_engines not read whole"), "{reason}");
}

#[tokio::test]
async fn what_an_unreadable_place_still_shows_keeps_a_secret_in_use() {
    let world = World {
        environment_variables: vec![variable("var_1", "LEDGER", &[("production", "free")])],
        ..world()
    };
    let failing = |request: &Request, reply| if request.path == SPEECH_ENGINES { forbidden() } else { reply };
    let (outcome, _simulator) = audit_with(world, failing).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "in_use"));
    assert_eq!(outcome.bundle().json["totals"]["undetermined"], 0, "incomplete all the same");
}

#[tokio::test]
async fn an_invalid_key_in_any_place_fails_the_workspace() {
    let holders = || World {
        speech_engines: vec![speech_engine("seng_1", "Kiosk", "used")],
        agents: vec![agent("agent_1", "Day line", "used")],
        ..world()
    };
    let documents = [
        format!("{SPEECH_ENGINES}/seng_1"),
        format!("{AGENTS}/agent_1"),
        format!("{AGENTS}/agent_1/branches"),
    ];
    for path in PLACES.map(|(_, path, _)| path.to_owned()).into_iter().chain(documents) {
        let concerned = path.clone();
        let refusing =
            move |request: &Request, reply| if request.path == concerned { invalid_api_key() } else { reply };
        let (outcome, _simulator) = audit_with(holders(), refusing).await;
        assert_eq!(outcome.code(), 4, "{path}");
        assert!(outcome.message().contains("invalid_api_key"), "{}", outcome.message());
    }
}
