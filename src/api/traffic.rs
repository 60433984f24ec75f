//! What was asked of each endpoint, as evidence of how a report came about.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// One endpoint and what was asked of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct EndpointTraffic {
    /// Requests sent, repetitions included.
    pub requests: u64,
    /// Answers with status 200: pages and documents.
    pub pages: u64,
    /// Things that these pages and documents showed.
    pub items: u64,
    /// The API's id of the first such answer.
    pub first_request_id: Option<String>,
    /// The API's id of the last such answer.
    pub last_request_id: Option<String>,
}

/// What was asked so far, by the path of the endpoint in the public OpenAPI document.
#[derive(Debug, Default)]
pub(super) struct Traffic(Mutex<BTreeMap<&'static str, EndpointTraffic>>);

impl Traffic {
    fn with(&self, endpoint: &'static str, act: impl FnOnce(&mut EndpointTraffic)) {
        act(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(endpoint).or_default());
    }

    pub(super) fn sent(&self, endpoint: &'static str) {
        self.with(endpoint, |traffic| traffic.requests += 1);
    }

    pub(super) fn answered(&self, endpoint: &'static str, request_id: Option<&str>) {
        self.with(endpoint, |traffic| {
            traffic.pages += 1;
            if let Some(id) = request_id {
                traffic.first_request_id.get_or_insert_with(|| id.to_owned());
                traffic.last_request_id = Some(id.to_owned());
            }
        });
    }

    pub(super) fn showed(&self, endpoint: &'static str, items: usize) {
        self.with(endpoint, |traffic| traffic.items += items as u64);
    }

    pub(super) fn by_endpoint(&self) -> BTreeMap<&'static str, EndpointTraffic> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}
