//! Audit → bytes. One file per format, each writing to `impl io::Write` and escaping for itself.
//!
//! What never lives here: files, the clock, HTTP. A renderer sees the [`Audit`] and nothing else.

mod csv;
mod first;
mod gaps;
mod html;
mod json;
mod markdown;
mod messages;
mod metrics;
mod moments;
mod reasons;
mod render_cache;
mod terminal;

pub use gaps::{GapLine, gaps};
pub(crate) use json::{EarlierReport, ParametersJson, parameters_json, read_seen};
pub use json::{ReadError, SCHEMA_VERSION, read_audit, read_earlier, schema};
pub(crate) use metrics::{FailedRun, metrics_of_failure};
use moments::created_at;
pub(crate) use moments::date;
pub use moments::timestamp;
pub(crate) use reasons::reason;
pub use terminal::{changes, summary};

use std::io;

use crate::{audit::Audit, bundle::File};

/// Writes one file of a bundle. Where it has rows, how many there are, the header not counted.
///
/// # Errors
/// Where writing fails.
pub fn write(file: File, audit: &Audit, out: impl io::Write) -> io::Result<Option<usize>> {
    match file {
        File::DependentsCsv => csv::dependents(audit, out).map(Some),
        File::SecretsCsv => csv::secrets(audit, out).map(Some),
        File::Markdown => markdown::report(audit, out).map(|()| None),
        File::Html => html::report(audit, out).map(|()| None),
        File::Metrics => metrics::report(audit, out).map(|()| None),
        File::Json => json::report(audit, out).map(|()| None),
    }
}
