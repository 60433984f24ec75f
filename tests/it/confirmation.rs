//! Each secret that is about to be called unused is read once more by itself.

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator, World, world};

use crate::{
    bundle::Bundle,
    places::{
        ENVIRONMENT_VARIABLES, audit, busy, by_itself, figure, forbidden, not_found, source, variable,
        world_of,
    },
    support::{
        Outcome, SECRETS, Setup, asked, dependencies, invalid_api_key, missing_permissions, rewrite_used_by,
    },
};

/// A run over `free` and `used`, in which the answers to `free` by itself are changed.
async fn confirming(
    intercept: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
) -> (Outcome, Simulator) {
    let secrets = vec![Secret::new("free", "free"), Secret::new("used", "used").with_tools(1)];
    let simulator = Simulator::start_with(World::of(secrets), intercept).await.unwrap();
    (Setup::of(&simulator).run().await, simulator)
}

/// The body of `free` by itself, with these changes to its `used_by`.
fn with_used_by(request: &Request, reply: Reply, change: impl Fn(&mut Value)) -> Reply {
    if request.path != by_itself("free") {
        return reply;
    }
    let mut body = reply.body_json().unwrap();
    change(&mut body["used_by"]);
    Reply::json(200, &body)
}

fn assert_undetermined(outcome: &Outcome, word: &str) -> Bundle {
    assert_eq!(outcome.code(), 3, "{word}");
    let bundle = outcome.bundle();
    let free = bundle.secret("free");
    assert_eq!(free["verdict"], "undetermined", "{word}");
    assert!(free["reason"].contains(word), "{word}: {}", free["reason"]);
    assert_eq!(bundle.verdict("used"), "in_use");
    bundle
}

#[tokio::test]
async fn a_candidate_is_asked_exactly_once_more_and_others_not_at_all() {
    let (outcome, simulator) = confirming(|_, reply| reply).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (0, "unused"));
    assert_eq!(asked(&simulator, &by_itself("free")), 1);
    assert_eq!(asked(&simulator, &by_itself("used")), 0);
    let bundle = outcome.bundle();
    assert_eq!(figure(&bundle, "secrets_confirmed"), 1);
    assert_eq!(
        (&source(&bundle, "secret")["status"], &source(&bundle, "secret")["pages"]),
        (&json!("read whole"), &json!(1))
    );
}

#[tokio::test]
async fn it_is_asked_after_everything_else() {
    let (_outcome, simulator) = confirming(|_, reply| reply).await;
    let last = simulator.requests().last().unwrap().path.clone();
    assert_eq!(last, by_itself("free"), "any later, and a use could have come meanwhile");
}

#[tokio::test]
async fn a_use_that_is_seen_then_wins() {
    let taken = |used_by: &mut Value| {
        used_by["agents"] = json!([world::available("agent_9", "New agent", 1_700_000_000, "editor")]);
    };
    let (outcome, _simulator) = confirming(move |request, reply| with_used_by(request, reply, taken)).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert_eq!(bundle.verdict("free"), "in_use");
    assert_eq!(bundle.ids("free", "agent"), ["agent_9"]);
    assert_eq!(bundle.dependents_of("free", "agent")[0]["source"], "secret");
    assert_eq!(source(&bundle, "secret")["dependents"], 1);
    assert_eq!(figure(&bundle, "secrets_confirmed"), 0);
}

#[tokio::test]
async fn a_list_that_is_cut_then_is_paged() {
    let agents = json!({"dependencies": [world::unknown("agent_9")]});
    let (outcome, simulator) = confirming(move |request, reply| {
        if request.path == dependencies("free", "agents") {
            return Reply::json(200, &agents);
        }
        with_used_by(request, reply, |used_by| used_by["agents_has_more"] = json!(true))
    })
    .await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (0, "in_use"));
    assert_eq!(outcome.bundle().dependents_of("free", "agent")[0]["source"], "dependencies");
    assert_eq!(asked(&simulator, &dependencies("free", "agents")), 1);
}

#[tokio::test]
async fn a_list_that_is_cut_then_and_cannot_be_paged_leaves_it_undetermined() {
    let (outcome, _simulator) = confirming(|request, reply| {
        if request.path == dependencies("free", "agents") {
            return forbidden();
        }
        with_used_by(request, reply, |used_by| used_by["agents_has_more"] = json!(true))
    })
    .await;
    assert_undetermined(&outcome, "agents");
}

#[tokio::test]
async fn a_list_that_cannot_be_read_then_leaves_it_undetermined() {
    for list in ["mcp_servers", "others"] {
        let (outcome, _simulator) = confirming(move |request, reply| {
            with_used_by(request, reply, |used_by| used_by[list] = json!("x"))
        })
        .await;
        assert_undetermined(&outcome, list);
    }
}

#[tokio::test]
async fn a_reading_that_fails_leaves_it_undetermined_and_names_why() {
    let another = json!({"type": "stored", "secret_id": "used", "name": "used", "used_by": {
        "tools": [], "agents": [], "others": []
    }});
    for (fault, word) in [
        (forbidden(), "403"),
        (missing_permissions(), "convai_read"),
        (busy(), "5 attempts"),
        (Reply::Close, "5 attempts"),
        (Reply::json(200, &json!([])), "not an object"),
        (Reply::json(200, &json!({"name": "free"})), "secret_id is missing"),
        (Reply::json(200, &another), "another secret"),
    ] {
        let (outcome, _simulator) =
            confirming(
                move |request, reply| {
                    if request.path == by_itself("free") { fault.clone() } else { reply }
                },
            )
            .await;
        let bundle = assert_undetermined(&outcome, word);
        assert!(bundle.gaps("free")[0].starts_with("confirmation: "), "{:?}", bundle.gaps("free"));
        let row = source(&bundle, "secret");
        assert_eq!(row["status"], "not read whole");
        assert!(row["why"].as_str().unwrap().starts_with("1 secret"), "{row}");
    }
}

#[tokio::test]
async fn a_secret_that_is_gone_by_then_was_deleted() {
    let (outcome, simulator) =
        confirming(
            |request, reply| {
                if request.path.starts_with(&by_itself("free")) { not_found() } else { reply }
            },
        )
        .await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert_eq!(bundle.workspace()["deleted_secrets"], json!([{"secret_id": "free", "name": "free"}]));
    assert_eq!(bundle.json["totals"]["secrets"], 1);
    assert_eq!(asked(&simulator, &by_itself("free")), 1);
    assert_eq!(asked(&simulator, &dependencies("free", "tools")), 1);
}

#[tokio::test]
async fn a_secret_that_only_by_itself_is_not_found_is_undetermined() {
    for others in [None, Some(forbidden()), Some(busy())] {
        let (outcome, _simulator) = confirming(move |request, reply| match &others {
            _ if request.path == by_itself("free") => not_found(),
            Some(fault) if request.path == dependencies("free", "tools") => fault.clone(),
            _ => reply,
        })
        .await;
        let bundle = assert_undetermined(&outcome, "404");
        assert_eq!(bundle.workspace()["deleted_secrets"], json!([]));
    }
}

#[tokio::test]
async fn nothing_is_confirmed_where_a_place_could_not_be_read() {
    let (outcome, simulator) =
        confirming(|request, reply| if request.path == ENVIRONMENT_VARIABLES { forbidden() } else { reply })
            .await;
    assert_undetermined(&outcome, "environment_variables");
    let alone = |request: &&Request| request.path.starts_with(&format!("{SECRETS}/"));
    assert_eq!(simulator.requests().iter().filter(alone).count(), 0);
}

#[tokio::test]
async fn a_secret_with_a_gap_is_not_confirmed_and_the_others_are() {
    let (outcome, simulator) = confirming(|request, reply| {
        rewrite_used_by(request, reply, "used", |used_by| {
            used_by["others"] = Value::Null;
            used_by["tools"] = json!([]);
        })
    })
    .await;
    let bundle = outcome.bundle();
    assert_eq!((bundle.verdict("used"), bundle.verdict("free")), ("undetermined", "unused"));
    assert_eq!((asked(&simulator, &by_itself("used")), asked(&simulator, &by_itself("free"))), (0, 1));
}

#[tokio::test]
async fn an_invalid_key_at_the_confirmation_fails_the_workspace() {
    for path in [by_itself("free"), dependencies("free", "tools")] {
        let (outcome, _simulator) = confirming(move |request, reply| {
            if request.path == path {
                invalid_api_key()
            } else if request.path == by_itself("free") {
                not_found()
            } else {
                reply
            }
        })
        .await;
        assert_eq!(outcome.code(), 4);
    }
}

#[tokio::test]
async fn hundreds_of_candidates_are_each_asked_once() {
    let ids: Vec<String> = (0..250).map(|number| format!("sec_{number:03}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let (outcome, simulator) = audit(world_of(&ids)).await;
    assert_eq!((outcome.code(), outcome.bundle().json["totals"]["unused"].clone()), (0, json!(250)));
    assert!(ids.iter().all(|id| asked(&simulator, &by_itself(id)) == 1));
    assert_eq!(figure(&outcome.bundle(), "secrets_confirmed"), 250);
}

#[tokio::test]
async fn what_a_scan_found_needs_no_confirmation() {
    let held = [("production", "free")];
    let world =
        World { environment_variables: vec![variable("var_1", "LEDGER", &held)], ..world_of(&["free"]) };
    let (outcome, simulator) = audit(world).await;
    assert_eq!((outcome.code(), asked(&simulator, &by_itself("free"))), (0, 0));
}

#[tokio::test]
async fn a_list_that_was_paged_in_the_walk_and_is_cut_again_at_the_confirmation_is_paged_again() {
    let open = |body: &mut Value| body["agents_has_more"] = json!(true);
    let path = dependencies("free", "agents");
    let simulator = Simulator::start_with(world_of(&["free"]), move |request, reply| {
        let Some(mut body) = reply.body_json() else { return reply };
        if request.path == SECRETS {
            open(&mut body["secrets"][0]["used_by"]);
        } else if request.path == by_itself("free") {
            open(&mut body["used_by"]);
        } else if request.path == dependencies("free", "agents") && request.number == 2 {
            // Taken into use between the walk and the confirmation.
            body["dependencies"] = json!([{"type": "unknown", "id": "agent_late"}]);
        } else {
            return reply;
        }
        Reply::json(200, &body)
    });
    let simulator = simulator.await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(asked(&simulator, &path), 2);
    let bundle = outcome.bundle();
    assert_eq!(bundle.verdict("free"), "in_use");
    assert_eq!(bundle.ids("free", "agent"), ["agent_late"]);
}

#[tokio::test]
async fn a_secret_that_still_says_that_there_is_more_and_shows_nothing_is_undetermined() {
    let simulator =
        simulator::Simulator::start_with(crate::places::world_of(&["sec", "free"]), |request, reply| {
            if request.path != "/v1/convai/secrets/sec" {
                return reply;
            }
            let mut body = reply.body_json().unwrap();
            body["used_by"]["agents_has_more"] = serde_json::json!(true);
            simulator::Reply::json(200, &body)
        })
        .await
        .unwrap();
    let outcome = crate::support::Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!(
        (outcome.code(), bundle.verdict("sec"), bundle.verdict("free")),
        (3, "undetermined", "unused")
    );
}
