//! What a client is made of: how its workspace is asked, and what its requests have in common.

use std::sync::{Arc, OnceLock};

use chrono::{DateTime, Utc};
use reqwest::header;
use secrecy::SecretString;
use url::Url;

use super::{
    diagnostics::ClockComparison,
    error::ApiError,
    proxy::Proxy,
    proxy_check::ProxyCheck,
    retry::{RetryBudget, RetryPolicy},
    shared_limits::SharedLimits,
    throttle::Throttle,
    traffic::Traffic,
};
use crate::{memory::Share, progress::WorkspaceProgress};

/// How one workspace is asked.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The address that paths are appended to.
    pub base_url: Url,
    /// The key.
    pub api_key: SecretString,
    /// Requests in flight at once.
    pub concurrency: usize,
    /// When to ask again.
    pub retry: RetryPolicy,
    /// The most retries of this workspace, of all that the run may make.
    pub retries: u32,
    /// The largest body, in bytes after decompression.
    pub max_body: usize,
    /// The most pages in one walk.
    pub max_pages: u32,
    /// The proxy that leads there, where there is one.
    pub(crate) proxy: Option<Proxy>,
}

/// Time and randomness, which come in from outside so that a test can fix them.
#[derive(Clone, Copy)]
pub struct Clock {
    /// The time now.
    pub now: fn() -> DateTime<Utc>,
    /// A number drawn evenly from 0 to 1.
    pub random: fn() -> f64,
}

/// One client, as all clones of it and what they have sent know it.
pub(super) struct Shared {
    pub(super) http: reqwest::Client,
    pub(super) proxy_check: Option<Arc<ProxyCheck>>,
    pub(super) options: ClientOptions,
    pub(super) key: header::HeaderValue,
    pub(super) throttle: Throttle,
    pub(super) budget: RetryBudget,
    pub(super) clock: Clock,
    pub(super) run: Arc<SharedLimits>,
    pub(super) progress: Arc<WorkspaceProgress>,
    pub(super) traffic: Arc<Traffic>,
    pub(super) clock_comparison: ClockComparison,
    pub(super) share: Arc<Share>,
    /// Why nothing more is asked, once that is so.
    pub(super) ended: OnceLock<ApiError>,
}
