//! The only retry policy: what is worth asking again, and when. Pure: it never sleeps, and the clock and chance
//! come in as arguments.

use std::{
    cmp::Reverse,
    collections::BTreeMap,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU32, Ordering::Relaxed},
    },
    time::Duration,
};

use chrono::{DateTime, Utc};
use reqwest::StatusCode;

use super::error::ErrorKind;

/// When and how often to ask again.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RetryPolicy {
    /// How many times a request is sent at most, the first time included.
    pub attempts: u32,
    /// The longest wait after the first failure; it doubles with each further one.
    pub first_backoff: Duration,
    /// The longest wait that backoff may reach.
    pub longest_backoff: Duration,
    /// The longest wait that a server may ask for; a longer one ends the request at once.
    pub longest_retry_after: Duration,
}

/// What a refusal with 429 is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Congestion {
    /// Too many requests in a time: the whole client has to pause.
    Rate,
    /// Too many requests at once: fewer may be in flight.
    Concurrency,
    /// The service is busy for a moment.
    Busy,
}

/// What a refusal is about, by the codes that the vendor's documentation names. An unknown or unreadable one is taken
/// for a limit on the rate, which is the most careful reading.
pub(super) fn congestion(kind: &ErrorKind) -> Option<Congestion> {
    let ErrorKind::Status { status: StatusCode::TOO_MANY_REQUESTS, code, .. } = kind else { return None };
    Some(match code.as_deref() {
        Some("concurrent_limit_exceeded" | "too_many_concurrent_requests") => Congestion::Concurrency,
        Some("system_busy") => Congestion::Busy,
        _ => Congestion::Rate,
    })
}

/// What becomes of a request that failed.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Decision {
    /// It is sent again after this long.
    Again(Duration),
    /// It is not sent again, and where that is not for its own sake, this is why.
    GiveUp(Option<String>),
}

/// The retries that may still be made, so that a dying service is not hammered.
#[derive(Debug)]
pub(super) struct RetryBudget {
    all: u32,
    left: AtomicU32,
}

impl RetryBudget {
    /// So many retries.
    pub(super) fn new(retries: u32) -> Self {
        Self { all: retries, left: AtomicU32::new(retries) }
    }

    /// How many there were at first.
    pub(super) fn all(&self) -> u32 {
        self.all
    }

    /// Takes one, where there is one left.
    pub(super) fn take(&self) -> bool {
        self.left.fetch_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// How many retries each workspace has taken of those of the whole run.
#[derive(Debug, Default)]
pub(super) struct RetriesByWorkspace(Mutex<BTreeMap<String, u32>>);

impl RetriesByWorkspace {
    pub(super) fn add(&self, workspace: &str) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(workspace.to_owned()).or_default() += 1;
    }

    /// The workspaces that have taken most.
    pub(super) fn in_words(&self) -> String {
        const MOST_NAMED: usize = 3;
        let mut each: Vec<(String, u32)> =
            self.0.lock().unwrap_or_else(PoisonError::into_inner).clone().into_iter().collect();
        each.sort_by_key(|(_, taken)| Reverse(*taken));
        let named = each.iter().take(MOST_NAMED).map(|(name, taken)| format!("{taken} by workspace {name}"));
        let mut named: Vec<String> = named.collect();
        if each.len() > MOST_NAMED {
            let rest: u32 = each.iter().skip(MOST_NAMED).map(|(_, taken)| taken).sum();
            named.push(format!("{rest} by others"));
        }
        named.join(", ")
    }
}

impl RetryPolicy {
    /// What becomes of a request that failed.
    ///
    /// `attempt` counts the attempts made so far; `random` is drawn evenly from 0 to 1 ("full jitter", so that many
    /// clients don't come back together); `left` is the time until the run has to end. The wait is never shorter than
    /// `retry_after`.
    pub(super) fn decide(
        &self,
        attempt: u32,
        kind: &ErrorKind,
        retry_after: Option<Duration>,
        random: f64,
        left: Duration,
    ) -> Decision {
        if attempt >= self.attempts || !kind.is_transient() {
            return Decision::GiveUp(None);
        }
        let retry_after = retry_after.unwrap_or_default();
        if retry_after > self.longest_retry_after {
            return Decision::GiveUp(Some(format!(
                "it asked to wait {} s, longer than [http] longest_retry_after_seconds",
                retry_after.as_secs()
            )));
        }
        let doubled = self.first_backoff.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        let wait = doubled.min(self.longest_backoff).mul_f64(random.clamp(0.0, 1.0)).max(retry_after);
        if wait > left {
            return Decision::GiveUp(Some(format!(
                "the next attempt, in {} s, would come after [http] run_timeout_seconds",
                wait.as_secs()
            )));
        }
        Decision::Again(wait)
    }
}

/// How long a `Retry-After` header asks to wait: seconds, or a date in any of HTTP's three forms. A date in the
/// past is no wait; anything else is ignored.
pub(super) fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
    let header = header.trim();
    if !header.is_empty() && header.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number holds still mean "longer than anyone waits".
        return Some(Duration::from_secs(header.parse().unwrap_or(u64::MAX)));
    }
    let date = DateTime::<Utc>::from(httpdate::parse_http_date(header).ok()?);
    Some((date - now).to_std().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 5,
        first_backoff: Duration::from_secs(1),
        longest_backoff: Duration::from_secs(20),
        longest_retry_after: Duration::from_secs(900),
    };

    fn status(code: u16) -> ErrorKind {
        ErrorKind::Status { status: StatusCode::from_u16(code).unwrap(), code: None, message: String::new() }
    }

    fn now() -> DateTime<Utc> {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    const AN_HOUR: Duration = Duration::from_secs(3600);

    fn wait(policy: &RetryPolicy, attempt: u32, retry_after: Option<u64>, random: f64) -> Option<Duration> {
        match policy.decide(attempt, &status(503), retry_after.map(Duration::from_secs), random, AN_HOUR) {
            Decision::Again(wait) => Some(wait),
            Decision::GiveUp(_) => None,
        }
    }

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_then_ends() {
        let waits: Vec<_> = (1..=5).map(|attempt| wait(&POLICY, attempt, None, 1.0)).collect();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(4), seconds(8), None]);
        let patient = RetryPolicy { attempts: 99, ..POLICY };
        assert_eq!(wait(&patient, 60, None, 1.0), seconds(20));
    }

    #[test]
    fn statuses_that_are_tried_again() {
        let again: Vec<u16> = (200..600).filter(|code| status(*code).is_transient()).collect();
        let expected: Vec<u16> =
            [408, 429].into_iter().chain((500..600).filter(|code| ![501, 505].contains(code))).collect();
        assert_eq!(again, expected);
    }

    #[test]
    fn retry_after_is_a_least_wait_and_too_long_a_one_ends_it() {
        let asked = |seconds| wait(&POLICY, 1, Some(seconds), 0.5);
        assert_eq!(asked(7), Some(Duration::from_secs(7)));
        assert_eq!(asked(0), Some(Duration::from_millis(500)));
        assert_eq!(asked(900), Some(Duration::from_secs(900)));
        assert_eq!(asked(901), None);
    }

    #[test]
    fn a_wait_past_the_deadline_ends_it_and_says_so() {
        let decide = |left| {
            let asked = Some(Duration::from_secs(30));
            POLICY.decide(1, &status(503), asked, 0.0, Duration::from_secs(left))
        };
        assert_eq!(decide(30), Decision::Again(Duration::from_secs(30)));
        assert!(matches!(decide(29), Decision::GiveUp(Some(why)) if why.contains("run_timeout")));
    }

    #[test]
    fn a_refusal_is_told_by_its_code_and_an_unknown_one_is_of_the_rate() {
        let refusal = |code: Option<&str>| {
            congestion(&ErrorKind::Status {
                status: StatusCode::TOO_MANY_REQUESTS,
                code: code.map(str::to_owned),
                message: String::new(),
            })
        };
        assert_eq!(refusal(Some("concurrent_limit_exceeded")), Some(Congestion::Concurrency));
        assert_eq!(refusal(Some("too_many_concurrent_requests")), Some(Congestion::Concurrency));
        assert_eq!(refusal(Some("system_busy")), Some(Congestion::Busy));
        for rate in [Some("rate_limit_exceeded"), Some("something new"), None] {
            assert_eq!(refusal(rate), Some(Congestion::Rate));
        }
        assert_eq!(congestion(&status(503)), None);
    }

    #[test]
    fn a_budget_is_spent_once() {
        let budget = RetryBudget::new(2);
        assert_eq!([budget.take(), budget.take(), budget.take(), budget.take()], [true, true, false, false]);
    }

    #[test]
    fn retry_after_is_read_in_all_its_forms() {
        let thirty_seconds = Some(Duration::from_secs(30));
        assert_eq!(retry_after("30", now()), thirty_seconds);
        for date in
            ["Mon, 23 Nov 2026 02:00:30 GMT", "Monday, 23-Nov-26 02:00:30 GMT", "Mon Nov 23 02:00:30 2026"]
        {
            assert_eq!(retry_after(date, now()), thirty_seconds, "{date}");
        }
        assert_eq!(retry_after("Mon, 23 Nov 2026 01:00:00 GMT", now()), Some(Duration::ZERO));
        for garbage in ["", "soon", "-1", "1.5", "Mon, 99 Nov 2026 02:00:30 GMT"] {
            assert_eq!(retry_after(garbage, now()), None, "{garbage}");
        }
    }

    proptest! {
        #[test]
        fn a_date_in_any_form_is_a_wait_until_then_and_none_if_it_is_past(seconds in -1_000_000_i64..1_000_000_000) {
            let then = now() + chrono::TimeDelta::seconds(seconds);
            let wait = Duration::from_secs(seconds.max(0).unsigned_abs());
            for form in ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"] {
                prop_assert_eq!(retry_after(&then.format(form).to_string(), now()), Some(wait));
            }
            let asked = seconds.to_string();
            prop_assert_eq!(retry_after(&asked, now()), (seconds >= 0).then_some(wait));
        }

        #[test]
        fn a_wait_is_never_longer_than_backoff_and_header_allow(attempt in 0_u32..100, random in 0.0..1.0, header in ".*") {
            let asked = retry_after(&header, now());
            if let Decision::Again(wait) = POLICY.decide(attempt, &status(503), asked, random, AN_HOUR) {
                prop_assert!(wait <= POLICY.longest_retry_after);
                prop_assert!(wait >= asked.unwrap_or_default());
            }
        }
    }
}
