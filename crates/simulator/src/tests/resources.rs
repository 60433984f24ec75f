//! What the endpoints of everything else answer.

use serde_json::{Value, json};

use super::{World, ask, ids, start, tell};
use crate::{
    Branch,
    documents::{agent, environment_variable, secret, speech_engine, tool},
};

fn world() -> World {
    let variable = |id: &str, label: &str, kind: &str, values: Value| {
        environment_variable(id, "ws", label, kind, &values)
    };
    let mut agents = vec![agent("agent_1", "One", &json!({})), agent("agent_2", "Two", &json!({}))];
    agents[0].config["main_branch_id"] = json!("branch_main");
    agents[0].branches.push(Branch {
        id: "branch_b".to_owned(),
        config: json!({"branch_name": "Bold"}),
        ..Branch::default()
    });
    agents[1].archived = true;
    World {
        environment_variables: vec![
            variable(
                "var_1",
                "KEY",
                "secret",
                json!({"production": secret("sec"), "staging": secret("sec")}),
            ),
            variable("var_2", "REGION", "string", json!({"production": "eu"})),
            variable("var_3", "TOKEN", "secret", json!({"production": secret("sec")})),
        ],
        speech_engines: ["b", "a", "c"]
            .iter()
            .enumerate()
            .map(|(number, name)| {
                let id = format!("seng_{number}");
                let mut engine = speech_engine(&id, name, "wss://example.com", &json!({"A": secret("sec")}));
                engine["created_at_unix_secs"] = json!(number);
                engine
            })
            .collect(),
        tools: (0..31)
            .map(|number| tool(&format!("tool_{number}"), "t", "https://example.com", &json!({})))
            .collect(),
        agents,
        ..World::empty()
    }
}

#[tokio::test]
async fn environment_variables_can_be_filtered_and_paged() {
    let simulator = start(world()).await;
    let list = "v1/convai/environment-variables";
    for (query, expected) in [
        ("", vec!["var_1", "var_2", "var_3"]),
        ("?type=secret", vec!["var_1", "var_3"]),
        ("?label=REGION", vec!["var_2"]),
        ("?type=secret&environment=staging", vec!["var_1"]),
    ] {
        let page = tell(&simulator, &format!("{list}{query}")).await;
        assert_eq!(ids(&page["environment_variables"], "id"), expected);
        assert_eq!((&page["has_more"], &page["next_cursor"]), (&json!(false), &Value::Null));
    }
    let page = tell(&simulator, &format!("{list}?type=secret&page_size=1")).await;
    assert_eq!(page["has_more"], true);
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = tell(&simulator, &format!("{list}?type=secret&cursor={cursor}")).await;
    assert_eq!(ids(&rest["environment_variables"], "id"), ["var_3"]);
    assert_eq!(ask(&simulator, &format!("{list}?cursor={cursor}")).await.status(), 400);
}

#[tokio::test]
async fn the_list_of_speech_engines_holds_no_references() {
    let simulator = start(world()).await;
    for (query, expected) in [
        ("", ["c", "a", "b"]),
        ("?sort_direction=asc", ["b", "a", "c"]),
        ("?sort_by=name", ["c", "b", "a"]),
        ("?sort_by=name&sort_direction=asc", ["a", "b", "c"]),
    ] {
        let page = tell(&simulator, &format!("v1/speech-engine{query}")).await;
        assert_eq!(ids(&page["speech_engines"], "name"), expected);
        assert!(!page.to_string().contains("secret_id"));
    }
    assert_eq!(ask(&simulator, "v1/speech-engine?sort_by=size").await.status(), 422);
    let whole = tell(&simulator, "v1/speech-engine/seng_1").await;
    assert_eq!(whole["speech_engine"]["request_headers"]["A"]["secret_id"], "sec");
    assert_eq!(ask(&simulator, "v1/speech-engine/seng_9").await.status(), 404);
}

#[tokio::test]
async fn archived_agents_are_in_a_list_of_their_own() {
    let simulator = start(world()).await;
    for (query, expected) in [("", "agent_1"), ("?archived=false", "agent_1"), ("?archived=true", "agent_2")]
    {
        let page = tell(&simulator, &format!("v1/convai/agents{query}")).await;
        assert_eq!(ids(&page["agents"], "agent_id"), [expected]);
    }
    assert_eq!(tell(&simulator, "v1/convai/agents/agent_2").await["name"], "Two");
}

#[tokio::test]
async fn an_agent_has_branches() {
    let simulator = start(world()).await;
    let listed = tell(&simulator, "v1/convai/agents/agent_1/branches").await;
    assert_eq!(ids(&listed["results"], "id"), ["branch_main", "branch_b"]);
    assert_eq!(ids(&listed["results"], "name"), ["Main", "Bold"]);
    assert_eq!(listed["meta"], json!({"total": 2, "page": 1, "page_size": 100}));
    assert_eq!(tell(&simulator, "v1/convai/agents/agent_2/branches").await["results"], json!([]));

    let of =
        async |branch: &str| tell(&simulator, &format!("v1/convai/agents/agent_1?branch_id={branch}")).await;
    assert_eq!(of("branch_main").await["name"], "One");
    assert_eq!(of("branch_b").await["branch_name"], "Bold");
    for target in ["agent_1?branch_id=branch_c", "agent_1?version_id=1", "agent_9", "agent_9/branches"] {
        assert_eq!(ask(&simulator, &format!("v1/convai/agents/{target}")).await.status(), 404, "{target}");
    }
}

#[tokio::test]
async fn tools_come_thirty_at_a_time() {
    let simulator = start(world()).await;
    let page = tell(&simulator, "v1/convai/tools").await;
    assert_eq!(page["tools"].as_array().unwrap().len(), 30);
    let rest =
        tell(&simulator, &format!("v1/convai/tools?cursor={}", page["next_cursor"].as_str().unwrap())).await;
    assert_eq!(ids(&rest["tools"], "id"), ["tool_30"]);
}
