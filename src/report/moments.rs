//! A moment as reports show it.

use chrono::{DateTime, SecondsFormat, Utc};

/// A moment as every report shows it: RFC 3339, UTC, whole seconds.
pub fn timestamp(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// The UTC date of a moment, for people.
pub(crate) fn date(moment: DateTime<Utc>) -> String {
    moment.date_naive().to_string()
}

/// A creation time as the API gives it, in seconds since 1970. `None` where no calendar reaches it.
pub(super) fn created_at(unix_seconds: i64) -> Option<String> {
    DateTime::from_timestamp(unix_seconds, 0).map(timestamp)
}
