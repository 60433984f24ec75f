//! What a key sees of a world: what is hidden from it, and what `access_info` says of the rest.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    dependent::Dependent,
    documents,
    world::{Secret, UsedBy, World, unknown},
};

/// The world without what the key may not see. `hidden` stays, as asking for such a thing by its id is refused.
pub(super) fn by_the_key(mut world: World) -> World {
    if !world.hidden.is_empty() {
        let hidden = &world.hidden;
        let shown = |document: &Value, field: &str| {
            document.get(field).and_then(Value::as_str).is_none_or(|id| !hidden.contains(id))
        };
        world.tools.retain(|tool| shown(tool, "id"));
        world.mcp_servers.retain(|server| shown(server, "id"));
        world.speech_engines.retain(|engine| shown(engine, "speech_engine_id"));
        world.agents.retain(|agent| !hidden.contains(&agent.id));
        world.secrets.retain(|secret| !hidden.contains(&secret.id));
        world.unlisted_secrets.retain(|secret| !hidden.contains(&secret.id));
        for secret in world.secrets.iter_mut().chain(&mut world.unlisted_secrets) {
            veil(secret, hidden);
        }
        for agents in world.mcp_servers.iter_mut().filter_map(|server| server.get_mut("dependent_agents")) {
            agents.as_array_mut().into_iter().flatten().for_each(|agent| veil_one(agent, hidden));
        }
    }
    let (seat_type, source) = (world.seat_type.clone(), world.access_source.clone());
    let documents = world.tools.iter_mut().chain(&mut world.mcp_servers).chain(&mut world.speech_engines);
    for fields in documents.filter_map(Value::as_object_mut) {
        let access = access_info(&seat_type, source.as_deref(), fields.get("access_info"));
        fields.insert("access_info".to_owned(), access);
    }
    world
}

/// `ResourceAccessInfo` of something that says this of it by itself.
pub(super) fn access_info(seat_type: &str, source: Option<&str>, own: Option<&Value>) -> Value {
    let mut access = own.cloned().unwrap_or_else(|| documents::access("viewer"));
    if let Some(fields) = access.as_object_mut() {
        fields.insert("access_source".to_owned(), json!(source));
        if seat_type == "workspace_admin" {
            fields.insert("role".to_owned(), json!("admin"));
        }
    }
    access
}

/// Speech engines stand in no list of these, and of telephone numbers all are shown.
fn veil(secret: &mut Secret, hidden: &BTreeSet<String>) {
    let UsedBy { tools, agents, mcp_servers, .. } = &mut secret.used_by;
    for dependent in tools.iter_mut().chain(agents).chain(mcp_servers) {
        let mut shown = dependent.json();
        veil_one(&mut shown, hidden);
        *dependent = Dependent::from(shown);
    }
}

/// Of what is hidden only the id is shown, and through what an agent uses the secret.
fn veil_one(dependent: &mut Value, hidden: &BTreeSet<String>) {
    let Some(id) = dependent["id"].as_str().filter(|id| hidden.contains(*id)) else { return };
    let mut veiled = unknown(id).json();
    if let Some(via) = dependent.get("referenced_resource_ids") {
        veiled["referenced_resource_ids"] = via.clone();
    }
    *dependent = veiled;
}
