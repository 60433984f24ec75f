//! `history`: on which dates the audit ran, with totals and the bundle.

use std::path::PathBuf;

use chrono::NaiveDate;
use chrono_tz::Tz;
use elevenlabs_secrets_audit::review::{Day, Place, Timeline, timeline};
use simulator::Secret;

use crate::{
    bundle::Row,
    changes::used,
    nights::{Nights, run_at, run_of, serve_without_settings, two_secrets},
    places::busy,
    support::{code, serve, serve_with, text},
};

fn date(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// What a whole history looks like: from its first date to a `today`.
fn until(nights: &Nights, today: &str) -> Timeline {
    timeline(&nights.out(), None, None, date(today), Tz::UTC).unwrap()
}

fn between(nights: &Nights, from: Option<&str>, to: Option<&str>, today: &str) -> Timeline {
    timeline(&nights.out(), from.map(date), to.map(date), date(today), Tz::UTC).unwrap()
}

fn statuses(timeline: &Timeline) -> Vec<(String, &'static str)> {
    timeline.days.iter().map(|day| (day.date.to_string(), day.status.as_str())).collect()
}

fn table(timeline: &Timeline) -> String {
    let mut bytes = Vec::new();
    timeline.write_table(&mut bytes).unwrap();
    String::from_utf8(anstream::adapter::strip_bytes(&bytes).into_vec()).unwrap()
}

fn csv_of(timeline: &Timeline) -> (String, Vec<Row>) {
    let mut bytes = Vec::new();
    timeline.write_csv(&mut bytes).unwrap();
    let rows = csv::Reader::from_reader(bytes.as_slice()).deserialize().map(|row| row.unwrap()).collect();
    (String::from_utf8(bytes).unwrap(), rows)
}

/// 10 March ran; 11 is incomplete; 12 missed; 13 narrowed; 14 incomplete and then whole; 16 whole, incomplete and whole.
async fn nights() -> Nights {
    let nights = Nights::new();
    let whole = serve(two_secrets()).await;
    let failing = serve_without_settings().await;
    let more = serve([two_secrets(), vec![Secret::new("sec_3", "third")]].concat()).await;
    let mut narrowed = nights.setup(&whole);
    narrowed.arguments.search = Some("used".to_owned());
    for (setup, begins, code) in [
        (nights.setup(&whole), "2026-03-10T23:59:59Z", 0),
        (nights.setup(&failing), "2026-03-11T00:00:00Z", 3),
        (narrowed, "2026-03-13T02:00:00Z", 0),
        (nights.setup(&failing), "2026-03-14T02:00:00Z", 3),
        (nights.setup(&more), "2026-03-14T09:00:00Z", 0),
        (nights.setup(&whole), "2026-03-16T02:00:00Z", 0),
        (nights.setup(&failing), "2026-03-16T03:00:00Z", 3),
        (nights.setup(&more), "2026-03-16T03:00:00Z", 0),
    ] {
        assert_eq!(run_at(&setup, begins).await.code(), code, "{begins}");
    }
    nights
}

#[tokio::test]
async fn every_date_from_the_first_bundle_to_today_is_told() {
    let nights = nights().await;
    let expected = [
        ("2026-03-10", "COMPLETE"),
        ("2026-03-11", "INCOMPLETE"),
        ("2026-03-12", "missed"),
        ("2026-03-13", "missed"),
        ("2026-03-14", "COMPLETE"),
        ("2026-03-15", "missed"),
        ("2026-03-16", "COMPLETE"),
        ("2026-03-17", "missed"),
        ("2026-03-18", "not yet"),
    ]
    .map(|(date, status)| (date.to_owned(), status));
    let timeline = until(&nights, "2026-03-18");
    assert_eq!(statuses(&timeline), expected);
    let days = &timeline.days;
    let at = |begins: &str| Place::At(nights.bundle(begins));
    assert_eq!((&days[0].place, days[0].further), (&at("2026-03-10T23:59:59Z"), 0));
    assert_eq!(days[1].place, at("2026-03-11T00:00:00Z"));
    assert_eq!((&days[2].place, days[2].totals), (&Place::None, None));
    assert_eq!(days[3].place, Place::Narrowed(nights.bundle("2026-03-13T02:00:00Z")));
    assert_eq!((&days[4].place, days[4].further), (&at("2026-03-14T09:00:00Z"), 1), "the whole one");
    let last = PathBuf::from(format!("{}-2", nights.bundle("2026-03-16T03:00:00Z").display()));
    assert_eq!((&days[6].place, days[6].further), (&Place::At(last), 2), "of the whole ones the last");
    let totals = |day: &Day| day.totals.map(|totals| (totals.secrets, totals.unused, totals.undetermined));
    assert_eq!(
        [&days[0], &days[1], &days[4]].map(totals),
        [Some((2, 1, 0)), Some((2, 0, 1)), Some((3, 2, 0))]
    );
}

#[tokio::test]
async fn show_me_14_march() {
    let nights = nights().await;
    let output = nights.ask(&["history", "--from", "2026-03-14", "--to", "2026-03-14"]);
    assert_eq!((code(&output), text(&output.stderr)), (0, ""));
    let bundle = nights.bundle("2026-03-14T09:00:00Z");
    let expected = format!(
        "date        status      secrets   in use   unused  undetermined  dependents  bundle\n\
         2026-03-14  COMPLETE          3        1        2             0           2  {} (and 1 more)\n\
         \n1 date (UTC): 1 COMPLETE, 0 INCOMPLETE, 0 missed\n",
        bundle.display()
    );
    assert_eq!(text(&output.stdout), expected);
    assert!(bundle.join("report.md").is_file(), "and there it is");
}

#[tokio::test]
async fn from_and_to_cut_and_may_begin_before_the_first_bundle() {
    let nights = nights().await;
    let days = |from, to| statuses(&between(&nights, from, to, "2026-03-18"));
    let day = |date: &str, status| (date.to_owned(), status);
    assert_eq!(
        days(Some("2026-03-08"), Some("2026-03-10")),
        [day("2026-03-08", "not begun"), day("2026-03-09", "not begun"), day("2026-03-10", "COMPLETE")]
    );
    assert_eq!(days(Some("2026-03-16"), None).len(), 3, "to today");
    assert_eq!(
        days(None, Some("2026-03-11")),
        [day("2026-03-10", "COMPLETE"), day("2026-03-11", "INCOMPLETE")]
    );
    assert_eq!(days(Some("2026-03-17"), Some("2026-03-17")), [day("2026-03-17", "missed")]);
    assert_eq!(days(None, Some("2026-03-09")), [], "before the first bundle");
}

#[tokio::test]
async fn a_date_that_is_not_over_is_not_called_missed() {
    let nights = nights().await;
    let timeline = between(&nights, Some("2026-03-16"), Some("2026-04-30"), "2026-03-17");
    assert_eq!(
        statuses(&timeline),
        [("2026-03-16".to_owned(), "COMPLETE"), ("2026-03-17".to_owned(), "not yet")]
    );
    assert_eq!(table(&timeline).lines().last(), Some("2 dates (UTC): 1 COMPLETE, 0 INCOMPLETE, 0 missed"));
    let over = between(&nights, Some("2026-03-17"), None, "2026-03-18");
    assert_eq!(statuses(&over)[0], ("2026-03-17".to_owned(), "missed"));
}

/// What the dates of a directory are, after nights at these moments.
async fn dates_after(nights: &[&str], today: &str) -> Vec<(String, &'static str)> {
    let directory = Nights::new();
    let simulator = serve(two_secrets()).await;
    for begins in nights {
        run_at(&directory.setup(&simulator), begins).await.result.unwrap();
    }
    statuses(&until(&directory, today))
}

#[tokio::test]
async fn a_bundle_of_a_clock_that_was_off_makes_no_date_missed_and_is_no_night() {
    let expected = [
        ("2026-03-10", "COMPLETE"),
        ("2026-03-11", "missed"),
        ("2026-03-12", "COMPLETE"),
        ("2026-03-13", "not yet"),
    ];
    let dates = |more: &[(&str, &'static str)]| -> Vec<(String, &'static str)> {
        expected.iter().chain(more).map(|(date, status)| ((*date).to_owned(), *status)).collect()
    };
    let [first, second] = ["2026-03-10T02:00:00Z", "2026-03-12T02:00:00Z"];
    let ahead = "2026-04-20T02:00:00Z";
    let with_a_date_to_come = dates(&[("2026-04-20", "not yet")]);
    assert_eq!(dates_after(&[first, ahead, second], "2026-03-13").await, with_a_date_to_come);
    assert_eq!(dates_after(&[first, second, ahead], "2026-03-13").await, with_a_date_to_come);
    // Once the date has come, the order in which they were published tells.
    let later = dates_after(&[first, ahead, second], "2026-04-21").await;
    assert_eq!(later[41..], [("2026-04-20".to_owned(), "missed"), ("2026-04-21".to_owned(), "not yet")]);
    // A clock that begins in 1970 makes no decades of them.
    let behind = [first, second, "1970-01-01T00:00:00Z", "2026-03-12T09:00:00Z"];
    let behind = dates_after(&behind, "2026-03-13").await;
    assert_eq!(behind[1..], dates(&[]), "and it is shown: {:?}", behind[0]);
    assert_eq!(behind[0], ("1970-01-01".to_owned(), "not begun"));
}

#[tokio::test]
async fn the_dates_are_those_of_the_time_zone_that_is_asked_for() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    // 02:17 by the clocks of Helsinki, around the day on which summer time begins there.
    for begins in ["2026-03-28T00:17:00Z", "2026-03-29T00:17:00Z", "2026-03-29T23:17:00Z"] {
        run_at(&nights.setup(&simulator), begins).await.result.unwrap();
    }
    let helsinki = timeline(&nights.out(), None, None, date("2026-03-30"), Tz::Europe__Helsinki).unwrap();
    let days = ["2026-03-28", "2026-03-29", "2026-03-30"].map(|date| (date.to_owned(), "COMPLETE"));
    assert_eq!(statuses(&helsinki), days);
    let said = table(&helsinki);
    assert!(said.ends_with("\n3 dates (Europe/Helsinki): 3 COMPLETE, 0 INCOMPLETE, 0 missed\n"), "{said}");
    let span = ["--from", "2026-03-28", "--to", "2026-03-30"];
    let asked = |more: &[&str]| nights.ask(&[&["history"], &span[..], more].concat());
    let output = asked(&["--timezone", "Europe/Helsinki"]);
    assert_eq!((code(&output), text(&output.stdout)), (0, said.as_str()));
    assert!(text(&asked(&[]).stdout).contains("2026-03-30  missed"), "in UTC there is no such night");
    let unknown = asked(&["--timezone", "Helsinki"]);
    assert_eq!(code(&unknown), 2);
    assert!(text(&unknown.stderr).contains("such as Europe/Helsinki"), "{}", text(&unknown.stderr));
}

#[tokio::test]
async fn a_span_that_ends_before_it_begins_is_a_usage_error() {
    let nights = nights().await;
    for format in ["table", "csv"] {
        let output =
            nights.ask(&["history", "--from", "2026-03-15", "--to", "2026-03-14", "--format", format]);
        assert_eq!((code(&output), text(&output.stdout)), (2, ""));
        let said = text(&output.stderr);
        assert!(said.contains("2026-03-15") && said.contains("2026-03-14"), "{said}");
    }
    let no_date = nights.ask(&["history", "--from", "14 March"]);
    assert_eq!(code(&no_date), 2);
    assert!(text(&no_date.stderr).contains("--from"), "{}", text(&no_date.stderr));
}

#[tokio::test]
async fn the_table_counts_what_it_shows() {
    let nights = nights().await;
    let table = table(&until(&nights, "2026-03-18"));
    assert_eq!(table.lines().last(), Some("9 dates (UTC): 3 COMPLETE, 1 INCOMPLETE, 4 missed"));
    assert_eq!(table.lines().count(), 1 + 9 + 2);
    let narrowed = table.lines().find(|line| line.starts_with("2026-03-13")).unwrap();
    assert!(narrowed.contains("missed") && narrowed.ends_with("(only some secrets: --search)"), "{narrowed}");
    let missed = table.lines().find(|line| line.starts_with("2026-03-12")).unwrap();
    assert_eq!(missed, "2026-03-12  missed");
}

#[tokio::test]
async fn csv_has_a_row_for_each_date() {
    let nights = nights().await;
    let (text, rows) = csv_of(&until(&nights, "2026-03-18"));
    assert!(
        text.starts_with(
            "date,status,secrets,in_use,unused,undetermined,dependents,bundle,further_bundles\r\n"
        )
    );
    assert_eq!((rows.len(), text.matches("\r\n").count()), (9, 10));
    let row = |date: &str| rows.iter().find(|row| row["date"] == date).unwrap();
    assert_eq!(row("2026-03-14")["status"], "COMPLETE");
    assert_eq!(row("2026-03-14")["bundle"], nights.bundle("2026-03-14T09:00:00Z").to_str().unwrap());
    assert_eq!([&row("2026-03-14")["unused"], &row("2026-03-14")["further_bundles"]], ["2", "1"]);
    assert_eq!([&row("2026-03-12")["secrets"], &row("2026-03-12")["bundle"]], ["", ""]);
    let incomplete = row("2026-03-11");
    assert_eq!([&incomplete["in_use"], &incomplete["unused"], &incomplete["undetermined"]], ["1", "", "1"]);
}

#[tokio::test]
async fn a_manifest_that_cannot_be_read_makes_no_night_of_its_date() {
    let nights = nights().await;
    fs_err::write(nights.bundle("2026-03-10T23:59:59Z").join("manifest.json"), "{").unwrap();
    let timeline = until(&nights, "2026-03-11");
    assert_eq!(statuses(&timeline)[0].1, "missed");
    assert!(table(&timeline).contains("(manifest.json cannot be read)"));
}

#[tokio::test]
async fn of_a_date_the_bundle_that_is_there_is_shown_rather_than_one_that_was_pruned() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let keeping = nights.setup(&simulator).section("[report]\nkeep = 2");
    for begins in ["2026-03-14T02:00:00Z", "2026-03-14T09:00:00Z", "2026-03-15T02:00:00Z"] {
        run_at(&keeping, begins).await.result.unwrap();
    }
    let timeline = until(&nights, "2026-03-15");
    assert_eq!(timeline.days[0].place, Place::At(nights.bundle("2026-03-14T09:00:00Z")));
    assert_eq!(timeline.days[0].further, 1);
    run_at(&keeping, "2026-03-16T02:00:00Z").await.result.unwrap();
    let timeline = until(&nights, "2026-03-16");
    assert_eq!(timeline.days[0].place, Place::Pruned(run_of("2026-03-14T09:00:00Z")), "the last of them");
    assert_eq!((timeline.days[0].status.as_str(), timeline.days[0].further), ("COMPLETE", 1));
}

#[test]
fn without_bundles_it_is_code_2() {
    let nights = Nights::new();
    fs_err::create_dir(nights.out()).unwrap();
    let output = nights.ask(&["history"]);
    assert_eq!(code(&output), 2);
    assert!(text(&output.stderr).contains(nights.out().to_str().unwrap()), "{}", text(&output.stderr));
}

#[tokio::test]
async fn the_sum_over_some_of_the_workspaces_is_no_figure_of_a_night() {
    let nights = Nights::new();
    let (first, second) = (serve(vec![used("a")]).await, serve(vec![used("b"), used("c")]).await);
    run_at(&nights.over(&[("first", &first), ("second", &second)]), "2026-03-09T02:00:00Z").await;
    let down = serve_with(Vec::new(), |_, _| busy()).await;
    run_at(&nights.over(&[("first", &first), ("second", &down)]), "2026-03-10T02:00:00Z").await;
    let (_, rows) = csv_of(&until(&nights, "2026-03-10"));
    let of = |date: &str| rows.iter().find(|row| row["date"] == date).unwrap();
    assert_eq!([&of("2026-03-09")["status"], &of("2026-03-09")["secrets"]], ["COMPLETE", "3"]);
    assert_eq!([&of("2026-03-10")["status"], &of("2026-03-10")["secrets"]], ["INCOMPLETE", ""]);
}
