//! The only place that knows HTTP: one method per endpoint, GET only.
//!
//! What never lives here: which endpoint is asked when, what a list's length means, what an answer says about a
//! verdict.

mod answer;
mod endpoint;
mod error;
mod page;
mod retry;
mod throttle;
mod wire;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

pub use answer::Answer;
pub use endpoint::SecretsQuery;
pub use error::{ApiError, Fault, Malformed};
pub use page::{Next, Walk};
pub use retry::{RetryPolicy, is_transient, retry_after};
pub use wire::{
    DependenciesPage, DependentList, FoundReference, HasMore, Holder, HolderPage, ListName, ListedSecret,
    ResourceType, SecretPage, User,
};

use crate::progress::Progress;
use error::{ErrorBody, printable};
use throttle::Throttle;

/// The header that carries the key (the vendor's convention).
const KEY_HEADER: &str = "xi-api-key";

/// How much of an error body is read, in bytes.
const ERROR_BODY_LIMIT: usize = 64 * 1024;

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
    /// The longest time to open a connection.
    pub connect_timeout: Duration,
    /// The longest silence while an answer comes.
    pub idle_timeout: Duration,
    /// The longest time for one attempt as a whole.
    pub attempt_timeout: Duration,
    /// The largest body, in bytes after decompression.
    pub max_body: usize,
    /// The most pages in one walk.
    pub max_pages: u32,
    /// Whether the environment's proxies are used. (The embedded simulator is never behind one.)
    pub use_proxy: bool,
}

/// Time and chance, which come in from outside so that a test can fix them.
#[derive(Clone, Copy)]
pub struct Chance {
    /// The time now.
    pub now: fn() -> DateTime<Utc>,
    /// A number drawn evenly from 0 to 1.
    pub random: fn() -> f64,
}

/// A client for one workspace.
pub struct Client {
    http: reqwest::Client,
    options: ClientOptions,
    key: header::HeaderValue,
    throttle: Throttle,
    chance: Chance,
    progress: Arc<Progress>,
    requests: AtomicU64,
    retries: AtomicU64,
}

impl Client {
    /// A client that has sent nothing yet.
    ///
    /// # Errors
    /// Where the key can't stand in a header, or the TLS backend can't start.
    pub fn new(options: ClientOptions, chance: Chance, progress: Arc<Progress>) -> Result<Self, ClientError> {
        let mut key = header::HeaderValue::from_str(options.api_key.expose_secret())
            .map_err(|_| ClientError::UnusableKey)?;
        key.set_sensitive(true);
        let mut builder = reqwest::Client::builder()
            .user_agent(concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION")))
            // reqwest takes `Authorization` out when a redirect changes the host, but not `xi-api-key`.
            .redirect(reqwest::redirect::Policy::none())
            // Its own retries would escape the one policy.
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(options.connect_timeout)
            .read_timeout(options.idle_timeout)
            .timeout(options.attempt_timeout);
        if !options.use_proxy {
            builder = builder.no_proxy();
        }
        Ok(Self {
            http: builder.build().map_err(|error| ClientError::Tls(chain(&error)))?,
            throttle: Throttle::new(options.concurrency),
            options,
            key,
            chance,
            progress,
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
        })
    }

    /// The address that is asked.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        &self.options.base_url
    }

    /// A walk over the pages of one endpoint.
    #[must_use]
    pub fn walk(&self) -> Walk {
        Walk::new(self.options.max_pages)
    }

    /// Requests sent so far, and how many of them were repetitions.
    #[must_use]
    pub fn counts(&self) -> (u64, u64) {
        (self.requests.load(Relaxed), self.retries.load(Relaxed))
    }

    async fn get(&self, path: String, parameters: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let mut url = self.options.base_url.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        for attempt in 1.. {
            let attempted = self.attempt(&url, parameters, attempt > 1).await;
            let failed = match attempted {
                Ok((body, request_id)) => return Ok(Answer { path, body, request_id, attempts: attempt }),
                Err(failed) => failed,
            };
            let wait =
                self.options.retry.delay(attempt, &failed.fault, failed.retry_after, (self.chance.random)());
            let error = ApiError {
                path: path.clone(),
                fault: failed.fault,
                request_id: failed.request_id,
                attempts: attempt,
            };
            let Some(wait) = wait else { return Err(error) };
            tracing::info!(wait_ms = wait.as_millis() as u64, "trying again: {error}");
            tokio::time::sleep(wait).await;
        }
        Err(ApiError::new(path, Fault::Connection("no attempt was allowed".to_owned())))
    }

    async fn attempt(
        &self,
        url: &Url,
        parameters: &[(&str, &str)],
        is_retry: bool,
    ) -> Result<(Vec<u8>, Option<String>), Failed> {
        let _slot = self.throttle.acquire().await;
        let _in_flight = self.progress.request(is_retry);
        self.requests.fetch_add(1, Relaxed);
        self.retries.fetch_add(u64::from(is_retry), Relaxed);
        tracing::trace!(path = url.path(), ?parameters, "GET");

        let request = self.http.get(url.clone()).query(parameters).header(KEY_HEADER, self.key.clone());
        let mut response = request.send().await.map_err(|error| Failed::from(self.transport(&error)))?;
        let status = response.status();
        let key = self.options.api_key.expose_secret();
        let header = |name: &str| {
            response
                .headers()
                .get(name)
                .and_then(|value| value.to_str().ok())
                .map(|value| printable(value, key))
        };
        let request_id = header("request-id").or_else(|| header("x-request-id"));
        let retry_after = header("retry-after").and_then(|value| retry_after(&value, (self.chance.now)()));
        let location = header("location");

        if status == StatusCode::OK {
            let body = self.read_body(&mut response).await;
            return match body {
                Ok(body) => Ok((body, request_id)),
                Err(fault) => Err(Failed { fault, request_id, retry_after: None }),
            };
        }
        if status.is_redirection() {
            let location = location.unwrap_or_else(|| "nowhere".to_owned());
            return Err(Failed {
                fault: Fault::Redirect { status, location },
                request_id,
                retry_after: None,
            });
        }
        let body = read_error_body(&mut response).await;
        let ErrorBody { code, message, request_id: id_in_body } = ErrorBody::parse(&body, key);
        let fault = Fault::Status { status, code, message };
        Err(Failed { fault, request_id: id_in_body.or(request_id), retry_after })
    }

    async fn read_body(&self, response: &mut reqwest::Response) -> Result<Vec<u8>, Fault> {
        let limit = self.options.max_body;
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| self.transport(&error))? {
            if body.len() + chunk.len() > limit {
                return Err(Fault::TooLarge { limit });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// What went wrong below HTTP. reqwest's own text would show the whole address; its causes don't.
    fn transport(&self, error: &reqwest::Error) -> Fault {
        let causes = printable(&chain(error), self.options.api_key.expose_secret());
        if error.is_timeout() {
            Fault::Timeout(if error.is_connect() { "connecting".to_owned() } else { "reading".to_owned() })
        } else if causes.contains("certificate") {
            Fault::Certificate(causes)
        } else if error.is_connect() {
            Fault::Connection(format!("could not connect: {causes}"))
        } else {
            Fault::Connection(format!("the connection broke: {causes}"))
        }
    }
}

/// The causes of an error, outermost first, without the outermost itself (which repeats the address).
fn chain(error: &dyn std::error::Error) -> String {
    let causes: Vec<String> =
        std::iter::successors(error.source(), |cause| cause.source()).map(ToString::to_string).collect();
    if causes.is_empty() { error.to_string() } else { causes.join(": ") }
}

/// An error body says why and is not needed: whatever of it comes in time is enough.
async fn read_error_body(response: &mut reqwest::Response) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(chunk)) = response.chunk().await {
        let room = ERROR_BODY_LIMIT - body.len();
        if chunk.len() >= room {
            body.extend_from_slice(&chunk[..room]);
            break;
        }
        body.extend_from_slice(&chunk);
    }
    body
}

/// One attempt that gave no answer.
struct Failed {
    fault: Fault,
    request_id: Option<String>,
    retry_after: Option<Duration>,
}

impl From<Fault> for Failed {
    fn from(fault: Fault) -> Self {
        Self { fault, request_id: None, retry_after: None }
    }
}

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key holds characters that no header can carry. It is not shown.
    #[error("the API key holds characters that cannot be sent in a header")]
    UnusableKey,
    /// TLS could not be set up.
    #[error("TLS could not be set up: {0}")]
    Tls(String),
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}
