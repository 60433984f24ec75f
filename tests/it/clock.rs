//! A clock that is off: what tells, what is said, and that neither earlier nor later bundles suffer for it.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use elevenlabs_secrets_audit::{
    api::Clock,
    bounded::Bound,
    bundle::Format,
    check::check_up,
    interrupt::Interrupt,
    progress::Progress,
    review::{DayStatus, Place, render, timeline},
};
use serde_json::{Value, json};
use simulator::{Reply, Request, Secret, Simulator};

use crate::{
    nights::{
        Nights, edit_manifest, moment, notes, record, run_at, run_of, serve_without_settings, two_secrets,
    },
    places::{directory, markdown, summary},
    support::{
        Outcome, SECRETS, Setup, asked, code, context, finish, invalid_api_key, now, serve, serve_with, text,
    },
};

/// A moment as headers have it.
fn header(at: DateTime<Utc>) -> String {
    at.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// An API whose time is this one.
async fn telling(at: &str) -> Simulator {
    let date = header(moment(at));
    serve_with(two_secrets(), move |_, reply| reply.with_header("date", &date)).await
}

/// The night of this day of November, by a clock that is right.
fn november(day: u32) -> String {
    format!("2026-11-{day:02}T02:00:00Z")
}

/// The same night by a clock that is 40 days ahead.
fn ahead(day: u32) -> String {
    (moment(&november(day)) + TimeDelta::days(40)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// A night on this day, by a clock that shows `shown`.
async fn night(nights: &Nights, day: u32, shown: &str, keep: &str) -> Outcome {
    let simulator = telling(&november(day)).await;
    run_at(&nights.setup(&simulator).section(&format!("[report]\n{keep}")), shown).await
}

fn runs(begins: &[String]) -> Vec<String> {
    begins.iter().map(|begins| run_of(begins)).collect()
}

#[tokio::test]
async fn a_clock_that_is_40_days_ahead_for_a_night_removes_nothing_and_leaves_later_nights_alone() {
    let nights = Nights::new();
    const KEEP: &str = "keep_days = 30";
    for day in 1..=5 {
        assert_eq!(night(&nights, day, &november(day), KEEP).await.code(), 0);
    }
    let off = night(&nights, 6, &ahead(6), KEEP).await;
    assert_eq!(off.code(), 0, "the code stays as it is");
    assert_eq!(nights.runs().len(), 6, "nothing is removed: {:?}", nights.runs());
    assert!(nights.verify().is_sound());

    // It is marked, and says so where people look.
    let bundle = off.bundle();
    assert_eq!((&bundle.json["clock_off"], &bundle.json["complete"]), (&json!(true), &json!(true)));
    assert_eq!(bundle.json["run"]["clock_ahead_seconds"], 40 * 86_400);
    let manifest = nights.manifest(&ahead(6));
    assert_eq!((&manifest["clock_off"], &manifest["clock_ahead_seconds"]), (&json!(true), &json!(3_456_000)));
    let html = fs_err::read_to_string(directory(&off).join("report.html")).unwrap();
    for (name, shown) in [("markdown", markdown(&off)), ("summary", summary(&off)), ("html", html)] {
        for words in ["40 days ahead of the API", "2026-11-06T02:00:00Z", "no earlier bundle was removed"] {
            assert!(shown.contains(words), "{name}: {words}: {shown}");
        }
        assert!(shown.contains("timedatectl set-ntp true"), "{name}");
    }

    // Its ages go by the API's time.
    let stale = bundle.secret("sec_stale");
    assert_eq!((stale["unused_since"].as_str(), stale["unused_days"].as_str()), (&*november(1), "5"));
    assert_eq!(record(&bundle, "main", "sec_stale").unwrap()["last_seen"], november(6));
    assert_eq!(bundle.json["history"]["nights"][5]["started_at"], november(6));

    // The next night builds on the one before, says so once, and removes what is too old and nothing else.
    let next = night(&nights, 7, &november(7), KEEP).await.bundle();
    assert_eq!(next.json["history"]["continues"], run_of(&november(5)));
    assert_eq!(next.json["changes"]["since"]["run"], run_of(&november(5)));
    assert_eq!(next.secret("sec_stale")["unused_days"], "6");
    let [note] = notes(&next)[..] else { panic!("{:?}", notes(&next)) };
    assert!(note.contains(&run_of(&ahead(6))) && note.contains("left out of account"), "{note}");
    assert_eq!(nights.manifest(&november(7))["previous"]["run"], run_of(&ahead(6)), "the chain has it");
    let last = night(&nights, 8, &november(8), "keep_days = 3").await.bundle();
    assert!(notes(&last).is_empty(), "{:?}", notes(&last));
    let left = runs(&[november(5), november(7), november(8), ahead(6)]);
    assert_eq!(nights.runs(), left, "by its own time it is of 6 November");
    night(&nights, 10, &november(10), "keep_days = 3").await.result.unwrap();
    assert_eq!(nights.runs(), runs(&[november(7), november(8), november(10)]));
    assert!(nights.verify().is_sound(), "{:?}", nights.amiss());
}

#[tokio::test]
async fn one_that_is_behind_is_off_too_and_five_minutes_are_nothing() {
    for (seconds, is_off) in [(300, false), (-300, false), (301, true), (-301, true)] {
        let nights = Nights::new();
        let simulator = telling(&november(1)).await;
        let shown = (moment(&november(1)) + TimeDelta::seconds(seconds)).to_rfc3339();
        let outcome = run_at(&nights.setup(&simulator), &shown).await;
        let json = outcome.bundle().json;
        assert_eq!((&json["clock_off"], outcome.code()), (&json!(is_off), 0), "{seconds}");
        let noted = if is_off { seconds } else { 0 };
        assert_eq!(json["run"]["clock_ahead_seconds"], noted, "{seconds}");
        let side = if seconds < 0 { "5 minutes behind" } else { "5 minutes ahead of" };
        assert_eq!(summary(&outcome).contains(side), is_off, "{seconds}: {}", summary(&outcome));
    }
}

/// The offset that is noted where each answer to a request tells what `date` says of it, and 40 days later another.
async fn noted(tell: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static) -> Value {
    let nights = Nights::new();
    let simulator = serve_with(two_secrets(), tell).await;
    let json = run_at(&nights.setup(&simulator), &ahead(1)).await.bundle().json;
    assert!(json["complete"].as_bool().unwrap());
    json["run"].get("clock_ahead_seconds").cloned().unwrap_or_default()
}

#[tokio::test]
async fn the_median_of_answers_that_come_from_no_cache_tells() {
    let (right, wrong) = (header(moment(&ahead(1))), header(moment(&november(1))));
    let told = {
        let (right, wrong) = (right.clone(), wrong.clone());
        // The list of secrets alone comes from a gateway whose clock is off.
        noted(move |request, reply| {
            reply.with_header("date", if request.path == SECRETS { &wrong } else { &right })
        })
    };
    assert_eq!(told.await, 0, "most tell that it agrees");
    let from_a_cache = wrong.clone();
    let cached = noted(move |_, reply| reply.with_header("date", &from_a_cache).with_header("age", "60"));
    assert_eq!(cached.await, Value::Null, "of what a cache kept nothing can be told");
    let mixed = noted(move |request, reply| match request.path == SECRETS {
        true => reply.with_header("date", &right),
        false => reply.with_header("date", &wrong).with_header("age", "0"),
    });
    assert_eq!(mixed.await, 0);
    assert_eq!(noted(|_, reply| reply.with_header("date", "yesterday")).await, Value::Null);
}

#[tokio::test]
async fn where_no_answer_tells_its_time_that_is_said_and_nothing_else_is_different() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator).section("[report]\nkeep_days = 30");
    run_at(&setup, &november(1)).await.result.unwrap();
    let outcome = run_at(&setup, &ahead(6)).await;
    let json = outcome.bundle().json;
    assert_eq!((&json["clock_off"], json["run"].get("clock_ahead_seconds")), (&json!(false), None));
    assert!(markdown(&outcome).contains("| Clock | not checked: no answer of the API told its time |"));
    assert!(!summary(&outcome).contains("clock"), "{}", summary(&outcome));
    run_at(&setup, &ahead(7)).await.result.unwrap();
    assert_eq!(nights.runs(), runs(&[ahead(6), ahead(7)]), "retention goes by what there is");
    let other = Nights::new();
    let agrees = night(&other, 1, &november(1), "").await;
    assert!(markdown(&agrees).contains("| Clock | agrees with the API's |"));
}

#[tokio::test]
async fn grace_and_waivers_go_by_the_time_of_the_api() {
    let nights = Nights::new();
    let policy = "[policy]\nunused_after_days = 30\nfail_on = [\"unused\", \"expired-waiver\"]\n\
                  [[waiver]]\nsecret_id = \"sec_used\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2026-11-30";
    for (day, shown) in [(1, november(1)), (2, ahead(2))] {
        let simulator = telling(&november(day)).await;
        let outcome = run_at(&nights.setup(&simulator).section(policy), &shown).await;
        assert_eq!(outcome.code(), 0, "{shown}");
        let bundle = outcome.bundle();
        assert_eq!(bundle.json["waivers"][0]["state"], "expires_soon", "{shown}");
        assert_eq!(bundle.secret("sec_stale")["unused_days"], (day - 1).to_string());
        let metrics = fs_err::read_to_string(directory(&outcome).join("metrics.prom")).unwrap();
        let began = moment(&november(day)).timestamp();
        assert!(metrics.contains(&format!("_last_success_timestamp_seconds {began}\n")), "{metrics}");
        let age = (day - 1) * 86_400;
        assert!(metrics.contains(&format!("oldest_unused_age_seconds{{workspace=\"main\"}} {age}\n")));
    }
}

#[tokio::test]
async fn the_newest_complete_one_stays_also_beside_one_from_the_future() {
    for is_marked in [true, false] {
        let nights = Nights::new();
        let keep = "keep = 1";
        let whole = serve(two_secrets()).await;
        let whole = nights.setup(&whole).section("[report]\nkeep = 3");
        run_at(&whole, &november(1)).await.result.unwrap();
        if is_marked {
            night(&nights, 2, &ahead(2), keep).await.result.unwrap();
        } else {
            run_at(&whole, &ahead(2)).await.result.unwrap();
        }
        run_at(&whole, &november(3)).await.result.unwrap();
        assert_eq!(nights.runs().len(), 3);
        let failing = serve_without_settings().await;
        let failing = nights.setup(&failing).section("[report]\nkeep = 1");
        let outcome = run_at(&failing, &november(4)).await;
        assert_eq!(outcome.code(), 3);
        assert_eq!(nights.runs(), runs(&[november(3), november(4)]), "marked: {is_marked}");
        assert!(nights.verify().is_sound(), "{:?}", nights.amiss());
        // Over what was removed, the order is known all the same.
        assert_eq!(run_at(&failing, &november(5)).await.code(), 3);
        assert_eq!(nights.runs(), runs(&[november(3), november(4), november(5)]), "marked: {is_marked}");
        assert!(nights.verify().is_sound(), "{:?}", nights.amiss());
    }
}

#[tokio::test]
async fn so_many_bundles_are_kept_besides_those_of_a_clock_that_was_off() {
    let nights = Nights::new();
    for (day, shown) in
        [(1, november(1)), (2, november(2)), (3, ahead(3)), (4, november(4)), (5, november(5))]
    {
        night(&nights, day, &shown, "keep = 3").await.result.unwrap();
    }
    let left = [november(2), november(4), november(5), ahead(3)];
    assert_eq!(nights.runs(), runs(&left), "it takes no other's place");
    night(&nights, 6, &november(6), "keep = 3").await.result.unwrap();
    assert_eq!(
        nights.runs(),
        runs(&[november(4), november(5), november(6)]),
        "and goes with those before it"
    );
    assert!(nights.verify().is_sound(), "{:?}", nights.amiss());
}

#[tokio::test]
async fn what_was_removed_is_remembered_although_the_clock_is_years_ahead_for_a_night() {
    let nights = Nights::new();
    for day in 1..=3 {
        night(&nights, day, &november(day), "keep = 1").await.result.unwrap();
    }
    night(&nights, 4, "2036-11-04T02:00:00Z", "keep = 1").await.result.unwrap();
    assert!(nights.verify().is_sound(), "{:?}", nights.amiss());
    let bundle = night(&nights, 5, &november(5), "keep = 1").await.bundle();
    assert!(nights.verify().is_sound(), "{:?}", nights.amiss());
    assert_eq!(bundle.json["history"]["nights"].as_array().unwrap().len(), 4);
    night(&nights, 6, &november(6), "keep = 1").await.result.unwrap();
    let pruned = nights.manifest(&november(6))["pruned"].clone();
    let pruned: Vec<&Value> = pruned.as_array().unwrap().iter().map(|one| &one["run"]).collect();
    assert_eq!(pruned.len(), 4, "{pruned:?}");
}

#[tokio::test]
async fn history_shows_it_on_the_date_of_the_api_and_counts_it_for_no_night() {
    let nights = Nights::new();
    for (day, shown) in [(1, november(1)), (2, ahead(2)), (3, november(3))] {
        night(&nights, day, &shown, "keep = 5").await.result.unwrap();
    }
    let today: NaiveDate = "2026-11-03".parse().unwrap();
    let days = timeline(&nights.out(), None, None, today, chrono_tz::UTC).unwrap().days;
    let statuses: Vec<DayStatus> = days.iter().map(|day| day.status).collect();
    assert_eq!(statuses, [DayStatus::Complete, DayStatus::Missed, DayStatus::Complete], "{days:?}");
    assert_eq!(days[1].place, Place::ClockOff(nights.bundle(&ahead(2))));
    let said = nights.ask(&["history", "--from", "2026-11-02", "--to", "2026-11-02"]);
    assert!(text(&said.stdout).contains("(its clock was off)"), "{}", text(&said.stdout));
    // Another on that date, by the right clock, is the night.
    let later = "2026-11-02T09:00:00Z";
    run_at(&nights.setup(&telling(later).await), later).await.result.unwrap();
    let days = timeline(&nights.out(), None, None, today, chrono_tz::UTC).unwrap().days;
    assert_eq!((days[1].status, days[1].further), (DayStatus::Complete, 1));
    // Removed, it is still none.
    for day in 4..=7 {
        night(&nights, day, &november(day), "keep = 2").await.result.unwrap();
    }
    let days = timeline(&nights.out(), None, None, today, chrono_tz::UTC).unwrap().days;
    assert_eq!((days.len(), days[1].status, days[1].further), (7, DayStatus::Complete, 1), "{days:?}");
}

#[tokio::test]
async fn of_a_date_the_one_that_was_published_last_is_shown_whatever_its_name() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    for begins in ["2026-11-01T05:00:00Z", "2026-11-01T02:00:00Z"] {
        run_at(&setup, begins).await.result.unwrap();
    }
    let days =
        timeline(&nights.out(), None, None, "2026-11-01".parse().unwrap(), chrono_tz::UTC).unwrap().days;
    assert_eq!(days[0].place, Place::At(nights.bundle("2026-11-01T02:00:00Z")));
}

#[tokio::test]
async fn the_last_bundle_and_the_last_success_are_those_of_a_clock_that_was_right() {
    let nights = Nights::new();
    night(&nights, 1, &november(1), "").await.result.unwrap();
    night(&nights, 2, &ahead(2), "").await.result.unwrap();
    let simulator = telling(&november(3)).await;
    let config = nights.setup(&simulator).resolve().unwrap();
    let context = context(Clock { now, random: || 0.0 });
    let checkup = check_up(&config, &context, &Progress::default(), &Interrupt::default()).await;
    let last = checkup.machine.lines.iter().find(|line| line.what == "last bundle").unwrap();
    assert!(last.detail.starts_with(&run_of(&november(1))), "{last:?}");

    let refusing = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    let file = nights.home().join("metrics.prom");
    let setup = nights.setup(&refusing).section(&format!("[report]\nmetrics_file = {file:?}"));
    assert_eq!(run_at(&setup, &november(3)).await.code(), 4);
    let metrics = fs_err::read_to_string(file).unwrap();
    for name in ["last_success", "last_complete"] {
        let line = format!("_{name}_timestamp_seconds {}\n", moment(&november(1)).timestamp());
        assert!(metrics.contains(&line), "{metrics}");
    }
}

#[tokio::test]
async fn the_log_warns_of_it() {
    let date = header(Utc::now() - TimeDelta::days(40));
    let simulator = serve_with(two_secrets(), move |_, reply| reply.with_header("date", &date)).await;
    let output = finish(Setup::of(&simulator).audit()).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let warns = |line: &str| line.contains(" WARN ") && line.contains("40 days ahead of the API's");
    assert!(text(&output.stderr).lines().any(warns), "{}", text(&output.stderr));

    let silent = serve(two_secrets()).await;
    let output = finish(Setup::of(&silent).audit()).await;
    assert!(text(&output.stderr).contains("clock not checked"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn a_date_after_which_to_ask_again_is_read_by_the_time_of_its_answer() {
    let nights = Nights::new();
    let theirs = header(moment(&ahead(1)));
    let simulator = serve_with(vec![Secret::new("sec", "key").with_tools(1)], move |request, reply| {
        match request.path == SECRETS && request.number == 1 {
            true => Reply::error(503, "api_error", "system_busy", "Not now.")
                .with_header("date", &theirs)
                .with_header("retry-after", &theirs),
            false => reply,
        }
    })
    .await;
    // By this machine's clock that would be in 40 days, for which nobody waits.
    let outcome = run_at(&nights.setup(&simulator), &november(1)).await;
    assert_eq!(outcome.code(), 0, "{outcome:?}");
    assert!(asked(&simulator, SECRETS) >= 2);
}

#[tokio::test]
async fn a_population_is_compared_with_the_last_one_by_a_clock_that_was_right() {
    let nights = Nights::new();
    let many: Vec<Secret> =
        (0..10).map(|number| Secret::new(&format!("sec_{number}"), "key").with_tools(1)).collect();
    let few = many[..3].to_vec();
    let told = |secrets: Vec<Secret>, day: u32| {
        let date = header(moment(&november(day)));
        serve_with(secrets, move |_, reply| reply.with_header("date", &date))
    };
    let night = async |secrets: &[Secret], day: u32, shown: &str| {
        run_at(&nights.setup(&told(secrets.to_vec(), day).await), shown).await.code()
    };
    assert_eq!(night(&many, 1, &november(1)).await, 0);
    assert_eq!(night(&few, 2, &ahead(2)).await, 3);
    assert_eq!(night(&few, 3, &november(3)).await, 3, "still compared with the ten");
    assert_eq!(night(&few, 4, &november(4)).await, 0, "a wanted clean-up is told once");
}

#[tokio::test]
async fn a_report_that_names_an_impossible_offset_is_made_again_all_the_same() {
    let nights = Nights::new();
    night(&nights, 1, &ahead(1), "").await.result.unwrap();
    let bundle = nights.bundle(&ahead(1));
    let path = bundle.join("report.json");
    let report = fs_err::read_to_string(&path).unwrap();
    let impossible = (i64::MAX / 1_000).to_string();
    fs_err::write(
        &path,
        report.replace("\"clock_ahead_seconds\": 3456000", &format!("\"clock_ahead_seconds\": {impossible}")),
    )
    .unwrap();
    assert!(fs_err::read_to_string(&path).unwrap().contains(&impossible));
    edit_manifest(&bundle, |manifest| manifest["clock_ahead_seconds"] = json!(i64::MAX / 1_000));
    let out = nights.home().join("again");
    let output = nights.ask(&["history"]);
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let made = render(&bundle, &out, Format::ALL, Bound::default());
    assert!(made.is_ok(), "{made:?}");
}
