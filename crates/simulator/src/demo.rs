//! The workspace of `--demo`: a made-up home services company with voice agents for support, sales and
//! scheduling, big and crooked enough that every part of the report has something to show.
//!
//! Everything follows from one plan: what uses a secret, and the documents of those that use it. So the two
//! agree, but for what the demo is to show: an environment variable and a speech engine that hold secrets of
//! which `used_by` knows nothing, a variable that names a secret that is no more, and what only a look into tools
//! and branches finds. The key is that of a workspace admin. Nothing is random, so the published sample changes
//! only when this does. No real company, number, address or key is in it.

mod earlier;
mod elsewhere;
mod holders;
pub(super) mod ids;
mod intentions;
pub(super) mod names;
mod plan;
mod settings;
pub(super) mod vendors;

use std::collections::BTreeSet;

use self::plan::Plan;
use super::world::{Secret, World};

/// The workspace of `--demo`.
pub fn world() -> World {
    let plan = Plan::new();
    let secrets = plan.secrets.iter().map(|secret| Secret {
        id: secret.id.clone(),
        name: secret.name.clone(),
        used_by: plan.used_by(secret),
    });
    let workspace_id = ids::id("ws", 0);
    let mut agents = holders::agents(&plan);
    elsewhere::add_branches(&plan, &mut agents);
    World {
        secrets: secrets.collect(),
        environment_variables: settings::environment_variables(&plan, &workspace_id),
        speech_engines: settings::speech_engines(&plan),
        settings: settings::settings(&plan),
        mcp_servers: holders::mcp_servers(&plan),
        tools: holders::tools(&plan).into_iter().chain(elsewhere::tool(&plan)).collect(),
        agents,
        seat_type: "workspace_admin".to_owned(),
        access_source: Some("workspace_admin".to_owned()),
        workspace_id,
        ..World::empty()
    }
}

/// The same workspace one night earlier.
pub fn earlier_world() -> World {
    earlier::one_night_back(world())
}

/// The same workspace on a night on which the key may not read speech engines.
pub fn degraded_world() -> World {
    World { missing_permissions: BTreeSet::from(["/v1/speech-engine".to_owned()]), ..world() }
}
