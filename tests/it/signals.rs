//! Signals while something hangs: the run ends, with the signal's code, and publishes nothing.

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    time::{Duration, Instant},
};

use elevenlabs_secrets_audit::interrupt::{Interrupt, Signal};
use simulator::{Reply, Secret, Simulator};

use crate::{
    bundle::names_in,
    disk::traced,
    support::{
        BINARY, SECRETS, Setup, as_ordinary_user, behind, binary_in, code, finish, is_root, serve,
        serve_with, text,
    },
};

/// Only a test that fails waits so long.
const TOO_LONG: Duration = Duration::from_secs(120);

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
    let mut child = start(&behind(&["env"], Path::new(BINARY), &setup.audit()), Stdio::piped());
    let asked = || simulator.requests().iter().any(|request| request.path == path);
    until(&mut child, |_| asked().then_some(())).await;
    end_by(child, signal).await
}

/// Starts what another command would run. A shell may have had interrupts ignored for whatever runs these tests.
fn start(made: &assert_cmd::Command, stderr: Stdio) -> Child {
    let mut command = Command::new("env");
    command.arg("--default-signal=INT,HUP,QUIT").arg(made.get_program());
    command.env_clear().args(made.get_args()).current_dir(made.get_current_dir().unwrap());
    command.envs(made.get_envs().filter_map(|(name, value)| Some((name, value?))));
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(stderr).spawn().unwrap()
}

fn send(pid: &str, signal: &str) {
    // It may have ended meanwhile.
    Command::new("kill").args([signal, pid]).stderr(Stdio::null()).status().unwrap();
}

async fn end_by(mut child: Child, signal: &str) -> Output {
    send(&child.id().to_string(), signal);
    // strace doesn't let go of a thread that ends while it is held up, so that nobody is told.
    let process = PathBuf::from(format!("/proc/{}", child.id()));
    let field = |path: &Path, name: &str| {
        let status = fs_err::read_to_string(path.join("status")).ok()?;
        status.lines().find_map(|line| Some(line.strip_prefix(name)?.trim().to_owned()))
    };
    let ended = |child: &mut Child| child.try_wait().unwrap().is_some();
    let is_over = || field(&process, "State:").is_some_and(|state| state.starts_with('Z'));
    until(&mut child, |child| (ended(child) || is_over()).then_some(())).await;
    for thread in fs_err::read_dir(process.join("task")).into_iter().flatten() {
        match field(&thread.unwrap().path(), "TracerPid:").as_deref() {
            None | Some("0") => {}
            Some(tracer) => send(tracer, "-KILL"),
        }
    }
    until(&mut child, |child| child.try_wait().unwrap()).await;
    child.wait_with_output().unwrap()
}

/// Starts an audit in which a system call takes an hour: the first one to this path, or the `nth` of a thread. Waits until it
/// is made. `None` where that can't be, which is said.
async fn held_up(setup: &Setup, call: &str, path: Option<&Path>, nth: usize) -> Option<Child> {
    let log = setup.home().join("calls");
    let inject = format!("inject={call}:delay_enter=3600000000:when={nth}");
    let trace = format!("trace={call}");
    // As a grandchild, so that the signal meets the program.
    let mut tracer =
        vec!["strace", "-D", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", &trace, "-e", &inject];
    tracer.extend(path.iter().flat_map(|path| ["-P", path.to_str().unwrap()]));
    let mut child = start(&behind(&tracer, Path::new(BINARY), &setup.audit()), Stdio::piped());
    let is_held_up = || {
        let (log, begins) = (fs_err::read_to_string(&log).unwrap_or_default(), format!("{call}("));
        let calls = log.lines().filter(|line| line.contains(&begins));
        let threads: Vec<_> = calls.filter_map(|line| line.split(' ').next()).collect();
        threads.iter().any(|thread| threads.iter().filter(|other| *other == thread).count() == nth)
    };
    let ended = until(&mut child, |child| match child.try_wait().unwrap() {
        Some(_) => Some(true),
        None => is_held_up().then_some(false),
    });
    if ended.await {
        let output = child.wait_with_output().unwrap();
        println!("SKIPPED: nothing can be traced here: {}", text(&output.stderr));
        return None;
    }
    Some(child)
}

#[tokio::test]
async fn a_name_that_is_looked_up_for_ever_holds_no_end_up() {
    let setup = Setup::new().workspace_at("main", "http://localhost:1", "sk_simulated_key");
    let Some(child) = held_up(&setup, "openat", Some(Path::new("/etc/hosts")), 1).await else { return };
    let output = end_by(child, "-TERM").await;
    assert_eq!(code(&output), 143, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("nothing was published"), "{}", text(&output.stderr));
    assert_eq!(names_in(&setup.out()), [".lock"]);
}

#[tokio::test]
async fn a_disk_that_takes_for_ever_holds_no_end_up_and_the_next_run_sweeps() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator).section("[report]\nmetrics_file = \"secrets.prom\"");
    // The third of a thread is that of a report: the main one brings the staging directory and the metrics to the disk, and would
    // have a third where the output directory is to be made.
    fs_err::create_dir(setup.out()).unwrap();
    let Some(child) = held_up(&setup, "fsync", None, 3).await else { return };
    let output = end_by(child, "-INT").await;
    assert_eq!(code(&output), 130, "{}", text(&output.stderr));
    assert!(text(&output.stderr).contains("nothing was published"), "{}", text(&output.stderr));
    assert!(names_in(&setup.out()).iter().all(|name| name.starts_with('.')), "{:?}", names_in(&setup.out()));
    let metrics = fs_err::read_to_string(setup.home().join("secrets.prom")).unwrap();
    assert!(metrics.contains("_success 0") || metrics.contains("_failed"), "{metrics}");
    assert_eq!(setup.run().await.code(), 0);
    assert!(names_in(&setup.out()).iter().all(|name| !name.starts_with(".staging-")));
}

#[tokio::test]
async fn a_disk_that_takes_for_ever_to_put_a_bundle_in_place_holds_no_end_up_and_nothing_is_half() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    let Some(child) = held_up(&setup, "symlink", Some(&setup.out().join(".staging-latest")), 1).await else {
        return;
    };
    let output = end_by(child, "-TERM").await;
    assert_eq!(code(&output), 143, "{}", text(&output.stderr));
    let bundles = || names_in(&setup.out()).into_iter().filter(|name| name.starts_with("20")).count();
    assert_eq!(bundles(), 1, "it was renamed already");
    assert_eq!(setup.run().await.code(), 0);
    assert_eq!(bundles(), 2);
    let verified =
        assert_cmd::Command::new(BINARY).arg("verify").arg("--out").arg(setup.out()).output().unwrap();
    assert_eq!(code(&verified), 0, "{}", text(&verified.stdout));
}

#[tokio::test]
async fn a_log_that_nobody_reads_holds_no_end_up() {
    let simulator = hanging_at(SECRETS).await;
    let setup = Setup::of(&simulator);
    let (_unread, mut log) = std::io::pipe().unwrap();
    log.write_all(&[b'.'; 64 * 1024]).unwrap();
    let mut child = start(&behind(&["env"], Path::new(BINARY), &setup.audit()), log.into());
    until(&mut child, |_| (!simulator.requests().is_empty()).then_some(())).await;
    assert_eq!(code(&end_by(child, "-TERM").await), 143);
}

#[tokio::test]
async fn a_check_that_is_the_first_process_of_a_container_ends_too() {
    let simulator = hanging_at(SECRETS).await;
    let setup = Setup::of(&simulator);
    // The kernel keeps signals from such a process that it doesn't listen to.
    let container = ["unshare", if is_root() { "-pf" } else { "-rpf" }];
    let mut child = start(&behind(&container, Path::new(BINARY), &setup.binary("check")), Stdio::piped());
    let asked = until(&mut child, |child| match child.try_wait().unwrap() {
        Some(_) => Some(false),
        None => (!simulator.requests().is_empty()).then_some(true),
    });
    if !asked.await {
        println!("SKIPPED: no namespace of processes can be made here");
        return;
    }
    let id = child.id();
    let within = fs_err::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
    send(within.trim(), "-TERM");
    until(&mut child, |child| child.try_wait().unwrap()).await;
    assert_eq!(code(&child.wait_with_output().unwrap()), 143);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_run_leaves_no_core_and_no_other_process_of_its_user_may_look_into_it() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    let simulator = hanging_at(SECRETS).await;
    let setup = Setup::of(&simulator);
    let made = setup.audit();
    fs_err::set_permissions(setup.home(), PermissionsExt::from_mode(0o777)).unwrap();
    let Some(audit) = as_ordinary_user(&made, setup.home()) else {
        println!("SKIPPED: there is no setpriv to be somebody else");
        return;
    };
    let mut child = start(&audit, Stdio::piped());
    until(&mut child, |_| (!simulator.requests().is_empty()).then_some(())).await;
    // Of a process that may leave a core, these are its user's.
    let owner = fs_err::metadata(format!("/proc/{}/mem", child.id())).unwrap().uid();
    assert_eq!(code(&end_by(child, "-TERM").await), 143);
    assert_eq!(owner, 0);
}

#[tokio::test]
async fn whatever_else_goes_wrong_once_a_signal_came_the_code_is_that_of_the_signal() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    fs_err::write(setup.out(), "a file").unwrap();
    assert_eq!(setup.run().await.code(), 6);
    let interrupt = Interrupt::default();
    interrupt.raise(Signal::Terminate);
    assert_eq!(setup.run_under(&interrupt).await.code(), 143);
}

#[tokio::test]
async fn what_takes_for_ever_to_be_removed_holds_neither_the_end_nor_the_metrics_up() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator).section("[report]\nkeep = 1\nmetrics_file = \"secrets.prom\"");
    let runs =
        || names_in(&setup.out()).into_iter().filter(|name| name.starts_with("20")).collect::<Vec<_>>();
    for _ in 0..2 {
        assert_eq!(code(&finish(setup.audit()).await), 0);
    }
    let old = setup.out().join(format!(".staging-pruned-{}", runs()[0]));
    let metrics = || fs_err::read_to_string(setup.home().join("secrets.prom")).unwrap();
    let before = metrics();
    let Some(child) = held_up(&setup, "rename", Some(&old), 1).await else { return };
    let output = end_by(child, "-TERM").await;
    assert_eq!(code(&output), 143, "{}", text(&output.stderr));
    let latest = fs_err::read_link(setup.out().join("latest")).unwrap();
    assert_eq!((runs().len(), latest.to_str()), (3, runs().last().map(String::as_str)));
    assert_ne!(metrics(), before, "they are those of this run");
    assert!(metrics().contains("_complete 1"), "{}", metrics());
}

#[tokio::test]
async fn an_answer_that_stalls_midway_holds_no_end_up() {
    let simulator = serve_with(vec![Secret::new("sec", "key")], |request, reply| match reply {
        Reply::Answer { status, headers, body } if request.path == SECRETS => {
            Reply::Drip { status, headers, body, every: TOO_LONG }
        }
        reply => reply,
    })
    .await;
    let setup = Setup::of(&simulator);
    let output = interrupted(&setup, &simulator, SECRETS, "-TERM").await;
    assert_eq!((code(&output), names_in(&setup.out())), (143, vec![".lock".to_owned()]));
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn every_command_forgoes_core_dumps_before_it_starts_anything() {
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("calls");
    let tracer = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", "trace=prctl,clone,clone3"];
    let mut binary = binary_in(home.path());
    binary.args(["completions", "bash"]);
    let Some(output) = traced(behind(&tracer, Path::new(BINARY), &binary)).await else { return };
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let calls = fs_err::read_to_string(&log).unwrap();
    let first = calls.lines().find(|line| line.contains("PR_SET_DUMPABLE") || line.contains("clone"));
    assert!(first.is_some_and(|line| line.contains("PR_SET_DUMPABLE, SUID_DUMP_DISABLE")), "{calls}");
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_signal_that_whoever_started_the_process_has_ignored_stays_so() {
    let simulator = hanging_at(SECRETS).await;
    let setup = Setup::of(&simulator);
    let shell = ["sh", "-c", "trap '' HUP INT; exec \"$0\" \"$@\""];
    let mut child = start(&behind(&shell, Path::new(BINARY), &setup.audit()), Stdio::piped());
    until(&mut child, |_| (!simulator.requests().is_empty()).then_some(())).await;
    let status = fs_err::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:")).unwrap();
    let mask = u64::from_str_radix(mask.trim(), 16).unwrap();
    assert_eq!(mask & 0b11, 0b11, "{status}");
    for ignored in ["-HUP", "-INT"] {
        send(&child.id().to_string(), ignored);
    }
    assert_eq!(code(&end_by(child, "-TERM").await), 143);
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
