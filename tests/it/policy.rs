//! What counts as a finding: the days of grace, and what `--fail-on` names.

use elevenlabs_secrets_audit::audit::Finding;
use simulator::{Secret, Simulator, World};

use crate::{
    nights::{Nights, night, run_at},
    places::{markdown, mcp_server, summary, variable, world_of},
    support::{Outcome, Setup, code, finish},
};

const EXPIRED: &str =
    "[[waiver]]\nsecret_id = \"sec\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2026-11-22\n";

const FINDINGS: [(Finding, &str); 4] = [
    (Finding::Unused, "unused"),
    (Finding::ExpiredWaiver, "expired-waiver"),
    (Finding::Dangling, "dangling"),
    (Finding::Discrepancy, "discrepancy"),
];

/// A workspace with this finding and no other, and the waivers that belong to it.
fn world_with(finding: Finding) -> (World, &'static str) {
    let used = || vec![Secret::new("sec", "sec").with_tools(1)];
    match finding {
        Finding::Unused => (world_of(&["sec"]), ""),
        Finding::ExpiredWaiver => (World::of(used()), EXPIRED),
        Finding::Dangling => {
            let held = vec![variable("env", "TOKEN", &[("production", "missing")])];
            (World { environment_variables: held, ..World::of(used()) }, "")
        }
        Finding::Discrepancy => {
            let servers = vec![mcp_server("mcp", "Docs", "sec")];
            (World { mcp_servers: servers, ..world_of(&["sec"]) }, "")
        }
    }
}

async fn audit(world: World, text: &str, fail_on: &[Finding]) -> Outcome {
    let simulator = Simulator::start(world).await.unwrap();
    let mut setup = Setup::of(&simulator).section(text);
    setup.arguments.fail_on = fail_on.to_vec();
    setup.run().await
}

#[tokio::test]
async fn each_finding_is_told_from_every_other() {
    for (there, name) in FINDINGS {
        let (world, waivers) = world_with(there);
        for (asked, _) in FINDINGS {
            let expected = if asked == there { 10 } else { 0 };
            let outcome = audit(world.clone(), waivers, &[asked]).await;
            assert_eq!(outcome.code(), expected, "{asked:?} where there is {name}");
        }
        assert_eq!(audit(world.clone(), waivers, &[]).await.code(), 0, "{name}, and nobody asks");
        let all = FINDINGS.map(|(finding, _)| finding);
        let others: Vec<Finding> = all.into_iter().filter(|one| *one != there).collect();
        assert_eq!(audit(world.clone(), waivers, &all).await.code(), 10, "{name} in a list");
        assert_eq!(audit(world.clone(), waivers, &others).await.code(), 0, "{name} is not in the list");

        let from_the_file = format!("[policy]\nfail_on = [\"dangling\", \"{name}\"]\n{waivers}");
        assert_eq!(audit(world.clone(), &from_the_file, &[]).await.code(), 10, "{name} from the file");
        assert_eq!(audit(world, &from_the_file, &others).await.code(), 0, "a flag goes before the file");
    }
}

#[tokio::test]
async fn nothing_is_found_where_there_is_nothing() {
    let world = World::of(vec![Secret::new("sec", "sec").with_tools(1)]);
    let all = FINDINGS.map(|(finding, _)| finding);
    assert_eq!(audit(world, "", &all).await.code(), 0);
}

#[tokio::test]
async fn an_incomplete_audit_ends_with_3_whatever_was_found() {
    for (there, name) in FINDINGS {
        let (mut world, waivers) = world_with(there);
        world.missing_permissions.insert("/v1/speech-engine".to_owned());
        assert_eq!(audit(world, waivers, &[there]).await.code(), 3, "{name}");
    }
}

#[tokio::test]
async fn the_binary_takes_a_list_and_refuses_what_is_no_finding() {
    let (world, _) = world_with(Finding::Dangling);
    let simulator = Simulator::start(world).await.unwrap();
    for (list, expected) in [
        ("dangling", 10),
        ("unused,dangling", 10),
        ("unused,discrepancy,expired-waiver", 0),
        ("everything", 2),
    ] {
        let setup = Setup::of(&simulator);
        let mut binary = setup.audit();
        binary.args(["--fail-on", list]);
        let output = finish(binary).await;
        assert_eq!(code(&output), expected, "{list}: {}", String::from_utf8_lossy(&output.stderr));
    }
    let setup = Setup::of(&simulator);
    let mut binary = setup.audit();
    binary.args(["--fail-on", "unused", "--fail-on", "dangling"]);
    assert_eq!(code(&finish(binary).await), 10, "given twice, both count");
}

#[test]
fn what_is_no_finding_in_the_file_and_days_that_are_no_number_are_refused() {
    for (text, word) in [
        ("fail_on = [\"expired_waiver\"]", "expired-waiver"),
        ("fail_on = \"unused\"", "a list in brackets"),
        ("unused_after_days = -1", "-1"),
        ("unused_after_days = 1.5", "1.5"),
        ("unused_after_days = \"7\"", "\"7\""),
        ("unused_after_days = 4294967296", "4294967296"),
        ("unused_after = 7", "unused_after"),
    ] {
        let setup = Setup::new().workspace_at("main", "https://api.elevenlabs.io", "sk_key");
        let message = setup.section(&format!("[policy]\n{text}")).resolve().unwrap_err().to_string();
        assert!(message.contains("config.toml: line ") && message.contains(word), "{text}: {message}");
    }
}

/// The audits of some nights of a secret that nothing uses, each with so many days of grace.
async fn with_grace(days: u32, numbers: &[i64]) -> Vec<Outcome> {
    let nights = Nights::new();
    let simulator = Simulator::start(world_of(&["sec"])).await.unwrap();
    let setup = nights.setup(&simulator).section(&format!("[policy]\nunused_after_days = {days}"));
    let mut setup = setup.section("[report]\nlist_length = 3");
    setup.arguments.fail_on = vec![Finding::Unused];
    let mut outcomes = Vec::new();
    for number in numbers {
        let outcome = run_at(&setup, &night(*number)).await;
        assert_eq!(outcome.bundle().verdict("sec"), "unused", "whatever the grace");
        let shown = [markdown(&outcome), summary(&outcome)];
        let secret = outcome.bundle().workspace()["secrets"][0].clone();
        let is_within_grace = secret["within_grace"].as_bool().unwrap();
        assert_eq!(outcome.code(), if is_within_grace { 0 } else { 10 });
        for text in shown {
            assert_eq!(text.contains("within grace"), is_within_grace, "{text}");
        }
        let reason = secret["reason"].as_str().unwrap();
        assert_eq!(reason.contains("within grace"), is_within_grace, "{reason}");
        outcomes.push(outcome);
    }
    outcomes
}

#[tokio::test]
async fn a_secret_within_grace_is_shown_as_unused_marked_and_not_found() {
    let codes: Vec<u8> = with_grace(7, &[0, 3, 6, 7, 8]).await.iter().map(Outcome::code).collect();
    assert_eq!(codes, [0, 0, 0, 10, 10], "seven days have passed on the seventh day after");
    let codes: Vec<u8> = with_grace(1, &[0, 1]).await.iter().map(Outcome::code).collect();
    assert_eq!(codes, [0, 10]);
    let codes: Vec<u8> = with_grace(0, &[0, 1]).await.iter().map(Outcome::code).collect();
    assert_eq!(codes, [10, 10], "without grace, at once");
    let codes: Vec<u8> = with_grace(u32::MAX, &[0, 300]).await.iter().map(Outcome::code).collect();
    assert_eq!(codes, [0, 0]);
}

#[tokio::test]
async fn days_are_counted_by_the_dates_of_utc_and_not_by_hours() {
    let nights = Nights::new();
    let simulator = Simulator::start(world_of(&["sec"])).await.unwrap();
    let mut setup = nights.setup(&simulator).section("[policy]\nunused_after_days = 1");
    setup.arguments.fail_on = vec![Finding::Unused];
    for (moment, code, days) in [
        ("2026-11-23T00:00:00Z", 0, "0"),
        ("2026-11-23T23:59:59Z", 0, "0"),
        ("2026-11-24T00:00:00Z", 10, "1"),
    ] {
        let outcome = run_at(&setup, moment).await;
        assert_eq!(outcome.code(), code, "{moment}");
        assert_eq!(outcome.bundle().secret("sec")["unused_days"], days, "{moment}");
    }
}

#[tokio::test]
async fn a_use_in_between_begins_the_grace_anew() {
    let nights = Nights::new();
    let grace = |setup: Setup| {
        let mut setup = setup.section("[policy]\nunused_after_days = 2");
        setup.arguments.fail_on = vec![Finding::Unused];
        setup
    };
    let used = || World::of(vec![Secret::new("sec", "sec").with_tools(1)]);
    let mut codes = Vec::new();
    for (number, world) in [
        world_of(&["sec"]),
        world_of(&["sec"]),
        used(),
        world_of(&["sec"]),
        world_of(&["sec"]),
        world_of(&["sec"]),
    ]
    .into_iter()
    .enumerate()
    {
        codes.push(nights.audit_with(number as i64, world, grace).await.code());
    }
    assert_eq!(codes, [0, 0, 0, 0, 0, 10]);
}
