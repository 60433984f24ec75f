//! `[report] redact = ["phone_numbers"]`: of a telephone number the first two and the last three characters stay,
//! wherever it stands, and the bundle says so.

use std::path::Path;

use elevenlabs_secrets_audit::{bounded::Bound, review::diff};
use serde_json::json;
use simulator::{Reply, Secret, Simulator, World, world};

use crate::{
    bundle::{names_in, read_json},
    nights::{Nights, run_at},
    places::{directory, variable},
    support::{Outcome, SECRETS, Setup, binary_in, code, finish, serve, serve_with, text},
};

const ONE: &str = "2026-03-13T02:00:00Z";
const OTHER: &str = "2026-03-14T02:00:00Z";
const THIRD: &str = "2026-03-15T02:00:00Z";

/// A telephone number, and the digits of it that nobody is to see.
const NUMBER: &str = "+15558675309";
const MIDDLE: &str = "558675";
const SHOWN: &str = "+1*******309";

fn redacted(setup: Setup) -> Setup {
    setup.section("[report]\nredact = [\"phone_numbers\"]")
}

/// A secret of this name that a telephone number of this label and number uses.
fn dialled(id: &str, name: &str, label: &str, number: &str) -> Secret {
    let mut secret = Secret::new(id, name);
    secret.used_by.phone_numbers = vec![world::phone_number("phone_1", label, number, "twilio")];
    secret
}

/// What a bundle holds, all files together, and without what stands between the digits of a number.
fn bytes_of(bundle: &Path) -> String {
    names_in(bundle).into_iter().map(|file| fs_err::read_to_string(bundle.join(file)).unwrap()).collect()
}

/// No file of the bundle holds the middle digits, however they are written.
fn holds_nothing_of_it(bundle: &Path) {
    for file in names_in(bundle) {
        let text = fs_err::read_to_string(bundle.join(&file)).unwrap();
        let bare: String =
            text.chars().filter(|one| !matches!(one, ' ' | '-' | '.' | '(' | ')' | '/')).collect();
        for text in [&text, &bare] {
            if let Some(at) = text.find(MIDDLE) {
                let start = text.floor_char_boundary(at.saturating_sub(60));
                panic!("{file}: …{}…", &text[start..text.ceil_char_boundary(at + 20)]);
            }
        }
    }
}

/// The number wherever somebody can write it.
fn everywhere() -> World {
    let spellings = [NUMBER, "+1 555 867 5309", "+1-555-867-5309", "+1 (555) 867-5309", "1.555.867.5309"];
    let mut secrets = Vec::new();
    for (position, spelling) in spellings.iter().enumerate() {
        let name = format!("key of {spelling}, main");
        let mut secret = dialled(&format!("sec_{position}"), &name, &format!("Line {spelling} EU"), NUMBER);
        let used_by = &mut secret.used_by;
        used_by.tools.push(world::available("tool_1", &format!("call {spelling}"), 1, "editor"));
        used_by.agents.push(world::available("agent_1", &format!("answers {spelling}"), 1, "editor"));
        used_by.mcp_servers.push(world::available("mcp_1", &format!("{spelling} server"), 1, "editor"));
        used_by.phone_numbers.push(world::phone_number(
            "phone_2",
            "by provider",
            NUMBER,
            &format!("sip {spelling}"),
        ));
        used_by
            .further
            .insert("faxes".to_owned(), json!([{"id": "fax_1", "name": format!("fax {spelling}")}]));
        secrets.push(secret);
        secrets.push(Secret::new(&format!("stale_{position}"), &format!("old key of {spelling}")));
    }
    let mut world = World::of(secrets);
    world.environment_variables = vec![
        variable("var_1", &format!("TOKEN {NUMBER}"), &[("p", "sec_0")]),
        variable("var_2", &format!("OLD {NUMBER}"), &[("p", "sec_gone")]),
    ];
    world
}

#[tokio::test]
async fn nothing_of_the_middle_digits_is_in_any_file_of_the_bundle() {
    let simulator = Simulator::start(everywhere()).await.unwrap();
    let nights = Nights::new();
    let plain = run_at(&nights.setup(&simulator), ONE).await;
    assert!(bytes_of(&directory(&plain)).contains(NUMBER), "without it, it is there");
    // The second night continues the history of an unredacted one, and is compared with it.
    for begins in [OTHER, THIRD] {
        let outcome = run_at(&redacted(nights.setup(&simulator)), begins).await;
        assert_eq!(outcome.code(), 0, "{outcome:?}");
        holds_nothing_of_it(&directory(&outcome));
        for file in ["report.md", "report.json", "dependents.csv"] {
            let text = fs_err::read_to_string(directory(&outcome).join(file)).unwrap();
            assert!(text.contains(SHOWN), "{file}: the first two and the last three stay");
        }
        let secrets = fs_err::read_to_string(directory(&outcome).join("secrets.csv")).unwrap();
        assert!(secrets.contains("key of +1**********309, main"), "{secrets}");
    }
    assert!(nights.verify().is_sound());
}

#[tokio::test]
async fn nothing_of_them_is_in_what_a_failing_service_says() {
    let failing = Simulator::start_with(everywhere(), |request, reply| {
        let says = |status| {
            Reply::error(status, "invalid_request", "no", &format!("the line {NUMBER} is not to be asked"))
        };
        match request.path.as_str() {
            "/v1/convai/settings" | "/v1/convai/mcp-servers" => says(403),
            path if path.starts_with(SECRETS) && path.contains("/sec_gone") => says(400),
            path if path.starts_with(SECRETS) && path.contains("/stale_0") => says(403),
            path if path.ends_with("/dependencies/agents") => says(422),
            _ => reply,
        }
    });
    let failing = failing.await.unwrap();
    let dead = serve_with(Vec::new(), |_, _| {
        Reply::error(422, "invalid_request", "no", &format!("the line {NUMBER} is not to be asked"))
    });
    let dead = dead.await;
    let outcome = redacted(Setup::of(&failing).workspace("dead", &dead)).run().await;
    assert_eq!(outcome.code(), 3, "{outcome:?}");
    assert!(bytes_of(&directory(&outcome)).contains("is not to be asked"), "or nothing is shown here");
    holds_nothing_of_it(&directory(&outcome));
}

#[tokio::test]
async fn report_and_manifest_say_that_it_was_done() {
    let simulator = serve(vec![dialled("sec", "key", "Line", NUMBER)]).await;
    let said = |outcome: &Outcome| {
        let bundle = directory(outcome);
        let manifest = read_json(&bundle.join("manifest.json"));
        let report = read_json(&bundle.join("report.json"));
        let markdown = fs_err::read_to_string(bundle.join("report.md")).unwrap();
        (manifest["redacted"].clone(), report["parameters"]["redact"].clone(), markdown)
    };
    let (manifest, json, markdown) = said(&redacted(Setup::of(&simulator)).run().await);
    assert_eq!((manifest, json), (json!(["phone_numbers"]), json!(["phone_numbers"])));
    let line = markdown.lines().find(|line| line.to_lowercase().contains("redacted"));
    assert!(line.is_some_and(|line| line.contains("phone") || line.contains("elephone")), "{markdown}");
    let (manifest, json, markdown) = said(&Setup::of(&simulator).run().await);
    assert_eq!((manifest, json), (json!([]), json!([])));
    assert!(!markdown.to_lowercase().contains("redacted"), "{markdown}");
}

#[tokio::test]
async fn short_numbers_show_nothing_and_stay_hidden_in_their_own_labels() {
    for (number, label, shown, shown_label) in [
        ("112", "Emergency 112", "***", "Emergency ***"),
        ("48151", "Taxi 48151, day and night", "*****", "Taxi *****, day and night"),
        ("481516", "Taxi 481516, day and night", "48*516", "Taxi 48*516, day and night"),
        ("4815162", "Taxi 481-5162 since 2024", "48**162", "Taxi 48***162 since 2024"),
    ] {
        let simulator = serve(vec![dialled("sec", "key", label, number)]).await;
        let outcome = redacted(Setup::of(&simulator)).run().await;
        let bundle = outcome.bundle();
        let row = &bundle.dependents_of("sec", "phone_number")[0];
        assert_eq!((row["phone_number"].as_str(), row["dependent_name"].as_str()), (shown, shown_label));
    }
}

#[tokio::test]
async fn what_is_no_telephone_number_stays_as_it_is() {
    let names = [
        "key 2026-03-14",
        "build 20261123020000",
        "order 4815162342",
        "1.2.3",
        "v10.20.30",
        "+1 tier",
        "10.0.0.255",
        "a+b 12",
    ];
    let mut secrets: Vec<Secret> =
        names.iter().enumerate().map(|(at, name)| Secret::new(&format!("sec_{at}"), name)).collect();
    secrets.push(dialled("sec_phone", "phone", "Line 7, since 2024", NUMBER));
    let simulator = serve(secrets).await;
    let bundle = redacted(Setup::of(&simulator)).run().await.bundle();
    for (at, name) in names.iter().enumerate() {
        let shown = bundle.secret(&format!("sec_{at}"))["secret_name"].trim_start_matches('\'').to_owned();
        assert_eq!(shown, *name);
    }
    let row = &bundle.dependents_of("sec_phone", "phone_number")[0];
    assert_eq!(
        (row["dependent_name"].as_str(), row["dependent_id"].as_str()),
        ("Line 7, since 2024", "phone_1")
    );
}

/// What changed since the last complete audit, as `report.json` has it for the only workspace.
fn changes(outcome: &Outcome) -> serde_json::Value {
    outcome.bundle().json["changes"]["workspaces"][0].clone()
}

#[tokio::test]
async fn switching_it_on_or_off_makes_no_change_of_its_own() {
    for name in ["line +15558675309 key", "line 15558675309", "1 (555) 867-5309", "+1 555 867 5309 and more"]
    {
        let nights = Nights::new();
        let simulator = serve(vec![dialled("sec", name, &format!("Label {name}"), NUMBER)]).await;
        let plain = || nights.setup(&simulator);
        run_at(&plain(), ONE).await.result.unwrap();
        let on = run_at(&redacted(plain()), OTHER).await;
        let off = run_at(&plain(), THIRD).await;
        for outcome in [&on, &off] {
            for kind in ["new", "gone", "renamed", "dependents", "newly_unused", "back_in_use"] {
                assert_eq!(changes(outcome)[kind], json!([]), "{kind} of {name:?}");
            }
        }
        holds_nothing_of_it(&directory(&on));
        for (earlier, later) in [(ONE, OTHER), (OTHER, ONE), (OTHER, THIRD)] {
            let bundles = [nights.bundle(earlier), nights.bundle(later)];
            let output = binary_in(nights.home()).arg("diff").args(&bundles).output().unwrap();
            assert_eq!(code(&output), 0);
            assert!(
                text(&output.stdout).ends_with("workspace main: no changes\n"),
                "{}",
                text(&output.stdout)
            );
            assert!(diff(&bundles[0], &bundles[1], Bound::default()).is_ok());
        }
    }
}

#[tokio::test]
async fn what_was_renamed_is_renamed_although_it_was_redacted_too() {
    let nights = Nights::new();
    for (begins, name) in
        [(ONE, "line +15558675309"), (OTHER, "line +15558675308"), (THIRD, "row +15558675308")]
    {
        let simulator = serve(vec![dialled("sec", name, "Label", NUMBER)]).await;
        let setup = nights.setup(&simulator);
        let setup = if begins == ONE { setup } else { redacted(setup) };
        let outcome = run_at(&setup, begins).await;
        if begins != ONE {
            assert_eq!(changes(&outcome)["renamed"].as_array().unwrap().len(), 1, "{begins}");
            holds_nothing_of_it(&directory(&outcome));
        }
    }
    for (one, other) in [("key *1", "key 21"), ("pin **", "pin 12"), ("12**345", "1298346")] {
        let nights = Nights::new();
        nights.night(ONE, vec![Secret::new("sec", one)]).await.result.unwrap();
        let outcome = nights.night(OTHER, vec![Secret::new("sec", other)]).await;
        assert_eq!(changes(&outcome)["renamed"].as_array().unwrap().len(), 1, "{one} → {other}");
    }
}

#[tokio::test]
async fn names_from_an_earlier_unredacted_bundle_are_redacted_in_changes_and_history() {
    let nights = Nights::new();
    let mut before = vec![
        dialled("sec_kept", "kept +1 555 867 5309", "Label +1 555 867 5309", NUMBER),
        Secret::new("sec_gone", "gone +15558675309"),
        Secret::new("sec_renamed", "before +1-555-867-5309").with_tools(1),
    ];
    before[2].used_by.tools.push(world::available("tool_9", "call +15558675309", 1, "editor"));
    before[2].used_by.phone_numbers =
        vec![world::phone_number("phone_9", "Desk 1 555 867 5309", NUMBER, "twilio")];
    nights.night(ONE, before).await.result.unwrap();
    // The number itself is no longer anywhere in the workspace.
    let after = vec![Secret::new("sec_kept", "kept"), Secret::new("sec_renamed", "after").with_tools(1)];
    let simulator = serve(after).await;
    let outcome = run_at(&redacted(nights.setup(&simulator)), OTHER).await;
    let told = changes(&outcome);
    assert_eq!(told["gone"], json!([{"secret_id": "sec_gone", "name": format!("gone {SHOWN}")}]));
    assert_eq!(told["renamed"][0]["earlier_name"], "before +1**********309");
    let lost = told["dependents"].to_string();
    assert!(lost.contains("call +1*******309") && lost.contains("Desk 1 *********309"), "{lost}");
    holds_nothing_of_it(&directory(&outcome));
    let next = run_at(&redacted(nights.setup(&simulator)), THIRD).await;
    holds_nothing_of_it(&directory(&next));
}

#[tokio::test]
async fn a_workspace_that_was_not_read_tonight_shows_no_number_from_before() {
    let nights = Nights::new();
    let simulator = serve(vec![dialled("sec", "line +15558675309", "Label", NUMBER)]).await;
    let other = serve(vec![Secret::new("sec_other", "other")]).await;
    let both = nights.here(Setup::new().workspace("a", &simulator).workspace("b", &other));
    run_at(&both, ONE).await.result.unwrap();
    let refused = serve_with(Vec::new(), |_, _| crate::support::invalid_api_key()).await;
    let failing = nights.here(Setup::new().workspace("a", &refused).workspace("b", &other));
    let outcome = run_at(&redacted(failing), OTHER).await;
    assert_eq!(outcome.code(), 3);
    holds_nothing_of_it(&directory(&outcome));
    let alone = nights.here(Setup::new().workspace("b", &other));
    let outcome = run_at(&redacted(alone), THIRD).await;
    assert_eq!(outcome.code(), 0);
    holds_nothing_of_it(&directory(&outcome));
}

#[tokio::test]
async fn the_summary_on_the_terminal_is_redacted_too() {
    let simulator = serve(vec![Secret::new("sec", "line +15558675309")]).await;
    let setup = redacted(Setup::of(&simulator));
    let output = finish(setup.audit()).await;
    assert_eq!(code(&output), 0);
    assert!(text(&output.stdout).contains("line +1*******309"), "{}", text(&output.stdout));
    assert!(!text(&output.stdout).contains(MIDDLE));
}

#[tokio::test]
async fn anything_else_to_redact_is_refused() {
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator).section("[report]\nredact = [\"names\"]");
    let message = setup.resolve().unwrap_err().to_string();
    assert!(message.contains("names") && message.contains("phone_numbers"), "{message}");
}
