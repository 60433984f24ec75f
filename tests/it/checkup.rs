//! `check` of everything but the keys: the output directory, its lock, the disk, the last bundle, the clock and the proxy.
//! Wherever an audit would end with a code, `check` ends with the same.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Output};

use chrono::{DateTime, TimeDelta, Utc};
use elevenlabs_secrets_audit::{
    api::Clock,
    check::check_up,
    interrupt::Interrupt,
    progress::{Progress, Stage},
    publish::OutputDirectory,
};
use simulator::{Secret, Simulator};

use crate::{
    bundle::names_in,
    proxies::proxy_that_says,
    support::{
        BINARY, SECRETS, Setup, as_ordinary_user, asked, code, context, finish, is_root, now, serve,
        serve_with, text,
    },
    tls::{Authority, in_front_of},
};

const KEY: &str = "sk_simulated_key";

/// A workspace with one secret, and a setup that publishes into `out`.
async fn setup() -> (Simulator, Setup) {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    (simulator, setup)
}

async fn check(setup: &Setup) -> Output {
    let mut binary = setup.binary("check");
    binary.arg("--out").arg(setup.out());
    finish(binary).await
}

/// What is said of one thing: the word and the rest.
fn said(output: &Output, what: &str) -> (String, String) {
    let shown = text(&output.stdout);
    let found = shown.lines().find_map(|line| {
        let (word, rest) = line.trim_start().split_once(' ')?;
        let rest = rest.trim_start().strip_prefix(what)?.strip_prefix("  ")?;
        Some((word.to_owned(), rest.trim_start().to_owned()))
    });
    found.unwrap_or_else(|| panic!("{what}: {shown}{}", text(&output.stderr)))
}

fn word(output: &Output, what: &str) -> String {
    said(output, what).0
}

#[tokio::test]
async fn before_the_first_night_all_is_well_and_nothing_is_left_behind() {
    let simulator = serve_with(vec![Secret::new("sec", "key")], |_, reply| {
        reply.with_header("date", &Utc::now().format("%a, %d %b %Y %H:%M:%S GMT").to_string())
    })
    .await;
    let setup = Setup::of(&simulator);
    let output = check(&setup).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    for what in ["output directory", "lock", "last bundle", "disk space", "address", "clock", "key"] {
        assert_eq!(word(&output, what), "ok", "{what}");
    }
    assert!(said(&output, "output directory").1.contains("can be made"));
    let last = text(&output.stdout).lines().last().unwrap();
    assert!(last.contains("end with code 0"), "{last}");
    assert_eq!(names_in(setup.home()), ["config.toml"]);
}

#[tokio::test]
async fn after_a_night_its_bundle_is_looked_at_and_the_directory_stays_as_it_is() {
    let (_simulator, setup) = setup().await;
    assert_eq!(setup.run().await.code(), 0);
    let before = names_in(&setup.out());
    let output = check(&setup).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    assert_eq!(said(&output, "last bundle"), ("ok".into(), "2026-11-23T02-00-00Z is sound".into()));
    let (word, space) = said(&output, "disk space");
    assert!(word != "failed" && space.contains("a night: "), "{space}");
    assert_eq!(names_in(&setup.out()), before);
}

#[tokio::test]
async fn what_would_end_the_audit_before_its_first_request_ends_check_with_the_same_code_and_keys_are_tried_all_the_same()
 {
    type Spoil = fn(&Path);
    let spoils: [(&str, &str, Spoil); 5] = [
        ("output directory", "it is a file", |out| fs_err::write(out, "").unwrap()),
        ("output directory", "it leads nowhere", |out| std::os::unix::fs::symlink("gone", out).unwrap()),
        ("output directory", "latest is a directory", |out| {
            fs_err::create_dir_all(out.join("latest")).unwrap();
        }),
        ("lock", "the lock is a directory", |out| fs_err::create_dir_all(out.join(".lock")).unwrap()),
        ("output directory", "there is no place for it", |out| {
            fs_err::create_dir(out.with_file_name("gone")).unwrap();
            fs_err::write(out.with_file_name("gone").join("file"), "").unwrap();
            std::os::unix::fs::symlink("gone/file", out).unwrap();
        }),
    ];
    for (what, how, spoil) in spoils {
        let (simulator, setup) = setup().await;
        spoil(&setup.out());
        let (checked, audited) = (check(&setup).await, finish(setup.audit()).await);
        assert_eq!((code(&checked), code(&audited)), (6, 6), "{how}: {}", text(&checked.stdout));
        let (word, detail) = said(&checked, what);
        assert!(word == "failed" && detail.contains("--out"), "{how}: {detail}");
        assert_eq!(asked(&simulator, SECRETS), 1, "{how}: check alone asks");
    }
}

/// Ends `check` and `audit` as somebody who may write to the output directory, but not to what is in it under this name.
/// `None` where this machine has no way to.
async fn beside_what_cannot_be_removed(setup: &Setup, left: &str) -> Option<(Output, Output)> {
    let (home, out) = (setup.home().to_owned(), setup.out());
    let left = out.join(left);
    fs_err::create_dir_all(&left).unwrap();
    fs_err::write(left.join("report.json"), "{").unwrap();
    let open = |path: &Path, mode| fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(&home, 0o755);
    open(&out, 0o777);
    // Root's, or of somebody who took the permission from themselves.
    open(&left, 0o500);
    let mut command = setup.binary("check");
    command.arg("--out").arg(&out);
    open(&home.join("config.toml"), 0o644);
    let commands = (as_ordinary_user(&command, &home), as_ordinary_user(&setup.audit(), &home));
    let (Some(check), Some(audit)) = commands else {
        println!("SKIPPED: there is no setpriv to be somebody else");
        return None;
    };
    let ended = (finish(check).await, finish(audit).await);
    open(&left, 0o700);
    Some(ended)
}

#[tokio::test]
async fn what_a_killed_run_of_another_user_left_is_code_6() {
    let (_simulator, setup) = setup().await;
    let Some((checked, audited)) = beside_what_cannot_be_removed(&setup, ".staging-half").await else {
        return;
    };
    assert_eq!((code(&checked), code(&audited)), (6, 6), "{}", text(&audited.stderr));
    let (word, detail) = said(&checked, "output directory");
    assert!(word == "failed" && detail.contains(".staging-half"), "{detail}");
}

#[tokio::test]
async fn what_is_left_of_a_bundle_that_is_no_longer_kept_stops_neither_check_nor_audit() {
    for left in [".staging-pruned-2026-03-01T02-00-00Z", ".staging-unpublished-2026-03-01T02-00-00Z"] {
        let (_simulator, setup) = setup().await;
        let Some((checked, audited)) = beside_what_cannot_be_removed(&setup, left).await else { return };
        assert_eq!((code(&checked), code(&audited)), (0, 0), "{}", text(&audited.stderr));
        assert_eq!(word(&checked, "output directory"), "ok");
        let warned = |line: &str| line.contains("WARN") && line.contains(left) && line.contains("chown -R ");
        assert!(text(&audited.stderr).lines().any(warned), "{}", text(&audited.stderr));
        assert!(setup.out().join(left).join("report.json").exists(), "it was not in the way");
    }
}

#[tokio::test]
async fn a_lock_that_another_run_holds_is_code_7_and_stays_with_it() {
    let (_simulator, setup) = setup().await;
    let other = OutputDirectory::open(&setup.out()).unwrap();
    let before = names_in(&setup.out());
    let (checked, audited) = (check(&setup).await, finish(setup.audit()).await);
    assert_eq!((code(&checked), code(&audited)), (7, 7), "{}", text(&checked.stdout));
    let (word, detail) = said(&checked, "lock");
    assert!(word == "failed" && detail.contains("wait for it"), "{detail}");
    assert_eq!(names_in(&setup.out()), before);
    // Whatever else is amiss, an audit finds the lock first.
    fs_err::create_dir(setup.out().join("latest")).unwrap();
    assert_eq!((code(&check(&setup).await), code(&finish(setup.audit()).await)), (7, 7));
    fs_err::remove_dir(setup.out().join("latest")).unwrap();
    drop(other);
    assert_eq!(code(&check(&setup).await), 0);
}

#[tokio::test]
async fn a_last_bundle_that_was_altered_is_a_warning_as_an_audit_passes_it_over() {
    let (_simulator, setup) = setup().await;
    assert_eq!(setup.run().await.code(), 0);
    fs_err::write(setup.out().join("latest/report.md"), "nothing to see").unwrap();
    let checked = check(&setup).await;
    let (word, detail) = said(&checked, "last bundle");
    assert!(word == "warning" && detail.contains("report.md") && detail.contains("verify --out"), "{detail}");
    assert_eq!((code(&checked), code(&finish(setup.audit()).await)), (0, 0));
}

/// Mounts a small disk at `$OUT` where no one else sees it, publishes there, and looks with next to no space left.
const ON_A_FULL_DISK: &str = r#"
mount -t tmpfs -o size=8m none "$OUT" || exit 99
"$0" audit "$@" -q || exit 98
cat /dev/zero > "$OUT/filler" 2>/dev/null
"$0" check "$@"
"#;

#[tokio::test]
async fn a_disk_without_room_for_one_more_bundle_is_code_6() {
    let (_simulator, setup) = setup().await;
    fs_err::create_dir(setup.out()).unwrap();
    let mut command = setup.binary("check");
    command.env("OUT", setup.out());
    // Who is not root has to become it in a namespace of their own.
    let private = ["unshare", if is_root() { "-m" } else { "-rm" }, "sh", "-c", ON_A_FULL_DISK, BINARY];
    let config = setup.write_config();
    let out = setup.out();
    let rest = ["--config", config.to_str().unwrap(), "--out", out.to_str().unwrap()];
    let mut wrapped = assert_cmd::Command::new(private[0]);
    wrapped.args(&private[1..]).args(rest).env_clear().current_dir(setup.home());
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = finish(wrapped).await;
    if matches!(output.status.code(), Some(99 | 127)) || text(&output.stderr).contains("unshare") {
        println!("SKIPPED: no disk can be mounted here: {}", text(&output.stderr));
        return;
    }
    assert_eq!(code(&output), 6, "{}{}", text(&output.stdout), text(&output.stderr));
    let (word, detail) = said(&output, "disk space");
    assert!(word == "failed" && detail.contains("make room"), "{detail}");
}

#[tokio::test]
async fn a_metrics_file_that_cannot_be_written_is_a_warning() {
    let (_simulator, setup) = setup().await;
    let setup = setup.section("[report]\nmetrics_file = \"collector/secrets.prom\"");
    let output = check(&setup).await;
    assert_eq!((code(&output), word(&output, "metrics file").as_str()), (0, "warning"));
    fs_err::create_dir(setup.home().join("collector")).unwrap();
    let output = check(&setup).await;
    assert_eq!(word(&output, "metrics file"), "ok");
    assert!(names_in(&setup.home().join("collector")).is_empty());
}

/// What is said of the clock where the API's is behind this machine's by so much, and the exit code.
async fn clock(behind: TimeDelta) -> (String, u8) {
    let simulator = serve_with(vec![Secret::new("sec", "key")], move |_, reply| {
        let theirs: DateTime<Utc> = now() - behind;
        reply.with_header("date", &theirs.format("%a, %d %b %Y %H:%M:%S GMT").to_string())
    })
    .await;
    let config = Setup::of(&simulator).resolve().unwrap();
    let context = context(Clock { now, random: || 0.0 });
    let checkup = check_up(&config, &context, &Progress::default(), &Interrupt::default()).await;
    let mut shown = Vec::new();
    checkup.write(&config.settings, &mut shown).unwrap();
    let shown = text(&shown);
    let line = shown.lines().find(|line| line.contains("  clock ")).unwrap_or_else(|| panic!("{shown}"));
    (line.trim_start().to_owned(), checkup.exit_code())
}

#[tokio::test]
async fn a_clock_that_is_minutes_off_is_a_warning_with_the_way_to_set_it() {
    for seconds in [0, 300, -300] {
        let (line, code) = clock(TimeDelta::seconds(seconds)).await;
        assert!(line.starts_with("ok ") && code == 0, "{seconds}: {line}");
    }
    for (seconds, words) in
        [(301, "5 minutes ahead of"), (-301, "5 minutes behind"), (864_000, "10 days ahead")]
    {
        let (line, code) = clock(TimeDelta::seconds(seconds)).await;
        assert!(line.starts_with("warning ") && code == 0, "{seconds}: {line}");
        assert!(line.contains(words) && line.contains("timedatectl"), "{seconds}: {line}");
    }
}

#[tokio::test]
async fn the_proxy_that_requests_go_through_is_named_without_its_password() {
    let (simulator, _) = setup().await;
    let authority = Authority::new();
    let server = in_front_of(&simulator, authority.identity(&["audited.example"], false)).await;
    let (to_server, _) = proxy_that_says(|_| 200, server.port()).await;
    let proxy = format!("127.0.0.1:{}", to_server.port());
    let setup = Setup::new().workspace_at("main", "https://audited.example", KEY).http("attempts = 1");
    let with = |proxy: &str| {
        let mut binary = setup.binary("check");
        binary.env("HTTPS_PROXY", format!("http://me:hunter2@{proxy}"));
        binary.env("SSL_CERT_FILE", authority.write_to(&setup));
        binary
    };
    let output = finish(with(&proxy)).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    let (word, detail) = said(&output, "address");
    assert!(word == "ok" && detail.ends_with(&format!("through the proxy http://{proxy}")), "{detail}");
    assert!(!text(&output.stdout).contains("hunter2"));

    let output = finish(with("127.0.0.1:1")).await;
    assert_eq!(code(&output), 5, "{}", text(&output.stdout));
    let (word, detail) = said(&output, "address");
    assert!(word == "failed" && detail.contains("through the proxy http://127.0.0.1:1;"), "{detail}");
    assert_eq!(said(&output, "clock").0, "-", "nobody told the time");
    assert_eq!(said(&output, "key"), ("-".into(), "whose it is was not asked, as nothing answers".into()));
    assert!(!text(&output.stdout).contains("hunter2"));

    let mut excepted = with("127.0.0.1:1");
    excepted.env("NO_PROXY", "audited.example");
    assert!(said(&finish(excepted).await, "address").1.contains("without a proxy"));
}

#[tokio::test]
async fn a_refusal_is_an_answer_and_shows_that_the_address_is_reached() {
    let (simulator, _) = setup().await;
    let setup = Setup::new().workspace_at("main", simulator.base_url().as_str(), "sk_another_key");
    let output = check(&setup).await;
    assert_eq!((code(&output), word(&output, "address").as_str()), (4, "ok"));
}

#[tokio::test]
async fn a_workspace_that_could_not_be_read_counts_as_failed_while_others_are_tried() {
    let (simulator, _) = setup().await;
    let other = "sk_another_key";
    let setup = Setup::of(&simulator).workspace_at("refused", simulator.base_url().as_str(), other);
    let config = setup.resolve().unwrap();
    let (context, progress) = (context(Clock { now, random: || 0.0 }), Progress::default());
    check_up(&config, &context, &progress, &Interrupt::default()).await;
    let stages: Vec<Stage> = progress.workspaces().iter().map(|workspace| workspace.stage()).collect();
    assert_eq!(stages, [Stage::Read, Stage::Failed]);
}

#[tokio::test]
async fn a_machine_without_ca_certificates_is_code_5_and_all_else_is_said_too() {
    let setup = Setup::new().workspace_at("main", "https://audited.example", KEY);
    let without = |mut binary: assert_cmd::Command| {
        binary.env("SSL_CERT_FILE", "/nowhere").env("SSL_CERT_DIR", "/nowhere");
        binary
    };
    let (checked, audited) =
        (finish(without(setup.binary("check"))).await, finish(without(setup.audit())).await);
    assert_eq!((code(&checked), code(&audited)), (5, 5), "{}", text(&checked.stdout));
    assert_eq!((word(&checked, "lock").as_str(), word(&checked, "address").as_str()), ("ok", "failed"));
    let (word, detail) = said(&checked, SECRETS);
    assert!(word == "failed" && detail.contains("CA certificates"), "{detail}");

    // As in an audit, the lock goes first.
    let _other = OutputDirectory::open(&setup.out()).unwrap();
    let mut binary = without(setup.binary("check"));
    binary.arg("--out").arg(setup.out());
    assert_eq!((code(&finish(binary).await), code(&finish(without(setup.audit())).await)), (7, 7));
}
