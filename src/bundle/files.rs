//! The reports that a bundle may hold, and which file each is.

use super::REPORT;

/// A choice of `--format`. `report.json` and the manifest are always written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize)]
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

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Markdown => "markdown",
            Self::Html => "html",
            Self::Metrics => "metrics",
        }
    }
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
    pub fn name(self) -> &'static str {
        match self {
            Self::DependentsCsv => "dependents.csv",
            Self::SecretsCsv => "secrets.csv",
            Self::Markdown => "report.md",
            Self::Html => "report.html",
            Self::Metrics => "metrics.prom",
            Self::Json => REPORT,
        }
    }
}
