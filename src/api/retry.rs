//! The only retry policy: what is worth asking again, and when. Pure: it never sleeps, and the clock and chance
//! come in as arguments.

use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::StatusCode;

use super::error::Fault;

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

/// Whether the same request may well succeed when it is sent again: busy or broken for a moment, rather than
/// wrong. 501 and 505 say that it never will.
#[must_use]
pub fn is_transient(fault: &Fault) -> bool {
    match fault {
        Fault::Status { status, .. } => {
            matches!(*status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS)
                || status.is_server_error()
                    && !matches!(
                        *status,
                        StatusCode::NOT_IMPLEMENTED | StatusCode::HTTP_VERSION_NOT_SUPPORTED
                    )
        }
        Fault::Connection(_) | Fault::Timeout(_) => true,
        Fault::Redirect { .. }
        | Fault::Certificate(_)
        | Fault::TooLarge { .. }
        | Fault::Malformed(_)
        | Fault::Paging(_)
        | Fault::UnusableId(_) => false,
    }
}

impl RetryPolicy {
    /// How long to wait before asking again, or `None` where it is not to be asked again.
    ///
    /// `attempt` counts the attempts made so far; `chance` is drawn evenly from 0 to 1 ("full jitter", so that many
    /// clients don't come back together). The wait is never shorter than `retry_after`.
    #[must_use]
    pub fn delay(
        &self,
        attempt: u32,
        fault: &Fault,
        retry_after: Option<Duration>,
        chance: f64,
    ) -> Option<Duration> {
        if attempt >= self.attempts || !is_transient(fault) {
            return None;
        }
        let retry_after = retry_after.unwrap_or_default();
        if retry_after > self.longest_retry_after {
            return None;
        }
        let doubled = self.first_backoff.saturating_mul(2_u32.saturating_pow(attempt.saturating_sub(1)));
        Some(doubled.min(self.longest_backoff).mul_f64(chance.clamp(0.0, 1.0)).max(retry_after))
    }
}

/// How long a `Retry-After` header asks to wait: seconds, or a date in any of HTTP's three forms. A date in the
/// past is no wait; anything else is ignored.
#[must_use]
pub fn retry_after(header: &str, now: DateTime<Utc>) -> Option<Duration> {
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

    fn status(code: u16) -> Fault {
        Fault::Status { status: StatusCode::from_u16(code).unwrap(), code: None, message: String::new() }
    }

    fn now() -> DateTime<Utc> {
        "2026-11-23T02:00:00Z".parse().unwrap()
    }

    #[test]
    fn the_wait_doubles_up_to_its_bound_and_then_ends() {
        let waits: Vec<_> = (1..=5).map(|attempt| POLICY.delay(attempt, &status(503), None, 1.0)).collect();
        let seconds = |seconds| Some(Duration::from_secs(seconds));
        assert_eq!(waits, [seconds(1), seconds(2), seconds(4), seconds(8), None]);
        let patient = RetryPolicy { attempts: 99, ..POLICY };
        assert_eq!(patient.delay(60, &status(503), None, 1.0), seconds(20));
    }

    #[test]
    fn statuses_that_are_tried_again() {
        let again: Vec<u16> = (200..600).filter(|code| is_transient(&status(*code))).collect();
        let expected: Vec<u16> =
            [408, 429].into_iter().chain((500..600).filter(|code| ![501, 505].contains(code))).collect();
        assert_eq!(again, expected);
    }

    #[test]
    fn retry_after_is_a_least_wait_and_too_long_a_one_ends_it() {
        let asked = |seconds| POLICY.delay(1, &status(429), Some(Duration::from_secs(seconds)), 0.5);
        assert_eq!(asked(7), Some(Duration::from_secs(7)));
        assert_eq!(asked(0), Some(Duration::from_millis(500)));
        assert_eq!(asked(900), Some(Duration::from_secs(900)));
        assert_eq!(asked(901), None);
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
        fn a_wait_is_never_longer_than_backoff_and_header_allow(attempt in 0_u32..100, chance in 0.0..1.0, header in ".*") {
            let asked = retry_after(&header, now());
            if let Some(wait) = POLICY.delay(attempt, &status(503), asked, chance) {
                prop_assert!(wait <= POLICY.longest_retry_after);
                prop_assert!(wait >= asked.unwrap_or_default());
            }
        }
    }
}
