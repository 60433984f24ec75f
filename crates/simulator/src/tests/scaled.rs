//! A scaled workspace is as big as it is asked to be, skewed, and agrees with itself.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{start, tell};
use crate::{
    Asking, Dependent, Inspecting, Needed, Secret, Simulator, UsedBy, World,
    scaled::{Scale, rows, world},
};

fn of(secrets: usize, dependents_per_secret: usize) -> World {
    world(Scale { secrets, dependents_per_secret, ..Scale::default() })
}

fn lists(used_by: &UsedBy) -> [&Vec<Dependent>; 5] {
    [&used_by.tools, &used_by.agents, &used_by.phone_numbers, &used_by.mcp_servers, &used_by.others]
}

fn longest(secret: &Secret) -> usize {
    lists(&secret.used_by).into_iter().map(Vec::len).max().unwrap_or_default()
}

fn id(dependent: &Dependent) -> String {
    let shown = dependent.json();
    let id = shown.get("id").or(shown.get("phone_number_id")).unwrap_or(&shown);
    id.as_str().unwrap().to_owned()
}

/// The ids of the secrets that stand in documents, each with how often.
fn held(documents: &[Value]) -> BTreeMap<String, usize> {
    let mut held = BTreeMap::new();
    for text in documents.iter().map(Value::to_string) {
        for part in text.split(r#""secret_id":""#).skip(1) {
            *held.entry(part.split('"').next().unwrap().to_owned()).or_default() += 1;
        }
    }
    held
}

#[test]
fn it_has_as_many_rows_as_asked_for() {
    for (secrets, mean) in [(1_000, 120), (1_000, 12), (100, 120), (100, 12), (50, 24), (500, 5)] {
        assert_eq!(rows(&of(secrets, mean)), secrets * mean, "{secrets} at {mean}");
    }
    assert_eq!(rows(&of(0, 12)), 0);
    assert_eq!(rows(&of(1, 12)), 12);
    // One for each that is used.
    assert_eq!(rows(&of(100, 0)), 95);
}

#[test]
fn lists_are_short_cut_and_very_long_in_about_these_shares() {
    let world = of(2_000, 120);
    let lengths: Vec<usize> = world.secrets.iter().map(longest).collect();
    let share = |range: std::ops::RangeInclusive<usize>| {
        lengths.iter().filter(|length| range.contains(length)).count() * 100 / lengths.len()
    };
    let shares = [share(0..=0), share(1..=20), share(21..=100), share(101..=usize::MAX)];
    assert_eq!(shares, [6, 51, 29, 12]);
    let hubs = lengths.iter().filter(|length| **length > 2_000).count();
    assert!((1..=3).contains(&hubs), "{hubs}");
    // Every page of the list has some of each.
    for page in lengths.chunks(100) {
        assert!(page.contains(&0) && page.iter().any(|length| *length > 100), "{page:?}");
    }
    let all =
        || world.secrets.iter().flat_map(|secret| lists(&secret.used_by)).flatten().map(Dependent::json);
    assert!(all().any(|one| one["type"] == "unknown"));
    assert!(all().any(|one| one["name"].as_str().is_some_and(|name| !name.is_ascii())));
    let distinct: BTreeSet<String> =
        world.secrets.iter().flat_map(|secret| lists(&secret.used_by)).flatten().map(id).collect();
    assert!(distinct.len() * 10 < rows(&world), "{} different ones", distinct.len());
    // What uses go through differs from use to use.
    let through: Vec<String> = all()
        .map(|one| one["referenced_resource_ids"].to_string())
        .filter(|through| through != "null")
        .collect();
    let distinct: BTreeSet<&String> = through.iter().collect();
    assert!(through.len() * 10 > rows(&world), "{} go through tools", through.len());
    assert!(distinct.len() * 10 > through.len() * 9, "{} of {}", distinct.len(), through.len());
}

#[test]
fn nothing_stands_twice_in_one_list_and_agents_come_through_tools_that_the_secret_has() {
    for world in [of(1_000, 120), of(1_000, 12), of(60, 24)] {
        let secrets: BTreeSet<&str> = world.secrets.iter().map(|secret| secret.id.as_str()).collect();
        assert_eq!(secrets.len(), world.secrets.len());
        for secret in &world.secrets {
            for list in lists(&secret.used_by) {
                let ids: BTreeSet<String> = list.iter().map(id).collect();
                assert_eq!(ids.len(), list.len());
            }
            let tools: BTreeSet<String> = secret.used_by.tools.iter().map(id).collect();
            for agent in secret.used_by.agents.iter().map(Dependent::json) {
                for via in agent["referenced_resource_ids"].as_array().into_iter().flatten() {
                    assert!(tools.contains(via.as_str().unwrap()));
                }
            }
        }
    }
}

#[test]
fn documents_hold_what_used_by_tells_and_are_all_that_saves_some() {
    let world = of(2_000, 12);
    let mut told = BTreeMap::new();
    for secret in world.secrets.iter().filter(|secret| !secret.used_by.mcp_servers.is_empty()) {
        *told.entry(secret.id.clone()).or_default() += secret.used_by.mcp_servers.len();
    }
    assert_eq!(held(&world.mcp_servers), told);
    let webhooks = world.secrets.iter().filter(|secret| !secret.used_by.others.is_empty());
    let webhooks: BTreeMap<String, usize> = webhooks.map(|secret| (secret.id.clone(), 1)).collect();
    assert_eq!((held(std::slice::from_ref(&world.settings)), webhooks.len()), (webhooks, 2));

    let empty = world.secrets.iter().filter(|secret| longest(secret) == 0);
    let empty: BTreeSet<&str> = empty.map(|secret| secret.id.as_str()).collect();
    let (variables, engines) = (held(&world.environment_variables), held(&world.speech_engines));
    let saved = |held: &BTreeMap<String, usize>| held.keys().filter(|id| empty.contains(id.as_str())).count();
    assert_eq!((empty.len(), saved(&variables), saved(&engines)), (120, 15, 5));
    assert!(world.environment_variables.iter().all(|one| one["workspace_id"] == world.workspace_id.as_str()));
}

#[test]
fn documents_of_tools_and_agents_hold_what_used_by_tells_and_are_all_that_saves_some() {
    let of = |secrets, agents, branches_per_agent| {
        world(Scale { secrets, dependents_per_secret: 12, agents, branches_per_agent, workspace: 0 })
    };
    let (without, with) = (of(600, 0, 0), of(600, 700, 2));
    assert_eq!(format!("{:?}", without.secrets), format!("{:?}", with.secrets), "nothing else changes");
    assert_eq!((with.agents.len(), without.agents.len(), without.tools.len()), (700, 0, 0));
    assert!(with.agents.iter().all(|agent| agent.branches.len() == 2));
    let branches = || with.agents.iter().flat_map(|agent| &agent.branches);
    assert!((270..290).contains(&branches().filter(|branch| branch.archived).count()));
    assert!((50..58).contains(&with.agents.iter().filter(|agent| agent.archived).count()));
    let ids: BTreeSet<&str> = branches().map(|branch| branch.id.as_str()).collect();
    assert_eq!(ids.len(), 1_400);
    assert!((300..700).contains(&of(600, 1, 0).agents.len()), "all that used_by lets the key see");

    // By the secret: what is said to hold it, and what holds it.
    let mut told = BTreeSet::new();
    for secret in &with.secrets {
        for holder in secret.used_by.tools.iter().chain(&secret.used_by.agents).map(Dependent::json) {
            let via = holder["referenced_resource_ids"].as_array();
            if holder["type"] == "available" && via.is_none_or(Vec::is_empty) {
                told.insert((secret.id.clone(), holder["id"].as_str().unwrap().to_owned()));
            }
        }
    }
    let mut held_by = BTreeSet::new();
    let mut read = |holder: &str, document: &Value| {
        let secrets = held(std::slice::from_ref(document)).into_keys();
        held_by.extend(secrets.map(|secret| (secret, holder.to_owned())));
    };
    with.tools.iter().for_each(|tool| read(tool["id"].as_str().unwrap(), tool));
    with.agents.iter().for_each(|agent| read(&agent.id, &agent.config));
    assert_eq!(told, held_by);

    // Twenty of the thirty that nothing else uses: ten in a branch, ten in a code tool.
    assert_eq!(rows(&with), rows(&without) + 20);
    let candidates = |world: &World, inspecting| {
        Needed::for_world(world, Asking { inspecting, ..Asking::default() }).confirmations
    };
    assert_eq!((candidates(&with, Inspecting::Never), candidates(&without, Inspecting::Auto)), (30, 30));
    assert_eq!(candidates(&with, Inspecting::Auto), 10);
    assert_eq!(with.tools.iter().filter(|tool| tool["tool_config"]["type"] == "code").count(), 10);
    assert_eq!(candidates(&World { tools: Vec::new(), ..with.clone() }, Inspecting::Auto), 20);
}

#[test]
fn workspaces_are_the_same_every_time_and_have_nothing_in_common() {
    let scale = |workspace| Scale { secrets: 60, dependents_per_secret: 12, workspace, ..Scale::default() };
    let ids = |world: &World| -> BTreeSet<String> {
        let dependents = world.secrets.iter().flat_map(|secret| lists(&secret.used_by));
        let dependents = dependents.flatten().map(id).filter(|id| id != "conversation_initiation_webhook");
        dependents.chain(world.secrets.iter().map(|secret| secret.id.clone())).collect()
    };
    let (one, other) = (world(scale(0)), world(scale(1)));
    assert_eq!(format!("{one:?}"), format!("{:?}", world(scale(0))));
    assert!(ids(&one).is_disjoint(&ids(&other)));
    assert_ne!(one.api_key, other.api_key);
    assert_ne!(one.workspace_id, other.workspace_id);
}

#[tokio::test]
async fn several_workspaces_at_one_address_are_told_apart_by_their_keys_and_counted() {
    let worlds = (0..3).map(|workspace| {
        let world = world(Scale { secrets: 60, dependents_per_secret: 12, workspace, ..Scale::default() });
        World { concurrency_limit: Some(1), ..world }
    });
    let worlds: Vec<World> = worlds.collect();
    let simulator = Simulator::start_counting(worlds.clone(), std::time::Duration::ZERO).await.unwrap();
    let address = simulator.base_url().join("v1/convai/secrets").unwrap();
    let mut bytes = 0;
    for world in &worlds {
        let answer = super::client().get(address.clone()).header("xi-api-key", &world.api_key).send();
        let body = answer.await.unwrap().bytes().await.unwrap();
        bytes += body.len();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["secrets"][0]["secret_id"], world.secrets[0].id.as_str());
    }
    let refused = super::client().get(address.clone()).header("xi-api-key", "sk_other").send().await.unwrap();
    assert_eq!(refused.status(), 401);
    bytes += refused.bytes().await.unwrap().len();
    tell(&simulator, "v1/convai/secrets").await;
    let counts = simulator.take_counts();
    assert_eq!((counts.requests, counts.repeated, counts.peak_in_flight), (5, 1, 1));
    assert!(counts.body_bytes > bytes);
    assert!(simulator.requests().is_empty(), "they are counted and not kept");
    assert_eq!(simulator.take_counts().requests, 0);
}

#[tokio::test]
async fn kept_requests_are_counted_too() {
    let simulator = start(of(20, 12)).await;
    let body = tell(&simulator, "v1/convai/secrets").await.to_string();
    let counts = simulator.take_counts();
    assert_eq!((counts.requests, simulator.requests().len()), (1, 1));
    assert!(counts.body_bytes >= body.len());
}
