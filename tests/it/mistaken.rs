//! Answers with status 200 that are something else than what was asked for, and answers with 404 that say more than
//! they know. None of them may stand for "there is no use".

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator, World};

use crate::{
    places::{
        AGENTS, ENVIRONMENT_VARIABLES, SPEECH_ENGINES, agent, deep, mcp_server, not_found, settings,
        speech_engine, variable, world_of,
    },
    support::{Outcome, Setup},
};

/// A deep audit of a world in which the replies to one path are `instead`.
async fn with(world: World, path: &str, instead: Value) -> Outcome {
    let path = path.to_owned();
    let intercept =
        move |request: &Request, reply| if request.path == path { Reply::json(200, &instead) } else { reply };
    let simulator = Simulator::start_with(world, intercept).await.unwrap();
    deep(Setup::of(&simulator)).run().await
}

#[tokio::test]
async fn a_document_that_is_something_else_does_not_free_what_the_true_one_holds() {
    let engine =
        || World { speech_engines: vec![speech_engine("e1", "Kiosk", "held")], ..world_of(&["held"]) };
    let talking = || World { agents: vec![agent("a1", "Desk", "held")], ..world_of(&["held"]) };
    let set = || World { settings: settings("held"), ..world_of(&["held"]) };
    let hosted = || World { mcp_servers: vec![mcp_server("m1", "Docs", "held")], ..world_of(&["held"]) };
    let kept = || World {
        environment_variables: vec![variable("v1", "TOKEN", &[("production", "held")])],
        ..world_of(&["held"])
    };
    let (engine_path, agent_path) = (format!("{SPEECH_ENGINES}/e1"), format!("{AGENTS}/a1"));
    let another = json!({"speech_engine_id": "e2", "name": "x", "speech_engine": {"ws_url": "wss://x"}});
    for (world, path, instead) in [
        (engine(), engine_path.as_str(), json!({})),
        (engine(), &engine_path, json!({"status": "ok"})),
        (engine(), &engine_path, another),
        (talking(), &agent_path, json!({})),
        (talking(), &agent_path, json!({"agent_id": "a2", "name": "x", "conversation_config": {}})),
        (set(), "/v1/convai/settings", json!({"detail": {"status": "temporarily_unavailable"}})),
        (hosted(), "/v1/convai/mcp-servers", json!({"mcp_servers": [{"id": "m1", "metadata": {}}]})),
        (
            kept(),
            ENVIRONMENT_VARIABLES,
            json!({"environment_variables": [{"id": "v1", "label": "TOKEN"}], "has_more": false}),
        ),
    ] {
        let outcome = with(world, path, instead.clone()).await;
        assert_eq!(outcome.code(), 3, "{path} {instead}");
        assert_eq!(outcome.bundle().verdict("held"), "undetermined", "{path} {instead}");
    }
}

#[tokio::test]
async fn what_a_scan_saw_before_it_was_started_again_is_not_forgotten() {
    let page = |held: &str, next: Value| {
        let values = json!({"production": {"secret_id": held}});
        let variable = json!({"id": format!("var_{held}"), "label": held, "values": values});
        let has_more = !next.is_null();
        Reply::json(
            200,
            &json!({"environment_variables": [variable], "has_more": has_more, "next_cursor": next}),
        )
    };
    let simulator = Simulator::start_with(world_of(&["first", "second"]), move |request, reply| {
        match (request.path.as_str(), request.query("cursor"), request.number) {
            (ENVIRONMENT_VARIABLES, None, 1) => page("first", json!("next")),
            (ENVIRONMENT_VARIABLES, Some(_), _) => Reply::error(410, "gone", "cursor_expired", "Too late."),
            (ENVIRONMENT_VARIABLES, None, _) => page("second", Value::Null),
            _ => reply,
        }
    });
    let simulator = simulator.await.unwrap();
    let bundle = Setup::of(&simulator).run().await.bundle();
    assert_eq!((bundle.verdict("first"), bundle.verdict("second")), ("in_use", "in_use"));
}

#[tokio::test]
async fn an_endpoint_that_is_gone_is_not_taken_for_secrets_that_are() {
    let secrets = vec![
        Secret::new("big", "big").with_agents(150),
        Secret::new("free", "free"),
        Secret::new("small", "small").with_tools(1),
    ];
    let simulator = Simulator::start_with(World::of(secrets), |request, reply| {
        if request.path.starts_with("/v1/convai/secrets/") { not_found() } else { reply }
    });
    let simulator = simulator.await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    let verdicts = ["big", "free", "small"].map(|id| bundle.verdict(id).to_owned());
    assert_eq!(verdicts, ["in_use", "undetermined", "in_use"]);
    assert_eq!(bundle.workspace()["deleted_secrets"], json!([]));
}

#[tokio::test]
async fn a_secret_that_only_a_reference_led_to_does_not_hide_that_none_were_listed() {
    let world = World {
        unlisted_secrets: vec![Secret::new("lost", "lost")],
        environment_variables: vec![variable("v1", "TOKEN", &[("production", "lost")])],
        ..World::empty()
    };
    let simulator = Simulator::start(world).await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 3, "nothing was listed");
    assert!(outcome.result.unwrap().audit.workspaces[0].is_unexpectedly_empty());
}

#[tokio::test]
async fn a_use_shown_by_a_secret_whose_dependents_are_not_found_counts() {
    let simulator = Simulator::start_with(world_of(&["sec"]), |request, reply| {
        let Some(mut body) = reply.body_json() else { return reply };
        match request.path.as_str() {
            "/v1/convai/secrets" => body["secrets"][0]["used_by"]["agents_has_more"] = json!(true),
            "/v1/convai/secrets/sec" => body["used_by"]["tools"] = json!([{"type": "unknown", "id": "t"}]),
            "/v1/convai/secrets/sec/dependencies/agents" => return not_found(),
            _ => return reply,
        }
        Reply::json(200, &body)
    });
    let simulator = simulator.await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (3, "in_use"));
}
