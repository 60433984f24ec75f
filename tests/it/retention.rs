//! `[report] keep` and `keep_days`: what is removed, what never is, and what then still tells of it.

use std::{os::unix::fs::symlink, path::Path, process::Output};

use elevenlabs_secrets_audit::review::{Integrity, Place, timeline};
use serde_json::{Value, json};
use simulator::{Secret, Simulator};

use crate::{
    bundle::{names_in, read_json},
    disk::injected,
    nights::{Nights, copy, moment, run_at, run_of, sha256, two_secrets},
    places::forbidden,
    support::{ORDINARY_USER, Setup, as_ordinary_user, code, finish, is_root, serve, serve_with, text},
};

/// The start of the night of this day of March: of a year so long ago that the binary's clock is past it.
fn march(day: u32) -> String {
    format!("2020-03-{day:02}T02:00:00Z")
}

fn run_in_march(day: u32) -> String {
    run_of(&march(day))
}

fn runs_in_march(days: &[u32]) -> Vec<String> {
    days.iter().copied().map(run_in_march).collect()
}

/// A setup that keeps as `line` says.
fn keeping(nights: &Nights, simulator: &Simulator, line: &str) -> Setup {
    nights.setup(simulator).section(&format!("[report]\n{line}"))
}

/// The runs that a manifest names as pruned, each with the run that removed it.
fn pruned(manifest: &Value) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let entries = manifest["pruned"].as_array().unwrap().iter();
    entries.map(|entry| (word(&entry["run"]), word(&entry["pruned_by"]))).collect()
}

async fn settings_refused() -> Simulator {
    serve_with(
        two_secrets(),
        |request, reply| {
            if request.path.ends_with("/settings") { forbidden() } else { reply }
        },
    )
    .await
}

#[tokio::test]
async fn all_are_kept_unless_asked() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for day in 1..=6 {
        run_at(&nights.setup(&simulator), &march(day)).await.result.unwrap();
    }
    assert_eq!(nights.runs().len(), 6);
}

#[tokio::test]
async fn so_many_are_kept_the_new_one_included() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = keeping(&nights, &simulator, "keep = 3");
    for (day, left) in [(1, &[1][..]), (2, &[1, 2]), (3, &[1, 2, 3]), (4, &[2, 3, 4]), (5, &[3, 4, 5])] {
        run_at(&setup, &march(day)).await.result.unwrap();
        assert_eq!(nights.runs(), runs_in_march(left), "on day {day}");
        assert!(nights.verify().is_sound(), "on day {day}");
    }
    let only = keeping(&nights, &simulator, "keep = 1");
    run_at(&only, &march(6)).await.result.unwrap();
    assert_eq!(nights.runs(), runs_in_march(&[5, 6]), "several at once, and what latest named is still read");
    assert!(nights.verify().is_sound());
    let [fifth, sixth] = [5, 6].map(run_in_march);
    assert_eq!(names_in(&nights.out()), [".lock".to_owned(), fifth, sixth, "latest".to_owned()]);
    run_at(&only, &march(7)).await.result.unwrap();
    assert_eq!(nights.runs(), runs_in_march(&[6, 7]), "until the next night");
}

#[tokio::test]
async fn whoever_reads_what_latest_names_can_read_it_to_its_end_however_few_are_kept() {
    for line in ["keep = 1", "keep_days = 0"] {
        let nights = Nights::new();
        let simulator = serve(two_secrets()).await;
        let setup = keeping(&nights, &simulator, line);
        for day in 1..=4 {
            let reader = fs_err::canonicalize(nights.out().join("latest")).ok();
            run_at(&setup, &march(day)).await.result.unwrap();
            let files = reader.as_deref().map_or(8, |bundle| names_in(bundle).len());
            assert_eq!(files, 8, "{line}, on day {day}");
        }
        assert_eq!(nights.runs(), runs_in_march(&[3, 4]), "{line}");
        assert!(nights.verify().is_sound());
    }
}

#[tokio::test]
async fn so_many_days_are_kept_by_the_difference_of_utc_dates() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let all = nights.setup(&simulator);
    for begins in ["2020-03-08T23:59:59Z", "2020-03-09T00:00:00Z", "2020-03-14T00:00:00Z"] {
        run_at(&all, begins).await.result.unwrap();
    }
    let setup = keeping(&nights, &simulator, "keep_days = 7");
    run_at(&setup, "2020-03-15T23:59:59Z").await.result.unwrap();
    assert_eq!(nights.runs().len(), 4, "8 March is 7 days before, whatever the hour");
    run_at(&setup, "2020-03-16T00:00:00Z").await.result.unwrap();
    assert_eq!(nights.runs()[0], "2020-03-09T00-00-00Z");
    assert_eq!(nights.runs().len(), 4, "8 days before is too old");
    let today = keeping(&nights, &simulator, "keep_days = 0");
    run_at(&today, "2020-03-16T12:00:00Z").await.result.unwrap();
    assert_eq!(nights.runs(), ["2020-03-16T00-00-00Z", "2020-03-16T12-00-00Z"], "those of the date itself");
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn of_each_workspace_the_newest_bundle_that_read_it_whole_stays() {
    let nights = Nights::new();
    let (whole, failing) = (serve(two_secrets()).await, settings_refused().await);
    // No audit is complete: one of the two never can be read whole.
    for (day, steady) in [(1, &whole), (2, &failing), (3, &failing), (4, &failing)] {
        let setup = nights.over(&[("never", &failing), ("steady", steady)]).section("[report]\nkeep = 1");
        assert_eq!(run_at(&setup, &march(day)).await.code(), 3);
    }
    assert_eq!(
        nights.runs(),
        runs_in_march(&[1, 3, 4]),
        "that of the first day is what steady is compared with"
    );
    let setup = nights.over(&[("never", &failing), ("steady", &whole)]).section("[report]\nkeep = 1");
    let bundle = run_at(&setup, &march(5)).await.bundle();
    assert_eq!(bundle.json["changes"]["since"]["run"], run_in_march(1));
    assert_eq!(nights.runs(), runs_in_march(&[4, 5]));
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn the_newest_of_all_secrets_and_the_newest_complete_one_stay() {
    let nights = Nights::new();
    let (simulator, failing) = (serve(two_secrets()).await, settings_refused().await);
    let full = keeping(&nights, &simulator, "keep = 1");
    let incomplete = keeping(&nights, &failing, "keep = 1");
    let mut narrowed = keeping(&nights, &simulator, "keep = 1");
    narrowed.arguments.search = Some("used".to_owned());

    assert_eq!(run_at(&full, &march(1)).await.code(), 0);
    assert_eq!(run_at(&incomplete, &march(2)).await.code(), 3);
    assert_eq!(nights.runs(), runs_in_march(&[1, 2]), "the last complete one");
    assert_eq!(run_at(&incomplete, &march(3)).await.code(), 3);
    assert_eq!(nights.runs(), runs_in_march(&[1, 2, 3]), "and what latest named");
    assert_eq!(run_at(&narrowed, &march(4)).await.code(), 0);
    assert_eq!(
        nights.runs(),
        runs_in_march(&[1, 3, 4]),
        "of the incomplete ones, and of all secrets, the newest"
    );
    assert_eq!(run_at(&narrowed, &march(5)).await.code(), 0);
    assert_eq!(nights.runs(), runs_in_march(&[1, 3, 4, 5]));
    assert!(nights.verify().is_sound());
    let later = run_at(&full, &march(6)).await;
    assert_eq!(nights.runs(), runs_in_march(&[5, 6]), "nobody needs them any more");
    let changes = &later.bundle().json["changes"];
    assert_eq!(changes["since"]["run"], run_in_march(1), "what was kept was of use");

    let days = nights.here(Setup::of(&failing).section("[report]\nkeep_days = 1"));
    assert_eq!(run_at(&days, &march(20)).await.code(), 3);
    assert_eq!(nights.runs(), runs_in_march(&[6, 20]), "the last complete one, however old");
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn ages_and_changes_go_on_over_bundles_that_are_gone() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = keeping(&nights, &simulator, "keep = 1");
    for day in 1..=5 {
        run_at(&setup, &march(day)).await.result.unwrap();
    }
    let last = run_at(&setup, &march(6)).await;
    assert_eq!(last.bundle().secret("sec_stale")["unused_since"], march(1));
    assert_eq!(last.bundle().secret("sec_stale")["unused_days"], "5");
}

/// The binary's run over the same directory, now.
async fn audit_now(setup: &Setup, arguments: &[&str]) -> Output {
    let mut binary = setup.audit();
    binary.args(arguments);
    finish(binary).await
}

/// Whether a line on standard error has all these words.
fn says(output: &Output, words: &[&str]) -> bool {
    text(&output.stderr).lines().any(|line| words.iter().all(|word| line.contains(word)))
}

#[tokio::test]
async fn nothing_is_removed_without_a_line_in_the_log() {
    for (arguments, level) in
        [(&[][..], " INFO "), (&["-v"], " INFO "), (&["--log-format", "json"], "\"INFO\"")]
    {
        let nights = Nights::new();
        let simulator = serve(two_secrets()).await;
        for day in [1, 2, 3] {
            run_at(&nights.setup(&simulator), &march(day)).await.result.unwrap();
        }
        let output = audit_now(&keeping(&nights, &simulator, "keep = 2"), arguments).await;
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        for day in [1, 2] {
            let path = nights.bundle(&march(day));
            let line = [level, "removed the bundle", path.to_str().unwrap(), "no longer kept"];
            assert!(says(&output, &line), "{arguments:?}: {}", text(&output.stderr));
        }
        assert!(!says(&output, &["removed the bundle", &run_in_march(3)]));
        assert_eq!((nights.runs().len(), &nights.runs()[0]), (2, &run_in_march(3)));
    }
}

#[tokio::test]
async fn the_new_manifest_names_what_is_removed_with_its_totals_and_the_sum_of_its_manifest() {
    let nights = Nights::new();
    let (simulator, failing) = (serve(two_secrets()).await, settings_refused().await);
    run_at(&nights.setup(&simulator), &march(1)).await.result.unwrap();
    assert_eq!(run_at(&nights.setup(&failing), &march(2)).await.code(), 3);
    run_at(&nights.setup(&simulator), &march(3)).await.result.unwrap();
    let sums =
        [1, 2, 3].map(|day| sha256(&fs_err::read(nights.bundle(&march(day)).join("manifest.json")).unwrap()));
    run_at(&keeping(&nights, &simulator, "keep = 2"), &march(4)).await.result.unwrap();
    let manifest = nights.manifest(&march(4));
    let totals = json!({"secrets": 2, "in_use": 1, "unused": 1, "undetermined": 0, "dependents": 2});
    let undetermined = json!({"secrets": 2, "in_use": 1, "unused": 0, "undetermined": 1, "dependents": 2});
    for (at, (complete, totals)) in [(true, totals), (false, undetermined)].into_iter().enumerate() {
        let entry = &manifest["pruned"][at];
        assert_eq!(entry["run"], run_in_march(1 + u32::try_from(at).unwrap()));
        assert_eq!((&entry["complete"], &entry["totals"]), (&json!(complete), &totals));
        assert_eq!(
            (&entry["manifest_sha256"], &entry["pruned_by"]),
            (&json!(sums[at]), &json!(run_in_march(4)))
        );
    }
    assert_eq!(pruned(&manifest).len(), 2);
    run_at(&keeping(&nights, &simulator, "keep = 2"), &march(5)).await.result.unwrap();
    let expected = [(1, 4), (2, 4), (3, 5)].map(|(run, by)| (run_in_march(run), run_in_march(by)));
    assert_eq!(pruned(&nights.manifest(&march(5))), expected, "they are carried on");
}

#[tokio::test]
async fn what_is_carried_on_ends_after_400_days() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = keeping(&nights, &simulator, "keep = 1");
    for begins in
        ["2026-01-01T02:00:00Z", "2026-01-02T02:00:00Z", "2026-01-02T03:00:00Z", "2027-02-05T02:00:00Z"]
    {
        run_at(&setup, begins).await.result.unwrap();
    }
    let all = ["2026-01-01T02-00-00Z", "2026-01-02T02-00-00Z"];
    let named = |begins: &str| -> Vec<String> {
        pruned(&nights.manifest(begins)).into_iter().map(|(run, _)| run).collect()
    };
    assert_eq!(named("2027-02-05T02:00:00Z"), all, "400 days");
    run_at(&setup, "2027-02-06T02:00:00Z").await.result.unwrap();
    assert_eq!(named("2027-02-06T02:00:00Z"), [all[1], "2026-01-02T03-00-00Z"], "401 days");
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn verify_calls_pruned_what_was_removed_on_purpose_and_missing_what_was_not() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = keeping(&nights, &simulator, "keep = 3");
    for day in 1..=5 {
        run_at(&setup, &march(day)).await.result.unwrap();
    }
    let lines: Vec<(String, Integrity)> =
        nights.verify().lines.into_iter().map(|line| (line.run, line.integrity)).collect();
    assert_eq!(lines[0], (run_in_march(2), Integrity::Pruned));
    assert!(lines[1..].iter().all(|(_, integrity)| *integrity == Integrity::Sound), "{lines:?}");
    let output = nights.ask(&["verify"]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 0, "{said}");
    assert!(said.contains(&format!(
        "pruned      {}  removed on purpose after {}",
        run_in_march(2),
        run_in_march(5)
    )));
    assert!(said.contains("3 bundles: all sound."), "{said}");

    fs_err::remove_dir_all(nights.bundle(&march(4))).unwrap();
    let [(run, integrity, _)] = &nights.amiss()[..] else { panic!("{:?}", nights.amiss()) };
    assert_eq!((run, *integrity), (&run_in_march(4), Integrity::Missing));
}

#[tokio::test]
async fn history_still_shows_the_dates_of_what_was_removed_with_their_totals() {
    let nights = Nights::new();
    let (simulator, failing) = (serve(two_secrets()).await, settings_refused().await);
    run_at(&nights.setup(&simulator), &march(1)).await.result.unwrap();
    assert_eq!(run_at(&nights.setup(&failing), &march(2)).await.code(), 3);
    let mut narrowed = nights.setup(&simulator);
    narrowed.arguments.search = Some("used".to_owned());
    run_at(&narrowed, &march(3)).await.result.unwrap();
    run_at(&nights.setup(&simulator), &march(5)).await.result.unwrap();
    let today = moment(&march(6)).date_naive();
    let before = timeline(&nights.out(), None, None, today, chrono_tz::Tz::UTC).unwrap();
    for begins in [march(6), "2020-03-06T03:00:00Z".to_owned()] {
        run_at(&keeping(&nights, &simulator, "keep = 1"), &begins).await.result.unwrap();
    }
    assert_eq!(nights.runs(), [run_in_march(6), "2020-03-06T03-00-00Z".to_owned()]);
    let after = timeline(&nights.out(), None, None, today, chrono_tz::Tz::UTC).unwrap();
    for (was, is) in before.days.iter().zip(&after.days).take(5) {
        assert_eq!((was.date, was.status, was.totals), (is.date, is.status, is.totals), "not rewritten");
        let was_there = matches!(was.place, Place::At(_) | Place::Narrowed(_));
        assert_eq!(was_there, matches!(is.place, Place::Pruned(_)), "{is:?}");
    }
    assert_eq!(after.days.len(), 6);
    let output = nights.ask(&["history", "--from", "2020-03-01", "--to", "2020-03-01"]);
    let said = text(&output.stdout);
    assert!(
        said.contains("2020-03-01  COMPLETE ") && said.contains(&format!("{} (pruned)", run_in_march(1))),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_no_bundle_of_this_program_is_never_touched() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    run_at(&nights.setup(&simulator), &march(1)).await.result.unwrap();
    let out = nights.out();
    fs_err::create_dir(out.join("demo")).unwrap();
    copy(&nights.bundle(&march(1)), &out.join("2020-03-01T02-00-00Z.bak"));
    copy(&nights.bundle(&march(1)), &out.join("archive"));
    fs_err::create_dir(out.join("2020-02-01T02-00-00Z")).unwrap();
    fs_err::write(out.join("2020-02-01T02-00-00Z").join("notes"), "mine").unwrap();
    copy(&nights.bundle(&march(1)), &out.join("2020-02-02T02-00-00Z"));
    fs_err::create_dir(out.join("2020-02-03T02-00-00Z")).unwrap();
    fs_err::write(out.join("2020-02-03T02-00-00Z").join("manifest.json"), "{}").unwrap();
    copy(&nights.bundle(&march(1)), &nights.home().join("elsewhere"));
    symlink(nights.home().join("elsewhere"), out.join("2020-02-04T02-00-00Z")).unwrap();
    fs_err::write(out.join("2020-02-05T02-00-00Z"), "a file").unwrap();
    let before = names_in(&out);
    let kept: Vec<String> = before.into_iter().filter(|name| *name != run_in_march(1)).collect();
    run_at(&nights.setup(&simulator), &march(2)).await.result.unwrap();
    for (day, line) in [(3, "keep = 1"), (4, "keep_days = 0")] {
        run_at(&keeping(&nights, &simulator, line), &march(day)).await.result.unwrap();
        let mut expected = [kept.clone(), runs_in_march(&[day - 1, day])].concat();
        expected.sort();
        assert_eq!(names_in(&out), expected, "{line}");
    }
    assert_eq!(names_in(&nights.home().join("elsewhere")).len(), 8);
}

#[tokio::test]
async fn a_bundle_that_was_altered_is_never_removed_and_nothing_is_on_the_night_that_finds_it() {
    for altered in ["secrets.csv", "report.json"] {
        let nights = Nights::new();
        let simulator = serve(two_secrets()).await;
        let setup = keeping(&nights, &simulator, "keep = 1");
        run_at(&setup, &march(1)).await.result.unwrap();
        run_at(&setup, &march(2)).await.result.unwrap();
        fs_err::write(nights.bundle(&march(2)).join(altered), "nothing to see").unwrap();
        // One that is not complete asks again for the newest complete one.
        let degraded = settings_refused().await;
        run_at(&keeping(&nights, &degraded, "keep = 1"), &march(3)).await.result.unwrap();
        assert_eq!(nights.runs(), runs_in_march(&[1, 2, 3]), "{altered}: the sound one was used");
        let narrowed = || {
            let mut setup = keeping(&nights, &simulator, "keep = 1");
            setup.arguments.search = Some("st".to_owned());
            setup
        };
        run_at(&narrowed(), &march(4)).await.result.unwrap();
        assert!(
            nights.runs().starts_with(&runs_in_march(&[1, 2])),
            "{altered}: the newest complete one that holds"
        );
        for day in 5..=7 {
            run_at(&setup, &march(day)).await.result.unwrap();
        }
        assert_eq!(nights.runs(), runs_in_march(&[2, 6, 7]), "{altered}");
        let amiss = nights.amiss();
        let (run, integrity, what) = &amiss[0];
        let found = (amiss.len(), run, *integrity, what.contains(altered));
        assert_eq!(found, (1, &run_in_march(2), Integrity::Altered, true), "{amiss:?}");
    }
}

#[tokio::test]
async fn a_bundle_that_cannot_be_removed_is_a_warning_and_the_next_run_tries_again() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for day in [1, 2] {
        run_at(&nights.setup(&simulator), &march(day)).await.result.unwrap();
    }
    let setup = keeping(&nights, &simulator, "keep = 2");
    // The first two put the new bundle and `latest` in place.
    let mut failing = injected(&setup, "/^rename:error=EACCES:when=3");
    let Ok(output) = tokio::task::spawn_blocking(move || failing.output()).await.unwrap() else {
        println!("SKIPPED: there is no strace to make system calls fail");
        return;
    };
    if text(&output.stderr).contains("strace:") {
        println!("SKIPPED: nothing can be traced here: {}", text(&output.stderr));
        return;
    }
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let path = nights.bundle(&march(1));
    assert!(
        says(&output, &["WARN", path.to_str().unwrap(), "cannot be removed", "denied"]),
        "{}",
        text(&output.stderr)
    );
    assert_eq!((nights.runs().len(), &nights.runs()[0]), (3, &run_in_march(1)));
    assert_eq!(names_in(&nights.out()).iter().filter(|name| name.starts_with(".staging")).count(), 0);
    assert!(nights.verify().is_sound(), "{:?}", nights.verify());
    let again = audit_now(&setup, &[]).await;
    assert_eq!(code(&again), 0);
    assert!(says(&again, &["removed the bundle", path.to_str().unwrap()]), "{}", text(&again.stderr));
    let newest = read_json(&nights.out().join("latest/manifest.json"));
    let named: Vec<String> = pruned(&newest).into_iter().map(|(run, _)| run).collect();
    assert_eq!(named.iter().filter(|run| **run == run_in_march(1)).count(), 1, "named once: {named:?}");
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn a_bundle_that_holds_what_this_user_may_not_remove_stops_no_later_night() {
    if !is_root() {
        println!("SKIPPED: only root can give things to somebody else");
        return;
    }
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    run_at(&nights.setup(&simulator), &march(1)).await.result.unwrap();
    // Somebody put a directory of their own beside the reports.
    let theirs = nights.bundle(&march(1)).join("signatures");
    fs_err::create_dir(&theirs).unwrap();
    fs_err::write(theirs.join("manifest.json.sig"), "signature").unwrap();
    for path in [nights.home().to_owned(), nights.out(), nights.out().join(".lock"), nights.bundle(&march(1))]
    {
        std::os::unix::fs::chown(path, Some(ORDINARY_USER), Some(ORDINARY_USER)).unwrap();
    }
    for file in names_in(&nights.bundle(&march(1))).into_iter().filter(|name| name != "signatures") {
        let path = nights.bundle(&march(1)).join(file);
        std::os::unix::fs::chown(path, Some(ORDINARY_USER), Some(ORDINARY_USER)).unwrap();
    }
    let setup = keeping(&nights, &simulator, "keep = 1");
    std::os::unix::fs::chown(setup.home(), Some(ORDINARY_USER), Some(ORDINARY_USER)).unwrap();
    // The first keeps what `latest` named before it.
    for night in 0..=3 {
        let Some(audit) = as_ordinary_user(&setup.audit(), nights.home()) else {
            println!("SKIPPED: there is no setpriv to be somebody else");
            return;
        };
        let output = finish(audit).await;
        assert_eq!(code(&output), 0, "night {night}: {}", text(&output.stderr));
        assert!(
            night == 0 || says(&output, &["WARN", "cannot be removed"]),
            "night {night}: {}",
            text(&output.stderr)
        );
        assert!(nights.verify().is_sound(), "night {night}: {:?}", nights.verify());
    }
    assert_eq!(fs_err::read_to_string(find(&nights.out(), "manifest.json.sig")).unwrap(), "signature");
}

/// Where below a directory a file of this name is.
fn find(directory: &Path, file: &str) -> std::path::PathBuf {
    let mut visit = vec![directory.to_owned()];
    while let Some(path) = visit.pop() {
        if path.ends_with(file) {
            return path;
        }
        if path.is_dir() && !path.is_symlink() {
            visit.extend(names_in(&path).into_iter().map(|name| path.join(name)));
        }
    }
    panic!("no {file} below {}", directory.display())
}

/// What was killed at one of the renames that publish and prune, and what the next night makes of it.
async fn killed_at(fault: &str) -> Option<Nights> {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for day in [1, 2, 3] {
        run_at(&nights.setup(&simulator), &march(day)).await.result.unwrap();
    }
    let setup = keeping(&nights, &simulator, "keep = 2");
    let mut killed = injected(&setup, fault);
    let traced = tokio::task::spawn_blocking(move || killed.output()).await.unwrap();
    let said = traced.as_ref().map_or("no strace", |output| text(&output.stderr)).to_owned();
    if said.contains("strace") {
        println!("SKIPPED: nothing can be traced here: {said}");
        return None;
    }
    assert_ne!(traced.unwrap().status.code(), Some(0), "{fault}: {said}");
    assert!(nights.verify().is_sound(), "{fault}: {:?}", nights.verify());
    let next = audit_now(&setup, &[]).await;
    assert_eq!(code(&next), 0, "{fault}: {}", text(&next.stderr));
    assert!(nights.verify().is_sound(), "{fault}, and a night: {:?}", nights.verify());
    assert_eq!(names_in(&nights.out()).iter().filter(|name| name.starts_with(".staging")).count(), 0);
    Some(nights)
}

#[tokio::test]
async fn a_run_that_is_killed_between_publication_and_pruning_leaves_a_sound_directory() {
    for when in [3, 4] {
        let Some(nights) = killed_at(&format!("/^rename:signal=KILL:when={when}")).await else { return };
        assert_eq!(
            nights.runs().len(),
            2,
            "the next run removes what the killed one named: {:?}",
            nights.runs()
        );
        let newest = read_json(&nights.out().join("latest/manifest.json"));
        let mut named: Vec<String> = pruned(&newest).into_iter().map(|(run, _)| run).collect();
        let all = named.len();
        named.dedup();
        assert_eq!(named.len(), all, "each once");
    }
}

#[tokio::test]
async fn a_run_that_is_killed_before_latest_is_moved_leaves_a_sound_directory() {
    for fault in ["/^symlink:signal=KILL:when=1", "/^rename:signal=KILL:when=2"] {
        if killed_at(fault).await.is_none() {
            return;
        }
    }
}

#[tokio::test]
async fn a_run_that_publishes_nothing_removes_nothing() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for day in [1, 2, 3] {
        run_at(&nights.setup(&simulator), &march(day)).await.result.unwrap();
    }
    let dead = serve_with(vec![Secret::new("sec", "sec")], |_, _| crate::support::invalid_api_key()).await;
    assert_eq!(run_at(&keeping(&nights, &dead, "keep = 1"), &march(4)).await.code(), 4);
    assert_eq!(nights.runs(), runs_in_march(&[1, 2, 3]));
}

#[tokio::test]
async fn keep_and_keep_days_exclude_each_other_and_keep_is_at_least_1() {
    let simulator = serve(Vec::new()).await;
    for (lines, part) in [
        ("keep = 1\nkeep_days = 1", "has both keep and keep_days"),
        ("keep = 0", "keep is 0"),
        ("keep = -1", "line "),
        ("keep_days = \"7\"", "line "),
    ] {
        let setup = Setup::of(&simulator).section(&format!("[report]\n{lines}"));
        let message = setup.resolve().unwrap_err().to_string();
        assert!(message.contains(part), "{lines}: {message}");
    }
}
