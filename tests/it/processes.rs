//! Runs that are killed, interrupted, or meet each other: whatever the moment, what stands at `latest` is whole.

use std::{
    io::Write,
    path::Path,
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use sha2::{Digest, Sha256};
use simulator::{Reply, Secret, Simulator};

use crate::{
    bundle::{names_in, read_json},
    disk::{injected, injected_at_the_link},
    support::{
        BINARY, SECRETS, Setup, behind, binary_in, code, copy_of_the_program, finish, is_root, serve,
        serve_with, text,
    },
};

/// Only a test that fails waits so long.
const TOO_LONG: Duration = Duration::from_secs(60);

/// A workspace whose reports take a moment to write.
async fn workspace() -> Simulator {
    serve((0..40).map(|number| Secret::new(&format!("sec_{number}"), "key").with_tools(20)).collect()).await
}

/// A setup for it that asks in few requests, with a first bundle in place.
async fn published(simulator: &Simulator) -> Setup {
    let mut setup = Setup::of(simulator);
    setup.arguments.dependency_limit = Some(100);
    assert_eq!(setup.run().await.code(), 0);
    setup
}

/// Starts the binary's `audit`.
fn start(setup: &Setup) -> Child {
    start_with(setup, Stdio::piped())
}

/// The same, with this for its standard error.
fn start_with(setup: &Setup, stderr: Stdio) -> Child {
    let made = setup.audit();
    // A shell may have had interrupts ignored for whatever runs these tests.
    let mut command = Command::new("env");
    command
        .args(["--default-signal=INT,HUP,QUIT", BINARY])
        .env_clear()
        .args(made.get_args())
        .current_dir(setup.home());
    command.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap()
}

/// Waits until `done` holds or the process has ended, and kills one that never does either.
async fn until(child: &mut Child, mut done: impl FnMut() -> bool) {
    let deadline = Instant::now() + TOO_LONG;
    while !done() && child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("nothing happened");
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

async fn end(mut child: Child) -> Output {
    until(&mut child, || false).await;
    child.wait_with_output().unwrap()
}

fn send(child: &Child, signal: &str) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).stderr(Stdio::null()).status();
    // It may have ended meanwhile.
    sent.unwrap();
}

/// Whether there is a file of this name in a staging directory.
fn is_staged(out: &Path, file: &str) -> bool {
    let is_staging = |name: &String| name.starts_with(".staging-") && name != ".staging-latest";
    // It may be gone between two looks.
    let Ok(entries) = fs_err::read_dir(out) else { return false };
    let mut names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.any(|name| is_staging(&name) && out.join(name).join(file).exists())
}

/// The runs whose bundles stand in a directory.
fn runs(out: &Path) -> Vec<String> {
    names_in(out).into_iter().filter(|name| name.starts_with("20")).collect()
}

fn latest(out: &Path) -> String {
    fs_err::read_link(out.join("latest")).unwrap().into_os_string().into_string().unwrap()
}

/// Every bundle, `latest` among them, is whole: the manifest names each other file, and its sums hold.
fn all_hold(out: &Path) {
    assert!(runs(out).contains(&latest(out)));
    for run in runs(out) {
        let bundle = out.join(run);
        let manifest = read_json(&bundle.join("manifest.json"));
        let entries = manifest["files"].as_array().unwrap();
        for entry in entries {
            let content = fs_err::read(bundle.join(entry["name"].as_str().unwrap())).unwrap();
            let sum: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
            assert_eq!(entry["sha256"], sum, "{}", bundle.display());
        }
        assert_eq!(names_in(&bundle).len(), 2 + entries.len());
    }
}

/// What a killed run may leave beside bundles.
fn leftovers(out: &Path) -> usize {
    names_in(out).iter().filter(|name| name.starts_with(".staging-")).count()
}

/// The next run after a killed one: it publishes, and sweeps.
async fn next_run_publishes(setup: &Setup) {
    let before = runs(&setup.out()).len();
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0, "{outcome:?}");
    assert_eq!((runs(&setup.out()).len(), leftovers(&setup.out())), (before + 1, 0));
    all_hold(&setup.out());
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_step_of_publishing_leaves_whole_bundles() {
    let simulator = workspace().await;
    let setup = published(&simulator).await;
    let out = setup.out();
    let (mut killed, mut left_behind) = (0, 0);
    let steps = [
        "",
        "dependents.csv",
        "secrets.csv",
        "report.md",
        "report.html",
        "report.json",
        "manifest.json",
        "bundle",
        "latest",
    ];
    // Anew each round, as where exactly a step is interrupted is left to chance.
    for round in 0..7 {
        for step in steps {
            let (runs_before, latest_before) = (runs(&out).len(), latest(&out));
            let mut child = start(&setup);
            until(&mut child, || match step {
                "bundle" => runs(&out).len() > runs_before,
                "latest" => latest(&out) != latest_before,
                file => is_staged(&out, file),
            })
            .await;
            child.kill().unwrap();
            let output = child.wait_with_output().unwrap();
            killed += usize::from(output.status.code().is_none());
            left_behind += usize::from(leftovers(&out) > 0);
            all_hold(&out);
            let ended = output.status.code();
            assert!(ended.is_none_or(|code| code == 0), "{step}: {}", text(&output.stderr));
        }
        if round % 3 == 0 {
            next_run_publishes(&setup).await;
        }
    }
    next_run_publishes(&setup).await;
    assert!(killed >= 40 && left_behind >= 30, "{killed} were killed in time, {left_behind} left something");
}

#[tokio::test]
async fn a_run_that_is_killed_between_any_two_steps_of_publishing_leaves_whole_bundles() {
    let simulator = workspace().await;
    let setup = published(&simulator).await;
    let syncs = (1..=8).map(|number| format!("fsync:signal=KILL:when={number}"));
    let names = ["/^symlink:signal=KILL", "/^rename:signal=KILL:when=1"];
    let faults = syncs.chain(names.map(str::to_owned)).map(|fault| (injected(&setup, &fault), fault));
    let (link, last) = ("/^symlink:signal=KILL".to_owned(), "/^rename:signal=KILL:when=2".to_owned());
    let last = [(injected_at_the_link(&setup, &link), link), (injected(&setup, &last), last)];
    for (mut command, fault) in faults.chain(last) {
        let traced = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
        let said = traced.as_ref().map_or("no strace", |output| text(&output.stderr)).to_owned();
        if said.contains("strace") {
            println!("SKIPPED: nothing can be traced here: {said}");
            return;
        }
        assert_ne!(traced.unwrap().status.code(), Some(0), "{fault}: {said}");
        all_hold(&setup.out());
    }
    assert_eq!(leftovers(&setup.out()), 1, "the next run swept what the last had left");
    next_run_publishes(&setup).await;
}

#[tokio::test]
async fn a_run_that_is_killed_at_any_moment_leaves_whole_bundles() {
    let simulator = workspace().await;
    let setup = published(&simulator).await;
    let clock = Instant::now();
    assert_eq!(code(&end(start(&setup)).await), 0);
    let typical = clock.elapsed();
    let mut clock = numbers_from(20_261_123);
    for _ in 0..25 {
        let mut child = start(&setup);
        let (started, after) = (Instant::now(), typical.mul_f64(clock()));
        until(&mut child, || started.elapsed() > after).await;
        child.kill().unwrap();
        child.wait().unwrap();
        all_hold(&setup.out());
    }
    next_run_publishes(&setup).await;
}

/// Numbers from 0 to 1 that are the same in every test run.
fn numbers_from(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

#[tokio::test]
async fn a_signal_while_reports_are_written_ends_the_run_or_comes_too_late_and_nothing_between() {
    let simulator = workspace().await;
    for (signal, expected) in [("-INT", 130), ("-TERM", 143), ("-HUP", 143)] {
        let mut ended = false;
        for _ in 0..10 {
            let setup = published(&simulator).await;
            let mut child = start(&setup);
            until(&mut child, || is_staged(&setup.out(), "dependents.csv")).await;
            send(&child, signal);
            let output = end(child).await;
            all_hold(&setup.out());
            assert_eq!(leftovers(&setup.out()), 0, "it sweeps behind itself");
            match code(&output) {
                0 => assert_eq!(runs(&setup.out()).len(), 2, "after the rename the code is the audit's"),
                code => {
                    assert_eq!((code, runs(&setup.out()).len()), (expected, 1), "{}", text(&output.stderr));
                    ended = true;
                }
            }
            if ended {
                break;
            }
        }
        assert!(ended, "{signal} never came in time");
    }
}

#[tokio::test]
async fn a_hangup_and_what_would_leave_a_core_end_the_run_as_sigterm_does() {
    for signal in ["-HUP", "-QUIT", "-XCPU"] {
        let simulator = serve_with(
            Vec::new(),
            |request, reply| {
                if request.path == SECRETS { Reply::Hang } else { reply }
            },
        )
        .await;
        let setup = Setup::of(&simulator);
        let mut child = start(&setup);
        until(&mut child, || simulator.requests().iter().any(|request| request.path == SECRETS)).await;
        send(&child, signal);
        let output = end(child).await;
        assert_eq!(code(&output), 143, "{signal}");
        assert_eq!(names_in(&setup.out()), [".lock"], "{signal}");
    }
}

#[tokio::test]
async fn a_second_signal_ends_a_run_that_something_holds_up() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    // Nobody reads its log, and there is no room for another line.
    let (_unread, mut log) = std::io::pipe().unwrap();
    log.write_all(&[b'.'; 64 * 1024]).unwrap();
    let mut child = start_with(&setup, log.into());
    until(&mut child, || !simulator.requests().is_empty()).await;
    // One that comes before the last was heard is lost, so they are sent until it has ended.
    let ended = async {
        while child.try_wait().unwrap().is_none() {
            send(&child, "-TERM");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(TOO_LONG, ended).await.unwrap();
    assert_eq!(code(&child.wait_with_output().unwrap()), 143);
}

#[tokio::test]
async fn a_second_run_ends_with_7_and_sends_nothing() {
    let slow =
        serve_with(Vec::new(), |request, reply| if request.path == SECRETS { Reply::Hang } else { reply })
            .await;
    let (first, other) = (Setup::of(&slow), workspace().await);
    let mut child = start(&first);
    until(&mut child, || !slow.requests().is_empty()).await;
    let mut second = Setup::of(&other);
    second.arguments.out = Some(first.out());
    let output = finish(second.audit()).await;
    assert_eq!((code(&output), other.requests().len()), (7, 0), "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains(".lock"), "{}", text(&output.stderr));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(finish(second.audit()).await.status.code(), Some(0), "the killed one holds nothing");
    assert_eq!(leftovers(&first.out()), 0);
}

/// The demo where the machine gives it no further thread: the one panic that can be had from outside. Root gets
/// threads all the same, so the binary runs as somebody else.
fn demo_without_threads(home: &Path) -> Option<Output> {
    let copy = copy_of_the_program(home);
    let mut demo = binary_in(home);
    demo.args(["audit", "--demo", "--out", "out"]);
    let somebody_else =
        ["setpriv", "--reuid=65533", "--regid=65533", "--clear-groups", "prlimit", "--nproc=1"];
    if is_root() {
        std::os::unix::fs::chown(home, Some(65_533), Some(65_533)).unwrap();
    }
    let limited = &somebody_else[if is_root() { 0 } else { 4 }..];
    behind(limited, &copy, &demo).output().ok().filter(|output| text(&output.stderr).contains("panicked"))
}

#[test]
fn a_panic_is_code_1_with_a_line_that_asks_for_a_report_and_publishes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let Some(output) = demo_without_threads(home.path()) else {
        println!("SKIPPED: threads cannot be limited here");
        return;
    };
    assert_eq!(code(&output), 1, "{}", text(&output.stderr));
    let last = text(&output.stderr).lines().last().unwrap();
    assert!(last.starts_with("error: a bug in this program") && last.contains("please report it"), "{last}");
    assert!(!home.path().join("out").exists());
}
