//! What a server may send and how long it may take: beyond that a request ends, whatever else the server does.

use std::{io::Write as _, sync::Arc, sync::atomic::Ordering::Relaxed, time::Duration};

use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};
use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator, World, documents};
use tokio::sync::Notify;

use crate::{
    bundle::names_in,
    raw,
    support::{
        BINARY, Outcome, SECRETS, Setup, asked, behind, code, dependencies, finish, serve, serve_with, text,
        walked,
    },
};

const VARIABLES: &str = "/v1/convai/environment-variables";

/// Time-outs that only a test that fails waits for.
const PATIENT: &str = "attempt_timeout_seconds = 86400\nidle_timeout_seconds = 86400";

const MEBIBYTE: usize = 1024 * 1024;

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

fn compressed(body: Vec<u8>) -> Reply {
    let headers = vec![
        ("content-type".to_owned(), "application/json".to_owned()),
        ("content-encoding".to_owned(), "gzip".to_owned()),
    ];
    Reply::Answer { status: 200, headers, body }
}

/// A body of so many mebibytes of nothing, compressed to a thousandth. After a full flush the compressed bytes refer to
/// nothing before them, so they can be repeated.
fn bomb(mebibytes: usize) -> Reply {
    let mut mebibyte = Vec::with_capacity(MEBIBYTE);
    let spaces = [b' '; MEBIBYTE];
    Compress::new(Compression::fast(), false)
        .compress_vec(&spaces, &mut mebibyte, FlushCompress::Full)
        .unwrap();
    let header = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    compressed([header.to_vec(), mebibyte.repeat(mebibytes)].concat())
}

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

#[tokio::test]
async fn a_body_without_end_ends_at_the_bound() {
    let (server, _) = raw::endless(200).await;
    let setup = Setup::new().workspace_at("main", &server.address(), "sk_simulated_key");
    let outcome = setup.http(PATIENT).http("max_body_bytes = 65536").run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("larger than 65536 bytes"), "{}", outcome.message());
    assert_eq!(server.connections(), 1, "where the list of secrets cannot be read, nothing else is asked");
}

#[tokio::test]
async fn an_error_without_end_is_read_no_further_than_it_is_of_use() {
    let (server, sent) = raw::endless(404).await;
    let setup = Setup::new().workspace_at("main", &server.address(), "sk_simulated_key");
    let outcome = setup.http(PATIENT).run().await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("status 404"), "{}", outcome.message());
    // What was not read is in the buffers of five connections, of which each holds a few megabytes.
    assert!(sent.load(Relaxed) < 5 * 16 * MEBIBYTE, "{sent:?}");
}

#[tokio::test]
async fn an_error_that_comes_in_drops_is_the_error_that_it_is() {
    let drip = Reply::Drip {
        status: 409,
        headers: Vec::new(),
        body: vec![b' '; 100_000],
        every: Duration::from_millis(1),
    };
    let simulator = always(drip).await;
    let outcome = Setup::of(&simulator).http("attempt_timeout_seconds = 0.05").run().await;
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 1));
    assert!(outcome.message().contains("status 409"), "{}", outcome.message());
}

#[tokio::test]
async fn a_compressed_body_counts_as_what_it_inflates_to() {
    let page = json!({"secrets": [], "next_cursor": null}).to_string();
    let simulator = always(compressed(gzip(page.as_bytes()))).await;
    let outcome = Setup::of(&simulator).section("[audit]\nallow_empty = true").run().await;
    assert_eq!(outcome.code(), 0);

    let simulator = always(bomb(4)).await;
    let outcome = Setup::of(&simulator).http("max_body_bytes = 1048576").run().await;
    assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 1));
    assert!(outcome.message().contains("larger than 1048576 bytes"), "{}", outcome.message());
}

/// An answer whose body is encoded so.
fn encoded(coding: &str, body: Vec<u8>) -> Reply {
    let headers = vec![("content-encoding".to_owned(), coding.to_owned())];
    Reply::Answer { status: 200, headers, body }
}

#[tokio::test]
async fn a_body_is_read_whatever_the_case_of_its_encoding_and_the_number_of_its_members() {
    let page = json!({"secrets": [], "next_cursor": null}).to_string();
    let (first, second) = page.as_bytes().split_at(9);
    for reply in [
        encoded("GZIP", gzip(page.as_bytes())),
        encoded("x-gzip", gzip(page.as_bytes())),
        encoded("gzip", [gzip(first), gzip(second)].concat()),
        encoded("identity", page.clone().into_bytes()),
        encoded("", page.clone().into_bytes()),
    ] {
        let shown = format!("{reply:?}");
        let simulator = serve_with(
            Vec::new(),
            move |request, whole| {
                if request.path == SECRETS { reply.clone() } else { whole }
            },
        )
        .await;
        let outcome = Setup::of(&simulator).section("[audit]\nallow_empty = true").run().await;
        assert_eq!(outcome.code(), 0, "{shown}: {:?}", outcome.result);
    }
}

#[tokio::test]
async fn an_encoding_that_was_not_asked_for_is_named_with_what_to_do_and_not_tried_again() {
    for coding in ["br", "zstd", "gzip, gzip", "deflate"] {
        let simulator = always(encoded(coding, b"whatever".to_vec())).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 1), "{coding}");
        let message = outcome.message();
        assert!(message.contains(coding) && message.contains("Accept-Encoding"), "{message}");
    }
}

#[tokio::test]
async fn a_compressed_body_that_ends_early_is_no_answer_and_tried_again() {
    let whole = gzip(json!({"secrets": [], "next_cursor": null}).to_string().as_bytes());
    for body in [whole[..whole.len() - 12].to_vec(), whole[..whole.len() - 3].to_vec(), b"no gzip".to_vec()] {
        let simulator = always(encoded("gzip", body)).await;
        let outcome = Setup::of(&simulator).http("attempts = 2").run().await;
        assert_eq!((outcome.code(), asked(&simulator, SECRETS)), (5, 2));
        assert!(outcome.message().contains("cannot be decompressed"), "{}", outcome.message());
    }
}

#[tokio::test]
async fn a_body_that_inflates_to_gigabytes_takes_no_such_memory() {
    let simulator = always(bomb(4096)).await;
    let setup = Setup::of(&simulator);
    // With 1.5 GB of address space, of which a run that reads as much as it may needs a third.
    let limited = ["sh", "-c", "ulimit -v 1500000 && exec \"$0\" \"$@\""];
    let mut binary = behind(&limited, BINARY.as_ref(), &setup.audit());
    binary.envs([("TOKIO_WORKER_THREADS", "2"), ("MALLOC_ARENA_MAX", "2")]);
    let output = finish(binary).await;
    let stderr = text(&output.stderr);
    assert_eq!(code(&output), 5, "{stderr}");
    assert!(stderr.contains("larger than 33554432 bytes"), "{stderr}");
}

/// A workspace with a secret that has a list to page and another that a variable uses.
fn workspace() -> World {
    let values = json!({"production": documents::secret("sec_1")});
    World {
        environment_variables: vec![documents::environment_variable("v", "w", "L", "secret", &values)],
        ..World::of(vec![Secret::new("sec", "key").with_agents(150), Secret::new("sec_1", "other")])
    }
}

/// Runs where each page of `path` is changed so.
async fn changed(
    path: &str,
    http: &str,
    change: impl Fn(&Request, &mut Value) + Send + Sync + 'static,
) -> (Outcome, Simulator) {
    let path = path.to_owned();
    let simulator = Simulator::start_with(workspace(), move |request, reply| {
        if request.path != path {
            return reply;
        }
        let mut body = reply.body_json().unwrap_or(json!({"detail": "no page"}));
        change(request, &mut body);
        Reply::json(200, &body)
    });
    let simulator = simulator.await.unwrap();
    (Setup::of(&simulator).http(http).run().await, simulator)
}

/// Asserts that a walk over each kind of list ends so: the one over the secrets with code 5, any other as a gap. Each
/// was asked for so many pages.
async fn assert_every_walk_ends(
    pages: usize,
    word: &str,
    http: &str,
    change: impl Fn(&Request, &mut Value) + Clone + Send + Sync + 'static,
) {
    let (outcome, simulator) = changed(SECRETS, http, change.clone()).await;
    assert_eq!((outcome.code(), walked(&simulator, "20")), (5, pages), "{word}");
    let message = outcome.message();
    assert!(message.contains(word) && message.contains(&format!("page {pages}")), "{message}");

    let path = dependencies("sec", "agents");
    let (outcome, simulator) = changed(&path, http, change.clone()).await;
    assert_eq!((outcome.code(), asked(&simulator, &path)), (3, pages), "{word}");
    let gaps = outcome.bundle().gaps("sec");
    assert!(gaps[0].contains(word) && gaps[0].contains(&format!("page {pages}")), "{gaps:?}");

    let (outcome, simulator) = changed(VARIABLES, http, change).await;
    assert_eq!((outcome.code(), asked(&simulator, VARIABLES)), (3, pages), "{word}");
    let sources = outcome.bundle().workspace().to_string();
    assert!(sources.contains(word) && sources.contains(&format!("page {pages}")), "{sources}");
    assert_eq!(outcome.bundle().json["totals"]["unused"], 0);
}

#[tokio::test]
async fn a_cursor_beyond_the_bound_ends_any_walk() {
    assert_every_walk_ends(1, "longer than 4096 bytes", "", |_, page| {
        page["next_cursor"] = json!("x".repeat(4097));
        page["has_more"] = json!(true);
    })
    .await;
}

/// A page that leads on to the next of `length` pages in a circle.
fn circle(length: usize) -> impl Fn(&Request, &mut Value) + Clone + Send + Sync + 'static {
    move |request, page| {
        let this: usize = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let next = if this + 1 > length { 1 } else { this + 1 };
        if let Some(page) = page.as_object_mut() {
            page.remove("detail");
            for list in ["secrets", "dependencies", "environment_variables"] {
                page.entry(list).or_insert(json!([]));
            }
        }
        page["next_cursor"] = json!(next.to_string());
        page["has_more"] = json!(true);
    }
}

#[tokio::test]
async fn pages_in_a_circle_of_any_length_end_any_walk_and_the_page_is_named() {
    for length in [1, 2, 7] {
        assert_every_walk_ends(length + 1, "circle", "", circle(length)).await;
    }
}

#[tokio::test]
async fn more_pages_than_are_allowed_end_any_walk() {
    assert_every_walk_ends(3, "max_pages", "max_pages = 3", circle(1000)).await;
}

/// Runs against a simulator that never answers what `concerned` picks; once it was asked for that, the hour that the
/// run is allowed is over at once.
async fn out_of_time(
    secrets: Vec<Secret>,
    concerned: impl Fn(&Request) -> bool + Send + Sync + 'static,
) -> (Outcome, Setup, Simulator) {
    let hangs = Arc::new(Notify::new());
    let hanging = Arc::clone(&hangs);
    let simulator = serve_with(secrets, move |request, reply| {
        if concerned(request) {
            hanging.notify_one();
            return Reply::Hang;
        }
        reply
    })
    .await;
    let setup = Setup::of(&simulator).section("[audit]\npage_size = 2");
    let (outcome, ()) = tokio::join!(setup.run(), async {
        hangs.notified().await;
        tokio::time::pause();
        tokio::time::advance(Duration::from_secs(3601)).await;
        tokio::time::resume();
    });
    (outcome, setup, simulator)
}

#[tokio::test]
async fn when_time_is_up_what_was_read_is_published_as_incomplete_and_nothing_more_is_asked() {
    let secrets = vec![Secret::new("sec", "key").with_agents(150), Secret::new("sec_1", "other")];
    let path = dependencies("sec", "agents");
    let (outcome, _setup, simulator) = out_of_time(secrets, move |request| request.path == path).await;
    assert_eq!(outcome.code(), 3);
    let bundle = outcome.bundle();
    assert_eq!((bundle.verdict("sec"), bundle.verdict("sec_1")), ("in_use", "undetermined"));
    assert_eq!(bundle.secret("sec")["agents"], "100");
    for why in [&bundle.gaps("sec")[0], &bundle.secret("sec_1")["reason"]] {
        assert!(why.contains("run_timeout_seconds"), "{why}");
    }
    assert_eq!(asked(&simulator, &format!("{SECRETS}/sec_1")), 0);
    assert_eq!(bundle.workspace()["figures"]["requests"], json!(simulator.requests().len()));
}

#[tokio::test]
async fn when_time_is_up_before_all_secrets_are_listed_nothing_is_published() {
    let secrets = (0..3).map(|number| Secret::new(&format!("sec_{number}"), "key")).collect();
    let second_page = |request: &Request| request.path == SECRETS && request.query("cursor").is_some();
    let (outcome, setup, _simulator) = out_of_time(secrets, second_page).await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    assert!(message.contains("page 2") && message.contains("run_timeout_seconds"), "{message}");
    assert_eq!(names_in(&setup.out()), [".lock"]);
}

#[tokio::test]
async fn a_run_without_any_time_ends_too() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let outcome = Setup::of(&simulator).http("run_timeout_seconds = 0.001").run().await;
    // On a machine that is fast beyond belief it may be done in time.
    assert!([0, 3, 5].contains(&outcome.code()), "{outcome:?}");
}
