//! The documents of tools and agents, with the secrets that `used_by` says they hold, and some of which it says nothing.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use super::{
    pool::{self, Pools, Resource},
    shape::Scale,
};
use crate::{
    demo::ids,
    dependent::Dependent,
    documents::{self, Form, secret},
    needed::references::References,
    world::{Agent, Branch, Secret, World},
};

/// Of so many secrets without any other use one is left unused.
const ONE_LEFT_UNUSED: usize = 3;
/// A prime, so that the agents that hold these secrets look picked at random.
const STEP: usize = 7;

/// Whose documents hold what.
#[derive(Default)]
struct Holdings {
    /// Secrets by the tool or agent that holds them.
    secrets: HashMap<String, Vec<String>>,
    /// Tools by the agent that uses them.
    tools: HashMap<String, Vec<String>>,
}

/// Adds the documents. `free` are the secrets that nothing uses so far; ids are counted from `first`.
pub(super) fn add(world: &mut World, pools: &Pools, scale: Scale, free: &[String], first: usize) {
    let mut holdings = Holdings::default();
    for one in &world.secrets {
        let used_by = &one.used_by;
        used_by.tools.iter().chain(&used_by.agents).for_each(|holder| holdings.note(&one.id, holder));
    }
    let seen = |resource: &&Resource| !resource.hidden;
    for tool in pools.tools.iter().filter(seen) {
        let headers = holdings.headers(&tool.id);
        world.tools.push(documents::tool(&tool.id, &tool.name, "https://tools.example", &headers));
    }
    let known = pools.agents.iter().enumerate().filter(|(_, agent)| !agent.hidden);
    let known = known.map(|(number, agent)| (number, agent.name.clone()));
    let others = (pools.agents.len()..).map(|number| (number, pool::agent_name(number)));
    let count = scale.agents.max(known.clone().count());
    let agents = known.chain(others).take(count);
    world.agents.extend(agents.map(|(number, name)| holdings.agent(scale, first + number, number, &name)));
    for (rank, id) in free.iter().enumerate().filter(|(rank, _)| (rank + 1) % ONE_LEFT_UNUSED != 0) {
        let place = rank * STEP % count.max(1);
        match world.agents.get_mut(place) {
            Some(agent) if rank.is_multiple_of(2) => hold(agent, id),
            _ => world.tools.push(code_tool(pools.tools.len() + rank, rank, first, id)),
        }
    }
}

/// How many secrets tools and agents hold of which `used_by` does not tell: each stands in one.
pub(super) fn references(world: &World) -> usize {
    let is_free = |one: &&Secret| one.used_by.tools.is_empty() && one.used_by.agents.is_empty();
    let free: Vec<Secret> = world.secrets.iter().filter(is_free).cloned().collect();
    let mut references = References::new(&free);
    let agents = world
        .agents
        .iter()
        .flat_map(|agent| agent.branches.iter().map(|branch| &branch.config).chain([&agent.config]));
    world.tools.iter().chain(agents).for_each(|document| references.read(document));
    references.held.len()
}

impl Holdings {
    fn note(&mut self, secret_id: &str, holder: &Dependent) {
        let holder = holder.json();
        let id = holder["id"].as_str().unwrap_or_default();
        match holder["referenced_resource_ids"].as_array() {
            Some(via) if !via.is_empty() => {
                let via = via.iter().filter_map(Value::as_str).map(str::to_owned);
                self.tools.entry(id.to_owned()).or_default().extend(via);
            }
            _ => self.secrets.entry(id.to_owned()).or_default().push(secret_id.to_owned()),
        }
    }

    fn headers(&self, holder: &str) -> Value {
        let held = self.secrets.get(holder).into_iter().flatten().enumerate();
        let headers: Map<String, Value> =
            held.map(|(number, id)| (format!("X-Credential-{}", number + 1), secret(id))).collect();
        Value::Object(headers)
    }

    fn agent(&self, scale: Scale, id: usize, number: usize, name: &str) -> Agent {
        let created_at_unix_secs = ids::created_at("agent", id);
        let (id, main) = (ids::id("agent", id), ids::id("agtbrch", id));
        let prompt = json!({
            "tool_ids": self.tools.get(&id).cloned().unwrap_or_default(),
            "custom_llm": {"url": "https://models.example", "request_headers": self.headers(&id)},
        });
        let mut agent = documents::agent(&id, name, &prompt);
        (agent.created_at_unix_secs, agent.archived) = (created_at_unix_secs, number % 13 == 5);
        agent.config["main_branch_id"] = json!(main);
        agent.config["branch_id"] = json!(main);
        let branches = (1..=scale.branches_per_agent).map(|one| {
            let id = format!("{main}_{one}");
            let mut config = agent.config.clone();
            config["branch_id"] = json!(id);
            let archived = (number + one) % 5 == 4;
            Branch { id, name: format!("Trial {one}"), archived, config, ..Branch::default() }
        });
        agent.branches = branches.collect();
        agent
    }
}

/// A branch of the agent holds the secret, or the agent itself where it has none.
fn hold(agent: &mut Agent, secret_id: &str) {
    let config = agent.branches.first_mut().map_or(&mut agent.config, |branch| &mut branch.config);
    config["platform_settings"]["workspace_overrides"]["conversation_initiation_client_data_webhook"] =
        json!({"url": "https://hooks.example", "request_headers": {"Authorization": secret(secret_id)}});
}

fn code_tool(number: usize, rank: usize, first: usize, secret_id: &str) -> Value {
    let form = Form::ALL.get(rank / 2 % Form::ALL.len()).copied().unwrap_or(Form::List);
    documents::code_tool(&ids::id("tool", first + number), &format!("code_{rank}"), form, secret_id)
}
