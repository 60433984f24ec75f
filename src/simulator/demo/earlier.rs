//! The same workspace one night earlier, so that the next night has changes of every kind to show.

use serde_json::json;

use super::ids;
use crate::simulator::world::{Secret, World};

/// What the night after made new, and what it took away.
const NOT_YET_MADE: &str = "tmp-demo-key-delete-me";
const STILL_IN_USE: &str = "zapier-poc-token";
const GONE_SINCE: &str = "sendgrid-key-retired";

/// Takes one night back.
pub(super) fn one_night_back(mut world: World) -> World {
    world.secrets.retain(|secret| secret.name != NOT_YET_MADE);
    world.secrets.push(Secret::new(&ids::id("sec", 9_001), GONE_SINCE));
    if let Some(secret) = world.secrets.iter_mut().find(|secret| secret.name == STILL_IN_USE) {
        let proof_of_concept = json!({
            "type": "available",
            "id": ids::id("agent", 9_001),
            "name": "Zapier proof of concept",
            "created_at_unix_secs": ids::created_at("agent", 9_001),
            "access_level": "admin",
            "referenced_resource_ids": [],
        });
        secret.used_by.agents.push(proof_of_concept.into());
    }
    let mut rewritable = only_in_used_by(&world).into_iter();
    if let Some(secret) = rewritable.next().and_then(|position| world.secrets.get_mut(position)) {
        secret.used_by = Default::default();
    }
    if let Some(secret) = rewritable.next().and_then(|position| world.secrets.get_mut(position)) {
        secret.name.push_str("-draft");
    }
    if let Some(secret) = rewritable.next().and_then(|position| world.secrets.get_mut(position)) {
        secret.used_by.agents.truncate(1);
    }
    world
}

/// The secrets of which nothing but `used_by` tells, and which several agents use: rewriting that rewrites all.
fn only_in_used_by(world: &World) -> Vec<usize> {
    let documents =
        json!([world.environment_variables, world.speech_engines, world.mcp_servers, world.settings])
            .to_string();
    let is_rewritable = |secret: &Secret| {
        (2..6).contains(&secret.used_by.agents.len())
            && secret.used_by.mcp_servers.is_empty()
            && !documents.contains(&secret.id)
    };
    (0..world.secrets.len()).filter(|position| is_rewritable(&world.secrets[*position])).collect()
}
