//! Lists of several pages whose elements move while they are walked: what slides onto an earlier page is not lost.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde_json::{Value, json};
use simulator::{Reply, Request, Simulator, World, documents};

use crate::{
    places::{
        AGENTS, ENVIRONMENT_VARIABLES, SPEECH_ENGINES, TOOLS, agent, not_found, source, speech_engine, tool,
        variable, world_of,
    },
    support::{Setup, asked},
};

/// A list without one element on the first walk: the one that slid onto a page that had been read.
fn without_on_the_first_walk(
    path: &'static str,
    list: &'static str,
    id: &'static str,
) -> impl Fn(&Request, Reply) -> Reply {
    let walks = AtomicUsize::new(0);
    move |request, reply| {
        if request.path != path {
            return reply;
        }
        let walk = match request.query("cursor") {
            None => walks.fetch_add(1, Ordering::SeqCst) + 1,
            Some(_) => walks.load(Ordering::SeqCst),
        };
        // Agents have two lists, and each is walked by itself.
        let is_first = walk <= if path == AGENTS { 2 } else { 1 };
        let mut body = reply.body_json().unwrap();
        if is_first && let Some(elements) = body[list].as_array_mut() {
            let is_another =
                |element: &Value| ["id", "agent_id", "speech_engine_id"].iter().all(|key| element[key] != id);
            elements.retain(is_another);
        }
        Reply::json(200, &body)
    }
}

/// A place with 101 things, of which the last holds `held`.
fn worlds() -> Vec<(&'static str, &'static str, &'static str, World)> {
    let secrets = || world_of(&["held", "free"]);
    let of = |number: usize| if number == 101 { "held" } else { "none" };
    let variables =
        (1..=101).map(|number| variable(&format!("id_{number:03}"), "L", &[("p", of(number))])).collect();
    let engines =
        (1..=101).rev().map(|number| speech_engine(&format!("id_{number:03}"), "E", of(number))).collect();
    let tools = (1..=101).map(|number| tool(&format!("id_{number:03}"), "T", of(number))).collect();
    let agents = (1..=101).map(|number| agent(&format!("id_{number:03}"), "A", of(number))).collect();
    vec![
        (
            ENVIRONMENT_VARIABLES,
            "environment_variables",
            "id_101",
            World { environment_variables: variables, ..secrets() },
        ),
        (SPEECH_ENGINES, "speech_engines", "id_101", World { speech_engines: engines, ..secrets() }),
        (TOOLS, "tools", "id_101", World { tools, ..secrets() }),
        (AGENTS, "agents", "id_101", World { agents, ..secrets() }),
    ]
}

#[tokio::test]
async fn an_agent_that_is_brought_back_between_the_two_lists_is_found_by_a_second_walk() {
    let world = World { agents: vec![agent("id_001", "A", "held")], ..world_of(&["held", "free"]) };
    let simulator =
        Simulator::start_with(world, without_on_the_first_walk(AGENTS, "agents", "id_001")).await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!((outcome.code(), bundle.verdict("held"), bundle.verdict("free")), (0, "in_use", "unused"));
}

#[tokio::test]
async fn what_slid_onto_a_page_that_had_been_read_is_found_by_a_second_walk() {
    for (path, list, id, world) in worlds() {
        let simulator =
            Simulator::start_with(world, without_on_the_first_walk(path, list, id)).await.unwrap();
        let outcome = Setup::of(&simulator).run().await;
        let bundle = outcome.bundle();
        assert_eq!(
            (outcome.code(), bundle.verdict("held"), bundle.verdict("free")),
            (0, "in_use", "unused"),
            "{path}"
        );
        // Two pages and an archived list, once more, and since that showed something new once more again.
        let walks = if path == AGENTS { 2 + 1 + 2 + 2 } else { 6 };
        assert_eq!(asked(&simulator, path), walks, "{path}");
    }
}

#[tokio::test]
async fn lists_are_walked_again_only_before_something_is_called_unused() {
    let (path, _, _, world) = worlds().remove(0);
    let simulator = Simulator::start(World { secrets: vec![], ..world.clone() }).await.unwrap();
    Setup::of(&simulator).run().await;
    assert_eq!(asked(&simulator, path), 2, "no secret is about to be");
    let simulator = Simulator::start(world).await.unwrap();
    Setup::of(&simulator).run().await;
    assert_eq!(asked(&simulator, path), 4);
}

#[tokio::test]
async fn a_list_that_never_stands_still_is_not_read() {
    let calls = AtomicUsize::new(0);
    let (path, _, _, world) = worlds().remove(0);
    let ever_new = move |request: &Request, reply: Reply| {
        if request.path != path || request.query("cursor").is_some() {
            return reply;
        }
        let mut body = reply.body_json().unwrap();
        let number = calls.fetch_add(1, Ordering::SeqCst);
        let new = documents::environment_variable(&format!("new_{number}"), "ws", "N", "secret", &json!({}));
        body["environment_variables"].as_array_mut().unwrap().push(new);
        Reply::json(200, &body)
    };
    let simulator = Simulator::start_with(world, ever_new).await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
    assert_eq!(asked(&simulator, path), 6, "three walks of two pages");
    let why = source(&outcome.bundle(), "environment_variables")["why"].to_string();
    assert!(why.contains("3 walks"), "{why}");
}

#[tokio::test]
async fn a_secret_that_slid_is_listed_by_the_second_walk_and_judged_like_any_other() {
    let ids: Vec<String> = (1..=101).map(|number| format!("sec_{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let held = variable("var_1", "L", &[("p", "sec_101")]);
    let said = documents::environment_variable("var_2", "ws", "S", "secret", &json!({"p": "x sec_100 y"}));
    let world = World { environment_variables: vec![held, said], ..world_of(&ids) };
    let walks = AtomicUsize::new(0);
    let slide = move |request: &Request, reply: Reply| {
        if request.path != "/v1/convai/secrets" {
            return reply;
        }
        let walk = match request.query("cursor") {
            None => walks.fetch_add(1, Ordering::SeqCst) + 1,
            Some(_) => walks.load(Ordering::SeqCst),
        };
        let mut body = reply.body_json().unwrap();
        if walk == 1 {
            body["secrets"].as_array_mut().unwrap().retain(|secret| secret["secret_id"] != "sec_100");
        }
        Reply::json(200, &body)
    };
    let simulator = Simulator::start_with(world, slide).await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!(outcome.code(), 0);
    assert_eq!(
        (bundle.verdict("sec_100"), bundle.verdict("sec_101"), bundle.verdict("sec_001")),
        ("in_use", "in_use", "unused")
    );
}

#[tokio::test]
async fn a_second_walk_that_fails_leaves_what_the_first_showed_and_calls_nothing_unused() {
    let ids: Vec<String> = (1..=101).map(|number| format!("sec_{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let held = variable("var_1", "L", &[("p", "sec_101")]);
    let world = World { environment_variables: vec![held], ..world_of(&ids) };
    let simulator = Simulator::start_with(world, |request: &Request, reply| {
        let fails = request.path == "/v1/convai/secrets" && request.number > 1;
        if fails { crate::places::busy() } else { reply }
    })
    .await
    .unwrap();
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!(
        (outcome.code(), bundle.verdict("sec_101"), bundle.verdict("sec_001")),
        (3, "in_use", "undetermined")
    );
    assert!(bundle.secret("sec_001")["reason"].contains("walked once more"));
}

#[tokio::test]
async fn what_is_deleted_between_its_list_and_its_reading_costs_nothing_and_what_stays_listed_does() {
    for (path, list, by_id) in [
        (AGENTS, "agents", format!("{AGENTS}/agent_1")),
        (SPEECH_ENGINES, "speech_engines", format!("{SPEECH_ENGINES}/seng_1")),
    ] {
        for (is_deleted, is_replaced) in [(true, false), (false, false), (true, true)] {
            let world = World {
                agents: vec![agent("agent_1", "Sales", "held"), agent("agent_2", "Desk", "kept")],
                speech_engines: vec![speech_engine("seng_1", "Kiosk", "held")],
                ..world_of(&["held", "kept", "free"])
            };
            let (gone, by_id) = (AtomicBool::new(false), by_id.clone());
            let simulator = Simulator::start_with(world, move |request, reply| match reply.body_json() {
                _ if request.path == by_id => {
                    gone.store(is_deleted, Ordering::SeqCst);
                    not_found()
                }
                Some(mut body) if request.path == path && gone.load(Ordering::SeqCst) => {
                    let listed = body[list].as_array_mut().unwrap();
                    let new = listed.first().cloned().filter(|_| is_replaced);
                    listed.retain(|one| one["agent_id"] != "agent_1" && one["speech_engine_id"] != "seng_1");
                    if let Some(mut new) = new {
                        new["agent_id"] = json!("agent_new");
                        new["speech_engine_id"] = json!("seng_new");
                        listed.push(new);
                    }
                    Reply::json(200, &body)
                }
                _ => reply,
            })
            .await
            .unwrap();
            let outcome = Setup::of(&simulator).run().await;
            let is_settled = is_deleted && !is_replaced;
            let expected = if is_settled { (0, "unused") } else { (3, "undetermined") };
            assert_eq!((outcome.code(), outcome.bundle().verdict("free")), expected, "{path}");
        }
    }
}
