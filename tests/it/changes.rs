//! What has changed since the last complete audit: each kind, which audit that is, and which workspaces are compared.

use serde_json::{Value, json};
use simulator::{Secret, Simulator, World, documents};

use crate::{
    nights::{Nights, night, notes, record, run_at},
    places::{markdown, summary, world_of},
    support::{Outcome, Setup},
};

/// What changed in a workspace; it has to have been compared.
pub(crate) fn changes_in(outcome: &Outcome, workspace: &str) -> Value {
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
    for list in [
        "new",
        "gone",
        "newly_unused",
        "back_in_use",
        "no_longer_judged",
        "judged_again",
        "renamed",
        "dependents",
    ] {
        assert_eq!(changes[list], json!([]), "{list}");
    }
    changes["not_compared"].as_str().unwrap_or_else(|| panic!("it was compared: {changes}")).to_owned()
}

/// That everything was compared, and nothing is different.
pub(crate) fn assert_nothing_changed(outcome: &Outcome) {
    let nothing = json!({
        "workspace": "main", "new": [], "gone": [], "newly_unused": [], "back_in_use": [], "no_longer_judged": [],
        "judged_again": [], "renamed": [], "dependents": [],
    });
    assert_eq!(changes_in(outcome, "main"), nothing);
}

/// The run that was compared with.
pub(crate) fn since(outcome: &Outcome) -> String {
    outcome.bundle().json["changes"]["since"]["run"].as_str().unwrap().to_owned()
}

/// The run that an outcome is of.
pub(crate) fn run_of(outcome: &Outcome) -> String {
    outcome.bundle().json["run"]["id"].as_str().unwrap().to_owned()
}

/// A secret as lists of changes have it.
pub(crate) fn named(id: &str) -> Value {
    json!({"secret_id": id, "name": id})
}

/// A secret in use.
pub(crate) fn used(id: &str) -> Secret {
    Secret::new(id, id).with_tools(1)
}

/// A secret that nothing uses.
pub(crate) fn unused(id: &str) -> Secret {
    Secret::new(id, id)
}

/// The same world, of which speech engines can't be read.
pub(crate) fn without_speech_engines(mut world: World) -> World {
    world.missing_permissions.insert("/v1/speech-engine".to_owned());
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
    let words = "1 newly unused, 1 back in use, 1 new, 1 gone, 1 renamed and 2 with other dependents";
    let (markdown, summary) = (markdown(&outcome), summary(&outcome));
    assert!(markdown.contains(words) && summary.contains(words), "{summary}");
    for row in [
        "| newly unused | `falls` | `falls` | lost 1, tool `Tool 1` (`tool_0001`) |",
        "| back in use | `rises` | `rises` | gained 1, tool `Tool 1` (`tool_0001`) |",
        "| new | `comes` | `comes` | |",
        "| gone | `goes` | `goes` | |",
        "| renamed | `after` | `changes_name` | was `before` |",
    ] {
        assert!(markdown.contains(row), "{row}");
    }
    let gained = markdown.lines().find(|line| line.starts_with("| dependents | `grows`")).unwrap();
    assert!(gained.contains("gained 7, ") && gained.ends_with(", 2 more |"), "{gained}");
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
    assert!(markdown.contains("## Changes since the audit of 2026-11-23"), "{markdown}");
    assert!(markdown.contains("\n`main`: no changes.\n"), "{markdown}");
    assert!(markdown.contains("last complete audit before this one was that of 2026-11-23"), "{markdown}");
    assert!(summary.contains("since 2026-11-23: no changes"), "{summary}");
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
async fn each_workspace_is_compared_with_the_last_audit_that_read_it_whole() {
    let nights = Nights::new();
    let start = |ids: &'static [&'static str]| async move {
        Simulator::start(World::of(ids.iter().map(|id| used(id)).collect())).await.unwrap()
    };
    let never = Simulator::start(without_speech_engines(world_of(&["n"]))).await.unwrap();
    let sometimes = start(&["s"]).await;
    let fails =
        Simulator::start(without_speech_engines(World::of(vec![used("s"), used("t")]))).await.unwrap();
    for (number, steady, other) in
        [(0, start(&["a"]).await, &sometimes), (1, start(&["a", "b"]).await, &fails)]
    {
        let setup = nights.over(&[("never", &never), ("other", other), ("steady", &steady)]);
        assert_eq!(run_at(&setup, &night(number)).await.code(), 3);
    }
    let (steady, other) = (start(&["a", "b", "c"]).await, start(&["s", "t"]).await);
    let setup = nights.over(&[("never", &never), ("other", &other), ("steady", &steady)]);
    let outcome = run_at(&setup, &night(2)).await;
    assert_eq!(outcome.code(), 3);
    assert_eq!(since(&outcome), "2026-11-24T02-00-00Z");
    assert_eq!(changes_in(&outcome, "steady")["new"], json!([named("c")]));
    assert_eq!(changes_in(&outcome, "steady").get("since"), None);
    assert_eq!(changes_in(&outcome, "other")["new"], json!([named("t")]));
    assert_eq!(changes_in(&outcome, "other")["since"]["run"], "2026-11-23T02-00-00Z");
    assert_eq!(why_not(&outcome, "never"), "no bundle that is still there, and holds, read it whole");
    let told = "`other`: 1 new, since the audit of 2026-11-23 (`2026-11-23T02-00-00Z`), the last that read it whole.";
    assert!(markdown(&outcome).contains(told), "{}", markdown(&outcome));
    assert!(
        markdown(&outcome).contains("> **Warning:** `this audit is INCOMPLETE"),
        "{}",
        markdown(&outcome)
    );
    let summary = summary(&outcome);
    assert!(
        summary.contains("other since 2026-11-23: 1 new")
            && summary.contains("steady since 2026-11-24: 1 new")
    );
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
