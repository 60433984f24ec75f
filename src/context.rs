//! What comes in from outside, so that a test can fix it.

use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use crate::api::Clock;

/// What comes in from outside, so that a test can fix it.
#[derive(Clone)]
pub struct RunContext {
    /// Time and randomness.
    pub clock: Clock,
    /// Lets time pass where a disk fails for the moment.
    pub pause: fn(Duration),
    /// The version that reports name.
    pub tool_version: String,
    /// The commit that this program was built from, where that is known.
    pub git_commit: Option<String>,
    /// The machine that it runs on.
    pub host: Option<String>,
    /// The user that it runs as.
    pub user: Option<String>,
}

impl Default for RunContext {
    fn default() -> Self {
        Self {
            clock: Clock { now: Utc::now, random: fastrand::f64 },
            pause: std::thread::sleep,
            tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            git_commit: option_env!("GIT_COMMIT").map(str::to_owned),
            host: whoami::hostname().ok(),
            user: whoami::username().ok(),
        }
    }
}

impl RunContext {
    /// The time. Reports show whole seconds, and nothing is to depend on what they don't show.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        (self.clock.now)().trunc_subsecs(0)
    }
}
