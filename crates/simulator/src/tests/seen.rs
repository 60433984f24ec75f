//! What a key sees: what is hidden from it, and what it is told of the rest.

use serde_json::{Value, json};

use super::{Simulator, World, ask, ids, start, tell};
use crate::{
    Secret,
    documents::{agent, mcp_server, speech_engine, tool},
};

const LISTS: [(&str, &str, &str); 5] = [
    ("v1/convai/tools", "tools", "id"),
    ("v1/convai/agents", "agents", "agent_id"),
    ("v1/convai/mcp-servers", "mcp_servers", "id"),
    ("v1/speech-engine", "speech_engines", "speech_engine_id"),
    ("v1/convai/secrets", "secrets", "secret_id"),
];

/// Two of each kind.
fn world() -> World {
    let used = Secret::new("sec_1", "One").with_tools(2).with_agents(1).with_mcp_servers(2);
    let used = used.with_transitive_agent("agent_0002", "Agent 2", &["tool_0001"]);
    let mut server = mcp_server("mcp_0001", "m", &json!("https://m.example"), &Value::Null, &json!({}));
    let other = mcp_server("mcp_0002", "n", &json!("https://n.example"), &Value::Null, &json!({}));
    server["dependent_agents"] = json!(used.used_by.agents);
    World {
        tools: ["tool_0001", "tool_0002"].map(|id| tool(id, "t", "https://t.example", &json!({}))).into(),
        agents: ["agent_0001", "agent_0002"].map(|id| agent(id, "a", &json!({}))).into(),
        mcp_servers: vec![server, other],
        speech_engines: ["seng_1", "seng_2"]
            .map(|id| speech_engine(id, "s", "wss://s.example", &json!({})))
            .into(),
        ..World::of(vec![used, Secret::new("sec_2", "Two")])
    }
}

fn hiding(ids: &[&str]) -> World {
    World { hidden: ids.iter().map(|id| (*id).to_owned()).collect(), ..world() }
}

async fn refused(simulator: &Simulator, target: &str) -> bool {
    let answer = ask(simulator, target).await;
    if answer.status() != 403 {
        return false;
    }
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    body["detail"]["code"].is_string()
}

#[tokio::test]
async fn what_is_hidden_is_in_no_list_and_refused_by_its_id() {
    let simulator = start(hiding(&["tool_0001", "agent_0002", "mcp_0001", "seng_2", "sec_2"])).await;
    let shown = ["tool_0002", "agent_0001", "mcp_0002", "seng_1", "sec_1"];
    for ((target, list, field), shown) in LISTS.into_iter().zip(shown) {
        assert_eq!(ids(&tell(&simulator, target).await[list], field), [shown]);
    }
    for target in [
        "v1/convai/agents/agent_0002",
        "v1/convai/agents/agent_0002/branches",
        "v1/speech-engine/seng_2",
        "v1/convai/secrets/sec_2",
        "v1/convai/secrets/sec_2/dependencies/tools",
    ] {
        assert!(refused(&simulator, target).await, "{target}");
    }
    assert_eq!(ask(&simulator, "v1/convai/agents/agent_0009").await.status(), 404);
}

#[tokio::test]
async fn hidden_dependents_are_unknown_ones_everywhere() {
    let simulator = start(hiding(&["tool_0001", "agent_0002", "mcp_0001", "seng_2"])).await;
    let unknown = |id: &str| json!({"type": "unknown", "id": id});
    let through = json!({"type": "unknown", "id": "agent_0002", "referenced_resource_ids": ["tool_0001"]});
    for secret in [
        tell(&simulator, "v1/convai/secrets").await["secrets"][0].clone(),
        tell(&simulator, "v1/convai/secrets/sec_1").await,
    ] {
        let used_by = &secret["used_by"];
        assert_eq!((&used_by["tools"][0], &used_by["agents"][1]), (&unknown("tool_0001"), &through));
        assert_eq!(used_by["mcp_servers"][0], unknown("mcp_0001"));
        let others = [&used_by["tools"][1], &used_by["agents"][0], &used_by["mcp_servers"][1]];
        assert!(others.into_iter().all(|one| one["type"] == "available"));
    }
    let dependents = tell(&simulator, "v1/convai/secrets/sec_1/dependencies/agents").await;
    assert_eq!(dependents["dependencies"][1], through);

    let simulator = start(hiding(&["agent_0001"])).await;
    let servers = tell(&simulator, "v1/convai/mcp-servers").await;
    assert_eq!(servers["mcp_servers"][0]["dependent_agents"][0], unknown("agent_0001"));
}

#[tokio::test]
async fn the_seat_and_the_source_of_what_is_seen_are_told() {
    for (seat_type, source, role) in [
        ("workspace_member", Some("workspace_default"), "editor"),
        ("workspace_admin", Some("workspace_admin"), "admin"),
        ("workspace_lite_member", None, "editor"),
    ] {
        let access_source = source.map(str::to_owned);
        let simulator = start(World { seat_type: seat_type.to_owned(), access_source, ..world() }).await;
        assert_eq!(tell(&simulator, "v1/user").await["seat_type"], seat_type);
        let told = |access: &Value| {
            let access = access.as_object().unwrap();
            (access["access_source"].clone(), access.contains_key("role"))
        };
        for (target, list, _) in LISTS.into_iter().take(4) {
            let items = tell(&simulator, target).await;
            assert_eq!(told(&items[list][0]["access_info"]), (json!(source), true), "{target}");
        }
        assert_eq!(tell(&simulator, "v1/convai/tools").await["tools"][0]["access_info"]["role"], role);
    }
    assert_eq!(World::empty().seat_type, "workspace_member");
}
