//! What a run has done so far, counted where it happens and shown by whoever watches.
//!
//! Counts only: no names, no ids, nothing that a report is made of.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Running totals, shared by every workspace of a run.
#[derive(Debug, Default)]
pub struct Progress {
    secrets: AtomicU64,
    dependents: AtomicU64,
    requests: AtomicU64,
    in_flight: AtomicU64,
    retries: AtomicU64,
}

/// The totals at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Secrets listed.
    pub secrets: u64,
    /// Dependents shown by the API, those told twice counted twice.
    pub dependents: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests without an answer yet.
    pub in_flight: u64,
    /// Requests sent again.
    pub retries: u64,
}

impl Progress {
    /// Counts secrets as listed.
    pub fn add_secrets(&self, number: usize) {
        self.secrets.fetch_add(number as u64, Relaxed);
    }

    /// Counts dependents as shown.
    pub fn add_dependents(&self, number: usize) {
        self.dependents.fetch_add(number as u64, Relaxed);
    }

    /// Counts a request as sent, and as in flight until the guard is dropped.
    pub fn request(&self, is_retry: bool) -> InFlight<'_> {
        self.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        if is_retry {
            self.retries.fetch_add(1, Relaxed);
        }
        InFlight(self)
    }

    /// The totals now.
    #[must_use]
    pub fn totals(&self) -> Totals {
        Totals {
            secrets: self.secrets.load(Relaxed),
            dependents: self.dependents.load(Relaxed),
            requests: self.requests.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            retries: self.retries.load(Relaxed),
        }
    }
}

/// A request that has no answer yet.
#[derive(Debug)]
pub struct InFlight<'a>(&'a Progress);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
