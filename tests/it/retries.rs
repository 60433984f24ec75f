//! What is tried again, how often, after which wait, and what a whole run may spend on it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use elevenlabs_secrets_audit::{api::Clock, interrupt::Interrupt};
use serde_json::json;
use simulator::{Reply, Secret, Simulator};
use tokio::{net::TcpSocket, sync::Notify};

use crate::support::{Outcome, SECRETS, Setup, asked, dependencies, now, serve_with};

/// How many endpoints a workspace without unused secrets is asked at: the list of secrets, four places that may hold
/// references, and whose key it is.
const ENDPOINTS: usize = 6;

/// A simulator that always replies so to the list of secrets.
async fn always(instead: Reply) -> Simulator {
    serve_with(
        Vec::new(),
        move |request, reply| {
            if request.path == SECRETS { instead.clone() } else { reply }
        },
    )
    .await
}

/// A simulator that always replies so to everything.
async fn broken(instead: Reply) -> Simulator {
    serve_with(Vec::new(), move |_, _| instead.clone()).await
}

fn busy(status: u16) -> Reply {
    Reply::error(status, "api_error", "system_busy", "Not now.")
}

/// Numbers as ranges: `200-203, 205`.
fn ranges(numbers: &[u16]) -> String {
    let mut ranges: Vec<(u16, u16)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let shown = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}-{last}"),
    });
    shown.collect::<Vec<_>>().join(", ")
}

#[tokio::test]
async fn each_status_is_tried_again_or_not_as_its_meaning_asks() {
    // One secret for each status, with a list that nothing else can complete.
    let secrets = (200..=599).map(|status| Secret::new(&format!("sec_{status}"), "key").with_agents(2));
    let simulator = serve_with(secrets.collect(), |request, reply| {
        let status = request.path.strip_suffix("/dependencies/agents").map(|path| &path[path.len() - 3..]);
        match (status, reply) {
            // A body that would be the whole list, so that only the status tells it from one.
            (Some(status), Reply::Answer { headers, body, .. }) => {
                Reply::Answer { status: status.parse().unwrap(), headers, body }
            }
            (_, reply) => reply,
        }
    })
    .await;
    let limits = "[audit]\ndependency_limit = 1\nmax_dependency_limit = 1";
    let outcome = Setup::of(&simulator).http("retry_budget = 10000").section(limits).run().await;
    let (bundle, requests) = (outcome.bundle(), simulator.requests());
    let mut ends: BTreeMap<(usize, &str), Vec<u16>> = BTreeMap::new();
    for status in 200..=599 {
        let secret = format!("sec_{status}");
        let path = dependencies(&secret, "agents");
        let times = requests.iter().filter(|request| request.path == path).count();
        let whole = if bundle.secret(&secret)["complete"] == "true" { "whole" } else { "not whole" };
        ends.entry((times, whole)).or_default().push(status);
    }
    let lines = ends
        .iter()
        .map(|((times, whole), statuses)| format!("asked {times}x, {whole}: {}", ranges(statuses)));
    insta::assert_snapshot!(lines.collect::<Vec<_>>().join("\n"), @r"
    asked 1x, not whole: 201-407, 409-428, 430-499, 501, 505
    asked 1x, whole: 200
    asked 5x, not whole: 408, 429, 500, 502-504, 506-599
    ");
}

/// Answers that never come, or never to their end, each with the setting that ends them. The other time-outs are so
/// long that a test which waits for one does not end.
fn silences() -> Vec<(Reply, &'static str)> {
    let page = json!({"secrets": [], "next_cursor": null}).to_string().into_bytes();
    let drip =
        |every, body: &[u8]| Reply::Drip { status: 200, headers: Vec::new(), body: body.to_vec(), every };
    let (idle, attempt) = ("idle_timeout_seconds = 0.05", "attempt_timeout_seconds = 0.05");
    vec![
        (Reply::Hang, idle),
        (Reply::Hang, attempt),
        // Headers, and not one byte of the body.
        (drip(Duration::from_secs(86_400), &page), idle),
        (drip(Duration::from_secs(86_400), &page), attempt),
        // A byte now and then, for a hundred seconds.
        (drip(Duration::from_millis(1), &[b' '; 100_000]), attempt),
    ]
}

#[tokio::test]
async fn an_answer_that_does_not_come_in_time_is_tried_again_and_ends() {
    for (silence, setting) in silences() {
        let simulator = always(silence.clone()).await;
        let other = if setting.starts_with("idle") { "attempt" } else { "idle" };
        let setup = Setup::of(&simulator)
            .http("attempts = 2")
            .http(setting)
            .http(&format!("{other}_timeout_seconds = 86400"));
        let outcome = setup.run().await;
        assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 2), "{silence:?}");
        let message = outcome.message();
        assert!(message.contains("within the time allowed") && message.contains("2 attempts"), "{message}");
    }
}

#[tokio::test]
async fn an_answer_that_comes_at_the_second_attempt_is_as_good_as_any() {
    let hangs = Arc::new(Notify::new());
    let hanging = Arc::clone(&hangs);
    let simulator = serve_with(vec![Secret::new("sec", "key").with_agents(2)], move |request, reply| {
        if request.path == SECRETS && request.number == 1 {
            hanging.notify_one();
            return Reply::Hang;
        }
        reply
    })
    .await;
    let setup = Setup::of(&simulator);
    // Once the first attempt hangs, the minute that it is allowed is over at once.
    let (outcome, ()) = tokio::join!(setup.run(), async {
        hangs.notified().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(61)).await;
        tokio::time::resume();
    });
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (0, 2));
    assert_eq!(outcome.bundle().secret("sec")["agents"], "2");
}

/// A listener that never takes a connection and has no room for another, and what fills it. `None` where this machine
/// finds room all the same.
async fn full_listener() -> Option<(tokio::net::TcpListener, Vec<std::net::TcpStream>)> {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut connections = Vec::new();
    for _ in 0..16 {
        match std::net::TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
            Ok(connection) => connections.push(connection),
            Err(_) => return Some((listener, connections)),
        }
    }
    None
}

#[tokio::test]
async fn a_connection_that_does_not_open_in_time_is_tried_again_and_ends() {
    let Some((listener, _connections)) = full_listener().await else {
        println!("not tried: this machine opens connections that nobody takes");
        return;
    };
    let address = format!("http://{}", listener.local_addr().unwrap());
    let outcome = Setup::new()
        .workspace_at("main", &address, "sk_simulated_key")
        .http("attempts = 2\nconnect_timeout_seconds = 0.02")
        .run()
        .await;
    let message = outcome.message();
    assert_eq!(outcome.code(), 5);
    assert!(message.contains("(connecting)") && message.contains("2 attempts"), "{message}");
}

/// 2026-11-23T02:00:00Z and so many seconds as `Retry-After` may say it: in seconds, and in all three forms of a date.
fn in_all_forms(seconds: i64) -> [String; 4] {
    let then = now() + Duration::from_secs(seconds.unsigned_abs());
    let date = |form| then.format(form).to_string();
    [
        seconds.to_string(),
        date("%a, %d %b %Y %H:%M:%S GMT"),
        date("%A, %d-%b-%y %H:%M:%S GMT"),
        date("%a %b %e %H:%M:%S %Y"),
    ]
}

/// Runs against a list of secrets that always asks to wait. How it ended; asserts that it did so without a second try.
async fn asking_to_wait(status: u16, wait: &str, http: &str) -> Outcome {
    let simulator = always(busy(status).with_header("retry-after", wait)).await;
    let outcome = Setup::of(&simulator).http(http).run().await;
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 1), "{status} {wait}");
    outcome
}

#[tokio::test]
async fn a_wait_longer_than_is_allowed_ends_it_at_once_and_is_named_in_whatever_form_it_was_asked() {
    for status in [408, 429, 500, 503] {
        for wait in in_all_forms(901) {
            let message = asking_to_wait(status, &wait, "").await.message();
            assert!(message.contains("wait 901 s"), "{wait}: {message}");
            assert!(message.contains("longest_retry_after_seconds"), "{wait}: {message}");
        }
    }
    for wait in in_all_forms(61) {
        let message = asking_to_wait(503, &wait, "longest_retry_after_seconds = 60").await.message();
        assert!(message.contains("wait 61 s"), "{wait}: {message}");
    }
}

#[tokio::test]
async fn a_wait_past_the_end_of_the_run_ends_it_at_once_and_is_named() {
    for wait in in_all_forms(601) {
        let message = asking_to_wait(503, &wait, "run_timeout_seconds = 600").await.message();
        assert!(message.contains("in 601 s"), "{wait}: {message}");
        assert!(message.contains("run_timeout_seconds"), "{wait}: {message}");
    }
}

/// 50 ms before the next full second, which is the finest that a date in `Retry-After` can say.
fn shortly_before() -> DateTime<Utc> {
    now() + Duration::from_millis(950)
}

#[tokio::test]
async fn the_second_attempt_comes_no_sooner_than_was_asked() {
    let [_, dates @ ..] = in_all_forms(1);
    for status in [429, 503] {
        for date in &dates {
            let arrivals = Arc::new(Mutex::new(Vec::new()));
            let (noted, asked) = (Arc::clone(&arrivals), date.clone());
            let secrets = vec![Secret::new("sec", "key").with_tools(1)];
            let simulator = serve_with(secrets, move |request, reply| {
                if request.path != SECRETS {
                    return reply;
                }
                noted.lock().unwrap().push(Instant::now());
                if request.number == 1 { busy(status).with_header("retry-after", &asked) } else { reply }
            })
            .await;
            // Without the header there would be no wait at all.
            let clock = Clock { now: shortly_before, random: || 0.0 };
            let outcome = Setup::of(&simulator).run_by(clock, &Interrupt::default()).await;
            assert_eq!(outcome.code(), 0);
            let arrivals = arrivals.lock().unwrap();
            // Only a least time, so that a slow machine changes nothing.
            assert!(arrivals[1] - arrivals[0] >= Duration::from_millis(50), "{date}: {arrivals:?}");
        }
    }
}

#[tokio::test]
async fn a_wait_that_makes_no_sense_leaves_the_attempts_as_they_were() {
    let garbage = [
        "",
        " ",
        "soon",
        "-901",
        "901.5",
        "+901",
        "0x385",
        "901 s",
        "901, 5",
        "Mon, 99 Nov 2026 02:15:01 GMT",
    ];
    for wait in garbage {
        let simulator = always(busy(503).with_header("retry-after", wait)).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 5), "{wait}");
    }
}

#[tokio::test]
async fn the_retries_of_a_whole_run_are_bounded_however_many_workspaces_it_has() {
    for fault in
        [busy(503), busy(429), Reply::error(429, "x", "concurrent_limit_exceeded", "Fewer."), Reply::Close]
    {
        let simulators =
            [broken(fault.clone()).await, broken(fault.clone()).await, broken(fault.clone()).await];
        let mut setup = Setup::new().http("attempts = 20\nretry_budget = 7");
        for (number, simulator) in simulators.iter().enumerate() {
            setup = setup.workspace(&format!("workspace {number}"), simulator);
        }
        let outcome = setup.run().await;
        let requests: usize = simulators.iter().map(|simulator| simulator.requests().len()).sum();
        assert_eq!(outcome.code(), 5, "{fault:?}");
        // Where the list of secrets cannot be read, nothing else is asked.
        let retries = requests.saturating_sub(3);
        assert!(retries <= 7, "{requests} requests, {fault:?}");
        let message = outcome.message();
        assert!(message.contains("retry_budget") && message.contains("spent"), "{message}");
    }
}

#[tokio::test]
async fn a_run_that_may_not_try_again_asks_once_and_nothing_after_the_list_of_secrets() {
    let simulator = broken(busy(503)).await;
    let outcome = Setup::of(&simulator).http("concurrency = 8").http("retry_budget = 0").run().await;
    assert_eq!((outcome.code(), simulator.requests().len()), (5, 1));
}

#[tokio::test]
async fn what_a_budget_leaves_unread_is_not_whole_and_what_was_read_is_published() {
    let secrets = (0..20).map(|number| Secret::new(&format!("sec_{number:02}"), "key").with_agents(150));
    let simulator = serve_with(secrets.collect(), |request, reply| {
        if request.path.contains("/dependencies/") { busy(503) } else { reply }
    })
    .await;
    let outcome = Setup::of(&simulator).http("retry_budget = 3").run().await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert!(bundle.secrets.iter().all(|row| row["complete"] == "false" && row["agents"] == "100"));
    let figures = &bundle.workspace()["figures"];
    assert_eq!((&figures["retries"], &figures["requests"]), (&json!(3), &json!(ENDPOINTS + 1 + 20 + 3)));
    assert_eq!(simulator.requests().len(), ENDPOINTS + 1 + 20 + 3);
    assert!(bundle.gaps("sec_19")[0].contains("retry_budget"), "{:?}", bundle.gaps("sec_19"));
}
