//! Bad answers, broken connections and refused keys on the walk itself: what is tried again, what ends the run,
//! with which code, and what the message says.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use simulator::{Reply, Secret, Simulator, World};

use crate::{
    bundle::names_in,
    support::{
        Outcome, SECRETS, Setup, asked, invalid_api_key, missing_permissions, serve, serve_with, walked,
    },
};

/// A secret with something in it that no message may quote.
fn secrets() -> Vec<Secret> {
    vec![Secret::new("sec", "canary-name").with_agents(2)]
}

/// A simulator that replies `instead` to the list of secrets the first `times` times, and counts how often it did.
async fn failing(times: usize, instead: Reply) -> Simulator {
    serve_with(secrets(), move |request, reply| {
        if request.path == SECRETS && request.number <= times { instead.clone() } else { reply }
    })
    .await
}

/// Runs against a list of secrets that is always answered so. How it ended, and how often it was asked.
async fn always(instead: Reply) -> (Outcome, usize) {
    let simulator = failing(usize::MAX, instead).await;
    let setup = Setup::of(&simulator);
    let outcome = setup.run().await;
    assert!(outcome.result.is_err(), "{outcome:?}");
    assert_eq!(names_in(&setup.out()), [".lock"], "nothing published");
    (outcome, asked(&simulator, SECRETS))
}

/// An answer that is not JSON.
fn body(status: u16, body: &str) -> Reply {
    Reply::Answer { status, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// The first `keep` bytes of an answer.
fn cut(reply: Reply, keep: usize) -> Reply {
    match reply {
        Reply::Answer { status, headers, body } => Reply::Cut { status, headers, body, keep },
        other => panic!("not a plain answer: {other:?}"),
    }
}

#[tokio::test]
async fn a_fault_that_passes_is_tried_again_and_counted() {
    let busy = |status| Reply::error(status, "api_error", "system_busy", "Not now.");
    let faults = [
        busy(408),
        busy(429),
        busy(500),
        busy(502),
        busy(503),
        busy(504),
        busy(529),
        body(502, "<html>"),
        Reply::Close,
        cut(body(200, "{\"secrets\": [], \"next_cursor\": null}"), 0),
        cut(body(200, "{\"secrets\": [], \"next_cursor\": null}"), 20),
        cut(busy(503), 5),
    ];
    for fault in faults {
        let simulator = failing(2, fault.clone()).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!(outcome.code(), 0, "{fault:?}: {outcome:?}");
        let bundle = outcome.bundle();
        assert_eq!(bundle.secret("sec")["agents"], "2");
        assert_eq!(bundle.workspace()["figures"]["retries"], 2, "{fault:?}");
        assert_eq!(asked(&simulator, SECRETS), 3, "{fault:?}");
    }
}

#[tokio::test]
async fn a_body_cut_where_it_would_still_be_json_is_not_taken_for_the_whole() {
    // What is kept is valid JSON by itself, and says that there are no secrets.
    let short = r#"{"secrets": [], "next_cursor": null}"#;
    let (outcome, times) = always(cut(body(200, &format!("{short}       ")), short.len())).await;
    assert_eq!((outcome.code(), times), (5, 5));
}

#[tokio::test]
async fn attempts_end() {
    let (outcome, times) = always(Reply::error(503, "api_error", "system_busy", "Not now.")).await;
    assert_eq!((outcome.code(), times), (5, 5));
    let message = outcome.message();
    for part in ["workspace main", "GET /v1/convai/secrets", "503", "system_busy", "5 attempts", "request id"]
    {
        assert!(message.contains(part), "{part}: {message}");
    }
}

#[tokio::test]
async fn the_number_of_attempts_is_configured() {
    let simulator = failing(usize::MAX, Reply::Close).await;
    assert_eq!(Setup::of(&simulator).http("attempts = 2").run().await.code(), 5);
    assert_eq!(asked(&simulator, SECRETS), 2);
}

#[tokio::test]
async fn what_will_not_get_better_is_not_tried_again() {
    for (status, code) in [(400, 5), (403, 4), (404, 5), (409, 5), (410, 5), (422, 5), (501, 5), (505, 5)] {
        let (outcome, times) = always(Reply::error(status, "x", "y", "z")).await;
        assert_eq!((outcome.code(), times), (code, 1), "{status}");
    }
}

#[tokio::test]
async fn any_success_but_200_is_no_answer() {
    let simulator = serve(secrets()).await;
    drop(simulator);
    for status in [201, 202, 203, 206] {
        let page = Reply::json(status, &json!({"secrets": [], "next_cursor": null}));
        let (outcome, times) = always(page).await;
        assert_eq!((outcome.code(), times), (5, 1), "{status}");
    }
}

#[tokio::test]
async fn a_server_that_asks_for_too_long_a_wait_ends_the_run_at_once() {
    let busy = Reply::error(429, "rate_limit_error", "rate_limit_exceeded", "Slow down.");
    for wait in ["901", "99999999999999999999999999", "Mon, 23 Nov 2026 03:00:00 GMT"] {
        let (outcome, times) = always(busy.clone().with_header("Retry-After", wait)).await;
        assert_eq!((outcome.code(), times), (5, 1), "{wait}");
    }
}

#[tokio::test]
async fn a_wait_that_makes_no_sense_is_ignored() {
    for wait in ["0", "soon", "-1", "", "Mon, 23 Nov 2026 01:00:00 GMT"] {
        let busy = Reply::error(503, "api_error", "system_busy", "Not now.").with_header("Retry-After", wait);
        let simulator = failing(1, busy).await;
        assert_eq!(Setup::of(&simulator).run().await.code(), 0, "{wait}");
    }
}

#[tokio::test]
async fn a_key_that_is_none_or_may_not_is_refused() {
    for refusal in [invalid_api_key(), missing_permissions(), body(401, "no"), body(403, "<html>")] {
        let (outcome, times) = always(refusal).await;
        assert_eq!((outcome.code(), times), (4, 1));
        assert!(outcome.message().contains(" the key"), "{}", outcome.message());
    }
}

#[tokio::test]
async fn a_wrong_key_is_refused() {
    let simulator = serve(secrets()).await;
    let outcome = Setup::new().workspace_with_key("main", &simulator, "sk_other").run().await;
    assert_eq!(outcome.code(), 4);
    assert!(!outcome.message().contains("sk_other"));
}

#[tokio::test]
async fn a_redirect_is_named_and_never_followed() {
    let elsewhere = serve(secrets()).await;
    let target = elsewhere.base_url().join("/v1/convai/secrets").unwrap();
    for status in [301, 302, 303, 307, 308] {
        let redirect = body(status, "").with_header("location", target.as_str());
        let (outcome, times) = always(redirect).await;
        assert_eq!((outcome.code(), times), (5, 1), "{status}");
        assert!(outcome.message().contains(target.as_str()), "{}", outcome.message());
    }
    assert!(elsewhere.requests().is_empty(), "the key would have gone to another host");
}

#[tokio::test]
async fn a_redirect_to_the_same_host_is_not_followed_either() {
    let (outcome, times) = always(body(307, "").with_header("location", "/v1/convai/secrets?again")).await;
    assert_eq!((outcome.code(), times), (5, 1));
}

#[tokio::test]
async fn an_answer_of_the_wrong_shape_is_an_error_that_names_the_place_and_quotes_nothing() {
    let page = |secrets: serde_json::Value| json!({"secrets": secrets, "next_cursor": null}).to_string();
    for (answer, place) in [
        ("<html>canary-name</html>".to_owned(), "the body is not valid JSON"),
        (String::new(), "the body is not valid JSON"),
        ("{\"secrets\": [\"canary-name\"".to_owned(), "the body is not valid JSON"),
        (format!("{} canary-name", page(json!([]))), "the body is not valid JSON"),
        ("\"canary-name\"".to_owned(), "the body is not an object"),
        ("[[{\"secret_id\": \"canary-name\"}], null]".to_owned(), "the body is not an object"),
        ("null".to_owned(), "the body is not an object"),
        ("{\"canary-name\": 1}".to_owned(), "secrets is missing"),
        (page(json!(null)), "secrets is missing"),
        (page(json!({"canary-name": 1})), "secrets is not a list"),
        (page(json!("canary-name")), "secrets is not a list"),
        (page(json!(["canary-name"])), "secrets[0]"),
        (page(json!([["canary-name"]])), "secrets[0]"),
        (page(json!([{"name": "canary-name"}])), "secret_id is missing"),
        (page(json!([{"secret_id": "", "name": "canary-name"}])), "secret_id is missing or empty"),
        (page(json!([{"secret_id": ["canary-name"]}])), "secret_id is not a string"),
        ("{\"secrets\": [], \"secrets\": [], \"x\": \"canary-name\"}".to_owned(), "secrets stands twice"),
        ("{\"secrets\": [], \"next_cursor\": null, \"next_cursor\": \"canary-name\"}".to_owned(), "twice"),
    ] {
        let (outcome, times) = always(body(200, &answer)).await;
        assert_eq!((outcome.code(), times), (5, 1), "{answer}");
        let message = outcome.message();
        assert!(message.contains(place), "{place}: {message}");
        assert!(message.contains("GET /v1/convai/secrets") && message.contains("request id"), "{message}");
        assert!(!message.contains("canary-name") && !message.contains('\n'), "{message}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_utf_8_is_an_error() {
    let answer =
        Reply::Answer { status: 200, headers: Vec::new(), body: b"{\"secrets\": [\"\xff\"]}".to_vec() };
    let (outcome, times) = always(answer).await;
    assert_eq!((outcome.code(), times), (5, 1));
    assert!(outcome.message().contains("UTF-8"), "{}", outcome.message());
}

#[tokio::test]
async fn a_body_beyond_the_bound_is_an_error() {
    let simulator =
        serve((0..100).map(|number| Secret::new(&format!("sec_{number}"), "key")).collect()).await;
    let outcome = Setup::of(&simulator).http("max_body_bytes = 1024").run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("1024"), "{}", outcome.message());
    assert_eq!(asked(&simulator, SECRETS), 1);
}

#[tokio::test]
async fn nobody_listening_is_code_5() {
    let simulator = serve(secrets()).await;
    let setup = Setup::of(&simulator);
    let address = simulator.base_url().to_string();
    drop(simulator);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("connect"), "{address}: {}", outcome.message());
}

/// Audits three secrets, two on a page, where the requests for the second page that `refused` names by number (from
/// 1) are answered with this status.
async fn with_second_page_refused(
    status: u16,
    refused: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> (Outcome, Setup, Simulator) {
    let secrets = (0..3).map(|number| Secret::new(&format!("sec_{number}"), "key")).collect();
    let asked = AtomicUsize::new(0);
    let simulator = Simulator::start_with(World::of(secrets), move |request, reply| {
        let is_second_page = request.path == SECRETS && request.query("cursor").is_some();
        if is_second_page && refused(asked.fetch_add(1, Ordering::Relaxed) + 1) {
            return Reply::error(status, "invalid_request", "y", "z");
        }
        reply
    });
    let simulator = simulator.await.unwrap();
    let setup = Setup::of(&simulator).section("[audit]\npage_size = 2");
    (setup.run().await, setup, simulator)
}

#[tokio::test]
async fn a_later_page_that_fails_fails_the_walk() {
    let (outcome, setup, _simulator) = with_second_page_refused(404, |_| true).await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("page 2"), "{}", outcome.message());
    assert_eq!(names_in(&setup.out()), [".lock"]);
}

#[tokio::test]
async fn a_cursor_refused_midway_starts_the_walk_again_and_says_so() {
    for status in [400, 410, 422] {
        let (outcome, _setup, simulator) = with_second_page_refused(status, |number| number == 1).await;
        assert_eq!(outcome.code(), 0, "{status}");
        let bundle = outcome.bundle();
        assert_eq!(bundle.secrets.len(), 3);
        assert_eq!(walked(&simulator, "20"), 6, "page 1, page 2 refused, page 1, page 2, and both once more");
        let warnings = bundle.workspace()["warnings"].to_string();
        assert!(warnings.contains("started again") && warnings.contains("page 2"), "{warnings}");
    }
}

#[tokio::test]
async fn a_cursor_that_is_refused_again_fails_the_walk() {
    let (outcome, setup, simulator) = with_second_page_refused(410, |_| true).await;
    assert_eq!(outcome.code(), 5);
    assert_eq!(walked(&simulator, "20"), 4);
    assert_eq!(names_in(&setup.out()), [".lock"]);
}
