//! Cursors that the service gave and then refuses, and pages without anything on them: of every list but that of the
//! secrets itself, for which `faults` and `walk` have the same.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator, World, documents};

use crate::support::{Outcome, Setup, asked, dependencies};

const VARIABLES: &str = "/v1/convai/environment-variables";

/// A workspace with three pages of agents that use one secret, and as many of variables that use another.
fn workspace() -> World {
    let values = json!({"production": documents::secret("sec_1")});
    let variable = |number: usize| {
        documents::environment_variable(
            &format!("v_{number:03}"),
            "w",
            &format!("L{number}"),
            "secret",
            &values,
        )
    };
    World {
        environment_variables: (0..250).map(variable).collect(),
        ..World::of(vec![
            Secret::new("sec", "key").with_agents(250),
            Secret::new("sec_1", "other"),
            Secret::new("sec_2", "unused"),
        ])
    }
}

/// Runs where the requests for a later page of `path` that `refused` names by number (from 1) are answered with this
/// status.
async fn with_cursor_refused(
    path: &str,
    status: u16,
    refused: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> (Outcome, Simulator) {
    let (path, asked) = (path.to_owned(), AtomicUsize::new(0));
    let simulator = Simulator::start_with(workspace(), move |request, reply| {
        let is_later_page = request.path == path && request.query("cursor").is_some();
        if is_later_page && refused(asked.fetch_add(1, Relaxed) + 1) {
            return Reply::error(status, "invalid_request", "y", "z");
        }
        reply
    });
    let simulator = simulator.await.unwrap();
    (Setup::of(&simulator).run().await, simulator)
}

fn warnings(outcome: &Outcome) -> String {
    outcome.bundle().workspace()["warnings"].to_string()
}

#[tokio::test]
async fn any_walk_whose_cursor_is_refused_midway_is_started_again_and_says_so() {
    for status in [400, 410, 422] {
        for path in [dependencies("sec", "agents"), VARIABLES.to_owned()] {
            // The third page is refused, then all are read from the first.
            let (outcome, simulator) = with_cursor_refused(&path, status, |number| number == 2).await;
            let again = if path == VARIABLES { 3 } else { 0 };
            assert_eq!((outcome.code(), asked(&simulator, &path)), (0, 3 + 3 + again), "{path} {status}");
            let bundle = outcome.bundle();
            assert_eq!(bundle.secret("sec")["agents"], "250");
            assert_eq!(bundle.dependents_of("sec_1", "environment_variable").len(), 250, "each once");
            assert_eq!(bundle.verdict("sec_2"), "unused");
            let warnings = warnings(&outcome);
            assert!(warnings.contains("started again") && warnings.contains(&path), "{warnings}");
        }
    }
}

#[tokio::test]
async fn no_walk_is_started_again_twice() {
    for path in [dependencies("sec", "agents"), VARIABLES.to_owned()] {
        // Not for ever, so that a client which starts again and again gets to an end, and fails here.
        let (outcome, simulator) = with_cursor_refused(&path, 410, |number| number <= 20).await;
        assert_eq!((outcome.code(), asked(&simulator, &path)), (3, 2 + 2), "{path}");
        let bundle = outcome.bundle();
        let whole = bundle.workspace().to_string();
        assert!(whole.contains("page 2: status 410"), "{whole}");
        if path == VARIABLES {
            assert_eq!(bundle.json["totals"]["unused"], 0);
            assert_eq!(bundle.dependents_of("sec_1", "environment_variable").len(), 100, "a use is a use");
        } else {
            assert_eq!(bundle.secret("sec")["agents"], "100");
        }
    }
}

#[tokio::test]
async fn a_first_page_has_no_cursor_to_be_refused() {
    for path in [dependencies("sec", "agents"), VARIABLES.to_owned()] {
        let concerned = path.clone();
        let simulator = Simulator::start_with(workspace(), move |request, reply| {
            if request.path == concerned { Reply::error(410, "gone", "y", "z") } else { reply }
        });
        let simulator = simulator.await.unwrap();
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), asked(&simulator, &path)), (3, 1), "{path}");
    }
}

#[tokio::test]
async fn other_refusals_of_a_later_page_are_no_reason_to_start_again() {
    for status in [401, 403, 404, 409, 501] {
        for path in [dependencies("sec", "agents"), VARIABLES.to_owned()] {
            let (outcome, simulator) = with_cursor_refused(&path, status, |_| true).await;
            assert_eq!((outcome.code(), asked(&simulator, &path)), (3, 2), "{path} {status}");
        }
    }
}

#[tokio::test]
async fn an_empty_page_with_a_new_cursor_leads_on_in_any_walk() {
    for (path, list) in
        [(dependencies("sec", "agents"), "dependencies"), (VARIABLES.to_owned(), "environment_variables")]
    {
        let concerned = path.clone();
        let is_second = move |request: &Request, body: &Value| {
            request.path == concerned && request.query("cursor").is_some() && !body["next_cursor"].is_null()
        };
        let simulator = Simulator::start_with(workspace(), move |request, reply| {
            let mut body = reply.body_json().unwrap();
            if !is_second(request, &body) {
                return reply;
            }
            body[list] = json!([]);
            Reply::json(200, &body)
        });
        let simulator = simulator.await.unwrap();
        let outcome = Setup::of(&simulator).run().await;
        // Variables are walked once more before `sec_2` is called unused.
        let walks = if path == VARIABLES { 2 } else { 1 };
        assert_eq!((outcome.code(), asked(&simulator, &path)), (0, 3 * walks), "{path}");
        let bundle = outcome.bundle();
        // The page in the middle is nowhere to be seen (of the agents, `used_by` shows it too); the third one is.
        let last = if list == "dependencies" {
            bundle.ids("sec", "agent")
        } else {
            bundle.ids("sec_1", "environment_variable")
        };
        assert_eq!(last.len(), 150, "{path}");
        assert!(last.iter().any(|id| ["agent_0250", "v_249"].contains(id)), "{last:?}");
    }
}

#[tokio::test]
async fn an_empty_cursor_is_the_end_of_any_walk_unless_more_is_said_to_follow() {
    let plain = Simulator::start(workspace()).await.unwrap();
    assert_eq!(Setup::of(&plain).run().await.code(), 0);
    let simulator = Simulator::start_with(workspace(), |_, reply| match reply.body_json() {
        Some(mut body) if body.get("next_cursor").is_some_and(Value::is_null) => {
            body["next_cursor"] = json!("");
            Reply::json(200, &body)
        }
        _ => reply,
    });
    let simulator = simulator.await.unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), simulator.requests().len()), (0, plain.requests().len()));
    assert_eq!(outcome.bundle().verdict("sec_2"), "unused");

    let simulator = Simulator::start_with(workspace(), |request, reply| match reply.body_json() {
        Some(mut body) if request.path == VARIABLES && body["next_cursor"].is_null() => {
            body["next_cursor"] = json!("");
            body["has_more"] = json!(true);
            Reply::json(200, &body)
        }
        _ => reply,
    });
    let outcome = Setup::of(&simulator.await.unwrap()).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("sec_2")), (3, "undetermined"));
}
