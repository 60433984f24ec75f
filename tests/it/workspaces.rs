//! Several workspaces in one bundle, and what one that fails means for the others.

use elevenlabs_secrets_audit::{
    audit::Finding,
    simulator::{Reply, Secret, Simulator, World},
};
use serde_json::json;

use crate::{
    bundle::{names_in, read_json},
    support::{RUN, SECRETS, Setup, asked, dependencies, invalid_api_key, serve, serve_with},
};

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
