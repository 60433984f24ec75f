//! The documents of the tools, MCP servers and agents of the plan, with every secret where the plan has it.

use serde_json::{Map, Value, json};

use super::{
    ids,
    plan::{Place, Plan, PlannedAgent, Resource},
};
use crate::{
    documents::{self, secret},
    world::{Agent, Branch},
};

/// 2026-11-01T00:00:00Z
const NOVEMBER: i64 = 1_793_491_200;

pub(super) fn tools(plan: &Plan) -> Vec<Value> {
    plan.tools.iter().enumerate().map(|(number, tool)| self::tool(number, tool)).collect()
}

fn tool(number: usize, tool: &Resource) -> Value {
    let address = format!("https://{}.tools.example/v1/{}", tool.vendor, tool.name);
    let mut headers = json!({"Authorization": secret(&tool.secret_id), "Accept": "application/json"});
    // The other forms that a header may take, none of which refers to a secret.
    match number % 9 {
        2 => headers["X-Region"] = json!({"env_var_label": "REGION"}),
        5 => headers["X-Caller"] = json!({"variable_name": "system__caller_id"}),
        7 => headers["X-Company"] = json!("{{system_env__COMPANY_NAME}}"),
        _ => {}
    }
    let mut tool = documents::tool(&tool.id, &tool.name, &address, &headers);
    let calls = ids::below(5_000, "calls", number);
    tool["usage_stats"] = json!({"total_calls": calls, "avg_latency_secs": 0.25 + (number % 7) as f64 / 8.0});
    tool
}

pub(super) fn mcp_servers(plan: &Plan) -> Vec<Value> {
    let servers = plan.mcp_servers.iter().enumerate();
    servers
        .map(|(number, server)| {
            let address = json!(format!("https://mcp.example/{}/sse", server.id));
            let held = secret(&server.secret_id);
            // In each of the places that can hold one.
            let (address, token, headers) = match number % 6 {
                4 => (held, Value::Null, json!({})),
                1 | 5 => (address, Value::Null, json!({"Authorization": held})),
                _ => (address, held, json!({"X-Company": "larkfield"})),
            };
            documents::mcp_server(&server.id, &server.name, &address, &token, &headers)
        })
        .collect()
}

pub(super) fn agents(plan: &Plan) -> Vec<Agent> {
    plan.agents.iter().enumerate().map(|(number, agent)| self::agent(number, agent)).collect()
}

fn agent(number: usize, agent: &PlannedAgent) -> Agent {
    let main = ids::id("agtbrch", number);
    let config = config(agent, &main);
    // What is tried out on a branch holds what the main one holds, so it adds no use.
    let branch = (number % 10 == 3).then(|| {
        let id = ids::id("agtbrch", 1_000 + number);
        let mut config = config.clone();
        config["branch_id"] = json!(id);
        config["branch_name"] = json!("Shorter greeting");
        // Half of them have been merged, which archives them.
        let (name, archived) = ("Shorter greeting".to_owned(), number % 20 == 13);
        Branch { id, name, archived, draft_exists: number == 3, config }
    });
    Agent {
        id: agent.id.clone(),
        name: agent.name.clone(),
        archived: agent.archived,
        config,
        branches: branch.into_iter().collect(),
        created_at_unix_secs: agent.created_at,
        last_call_at_unix_secs: last_call(number, agent),
        ..Agent::default()
    }
}

/// Most have been called in November 2026, archived ones when they were new, and some never.
fn last_call(number: usize, agent: &PlannedAgent) -> Option<i64> {
    let (first, days) = if agent.archived { (agent.created_at, 30) } else { (NOVEMBER, 20) };
    let later = ids::below(days * 86_400, "last call", number);
    (number % 9 != 4).then(|| first.saturating_add_unsigned(later))
}

fn config(agent: &PlannedAgent, main_branch: &str) -> Value {
    let mut prompt = json!({
        "prompt": format!("You answer calls for Larkfield Home Services: {}. Be brief and kind.", agent.name),
        "llm": "gemini-2.5-flash",
        "tool_ids": agent.tools,
        "custom_llm": null,
    });
    let (mut inline_tools, mut nodes, mut overrides) = (Vec::new(), Map::new(), json!({}));
    for (number, (place, secret_id)) in agent.holds.iter().enumerate() {
        let headers = json!({"Authorization": secret(secret_id)});
        match place {
            Place::LanguageModel => {
                prompt["llm"] = json!("custom-llm");
                prompt["custom_llm"] = json!({
                    "url": "https://models.larkfield.example/v1",
                    "api_key": secret(secret_id),
                    "request_headers": {},
                });
            }
            Place::InlineTool => inline_tools.push(inline_tool(number, &headers)),
            Place::StartWebhook => {
                let url = "https://hooks.larkfield.example/start";
                overrides["conversation_initiation_client_data_webhook"] =
                    json!({"url": url, "request_headers": headers});
            }
            Place::WorkflowNode => {
                let tools = json!([inline_tool(number, &headers)]);
                let node = json!({
                    "type": "override_agent",
                    "conversation_config": {"agent": {"prompt": {"tools": tools}}},
                });
                nodes.insert(format!("node_{number}"), node);
            }
        }
    }
    prompt["tools"] = Value::Array(inline_tools);
    json!({
        "agent_id": agent.id,
        "name": agent.name,
        "main_branch_id": main_branch,
        "branch_id": main_branch,
        "conversation_config": {"agent": {"language": "en", "prompt": prompt}},
        "platform_settings": {"workspace_overrides": overrides},
        "workflow": {"nodes": nodes},
    })
}

fn inline_tool(number: usize, headers: &Value) -> Value {
    let url = format!("https://hooks.larkfield.example/inline/{number}");
    json!({
        "type": "webhook",
        "name": format!("inline_{number}"),
        "api_schema": {"url": url, "request_headers": headers},
    })
}
