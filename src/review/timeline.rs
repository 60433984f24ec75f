//! On which dates the audit ran.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    io::{self, Write},
    path::{Path, PathBuf},
};

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;

use super::bundles::{ReviewError, in_order};
use crate::{
    bundle::{Bundle, Found as There, InOrder, Manifest, TotalsEntry, is_refused},
    table::{self, Column},
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
    /// How many of these the system refuses to read.
    pub(crate) further_unreadable: usize,
}

/// Whether the audit ran on a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DayStatus {
    /// It did, and everything was read whole.
    Complete,
    /// It did, and something was not read whole.
    Incomplete,
    /// The system refuses to read the bundle that tells.
    Unreadable,
    /// Nothing tells of all secrets on that date.
    Missed,
    /// Neither, and the date is not over.
    NotYet,
    /// Neither, and the date is before that of the first bundle.
    NotBegun,
}

impl DayStatus {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "COMPLETE",
            Self::Incomplete => "INCOMPLETE",
            Self::Unreadable => "unreadable",
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
    /// There is one, but its manifest is none.
    Unreadable(PathBuf),
    /// There is one, but the system refuses to read it, for this reason.
    Refused(PathBuf, String),
    /// There is none, but the system refuses to read this newer one, which may say that it was removed on purpose.
    ToldBy(PathBuf),
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
    Refused,
    Incomplete,
    Complete,
}

struct Found {
    quality: Quality,
    /// Whether it can be opened, and how many were published before: of equally good ones the last that can is shown.
    rank: (bool, usize),
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
    let there = in_order(output)?;
    // What was removed on purpose the newest names, and nobody else need do so.
    let newest_refused =
        there.found.iter().rev().find(|one| one.refused().is_some() && there.is_needed(&one.bundle));
    let InOrder { found: bundles, .. } = &there;
    let is_there: HashSet<&str> = bundles.iter().map(|there| there.bundle.run.as_str()).collect();
    let rising = rising(bundles);
    let date_in_zone = |moment: DateTime<Utc>| moment.with_timezone(&zone).date_naive();
    let mut by_date: BTreeMap<NaiveDate, Vec<Found>> = BTreeMap::new();
    for (number, There { bundle, manifest, .. }) in bundles.iter().enumerate() {
        let manifest = manifest.as_ref().map(|(manifest, _)| manifest);
        for pruned in manifest.iter().flat_map(|manifest| &manifest.pruned) {
            let Some(gone) = Bundle::named(output, &pruned.run).filter(|gone| !is_there.contains(&*gone.run))
            else {
                continue;
            };
            let date = date_in_zone(pruned.began.unwrap_or(gone.started_at));
            let found = by_date.entry(date).or_default();
            let place = Place::Pruned(gone.run);
            if found.iter().all(|one| one.place != place) {
                let quality = quality(pruned.clock_off, pruned.filtered, pruned.complete);
                found.push(Found { quality, rank: (false, number), totals: pruned.totals, place });
            }
        }
        let date = date_in_zone(manifest.map_or(bundle.started_at, |manifest| bundle.began(manifest)));
        let there = |quality, place| Found { quality, rank: (true, number), totals: None, place };
        let found = match manifest {
            // Of bundles that are not marked, those tell that were published before and after them.
            _ if date > today || !rising.contains(&number) => {
                there(Quality::ClockOff, Place::ClockOff(bundle.path.clone()))
            }
            Ok(manifest) => of_manifest(bundle, manifest, number),
            Err(error) if is_refused(error) => {
                there(Quality::Refused, Place::Refused(bundle.path.clone(), error.to_string()))
            }
            Err(_) => there(Quality::Unreadable, Place::Unreadable(bundle.path.clone())),
        };
        by_date.entry(date).or_default().push(found);
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
        let refused = newest_refused.filter(|one| date < date_in_zone(one.bundle.started_at));
        let (without, place) = match (date, refused) {
            _ if date >= today => (DayStatus::NotYet, Place::None),
            (_, Some(refused)) => (DayStatus::Unreadable, Place::ToldBy(refused.bundle.path.clone())),
            _ if date < begun => (DayStatus::NotBegun, Place::None),
            _ => (DayStatus::Missed, Place::None),
        };
        day(date, by_date.remove(&date).unwrap_or_default(), without, place)
    });
    Ok(Timeline { days: days.collect(), zone })
}

/// The positions of bundles that began in the order in which they were published: as many as can be, so that one whose clock
/// was ahead or behind is the one that is left out, and not those before or after it.
fn rising(published: &[There]) -> BTreeSet<usize> {
    let began = |at: usize| {
        let There { bundle, .. } = &published[at];
        published[at].manifest().map_or(bundle.started_at, |manifest| bundle.began(manifest))
    };
    // Of each length the sequence with the earliest end, and of each bundle the one before it.
    let (mut ends, mut before): (Vec<usize>, Vec<Option<usize>>) = (Vec::new(), vec![None; published.len()]);
    // Where the chain does not tell their place, neither does this.
    let beside = beside_the_chain(published);
    for (at, before) in before.iter_mut().enumerate().filter(|(at, _)| !beside.contains(at)) {
        let length = ends.partition_point(|end: &usize| began(*end) <= began(at));
        *before = length.checked_sub(1).map(|shorter| ends[shorter]);
        match ends.get_mut(length) {
            Some(end) => *end = at,
            None => ends.push(at),
        }
    }
    let in_order = std::iter::successors(ends.last().copied(), |at| before[*at]);
    in_order.chain(beside.iter().copied()).collect()
}

/// The positions of bundles of which the chain doesn't tell when they were published: they can't be read, or another that
/// was published later follows the same one.
fn beside_the_chain(published: &[There]) -> BTreeSet<usize> {
    let mut followed = HashSet::new();
    let mut beside = BTreeSet::new();
    for (at, there) in published.iter().enumerate().rev() {
        let is_beside = match there.manifest().filter(|manifest| manifest.is_of_the_chain()) {
            Some(manifest) => !followed.insert(manifest.previous.as_ref().map(|one| one.run.as_str())),
            None => there.refused().is_some(),
        };
        if is_beside {
            beside.insert(at);
        }
    }
    beside
}

fn of_manifest(bundle: &Bundle, manifest: &Manifest, number: usize) -> Found {
    let path = bundle.path.clone();
    let quality = quality(manifest.clock_off, manifest.filtered, manifest.complete);
    let place = match quality {
        Quality::ClockOff => Place::ClockOff(path),
        Quality::Narrowed => Place::Narrowed(path),
        _ => Place::At(path),
    };
    // The sum over some of the workspaces is no figure of the night.
    let totals = manifest.totals.filter(|_| manifest.workspaces.iter().all(|workspace| workspace.audited));
    Found { quality, rank: (true, number), totals, place }
}

fn quality(is_clock_off: bool, is_narrowed: bool, is_complete: bool) -> Quality {
    match (is_clock_off, is_narrowed, is_complete) {
        (true, ..) => Quality::ClockOff,
        (_, true, _) => Quality::Narrowed,
        (.., false) => Quality::Incomplete,
        (.., true) => Quality::Complete,
    }
}

fn day(date: NaiveDate, found: Vec<Found>, without: DayStatus, place: Place) -> Day {
    let further = found.len().saturating_sub(1);
    let refused = found.iter().filter(|one| one.quality == Quality::Refused).count();
    let Some(best) = found.into_iter().max_by(|a, b| (&a.quality, a.rank).cmp(&(&b.quality, b.rank))) else {
        return Day { date, status: without, totals: None, place, further: 0, further_unreadable: 0 };
    };
    let status = match best.quality {
        Quality::Complete => DayStatus::Complete,
        Quality::Incomplete => DayStatus::Incomplete,
        Quality::Refused => DayStatus::Unreadable,
        // The night's audit is of all secrets, and can be shown.
        Quality::Narrowed | Quality::Unreadable | Quality::ClockOff => without,
    };
    let further_unreadable = refused - usize::from(best.quality == Quality::Refused);
    Day { date, status, totals: best.totals, place: best.place, further, further_unreadable }
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
            Place::Refused(path, why) => {
                format!("{} (cannot tell: {})", shown(path), show_hidden(why, &[]))
            }
            Place::ToldBy(path) => format!("(cannot tell: {} cannot be read)", shown(path)),
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
    /// The exit code.
    pub fn exit_code(&self) -> u8 {
        if self.days.iter().all(|day| day.status != DayStatus::Unreadable && day.further_unreadable == 0) {
            0
        } else {
            8
        }
    }

    fn count(&self, status: DayStatus) -> usize {
        self.days.iter().filter(|day| day.status == status).count()
    }

    /// Writes it for people.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write_table(&self, mut out: impl Write) -> io::Result<()> {
        let numbers = ["secrets", "in use", "unused", "undetermined", "dependents"].map(Column::of_numbers);
        let numbers = numbers.map(|column| column.of_at_least("secrets".len()));
        let widest = DayStatus::Incomplete.as_str().len();
        let mut columns = vec![Column::of_text("date"), Column::of_text("status").of_at_least(widest)];
        columns.extend(numbers.into_iter().chain([Column::of_text("bundle")]));
        let row = |day: &Day| {
            let [cells @ .., place, _] = day.cells();
            let place = match day.further {
                0 => place,
                further if day.further_unreadable == 0 => format!("{place} (and {further} more)"),
                further => format!("{place} (and {further} more, {} unreadable)", day.further_unreadable),
            };
            cells.into_iter().chain([place]).collect()
        };
        table::write("", &columns, self.days.iter().map(row).collect(), &mut out)?;
        write!(
            out,
            "\n{} ({}): {} COMPLETE, {} INCOMPLETE, {} missed",
            count(self.days.len(), "date", "dates"),
            self.zone,
            self.count(DayStatus::Complete),
            self.count(DayStatus::Incomplete),
            self.count(DayStatus::Missed)
        )?;
        match self.count(DayStatus::Unreadable) {
            0 => writeln!(out)?,
            unreadable => writeln!(out, ", {unreadable} unreadable, of which this user cannot tell")?,
        }
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
