//! What the endpoints of secrets answer: pages, cuts, bounds, cursors, who may ask.

use serde_json::{Value, json};

use super::{Simulator, World, ask, ids, start, tell};
use crate::Secret;

fn many(count: usize) -> World {
    World::of(
        (0..count).map(|number| Secret::new(&format!("sec_{number:04}"), &format!("key-{number}"))).collect(),
    )
}

/// Walks a list to its end; the lengths of its pages.
async fn walk(simulator: &Simulator, target: &str, list: &str) -> (Vec<usize>, Vec<Value>) {
    let (mut lengths, mut all, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let page = tell(simulator, &format!("{target}{cursor}")).await;
        let items = page[list].as_array().unwrap().clone();
        lengths.push(items.len());
        all.extend(items);
        match page.get("next_cursor").and_then(Value::as_str) {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (lengths, all),
        }
    }
}

#[tokio::test]
async fn a_full_last_page_leads_to_no_empty_one() {
    for (count, pages) in [
        (0, vec![0]),
        (1, vec![1]),
        (100, vec![100]),
        (101, vec![100, 1]),
        (200, vec![100, 100]),
        (201, vec![100, 100, 1]),
    ] {
        let simulator = start(many(count)).await;
        let (lengths, all) = walk(&simulator, "v1/convai/secrets?page_size=100", "secrets").await;
        assert_eq!(lengths, pages);
        assert_eq!(
            all.last().map(|last| last["secret_id"].clone()),
            count.checked_sub(1).map(|last| json!(format!("sec_{last:04}")))
        );

        let simulator = start(World::of(vec![Secret::new("sec", "key").with_agents(count)])).await;
        let target = "v1/convai/secrets/sec/dependencies/agents?page_size=100";
        assert_eq!(walk(&simulator, target, "dependencies").await.0, pages);
    }
}

#[tokio::test]
async fn without_a_page_size_all_secrets_come_at_once_and_twenty_dependencies() {
    let simulator = start(many(250)).await;
    let whole = tell(&simulator, "v1/convai/secrets").await;
    assert_eq!(whole["secrets"].as_array().unwrap().len(), 250);
    assert_eq!(whole["next_cursor"], Value::Null);

    let simulator = start(World::of(vec![Secret::new("sec", "key").with_tools(21)])).await;
    let page = tell(&simulator, "v1/convai/secrets/sec/dependencies/tools").await;
    assert_eq!(page["dependencies"].as_array().unwrap().len(), 20);
    let rest = tell(
        &simulator,
        &format!("v1/convai/secrets/sec/dependencies/tools?cursor={}", page["next_cursor"].as_str().unwrap()),
    )
    .await;
    assert_eq!(ids(&rest["dependencies"], "id"), ["tool_0021"]);
    assert!(rest.get("next_cursor").is_none());
}

#[tokio::test]
async fn what_is_out_of_bounds_is_refused() {
    let simulator = start(World::of(vec![Secret::new("sec", "key")])).await;
    for list in [
        "secrets",
        "secrets/sec/dependencies/tools",
        "environment-variables",
        "tools",
        "agents",
        "../speech-engine",
    ] {
        for size in ["0", "101", "-1", "abc", "", "1.5", "99999999999999999999"] {
            let response = ask(&simulator, &format!("v1/convai/{list}?page_size={size}")).await;
            assert_eq!(response.status(), 422, "{list} {size}");
            let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
            assert_eq!(body["detail"][0]["loc"], json!(["query", "page_size"]));
            assert!(body["detail"][0]["msg"].is_string() && body["detail"][0]["type"].is_string());
        }
    }
    for target in [
        "secrets?dependency_limit=0",
        "secrets?dependency_limit=101",
        "secrets/sec/dependencies/mcp_servers",
        "environment-variables?type=password",
        "agents?archived=perhaps",
    ] {
        assert_eq!(ask(&simulator, &format!("v1/convai/{target}")).await.status(), 422, "{target}");
    }
}

#[tokio::test]
async fn lists_are_cut_and_only_three_of_them_say_so() {
    let secret =
        Secret::new("sec", "key").with_tools(21).with_agents(20).with_phone_numbers(101).with_mcp_servers(23);
    let secret = (0..22).fold(secret, |secret, number| secret.with_other(&format!("other_{number}")));
    let simulator = start(World::of(vec![secret])).await;

    for target in ["v1/convai/secrets", "v1/convai/secrets?dependency_limit=20", "v1/convai/secrets/sec"] {
        let answer = tell(&simulator, target).await;
        let used_by = if answer.get("secrets").is_some() {
            &answer["secrets"][0]["used_by"]
        } else {
            &answer["used_by"]
        };
        for (list, length, flag) in [
            ("tools", 20, json!(true)),
            ("agents", 20, json!(false)),
            ("phone_numbers", 20, json!(true)),
            ("mcp_servers", 20, Value::Null),
            ("others", 20, Value::Null),
        ] {
            assert_eq!(used_by[list].as_array().unwrap().len(), length, "{target} {list}");
            assert_eq!(used_by[format!("{list}_has_more")], flag, "{target} {list}");
        }
    }
    let answer = tell(&simulator, "v1/convai/secrets?dependency_limit=100").await;
    let used_by = &answer["secrets"][0]["used_by"];
    assert_eq!(used_by["tools"].as_array().unwrap().len(), 21);
    assert_eq!(used_by["tools_has_more"], false);
    assert_eq!(used_by["phone_numbers"].as_array().unwrap().len(), 100);
    assert_eq!(used_by["phone_numbers_has_more"], true);
    assert_eq!(used_by["mcp_servers"].as_array().unwrap().len(), 23);
}

#[tokio::test]
async fn a_cursor_serves_only_the_query_that_it_came_from() {
    let mut world = many(30);
    world.secrets.push(Secret::new("sec", "other").with_agents(30).with_tools(30));
    let simulator = start(world).await;
    let cursor = |page: &Value| page["next_cursor"].as_str().unwrap().to_owned();
    let of_secrets = cursor(&tell(&simulator, "v1/convai/secrets?page_size=10").await);
    let of_agents = cursor(&tell(&simulator, "v1/convai/secrets/sec/dependencies/agents").await);

    let again = format!("v1/convai/secrets?page_size=10&dependency_limit=100&cursor={of_secrets}");
    assert_eq!(
        tell(&simulator, &again).await["secrets"][0]["secret_id"],
        "sec_0010",
        "the higher limit keeps the page"
    );
    for target in [
        format!("secrets?page_size=10&search=key&cursor={of_secrets}"),
        format!("secrets?page_size=10&cursor={of_agents}"),
        format!("secrets/sec/dependencies/agents?cursor={of_secrets}"),
        format!("secrets/sec/dependencies/tools?cursor={of_agents}"),
        "secrets?cursor=".to_owned(),
        "secrets?cursor=10".to_owned(),
        "secrets?cursor=%F0%9F%99%88%F0%9F%99%88%F0%9F%99%88%F0%9F%99%88%F0%9F%99%88".to_owned(),
        format!("secrets?cursor={}", of_secrets.replace('a', "b").to_uppercase()),
    ] {
        assert_eq!(ask(&simulator, &format!("v1/convai/{target}")).await.status(), 400, "{target}");
    }
}

#[tokio::test]
async fn search_is_a_prefix_of_the_name() {
    let names = ["stripe-live", "old-stripe", "stripe-test", "Stripe"];
    let secrets = names.iter().map(|name| Secret::new(&format!("sec_{name}"), name)).collect();
    let simulator = start(World::of(secrets)).await;
    let found = tell(&simulator, "v1/convai/secrets?search=stripe").await;
    assert_eq!(ids(&found["secrets"], "name"), ["stripe-live", "stripe-test"]);
}

#[tokio::test]
async fn an_unlisted_secret_answers_by_its_id_alone() {
    let mut world = many(1);
    world.unlisted_secrets.push(Secret::new("sec/shared ü", "shared").with_agents(1));
    let simulator = start(world).await;
    assert_eq!(tell(&simulator, "v1/convai/secrets").await["secrets"].as_array().unwrap().len(), 1);
    let id = "sec%2Fshared%20%C3%BC";
    assert_eq!(tell(&simulator, &format!("v1/convai/secrets/{id}")).await["name"], "shared");
    let agents = tell(&simulator, &format!("v1/convai/secrets/{id}/dependencies/agents")).await;
    assert_eq!(ids(&agents["dependencies"], "id"), ["agent_0001"]);

    for target in ["v1/convai/secrets/sec_9", "v1/convai/secrets/sec_9/dependencies/tools"] {
        let response = ask(&simulator, target).await;
        assert_eq!(response.status(), 404);
        let request_id = response.headers()["request-id"].to_str().unwrap().to_owned();
        let error: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
        assert_eq!(error["detail"]["code"], "secret_not_found");
        assert_eq!(error["detail"]["request_id"], request_id);
    }
}

#[tokio::test]
async fn of_ten_thousand_secrets_each_is_found() {
    let mut world = many(9_999);
    world.secrets.push(Secret::new("sec_last", "last").with_tools(120));
    let simulator = start(world).await;
    let (lengths, _) = walk(&simulator, "v1/convai/secrets?page_size=100", "secrets").await;
    assert_eq!(lengths, [100; 100]);
    let target = "v1/convai/secrets/sec_last/dependencies/tools?page_size=100";
    assert_eq!(walk(&simulator, target, "dependencies").await.0, [100, 20]);
}
