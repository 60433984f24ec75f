//! The picture of the nights: how many secrets there were, and how many of them were unused.

use super::Number;
use crate::{
    audit::{Audit, Date, Totals},
    text::{count, sentence_list},
};

/// The width and the height of a line's own coordinates. The browser stretches them.
const WIDTH: usize = 1_000;
const HEIGHT: usize = 100;

/// The picture, as far as there are nights for it, and what is to be said of it.
pub(super) struct Nights {
    pub(super) meaning: Vec<String>,
    pub(super) picture: Option<Picture>,
}

/// A line for each of two numbers, each with a scale of its own that begins at zero.
pub(super) struct Picture {
    pub(super) first: String,
    pub(super) last: String,
    pub(super) lines: Vec<Line>,
    pub(super) in_words: String,
}

/// One number over the nights.
pub(super) struct Line {
    pub(super) title: &'static str,
    pub(super) class: &'static str,
    pub(super) range: String,
    /// The points between two gaps each.
    pub(super) parts: Vec<String>,
    pub(super) text_at: usize,
    pub(super) line_at: usize,
}

/// The picture of the nights that the history holds.
pub(super) fn nights(audit: &Audit) -> Nights {
    let dates = audit.nights();
    let picture = picture(&dates);
    let mut meaning = Vec::new();
    if picture.is_none() {
        meaning.push("The line begins with the second night that was read whole.".to_owned());
    } else if let Some(gaps) = gaps(&dates) {
        meaning.push(format!("A gap is a night without a figure: {gaps}."));
    }
    let never_whole = audit.workspaces.iter().filter(|one| {
        let is_whole = |night: &crate::audit::Night| night.whole(one.name()).is_some();
        !audit.history.nights.iter().any(is_whole)
    });
    let never_whole = never_whole.count();
    if never_whole > 0 && picture.is_some() {
        let (workspaces, were) =
            (count(never_whole, "workspace", "workspaces"), if never_whole == 1 { "was" } else { "were" });
        meaning.push(format!("{workspaces} that {were} never read whole {were} left out."));
    }
    if audit.filter().is_some() && !dates.is_empty() {
        meaning.push("This audit is none of them: it read only some of the secrets.".to_owned());
    }
    Nights { meaning, picture }
}

/// How many dates have no figure, and why. `None`: all have one.
fn gaps(dates: &[Date]) -> Option<String> {
    let number = |was_missed: bool| {
        dates.iter().filter(|date| date.totals.is_none() && date.was_missed == was_missed).count()
    };
    let gaps = [(number(false), "incomplete"), (number(true), "missed")];
    let gaps = gaps.into_iter().filter(|(number, _)| *number > 0);
    let gaps: Vec<String> = gaps.map(|(number, what)| format!("{} {what}", Number(number))).collect();
    (!gaps.is_empty()).then(|| sentence_list(&gaps))
}

/// The picture of these dates. `None` where there are too few figures for a line.
fn picture(dates: &[Date]) -> Option<Picture> {
    let figures: Vec<Totals> = dates.iter().filter_map(|date| date.totals).collect();
    let [before, .., now] = figures.as_slice() else { return None };
    let [first, .., last] = dates else { return None };
    let line = |at: usize, title, class, number: fn(&Totals) -> usize| Line {
        title,
        class,
        range: format!("{} → {}", Number(number(before)), Number(number(now))),
        parts: parts(dates, number),
        text_at: at * 84 + 16,
        line_at: at * 84 + 26,
    };
    let lines = vec![
        line(0, "Unused", "unused", |totals| totals.unused),
        line(1, "Secrets", "total", |totals| totals.secrets),
    ];
    let (from, to) = (first.date.to_string(), last.date.to_string());
    let changes: Vec<String> = lines.iter().map(|line| format!("{} {}", line.title, line.range)).collect();
    let nights = Number(figures.len());
    let mut in_words = format!("{nights} nights from {from} to {to}: {}.", changes.join(", "));
    if let Some(gaps) = gaps(dates) {
        in_words.push_str(&format!(" Without a figure: {gaps}."));
    }
    Some(Picture { first: from, last: to, lines, in_words })
}

/// The points of a number, each date at its place across, from one gap to the next.
fn parts(dates: &[Date], number: fn(&Totals) -> usize) -> Vec<String> {
    let largest = dates.iter().filter_map(|date| date.totals.as_ref()).map(number).max();
    let largest = largest.unwrap_or_default().max(1);
    let across = |at: usize| at * WIDTH / dates.len().saturating_sub(1).max(1);
    let point = |(at, date): (usize, &Date)| {
        let totals = date.totals.as_ref()?;
        Some(format!("{},{}", across(at), HEIGHT - number(totals) * HEIGHT / largest))
    };
    let points: Vec<Option<String>> = dates.iter().enumerate().map(point).collect();
    let parts = points.split(Option::is_none).filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let points: Vec<&str> = part.iter().flatten().map(String::as_str).collect();
            match points.as_slice() {
                // A line to itself is drawn as a dot.
                [only] => format!("{only} {only}"),
                points => points.join(" "),
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;

    use super::*;

    fn date(day: u32, figure: Option<(usize, usize)>, was_missed: bool) -> Date {
        let totals = figure.map(|(secrets, unused)| Totals { secrets, unused, ..Totals::default() });
        Date { date: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(), was_missed, totals }
    }

    #[test]
    fn lines_begin_at_zero_and_incomplete_and_missed_nights_are_gaps_with_a_place_of_their_own() {
        let dates = [
            date(1, Some((8, 1)), false),
            date(2, Some((10, 0)), false),
            date(3, None, false),
            date(4, None, true),
            date(5, Some((5, 2)), false),
        ];
        let picture = picture(&dates).unwrap();
        assert_eq!(picture.lines[0].parts, ["0,50 250,100", "1000,0 1000,0"]);
        assert_eq!(picture.lines[1].parts, ["0,20 250,0", "1000,50 1000,50"]);
        assert_eq!(
            picture.in_words,
            "3 nights from 2026-11-01 to 2026-11-05: Unused 1 → 2, Secrets 8 → 5. Without a figure: 1 incomplete and 1 \
             missed."
        );
    }

    #[test]
    fn one_night_is_no_line() {
        assert!(picture(&[date(1, Some((8, 0)), false)]).is_none());
        assert!(picture(&[date(1, Some((8, 0)), false), date(2, None, false)]).is_none());
        assert!(picture(&[]).is_none());
    }
}
