//! The picture of the nights: how many secrets there were, and how many of them were unused.

use chrono::NaiveDate;

use super::Number;

/// The width and the height of a line's own coordinates. The browser stretches them.
const WIDTH: i64 = 1_000;
const HEIGHT: usize = 100;

/// What one night found.
pub(super) struct Night {
    pub(super) date: NaiveDate,
    pub(super) secrets: usize,
    pub(super) unused: usize,
}

/// The picture: a line for each of two numbers, each with a scale of its own that begins at zero.
pub(super) struct Nights {
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
    pub(super) points: String,
    pub(super) text_at: usize,
    pub(super) line_at: usize,
}

/// The picture of these nights, the oldest first. `None` where there are too few for a line.
pub(super) fn nights(series: &[Night]) -> Option<Nights> {
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
    let (from, to) = (first.date.to_string(), last.date.to_string());
    let changes: Vec<String> = lines.iter().map(|line| format!("{} {}", line.title, line.range)).collect();
    let in_words = format!("{} nights from {from} to {to}: {}.", series.len(), changes.join(", "));
    Some(Nights { first: from, last: to, lines, in_words })
}

/// The points of a line: across, the days as they passed, so that missed nights show as gaps between points.
fn points(series: &[Night], number: fn(&Night) -> usize) -> String {
    let (Some(first), Some(last)) = (series.first(), series.last()) else { return String::new() };
    let days = (last.date - first.date).num_days().max(1);
    let largest = series.iter().map(number).max().unwrap_or_default().max(1);
    let points = series.iter().map(|night| {
        let across = (night.date - first.date).num_days() * WIDTH / days;
        format!("{across},{}", HEIGHT - number(night) * HEIGHT / largest)
    });
    points.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn night(day: u32, secrets: usize, unused: usize) -> Night {
        Night { date: NaiveDate::from_ymd_opt(2026, 11, day).unwrap(), secrets, unused }
    }

    #[test]
    fn lines_begin_at_zero_and_missed_nights_keep_their_width() {
        let picture = nights(&[night(1, 8, 0), night(2, 10, 1), night(5, 5, 2)]).unwrap();
        assert_eq!(picture.lines[0].points, "0,100 250,50 1000,0");
        assert_eq!(picture.lines[1].points, "0,20 250,0 1000,50");
        assert_eq!(picture.in_words, "3 nights from 2026-11-01 to 2026-11-05: Unused 0 → 2, Secrets 8 → 5.");
    }

    #[test]
    fn one_night_is_no_line() {
        assert!(nights(&[night(1, 8, 0)]).is_none());
        assert!(nights(&[]).is_none());
    }
}
