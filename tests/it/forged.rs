//! Bundles that somebody made up, and that `verify` finds them; what such a bundle says does no harm.

use std::{os::unix::fs::symlink, process::Command};

use serde_json::{Value, json};

use crate::{
    bundle::read_json,
    nights::{
        FILES, FIRST, MIDDLE, NEWEST, Nights, copy, edit_manifest, forge, found, has, run_of, sha256,
        three_nights, version_1,
    },
    support::{code, text},
};

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
    let nights = three_nights().await;
    forged(&nights, FORGED, |manifest| manifest["previous"] = link(&nights, MIDDLE));
    let found = found(&nights);
    let what = ["names 2026-03-14T02-00-00Z as the one before it, and so does 2026-03-15T02-00-00Z"];
    assert!(has(&found, "forked", FORGED, &what), "{found:?}");
}

#[tokio::test]
async fn a_forged_bundle_that_claims_to_be_the_first_is_found() {
    let nights = three_nights().await;
    forged(&nights, "2026-03-14T14:00:00Z", |_| ());
    let what = "it says that no bundle came before it, but there are earlier ones";
    assert_eq!(found(&nights), [format!("forked 2026-03-14T14-00-00Z: {what}")]);
    fs_err::remove_dir_all(nights.bundle("2026-03-14T14:00:00Z")).unwrap();
    forged(&nights, "2026-03-01T14:00:00Z", |_| ());
    assert_eq!(found(&nights), [format!("forked {}: {what}", run_of(FIRST))], "one of the two is forged");
}

#[tokio::test]
async fn a_forged_bundle_that_claims_to_be_from_before_the_chain_is_found() {
    const FORGED: &str = "2026-03-14T14:00:00Z";
    let nights = three_nights().await;
    forged(&nights, FORGED, |_| ());
    fs_err::write(nights.bundle(FORGED).join("manifest.json"), version_1(&nights.bundle(FORGED))).unwrap();
    fs_err::remove_file(nights.bundle(FORGED).join("SHA256SUMS")).unwrap();
    let what = "it says that it is from before bundles formed a chain, but the chain began earlier";
    let found = found(&nights);
    assert!(found.contains(&format!("altered 2026-03-14T14-00-00Z: {what}")), "{found:?}");
    assert!(has(&found, "missing", FORGED, &["SHA256SUMS is missing"]), "{found:?}");
}

#[tokio::test]
async fn a_manifest_that_says_less_than_every_one_does_is_found_wherever_it_is() {
    let nights = three_nights().await;
    let kept = read_json(&nights.bundle(NEWEST).join("manifest.json"));
    let entry = |name: &str| {
        let files = kept["files"].as_array().unwrap();
        files.iter().find(|file| file["name"] == name).unwrap().clone()
    };
    let without_report: Vec<Value> = kept["files"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|file| file["name"] != "report.json")
        .cloned()
        .collect();
    let itself = fs_err::read(nights.bundle(NEWEST).join("SHA256SUMS")).unwrap();
    let of_sums = json!({"name": "SHA256SUMS", "bytes": itself.len(), "sha256": sha256(&itself)});
    for (files, what) in [
        (json!([]), "names no report.json"),
        (json!(without_report), "names no report.json"),
        (json!([entry("report.json"), entry("report.json")]), "names report.json once too often"),
        (json!([entry("report.json"), of_sums]), "names SHA256SUMS once too often"),
    ] {
        for version in [1, 2] {
            let mut manifest = kept.clone();
            manifest["files"] = files.clone();
            manifest["manifest_version"] = json!(version);
            forge(&nights.bundle(NEWEST), &manifest);
            let found = found(&nights);
            assert!(has(&found, "altered", NEWEST, &[what]), "{what}: {found:?}");
        }
    }
    // The newest is named by no other, and an older version of this program may have come into use again.
    forge(&nights.bundle(NEWEST), &kept);
    let old: Value = serde_json::from_slice(&version_1(&nights.bundle(NEWEST))).unwrap();
    forge(&nights.bundle(NEWEST), &old);
    assert_eq!(found(&nights), [""; 0]);
    fs_err::remove_file(nights.bundle(NEWEST).join("SHA256SUMS")).unwrap();
    let what = "SHA256SUMS is missing, so that nothing tells whether manifest.json is as it was";
    assert_eq!(found(&nights), [format!("missing {}: {what}", run_of(NEWEST))]);
}

#[tokio::test]
async fn what_a_reader_takes_for_a_part_of_a_bundle_and_is_none_is_found() {
    let nights = three_nights().await;
    let bundle = nights.bundle(NEWEST);
    fs_err::remove_file(bundle.join("metrics.prom")).unwrap();
    let mut manifest = read_json(&bundle.join("manifest.json"));
    manifest["files"].as_array_mut().unwrap().retain(|file| file["name"] != "metrics.prom");
    forge(&bundle, &manifest);
    assert_eq!(found(&nights), [""; 0]);
    fs_err::write(bundle.join("manifest.json.sig"), "a signature").unwrap();
    assert_eq!(found(&nights), [""; 0]);
    fs_err::write(bundle.join("metrics.prom"), "made up").unwrap();
    symlink("/etc/passwd", bundle.join("evil.html")).unwrap();
    let what =
        |name: &str| format!("altered {}: {name} was added: manifest.json does not name it", run_of(NEWEST));
    assert_eq!(found(&nights), [what("evil.html"), what("metrics.prom")]);
}

#[tokio::test]
async fn hostile_names_in_a_forged_manifest_do_no_harm() {
    let nights = three_nights().await;
    fs_err::write(nights.home().join("precious"), "precious").unwrap();
    let precious = sha256(b"precious");
    let bundle = nights.bundle(NEWEST);
    let kept = read_json(&bundle.join("manifest.json"));
    let outside = nights.home().join("precious");
    let escape = "\u{1b}]0;x\u{7}\u{1b}[2J\u{202e}\nsound       2026-03-15T02-00-00Z  4 files";
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
            let forged = text(stream).lines().filter(|line| line.starts_with("sound       2026-03-15"));
            assert_eq!(forged.count(), 0, "{}", text(stream));
        }
    }
    assert_eq!(fs_err::read_to_string(nights.home().join("precious")).unwrap(), "precious");
}

#[tokio::test]
async fn a_pipe_in_the_place_of_a_file_holds_nothing_up() {
    let nights = three_nights().await;
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
