//! Simulated months: what every night's bundle knows of the nights before it, against what was true on them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};
use simulator::{Secret, Simulator, World};

use crate::{
    nights::{Nights, notes, record, run_at},
    places::speech_engine,
    support::{Setup, now},
};

const WORKSPACES: [&str; 2] = ["alpha", "beta"];
const DATES: i64 = 480;
/// The issue's: for how long a secret that is gone, and a night's totals, are remembered.
const KEPT: i64 = 400;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Truth {
    /// A tool holds it, and the API says so with the secret.
    InATool,
    /// A speech engine holds it, and nothing else says so.
    InAnEngine,
    /// Nothing holds it.
    Orphaned,
    NotThere,
}

/// A run that is due.
struct Due {
    at: DateTime<Utc>,
    search: &'static str,
    /// The workspaces whose key is refused.
    refused: Vec<&'static str>,
    /// The workspaces whose speech engines can't be read.
    unread: Vec<&'static str>,
}

/// What the listed secrets of a workspace are called in a report: name and verdict by id.
type Reading = BTreeMap<String, (String, &'static str)>;

/// What a run that published had to say.
struct Told {
    at: DateTime<Utc>,
    run: String,
    is_complete: bool,
    /// None of one that was refused.
    readings: BTreeMap<&'static str, Reading>,
    /// What the series of nights is to say of it.
    night: Value,
}

/// Any number, the same in every run.
fn mixed(seeds: [i64; 3]) -> i64 {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    for seed in seeds {
        state = (state ^ seed.unsigned_abs()).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 29;
    }
    (state >> 20) as i64
}

fn truth_of(workspace: i64, secret: i64, date: i64) -> Truth {
    let days_in_a_state = 4 + mixed([workspace, secret, -1]) % 45;
    match mixed([workspace, secret, date / days_in_a_state]) % 9 {
        0..=2 => Truth::InATool,
        3 => Truth::InAnEngine,
        4..=6 => Truth::Orphaned,
        _ => Truth::NotThere,
    }
}

/// The secrets of a workspace on a date: id, name and what is true of each.
fn secrets_on(workspace: i64, date: i64) -> Vec<(String, String, Truth)> {
    let mut secrets: Vec<(String, String, Truth)> = (0..6)
        .map(|number| {
            let kind = if number % 2 == 0 { "live" } else { "test" };
            // Every third gets another name now and then.
            let version = if number % 3 == 0 { date / 90 } else { 0 };
            let name = format!("{kind}-{number}-v{version}");
            (format!("{}_{number}", WORKSPACES[workspace as usize]), name, truth_of(workspace, number, date))
        })
        .collect();
    if workspace == 0 {
        let only = |is_there: bool, truth: Truth| if is_there { truth } else { Truth::NotThere };
        let scripted = [
            ("gone", only(date < 12, Truth::Orphaned)),
            ("back_in_time", only(!(60..300).contains(&date), Truth::Orphaned)),
            ("back_too_late", only(!(8..450).contains(&date), Truth::Orphaned)),
            ("always", Truth::InATool),
            ("never", Truth::Orphaned),
        ];
        for (id, truth) in scripted {
            secrets.push((id.to_owned(), format!("live-{id}"), truth));
        }
    }
    secrets.retain(|(_, _, truth)| *truth != Truth::NotThere);
    secrets
}

fn world_on(workspace: i64, date: i64) -> World {
    let secrets = secrets_on(workspace, date);
    let mut world = World::empty();
    for (id, name, truth) in secrets {
        let secret = Secret::new(&id, &name);
        world.secrets.push(if truth == Truth::InATool { secret.with_tools(1) } else { secret });
        if truth == Truth::InAnEngine {
            let engine = format!("engine_{id}");
            world.speech_engines.push(speech_engine(&engine, &engine, &id));
        }
    }
    world
}

/// The runs of a date; none on many.
fn due_on(date: i64) -> Vec<Due> {
    if date % 19 == 5 || (200..215).contains(&date) {
        return Vec::new();
    }
    let mut refused = Vec::new();
    if date % 13 == 4 || (250..=290).contains(&date) {
        refused.push("beta");
    }
    if date == 77 {
        refused = WORKSPACES.to_vec();
    }
    let unread = if matches!(date % 9, 2 | 3) { vec!["beta"] } else { Vec::new() };
    let search = if matches!(date, 121 | 333) { "live-" } else { "" };
    let first = Due { at: night(date), search, refused, unread };
    match date % 23 {
        // A second run on the date, complete or not, at its last second or not.
        6 => vec![first, on_demand(date, 21, Vec::new())],
        7 => vec![first, on_demand(date, 3, vec!["alpha", "beta"])],
        _ => vec![first],
    }
}

fn on_demand(date: i64, hours_later: i64, unread: Vec<&'static str>) -> Due {
    let at = night(date) + TimeDelta::hours(hours_later) + TimeDelta::minutes(59) + TimeDelta::seconds(59);
    Due { at, search: "", refused: Vec::new(), unread }
}

/// What a run has to say, by what is true.
fn to_be_told(due: &Due, date: i64, run: &str) -> Told {
    let mut readings: BTreeMap<&str, Reading> = BTreeMap::new();
    for (number, workspace) in (0..).zip(WORKSPACES) {
        if due.refused.contains(&workspace) {
            continue;
        }
        let reading =
            secrets_on(number, date).into_iter().filter(|(_, name, _)| name.starts_with(due.search));
        let verdict = |truth| match truth {
            Truth::InATool => "in_use",
            _ if due.unread.contains(&workspace) => "undetermined",
            Truth::InAnEngine => "in_use",
            Truth::Orphaned | Truth::NotThere => "unused",
        };
        readings.insert(workspace, reading.map(|(id, name, truth)| (id, (name, verdict(truth)))).collect());
    }
    let is_complete = due.refused.is_empty() && due.unread.is_empty();
    let night = night_of(due, run, is_complete, &readings);
    Told { at: due.at, run: run.to_owned(), is_complete, readings, night }
}

fn days(from: DateTime<Utc>, to: DateTime<Utc>) -> i64 {
    (to.date_naive() - from.date_naive()).num_days()
}

/// The hour of every night.
fn night(date: i64) -> DateTime<Utc> {
    now() + TimeDelta::days(date)
}

fn moment(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// What is to be known of a secret after these runs; nothing where it was never seen, or not for too long.
fn known_of(runs: &[&Told], workspace: &str, id: &str) -> Option<Value> {
    let mut seen: Vec<(DateTime<Utc>, &str, &str)> = Vec::new();
    for told in runs {
        let Some(reading) = told.readings.get(workspace) else { continue };
        match reading.get(id) {
            Some((name, verdict)) => seen.push((told.at, name, verdict)),
            None if seen.last().is_some_and(|last| days(last.0, told.at) > KEPT) => seen.clear(),
            None => {}
        }
    }
    let ((first_seen, ..), (last_seen, name, _)) = (*seen.first()?, *seen.last()?);
    let decided: Vec<_> = seen.iter().filter(|one| one.2 != "undetermined").collect();
    let last_in_use = decided.iter().rev().find(|one| one.2 == "in_use").map(|one| one.0);
    let spell = decided.iter().find(|one| last_in_use.is_none_or(|last| one.0 > last)).map(|one| one.0);
    let dates: BTreeSet<_> = decided.iter().map(|one| one.0.date_naive()).collect();
    let mut known = json!({
        "secret_id": id,
        "name": name,
        "first_seen": moment(first_seen),
        "last_seen": moment(last_seen),
        "nights_observed": dates.len(),
    });
    for (field, at) in [
        ("last_observed", decided.last().map(|one| one.0)),
        ("last_in_use", last_in_use),
        ("unused_since", spell),
    ] {
        if let Some(at) = at {
            known[field] = json!(moment(at));
        }
    }
    Some(known)
}

/// All that is to be known of a workspace after these runs.
fn ledger_of(runs: &[&Told], full: &[&Told], workspace: &str) -> Option<Value> {
    let readings: Vec<&Reading> = runs.iter().filter_map(|told| told.readings.get(workspace)).collect();
    let ids: BTreeSet<&String> = readings.iter().flat_map(|reading| reading.keys()).collect();
    let secrets: Vec<Value> = ids.into_iter().filter_map(|id| known_of(runs, workspace, id)).collect();
    let listed = full.iter().rev().find_map(|told| told.readings.get(workspace))?.len();
    Some(json!({"name": workspace, "secrets_listed": listed, "secrets": secrets}))
}

/// The series of nights after these runs of all secrets: one for each date, of the last complete run if there was one.
fn nights_of<'t>(full: &[&'t Told]) -> Vec<&'t Value> {
    let mut by_date: BTreeMap<_, Vec<&'t Told>> = BTreeMap::new();
    for told in full {
        by_date.entry(told.at.date_naive()).or_default().push(told);
    }
    let newest = by_date.keys().next_back().copied().unwrap_or_default();
    by_date
        .into_iter()
        .filter(|(date, _)| (newest - *date).num_days() < KEPT)
        .map(|(_, on_it)| {
            let complete = on_it.iter().rev().find(|told| told.is_complete);
            let told = complete.or(on_it.last()).unwrap();
            &told.night
        })
        .collect()
}

/// What the series of nights is to say of a run.
fn night_of(due: &Due, run: &str, is_complete: bool, readings: &BTreeMap<&str, Reading>) -> Value {
    let totals = readings.iter().map(|(name, reading)| {
        let of = |wanted: &str| reading.values().filter(|(_, verdict)| *verdict == wanted).count();
        json!({"name": name, "complete": !due.unread.contains(name), "totals": {
            "secrets": reading.len(),
            "in_use": of("in_use"),
            "unused": of("unused"),
            "undetermined": of("undetermined"),
            // Of each that is in use there is one.
            "dependents": of("in_use"),
        }})
    });
    let totals: Vec<Value> = totals.collect();
    json!({"run": run, "started_at": moment(due.at), "complete": is_complete, "workspaces": totals})
}

fn named(told: Option<&&Told>) -> Value {
    told.map_or(Value::Null, |told| json!({"run": told.run, "started_at": moment(told.at)}))
}

/// Each workspace behind a server of its own, as it is on that date, where this run is to publish.
async fn stage(nights: &Nights, due: &Due, date: i64) -> (Setup, Vec<Simulator>) {
    let mut simulators = Vec::new();
    for (number, workspace) in (0..).zip(WORKSPACES) {
        let mut world = world_on(number, date);
        if due.refused.contains(&workspace) {
            world.api_key = "sk_another_key".to_owned();
        }
        if due.unread.contains(&workspace) {
            world.missing_permissions.insert("/v1/speech-engine".to_owned());
        }
        simulators.push(Simulator::start(world).await.unwrap());
    }
    let workspaces: Vec<_> = WORKSPACES.into_iter().zip(&simulators).collect();
    let mut setup = nights.over(&workspaces).section("[report]\nformats = [\"csv\"]");
    setup.arguments.search = Some(due.search.to_owned());
    (setup, simulators)
}

#[tokio::test]
async fn every_night_of_many_months_knows_what_was_true_on_those_before_it() {
    let nights = Nights::new();
    let mut full: Vec<Told> = Vec::new();
    let (mut published, mut incomplete, mut oldest) = (0, 0, 0);
    for date in 0..DATES {
        for due in due_on(date) {
            let (setup, _simulators) = stage(&nights, &due, date).await;
            let outcome = run_at(&setup, &moment(due.at)).await;
            if due.refused.len() == WORKSPACES.len() {
                assert_eq!(outcome.code(), 4, "night {date}");
                continue;
            }
            let bundle = outcome.bundle();
            let run = bundle.json["run"]["id"].as_str().unwrap();
            let told = to_be_told(&due, date, run);
            assert_eq!(bundle.is_complete(), told.is_complete, "night {date}");
            published += 1;
            incomplete += usize::from(!told.is_complete);

            let before: Vec<&Told> = full.iter().collect();
            let with_this: Vec<&Told> = before.iter().copied().chain([&told]).collect();
            let counting = if due.search.is_empty() { &with_this } else { &before };
            let ledger: Vec<Value> =
                WORKSPACES.iter().filter_map(|name| ledger_of(&with_this, counting, name)).collect();
            let history = &bundle.json["history"];
            assert_eq!(history["workspaces"], Value::from(ledger), "night {date}");
            // What the ledger holds is right by now, so that the sheet may be held against it.
            let series: Vec<&Value> = history["nights"].as_array().unwrap().iter().collect();
            assert_eq!(series, nights_of(counting), "night {date}");
            let complete_before = before.iter().rev().find(|told| told.is_complete);
            assert_eq!(history["complete_before"], named(complete_before), "night {date}");
            assert_eq!(history["continues"], json!(before.last().map(|told| &told.run)), "night {date}");
            assert_eq!(notes(&bundle).len(), usize::from(before.is_empty()), "night {date}");

            let mut rows = bundle.secrets.iter();
            for (workspace, reading) in &told.readings {
                for (id, (name, verdict)) in by_name(reading) {
                    let row = rows.next().unwrap();
                    let identity =
                        [&row["workspace"], &row["secret_id"], &row["secret_name"], &row["verdict"]];
                    assert_eq!(identity, [*workspace, id, name, verdict], "night {date}");
                    let known = record(&bundle, workspace, id).unwrap();
                    let since = known["unused_since"].as_str().filter(|_| *verdict == "unused");
                    let unused_days = since.map(|since| days(since.parse().unwrap(), due.at));
                    assert_eq!(row["first_seen"], known["first_seen"], "night {date}, {id}");
                    assert_eq!(row["unused_since"], since.unwrap_or_default(), "night {date}, {id}");
                    let shown = unused_days.map(|days| days.to_string()).unwrap_or_default();
                    assert_eq!(row["unused_days"], shown, "night {date}, {id}");
                    oldest = oldest.max(unused_days.unwrap_or_default());
                }
            }
            assert!(rows.next().is_none(), "night {date}");

            // The landmarks, by hand.
            let known = |id: &str| record(&bundle, "alpha", id);
            assert_eq!(known("gone").is_some(), date <= 11 + KEPT, "night {date}");
            if date == DATES - 1 {
                let [back_in_time, back_too_late] =
                    ["back_in_time", "back_too_late"].map(|id| known(id).unwrap());
                assert_eq!(back_in_time["unused_since"], moment(night(0)));
                assert_eq!(back_too_late["unused_since"], moment(night(450)));
                assert_eq!(back_too_late["first_seen"], moment(night(450)));
            }
            if due.search.is_empty() {
                full.push(told);
            }
            remove_all_but(&nights, &needed(&full));
        }
    }
    // The schedule holds what it is for.
    assert!(full.len() > 400, "{}", full.len());
    assert_eq!(published, full.len() + 2, "two were narrowed");
    assert!(incomplete > 100 && incomplete * 2 < published, "{incomplete} of {published}");
    assert_eq!(oldest, DATES - 1, "one was unused all the time");
}

/// The runs that the next one builds on.
fn needed(full: &[Told]) -> Vec<&str> {
    let complete = full.iter().rev().find(|told| told.is_complete);
    full.last().into_iter().chain(complete).map(|told| told.run.as_str()).collect()
}

/// Many months of bundles would only take time.
fn remove_all_but(nights: &Nights, runs: &[&str]) {
    for run in nights.runs() {
        if !runs.contains(&run.as_str()) {
            fs_err::remove_dir_all(nights.out().join(run)).unwrap();
        }
    }
}

/// The secrets of a reading in the order of reports.
fn by_name(reading: &Reading) -> Vec<(&String, &(String, &'static str))> {
    let mut secrets: Vec<_> = reading.iter().collect();
    secrets.sort_by_key(|(id, (name, _))| (name.clone(), (*id).clone()));
    secrets
}
