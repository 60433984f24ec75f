//! The key appears nowhere: a canary key is searched for in all that a run writes, whatever happens to it.

use std::path::Path;

use serde_json::json;
use simulator::{Reply, Request, Secret, Simulator, World};

use crate::support::{SECRETS, Setup, code, dependencies, finish, text};

const KEY: &str = "sk_canary_7f3e9a51c0d2";

/// What no output may hold: the key, and the part of it that could be told from any other key.
const CANARY: &str = "canary_7f3e";

/// An error whose message, code and request id echo the key.
fn echoing(status: u16) -> Reply {
    let message = format!("The key {KEY} is not good enough; {KEY}{KEY}");
    let body = json!({"detail": {"code": format!("bad_{KEY}"), "message": message, "request_id": KEY}});
    Reply::json(status, &body).with_header("request-id", KEY)
}

/// Validation errors that echo the key.
fn echoing_violation() -> Reply {
    Reply::json(422, &json!({"detail": [{"loc": ["header", KEY], "msg": format!("bad {KEY}"), "type": "x"}]}))
}

/// An answer that is not what it should be and holds the key.
fn malformed(body: &str) -> Reply {
    let body = body.replace("KEY", KEY).into_bytes();
    Reply::Answer { status: 200, headers: vec![("request-id".to_owned(), KEY.to_owned())], body }
}

/// A redirect to an address with the key in it.
fn redirect() -> Reply {
    let location = format!("https://elsewhere.example/{KEY}?xi-api-key={KEY}");
    Reply::Answer { status: 302, headers: vec![("location".to_owned(), location)], body: KEY.into() }
}

/// A body that breaks off in the middle of the key.
fn cut() -> Reply {
    let body = format!("{{\"secrets\": \"{KEY}\"}}").into_bytes();
    Reply::Cut { status: 200, headers: Vec::new(), body, keep: 25 }
}

/// Everything that can go wrong, by name, with what the server says then.
fn failures() -> Vec<(&'static str, Reply)> {
    vec![
        ("401", echoing(401)),
        ("403", echoing(403)),
        ("404", echoing(404)),
        ("422", echoing_violation()),
        ("429", echoing(429).with_header("retry-after", KEY)),
        ("500", echoing(500)),
        ("a plain text error", Reply::Answer { status: 500, headers: Vec::new(), body: KEY.into() }),
        ("a redirect", redirect()),
        ("no JSON", malformed("<html>KEY</html>")),
        ("the wrong shape", malformed("[\"KEY\"]")),
        ("the wrong field", malformed("{\"KEY\": \"KEY\"}")),
        ("the wrong type", malformed("{\"secrets\": \"KEY\", \"dependencies\": \"KEY\"}")),
        ("no whole body", cut()),
        ("no answer", Reply::Close),
    ]
}

/// Asserts that nothing under `directory` holds the key, in content or name. How many files there are.
fn search(directory: &Path) -> usize {
    let mut files = 0;
    for entry in fs_err::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        assert!(!path.to_str().unwrap().contains(CANARY), "{}", path.display());
        if path.is_dir() && !path.is_symlink() {
            files += search(&path);
        } else if path.is_file() {
            let content = String::from_utf8_lossy(&fs_err::read(&path).unwrap()).into_owned();
            assert!(!content.contains(CANARY), "{} holds the key", path.display());
            files += 1;
        }
    }
    files
}

/// Runs `command` as loudly as it goes, in both forms of log, and searches all that it leaves. The exit code and
/// what it said.
async fn searched(simulator: &Simulator, command: &str) -> (i32, String) {
    let mut last = None;
    for log_format in ["json", "text"] {
        let setup = Setup::new().workspace_with_key("main", simulator, KEY);
        let mut binary = if command == "audit" { setup.audit() } else { setup.binary(command) };
        binary.args(["-vv", "--log-format", log_format]);
        let output = finish(binary).await;
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(!said.contains(CANARY), "{said}");
        assert!(search(setup.home()) > 0, "at least the configuration");
        last = Some((code(&output), said));
    }
    last.unwrap()
}

/// A workspace that lets the canary in, and gives `instead` to what `concerned` picks.
async fn workspace(
    concerned: impl Fn(&Request) -> bool + Send + Sync + 'static,
    instead: Reply,
) -> Simulator {
    let secrets = vec![Secret::new("sec", "key").with_agents(150), Secret::new("sec_1", "stale")];
    let world = World { api_key: KEY.to_owned(), ..World::of(secrets) };
    let replaced = move |request: &Request, reply| if concerned(request) { instead.clone() } else { reply };
    Simulator::start_with(world, replaced).await.unwrap()
}

#[tokio::test]
async fn the_key_is_in_nothing_that_a_good_run_writes() {
    let simulator = workspace(|_| false, Reply::Close).await;
    let (code, said) = searched(&simulator, "audit").await;
    assert_eq!(code, 0);
    assert!(said.contains("GET"), "requests are logged: {said}");
    let used = simulator.requests().iter().all(|request| request.api_key.as_deref() == Some(KEY));
    assert!(used, "it was this key");
}

#[tokio::test]
async fn the_key_is_in_nothing_that_a_failed_walk_writes() {
    for (name, fault) in failures() {
        let simulator = workspace(|request| request.path == SECRETS, fault).await;
        let (code, said) = searched(&simulator, "audit").await;
        assert!([4, 5].contains(&code), "{name}: {code}");
        if ["401", "403", "404", "422", "500", "a redirect"].contains(&name) {
            assert!(said.contains("[the key]"), "{name}: the echo was met and taken out: {said}");
        }
    }
}

#[tokio::test]
async fn the_key_is_in_no_report_where_a_gap_quotes_the_server() {
    for (name, fault) in failures() {
        let path = dependencies("sec", "agents");
        let simulator = workspace(move |request| request.path == path, fault).await;
        let (code, _) = searched(&simulator, "audit").await;
        assert_eq!(code, 3, "{name}");
    }
}

#[tokio::test]
async fn the_key_is_in_nothing_that_check_says() {
    for (name, fault) in [("500", echoing(500)), ("401", echoing(401)), ("a redirect", redirect())] {
        let simulator = workspace(|request| request.path == SECRETS, fault).await;
        let (code, _) = searched(&simulator, "check").await;
        assert!([4, 5].contains(&code), "{name}: {code}");
    }
    let simulator = workspace(|_| false, Reply::Close).await;
    assert_eq!(searched(&simulator, "check").await.0, 0);
}

#[tokio::test]
async fn a_key_that_cannot_be_sent_is_not_shown() {
    let simulator = workspace(|_| false, Reply::Close).await;
    let setup = Setup::new().workspace_with_key("main", &simulator, &format!("{KEY}\u{1}x"));
    let mut binary = setup.audit();
    binary.arg("-vv");
    let output = finish(binary).await;
    assert_eq!(code(&output), 2);
    assert!(!text(&output.stderr).contains(CANARY), "{}", text(&output.stderr));
}
