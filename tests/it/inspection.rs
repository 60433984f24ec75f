//! When tools, agents and branches are looked into, and what happens where they can't be.

use serde_json::json;
use simulator::{Agent, Branch, Reply, Secret, Simulator, World, documents};

use crate::{
    places::{
        AGENTS, TOOLS, agent, audit, deep_audit, markdown, not_found, prompt, source, summary, tool, world_of,
    },
    support::{Setup, asked},
};

/// The parameter of an agent that may be refused.
const GENERATED: &str = "include_procedure_generated_workflow_elements";

async fn audit_with(world: World, setting: &str) -> (crate::support::Outcome, Simulator) {
    let simulator = Simulator::start(world).await.unwrap();
    (Setup::of(&simulator).section(&format!("[audit]\n{setting}")).run().await, simulator)
}

/// A secret that only an agent holds, one that only a tool holds, and one that nothing does.
fn held_unseen() -> World {
    World {
        tools: vec![tool("tool_1", "Lookup", "by_tool")],
        agents: vec![agent("agent_1", "Sales", "by_agent")],
        ..world_of(&["by_tool", "by_agent", "free"])
    }
}

/// An agent whose other branch holds a secret.
fn branched(id: &str, branch: &str, archived: bool, secret: &str) -> Agent {
    let mut agent = documents::agent(id, id, &json!({}));
    agent.config["branch_id"] = json!("main");
    agent.config["main_branch_id"] = json!("main");
    let mut config = documents::agent(id, id, &prompt(secret)).config;
    config["branch_id"] = json!(branch);
    agent.branches = vec![Branch { id: branch.to_owned(), archived, config, ..Branch::default() }];
    agent
}

#[tokio::test]
async fn by_default_a_secret_is_called_unused_only_when_tools_and_agents_were_read() {
    let (outcome, simulator) = audit(held_unseen()).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    for (secret, verdict, evidence) in
        [("by_tool", "in_use", ""), ("by_agent", "in_use", ""), ("free", "unused", "inspected")]
    {
        assert_eq!((bundle.verdict(secret), bundle.secret(secret)["evidence"].as_str()), (verdict, evidence));
    }
    // The active agents are listed once more: one may have been brought back between the two lists.
    assert_eq!((asked(&simulator, TOOLS), asked(&simulator, AGENTS)), (1, 3));
}

#[tokio::test]
async fn where_nothing_would_be_unused_nothing_more_is_asked() {
    let world = World {
        tools: vec![tool("tool_1", "Lookup", "held")],
        ..World::of(vec![Secret::new("held", "n").with_tools(1)])
    };
    let (outcome, simulator) = audit(world).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("held")), (0, "in_use"));
    assert_eq!((asked(&simulator, TOOLS), asked(&simulator, AGENTS)), (0, 0));
    for name in ["tools", "agents"] {
        assert_eq!(source(&outcome.bundle(), name)["status"], "not needed");
    }
    let (_, simulator) = deep_audit(World::of(vec![Secret::new("held", "n").with_tools(1)])).await;
    assert_eq!((asked(&simulator, TOOLS), asked(&simulator, AGENTS)), (1, 2), "always is always");
}

#[tokio::test]
async fn where_another_place_was_not_read_tools_and_agents_are_not_either() {
    let (outcome, simulator) = audit_with(held_unseen(), "settings = false").await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
    assert_eq!(asked(&simulator, AGENTS), 0);
}

#[tokio::test]
async fn without_looking_the_reports_say_on_whose_word_a_secret_is_unused() {
    let (outcome, simulator) = audit_with(held_unseen(), "deep = \"never\"").await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    for secret in ["by_tool", "by_agent", "free"] {
        assert_eq!(
            (bundle.verdict(secret), bundle.secret(secret)["evidence"].as_str()),
            ("unused", "listed")
        );
    }
    assert_eq!((asked(&simulator, TOOLS), asked(&simulator, AGENTS)), (0, 0));
    for first_screen in [summary(&outcome), markdown(&outcome)] {
        assert!(first_screen.contains("never"), "{first_screen}");
    }
}

#[tokio::test]
async fn a_tool_or_an_agent_that_cannot_be_read_leaves_every_candidate_undetermined() {
    for broken in [TOOLS, AGENTS, "/v1/convai/agents/agent_1", "/v1/convai/agents/agent_1/branches"] {
        let answer = move |request: &simulator::Request, reply| {
            if request.path == broken { not_found() } else { reply }
        };
        let simulator = Simulator::start_with(held_unseen(), answer).await.unwrap();
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"), "{broken}");
    }
}

#[tokio::test]
async fn what_procedures_generate_is_asked_for_and_may_hold_a_secret() {
    let mut agent = documents::agent("agent_1", "Sales", &json!({}));
    let llm = prompt("by_procedure");
    agent
        .generated_nodes
        .insert("node".to_owned(), json!({"conversation_config": {"agent": {"prompt": llm}}}));
    let (outcome, _) = audit(World { agents: vec![agent], ..world_of(&["by_procedure", "free"]) }).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("by_procedure")), (0, "in_use"));
}

#[tokio::test]
async fn a_parameter_that_is_refused_is_tried_once_and_the_report_says_so() {
    let agents = (1..=9).map(|number| agent(&format!("agent_{number}"), "A", "by_agent")).collect();
    let world = World { agents, accepts_generated_workflow: false, ..world_of(&["by_agent", "free"]) };
    let (outcome, simulator) = audit(world).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (0, "unused"));
    let with = |request: &&simulator::Request| request.query(GENERATED).is_some();
    assert_eq!(simulator.requests().iter().filter(with).count(), 1);
    assert!(markdown(&outcome).contains(GENERATED));
}

#[tokio::test]
async fn a_refusal_that_has_another_reason_does_not_turn_the_parameter_off() {
    let agents = vec![agent("agent_1", "A", "by_agent"), agent("agent_2", "B", "by_agent")];
    let refuse_one = |request: &simulator::Request, reply: Reply| match &*request.path {
        "/v1/convai/agents/agent_1" => {
            Reply::error(422, "validation_error", "broken", "This agent is broken.")
        }
        _ => reply,
    };
    let world = World { agents, ..world_of(&["by_agent", "free"]) };
    let simulator = Simulator::start_with(world, refuse_one).await.unwrap();
    let outcome = Setup::of(&simulator).http("concurrency = 1").run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
    let requests = simulator.requests();
    let second = requests.iter().find(|request| request.path.ends_with("agent_2")).unwrap();
    assert_eq!(second.query(GENERATED), Some("true"));
}

#[tokio::test]
async fn an_archived_branch_is_a_use_where_the_api_shows_it() {
    for archived in [false, true] {
        let world = World {
            agents: vec![branched("agent_1", "spring", archived, "by_branch")],
            ..world_of(&["by_branch", "free"])
        };
        let (outcome, _) = audit(world).await;
        let bundle = outcome.bundle();
        assert_eq!(
            (outcome.code(), bundle.verdict("by_branch"), bundle.verdict("free")),
            (0, "in_use", "unused")
        );
        assert_eq!(bundle.dependents_of("by_branch", "agent")[0]["via"], "spring");
    }
}

/// Three agents with an archived branch each, which the API does not show.
fn hidden_branches() -> World {
    let agents =
        (1..=3).map(|number| branched(&format!("agent_{number}"), &format!("spring_{number}"), true, "held"));
    World { agents: agents.collect(), shows_archived_branches: false, ..world_of(&["held", "free"]) }
}

#[tokio::test]
async fn archived_branches_that_the_api_never_shows_are_a_limit_and_one_is_asked_for() {
    let (outcome, simulator) = audit(hidden_branches()).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (0, "unused"));
    let of_branches =
        simulator.requests().iter().filter(|request| request.query("branch_id").is_some()).count();
    assert_eq!(of_branches, 1);
    for first_screen in [summary(&outcome), markdown(&outcome)] {
        assert!(first_screen.contains("3 archived branches"), "{first_screen}");
    }
}

#[tokio::test]
async fn an_archived_branch_that_is_not_found_is_a_gap_where_others_are_shown_or_all_are_to_be_read() {
    let (outcome, _) = audit_with(hidden_branches(), "archived_branches = \"read\"").await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));

    let hide_one = |request: &simulator::Request, reply| match request.query("branch_id") {
        Some("spring_2") => not_found(),
        _ => reply,
    };
    let world = World { shows_archived_branches: true, ..hidden_branches() };
    let simulator = Simulator::start_with(world, hide_one).await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
}

#[tokio::test]
async fn archived_branches_may_be_left_out() {
    let world = World { shows_archived_branches: true, ..hidden_branches() };
    let (outcome, simulator) = audit_with(world, "archived_branches = \"skip\"").await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("held")), (0, "unused"));
    assert!(simulator.requests().iter().all(|request| request.query("branch_id").is_none()));
    for first_screen in [summary(&outcome), markdown(&outcome)] {
        assert!(first_screen.contains("Archived branches of agents were not read"), "{first_screen}");
    }
}

/// An agent with so many live and so many archived branches besides the main one. The last of each holds a secret.
fn many_branches(live: usize, archived: usize) -> World {
    let mut agent = branched("agent_1", "unused", false, "none");
    let branch = |number: usize, archived: bool, last: usize, secret: &str| {
        let id = format!("{}_{number:03}", if archived { "archived" } else { "live" });
        let held = if number == last { prompt(secret) } else { json!({}) };
        let mut config = documents::agent("agent_1", "A", &held).config;
        config["branch_id"] = json!(id);
        Branch { id, archived, config, ..Branch::default() }
    };
    let live_ones = (1..=live).map(|number| branch(number, false, live, "by_live"));
    let archived_ones = (1..=archived).map(|number| branch(number, true, archived, "by_archived"));
    agent.branches = live_ones.chain(archived_ones).collect();
    World { agents: vec![agent], ..world_of(&["by_live", "by_archived", "free"]) }
}

#[tokio::test]
async fn of_more_branches_than_one_list_shows_all_live_ones_are_read() {
    // Main and 98 live ones fit into one list, and leave no room for all archived ones.
    let (outcome, simulator) = audit(many_branches(98, 5)).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
    assert_eq!(outcome.bundle().verdict("by_live"), "in_use");
    let why = source(&outcome.bundle(), "agents")["why"].to_string();
    assert!(why.contains("archived_branches") && why.contains("agent_1"), "{why}");
    assert_eq!(asked(&simulator, "/v1/convai/agents/agent_1/branches"), 2);

    let hidden = World { shows_archived_branches: false, ..many_branches(98, 5) };
    let (outcome, _) = audit(hidden).await;
    assert_eq!(
        (outcome.code(), outcome.bundle().verdict("free")),
        (0, "unused"),
        "what is never shown is a limit"
    );

    let (outcome, _) = audit(many_branches(120, 0)).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
    let why = source(&outcome.bundle(), "agents")["why"].to_string();
    assert!(why.contains("agent_1") && why.contains("100 of 121"), "{why}");
}

#[tokio::test]
async fn a_total_tells_whether_a_full_list_of_branches_is_whole_and_a_senseless_one_tells_nothing() {
    let with_total = |shown: usize, total: serde_json::Value| async move {
        let rewrite = move |request: &simulator::Request, reply: Reply| {
            if !request.path.ends_with("/branches") {
                return reply;
            }
            let mut body = reply.body_json().unwrap();
            body["meta"]["total"] = total.clone();
            Reply::json(200, &body)
        };
        let simulator = Simulator::start_with(many_branches(shown - 1, 0), rewrite).await.unwrap();
        Setup::of(&simulator).run().await.code()
    };
    for (shown, total, code) in [
        (100, json!(100), 0),
        (100, json!(null), 3),
        (100, json!(99), 3),
        (100, json!("100"), 3),
        (99, json!(null), 0),
        (99, json!(98), 0),
        (99, json!("many"), 0),
        (99, json!(100), 3),
        (99, json!(100.0), 3),
        (99, json!(1e30), 3),
    ] {
        assert_eq!(with_total(shown, total.clone()).await, code, "{shown} of {total}");
    }
}

#[tokio::test]
async fn drafts_are_counted_among_the_limits() {
    let mut agent = branched("agent_1", "spring", false, "by_branch");
    agent.branches[0].draft_exists = true;
    let (outcome, _) = audit(World { agents: vec![agent], ..world_of(&["by_branch", "free"]) }).await;
    assert_eq!(outcome.code(), 0);
    assert!(summary(&outcome).contains("1 draft of a branch exists"), "{}", summary(&outcome));
}

#[tokio::test]
async fn a_refusal_that_comes_late_turns_the_parameter_off_too() {
    let agents = vec![agent("agent_1", "A", "by_agent"), agent("agent_2", "B", "by_agent")];
    let refuse_one = |request: &simulator::Request, reply: Reply| {
        let with = request.query(GENERATED).is_some();
        match &*request.path {
            "/v1/convai/agents/agent_2" if with => Reply::error(422, "validation_error", "unknown", "No."),
            _ => reply,
        }
    };
    let world = World { agents, ..world_of(&["by_agent", "free"]) };
    let simulator = Simulator::start_with(world, refuse_one).await.unwrap();
    let outcome = Setup::of(&simulator).http("concurrency = 1").run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (0, "unused"));
    assert!(markdown(&outcome).contains(GENERATED));
}

#[tokio::test]
async fn a_branch_that_says_odd_things_of_itself_is_not_read() {
    let odd = |request: &simulator::Request, reply: Reply| {
        let mut body = reply.body_json().unwrap();
        if request.query("branch_id").is_none() {
            return reply;
        }
        body["branch_id"] = json!(7);
        Reply::json(200, &body)
    };
    let world = World {
        agents: vec![branched("agent_1", "spring", false, "none")],
        ..world_of(&["by_branch", "free"])
    };
    let simulator = Simulator::start_with(world, odd).await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
}
