//! What the key may see: how it is told, and what a view that is proven to be partial leads to.

use serde_json::{Value, json};
use simulator::{Branch, Secret, Simulator, World, documents, world};

use crate::{
    places::{agent, audit, markdown, speech_engine, summary, tool, variable, world_of},
    support::{Outcome, Setup, asked},
};

fn view(outcome: &Outcome) -> (String, Vec<Value>) {
    let view = outcome.bundle().workspace()["view"].clone();
    (view["extent"].as_str().unwrap().to_owned(), view["signs"].as_array().unwrap().clone())
}

/// `held` is used by a tool that the key sees, and `free` by nothing.
fn with_a_tool() -> World {
    World { tools: vec![tool("tool_1", "Lookup", "held")], ..world_of(&["held", "free"]) }
}

#[tokio::test]
async fn an_admin_sees_everything_whichever_answer_tells() {
    let by_seat = World { seat_type: "workspace_admin".to_owned(), access_source: None, ..with_a_tool() };
    let by_access = World { access_source: Some("workspace_admin".to_owned()), ..with_a_tool() };
    for world in [by_seat, by_access] {
        let (outcome, _) = audit(world).await;
        assert_eq!((outcome.code(), view(&outcome).0.as_str()), (0, "full"));
    }
}

#[tokio::test]
async fn without_a_sign_it_is_not_known_and_no_gap() {
    for access_source in [None, Some("creator"), Some("explicit"), Some("workspace_default"), Some("new_one")]
    {
        let world = World { access_source: access_source.map(str::to_owned), ..with_a_tool() };
        let (outcome, _) = audit(world).await;
        assert_eq!((outcome.code(), view(&outcome)), (0, ("not known".to_owned(), vec![])));
        for first_screen in [summary(&outcome), markdown(&outcome)] {
            assert!(first_screen.contains("workspace admin"), "{first_screen}");
        }
    }
}

#[tokio::test]
async fn whose_key_it_is_may_be_refused() {
    let mut world = with_a_tool();
    world.missing_permissions.insert("user_read".to_owned());
    let (outcome, _) = audit(world).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (0, "not known"));
}

/// Worlds in which something shows that the key does not see everything.
fn partial_worlds() -> Vec<(&'static str, World)> {
    let hidden = |id: &str, world: World| World { hidden: [id.to_owned()].into(), ..world };
    let used = |dependent| {
        let mut held = Secret::new("held", "held");
        held.used_by.agents.push(dependent);
        World::of(vec![held, Secret::new("free", "free")])
    };
    let tools = || vec![tool("tool_1", "A", "held"), tool("tool_2", "B", "held")];
    let through = world::transitive(world::available("agent_1", "Sales", 1, "viewer"), &["tool_2"]);
    let mut names_a_tool = documents::agent("agent_1", "Sales", &json!({"tool_ids": ["tool_2"]}));
    names_a_tool.name = "Sales".to_owned();
    vec![
        ("an unknown dependent", used(world::unknown("agent_9"))),
        (
            "a tool that another agent goes through",
            hidden("tool_2", World { tools: tools(), ..used(through) }),
        ),
        (
            "a tool that an agent names",
            hidden(
                "tool_2",
                World { tools: tools(), agents: vec![names_a_tool], ..world_of(&["held", "free"]) },
            ),
        ),
        (
            "a secret that may not be seen",
            World {
                unlisted_secrets: vec![Secret::new("secret", "s")],
                environment_variables: vec![variable("var_1", "L", &[("p", "secret")])],
                ..hidden("secret", with_a_tool())
            },
        ),
    ]
}

#[tokio::test]
async fn a_view_that_is_proven_to_be_partial_calls_nothing_unused_unless_that_is_accepted() {
    for (what, world) in partial_worlds() {
        let (outcome, _) = audit(world.clone()).await;
        let (extent, signs) = view(&outcome);
        assert_eq!(
            (outcome.code(), extent.as_str(), outcome.bundle().verdict("free")),
            (3, "partial", "undetermined"),
            "{what}"
        );
        assert!(!signs.is_empty());
        let reason = outcome.bundle().secret("free")["reason"].clone();
        assert!(reason.contains("convai_read") && reason.contains("partial_view"), "{reason}");

        let simulator = Simulator::start(world.clone()).await.unwrap();
        let accepting = Setup::of(&simulator).section("[audit]\npartial_view = \"accept\"");
        let outcome = accepting.run().await;
        assert_eq!(
            (view(&outcome).0.as_str(), outcome.bundle().verdict("free")),
            ("partial", "unused"),
            "{what}"
        );

        let (outcome, _) = audit(World { seat_type: "workspace_admin".to_owned(), ..world }).await;
        assert_eq!(
            (view(&outcome).0.as_str(), outcome.bundle().verdict("free")),
            ("full", "unused"),
            "{what}"
        );
    }
}

#[tokio::test]
async fn what_an_agent_goes_through_is_missed_also_where_no_tool_is_shown_or_ids_are_of_another_length() {
    let through = |id: &str| {
        let mut held = Secret::new("held", "held");
        held.used_by.agents.push(world::transitive(world::available("agent_1", "Sales", 1, "viewer"), &[id]));
        World::of(vec![held, Secret::new("free", "free")])
    };
    let of_another_length =
        World { tools: vec![tool("tool_1", "A", "held")], ..through("tool_01jqxws8janq3q87hejhnd10hz") };
    for world in [through("tool_2"), of_another_length.clone()] {
        let (outcome, _) = audit(world).await;
        assert_eq!((outcome.code(), view(&outcome).0.as_str()), (3, "partial"));
    }
    // A kind that may come one day is none of a tool or an MCP server.
    let of_another_kind = World { secrets: through("widget_7").secrets, ..of_another_length };
    let (outcome, _) = audit(of_another_kind).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (0, "not known"));
}

#[tokio::test]
async fn a_dependent_that_is_visible_and_in_no_list_is_a_sign_where_the_list_shows_others() {
    let mut held = Secret::new("held", "held");
    held.used_by.tools.push(world::available("tool_2", "Hidden", 1, "editor"));
    let lists = |tools| World { tools, ..World::of(vec![held.clone(), Secret::new("free", "free")]) };
    let (outcome, _) = audit(lists(vec![tool("tool_1", "Lookup", "held")])).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (3, "partial"));
    let (outcome, _) = audit(lists(vec![tool("tool_1", "A", "held"), tool("tool_2", "B", "held")])).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (0, "not known"));
}

#[tokio::test]
async fn what_only_archived_states_name_may_be_deleted_and_is_no_sign() {
    let names_a_tool = |id| documents::agent(id, "Old", &json!({"tool_ids": ["tool_deleted"]}));
    let mut archived = names_a_tool("agent_1");
    archived.archived = true;
    let mut merged = documents::agent("agent_2", "Desk", &json!({}));
    let config = names_a_tool("agent_2").config;
    merged.branches = vec![Branch { id: "b1".to_owned(), archived: true, config, ..Branch::default() }];
    let world = World { agents: vec![archived, merged], ..with_a_tool() };
    let (outcome, _) = audit(world).await;
    assert_eq!((outcome.code(), view(&outcome)), (0, ("not known".to_owned(), vec![])));
}

#[tokio::test]
async fn an_agent_that_is_named_and_gone_is_no_sign_and_one_that_is_refused_is() {
    let transfer = json!({"built_in_tools": {"transfer_to_agent": {"params": {"transfers": [{"agent_id": "agent_9"}]}}}});
    let world = World {
        agents: vec![documents::agent("agent_1", "Sales", &transfer)],
        ..world_of(&["held", "free"])
    };
    let (outcome, simulator) = audit(world.clone()).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (0, "not known"));
    assert_eq!(asked(&simulator, "/v1/convai/agents/agent_9"), 1);
    let (outcome, _) = audit(World { hidden: ["agent_9".to_owned()].into(), ..world }).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (3, "partial"));
}

#[tokio::test]
async fn what_shows_nowhere_is_no_sign() {
    // A speech engine that the key may not see; nothing tells of it.
    let world = World {
        speech_engines: vec![speech_engine("seng_1", "Kiosk", "free")],
        agents: vec![agent("agent_1", "Sales", "held")],
        hidden: ["seng_1".to_owned()].into(),
        ..world_of(&["held", "free"])
    };
    let (outcome, _) = audit(world).await;
    assert_eq!((outcome.code(), view(&outcome).0.as_str()), (0, "not known"));
}

#[tokio::test]
async fn a_tool_that_is_named_and_not_listed_and_an_agent_shown_by_its_id_only_are_signs() {
    let mut server = crate::places::mcp_server("mcp_1", "Docs", "held");
    server["dependent_agents"] = json!([{"type": "unknown", "id": "agent_9"}]);
    let worlds = [
        World { mcp_servers: vec![server], ..world_of(&["held", "free"]) },
        World {
            agents: vec![documents::agent("agent_1", "Sales", &json!({"tool_ids": ["tool_1"]}))],
            ..world_of(&["held", "free"])
        },
    ];
    for world in worlds {
        let (outcome, _) = audit(world).await;
        let (extent, signs) = view(&outcome);
        assert_eq!((outcome.code(), extent.as_str()), (3, "partial"), "{signs:?}");
        assert_eq!(signs.len(), 1, "{signs:?}");
    }
}
