//! The id of a secret in a form that no document shows: a use wherever it stands, and a plain value stays one.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;
use simulator::{Reply, Request, Secret, Simulator, World, documents};

use crate::{
    places::{audit, directory, mcp_server, source, variable, world_of},
    support::{SECRETS, Setup, asked},
};

const HELD: &str = "sec_01aaaaaaaaaaaaaaaaaaaaaaaa";
const FREE: &str = "sec_01bbbbbbbbbbbbbbbbbbbbbbbb";
const GONE: &str = "sec_01cccccccccccccccccccccccc";

#[tokio::test]
async fn the_id_of_a_secret_in_known_fields_of_another_ones_entry_is_a_use() {
    let through = Secret::new("sec_1", "n").with_transitive_agent("agent_1", "Desk", &["sec_a"]);
    let world = World::of(vec![
        through,
        Secret::new("sec_2", "n").with_other("sec_b"),
        Secret::new("sec_a", "n"),
        Secret::new("sec_b", "n"),
        Secret::new("sec_c", "n").with_other("sec_c"),
        Secret::new("free", "n"),
    ]);
    let (outcome, _simulator) = audit(World { seat_type: "workspace_admin".to_owned(), ..world }).await;
    let bundle = outcome.bundle();
    let verdicts = ["sec_a", "sec_b", "sec_c", "free"].map(|id| bundle.verdict(id));
    assert_eq!(verdicts, ["in_use", "in_use", "in_use", "unused"]);
    assert_eq!(bundle.ids("sec_a", "agent"), ["agent_1"]);
}

#[tokio::test]
async fn so_it_is_of_a_secret_that_only_a_second_walk_shows() {
    let through = Secret::new("sec_1", "n").with_transitive_agent("agent_1", "Desk", &["sec_b"]);
    let world = World::of(vec![through, Secret::new("sec_a", "n"), Secret::new("sec_b", "n")]);
    let walks = AtomicUsize::new(0);
    let simulator = Simulator::start_with(
        World { seat_type: "workspace_admin".to_owned(), ..world },
        move |request, reply| {
            if request.path != SECRETS {
                return reply;
            }
            let is_first = match request.query("cursor") {
                None => walks.fetch_add(1, Ordering::SeqCst) == 0,
                Some(_) => walks.load(Ordering::SeqCst) == 1,
            };
            let mut body = reply.body_json().unwrap();
            if is_first && let Some(secrets) = body["secrets"].as_array_mut() {
                secrets.retain(|secret| secret["secret_id"] != "sec_b");
            }
            Reply::json(200, &body)
        },
    )
    .await
    .unwrap();
    let bundle = Setup::of(&simulator).section("[audit]\npage_size = 1").run().await.bundle();
    assert_eq!(["sec_a", "sec_b"].map(|id| bundle.verdict(id)), ["unused", "in_use"]);
}

#[tokio::test]
async fn ids_of_too_many_lengths_to_be_searched_for_are_told_as_that() {
    let ids: Vec<String> = (0..40).map(|number| format!("sec {}", "a".repeat(number))).collect();
    let secrets = ids.iter().map(|id| Secret::new(id, "n").with_phone_numbers(1));
    let world = World::of(secrets.chain([Secret::new("free", "n")]).collect());
    let (outcome, _simulator) = audit(world).await;
    let why = source(&outcome.bundle(), "environment_variables")["why"].to_string();
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "undetermined"));
    assert!(why.contains("too many lengths") && !why.contains("quieter"), "{why}");
}

#[tokio::test]
async fn a_code_tool_uses_a_secret_in_whatever_form_it_names_it() {
    for form in documents::Form::ALL {
        let world = World {
            tools: vec![documents::code_tool("tool_1", "Ledger", form, HELD)],
            ..world_of(&[HELD, FREE])
        };
        let (outcome, _) = audit(world).await;
        let bundle = outcome.bundle();
        assert_eq!(
            (outcome.code(), bundle.verdict(HELD), bundle.verdict(FREE)),
            (0, "in_use", "unused"),
            "{form:?}"
        );
        let rows = bundle.dependents_of(HELD, "tool");
        assert_eq!((rows.len(), rows[0]["relation"].as_str()), (1, "mentioned"), "{form:?}");
        assert!(rows[0]["via"].starts_with("tool_config."), "{:?}", rows[0]);
    }
}

#[tokio::test]
async fn an_id_in_any_document_is_a_use() {
    let mut server = mcp_server("mcp_1", "Docs", "nothing");
    server["config"]["request_headers"] = json!({"X": format!("Bearer {HELD}")});
    let mut engine = documents::speech_engine("seng_1", "Kiosk", "wss://speech.example", &json!({}));
    engine["speech_engine"]["auth"] = json!({HELD: 1});
    let of_variable =
        documents::environment_variable("var_1", "ws", "L", "secret", &json!({"production": HELD}));
    let settings = json!({"can_use_mcp_servers": true, "new": {"vault": [HELD]}});
    let mut agent = documents::agent("agent_1", "Sales", &json!({"prompt": format!("Use {HELD}.")}));
    agent.config["name"] = json!("Sales");
    let worlds = [
        ("mcp_server", World { mcp_servers: vec![server], ..World::empty() }),
        ("speech_engine", World { speech_engines: vec![engine], ..World::empty() }),
        ("environment_variable", World { environment_variables: vec![of_variable], ..World::empty() }),
        ("setting", World { settings, ..World::empty() }),
        ("agent", World { agents: vec![agent], ..World::empty() }),
    ];
    for (kind, world) in worlds {
        let (outcome, _) = audit(World { secrets: world_of(&[HELD, FREE]).secrets, ..world }).await;
        let bundle = outcome.bundle();
        assert_eq!(
            (outcome.code(), bundle.verdict(HELD), bundle.verdict(FREE)),
            (0, "in_use", "unused"),
            "{kind}"
        );
        assert_eq!(bundle.dependents_of(HELD, kind)[0]["relation"], "mentioned", "{kind}");
    }
}

#[tokio::test]
async fn the_unknown_field_of_another_secret_may_name_one_and_its_own_id_is_nothing() {
    let mut other = Secret::new(FREE, "free");
    other.used_by.further.insert("note".to_owned(), json!({"own": FREE, "copy_of": HELD}));
    let (outcome, _) =
        audit(World::of(vec![other, Secret::new(HELD, "held"), Secret::new(GONE, "third")])).await;
    let bundle = outcome.bundle();
    assert_eq!((bundle.verdict(HELD), bundle.verdict(GONE)), ("in_use", "unused"));
    assert_eq!(bundle.dependents_of(HELD, "secret")[0]["dependent_id"], FREE);
}

#[tokio::test]
async fn a_plain_value_called_secret_id_is_asked_for_nowhere_and_shown_nowhere() {
    let hush = "APPROLE-VALUE-7f3c";
    let mut tool = documents::tool("tool_1", "Vault", "https://vault.example", &json!({"secret_id": hush}));
    tool["tool_config"]["auth"] = json!({"role_id": "r", "secret_id": hush});
    let mut server = mcp_server("mcp_1", "Docs", HELD);
    server["config"]["request_headers"]["secret_id"] = json!(hush);
    let world = World { tools: vec![tool], mcp_servers: vec![server], ..world_of(&[HELD, FREE]) };
    let (outcome, simulator) = audit(world).await;
    assert_eq!((outcome.code(), outcome.bundle().verdict(FREE)), (0, "unused"));
    assert!(simulator.requests().iter().all(|request| !request.path.contains(hush)));
    for file in fs_err::read_dir(directory(&outcome)).unwrap() {
        let text = fs_err::read_to_string(file.unwrap().path()).unwrap();
        assert!(!text.contains(hush));
    }
}

#[tokio::test]
async fn a_locator_of_a_secret_that_is_gone_is_dangling_and_a_mere_mention_of_one_is_not() {
    let gone = variable("var_1", "OLD", &[("production", GONE)]);
    let said = documents::environment_variable("var_2", "ws", "SAID", "secret", &json!({"production": GONE}));
    let world = World { environment_variables: vec![gone, said], ..world_of(&[HELD, FREE]) };
    let (outcome, simulator) = audit(world).await;
    let dangling = outcome.bundle().workspace()["dangling_references"].as_array().unwrap().clone();
    assert_eq!(dangling.len(), 1);
    assert_eq!((&dangling[0]["id"], &dangling[0]["secret_id"]), (&json!("var_1"), &json!(GONE)));
    assert_eq!(asked(&simulator, &format!("/v1/convai/secrets/{GONE}")), 1);
}

#[tokio::test]
async fn documents_that_were_read_before_an_id_of_another_form_was_known_are_read_again() {
    // The first page of secrets shows ids of one form, and a document that is read meanwhile mentions one of another.
    let odd = "legacy.7";
    let held =
        documents::environment_variable("var_1", "ws", "L", "secret", &json!({"p": format!("<{odd}>")}));
    let mut world = world_of(&[HELD, FREE, odd]);
    world.environment_variables = vec![held];
    let simulator = Simulator::start(world).await.unwrap();
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 2").run().await;
    let bundle = outcome.bundle();
    assert_eq!((outcome.code(), bundle.verdict(odd), bundle.verdict(FREE)), (0, "in_use", "unused"));
    assert_eq!(asked(&simulator, "/v1/convai/environment-variables"), 2);
}

#[tokio::test]
async fn what_only_the_last_look_at_another_secret_mentions_counts() {
    let simulator = Simulator::start_with(world_of(&[HELD, FREE]), |request, reply| {
        if request.path != format!("/v1/convai/secrets/{FREE}") {
            return reply;
        }
        let mut body = reply.body_json().unwrap();
        body["metadata"] = json!({"copied_from": HELD});
        Reply::json(200, &body)
    })
    .await
    .unwrap();
    let outcome = Setup::of(&simulator).run().await;
    let bundle = outcome.bundle();
    assert_eq!((outcome.code(), bundle.verdict(HELD), bundle.verdict(FREE)), (0, "in_use", "unused"));
}

#[tokio::test]
async fn an_id_in_a_field_beside_a_list_is_a_use() {
    for path in [
        "/v1/convai/tools",
        "/v1/convai/mcp-servers",
        "/v1/convai/environment-variables",
        "/v1/speech-engine",
    ] {
        let simulator = Simulator::start_with(world_of(&[HELD, FREE]), move |request, reply| {
            if request.path != path {
                return reply;
            }
            let mut body = reply.body_json().unwrap();
            body["further"] = json!([{"id": "x", "vault": {"secret_id": HELD}}]);
            Reply::json(200, &body)
        })
        .await
        .unwrap();
        let outcome = Setup::of(&simulator).run().await;
        let bundle = outcome.bundle();
        assert_eq!(
            (outcome.code(), bundle.verdict(HELD), bundle.verdict(FREE)),
            (0, "in_use", "unused"),
            "{path}"
        );
    }
}

/// An answer with an unknown field that names HELD, in the object to which `within` leads.
fn naming(request: &Request, reply: Reply, path: &str, within: &str) -> Reply {
    if request.path != path {
        return reply;
    }
    let mut body = reply.body_json().unwrap();
    body.pointer_mut(within).unwrap()["rotated_by"] = json!([{"vault": HELD}]);
    Reply::json(200, &body)
}

#[tokio::test]
async fn an_id_in_an_unknown_field_of_the_lists_of_secrets_and_dependents_is_a_use() {
    let listed = "/v1/convai/secrets".to_owned();
    let paged = crate::support::dependencies(GONE, "tools");
    for (path, within, holder) in [
        (&listed, "", "secrets"),
        (&listed, "/secrets/0/used_by/tools/1", "secret"),
        (&listed, "/secrets/0/used_by/agents/0", "secret"),
        (&paged, "", "secret"),
        (&paged, "/dependencies/0", "secret"),
    ] {
        let used = Secret::new(GONE, "used").with_tools(120).with_agents(1);
        let world = World::of(vec![used, Secret::new(HELD, "held"), Secret::new(FREE, "free")]);
        let path = path.clone();
        let intercept = move |request: &Request, reply| naming(request, reply, &path, within);
        let simulator = Simulator::start_with(world, intercept).await.unwrap();
        let outcome = Setup::of(&simulator).run().await;
        let bundle = outcome.bundle();
        assert_eq!(
            (outcome.code(), bundle.verdict(HELD), bundle.verdict(FREE)),
            (0, "in_use", "unused"),
            "{within}"
        );
        let holders = bundle.dependents_of(HELD, holder);
        assert!(holders[0]["via"].contains("rotated_by.0.vault"), "{holders:?}");
        assert_eq!(bundle.json["totals"]["dependents"], 122, "every dependent is kept as it is");
    }
}

#[tokio::test]
async fn a_field_that_cannot_be_searched_calls_nothing_unused() {
    let deep = format!("{}{HELD:?}{}", "[".repeat(200), "]".repeat(200));
    let simulator = Simulator::start_with(world_of(&[HELD, FREE]), move |request, reply| {
        let Reply::Answer { status, headers, body } = reply else {
            return reply;
        };
        let mut text = String::from_utf8(body).unwrap();
        if request.path == "/v1/convai/secrets" {
            text = text.replacen("\"type\":", &format!("\"vault\":{deep},\"type\":"), 1);
        }
        Reply::Answer { status, headers, body: text.into_bytes() }
    })
    .await
    .unwrap();
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict(HELD)), (3, "undetermined"));
}
