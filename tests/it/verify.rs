//! `verify`: what was published is sound, what can't be found is said, and nothing is written.

use std::{fs::File, os::unix::fs::symlink, path::PathBuf};

use crate::{
    bundle::names_in,
    nights::{
        FIRST, MIDDLE, NEWEST, Nights, copy, found, has, listing, run_at, run_of, three_nights, two_secrets,
        version_1,
    },
    places::forbidden,
    support::{binary_in, code, serve, serve_with, text},
};
use elevenlabs_secrets_audit::{
    bounded::Bound,
    interrupt::{Interrupt, Signal},
    review::verify,
};

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
        format!("sound       {}    6 files, the first of the chain", run_of(FIRST)),
        format!("sound       {suffixed}  6 files"),
        format!("sound       {}    6 files", run_of(MIDDLE)),
        format!("sound       {}    1 file", run_of(NEWEST)),
        String::new(),
        "4 bundles: all sound.".to_owned(),
    ];
    assert_eq!(said.lines().take(6).collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn it_says_what_a_chain_without_signatures_cannot_prove_sound_or_not() {
    let nights = three_nights().await;
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
async fn files_beside_are_named_and_do_no_harm() {
    let nights = three_nights().await;
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
    assert_eq!(last.what, format!("6 files; beside them, and not checked: {names}"));
}

#[tokio::test]
async fn of_bundles_from_before_the_chain_nothing_tells_and_the_chain_begins_after_them() {
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
    let before = ["2026-03-10T02:00:00Z", "2026-03-11T02:00:00Z"].map(|begins| {
        let what = "SHA256SUMS is missing, so that nothing tells whether manifest.json is as it was";
        format!("missing {}: {what}", run_of(begins))
    });
    assert_eq!(found(&nights), before);
    let next = run_at(&nights.setup(&simulator), FIRST).await.bundle();
    assert_eq!(
        next.json["history"]["continues"], "2026-03-11T02-00-00Z",
        "what they say is built on all the same"
    );
    run_at(&nights.setup(&simulator), MIDDLE).await.result.unwrap();
    assert_eq!(found(&nights), before);
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
    let nights = three_nights().await;
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
async fn nothing_is_written_and_no_lock_is_taken_by_what_only_reads() {
    let nights = three_nights().await;
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
    let nights = three_nights().await;
    fs_err::remove_file(nights.out().join(".lock")).unwrap();
    assert_eq!(code(&nights.ask(&["verify"])), 0);
    assert!(!names_in(&nights.out()).contains(&".lock".to_owned()));
}

#[tokio::test]
async fn links_to_bundles_are_no_bundles() {
    let nights = three_nights().await;
    symlink(run_of(FIRST), nights.bundle("2026-03-12T02:00:00Z")).unwrap();
    fs_err::write(nights.bundle("2026-03-11T02:00:00Z"), "a file").unwrap();
    assert_eq!(nights.verify().lines.len(), 3);
    assert_eq!(found(&nights), [""; 0]);
}

#[tokio::test]
async fn latest_has_to_lead_to_a_bundle_of_the_directory() {
    let nights = three_nights().await;
    let latest = nights.out().join("latest");
    copy(&nights.bundle(NEWEST), &nights.home().join("elsewhere"));
    for leads_to in ["../elsewhere", "/etc", "."] {
        fs_err::remove_file(&latest).unwrap();
        symlink(leads_to, &latest).unwrap();
        let what = "latest leads there, and it is no bundle of this directory";
        assert_eq!(found(&nights), [format!("altered {leads_to}: {what}")]);
    }
}

#[tokio::test]
async fn a_signal_ends_it() {
    let nights = three_nights().await;
    let interrupt = Interrupt::default();
    interrupt.raise(Signal::Terminate);
    assert!(
        verify(&nights.out(), Bound::default(), &interrupt).is_err(),
        "it never calls sound what it did not read"
    );
}

#[tokio::test]
async fn soundness_is_told_by_the_code_alone_where_nothing_is_to_be_said() {
    let nights = three_nights().await;
    let quiet = nights.ask(&["verify", "--quiet"]);
    assert_eq!((code(&quiet), text(&quiet.stdout), text(&quiet.stderr)), (0, "", ""));
    fs_err::remove_file(nights.bundle(MIDDLE).join("report.md")).unwrap();
    let quiet = nights.ask(&["verify", "--quiet"]);
    assert_eq!((code(&quiet), text(&quiet.stdout), text(&quiet.stderr)), (8, "", ""));
}
