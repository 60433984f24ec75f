//! Audit → bytes. One file per format, each writing to `impl io::Write` and escaping for itself.
//!
//! What never lives here: files, the clock, HTTP. A renderer sees the [`Audit`] and nothing else.

mod csv;
mod first;
mod gaps;
mod html;
mod json;
mod markdown;
mod memo;
mod metrics;
mod reasons;
mod terminal;
mod words;

pub use gaps::{GapLine, gaps};
pub use json::{EarlierReport, ReadError, SCHEMA_VERSION, read_audit, read_earlier, read_seen, schema};
pub(crate) use json::{ParametersJson, parameters_json};
pub use metrics::{FailedRun, metrics_of_failure};
pub(crate) use reasons::reason;
pub use terminal::{changes, summary};

use std::io;

use crate::audit::Audit;

/// A choice of `--format`. `report.json` and the manifest are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// dependents.csv and secrets.csv
    Csv,
    /// report.md
    Markdown,
    /// report.html
    Html,
    /// metrics.prom
    Metrics,
}

impl Format {
    /// Every choice, which is the default.
    pub const ALL: &[Self] = &[Self::Csv, Self::Markdown, Self::Html, Self::Metrics];
}

/// One file of a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum File {
    /// One row for each secret and dependent.
    DependentsCsv,
    /// One row for each secret.
    SecretsCsv,
    /// What a reviewer reads.
    Markdown,
    /// What a reviewer opens.
    Html,
    /// Numbers for Prometheus.
    Metrics,
    /// Everything, for programs.
    Json,
}

impl File {
    /// The files that a choice of formats leads to, in the order in which they are written.
    pub fn of(formats: &[Format]) -> impl Iterator<Item = Self> {
        let csv = formats.contains(&Format::Csv);
        [
            (Self::DependentsCsv, csv),
            (Self::SecretsCsv, csv),
            (Self::Markdown, formats.contains(&Format::Markdown)),
            (Self::Html, formats.contains(&Format::Html)),
            (Self::Metrics, formats.contains(&Format::Metrics)),
            (Self::Json, true),
        ]
        .into_iter()
        .filter_map(|(file, chosen)| chosen.then_some(file))
    }

    /// Its name in the bundle.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::DependentsCsv => "dependents.csv",
            Self::SecretsCsv => "secrets.csv",
            Self::Markdown => "report.md",
            Self::Html => "report.html",
            Self::Metrics => "metrics.prom",
            Self::Json => "report.json",
        }
    }

    /// Writes it. Where it has rows, how many there are, the header not counted.
    ///
    /// # Errors
    /// Where writing fails.
    pub fn write(self, audit: &Audit, out: impl io::Write) -> io::Result<Option<usize>> {
        match self {
            Self::DependentsCsv => csv::dependents(audit, out).map(Some),
            Self::SecretsCsv => csv::secrets(audit, out).map(Some),
            Self::Markdown => markdown::report(audit, out).map(|()| None),
            Self::Html => html::report(audit, out).map(|()| None),
            Self::Metrics => metrics::report(audit, out).map(|()| None),
            Self::Json => json::report(audit, out).map(|()| None),
        }
    }
}

/// A moment as every report shows it: RFC 3339, UTC, whole seconds.
#[must_use]
pub fn timestamp(moment: chrono::DateTime<chrono::Utc>) -> String {
    moment.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

/// The UTC date of a moment, for people.
pub(crate) fn date(moment: chrono::DateTime<chrono::Utc>) -> String {
    moment.date_naive().to_string()
}

/// A creation time as the API gives it, in seconds since 1970. `None` where no calendar reaches it.
fn created_at(unix_seconds: i64) -> Option<String> {
    chrono::DateTime::from_timestamp(unix_seconds, 0).map(timestamp)
}
