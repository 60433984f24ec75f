//! What has been asked so far, and how much of it is being answered right now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::Serialize;

use super::{exchange::Request, hash};

/// How much was asked since the last look.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Requests that arrived, refused ones included.
    pub requests: usize,
    /// Those among them that had been asked before with the same key, method, path and query.
    pub repeated: usize,
    /// The bytes of all bodies, without headers.
    pub body_bytes: usize,
    /// The most requests that were being answered at the same moment.
    pub peak_in_flight: usize,
    /// The same for the workspace that had the most.
    pub peak_of_one_workspace: usize,
}

/// The log that all connections write.
#[derive(Clone, Debug)]
pub(super) struct SharedLog {
    /// Whether requests are counted and not kept.
    only_counts: bool,
    log: Arc<Mutex<Log>>,
}

#[derive(Debug, Default)]
pub(super) struct Log {
    /// All of them, or none where they are only counted.
    pub(super) requests: Vec<Request>,
    pub(super) counts: Counts,
    in_flight: usize,
    in_flight_by_workspace: Vec<usize>,
    /// How many times each key, method, path and query has been asked, by a hash of them.
    asked: HashMap<u64, usize>,
}

/// A request that is being answered; it stops counting when this is dropped, also when the client went away.
#[derive(Debug)]
pub(super) struct InFlight {
    log: SharedLog,
    workspace: usize,
    /// How many there were in its workspace as this one arrived, itself included.
    pub(super) together: usize,
}

impl SharedLog {
    pub(super) fn new(only_counts: bool) -> SharedLog {
        SharedLog { only_counts, log: Arc::default() }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Log> {
        // Nothing that holds the lock leaves the log half written, so a poisoned one is still good.
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records the request, numbers it, and counts it as in flight. `target` is its path with its query, and
    /// `workspace` the position of the one that its key belongs to.
    pub(super) fn arrive(&self, workspace: usize, mut request: Request, target: &str) -> (Request, InFlight) {
        let mut log = self.lock();
        let key = request.api_key.as_deref().unwrap_or_default();
        let asked = log.asked.entry(hash::of([key, request.method.as_str(), target])).or_default();
        *asked += 1;
        request.number = *asked;
        if !self.only_counts {
            log.requests.push(request.clone());
        }
        if log.in_flight_by_workspace.len() <= workspace {
            log.in_flight_by_workspace.resize(workspace + 1, 0);
        }
        let together = log.in_flight_by_workspace.get_mut(workspace).map_or(1, |count| {
            *count += 1;
            *count
        });
        log.in_flight += 1;
        log.counts.requests += 1;
        log.counts.repeated += usize::from(request.number > 1);
        log.counts.peak_in_flight = log.counts.peak_in_flight.max(log.in_flight);
        log.counts.peak_of_one_workspace = log.counts.peak_of_one_workspace.max(together);
        (request, InFlight { log: self.clone(), workspace, together })
    }
}

impl InFlight {
    /// Counts a body that is about to be sent.
    pub(super) fn sends(&self, bytes: usize) {
        self.log.lock().counts.body_bytes += bytes;
    }
}

impl Log {
    /// The counts until now. They begin anew, and what was asked before is as if it had not been.
    pub(super) fn take_counts(&mut self) -> Counts {
        self.asked.clear();
        let in_flight = self.in_flight;
        let of_one_workspace = self.in_flight_by_workspace.iter().copied().max().unwrap_or_default();
        let anew = Counts {
            peak_in_flight: in_flight,
            peak_of_one_workspace: of_one_workspace,
            ..Counts::default()
        };
        std::mem::replace(&mut self.counts, anew)
    }

    #[cfg(test)]
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut log = self.log.lock();
        log.in_flight = log.in_flight.saturating_sub(1);
        if let Some(count) = log.in_flight_by_workspace.get_mut(self.workspace) {
            *count = count.saturating_sub(1);
        }
    }
}
