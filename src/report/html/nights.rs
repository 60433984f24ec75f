//! The picture of the nights: how many secrets there were, and how many of them were unused.

use chrono::NaiveDate;

use super::Number;
use crate::{audit::Audit, text::count};

/// The width and the height of a line's own coordinates. The browser stretches them.
const WIDTH: i64 = 1_000;
const HEIGHT: usize = 100;

/// What one night found.
struct Night {
    date: NaiveDate,
    secrets: usize,
    unused: usize,
    is_complete: bool,
}

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
    /// Where across the incomplete nights are.
    pub(super) incomplete: Vec<i64>,
    pub(super) in_words: String,
}

/// One number over the nights.
pub(super) struct Line {
    pub(super) title: &'static str,
    pub(super) class: &'static str,
    pub(super) range: String,
    pub(super) points: String,
    pub(super) text_at: usize,
    pub(super) line_at: usize,
}

/// The picture of the nights that the history holds.
pub(super) fn nights(audit: &Audit) -> Nights {
    let series = series(audit);
    let picture = picture(&series);
    let mut meaning = Vec::new();
    match &picture {
        None => meaning.push("The line begins with the second night.".to_owned()),
        Some(picture) if !picture.incomplete.is_empty() => {
            meaning.push("A dashed line marks an incomplete night: less is called unused on it.".to_owned());
        }
        Some(_) => {}
    }
    let left_out = audit.history.nights.len() - series.len();
    if left_out > 0 {
        let were = if left_out == 1 { "is" } else { "are" };
        let nights = count(left_out, "night", "nights");
        meaning.push(format!("{nights} on which not all of these workspaces were read {were} left out."));
    }
    if audit.filter().is_some() && !series.is_empty() {
        meaning.push("This audit is none of them: it read only some of the secrets.".to_owned());
    }
    Nights { meaning, picture }
}

fn series(audit: &Audit) -> Vec<Night> {
    let nights = audit.nights().map(|(night, totals)| Night {
        date: night.started_at.date_naive(),
        secrets: totals.secrets,
        unused: totals.unused,
        is_complete: night.is_complete,
    });
    nights.collect()
}

/// The picture of these nights. `None` where there are too few for a line.
fn picture(series: &[Night]) -> Option<Picture> {
    let ([first, .., last], true) = (series, series.len() > 1) else { return None };
    let line = |at: usize, title, class, number: fn(&Night) -> usize| {
        let (before, now) = (Number(number(first)), Number(number(last)));
        Line {
            title,
            class,
            range: format!("{before} → {now}"),
            points: points(series, number),
            text_at: at * 84 + 16,
            line_at: at * 84 + 26,
        }
    };
    let lines = vec![
        line(0, "Unused", "unused", |night| night.unused),
        line(1, "Secrets", "total", |night| night.secrets),
    ];
    let incomplete: Vec<i64> =
        series.iter().filter(|night| !night.is_complete).map(|night| across(series, night)).collect();
    let (from, to) = (first.date.to_string(), last.date.to_string());
    let changes: Vec<String> = lines.iter().map(|line| format!("{} {}", line.title, line.range)).collect();
    let mut in_words = format!("{} nights from {from} to {to}: {}.", series.len(), changes.join(", "));
    if !incomplete.is_empty() {
        in_words.push_str(&format!(" {} of them incomplete.", Number(incomplete.len())));
    }
    Some(Picture { first: from, last: to, lines, incomplete, in_words })
}

/// Where across a night is: by the days as they passed, so that missed nights show as gaps between points.
fn across(series: &[Night], night: &Night) -> i64 {
    let (Some(first), Some(last)) = (series.first(), series.last()) else { return 0 };
    let days = (last.date - first.date).num_days().max(1);
    (night.date - first.date).num_days() * WIDTH / days
}

fn points(series: &[Night], number: fn(&Night) -> usize) -> String {
    let largest = series.iter().map(number).max().unwrap_or_default().max(1);
    let points = series
        .iter()
        .map(|night| format!("{},{}", across(series, night), HEIGHT - number(night) * HEIGHT / largest));
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(day: u32, secrets: usize, unused: usize) -> Night {
        let date = NaiveDate::from_ymd_opt(2026, 11, day).unwrap();
        Night { date, secrets, unused, is_complete: day != 2 }
    }

    #[test]
    fn lines_begin_at_zero_missed_nights_keep_their_width_and_incomplete_ones_are_marked() {
        let picture = picture(&[night(1, 8, 0), night(2, 10, 1), night(5, 5, 2)]).unwrap();
        assert_eq!(picture.lines[0].points, "0,100 250,50 1000,0");
        assert_eq!(picture.lines[1].points, "0,20 250,0 1000,50");
        assert_eq!(picture.incomplete, [250]);
        assert_eq!(
            picture.in_words,
            "3 nights from 2026-11-01 to 2026-11-05: Unused 0 → 2, Secrets 8 → 5. 1 of them incomplete."
        );
    }

    #[test]
    fn one_night_is_no_line() {
        assert!(picture(&[night(1, 8, 0)]).is_none());
        assert!(picture(&[]).is_none());
    }
}
