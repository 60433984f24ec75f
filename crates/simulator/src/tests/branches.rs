//! Agents with branches: what their list shows, what it hides, and what an agent tells besides.

use serde_json::{Value, json};

use super::{Simulator, World, ask, ids, start, tell};
use crate::{Agent, Branch, documents::agent};

/// An agent with so many branches besides the main one, every second of them archived.
fn branched(count: usize) -> Agent {
    let branch = |number: usize| Branch {
        id: format!("branch_{number:03}"),
        name: format!("Trial {number}"),
        archived: number % 2 == 1,
        draft_exists: number == 2,
        config: json!({"name": format!("On branch {number}")}),
    };
    let mut agent = agent("agent_1", "One", &json!({}));
    agent.config["main_branch_id"] = json!("branch_main");
    Agent { branches: (0..count).map(branch).collect(), ..agent }
}

async fn of(agent: Agent) -> Simulator {
    start(World { agents: vec![agent], ..World::empty() }).await
}

const BRANCHES: &str = "v1/convai/agents/agent_1/branches";

#[tokio::test]
async fn archived_branches_are_listed_where_they_are_asked_for() {
    let simulator = of(branched(4)).await;
    let live = ["branch_main", "branch_000", "branch_002"];
    for query in ["", "?include_archived=false", "?limit=3&include_commit_status=true"] {
        let listed = tell(&simulator, &format!("{BRANCHES}{query}")).await;
        assert_eq!((ids(&listed["results"], "id"), &listed["meta"]["total"]), (live.to_vec(), &json!(3)));
    }
    let listed = tell(&simulator, &format!("{BRANCHES}?include_archived=true")).await;
    let expected = ["branch_main", "branch_000", "branch_001", "branch_002", "branch_003"];
    assert_eq!(ids(&listed["results"], "id"), expected);
    let of = |field: &str| -> Vec<bool> {
        listed["results"].as_array().unwrap().iter().map(|one| one[field].as_bool().unwrap()).collect()
    };
    assert_eq!(of("is_archived"), [false, false, true, false, true]);
    assert_eq!(of("draft_exists"), [false, false, false, true, false]);
    assert!(listed["results"].as_array().unwrap().iter().all(|one| one["agent_id"] == "agent_1"));
    assert_eq!(listed["results"][1]["access_info"]["access_source"], "workspace_default");
}

#[tokio::test]
async fn a_list_of_branches_is_cut_and_only_its_total_tells() {
    let simulator = of(branched(150)).await;
    for (query, shown, total) in [
        ("", 76, 76),
        ("?include_archived=true", 100, 151),
        ("?include_archived=true&limit=2", 2, 151),
        ("?limit=100", 76, 76),
    ] {
        let listed = tell(&simulator, &format!("{BRANCHES}{query}")).await;
        assert_eq!(listed["results"].as_array().unwrap().len(), shown, "{query}");
        assert_eq!((&listed["meta"]["total"], &listed["meta"]["page"]), (&json!(total), &json!(1)));
        assert_eq!(listed["results"][0]["id"], "branch_main");
        let fields: Vec<&String> = listed.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["meta", "results"]);
    }
    for query in ["limit=1", "limit=101", "limit=x", "include_archived=perhaps"] {
        assert_eq!(ask(&simulator, &format!("{BRANCHES}?{query}")).await.status(), 422, "{query}");
    }
}

#[tokio::test]
async fn an_archived_branch_answers_where_the_service_shows_them() {
    for shows_archived_branches in [true, false] {
        let world = World { agents: vec![branched(2)], shows_archived_branches, ..World::empty() };
        let simulator = start(world).await;
        let status = async |id: &str| {
            ask(&simulator, &format!("v1/convai/agents/agent_1?branch_id={id}")).await.status()
        };
        for live in ["branch_main", "branch_000"] {
            assert_eq!(status(live).await, 200);
        }
        assert_eq!(status("branch_001").await, if shows_archived_branches { 200 } else { 404 });
        let listed = tell(&simulator, &format!("{BRANCHES}?include_archived=true")).await;
        assert_eq!(listed["meta"]["total"], 3);
    }
}

#[tokio::test]
async fn what_procedures_generate_is_shown_where_it_is_asked_for_and_may_be_refused() {
    let mut agent = branched(1);
    agent.generated_nodes.insert("made".to_owned(), json!({"note": "sec"}));
    let world = World { agents: vec![agent], ..World::empty() };
    let target = "v1/convai/agents/agent_1";
    let parameter = "include_procedure_generated_workflow_elements";
    let simulator = start(world.clone()).await;
    for (query, made) in [("", Value::Null), ("=false", Value::Null), ("=true", json!("sec"))] {
        let query = if query.is_empty() { String::new() } else { format!("?{parameter}{query}") };
        let shown = tell(&simulator, &format!("{target}{query}")).await;
        assert_eq!(shown["workflow"]["nodes"]["made"]["note"], made, "{query}");
    }
    let simulator = start(World { accepts_generated_workflow: false, ..world }).await;
    assert_eq!(ask(&simulator, target).await.status(), 200);
    for query in [format!("{parameter}=true"), format!("branch_id=branch_000&{parameter}=false")] {
        assert_eq!(ask(&simulator, &format!("{target}?{query}")).await.status(), 422);
    }
}

#[tokio::test]
async fn the_list_of_agents_tells_when_each_was_called() {
    let mut called = branched(0);
    called.last_call_at_unix_secs = Some(1_793_491_200);
    let world = World { agents: vec![called, agent("agent_2", "Two", &json!({}))], ..World::empty() };
    let listed = tell(&start(world).await, "v1/convai/agents").await;
    assert_eq!(listed["agents"][0]["last_call_time_unix_secs"], 1_793_491_200);
    assert_eq!(listed["agents"][1]["last_call_time_unix_secs"], Value::Null);
    assert_eq!((&listed["agents"][0]["archived"], &listed["agents"][0]["tags"]), (&json!(false), &json!([])));
}
