//! Who may ask, how many at once, what is recorded, and the ways in which an answer goes wrong.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{KEY, Simulator, World, ask, client, start, tell, try_ask};
use crate::{Reply, Secret};

const SECRETS: &str = "v1/convai/secrets";

async fn start_with(intercept: impl Fn(Reply) -> Reply + Send + Sync + 'static) -> Simulator {
    let world = World::of(vec![Secret::new("sec", "key")]);
    Simulator::start_with(world, move |_, reply| intercept(reply)).await.unwrap()
}

/// The parts of an answer, for other replies with the same content.
fn parts(reply: Reply) -> (u16, Vec<(String, String)>, Vec<u8>) {
    match reply {
        Reply::Answer { status, headers, body } => (status, headers, body),
        other => panic!("not a plain answer: {other:?}"),
    }
}

/// The server hears of a client that comes or goes a moment later.
async fn until_in_flight(simulator: &Simulator, count: usize) {
    let reached = async {
        while simulator.shared.log.lock().in_flight() != count {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(Duration::from_secs(20), reached).await.unwrap();
}

async fn error(simulator: &Simulator, target: &str) -> (u16, Value) {
    let response = ask(simulator, target).await;
    let request_id = response.headers()["request-id"].to_str().unwrap().to_owned();
    let status = response.status().as_u16();
    let body: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(body["detail"]["request_id"], request_id, "an error names its request");
    (status, body)
}

#[tokio::test]
async fn only_the_key_of_the_world_is_let_in_and_only_get() {
    let simulator = start(World::empty()).await;
    let address = simulator.base_url().join(SECRETS).unwrap();
    for request in [
        client().get(address.clone()),
        client().get(address.clone()).header("xi-api-key", "sk_other"),
        client().get(address.clone()).bearer_auth(KEY),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 401);
    }
    for request in [client().post(address.clone()), client().delete(address.clone()), client().patch(address)]
    {
        assert_eq!(request.header("xi-api-key", KEY).send().await.unwrap().status(), 405);
    }
    let asked = simulator.requests();
    let methods: Vec<&str> = asked.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["GET", "GET", "GET", "POST", "DELETE", "PATCH"]);
    assert_eq!(asked[0].api_key, None);
    assert_eq!(asked[1].api_key.as_deref(), Some("sk_other"));
}

#[tokio::test]
async fn a_missing_permission_closes_the_endpoints_that_need_it() {
    let lacking = |permissions: &[&str]| World {
        missing_permissions: permissions.iter().map(|one| (*one).to_owned()).collect::<BTreeSet<_>>(),
        ..World::of(vec![Secret::new("sec", "key")])
    };
    let all = [SECRETS, "v1/convai/secrets/sec", "v1/convai/settings", "v1/speech-engine", "v1/user"];
    for (permissions, closed) in [
        (&["convai_read"][..], vec![0, 1, 2, 3]),
        (&["user_read"], vec![4]),
        (&["/v1/speech-engine"], vec![3]),
        (&["/v1/convai/secrets/"], vec![0, 1]),
        (&["/v1/convai/secrets/s", "/v1/convai/set"], vec![]),
        (&["/v1/convai/settings", "user_read"], vec![2, 4]),
    ] {
        let simulator = start(lacking(permissions)).await;
        for (place, target) in all.iter().enumerate() {
            if closed.contains(&place) {
                let (status, body) = error(&simulator, target).await;
                assert_eq!((status, &body["detail"]["code"]), (401, &json!("missing_permissions")));
            } else {
                tell(&simulator, target).await;
            }
        }
    }
}

#[tokio::test]
async fn more_at_once_than_the_limit_is_refused() {
    let world = World { concurrency_limit: Some(2), ..World::empty() };
    let simulator = Simulator::start_with(world, |request, reply| match request.query("search") {
        Some("forever") => Reply::Hang,
        _ => reply,
    });
    let simulator = simulator.await.unwrap();
    let hang = || try_ask(&simulator, "v1/convai/secrets?search=forever");
    let refused = async {
        until_in_flight(&simulator, 2).await;
        error(&simulator, SECRETS).await
    };
    tokio::select! {
        _ = hang() => panic!("an answer"),
        _ = hang() => panic!("an answer"),
        (status, body) = refused => {
            assert_eq!((status, &body["detail"]["code"]), (429, &json!("concurrent_limit_exceeded")));
        }
    }
    assert_eq!(simulator.peak_in_flight(), 3);
    until_in_flight(&simulator, 0).await;
    let later = ask(&simulator, SECRETS).await;
    assert_eq!(later.status(), 200);
    assert_eq!(later.headers()["current-concurrent-requests"], "1");
    assert_eq!(later.headers()["maximum-concurrent-requests"], "2");
}

#[tokio::test]
async fn a_delayed_answer_is_in_flight_until_then() {
    let after = Duration::from_millis(5);
    let simulator = start_with(move |reply| Reply::Delayed { after, reply: Box::new(reply) }).await;
    let started = Instant::now();
    let both = tokio::join!(tell(&simulator, SECRETS), tell(&simulator, SECRETS));
    assert!(started.elapsed() >= after);
    assert_eq!(both.0, both.1);
    assert!(simulator.peak_in_flight() >= 1);
}

#[tokio::test]
async fn a_cut_answer_promises_more_than_it_holds() {
    let simulator = start_with(|reply| {
        let (status, headers, body) = parts(reply);
        Reply::Cut { status, headers, body, keep: 10 }
    })
    .await;
    let mut response = ask(&simulator, SECRETS).await;
    assert_eq!(response.status(), 200);
    assert!(response.content_length().unwrap() > 10);
    assert_eq!(response.chunk().await.unwrap().unwrap().len(), 10);
    assert!(response.chunk().await.is_err());
    assert_eq!(ask(&simulator, SECRETS).await.status(), 200, "the next connection is a new one");
}

#[tokio::test]
async fn a_closed_connection_is_no_answer() {
    let simulator = start_with(|_| Reply::Close).await;
    let error = try_ask(&simulator, SECRETS).await.unwrap_err();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(simulator.requests().len(), 1);
}

#[tokio::test]
async fn a_hanging_request_ends_with_its_client() {
    let simulator = start_with(|_| Reply::Hang).await;
    for _ in 0..2 {
        assert!(timeout(Duration::from_millis(20), try_ask(&simulator, SECRETS)).await.is_err());
        until_in_flight(&simulator, 0).await;
    }
    assert_eq!(simulator.peak_in_flight(), 1);
}

#[tokio::test]
async fn drops_come_one_by_one_and_add_up() {
    let simulator = start_with(|reply| {
        let (status, headers, body) = parts(reply);
        Reply::Drip { status, headers, body, every: Duration::from_micros(50) }
    })
    .await;
    let mut response = ask(&simulator, SECRETS).await;
    let (mut whole, mut chunks) = (Vec::new(), 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        whole.extend_from_slice(&chunk);
        chunks += 1;
    }
    assert!(chunks > 5, "{chunks}");
    assert_eq!(serde_json::from_slice::<Value>(&whole).unwrap()["secrets"][0]["secret_id"], "sec");
    assert_eq!(tell(&simulator, SECRETS).await["next_cursor"], Value::Null);
    assert_eq!(simulator.peak_in_flight(), 1);
}

#[tokio::test]
async fn an_intercept_may_rewrite_and_may_count() {
    let world = World::of(vec![Secret::new("sec", "key")]);
    let simulator = Simulator::start_with(world, |request, reply| {
        if request.number == 1 {
            return Reply::error(503, "api_error", "system_busy", "Not now.").with_header("Retry-After", "1");
        }
        let mut body = reply.body_json().unwrap();
        body["secrets"][0]["name"] = json!(format!("{:?}", request.query("search")));
        Reply::json(200, &body)
    })
    .await
    .unwrap();
    let target = format!("{SECRETS}?search=k%C3%A4y%20x&page_size=5&search=");
    let first = ask(&simulator, &target).await;
    assert_eq!((first.status().as_u16(), &first.headers()["retry-after"]), (503, &"1".parse().unwrap()));
    assert_eq!(tell(&simulator, &target).await["secrets"][0]["name"], "Some(\"\")");
    assert_eq!(simulator.requests()[1].query[0], ("search".to_owned(), "käy x".to_owned()));
    assert_eq!(error(&simulator, SECRETS).await.0, 503, "another query is counted by itself");
}

#[tokio::test]
async fn request_ids_follow_from_what_is_asked() {
    let world = || World::of(vec![Secret::new("sec", "key")]);
    let (one, other) = (start(world()).await, start(world()).await);
    let id = async |simulator: &Simulator, target: &str| {
        ask(simulator, target).await.headers()["request-id"].to_str().unwrap().to_owned()
    };
    let targets = ["v1/convai/secrets", "v1/convai/secrets?page_size=1", "v1/convai/secrets", "v1/nowhere"];
    let mut ids = Vec::new();
    for target in targets {
        ids.push(id(&one, target).await);
    }
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), 4);
    assert_eq!(id(&other, targets[3]).await, ids[3]);
    assert_eq!(id(&other, targets[0]).await, ids[0]);
    assert_eq!(id(&other, targets[1]).await, ids[1]);
    assert_eq!(id(&other, targets[2]).await, ids[2]);
    // Published in the sample.
    assert_eq!(ids[0], "26faf8fade5dfdc8");
}

#[tokio::test]
async fn dropping_it_frees_the_address() {
    let simulator = start(World::empty()).await;
    let address = simulator.base_url().join(SECRETS).unwrap();
    let client = client();
    let ask = || client.get(address.clone()).header("xi-api-key", KEY).send();
    assert_eq!(ask().await.unwrap().status(), 200);
    drop(simulator);
    while ask().await.is_ok() {
        tokio::task::yield_now().await;
    }
}
