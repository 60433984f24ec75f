//! A world in which things are found fast, and what is answered where there is nothing to be seen.

use std::collections::HashMap;

use super::{
    exchange::Reply,
    seen,
    world::{Agent, Secret, World},
};

/// A world with what is needed to find things in it fast: a benchmark asks for each of 10,000 secrets by id.
pub(super) struct Workspace {
    pub(super) world: World,
    /// Positions in `secrets` followed by `unlisted_secrets`.
    secrets: HashMap<String, usize>,
    agents: HashMap<String, usize>,
}

impl Workspace {
    pub(super) fn new(world: World) -> Workspace {
        let world = seen::by_the_key(world);
        let secrets = world.secrets.iter().chain(&world.unlisted_secrets);
        let secrets = secrets.enumerate().map(|(place, secret)| (secret.id.clone(), place)).collect();
        let agents =
            world.agents.iter().enumerate().map(|(place, agent)| (agent.id.clone(), place)).collect();
        Workspace { world, secrets, agents }
    }

    pub(super) fn secret(&self, id: &str) -> Option<&Secret> {
        let place = *self.secrets.get(id)?;
        let listed = self.world.secrets.len();
        self.world.secrets.get(place).or_else(|| self.world.unlisted_secrets.get(place.checked_sub(listed)?))
    }

    pub(super) fn agent(&self, id: &str) -> Option<&Agent> {
        self.world.agents.get(*self.agents.get(id)?)
    }
}

pub(super) fn not_found(code: &str, message: &str) -> Reply {
    Reply::error(404, "not_found", code, message)
}

/// What asking for something by its id comes to, where there is nothing with this id that the key may see.
pub(super) fn not_seen(workspace: &Workspace, id: &str, code: &str, message: &str) -> Reply {
    if workspace.world.hidden.contains(id) {
        let message = "You do not have access to this resource.";
        return Reply::error(403, "authorization_error", "no_access", message);
    }
    not_found(code, message)
}
