//! How much of what a server sends is kept: all of it has a bound, and beyond that of the whole the workspace is failed.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator};

use crate::support::{SECRETS, Setup, asked, code, dependencies, finish, is_walk, serve, serve_with, text};

/// The least that may be set.
pub(crate) const LITTLE: &str = "[audit]\nmax_memory_mib = 16";

/// A page of a list, which leads on to the next one, and is made from its number.
fn page(request: &Request, list: &str, elements: impl Fn(usize) -> Value) -> Reply {
    let this: usize = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let page = json!({list: elements(this), "next_cursor": (this + 1).to_string(), "has_more": true});
    Reply::json(200, &page)
}

/// A secret with this `used_by` in lists that are not cut.
pub(crate) fn secret(id: &str, name: &str, used_by: &Value) -> Value {
    let mut whole = json!({
        "tools": [], "tools_has_more": false, "agents": [], "agents_has_more": false, "phone_numbers": [],
        "phone_numbers_has_more": false, "mcp_servers": [], "others": [],
    });
    whole.as_object_mut().unwrap().extend(used_by.as_object().unwrap().clone());
    json!({"type": "stored", "secret_id": id, "name": name, "used_by": whole})
}

/// A server whose pages of secrets never end.
async fn endless_secrets(name_length: usize) -> Simulator {
    serve_with(Vec::new(), move |request, reply| match request.path == SECRETS {
        true => page(request, "secrets", |this| {
            let one = |at| secret(&format!("sec_{this:06}_{at:03}"), &"n".repeat(name_length), &json!({}));
            (0..100).map(one).collect()
        }),
        false => reply,
    })
    .await
}

#[tokio::test]
async fn pages_of_new_secrets_without_end_fail_the_workspace_by_what_grew_and_nothing_else() {
    let (hostile, good) = (endless_secrets(4_000).await, serve(vec![Secret::new("sec", "key")]).await);
    let outcome = Setup::of(&hostile).section(LITTLE).run().await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    for words in [
        "GET /v1/convai/secrets",
        "[audit] max_memory_mib allows (16 MiB for all workspaces)",
        "MiB of secrets",
        "raise [audit] max_memory_mib, and what the job may take to at least twice as much",
    ] {
        assert!(message.contains(words), "{message}");
    }
    let pages = asked(&hostile, SECRETS);
    assert!((20..100).contains(&pages), "a page has 0.4 MB of names, and {pages} were read");

    let outcome = Setup::of(&hostile).workspace("good", &good).section(LITTLE).run().await;
    assert_eq!(outcome.code(), 3);
    let json = outcome.bundle().json;
    assert_eq!(json["totals"]["unused"], 1, "the other is read as if it were alone");
    let failed = json["failed_workspaces"].to_string();
    assert!(failed.contains("max_memory_mib"), "{json:#}");
}

#[tokio::test]
async fn a_workspace_as_large_as_many_is_far_within_the_bound() {
    let secrets = (0..400).map(|at| Secret::new(&format!("sec_{at}"), "key").with_agents(100)).collect();
    let simulator = serve(secrets).await;
    assert_eq!(Setup::of(&simulator).section(LITTLE).run().await.code(), 0);
}

#[tokio::test]
async fn new_dependents_without_end_fail_the_workspace() {
    let path = dependencies("sec", "agents");
    let hostile = serve_with(vec![Secret::new("sec", "key").with_agents(150)], move |request, reply| {
        if request.path != path {
            return reply;
        }
        page(request, "dependencies", |this| {
            let name = "n".repeat(2_000);
            let one = |at| json!({"type": "available", "id": format!("agent_{this}_{at}"), "name": name});
            (0..100).map(one).collect()
        })
    })
    .await;
    let outcome = Setup::of(&hostile).section(LITTLE).run().await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    assert!(message.contains("dependencies/agents") && message.contains("MiB of dependents"), "{message}");
}

/// What an agent depends through may differ in each telling: all of that together is kept once, and not each sum of it.
#[tokio::test]
async fn one_agent_that_goes_through_something_else_on_each_page_is_one_use() {
    let path = dependencies("sec", "agents");
    let simulator = serve_with(vec![Secret::new("sec", "key").with_agents(150)], move |request, reply| {
        if request.path != path {
            return reply;
        }
        let this: usize = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let agent = json!({"type": "available", "id": "agent", "name": "A",
                           "referenced_resource_ids": [format!("tool_{this}")]});
        let next = (this < 1_000).then(|| (this + 1).to_string());
        Reply::json(200, &json!({"dependencies": [agent], "next_cursor": next}))
    })
    .await;
    let outcome = Setup::of(&simulator).section(LITTLE).run().await;
    let dependents = outcome.bundle().json["workspaces"][0]["secrets"][0]["dependents"].clone();
    let agent = dependents.as_array().unwrap().iter().find(|one| one["id"] == "agent").unwrap().clone();
    assert_eq!(agent["via"].as_array().map(Vec::len), Some(1_001));
}

#[tokio::test]
async fn tools_without_end_fail_the_workspace_too() {
    let hostile = serve_with(vec![Secret::new("sec", "key")], |request, reply| match &*request.path {
        "/v1/convai/tools" => page(request, "tools", |this| {
            let name = "n".repeat(2_000);
            let one = |at| json!({"id": format!("tool_{this}_{at}"), "tool_config": {"name": name}});
            (0..100).map(one).collect()
        }),
        _ => reply,
    })
    .await;
    let outcome = Setup::of(&hostile).section(LITTLE).run().await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    assert!(
        message.contains("GET /v1/convai/tools") && message.contains("MiB of tools, agents"),
        "{message}"
    );
}

#[tokio::test]
async fn references_without_end_to_secrets_that_there_are_not_fail_the_workspace() {
    let path = "/v1/convai/environment-variables";
    let hostile =
        serve_with(vec![Secret::new("sec", "key")], move |request, reply| match request.path == path {
            true => page(request, "environment_variables", |this| {
                let one = |at| {
                    let values: Value = (0..100)
                        .map(|env| {
                            (format!("e{env}"), json!({"secret_id": format!("sec_{this}_{at}_{env}")}))
                        })
                        .collect::<serde_json::Map<_, _>>()
                        .into();
                    json!({"id": format!("v{this}_{at}"), "label": "L", "type": "secret", "values": values})
                };
                (0..20).map(one).collect()
            }),
            false => reply,
        })
        .await;
    let setup = Setup::of(&hostile).section(LITTLE);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    assert!(message.contains("environment-variables") && message.contains("max_memory_mib"), "{message}");

    // `check` takes no place for read after that, and the list of secrets neither.
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 5, "{}", text(&output.stdout));
    let said = text(&output.stdout);
    for path in [SECRETS, path, "/v1/speech-engine", "/v1/convai/settings", "/v1/convai/tools"] {
        let line = said.lines().find(|line| line.split_whitespace().nth(1) == Some(path));
        assert!(line.is_some_and(|line| line.contains("max_memory_mib")), "{path}: {said}");
    }
}

#[tokio::test]
async fn unknown_fields_without_end_take_no_more_than_those_that_are_told() {
    let simulator = serve_with(Vec::new(), |request, reply| {
        if request.path != SECRETS {
            return reply;
        }
        let this: usize = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let mut one = secret("sec_1", "key", &json!({"others": ["a_use"]}));
        let fields = (0..500).map(|at| (format!("field_{this:03}_{at:03}"), json!("x".repeat(100))));
        one.as_object_mut().unwrap().extend(fields);
        Reply::json(
            200,
            &json!({"secrets": [one], "next_cursor": (this < 40).then(|| (this + 1).to_string())}),
        )
    })
    .await;
    let outcome = Setup::of(&simulator).section(LITTLE).run().await;
    let warnings = outcome.bundle().workspace()["warnings"].clone();
    let warnings: Vec<&str> = warnings.as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    let told: Vec<&&str> = warnings.iter().filter(|one| one.contains("field_")).collect();
    assert_eq!(told.len(), 20, "{warnings:#?}");
    assert!(told[0].ends_with("field_000_000") && told[19].ends_with("field_000_019"), "the first in order");
    assert!(
        warnings.iter().any(|one| one.contains("more fields that this program does not know than the 20"))
    );
}

#[tokio::test]
async fn words_in_unknown_fields_without_end_are_counted_too() {
    let hostile = serve_with(Vec::new(), |request, reply| match request.path == SECRETS {
        true => page(request, "secrets", |this| {
            let mut one = secret("sec_000000", "key", &json!({"others": ["a_use"]}));
            let words: Vec<String> = (0..900).map(|at| format!("sec_{:06}", this * 1_000 + at)).collect();
            one["note"] = json!(words.join(" "));
            json!([one])
        }),
        false => reply,
    })
    .await;
    let outcome = Setup::of(&hostile).section(LITTLE).http("max_pages = 400").run().await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    assert!(message.contains("max_memory_mib") && message.contains("words that may be some"), "{message}");
}

#[tokio::test]
async fn of_a_huge_name_as_much_is_kept_as_the_bound_says_and_a_mark_shows_it() {
    let huge = "é".repeat(100_000);
    let simulator = serve_with(Vec::new(), move |request, reply| match request.path == SECRETS {
        true => Reply::json(200, &json!({"secrets": [secret("sec", &huge, &json!({"others": ["u"]}))]})),
        false => reply,
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    let name = outcome.bundle().json["workspaces"][0]["secrets"][0]["name"].as_str().unwrap().to_owned();
    assert_eq!(name.len(), 128 * 1024 + '…'.len_utf8());
    assert!(name.ends_with("é…"));

    let outcome = Setup::of(&endless_secrets(150_000).await).section(LITTLE).run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("max_memory_mib"), "{}", outcome.message());
}

/// A page with one secret, of whose tools there are so many without anything in them.
fn empty_tools(number: usize) -> Reply {
    let elements = vec!["{}"; number].join(",");
    let page = json!({"secrets": [secret("sec", "key", &json!({"tools": ["TOOLS"]}))]}).to_string();
    let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    Reply::Answer { status: 200, headers, body: page.replace("\"TOOLS\"", &elements).into_bytes() }
}

#[tokio::test]
async fn a_million_and_a_half_elements_without_an_id_are_one_use_and_one_line_with_a_count() {
    let reply = empty_tools(1_500_000);
    let simulator = serve_with(
        Vec::new(),
        move |request, whole| if request.path == SECRETS { reply.clone() } else { whole },
    )
    .await;
    let outcome = Setup::of(&simulator).section(LITTLE).run().await;
    let bundle = outcome.bundle();
    assert_eq!(bundle.verdict("sec"), "in_use");
    let warnings = bundle.workspace()["warnings"].to_string();
    assert_eq!(warnings.matches("no id that can be read").count(), 1, "{warnings}");
    assert!(warnings.contains("secret sec: 1500000 dependents of type tool have no id"), "{warnings}");
}

#[tokio::test]
async fn a_use_without_an_id_that_several_answers_show_is_counted_once() {
    let limits = AtomicUsize::new(0);
    let simulator = serve_with(Vec::new(), move |request, reply| {
        if request.path != SECRETS {
            return reply;
        }
        limits.fetch_add(usize::from(is_walk(request, "100")), Relaxed);
        let tools = json!([{}, {"name": "T"}]);
        let used_by = json!({"tools": tools, "agents": [], "agents_has_more": true});
        Reply::json(200, &json!({"secrets": [secret("sec", "key", &used_by)]}))
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    let warnings = outcome.bundle().workspace()["warnings"].to_string();
    assert!(warnings.contains("secret sec: 2 dependents of type tool have no id"), "{warnings}");
}

#[tokio::test]
async fn unknown_names_in_used_by_are_told_up_to_a_number_and_the_verdict_stays_a_doubt() {
    let simulator = serve_with(Vec::new(), |request, reply| {
        if request.path != SECRETS {
            return reply;
        }
        let unknown: Value = (0..20_000)
            .map(|at| (format!("u{at:05}"), json!("who knows")))
            .collect::<serde_json::Map<_, _>>()
            .into();
        Reply::json(200, &json!({"secrets": [secret("sec", "key", &unknown)]}))
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert_eq!(bundle.verdict("sec"), "undetermined");
    let gaps = bundle.gaps("sec");
    assert_eq!(gaps.len(), 101);
    assert!(gaps.iter().any(|gap| gap.contains("more than 100 were not read")), "{gaps:?}");
    let reason = bundle.secret("sec")["reason"].clone();
    assert!(reason.contains("u00018: it is unknown") && reason.ends_with("and 81 more"), "{reason}");
}

#[test]
fn what_may_be_kept_has_bounds_itself() {
    let resolve = |audit: &str| {
        Setup::new().workspace_at("main", "https://a.example", "sk_key").section(audit).resolve()
    };
    assert_eq!(resolve("").unwrap().max_memory_mib, 512);
    assert_eq!(resolve(LITTLE).unwrap().max_memory_mib, 16);
    for outside in [0, 15, 65_537] {
        let error = resolve(&format!("[audit]\nmax_memory_mib = {outside}")).unwrap_err().to_string();
        assert!(
            error.contains(&format!("[audit] max_memory_mib is {outside}; it must be 16 to 65536")),
            "{error}"
        );
    }
}
