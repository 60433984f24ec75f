//! The documents of what can hold a reference to a secret, each with no more than the OpenAPI document
//! requires and the place where the reference stands.
//!
//! `headers` is an object of header names; a value is a string or what [`secret`] makes.

use serde_json::{Value, json};

use super::world::Agent;

/// A reference to a secret (`ConvAISecretLocator`).
pub fn secret(id: &str) -> Value {
    json!({"secret_id": id})
}

/// An environment variable (`EnvironmentVariableResponse`) of the kind `string`, `secret` or
/// `auth_connection`; `values` has a value for each environment.
pub fn environment_variable(id: &str, workspace_id: &str, label: &str, kind: &str, values: &Value) -> Value {
    json!({
        "id": id,
        "workspace_id": workspace_id,
        "label": label,
        "type": kind,
        "values": values,
        "created_at_unix_secs": 1_735_689_600,
        "updated_at_unix_secs": 1_767_225_600,
        "created_by_user_id": null,
    })
}

/// A speech engine, as `GET /v1/speech-engine/{id}` gives it and with what its summary needs besides.
pub fn speech_engine(id: &str, name: &str, ws_url: &str, headers: &Value) -> Value {
    json!({
        "speech_engine_id": id,
        "name": name,
        "speech_engine": {"ws_url": ws_url, "request_headers": headers},
        "voice_id": "voice_simulated",
        "created_at_unix_secs": 1_746_057_600,
        "tags": [],
        "access_info": access("viewer"),
    })
}

/// An MCP server, as `GET /v1/convai/mcp-servers` lists it; `url` is a string or what [`secret`] makes,
/// `secret_token` is null or the same.
pub fn mcp_server(id: &str, name: &str, url: &Value, secret_token: &Value, headers: &Value) -> Value {
    json!({
        "id": id,
        "config": {
            "name": name,
            "url": url,
            "secret_token": secret_token,
            "request_headers": headers,
            "request_meta": {},
        },
        "metadata": {"created_at": 1_743_465_600},
    })
}

/// A tool that calls an address, as `GET /v1/convai/tools` lists it.
pub fn tool(id: &str, name: &str, url: &str, headers: &Value) -> Value {
    json!({
        "id": id,
        "tool_config": {
            "type": "webhook",
            "name": name,
            "api_schema": {"url": url, "method": "POST", "request_headers": headers},
        },
        "access_info": access("editor"),
        "usage_stats": {"total_calls": 0, "avg_latency_secs": 0.0},
    })
}

/// How the JSON of a code tool names a secret. Which of these the service has is not published (FACTS.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Under another key than `secret_id`.
    OtherKey,
    /// As the value of a map, by the name that the code has for it.
    MapValue,
    /// In a list.
    List,
    /// As a key.
    Key,
    /// As a word in a longer string.
    Word,
}

impl Form {
    /// All of them.
    pub const ALL: [Form; 5] = [Form::OtherKey, Form::MapValue, Form::List, Form::Key, Form::Word];
}

/// A tool that runs code, which reads this secret as `ctx.secrets.TOKEN`.
pub fn code_tool(id: &str, name: &str, form: Form, secret_id: &str) -> Value {
    let code = "return fetch(ctx.args.url, {headers: {authorization: ctx.secrets.TOKEN}});";
    let mut config = json!({"type": "code", "name": name, "code": code});
    match form {
        Form::OtherKey => config["secrets"] = json!([{"name": "TOKEN", "id": secret_id}]),
        Form::MapValue => config["secrets"] = json!({"TOKEN": secret_id}),
        Form::List => config["secret_ids"] = json!([secret_id]),
        Form::Key => config["secrets"] = json!({secret_id: {"name": "TOKEN"}}),
        Form::Word => config["environment"] = json!(format!("TOKEN=secret:{secret_id};REGION=eu")),
    }
    json!({
        "id": id,
        "tool_config": config,
        "access_info": access("editor"),
        "usage_stats": {"total_calls": 0, "avg_latency_secs": 0.0},
    })
}

/// The settings of a workspace whose webhook at the start of a conversation sends these headers.
pub fn settings_with_webhook(url: &str, headers: &Value) -> Value {
    json!({
        "conversation_initiation_client_data_webhook": {"url": url, "request_headers": headers},
        "can_use_mcp_servers": true,
        "rag_retention_period_days": 10,
        "default_livekit_stack": "standard",
        "webhooks": {"post_call_webhook_id": null, "events": ["transcript"], "transcript_format": "json"},
    })
}

/// An agent that is not archived and has no branches. `prompt` is what stands at
/// `conversation_config.agent.prompt`, where `custom_llm` and inline `tools` can hold references.
pub fn agent(id: &str, name: &str, prompt: &Value) -> Agent {
    Agent {
        id: id.to_owned(),
        name: name.to_owned(),
        config: json!({
            "agent_id": id,
            "name": name,
            "conversation_config": {"agent": {"prompt": prompt}},
            "platform_settings": {},
            "workflow": {"nodes": {}},
        }),
        created_at_unix_secs: 1_738_368_000,
        ..Agent::default()
    }
}

/// `ResourceAccessInfo`
pub(super) fn access(role: &str) -> Value {
    json!({
        "is_creator": false,
        "creator_name": "Platform team",
        "creator_email": "platform@example.com",
        "role": role,
        "access_source": "workspace_default",
    })
}
