//! The pictures, as SVG that takes any width: no view box, lengths across in percent, so that text keeps its size.
//! Every number in them is also text.

use askama::Template;

use super::{
    Number, by_verdict,
    trend::{Nights, nights},
};
use crate::{
    audit::{Audit, AuditedSecret, DependentCounts},
    text::sentence_list,
};

/// How many of the most shared secrets are shown.
const MOST_SHARED: usize = 10;

/// How many characters of a name have room beside the number.
const NAME_LENGTH: usize = 34;

/// However few, some are to be seen: a segment has at least one part of this many of the width.
const THINNEST: usize = 200;

/// The height of a row: a line of text with a bar below it, in pixels.
const ROW: usize = 44;

/// The pictures.
#[derive(Template)]
#[template(path = "pictures.html")]
pub(super) struct Pictures {
    verdicts: [Bars; 1],
    nights: Nights,
    shared: [Bars; 1],
}

/// A picture of bars, one below the other.
struct Bars {
    id: &'static str,
    title: &'static str,
    meaning: &'static str,
    in_words: String,
    key: Vec<(&'static str, &'static str)>,
    height: usize,
    bars: Vec<Bar>,
}

/// A bar with its name and its number above it.
struct Bar {
    name: String,
    number: String,
    text_at: usize,
    bar_at: usize,
    segments: Vec<Segment>,
}

/// A part of a bar. Where it begins and how long it is are percentages of the picture's width.
struct Segment {
    class: &'static str,
    start: String,
    length: String,
    in_words: String,
}

impl Pictures {
    pub(super) fn of(audit: &Audit) -> Self {
        Self { verdicts: [verdicts(audit)], nights: nights(audit), shared: [most_shared(audit)] }
    }
}

/// What a bar shows.
struct Measured {
    name: String,
    number: String,
    in_words: String,
    parts: Vec<Part>,
    /// The number that is as long as the picture is wide.
    whole: usize,
}

/// How much of a bar goes by which class and which words.
type Part = (&'static str, &'static str, usize);

/// Secrets by verdict, a bar for each workspace.
fn verdicts(audit: &Audit) -> Bars {
    let bars = audit.workspaces.iter().map(|workspace| {
        let totals = workspace.totals();
        let parts = by_verdict(totals);
        let words: Vec<String> =
            parts.iter().map(|(_, words, number)| format!("{} {words}", Number(*number))).collect();
        Measured {
            name: workspace.name().to_owned(),
            number: words.join(" · "),
            in_words: sentence_list(&words),
            parts: parts.to_vec(),
            whole: totals.secrets,
        }
    });
    let key = vec![("unused", "unused"), ("undetermined", "undetermined"), ("in-use", "in use")];
    bars_of("verdicts", "Secrets by verdict", "A bar for each workspace.", key, bars.collect())
}

/// The secrets with the most dependents, split by kind.
fn most_shared(audit: &Audit) -> Bars {
    let mut secrets: Vec<AuditedSecret<'_>> =
        audit.secrets().filter(|secret| secret.dependents().len() > 0).collect();
    secrets.sort_by_key(|secret| std::cmp::Reverse(secret.dependents().len()));
    secrets.truncate(MOST_SHARED);
    let longest = secrets.first().map_or(0, |secret| secret.dependents().len());
    let bars = secrets.into_iter().map(|secret| Measured {
        name: secret.name().to_owned(),
        number: Number(secret.dependents().len()).to_string(),
        in_words: secret.counts().in_words(),
        parts: by_kind(secret.counts()).to_vec(),
        whole: longest,
    });
    let key = by_kind(DependentCounts::default()).map(|(class, words, _)| (class, words)).to_vec();
    bars_of(
        "shared",
        "Most shared secrets",
        "By number of dependents: how far a leak would reach.",
        key,
        bars.collect(),
    )
}

fn by_kind(counts: DependentCounts) -> [Part; 5] {
    let DependentCounts { tools, agents, phone_numbers, mcp_servers, .. } = counts;
    [
        ("agents", "agents", agents),
        ("tools", "tools", tools),
        ("phone-numbers", "phone numbers", phone_numbers),
        ("mcp-servers", "MCP servers", mcp_servers),
        ("others", "all else", counts.all_else()),
    ]
}

fn bars_of(
    id: &'static str,
    title: &'static str,
    meaning: &'static str,
    key: Vec<(&'static str, &'static str)>,
    measured: Vec<Measured>,
) -> Bars {
    let of_each = |one: &Measured| format!("{}: {}.", super::named(&one.name), one.in_words);
    let in_words: Vec<String> = measured.iter().map(of_each).collect();
    let bars: Vec<Bar> = measured
        .into_iter()
        .enumerate()
        .map(|(at, one)| Bar {
            name: clipped(&one.name),
            number: one.number,
            text_at: at * ROW + 16,
            bar_at: at * ROW + 24,
            segments: segments(&one.parts, one.whole),
        })
        .collect();
    Bars { id, title, meaning, in_words: in_words.join(" "), key, height: bars.len() * ROW, bars }
}

fn segments(parts: &[(&'static str, &'static str, usize)], whole: usize) -> Vec<Segment> {
    let mut start = 0;
    let mut segments = Vec::new();
    for (class, words, number) in parts.iter().filter(|(_, _, number)| *number > 0) {
        segments.push(Segment {
            class,
            start: percent(start, whole),
            length: percent((*number).max(whole / THINNEST), whole),
            in_words: format!("{words}: {}", Number(*number)),
        });
        start += number;
    }
    segments
}

/// `part` of `whole` with two decimals, in whole numbers so that it is the same everywhere.
fn percent(part: usize, whole: usize) -> String {
    let hundredths = part * 10_000 / whole.max(1);
    format!("{}.{:02}%", hundredths / 100, hundredths % 100)
}

fn clipped(name: &str) -> String {
    let name = super::named(name);
    if name.chars().count() <= NAME_LENGTH {
        return name.to_owned();
    }
    name.chars().take(NAME_LENGTH - 1).chain(['…']).collect()
}
