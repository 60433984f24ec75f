//! Which earlier bundle an audit builds on: the last that was published and holds, of whichever version.

use std::path::Path;

use elevenlabs_secrets_audit::report::SCHEMA_VERSION;
use serde_json::{Value, json};
use simulator::{Secret, World};

use crate::{
    changes::{assert_nothing_changed, changes_in, run_of, unused, used},
    nights::{Nights, notes, record, sha256},
    places::{markdown, summary, world_of},
};

/// Which of the bundles a later audit of the same world builds on, and what it says of those that it doesn't.
async fn after(nights: &Nights, number: i64) -> (Value, Value, Vec<String>) {
    let outcome = nights.audit(number, World::of(vec![used("a"), unused("b")])).await;
    let bundle = outcome.bundle();
    let said: Vec<String> = notes(&bundle).into_iter().map(str::to_owned).collect();
    for note in &said {
        let (begin, _) = note.split_once(':').unwrap();
        assert!(markdown(&outcome).contains(begin) && summary(&outcome).contains(note), "{note}");
    }
    (bundle.json["history"]["continues"].clone(), bundle.json["changes"]["since"]["run"].clone(), said)
}

#[tokio::test]
async fn a_bundle_that_does_not_hold_is_passed_over_and_the_newest_that_does_is_used() {
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 9] = [
        ("another SHA-256", |bundle| {
            let path = bundle.join("report.json");
            let text = fs_err::read_to_string(&path).unwrap();
            fs_err::write(path, text.replace("\"unused\": 1", "\"unused\": 0")).unwrap();
        }),
        ("secrets.csv has", |bundle| {
            fs_err::OpenOptions::new()
                .append(true)
                .open(bundle.join("secrets.csv"))
                .map(|mut file| {
                    std::io::Write::write_all(&mut file, b" ").unwrap();
                })
                .unwrap();
        }),
        ("dependents.csv is missing", |bundle| fs_err::remove_file(bundle.join("dependents.csv")).unwrap()),
        ("report.json is missing", |bundle| fs_err::remove_file(bundle.join("report.json")).unwrap()),
        ("SHA256SUMS is missing", |bundle| fs_err::remove_file(bundle.join("SHA256SUMS")).unwrap()),
        ("manifest.json", |bundle| fs_err::remove_file(bundle.join("manifest.json")).unwrap()),
        ("manifest.json", |bundle| fs_err::write(bundle.join("manifest.json"), "{").unwrap()),
        ("manifest.json has another SHA-256", |bundle| {
            let path = bundle.join("manifest.json");
            let text = fs_err::read_to_string(&path).unwrap();
            fs_err::write(path, text.replace("audit-host", "other-host")).unwrap();
        }),
        ("no regular file", |bundle| {
            fs_err::remove_file(bundle.join("report.md")).unwrap();
            fs_err::create_dir(bundle.join("report.md")).unwrap();
        }),
    ];
    for (word, damage) in damages {
        let nights = Nights::new();
        let sound = run_of(&nights.audit(0, World::of(vec![used("a"), unused("b")])).await);
        let broken = run_of(&nights.audit(1, World::of(vec![used("a"), used("b")])).await);
        damage(&nights.out().join(&broken));
        let (continues, since, said) = after(&nights, 2).await;
        assert_eq!((continues, since), (json!(sound), json!(sound)), "{word}");
        assert_eq!(said.len(), 1, "{said:?}");
        let begins = format!("The earlier bundle {broken} was passed over: ");
        assert!(said[0].starts_with(&begins) && said[0].contains(word), "{word}: {said:?}");
        assert!(said[0].ends_with('.') && !said[0].contains('\n'), "{said:?}");

        // The next night has a sound one before it, and nothing to say.
        let (_, _, said) = after(&nights, 3).await;
        assert!(said.is_empty(), "{said:?}");

        for run in nights.runs() {
            if run != broken {
                fs_err::remove_file(nights.out().join(&run).join("report.json")).unwrap();
            }
        }
        let (continues, since, said) = after(&nights, 4).await;
        assert_eq!((continues, since), (Value::Null, Value::Null), "{word}");
        assert_eq!(said.len(), 5, "{said:?}");
        assert!(said[4].contains("ages begin with this audit"), "{said:?}");
    }
}

#[tokio::test]
async fn a_report_of_a_later_schema_version_is_passed_over() {
    let nights = Nights::new();
    let sound = run_of(&nights.audit(0, world_of(&["a"])).await);
    let later = run_of(&nights.audit(1, world_of(&["a"])).await);
    let path = nights.out().join(&later).join("report.json");
    let text = fs_err::read_to_string(&path).unwrap();
    let version = |version: u32| format!("\"schema_version\": {version}");
    let text = text.replacen(&version(SCHEMA_VERSION), &version(SCHEMA_VERSION + 1), 1);
    publish_by_hand(&nights, &later, &text, &json!({"workspaces": []}));
    let (continues, _, said) = after(&nights, 2).await;
    assert_eq!(continues, sound);
    let later = format!("schema_version is {}, of a later version", SCHEMA_VERSION + 1);
    assert!(said[0].contains(&later), "{said:?}");
}

/// A bundle of the first form: no chain and no SHA256SUMS.
fn publish_by_hand(nights: &Nights, run: &str, report: &str, more: &Value) {
    let directory = nights.out().join(run);
    fs_err::create_dir_all(&directory).unwrap();
    fs_err::write(directory.join("report.json"), report).unwrap();
    let _ = fs_err::remove_file(directory.join("SHA256SUMS"));
    let mut manifest = json!({
        "manifest_version": 1, "run": run, "started_at": "2026-11-23T02:00:00Z",
        "finished_at": "2026-11-23T02:00:00Z", "tool": "elevenlabs-secrets-audit", "tool_version": "0.0.0-test",
        "complete": true, "filtered": false,
        "parameters": {
            "page_size": 100, "dependency_limit": 20, "max_dependency_limit": 100, "search": "", "deep": false,
            "csv_delimiter": ",", "csv_byte_order_mark": false, "csv_formula_escaping": true, "list_length": 250,
        },
        "files": [{"name": "report.json", "bytes": report.len(), "sha256": sha256(report.as_bytes())}],
    });
    manifest.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fs_err::write(directory.join("manifest.json"), manifest.to_string()).unwrap();
}

/// A report as the version before there was a history wrote it (commit 0c7a850).
const REPORT_OF_SCHEMA_1: &str = include_str!("fixtures/report_of_schema_1.json");

#[tokio::test]
async fn a_bundle_from_before_there_was_a_history_is_built_on() {
    let nights = Nights::new();
    let run = "2026-11-23T02-00-00Z";
    let workspaces = json!([{"name": "main", "address": "http://127.0.0.1:1/", "audited": true}]);
    publish_by_hand(&nights, run, REPORT_OF_SCHEMA_1, &json!({"workspaces": workspaces}));
    let world = World::of(vec![
        Secret::new("sec_unused", "<b>unused</b> `key`"),
        Secret::new("sec_many", "used by very many").with_agents(100),
        unused("sec_saved"),
        used("sec_new"),
    ]);
    let outcome = nights.audit(30, world).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert!(notes(&bundle).is_empty(), "{:?}", notes(&bundle));
    let history = &bundle.json["history"];
    assert_eq!(history["continues"], run);
    assert_eq!(history["complete_before"], json!({"run": run, "started_at": "2026-11-23T02:00:00Z"}));
    assert_eq!(history["nights"][0]["run"], run);
    let totals = json!({"secrets": 5, "in_use": 4, "unused": 1, "undetermined": 0, "dependents": 114});
    assert_eq!(
        history["nights"][0]["workspaces"],
        json!([{"name": "main", "complete": true, "totals": totals}])
    );

    let row = bundle.secret("sec_unused");
    let ages = [&row["first_seen"], &row["unused_since"], &row["unused_days"]];
    assert_eq!(ages, ["2026-11-23T02:00:00Z", "2026-11-23T02:00:00Z", "30"]);
    let row = bundle.secret("sec_saved");
    let ages = [&row["first_seen"], &row["unused_since"], &row["unused_days"]];
    assert_eq!(ages, ["2026-11-23T02:00:00Z", "2026-12-23T02:00:00Z", "0"]);
    let known = record(&bundle, "main", "sec_saved").unwrap();
    assert_eq!(known["last_in_use"], "2026-11-23T02:00:00Z");
    assert_eq!(known["nights_observed"], 2);
    assert!(record(&bundle, "main", "sec_everything").is_some(), "gone, and not forgotten");

    let changes = changes_in(&outcome, "main");
    let ids = |list: &str| -> Vec<String> {
        let list = changes[list].as_array().unwrap();
        list.iter().map(|one| one["secret_id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("new"), ["sec_new"]);
    assert_eq!(ids("gone"), ["sec_everything", "sec_mcp"]);
    assert_eq!(ids("newly_unused"), ["sec_saved"]);
    assert_eq!(ids("renamed"), ["sec_saved", "sec_many"], "by name");
    let (agent, variable) = (
        json!([{"type": "agent", "id": "agent_0101", "name": "Agent 101"}]),
        json!([{"type": "environment_variable", "id": "env_1", "name": "TOKEN"}]),
    );
    let dependents = changes["dependents"].as_array().unwrap();
    let lost: Vec<&Value> = dependents.iter().map(|changed| &changed["lost_first"]).collect();
    assert_eq!(lost, [&variable, &agent]);
    assert!(dependents.iter().all(|changed| changed["gained"] == 0), "the same by whichever list");
}

/// A report as the version before 3 wrote it: that of the sample at commit 53485cf, cut to three secrets.
pub(crate) const REPORT_OF_SCHEMA_2: &str = include_str!("fixtures/report_of_schema_2.json");

#[tokio::test]
async fn a_bundle_from_before_views_and_evidence_is_built_on() {
    let nights = Nights::new();
    let run = "2026-11-23T02-00-00Z";
    let workspaces = json!([{"name": "main", "address": "embedded simulator", "audited": true}]);
    publish_by_hand(&nights, run, REPORT_OF_SCHEMA_2, &json!({"workspaces": workspaces}));
    let (billing, whisper) = ("sec_01jrhhbfhkc7tyskjrzej7jwmt", "sec_01ja14vnjf4q6a45jq432310av");
    let world = World::of(vec![
        Secret::new(billing, "=billing-export-2025"),
        Secret::new(whisper, "hackathon-whisper-key"),
        used("sec_new"),
    ]);
    let outcome = nights.audit(7, world).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert!(notes(&bundle).is_empty(), "{:?}", notes(&bundle));
    let history = &bundle.json["history"];
    assert_eq!(history["continues"], run);
    assert_eq!(history["complete_before"]["run"], run);
    let since = |id: &str| {
        let row = bundle.secret(id);
        [&row["first_seen"], &row["unused_since"], &row["unused_days"]].map(Clone::clone)
    };
    assert_eq!(since(whisper), ["2026-11-22T02:00:00Z", "2026-11-22T02:00:00Z", "8"]);
    assert_eq!(since(billing), ["2026-11-22T02:00:00Z", "2026-11-30T02:00:00Z", "0"]);
    let changes = changes_in(&outcome, "main");
    let ids = |list: &str| -> Vec<&str> {
        changes[list].as_array().unwrap().iter().map(|one| one["secret_id"].as_str().unwrap()).collect()
    };
    assert_eq!((ids("new"), ids("newly_unused")), (vec!["sec_new"], vec![billing]));
    assert_eq!((ids("gone"), ids("back_in_use")), (vec!["sec_01m17113cyg5h4cdpn3arzz574"], vec![]));
}

#[tokio::test]
async fn a_clock_that_was_ahead_for_a_night_costs_no_night_after_it() {
    let nights = Nights::new();
    nights.audit(0, World::of(vec![used("a"), unused("b")])).await;
    let ahead = run_of(&nights.audit(9, World::of(vec![used("a"), unused("b")])).await);
    // Set right, it goes on from what was published last, which is not what bears the latest date.
    let first = nights.audit(1, World::of(vec![unused("a"), unused("b")])).await;
    assert_eq!(first.bundle().json["history"]["continues"], ahead);
    let row = first.bundle().secret("b").clone();
    assert_eq!((row["unused_since"].as_str(), row["unused_days"].as_str()), ("2026-11-23T02:00:00Z", "1"));
    let second = nights.audit(2, World::of(vec![unused("a"), unused("b")])).await;
    assert_eq!(second.bundle().json["history"]["continues"], run_of(&first));
    assert_nothing_changed(&second);
    assert_eq!(second.bundle().secret("a")["unused_since"], "2026-11-24T02:00:00Z");
    let second = second.bundle();
    let nights = second.json["history"]["nights"].as_array().unwrap();
    let dates: Vec<&str> = nights.iter().map(|night| &night["started_at"].as_str().unwrap()[..10]).collect();
    assert_eq!(dates, ["2026-11-23", "2026-11-24", "2026-11-25", "2026-12-02"], "in order all the same");
}

#[tokio::test]
async fn directories_that_are_no_bundles_are_left_out_of_account() {
    let nights = Nights::new();
    let first = run_of(&nights.audit(0, World::of(vec![used("a"), unused("b")])).await);
    for name in ["notes", "2026-11-30", "2026-11-30T02-00-00Z.bak", ".2026-11-30T02-00-00Z"] {
        fs_err::create_dir(nights.out().join(name)).unwrap();
    }
    fs_err::write(nights.out().join("2026-11-30T02-00-00Z"), "a file").unwrap();
    let (continues, _, said) = after(&nights, 1).await;
    assert_eq!((continues, said.len()), (json!(first), 0));
}
