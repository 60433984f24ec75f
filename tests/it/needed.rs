//! How much is asked: what an audit cannot do without, counted in the world, and nothing besides.

use std::{collections::BTreeMap, time::Duration};

use serde_json::json;
use simulator::{
    Archived, Asking, Inspecting, Needed, Request, Secret, Simulator, World, demo,
    scaled::{self, Scale},
};

use crate::{
    places::{ENVIRONMENT_VARIABLES, MCP_SERVERS, SETTINGS, SPEECH_ENGINES, variable},
    support::{SECRETS, Setup},
};

/// A made-up workspace.
fn scaled(secrets: usize, dependents_per_secret: usize, workspace: usize) -> World {
    scaled::world(Scale { secrets, dependents_per_secret, workspace, ..Scale::default() })
}

/// Audits this world. Each request with how often it was sent.
async fn requests_of(world: World, asking: Asking) -> BTreeMap<String, usize> {
    let key = world.api_key.clone();
    let simulator = Simulator::start(world).await.unwrap();
    let Asking { page_size, dependency_limit, max_dependency_limit, inspecting, archived_branches } = asking;
    let deep = match inspecting {
        Inspecting::Auto => "auto",
        Inspecting::Always => "always",
        Inspecting::Never => "never",
    };
    let archived = match archived_branches {
        Archived::Auto => "auto",
        Archived::Read => "read",
        Archived::Skip => "skip",
    };
    let limits =
        format!("dependency_limit = {dependency_limit}\nmax_dependency_limit = {max_dependency_limit}");
    let words = format!("deep = {deep:?}\narchived_branches = {archived:?}");
    let section = format!("[audit]\npage_size = {page_size}\n{limits}\n{words}");
    let outcome = Setup::new().workspace_with_key("main", &simulator, &key).section(&section).run().await;
    assert!(outcome.result.is_ok(), "{outcome:?}");
    let mut sent = BTreeMap::new();
    for Request { path, query, .. } in simulator.requests() {
        *sent.entry(format!("{path} {query:?}")).or_default() += 1;
    }
    sent
}

/// How many of them are for a path with this beginning and this end.
fn of(sent: &BTreeMap<String, usize>, begins: &str, ends: &str) -> usize {
    let concerns = |request: &&String| {
        let path = request.split(' ').next().unwrap();
        path.strip_prefix(begins).is_some_and(|rest| rest.ends_with(ends))
    };
    sent.keys().filter(concerns).count()
}

/// Nothing is asked twice but the lists that are walked again on purpose.
async fn asks_what_is_needed_and_nothing_twice(world: World, asking: Asking) {
    let needed = Needed::for_world(&world, asking);
    let sent = requests_of(world, asking).await;
    let again: usize = sent.values().map(|count| count - 1).sum();
    let twice: Vec<_> = sent.iter().filter(|(_, count)| **count > 1).collect();
    assert_eq!(again, needed.repeated, "{needed:?}, but asked again {twice:#?}");
    assert_eq!(sent.values().sum::<usize>(), needed.requests(), "{needed:?}, but sent {sent:#?}");
    // Nor do too many of one kind make up for too few of another.
    let limit = format!("{:?}", ("dependency_limit", asking.max_dependency_limit.to_string()));
    let lists = sent.keys().filter(|request| request.starts_with(&format!("{SECRETS} ")));
    let dependents = ["tools", "agents", "phone_numbers"].map(|kind| of(&sent, SECRETS, kind));
    let dependents = dependents.into_iter().sum::<usize>();
    if asking.max_dependency_limit > asking.dependency_limit {
        assert_eq!(lists.filter(|request| request.contains(&limit)).count(), needed.raised_pages);
    }
    assert_eq!(dependents, needed.dependency_pages);
    let by_themselves = of(&sent, &format!("{SECRETS}/"), "") - dependents;
    assert_eq!(by_themselves, needed.lookups + needed.confirmations);
    if asking.inspecting == Inspecting::Never {
        let places = [ENVIRONMENT_VARIABLES, MCP_SERVERS, SETTINGS, SPEECH_ENGINES];
        assert_eq!(places.map(|path| of(&sent, path, "")).into_iter().sum::<usize>(), needed.scans);
    }
}

#[tokio::test]
async fn workspaces_of_any_shape_take_what_they_cannot_do_without() {
    let hundred = |agents| {
        let secret = |number: usize| Secret::new(&format!("sec_{number:04}"), "key").with_agents(agents);
        World::of((0..100).map(secret).collect())
    };
    let shapes = [
        World::empty(),
        hundred(0),
        hundred(20),
        hundred(21),
        World::of(vec![Secret::new("sec", "key").with_tools(100).with_agents(101).with_phone_numbers(200)]),
        World::of(vec![Secret::new("sec", "key").with_mcp_servers(20)]),
        World::of((0..60).map(|number| Secret::new(&number.to_string(), "key").with_other("hook")).collect()),
        scaled(250, 24, 0),
        scaled(450, 3, 1),
        scaled(120, 150, 2),
        demo::world(),
    ];
    for world in shapes {
        asks_what_is_needed_and_nothing_twice(world, Asking::default()).await;
    }
}

#[tokio::test]
async fn so_they_do_with_other_limits_and_deep() {
    for asking in [
        Asking { page_size: 7, ..Asking::default() },
        Asking { dependency_limit: 1, max_dependency_limit: 30, ..Asking::default() },
        Asking { dependency_limit: 100, ..Asking::default() },
        Asking { page_size: 50, dependency_limit: 10, max_dependency_limit: 10, ..Asking::default() },
        Asking { inspecting: Inspecting::Always, ..Asking::default() },
        Asking { inspecting: Inspecting::Never, ..Asking::default() },
        Asking { archived_branches: Archived::Skip, ..Asking::default() },
        Asking { archived_branches: Archived::Read, page_size: 30, ..Asking::default() },
    ] {
        asks_what_is_needed_and_nothing_twice(scaled(150, 24, 0), asking).await;
        asks_what_is_needed_and_nothing_twice(demo::world(), asking).await;
    }
}

#[tokio::test]
async fn agents_and_their_branches_are_asked_for_once() {
    for (agents, branches_per_agent, shown, accepted) in
        [(3, 0, true, true), (101, 2, true, true), (7, 2, false, true), (7, 2, true, false)]
    {
        let scale =
            Scale { secrets: 120, dependents_per_secret: 9, agents, branches_per_agent, ..Scale::default() };
        let world = || World {
            shows_archived_branches: shown,
            accepts_generated_workflow: accepted,
            ..scaled::world(scale)
        };
        for inspecting in [Inspecting::Auto, Inspecting::Always] {
            for archived_branches in [Archived::Auto, Archived::Skip] {
                let asking = Asking { inspecting, archived_branches, ..Asking::default() };
                asks_what_is_needed_and_nothing_twice(world(), asking).await;
            }
        }
    }
}

#[tokio::test]
async fn lists_of_several_pages_are_walked_once_more_where_something_is_about_to_be_called_unused() {
    let variables =
        (0..250).map(|number| variable(&format!("var_{number:03}"), "L", &[("p", "sec_0001")])).collect();
    let ids = (0..=150).map(|number| Secret::new(&format!("sec_{number:04}"), "key"));
    let world = World { environment_variables: variables, ..World::of(ids.collect()) };
    assert_eq!(Needed::for_world(&world, Asking::default()).repeated, 3 + 2 + 1);
    asks_what_is_needed_and_nothing_twice(world, Asking::default()).await;
}

#[tokio::test]
async fn what_is_referred_to_and_not_listed_is_looked_up_once() {
    let mut world = World::of(vec![Secret::new("sec_listed", "key")]);
    let held = |number: usize, id: &str| variable(&format!("var_{number}"), "VAR", &[("production", id)]);
    world.environment_variables =
        vec![held(1, "sec_shared"), held(2, "sec_shared"), held(3, "sec_gone"), held(4, "sec_listed")];
    world.unlisted_secrets = vec![Secret::new("sec_shared", "key").with_agents(250).with_tools(20)];
    assert_eq!(Needed::for_world(&world, Asking::default()).lookups, 2);
    asks_what_is_needed_and_nothing_twice(world, Asking::default()).await;
}

#[tokio::test]
async fn several_workspaces_together_take_what_each_takes() {
    let worlds: Vec<World> =
        [(120, 24), (0, 0), (205, 9)].iter().zip(0..).map(|(size, at)| scaled(size.0, size.1, at)).collect();
    let needed: Vec<Needed> =
        worlds.iter().map(|world| Needed::for_world(world, Asking::default())).collect();
    let again: usize = needed.iter().map(|needed| needed.repeated).sum();
    let needed: usize = needed.iter().map(Needed::requests).sum();
    let keys: Vec<String> = worlds.iter().map(|world| world.api_key.clone()).collect();
    let simulator = Simulator::start_counting(worlds, Duration::ZERO).await.unwrap();
    let allowing = Setup::new().section("[audit]\nallow_empty = true");
    let setup = keys.iter().enumerate().fold(allowing, |setup, (number, key)| {
        setup.workspace_with_key(&format!("workspace-{number}"), &simulator, key)
    });
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0);
    let counts = simulator.take_counts();
    assert_eq!((counts.requests, counts.repeated), (needed, again));
    let manifest = crate::bundle::read_json(&outcome.result.unwrap().bundle.join("manifest.json"));
    assert_eq!(manifest["workspaces"].as_array().map(Vec::len), Some(3), "{}", json!(manifest));
}
