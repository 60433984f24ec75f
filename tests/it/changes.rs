//! What has changed since the last complete audit: each kind, which audit that is, and what is no change.

use elevenlabs_secrets_audit::simulator::{Secret, Simulator, World, documents};
use serde_json::{Value, json};

use crate::{
    nights::{Nights, night, notes, record, run_at},
    places::{agent, deep, markdown, speech_engine, summary, variable, world_of},
    support::{Outcome, Setup},
};

/// What changed in a workspace; it has to have been compared.
fn changes_in(outcome: &Outcome, workspace: &str) -> Value {
    let changes = any_changes_in(outcome, workspace);
    assert_eq!(changes.get("not_compared"), None, "{workspace}");
    changes
}

fn any_changes_in(outcome: &Outcome, workspace: &str) -> Value {
    let changes = outcome.bundle().json["changes"].clone();
    let all = changes["workspaces"].as_array().unwrap();
    let mut named = all.iter().filter(|one| one["workspace"] == workspace);
    let found = named.next().unwrap_or_else(|| panic!("changes of {workspace}: {changes}")).clone();
    assert!(named.next().is_none(), "{workspace} stands twice");
    found
}

fn why_not(outcome: &Outcome, workspace: &str) -> String {
    let changes = any_changes_in(outcome, workspace);
    for list in ["new", "gone", "newly_unused", "back_in_use", "renamed", "dependents"] {
        assert_eq!(changes[list], json!([]), "{list}");
    }
    changes["not_compared"].as_str().unwrap_or_else(|| panic!("it was compared: {changes}")).to_owned()
}

fn assert_nothing_changed(outcome: &Outcome) {
    let nothing = json!({
        "workspace": "main", "new": [], "gone": [], "newly_unused": [], "back_in_use": [], "renamed": [],
        "dependents": [],
    });
    assert_eq!(changes_in(outcome, "main"), nothing);
}

/// The run that was compared with.
fn since(outcome: &Outcome) -> String {
    outcome.bundle().json["changes"]["since"]["run"].as_str().unwrap().to_owned()
}

fn run_of(outcome: &Outcome) -> String {
    outcome.bundle().json["run"]["id"].as_str().unwrap().to_owned()
}

fn named(id: &str) -> Value {
    json!({"secret_id": id, "name": id})
}

fn used(id: &str) -> Secret {
    Secret::new(id, id).with_tools(1)
}

fn unused(id: &str) -> Secret {
    Secret::new(id, id)
}

fn without_speech_engines(mut world: World) -> World {
    world.missing_permissions.insert("/v1/speech-engine".to_owned());
    world
}

fn without_variables(mut world: World) -> World {
    world.missing_permissions.insert("/v1/convai/environment-variables".to_owned());
    world
}

#[tokio::test]
async fn every_kind_of_change_is_told() {
    let nights = Nights::new();
    let before = World::of(vec![
        used("stays"),
        unused("goes"),
        used("falls"),
        unused("rises"),
        Secret::new("changes_name", "before").with_tools(1),
        Secret::new("grows", "grows").with_tools(2),
        Secret::new("shrinks", "shrinks").with_agents(9),
    ]);
    nights.audit(0, before).await;
    let after = World::of(vec![
        used("stays"),
        unused("falls"),
        used("rises"),
        Secret::new("changes_name", "after").with_tools(1),
        Secret::new("grows", "grows").with_tools(9),
        Secret::new("shrinks", "shrinks").with_agents(1).with_phone_numbers(1),
        used("comes"),
    ]);
    let outcome = nights.audit(1, after).await;
    let changes = changes_in(&outcome, "main");
    assert_eq!(changes["new"], json!([named("comes")]));
    assert_eq!(changes["gone"], json!([named("goes")]));
    assert_eq!(changes["newly_unused"], json!([named("falls")]));
    assert_eq!(changes["back_in_use"], json!([named("rises")]));
    let renamed = json!([{"secret_id": "changes_name", "name": "after", "earlier_name": "before"}]);
    assert_eq!(changes["renamed"], renamed);
    let dependent = |kind: &str, id: &str, name: String| json!({"type": kind, "id": id, "name": name});
    let tool = |number: i32| dependent("tool", &format!("tool_{number:04}"), format!("Tool {number}"));
    let agent = |number: i32| dependent("agent", &format!("agent_{number:04}"), format!("Agent {number}"));
    let phone = dependent("phone_number", "phnum_0001", "Line 1".to_owned());
    let expected = json!([
        {"secret_id": "falls", "name": "falls", "gained": 0, "lost": 1, "gained_first": [],
         "lost_first": [tool(1)]},
        {"secret_id": "grows", "name": "grows", "gained": 7, "lost": 0,
         "gained_first": (3..=7).map(tool).collect::<Vec<_>>(), "lost_first": []},
        {"secret_id": "rises", "name": "rises", "gained": 1, "lost": 0, "gained_first": [tool(1)],
         "lost_first": []},
        {"secret_id": "shrinks", "name": "shrinks", "gained": 1, "lost": 8, "gained_first": [phone],
         "lost_first": (2..=6).map(agent).collect::<Vec<_>>()},
    ]);
    assert_eq!(changes["dependents"], expected);
    let words = "1 newly unused, 1 back in use, 1 new, 1 gone, 1 renamed and 4 with other dependents";
    let (markdown, summary) = (markdown(&outcome), summary(&outcome));
    assert!(markdown.contains(words) && summary.contains(words), "{summary}");
    for row in [
        "| newly unused | `falls` | `falls` | |",
        "| back in use | `rises` | `rises` | |",
        "| new | `comes` | `comes` | |",
        "| gone | `goes` | `goes` | |",
        "| renamed | `after` | `changes_name` | was `before` |",
    ] {
        assert!(markdown.contains(row), "{row}");
    }
    let gained = markdown.lines().find(|line| line.starts_with("| dependents | `grows`")).unwrap();
    assert!(gained.contains("gained 7: ") && gained.ends_with(", 2 more |"), "{gained}");
    assert!(!gained.contains("lost"), "{gained}");
}

#[tokio::test]
async fn that_nothing_changed_is_said() {
    let nights = Nights::new();
    nights.audit(0, World::of(vec![used("a"), unused("b")])).await;
    // In another order, it is the same.
    let outcome = nights.audit(1, World::of(vec![unused("b"), used("a")])).await;
    assert_nothing_changed(&outcome);
    let (markdown, summary) = (markdown(&outcome), summary(&outcome));
    assert!(markdown.contains("## Changes since the complete audit of 2026-11-23"), "{markdown}");
    assert!(markdown.contains("\n`main`: no changes.\n"), "{markdown}");
    assert!(markdown.contains("last complete audit before this one was that of 2026-11-23"), "{markdown}");
    assert!(summary.contains("main since 2026-11-23: no changes"), "{summary}");
}

#[tokio::test]
async fn the_first_audit_says_that_there_is_none_before_it() {
    let nights = Nights::new();
    let outcome = nights.audit(0, world_of(&["a"])).await;
    let bundle = outcome.bundle();
    let why = "there was no complete audit before this one";
    assert_eq!(bundle.json["changes"], json!({"not_compared": why, "workspaces": []}));
    assert_eq!(notes(&bundle), ["No earlier bundle tells what was before: ages begin with this audit."]);
    let markdown = markdown(&outcome);
    assert!(markdown.contains(why) && markdown.contains("ages begin with this audit"), "{markdown}");
    assert!(markdown.contains("first complete audit that this history knows"), "{markdown}");
    assert!(summary(&outcome).contains(why), "{}", summary(&outcome));
}

#[tokio::test]
async fn the_audit_compared_with_is_the_last_complete_one_of_all_secrets() {
    let nights = Nights::new();
    let first = nights.audit(0, World::of(vec![used("a")])).await;
    let more = || World::of(vec![used("a"), used("b")]);
    let incomplete = nights.audit(1, without_speech_engines(World::of(vec![used("a"), unused("b")]))).await;
    assert_eq!(incomplete.code(), 3);
    assert_eq!(since(&incomplete), run_of(&first));
    assert_eq!(changes_in(&incomplete, "main")["new"], json!([named("b")]));
    let narrowed = nights.audit_with(2, more(), |mut setup| {
        setup.arguments.search = Some("b".to_owned());
        setup
    });
    let narrowed = narrowed.await;
    assert_eq!(narrowed.code(), 0);
    let why = narrowed.bundle().json["changes"]["not_compared"].as_str().unwrap().to_owned();
    assert!(why.starts_with("a narrowed audit is not compared"), "{why}");
    let outcome = nights.audit(3, more()).await;
    assert_eq!(since(&outcome), run_of(&first));
    assert_eq!(changes_in(&outcome, "main")["new"], json!([named("b")]));
    assert_eq!(outcome.bundle().json["history"]["continues"], run_of(&incomplete));
    assert_nothing_changed(&nights.audit(4, more()).await);
}

#[tokio::test]
async fn a_workspace_that_failed_is_not_compared_until_it_can_be_read_again() {
    let nights = Nights::new();
    let start = |ids: &'static [&'static str]| async move {
        Simulator::start(World::of(ids.iter().map(|id| used(id)).collect())).await.unwrap()
    };
    let (one, other) = (start(&["a"]).await, start(&["b"]).await);
    run_at(&nights.over(&[("one", &one), ("other", &other)]), &night(0)).await;
    let mut refusing = world_of(&[]);
    refusing.api_key = "sk_another_key".to_owned();
    let refusing = Simulator::start(refusing).await.unwrap();
    let failed = run_at(&nights.over(&[("one", &one), ("other", &refusing)]), &night(1)).await;
    assert_eq!(failed.code(), 3);
    assert_eq!(why_not(&failed, "other"), "it could not be read this time");
    assert_eq!(changes_in(&failed, "one")["gone"], json!([]));
    assert_eq!(record(&failed.bundle(), "other", "b").unwrap()["last_seen"], "2026-11-23T02:00:00Z");
    let other = start(&["c"]).await;
    let outcome = run_at(&nights.over(&[("one", &one), ("other", &other)]), &night(2)).await;
    let changes = changes_in(&outcome, "other");
    assert_eq!((&changes["new"], &changes["gone"]), (&json!([named("c")]), &json!([named("b")])));
}

#[tokio::test]
async fn a_workspace_that_suddenly_lists_too_few_and_counts_as_failed_is_not_compared() {
    let nights = Nights::new();
    let many = World::of(["a", "b", "c", "d"].map(used).to_vec());
    let (shrinks, stays) =
        (Simulator::start(many).await.unwrap(), Simulator::start(world_of(&["z"])).await.unwrap());
    run_at(&nights.over(&[("shrinks", &shrinks), ("stays", &stays)]), &night(0)).await;
    let shrinks = Simulator::start(World::of(vec![used("a")])).await.unwrap();
    let setup = nights.over(&[("shrinks", &shrinks), ("stays", &stays)]);
    let outcome = run_at(&setup.section("[audit]\npopulation_drop = \"fail\""), &night(1)).await;
    assert_eq!(outcome.code(), 3);
    assert_eq!(why_not(&outcome, "shrinks"), "it could not be read this time");
    assert_eq!(record(&outcome.bundle(), "shrinks", "d").unwrap()["last_seen"], "2026-11-23T02:00:00Z");
}

#[tokio::test]
async fn a_workspace_that_only_one_of_the_two_audits_has_is_not_compared() {
    let nights = Nights::new();
    let (one, other) = (
        Simulator::start(world_of(&["a"])).await.unwrap(),
        Simulator::start(world_of(&["a"])).await.unwrap(),
    );
    run_at(&nights.over(&[("one", &one)]), &night(0)).await;
    let outcome = run_at(&nights.over(&[("other", &other)]), &night(1)).await;
    assert_eq!(why_not(&outcome, "one"), "it is not part of this audit");
    assert_eq!(why_not(&outcome, "other"), "the earlier audit did not read it");
    let bundle = outcome.bundle();
    assert_eq!(
        record(&bundle, "one", "a").unwrap()["first_seen"],
        "2026-11-23T02:00:00Z",
        "it is not forgotten"
    );
    assert_eq!(record(&bundle, "other", "a").unwrap()["first_seen"], "2026-11-24T02:00:00Z");
}

/// A world whose variables show this id of its workspace.
fn world_named(workspace_id: &str) -> World {
    let mut world = World::of(vec![used("held"), unused("idle")]);
    let values = json!({"production": documents::secret("held")});
    world.environment_variables =
        vec![documents::environment_variable("env", workspace_id, "TOKEN", "secret", &values)];
    world
}

fn assert_began_afresh(outcome: &Outcome, at: &str) {
    assert_eq!(why_not(outcome, "main"), "the API key shows another workspace than before");
    let bundle = outcome.bundle();
    let said = notes(&bundle);
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].contains("main now shows another workspace (first before, second now)"), "{said:?}");
    assert_eq!(record(&bundle, "main", "idle").unwrap()["unused_since"], at);
    assert_eq!(bundle.secret("idle")["unused_days"], "0");
    for night in bundle.json["history"]["nights"].as_array().unwrap() {
        let is_this_one = night["started_at"] == at;
        assert_eq!(night["workspaces"].as_array().unwrap().len(), usize::from(is_this_one), "{night}");
    }
    assert!(markdown(outcome).contains("now shows another workspace"));
    assert!(summary(outcome).contains("now shows another workspace"));
}

#[tokio::test]
async fn another_workspace_behind_the_same_name_begins_afresh() {
    let nights = Nights::new();
    nights.audit(0, world_named("first")).await;
    assert_nothing_changed(&nights.audit(1, world_named("first")).await);
    assert_began_afresh(&nights.audit(2, world_named("second")).await, "2026-11-25T02:00:00Z");
    // From then on it is the other one.
    let outcome = nights.audit(3, world_named("second")).await;
    assert_nothing_changed(&outcome);
    assert_eq!(outcome.bundle().secret("idle")["unused_days"], "1");
    assert!(notes(&outcome.bundle()).is_empty());
}

#[tokio::test]
async fn a_night_that_does_not_show_which_workspace_it_is_changes_nothing_about_that() {
    let nights = Nights::new();
    nights.audit(0, world_named("first")).await;
    let hidden = World { environment_variables: Vec::new(), ..world_named("first") };
    let outcome = nights.audit(1, hidden.clone()).await;
    assert!(notes(&outcome.bundle()).is_empty());
    assert_eq!(outcome.bundle().secret("idle")["unused_days"], "1");
    // Nor does the audit that is compared with show it; what is known of the workspace does.
    assert_began_afresh(&nights.audit(2, world_named("second")).await, "2026-11-25T02:00:00Z");
}

#[tokio::test]
async fn a_place_that_cannot_be_read_tonight_has_lost_nothing() {
    let nights = Nights::new();
    let world = |ids: &[&str]| World {
        environment_variables: vec![variable(
            "env",
            "TOKEN",
            &[("production", "saved"), ("staging", "both")],
        )],
        ..World::of(vec![unused("saved"), used("both"), used(ids[0])])
    };
    let first = nights.audit(0, world(&["a"])).await;
    let outcome = nights.audit(1, without_variables(world(&["a"]))).await;
    assert_eq!(outcome.code(), 3);
    assert_eq!(outcome.bundle().verdict("saved"), "undetermined");
    assert_nothing_changed(&outcome);
    let known = record(&outcome.bundle(), "main", "saved").unwrap();
    assert_eq!(known["last_in_use"], "2026-11-23T02:00:00Z");
    assert_eq!(known.get("unused_since"), None);
    assert_eq!(known["nights_observed"], 1);
    let outcome = nights.audit(2, world(&["a"])).await;
    assert_eq!(since(&outcome), run_of(&first));
    assert_nothing_changed(&outcome);
}

#[tokio::test]
async fn a_secret_that_only_a_reference_led_to_is_not_gone_where_references_cannot_be_read() {
    let nights = Nights::new();
    let world = || World {
        environment_variables: vec![variable("env", "TOKEN", &[("production", "unlisted")])],
        unlisted_secrets: vec![unused("unlisted")],
        ..World::of(vec![used("a")])
    };
    nights.audit(0, world()).await;
    let outcome = nights.audit(1, without_variables(world())).await;
    assert_eq!(outcome.code(), 3);
    assert_nothing_changed(&outcome);
    assert_nothing_changed(&nights.audit(2, world()).await);
}

#[tokio::test]
async fn what_only_a_deep_audit_sees_is_compared_between_two_deep_ones_only() {
    let held = || World {
        agents: vec![agent("agent_9", "Line", "held"), agent("agent_8", "Desk", "unlisted")],
        unlisted_secrets: vec![unused("unlisted")],
        ..World::of(vec![unused("held"), used("a")])
    };
    let nights = Nights::new();
    let first = nights.audit_with(0, held(), deep).await;
    assert_eq!(first.bundle().verdict("held"), "in_use");
    let shallow = nights.audit(1, held()).await;
    assert_eq!(shallow.bundle().verdict("held"), "unused", "or this tests nothing");
    assert_nothing_changed(&shallow);
    assert_nothing_changed(&nights.audit_with(2, held(), deep).await);
    assert_nothing_changed(&nights.audit_with(3, held(), deep).await);
    let free = World { agents: Vec::new(), ..held() };
    let outcome = nights.audit_with(4, free, deep).await;
    let changes = changes_in(&outcome, "main");
    assert_eq!(changes["newly_unused"], json!([named("held")]));
    assert_eq!(changes["gone"], json!([named("unlisted")]));
    let lost = json!([{"type": "agent", "id": "agent_9", "name": "Line"}]);
    assert_eq!(changes["dependents"][0]["lost_first"], lost);
}

#[tokio::test]
async fn a_change_that_both_audits_could_see_is_told_whether_they_are_deep_or_not() {
    let nights = Nights::new();
    nights.audit_with(0, World::of(vec![used("falls"), unused("rises")]), deep).await;
    let outcome = nights.audit(1, World::of(vec![unused("falls"), used("rises")])).await;
    let changes = changes_in(&outcome, "main");
    assert_eq!(changes["newly_unused"], json!([named("falls")]));
    assert_eq!(changes["back_in_use"], json!([named("rises")]));
    assert_eq!(changes["dependents"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_secret_of_the_same_id_in_two_workspaces_is_two_secrets() {
    let nights = Nights::new();
    let (one, other) = (
        Simulator::start(World::of(vec![used("same")])).await.unwrap(),
        Simulator::start(World::of(vec![unused("same")])).await.unwrap(),
    );
    run_at(&nights.over(&[("one", &one), ("other", &other)]), &night(0)).await;
    let outcome = run_at(&nights.over(&[("one", &other), ("other", &one)]), &night(1)).await;
    assert_eq!(changes_in(&outcome, "one")["newly_unused"], json!([named("same")]));
    assert_eq!(changes_in(&outcome, "other")["back_in_use"], json!([named("same")]));
    let bundle = outcome.bundle();
    assert_eq!(record(&bundle, "one", "same").unwrap()["unused_since"], "2026-11-24T02:00:00Z");
    assert_eq!(record(&bundle, "other", "same").unwrap().get("unused_since"), None);
}

#[tokio::test]
async fn hostile_names_stay_names_in_every_report() {
    let nights = Nights::new();
    let secret = |name: &str| World::of(vec![Secret::new("sec", name).with_tools(1)]);
    nights.audit(0, secret("a|b\n## Unused secrets (0)\n<b>`")).await;
    let outcome = nights.audit(1, secret("=1+1|\u{202e}\u{1b}[31m")).await;
    let markdown = markdown(&outcome);
    assert_eq!(markdown.matches("\n## Unused secrets").count(), 1);
    let row = markdown.lines().find(|line| line.starts_with("| renamed |")).unwrap();
    assert_eq!(row.replace("\\|", "").matches('|').count(), 5, "{row}");
    for text in [markdown.as_str(), summary(&outcome).as_str()] {
        assert!(!text.contains('\u{202e}') && !text.contains("\u{1b}[31m\u{1b}"), "{text}");
    }
}

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
    type Damage = fn(&std::path::Path);
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

        for run in crate::bundle::names_in(&nights.out()).iter().filter(|name| name.starts_with("20")) {
            if *run != broken {
                fs_err::remove_file(nights.out().join(run).join("report.json")).unwrap();
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
    let text = text.replacen("\"schema_version\": 2", "\"schema_version\": 3", 1);
    publish_by_hand(&nights, &later, &text, &json!({"workspaces": []}));
    let (continues, _, said) = after(&nights, 2).await;
    assert_eq!(continues, sound);
    assert!(said[0].contains("schema_version is 3, of a later version"), "{said:?}");
}

/// A bundle of the first form: no chain and no SHA256SUMS.
fn publish_by_hand(nights: &Nights, run: &str, report: &str, more: &Value) {
    use sha2::Digest;
    let directory = nights.out().join(run);
    fs_err::create_dir_all(&directory).unwrap();
    fs_err::write(directory.join("report.json"), report).unwrap();
    let sum: String = sha2::Sha256::digest(report).iter().map(|byte| format!("{byte:02x}")).collect();
    let mut manifest = json!({
        "manifest_version": 1, "run": run, "started_at": "2026-11-23T02:00:00Z",
        "finished_at": "2026-11-23T02:00:00Z", "tool": "elevenlabs-secrets-audit", "tool_version": "0.0.0-test",
        "complete": true, "filtered": false,
        "parameters": {
            "page_size": 100, "dependency_limit": 20, "max_dependency_limit": 100, "search": "", "deep": false,
            "csv_delimiter": ",", "csv_byte_order_mark": false, "csv_formula_escaping": true, "list_length": 250,
        },
        "files": [{"name": "report.json", "bytes": report.len(), "sha256": sum}],
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
    assert_eq!(history["nights"][0]["workspaces"], json!([{"name": "main", "totals": totals}]));

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

#[tokio::test]
async fn a_speech_engine_that_cannot_be_read_neither_starts_nor_ends_a_spell() {
    let nights = Nights::new();
    let held = |is_held: bool| World {
        speech_engines: if is_held { vec![speech_engine("engine", "Kiosk", "a")] } else { Vec::new() },
        ..World::of(vec![unused("a"), used("b")])
    };
    nights.audit(0, held(false)).await;
    let outcome = nights.audit(1, without_speech_engines(held(false))).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "", "tonight it is not known to be unused");
    assert_nothing_changed(&outcome);
    let outcome = nights.audit(2, held(false)).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "2");
    nights.audit(3, held(true)).await;
    nights.audit(4, without_speech_engines(held(true))).await;
    let outcome = nights.audit(5, held(false)).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "0");
    assert_eq!(since(&outcome), "2026-11-26T02-00-00Z");
}

#[tokio::test]
async fn a_setup_that_names_its_workspace_anew_begins_afresh_under_the_new_name() {
    let nights = Nights::new();
    nights.audit(0, world_of(&["a"])).await;
    let simulator = Simulator::start(world_of(&["a"])).await.unwrap();
    let setup: Setup = nights.over(&[("renamed", &simulator)]);
    let outcome = run_at(&setup, &night(1)).await;
    assert_eq!(outcome.bundle().secret("a")["unused_days"], "0");
    assert_eq!(why_not(&outcome, "main"), "it is not part of this audit");
}
