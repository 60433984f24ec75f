//! The same workspace one night earlier, so that the next night has changes of every kind to show.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::ids;
use crate::{
    documents::{self, secret},
    world::{Agent, Secret, World, available, transitive},
};

/// What the night after made new, and what it took away.
const NOT_YET_MADE: &str = "tmp-demo-key-delete-me";
const STILL_IN_USE: &str = "zapier-poc-token";
const GONE_SINCE: &str = "sendgrid-key-retired";

/// Takes one night back.
pub(super) fn one_night_back(mut world: World) -> World {
    world.secrets.retain(|secret| secret.name != NOT_YET_MADE);
    world.secrets.push(Secret::new(&ids::id("sec", 9_001), GONE_SINCE));
    if let Some(secret) = world.secrets.iter_mut().find(|secret| secret.name == STILL_IN_USE) {
        let agent = proof_of_concept(&secret.id);
        let shown = available(&agent.id, &agent.name, agent.created_at_unix_secs, "admin");
        secret.used_by.agents.push(transitive(shown, &[]));
        world.agents.push(agent);
    }
    let mut rewritable = only_in_tools_and_agents(&world).into_iter();
    if let Some(secret) = rewritable.next().and_then(|position| world.secrets.get_mut(position)) {
        secret.used_by = Default::default();
        let id = secret.id.clone();
        world.tools.iter_mut().for_each(|tool| release(tool, &id));
        world.agents.iter_mut().for_each(|agent| agent.release(&id));
    }
    if let Some(secret) = rewritable.next().and_then(|position| world.secrets.get_mut(position)) {
        secret.name.push_str("-draft");
    }
    if let Some(secret) = rewritable.next().and_then(|position| world.secrets.get_mut(position)) {
        let came_since: Vec<Value> = secret.used_by.agents.drain(1..).map(Value::from).collect();
        let ids: BTreeSet<&str> = came_since.iter().filter_map(|agent| agent["id"].as_str()).collect();
        let tools = came_since.iter().filter_map(|agent| agent["referenced_resource_ids"].as_array());
        let tools: BTreeSet<&str> = tools.flatten().filter_map(Value::as_str).collect();
        for agent in world.agents.iter_mut().filter(|agent| ids.contains(agent.id.as_str())) {
            agent.release(&secret.id);
            agent.without_tools(&tools);
        }
    }
    world
}

impl Agent {
    fn documents(&mut self) -> impl Iterator<Item = &mut Value> {
        self.branches.iter_mut().map(|branch| &mut branch.config).chain([&mut self.config])
    }

    fn release(&mut self, secret_id: &str) {
        self.documents().for_each(|document| release(document, secret_id));
    }

    fn without_tools(&mut self, tools: &BTreeSet<&str>) {
        let lists = self
            .documents()
            .filter_map(|document| document.pointer_mut("/conversation_config/agent/prompt/tool_ids"));
        for list in lists.filter_map(Value::as_array_mut) {
            list.retain(|tool| tool.as_str().is_none_or(|tool| !tools.contains(tool)));
        }
    }
}

/// Takes every reference to the secret out of a document.
fn release(document: &mut Value, secret_id: &str) {
    match document {
        Value::Array(items) => items.iter_mut().for_each(|item| release(item, secret_id)),
        Value::Object(fields) => {
            fields.retain(|_, value| *value != secret(secret_id));
            fields.values_mut().for_each(|value| release(value, secret_id));
        }
        _ => {}
    }
}

/// An agent that is deleted in the night after.
fn proof_of_concept(secret_id: &str) -> Agent {
    let (id, main) = (ids::id("agent", 9_001), ids::id("agtbrch", 9_001));
    let headers = json!({"Authorization": secret(secret_id)});
    let tool = json!({
        "type": "webhook",
        "name": "start_zap",
        "api_schema": {"url": "https://hooks.larkfield.example/zap", "request_headers": headers},
    });
    let prompt = json!({"tool_ids": [], "tools": [tool]});
    let mut agent = documents::agent(&id, "Zapier proof of concept", &prompt);
    agent.config["main_branch_id"] = json!(main);
    agent.config["branch_id"] = json!(main);
    agent.created_at_unix_secs = ids::created_at("agent", 9_001);
    agent
}

/// The secrets that several agents use, and nothing but tools and agents.
fn only_in_tools_and_agents(world: &World) -> Vec<usize> {
    let documents =
        json!([world.environment_variables, world.speech_engines, world.mcp_servers, world.settings])
            .to_string();
    let is_rewritable = |secret: &Secret| {
        (2..6).contains(&secret.used_by.agents.len())
            && secret.used_by.mcp_servers.is_empty()
            && !documents.contains(&secret.id)
    };
    (0..world.secrets.len()).filter(|position| is_rewritable(&world.secrets[*position])).collect()
}
