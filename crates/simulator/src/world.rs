//! The made-up workspace: plain data, and short ways to build one in a test.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::dependent::Dependent;

/// Everything that the simulator can tell.
#[derive(Clone, Debug)]
pub struct World {
    /// The key that is accepted. With `-` and a number behind it, it is a further key of the same workspace.
    pub api_key: String,
    /// The id of the workspace. Only environment variables carry it (FACTS.md).
    pub workspace_id: String,
    /// The secrets, in the order in which the list shows them.
    pub secrets: Vec<Secret>,
    /// Secrets that only `GET /v1/convai/secrets/{id}` answers, not the list: shared with somebody else, or
    /// made since.
    pub unlisted_secrets: Vec<Secret>,
    /// `EnvironmentVariableResponse` objects of the OpenAPI document.
    pub environment_variables: Vec<Value>,
    /// Speech engines as `GET /v1/speech-engine/{id}` gives them; the list shows summaries.
    pub speech_engines: Vec<Value>,
    /// MCP servers as `GET /v1/convai/mcp-servers` lists them.
    pub mcp_servers: Vec<Value>,
    /// What `GET /v1/convai/settings` gives.
    pub settings: Value,
    /// Tools as `GET /v1/convai/tools` lists them.
    pub tools: Vec<Value>,
    /// Agents with their whole configuration.
    pub agents: Vec<Agent>,
    /// What the key may not do: `user_read` for `/v1/user`, `convai_read` for all the rest, or the beginning of a
    /// path by whole segments (`/v1/speech-engine`). Endpoints concerned answer 401 `missing_permissions`.
    pub missing_permissions: BTreeSet<String>,
    /// What `GET /v1/user` says of the key's user: `workspace_admin`, `workspace_member` or `workspace_lite_member`.
    pub seat_type: String,
    /// What `access_info` says of how the key came to see something; null where this is `None`.
    pub access_source: Option<String>,
    /// Ids of tools, agents, MCP servers, speech engines and secrets that the key may not see. No list has them, and
    /// by their ids they are refused (403). A secret's dependents still show that such a tool, agent or MCP server
    /// exists, as `unknown`.
    pub hidden: BTreeSet<String>,
    /// Whether an archived branch can be read. Where not, it is listed all the same, and asking for it gets 404.
    pub shows_archived_branches: bool,
    /// Whether agents may be asked for with `include_procedure_generated_workflow_elements`. Where not, that gets 422.
    pub accepts_generated_workflow: bool,
    /// The most requests that may be in flight; above it 429 `concurrent_limit_exceeded`. `None`: no limit.
    pub concurrency_limit: Option<usize>,
}

impl World {
    /// A workspace without anything in it.
    pub fn empty() -> World {
        World {
            api_key: "sk_simulated_key".to_owned(),
            workspace_id: "workspace_made_up".to_owned(),
            secrets: Vec::new(),
            unlisted_secrets: Vec::new(),
            environment_variables: Vec::new(),
            speech_engines: Vec::new(),
            mcp_servers: Vec::new(),
            settings: json!({"conversation_initiation_client_data_webhook": null, "can_use_mcp_servers": false}),
            tools: Vec::new(),
            agents: Vec::new(),
            missing_permissions: BTreeSet::new(),
            seat_type: "workspace_member".to_owned(),
            access_source: Some("workspace_default".to_owned()),
            hidden: BTreeSet::new(),
            shows_archived_branches: true,
            accepts_generated_workflow: true,
            concurrency_limit: None,
        }
    }

    /// A workspace with these secrets and nothing else: no document of a tool or an agent stands behind them.
    pub fn of(secrets: Vec<Secret>) -> World {
        World { secrets, ..World::empty() }
    }
}

impl Default for World {
    fn default() -> World {
        World::empty()
    }
}

/// A secret: its name and what uses it. There is no value, as no endpoint returns one.
#[derive(Clone, Debug, Default)]
pub struct Secret {
    /// `secret_id` of the OpenAPI document.
    pub id: String,
    /// The name that people gave it.
    pub name: String,
    /// What uses it, whole; the endpoints cut it.
    pub used_by: UsedBy,
}

/// The lists of `ConvAIStoredSecretDependencies`, whole.
#[derive(Clone, Debug, Default)]
pub struct UsedBy {
    /// Tools, available or unknown.
    pub tools: Vec<Dependent>,
    /// Agents, available or unknown, direct or transitive.
    pub agents: Vec<Dependent>,
    /// Telephone numbers.
    pub phone_numbers: Vec<Dependent>,
    /// MCP servers, available or unknown. Cut without a flag.
    pub mcp_servers: Vec<Dependent>,
    /// Plain strings such as `conversation_initiation_webhook`. Cut without a flag.
    pub others: Vec<Dependent>,
    /// Fields that the OpenAPI document doesn't know, sent as they are.
    pub further: Map<String, Value>,
}

/// An agent: what the list says of it and what it says by itself.
#[derive(Clone, Debug, Default)]
pub struct Agent {
    /// `agent_id` of the OpenAPI document.
    pub id: String,
    /// The name that people gave it.
    pub name: String,
    /// Whether only the list with `archived=true` shows it.
    pub archived: bool,
    /// The whole answer of `GET /v1/convai/agents/{id}`.
    pub config: Value,
    /// Nodes that procedures generate. They stand under `workflow.nodes` of the main branch only where the answer is
    /// asked for with `include_procedure_generated_workflow_elements=true`.
    pub generated_nodes: Map<String, Value>,
    /// Branches besides the main one, which is the one that `main_branch_id` of the configuration names, if it does.
    pub branches: Vec<Branch>,
    /// When it was last called, if ever.
    pub last_call_at_unix_secs: Option<i64>,
    /// When it was made.
    pub created_at_unix_secs: i64,
}

/// Another state of an agent, kept beside the main one.
#[derive(Clone, Debug, Default)]
pub struct Branch {
    /// What `?branch_id=` asks for.
    pub id: String,
    /// The name that people gave it; where it is empty, `branch_name` of the configuration.
    pub name: String,
    /// Whether only the list with `include_archived=true` shows it.
    pub archived: bool,
    /// Whether the key's own user has changes of it that are not committed. Nothing shows them.
    pub draft_exists: bool,
    /// The whole answer of `GET /v1/convai/agents/{id}?branch_id=`.
    pub config: Value,
}

impl Secret {
    /// A secret that nothing uses.
    pub fn new(id: &str, name: &str) -> Secret {
        Secret { id: id.to_owned(), name: name.to_owned(), used_by: UsedBy::default() }
    }

    /// Adds `count` available tools, `tool_0001` and on.
    pub fn with_tools(mut self, count: usize) -> Secret {
        extend(&mut self.used_by.tools, count, |number| numbered("tool", "Tool", number));
        self
    }

    /// Adds `count` available agents that hold the secret themselves, `agent_0001` and on.
    pub fn with_agents(mut self, count: usize) -> Secret {
        extend(&mut self.used_by.agents, count, |number| numbered("agent", "Agent", number));
        self
    }

    /// Adds an available agent that uses the secret through other resources, by their ids.
    pub fn with_transitive_agent(mut self, id: &str, name: &str, via: &[&str]) -> Secret {
        self.used_by.agents.push(transitive(available(id, name, FIRST_CREATED_AT, "editor"), via));
        self
    }

    /// Adds `count` telephone numbers, `phnum_0001` and on, from the range kept for drama in London.
    pub fn with_phone_numbers(mut self, count: usize) -> Secret {
        extend(&mut self.used_by.phone_numbers, count, |number| {
            let dialled = format!("+4420794{:05}", 60_000 + number % 1_000);
            phone_number(&format!("phnum_{number:04}"), &format!("Line {number}"), &dialled, "twilio")
        });
        self
    }

    /// Adds `count` available MCP servers, `mcp_0001` and on.
    pub fn with_mcp_servers(mut self, count: usize) -> Secret {
        extend(&mut self.used_by.mcp_servers, count, |number| numbered("mcp", "MCP server", number));
        self
    }

    /// Adds a string to `others`.
    pub fn with_other(mut self, other: &str) -> Secret {
        self.used_by.others.push(Value::from(other).into());
        self
    }
}

/// 2023-11-14, when the first dependent that a builder makes is said to have been created.
const FIRST_CREATED_AT: i64 = 1_700_000_000;

fn extend(list: &mut Vec<Dependent>, count: usize, make: impl Fn(usize) -> Dependent) {
    let first = list.len() + 1;
    list.extend((first..first + count).map(make));
}

fn numbered(kind: &str, name: &str, number: usize) -> Dependent {
    let created = FIRST_CREATED_AT.saturating_add_unsigned(number as u64);
    available(&format!("{kind}_{number:04}"), &format!("{name} {number}"), created, "editor")
}

/// A tool, agent or MCP server that the key may see (`DependentAvailable…Identifier`).
pub fn available(id: &str, name: &str, created_at_unix_secs: i64, access_level: &str) -> Dependent {
    Dependent::from(json!({
        "type": "available",
        "id": id,
        "name": name,
        "created_at_unix_secs": created_at_unix_secs,
        "access_level": access_level,
    }))
}

/// A tool, agent or MCP server that exists and that the key may not see (`DependentUnknown…Identifier`).
pub fn unknown(id: &str) -> Dependent {
    Dependent::from(json!({"type": "unknown", "id": id}))
}

/// The same agent, depending on the secret through other resources, by their ids.
pub fn transitive(agent: Dependent, via: &[&str]) -> Dependent {
    let mut agent = agent.json();
    if let Some(fields) = agent.as_object_mut() {
        fields.insert("referenced_resource_ids".to_owned(), json!(via));
    }
    agent.into()
}

/// A telephone number (`DependentPhoneNumberIdentifier`).
pub fn phone_number(id: &str, label: &str, number: &str, provider: &str) -> Dependent {
    Dependent::from(
        json!({"phone_number_id": id, "label": label, "phone_number": number, "provider": provider}),
    )
}
