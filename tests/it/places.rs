//! What the subjects around a verdict share: worlds in which one place holds a secret, and what the reports say of
//! each source.

use std::path::PathBuf;

use elevenlabs_secrets_audit::report;
use serde_json::{Value, json};
use simulator::{Agent, Reply, Secret, Simulator, World, documents};

use crate::bundle::Bundle;
use crate::support::{Outcome, SECRETS, Setup};

pub(crate) const ENVIRONMENT_VARIABLES: &str = "/v1/convai/environment-variables";
pub(crate) const SPEECH_ENGINES: &str = "/v1/speech-engine";
pub(crate) const MCP_SERVERS: &str = "/v1/convai/mcp-servers";
pub(crate) const SETTINGS: &str = "/v1/convai/settings";
pub(crate) const TOOLS: &str = "/v1/convai/tools";
pub(crate) const AGENTS: &str = "/v1/convai/agents";

/// A place that can hold a secret's id: its source, its path, and the list in its body (settings have none).
pub(crate) const PLACES: [(&str, &str, Option<&str>); 6] = [
    ("environment_variables", ENVIRONMENT_VARIABLES, Some("environment_variables")),
    ("speech_engines", SPEECH_ENGINES, Some("speech_engines")),
    ("mcp_servers", MCP_SERVERS, Some("mcp_servers")),
    ("settings", SETTINGS, None),
    ("tools", TOOLS, Some("tools")),
    ("agents", AGENTS, Some("agents")),
];

/// The path of one secret by itself.
pub(crate) fn by_itself(secret: &str) -> String {
    format!("{SECRETS}/{secret}")
}

/// Headers that hold this secret.
pub(crate) fn headers(secret: &str) -> Value {
    json!({"Authorization": documents::secret(secret), "Accept": "application/json"})
}

/// An environment variable that holds a secret in each of these environments.
pub(crate) fn variable(id: &str, label: &str, held: &[(&str, &str)]) -> Value {
    let values = held.iter().map(|(environment, id)| ((*environment).to_owned(), documents::secret(id)));
    documents::environment_variable(id, "ws", label, "secret", &Value::Object(values.collect()))
}

/// A speech engine that holds a secret.
pub(crate) fn speech_engine(id: &str, name: &str, secret: &str) -> Value {
    documents::speech_engine(id, name, "wss://speech.example", &headers(secret))
}

/// An MCP server that holds a secret in its headers.
pub(crate) fn mcp_server(id: &str, name: &str, secret: &str) -> Value {
    documents::mcp_server(id, name, &json!("https://mcp.example"), &Value::Null, &headers(secret))
}

/// Settings whose webhook holds a secret.
pub(crate) fn settings(secret: &str) -> Value {
    documents::settings_with_webhook("https://hooks.example", &headers(secret))
}

/// A tool that holds a secret.
pub(crate) fn tool(id: &str, name: &str, secret: &str) -> Value {
    documents::tool(id, name, "https://tools.example", &headers(secret))
}

/// What stands at `conversation_config.agent.prompt` where the language model's key is a secret.
pub(crate) fn prompt(secret: &str) -> Value {
    json!({"custom_llm": {"url": "https://models.example", "api_key": documents::secret(secret)}})
}

/// An agent that holds a secret.
pub(crate) fn agent(id: &str, name: &str, secret: &str) -> Agent {
    documents::agent(id, name, &prompt(secret))
}

/// A workspace with secrets of these ids, which are their names too, and which nothing uses by itself.
pub(crate) fn world_of(ids: &[&str]) -> World {
    World::of(ids.iter().map(|id| Secret::new(id, id)).collect())
}

/// A run over a world as it is.
pub(crate) async fn audit(world: World) -> (Outcome, Simulator) {
    let simulator = Simulator::start(world).await.unwrap();
    (Setup::of(&simulator).run().await, simulator)
}

/// The same, looking into tools and agents too.
pub(crate) async fn deep_audit(world: World) -> (Outcome, Simulator) {
    let simulator = Simulator::start(world).await.unwrap();
    (deep(Setup::of(&simulator)).run().await, simulator)
}

/// A setup that looks into tools and agents too.
pub(crate) fn deep(setup: Setup) -> Setup {
    setup.section("[audit]\ndeep = \"always\"")
}

/// 404, as the service says that there is no such thing.
pub(crate) fn not_found() -> Reply {
    Reply::error(404, "not_found", "not_found", "There is no such thing.")
}

/// 403, as the service says that this is not for the key.
pub(crate) fn forbidden() -> Reply {
    Reply::error(403, "forbidden", "no_access", "Not yours.")
}

/// What is tried again and again, and never gets better.
pub(crate) fn busy() -> Reply {
    Reply::error(503, "api_error", "system_busy", "Not now.")
}

/// What `report.json` says of one source of the first workspace.
pub(crate) fn source(bundle: &Bundle, name: &str) -> Value {
    let rows = bundle.workspace()["sources"].as_array().unwrap().clone();
    let mut named = rows.into_iter().filter(|row| row["source"] == name);
    let row = named.next().unwrap_or_else(|| panic!("a source {name}"));
    assert_ne!(name, "used_by", "there are two of it");
    row
}

/// A number among the figures of the first workspace.
pub(crate) fn figure(bundle: &Bundle, name: &str) -> u64 {
    bundle.workspace()["figures"][name].as_u64().unwrap_or_else(|| panic!("a figure {name}"))
}

/// The bundle's directory.
pub(crate) fn directory(outcome: &Outcome) -> PathBuf {
    outcome.result.as_ref().unwrap().bundle.clone()
}

/// `report.md`.
pub(crate) fn markdown(outcome: &Outcome) -> String {
    fs_err::read_to_string(directory(outcome).join("report.md")).unwrap()
}

/// What the binary would say on standard output, colours and all.
pub(crate) fn summary(outcome: &Outcome) -> String {
    let mut text = Vec::new();
    report::summary(&outcome.result.as_ref().unwrap().audit, "bundle", &mut text).unwrap();
    String::from_utf8(text).unwrap()
}
