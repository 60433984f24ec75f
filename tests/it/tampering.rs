//! Each kind of tampering with bundles, and that `verify` finds it.

use std::os::unix::fs::symlink;

use serde_json::json;

use crate::nights::{
    FILES, FIRST, MIDDLE, NEWEST, copy, edit_manifest, found, has, run_of, sha256, three_nights,
};

#[tokio::test]
async fn a_changed_byte_is_found_in_every_file_wherever_it_is() {
    let nights = three_nights().await;
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
    let nights = three_nights().await;
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
    let nights = three_nights().await;
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
    let nights = three_nights().await;
    let path = nights.bundle(MIDDLE).join("secrets.csv");
    fs_err::remove_file(&path).unwrap();
    fs_err::create_dir(&path).unwrap();
    assert!(has(&found(&nights), "altered", MIDDLE, &["secrets.csv is no regular file"]));
    fs_err::remove_dir(&path).unwrap();
    symlink("nowhere", &path).unwrap();
    assert!(has(&found(&nights), "altered", MIDDLE, &["secrets.csv is no regular file"]));
}

#[tokio::test]
async fn a_link_in_the_place_of_a_file_is_found_whatever_it_leads_to() {
    let nights = three_nights().await;
    for file in FILES {
        // Outside of the bundle is what the bundle had, and may be something else tomorrow.
        let (path, outside) = (nights.bundle(NEWEST).join(file), nights.home().join(file));
        fs_err::rename(&path, &outside).unwrap();
        symlink(&outside, &path).unwrap();
        let found = found(&nights);
        assert!(has(&found, "altered", NEWEST, &[file, "no regular file"]), "{file}: {found:?}");
        fs_err::remove_file(&path).unwrap();
        fs_err::rename(&outside, &path).unwrap();
    }
    assert_eq!(found(&nights), [""; 0]);
}

#[tokio::test]
async fn two_bundles_that_exchanged_their_names_are_found() {
    let nights = three_nights().await;
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
    let nights = three_nights().await;
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
    let nights = three_nights().await;
    fs_err::copy(nights.bundle(FIRST).join("report.json"), nights.bundle(MIDDLE).join("report.json"))
        .unwrap();
    let found = found(&nights);
    assert!(found.len() == 1 && has(&found, "altered", MIDDLE, &["report.json"]), "{found:?}");
}

#[tokio::test]
async fn an_edited_manifest_is_found_by_sha256sums_and_by_the_next_bundle() {
    let nights = three_nights().await;
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
    let nights = three_nights().await;
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
    let nights = three_nights().await;
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
    let nights = three_nights().await;
    fs_err::remove_dir_all(nights.bundle(MIDDLE)).unwrap();
    let found = found(&nights);
    let what = ["the whole bundle is not in", "and 2026-03-15T02-00-00Z names it as the one before it"];
    assert!(found.len() == 1 && has(&found, "missing", MIDDLE, &what), "{found:?}");
}

#[tokio::test]
async fn the_oldest_bundle_taken_away_is_missing() {
    let nights = three_nights().await;
    fs_err::remove_dir_all(nights.bundle(FIRST)).unwrap();
    let found = found(&nights);
    assert!(found.len() == 1 && has(&found, "missing", FIRST, &["the whole bundle"]), "{found:?}");
}

#[tokio::test]
async fn the_newest_bundle_taken_away_is_missing_as_latest_leads_to_it() {
    let nights = three_nights().await;
    fs_err::remove_dir_all(nights.bundle(NEWEST)).unwrap();
    let what = "the whole bundle is not there, and latest leads to it";
    assert_eq!(found(&nights), [format!("missing {}: {what}", run_of(NEWEST))]);
}

#[tokio::test]
async fn the_newest_bundle_without_what_it_says_is_found_although_nothing_follows_it() {
    let nights = three_nights().await;
    fs_err::remove_file(nights.bundle(NEWEST).join("manifest.json")).unwrap();
    assert_eq!(found(&nights), [format!("missing {}: manifest.json is missing", run_of(NEWEST))]);
}

#[tokio::test]
async fn whatever_is_changed_in_sha256sums_is_found() {
    let nights = three_nights().await;
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
