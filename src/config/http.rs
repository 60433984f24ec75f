//! How workspaces are asked: the section `[http]`.

use std::{sync::Arc, time::Duration};

use secrecy::SecretString;
use url::Url;

use super::{
    address,
    environment::Environment,
    error::{ConfigError, in_bounds},
    file::HttpTable,
    network::{is_excepted, no_proxy, proxy},
    settings::{Settings, flag},
};
use crate::api::{self, ClientOptions, Connections, Mask, Proxy, RetryPolicy};

/// How workspaces are asked.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Requests in flight at once for each workspace.
    pub concurrency: usize,
    /// Requests in flight at once in all workspaces together.
    pub concurrency_total: usize,
    /// When to ask again.
    pub retry: RetryPolicy,
    /// The most retries in a run, all workspaces together.
    pub retry_budget: u32,
    /// The longest time to open a connection.
    pub connect_timeout: Duration,
    /// The longest silence while an answer comes.
    pub(crate) idle_timeout: Duration,
    /// The longest time for one attempt.
    pub(crate) attempt_timeout: Duration,
    /// The longest time to read all workspaces.
    pub(crate) run_timeout: Duration,
    /// The largest body, in bytes after decompression.
    pub max_body: usize,
    /// The most pages in one walk.
    pub max_pages: u32,
    /// The proxy that the environment names for addresses with https.
    pub proxy: Option<Proxy>,
    /// The hosts that are asked without a proxy, as `NO_PROXY` lists them.
    pub no_proxy: String,
}

impl HttpOptions {
    /// What a client for one workspace needs.
    pub fn client_options(&self, base_url: Url, api_key: SecretString) -> ClientOptions {
        ClientOptions {
            // What is meant for this machine may be plain http, so it must not leave it by way of a proxy.
            proxy: self.proxy.clone().filter(|_| {
                base_url.scheme() == "https"
                    && !address::is_loopback(&base_url)
                    && !is_excepted(&base_url, &self.no_proxy)
            }),
            base_url,
            api_key,
            concurrency: self.concurrency,
            retry: self.retry,
            retries: self.retry_budget,
            max_body: self.max_body,
            max_pages: self.max_pages,
        }
    }

    /// A run whose time begins now, of workspaces with the keys that `mask` knows.
    pub fn run(&self, mask: Arc<Mask>) -> api::SharedLimits {
        let connections = Connections::new(self.connect_timeout, self.idle_timeout, self.attempt_timeout);
        let deadline = tokio::time::Instant::now() + self.run_timeout;
        api::SharedLimits::new(connections, self.concurrency_total, self.retry_budget, deadline, mask)
    }

    /// Resolves the section `[http]`.
    pub(super) fn resolve(
        file: &HttpTable,
        concurrency: Option<usize>,
        environment: &Environment,
        settings: &mut Settings,
    ) -> Result<Self, ConfigError> {
        let concurrency =
            settings.pick("[http] concurrency", flag("--concurrency", concurrency), file.concurrency, 4);
        in_bounds("[http] concurrency", concurrency, 1..=64)?;
        let concurrency_total = settings.pick("[http] concurrency_total", None, file.concurrency_total, 32);
        in_bounds("[http] concurrency_total", concurrency_total, 1..=1024)?;
        let attempts = settings.pick("[http] attempts", None, file.attempts, 5);
        in_bounds("[http] attempts", attempts, 1..=20)?;
        let retry_budget = settings.pick("[http] retry_budget", None, file.retry_budget, 500);
        let mut seconds = |name: &str, in_file: Option<f64>, default: f64, least: f64| {
            let value = settings.pick(name, None, in_file, default);
            in_bounds(name, value, least..=86_400.0)?;
            Ok(Duration::from_secs_f64(value))
        };
        const A_MILLISECOND: f64 = 0.001;
        let retry = RetryPolicy {
            attempts,
            first_backoff: seconds("[http] first_backoff_seconds", file.first_backoff_seconds, 1.0, 0.0)?,
            longest_backoff: seconds(
                "[http] longest_backoff_seconds",
                file.longest_backoff_seconds,
                20.0,
                0.0,
            )?,
            longest_retry_after: seconds(
                "[http] longest_retry_after_seconds",
                file.longest_retry_after_seconds,
                900.0,
                0.0,
            )?,
        };
        let connect_timeout =
            seconds("[http] connect_timeout_seconds", file.connect_timeout_seconds, 10.0, A_MILLISECOND)?;
        let idle_timeout =
            seconds("[http] idle_timeout_seconds", file.idle_timeout_seconds, 30.0, A_MILLISECOND)?;
        let attempt_timeout =
            seconds("[http] attempt_timeout_seconds", file.attempt_timeout_seconds, 60.0, A_MILLISECOND)?;
        let run_timeout =
            seconds("[http] run_timeout_seconds", file.run_timeout_seconds, 3600.0, A_MILLISECOND)?;
        let max_body = settings.pick("[http] max_body_bytes", None, file.max_body_bytes, 32 * 1024 * 1024);
        in_bounds("[http] max_body_bytes", max_body, 1024..=1024 * 1024 * 1024)?;
        let max_pages = settings.pick("[http] max_pages", None, file.max_pages, 10_000);
        in_bounds("[http] max_pages", max_pages, 1..=1_000_000)?;
        let (proxy, no_proxy) = (proxy(environment)?, no_proxy(environment)?);
        Ok(Self {
            concurrency,
            concurrency_total,
            retry,
            retry_budget,
            connect_timeout,
            idle_timeout,
            attempt_timeout,
            run_timeout,
            max_body,
            max_pages,
            proxy,
            no_proxy,
        })
    }
}
