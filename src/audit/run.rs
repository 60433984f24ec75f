//! Which run an audit is, and when it began.

use chrono::{DateTime, Utc};

use crate::clock::ClockCheck;

/// What tells one run from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name, which is that of its directory.
    pub id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the last answer had been read.
    pub finished_at: DateTime<Utc>,
    /// The version of this program.
    pub tool_version: String,
    /// How the clock of the machine, by which these times are, compares with the API's.
    pub clock: ClockCheck,
}

impl Run {
    /// When it began, by the API's clock where the machine's is off. Ages go by this.
    pub fn began(&self) -> DateTime<Utc> {
        self.clock.by_the_api(self.started_at)
    }

    /// What it means that the clock of the machine is off.
    pub(crate) fn clock_off_in_words(&self) -> String {
        format!(
            "the clock of this machine is {}, by which the audit began at {}: ages go by that, no earlier bundle was removed, \
             and later audits leave this bundle out of account",
            self.clock.in_words(),
            self.began().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        )
    }
}
