//! The bundle on disk: what is in it, what stands beside it, and that it is whole or absent.

use std::{
    collections::BTreeMap,
    fs::File,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use elevenlabs_secrets_audit::{
    bundle::Format,
    interrupt::{Interrupt, Signal},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use simulator::{Reply, Secret, Simulator};

use crate::{
    bundle::{names_in, read_csv, read_json},
    support::{
        BINARY, RUN, SECRETS, Setup, as_ordinary_user, asked, behind, binary_in, code, finish, serve,
        serve_with, text,
    },
};

/// A workspace with something of everything.
async fn workspace() -> Simulator {
    let secret = Secret::new("sec_0", "first").with_agents(25).with_tools(2).with_phone_numbers(1);
    serve(vec![secret, Secret::new("sec_1", "second")]).await
}

/// A workspace of which nothing can be read.
async fn unreadable() -> Simulator {
    serve_with(Vec::new(), |_, _| Reply::error(404, "not_found", "gone", "Gone.")).await
}

/// Everything under a directory: files with their content, links with where they point, directories.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    for name in names_in(directory) {
        let path = directory.join(name);
        let metadata = path.symlink_metadata().unwrap();
        if metadata.is_symlink() {
            let target = fs_err::read_link(&path).unwrap();
            found.insert(path, target.into_os_string().into_encoded_bytes());
        } else if metadata.is_dir() {
            found.extend(tree(&path));
            found.insert(path, Vec::new());
        } else {
            let content = fs_err::read(&path).unwrap();
            found.insert(path, content);
        }
    }
    found
}

#[tokio::test]
async fn a_bundle_stands_in_a_directory_with_the_name_of_its_run_and_latest_points_to_it() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    let published = setup.run().await.result.unwrap();
    assert_eq!(published.bundle, setup.out().join(RUN));
    assert_eq!(names_in(&setup.out()), [".lock", RUN, "latest"]);
    assert_eq!(
        fs_err::read_link(setup.out().join("latest")).unwrap(),
        Path::new(RUN),
        "relative, so it moves along"
    );
    let files = [
        "SHA256SUMS",
        "dependents.csv",
        "manifest.json",
        "metrics.prom",
        "report.html",
        "report.json",
        "report.md",
        "secrets.csv",
    ];
    assert_eq!(names_in(&setup.out().join("latest")), files);
}

#[tokio::test]
async fn formats_choose_among_the_files_but_for_report_json_and_the_manifest() {
    let simulator = workspace().await;
    for (formats, files) in [
        (
            vec![Format::Csv],
            &["SHA256SUMS", "dependents.csv", "manifest.json", "report.json", "secrets.csv"][..],
        ),
        (vec![Format::Markdown], &["SHA256SUMS", "manifest.json", "report.json", "report.md"]),
        (vec![Format::Html], &["SHA256SUMS", "manifest.json", "report.html", "report.json"]),
    ] {
        let mut setup = Setup::of(&simulator);
        setup.arguments.format = Some(formats);
        setup.run().await.result.unwrap();
        assert_eq!(names_in(&setup.out().join("latest")), files);
    }
}

#[tokio::test]
async fn the_manifest_names_every_other_file_with_its_sum_its_size_and_its_rows() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    setup.run().await.result.unwrap();
    let directory = setup.out().join(RUN);
    let manifest = read_json(&directory.join("manifest.json"));
    let entries = manifest["files"].as_array().unwrap();
    let mut named: Vec<&str> = entries.iter().map(|entry| entry["name"].as_str().unwrap()).collect();
    named.extend(["manifest.json", "SHA256SUMS"]);
    named.sort_unstable();
    assert_eq!(named, names_in(&directory));
    for entry in entries {
        let path = directory.join(entry["name"].as_str().unwrap());
        let content = fs_err::read(&path).unwrap();
        let sum: String = Sha256::digest(&content).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!((&entry["sha256"], &entry["bytes"]), (&Value::from(sum), &Value::from(content.len())));
        if path.extension().unwrap() == "csv" {
            assert_eq!(entry["rows"], read_csv(&path).len(), "{}", path.display());
        }
    }
    let dependents = entries.iter().find(|entry| entry["name"] == "dependents.csv").unwrap();
    assert_eq!(dependents["rows"], 29, "28 dependents, and a secret that has none");
    assert_eq!((&manifest["run"], &manifest["complete"]), (&Value::from(RUN), &Value::from(true)));
    assert_eq!(manifest["started_at"], "2026-11-23T02:00:00Z");
    assert_eq!(manifest["tool_version"], "0.0.0-test");
    assert_eq!(manifest["parameters"]["dependency_limit"], 20);
}

#[tokio::test]
async fn the_same_answers_at_the_same_moment_are_the_same_bytes() {
    let simulator = workspace().await;
    let [one, other] = [Setup::of(&simulator), Setup::of(&simulator)];
    for setup in [&one, &other] {
        setup.run().await.result.unwrap();
    }
    let content = |setup: &Setup| {
        let files = tree(&setup.out()).into_iter();
        let mut content: BTreeMap<_, _> = files
            .map(|(path, content)| (path.strip_prefix(setup.out()).unwrap().to_owned(), content))
            .collect();
        // What differs from run to run is in the manifest: the ids that the server gave its answers.
        let text = content.remove(&Path::new(RUN).join("manifest.json")).unwrap();
        let mut manifest: Value = serde_json::from_slice(&text).unwrap();
        for request in manifest["workspaces"][0]["requests"].as_array_mut().unwrap() {
            for id in ["first_request_id", "last_request_id"] {
                assert!(request[id].is_string());
                request[id] = Value::Null;
            }
        }
        // It names the configuration, in which each has a directory of its own.
        assert_eq!(manifest["configuration_sha256"].take().as_str().unwrap().len(), 64);
        content.remove(&Path::new(RUN).join("SHA256SUMS")).unwrap();
        (content, manifest)
    };
    assert_eq!(content(&one), content(&other));
}

#[tokio::test]
async fn a_second_run_in_the_same_second_gets_a_suffix_and_leaves_the_first_alone() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    for _ in 0..3 {
        setup.run().await.result.unwrap();
    }
    let (second, third) = (format!("{RUN}-2"), format!("{RUN}-3"));
    assert_eq!(names_in(&setup.out()), [".lock", RUN, &second, &third, "latest"]);
    assert_eq!(fs_err::read_link(setup.out().join("latest")).unwrap(), Path::new(&third));
    assert_eq!(read_json(&setup.out().join(&second).join("report.json"))["run"]["id"], second.as_str());
}

#[tokio::test]
async fn a_failed_run_leaves_earlier_reports_as_they_were() {
    let (good, bad) = (workspace().await, unreadable().await);
    let first = Setup::of(&good);
    first.run().await.result.unwrap();
    let before = tree(&first.out());
    let mut second = Setup::of(&bad);
    second.arguments.out = Some(first.out());
    assert_eq!(second.run().await.code(), 5);
    assert_eq!(tree(&first.out()), before);
}

#[tokio::test]
async fn an_interrupt_before_the_end_publishes_nothing() {
    for (signal, code) in [(Signal::Interrupt, 130), (Signal::Terminate, 143)] {
        let simulator = workspace().await;
        let setup = Setup::of(&simulator);
        let interrupt = Interrupt::default();
        interrupt.raise(signal);
        assert_eq!(setup.run_under(&interrupt).await.code(), code);
        assert_eq!(names_in(&setup.out()), [".lock"]);
    }
}

#[tokio::test]
async fn while_another_run_holds_the_lock_nothing_is_sent() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    fs_err::create_dir(setup.out()).unwrap();
    let path = setup.out().join(".lock");
    let held = File::options().write(true).create(true).truncate(false).open(&path).unwrap();
    held.lock().unwrap();
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 7);
    assert!(outcome.message().contains(path.to_str().unwrap()), "{}", outcome.message());
    assert_eq!((simulator.requests().len(), names_in(&setup.out())), (0, vec![".lock".to_owned()]));
    drop(held);
    assert_eq!(setup.run().await.code(), 0, "a lock file that nobody holds is no lock");
}

#[tokio::test]
async fn what_a_killed_run_left_is_swept_and_nothing_else() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    let out = setup.out();
    fs_err::create_dir_all(out.join(".staging-x").join("deeper")).unwrap();
    fs_err::write(out.join(".staging-x").join("deeper").join("report.md"), "half").unwrap();
    fs_err::write(out.join(".staging-file"), "half").unwrap();
    fs_err::create_dir(out.join("2026-11-22T02-00-00Z")).unwrap();
    fs_err::write(out.join(".mine"), "kept").unwrap();
    let target = setup.home().join("precious");
    fs_err::create_dir(&target).unwrap();
    fs_err::write(target.join("file"), "kept").unwrap();
    std::os::unix::fs::symlink(&target, out.join(".staging-link")).unwrap();
    setup.run().await.result.unwrap();
    assert_eq!(names_in(&out), [".lock", ".mine", "2026-11-22T02-00-00Z", RUN, "latest"]);
    assert_eq!(
        fs_err::read_to_string(target.join("file")).unwrap(),
        "kept",
        "a link is removed, not followed"
    );
}

#[tokio::test]
async fn the_output_directory_may_be_a_symbolic_link() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    let target = setup.home().join("elsewhere");
    fs_err::create_dir(&target).unwrap();
    std::os::unix::fs::symlink(&target, setup.out()).unwrap();
    assert_eq!(setup.run().await.code(), 0);
    assert_eq!(names_in(&target), [".lock", RUN, "latest"]);
}

#[tokio::test]
async fn the_output_directory_is_made_with_its_parents() {
    let simulator = workspace().await;
    let mut setup = Setup::of(&simulator);
    let out = setup.home().join("a").join("b").join("c");
    setup.arguments.out = Some(out.clone());
    assert_eq!(setup.run().await.code(), 0);
    assert_eq!(names_in(&out), [".lock", RUN, "latest"]);
}

/// Plants something with `plant` in the output directory and runs: code 6, a message that names it, and not one
/// request.
async fn in_the_way(name: &str, plant: impl Fn(&Path)) {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    fs_err::create_dir(setup.out()).unwrap();
    let path = setup.out().join(name);
    plant(&path);
    let before = tree(&setup.out());
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 6, "{outcome:?}");
    assert!(outcome.message().contains(path.to_str().unwrap()), "{}", outcome.message());
    assert_eq!(asked(&simulator, SECRETS), 0, "found before the first request");
    let mut after = tree(&setup.out());
    after.remove(&setup.out().join(".lock"));
    let mut before = before;
    before.remove(&setup.out().join(".lock"));
    assert_eq!(after, before, "untouched");
}

#[tokio::test]
async fn latest_as_anything_but_a_link_is_in_the_way() {
    in_the_way("latest", |path| fs_err::create_dir(path).unwrap()).await;
    in_the_way("latest", |path| fs_err::write(path, "mine").unwrap()).await;
}

#[tokio::test]
async fn a_lock_that_is_no_file_is_in_the_way() {
    in_the_way(".lock", |path| fs_err::create_dir(path).unwrap()).await;
    in_the_way(".lock", |path| std::os::unix::fs::symlink("/tmp/elsewhere", path).unwrap()).await;
}

#[tokio::test]
async fn a_file_where_the_output_directory_should_be_is_code_6_before_the_first_request() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    fs_err::write(setup.out(), "mine").unwrap();
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 6);
    assert!(outcome.message().contains(setup.out().to_str().unwrap()), "{}", outcome.message());
    assert_eq!(fs_err::read_to_string(setup.out()).unwrap(), "mine");
    assert_eq!(simulator.requests().len(), 0);
}

#[test]
fn reports_are_for_the_owner_and_the_group_whatever_the_umask() {
    let home = tempfile::tempdir().unwrap();
    let mut demo = binary_in(home.path());
    demo.args(["audit", "--demo", "--out", "new/out"]);
    let mut shell = behind(&["sh", "-c", r#"umask 000; exec "$0" "$@""#], Path::new(BINARY), &demo);
    assert_eq!(code(&shell.output().unwrap()), 0);
    let out = home.path().join("new/out");
    let mode = |path: &Path| path.symlink_metadata().unwrap().permissions().mode() & 0o7777;
    let paths: Vec<PathBuf> = tree(&out).into_keys().chain([out.clone()]).collect();
    assert!(paths.len() > 5);
    for path in paths.into_iter().filter(|path| !path.is_symlink()) {
        let most = if path.is_dir() { 0o750 } else { 0o640 };
        assert_eq!(mode(&path) & !most, 0, "{}: {:o}", path.display(), mode(&path));
    }
}

#[tokio::test]
async fn an_output_directory_within_a_bundle_is_code_2_before_the_first_request() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    assert_eq!(setup.run().await.code(), 0);
    let before = tree(&setup.out());
    for out in [
        "latest",
        RUN,
        &format!("{RUN}/new/reports"),
        "latest/../latest/new",
        &format!("new/../{RUN}/x"),
        "new/../new/../latest/x",
    ] {
        let mut within = Setup::of(&simulator);
        within.arguments.out = Some(setup.out().join(out));
        let asked = simulator.requests().len();
        let outcome = within.run().await;
        assert_eq!((outcome.code(), simulator.requests().len()), (2, asked), "{out}: {outcome:?}");
        let said = outcome.message();
        assert!(said.contains(out) && said.contains(RUN) && said.contains("choose another"), "{said}");
        let mut check = within.binary("check");
        check.arg("--out").arg(setup.out().join(out));
        assert_eq!(code(&finish(check).await), 2, "{out}");
        let mut render = binary_in(setup.home());
        render.arg("render").arg(setup.out().join("latest")).arg("--out").arg(setup.out().join(out));
        let rendered = finish(render).await;
        assert_eq!(code(&rendered), 6, "{out}: {}", text(&rendered.stderr));
        assert!(text(&rendered.stderr).contains("is a bundle"), "{out}: {}", text(&rendered.stderr));
        assert_eq!(tree(&setup.out()), before, "{out}");
    }
}

#[tokio::test]
async fn a_directory_that_cannot_be_written_to_is_code_6_before_the_first_request() {
    let simulator = workspace().await;
    let setup = Setup::of(&simulator);
    fs_err::create_dir(setup.out()).unwrap();
    // Everyone may look, nobody may write; root would all the same, so the binary runs as somebody else.
    let open = |path: &Path, mode| fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    open(setup.home(), 0o755);
    open(&setup.out(), 0o555);
    let Some(binary) = as_ordinary_user(&setup.audit(), setup.home()) else {
        println!("SKIPPED: root writes everywhere, and there is no setpriv to be somebody else");
        return;
    };
    let output = finish(binary).await;
    assert_eq!(code(&output), 6, "{}", text(&output.stderr));
    let message = text(&output.stderr);
    assert!(message.contains(setup.out().to_str().unwrap()) && message.contains("denied"), "{message}");
    assert_eq!((simulator.requests().len(), names_in(&setup.out()).len()), (0, 0));
}
