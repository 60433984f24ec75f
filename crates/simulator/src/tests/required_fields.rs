//! Every answer over the demo has the fields that the OpenAPI document requires. They are written down here by
//! hand, so that the simulator isn't measured by itself.

use serde_json::Value;

use super::{Simulator, start, tell};
use crate::demo;

#[derive(Clone, Copy)]
enum Is {
    Text,
    Whole,
    Truth,
    List,
    Object,
}

use Is::*;

type Fields = &'static [(&'static str, Is)];

const SECRET: Fields = &[("type", Text), ("secret_id", Text), ("name", Text), ("used_by", Object)];
const USED_BY: Fields = &[("tools", List), ("agents", List), ("others", List)];
const AVAILABLE: Fields =
    &[("id", Text), ("name", Text), ("created_at_unix_secs", Whole), ("access_level", Text)];
const UNKNOWN: Fields = &[("id", Text)];
const PHONE_NUMBER: Fields =
    &[("phone_number_id", Text), ("phone_number", Text), ("label", Text), ("provider", Text)];
const VARIABLE: Fields = &[
    ("label", Text),
    ("created_at_unix_secs", Whole),
    ("updated_at_unix_secs", Whole),
    ("type", Text),
    ("id", Text),
    ("workspace_id", Text),
    ("values", Object),
];
const SPEECH_ENGINE: Fields = &[("speech_engine_id", Text), ("name", Text), ("speech_engine", Object)];
const SPEECH_ENGINE_SUMMARY: Fields = &[
    ("speech_engine_id", Text),
    ("name", Text),
    ("voice_id", Text),
    ("created_at_unix_secs", Whole),
    ("tags", List),
    ("access_info", Object),
];
const ACCESS: Fields =
    &[("is_creator", Truth), ("creator_name", Text), ("creator_email", Text), ("role", Text)];
const TOOL: Fields =
    &[("id", Text), ("tool_config", Object), ("access_info", Object), ("usage_stats", Object)];
const MCP_SERVER: Fields = &[("id", Text), ("config", Object), ("metadata", Object)];
const AGENT_SUMMARY: Fields = &[
    ("agent_id", Text),
    ("name", Text),
    ("tags", List),
    ("created_at_unix_secs", Whole),
    ("archived", Truth),
    ("access_info", Object),
];
const BRANCH: Fields = &[
    ("id", Text),
    ("name", Text),
    ("agent_id", Text),
    ("description", Text),
    ("created_at", Whole),
    ("last_committed_at", Whole),
    ("is_archived", Truth),
    ("draft_exists", Truth),
];
const AGENT: Fields = &[("agent_id", Text), ("name", Text), ("conversation_config", Object)];
const USER: Fields = &[
    ("user_id", Text),
    ("subscription", Object),
    ("is_new_user", Truth),
    ("can_use_delayed_payment_methods", Truth),
    ("is_onboarding_completed", Truth),
    ("is_onboarding_checklist_completed", Truth),
    ("created_at", Whole),
    ("seat_type", Text),
];

fn require(document: &Value, fields: Fields) {
    for (name, is) in fields {
        let value = &document[name];
        let right = match is {
            Text => value.is_string(),
            Whole => value.is_i64(),
            Truth => value.is_boolean(),
            List => value.is_array(),
            Object => value.is_object(),
        };
        assert!(right, "{name} in {document}");
    }
}

fn one_of(document: &Value, field: &str, words: &[&str]) {
    assert!(words.contains(&document[field].as_str().unwrap()), "{field} in {document}");
}

fn dependent(document: &Value) {
    if document.get("phone_number_id").is_some() {
        require(document, PHONE_NUMBER);
        one_of(document, "provider", &["twilio", "sip_trunk", "exotel"]);
    } else if document["type"] == "unknown" {
        require(document, UNKNOWN);
    } else {
        require(document, AVAILABLE);
        one_of(document, "type", &["available"]);
        one_of(document, "access_level", &["admin", "editor", "commenter", "viewer"]);
        let (first, last) = (1_704_067_200, 1_790_812_800);
        assert!((first..last).contains(&document["created_at_unix_secs"].as_i64().unwrap()), "2024 to 2026");
    }
}

fn secret(document: &Value) {
    require(document, SECRET);
    one_of(document, "type", &["stored"]);
    let used_by = &document["used_by"];
    require(used_by, USED_BY);
    for list in ["tools", "agents", "phone_numbers", "mcp_servers"] {
        used_by[list].as_array().unwrap().iter().for_each(dependent);
    }
    for flag in ["tools_has_more", "agents_has_more", "phone_numbers_has_more"] {
        assert!(used_by[flag].is_boolean());
    }
    for other in used_by["others"].as_array().unwrap() {
        assert_eq!(other, "conversation_initiation_webhook");
    }
}

/// All items of a list, over all pages.
async fn all(simulator: &Simulator, target: &str, list: &str) -> Vec<Value> {
    let (mut items, mut cursor) = (Vec::new(), String::new());
    loop {
        let mut page = tell(simulator, &format!("{target}{cursor}")).await;
        items.append(page[list].as_array_mut().unwrap());
        let next = page["next_cursor"].as_str();
        assert!(page.get("has_more").is_none_or(|more| more.as_bool().unwrap() == next.is_some()));
        match next {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return items,
        }
    }
}

#[tokio::test]
async fn secrets_and_their_dependencies() {
    let simulator = start(demo::world()).await;
    let secrets = all(&simulator, "v1/convai/secrets?page_size=100&dependency_limit=100", "secrets").await;
    assert_eq!(secrets.len(), 230);
    secrets.iter().for_each(secret);
    for one in secrets.iter().filter(|one| one["used_by"]["agents"].as_array().unwrap().len() > 40) {
        let id = one["secret_id"].as_str().unwrap();
        secret(&tell(&simulator, &format!("v1/convai/secrets/{id}")).await);
        for kind in ["tools", "agents", "phone_numbers"] {
            let target = format!("v1/convai/secrets/{id}/dependencies/{kind}?page_size=100");
            all(&simulator, &target, "dependencies").await.iter().for_each(dependent);
        }
    }
}

#[tokio::test]
async fn what_can_hold_a_reference() {
    let simulator = start(demo::world()).await;
    for variable in
        all(&simulator, "v1/convai/environment-variables?page_size=4", "environment_variables").await
    {
        require(&variable, VARIABLE);
        let field: Option<Fields> = match variable["type"].as_str().unwrap() {
            "secret" => Some(&[("secret_id", Text)]),
            "auth_connection" => Some(&[("auth_connection_id", Text)]),
            _ => None,
        };
        for value in variable["values"].as_object().unwrap().values() {
            match field {
                Some(field) => require(value, field),
                None => assert!(value.is_string()),
            }
        }
    }
    for engine in all(&simulator, "v1/speech-engine?page_size=2", "speech_engines").await {
        require(&engine, SPEECH_ENGINE_SUMMARY);
        require(&engine["access_info"], ACCESS);
        let id = engine["speech_engine_id"].as_str().unwrap();
        let whole = tell(&simulator, &format!("v1/speech-engine/{id}")).await;
        require(&whole, SPEECH_ENGINE);
        require(&whole["speech_engine"], &[("ws_url", Text), ("request_headers", Object)]);
    }
    for tool in all(&simulator, "v1/convai/tools?page_size=100", "tools").await {
        require(&tool, TOOL);
        require(&tool["access_info"], ACCESS);
        require(&tool["tool_config"], &[("name", Text)]);
        if tool["tool_config"]["type"] == "webhook" {
            require(&tool["tool_config"]["api_schema"], &[("url", Text)]);
        }
        assert!(tool["usage_stats"]["avg_latency_secs"].is_f64());
    }
    for server in tell(&simulator, "v1/convai/mcp-servers").await["mcp_servers"].as_array().unwrap() {
        require(server, MCP_SERVER);
        require(&server["config"], &[("name", Text)]);
        require(&server["access_info"], ACCESS);
        let url = &server["config"]["url"];
        assert!(url.is_string() || url["secret_id"].is_string());
    }
    let settings = tell(&simulator, "v1/convai/settings").await;
    require(
        &settings["conversation_initiation_client_data_webhook"],
        &[("url", Text), ("request_headers", Object)],
    );
    require(&tell(&simulator, "v1/user").await, USER);
}

#[tokio::test]
async fn agents_archived_ones_too() {
    let simulator = start(demo::world()).await;
    let mut agents = Vec::new();
    for archived in ["false", "true"] {
        let target = format!("v1/convai/agents?page_size=100&archived={archived}");
        agents.push(all(&simulator, &target, "agents").await);
    }
    assert!(agents[0].len() > 100 && !agents[1].is_empty());
    for agent in agents.concat().iter().step_by(13) {
        require(agent, AGENT_SUMMARY);
        require(&agent["access_info"], ACCESS);
        let called = &agent["last_call_time_unix_secs"];
        assert!(called.is_null() || called.is_i64());
        let id = agent["agent_id"].as_str().unwrap();
        require(&tell(&simulator, &format!("v1/convai/agents/{id}")).await, AGENT);
        let listed = format!("v1/convai/agents/{id}/branches?include_archived=true&limit=100");
        for branch in tell(&simulator, &listed).await["results"].as_array().unwrap() {
            require(branch, BRANCH);
            require(&branch["access_info"], ACCESS);
            let branch = branch["id"].as_str().unwrap();
            require(&tell(&simulator, &format!("v1/convai/agents/{id}?branch_id={branch}")).await, AGENT);
        }
    }
}
