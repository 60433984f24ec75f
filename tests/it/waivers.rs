//! Waivers: what one needs, how long it holds, what it comes to, and what the reports say of it.

use elevenlabs_secrets_audit::audit::Finding;
use serde_json::{Value, json};
use simulator::{Secret, Simulator, World};

use crate::{
    nights::{Nights, night, run_at},
    places::{markdown, summary, world_of},
    support::{Outcome, Setup, invalid_api_key, serve, serve_with},
};

/// A `[[waiver]]` with these lines.
fn table(lines: &[&str]) -> String {
    format!("[[waiver]]\n{}\n", lines.join("\n"))
}

/// A waiver of this secret, through this date.
fn waiver(secret: &str, expires: &str) -> String {
    let secret = format!("secret_id = {secret:?}");
    table(&[&secret, "reason = \"migration\"", "owner = \"platform\"", &format!("expires = {expires}")])
}

/// The audit of a night that fails on unused secrets, over secrets of these ids that nothing uses.
async fn audit(number: i64, ids: &[&str], waivers: &str) -> Outcome {
    let simulator = Simulator::start(world_of(ids)).await.unwrap();
    run_at(&failing_on_unused(Setup::of(&simulator).section(waivers)), &night(number)).await
}

fn failing_on_unused(mut setup: Setup) -> Setup {
    setup.arguments.fail_on = vec![Finding::Unused];
    setup
}

/// What the waivers came to: secret, workspace where it names one, and state.
fn states(outcome: &Outcome) -> Vec<(String, Option<String>, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let waivers = outcome.bundle().json["waivers"].as_array().unwrap().clone();
    let states = waivers.iter().map(|waiver| {
        let state = text(&waiver["state"]).unwrap();
        (text(&waiver["secret_id"]).unwrap(), text(&waiver["workspace"]), state)
    });
    states.collect()
}

/// The state of the only waiver.
fn state(outcome: &Outcome) -> String {
    let states = states(outcome);
    assert_eq!(states.len(), 1, "{states:?}");
    states[0].2.clone()
}

fn refused(text: &str) -> String {
    let setup = Setup::new().workspace_at("main", "https://api.elevenlabs.io", "sk_key").section(text);
    setup.resolve().unwrap_err().to_string()
}

const FIELDS: [&str; 4] =
    ["secret_id = \"sec\"", "reason = \"migration\"", "owner = \"platform\"", "expires = 2027-03-31"];

#[test]
fn each_field_that_is_missing_or_blank_is_named_with_the_waiver() {
    let whole = waiver("first", "2027-03-31");
    for (at, field) in ["secret_id", "reason", "owner", "expires"].into_iter().enumerate() {
        for blank in [None, Some("\"\""), Some("\" \\t\"")] {
            let mut lines = FIELDS.map(str::to_owned).to_vec();
            match blank {
                None => drop(lines.remove(at)),
                Some(blank) => lines[at] = format!("{field} = {blank}"),
            }
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            let whose = if field == "secret_id" { "waiver number 2" } else { "the waiver of \"sec\"" };
            let expected = format!("the configuration: {whose} has no {field}, which it needs");
            assert_eq!(refused(&(whole.clone() + &table(&lines))), expected);
        }
    }
}

#[test]
fn what_is_no_date_is_refused_with_an_example_of_one() {
    for odd in [
        "\"soon\"",
        "\"2027-02-30\"",
        "\"31.03.2027\"",
        "\"2027-03-31T00:00:00Z\"",
        "2027-03-31T00:00:00Z",
        "2027-03-31 08:00:00",
        "08:00:00",
        "20270331",
        "true",
        "[2027-03-31]",
    ] {
        let message = refused(&waiver("sec", odd));
        assert!(message.contains("such as 2027-03-31"), "{odd}: {message}");
        assert!(message.contains("the waiver of \"sec\"") || message.contains("line "), "{odd}: {message}");
    }
    // TOML has no such day, and says where.
    let message = refused(&waiver("sec", "2027-02-30"));
    assert!(message.contains("config.toml: line "), "{message}");
}

#[test]
fn dates_may_stand_in_quotes_or_not_and_blanks_around_a_value_do_not_count() {
    for expires in ["2027-03-31", "\"2027-03-31\"", "\" 2027-03-31 \""] {
        let setup = Setup::new().workspace_at("main", "https://api.elevenlabs.io", "sk_key");
        let text = waiver(" sec ", expires) + "workspace = \" main \"\n";
        let waivers = setup.section(&text).resolve().unwrap().policy.waivers.unwrap();
        assert_eq!(waivers[0].expires.to_string(), "2027-03-31");
        assert_eq!((&*waivers[0].secret_id, waivers[0].workspace.as_deref()), ("sec", Some("main")));
    }
}

#[test]
fn a_workspace_that_is_empty_is_refused_since_it_would_match_nothing() {
    for blank in ["\"\"", "\"  \""] {
        let message = refused(&format!("{}workspace = {blank}\n", waiver("sec", "2027-03-31")));
        assert!(message.contains("the workspace of the waiver of \"sec\" is empty"), "{message}");
    }
}

#[test]
fn unknown_fields_and_two_waivers_of_one_secret_are_refused() {
    let message = refused(&format!("{}expire = 2027-03-31\n", waiver("sec", "2027-03-31")));
    assert!(message.contains("line ") && message.contains("expire"), "{message}");
    let main = |secret: &str| waiver(secret, "2027-03-31") + "workspace = \"main\"\n";
    for twice in [waiver("sec", "2027-03-31") + &waiver(" sec", "2028-01-01"), main("sec") + &main("sec")] {
        assert_eq!(refused(&twice), "two waivers name the secret \"sec\"; keep one");
    }
}

#[test]
fn a_file_of_waivers_is_named_where_it_cannot_be_read() {
    let write = |text: &str| {
        let setup = Setup::new().workspace_at("main", "https://api.elevenlabs.io", "sk_key");
        fs_err::write(setup.home().join("accepted.toml"), text).unwrap();
        setup.section("[policy]\nwaivers = \"accepted.toml\"")
    };
    let message = |text: &str| write(text).resolve().unwrap_err().to_string();
    assert!(message("x = [").contains("accepted.toml: line 1: "), "{}", message("x = ["));
    let other = message("[policy]\nunused_after_days = 3\n");
    assert!(other.contains("accepted.toml: line 1: ") && other.contains("policy"), "{other}");
    let blank = message(&(waiver("a", "2027-03-31") + &table(&["reason = \"x\""])));
    assert!(blank.ends_with("accepted.toml: waiver number 2 has no secret_id, which it needs"), "{blank}");
    let twice = write(&waiver("sec", "2027-03-31")).section(&waiver("sec", "2027-03-31"));
    assert_eq!(twice.resolve().unwrap_err().to_string(), "two waivers name the secret \"sec\"; keep one");
    let missing = refused("[policy]\nwaivers = \"nowhere.toml\"");
    assert!(missing.contains("the waivers cannot be read") && missing.contains("nowhere.toml"), "{missing}");
    assert_eq!(write("").resolve().unwrap().policy.waivers, Some(Vec::new()));
}

#[tokio::test]
async fn waivers_of_the_configuration_and_of_a_file_hold_alike_and_both_are_marked() {
    let simulator = serve(vec![Secret::new("one", "one"), Secret::new("other", "other")]).await;
    let setup = failing_on_unused(Setup::of(&simulator));
    fs_err::write(setup.home().join("accepted.toml"), waiver("other", "2027-12-31")).unwrap();
    let setup = setup.section("[policy]\nwaivers = \"accepted.toml\"").section(&waiver("one", "2027-11-30"));
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 0, "both are waived");
    let bundle = outcome.bundle();
    for (id, expires) in [("one", "2027-11-30"), ("other", "2027-12-31")] {
        let row = bundle.secret(id);
        assert_eq!(row["verdict"], "unused", "it stays what it is");
        let cells = ["waived", "waiver_reason", "waiver_owner", "waiver_expires"].map(|column| &*row[column]);
        assert_eq!(cells, ["true", "migration", "platform", expires]);
    }
    assert_eq!(bundle.json["totals"]["unused"], 2);
    let secret = &bundle.workspace()["secrets"][0];
    assert_eq!((&secret["waived"], &secret["waiver"]["owner"]), (&json!(true), &json!("platform")));
    let markdown = markdown(&outcome);
    assert!(markdown.contains("**waived** until 2027-11-30 by `platform`: `migration`"), "{markdown}");
    assert!(markdown.contains("2 of 2 hold"), "{markdown}");
    assert!(summary(&outcome).contains("waived until 2027-11-30"), "{}", summary(&outcome));
}

#[tokio::test]
async fn a_secret_without_a_waiver_has_empty_cells_and_is_found() {
    let outcome = audit(0, &["one", "other"], &waiver("one", "2027-11-30")).await;
    assert_eq!(outcome.code(), 10);
    let bundle = outcome.bundle();
    let row = bundle.secret("other");
    let cells = ["waived", "waiver_reason", "waiver_owner", "waiver_expires"].map(|column| &*row[column]);
    assert_eq!(cells, ["false", "", "", ""]);
}

#[tokio::test]
async fn a_waiver_holds_to_the_last_second_of_its_day_in_utc_and_not_one_longer() {
    let nights = Nights::new();
    let simulator = Simulator::start(world_of(&["sec"])).await.unwrap();
    let setup = failing_on_unused(nights.setup(&simulator).section(&waiver("sec", "2026-11-23")));
    for (moment, code, word, waived) in [
        ("2026-11-23T00:00:00Z", 0, "expires_soon", "true"),
        ("2026-11-23T23:59:59Z", 0, "expires_soon", "true"),
        ("2026-11-24T00:00:00Z", 10, "expired", "false"),
        ("2027-11-24T00:00:00Z", 10, "expired", "false"),
    ] {
        let outcome = run_at(&setup, moment).await;
        assert_eq!((outcome.code(), state(&outcome).as_str()), (code, word), "{moment}");
        let row = outcome.bundle().secret("sec").clone();
        assert_eq!((&*row["waived"], &*row["waiver_expires"]), (waived, "2026-11-23"), "{moment}");
    }
}

#[tokio::test]
async fn an_expired_waiver_is_shown_and_the_finding_is_open_again() {
    let outcome = audit(1, &["sec"], &waiver("sec", "2026-11-23")).await;
    assert_eq!(outcome.code(), 10);
    let (markdown, summary) = (markdown(&outcome), summary(&outcome));
    assert!(markdown.contains("### Expired: the findings are open again (1)"), "{markdown}");
    assert!(markdown.contains("waiver by `platform` **expired** on 2026-11-23: `migration`"), "{markdown}");
    assert!(summary.contains("1 waiver has expired"), "{summary}");
    assert!(summary.contains("waiver expired on 2026-11-23"), "{summary}");
}

#[tokio::test]
async fn thirty_days_are_soon_and_thirty_one_are_not() {
    for (expires, word) in [("2026-12-23", "expires_soon"), ("2026-12-24", "holds")] {
        let outcome = audit(0, &["sec"], &waiver("sec", expires)).await;
        assert_eq!((outcome.code(), state(&outcome).as_str()), (0, word), "{expires}");
        let is_soon = word == "expires_soon";
        assert_eq!(markdown(&outcome).contains("### Expiring within 30 days (1)"), is_soon, "{expires}");
        assert_eq!(summary(&outcome).contains("1 waiver expires within 30 days"), is_soon, "{expires}");
    }
}

#[tokio::test]
async fn a_waiver_that_matches_nothing_is_shown_expired_or_not() {
    for expires in ["2027-03-31", "2020-01-01"] {
        let outcome = audit(0, &["sec"], &waiver("SEC", expires)).await;
        assert_eq!((outcome.code(), state(&outcome).as_str()), (10, "matches_nothing"));
        let markdown = markdown(&outcome);
        assert!(markdown.contains("### Matching nothing: no such secret was listed (1)"), "{markdown}");
        assert!(summary(&outcome).contains("1 waiver matches nothing"), "{}", summary(&outcome));
    }
}

/// A night with a secret of the same id in `one` and in `other`, the latter of which may be refused.
async fn in_two(waivers: &str, is_refused: bool) -> Outcome {
    let secrets = || vec![Secret::new("same", "same")];
    let one = serve(secrets()).await;
    let other =
        serve_with(secrets(), move |_, reply| if is_refused { invalid_api_key() } else { reply }).await;
    let setup = Setup::new().workspace("one", &one).workspace("other", &other);
    failing_on_unused(setup.section(waivers)).run().await
}

fn waived(outcome: &Outcome) -> Vec<(String, String)> {
    let rows = outcome.bundle().secrets;
    rows.iter().map(|row| (row["workspace"].clone(), row["waived"].clone())).collect()
}

fn of(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

#[tokio::test]
async fn a_waiver_that_names_its_workspace_holds_there_alone() {
    let outcome = in_two(&(waiver("same", "2027-03-31") + "workspace = \"one\"\n"), false).await;
    assert_eq!(outcome.code(), 10, "that of the other is open");
    assert_eq!(waived(&outcome), of(&[("one", "true"), ("other", "false")]));
    let outcome = in_two(&waiver("same", "2027-03-31"), false).await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(waived(&outcome), of(&[("one", "true"), ("other", "true")]));
    let outcome = in_two(&(waiver("same", "2027-03-31") + "workspace = \"nowhere\"\n"), false).await;
    assert_eq!((outcome.code(), state(&outcome).as_str()), (10, "matches_nothing"));
}

#[tokio::test]
async fn the_waiver_that_names_the_workspace_goes_before_the_one_that_does_not() {
    let both = waiver("same", "2020-01-01") + "workspace = \"one\"\n" + &waiver("same", "2027-03-31");
    let outcome = in_two(&both, false).await;
    assert_eq!(outcome.code(), 10);
    assert_eq!(waived(&outcome), of(&[("one", "false"), ("other", "true")]));
    let state = |workspace: Option<&str>, word: &str| {
        ("same".to_owned(), workspace.map(str::to_owned), word.to_owned())
    };
    assert_eq!(states(&outcome), [state(Some("one"), "expired"), state(None, "holds")]);
}

#[tokio::test]
async fn a_waiver_is_not_called_useless_where_its_workspace_failed() {
    let there = |id: &str, workspace: &str| waiver(id, "2027-03-31") + workspace;
    for (waivers, word) in [
        (there("same", "workspace = \"other\"\n"), "not_looked_for"),
        (there("elsewhere", "workspace = \"other\"\n"), "not_looked_for"),
        (there("elsewhere", ""), "not_looked_for"),
        (there("elsewhere", "workspace = \"one\"\n"), "matches_nothing"),
        (there("same", ""), "holds"),
    ] {
        let outcome = in_two(&waivers, true).await;
        assert_eq!((outcome.code(), state(&outcome).as_str()), (3, word), "{waivers}");
        let shown = markdown(&outcome).contains("### Not looked for");
        assert_eq!(shown, word == "not_looked_for", "{waivers}");
    }
}

#[tokio::test]
async fn a_waiver_is_not_called_useless_by_a_narrowed_audit() {
    let nights = Nights::new();
    let waivers = waiver("a", "2027-03-31") + &waiver("b", "2027-03-31") + &waiver("c", "2020-01-01");
    let outcome = nights.audit_with(0, world_of(&["a", "b"]), |setup| {
        let mut setup = setup.section(&waivers);
        setup.arguments.search = Some("a".to_owned());
        setup
    });
    let states: Vec<String> = states(&outcome.await).into_iter().map(|(.., state)| state).collect();
    assert_eq!(states, ["holds", "not_looked_for", "not_looked_for"]);
}

#[tokio::test]
async fn no_waivers_leaves_all_out_of_account_and_reads_no_file() {
    let nights = Nights::new();
    let outcome = nights.audit_with(0, world_of(&["sec"]), |setup| {
        let setup = setup.section("[policy]\nwaivers = \"nowhere.toml\"");
        let mut setup = failing_on_unused(setup.section(&waiver("sec", "2027-03-31")));
        setup.arguments.no_waivers = true;
        setup
    });
    let outcome = outcome.await;
    assert_eq!(outcome.code(), 10);
    let bundle = outcome.bundle();
    assert_eq!(bundle.json["waivers"], json!([]));
    assert_eq!(bundle.json["parameters"]["waivers_ignored"], true);
    let row = bundle.secret("sec");
    assert_eq!((&*row["waived"], &*row["waiver_owner"]), ("false", ""));
    assert!(markdown(&outcome).contains("`--no-waivers`"));
    assert!(summary(&outcome).contains("--no-waivers"), "{}", summary(&outcome));
}

#[tokio::test]
async fn a_waiver_outlives_the_use_of_its_secret_and_marks_it_meanwhile() {
    let nights = Nights::new();
    let world = World::of(vec![Secret::new("sec", "sec").with_tools(1)]);
    let outcome =
        nights.audit_with(0, world, |setup| failing_on_unused(setup.section(&waiver("sec", "2027-03-31"))));
    let outcome = outcome.await;
    assert_eq!((outcome.code(), state(&outcome).as_str()), (0, "holds"));
    let row = outcome.bundle().secret("sec").clone();
    assert_eq!((&*row["verdict"], &*row["waived"]), ("in_use", "true"));
}

#[tokio::test]
async fn hostile_words_of_a_waiver_stay_words_in_every_report() {
    let reason = "=HYPERLINK(\"http://x\")|pipe\n## Unused secrets (0)\n<img src=x>`\u{202e}";
    let lines = [
        "secret_id = \"sec\"".to_owned(),
        format!("reason = {}", json!(reason)),
        "owner = \"@everyone | \\u001b[31m\"".to_owned(),
        "expires = 2026-12-01".to_owned(),
    ];
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let outcome = audit(0, &["sec"], &table(&lines)).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert_eq!(bundle.json["waivers"][0]["reason"], reason, "JSON holds it as it is");
    let row = bundle.secret("sec");
    assert!(row["waiver_reason"].starts_with("'=HYPERLINK(\"http://x\")|pipe\n"), "{row:?}");
    assert!(row["waiver_owner"].starts_with("'@everyone"), "{row:?}");
    assert!(!row["waiver_owner"].contains('\u{1b}') && !row["waiver_reason"].contains('\u{202e}'), "{row:?}");
    let markdown = markdown(&outcome);
    assert_eq!(markdown.matches("\n## Unused secrets").count(), 1);
    assert!(!markdown.contains("<img") && !markdown.contains('\u{1b}') && !markdown.contains('\u{202e}'));
    let rows: Vec<&str> = markdown.lines().filter(|line| line.contains("HYPERLINK")).collect();
    let cells = |row: &str| row.replace("\\|", "").matches('|').count() - 1;
    assert_eq!(rows.iter().map(|row| cells(row)).collect::<Vec<_>>(), [7, 5], "{rows:?}");
}

#[tokio::test]
async fn the_hash_of_waivers_tells_whether_they_are_the_same() {
    let sum = async |waivers: String| {
        let outcome = audit(0, &["a", "b"], &waivers).await;
        let manifest = outcome.result.as_ref().unwrap().bundle.join("manifest.json");
        crate::bundle::read_json(&manifest)["waivers"].clone()
    };
    let (a, b) = (waiver("a", "2027-03-31"), waiver("b", "2027-03-31"));
    let both = sum(a.clone() + &b).await;
    assert_eq!(both["count"], 2);
    assert_eq!(sum(b.clone() + &a).await, both, "whatever their order");
    for other in [a.clone() + &waiver("b", "2027-04-01"), a.clone(), a + &b + "workspace = \"main\"\n"] {
        assert_ne!(sum(other).await["sha256"], both["sha256"]);
    }
}

#[tokio::test]
async fn each_night_counts_anew_whether_a_waiver_holds() {
    let nights = Nights::new();
    let simulator = Simulator::start(world_of(&["sec"])).await.unwrap();
    let with = |text: &str| failing_on_unused(nights.setup(&simulator).section(text));
    assert_eq!(run_at(&with(""), &night(0)).await.code(), 10);
    let outcome = run_at(&with(&waiver("sec", "2027-03-31")), &night(1)).await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().secret("sec")["unused_days"], "1", "it goes on being unused");
    assert_eq!(run_at(&with(""), &night(2)).await.code(), 10, "a waiver that is taken away is forgotten");
}
