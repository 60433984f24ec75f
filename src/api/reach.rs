//! How a client reaches its workspace: the address, the proxy, and how far the clocks are apart.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use hyper_util::client::proxy::matcher::Matcher;

use super::Client;

impl Client {
    /// The address that paths are appended to.
    #[must_use]
    pub fn address(&self) -> &str {
        self.shared.options.base_url.as_str()
    }

    /// The proxy that requests go through, without a password.
    #[must_use]
    pub fn proxy(&self) -> Option<String> {
        if !self.shared.options.use_proxy {
            return None;
        }
        // The same rules over the same environment as the HTTP client has.
        let proxy = Matcher::from_system().intercept(&self.address().parse().ok()?)?;
        let uri = proxy.uri();
        let port = uri.port().map_or(String::new(), |port| format!(":{port}"));
        Some(format!("{}://{}{port}", uri.scheme_str()?, uri.host()?))
    }

    /// By how much this machine's clock was ahead of the API's at the last answer that told its time.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<TimeDelta> {
        *self.shared.server_time.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the header `date` of answers says, as the time by which this machine is ahead of it.
#[derive(Debug, Default)]
pub(super) struct ServerTime(Mutex<Option<TimeDelta>>);

impl ServerTime {
    /// Notes the header of an answer that came at `now`.
    pub(super) fn told(&self, date: &str, now: DateTime<Utc>) {
        if let Ok(date) = httpdate::parse_http_date(date) {
            let ahead = now.signed_duration_since(DateTime::<Utc>::from(date));
            *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
        }
    }
}
