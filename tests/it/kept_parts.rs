//! The parts of what is kept that a workspace has most of, or that come in the longest pieces: each has its own bound.

use serde_json::{Value, json};
use simulator::{Reply, Secret};

use crate::{
    kept::{LITTLE, secret},
    support::{SECRETS, Setup, asked, is_walk, serve_with},
};

/// As many references as no workspace has of anything else, in agents that are read while all of them wait to be judged.
#[tokio::test]
async fn a_reference_to_a_listed_secret_takes_little_however_many_there_are() {
    let id = |at: usize| format!("sec_{at:024}");
    let secrets = (0..60).map(|at| Secret::new(&id(at), "key")).collect();
    let agents = 900;
    let simulator = serve_with(secrets, move |request, reply| {
        let Some(agent) = request.path.strip_prefix("/v1/convai/agents") else { return reply };
        let one = |id: &str| json!({"agent_id": id, "name": "A"});
        match agent.strip_prefix('/') {
            Some(agent) if agent.ends_with("/branches") => {
                Reply::json(200, &json!({"results": [], "meta": {"total": 0, "page_size": 100}}))
            }
            Some(agent) => {
                let tools: Vec<Value> =
                    (0..60).map(|at| json!({"request_headers": {"h": {"secret_id": id(at)}}})).collect();
                let mut whole = one(agent);
                whole["conversation_config"] = json!({"agent": {"prompt": {"tools": tools}}});
                Reply::json(200, &whole)
            }
            None => {
                let all: Vec<Value> = (0..agents).map(|at| one(&format!("agent_{at}"))).collect();
                Reply::json(200, &json!({"agents": all, "next_cursor": null, "has_more": false}))
            }
        }
    })
    .await;
    let outcome = Setup::of(&simulator).section(LITTLE).run().await;
    let bundle = outcome.bundle();
    assert_eq!(bundle.secret(&id(59))["agents"], agents.to_string(), "{:#}", bundle.workspace());
}

#[tokio::test]
async fn a_body_counts_while_it_comes() {
    let cut = Reply::Cut {
        status: 200,
        headers: vec![("content-type".to_owned(), "application/json".to_owned())],
        body: vec![b' '; 30 << 20],
        keep: 29 << 20,
    };
    let simulator = serve_with(Vec::new(), move |request, reply| match request.path == SECRETS {
        true => cut.clone(),
        false => reply,
    })
    .await;
    let outcome = Setup::of(&simulator).section(LITTLE).run().await;
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 1));
    assert!(
        outcome.message().contains("answers that wait to be read are to be added"),
        "{}",
        outcome.message()
    );
}

#[tokio::test]
async fn cursors_that_are_refused_on_many_pages_are_one_line_with_a_count() {
    let secrets = (0..40).map(|at| Secret::new(&format!("sec_{at}"), "key").with_agents(30)).collect();
    let simulator = serve_with(secrets, |request, reply| {
        let is_refused = is_walk(request, "100") && request.query("cursor").is_some();
        if is_refused { Reply::error(422, "invalid_request", "y", "z") } else { reply }
    })
    .await;
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 10").run().await;
    let warnings = outcome.bundle().workspace()["warnings"].clone();
    let about: Vec<&Value> = warnings
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one.to_string().contains("dependency_limit=100"))
        .collect();
    assert_eq!(about.len(), 1, "{warnings:#}");
    assert!(
        about[0]
            .to_string()
            .contains("page 2 of the secrets with dependency_limit=100 (and 2 further pages): "),
        "{about:?}"
    );
}

#[tokio::test]
async fn signs_of_a_partial_view_are_told_up_to_a_number_and_none_is_long_in_any_reason() {
    let simulator = serve_with(vec![Secret::new("sec", "key")], |request, reply| {
        if request.path != "/v1/convai/mcp-servers" {
            return reply;
        }
        let agents: Vec<Value> = (0..150)
            .map(|at| json!({"type": "unknown", "id": format!("{at:03}{}", "a".repeat(100_000))}))
            .collect();
        Reply::json(
            200,
            &json!({"mcp_servers": [{"id": "m", "config": {"name": "M"}, "dependent_agents": agents}]}),
        )
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!((outcome.code(), bundle.verdict("sec")), (3, "undetermined"));
    let signs = bundle.workspace()["view"]["signs"].clone();
    let signs: Vec<&str> = signs.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    assert_eq!((signs.len(), signs[100]), (101, "50 further signs are not told"));
    assert!(signs.iter().all(|sign| sign.len() < 310));
    assert!(bundle.secret("sec")["reason"].len() < 1_000);
}

#[tokio::test]
async fn of_unknown_lists_that_the_higher_limit_completes_a_number_is_kept() {
    let simulator = serve_with(Vec::new(), |request, reply| {
        if request.path != SECRETS {
            return reply;
        }
        let shown = if is_walk(request, "100") { 2 } else { 1 };
        let elements: Vec<Value> = (0..shown).map(|at| json!({"id": format!("w{at}")})).collect();
        let mut unknown = serde_json::Map::new();
        for at in 0..300 {
            unknown.insert(format!("u{at:03}"), json!(elements));
            unknown.insert(format!("u{at:03}_has_more"), json!(shown == 1));
        }
        Reply::json(200, &json!({"secrets": [secret("sec", "key", &unknown.into())]}))
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    let json = outcome.bundle().json.to_string();
    assert!(json.contains(r#""lists_completed_by_higher_limit":100"#), "{json}");
}
