//! What `report.html` says of the time before it: ages, nights, changes, and the waivers that people gave.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use elevenlabs_secrets_audit::{
    audit::{
        Audit, Changes, DependentChanges, DependentName, EarlierRun, History, Judged, JudgedSecret, Night,
        NightTotals, Record, Redaction, RenamedSecret, SecretName, Totals, Verdict, Waiver, WorkspaceChanges,
        WorkspaceRecord,
    },
    bundle::File,
    inventory::{
        DependentType, FailedWorkspace, Gap, Inventory, Missing, Observation, Relation, Resource, Scan,
        ScanOutcome, Secret, Source, Why, Workspace,
    },
    text::show_hidden,
};
use proptest::prelude::*;
use scraper::{ElementRef, Html};

use crate::{
    hostile_properties::{any_name, inventory, judged, names, not_compared, written},
    html::{FIFTEEN_MEGABYTES, all, inner_texts, page_of, shown, texts},
};

fn on(date: &str) -> DateTime<Utc> {
    format!("{date}T02:00:00Z").parse().unwrap()
}

fn run_of(date: &str) -> EarlierRun {
    EarlierRun { run: format!("{date}T02-00-00Z"), started_at: on(date) }
}

/// A workspace with these unused secrets, by id, and one in use.
fn workspace(name: &str, unused: &[&str]) -> Workspace {
    let mut workspace = Workspace::new(name.to_owned(), "https://api.example".to_owned());
    workspace.scans = Source::SCANNED.map(|source| Scan::new(source, ScanOutcome::Whole)).to_vec();
    for id in unused {
        let mut secret = Secret::new(*id, format!("name of {id}"));
        secret.confirmed = true;
        workspace.secrets.push(secret);
    }
    workspace.secrets.push(Secret::new("used", "name of used"));
    let resource = Resource::unknown(DependentType::Agent, "agent_1");
    let observation = Observation { resource, relation: Relation::Direct, via: Vec::new() };
    workspace.record(unused.len(), Source::Preview, [observation]);
    workspace
}

fn judged_of(workspaces: Vec<Workspace>) -> Judged {
    judged(Inventory { workspaces, failed: Vec::new() }, ',', "", 250)
}

/// An audit with this history and nothing else of the time before it.
fn after(history: History, workspaces: Vec<Workspace>) -> Audit {
    judged_of(workspaces).conclude(history, not_compared(), Vec::new())
}

fn audit_of(workspaces: Vec<Workspace>) -> Audit {
    after(History::default(), workspaces)
}

/// What was known of a secret that is unused since a date.
fn record(first_seen: &str, unused_since: &str) -> Record {
    Record {
        name: String::new(),
        first_seen: on(first_seen),
        last_seen: on(unused_since),
        last_observed: Some(on(unused_since)),
        last_in_use: None,
        unused_since: Some(on(unused_since)),
        nights_observed: 1,
    }
}

fn history_of(workspace: &str, secrets: &[(&str, &str, &str)]) -> History {
    let records = secrets
        .iter()
        .map(|(id, first_seen, unused_since)| ((*id).to_owned(), record(first_seen, unused_since)));
    let known = WorkspaceRecord { secrets: records.collect(), ..WorkspaceRecord::default() };
    History { workspaces: BTreeMap::from([(workspace.to_owned(), known)]), ..History::default() }
}

fn waiver(secret_id: &str, expires: &str) -> Waiver {
    Waiver {
        secret_id: secret_id.to_owned(),
        workspace: None,
        reason: format!("reason of {secret_id}"),
        owner: format!("owner of {secret_id}"),
        expires: expires.parse().unwrap(),
    }
}

#[test]
fn unused_secrets_are_listed_the_oldest_first_with_their_age_and_what_was_accepted() {
    let mut judged = judged_of(vec![workspace("main", &["expired", "new", "old", "waived"])]);
    judged.parameters.unused_after_days = 7;
    let known = [
        ("expired", "2026-08-01", "2026-11-01"),
        ("old", "2025-01-01", "2026-01-02"),
        ("waived", "2026-07-01", "2026-11-20"),
    ];
    let waivers = vec![waiver("waived", "2027-03-31"), waiver("expired", "2026-11-22")];
    let audit = judged.conclude(history_of("main", &known), not_compared(), waivers);
    let page = page_of(&audit);
    let rows: Vec<Vec<String>> = all(&page, ".review > tbody > tr:first-child")
        .into_iter()
        .map(|row| inner_texts(row, "bdi:first-child, code, td"))
        .collect();
    let waived = "Waived until 2027-03-31, by owner of waived: reason of waived";
    let expired = "Waiver expired on 2026-11-22, by owner of expired: reason of expired";
    let grace = "Within grace of 7 days";
    let expected = [
        ["old", "2026-01-02", "325", "2025-01-01", ""],
        ["expired", "2026-11-01", "22", "2026-08-01", expired],
        ["waived", "2026-11-20", "3", "2026-07-01", &format!("{waived}{grace}")],
        ["new", "2026-11-23", "0", "2026-11-23", grace],
    ];
    let cells = |row: &[String]| {
        let row: Vec<&str> = row.iter().map(String::as_str).collect();
        assert_eq!(row[0], format!("name of {}", row[1]));
        [row[1], row[2], row[3], row[4], row[5]].map(str::to_owned)
    };
    let found: Vec<[String; 5]> = rows.iter().map(|row| cells(row)).collect();
    assert_eq!(found, expected.map(|row| row.map(str::to_owned)));
    assert_eq!(inner_texts(all(&page, ".review .lines")[0], "li"), ["Decision", "Reviewer", "Date"]);
    assert_eq!(all(&page, ".review .lines").len(), 4);
    assert_eq!(texts(&page, ".figures .unused span"), ["of 4 unused; 1 within grace, 1 waived"]);
    assert_eq!(texts(&page, ".figures .unused data"), ["2"]);
    assert_eq!(texts(&page, "h1"), ["5 secrets: 2 open of 4 unused; 1 within grace, 1 waived."]);
    assert_eq!(texts(&page, "#unused .count"), ["2 open of 4"]);

    let marks: Vec<String> = all(&page, "#secrets > tbody > tr:first-child")
        .into_iter()
        .map(|row| inner_texts(row, "th code, small, td.age").join("|"))
        .collect();
    assert_eq!(
        marks,
        [
            "expired|waiver expired|2026-08-01|22",
            "new|within grace|2026-11-23|0",
            "old|2025-01-01|325",
            "waived|waived|2026-07-01|3",
            "used|2026-11-23|",
        ]
    );
}

/// The texts of the pairs at the top.
fn last_complete(audit: &Audit) -> String {
    texts(&page_of(audit), ".facts dd")[1].clone()
}

#[test]
fn the_top_says_when_the_last_complete_audit_was() {
    let before = || History { complete_before: Some(run_of("2026-11-20")), ..History::default() };
    let with = |failed: bool, history: History| {
        let mut judged = judged_of(vec![workspace("main", &[])]);
        if failed {
            judged.failed.push(FailedWorkspace {
                name: "other".to_owned(),
                address: String::new(),
                error: String::new(),
                key_refused: false,
            });
        }
        judged.conclude(history, not_compared(), Vec::new())
    };
    assert_eq!(last_complete(&with(false, before())), "this one; before it, 20 November 2026");
    assert_eq!(last_complete(&with(false, History::default())), "this one, the first that is known");
    assert_eq!(last_complete(&with(true, before())), "20 November 2026");
    assert_eq!(last_complete(&with(true, History::default())), "none that is known");
}

#[test]
fn the_top_says_what_was_redacted_and_where_the_history_is_not_whole() {
    let mut audit = audit_of(vec![workspace("main", &[])]);
    let begins = "No earlier bundle tells what was before: ages begin with this audit.".to_owned();
    audit.history.notes = vec![begins.clone()];
    let page = page_of(&audit);
    assert_eq!(texts(&page, ".banner"), [""; 0], "a first audit is nothing to warn of");
    assert_eq!(texts(&page, ".notes li"), [begins.as_str()]);
    assert_eq!(texts(&page, "#parameters ~ table tr:nth-last-child(2) td"), ["nothing"]);

    let passed_over = "The earlier bundle 2026-11-22T02-00-00Z was passed over: altered.".to_owned();
    audit.history.notes = vec![passed_over, begins];
    audit.parameters.redact = vec![Redaction::PhoneNumbers];
    let page = page_of(&audit);
    assert_eq!(texts(&page, ".banner strong"), ["Redacted", "The history is not whole"]);
    assert_eq!(texts(&page, ".banner li"), audit.history.notes);
    assert_eq!(texts(&page, "#parameters ~ table tr:nth-last-child(2) td"), ["telephone numbers"]);
}

/// A night with the secrets, the unused ones and whether it was read whole, of each workspace.
fn night(date: &str, workspaces: &[(&str, usize, usize, bool)]) -> Night {
    let found = workspaces.iter().map(|(name, secrets, unused, is_complete)| {
        let totals = Totals { secrets: *secrets, unused: *unused, ..Totals::default() };
        ((*name).to_owned(), NightTotals { totals, is_complete: *is_complete })
    });
    let is_complete = workspaces.iter().all(|(.., is_complete)| *is_complete);
    Night { run: run_of(date).run, started_at: on(date), is_complete, workspaces: found.collect() }
}

fn lines(page: &Html) -> Vec<Vec<&str>> {
    all(page, "svg.line")
        .into_iter()
        .map(|line| {
            let parts = line.descendants().filter_map(ElementRef::wrap);
            parts.filter_map(|part| part.attr("points")).collect()
        })
        .collect()
}

#[test]
fn the_picture_of_the_nights_adds_up_what_was_read_tonight_and_is_broken_where_something_was_not() {
    let nights = vec![
        night("2026-11-18", &[("main", 1, 1, true)]),
        night("2026-11-19", &[("main", 900, 4, true), ("other", 100, 6, true), ("no longer", 50, 50, true)]),
        // The other one failed.
        night("2026-11-20", &[("main", 900, 4, true)]),
        night("2026-11-21", &[("main", 500, 0, true), ("other", 500, 0, false)]),
    ];
    let history = History { nights, ..History::default() };
    let page = page_of(&after(history, vec![workspace("main", &["a"]), workspace("other", &["b"])]));
    assert_eq!(
        texts(&page, "#nights-text"),
        [
            "2 nights from 2026-11-19 to 2026-11-23: Unused 10 → 2, Secrets 1,000 → 4. Without a figure: 2 incomplete and 1 \
          missed."
        ]
    );
    assert_eq!(lines(&page), [["0,0 0,0", "1000,80 1000,80"], ["0,0 0,0", "1000,100 1000,100"]]);
    let said = texts(&page, "figcaption").concat();
    assert!(said.contains("A gap is a night without a figure: 2 incomplete and 1 missed."), "{said}");
}

#[test]
fn a_workspace_that_was_never_read_whole_leaves_the_line_of_the_others_as_it_is() {
    let mut never = workspace("never", &["b"]);
    never.page_gaps = vec![Gap::new(Missing::Secrets, Why::Shifting(3))];
    let nights = vec![
        night("2026-11-21", &[("main", 2, 2, true), ("never", 9, 0, false)]),
        night("2026-11-22", &[("main", 2, 2, true)]),
    ];
    let (earlier, warnings) = (run_of("2026-11-22"), Vec::new());
    let changes = Changes::Since { earlier, warnings, workspaces: Vec::new() };
    let history = History { nights, ..History::default() };
    let audit = judged_of(vec![workspace("main", &["a"]), never]).conclude(history, changes, Vec::new());
    let page = page_of(&audit);
    assert_eq!(lines(&page)[0], ["0,0 500,0 1000,50"]);
    let said = texts(&page, "figcaption").concat();
    assert!(said.contains("1 workspace that was never read whole was left out."), "{said}");
    assert!(!said.contains("A gap"), "{said}");
    let markdown = String::from_utf8(written(File::Markdown, &audit)).unwrap();
    assert!(markdown.contains("\n2026-11-22      2 ████"), "{markdown}");
}

fn secret(name: &str) -> SecretName {
    SecretName { name: name.to_owned(), id: format!("{name}id") }
}

fn dependent(kind: &str, name: &str) -> DependentName {
    DependentName { dependent_type: kind.to_owned(), name: name.to_owned(), id: "some id".to_owned() }
}

fn changed(workspace: &str, name: &str) -> WorkspaceChanges {
    WorkspaceChanges {
        workspace: workspace.to_owned(),
        not_compared: None,
        since: None,
        new: vec![secret(name)],
        gone: vec![secret(name)],
        newly_unused: vec![secret(name)],
        back_in_use: vec![secret(name)],
        no_longer_judged: vec![JudgedSecret {
            secret: secret(name),
            verdict: Verdict::Unused,
            unused_since: Some(on("2026-11-01")),
        }],
        judged_again: vec![JudgedSecret {
            secret: secret(name),
            verdict: Verdict::InUse,
            unused_since: None,
        }],
        renamed: vec![RenamedSecret { secret: secret(name), earlier_name: name.to_owned() }],
        dependents: vec![DependentChanges {
            secret: SecretName { id: "other".to_owned(), ..secret(name) },
            gained: 1_003,
            lost: 1,
            gained_first: vec![dependent("phone_number", name), dependent(name, name)],
            lost_first: vec![dependent("mcp_server", "")],
        }],
    }
}

fn with_changes(workspaces: Vec<WorkspaceChanges>) -> Html {
    let changes = Changes::Since { earlier: run_of("2026-11-20"), warnings: Vec::new(), workspaces };
    let judged = judged_of(vec![workspace("main", &[])]);
    page_of(&judged.conclude(History::default(), changes, Vec::new()))
}

fn rows_of<'a>(page: &'a Html, selector: &str) -> Vec<Vec<String>> {
    all(page, selector).into_iter().map(|row: ElementRef<'a>| inner_texts(row, "td, th")).collect()
}

#[test]
fn changes_are_shown_workspace_by_workspace_and_none_is_said_as_plainly() {
    let quiet = WorkspaceChanges { workspace: "quiet".to_owned(), ..WorkspaceChanges::default() };
    let failed = WorkspaceChanges {
        workspace: "failed".to_owned(),
        not_compared: Some("it could not be read this time".to_owned()),
        ..WorkspaceChanges::default()
    };
    let page = with_changes(vec![changed("busy", "key"), quiet, failed]);
    assert_eq!(texts(&page, "#changes"), ["Changes since the audit of 20 November 2026"]);
    assert_eq!(
        texts(&page, ".of-workspace"),
        [
            "busy: 1 newly unused, 1 back in use, 1 new, 1 gone, 1 renamed and 1 with other dependents; 1 can no longer \
             be judged: was unused; 1 judged again: in use.",
            "quiet: no changes.",
            "failed: not compared, because it could not be read this time.",
        ]
    );
    let rows = rows_of(&page, ".changes > tbody > tr");
    assert!(rows.iter().all(|row| row[1].starts_with("key")), "{rows:?}");
    let rows: Vec<[&str; 2]> = rows.iter().map(|row| [row[0].as_str(), row[2].as_str()]).collect();
    assert_eq!(
        rows,
        [
            ["newly unused", ""],
            ["back in use", ""],
            ["undetermined", "was unused since 2026-11-01"],
            ["judged again", "in use"],
            ["new", ""],
            ["gone", ""],
            ["renamed", "was key"],
            [
                "other dependents",
                "gained 1,003, phone number key some id, key key some id and 1,001 more; lost 1, MCP server some id"
            ],
        ]
    );

    let changes = Changes::NotCompared("there was no complete audit before this one".to_owned());
    let judged = judged_of(vec![workspace("main", &[])]);
    let page = page_of(&judged.conclude(History::default(), changes, Vec::new()));
    assert_eq!(texts(&page, "#changes + p"), ["Not compared: there was no complete audit before this one."]);
    assert_eq!(all(&page, ".changes").len(), 0);
}

#[test]
fn waivers_are_shown_by_what_has_become_of_them() {
    let waivers = || {
        let mut elsewhere = waiver("gone", "2027-12-31");
        elsewhere.workspace = Some("failed".to_owned());
        let matching =
            [("a", "2026-11-22"), ("b", "2026-12-01"), ("c", "2027-12-31"), ("gone", "2027-01-01")];
        let mut waivers: Vec<Waiver> =
            matching.into_iter().map(|(secret, expires)| waiver(secret, expires)).collect();
        waivers[3].workspace = Some("main".to_owned());
        waivers.push(elsewhere);
        waivers
    };
    let mut judged = judged_of(vec![workspace("main", &["a", "b", "c"])]);
    judged.failed.push(FailedWorkspace {
        name: "failed".to_owned(),
        address: String::new(),
        error: String::new(),
        key_refused: false,
    });
    let page = page_of(&judged.conclude(History::default(), not_compared(), waivers()));
    assert_eq!(texts(&page, "#waivers"), ["Waivers 5"]);
    assert_eq!(
        texts(&page, ".waivers caption"),
        [
            "Expired: the findings are open again 1",
            "Expiring within 30 days 1",
            "Matching nothing: no such secret was listed 1",
            "Not looked for: their workspace was not read, or not all of it 1",
            "Holding for longer 1",
        ]
    );
    let row = |secret: &str, workspace: &str, expires: &str, id: &str| {
        [secret, workspace, expires, &format!("owner of {id}"), &format!("reason of {id}")]
            .map(str::to_owned)
            .to_vec()
    };
    assert_eq!(
        rows_of(&page, ".waivers > tbody > tr"),
        [
            row("name of aa", "any", "2026-11-22", "a"),
            row("name of bb", "any", "2026-12-01", "b"),
            row("gone", "main", "2027-01-01", "gone"),
            row("gone", "failed", "2027-12-31", "gone"),
            row("name of cc", "any", "2027-12-31", "c"),
        ]
    );
    assert!(texts(&page, "#parameters ~ table td").contains(&"taken into account".to_owned()));
}

#[test]
fn waivers_that_were_ignored_are_said_to_be() {
    let mut audit = audit_of(vec![workspace("main", &["a"])]);
    audit.parameters.ignores_waivers = true;
    let page = page_of(&audit);
    let said = "All waivers were left out of account, as asked for by --no-waivers.";
    assert_eq!(texts(&page, "#waivers + p"), [said]);
    assert!(
        texts(&page, "#parameters ~ table td").contains(&"left out of account (--no-waivers)".to_owned())
    );
}

proptest! {
    #[test]
    fn any_text_of_a_waiver_a_change_or_a_note_is_text_where_it_belongs(names in names(), other in any_name()) {
        let mut waivers = vec![waiver("unused0", "2026-01-01"), waiver("unused0", "2026-01-01")];
        for one in &mut waivers {
            (one.reason, one.owner) = (other.clone(), other.clone());
        }
        waivers[1].secret_id = other.clone();
        waivers[1].workspace = Some(other.clone());
        // None of a workspace that failed: those are not compared.
        let workspace = format!("workspace {other}");
        let mut not_compared = changed(&workspace, &other);
        not_compared.not_compared = Some(other.clone());
        let workspaces = vec![changed(&workspace, &other), not_compared];
        let earlier = EarlierRun { run: other.clone(), ..run_of("2026-11-20") };
        let changes = Changes::Since { earlier, warnings: vec![other.clone()], workspaces };
        let judged = judged(inventory(&names), ',', "", 250);
        let mut audit = judged.conclude(History::default(), changes, waivers);
        audit.history.notes = vec![other.clone(), other.clone()];
        let page = page_of(&audit);
        let literally = show_hidden(&other, &[]);
        let named = shown(&other);
        let every = |selector: &str, number: usize, expected: &str| {
            let found = texts(&page, selector);
            assert_eq!(found.len(), number, "{selector}");
            assert!(found.iter().all(|one| one == expected), "{selector}: {found:?}");
        };
        every(".remark bdi", 2, &literally);
        every(".waivers td bdi", 5, &literally);
        every(".changes > tbody > tr > th > bdi", 16, &named);
        every(".changes td > bdi:first-child:last-child", 2, &named);
        every(".of-workspace bdi", 2, &format!("workspace {literally}"));
        every(".banner li", 2, &literally);
        every(".notes li", 2, &literally);
        every("#changes + p code", 1, &literally);
        prop_assert!(texts(&page, "#changes ~ .banner")[0].contains(&*literally));
        let why = format!("not compared, because {literally}.");
        prop_assert!(texts(&page, ".of-workspace")[1].ends_with(&why));
    }
}

#[test]
fn long_lists_of_changes_and_waivers_are_cut_and_counted_and_the_unused_never() {
    let many: Vec<String> = (0..4_000).map(|number| format!("secret_{number:04}")).collect();
    let ids: Vec<&str> = many.iter().map(String::as_str).collect();
    let waivers = ids.iter().map(|id| Waiver { reason: "&".repeat(200), ..waiver(id, "2027-12-31") });
    let new: Vec<SecretName> = many.iter().map(|name| secret(name)).collect();
    let workspaces = ["a", "b"].map(|workspace| WorkspaceChanges {
        workspace: workspace.to_owned(),
        new: new.clone(),
        ..WorkspaceChanges::default()
    });
    let (earlier, workspaces) = (run_of("2026-11-20"), workspaces.to_vec());
    let changes = Changes::Since { earlier, warnings: Vec::new(), workspaces };
    let judged = judged_of(vec![workspace("main", &ids)]);
    let audit = judged.conclude(History::default(), changes, waivers.collect());
    assert!(written(File::Html, &audit).len() < FIFTEEN_MEGABYTES);
    let page = page_of(&audit);
    assert_eq!(all(&page, ".review > tbody").len(), 4_000);
    let tables = all(&page, ".changes, .waivers");
    let expected: Vec<String> = tables
        .into_iter()
        .map(|table| {
            let shown = inner_texts(table, "tbody > tr").len();
            let left_out = 4_000 - shown;
            assert!(shown > 100 && left_out >= 1_000, "{shown}");
            let more = format!("{},{:03}", left_out / 1_000, left_out % 1_000);
            format!("… and {more} more, left out here for length; see report.json.")
        })
        .collect();
    assert_eq!(expected.len(), 3);
    assert_eq!(texts(&page, "section > .left-out"), expected);
}
