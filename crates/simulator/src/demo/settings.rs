//! What stands in the workspace beside tools and agents: environment variables, speech engines, settings.

use serde_json::{Map, Value, json};

use super::{ids, plan::Plan};
use crate::documents::{self, secret};

/// Label, and the secret for each environment, by name.
const SECRET_VARIABLES: &[(&str, &[(&str, &str)])] = &[
    (
        "LANGUAGE_MODEL_KEY",
        &[("production", "openai-api-key-production"), ("staging", "openai-api-key-staging")],
    ),
    // The first of these is used by nothing else: only this variable saves it from being called unused.
    (
        "LEDGER_EXPORT_TOKEN",
        &[("production", "ledger-export-token"), ("staging", "ledger-export-token-staging")],
    ),
    ("LEGACY_CRM_TOKEN", &[("production", "salesforce-connected-app-secret"), ("staging", DELETED)]),
    ("PAYMENTS_API_KEY", &[("production", "stripe-live-key"), ("staging", "stripe-test-key")]),
    ("SMS_AUTH_TOKEN", &[("production", "twilio-auth-token"), ("staging", "twilio-auth-token")]),
    (
        "TICKETS_API_TOKEN",
        &[("production", "zendesk-api-token-eu"), ("staging", "zendesk-api-token-sandbox")],
    ),
];

const PLAIN_VARIABLES: &[(&str, &str, &str)] = &[
    ("COMPANY_NAME", "Larkfield Home Services", "Larkfield (staging)"),
    ("REGION", "eu-central", "eu-central-staging"),
    ("SUPPORT_HOURS", "Mo-Fr 08:00-18:00", "always"),
];

/// Name and the secret in its headers, by name.
const SPEECH_ENGINES: &[(&str, Option<&str>)] = &[
    ("Reception realtime", None),
    ("Dispatch radio", Some("azure-speech-key-eu")),
    // Used by nothing else.
    ("Lobby kiosk", Some("voice-gateway-bearer")),
    ("Sales coach", Some("deepgram-api-key")),
    ("Support realtime", None),
];

/// Stands for a secret that was deleted while a variable still named it.
const DELETED: &str = "crm-token-legacy";

pub(super) fn environment_variables(plan: &Plan, workspace_id: &str) -> Vec<Value> {
    let secrets = SECRET_VARIABLES.iter().map(|(label, values)| {
        let values: Map<String, Value> = values
            .iter()
            .map(|(environment, name)| ((*environment).to_owned(), reference(plan, name)))
            .collect();
        (*label, "secret", Value::Object(values))
    });
    let plain = PLAIN_VARIABLES.iter().map(|(label, production, staging)| {
        (*label, "string", json!({"production": production, "staging": staging}))
    });
    let connection = json!({"production": {"auth_connection_id": ids::id("auth", 0)}});
    secrets
        .chain(plain)
        .chain([("CALENDAR_CONNECTION", "auth_connection", connection)])
        .enumerate()
        .map(|(number, (label, kind, values))| {
            documents::environment_variable(&ids::id("envvar", number), workspace_id, label, kind, &values)
        })
        .collect()
}

pub(super) fn speech_engines(plan: &Plan) -> Vec<Value> {
    let engines = SPEECH_ENGINES.iter().enumerate();
    engines
        .map(|(number, (name, held))| {
            let headers = match held {
                Some(held) => json!({"Authorization": reference(plan, held)}),
                None => json!({"X-Company": "larkfield"}),
            };
            let id = ids::id("seng", number);
            let mut engine = documents::speech_engine(
                &id,
                name,
                &format!("wss://speech.larkfield.example/{number}"),
                &headers,
            );
            engine["created_at_unix_secs"] = json!(ids::created_at("seng", number));
            engine
        })
        .collect()
}

pub(super) fn settings(plan: &Plan) -> Value {
    let held = plan.secrets.iter().filter(|secret| secret.webhook).enumerate();
    let headers: Map<String, Value> =
        held.map(|(number, held)| (format!("X-Credential-{}", number + 1), secret(&held.id))).collect();
    documents::settings_with_webhook(
        "https://crm.larkfield.example/conversation/start",
        &Value::Object(headers),
    )
}

/// A reference by name. A name that no secret has becomes a reference that leads nowhere.
fn reference(plan: &Plan, name: &str) -> Value {
    match plan.secret_id(name) {
        Some(id) => secret(id),
        None => secret(&ids::id("sec", 9_999)),
    }
}
