//! On which dates the audit ran.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};

use super::{ReviewError, bundles_in};
use crate::{
    bundle::{Bundle, Manifest, TotalsEntry},
    text::{count, show_hidden},
};

/// Every date from one to another, and whether the audit ran.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// The dates, oldest first.
    pub days: Vec<Day>,
}

/// One UTC date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Day {
    /// Which.
    pub date: NaiveDate,
    /// Whether the audit ran.
    pub status: DayStatus,
    /// The totals of the bundle, where they are known.
    pub totals: Option<TotalsEntry>,
    /// Where the bundle of the date is: the last one that is complete, or the last one.
    pub place: Place,
    /// How many further bundles the date has.
    pub further: usize,
}

/// Whether the audit ran on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayStatus {
    /// It did, and everything was read whole.
    Ran,
    /// It did, and something was not read whole.
    Incomplete,
    /// Nothing tells of all secrets on that date.
    Missed,
}

impl DayStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ran => "ran",
            Self::Incomplete => "incomplete",
            Self::Missed => "missed",
        }
    }
}

/// Where the bundle of a date is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// There.
    At(PathBuf),
    /// It was there, and was removed on purpose.
    Pruned(String),
    /// There is one, but its manifest can't be read.
    Unreadable(PathBuf),
    /// There is one, but of some secrets only.
    Narrowed(PathBuf),
    /// There is none.
    None,
}

/// One bundle as far as it matters here, the better the greater.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quality {
    Unreadable,
    Narrowed,
    Incomplete,
    Complete,
}

struct Found {
    quality: Quality,
    /// Whether it can be opened, and when it began: of equally good ones the last that can is shown.
    rank: (bool, DateTime<Utc>),
    totals: Option<TotalsEntry>,
    place: Place,
}

/// Each UTC date from `from` (or that of the first bundle) to `to` (or `today`).
///
/// # Errors
/// Where there are no bundles, the directory can't be read, or the dates end before they begin.
pub fn timeline(
    output: &Path,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    today: NaiveDate,
) -> Result<Timeline, ReviewError> {
    let bundles = bundles_in(output)?;
    let mut by_date: BTreeMap<NaiveDate, Vec<Found>> = BTreeMap::new();
    for bundle in &bundles {
        let manifest = bundle.manifest();
        for pruned in manifest.iter().flat_map(|manifest| &manifest.pruned) {
            let Some(gone) = Bundle::named(output, &pruned.run).filter(|gone| !bundles.contains(gone)) else {
                continue;
            };
            let found = by_date.entry(gone.started_at.date_naive()).or_default();
            let place = Place::Pruned(gone.run);
            if found.iter().all(|one| one.place != place) {
                let quality = quality(!pruned.filtered, pruned.complete);
                let rank = (false, gone.started_at);
                found.push(Found { quality, rank, totals: pruned.totals, place });
            }
        }
        let found = match manifest {
            Ok(manifest) => of_manifest(bundle, &manifest),
            Err(_) => Found {
                quality: Quality::Unreadable,
                rank: (true, bundle.started_at),
                totals: None,
                place: Place::Unreadable(bundle.path.clone()),
            },
        };
        by_date.entry(bundle.started_at.date_naive()).or_default().push(found);
    }
    // A date that has not come yet is not missed; a bundle of whoever's clock was ahead is shown all the same.
    let known = by_date.keys().next_back().map_or(today, |newest| today.max(*newest));
    let last = to.map_or(known, |to| to.min(known));
    if let Some(from) = from.filter(|from| *from > last) {
        return Err(ReviewError::Span { from, to: last });
    }
    let first = from.or_else(|| by_date.keys().next().copied()).unwrap_or(today);
    let days = first.iter_days().take_while(|date| *date <= last);
    Ok(Timeline { days: days.map(|date| day(date, by_date.remove(&date).unwrap_or_default())).collect() })
}

fn of_manifest(bundle: &Bundle, manifest: &Manifest) -> Found {
    let path = bundle.path.clone();
    let quality = quality(manifest.is_full(), manifest.complete);
    let place = if manifest.is_full() { Place::At(path) } else { Place::Narrowed(path) };
    Found { quality, rank: (true, bundle.started_at), totals: manifest.totals, place }
}

fn quality(is_full: bool, is_complete: bool) -> Quality {
    match (is_full, is_complete) {
        (false, _) => Quality::Narrowed,
        (true, false) => Quality::Incomplete,
        (true, true) => Quality::Complete,
    }
}

fn day(date: NaiveDate, found: Vec<Found>) -> Day {
    let further = found.len().saturating_sub(1);
    let Some(best) = found.into_iter().max_by(|a, b| (&a.quality, a.rank).cmp(&(&b.quality, b.rank))) else {
        return Day { date, status: DayStatus::Missed, totals: None, place: Place::None, further: 0 };
    };
    let status = match best.quality {
        Quality::Complete => DayStatus::Ran,
        Quality::Incomplete => DayStatus::Incomplete,
        // The night's audit is of all secrets, and can be shown.
        Quality::Narrowed | Quality::Unreadable => DayStatus::Missed,
    };
    Day { date, status, totals: best.totals, place: best.place, further }
}

const COLUMNS: [&str; 9] = [
    "date",
    "status",
    "secrets",
    "in_use",
    "unused",
    "undetermined",
    "dependents",
    "bundle",
    "further_bundles",
];

impl Day {
    fn cells(&self) -> [String; COLUMNS.len()] {
        let number = |of: fn(&TotalsEntry) -> usize| {
            self.totals.as_ref().map(|totals| of(totals).to_string()).unwrap_or_default()
        };
        let shown = |path: &Path| show_hidden(&path.display().to_string(), &[]).into_owned();
        let place = match &self.place {
            Place::At(path) => shown(path),
            Place::Pruned(run) => format!("{run} (pruned)"),
            Place::Unreadable(path) => format!("{} (manifest.json cannot be read)", shown(path)),
            Place::Narrowed(path) => format!("{} (only some secrets: --search)", shown(path)),
            Place::None => String::new(),
        };
        [
            self.date.to_string(),
            self.status.as_str().to_owned(),
            number(|totals| totals.secrets),
            number(|totals| totals.in_use),
            number(|totals| totals.unused),
            number(|totals| totals.undetermined),
            number(|totals| totals.dependents),
            place,
            self.further.to_string(),
        ]
    }
}

impl Timeline {
    /// Writes it for people.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write_table(&self, mut out: impl Write) -> io::Result<()> {
        writeln!(
            out,
            "{:10}  {:10}  {:>7}  {:>7}  {:>7}  {:>12}  {:>10}  bundle",
            "date", "status", "secrets", "in use", "unused", "undetermined", "dependents"
        )?;
        for day in &self.days {
            let [date, status, secrets, in_use, unused, undetermined, dependents, place, _] = day.cells();
            let place = match day.further {
                0 => place,
                further => format!("{place} (and {further} more)"),
            };
            let line = format!(
                "{date:10}  {status:10}  {secrets:>7}  {in_use:>7}  {unused:>7}  {undetermined:>12}  {dependents:>10}  {place}"
            );
            writeln!(out, "{}", line.trim_end())?;
        }
        let of = |status| self.days.iter().filter(|day| day.status == status).count();
        writeln!(
            out,
            "\n{} (UTC): {} ran, {} incomplete, {} missed",
            count(self.days.len(), "date", "dates"),
            of(DayStatus::Ran),
            of(DayStatus::Incomplete),
            of(DayStatus::Missed)
        )?;
        out.flush()
    }

    /// Writes it for sheets and programs.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write_csv(&self, out: impl Write) -> io::Result<()> {
        let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
        writer.write_record(COLUMNS)?;
        for day in &self.days {
            writer.write_record(day.cells())?;
        }
        writer.flush()
    }
}
