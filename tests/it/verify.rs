//! `verify`: what was published is sound, each kind of tampering is found, and what can't be found is said.

use std::{
    fs::File,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
};

use elevenlabs_secrets_audit::{
    interrupt::{Interrupt, Signal},
    review::verify,
};
use serde_json::{Value, json};

use crate::{
    bundle::{names_in, read_json},
    nights::{Nights, copy, edit_manifest, forge, listing, run_at, run_of, sha256, two_secrets},
    places::forbidden,
    support::{binary_in, code, serve, serve_with, text},
};

const FIRST: &str = "2026-03-13T02:00:00Z";
const MIDDLE: &str = "2026-03-14T02:00:00Z";
const NEWEST: &str = "2026-03-15T02:00:00Z";

const FILES: [&str; 6] =
    ["dependents.csv", "secrets.csv", "report.md", "report.json", "manifest.json", "SHA256SUMS"];

/// Three nights.
async fn nights() -> Nights {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    for begins in [FIRST, MIDDLE, NEWEST] {
        assert_eq!(run_at(&setup, begins).await.code(), 0);
    }
    nights
}

/// What is amiss as `altered 2026-03-14T02-00-00Z: what`, which the binary says too, with code 8; where nothing is,
/// with code 0.
fn found(nights: &Nights) -> Vec<String> {
    let amiss = nights.amiss();
    let output = nights.ask(&["verify"]);
    assert_eq!(code(&output), if amiss.is_empty() { 0 } else { 8 }, "{amiss:?}: {}", text(&output.stderr));
    let said = text(&output.stdout);
    for (run, soundness, what) in &amiss {
        let line = format!("{:7}  {run}  {what}\n", soundness.as_str());
        assert!(said.contains(&line), "{line:?} in {said}");
    }
    assert!(said.contains(if amiss.is_empty() { ": all sound.\n" } else { "altered or missing" }), "{said}");
    amiss.into_iter().map(|(run, soundness, what)| format!("{} {run}: {what}", soundness.as_str())).collect()
}

/// Whether one line of `found` has this run and all these words.
fn has(found: &[String], soundness: &str, begins: &str, words: &[&str]) -> bool {
    let start = format!("{soundness} {}: ", run_of(begins));
    found.iter().any(|line| line.starts_with(&start) && words.iter().all(|word| line.contains(word)))
}

#[tokio::test]
async fn what_was_published_is_sound_whatever_the_nights_were_like() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    assert_eq!(run_at(&nights.setup(&simulator), FIRST).await.code(), 0);
    let mut narrowed = nights.setup(&simulator);
    narrowed.arguments.search = Some("used".to_owned());
    assert_eq!(run_at(&narrowed, FIRST).await.code(), 0);
    let closed =
        serve_with(
            two_secrets(),
            |request, reply| {
                if request.path.ends_with("/settings") { forbidden() } else { reply }
            },
        );
    assert_eq!(run_at(&nights.setup(&closed.await), MIDDLE).await.code(), 3);
    assert_eq!(run_at(&nights.setup(&simulator).section("[report]\nformats = []"), NEWEST).await.code(), 0);

    let runs: Vec<String> = nights.verify().lines.into_iter().map(|line| line.run).collect();
    let suffixed = format!("{}-2", run_of(FIRST));
    assert_eq!(runs, [run_of(FIRST), suffixed.clone(), run_of(MIDDLE), run_of(NEWEST)]);
    let output = nights.ask(&["verify"]);
    assert_eq!((code(&output), text(&output.stderr)), (0, ""));
    let said = text(&output.stdout);
    let expected = [
        format!("sound    {}  4 files, the first of the chain", run_of(FIRST)),
        format!("sound    {suffixed}  4 files"),
        format!("sound    {}  4 files", run_of(MIDDLE)),
        format!("sound    {}  1 file", run_of(NEWEST)),
        String::new(),
        "4 bundles: all sound.".to_owned(),
    ];
    assert_eq!(said.lines().take(6).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn it_says_what_a_chain_without_signatures_cannot_prove_sound_or_not() {
    let nights = nights().await;
    for tampered in [false, true] {
        if tampered {
            fs_err::remove_file(nights.bundle(MIDDLE).join("report.md")).unwrap();
        }
        let output = nights.ask(&["verify"]);
        let said = text(&output.stdout).to_owned();
        for part in [
            "What it does not: whoever can write here can make the whole chain anew, or take the newest bundles away.",
            "sign the newest manifest.json",
            "docs/evidence.md",
        ] {
            assert!(said.replace('\n', " ").contains(part), "{part}: {said}");
        }
    }
}

#[test]
fn without_bundles_it_is_code_2_and_the_directory_is_named() {
    let nights = Nights::new();
    let missing = nights.ask(&["verify"]);
    assert_eq!(code(&missing), 2);
    fs_err::create_dir(nights.out()).unwrap();
    fs_err::create_dir(nights.out().join("demo")).unwrap();
    let empty = nights.ask(&["verify"]);
    assert_eq!((code(&empty), text(&empty.stdout)), (2, ""));
    for output in [missing, empty] {
        let said = text(&output.stderr);
        assert!(said.starts_with("error: ") && said.contains(nights.out().to_str().unwrap()), "{said}");
    }
}

#[tokio::test]
async fn a_changed_byte_is_found_in_every_file_wherever_it_is() {
    let nights = nights().await;
    for file in FILES {
        for begins in [MIDDLE, NEWEST] {
            let path = nights.bundle(begins).join(file);
            let was = fs_err::read(&path).unwrap();
            for at in [0, was.len() / 3, was.len() / 2, was.len() - 1] {
                let mut bytes = was.clone();
                bytes[at] ^= 1;
                fs_err::write(&path, bytes).unwrap();
                let found = found(&nights);
                assert!(has(&found, "altered", begins, &[file]), "{file} at {at}: {found:?}");
            }
            fs_err::write(&path, was).unwrap();
        }
    }
    assert_eq!(found(&nights), [""; 0], "as they were they are sound again");
}

#[tokio::test]
async fn a_byte_more_or_less_is_found_with_both_lengths() {
    let nights = nights().await;
    let path = nights.bundle(MIDDLE).join("secrets.csv");
    let mut bytes = fs_err::read(&path).unwrap();
    let was = bytes.len();
    bytes.push(b'\n');
    fs_err::write(&path, bytes).unwrap();
    let what = format!("secrets.csv has {} bytes, and had {was}", was + 1);
    assert_eq!(found(&nights), [format!("altered {}: {what}", run_of(MIDDLE))]);
}

#[tokio::test]
async fn a_removed_file_is_found_whichever_it_is() {
    let nights = nights().await;
    for file in FILES {
        let (path, aside) = (nights.bundle(MIDDLE).join(file), nights.home().join("aside"));
        fs_err::rename(&path, &aside).unwrap();
        assert_eq!(found(&nights), [format!("missing {}: {file} is missing", run_of(MIDDLE))]);
        fs_err::rename(&aside, &path).unwrap();
    }
    assert_eq!(found(&nights), [""; 0]);
}

#[tokio::test]
async fn a_file_in_whose_place_stands_something_else_is_found() {
    let nights = nights().await;
    let path = nights.bundle(MIDDLE).join("secrets.csv");
    fs_err::remove_file(&path).unwrap();
    fs_err::create_dir(&path).unwrap();
    assert!(has(&found(&nights), "altered", MIDDLE, &["secrets.csv is no regular file"]));
    fs_err::remove_dir(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert!(has(&found(&nights), "missing", MIDDLE, &["secrets.csv is missing"]));
}

#[tokio::test]
async fn two_bundles_that_exchanged_their_names_are_found() {
    let nights = nights().await;
    let [first, middle, aside] = [nights.bundle(FIRST), nights.bundle(MIDDLE), nights.home().join("aside")];
    fs_err::rename(&first, &aside).unwrap();
    fs_err::rename(&middle, &first).unwrap();
    fs_err::rename(&aside, &middle).unwrap();
    let found = found(&nights);
    assert!(
        has(&found, "altered", FIRST, &["its manifest is that of the run", &run_of(MIDDLE)]),
        "{found:?}"
    );
    assert!(
        has(&found, "altered", MIDDLE, &["its manifest is that of the run", &run_of(FIRST)]),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_bundle_in_whose_place_stands_a_copy_of_another_is_found() {
    let nights = nights().await;
    fs_err::remove_dir_all(nights.bundle(MIDDLE)).unwrap();
    copy(&nights.bundle(FIRST), &nights.bundle(MIDDLE));
    let found = found(&nights);
    assert!(
        has(&found, "altered", MIDDLE, &["its manifest is that of the run", &run_of(FIRST)]),
        "{found:?}"
    );
}

#[tokio::test]
async fn a_file_taken_from_another_bundle_is_found_although_it_was_sound_there() {
    let nights = nights().await;
    fs_err::copy(nights.bundle(FIRST).join("report.json"), nights.bundle(MIDDLE).join("report.json"))
        .unwrap();
    let found = found(&nights);
    assert!(found.len() == 1 && has(&found, "altered", MIDDLE, &["report.json"]), "{found:?}");
}

#[tokio::test]
async fn an_edited_manifest_is_found_by_sha256sums_and_by_the_next_bundle() {
    let nights = nights().await;
    let path = nights.bundle(MIDDLE).join("manifest.json");
    let text = fs_err::read_to_string(&path).unwrap();
    fs_err::write(&path, text.replace("\"complete\": true", "\"complete\": false")).unwrap();
    assert_eq!(
        found(&nights),
        [
            format!("altered {}: manifest.json has another SHA-256 than SHA256SUMS says", run_of(MIDDLE)),
            format!(
                "altered {}: it names another manifest.json of {} than the one that is there",
                run_of(NEWEST),
                run_of(MIDDLE)
            ),
        ]
    );
}

#[tokio::test]
async fn an_edited_manifest_with_its_sums_made_anew_is_found_by_the_next_bundle() {
    let nights = nights().await;
    for begins in [FIRST, MIDDLE] {
        let kept = nights.home().join("kept");
        copy(&nights.bundle(begins), &kept);
        edit_manifest(&nights.bundle(begins), |manifest| manifest["totals"]["unused"] = json!(0));
        let found = found(&nights);
        assert!(found.len() == 1 && found[0].contains("it names another manifest.json of"), "{found:?}");
        assert!(found[0].contains(&run_of(begins)), "{found:?}");
        fs_err::remove_dir_all(nights.bundle(begins)).unwrap();
        fs_err::rename(kept, nights.bundle(begins)).unwrap();
    }
    edit_manifest(&nights.bundle(NEWEST), |manifest| manifest["totals"]["unused"] = json!(0));
    assert_eq!(found(&nights), [""; 0], "of the newest nobody tells: that is what signing it is for");
}

#[tokio::test]
async fn a_report_rewritten_with_its_manifest_and_sums_is_found_by_the_next_bundle() {
    let nights = nights().await;
    let bundle = nights.bundle(MIDDLE);
    let report = fs_err::read_to_string(bundle.join("report.md")).unwrap().replace("unused", "in use");
    fs_err::write(bundle.join("report.md"), &report).unwrap();
    edit_manifest(&bundle, |manifest| {
        let files = manifest["files"].as_array_mut().unwrap();
        let entry = files.iter_mut().find(|file| file["name"] == "report.md").unwrap();
        entry["sha256"] = json!(sha256(report.as_bytes()));
        entry["bytes"] = json!(report.len());
    });
    let found = found(&nights);
    assert!(found.len() == 1 && has(&found, "altered", NEWEST, &["another manifest.json"]), "{found:?}");
}

#[tokio::test]
async fn a_bundle_taken_out_of_the_middle_is_missing() {
    let nights = nights().await;
    fs_err::remove_dir_all(nights.bundle(MIDDLE)).unwrap();
    let found = found(&nights);
    let what = ["the whole bundle is not in", "and 2026-03-15T02-00-00Z names it as the one before it"];
    assert!(found.len() == 1 && has(&found, "missing", MIDDLE, &what), "{found:?}");
}

#[tokio::test]
async fn the_oldest_bundle_taken_away_is_missing() {
    let nights = nights().await;
    fs_err::remove_dir_all(nights.bundle(FIRST)).unwrap();
    let found = found(&nights);
    assert!(found.len() == 1 && has(&found, "missing", FIRST, &["the whole bundle"]), "{found:?}");
}

#[tokio::test]
async fn the_newest_bundle_taken_away_is_missing_as_latest_leads_to_it() {
    let nights = nights().await;
    fs_err::remove_dir_all(nights.bundle(NEWEST)).unwrap();
    let what = "the whole bundle is not there, and latest leads to it";
    assert_eq!(found(&nights), [format!("missing {}: {what}", run_of(NEWEST))]);
}

#[tokio::test]
async fn the_newest_bundle_without_what_it_says_is_found_although_nothing_follows_it() {
    let nights = nights().await;
    fs_err::remove_file(nights.bundle(NEWEST).join("manifest.json")).unwrap();
    assert_eq!(found(&nights), [format!("missing {}: manifest.json is missing", run_of(NEWEST))]);
}

/// A bundle as somebody would forge one: a copy of the first that says that it is of another night.
fn forged(nights: &Nights, begins: &str, edit: impl FnOnce(&mut Value)) {
    copy(&nights.bundle(FIRST), &nights.bundle(begins));
    edit_manifest(&nights.bundle(begins), |manifest| {
        manifest["run"] = json!(run_of(begins));
        manifest["started_at"] = json!(begins);
        edit(manifest);
    });
}

fn link(nights: &Nights, begins: &str) -> Value {
    let manifest = fs_err::read(nights.bundle(begins).join("manifest.json")).unwrap();
    json!({"run": run_of(begins), "manifest_sha256": sha256(&manifest)})
}

#[tokio::test]
async fn a_forged_bundle_that_claims_a_place_in_the_chain_is_found() {
    const FORGED: &str = "2026-03-14T14:00:00Z";
    let nights = nights().await;
    forged(&nights, FORGED, |manifest| manifest["previous"] = link(&nights, MIDDLE));
    let found = found(&nights);
    let what = ["names 2026-03-14T02-00-00Z as the one before it, and so does 2026-03-15T02-00-00Z"];
    assert!(has(&found, "altered", FORGED, &what), "{found:?}");
}

#[tokio::test]
async fn a_forged_bundle_that_claims_to_be_the_first_is_found() {
    let nights = nights().await;
    forged(&nights, "2026-03-14T14:00:00Z", |_| ());
    let what = "it says that no bundle came before it, but there are earlier ones";
    assert_eq!(found(&nights), [format!("altered 2026-03-14T14-00-00Z: {what}")]);
    fs_err::remove_dir_all(nights.bundle("2026-03-14T14:00:00Z")).unwrap();
    forged(&nights, "2026-03-01T14:00:00Z", |_| ());
    assert_eq!(found(&nights), [format!("altered {}: {what}", run_of(FIRST))], "one of the two is forged");
}

#[tokio::test]
async fn a_forged_bundle_that_claims_to_be_from_before_the_chain_is_found() {
    const FORGED: &str = "2026-03-14T14:00:00Z";
    let nights = nights().await;
    forged(&nights, FORGED, |_| ());
    fs_err::write(nights.bundle(FORGED).join("manifest.json"), version_1(&nights.bundle(FORGED))).unwrap();
    fs_err::remove_file(nights.bundle(FORGED).join("SHA256SUMS")).unwrap();
    let what = "it says that it is from before bundles formed a chain, but the chain began earlier";
    assert_eq!(found(&nights), [format!("altered 2026-03-14T14-00-00Z: {what}")]);
}

#[tokio::test]
async fn whatever_is_changed_in_sha256sums_is_found() {
    let nights = nights().await;
    let path = nights.bundle(MIDDLE).join("SHA256SUMS");
    let was = fs_err::read_to_string(&path).unwrap();
    let lines: Vec<&str> = was.split_inclusive('\n').collect();
    let line_of = |file: &str| *lines.iter().find(|line| line.contains(file)).unwrap();
    for (what, text) in [
        ("a line gone", was.replace(line_of("report.md"), "")),
        ("the line of the manifest gone", was.replace(line_of("manifest.json"), "")),
        ("a line more", format!("{was}{}  further.csv\n", "0".repeat(64))),
        ("a remark more", format!("{was}# checked on Friday\n")),
        ("a line twice", format!("{was}{}", lines[0])),
        ("another order", lines.iter().rev().copied().collect()),
        ("another sum", was.replace(&line_of("report.md")[..64], &"0".repeat(64))),
        ("ends of lines as on Windows", was.replace('\n', "\r\n")),
        ("nothing left", String::new()),
    ] {
        fs_err::write(&path, text).unwrap();
        let found = found(&nights);
        assert!(found.len() == 1 && has(&found, "altered", MIDDLE, &["SHA256SUMS"]), "{what}: {found:?}");
    }
    fs_err::write(&path, was).unwrap();
    assert_eq!(found(&nights), [""; 0]);
}

#[tokio::test]
async fn files_beside_are_named_and_do_no_harm() {
    let nights = nights().await;
    let bundle = nights.bundle(NEWEST);
    for name in ["manifest.json.sig", "manifest.json.minisig", "a\u{1b}[2J\nsound"] {
        fs_err::write(bundle.join(name), "…").unwrap();
    }
    fs_err::create_dir(bundle.join("notes")).unwrap();
    for file in ["notes.txt", "manifest.json"] {
        fs_err::write(nights.out().join(file), "…").unwrap();
    }
    assert_eq!(found(&nights), [""; 0]);
    let last = nights.verify().lines.pop().unwrap();
    let names = r"a\u{1b}[2J\u{a}sound, manifest.json.minisig, manifest.json.sig, notes";
    assert_eq!(last.what, format!("4 files; beside them, and not checked: {names}"));
}

/// The manifest of a bundle as the first version of this program would have written it.
fn version_1(bundle: &Path) -> Vec<u8> {
    let mut manifest = read_json(&bundle.join("manifest.json"));
    let fields = manifest.as_object_mut().unwrap();
    fields.insert("manifest_version".to_owned(), json!(1));
    for later in [
        "git_commit",
        "host",
        "user",
        "redacted",
        "totals",
        "configuration_sha256",
        "waivers",
        "previous",
        "pruned",
    ] {
        fields.remove(later).unwrap_or_else(|| panic!("{later}"));
    }
    for workspace in manifest["workspaces"].as_array_mut().unwrap() {
        let fields = workspace.as_object_mut().unwrap();
        for later in ["workspace_id", "complete", "sources", "requests"] {
            fields.remove(later).unwrap();
        }
    }
    serde_json::to_vec_pretty(&manifest).unwrap()
}

#[tokio::test]
async fn bundles_from_before_the_chain_are_sound_and_the_chain_begins_after_them() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for begins in ["2026-03-10T02:00:00Z", "2026-03-11T02:00:00Z"] {
        let alone = Nights::new();
        run_at(&alone.setup(&simulator), begins).await.result.unwrap();
        fs_err::create_dir_all(nights.out()).unwrap();
        copy(&alone.bundle(begins), &nights.bundle(begins));
        fs_err::write(nights.bundle(begins).join("manifest.json"), version_1(&alone.bundle(begins))).unwrap();
        fs_err::remove_file(nights.bundle(begins).join("SHA256SUMS")).unwrap();
    }
    assert_eq!(found(&nights), [""; 0]);
    run_at(&nights.setup(&simulator), FIRST).await.result.unwrap();
    run_at(&nights.setup(&simulator), MIDDLE).await.result.unwrap();
    assert_eq!(found(&nights), [""; 0]);
    let what: Vec<String> = nights.verify().lines.into_iter().map(|line| line.what).collect();
    let before = "4 files, from before bundles formed a chain";
    assert_eq!(what, [before, before, "4 files", "4 files"]);
    assert_eq!(nights.manifest(FIRST)["previous"]["run"], "2026-03-11T02-00-00Z");

    // The next bundle holds its sum, so that the newest of them is part of the chain from then on.
    fs_err::remove_dir_all(nights.bundle("2026-03-11T02:00:00Z")).unwrap();
    assert!(has(&found(&nights), "missing", "2026-03-11T02:00:00Z", &["the whole bundle"]));
}

#[tokio::test]
async fn a_clock_that_went_back_breaks_no_chain() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    for begins in [MIDDLE, NEWEST, FIRST, "2026-03-14T03:00:00Z"] {
        run_at(&setup, begins).await.result.unwrap();
        assert_eq!(found(&nights), [""; 0], "after {begins}");
    }
    assert_eq!(nights.manifest(FIRST)["previous"]["run"], run_of(NEWEST));
    assert_eq!(nights.manifest("2026-03-14T03:00:00Z")["previous"]["run"], run_of(FIRST));
}

#[tokio::test]
async fn a_bundle_that_cannot_be_read_any_more_is_the_only_thing_amiss_on_the_nights_after_it() {
    let nights = nights().await;
    fs_err::write(nights.bundle(NEWEST).join("manifest.json"), "gone").unwrap();
    run_at(&nights.setup(&serve(two_secrets()).await), "2026-03-16T02:00:00Z").await.result.unwrap();
    let found = found(&nights);
    assert!(found.iter().all(|line| line.starts_with("altered 2026-03-15T02-00-00Z: ")), "{found:?}");
}

#[tokio::test]
async fn a_directory_with_the_name_of_a_run_and_nothing_in_it_makes_no_other_bundle_suspicious() {
    let nights = Nights::new();
    fs_err::create_dir_all(nights.bundle("2026-03-01T02:00:00Z")).unwrap();
    run_at(&nights.setup(&serve(two_secrets()).await), FIRST).await.result.unwrap();
    assert_eq!(found(&nights), ["missing 2026-03-01T02-00-00Z: manifest.json is missing"]);
}

#[tokio::test]
async fn hostile_names_in_a_forged_manifest_do_no_harm() {
    let nights = nights().await;
    fs_err::write(nights.home().join("precious"), "precious").unwrap();
    let precious = sha256(b"precious");
    let bundle = nights.bundle(NEWEST);
    let kept = read_json(&bundle.join("manifest.json"));
    let outside = nights.home().join("precious");
    let escape = "\u{1b}]0;x\u{7}\u{1b}[2J\u{202e}\nsound    2026-03-15T02-00-00Z  4 files";
    for name in [
        "../../precious",
        outside.to_str().unwrap(),
        "..",
        ".",
        "",
        "/",
        "a/b",
        "nul\0byte",
        "\u{1b}[31mred",
        escape,
        &"x".repeat(5000),
    ] {
        let mut manifest = kept.clone();
        let entry = json!({"name": name, "rows": null, "bytes": 8, "sha256": precious});
        manifest["files"].as_array_mut().unwrap().push(entry);
        forge(&bundle, &manifest);
        let found = found(&nights);
        assert!(found.iter().any(|line| line.contains(&run_of(NEWEST))), "{name:?}: {found:?}");
    }
    let mut manifest = kept.clone();
    manifest["previous"] = json!({"run": escape, "manifest_sha256": escape});
    manifest["pruned"] = json!([
        {"run": escape, "complete": true, "totals": null, "manifest_sha256": escape, "pruned_by": escape},
        {"run": "../../precious", "complete": true, "totals": null, "manifest_sha256": "", "pruned_by": escape},
    ]);
    forge(&bundle, &manifest);
    found(&nights);
    manifest["run"] = json!(escape);
    manifest["tool"] = json!(escape);
    forge(&bundle, &manifest);
    found(&nights);
    manifest["files"] = json!([]);
    manifest["manifest_version"] = json!(escape);
    forge(&bundle, &manifest);
    found(&nights);
    let latest = nights.out().join("latest");
    fs_err::remove_file(&latest).unwrap();
    symlink(escape, &latest).unwrap();
    found(&nights);
    for arguments in [&["verify"][..], &["history", "--to", "2026-03-15"], &["history", "--format", "csv"]] {
        let output = nights.ask(arguments);
        for stream in [&output.stdout, &output.stderr] {
            let hidden = |one: char| one != '\n' && (one.is_control() || one == '\u{202e}');
            assert!(!text(stream).replace("\r\n", "\n").contains(hidden), "{:?}", text(stream));
            let forged = text(stream).lines().filter(|line| line.starts_with("sound    2026-03-15"));
            assert_eq!(forged.count(), 0, "{}", text(stream));
        }
    }
    assert_eq!(fs_err::read_to_string(nights.home().join("precious")).unwrap(), "precious");
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_holds_nothing_up() {
    let nights = nights().await;
    for file in FILES {
        let (path, aside) = (nights.bundle(MIDDLE).join(file), nights.home().join("aside"));
        fs_err::rename(&path, &aside).unwrap();
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let found = found(&nights);
        assert!(has(&found, "altered", MIDDLE, &[file, "no regular file"]), "{file}: {found:?}");
        for arguments in [&["history"][..], &["verify"]] {
            assert!([0, 8].contains(&code(&nights.ask(arguments))));
        }
        fs_err::remove_file(&path).unwrap();
        fs_err::rename(&aside, &path).unwrap();
    }
}

#[tokio::test]
async fn nothing_is_written_and_no_lock_is_taken_by_what_only_reads() {
    let nights = nights().await;
    let lock = File::options().write(true).open(nights.out().join(".lock")).unwrap();
    lock.lock().unwrap();
    let before = listing(nights.home());
    assert_eq!(code(&nights.ask(&["verify"])), 0);
    assert_eq!(code(&nights.ask(&["history"])), 0);
    assert_eq!(code(&nights.ask(&["history", "--format", "csv"])), 0);
    let bundles: [PathBuf; 2] = [FIRST, NEWEST].map(|begins| nights.bundle(begins));
    let diff = binary_in(nights.home()).arg("diff").args(&bundles).output().unwrap();
    assert_eq!(code(&diff), 0, "{}", text(&diff.stderr));
    assert_eq!(listing(nights.home()), before);
    assert_eq!(nights.setup(&serve(two_secrets()).await).run().await.code(), 7, "it is held");
}

#[tokio::test]
async fn without_a_lock_file_none_is_made() {
    let nights = nights().await;
    fs_err::remove_file(nights.out().join(".lock")).unwrap();
    assert_eq!(code(&nights.ask(&["verify"])), 0);
    assert!(!names_in(&nights.out()).contains(&".lock".to_owned()));
}

#[tokio::test]
async fn links_to_bundles_are_no_bundles() {
    let nights = nights().await;
    symlink(run_of(FIRST), nights.bundle("2026-03-12T02:00:00Z")).unwrap();
    fs_err::write(nights.bundle("2026-03-11T02:00:00Z"), "a file").unwrap();
    assert_eq!(nights.verify().lines.len(), 3);
    assert_eq!(found(&nights), [""; 0]);
}

#[tokio::test]
async fn a_signal_ends_it() {
    let nights = nights().await;
    let interrupt = Interrupt::default();
    interrupt.raise(Signal::Terminate);
    assert!(verify(&nights.out(), &interrupt).is_err(), "it never calls sound what it did not read");
}

#[tokio::test]
async fn soundness_is_told_by_the_code_alone_where_nothing_is_to_be_said() {
    let nights = nights().await;
    let quiet = nights.ask(&["verify", "--quiet"]);
    assert_eq!((code(&quiet), text(&quiet.stdout), text(&quiet.stderr)), (0, "", ""));
    fs_err::remove_file(nights.bundle(MIDDLE).join("report.md")).unwrap();
    let quiet = nights.ask(&["verify", "--quiet"]);
    assert_eq!((code(&quiet), text(&quiet.stdout), text(&quiet.stderr)), (8, "", ""));
}
