//! The lists of the places that are scanned, read to their end.

use serde_json::{Value, json};
use simulator::{Agent, Reply, Request, Simulator, World};

use crate::{
    places::{
        AGENTS, ENVIRONMENT_VARIABLES, MCP_SERVERS, PLACES, SPEECH_ENGINES, TOOLS, agent, deep, deep_audit,
        mcp_server, source, speech_engine, tool, variable, world_of,
    },
    support::{Setup, asked},
};

/// `count` holders of the one secret in every place that has pages.
fn world(count: usize) -> World {
    let numbers = || 1..=count;
    let archived = |number: usize| Agent {
        archived: true,
        ..agent(&format!("archived_{number:04}"), &format!("Archived {number}"), "held")
    };
    let agents =
        numbers().map(|number| agent(&format!("agent_{number:04}"), &format!("Agent {number}"), "held"));
    World {
        environment_variables: numbers()
            .map(|number| {
                variable(&format!("var_{number:04}"), &format!("VAR_{number}"), &[("production", "held")])
            })
            .collect(),
        speech_engines: numbers()
            .map(|number| speech_engine(&format!("seng_{number:04}"), &format!("Engine {number}"), "held"))
            .collect(),
        mcp_servers: numbers()
            .map(|number| mcp_server(&format!("mcp_{number:04}"), &format!("Server {number}"), "held"))
            .collect(),
        tools: numbers()
            .map(|number| tool(&format!("tool_{number:04}"), &format!("Tool {number}"), "held"))
            .collect(),
        agents: agents.chain(numbers().map(archived)).collect(),
        ..world_of(&["held", "free"])
    }
}

#[tokio::test]
async fn every_list_is_read_to_its_end() {
    for (count, pages) in [(100, 1), (101, 2), (200, 2), (201, 3)] {
        let (outcome, simulator) = deep_audit(world(count)).await;
        assert_eq!(outcome.code(), 0);
        let bundle = outcome.bundle();
        let secret = bundle.secret("held");
        let expected = count.to_string();
        for column in ["environment_variables", "speech_engines", "mcp_servers", "tools"] {
            assert_eq!(secret[column], expected, "{column}");
        }
        assert_eq!(secret["agents"], (2 * count).to_string(), "archived ones too");
        assert_eq!(bundle.verdict("free"), "unused");
        // Before it is called so, each list of several pages is walked once more.
        let walked = if pages == 1 { 1 } else { 2 * pages };
        for path in [ENVIRONMENT_VARIABLES, SPEECH_ENGINES, TOOLS] {
            assert_eq!(asked(&simulator, path), walked, "{path} with {count}");
        }
        // Those that are archived take a walk of their own, and the active ones are always walked once more.
        let agents = if pages == 1 { 3 } else { 2 * walked };
        assert_eq!(asked(&simulator, AGENTS), agents, "with {count}");
        assert_eq!(asked(&simulator, MCP_SERVERS), 1, "all at once");
        // Each page and each document; an agent has its list of branches besides, which is no document.
        let documents = |name: &str| source(&bundle, name)["pages"].as_u64().unwrap();
        assert_eq!(documents("environment_variables"), walked as u64);
        assert_eq!(documents("speech_engines"), (walked + count) as u64);
        assert_eq!(documents("agents"), (agents + 2 * count) as u64);
    }
}

/// The outcome of a deep audit in which `rewrite` changes the bodies of one path.
async fn rewriting(
    path: &'static str,
    rewrite: impl Fn(&Request, &mut Value) + Send + Sync + 'static,
) -> (crate::support::Outcome, Simulator) {
    let simulator = Simulator::start_with(world(101), move |request, reply| {
        if request.path != path {
            return reply;
        }
        let mut body = reply.body_json().unwrap();
        rewrite(request, &mut body);
        Reply::json(200, &body)
    })
    .await
    .unwrap();
    (deep(Setup::of(&simulator)).run().await, simulator)
}

/// The places with pages.
fn paged() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    PLACES.into_iter().filter_map(|(source, path, list)| Some((source, path, list?)))
}

#[tokio::test]
async fn an_empty_page_with_a_cursor_is_not_the_end() {
    for (source, path, list) in paged().filter(|(source, ..)| *source != "mcp_servers") {
        let (outcome, _simulator) = rewriting(path, move |request, body| {
            if request.query("cursor").is_none() {
                body[list] = json!([]);
            }
        })
        .await;
        let bundle = outcome.bundle();
        assert_eq!(outcome.code(), 0, "{source}");
        let expected = if source == "agents" { "2" } else { "1" };
        assert_eq!(bundle.secret("held")[source], expected, "the last page shows the last one");
    }
}

#[tokio::test]
async fn pages_that_go_round_in_a_circle_make_the_place_not_whole() {
    for (name, path, list) in paged() {
        let page = json!({list: [], "has_more": true, "next_cursor": "again"});
        let simulator = Simulator::start_with(world(1), move |request, reply| {
            if request.path == path { Reply::json(200, &page) } else { reply }
        })
        .await
        .unwrap();
        let outcome = deep(Setup::of(&simulator)).run().await;
        assert_eq!(outcome.code(), 3, "{name}");
        let bundle = outcome.bundle();
        let row = source(&bundle, name);
        assert_eq!(row["status"], "not read whole");
        assert!(row["why"].as_str().unwrap().contains("circle"), "{row}");
        assert_eq!((bundle.verdict("held"), bundle.verdict("free")), ("in_use", "undetermined"));
        let walks = if name == "agents" { 2 } else { 1 };
        assert_eq!(asked(&simulator, path), 2 * walks, "{name}");
    }
}

#[tokio::test]
async fn a_cursor_counts_even_where_the_list_says_that_there_is_no_more() {
    for (source, path, _) in paged().filter(|(source, ..)| *source != "mcp_servers") {
        let (outcome, _simulator) = rewriting(path, |_, body| body["has_more"] = json!(false)).await;
        assert_eq!(outcome.code(), 0, "{source}");
        let expected = if source == "agents" { "202" } else { "101" };
        assert_eq!(outcome.bundle().secret("held")[source], expected);
    }
}

#[tokio::test]
async fn what_the_first_pages_showed_is_kept_where_a_later_one_fails() {
    for (name, path, _) in paged().filter(|(source, ..)| *source != "mcp_servers") {
        let simulator = Simulator::start_with(world(101), move |request, reply| {
            if request.path == path && request.query("cursor").is_some() {
                return crate::places::forbidden();
            }
            reply
        })
        .await
        .unwrap();
        let outcome = deep(Setup::of(&simulator)).run().await;
        assert_eq!(outcome.code(), 3, "{name}");
        let bundle = outcome.bundle();
        let expected = if name == "agents" { "200" } else { "100" };
        assert_eq!(bundle.secret("held")[name], expected);
        assert_eq!((bundle.verdict("held"), bundle.verdict("free")), ("in_use", "undetermined"));
    }
}
