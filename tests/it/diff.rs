//! `diff A B`: what is different between two bundles, whichever of the two is the earlier.

use elevenlabs_secrets_audit::{
    audit::{Changes, WorkspaceChanges},
    bounded::Bound,
    review::diff,
};
use serde_json::json;
use simulator::{Secret, Simulator, World, world};

use crate::{
    nights::{Nights, run_at, run_of, two_secrets},
    places::{deep, forbidden, tool, variable},
    support::{Setup, binary_in, code, serve, serve_with, text},
};

const ONE: &str = "2026-03-13T02:00:00Z";
const OTHER: &str = "2026-03-14T02:00:00Z";
const THIRD: &str = "2026-03-15T02:00:00Z";

fn changes(nights: &Nights, earlier: &str, later: &str) -> Vec<WorkspaceChanges> {
    match diff(&nights.bundle(earlier), &nights.bundle(later), Bound::default()).unwrap() {
        Changes::Since { earlier: since, workspaces, .. } => {
            assert_eq!(since.run, run_of(earlier));
            workspaces
        }
        not_compared @ Changes::NotCompared(_) => panic!("{not_compared:?}"),
    }
}

fn said(nights: &Nights, earlier: &str, later: &str) -> String {
    let bundles = [nights.bundle(earlier), nights.bundle(later)];
    let output = binary_in(nights.home()).arg("diff").args(bundles).output().unwrap();
    assert_eq!((code(&output), text(&output.stderr)), (0, ""));
    text(&output.stdout).to_owned()
}

fn ids(secrets: &[elevenlabs_secrets_audit::audit::SecretName]) -> Vec<&str> {
    secrets.iter().map(|secret| secret.id.as_str()).collect()
}

/// Two nights between which one thing of each kind changed.
async fn nights() -> Nights {
    let nights = Nights::new();
    let same = || Secret::new("sec_same", "same").with_tools(1);
    let before = vec![
        same(),
        Secret::new("sec_old", "old").with_tools(1),
        Secret::new("sec_orphan", "orphan").with_agents(1),
        Secret::new("sec_rescued", "rescued"),
        Secret::new("sec_named", "before").with_tools(1),
        Secret::new("sec_changing", "changing").with_tools(2).with_agents(9),
    ];
    let mut changing = Secret::new("sec_changing", "changing").with_tools(1).with_mcp_servers(7);
    changing.used_by.agents = vec![world::available("agent_0001", "renamed", 1, "editor")];
    let after = vec![
        same(),
        Secret::new("sec_young", "young"),
        Secret::new("sec_orphan", "orphan"),
        Secret::new("sec_rescued", "rescued").with_agents(1),
        Secret::new("sec_named", "after").with_tools(1),
        changing,
    ];
    nights.night(ONE, before).await.result.unwrap();
    nights.night(OTHER, after).await.result.unwrap();
    nights
}

#[tokio::test]
async fn each_kind_of_change_is_told() {
    let nights = nights().await;
    let [changes] = &changes(&nights, ONE, OTHER)[..] else { panic!("one workspace") };
    assert_eq!(ids(&changes.new), ["sec_young"]);
    assert_eq!(ids(&changes.gone), ["sec_old"]);
    assert_eq!(ids(&changes.newly_unused), ["sec_orphan"]);
    assert_eq!(ids(&changes.back_in_use), ["sec_rescued"]);
    assert_eq!(changes.renamed[0].secret.name, "after");
    assert_eq!(changes.renamed[0].earlier_name, "before");
    let of: Vec<(&str, usize, usize)> = changes
        .dependents
        .iter()
        .map(|changed| (changed.secret.id.as_str(), changed.gained, changed.lost))
        .collect();
    assert_eq!(of, [("sec_changing", 7, 9), ("sec_orphan", 0, 1), ("sec_rescued", 1, 0)]);
    let expected = format!(
        "since 2026-03-13T02-00-00Z (2026-03-13T02:00:00Z)\n\
         \nworkspace main: 1 newly unused, 1 back in use, 1 new, 1 gone, 1 renamed and 1 with other dependents\
         \n  newly unused  orphan  sec_orphan: lost 1, agent Agent 1 (agent_0001)\
         \n  back in use   rescued  sec_rescued: gained 1, agent Agent 1 (agent_0001)\
         \n  new           young  sec_young\
         \n  gone          old  sec_old\
         \n  renamed       after  sec_named, was before\
         \n  dependents    changing  sec_changing: 7 gained, 9 lost{}{}\n",
        (1..=5).map(|n| format!("\n    + mcp_server  MCP server {n}  mcp_000{n}")).collect::<String>()
            + "\n    + … and 2 more",
        (2..=6).map(|n| format!("\n    - agent  Agent {n}  agent_000{n}")).collect::<String>()
            + "\n    - … and 4 more",
    );
    assert_eq!(said(&nights, ONE, OTHER), expected, "eight other agents and one tool");
}

#[tokio::test]
async fn the_other_way_round_every_change_is_its_opposite() {
    let nights = nights().await;
    let [there] = &changes(&nights, ONE, OTHER)[..] else { panic!("one workspace") };
    let [back] = &changes(&nights, OTHER, ONE)[..] else { panic!("one workspace") };
    assert_eq!((&there.new, &there.gone), (&back.gone, &back.new));
    assert_eq!(ids(&there.newly_unused), ids(&back.back_in_use));
    assert_eq!(ids(&there.back_in_use), ids(&back.newly_unused));
    assert_eq!(there.renamed[0].secret.name, back.renamed[0].earlier_name);
    for (one, other) in there.dependents.iter().zip(&back.dependents) {
        assert_eq!((one.gained, &one.gained_first), (other.lost, &other.lost_first));
        assert_eq!((one.lost, &one.lost_first), (other.gained, &other.gained_first));
    }
    assert_eq!(there.dependents.len(), back.dependents.len());
}

#[tokio::test]
async fn no_change_is_said_as_plainly() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    for begins in [ONE, OTHER] {
        run_at(&nights.setup(&simulator), begins).await.result.unwrap();
    }
    for (earlier, later) in [(ONE, OTHER), (OTHER, ONE), (ONE, ONE)] {
        assert!(changes(&nights, earlier, later).iter().all(WorkspaceChanges::is_empty));
        let said = said(&nights, earlier, later);
        assert!(said.ends_with("\n\nworkspace main: no changes\n"), "{said}");
        assert_eq!(said.contains("warning: "), earlier > later, "{said}");
    }
}

#[tokio::test]
async fn diff_tells_what_the_report_of_the_later_one_tells() {
    let nights = nights().await;
    let report = crate::bundle::read_json(&nights.bundle(OTHER).join("report.json"));
    let [changes] = &changes(&nights, ONE, OTHER)[..] else { panic!("one workspace") };
    let told = &report["changes"]["workspaces"][0];
    assert_eq!(told["dependents"][0]["lost"], changes.dependents[0].lost);
    assert_eq!(told["new"], json!([{"secret_id": "sec_young", "name": "young"}]));
    assert_eq!(told["gone"], json!([{"secret_id": "sec_old", "name": "old"}]));
}

/// A world in which a variable holds `sec_held`, and nothing uses `sec_stale`.
fn holding() -> World {
    let mut world = World::of([two_secrets(), vec![Secret::new("sec_held", "held")]].concat());
    world.environment_variables = vec![variable("var_1", "TOKEN", &[("p", "sec_held")])];
    world
}

async fn failing(world: World) -> Simulator {
    let failing = Simulator::start_with(world, |request, reply| {
        if request.path.ends_with("/environment-variables") { forbidden() } else { reply }
    });
    failing.await.unwrap()
}

#[tokio::test]
async fn what_an_incomplete_audit_cannot_judge_is_told_there_and_back_and_is_no_new_finding() {
    let nights = Nights::new();
    let whole = Simulator::start(holding()).await.unwrap();
    let failing = failing(holding()).await;
    assert_eq!(run_at(&nights.setup(&whole), ONE).await.code(), 0);
    assert_eq!(run_at(&nights.setup(&failing), OTHER).await.code(), 3);
    let (one, other) = (run_of(ONE), run_of(OTHER));
    let there = said(&nights, ONE, OTHER);
    let warning = "INCOMPLETE: what it could not read may be there all the same";
    assert_eq!(
        there,
        format!(
            "since {one} ({ONE})\nwarning: the second bundle ({other}) is {warning}\n\n\
             workspace main: 1 can no longer be judged: was unused; 1 can no longer be judged: was in use\n  \
             undetermined  held  sec_held: was in use\n  \
             undetermined  stale  sec_stale: was unused since 2026-03-13\n"
        )
    );
    run_at(&nights.setup(&whole), THIRD).await.result.unwrap();
    let back = said(&nights, OTHER, THIRD);
    assert_eq!(
        back,
        format!(
            "since {other} ({OTHER})\nwarning: the first bundle ({other}) is {warning}\n\n\
             workspace main: 1 judged again: still unused; 1 judged again: in use\n  \
             judged again  held  sec_held: in use\n  \
             judged again  stale  sec_stale: still unused since 2026-03-13\n"
        )
    );
    // Backwards it is the same, and that it is backwards is said too.
    let backwards = said(&nights, OTHER, ONE);
    assert!(
        backwards.contains("judged again  stale  sec_stale: still unused since 2026-03-13"),
        "{backwards}"
    );
    assert!(
        backwards.contains(&format!("warning: the first bundle ({other}) is the later one:")),
        "{backwards}"
    );
    // The report of the third night compares with the first.
    let report = crate::bundle::read_json(&nights.bundle(THIRD).join("report.json"));
    assert_eq!(report["changes"]["since"]["run"], one);
    for list in ["newly_unused", "no_longer_judged", "judged_again"] {
        assert_eq!(report["changes"]["workspaces"][0][list], json!([]), "{list}");
    }
}

#[tokio::test]
async fn what_fell_out_of_use_while_it_could_not_be_judged_is_newly_unused() {
    let nights = Nights::new();
    let failing = failing(holding()).await;
    run_at(&nights.setup(&Simulator::start(holding()).await.unwrap()), ONE).await.result.unwrap();
    assert_eq!(run_at(&nights.setup(&failing), OTHER).await.code(), 3);
    let mut free = holding();
    free.environment_variables.clear();
    run_at(&nights.setup(&Simulator::start(free).await.unwrap()), THIRD).await.result.unwrap();
    let [since_incomplete] = &changes(&nights, OTHER, THIRD)[..] else { panic!("one workspace") };
    assert_eq!(ids(&since_incomplete.newly_unused), ["sec_held"]);
    assert_eq!(since_incomplete.judged_again[0].secret.id, "sec_stale");
    let said = said(&nights, ONE, THIRD);
    assert!(
        said.contains("\n  newly unused  held  sec_held: lost 1, environment variable TOKEN (var_1)\n"),
        "{said}"
    );
    let report = fs_err::read_to_string(nights.bundle(THIRD).join("report.md")).unwrap();
    let row = "| newly unused | `held` | `sec_held` | lost 1, environment variable `TOKEN` (`var_1`) |";
    assert!(report.contains(row), "{report}");
}

#[tokio::test]
async fn what_was_used_on_a_night_between_two_is_newly_unused_though_both_call_it_unused() {
    let nights = Nights::new();
    for (begins, uses) in [(ONE, 0), (OTHER, 1), (THIRD, 0)] {
        nights.night(begins, vec![Secret::new("sec", "key").with_tools(uses)]).await.result.unwrap();
    }
    let [changes] = &changes(&nights, ONE, THIRD)[..] else { panic!("one workspace") };
    assert_eq!(ids(&changes.newly_unused), ["sec"]);
}

#[tokio::test]
async fn a_ledger_that_was_lost_makes_nothing_newly_unused() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    fs_err::rename(nights.bundle(ONE), nights.home().join("taken away")).unwrap();
    nights.night(OTHER, two_secrets()).await.result.unwrap();
    fs_err::rename(nights.home().join("taken away"), nights.bundle(ONE)).unwrap();
    let [changes] = &changes(&nights, ONE, OTHER)[..] else { panic!("one workspace") };
    assert!(changes.is_empty(), "{changes:?}");
}

#[tokio::test]
async fn what_only_a_deep_audit_sees_is_no_change() {
    let nights = Nights::new();
    let mut world = World::of(two_secrets());
    world.tools = vec![tool("tool_9", "held", "sec_used")];
    let simulator = Simulator::start(world).await.unwrap();
    run_at(&nights.setup(&simulator), ONE).await.result.unwrap();
    run_at(&deep(nights.setup(&simulator)), OTHER).await.result.unwrap();
    for (earlier, later) in [(ONE, OTHER), (OTHER, ONE)] {
        let changes = changes(&nights, earlier, later);
        assert!(changes[0].is_empty(), "{changes:?}");
    }
}

#[tokio::test]
async fn a_narrowed_bundle_makes_no_secret_new_or_gone() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let mut narrowed = nights.setup(&simulator);
    narrowed.arguments.search = Some("used".to_owned());
    run_at(&nights.setup(&simulator), ONE).await.result.unwrap();
    run_at(&narrowed, OTHER).await.result.unwrap();
    for (earlier, later) in [(ONE, OTHER), (OTHER, ONE)] {
        let said = said(&nights, earlier, later);
        assert!(!said.contains("sec_stale") && said.starts_with("not compared: the "), "{said}");
        let narrowed = format!("bundle ({}) is FILTERED: it says nothing of the secrets", run_of(OTHER));
        assert!(said.contains(&narrowed), "{said}");
    }
}

#[tokio::test]
async fn workspaces_that_are_not_in_both_are_not_compared() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let refused = serve_with(Vec::new(), |_, _| crate::support::invalid_api_key()).await;
    let one = Setup::new().workspace("a", &simulator).workspace("b", &simulator).workspace("c", &simulator);
    run_at(&nights.here(one), ONE).await.result.unwrap();
    let other = Setup::new().workspace("a", &simulator).workspace("b", &refused).workspace("d", &simulator);
    assert_eq!(run_at(&nights.here(other), OTHER).await.code(), 3);
    let said = said(&nights, ONE, OTHER);
    for line in [
        "workspace a: no changes",
        "workspace b: not compared: it could not be read this time",
        "workspace c: not compared: it is not part of this audit",
        "workspace d: not compared: the earlier audit did not read it",
    ] {
        assert!(said.lines().any(|one| one == line), "{line}: {said}");
    }
}

#[tokio::test]
async fn another_workspace_behind_the_same_name_is_not_compared() {
    let nights = Nights::new();
    for (begins, id) in [(ONE, "ws_1"), (OTHER, "ws_2")] {
        let mut world = World::of(two_secrets());
        let mut held = variable("var_1", "TOKEN", &[("p", "sec_used")]);
        held["workspace_id"] = json!(id);
        world.environment_variables = vec![held];
        let simulator = Simulator::start(world).await.unwrap();
        run_at(&nights.setup(&simulator), begins).await.result.unwrap();
    }
    let said = said(&nights, ONE, OTHER);
    assert!(said.contains("workspace main: not compared: the API key shows another workspace"), "{said}");
}

#[tokio::test]
async fn hostile_names_are_shown_as_what_they_are() {
    let nights = Nights::new();
    let name = "\u{1b}[2J\u{202e}x\n  gone  sec_forged";
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let hostile = vec![Secret::new("sec_new", name), Secret::new("sec_stale", name)];
    nights.night(OTHER, [two_secrets()[..1].to_vec(), hostile].concat()).await.result.unwrap();
    for (earlier, later) in [(ONE, OTHER), (OTHER, ONE)] {
        let said = said(&nights, earlier, later);
        assert!(said.contains(r"\u{1b}[2J\u{202e}x\u{a}  gone  sec_forged"), "{said}");
        assert!(!said.lines().any(|line| line.starts_with("  gone  sec_forged")), "{said}");
        assert!(!said.contains(['\u{1b}', '\u{202e}']), "{said}");
    }
}

#[tokio::test]
async fn what_is_no_bundle_is_code_2_and_is_named() {
    let nights = Nights::new();
    nights.night(ONE, two_secrets()).await.result.unwrap();
    let broken = nights.home().join("broken");
    fs_err::create_dir(&broken).unwrap();
    fs_err::write(broken.join("report.json"), "{\"schema_version\": 2").unwrap();
    for other in [nights.home().join("nothing"), broken] {
        for pair in [[nights.bundle(ONE), other.clone()], [other.clone(), nights.bundle(ONE)]] {
            let output = binary_in(nights.home()).arg("diff").args(pair).output().unwrap();
            assert_eq!((code(&output), text(&output.stdout)), (2, ""));
            assert!(text(&output.stderr).contains(other.to_str().unwrap()), "{}", text(&output.stderr));
        }
    }
}

#[test]
fn where_there_is_no_bundle_it_says_what_to_name() {
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("file"), "").unwrap();
    for arguments in [
        &["diff", "nowhere", "nowhere"][..],
        &["diff", "file", "."],
        &["diff", ".", "."],
        &["render", "nowhere", "--out", "x"],
    ] {
        let output = binary_in(home.path()).args(arguments).output().unwrap();
        assert_eq!(code(&output), 2, "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains("there is no bundle at") && said.contains("reports/latest"), "{said}");
    }
    for command in ["verify", "history"] {
        let output = binary_in(home.path()).args([command, "--out", "nowhere"]).output().unwrap();
        assert_eq!(code(&output), 2);
        assert!(text(&output.stderr).contains("there are no bundles in nowhere"), "{}", text(&output.stderr));
    }
    let output = binary_in(home.path()).args(["history", "--from", "yesterday"]).output().unwrap();
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains("YYYY-MM-DD"), "{}", text(&output.stderr));
}
