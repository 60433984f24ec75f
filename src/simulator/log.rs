//! What has been asked so far, and how much of it is being answered right now.

use std::{collections::HashMap, sync::Arc};

use super::{exchange::Request, server::Shared};

#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) requests: Vec<Request>,
    pub(super) peak: usize,
    in_flight: usize,
    /// How many times each method, path and query has been asked.
    asked: HashMap<String, usize>,
}

/// A request that is being answered; it stops counting when this is dropped, also when the client went away.
#[derive(Debug)]
pub(super) struct InFlight {
    shared: Arc<Shared>,
    /// How many there were as this one arrived, itself included.
    pub(super) together: usize,
}

impl InFlight {
    /// Records the request, numbers it, and counts it as in flight. `target` is its path with its query.
    pub(super) fn arrive(shared: &Arc<Shared>, mut request: Request, target: &str) -> (Request, InFlight) {
        let mut log = shared.log();
        let asked = log.asked.entry(format!("{} {target}", request.method)).or_default();
        *asked += 1;
        request.number = *asked;
        log.requests.push(request.clone());
        log.in_flight += 1;
        log.peak = log.peak.max(log.in_flight);
        (request, InFlight { shared: Arc::clone(shared), together: log.in_flight })
    }
}

#[cfg(test)]
impl Log {
    pub(super) fn in_flight(&self) -> usize {
        self.in_flight
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut log = self.shared.log();
        log.in_flight = log.in_flight.saturating_sub(1);
    }
}
