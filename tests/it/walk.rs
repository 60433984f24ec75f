//! The pages of the list of secrets: every one is read, each once, and a walk that leads nowhere is an error.

use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, World, world::available};

use crate::{
    bundle::{Bundle, names_in, read_json},
    support::{RUN, SECRETS, Setup, asked, is_walk, serve, serve_with, walked},
};

/// Secrets `sec_000`, `sec_001` and on, which nothing uses.
fn unused_secrets(count: usize) -> Vec<Secret> {
    (0..count).map(|number| Secret::new(&format!("sec_{number:03}"), &format!("key {number:03}"))).collect()
}

/// The ids of the secrets in `secrets.csv`, in its order.
fn ids(bundle: &Bundle) -> Vec<&str> {
    bundle.secrets.iter().map(|row| row["secret_id"].as_str()).collect()
}

/// A page of the list of secrets without any on it.
fn empty_page(next_cursor: &Value) -> Reply {
    Reply::json(200, &json!({"secrets": [], "next_cursor": next_cursor}))
}

#[tokio::test]
async fn an_empty_workspace_that_may_be_is_a_complete_audit_with_headers_and_no_rows() {
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator).section("[audit]\nallow_empty = true");
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert!(bundle.is_complete() && bundle.secrets.is_empty() && bundle.dependents.is_empty());
    let header = |file: &str| {
        let text = fs_err::read_to_string(setup.out().join(RUN).join(file)).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    // Later columns are appended, never inserted.
    assert!(header("secrets.csv").starts_with(
        "workspace,secret_id,secret_name,verdict,reason,complete,tools,agents,phone_numbers,mcp_servers,others,\
         dependents_total"
    ));
    assert!(header("dependents.csv").starts_with(
        "workspace,secret_id,secret_name,verdict,dependent_type,dependent_id,dependent_name,visibility,\
         access_level,relation,via,provider,phone_number,created_at,source"
    ));
    assert_eq!(walked(&simulator, "20"), 1);
}

#[tokio::test]
async fn a_hundred_secrets_are_one_page() {
    let simulator = serve(unused_secrets(100)).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().secrets.len(), 100);
    assert_eq!(asked(&simulator, SECRETS), 1);
}

#[tokio::test]
async fn several_pages_are_walked_to_the_end_and_no_secret_is_lost() {
    let simulator = serve(unused_secrets(250)).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let expected: Vec<String> = (0..250).map(|number| format!("sec_{number:03}")).collect();
    assert_eq!(ids(&bundle), expected);
    assert!(bundle.secrets.iter().all(|row| row["verdict"] == "unused"));
    assert_eq!(bundle.workspace()["figures"]["list_pages"], 6, "and once more before they are called unused");
    assert_eq!(asked(&simulator, SECRETS), 6);
}

#[tokio::test]
async fn each_page_is_raised_with_its_own_cursor_and_only_where_a_list_was_cut() {
    let mut secrets = unused_secrets(5);
    secrets[2] = Secret::new("sec_002", "key 002").with_agents(21);
    let simulator = serve(secrets).await;
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 2").run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().secret("sec_002")["agents"], "21");
    let requests = simulator.requests();
    let cursors = |limit: &str| -> Vec<Option<String>> {
        let pages = requests.iter().filter(|request| is_walk(request, limit));
        pages.map(|request| request.query("cursor").map(str::to_owned)).collect()
    };
    let walk = cursors("20");
    assert_eq!(walk.len(), 2 * 3);
    assert_eq!(cursors("100"), [walk[1].clone()]);
}

#[tokio::test]
async fn rows_are_sorted_by_name_and_then_by_id_whatever_the_order_of_the_api() {
    let secrets = [("c", "same"), ("a", "zeta"), ("b", "same"), ("d", "Alpha")];
    let simulator = serve(secrets.map(|(id, name)| Secret::new(id, name)).into()).await;
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 1").run().await;
    assert_eq!(ids(&outcome.bundle()), ["d", "b", "c", "a"]);
}

#[tokio::test]
async fn an_empty_page_in_the_middle_is_not_the_end() {
    let simulator = serve_with(unused_secrets(3), |request, reply| {
        let body = reply.body_json().unwrap();
        // The second of three pages.
        if request.path == SECRETS && request.query("cursor").is_some() && !body["next_cursor"].is_null() {
            return empty_page(&body["next_cursor"]);
        }
        reply
    })
    .await;
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 1").run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(ids(&outcome.bundle()), ["sec_000", "sec_002"]);
    assert_eq!(asked(&simulator, SECRETS), 2 * 3);
}

#[tokio::test]
async fn a_secret_on_two_pages_is_one_secret_with_all_that_both_show() {
    let world = vec![Secret::new("sec_0", "first").with_tools(2), Secret::new("sec_1", "second")];
    let simulator = serve_with(world, |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path == SECRETS && request.query("cursor").is_some() {
            let mut again = body["secrets"][0].clone();
            again["secret_id"] = json!("sec_0");
            again["name"] = json!("first");
            again["used_by"]["tools"] = json!([available("tool_0002", "Tool 2", 1_700_000_002, "editor")]);
            again["used_by"]["agents"] = json!([available("agent_0001", "Agent 1", 0, "viewer")]);
            body["secrets"].as_array_mut().unwrap().push(again);
            return Reply::json(200, &body);
        }
        reply
    })
    .await;
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 1").run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert_eq!(ids(&bundle), ["sec_0", "sec_1"]);
    assert_eq!(bundle.ids("sec_0", "tool"), ["tool_0001", "tool_0002"]);
    assert_eq!(bundle.ids("sec_0", "agent"), ["agent_0001"]);
    assert_eq!(bundle.secret("sec_0")["dependents_total"], "3");
}

/// Runs against a list of secrets whose every page says this of the next one. The message, with code 5 and
/// nothing published.
async fn lost(next_cursor: Value, pages: usize) -> String {
    let simulator =
        serve_with(
            unused_secrets(1),
            move |request: &Request, reply| {
                if request.path == SECRETS { empty_page(&next_cursor) } else { reply }
            },
        )
        .await;
    let setup = Setup::of(&simulator).http("max_pages = 4");
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 5);
    assert_eq!(asked(&simulator, SECRETS), pages);
    assert_eq!(names_in(&setup.out()), [".lock"]);
    outcome.message()
}

#[tokio::test]
async fn a_repeated_cursor_is_an_error_that_names_endpoint_and_page() {
    let message = lost(json!("again"), 2).await;
    assert!(
        message.contains(SECRETS) && message.contains("page 2") && message.contains("circle"),
        "{message}"
    );
}

#[tokio::test]
async fn an_empty_cursor_is_the_end() {
    let simulator = serve_with(unused_secrets(1), |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path != SECRETS {
            return reply;
        }
        body["next_cursor"] = json!("");
        Reply::json(200, &body)
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (0, 1));
}

#[tokio::test]
async fn a_cursor_that_is_no_string_is_an_error_and_not_the_end() {
    for cursor in [json!(7), json!(false), json!(["x"]), json!({})] {
        let message = lost(cursor, 1).await;
        assert!(message.contains("next_cursor is not a string"), "{message}");
    }
}

#[tokio::test]
async fn a_walk_without_end_ends_at_the_most_pages_allowed() {
    let simulator = serve_with(unused_secrets(1), |request, reply| {
        let next = format!("after {:?}", request.query("cursor"));
        if request.path == SECRETS { empty_page(&json!(next)) } else { reply }
    })
    .await;
    let outcome = Setup::of(&simulator).http("max_pages = 4").run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("max_pages"), "{}", outcome.message());
    assert_eq!(asked(&simulator, SECRETS), 4);
}

#[tokio::test]
async fn a_cursor_that_is_absent_is_the_end() {
    let simulator = serve_with(unused_secrets(1), |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path == SECRETS {
            body.as_object_mut().unwrap().remove("next_cursor");
        }
        Reply::json(reply.status().unwrap(), &body)
    })
    .await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().secrets.len(), 1);
}

#[tokio::test]
async fn a_search_narrows_the_walk_and_every_report_says_so() {
    let names = ["billing & co", "billing/2 ä", "other"];
    let secrets = names.iter().enumerate().map(|(place, name)| Secret::new(&format!("sec_{place}"), name));
    let simulator = serve(secrets.collect()).await;
    let mut setup = Setup::of(&simulator).section("[audit]\npage_size = 1");
    setup.arguments.search = Some("billing".to_owned());
    let outcome = setup.run().await;
    let bundle = outcome.bundle();
    assert_eq!(ids(&bundle), ["sec_0", "sec_1"]);
    assert_eq!(
        (&bundle.json["filtered"], &bundle.json["parameters"]["search"]),
        (&json!(true), &json!("billing"))
    );
    let directory = setup.out().join(RUN);
    let markdown = fs_err::read_to_string(directory.join("report.md")).unwrap();
    assert!(markdown.lines().next().unwrap().contains("FILTERED"), "{markdown}");
    assert_eq!(read_json(&directory.join("manifest.json"))["filtered"], true);
    for request in simulator.requests().iter().filter(|request| request.path == SECRETS) {
        assert_eq!(request.query("search"), Some("billing"), "on every page");
    }
}

#[tokio::test]
async fn without_a_search_nothing_says_filtered() {
    let simulator = serve(unused_secrets(1)).await;
    let setup = Setup::of(&simulator);
    let outcome = setup.run().await;
    assert_eq!(outcome.bundle().json["filtered"], false);
    let markdown = fs_err::read_to_string(setup.out().join(RUN).join("report.md")).unwrap();
    assert!(!markdown.contains("FILTERED"));
    assert!(simulator.requests().iter().all(|request| request.query("search").is_none()));
}

#[tokio::test]
async fn a_key_without_the_permission_to_list_secrets_is_refused_and_nothing_is_published() {
    let simulator = simulator::Simulator::start(World {
        missing_permissions: [SECRETS.to_owned()].into(),
        ..World::of(unused_secrets(1))
    });
    let simulator = simulator.await.unwrap();
    let setup = Setup::of(&simulator);
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 4);
    let message = outcome.message();
    assert!(message.contains("missing_permissions") && message.contains("convai_read"), "{message}");
    assert_eq!(names_in(&setup.out()), [".lock"]);
    assert_eq!(asked(&simulator, SECRETS), 1, "a refusal is not tried again");
}
