//! Several workspaces in one bundle, what one that fails or is slow means for the others, and how much is asked at once.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

use elevenlabs_secrets_audit::{
    api::Clock,
    audit::Finding,
    interrupt::Interrupt,
    progress::{Progress, Stage},
    run,
};
use serde_json::json;
use simulator::{Reply, Secret, Simulator, World};
use tokio::sync::Notify;

use crate::{
    bundle::{names_in, read_json},
    places::{by_itself, variable},
    support::{
        Outcome, RUN, SECRETS, Setup, asked, code, context, dependencies, finish, invalid_api_key, now,
        serve, serve_with, text,
    },
};

/// Longer than any machine takes; only a test that fails waits for it.
const NEVER: Duration = Duration::from_secs(30);

/// A workspace with a key of its own.
async fn with_key(key: &str, secrets: Vec<Secret>) -> Simulator {
    Simulator::start(World { api_key: key.to_owned(), ..World::of(secrets) }).await.unwrap()
}

/// A workspace of which nothing can be read.
async fn unreadable() -> Simulator {
    serve_with(Vec::new(), |_, _| Reply::error(500, "api_error", "internal", "Broken.")).await
}

/// A secret that nothing uses.
fn unused() -> Vec<Secret> {
    vec![Secret::new("sec", "key")]
}

#[tokio::test]
async fn several_workspaces_are_one_bundle_sorted_by_name_and_each_gets_its_own_key() {
    let zeta = with_key("sk_zeta", vec![Secret::new("sec", "same").with_tools(1)]).await;
    let alpha = with_key("sk_alpha", vec![Secret::new("sec", "same").with_agents(120)]).await;
    let setup = Setup::new().workspace_with_key("zeta", &zeta, "sk_zeta");
    let setup = setup.workspace_with_key("alpha", &alpha, "sk_alpha");
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let rows: Vec<[&str; 4]> = bundle
        .secrets
        .iter()
        .map(|row| ["workspace", "secret_id", "tools", "agents"].map(|column| row[column].as_str()))
        .collect();
    assert_eq!(
        rows,
        [["alpha", "sec", "0", "120"], ["zeta", "sec", "1", "0"]],
        "the same id, and kept apart"
    );
    let of = |name: &str| bundle.dependents.iter().filter(|row| row["workspace"] == name).count();
    assert_eq!([of("alpha"), of("zeta"), bundle.dependents.len()], [120, 1, 121]);
    for (simulator, key) in [(&zeta, "sk_zeta"), (&alpha, "sk_alpha")] {
        assert!(simulator.requests().iter().all(|request| request.api_key.as_deref() == Some(key)));
    }
    let manifest = read_json(&setup.out().join(RUN).join("manifest.json"));
    let named: Vec<_> = manifest["workspaces"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(named, ["alpha", "zeta"]);
}

#[tokio::test]
async fn one_that_fails_is_named_and_the_others_are_published() {
    let (good, bad) = (serve(unused()).await, unreadable().await);
    let setup = Setup::new().workspace("good", &good).workspace("bad", &bad);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert!(!bundle.is_complete());
    assert_eq!(bundle.secrets.len(), 1);
    let failed = bundle.json["failed_workspaces"].as_array().unwrap();
    assert_eq!(
        (failed.len(), &failed[0]["name"], &failed[0]["key_refused"]),
        (1, &json!("bad"), &json!(false))
    );
    assert!(failed[0]["error"].as_str().unwrap().contains("500"));
    let directory = setup.out().join(RUN);
    let markdown = fs_err::read_to_string(directory.join("report.md")).unwrap();
    assert!(markdown.contains("`bad` could not be read") && markdown.contains("INCOMPLETE"), "{markdown}");
    let manifest = read_json(&directory.join("manifest.json"));
    let audited = |name: &str| {
        let workspaces = manifest["workspaces"].as_array().unwrap();
        workspaces.iter().find(|one| one["name"] == name).unwrap()["audited"].clone()
    };
    assert_eq!((audited("good"), audited("bad")), (json!(true), json!(false)));
    assert_eq!(manifest["complete"], false);
}

#[tokio::test]
async fn one_whose_key_is_refused_is_named_as_refused() {
    let (good, bad) = (serve(unused()).await, with_key("sk_other", unused()).await);
    let outcome = Setup::new().workspace("good", &good).workspace("bad", &bad).run().await;
    assert_eq!(outcome.code(), 3);
    assert_eq!(outcome.bundle().json["failed_workspaces"][0]["key_refused"], true);
}

#[tokio::test]
async fn one_whose_key_turns_invalid_halfway_is_failed_as_a_whole() {
    let path = dependencies("sec", "agents");
    let bad = serve_with(vec![Secret::new("sec", "key").with_agents(150)], move |request, reply| {
        if request.path == path { invalid_api_key() } else { reply }
    })
    .await;
    let good = serve(unused()).await;
    let outcome = Setup::new().workspace("bad", &bad).workspace("good", &good).run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert!(bundle.secrets.iter().all(|row| row["workspace"] == "good"), "{:?}", bundle.secrets);
    assert_eq!(bundle.json["failed_workspaces"][0]["name"], "bad");
}

#[tokio::test]
async fn where_every_key_is_refused_nothing_is_published_and_all_are_named() {
    let (one, other) = (with_key("sk_other", unused()).await, with_key("sk_other", unused()).await);
    let setup = Setup::new().workspace("one", &one).workspace("other", &other);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 4);
    let message = outcome.message();
    assert!(message.contains("workspace one") && message.contains("workspace other"), "{message}");
    assert_eq!(names_in(&setup.out()), [".lock"]);
}

#[tokio::test]
async fn where_none_can_be_read_and_not_every_key_is_refused_it_is_code_5() {
    for [first, second] in [["a", "b"], ["b", "a"]] {
        let (refusing, broken) = (with_key("sk_other", unused()).await, unreadable().await);
        let setup = Setup::new().workspace(first, &refusing).workspace(second, &broken);
        assert_eq!(setup.run().await.code(), 5);
        assert_eq!(names_in(&setup.out()), [".lock"]);
    }
}

#[tokio::test]
async fn findings_of_an_audit_with_a_failed_workspace_are_not_to_be_acted_on() {
    let (good, bad) = (serve(unused()).await, unreadable().await);
    let mut setup = Setup::new().workspace("good", &good).workspace("bad", &bad);
    setup.arguments.fail_on = vec![Finding::Unused];
    assert_eq!(setup.run().await.code(), 3);
    let mut setup = Setup::of(&good);
    setup.arguments.fail_on = vec![Finding::Unused];
    assert_eq!(setup.run().await.code(), 10, "complete, it is found");
}

#[tokio::test]
async fn each_workspace_is_tried_whatever_becomes_of_the_others() {
    let (good, bad) = (serve(unused()).await, unreadable().await);
    Setup::new().workspace("a_bad", &bad).workspace("b_good", &good).run().await;
    assert_eq!((asked(&good, SECRETS), asked(&bad, SECRETS)), (1, 5));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_slow_holds_up_no_other() {
    let other_is_through = Arc::new((Mutex::new(false), Condvar::new()));
    let (tells, hears) = (Arc::clone(&other_is_through), other_is_through);
    let was_too_late = Arc::new(AtomicBool::new(false));
    let too_late = Arc::clone(&was_too_late);
    let slow = serve_with(unused(), move |_, reply| {
        tokio::task::block_in_place(|| {
            let (is_through, changed) = &*hears;
            let waited = changed.wait_timeout_while(is_through.lock().unwrap(), NEVER, |through| !*through);
            too_late.fetch_or(waited.unwrap().1.timed_out(), Relaxed);
        });
        reply
    })
    .await;
    let quick = serve_with(unused(), move |request, reply| {
        if request.path == by_itself("sec") {
            *tells.0.lock().unwrap() = true;
            tells.1.notify_all();
        }
        reply
    })
    .await;
    let outcome = Setup::new().workspace("slow", &slow).workspace("quick", &quick).run().await;
    assert_eq!(outcome.code(), 0);
    assert!(
        !was_too_late.load(Relaxed),
        "the last request to the quick one came while the slow one was asked"
    );
}

/// How many requests are sent, where none is ever answered, until as many as are expected have come: in all, and to the
/// workspace with the most of them.
async fn sent_at_once(concurrency: usize, concurrency_total: usize, expected: usize) -> (u64, u64) {
    let arrived = Arc::new((Mutex::new(0), Notify::new()));
    let mut setup = Setup::new();
    let mut simulators = Vec::new();
    for name in ["one", "two", "three"] {
        let counted = Arc::clone(&arrived);
        let simulator = serve_with(unused(), move |request, reply| {
            // All else follows from the list of secrets.
            if request.path == SECRETS {
                return reply;
            }
            let mut count = counted.0.lock().unwrap();
            *count += 1;
            if *count == expected {
                counted.1.notify_one();
            }
            Reply::Hang
        });
        simulators.push(simulator.await);
        setup = setup.workspace(name, &simulators[simulators.len() - 1]);
    }
    let setup = setup
        .http(&format!("concurrency = {concurrency}"))
        .http(&format!("concurrency_total = {concurrency_total}"));
    let progress = Arc::new(Progress::default());
    let (context, interrupt) = (context(Clock { now, random: || 0.0 }), Interrupt::default());
    let config = setup.resolve().unwrap();
    let (ended, ()) = tokio::join!(run(config, &context, &progress, &interrupt), async {
        arrived.1.notified().await;
        // The hour that the run is allowed is over at once.
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(3601)).await;
        tokio::time::resume();
    });
    assert_eq!(ended.unwrap().exit_code(), 3);
    let ended = |stage| matches!(stage, Stage::Read | Stage::Failed);
    assert!(progress.workspaces().iter().all(|workspace| ended(workspace.stage())));
    // Without the list of secrets, which is answered.
    let sent =
        || progress.workspaces().into_iter().map(|workspace| workspace.totals().requests.saturating_sub(1));
    (sent().sum(), sent().max().unwrap())
}

#[tokio::test]
async fn one_that_fails_leaves_the_others_retries_of_their_own() {
    let bad = unreadable().await;
    let good = serve_with(unused(), |request, reply| {
        // Fails now and then, as any does.
        if request.number == 1 { Reply::error(503, "api_error", "internal", "Busy.") } else { reply }
    })
    .await;
    // The bad one is through before the good one begins: `sec` is asked for at the end.
    let setup = Setup::new().workspace("bad", &bad).workspace("good", &good).http("attempts = 20");
    let outcome = setup.http("retry_budget = 36").run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert_eq!(bundle.secret("sec")["verdict"], "unused", "{}", bundle.secret("sec")["reason"]);
    assert!(bundle.json["failed_workspaces"][0]["error"].as_str().unwrap().contains("allows this workspace"));
}

#[tokio::test]
async fn so_many_are_asked_at_once_in_each_workspace_and_in_all_together() {
    assert_eq!(sent_at_once(4, 5, 5).await.0, 5);
    assert_eq!(sent_at_once(2, 5, 5).await.0, 5);
    assert_eq!(sent_at_once(1, 5, 3).await, (3, 1));
    assert_eq!(sent_at_once(4, 1, 1).await, (1, 1));
    // No single one takes all, though each would ask for six at once.
    let (in_all, most) = sent_at_once(64, 8, 8).await;
    assert_eq!(in_all, 8);
    assert!(most <= 4, "{most}");
}

/// A workspace of this id, which an environment variable shows.
async fn with_id(id: &str) -> Simulator {
    let mut shows_it = variable("env", "ENV", &[("production", "sec")]);
    shows_it["workspace_id"] = json!(id);
    let world =
        World { workspace_id: id.to_owned(), environment_variables: vec![shows_it], ..World::of(unused()) };
    Simulator::start(world).await.unwrap()
}

#[tokio::test]
async fn of_two_keys_of_one_workspace_the_later_table_is_failed_by_a_reason_that_names_both() {
    let (one, other) = (with_id("ws_one").await, with_id("ws_other").await);
    // The names' order is not the file's.
    let setup = Setup::new().workspace("z", &one).workspace("m", &other).workspace("a", &one);
    let outcome = setup.workspace("b", &one).run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    let named = |list: &serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(named(&bundle.json["workspaces"]), ["m", "z"]);
    let failed = &bundle.json["failed_workspaces"];
    assert_eq!(named(failed), ["a", "b"]);
    for (failed, name) in failed.as_array().unwrap().iter().zip(["a", "b"]) {
        let expected = format!(
            "[[workspace]] {name:?} shows the same workspace (ws_one) as [[workspace]] \"z\": two keys of one workspace; \
             keep one of the tables"
        );
        assert_eq!((&failed["error"], &failed["key_refused"]), (&json!(expected), &json!(false)));
    }
    assert!(bundle.secrets.iter().all(|row| row["workspace"] == "m" || row["workspace"] == "z"));
}

#[tokio::test]
async fn one_that_cannot_be_read_shows_no_workspace_and_takes_nothing_from_a_later_table() {
    let one = with_id("ws_one").await;
    let setup = Setup::new().workspace_with_key("wrong", &one, "sk_none").workspace("right", &one);
    let outcome = setup.run().await;
    let bundle = outcome.bundle();
    assert_eq!(bundle.json["workspaces"][0]["name"], "right");
    assert_eq!(bundle.json["failed_workspaces"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn where_no_id_shows_several_tables_cannot_be_told_apart_and_that_is_said() {
    let (silent, telling) = (serve(unused()).await, with_id("ws_one").await);
    let cannot_be_told = |outcome: &Outcome| -> Vec<bool> {
        let bundle = outcome.bundle();
        let warnings =
            bundle.json["workspaces"].as_array().unwrap().iter().map(|one| one["warnings"].to_string());
        warnings.map(|warnings| warnings.contains("whether two tables name the same one")).collect()
    };
    let setup = Setup::new().workspace("a", &silent).workspace("b", &silent).workspace("c", &telling);
    let outcome = setup.run().await;
    assert_eq!(cannot_be_told(&outcome), [true, true, false]);
    assert_eq!(cannot_be_told(&Setup::of(&silent).run().await), [false]);
}

#[tokio::test]
async fn one_key_under_two_names_is_code_2_and_nothing_is_sent() {
    let simulator = serve(unused()).await;
    let setup = Setup::of(&simulator).workspace_with_key("again", &simulator, "sk_simulated_key");
    for command in [setup.audit(), setup.binary("check")] {
        let output = finish(command).await;
        assert_eq!(code(&output), 2);
        let stderr = text(&output.stderr);
        assert!(stderr.contains("\"main\"") && stderr.contains("\"again\""), "{stderr}");
        assert!(!stderr.contains("sk_"), "{stderr}");
    }
    assert_eq!(simulator.requests().len(), 0);
    assert!(!setup.out().exists());
}
