//! `render`: the reports of a bundle once more, byte for byte, from nothing but its `report.json`.

use std::{os::unix::fs::PermissionsExt, path::Path};

use chrono::DateTime;
use elevenlabs_secrets_audit::{
    audit::{
        Audit, Changes, DependentChanges, DependentName, EarlierRun, Finding, History, Judged, JudgedSecret,
        RenamedSecret, SecretName, Verdict, Waiver, WorkspaceChanges,
    },
    bounded::Bound,
    bundle::{File, Format},
    inventory::Inventory,
    report::{read_audit, summary},
    review::render,
};
use proptest::{prelude::*, sample::select};
use simulator::{Reply, Secret, Simulator};

use crate::{
    bundle::{names_in, read_json},
    hostile::failing,
    hostile_properties::{any_name, audited, inventory, judged, names, written},
    nights::{Nights, copy, run_at, run_of, two_secrets},
    places::{deep, forbidden},
    sums::everywhere,
    support::{BINARY, Outcome, Setup, behind, binary_in, code, invalid_api_key, serve, serve_with, text},
};

const ONE: &str = "2026-03-13T02:00:00Z";
const OTHER: &str = "2026-03-14T02:00:00Z";

/// Renders a bundle elsewhere, with nothing but its `report.json` to go by, and compares each report with what was
/// published.
fn comes_out_the_same(bundle: &Path) {
    let home = tempfile::tempdir().unwrap();
    let (alone, out) = (home.path().join("alone"), home.path().join("new").join("out"));
    fs_err::create_dir(&alone).unwrap();
    fs_err::copy(bundle.join("report.json"), alone.join("report.json")).unwrap();
    let written = render(&alone, &out, Format::ALL, Bound::default()).unwrap();
    let files = ["dependents.csv", "secrets.csv", "report.md", "report.html", "metrics.prom", "report.json"];
    assert_eq!(written, files.map(|file| out.join(file)));
    let mut compared = 0;
    for file in files.into_iter().filter(|file| bundle.join(file).exists()) {
        let (is, was) = (fs_err::read(out.join(file)).unwrap(), fs_err::read(bundle.join(file)).unwrap());
        if is != was {
            let (is, was) = (String::from_utf8_lossy(&is), String::from_utf8_lossy(&was));
            let differing = is.lines().zip(was.lines()).find(|(is, was)| is != was);
            panic!("{file} of {}: {differing:?}, {} and {} bytes", bundle.display(), is.len(), was.len());
        }
        compared += 1;
    }
    assert!(compared > 0);
}

#[test]
fn it_has_the_modes_of_a_bundle_whatever_the_umask() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(code(&binary_in(home.path()).args(["audit", "--demo", "--out", "out"]).output().unwrap()), 0);
    for umask in ["000", "022", "077", "777"] {
        let mut command = binary_in(home.path());
        command.args(["render", "out/latest", "--out"]).arg(format!("again-{umask}/new"));
        let script = format!(r#"umask {umask}; exec "$0" "$@""#);
        let output = behind(&["sh", "-c", &script], Path::new(BINARY), &command).output().unwrap();
        assert_eq!(code(&output), 0, "{umask}: {}", text(&output.stderr));
        let (above, made) = (home.path().join(format!("again-{umask}")), format!("again-{umask}/new"));
        let made = home.path().join(made);
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o7777;
        assert_eq!((mode(&above), mode(&made)), (0o750, 0o750), "{umask}");
        for file in names_in(&made) {
            assert_eq!(mode(&made.join(&file)), 0o640, "{umask}: {file}");
        }
    }
    // What is there already is somebody's choice.
    let there = home.path().join("there");
    fs_err::create_dir(&there).unwrap();
    fs_err::set_permissions(&there, PermissionsExt::from_mode(0o755)).unwrap();
    let rendered = binary_in(home.path()).args(["render", "out/latest", "--out", "there"]).output().unwrap();
    assert_eq!((code(&rendered), there.metadata().unwrap().permissions().mode() & 0o777), (0, 0o755));
}

/// The same for every bundle of a directory.
fn all_come_out_the_same(nights: &Nights) {
    assert!(!nights.runs().is_empty());
    for run in nights.runs() {
        comes_out_the_same(&nights.out().join(run));
    }
}

fn same(outcome: &Outcome) {
    comes_out_the_same(&outcome.result.as_ref().unwrap_or_else(|error| panic!("{error}")).bundle);
}

#[tokio::test]
async fn of_a_complete_night_and_the_next_with_changes() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let changed = vec![
        Secret::new("sec_used", "renamed"),
        Secret::new("sec_stale", "stale").with_agents(30).with_phone_numbers(3).with_other("webhook"),
        Secret::new("sec_new", "new"),
    ];
    nights.night(OTHER, changed).await.result.unwrap();
    nights.night("2026-03-16T02:00:00Z", two_secrets()).await.result.unwrap();
    all_come_out_the_same(&nights);
}

#[tokio::test]
async fn of_a_world_with_something_in_every_place() {
    for is_deep in [false, true] {
        let simulator = Simulator::start(everywhere()).await.unwrap();
        let nights = Nights::new();
        let setup = if is_deep { deep(nights.setup(&simulator)) } else { nights.setup(&simulator) };
        let outcome = run_at(&setup, ONE).await;
        assert_eq!(outcome.code(), 0, "{outcome:?}");
        same(&outcome);
    }
}

#[tokio::test]
async fn of_the_demo_on_both_nights() {
    for demo in ["--demo", "--demo=degraded"] {
        let home = tempfile::tempdir().unwrap();
        let mut binary = binary_in(home.path());
        let output = binary.args(["audit", demo, "--out", "out"]).output().unwrap();
        assert!([0, 3].contains(&code(&output)));
        comes_out_the_same(&home.path().join("out/latest"));
    }
}

#[tokio::test]
async fn of_incomplete_nights_filtered_ones_and_several_workspaces_of_which_one_failed() {
    let nights = Nights::new();
    let whole = serve(two_secrets()).await;
    let many = vec![Secret::new("sec_many", "many").with_agents(250).with_mcp_servers(120)];
    let failing = serve_with([two_secrets(), many].concat(), |request, reply| match request.path.as_str() {
        "/v1/convai/settings" => forbidden(),
        "/v1/convai/environment-variables" => Reply::error(503, "api_error", "system_busy", "Not now."),
        path if path.ends_with("/dependencies/agents") => forbidden(),
        "/v1/convai/secrets/sec_stale" => Reply::json(200, &serde_json::json!({"secret_id": "x"})),
        _ => reply,
    });
    let failing = failing.await;
    let refused = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    let workspaces = || {
        let setup = Setup::new().workspace("whole", &whole).workspace("failing", &failing);
        nights.here(setup.workspace("refused", &refused))
    };
    assert_eq!(run_at(&workspaces(), ONE).await.code(), 3);
    assert_eq!(run_at(&workspaces().section("[audit]\nsettings = false"), OTHER).await.code(), 3);
    let mut narrowed = nights.setup(&whole);
    narrowed.arguments.search = Some("used".to_owned());
    assert_eq!(run_at(&narrowed, OTHER).await.code(), 0);
    // One that shows fewer secrets than before.
    let fewer = serve(Vec::new()).await;
    run_at(&nights.here(Setup::new().workspace("whole", &fewer)), "2026-03-15T02:00:00Z")
        .await
        .result
        .unwrap();
    all_come_out_the_same(&nights);
    assert_eq!(nights.runs().len(), 4);
}

#[tokio::test]
async fn of_hostile_names_in_every_place() {
    let simulator = failing().await;
    let nights = Nights::new();
    for begins in [ONE, OTHER] {
        assert_eq!(run_at(&nights.setup(&simulator), begins).await.code(), 3);
    }
    all_come_out_the_same(&nights);
}

#[tokio::test]
async fn of_redacted_bundles() {
    let nights = Nights::new();
    let secret = |count| Secret::new("sec_phone", "line +442079460001 key").with_phone_numbers(count);
    let redacted =
        |simulator: &Simulator| nights.setup(simulator).section("[report]\nredact = [\"phone_numbers\"]");
    let (two, three) = (serve(vec![secret(2)]).await, serve(vec![secret(3)]).await);
    run_at(&nights.setup(&two), ONE).await.result.unwrap();
    run_at(&redacted(&two), OTHER).await.result.unwrap();
    run_at(&redacted(&three), "2026-03-15T02:00:00Z").await.result.unwrap();
    run_at(&nights.setup(&two), "2026-03-16T02:00:00Z").await.result.unwrap();
    all_come_out_the_same(&nights);
}

#[tokio::test]
async fn of_waivers_in_every_state_grace_and_short_lists() {
    let waivers = "
        [[waiver]]
        secret_id = \"sec_0\"
        reason = \"holds | <b> \u{202e}\"
        owner = \"a\"
        expires = 2027-01-01
        [[waiver]]
        secret_id = \"sec_1\"
        workspace = \"main\"
        reason = \"soon\"
        owner = \"b\"
        expires = 2026-03-20
        [[waiver]]
        secret_id = \"sec_2\"
        reason = \"expired\"
        owner = \"c\"
        expires = 2026-03-12
        [[waiver]]
        secret_id = \"sec_nowhere\"
        reason = \"matches nothing\"
        owner = \"d\"
        expires = 2027-01-01
        [[waiver]]
        secret_id = \"sec_3\"
        workspace = \"elsewhere\"
        reason = \"not looked for\"
        owner = \"e\"
        expires = 2027-01-01
    ";
    let nights = Nights::new();
    let stale = |count| (0..count).map(|number| Secret::new(&format!("sec_{number}"), "stale")).collect();
    let simulator = serve(stale(6)).await;
    let refused = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    run_at(&nights.setup(&simulator), ONE).await.result.unwrap();
    let both = nights.here(Setup::of(&simulator).workspace("elsewhere", &refused));
    let policy = "[policy]\nunused_after_days = 5\n[report]\nlist_length = 2\n";
    let outcome = run_at(&both.section(&format!("{policy}{waivers}")), OTHER).await;
    let report = outcome.bundle().json;
    let states: Vec<&str> = report["waivers"]
        .as_array()
        .unwrap()
        .iter()
        .map(|waiver| waiver["state"].as_str().unwrap())
        .collect();
    for state in ["holds", "expires_soon", "expired", "not_looked_for"] {
        assert!(states.contains(&state), "{state}: {states:?}");
    }
    let alone = nights.setup(&simulator).section(&format!("{policy}{waivers}"));
    run_at(&alone, "2026-03-15T02:00:00Z").await.result.unwrap();
    let mut ignoring = nights.setup(&simulator).section(waivers);
    ignoring.arguments.no_waivers = true;
    run_at(&ignoring, "2026-03-16T02:00:00Z").await.result.unwrap();
    all_come_out_the_same(&nights);
}

#[tokio::test]
async fn of_every_way_to_write_csv_files() {
    let simulator = serve(vec![Secret::new("sec", "=1;\"2|\t,'3").with_tools(2)]).await;
    for delimiter in [",", ";", "\\t", "|"] {
        for (mark, escaping) in [(false, false), (true, true), (true, false)] {
            let setup = Setup::of(&simulator).section(&format!(
                "[report]\ncsv_delimiter = \"{delimiter}\"\ncsv_byte_order_mark = {mark}\ncsv_formula_escaping = {escaping}"
            ));
            same(&run_at(&setup, ONE).await);
        }
    }
}

#[tokio::test]
async fn formats_choose_what_is_made_whatever_was_published() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    run_at(&nights.setup(&simulator).section("[report]\nformats = []"), ONE).await.result.unwrap();
    run_at(&nights.setup(&simulator), ONE).await.result.unwrap();
    let bare = nights.bundle(ONE);
    comes_out_the_same(&bare);
    for (formats, files) in [
        ("csv", &["dependents.csv", "report.json", "secrets.csv"][..]),
        ("markdown", &["report.json", "report.md"]),
        ("csv,markdown", &["dependents.csv", "report.json", "report.md", "secrets.csv"]),
    ] {
        let out = nights.home().join(formats);
        let mut command = binary_in(nights.home());
        let output = command.arg("render").arg(&bare).arg("--out").arg(&out).args(["--format", formats]);
        let output = output.output().unwrap();
        assert_eq!((code(&output), text(&output.stderr)), (0, ""));
        assert_eq!(names_in(&out), files);
        let mut said: Vec<&str> = text(&output.stdout).lines().collect();
        said.sort_unstable();
        assert_eq!(said, files.iter().map(|file| out.join(file).display().to_string()).collect::<Vec<_>>());
    }
}

#[tokio::test]
async fn what_stands_there_is_never_replaced() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let out = nights.home().join("new");
    let run = || {
        let mut binary = binary_in(nights.home());
        binary.arg("render").arg(nights.bundle(ONE)).arg("--out").arg(&out).output().unwrap()
    };
    assert_eq!(code(&run()), 0);
    for file in ["dependents.csv", "secrets.csv", "report.md", "report.json"] {
        for other in names_in(&out) {
            fs_err::remove_file(out.join(other)).unwrap();
        }
        fs_err::write(out.join(file), "mine").unwrap();
        let output = run();
        assert_eq!((code(&output), text(&output.stdout)), (6, ""));
        let said = text(&output.stderr);
        assert!(said.contains(out.join(file).to_str().unwrap()) && said.contains("exists"), "{said}");
        assert_eq!(fs_err::read_to_string(out.join(file)).unwrap(), "mine");
        assert_eq!(names_in(&out), [file], "nothing half done beside it");
    }
    let into_itself = binary_in(nights.home())
        .arg("render")
        .arg(nights.bundle(ONE))
        .arg("--out")
        .arg(nights.bundle(ONE))
        .output()
        .unwrap();
    assert_eq!(code(&into_itself), 6);
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn a_report_of_another_version_of_the_schema_says_so() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let report = fs_err::read_to_string(nights.bundle(ONE).join("report.json")).unwrap();
    let now = read_json(&nights.bundle(ONE).join("report.json"))["schema_version"].as_u64().unwrap();
    let first = now - 1;
    for other in [first - 1, now + 1] {
        let bundle = nights.home().join(format!("version-{other}"));
        copy(&nights.bundle(ONE), &bundle);
        let changed = report.replacen(
            &format!("\"schema_version\": {now}"),
            &format!("\"schema_version\": {other}"),
            1,
        );
        fs_err::write(bundle.join("report.json"), changed).unwrap();
        let out = nights.home().join("out-of-another");
        let output =
            binary_in(nights.home()).arg("render").arg(&bundle).arg("--out").arg(&out).output().unwrap();
        assert_eq!(code(&output), 2);
        let said = text(&output.stderr);
        let words = [format!("its schema_version is {other}"), format!("versions {first} to {now} only")];
        assert!(words.iter().all(|word| said.contains(word)), "{said}");
        assert!(said.contains(bundle.join("report.json").to_str().unwrap()), "{said}");
        assert!(!out.exists(), "nothing is made");
    }
}

#[tokio::test]
async fn a_report_of_which_anything_is_missing_is_refused() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let report = fs_err::read_to_string(nights.bundle(ONE).join("report.json")).unwrap();
    let refused = |from: &str, to: &str| {
        assert!(report.contains(from), "{from}");
        read_audit(report.replacen(from, to, 1).as_bytes()).unwrap_err().to_string()
    };
    for field in ["schema_version", "run", "tool", "parameters", "workspaces", "history", "complete"] {
        let error = refused(&format!("\n  \"{field}\":"), "\n  \"other\":");
        assert!(error.contains(&format!("missing field `{field}`")), "{field}: {error}");
    }
    for (from, to) in [
        ("\"verdict\": \"in_use\"", "\"verdict\": \"made up\""),
        ("\"status\": \"read whole\"", "\"status\": \"made up\""),
        ("\"source\": \"used_by\"", "\"source\": \"made up\""),
        ("\"relation\": \"direct\"", "\"relation\": \"made up\""),
        ("\"started_at\": \"2026", "\"started_at\": \"made up"),
    ] {
        let error = refused(from, to);
        assert!(error.contains("made up"), "{to}: {error}");
    }
    let cut = &report[..report.len() / 2];
    assert!(read_audit(cut.as_bytes()).unwrap_err().is_eof());
    let error = read_audit(format!("{report}{{}}").as_bytes()).unwrap_err().to_string();
    assert!(error.contains("trailing"), "{error}");
}

#[tokio::test]
async fn a_bundle_that_was_rendered_again_says_on_a_terminal_what_the_night_said() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let outcome = nights.night(OTHER, vec![Secret::new("sec_used", "renamed")]).await;
    let published = outcome.result.unwrap();
    let said = |audit: &Audit| {
        let mut bytes = Vec::new();
        summary(audit, "here", &mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    };
    let report = fs_err::read(published.bundle.join("report.json")).unwrap();
    let again = read_audit(report.as_slice()).unwrap();
    assert_eq!(said(&again), said(&published.audit));
    for finding in [Finding::Unused, Finding::Dangling, Finding::Discrepancy, Finding::ExpiredWaiver] {
        assert_eq!(again.has(finding), published.audit.has(finding), "{finding:?}");
    }
    assert_eq!(published.bundle.file_name().unwrap().to_str().unwrap(), run_of(OTHER));
}

/// Every file of an audit, and every file of the same read back from its `report.json`.
fn both_ways(audit: &Audit) -> [Vec<Vec<u8>>; 2] {
    let again = read_audit(written(File::Json, audit).as_slice()).unwrap();
    let files = |audit: &Audit| File::of(Format::ALL).map(|file| written(file, audit)).collect();
    [files(audit), files(&again)]
}

/// The audit after changes and history that have these names in every place.
fn with_what_was_before(judged: Judged, names: &[String]) -> Audit {
    let name = |at: usize| names[at % names.len()].clone();
    let secret = |at: usize| SecretName { name: name(at), id: name(at + 1) };
    let dependent =
        |at: usize| DependentName { dependent_type: name(at), name: name(at + 1), id: name(at + 2) };
    let started_at = DateTime::from_timestamp(1_795_000_000, 0).unwrap();
    let changes = WorkspaceChanges {
        workspace: name(0),
        not_compared: None,
        since: Some(EarlierRun { run: name(3), started_at }),
        new: vec![secret(0), secret(1)],
        gone: vec![secret(1)],
        newly_unused: vec![secret(2)],
        back_in_use: vec![secret(3)],
        no_longer_judged: vec![JudgedSecret {
            secret: secret(1),
            verdict: Verdict::Unused,
            unused_since: Some(started_at),
        }],
        judged_again: vec![JudgedSecret { secret: secret(2), verdict: Verdict::InUse, unused_since: None }],
        renamed: vec![RenamedSecret { secret: secret(0), earlier_name: name(3) }],
        dependents: vec![DependentChanges {
            secret: secret(2),
            gained: 7,
            lost: 1,
            gained_first: vec![dependent(0), dependent(1)],
            lost_first: vec![dependent(2)],
        }],
    };
    let not_compared =
        WorkspaceChanges { workspace: name(1), not_compared: Some(name(2)), ..WorkspaceChanges::default() };
    let history = History {
        continues: Some(name(0)),
        notes: names.to_vec(),
        complete_before: Some(EarlierRun { run: name(1), started_at }),
        ..History::default()
    };
    let changes = Changes::Since {
        earlier: EarlierRun { run: name(2), started_at },
        warnings: names.to_vec(),
        workspaces: vec![changes, not_compared],
    };
    let waiver = |id: &str, at: usize, expires: &str| Waiver {
        secret_id: id.to_owned(),
        workspace: at.is_multiple_of(2).then(|| "main".to_owned()),
        reason: name(at),
        owner: name(at + 1),
        expires: expires.parse().unwrap(),
    };
    let waivers = vec![
        waiver("unused0", 0, "2027-12-31"),
        waiver("unused1", 1, "2026-11-24"),
        waiver("used0", 2, "2020-01-01"),
        waiver(&name(0), 3, "2026-11-23"),
    ];
    judged.conclude(history, changes, waivers)
}

fn same_bytes([was, is]: [Vec<Vec<u8>>; 2]) -> Result<(), TestCaseError> {
    for (was, is) in was.iter().zip(&is) {
        prop_assert_eq!(String::from_utf8_lossy(is), String::from_utf8_lossy(was));
    }
    Ok(())
}

proptest! {
    #[test]
    fn of_any_inventory_with_any_names(
        names in names(),
        search in any_name(),
        delimiter in select(&[',', ';', '\t', '|'][..]),
        list_length in 0..4_usize,
    ) {
        for search in ["", &search] {
            same_bytes(both_ways(&audited(inventory(&names), delimiter, search, list_length)))?;
            let judged = judged(inventory(&names), delimiter, search, list_length);
            same_bytes(both_ways(&with_what_was_before(judged, &names)))?;
        }
    }

    #[test]
    fn of_an_empty_inventory_with_any_search(search in any_name()) {
        same_bytes(both_ways(&audited(Inventory::default(), ',', &search, 1)))?;
    }
}
