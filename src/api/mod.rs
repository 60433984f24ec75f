//! The only place that knows HTTP: one method per endpoint, GET only.
//!
//! What never lives here: which endpoint is asked when, what a list's length means, what an answer says about a
//! verdict.

mod answer;
mod endpoint;
mod error;
mod page;
mod reach;
mod retry;
mod throttle;
mod traffic;
mod wire;

use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::{StatusCode, header};
use secrecy::{ExposeSecret, SecretString};
use tokio::time::Instant;
use url::Url;

pub use answer::Answer;
pub use endpoint::SecretsQuery;
pub use error::{ApiError, Fault, Malformed};
pub use page::{Next, Walk};
use retry::{Congestion, Decision, congestion, retry_after};
pub use retry::{RetryBudget, RetryPolicy};
pub use traffic::EndpointTraffic;
pub use wire::{
    DependenciesPage, DependentList, FoundReference, FoundReferences, HasMore, Holder, HolderPage, ListName,
    ListedSecret, ResourceType, SecretPage, User,
};

use crate::progress::Progress;
use endpoint::Target;
use error::{ErrorBody, printable};
use throttle::Throttle;
use traffic::Traffic;

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
    /// Whether the environment's proxies are used.
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

/// What all clients of a run share.
#[derive(Debug)]
pub struct Run {
    /// What has been done so far.
    pub progress: Arc<Progress>,
    /// The retries that are left.
    pub budget: RetryBudget,
    /// When the run has to end.
    pub deadline: Instant,
}

/// A client for one workspace.
pub struct Client {
    http: reqwest::Client,
    options: ClientOptions,
    key: header::HeaderValue,
    throttle: Throttle,
    chance: Chance,
    run: Arc<Run>,
    traffic: Arc<Traffic>,
    requests: AtomicU64,
    retries: AtomicU64,
    server_time: reach::ServerTime,
}

impl Client {
    /// A client that has sent nothing yet.
    ///
    /// # Errors
    /// Where the key can't stand in a header, or the TLS backend can't start.
    pub fn new(options: ClientOptions, chance: Chance, run: Arc<Run>) -> Result<Self, ClientError> {
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
        if options.base_url.scheme() == "http" {
            // Without TLS there is nobody to trust, and a machine without CA certificates is no obstacle.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self {
            http: builder.build().map_err(|error| ClientError::Tls(chain(&error)))?,
            throttle: Throttle::new(options.concurrency),
            options,
            key,
            chance,
            run,
            traffic: Arc::default(),
            requests: AtomicU64::new(0),
            retries: AtomicU64::new(0),
            server_time: reach::ServerTime::default(),
        })
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

    /// What was asked so far, by the path of the endpoint in the public OpenAPI document.
    #[must_use]
    pub fn traffic(&self) -> BTreeMap<&'static str, EndpointTraffic> {
        self.traffic.by_endpoint()
    }

    /// Asks until there is an answer, the policy gives up or the run has to end. At its end whatever still waits
    /// fails at once, so that what was read until then can be told.
    async fn get(&self, target: Target, parameters: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let path = target.path.clone();
        if self.run.deadline <= Instant::now() {
            // The time-out below would only see this once a request has been made ready and counted.
            return Err(ApiError::new(path, Fault::Deadline));
        }
        let asking = self.ask(target, parameters);
        tokio::time::timeout_at(self.run.deadline, asking)
            .await
            .unwrap_or_else(|_| Err(ApiError::new(path, Fault::Deadline)))
    }

    async fn ask(&self, target: Target, parameters: &[(&str, &str)]) -> Result<Answer, ApiError> {
        let Target { endpoint, path } = target;
        let mut url = self.options.base_url.clone();
        url.set_path(&format!("{}{path}", url.path().trim_end_matches('/')));
        // Refusals for too many requests at once are not held against the request while fewer can be tried.
        let (mut sent, mut counted) = (0, 0);
        loop {
            let slot = self.throttle.acquire().await;
            sent += 1;
            self.traffic.sent(endpoint);
            let failed = match self.attempt(&url, parameters, sent > 1).await {
                Ok((body, request_id)) => {
                    slot.answered();
                    self.traffic.answered(endpoint, request_id.as_deref());
                    let traffic = Arc::clone(&self.traffic);
                    return Ok(Answer { endpoint, path, body, request_id, attempts: sent, traffic });
                }
                Err(failed) => failed,
            };
            let congestion = congestion(&failed.fault);
            let is_free = congestion == Some(Congestion::Concurrency) && slot.refused();
            drop(slot);
            counted += u32::from(!is_free);
            let error = ApiError {
                request_id: failed.request_id.clone(),
                attempts: sent,
                ..ApiError::new(path.clone(), failed.fault.clone())
            };
            match self.decide(&failed, counted, is_free) {
                Decision::GiveUp(note) => return Err(ApiError { note, ..error }),
                Decision::Again(wait) => {
                    tracing::info!(wait_ms = u64::try_from(wait.as_millis()).ok(), "trying again: {error}");
                    if congestion == Some(Congestion::Rate) {
                        self.throttle.pause(wait);
                    } else {
                        tokio::time::sleep(wait).await;
                    }
                }
            }
        }
    }

    fn decide(&self, failed: &Failed, counted: u32, is_free: bool) -> Decision {
        let left = self.run.deadline.saturating_duration_since(Instant::now());
        let chance = (self.chance.random)();
        // A free attempt waits as the first one would.
        let attempt = if is_free { 0 } else { counted };
        let decision = self.options.retry.decide(attempt, &failed.fault, failed.retry_after, chance, left);
        match decision {
            Decision::Again(_) if !self.run.budget.take() => Decision::GiveUp(Some(
                "the retries of the whole run ([http] retry_budget) are spent".to_owned(),
            )),
            decision => decision,
        }
    }

    async fn attempt(
        &self,
        url: &Url,
        parameters: &[(&str, &str)],
        is_retry: bool,
    ) -> Result<(Vec<u8>, Option<String>), Failed> {
        let _in_flight = self.run.progress.request(is_retry);
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
        if let Some(date) = header("date") {
            self.server_time.told(&date, (self.chance.now)());
        }
        let request_id = header("request-id").or_else(|| header("x-request-id"));
        let retry_after = header("retry-after").and_then(|value| retry_after(&value, (self.chance.now)()));
        let location = header("location");
        if let Some(most) = header("maximum-concurrent-requests").and_then(|value| value.trim().parse().ok())
        {
            self.throttle.announce(most);
        }

        if status == StatusCode::OK {
            return match self.read_body(&mut response).await {
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
    #[error(
        "TLS could not be set up: {0}; install the system's CA certificates, or name them in SSL_CERT_FILE"
    )]
    Tls(String),
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("options", &self.options).finish_non_exhaustive()
    }
}
