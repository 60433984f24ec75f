//! Bundles that are there and can't be read now: no run takes them for none, and nothing calls them missing or altered.

use std::{os::unix::fs::PermissionsExt, path::Path, process::Output};

use serde_json::Value;
use simulator::Simulator;

use crate::{
    bundle::{names_in, read_json},
    disk::traced,
    nights::{FIRST, MIDDLE, NEWEST, Nights, copy, run_at, run_of, three_nights, two_secrets},
    support::{
        BINARY, ORDINARY_USER, Setup, as_ordinary_user, behind, binary_in, code, finish, is_root, serve, text,
    },
};

fn mode(path: &Path, mode: u32) {
    fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
}

/// Gives everything in the output directory to the ordinary user.
fn give_away(nights: &Nights) {
    mode(nights.home(), 0o755);
    let user = format!("{ORDINARY_USER}:{ORDINARY_USER}");
    let given = assert_cmd::Command::new("chown").arg("-R").arg(user).arg(nights.out()).output().unwrap();
    assert!(given.status.success(), "{given:?}");
}

/// Takes a bundle, or a file of one, back from them, as if root had published it.
fn take_back(path: &Path) {
    std::os::unix::fs::chown(path, Some(0), Some(0)).unwrap();
    mode(path, if path.is_dir() { 0o750 } else { 0o640 });
}

/// A command as the ordinary user. `None` where this machine has no way to.
async fn theirs(setup: &Setup, command: &assert_cmd::Command) -> Option<Output> {
    mode(setup.home(), 0o755);
    setup.write_config();
    mode(&setup.home().join("config.toml"), 0o644);
    let command = as_ordinary_user(command, setup.home()).filter(|_| is_root());
    if command.is_none() {
        println!("SKIPPED: only root can play two users, with setpriv");
    }
    Some(finish(command?).await)
}

/// What a command over these nights says to the ordinary user.
async fn asked(nights: &Nights, arguments: &[&str]) -> Option<Output> {
    let setup = Setup::new();
    let mut command = binary_in(setup.home());
    command.args(arguments).arg("--out").arg(nights.out());
    theirs(&setup, &command).await
}

/// Whether it is said which file can't be read, by whom, and which command mends it.
fn says_what_mends_it(said: &str, nights: &Nights, file: &Path) {
    let out = nights.out().canonicalize().unwrap();
    let command = |user: &str| said.contains(&format!("chown -R {user} {}", out.display()));
    assert!(said.contains(file.to_str().unwrap()) && said.contains("ermission denied"), "{said}");
    assert!(command("nobody") || command(&ORDINARY_USER.to_string()), "{said}");
}

#[tokio::test]
async fn the_last_bundle_of_another_user_ends_the_next_night_before_it_asks_anything() {
    for (file, what) in
        [("", "manifest.json"), ("manifest.json", "manifest.json"), ("report.json", "report.json")]
    {
        let nights = three_nights().await;
        let simulator = serve(two_secrets()).await;
        let setup = nights.setup(&simulator);
        give_away(&nights);
        take_back(&nights.bundle(NEWEST).join(file));
        let before = names_in(&nights.out());
        let Some(output) = theirs(&setup, &setup.audit()).await else { return };
        assert_eq!((code(&output), simulator.requests().len()), (6, 0), "{}", text(&output.stderr));
        says_what_mends_it(text(&output.stderr), &nights, &nights.bundle(NEWEST).join(what));
        assert_eq!(names_in(&nights.out()), before);

        let mut check = setup.binary("check");
        check.arg("--out").arg(nights.out());
        let checked = theirs(&setup, &check).await.unwrap();
        assert_eq!(code(&checked), 6, "{}", text(&checked.stdout));
        says_what_mends_it(text(&checked.stdout), &nights, &nights.bundle(NEWEST).join(what));

        give_away(&nights);
        let mended = theirs(&setup, &setup.audit()).await.unwrap();
        assert_eq!(code(&mended), 0, "{}", text(&mended.stderr));
        assert!(nights.verify().is_sound(), "{:?}", nights.verify());
    }
}

#[tokio::test]
async fn so_does_one_that_latest_names_whatever_is_newer() {
    let nights = three_nights().await;
    let simulator = serve(two_secrets()).await;
    give_away(&nights);
    take_back(&nights.bundle(MIDDLE));
    fs_err::remove_file(nights.out().join("latest")).unwrap();
    std::os::unix::fs::symlink(run_of(MIDDLE), nights.out().join("latest")).unwrap();
    let setup = nights.setup(&simulator);
    let Some(output) = theirs(&setup, &setup.audit()).await else { return };
    assert_eq!((code(&output), simulator.requests().len()), (6, 0), "{}", text(&output.stderr));
    says_what_mends_it(text(&output.stderr), &nights, &nights.bundle(MIDDLE).join("manifest.json"));
}

#[tokio::test]
async fn an_older_one_is_a_warning_and_nothing_is_pruned() {
    let nights = three_nights().await;
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator).section("[report]\nkeep = 2");
    give_away(&nights);
    take_back(&nights.bundle(FIRST));
    let Some(output) = theirs(&setup, &setup.audit()).await else { return };
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let path = nights.bundle(FIRST);
    let warned = |line: &str| line.contains("WARN") && line.contains(path.to_str().unwrap());
    assert!(text(&output.stderr).lines().any(warned), "{}", text(&output.stderr));
    assert_eq!(nights.runs().len(), 4);
    let mut check = setup.binary("check");
    check.arg("--out").arg(nights.out());
    let checked = theirs(&setup, &check).await.unwrap();
    let said = text(&checked.stdout);
    assert!(code(&checked) == 0 && said.contains("removes nothing"), "{said}");

    give_away(&nights);
    let mended = theirs(&setup, &setup.audit()).await.unwrap();
    assert_eq!((code(&mended), nights.runs().len()), (0, 2), "{}", text(&mended.stderr));
    assert!(nights.verify().is_sound(), "{:?}", nights.verify());
}

#[tokio::test]
async fn a_file_of_an_older_one_that_the_history_needs_is_a_warning_too() {
    let nights = three_nights().await;
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator).section("[report]\nkeep = 2");
    give_away(&nights);
    // Nobody can build on the newest, so the one before it is asked.
    fs_err::write(nights.bundle(NEWEST).join("secrets.csv"), "").unwrap();
    take_back(&nights.bundle(MIDDLE).join("report.md"));
    let Some(output) = theirs(&setup, &setup.audit()).await else { return };
    assert_eq!((code(&output), nights.runs().len()), (0, 4), "{}", text(&output.stderr));
    let last = read_json(&nights.out().join("latest/report.json"));
    let notes = notes_of(&last);
    assert!(notes.iter().any(|note| note.contains("report.md") && note.contains("denied")), "{notes:?}");
}

/// What the history in a report says for people.
fn notes_of(report: &Value) -> Vec<&str> {
    let notes = report["history"]["notes"].as_array().unwrap();
    notes.iter().map(|note| note.as_str().unwrap()).collect()
}

/// Six nights of which two are kept: the newest alone names the first four.
async fn pruned() -> (Nights, Simulator) {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for day in 1..=6 {
        let setup = nights.setup(&simulator).section("[report]\nkeep = 2");
        run_at(&setup, &format!("2020-03-0{day}T02:00:00Z")).await.result.unwrap();
    }
    give_away(&nights);
    (nights, simulator)
}

#[tokio::test]
async fn verify_says_unreadable_and_never_missing_or_altered() {
    for (file, what) in
        [("", "manifest.json"), ("manifest.json", "manifest.json"), ("report.md", "report.md")]
    {
        let nights = three_nights().await;
        give_away(&nights);
        take_back(&nights.bundle(MIDDLE).join(file));
        let Some(output) = asked(&nights, &["verify"]).await else { return };
        let said = text(&output.stdout);
        assert_eq!(code(&output), 8, "{said}");
        let begin = format!("unreadable  {}  cannot tell: ", run_of(MIDDLE));
        let line = said.lines().find(|line| line.starts_with(&begin)).unwrap_or_else(|| panic!("{said}"));
        assert!(line.contains(what) && line.contains("denied"), "{line}");
        assert!(said.contains("3 bundles: 1 thing is unreadable, of which this user cannot tell."), "{said}");
        assert!(!said.contains("\nmissing ") && !said.contains("\naltered "), "{said}");
        assert!(nights.verify().is_sound(), "for who may read it: {:?}", nights.verify());
    }
    let (nights, _simulator) = pruned().await;
    take_back(&nights.bundle("2020-03-06T02:00:00Z"));
    let output = asked(&nights, &["verify"]).await.unwrap();
    let said = text(&output.stdout);
    let cannot_tell = "unreadable  2020-03-04T02-00-00Z  cannot tell: the whole bundle is not in ";
    assert!(
        code(&output) == 8 && said.starts_with(cannot_tell) && said.contains("2 things are unreadable"),
        "{said}"
    );
    assert!(!said.contains("\nmissing ") && !said.contains("\naltered "), "{said}");
}

#[tokio::test]
async fn that_the_last_bundle_is_gone_or_was_altered_is_said_to_everybody() {
    let newest = run_of(NEWEST);
    for (is_gone, words) in [
        (true, format!("latest names {newest}, which is no bundle")),
        (false, format!("The earlier bundle {newest} was passed over: ")),
    ] {
        let nights = three_nights().await;
        match is_gone {
            true => fs_err::remove_dir_all(nights.bundle(NEWEST)).unwrap(),
            false => fs_err::remove_file(nights.bundle(NEWEST).join("report.md")).unwrap(),
        }
        let simulator = serve(two_secrets()).await;
        let setup = nights.setup(&simulator);
        let mut binary = setup.audit();
        binary.arg("--quiet");
        let output = finish(binary).await;
        let said = text(&output.stderr);
        assert!(said.contains(&words), "{words}: {said}");
    }
}

#[tokio::test]
async fn history_says_unreadable_of_its_date_and_of_those_that_only_it_may_tell_of() {
    let nights = three_nights().await;
    give_away(&nights);
    take_back(&nights.bundle(MIDDLE));
    let dates = ["history", "--from", "2026-03-12", "--to", "2026-03-15"];
    let Some(output) = asked(&nights, &dates).await else { return };
    let said = text(&output.stdout);
    assert_eq!(code(&output), 8, "{said}{}", text(&output.stderr));
    let word = |date: &str| {
        said.lines()
            .find(|line| line.starts_with(date))
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .to_owned()
    };
    let words = ["2026-03-13", "2026-03-14", "2026-03-15"].map(word);
    assert_eq!(words, ["COMPLETE", "unreadable", "COMPLETE"], "{said}");
    assert!(said.contains("(cannot tell: ") && said.contains("0 missed, 1 unreadable"), "{said}");
    let beside = nights.bundle("2026-03-13T14:00:00Z");
    copy(&nights.bundle(FIRST), &beside);
    take_back(&beside);
    let output = asked(&nights, &["history", "--from", "2026-03-13", "--to", "2026-03-13"]).await.unwrap();
    let said = text(&output.stdout);
    assert!(code(&output) == 8 && said.contains("(and 1 more, 1 unreadable)"), "{said}");
    let csv = asked(&nights, &[&dates[..], &["--format", "csv"]].concat()).await.unwrap();
    assert!(code(&csv) == 8 && text(&csv.stdout).contains("2026-03-14,unreadable,"), "{csv:?}");

    let (nights, _simulator) = pruned().await;
    take_back(&nights.bundle("2020-03-06T02:00:00Z"));
    let output = asked(&nights, &["history", "--from", "2020-03-01", "--to", "2020-03-06"]).await.unwrap();
    let said = text(&output.stdout);
    let of = |word: &str| said.lines().filter(|line| line.contains(word)).count();
    assert_eq!((of("  unreadable  "), of("  COMPLETE  "), of("  missed")), (2, 4, 0), "{said}");
}

#[tokio::test]
async fn a_directory_that_may_not_be_entered_or_listed_is_code_8_to_both() {
    for (of_directory, word) in [(0o744, "unreadable"), (0o700, "cannot tell")] {
        let nights = three_nights().await;
        mode(nights.home(), 0o755);
        mode(&nights.out(), of_directory);
        for command in ["verify", "history"] {
            let Some(output) = asked(&nights, &[command]).await else { return };
            let said = [text(&output.stdout), text(&output.stderr)].concat();
            assert_eq!(code(&output), 8, "{command} {of_directory:o}: {said}");
            assert!(
                said.contains(word) && !said.contains("does verify"),
                "{command} {of_directory:o}: {said}"
            );
        }
    }
}

#[tokio::test]
async fn a_fork_is_told_as_what_it_is_with_what_made_it_and_what_to_do() {
    let nights = three_nights().await;
    // As if the last night had not been able to read the one before it.
    let link = nights.manifest(MIDDLE)["previous"].clone();
    crate::nights::edit_manifest(&nights.bundle(NEWEST), |manifest| manifest["previous"] = link);
    let output = nights.ask(&["verify"]);
    let said = text(&output.stdout);
    assert_eq!(code(&output), 8, "{said}");
    for (one, other) in [(MIDDLE, NEWEST), (NEWEST, MIDDLE)] {
        let line = format!(
            "forked      {}  it names {} as the one before it, and so does {}\n",
            run_of(one),
            run_of(FIRST),
            run_of(other)
        );
        assert!(said.contains(&line), "{line}: {said}");
    }
    assert!(
        said.contains("3 bundles: 2 bundles are of a fork.\n\nA fork: two bundles name the same one"),
        "{said}"
    );
    for part in ["could not read the last bundle", "put one of them there", "chown -R USER DIR"] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!said.contains("\naltered ") && !said.contains("altered or missing"), "{said}");
    let history = nights.ask(&["history", "--from", "2026-03-13", "--to", "2026-03-15"]);
    assert!(
        text(&history.stdout).contains("3 COMPLETE, 0 INCOMPLETE, 0 missed"),
        "{}",
        text(&history.stdout)
    );
}

/// The binary's `audit`, of whose calls this one goes wrong where it is about one of these paths.
fn failing_at(setup: &Setup, paths: &[&Path], fault: &str) -> assert_cmd::Command {
    let inject = format!("inject={fault}");
    let mut tracer = vec!["strace", "-f", "--quiet=all", "-o", "/dev/null", "-e", &inject];
    for path in paths {
        tracer.extend(["-P", path.to_str().unwrap()]);
    }
    behind(&tracer, Path::new(BINARY), &setup.audit())
}

#[tokio::test]
async fn an_error_that_passes_while_the_last_bundle_is_looked_at_changes_nothing_about_the_chain() {
    let nights = three_nights().await;
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    let mut before = run_of(NEWEST);
    for (number, call) in ["/^open", "/stat", "read", "/^readlink"].into_iter().enumerate() {
        for when in 1..=4 {
            let error = ["EIO", "EMFILE", "ENOSPC"][(number + when) % 3];
            let bundle = nights.out().join(&before);
            let files = ["manifest.json", "report.json", "SHA256SUMS"].map(|file| bundle.join(file));
            let latest = nights.out().join("latest");
            let mut paths: Vec<&Path> = files.iter().map(AsRef::as_ref).collect();
            if call == "/^readlink" {
                paths = vec![&latest];
            }
            let fault = format!("{call}:error={error}:when={when}");
            let Some(output) = traced(failing_at(&setup, &paths, &fault)).await else { return };
            assert_eq!(code(&output), 0, "{fault}: {}", text(&output.stderr));
            let last = fs_err::read_link(&latest).unwrap().into_os_string().into_string().unwrap();
            let manifest = read_json(&latest.join("manifest.json"));
            assert_eq!(manifest["previous"]["run"], before, "{fault}");
            let report = read_json(&latest.join("report.json"));
            assert_eq!(report["history"]["continues"], before, "{fault}: {:?}", notes_of(&report));
            before = last;
        }
    }
    assert!(nights.verify().is_sound(), "{:?}", nights.verify());
}

#[tokio::test]
async fn nothing_is_called_unused_where_what_was_seen_before_cannot_be_read() {
    let nights = three_nights().await;
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    let report = nights.bundle(NEWEST).join("report.json");
    // The thread that looks back opens it for its sum, and then to read it.
    let command = failing_at(&setup, &[&report], "/^open:error=EACCES:when=2");
    let Some(output) = traced(command).await else { return };
    assert_eq!(code(&output), 3, "{}", text(&output.stderr));
    let audited = read_json(&nights.out().join("latest/report.json"));
    let gap = "what the last complete audit saw";
    assert!(text(&output.stderr).contains(gap), "{}", text(&output.stderr));
    assert_eq!((&audited["totals"]["unused"], &audited["totals"]["undetermined"]), (&0.into(), &1.into()));
}

#[tokio::test]
async fn one_that_does_not_pass_is_tried_again_for_five_seconds_and_ends_the_night_with_6() {
    let nights = three_nights().await;
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    let log = setup.home().join("calls");
    let tracer = ["strace", "-f", "-qq", "-o", log.to_str().unwrap(), "-e", "trace=openat,clock_nanosleep"];
    let Some(output) = traced(behind(&tracer, Path::new(BINARY), &setup.audit())).await else { return };
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    // The calls of the thread that opens the first manifest, up to that one.
    let calls = fs_err::read_to_string(&log).unwrap();
    let opens = |line: &&str| line.contains("openat(");
    let first = calls.lines().filter(opens).find(|line| line.contains("manifest.json")).unwrap();
    let thread = first.split_whitespace().next().unwrap();
    let of_thread = calls.lines().filter(opens).filter(|line| line.split_whitespace().next() == Some(thread));
    let number = 1 + of_thread.take_while(|line| *line != first).count();

    let (before, asked) = (names_in(&nights.out()), simulator.requests().len());
    let fails = format!("inject=openat:error=EMFILE:when={number}+");
    // Nobody sleeps.
    let tracer = [&tracer[..], &["-e", &fails, "-e", "inject=clock_nanosleep:retval=0"]].concat();
    let Some(output) = traced(behind(&tracer, Path::new(BINARY), &setup.audit())).await else { return };
    let said = text(&output.stderr);
    assert_eq!((code(&output), simulator.requests().len()), (6, asked), "{said}");
    for part in ["manifest.json", "Too many open files", "again for 5 seconds", "ulimit -n", "chown -R "] {
        assert!(said.contains(part), "{part}: {said}");
    }
    let bundles =
        |names: Vec<String>| names.into_iter().filter(|name| name.starts_with("20")).collect::<Vec<_>>();
    assert_eq!(
        bundles(names_in(&nights.out())),
        bundles(before),
        "what it staged it could not even open to remove it"
    );
    let calls = fs_err::read_to_string(&log).unwrap();
    let field = |line: &str, name: &str| -> u64 {
        let rest = line.split(&format!("{name}=")).nth(1).unwrap();
        rest.split([',', '}']).next().unwrap().parse().unwrap()
    };
    let pauses = calls.lines().filter(|line| line.contains("clock_nanosleep("));
    let slept: u64 = pauses.map(|line| field(line, "tv_sec") * 1_000_000_000 + field(line, "tv_nsec")).sum();
    assert_eq!(slept, 5_000_000_000, "{calls}");
}
