//! The documents of a scaled workspace that hold secrets: environment variables, speech engines, MCP servers, settings.

use std::ops::Range;

use serde_json::{Map, Value, json};

use super::shape::{self, Draft};
use crate::{
    demo::ids,
    documents::{self, secret},
    world::{World, available},
};

/// One for so many secrets.
const SECRETS_PER_VARIABLE: usize = 25;
const SECRETS_PER_PLAIN_VARIABLE: usize = 50;
const SECRETS_PER_SPEECH_ENGINE: usize = 200;
const SECRETS_PER_MCP_SERVER: usize = 20;
/// MCP servers all come in one answer, and speech engines each in one of its own.
const MOST_MCP_SERVERS: usize = 2_000;
const MOST_SPEECH_ENGINES: usize = 300;
/// Headers of the webhook that hold a secret.
const WEBHOOK_HEADERS: usize = 2;

/// Secrets that documents hold besides what else uses them have at least this many dependents, so that there is room.
const ROOM: usize = 8;
/// A prime, and larger than any number of secrets: steps of this length come to each before one comes again.
const STEP: usize = 1_000_003;
/// With fewer of them none is given to a document: one might get the same secret twice.
const ENOUGH: usize = 4;

/// The secrets that documents may hold, each in turn.
struct Turns<'a> {
    drafts: &'a mut [Draft],
    roomy: Range<usize>,
    /// Those that have one dependent, which shall be a document.
    singles: Range<usize>,
    turn: usize,
}

impl Turns<'_> {
    /// A secret with other uses.
    fn roomy(&mut self) -> Option<&mut Draft> {
        if self.roomy.len() < ENOUGH {
            return None;
        }
        let place = self.roomy.start + self.turn * STEP % self.roomy.len();
        self.turn += 1;
        self.drafts.get_mut(place)
    }

    /// A secret without any other use, as long as there are some.
    fn single(&mut self) -> Option<&mut Draft> {
        self.singles.next().and_then(|place| self.drafts.get_mut(place)).filter(|draft| draft.size == 1)
    }

    /// The id of a secret that something holds now.
    fn hold(&mut self, prefer_single: bool) -> Option<String> {
        if prefer_single && let Some(draft) = self.single() {
            draft.held += 1;
            return Some(draft.secret.id.clone());
        }
        let draft = self.roomy()?;
        draft.held += 1;
        Some(draft.secret.id.clone())
    }
}

/// Adds the documents, and to `used_by` what it tells of them. Ids are counted from `first`.
pub(super) fn add(world: &mut World, drafts: &mut [Draft], first: usize) {
    let secrets = drafts.len();
    let roomy = drafts.partition_point(|draft| draft.size < ROOM)..secrets;
    let mut turns = Turns { drafts, roomy, singles: shape::singles(secrets), turn: 0 };
    for number in 0..(secrets / SECRETS_PER_SPEECH_ENGINE).min(MOST_SPEECH_ENGINES) {
        world.speech_engines.push(speech_engine(&mut turns, first, number));
    }
    for number in 0..secrets / SECRETS_PER_VARIABLE {
        let variable = secret_variable(&mut turns, first, number, &world.workspace_id);
        world.environment_variables.extend(variable);
    }
    for number in 0..secrets / SECRETS_PER_PLAIN_VARIABLE {
        let (label, values) = (format!("REGION_{number}"), json!({"production": "eu", "staging": "eu-2"}));
        let id = ids::id("envvar", first + secrets + number);
        let plain = documents::environment_variable(&id, &world.workspace_id, &label, "string", &values);
        world.environment_variables.push(plain);
    }
    for number in 0..(secrets / SECRETS_PER_MCP_SERVER).min(MOST_MCP_SERVERS) {
        world.mcp_servers.extend(mcp_server(&mut turns, first, number));
    }
    add_webhook(world, &mut turns);
}

/// How many secrets the documents hold of which `used_by` does not tell, each counted once for each document.
pub(super) fn references(world: &World) -> usize {
    let of = |values: Option<&Value>| {
        let held = values.and_then(Value::as_object).into_iter().flatten();
        held.filter(|(_, value)| value.get("secret_id").is_some()).count()
    };
    let variables = world.environment_variables.iter().map(|variable| of(variable.get("values")));
    let engines =
        world.speech_engines.iter().map(|engine| of(engine.pointer("/speech_engine/request_headers")));
    let settings = of(world.settings.pointer("/conversation_initiation_client_data_webhook/request_headers"));
    variables.sum::<usize>() + engines.sum::<usize>() + settings
}

fn speech_engine(turns: &mut Turns<'_>, first: usize, number: usize) -> Value {
    let id = ids::id("seng", first + number);
    let headers = match turns.hold(number.is_multiple_of(2)) {
        Some(held) => json!({"Authorization": secret(&held), "X-Company": "larkfield"}),
        None => json!({"X-Company": "larkfield"}),
    };
    let url = format!("wss://speech.larkfield.example/{number}");
    let mut engine = documents::speech_engine(&id, &format!("Realtime {number}"), &url, &headers);
    engine["created_at_unix_secs"] = json!(ids::created_at("seng", first + number));
    engine
}

fn secret_variable(turns: &mut Turns<'_>, first: usize, number: usize, workspace_id: &str) -> Option<Value> {
    let mut values = Map::new();
    for (environment, prefers_single) in [("production", true), ("staging", false)] {
        if let Some(held) = turns.hold(prefers_single) {
            values.insert(environment.to_owned(), secret(&held));
        }
    }
    let label = format!("SERVICE_{number}_TOKEN");
    let id = ids::id("envvar", first + number);
    let values = Value::Object(values);
    (values != json!({}))
        .then(|| documents::environment_variable(&id, workspace_id, &label, "secret", &values))
}

/// A server with a token, or one with a header that holds another secret besides.
fn mcp_server(turns: &mut Turns<'_>, first: usize, number: usize) -> Option<Value> {
    let id = ids::id("mcp", first + number);
    let name = super::pool::spiced(format!("MCP server {number}"), number);
    let mut held = Vec::new();
    for _ in 0..1 + number % 2 {
        let draft = turns.roomy()?;
        let created = ids::created_at("mcp", first + number);
        draft.secret.used_by.mcp_servers.push(available(&id, &name, created, "editor"));
        draft.held += 1;
        held.push(secret(&draft.secret.id));
    }
    let url = json!(format!("https://mcp.example/{id}/sse"));
    let headers = held.get(1).map_or(json!({}), |held| json!({"Authorization": held}));
    Some(documents::mcp_server(&id, &name, &url, held.first().unwrap_or(&Value::Null), &headers))
}

fn add_webhook(world: &mut World, turns: &mut Turns<'_>) {
    let mut headers = Map::new();
    for number in 1..=WEBHOOK_HEADERS {
        let Some(draft) = turns.roomy() else { return };
        draft.secret.used_by.others.push(json!("conversation_initiation_webhook").into());
        // The settings hold it, and `used_by` says so: a row for each.
        draft.held += 2;
        headers.insert(format!("X-Credential-{number}"), secret(&draft.secret.id));
    }
    let url = "https://crm.larkfield.example/conversation/start";
    world.settings = documents::settings_with_webhook(url, &Value::Object(headers));
}
