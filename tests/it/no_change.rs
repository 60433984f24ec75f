//! What one of two audits did not read, and what only a deep one can see, is no change.

use serde_json::{Value, json};
use simulator::World;

use crate::{
    changes::{
        assert_nothing_changed, changes_in, named, run_of, since, unused, used, without_speech_engines,
    },
    nights::{Nights, record},
    places::{agent, deep, speech_engine, variable},
    support::Outcome,
};

/// That nothing is different but that these secrets can no longer be judged, with what they were.
fn assert_only_not_judged(outcome: &Outcome, expected: &[(&str, &str)]) {
    let mut changes = changes_in(outcome, "main");
    let judged = changes.as_object_mut().unwrap().insert("no_longer_judged".to_owned(), json!([])).unwrap();
    let judged = judged.as_array().unwrap().iter();
    let judged: Vec<_> =
        judged.map(|one| (one["secret_id"].as_str().unwrap(), one["verdict"].as_str().unwrap())).collect();
    assert_eq!(judged, expected);
    let lists = changes.as_object().unwrap().values().filter_map(Value::as_array);
    assert!(lists.into_iter().all(Vec::is_empty), "{changes}");
}

/// The same world, of which environment variables can't be read.
fn without_variables(mut world: World) -> World {
    world.missing_permissions.insert("/v1/convai/environment-variables".to_owned());
    world
}

#[tokio::test]
async fn a_place_that_cannot_be_read_tonight_has_lost_nothing() {
    let nights = Nights::new();
    let world = |ids: &[&str]| World {
        environment_variables: vec![variable(
            "env",
            "TOKEN",
            &[("production", "saved"), ("staging", "both")],
        )],
        ..World::of(vec![unused("saved"), used("both"), used(ids[0])])
    };
    let first = nights.audit(0, world(&["a"])).await;
    let outcome = nights.audit(1, without_variables(world(&["a"]))).await;
    assert_eq!(outcome.code(), 3);
    assert_eq!(outcome.bundle().verdict("saved"), "undetermined");
    assert_only_not_judged(&outcome, &[("saved", "in_use")]);
    let known = record(&outcome.bundle(), "main", "saved").unwrap();
    assert_eq!(known["last_in_use"], "2026-11-23T02:00:00Z");
    assert_eq!(known.get("unused_since"), None);
    assert_eq!(known["nights_observed"], 1);
    let outcome = nights.audit(2, world(&["a"])).await;
    assert_eq!(since(&outcome), run_of(&first));
    assert_nothing_changed(&outcome);
}

#[tokio::test]
async fn a_secret_that_only_a_reference_led_to_is_not_gone_where_references_cannot_be_read() {
    let nights = Nights::new();
    let world = || World {
        environment_variables: vec![variable("env", "TOKEN", &[("production", "unlisted")])],
        unlisted_secrets: vec![unused("unlisted")],
        ..World::of(vec![used("a")])
    };
    nights.audit(0, world()).await;
    let outcome = nights.audit(1, without_variables(world())).await;
    assert_eq!(outcome.code(), 3);
    assert_nothing_changed(&outcome);
    assert_nothing_changed(&nights.audit(2, world()).await);
}

#[tokio::test]
async fn what_only_a_deep_audit_sees_is_compared_between_two_deep_ones_only() {
    let held = || World {
        agents: vec![agent("agent_9", "Line", "held"), agent("agent_8", "Desk", "unlisted")],
        unlisted_secrets: vec![unused("unlisted")],
        ..World::of(vec![unused("held"), used("a")])
    };
    let nights = Nights::new();
    let first = nights.audit_with(0, held(), deep).await;
    assert_eq!(first.bundle().verdict("held"), "in_use");
    let shallow = nights.audit_with(1, held(), |setup| setup.section("[audit]\ndeep = \"never\"")).await;
    assert_eq!(shallow.bundle().verdict("held"), "unused", "or this tests nothing");
    assert_nothing_changed(&shallow);
    assert_nothing_changed(&nights.audit_with(2, held(), deep).await);
    assert_nothing_changed(&nights.audit_with(3, held(), deep).await);
    let free = World { agents: Vec::new(), ..held() };
    let outcome = nights.audit_with(4, free, deep).await;
    let changes = changes_in(&outcome, "main");
    // The other one was seen the night before, and is still there when it is asked for.
    assert_eq!(changes["newly_unused"], json!([named("held"), named("unlisted")]));
    assert_eq!(changes["gone"], json!([]));
    let lost = json!([{"type": "agent", "id": "agent_9", "name": "Line"}]);
    assert_eq!(changes["dependents"][0]["lost_first"], lost);
}

#[tokio::test]
async fn a_change_that_both_audits_could_see_is_told_whether_they_are_deep_or_not() {
    let nights = Nights::new();
    nights.audit_with(0, World::of(vec![used("falls"), unused("rises")]), deep).await;
    let outcome = nights.audit(1, World::of(vec![unused("falls"), used("rises")])).await;
    let changes = changes_in(&outcome, "main");
    assert_eq!(changes["newly_unused"], json!([named("falls")]));
    assert_eq!(changes["back_in_use"], json!([named("rises")]));
    assert_eq!(changes["dependents"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_speech_engine_that_cannot_be_read_neither_starts_nor_ends_a_spell() {
    let nights = Nights::new();
    let held = |is_held: bool| World {
        speech_engines: if is_held { vec![speech_engine("engine", "Kiosk", "a")] } else { Vec::new() },
        ..World::of(vec![unused("a"), used("b")])
    };
    nights.audit(0, held(false)).await;
    let outcome = nights.audit(1, without_speech_engines(held(false))).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "", "tonight it is not known to be unused");
    assert_only_not_judged(&outcome, &[("a", "unused")]);
    let outcome = nights.audit(2, held(false)).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "2");
    nights.audit(3, held(true)).await;
    nights.audit(4, without_speech_engines(held(true))).await;
    let outcome = nights.audit(5, held(false)).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "0");
    assert_eq!(since(&outcome), "2026-11-26T02-00-00Z");
}
