//! The endpoints of everything that can hold a reference to a secret, and of the user whose key it is.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::{Value, json};

use super::{
    exchange::{Reply, Request},
    paging::{Page, flag, invalid, limit, limit_within, page, word},
    seen,
    workspace::{Workspace, not_found, not_seen},
    world::{Agent, Branch},
};

/// The OpenAPI document's default for agents and speech engines; taken for tools too, where it names none.
const DEFAULT_PAGE: usize = 30;
/// The OpenAPI document's default for environment variables.
const DEFAULT_PAGE_OF_VARIABLES: usize = 100;
/// The OpenAPI document's default, and its highest limit.
const DEFAULT_LIMIT_OF_BRANCHES: usize = 100;

/// `GET /v1/user` (`UserResponseModel`). It names nobody, and no part of the key.
pub(super) fn user(workspace: &Workspace) -> Reply {
    let body = json!({
        "user_id": "user_simulated",
        "first_name": "Simulated user",
        "subscription": {"tier": "simulated"},
        "seat_type": workspace.world.seat_type,
        "created_at": 1_704_067_200,
        "is_new_user": false,
        "can_use_delayed_payment_methods": false,
        "is_onboarding_completed": true,
        "is_onboarding_checklist_completed": true,
        "xi_api_key_preview": null,
    });
    Reply::json(200, &body)
}

/// `GET /v1/convai/mcp-servers`: all at once, the OpenAPI document knows no pages here.
pub(super) fn mcp_servers(workspace: &Workspace) -> Reply {
    let all: BTreeMap<&str, &Vec<Value>> = BTreeMap::from([("mcp_servers", &workspace.world.mcp_servers)]);
    Reply::of(200, &all)
}

/// `GET /v1/convai/environment-variables`
pub(super) fn environment_variables(workspace: &Workspace, request: &Request) -> Result<Reply, Reply> {
    let size = limit(request, "page_size")?.unwrap_or(DEFAULT_PAGE_OF_VARIABLES);
    let kind = word(request, "type", &["string", "secret", "auth_connection"])?;
    let label = request.query("label");
    let environment = request.query("environment");
    let matches = |variable: &&Value| {
        kind.is_none_or(|kind| text(variable, "type") == kind)
            && label.is_none_or(|label| text(variable, "label") == label)
            && environment.is_none_or(|environment| variable["values"].get(environment).is_some())
    };
    let found: Vec<&Value> = workspace.world.environment_variables.iter().filter(matches).collect();
    // A filter that is empty and one that is absent are different queries.
    let scope = format!("{kind:?} {label:?} {environment:?}");
    let page = page(request, &found, Some(size), &["environment-variables", &scope])?;
    Ok(listed("environment_variables", &page, |variable| *variable))
}

/// `GET /v1/convai/tools`
pub(super) fn tools(workspace: &Workspace, request: &Request) -> Result<Reply, Reply> {
    let size = limit(request, "page_size")?.unwrap_or(DEFAULT_PAGE);
    let page = page(request, &workspace.world.tools, Some(size), &["tools"])?;
    Ok(listed("tools", &page, |tool| tool))
}

/// `GET /v1/speech-engine`: summaries, which hold no headers and so no references.
pub(super) fn speech_engines(workspace: &Workspace, request: &Request) -> Result<Reply, Reply> {
    let size = limit(request, "page_size")?.unwrap_or(DEFAULT_PAGE);
    let prefix = request.query("search").unwrap_or_default();
    let order = word(request, "sort_by", &["name", "created_at", "call_count_7d"])?.unwrap_or("created_at");
    let ascending = word(request, "sort_direction", &["asc", "desc"])? == Some("asc");
    let engines = workspace.world.speech_engines.iter();
    let mut found: Vec<&Value> = engines.filter(|engine| text(engine, "name").starts_with(prefix)).collect();
    match order {
        "name" => found.sort_by_key(|engine| text(engine, "name")),
        "created_at" => found.sort_by_key(|engine| engine["created_at_unix_secs"].as_i64()),
        // Nobody calls in a made-up workspace: they are all equal.
        _ => {}
    }
    if !ascending {
        found.reverse();
    }
    let scope = ["speech-engine", prefix, order, if ascending { "asc" } else { "desc" }];
    let page = page(request, &found, Some(size), &scope)?;
    Ok(listed("speech_engines", &page, |engine| summary(engine)))
}

/// `SpeechEngineSummaryResponse`; what a document lacks is filled in.
fn summary(engine: &Value) -> Value {
    let or = |name: &str, otherwise: Value| engine.get(name).cloned().unwrap_or(otherwise);
    json!({
        "speech_engine_id": or("speech_engine_id", Value::Null),
        "name": or("name", json!("")),
        "voice_id": or("voice_id", json!("voice_simulated")),
        "created_at_unix_secs": or("created_at_unix_secs", json!(0)),
        "tags": or("tags", json!([])),
        "access_info": or("access_info", Value::Null),
    })
}

/// `GET /v1/speech-engine/{speech_engine_id}`
pub(super) fn speech_engine(workspace: &Workspace, id: &str) -> Result<Reply, Reply> {
    let mut engines = workspace.world.speech_engines.iter();
    match engines.find(|engine| text(engine, "speech_engine_id") == id) {
        Some(engine) => Ok(Reply::json(200, engine)),
        None => {
            let message = "No speech engine has the id that was asked for.";
            Err(not_seen(workspace, id, "speech_engine_not_found", message))
        }
    }
}

/// `GET /v1/convai/agents`: either those that are archived or those that are not, never both.
pub(super) fn agents(workspace: &Workspace, request: &Request) -> Result<Reply, Reply> {
    let size = limit(request, "page_size")?.unwrap_or(DEFAULT_PAGE);
    let archived = flag(request, "archived")?;
    let found: Vec<&Agent> =
        workspace.world.agents.iter().filter(|agent| agent.archived == archived).collect();
    let page = page(request, &found, Some(size), &["agents", if archived { "archived" } else { "" }])?;
    Ok(listed("agents", &page, |agent| {
        json!({
            "agent_id": agent.id,
            "name": agent.name,
            "tags": [],
            "archived": agent.archived,
            "created_at_unix_secs": agent.created_at_unix_secs,
            "last_call_time_unix_secs": agent.last_call_at_unix_secs,
            "access_info": access_info(workspace, agent.config.get("access_info")),
        })
    }))
}

/// `GET /v1/convai/agents/{agent_id}`, also of one branch.
pub(super) fn agent(workspace: &Workspace, request: &Request, id: &str) -> Result<Reply, Reply> {
    let with_generated = generated(workspace, request)?;
    let agent = find(workspace, id)?;
    if request.query("version_id").is_some() {
        return Err(not_found("version_not_found", "The simulator keeps no versions of agents."));
    }
    let shows = |branch: &Branch| !branch.archived || workspace.world.shows_archived_branches;
    match request.query("branch_id").filter(|branch| Some(*branch) != main_branch(agent)) {
        None if with_generated && !agent.generated_nodes.is_empty() => {
            let mut config = agent.config.clone();
            for (name, node) in &agent.generated_nodes {
                config["workflow"]["nodes"][name] = node.clone();
            }
            Ok(Reply::json(200, &config))
        }
        None => Ok(Reply::json(200, &agent.config)),
        Some(branch) => match agent.branches.iter().find(|known| known.id == branch && shows(known)) {
            Some(known) => Ok(Reply::json(200, &known.config)),
            None => Err(not_found("branch_not_found", "The agent has no such branch.")),
        },
    }
}

/// Whether what procedures generate is asked for. The OpenAPI document names no default: it is left out then.
fn generated(workspace: &Workspace, request: &Request) -> Result<bool, Reply> {
    const NAME: &str = "include_procedure_generated_workflow_elements";
    if request.query(NAME).is_some() && !workspace.world.accepts_generated_workflow {
        return Err(invalid(NAME, "extra_forbidden", "Extra inputs are not permitted"));
    }
    flag(request, NAME)
}

/// `GET /v1/convai/agents/{agent_id}/branches` (`ListResponse_AgentBranchSummary_`): cut at the limit, and only the
/// total tells. The main branch comes first.
pub(super) fn branches(workspace: &Workspace, request: &Request, id: &str) -> Result<Reply, Reply> {
    let agent = find(workspace, id)?;
    let archived_too = flag(request, "include_archived")?;
    flag(request, "include_commit_status")?;
    let limit = limit_within(request, "limit", 2..=100)?.unwrap_or(DEFAULT_LIMIT_OF_BRANCHES);
    let main = main_branch(agent).map(|id| Branch {
        id: id.to_owned(),
        name: "Main".to_owned(),
        ..Branch::default()
    });
    let matching = main.iter().chain(&agent.branches).filter(|branch| archived_too || !branch.archived);
    let all: Vec<&Branch> = matching.collect();
    let shown = all.iter().take(limit).map(|branch| {
        let named = branch.config.get("branch_name").and_then(Value::as_str).unwrap_or(&branch.id);
        json!({
            "id": branch.id,
            "name": if branch.name.is_empty() { named } else { &branch.name },
            "agent_id": agent.id,
            "description": "",
            "created_at": agent.created_at_unix_secs,
            "last_committed_at": agent.created_at_unix_secs,
            "is_archived": branch.archived,
            "access_info": access_info(workspace, agent.config.get("access_info")),
            "draft_exists": branch.draft_exists,
        })
    });
    let shown: Vec<Value> = shown.collect();
    let meta = json!({"total": all.len(), "page": 1, "page_size": limit});
    Ok(Reply::json(200, &json!({"meta": meta, "results": shown})))
}

fn access_info(workspace: &Workspace, own: Option<&Value>) -> Value {
    seen::access_info(&workspace.world.seat_type, workspace.world.access_source.as_deref(), own)
}

fn find<'a>(workspace: &'a Workspace, id: &str) -> Result<&'a Agent, Reply> {
    workspace.agent(id).ok_or_else(|| {
        let message = "No agent of this workspace has the id that was asked for.";
        not_seen(workspace, id, "agent_not_found", message)
    })
}

fn main_branch(agent: &Agent) -> Option<&str> {
    agent.config.get("main_branch_id").and_then(Value::as_str)
}

fn text<'a>(document: &'a Value, field: &str) -> &'a str {
    document.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A page of a list that says whether there is more. What is shown of an item may be borrowed from it.
fn listed<'a, T, S: Serialize>(name: &'static str, page: &Page<'a, T>, shown: impl Fn(&'a T) -> S) -> Reply {
    let items = page.items.iter().map(shown).collect();
    Reply::of(200, &Listed { name, items, next_cursor: page.next_cursor.as_deref() })
}

struct Listed<'a, S> {
    name: &'static str,
    items: Vec<S>,
    next_cursor: Option<&'a str>,
}

impl<S: Serialize> Serialize for Listed<'_, S> {
    fn serialize<Z: Serializer>(&self, serializer: Z) -> Result<Z::Ok, Z::Error> {
        let mut fields = serializer.serialize_map(Some(3))?;
        fields.serialize_entry(self.name, &self.items)?;
        fields.serialize_entry("has_more", &self.next_cursor.is_some())?;
        fields.serialize_entry("next_cursor", &self.next_cursor)?;
        fields.end()
    }
}
