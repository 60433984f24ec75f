//! What is sent, and how much at once.

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use simulator::{Request, Secret, Simulator};

use crate::support::{SECRETS, Setup, asked, is_walk, serve, serve_with};

/// Longer than any machine takes; only a test that fails waits for it.
const NEVER: Duration = Duration::from_secs(30);

/// Twelve secrets, each with a list that has to be paged.
fn secrets() -> Vec<Secret> {
    secrets_to_page(12)
}

fn secrets_to_page(count: usize) -> Vec<Secret> {
    (0..count).map(|number| Secret::new(&format!("sec_{number}"), "key").with_agents(150)).collect()
}

/// A simulator that keeps each request for dependents until `together` of them have come.
async fn gathering(together: usize) -> Simulator {
    let arrived = Arc::new((Mutex::new(0_usize), Condvar::new()));
    serve_with(secrets(), move |request, reply| {
        if request.path.contains("/dependencies/") {
            tokio::task::block_in_place(|| {
                let (count, changed) = &*arrived;
                let mut count = count.lock().unwrap();
                *count += 1;
                changed.notify_all();
                drop(changed.wait_timeout_while(count, NEVER, |count| *count < together).unwrap());
            });
        }
        reply
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_requests_as_configured_are_in_flight_and_no_more() {
    for (concurrency, expected) in [(Some(1), 1), (Some(3), 3), (None, 4)] {
        let simulator = gathering(expected).await;
        let mut setup = Setup::of(&simulator);
        setup.arguments.concurrency = concurrency;
        let outcome = setup.run().await;
        assert_eq!(outcome.code(), 0);
        assert_eq!(simulator.peak_in_flight(), expected);
        assert!(outcome.bundle().secrets.iter().all(|row| row["agents"] == "150"));
    }
}

/// How many requests of other kinds came before the last one that `concerned` picks.
fn others_before_the_last(simulator: &Simulator, concerned: impl Fn(&Request) -> bool) -> usize {
    let requests = simulator.requests();
    let last = requests.iter().rposition(&concerned).unwrap();
    requests[..last].iter().filter(|request| !concerned(request)).count()
}

#[tokio::test]
async fn the_next_page_of_secrets_goes_before_all_that_waits() {
    let simulator = serve(secrets()).await;
    let outcome = Setup::of(&simulator).section("[audit]\npage_size = 1").http("concurrency = 1").run().await;
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (0, 24));
    // Each page was asked for as soon as the one before it had been read: meanwhile another could be sent, but for the
    // first one, before which nothing else is asked.
    assert_eq!(others_before_the_last(&simulator, |request| is_walk(request, "20")), 10);
    // Which lists are to be paged is known before any is. (Whose key it is can wait.)
    let is_list = |request: &Request| request.path.contains("/dependencies/") || request.path == "/v1/user";
    assert!(others_before_the_last(&simulator, |request| is_walk(request, "100") || !is_list(request)) <= 12);
}

#[tokio::test]
async fn a_list_that_is_much_longer_than_the_others_is_not_left_for_the_end() {
    let mut secrets = secrets_to_page(40);
    secrets[3] = Secret::new("sec_3", "key").with_agents(1_001);
    let simulator = serve(secrets).await;
    let outcome = Setup::of(&simulator).http("concurrency = 1").run().await;
    assert_eq!(outcome.code(), 0);
    let pages = |id: &str| asked(&simulator, &format!("{SECRETS}/{id}/dependencies/agents"));
    assert_eq!((pages("sec_0"), pages("sec_3")), (2, 11));
    let is_of_the_long_one = |request: &Request| request.path.contains("/sec_3/");
    let requests = simulator.requests();
    let last_of_the_others = requests
        .iter()
        .rposition(|request| request.path.contains("/dependencies/") && !is_of_the_long_one(request));
    let long_after = requests[last_of_the_others.unwrap()..].iter().filter(|one| is_of_the_long_one(one));
    assert!(long_after.count() <= 2, "{:?}", requests.iter().map(|one| &one.path).collect::<Vec<_>>());
}

#[tokio::test]
async fn only_get_is_ever_sent_and_always_with_the_key_in_its_header_alone() {
    let simulator = serve(secrets()).await;
    assert_eq!(Setup::of(&simulator).run().await.code(), 0);
    for request in simulator.requests() {
        assert_eq!(request.method, "GET", "{request:?}");
        assert_eq!(request.api_key.as_deref(), Some("sk_simulated_key"));
        let holds_key = |text: &str| text.contains("sk_simulated_key");
        assert!(!holds_key(&request.path));
        assert!(!request.query.iter().any(|(name, value)| holds_key(name) || holds_key(value)));
        let headers = request.headers.iter().filter(|(_, value)| holds_key(value));
        assert_eq!(headers.map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["xi-api-key"]);
    }
}

#[tokio::test]
async fn requests_name_the_program_and_its_version() {
    let simulator = serve(secrets()).await;
    assert_eq!(Setup::of(&simulator).run().await.code(), 0);
    for request in simulator.requests() {
        let agent = request.headers.iter().find(|(name, _)| name == "user-agent").unwrap();
        assert_eq!(agent.1, concat!("elevenlabs-secrets-audit/", env!("CARGO_PKG_VERSION")));
    }
}

#[tokio::test]
async fn an_address_with_a_path_keeps_it() {
    let simulator = serve(secrets()).await;
    let setup = Setup::new();
    let config = format!(
        "[[workspace]]\nname = \"main\"\nbase_url = \"{}gateway\"\n[http]\nattempts = 1\n",
        simulator.base_url()
    );
    let path = setup.home().join("gateway.toml");
    fs_err::write(&path, config).unwrap();
    let mut binary = crate::support::binary_in(setup.home());
    binary.env("ELEVENLABS_API_KEY", "sk_simulated_key").args(["check", "--config"]).arg(path);
    let output = crate::support::finish(binary).await;
    assert_eq!(crate::support::code(&output), 5, "there is nothing at that path");
    assert_eq!(simulator.requests()[0].path, "/gateway/v1/convai/secrets");
}
