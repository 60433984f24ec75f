//! On which dates the audit ran.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

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
    /// The time zone that they are dates of.
    pub zone: Tz,
}

/// One date.
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
    Complete,
    /// It did, and something was not read whole.
    Incomplete,
    /// Nothing tells of all secrets on that date.
    Missed,
    /// Neither, and the date is not over.
    NotYet,
    /// Neither, and the date is before that of the first bundle.
    NotBegun,
}

impl DayStatus {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "COMPLETE",
            Self::Incomplete => "INCOMPLETE",
            Self::Missed => "missed",
            Self::NotYet => "not yet",
            Self::NotBegun => "not begun",
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
    /// There is one, but the bundles before and after it, or today's date, show that its clock was off.
    ClockOff(PathBuf),
    /// There is none.
    None,
}

/// One bundle as far as it matters here, the better the greater.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Quality {
    ClockOff,
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

/// Each date of a time zone from `from` (or that of the first bundle) to `to` (or `today`).
///
/// # Errors
/// Where there are no bundles, the directory can't be read, or the dates end before they begin.
pub fn timeline(
    output: &Path,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    today: NaiveDate,
    zone: Tz,
) -> Result<Timeline, ReviewError> {
    let bundles = bundles_in(output)?;
    let manifests: Vec<io::Result<Manifest>> = bundles.iter().map(Bundle::manifest).collect();
    let date_of = |bundle: &Bundle| bundle.started_at.with_timezone(&zone).date_naive();
    let in_order = in_order(&bundles, &manifests);
    let mut by_date: BTreeMap<NaiveDate, Vec<Found>> = BTreeMap::new();
    for (bundle, manifest) in bundles.iter().zip(&manifests) {
        for pruned in manifest.iter().flat_map(|manifest| &manifest.pruned) {
            let Some(gone) = Bundle::named(output, &pruned.run).filter(|gone| !bundles.contains(gone)) else {
                continue;
            };
            let found = by_date.entry(date_of(&gone)).or_default();
            let place = Place::Pruned(gone.run);
            if found.iter().all(|one| one.place != place) {
                let quality = quality(!pruned.filtered, pruned.complete);
                let rank = (false, gone.started_at);
                found.push(Found { quality, rank, totals: pruned.totals, place });
            }
        }
        let found = match manifest {
            _ if date_of(bundle) > today || !in_order.contains(bundle.run.as_str()) => Found {
                quality: Quality::ClockOff,
                rank: (true, bundle.started_at),
                totals: None,
                place: Place::ClockOff(bundle.path.clone()),
            },
            Ok(manifest) => of_manifest(bundle, manifest),
            Err(_) => Found {
                quality: Quality::Unreadable,
                rank: (true, bundle.started_at),
                totals: None,
                place: Place::Unreadable(bundle.path.clone()),
            },
        };
        by_date.entry(date_of(bundle)).or_default().push(found);
    }
    let tells = |found: &Vec<Found>| found.iter().any(|one| one.quality > Quality::ClockOff);
    let begun = by_date.iter().find(|(_, found)| tells(found)).map_or(today, |(date, _)| *date);
    let (first, last) = (from.unwrap_or(begun), to.map_or(today, |to| to.min(today)));
    let mut dates: BTreeSet<NaiveDate> = first.iter_days().take_while(|date| *date <= last).collect();
    // A date beyond these is there only where a bundle bears it.
    let is_asked_for =
        |date: &NaiveDate| from.is_none_or(|from| *date >= from) && to.is_none_or(|to| *date <= to);
    dates.extend(by_date.keys().copied().filter(is_asked_for));
    if dates.is_empty() && from.is_some() {
        return Err(ReviewError::Span { from: first, to: last });
    }
    let days = dates.into_iter().map(|date| {
        let without = match date {
            _ if date >= today => DayStatus::NotYet,
            _ if date < begun => DayStatus::NotBegun,
            _ => DayStatus::Missed,
        };
        day(date, by_date.remove(&date).unwrap_or_default(), without)
    });
    Ok(Timeline { days: days.collect(), zone })
}

/// The runs that began in the order in which they were published, as the chain tells it: as many as can be, so that one
/// whose clock was ahead or behind is the one that is left out, and not those before or after it.
fn in_order<'b>(bundles: &'b [Bundle], manifests: &[io::Result<Manifest>]) -> BTreeSet<&'b str> {
    let position: BTreeMap<&str, usize> = bundles.iter().map(|one| one.run.as_str()).zip(0..).collect();
    let previous = |at: usize| {
        let link = manifests[at].as_ref().ok()?.previous.as_ref()?;
        position.get(link.run.as_str()).copied()
    };
    let next: BTreeMap<usize, usize> =
        (0..bundles.len()).filter_map(|at| Some((previous(at)?, at))).collect();
    let mut published = Vec::new();
    let mut is_placed = vec![false; bundles.len()];
    // Where the chain is broken, it goes on with the oldest that is left. In forged manifests it may lead round.
    let heads = (0..bundles.len()).filter(|at| previous(*at).is_none());
    for head in heads.chain(0..bundles.len()) {
        let mut following = Some(head);
        while let Some(at) = following.filter(|at| !is_placed[*at]) {
            is_placed[at] = true;
            published.push(at);
            following = next.get(&at).copied();
        }
    }
    // The longest rising sequence: of each length the one with the earliest end, and of each run the one before it.
    let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), vec![None; bundles.len()]);
    for at in published {
        let length = ends.partition_point(|end: &usize| bundles[*end].started_at <= bundles[at].started_at);
        before[at] = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let mut last = ends.last().copied();
    std::iter::from_fn(|| {
        let at = last?;
        last = before[at];
        Some(bundles[at].run.as_str())
    })
    .collect()
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

fn day(date: NaiveDate, found: Vec<Found>, without: DayStatus) -> Day {
    let further = found.len().saturating_sub(1);
    let Some(best) = found.into_iter().max_by(|a, b| (&a.quality, a.rank).cmp(&(&b.quality, b.rank))) else {
        return Day { date, status: without, totals: None, place: Place::None, further: 0 };
    };
    let status = match best.quality {
        Quality::Complete => DayStatus::Complete,
        Quality::Incomplete => DayStatus::Incomplete,
        // The night's audit is of all secrets, and can be shown.
        Quality::Narrowed | Quality::Unreadable | Quality::ClockOff => without,
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
            // What was not read whole may be zero for that reason alone.
            let is_told = |number: &usize| *number > 0 || self.status != DayStatus::Incomplete;
            let number = self.totals.as_ref().map(of).filter(is_told);
            number.map(|number| number.to_string()).unwrap_or_default()
        };
        let shown = |path: &Path| show_hidden(&path.display().to_string(), &[]).into_owned();
        let place = match &self.place {
            Place::At(path) => shown(path),
            Place::Pruned(run) => format!("{run} (pruned)"),
            Place::Unreadable(path) => format!("{} (manifest.json cannot be read)", shown(path)),
            Place::Narrowed(path) => format!("{} (only some secrets: --search)", shown(path)),
            Place::ClockOff(path) => format!("{} (its clock was off)", shown(path)),
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
            "\n{} ({}): {} COMPLETE, {} INCOMPLETE, {} missed",
            count(self.days.len(), "date", "dates"),
            self.zone,
            of(DayStatus::Complete),
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
