//! Secrets that are asked for by themselves because something refers to them, or because they seem to be gone.

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator, World};

use crate::{
    bundle::{Bundle, gap_in_words},
    places::{
        audit, busy, by_itself, figure, forbidden, markdown, not_found, settings, source, summary, variable,
        world_of,
    },
    support::{Outcome, Setup, asked, dependencies, invalid_api_key, missing_permissions},
};

/// `free`, which nothing uses, and a variable that refers to `lost`, which the list doesn't show.
fn referring() -> World {
    World {
        environment_variables: vec![variable("var_1", "LEDGER", &[("production", "lost")])],
        ..world_of(&["free"])
    }
}

/// A run over a world in which replies are changed.
async fn audit_with(
    world: World,
    intercept: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
) -> (Outcome, Simulator) {
    let simulator = Simulator::start_with(world, intercept).await.unwrap();
    (Setup::of(&simulator).run().await, simulator)
}

fn list<'a>(bundle: &'a Bundle, name: &str) -> &'a Vec<Value> {
    bundle.workspace()[name].as_array().unwrap()
}

#[tokio::test]
async fn a_reference_to_a_secret_that_does_not_exist_is_dangling_and_named_with_its_holder() {
    let (outcome, simulator) = audit(referring()).await;
    assert_eq!(outcome.code(), 0, "a finding is no failure");
    let bundle = outcome.bundle();
    let dangling = list(&bundle, "dangling_references");
    assert_eq!(dangling.len(), 1, "{dangling:?}");
    let one = &dangling[0];
    assert_eq!((&one["secret_id"], &one["type"]), (&json!("lost"), &json!("environment_variable")));
    assert_eq!((&one["id"], &one["name"]), (&json!("var_1"), &json!("LEDGER")));
    assert_eq!(one["via"], json!(["production"]));
    assert!(bundle.secrets.iter().all(|row| row["secret_id"] != "lost"));
    assert_eq!(bundle.verdict("free"), "unused");
    assert_eq!(asked(&simulator, &by_itself("lost")), 1);
    let markdown = markdown(&outcome);
    assert!(markdown.contains("## Dangling references (1)"));
    assert!(markdown.contains("lost") && markdown.contains("LEDGER") && markdown.contains("var_1"));
    assert!(summary(&outcome).contains("1 dangling reference"), "{}", summary(&outcome));
}

#[tokio::test]
async fn every_holder_of_a_dangling_reference_is_named_and_the_secret_asked_for_once() {
    let world = World { settings: settings("lost"), ..referring() };
    let (outcome, simulator) = audit(world).await;
    let bundle = outcome.bundle();
    let kinds: Vec<&Value> = list(&bundle, "dangling_references").iter().map(|one| &one["type"]).collect();
    assert_eq!(kinds, ["environment_variable", "setting"]);
    assert_eq!(asked(&simulator, &by_itself("lost")), 1);
}

#[tokio::test]
async fn a_secret_that_was_not_listed_and_exists_joins_the_population_in_use() {
    let lost = Secret::new("lost", "shared-key").with_agents(30).with_tools(2);
    let (outcome, simulator) = audit(World { unlisted_secrets: vec![lost], ..referring() }).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let row = bundle.secret("lost");
    assert_eq!((row["secret_name"].as_str(), row["verdict"].as_str()), ("shared-key", "in_use"));
    assert_eq!((row["agents"].as_str(), row["tools"].as_str()), ("30", "2"), "its lists are completed too");
    assert_eq!(row["environment_variables"], "1");
    assert_eq!(asked(&simulator, &dependencies("lost", "agents")), 1);
    assert_eq!(bundle.dependents_of("lost", "tool")[0]["source"], "secret");
    assert!(list(&bundle, "dangling_references").is_empty());
    assert_eq!((figure(&bundle, "secrets_listed"), figure(&bundle, "secrets_not_listed")), (1, 1));
    assert_eq!(bundle.json["totals"]["secrets"], 2);
}

#[tokio::test]
async fn a_secret_that_an_admin_may_not_see_is_named_as_such_and_the_audit_stays_complete() {
    for (refusal, word) in [(forbidden(), "403"), (missing_permissions(), "missing_permissions")] {
        let (outcome, _simulator) = audit_with(
            World { seat_type: "workspace_admin".to_owned(), ..referring() },
            move |request, reply| {
                if request.path == by_itself("lost") { refusal.clone() } else { reply }
            },
        )
        .await;
        assert_eq!(outcome.code(), 0, "{word}");
        let bundle = outcome.bundle();
        let hidden = list(&bundle, "references_not_visible");
        assert_eq!(hidden.len(), 1);
        assert_eq!((&hidden[0]["secret_id"], &hidden[0]["id"]), (&json!("lost"), &json!("var_1")));
        let why = hidden[0]["why"].as_str().unwrap();
        assert!(why.contains("not visible to this key") && why.contains(word), "{why}");
        assert!(list(&bundle, "dangling_references").is_empty());
        assert_eq!(bundle.verdict("free"), "unused");
        assert!(markdown(&outcome).contains("## References to secrets that could not be read (1)"));
    }
}

#[tokio::test]
async fn a_reference_that_cannot_be_looked_up_is_no_dangling_one_and_leaves_the_audit_incomplete() {
    let another = json!({"type": "stored", "secret_id": "other", "name": "other", "used_by": {}});
    for fault in [busy(), Reply::Close, Reply::json(200, &json!([])), Reply::json(200, &another)] {
        let (outcome, _simulator) =
            audit_with(
                referring(),
                move |request, reply| {
                    if request.path == by_itself("lost") { fault.clone() } else { reply }
                },
            )
            .await;
        assert_eq!(outcome.code(), 3);
        let bundle = outcome.bundle();
        assert_eq!(list(&bundle, "references_not_visible").len(), 1);
        assert!(list(&bundle, "dangling_references").is_empty());
        let gaps: Vec<String> = list(&bundle, "gaps").iter().map(gap_in_words).collect();
        assert!(gaps.iter().any(|gap| gap.starts_with("secret lost")), "{gaps:?}");
        assert!(bundle.secrets.iter().all(|row| row["secret_id"] == "free"));
    }
}

#[tokio::test]
async fn a_key_that_turns_invalid_at_a_lookup_fails_the_workspace() {
    let (outcome, _simulator) =
        audit_with(
            referring(),
            |request, reply| {
                if request.path == by_itself("lost") { invalid_api_key() } else { reply }
            },
        )
        .await;
    assert_eq!(outcome.code(), 4);
}

#[tokio::test]
async fn a_narrowed_audit_asks_for_no_secret_that_it_did_not_list() {
    let world = World {
        environment_variables: vec![variable("var_1", "LEDGER", &[("p", "lost"), ("q", "free")])],
        ..world_of(&["free"])
    };
    let simulator = Simulator::start(world).await.unwrap();
    let mut setup = Setup::of(&simulator);
    setup.arguments.search = Some("fr".to_owned());
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert!(list(&bundle, "dangling_references").is_empty());
    assert!(!markdown(&outcome).contains("Dangling"));
    assert_eq!(asked(&simulator, &by_itself("lost")), 0);
    assert_eq!(bundle.verdict("free"), "in_use", "a use counts, narrowed or not");
}

/// `gone`, whose agents have to be paged, and `free`.
fn vanishing() -> World {
    World::of(vec![Secret::new("gone", "old-key").with_agents(120), Secret::new("free", "free")])
}

#[tokio::test]
async fn a_secret_that_vanishes_midway_leaves_the_population_and_is_named() {
    let (outcome, simulator) = audit_with(vanishing(), |request, reply| {
        if request.path.starts_with(&by_itself("gone")) { not_found() } else { reply }
    })
    .await;
    assert_eq!(outcome.code(), 0, "complete: what is gone has no gap");
    let bundle = outcome.bundle();
    assert_eq!(bundle.workspace()["deleted_secrets"], json!([{"secret_id": "gone", "name": "old-key"}]));
    assert!(bundle.secrets.iter().chain(&bundle.dependents).all(|row| row["secret_id"] == "free"));
    assert_eq!(bundle.verdict("free"), "unused");
    assert_eq!(asked(&simulator, &by_itself("gone")), 1);
    assert_eq!((figure(&bundle, "secrets_deleted"), figure(&bundle, "secrets_listed")), (1, 2));
    assert!(markdown(&outcome).contains("## Deleted during the audit (1)"));
    assert!(markdown(&outcome).contains("old-key"));
    assert!(summary(&outcome).contains("deleted during the audit"));
}

#[tokio::test]
async fn a_reference_to_a_secret_that_vanished_is_dangling() {
    let held = [("production", "gone")];
    let world = World { environment_variables: vec![variable("var_1", "LEDGER", &held)], ..vanishing() };
    let (outcome, _simulator) =
        audit_with(
            world,
            |request, reply| {
                if request.path.starts_with(&by_itself("gone")) { not_found() } else { reply }
            },
        )
        .await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let dangling = list(&bundle, "dangling_references");
    assert_eq!((dangling.len(), &dangling[0]["secret_id"]), (1, &json!("gone")));
    assert!(dangling[0]["why"].as_str().unwrap().contains("deleted during the audit"));
}

#[tokio::test]
async fn a_secret_whose_dependents_are_not_found_but_which_is_there_is_not_whole() {
    for itself in [None, Some(forbidden()), Some(busy())] {
        let (outcome, _simulator) = audit_with(vanishing(), move |request, reply| match &itself {
            _ if request.path == dependencies("gone", "agents") => not_found(),
            Some(fault) if request.path == by_itself("gone") => fault.clone(),
            _ => reply,
        })
        .await;
        assert_eq!(outcome.code(), 3);
        let bundle = outcome.bundle();
        let row = bundle.secret("gone");
        assert_eq!((row["verdict"].as_str(), row["complete"].as_str()), ("in_use", "false"));
        assert_eq!(row["agents"], "100", "what was shown before is kept");
        assert_eq!(bundle.workspace()["deleted_secrets"], json!([]));
        assert_eq!(source(&bundle, "dependencies")["status"], "not read whole");
    }
}

#[tokio::test]
async fn a_reference_to_what_can_be_no_id_is_dangling_and_not_asked_for() {
    for id in [".", "..", "a\u{1b}b"] {
        let variables = vec![variable("var_1", "LEDGER", &[("production", id)])];
        let world = World { environment_variables: variables, ..world_of(&["free"]) };
        let (outcome, simulator) = audit(world).await;
        assert_eq!(outcome.code(), 0, "{id:?}");
        let bundle = outcome.bundle();
        assert_eq!((list(&bundle, "dangling_references").len(), bundle.verdict("free")), (1, "unused"));
        let by_itself = simulator
            .requests()
            .iter()
            .filter(|request| request.path.starts_with("/v1/convai/secrets/"))
            .count();
        assert_eq!(by_itself, 1, "the confirmation of the other secret");
    }
}

#[tokio::test]
async fn a_listed_secret_that_cannot_be_asked_for_is_undetermined_and_stays() {
    let (outcome, _simulator) = audit(world_of(&["..", "free"])).await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert_eq!((bundle.verdict(".."), bundle.verdict("free")), ("undetermined", "unused"));
    assert!(list(&bundle, "deleted_secrets").is_empty());
}
