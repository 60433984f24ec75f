//! What could not be read besides the walk itself: the audit goes on, says so, ends with 3, and never calls a
//! secret unused over it.

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator};

use crate::{
    bundle::{Bundle, gap_in_words, names_in},
    support::{
        Outcome, Setup, asked, dependencies, invalid_api_key, is_walk, missing_permissions, rewrite_used_by,
        serve, serve_with, walked,
    },
};

/// Faults that make a list not whole, with a word that the reason must hold.
fn faults() -> Vec<(Reply, &'static str)> {
    let html = |status| Reply::Answer { status, headers: Vec::new(), body: b"<html>proxy</html>".to_vec() };
    vec![
        (missing_permissions(), "missing_permissions"),
        (Reply::error(403, "forbidden", "no_access", "Not yours."), "403"),
        (Reply::error(404, "not_found", "secret_not_found", "Gone."), "404"),
        (Reply::error(503, "api_error", "system_busy", "Not now."), "5 attempts"),
        (Reply::Close, "5 attempts"),
        (html(200), "not valid JSON"),
        (html(418), "418"),
        (Reply::json(200, &json!([])), "not an object"),
        (Reply::json(200, &json!({"dependencies": null})), "is missing"),
        (
            Reply::json(302, &json!({})).with_header("location", "https://elsewhere.example/x"),
            "elsewhere.example",
        ),
    ]
}

/// Runs over one secret, `sec`, where each reply to `concerned` is `instead`.
async fn with_fault(
    secret: Secret,
    concerned: impl Fn(&Request) -> bool + Send + Sync + 'static,
    instead: Reply,
) -> (Outcome, Simulator) {
    let simulator = serve_with(
        vec![secret],
        move |request, reply| if concerned(request) { instead.clone() } else { reply },
    );
    let simulator = simulator.await;
    (Setup::of(&simulator).run().await, simulator)
}

/// Asserts that the bundle is published as incomplete, with this verdict on `sec` and a reason that holds `word`.
fn assert_not_whole(outcome: &Outcome, verdict: &str, word: &str) -> Bundle {
    assert_eq!(outcome.code(), 3, "{word}");
    let bundle = outcome.bundle();
    assert!(!bundle.is_complete(), "{word}");
    let secret = bundle.secret("sec");
    assert_eq!((secret["verdict"].as_str(), secret["complete"].as_str()), (verdict, "false"), "{word}");
    let gaps = bundle.gaps("sec");
    assert!(gaps.iter().any(|gap| gap.contains(word)), "{word}: {gaps:?}");
    bundle
}

#[tokio::test]
async fn a_list_of_dependents_that_cannot_be_read_leaves_the_secret_in_use_and_the_audit_incomplete() {
    for (fault, word) in faults() {
        let path = dependencies("sec", "agents");
        let secret = Secret::new("sec", "key").with_agents(150).with_tools(1);
        let (outcome, _simulator) = with_fault(secret, move |request| request.path == path, fault).await;
        let bundle = assert_not_whole(&outcome, "in_use", word);
        assert_eq!(bundle.secret("sec")["agents"], "100", "what the higher limit showed is kept");
        assert_eq!(bundle.secret("sec")["tools"], "1");
        let gaps = bundle.gaps("sec");
        assert!(gaps[0].starts_with("agents: ") && gaps[0].contains("/dependencies/agents"), "{gaps:?}");
    }
}

#[tokio::test]
async fn a_secret_whose_only_list_shows_nothing_and_cannot_be_completed_is_undetermined() {
    for (fault, word) in faults() {
        let path = dependencies("sec", "agents");
        let simulator = serve_with(vec![Secret::new("sec", "key")], move |request, reply| {
            if request.path == path {
                return fault.clone();
            }
            rewrite_used_by(request, reply, "sec", |used_by| used_by["agents_has_more"] = json!(true))
        })
        .await;
        let outcome = Setup::of(&simulator).run().await;
        let bundle = assert_not_whole(&outcome, "undetermined", word);
        assert_eq!(bundle.dependents.len(), 1, "the one row of a secret without dependents");
        assert_eq!(bundle.json["totals"]["unused"], 0);
    }
}

#[tokio::test]
async fn what_the_first_pages_of_a_list_showed_is_kept_when_a_later_one_fails() {
    let path = dependencies("sec", "agents");
    let secret = Secret::new("sec", "key").with_agents(250);
    let second = move |request: &Request| request.path == path && request.query("cursor").is_some();
    let fault = Reply::error(403, "forbidden", "no_access", "Not yours.");
    let (outcome, simulator) = with_fault(secret, second, fault).await;
    let bundle = assert_not_whole(&outcome, "in_use", "403");
    assert_eq!(bundle.secret("sec")["agents"], "100");
    assert_eq!(asked(&simulator, &dependencies("sec", "agents")), 2);
}

#[tokio::test]
async fn pages_of_dependents_that_go_round_in_a_circle_are_a_gap() {
    let path = dependencies("sec", "tools");
    let secret = Secret::new("sec", "key").with_tools(150);
    let page =
        Reply::json(200, &json!({"dependencies": [{"type": "unknown", "id": "x"}], "next_cursor": "again"}));
    let (outcome, simulator) = with_fault(secret, move |request| request.path == path, page).await;
    let bundle = assert_not_whole(&outcome, "in_use", "circle");
    assert_eq!(bundle.secret("sec")["tools"], "101");
    assert_eq!(asked(&simulator, &dependencies("sec", "tools")), 2);
}

#[tokio::test]
async fn an_empty_page_of_dependents_with_a_cursor_is_not_the_end() {
    let path = dependencies("sec", "tools");
    let simulator = serve_with(vec![Secret::new("sec", "key").with_tools(250)], move |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path == path && request.query("cursor").is_some() && !body["next_cursor"].is_null() {
            body["dependencies"] = json!([]);
            return Reply::json(200, &body);
        }
        reply
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    // The second hundred is nowhere to be seen; what counts is that the third page is.
    assert_eq!(outcome.bundle().secret("sec")["tools"], "150");
    assert_eq!(asked(&simulator, &dependencies("sec", "tools")), 3);
}

#[tokio::test]
async fn a_page_that_cannot_be_asked_for_at_the_higher_limit_is_a_gap_and_its_lists_are_paged_all_the_same() {
    for (fault, _) in faults() {
        let secret = Secret::new("sec", "key").with_agents(30).with_phone_numbers(130);
        let (outcome, simulator) = with_fault(secret, |request| is_walk(request, "100"), fault).await;
        assert_eq!(outcome.code(), 3);
        let bundle = outcome.bundle();
        assert!(!bundle.is_complete());
        let secret = bundle.secret("sec");
        assert_eq!((secret["agents"].as_str(), secret["phone_numbers"].as_str()), ("30", "130"));
        let gaps: Vec<String> =
            bundle.workspace()["gaps"].as_array().unwrap().iter().map(gap_in_words).collect();
        assert!(gaps.iter().any(|gap| gap.contains("dependency_limit=100")), "{gaps:?}");
        assert_eq!(asked(&simulator, &dependencies("sec", "agents")), 1);
    }
}

#[tokio::test]
async fn a_list_that_only_the_higher_limit_could_complete_is_not_whole_without_it() {
    let secret = Secret::new("sec", "key").with_mcp_servers(30);
    let fault = Reply::error(403, "forbidden", "no_access", "Not yours.");
    let (outcome, _simulator) = with_fault(secret, |request| is_walk(request, "100"), fault).await;
    let bundle = assert_not_whole(&outcome, "in_use", "mcp_servers");
    assert_eq!(bundle.secret("sec")["mcp_servers"], "20");
}

#[tokio::test]
async fn a_secret_that_is_gone_from_the_page_at_the_higher_limit_is_paged_and_kept() {
    let secrets = vec![Secret::new("sec", "key").with_agents(30), Secret::new("sec_1", "other")];
    let simulator = serve_with(secrets, |request, reply| {
        let mut body = reply.body_json().unwrap();
        if is_walk(request, "100") {
            body["secrets"].as_array_mut().unwrap().remove(0);
            return Reply::json(200, &body);
        }
        reply
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.bundle().secret("sec")["agents"], "30");
    assert_eq!(asked(&simulator, &dependencies("sec", "agents")), 1);
}

#[tokio::test]
async fn a_secret_that_first_shows_at_the_higher_limit_is_audited_like_the_others() {
    let secrets =
        vec![Secret::new("sec", "key").with_agents(30), Secret::new("sec_1", "new").with_tools(130)];
    let simulator = serve_with(secrets, |request, reply| {
        let mut body = reply.body_json().unwrap();
        if is_walk(request, "20") {
            body["secrets"].as_array_mut().unwrap().remove(1);
            return Reply::json(200, &body);
        }
        reply
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!(
        (bundle.secret("sec")["agents"].as_str(), bundle.secret("sec_1")["tools"].as_str()),
        ("30", "130")
    );
}

#[tokio::test]
async fn a_key_that_turns_invalid_halfway_fails_the_whole_workspace() {
    let path = dependencies("sec", "agents");
    let secret = || Secret::new("sec", "key").with_agents(150);
    let dependents = with_fault(secret(), move |request| request.path == path, invalid_api_key()).await;
    let raised = with_fault(secret(), |request| is_walk(request, "100"), invalid_api_key()).await;
    for (outcome, _simulator) in [dependents, raised] {
        assert_eq!(outcome.code(), 4);
        assert!(outcome.message().contains("invalid_api_key"), "{}", outcome.message());
    }
}

#[tokio::test]
async fn a_failed_run_leaves_nothing_but_the_lock() {
    let simulator = serve_with(vec![Secret::new("sec", "key").with_agents(21)], |request, reply| {
        if is_walk(request, "100") { invalid_api_key() } else { reply }
    });
    let simulator = simulator.await;
    let setup = Setup::of(&simulator);
    assert_eq!(setup.run().await.code(), 4);
    assert_eq!(names_in(&setup.out()), [".lock"]);
}

/// The outcome where the list of secrets shows `sec` with a `used_by` that `rewrite` has changed.
async fn with_used_by(secret: Secret, rewrite: impl Fn(&mut Value) + Send + Sync + 'static) -> Outcome {
    let simulator =
        serve_with(vec![secret], move |request, reply| rewrite_used_by(request, reply, "sec", &rewrite));
    let simulator = simulator.await;
    Setup::of(&simulator).run().await
}

#[tokio::test]
async fn used_by_that_cannot_be_read_never_means_unused() {
    for odd in [json!(null), json!([]), json!("none"), json!(0), json!(false)] {
        let word = if odd.is_null() { "missing" } else { "not an object" };
        let outcome = with_used_by(Secret::new("sec", "key"), move |used_by| *used_by = odd.clone()).await;
        assert_not_whole(&outcome, "undetermined", word);
    }
}

#[tokio::test]
async fn a_list_without_an_endpoint_of_its_own_that_cannot_be_read_is_a_gap() {
    for list in ["mcp_servers", "others"] {
        for odd in [json!(null), json!({}), json!("x"), json!(0), json!(false)] {
            let outcome =
                with_used_by(Secret::new("sec", "key"), move |used_by| used_by[list] = odd.clone()).await;
            assert_not_whole(&outcome, "undetermined", list);
        }
    }
}

#[tokio::test]
async fn a_list_that_can_be_paged_and_cannot_be_read_is_paged() {
    for list in ["tools", "agents", "phone_numbers"] {
        for odd in [json!(null), json!({}), json!("x"), json!(0)] {
            let secret = Secret::new("sec", "key").with_tools(2).with_agents(2).with_phone_numbers(2);
            let outcome = with_used_by(secret, move |used_by| used_by[list] = odd.clone()).await;
            assert_eq!(outcome.code(), 0, "{list}");
            assert_eq!(outcome.bundle().secret("sec")[list], "2");
        }
    }
}

#[tokio::test]
async fn a_list_that_must_be_there_and_is_not_is_a_gap() {
    let outcome = with_used_by(Secret::new("sec", "key"), |used_by| {
        used_by.as_object_mut().unwrap().remove("others");
    })
    .await;
    assert_not_whole(&outcome, "undetermined", "others");
}

#[tokio::test]
async fn a_gap_of_one_secret_leaves_the_verdicts_on_others_alone() {
    let secrets = vec![Secret::new("sec", "key").with_mcp_servers(100), Secret::new("sec_1", "other")];
    let simulator = serve(secrets).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert_eq!((bundle.verdict("sec"), bundle.verdict("sec_1")), ("in_use", "unused"));
    assert_eq!(walked(&simulator, "100"), 1);
}

/// What `report.json` says of each secret in codes.
fn in_codes(outcome: &Outcome) -> Vec<Value> {
    let bundle = outcome.bundle();
    let secrets = bundle.workspace()["secrets"].as_array().unwrap();
    let codes = |one: &Value| json!([one["secret_id"], one["reason_code"], one["missing"]]);
    secrets.iter().map(codes).collect()
}

#[tokio::test]
async fn what_the_report_says_in_words_it_says_in_codes_too() {
    let path = dependencies("many", "agents");
    let secrets = || {
        vec![
            Secret::new("free", "free"),
            Secret::new("many", "many").with_agents(150),
            Secret::new("used", "used").with_tools(1),
        ]
    };
    let simulator = serve_with(secrets(), move |request, reply| {
        let is_refused = request.path == path || request.path == "/v1/convai/settings";
        if is_refused { missing_permissions() } else { reply }
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    let expected = [
        json!(["free", "not_read_whole", [{"code": "place", "source": "settings"}]]),
        json!(["many", "used_at_least", [{"code": "list", "type": "agent"}]]),
        json!(["used", "used", null]),
    ];
    assert_eq!(in_codes(&outcome), expected);
    let gap = outcome.bundle().workspace()["secrets"][1]["gaps"][0].clone();
    assert_eq!(gap["missing"], json!({"code": "list", "type": "agent"}));
    let [doubt, error] = [0, 1].map(|at| &gap["cause"]["rest_not_read"][at]);
    assert_eq!(doubt, &json!({"cut": 100}));
    assert!(gap["why"].as_str().unwrap().ends_with(error.as_str().unwrap()), "{gap}");

    let whole = serve(secrets()).await;
    for (policy, code) in [("", "unused"), ("[policy]\nunused_after_days = 30", "within_grace")] {
        let outcome = Setup::of(&whole).section(policy).run().await;
        assert_eq!(in_codes(&outcome)[0], json!(["free", code, null]));
        assert_eq!(
            outcome.bundle().secret("free")["reason"].contains("within grace"),
            code == "within_grace"
        );
    }
}
