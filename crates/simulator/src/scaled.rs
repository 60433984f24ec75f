//! A made-up workspace of any size, for benchmarks and for tests of figures that grow.
//!
//! It is skewed as workspaces are: one secret in twenty is unused, most have short lists, a quarter has lists that the
//! first limit cuts, about a tenth has lists that only the dependencies endpoint ends, and two are used nearly
//! everywhere. Dependents come from a pool of distinct resources, so that many secrets have the same ones. Nothing is
//! random: the same scale gives the same workspace in every build.
//!
//! Of MCP servers, environment variables, speech engines and the settings there are documents, and they agree with
//! `used_by`. Of tools and agents there are documents only where agents are asked for. They agree too, but that two of
//! three secrets of which `used_by` knows nothing stand in one: in a branch, or in a code tool.
//!
//! The key is that of a workspace admin: that some dependents are `unknown` all the same proves nothing.

mod holders;
mod inspected;
mod pool;
mod shape;

use self::{pool::Pools, shape::Draft};
use super::{
    demo::{ids, vendors::VENDORS},
    hash,
    world::{Secret, UsedBy, World},
};
pub use shape::Scale;

/// Ids of different workspaces are this far apart. None has as many resources of one kind.
const APART: usize = 100_000_000;

/// The workspace of this scale.
pub fn world(scale: Scale) -> World {
    let first = scale.workspace * APART;
    let sizes = shape::sizes(scale.secrets, scale.secrets * scale.dependents_per_secret);
    let biggest = sizes.last().copied().unwrap_or_default();
    let drafts = sizes.into_iter().enumerate().map(|(rank, size)| Draft {
        secret: Secret {
            id: ids::id("sec", first + rank),
            name: secret_name(rank),
            used_by: UsedBy::default(),
        },
        size,
        held: 0,
    });
    let mut drafts: Vec<Draft> = drafts.collect();
    let mut world = World {
        workspace_id: ids::id("ws", scale.workspace),
        api_key: api_key(scale.workspace),
        seat_type: "workspace_admin".to_owned(),
        access_source: Some("workspace_admin".to_owned()),
        ..World::empty()
    };
    holders::add(&mut world, &mut drafts, first);
    let pools = Pools::new(scale.secrets, biggest, first);
    for (rank, draft) in drafts.iter_mut().enumerate() {
        pools.fill(rank, draft.size.saturating_sub(draft.held), &mut draft.secret.used_by);
    }
    let free: Vec<String> =
        drafts.iter().filter(|draft| draft.size == 0).map(|draft| draft.secret.id.clone()).collect();
    world.secrets = drafts.into_iter().map(|draft| draft.secret).collect();
    // The order of their making, which has nothing to do with what uses them.
    world.secrets.sort_by(|one, other| one.id.cmp(&other.id));
    if scale.agents > 0 {
        inspected::add(&mut world, &pools, scale, &free, first);
    }
    world
}

/// How many (secret, dependent) rows a report of this world has, by what it was made of.
///
/// A list under `used_by` gives a row for each entry, and each document a row for each secret that it holds, where
/// `used_by` has no list for such documents or says nothing of them.
pub fn rows(world: &World) -> usize {
    let listed = world.secrets.iter().map(|secret| {
        let used_by = &secret.used_by;
        let lists =
            [&used_by.tools, &used_by.agents, &used_by.phone_numbers, &used_by.mcp_servers, &used_by.others];
        lists.iter().map(|list| list.len()).sum::<usize>()
    });
    listed.sum::<usize>() + holders::references(world) + inspected::references(world)
}

/// The key of a workspace.
fn api_key(workspace: usize) -> String {
    match workspace {
        0 => World::empty().api_key,
        other => format!("{}_{other}", World::empty().api_key),
    }
}

/// Like `stripe-webhook-secret-0042`; now and then with what people put into names.
fn secret_name(rank: usize) -> String {
    let draw = usize::try_from(hash::mixed(rank as u64)).unwrap_or_default();
    let (vendor, _, credentials) =
        VENDORS.get(draw % VENDORS.len()).copied().unwrap_or(("", pool::AREA, &[]));
    let credential = credentials.get(draw / 1_000 % credentials.len().max(1)).copied().unwrap_or_default();
    pool::spiced(format!("{vendor}-{credential}-{rank:04}"), rank)
}
