//! Who uses what, once. The lists of `used_by` are read off it here, the documents in `holders`.

use std::collections::HashMap;

use serde_json::Value;

use super::{
    ids,
    intentions::{self, Intention},
    names,
};
use crate::{
    Dependent,
    world::{UsedBy, available, phone_number, transitive, unknown},
};

/// What a workspace admin may do with anything.
const ACCESS_LEVEL: &str = "admin";

#[derive(Debug, Default)]
pub(super) struct Plan {
    /// In the order of their ids, which is that of their making.
    pub(super) secrets: Vec<PlannedSecret>,
    pub(super) tools: Vec<Resource>,
    pub(super) mcp_servers: Vec<Resource>,
    pub(super) agents: Vec<PlannedAgent>,
    /// Agents get their secrets in turn; this is whose turn it is.
    turn: usize,
    /// How many tools a vendor has so far.
    numbered: HashMap<&'static str, usize>,
}

#[derive(Debug)]
pub(super) struct PlannedSecret {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) webhook: bool,
    phone_numbers: Vec<Dependent>,
    /// Dependents that the key may not see: they have no document.
    unknown_tools: Vec<Dependent>,
    unknown_agents: Vec<Dependent>,
    unknown_mcp_servers: Vec<Dependent>,
}

/// A tool or an MCP server, each with one secret.
#[derive(Debug)]
pub(super) struct Resource {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) vendor: &'static str,
    pub(super) secret_id: String,
    pub(super) created_at: i64,
}

#[derive(Debug)]
pub(super) struct PlannedAgent {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) created_at: i64,
    pub(super) archived: bool,
    /// Secrets in its own configuration, and where they stand.
    pub(super) holds: Vec<(Place, String)>,
    /// Ids of the tools that it uses.
    pub(super) tools: Vec<String>,
}

/// The places in the configuration of an agent that can hold a secret (FACTS.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    LanguageModel,
    InlineTool,
    StartWebhook,
    WorkflowNode,
}

impl Plan {
    pub(super) fn new() -> Plan {
        let mut plan = Plan { agents: (0..names::AGENTS).map(agent).collect(), ..Plan::default() };
        for intention in intentions::all() {
            plan.add(&intention);
        }
        plan.secrets.sort_by(|one, other| one.id.cmp(&other.id));
        plan
    }

    /// The id of the secret with this name.
    pub(super) fn secret_id(&self, name: &str) -> Option<&str> {
        self.secrets.iter().find(|secret| secret.name == name).map(|secret| secret.id.as_str())
    }

    /// Everything that uses the secret, in the order in which it was made.
    pub(super) fn used_by(&self, secret: &PlannedSecret) -> UsedBy {
        let listed = |resources: &[Resource], unknown: &[Dependent]| {
            let known = resources
                .iter()
                .filter(|resource| resource.secret_id == secret.id)
                .map(|resource| available(&resource.id, &resource.name, resource.created_at, ACCESS_LEVEL));
            known.chain(unknown.iter().cloned()).collect()
        };
        let own_tools: Vec<&str> = self
            .tools
            .iter()
            .filter(|tool| tool.secret_id == secret.id)
            .map(|tool| tool.id.as_str())
            .collect();
        let agents = self.agents.iter().enumerate().filter_map(|(number, agent)| {
            let shown = available(&agent.id, &agent.name, agent.created_at, ACCESS_LEVEL);
            if agent.holds.iter().any(|(_, held)| *held == secret.id) {
                // The OpenAPI document lets the field be empty or missing: the demo has both.
                return Some(if number.is_multiple_of(2) { transitive(shown, &[]) } else { shown });
            }
            let via: Vec<&str> =
                agent.tools.iter().map(String::as_str).filter(|tool| own_tools.contains(tool)).collect();
            (!via.is_empty()).then(|| transitive(shown, &via))
        });
        let others = secret.webhook.then(|| Value::from("conversation_initiation_webhook").into());
        UsedBy {
            tools: listed(&self.tools, &secret.unknown_tools),
            agents: agents.chain(secret.unknown_agents.iter().cloned()).collect(),
            phone_numbers: secret.phone_numbers.clone(),
            mcp_servers: listed(&self.mcp_servers, &secret.unknown_mcp_servers),
            others: others.into_iter().collect(),
            ..UsedBy::default()
        }
    }

    fn add(&mut self, intention: &Intention) {
        let number = self.secrets.len();
        let id = ids::id("sec", number);
        let uses = &intention.uses;
        let tools = self.add_tools(intention, &id);
        self.add_mcp_servers(intention, &id);

        for turn in self.take_agents(uses.direct_agents) {
            if let Some(agent) = self.agents.get_mut(turn) {
                agent.hold(intention.area, turn, &id);
            }
        }
        let users = self.take_agents(uses.transitive_agents);
        // Every such agent uses a tool, and every tool is used if there is anyone at all to use it.
        for step in 0..if users.is_empty() { 0 } else { tools.len().max(users.len()) } {
            let user = users.get(step % users.len()).and_then(|turn| self.agents.get_mut(*turn));
            if let (Some(agent), Some(tool)) = (user, tools.get(step % tools.len().max(1))) {
                agent.tools.push(tool.clone());
            }
        }

        let hidden = |kind: &str, count: usize| -> Vec<Dependent> {
            (0..count).map(|one| unknown(&ids::id(kind, 10_000 + number * 10 + one))).collect()
        };
        let mut unknown_agents = hidden("agent", uses.unknown_agents);
        if let (Some(agent), Some(tool)) = (unknown_agents.first_mut(), tools.first()) {
            *agent = transitive(agent.clone(), &[tool]);
        }
        self.secrets.push(PlannedSecret {
            name: intention.name.clone(),
            webhook: uses.webhook,
            phone_numbers: (0..uses.phone_numbers).map(|one| phone(uses.provider, number, one)).collect(),
            unknown_tools: hidden("tool", uses.unknown_tools),
            unknown_agents,
            unknown_mcp_servers: hidden("mcp", uses.unknown_mcp_servers),
            id,
        });
    }

    /// Makes the tools of a secret; their ids.
    fn add_tools(&mut self, intention: &Intention, secret_id: &str) -> Vec<String> {
        let numbered = self.numbered.entry(intention.vendor).or_default();
        let first = self.tools.len();
        for number in first..first + intention.uses.tools {
            let name = names::tool(intention.vendor, intention.area, *numbered);
            *numbered += 1;
            self.tools.push(resource("tool", number, name, intention.vendor, secret_id));
        }
        self.tools.iter().skip(first).map(|tool| tool.id.clone()).collect()
    }

    fn add_mcp_servers(&mut self, intention: &Intention, secret_id: &str) {
        let first = self.mcp_servers.len();
        for one in 0..intention.uses.mcp_servers {
            let name = names::mcp_server(intention.vendor, one);
            self.mcp_servers.push(resource("mcp", first + one, name, intention.vendor, secret_id));
        }
    }

    /// The next agents in turn: never the same one twice for one secret, as there are more than any secret has.
    fn take_agents(&mut self, count: usize) -> Vec<usize> {
        let taken = (self.turn..self.turn + count).map(|turn| turn % names::AGENTS).collect();
        self.turn = (self.turn + count) % names::AGENTS;
        taken
    }
}

impl PlannedAgent {
    fn hold(&mut self, area: names::Area, turn: usize, secret_id: &str) {
        let free = |place| self.holds.iter().all(|(taken, _)| *taken != place);
        let place = match turn % 3 {
            // An agent has one language model and one webhook, but any number of tools and nodes.
            _ if area == names::Area::Language && free(Place::LanguageModel) => Place::LanguageModel,
            0 if free(Place::StartWebhook) => Place::StartWebhook,
            1 => Place::WorkflowNode,
            _ => Place::InlineTool,
        };
        self.holds.push((place, secret_id.to_owned()));
    }
}

fn resource(kind: &str, number: usize, name: String, vendor: &'static str, secret_id: &str) -> Resource {
    Resource {
        id: ids::id(kind, number),
        name,
        vendor,
        secret_id: secret_id.to_owned(),
        created_at: ids::created_at(kind, number),
    }
}

fn agent(number: usize) -> PlannedAgent {
    PlannedAgent {
        id: ids::id("agent", number),
        name: names::agent(number),
        created_at: ids::created_at("agent", number),
        archived: number % 13 == 5,
        holds: Vec::new(),
        tools: Vec::new(),
    }
}

/// The `one`th number of a secret; those of different secrets are a hundred apart.
fn phone(provider: &str, secret: usize, one: usize) -> Dependent {
    let id = ids::id("phnum", secret * 100 + one);
    let (label, dialled) = names::line(provider, secret * 100 + one);
    phone_number(&id, &label, &dialled, provider)
}
