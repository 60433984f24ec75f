//! Where two parts of the API, each read whole, tell different things: in use, both, and said so everywhere.

use serde_json::{Value, json};
use simulator::{Reply, Secret, Simulator, World, world};

use crate::{
    bundle::Bundle,
    places::{
        agent, audit, deep, deep_audit, forbidden, markdown, mcp_server, source, summary, tool, variable,
        world_of,
    },
    support::{Outcome, Setup, asked, dependencies, rewrite_used_by, serve, serve_with},
};

const UNKNOWN_TO_USED_BY: &str = "the resource holds the secret, but used_by does not show it";
const UNKNOWN_TO_ENDPOINT: &str = "used_by shows it, but the dependencies endpoint does not";

/// Asserts that the dependents of `held` of this kind are in use, and that exactly this one is a discrepancy.
fn assert_discrepancy(outcome: &Outcome, kind: &str, id: &str, words: &str) -> Bundle {
    assert_eq!(outcome.code(), 0, "a finding, not a gap: {kind}");
    let bundle = outcome.bundle();
    let row = bundle.secret("held");
    assert_eq!((row["verdict"].as_str(), row["discrepancies"].as_str()), ("in_use", "1"), "{kind}");
    let secrets = bundle.workspace()["secrets"].as_array().unwrap();
    let held = secrets.iter().find(|secret| secret["secret_id"] == "held").unwrap();
    let dependents = held["dependents"].as_array().unwrap();
    let marked: Vec<&Value> = dependents.iter().filter(|one| !one["discrepancy"].is_null()).collect();
    assert_eq!(marked.len(), 1, "{marked:?}");
    assert_eq!((&marked[0]["type"], &marked[0]["id"]), (&json!(kind), &json!(id)));
    assert_eq!(marked[0]["discrepancy"], words);
    let markdown = markdown(outcome);
    assert!(markdown.contains("## Discrepancies (1)") && markdown.contains(words), "{kind}");
    assert!(summary(outcome).contains("1 discrepancy"), "{}", summary(outcome));
    bundle
}

#[tokio::test]
async fn a_holder_that_a_scan_finds_and_a_whole_list_lacks_is_reported() {
    let worlds = [
        ("tool", "tool_9", World { tools: vec![tool("tool_9", "Lookup", "held")], ..world_of(&["held"]) }),
        ("agent", "agent_9", World { agents: vec![agent("agent_9", "Line", "held")], ..world_of(&["held"]) }),
        (
            "mcp_server",
            "mcp_9",
            World { mcp_servers: vec![mcp_server("mcp_9", "Docs", "held")], ..world_of(&["held"]) },
        ),
    ];
    for (kind, id, world) in worlds {
        let (outcome, _simulator) = deep_audit(world).await;
        assert_discrepancy(&outcome, kind, id, UNKNOWN_TO_USED_BY);
    }
}

#[tokio::test]
async fn a_holder_that_even_the_end_of_a_paged_list_lacks_is_reported() {
    let held = Secret::new("held", "held").with_tools(101).with_agents(101);
    let world = World { tools: vec![tool("tool_9", "Lookup", "held")], ..World::of(vec![held]) };
    let (outcome, simulator) = deep_audit(world).await;
    assert_eq!(asked(&simulator, &dependencies("held", "tools")), 2);
    let bundle = assert_discrepancy(&outcome, "tool", "tool_9", UNKNOWN_TO_USED_BY);
    assert_eq!(bundle.secret("held")["tools"], "102");
}

#[tokio::test]
async fn a_list_that_is_not_whole_lacks_nothing_that_could_be_told() {
    let world = World {
        tools: vec![tool("tool_9", "Lookup", "held")],
        ..World::of(vec![Secret::new("held", "held").with_tools(101)])
    };
    let simulator = Simulator::start_with(world, |request, reply| {
        if request.path == dependencies("held", "tools") { forbidden() } else { reply }
    })
    .await
    .unwrap();
    let outcome = deep(Setup::of(&simulator)).run().await;
    assert_eq!((outcome.code(), outcome.bundle().secret("held")["discrepancies"].as_str()), (3, "0"));
}

#[tokio::test]
async fn kinds_for_which_used_by_has_no_list_are_no_discrepancies() {
    let held = [("production", "held")];
    let world =
        World { environment_variables: vec![variable("var_1", "LEDGER", &held)], ..world_of(&["held"]) };
    let (outcome, _simulator) = audit(world).await;
    assert_eq!(outcome.bundle().secret("held")["discrepancies"], "0");
    assert!(!markdown(&outcome).contains("## Discrepancies"));
}

#[tokio::test]
async fn a_preview_of_a_use_that_its_endpoint_does_not_bear_out_is_reported() {
    let held = Secret::new("held", "held").with_agents(101).with_tools(101).with_phone_numbers(101);
    for (list, kind, shown) in [
        ("agents", "agent", world::unknown("x_9")),
        ("tools", "tool", world::unknown("x_9")),
        ("phone_numbers", "phone_number", world::phone_number("x_9", "Line 9", "+442079460000", "twilio")),
    ] {
        let simulator = serve_with(vec![held.clone()], move |request, reply| {
            rewrite_used_by(request, reply, "held", |used_by| used_by[list][0] = shown.json())
        })
        .await;
        let outcome = Setup::of(&simulator).run().await;
        let bundle = assert_discrepancy(&outcome, kind, "x_9", UNKNOWN_TO_ENDPOINT);
        assert_eq!(bundle.secret("held")[list], "102", "all of them count as use");
    }
}

#[tokio::test]
async fn a_use_that_only_the_preview_shows_keeps_a_secret_in_use() {
    let simulator = serve_with(vec![Secret::new("held", "held")], |request, reply| {
        rewrite_used_by(request, reply, "held", |used_by| {
            used_by["agents"] = json!([world::unknown("agent_9")]);
            used_by["agents_has_more"] = json!(true);
        })
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_discrepancy(&outcome, "agent", "agent_9", UNKNOWN_TO_ENDPOINT);
}

/// `held` with `listed` MCP servers under `used_by`, and those that `GET /v1/convai/mcp-servers` shows.
fn servers(listed: usize, existing: usize) -> World {
    let server =
        |number: usize| mcp_server(&format!("mcp_{number:04}"), &format!("MCP server {number}"), "held");
    World {
        mcp_servers: (1..=existing).map(server).collect(),
        ..World::of(vec![Secret::new("held", "held").with_mcp_servers(listed), Secret::new("free", "free")])
    }
}

#[tokio::test]
async fn a_list_of_servers_that_may_be_cut_at_the_higher_limit_is_settled_by_the_scan() {
    for count in [100, 101, 140] {
        let (outcome, _simulator) = audit(servers(count, count)).await;
        assert_eq!(outcome.code(), 0, "{count}");
        let bundle = outcome.bundle();
        let row = bundle.secret("held");
        assert_eq!((row["complete"].as_str(), row["mcp_servers"].as_str()), ("true", &*count.to_string()));
        assert_eq!(row["discrepancies"], "0", "that the scan shows more is what it is for");
        assert_eq!(crate::places::figure(&bundle, "lists_completed_by_scan"), 1);
        assert_eq!(bundle.verdict("free"), "unused");
    }
}

#[tokio::test]
async fn a_list_of_servers_that_may_be_cut_is_not_whole_where_the_scan_fails_or_is_switched_off() {
    let failing = Simulator::start_with(servers(100, 100), |request, reply| {
        if request.path == "/v1/convai/mcp-servers" { forbidden() } else { reply }
    });
    let failing = failing.await.unwrap();
    let off = Simulator::start(servers(100, 100)).await.unwrap();
    for (setup, word) in [
        (Setup::of(&failing), "403"),
        (Setup::of(&off).section("[audit]\nmcp_servers = false"), "switched off"),
    ] {
        let outcome = setup.run().await;
        assert_eq!(outcome.code(), 3, "{word}");
        let bundle = outcome.bundle();
        let row = bundle.secret("held");
        assert_eq!((row["verdict"].as_str(), row["complete"].as_str()), ("in_use", "false"));
        let gaps = bundle.gaps("held");
        assert!(
            gaps[0].starts_with("mcp_servers: as long as the limit") && gaps[0].contains(word),
            "{gaps:?}"
        );
        assert_eq!(source(&bundle, "dependencies")["status"], "not needed", "no endpoint pages it");
    }
}

#[tokio::test]
async fn a_list_of_servers_below_the_higher_limit_needs_no_scan() {
    let simulator = serve(vec![Secret::new("held", "held").with_mcp_servers(99)]).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(crate::places::figure(&outcome.bundle(), "lists_completed_by_higher_limit"), 1);
    assert_eq!(crate::places::figure(&outcome.bundle(), "lists_completed_by_scan"), 0);
}

#[tokio::test]
async fn servers_that_the_scan_does_not_show_leave_a_list_that_may_be_cut_not_whole() {
    let (outcome, _simulator) = audit(servers(100, 99)).await;
    assert_eq!((outcome.code(), outcome.bundle().secret("held")["complete"].as_str()), (3, "false"));
}

#[tokio::test]
async fn a_word_never_heard_of_in_a_discrepancy_is_escaped() {
    let world = World { tools: vec![tool("tool|9", "a`b|c\nd", "held")], ..world_of(&["held"]) };
    let (outcome, _simulator) = deep_audit(world).await;
    let markdown = markdown(&outcome);
    let row = markdown.lines().find(|line| line.contains(UNKNOWN_TO_USED_BY)).unwrap();
    let bars = row.replace("\\|", "").matches('|').count();
    assert_eq!(bars, 6, "{row}");
}

#[tokio::test]
async fn a_reply_that_shows_a_server_only_by_itself_is_no_discrepancy() {
    let simulator = serve_with(vec![Secret::new("held", "held")], |request, reply| {
        if request.path != crate::places::by_itself("held") {
            return reply;
        }
        let mut body = reply.body_json().unwrap();
        body["used_by"]["mcp_servers"] = json!([world::unknown("mcp_9")]);
        Reply::json(200, &body)
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!((outcome.code(), bundle.verdict("held")), (0, "in_use"));
    assert_eq!(bundle.secret("held")["discrepancies"], "0", "it came while the audit went on");
}
