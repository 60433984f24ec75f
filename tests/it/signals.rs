//! Signals while a request hangs: the run ends, with the signal's code, and publishes nothing.

use std::{
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use elevenlabs_secrets_audit::simulator::{Reply, Secret, Simulator};

use crate::{
    bundle::names_in,
    support::{BINARY, SECRETS, Setup, code, serve_with, text},
};

/// Only a test that fails waits so long.
const TOO_LONG: Duration = Duration::from_secs(60);

/// Waits until `done` gives something, and kills the process where it never does.
async fn until<T>(child: &mut Child, mut done: impl FnMut(&mut Child) -> Option<T>) -> T {
    let deadline = Instant::now() + TOO_LONG;
    loop {
        if let Some(done) = done(child) {
            return done;
        }
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("nothing happened");
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

/// Starts the binary's `audit`, sends it `signal` once `path` has been asked for, and waits for its end.
async fn interrupted(setup: &Setup, simulator: &Simulator, path: &str, signal: &str) -> Output {
    let made = setup.audit();
    let mut command = Command::new(BINARY);
    command.env_clear().args(made.get_args()).current_dir(setup.home());
    command.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let asked = || simulator.requests().iter().any(|request| request.path == path);
    until(&mut child, |_| asked().then_some(())).await;
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    until(&mut child, |child| child.try_wait().unwrap()).await;
    child.wait_with_output().unwrap()
}

/// A workspace in which whoever asks for `path` waits forever.
async fn hanging_at(path: &'static str) -> Simulator {
    serve_with(vec![Secret::new("sec", "key").with_agents(150)], move |request, reply| {
        if request.path == path { Reply::Hang } else { reply }
    })
    .await
}

#[tokio::test]
async fn a_signal_ends_the_run_with_its_code_and_nothing_is_published() {
    for (signal, expected) in [("-INT", 130), ("-TERM", 143)] {
        for path in [SECRETS, "/v1/convai/secrets/sec/dependencies/agents"] {
            let simulator = hanging_at(path).await;
            let setup = Setup::of(&simulator);
            let output = interrupted(&setup, &simulator, path, signal).await;
            assert_eq!(code(&output), expected, "{}", text(&output.stderr));
            assert_eq!(names_in(&setup.out()), [".lock"]);
            assert_eq!(text(&output.stdout), "");
            assert!(text(&output.stderr).contains("nothing was published"), "{}", text(&output.stderr));
        }
    }
}

#[tokio::test]
async fn a_signal_leaves_earlier_reports_as_they_were() {
    let good = serve_with(vec![Secret::new("sec", "key")], |_, reply| reply).await;
    let earlier = Setup::of(&good);
    earlier.run().await.result.unwrap();
    let before = names_in(&earlier.out());
    let simulator = hanging_at(SECRETS).await;
    let mut setup = Setup::of(&simulator);
    setup.arguments.out = Some(earlier.out());
    let output = interrupted(&setup, &simulator, SECRETS, "-TERM").await;
    assert_eq!(code(&output), 143);
    assert_eq!(names_in(&earlier.out()), before);
}

#[tokio::test]
async fn the_lock_of_a_killed_run_does_not_hold_up_the_next() {
    let simulator = hanging_at(SECRETS).await;
    let setup = Setup::of(&simulator);
    let output = interrupted(&setup, &simulator, SECRETS, "-KILL").await;
    assert_eq!(output.status.code(), None, "killed");
    let left = names_in(&setup.out());
    assert!(left.iter().any(|name| name.starts_with(".staging-")), "{left:?}");
    let good = serve_with(vec![Secret::new("sec", "key")], |_, reply| reply).await;
    let mut next = Setup::of(&good);
    next.arguments.out = Some(setup.out());
    assert_eq!(next.run().await.code(), 0);
    assert!(names_in(&setup.out()).iter().all(|name| !name.starts_with(".staging-")));
}
