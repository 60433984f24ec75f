//! A client for one workspace: asks until there is an answer, or why there is none.

use std::{
    collections::BTreeMap,
    sync::{Arc, OnceLock, atomic::Ordering},
};

use reqwest::header;
use secrecy::ExposeSecret;
use tokio::time::Instant;

use super::{
    EndpointTraffic, Priority, Response, STAND_IN, Walk,
    attempt::Failed,
    connections::ClientError,
    diagnostics::{ClockComparison, ClockOffsets},
    error::{ApiError, ErrorKind},
    mask::Mask,
    retry::{Congestion, Decision, RetryBudget, congestion},
    shared::{ClientOptions, Clock, Shared},
    shared_limits::SharedLimits,
    target::{Target, Unshown},
    throttle::Throttle,
    wire,
};
use crate::{
    memory::{Held, Kept, Share},
    progress::WorkspaceProgress,
};

/// A client for one workspace. Clones are the same client, but for the priority of what they ask.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    priority: Priority,
}

impl Client {
    /// A client that has sent nothing yet.
    ///
    /// # Errors
    /// Where the key can't stand in a header, or the TLS backend can't start.
    pub fn new(
        options: ClientOptions,
        clock: Clock,
        run: Arc<SharedLimits>,
        progress: Arc<WorkspaceProgress>,
    ) -> Result<Self, ClientError> {
        let mut key = header::HeaderValue::from_str(options.api_key.expose_secret())
            .map_err(|_| ClientError::UnusableKey)?;
        key.set_sensitive(true);
        let shared = Shared {
            http: run.connections.to(&options.base_url, options.proxy.as_ref())?,
            proxy_check: options
                .proxy
                .as_ref()
                .and_then(|proxy| run.connections.proxy_check(&options.base_url, proxy)),
            throttle: Throttle::new(options.concurrency),
            budget: RetryBudget::new(options.retries),
            options,
            key,
            clock,
            share: run.memory.share(),
            run,
            progress,
            traffic: Arc::default(),
            clock_comparison: ClockComparison::default(),
            ended: OnceLock::new(),
        };
        Ok(Self { shared: Arc::new(shared), priority: Priority::default() })
    }

    /// The same client, of whose requests others go first or last.
    pub(crate) fn with_priority(&self, priority: Priority) -> Self {
        Self { shared: Arc::clone(&self.shared), priority }
    }

    /// The configured name of the workspace that is asked.
    pub fn workspace(&self) -> &str {
        self.shared.progress.name()
    }

    /// Requests that may be in flight at once.
    pub fn concurrency(&self) -> usize {
        self.shared.options.concurrency
    }

    /// What is kept of the workspace.
    pub(crate) fn share(&self) -> &Arc<Share> {
        &self.shared.share
    }

    /// Fails where more would have to be kept than is allowed; then nothing more is asked. `path` is what was read last.
    ///
    /// # Errors
    /// Only then.
    pub(crate) fn keeps_within_bounds(&self, path: &str) -> Result<(), ApiError> {
        let Some(why) = self.shared.share.over() else { return Ok(()) };
        let error = ApiError::new(path, ErrorKind::Memory(why));
        self.end(&error);
        Err(self.shared.ended.get().cloned().unwrap_or(error))
    }

    /// When the whole run ends.
    pub fn deadline(&self) -> Instant {
        self.shared.run.deadline
    }

    /// A walk over the pages of one endpoint.
    pub(crate) fn walk(&self) -> Walk {
        Walk::new(self.shared.options.max_pages)
    }

    /// Requests sent so far, and how many of them were repetitions.
    pub fn counts(&self) -> (u64, u64) {
        let totals = self.shared.progress.totals();
        (totals.requests, totals.retries)
    }

    /// What was asked so far, by the path of the endpoint in the public OpenAPI document.
    pub(crate) fn traffic(&self) -> BTreeMap<&'static str, EndpointTraffic> {
        self.shared.traffic.by_endpoint()
    }

    /// Sends nothing more: whatever is asked from now on, and what still waits to be sent, fails with this error. A key that
    /// is not valid ends it by itself.
    pub(crate) fn end(&self, error: &ApiError) {
        // The first reason is the reason.
        let _ = self.shared.ended.set(error.clone());
    }

    /// The address that paths are appended to.
    pub fn address(&self) -> &str {
        self.shared.options.base_url.as_str()
    }

    /// The proxy that requests go through, without a password.
    pub fn proxy(&self) -> Option<String> {
        self.shared.proxy_check.as_ref().map(|proxy_check| proxy_check.proxy())
    }

    /// By how much this machine's clock was ahead of the API's, answer by answer.
    pub(crate) fn clock_offsets(&self) -> ClockOffsets {
        self.shared.clock_comparison.seen()
    }

    pub(super) fn mask(&self) -> &Mask {
        &self.shared.run.mask
    }

    /// Asks until there is an answer, the policy gives up or the run has to end. At its end whatever still waits
    /// fails at once, so that what was read until then can be told.
    pub(super) async fn get(
        &self,
        target: Target,
        parameters: &[(&str, &str)],
    ) -> Result<Response, ApiError> {
        let (path, deadline) = (target.path.clone(), self.shared.run.deadline);
        if deadline <= Instant::now() {
            // The time-out below would only see this once a request has been made ready and counted.
            return Err(ApiError::new(path, ErrorKind::Deadline));
        }
        if let Some(error) = self.shared.ended.get() {
            return Err(error.clone());
        }
        let asking = self.shared.ask(target, parameters, self.priority);
        tokio::time::timeout_at(deadline, asking)
            .await
            .unwrap_or_else(|_| Err(ApiError::new(path, ErrorKind::Deadline)))
    }
}

impl Shared {
    async fn ask(
        &self,
        target: Target,
        parameters: &[(&str, &str)],
        priority: Priority,
    ) -> Result<Response, ApiError> {
        let Target { endpoint, path, sent: Unshown(sent_path) } = target;
        let mask = &self.run.mask;
        let mut url = self.options.base_url.clone();
        url.set_path(&format!("{}{sent_path}", url.path().trim_end_matches('/')));
        let revealed: Option<Vec<_>> = parameters
            .iter()
            .map(|(name, value)| Some((*name, mask.reveal(value, str::to_owned)?)))
            .collect();
        let Some(revealed) = revealed else {
            let shown = mask.printable(&format!("{parameters:?}"));
            return Err(ApiError::new(path, ErrorKind::UnusableId(shown)));
        };
        let shown = || mask.hide(&format!("{parameters:?}")).into_owned();
        // Refusals for too many requests at once are not held against the request while fewer can be tried.
        let (mut sent, mut counted) = (0, 0);
        loop {
            let slot = self.throttle.acquire(priority).await;
            // Nobody closes these, so there is always one to be had.
            let slot_of_all = self.run.slots.acquire().await.ok();
            let held = Arc::clone(&self.run.answers).acquire_owned().await.ok();
            if !slot.holds() {
                continue;
            }
            if self.run.deadline <= Instant::now() {
                // Slots come free when others run out of time.
                return Err(ApiError { attempts: sent, ..ApiError::new(path, ErrorKind::Deadline) });
            }
            if let Some(error) = self.ended.get() {
                return Err(error.clone());
            }
            if let Some(proxy_check) = &self.proxy_check
                && let Some(refusal) = proxy_check.refusal().await
            {
                return Err(ApiError { attempts: sent, ..ApiError::new(path, refusal) });
            }
            sent += 1;
            self.traffic.sent(endpoint);
            let workspace = self.progress.name();
            tracing::trace!(workspace, path, parameters = %shown(), "GET");
            let failed = match self.attempt(&url, &revealed, sent > 1).await {
                Ok((mut body, kept, request_id)) => {
                    slot.answered();
                    wire::replace_lone_surrogates(&mut body);
                    // Where something is masked, it is copied.
                    let mut copied = Held::none(&self.share, Kept::Answers);
                    if !copied.allows(body.len()) {
                        let why = self.share.over().unwrap_or_default();
                        let error =
                            ApiError { attempts: sent, ..ApiError::new(path, ErrorKind::Memory(why)) };
                        let _ = self.ended.set(error.clone());
                        return Err(error);
                    }
                    let masked = mask.body(&mut body);
                    drop(copied);
                    self.traffic.answered(endpoint, request_id.as_deref());
                    let traffic = Arc::clone(&self.traffic);
                    let response = Response {
                        endpoint,
                        path,
                        body,
                        request_id,
                        attempts: sent,
                        traffic,
                        deadline: self.run.deadline,
                        _held: held,
                        _kept: kept,
                    };
                    let is_masked = masked.map_err(|problem| response.error(problem))?;
                    if is_masked && !self.run.has_told_of_keys.swap(true, Ordering::Relaxed) {
                        tracing::warn!(
                            workspace,
                            "the answer to GET {} holds an API key that is in use, and is read with {STAND_IN}… in its place: \
                             take it out there, and make a new key",
                            response.path
                        );
                    }
                    return Ok(response);
                }
                Err(failed) => failed,
            };
            let congestion = congestion(&failed.kind);
            let is_free = congestion == Some(Congestion::Concurrency) && slot.refused();
            counted += u32::from(!is_free);
            let error = ApiError {
                request_id: failed.request_id.clone(),
                attempts: sent,
                ..ApiError::new(path.clone(), failed.kind.clone())
            };
            if error.ends_the_workspace() {
                // Before the slot is free, or the next request would slip through.
                let _ = self.ended.set(error.clone());
            }
            match self.decide(&failed, counted, is_free) {
                Decision::GiveUp(note) => return Err(ApiError { note, ..error }),
                Decision::Again(wait) => {
                    tracing::info!(
                        workspace = self.progress.name(),
                        wait_ms = u64::try_from(wait.as_millis()).ok(),
                        "trying again: {error}"
                    );
                    if congestion == Some(Congestion::Rate) {
                        // Before the slot is free, or the next request would slip through.
                        self.throttle.pause(wait);
                    } else {
                        drop((slot, slot_of_all, held));
                        tokio::time::sleep(wait).await;
                    }
                }
            }
        }
    }

    fn decide(&self, failed: &Failed, counted: u32, is_free: bool) -> Decision {
        let left = self.run.deadline.saturating_duration_since(Instant::now());
        let random = (self.clock.random)();
        // A free attempt waits as the first one would.
        let attempt = if is_free { 0 } else { counted };
        let decision = self.options.retry.decide(attempt, &failed.kind, failed.retry_after, random, left);
        match decision {
            Decision::Again(_) => match self.retries_spent() {
                Some(whose) => {
                    Decision::GiveUp(Some(format!("the retries that [http] retry_budget allows {whose}")))
                }
                None => decision,
            },
            Decision::GiveUp(_) => decision,
        }
    }

    /// Takes a retry. Where there is none left, whose are spent.
    fn retries_spent(&self) -> Option<String> {
        let (own, all) = (self.budget.all(), self.run.budget.all());
        // Its own first: what a workspace may not take is left to others.
        if !self.budget.take() {
            let share = if own < all { format!(" ({own} of {all})") } else { String::new() };
            return Some(format!("this workspace{share} are spent"));
        }
        if self.run.budget.take() {
            self.run.retries.add(self.progress.name());
            return None;
        }
        Some(format!("the whole run ({all}) are spent: {}", self.run.retries.in_words()))
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Client").field("options", &self.shared.options).finish_non_exhaustive()
    }
}
