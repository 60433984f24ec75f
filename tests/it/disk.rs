//! Disks that are full or fail, and things planted where a run would write: code 6, and nothing has changed.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Output,
};

use simulator::{Secret, Simulator};

use crate::{
    bundle::names_in,
    support::{
        BINARY, RUN, SECRETS, Setup, behind, binary_in, code, finish, is_root, serve, serve_with, text,
    },
};

const FILES: [&str; 6] =
    ["dependents.csv", "secrets.csv", "report.md", "report.html", "report.json", "manifest.json"];

pub(crate) fn secrets() -> Vec<Secret> {
    (0..40).map(|number| Secret::new(&format!("sec_{number}"), "key").with_tools(20)).collect()
}

/// A setup with a first bundle in place.
pub(crate) async fn published(simulator: &Simulator) -> Setup {
    let mut setup = Setup::of(simulator);
    setup.arguments.dependency_limit = Some(100);
    assert_eq!(setup.run().await.code(), 0);
    setup
}

/// Every file and link under a directory, with what is in it or where it points.
pub(crate) fn contents(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in names_in(directory) {
        let path = directory.join(name);
        if path.is_symlink() {
            let target = fs_err::read_link(&path).unwrap();
            found.insert(path, target.into_os_string().into_encoded_bytes());
        } else if path.is_dir() {
            found.extend(contents(&path));
        } else {
            let content = fs_err::read(&path).unwrap();
            found.insert(path, content);
        }
    }
    found
}

/// Whether a run said, on one line, that it could not write `what`, why, and what to do.
fn says_what_to_do(output: &Output, what: &str) {
    says(output, &["cannot write", what, "check the space and the permissions", "--out"]);
}

pub(crate) fn says(output: &Output, parts: &[&str]) {
    let said = text(&output.stderr);
    let error = said.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{said}"));
    for part in parts {
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[tokio::test]
async fn a_file_that_grows_too_large_is_code_6_and_the_earlier_bundle_stays() {
    let simulator = serve(secrets()).await;
    let setup = published(&simulator).await.section("[report]\nmetrics_file = \"secrets.prom\"");
    let before = contents(&setup.out());
    let metrics = setup.home().join("secrets.prom");
    let size = |file: &str| fs_err::metadata(setup.out().join("latest").join(file)).unwrap().len();
    // In blocks of 512 bytes: less than each of these files has, so that it is the first to fail or one before it.
    for file in FILES {
        let blocks = (size(file) / 512).max(1);
        let output = finish(within(blocks, &setup.audit())).await;
        assert_eq!(code(&output), 6, "{blocks}: {}", text(&output.stderr));
        says(&output, &["cannot write", ".staging-", "File too large", "ulimit -f", "LimitFSIZE", "--out"]);
        assert_eq!(contents(&setup.out()), before, "{blocks}");
        let told = fs_err::read_to_string(&metrics).unwrap();
        assert!(told.contains("_success 0") || told.contains("_failed"), "{told}");
        fs_err::remove_file(&metrics).unwrap();
    }
    assert_eq!(setup.run().await.code(), 0);
}

/// The command where no file may have more than so many blocks of 512 bytes. A shell that ignores the signal which comes with
/// that would hand this on, so it must not.
fn within(blocks: u64, command: &assert_cmd::Command) -> assert_cmd::Command {
    let script = format!(r#"ulimit -f {blocks}; exec "$0" "$@""#);
    behind(&["sh", "-c", &script], Path::new(BINARY), command)
}

#[tokio::test]
async fn what_else_grows_too_large_is_code_6_too_and_kills_nothing() {
    let simulator = serve(secrets()).await;
    let setup = published(&simulator).await;
    let latest = setup.out().join("latest");
    for (arguments, said) in [
        (&["schema"][..], "standard output"),
        (&["man"], "standard output"),
        (&["init", "--yes", "--out", "new.toml"], "new.toml"),
        (&["render", latest.to_str().unwrap(), "--out", "again"], "again"),
    ] {
        let mut command = binary_in(setup.home());
        command.args(arguments);
        let script = r#"ulimit -f 1; exec "$0" "$@" >answer"#;
        let output = finish(behind(&["sh", "-c", script], Path::new(BINARY), &command)).await;
        assert_eq!(code(&output), 6, "{arguments:?}: {}", text(&output.stderr));
        says(&output, &[said, "File too large"]);
    }
    assert!(!setup.home().join("new.toml").exists());
}

/// Mounts a small disk at `$OUT` where no one else sees it, publishes there, fills it but for `$FREE` kilobytes, and
/// tries again.
const ON_A_FULL_DISK: &str = r#"
mount -t tmpfs -o size=8m none "$OUT" || exit 99
"$0" "$@" -q || exit 98
sums() { find "$OUT" -type f ! -name filler -exec sha256sum {} + | sort; readlink "$OUT/latest"; ls -A "$OUT"; }
before=$(sums)
cat /dev/zero > "$OUT/filler" 2>/dev/null
truncate -s "-${FREE}K" "$OUT/filler"
"$0" "$@"
code=$?
rm "$OUT/filler"
[ "$before" = "$(sums)" ] || exit 97
"$0" "$@" -q || exit 96
exit $code
"#;

#[tokio::test]
async fn a_full_disk_is_code_6_and_the_earlier_bundle_stays() {
    let simulator = serve(secrets()).await;
    let mut reached = 0;
    for free in ["0", "100", "200"] {
        let setup = Setup::of(&simulator);
        fs_err::create_dir(setup.out()).unwrap();
        let mut audit = setup.audit();
        audit.env("OUT", setup.out()).env("FREE", free);
        // Who is not root has to become it in a namespace of their own.
        let private = ["unshare", if is_root() { "-m" } else { "-rm" }, "sh", "-c", ON_A_FULL_DISK];
        let output = finish(behind(&private, Path::new(BINARY), &audit)).await;
        let said = text(&output.stderr);
        if matches!(output.status.code(), Some(99 | 127)) || said.contains("unshare") {
            println!("SKIPPED: no disk can be mounted here: {said}");
            return;
        }
        assert_eq!(code(&output), 6, "{free}: {said}");
        assert!(said.contains("No space left"), "{said}");
        says_what_to_do(&output, ".staging-");
        reached += FILES.iter().filter(|file| said.contains(*file)).count();
    }
    assert!(reached >= 3, "each run names the file that it could not write");
}

/// The binary's `audit` under strace, which makes a system call of its go wrong. It counts those of each thread, and what is
/// tried first is in another than the rest.
pub(crate) fn injected(setup: &Setup, fault: &str) -> assert_cmd::Command {
    injected_into(&setup.audit(), fault)
}

/// The same at the one link that stays.
pub(crate) fn injected_at_the_link(setup: &Setup, fault: &str) -> assert_cmd::Command {
    let link = setup.out().join(".staging-latest");
    under_strace(&setup.audit(), fault, &["-P", link.to_str().unwrap()])
}

pub(crate) fn injected_into(command: &assert_cmd::Command, fault: &str) -> assert_cmd::Command {
    under_strace(command, fault, &[])
}

fn under_strace(command: &assert_cmd::Command, fault: &str, filter: &[&str]) -> assert_cmd::Command {
    let inject = format!("inject={fault}");
    let calls = "trace=/^(fsync|rename|symlink|flock|fchmod)";
    let tracer = [&["strace", "-f", "-qq", "-o", "/dev/null", "-e", calls, "-e", &inject], filter].concat();
    behind(&tracer, Path::new(BINARY), command)
}

/// What a command did under strace. `None` where nothing can be traced here, which is said.
pub(crate) async fn traced(mut command: assert_cmd::Command) -> Option<Output> {
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap();
    let said = output.as_ref().map_or("no strace", |output| text(&output.stderr));
    if said.contains("strace") {
        println!("SKIPPED: nothing can be traced here: {said}");
        return None;
    }
    output.ok()
}

#[tokio::test]
async fn an_error_at_any_fsync_rename_or_link_is_code_6_and_the_earlier_bundle_stays() {
    let simulator = serve(secrets()).await;
    let setup = published(&simulator).await;
    let before = contents(&setup.out());
    // What is tried first, or eight files, the staging directory, and the output directory once the bundle is in it.
    let syncs = (1..=10).map(|number| format!("fsync:error=EIO:when={number}"));
    let names = ["/^symlink:error=EIO", "/^rename:error=EIO:when=1", "/^rename:error=EIO:when=2"];
    let faults = syncs.chain(names.map(str::to_owned)).map(|fault| (injected(&setup, &fault), fault));
    let link = "/^symlink:error=EIO".to_owned();
    for (command, fault) in faults.chain([(injected_at_the_link(&setup, &link), link)]) {
        let Some(traced) = traced(command).await else { return };
        assert_eq!(code(&traced), 6, "{fault}: {}", text(&traced.stderr));
        says_what_to_do(&traced, "Input/output error");
        assert_eq!(contents(&setup.out()), before, "{fault}");
    }
    // Then both renames are done: the bundle is in place, come what may.
    let late = finish(injected(&setup, "fsync:error=EIO:when=11")).await;
    assert_eq!(code(&late), 0);
    assert!(text(&late.stderr).contains("power cut"), "{}", text(&late.stderr));
    assert_ne!(contents(&setup.out()), before);
}

/// Runs, and calls `plant` when the first request comes: after the run has looked around. What it said, by code.
async fn meanwhile(setup: &Setup, plant: impl Fn() + Send + Sync + 'static) -> (u8, String) {
    let once = std::sync::Once::new();
    let simulator = serve_with(secrets(), move |request, reply| {
        if request.path == SECRETS {
            once.call_once(&plant);
        }
        reply
    })
    .await;
    let mut during = Setup::of(&simulator);
    during.arguments.out = Some(setup.out());
    let outcome = during.run().await;
    (outcome.code(), outcome.message())
}

#[tokio::test]
async fn an_output_directory_that_vanishes_is_code_6_and_is_not_made_again() {
    let simulator = serve(secrets()).await;
    for is_replaced in [false, true] {
        let setup = published(&simulator).await;
        let out = setup.out();
        let (code, message) = meanwhile(&setup, move || {
            fs_err::remove_dir_all(&out).unwrap();
            if is_replaced {
                fs_err::create_dir(&out).unwrap();
            }
        })
        .await;
        assert_eq!(code, 6, "{message}");
        assert!(message.contains(setup.out().to_str().unwrap()) && message.contains("--out"), "{message}");
        assert_eq!(setup.out().exists(), is_replaced);
    }
}

/// A directory beside the output directory that is nobody's business.
fn precious(setup: &Setup) -> PathBuf {
    let path = setup.home().join("precious");
    fs_err::create_dir(&path).unwrap();
    fs_err::write(path.join("file"), "kept").unwrap();
    path
}

#[tokio::test]
async fn a_link_planted_during_the_run_is_not_followed() {
    let simulator = serve(secrets()).await;
    // In the same second as the first, this run takes the name with the suffix.
    for name in [".staging-latest", &format!("{RUN}-2")] {
        for target in ["precious", "precious/file", "precious/new"] {
            let setup = published(&simulator).await;
            let precious = precious(&setup);
            let mut before = contents(&setup.out());
            let (link, points_to) = (setup.out().join(name), setup.home().join(target));
            before.insert(link.clone(), points_to.clone().into_os_string().into_encoded_bytes());
            let (code, message) = meanwhile(&setup, move || {
                std::os::unix::fs::symlink(&points_to, &link).unwrap();
            })
            .await;
            assert_eq!(code, 6, "{name} {target}: {message}");
            assert_eq!(contents(&setup.out()), before, "{name} {target}");
            assert_eq!(names_in(&precious), ["file"]);
        }
    }
}

#[tokio::test]
async fn a_link_planted_before_the_run_is_refused_or_replaced_and_never_followed() {
    let simulator = serve(secrets()).await;
    for (name, refused) in [
        (".lock", true),
        ("latest", false),
        (".staging-latest", false),
        (".staging-abc", false),
        (RUN, false),
    ] {
        for target in ["precious", "precious/file", "precious/new"] {
            let setup = Setup::of(&simulator);
            let precious = precious(&setup);
            fs_err::create_dir(setup.out()).unwrap();
            std::os::unix::fs::symlink(setup.home().join(target), setup.out().join(name)).unwrap();
            let outcome = setup.run().await;
            assert_eq!(outcome.code(), if refused { 6 } else { 0 }, "{name} {target}: {outcome:?}");
            assert_eq!(names_in(&precious), ["file"], "{name} {target}");
            assert_eq!(fs_err::read_to_string(precious.join("file")).unwrap(), "kept");
        }
    }
}

#[tokio::test]
async fn an_output_directory_that_is_a_link_to_nowhere_or_to_a_file_is_code_6_before_the_first_request() {
    let simulator = serve(secrets()).await;
    for target in ["precious/file", "precious/new"] {
        let setup = Setup::of(&simulator);
        let precious = precious(&setup);
        std::os::unix::fs::symlink(setup.home().join(target), setup.out()).unwrap();
        let outcome = setup.run().await;
        assert_eq!((outcome.code(), simulator.requests().len()), (6, 0), "{outcome:?}");
        assert!(outcome.message().contains(setup.out().to_str().unwrap()), "{}", outcome.message());
        assert_eq!(names_in(&precious), ["file"]);
    }
}
