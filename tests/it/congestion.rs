//! Refusals with 429: what each code means for the client, and that an audit gets through with as few as are allowed.

use std::{
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use elevenlabs_secrets_audit::{api::Clock, interrupt::Interrupt};
use serde_json::json;
use simulator::{Reply, Request, Secret, Simulator, World};

use crate::support::{SECRETS, Setup, asked, now, serve_with};

/// Longer than any machine takes; only a test that fails waits for it.
const NEVER: Duration = Duration::from_secs(30);

/// Halving the 4 that a run begins with until it is 1.
const HALVINGS: usize = 2;

/// A refusal with this body.
fn refusal(body: &str) -> Reply {
    Reply::Answer { status: 429, headers: Vec::new(), body: body.as_bytes().to_vec() }
}

/// A refusal in the form of today, where `status` repeats `code`.
fn refused_with(code: &str) -> Reply {
    Reply::error(429, "rate_limit_error", code, "Slow down.")
}

/// Secrets with a list that has to be paged, in two pages each.
fn secrets(count: usize) -> Vec<Secret> {
    (0..count).map(|number| Secret::new(&format!("sec_{number:03}"), "key").with_agents(101)).collect()
}

/// Refusals, by whether they tell of too many requests at once.
fn refusals() -> Vec<(Reply, bool)> {
    let detail = |fields: &str| refusal(&format!("{{\"detail\": {{{fields}}}}}"));
    let cut = Reply::Cut {
        status: 429,
        headers: Vec::new(),
        body: br#"{"detail": {"code": "concurrent_limit_exceeded"}}"#.to_vec(),
        keep: 20,
    };
    vec![
        (refused_with("rate_limit_exceeded"), false),
        (refused_with("system_busy"), false),
        (refused_with("concurrent_limit_exceeded"), true),
        (refused_with("too_many_concurrent_requests"), true),
        (refused_with("a code of next year"), false),
        // The older form.
        (detail(r#""status": "too_many_concurrent_requests""#), true),
        (detail(r#""status": "rate_limit_exceeded""#), false),
        // Where both are there, the code wins.
        (detail(r#""code": "concurrent_limit_exceeded", "status": "system_busy""#), true),
        (detail(r#""code": "system_busy", "status": "concurrent_limit_exceeded""#), false),
        (detail(r#""code": "rate_limit_exceeded", "status": "too_many_concurrent_requests""#), false),
        // Nothing that can be read counts as a limit on the rate.
        (refusal(""), false),
        (refusal("<html>concurrent_limit_exceeded</html>"), false),
        (refusal(r#"["concurrent_limit_exceeded"]"#), false),
        (refusal(r#"{"detail": "concurrent_limit_exceeded"}"#), false),
        (detail(r#""code": ["concurrent_limit_exceeded"]"#), false),
        (cut, false),
    ]
}

#[tokio::test]
async fn a_list_that_is_always_refused_is_asked_for_a_number_of_times_that_its_code_decides() {
    for (refusal, is_of_concurrency) in refusals() {
        let instead = refusal.clone();
        let simulator = serve_with(
            Vec::new(),
            move |request, reply| {
                if request.path == SECRETS { instead.clone() } else { reply }
            },
        )
        .await;
        let outcome = Setup::of(&simulator).http("concurrency = 16").run().await;
        // While fewer at once can be tried, a refusal is not held against the request.
        let expected = if is_of_concurrency { HALVINGS + 5 } else { 5 };
        assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, expected), "{refusal:?}");
        assert!(outcome.message().contains("status 429"), "{}", outcome.message());
    }
}

#[tokio::test]
async fn a_service_that_refuses_everything_is_left_alone_soon() {
    for (refusal, is_of_concurrency) in refusals() {
        let instead = refusal.clone();
        let simulator = serve_with(Vec::new(), move |_, _| instead.clone()).await;
        let outcome = Setup::of(&simulator).http("concurrency = 16").run().await;
        assert_eq!(outcome.code(), 5);
        let requests = simulator.requests().len();
        // Five endpoints, five attempts. Each of them may have been in flight at each of the halvings.
        let most = if is_of_concurrency { 5 + HALVINGS } else { 5 };
        // The list of secrets goes first: once that is given up, so is everything.
        assert!((5..=most).contains(&asked(&simulator, SECRETS)), "{refusal:?}");
        assert!((5..=5 * most).contains(&requests), "{refusal:?}: {requests}");
    }
}

/// 100 ms before the next full second, which is the finest that a date in `Retry-After` can say.
fn shortly_before() -> DateTime<Utc> {
    now() + Duration::from_millis(900)
}

/// What arrived for dependents, and when, where the first such request is refused with a wait of 100 ms and this setting
/// lets one at a time be sent.
async fn after_a_refusal(code: &'static str, one_at_a_time: &str) -> Vec<(Request, Instant)> {
    let arrivals = Arc::new(Mutex::new(Vec::new()));
    let noted = Arc::clone(&arrivals);
    let simulator = serve_with(secrets(6), move |request, reply| {
        if !request.path.contains("/dependencies/") {
            return reply;
        }
        let mut noted = noted.lock().unwrap();
        noted.push((request.clone(), Instant::now()));
        if noted.len() > 1 {
            return reply;
        }
        refused_with(code).with_header("retry-after", "Mon, 23 Nov 2026 02:00:01 GMT")
    })
    .await;
    let clock = Clock { now: shortly_before, random: || 0.0 };
    let outcome = Setup::of(&simulator).http(one_at_a_time).run_by(clock, &Interrupt::default()).await;
    assert_eq!(outcome.code(), 0);
    assert!(outcome.bundle().secrets.iter().all(|row| row["agents"] == "101"));
    let arrivals = arrivals.lock().unwrap();
    assert_eq!(arrivals.len(), 1 + 2 * 6);
    arrivals.clone()
}

#[tokio::test]
async fn a_limit_on_the_rate_pauses_everybody() {
    for (code, one_at_a_time) in [
        ("rate_limit_exceeded", "concurrency = 1"),
        ("a code of next year", "concurrency = 1"),
        // Here three more have a slot of their workspace already, and wait for one of all.
        ("rate_limit_exceeded", "concurrency_total = 1"),
    ] {
        let arrivals = after_a_refusal(code, one_at_a_time).await;
        let pause = arrivals[1].1 - arrivals[0].1;
        // Five other lists were waiting for their turn. Only a least time, so that a slow machine changes nothing.
        assert!(pause >= Duration::from_millis(100), "{code}: {pause:?}");
    }
}

#[tokio::test]
async fn a_service_that_is_busy_holds_up_nobody_but_the_request_that_it_refused() {
    for code in ["system_busy", "concurrent_limit_exceeded"] {
        let arrivals = after_a_refusal(code, "concurrency = 1").await;
        assert_ne!(arrivals[1].0.path, arrivals[0].0.path, "{code}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn as_many_as_the_service_announces_are_in_flight_and_no_more() {
    for (announced, expected) in [("3", 3), (" 2 ", 2), ("1", 1), ("0", 1), ("99", 5), ("-1", 5), ("many", 5)]
    {
        let arrived = Arc::new((Mutex::new(0_usize), Condvar::new()));
        let simulator = serve_with(secrets(12), move |request, reply| {
            if request.path.contains("/dependencies/") {
                tokio::task::block_in_place(|| {
                    let (count, changed) = &*arrived;
                    let mut count = count.lock().unwrap();
                    *count += 1;
                    changed.notify_all();
                    drop(changed.wait_timeout_while(count, NEVER, |count| *count < expected).unwrap());
                });
            }
            reply.with_header("maximum-concurrent-requests", announced)
        })
        .await;
        // Without the scans the list of secrets is asked for alone, so that the announcement comes before the crowd.
        let outcome = Setup::of(&simulator)
            .http("concurrency = 5")
            .section(
                "[audit]\nenvironment_variables = false\nspeech_engines = false\nmcp_servers = false\nsettings = false",
            )
            .run()
            .await;
        assert!(outcome.bundle().secrets.iter().all(|row| row["agents"] == "101"));
        assert_eq!(simulator.peak_in_flight(), expected, "{announced:?}");
    }
}

/// Audits 300 secrets with 600 lists to page, 16 requests at once, where the service allows `limit`. How many it refused.
async fn refused_where_only(limit: usize, is_announced: bool) -> usize {
    let secret = |number| Secret::new(&format!("sec_{number:03}"), "key").with_agents(2).with_tools(2);
    let world = World { concurrency_limit: Some(limit), ..World::of((0..300).map(secret).collect()) };
    let refusals = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&refusals);
    let simulator = Simulator::start_with(world, move |_, mut reply| {
        counted.fetch_add(usize::from(reply.status() == Some(429)), Relaxed);
        if let (false, Reply::Answer { headers, .. }) = (is_announced, &mut reply) {
            headers.retain(|(name, _)| !name.ends_with("-concurrent-requests"));
        }
        // An answer at once would leave no time to be in flight together.
        Reply::Delayed { after: Duration::from_millis(1), reply: Box::new(reply) }
    })
    .await
    .unwrap();
    let limits = "[audit]\ndependency_limit = 1\nmax_dependency_limit = 1";
    let outcome = Setup::of(&simulator).http("concurrency = 16").section(limits).run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert!(bundle.is_complete() && bundle.secrets.len() == 300);
    assert!(bundle.secrets.iter().all(|row| (row["agents"].as_str(), row["tools"].as_str()) == ("2", "2")));
    let refusals = refusals.load(Relaxed);
    assert_eq!(bundle.workspace()["figures"]["retries"], json!(refusals));
    refusals
}

#[tokio::test]
async fn an_audit_set_to_sixteen_completes_where_two_or_one_are_allowed_and_the_service_says_so() {
    for limit in [2, 1] {
        let refusals = refused_where_only(limit, true).await;
        // Five endpoints are asked together, before the first answer says how many may be. Later ones never are.
        assert!(refusals <= 5 - limit, "{limit}: {refusals}");
    }
}

#[tokio::test]
async fn an_audit_set_to_sixteen_completes_where_two_or_one_are_allowed_and_nothing_says_so() {
    for limit in [2, 1] {
        let refusals = refused_where_only(limit, false).await;
        // After the first page of secrets five are sent at once, and one more for each good answer until the first refusal
        // is heard. Those are still being answered when the next two are sent. One more than is allowed is tried after 40
        // good answers at the earliest, and ever more rarely: four times in some 600 requests, which may cost two each time.
        assert!(refusals <= 5 - limit + 5 + 2 + 4 * 2, "{limit}: {refusals}");
    }
}
