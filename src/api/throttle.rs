//! How many requests at once for one workspace, and when none: narrows when the API says that there are too many,
//! and grows back slowly.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{sync::Notify, time::Instant};

/// After this many good answers for each slot, one more slot is tried. It doubles with each refusal, so that a limit
/// that was found is rarely tried again.
const ANSWERS_BEFORE_GROWTH: usize = 10;

/// The limit on requests in flight.
#[derive(Debug)]
pub(super) struct Throttle {
    state: Mutex<State>,
    changed: Notify,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// Requests allowed in flight now.
    limit: usize,
    /// The most that may ever be allowed: the configuration's, or less where the API announced less.
    most: usize,
    /// Counts how often the limit shrank, so that the refusals of one burst shrink it once.
    shrinks: u64,
    answers: usize,
    answers_before_growth: usize,
    paused_until: Option<Instant>,
}

/// A request's place among those in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot<'a> {
    throttle: &'a Throttle,
    shrinks: u64,
}

impl Throttle {
    /// Lets `most` requests be in flight at once.
    pub(super) fn new(most: usize) -> Self {
        let state = State {
            in_flight: 0,
            limit: most,
            most,
            shrinks: 0,
            answers: 0,
            answers_before_growth: ANSWERS_BEFORE_GROWTH,
            paused_until: None,
        };
        Self { state: Mutex::new(state), changed: Notify::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a free slot, and for the end of a pause.
    pub(super) async fn acquire(&self) -> Slot<'_> {
        loop {
            let changed = self.changed.notified();
            let paused_until = {
                let mut state = self.state();
                let pause = state.paused_until.filter(|end| *end > Instant::now());
                if pause.is_none() && state.in_flight < state.limit {
                    state.in_flight += 1;
                    return Slot { throttle: self, shrinks: state.shrinks };
                }
                pause
            };
            match paused_until {
                Some(end) => tokio::time::sleep_until(end).await,
                None => changed.await,
            }
        }
    }

    /// Nothing is sent for so long: the API said that there are too many requests in a time.
    pub(super) fn pause(&self, wait: Duration) {
        let mut state = self.state();
        let end = Instant::now() + wait;
        state.paused_until = Some(state.paused_until.map_or(end, |known| known.max(end)));
    }

    /// The API says how many it allows at once.
    pub(super) fn announce(&self, most: usize) {
        let mut state = self.state();
        state.most = state.most.min(most.max(1));
        if state.limit > state.most {
            state.limit = state.most;
            // The refusals of what was sent before have their answer in this: they don't halve it once more.
            state.shrinks += 1;
            state.answers = 0;
        }
    }
}

impl Slot<'_> {
    /// The API refused the request because too many were in flight. Whether fewer can be tried.
    pub(super) fn refused(&self) -> bool {
        let mut state = self.throttle.state();
        if state.shrinks > self.shrinks {
            // Others of the same burst were refused before, and the limit shrank since this one was sent.
            return true;
        }
        if state.limit == 1 {
            return false;
        }
        state.limit /= 2;
        state.shrinks += 1;
        state.answers = 0;
        state.answers_before_growth = state.answers_before_growth.saturating_mul(2);
        true
    }

    /// The API answered.
    pub(super) fn answered(&self) {
        let mut state = self.throttle.state();
        state.answers += 1;
        if state.limit < state.most
            && state.answers >= state.limit.saturating_mul(state.answers_before_growth)
        {
            state.limit += 1;
            state.answers = 0;
            drop(state);
            self.throttle.changed.notify_one();
        }
    }
}

impl Drop for Slot<'_> {
    fn drop(&mut self) {
        self.throttle.state().in_flight -= 1;
        self.throttle.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn limit(throttle: &Throttle) -> usize {
        throttle.state().limit
    }

    #[tokio::test]
    async fn no_more_than_the_limit_are_in_flight() {
        let throttle = Throttle::new(2);
        let first = throttle.acquire().await;
        let _second = throttle.acquire().await;
        assert!(throttle.acquire().now_or_never().is_none());
        drop(first);
        assert!(throttle.acquire().now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_freed_slot_wakes_who_waits() {
        let throttle = Throttle::new(1);
        let first = throttle.acquire().await;
        let (_second, ()) = tokio::join!(throttle.acquire(), async { drop(first) });
    }

    #[tokio::test]
    async fn the_refusals_of_one_burst_halve_the_limit_once() {
        let throttle = Throttle::new(8);
        let burst = [throttle.acquire().await, throttle.acquire().await, throttle.acquire().await];
        assert!(burst.iter().all(Slot::refused));
        assert_eq!(limit(&throttle), 4);
        drop(burst);
        assert!(throttle.acquire().await.refused());
        assert!(throttle.acquire().await.refused());
        assert_eq!(limit(&throttle), 1);
        assert!(!throttle.acquire().await.refused(), "there are no fewer than one");
    }

    #[tokio::test]
    async fn it_grows_back_slowly_and_never_beyond_what_is_allowed() {
        let throttle = Throttle::new(2);
        throttle.acquire().await.refused();
        for _ in 0..2 * ANSWERS_BEFORE_GROWTH - 1 {
            throttle.acquire().await.answered();
        }
        assert_eq!(limit(&throttle), 1);
        throttle.acquire().await.answered();
        assert_eq!(limit(&throttle), 2);
        for _ in 0..100 * ANSWERS_BEFORE_GROWTH {
            throttle.acquire().await.answered();
        }
        assert_eq!(limit(&throttle), 2);
    }

    #[tokio::test]
    async fn what_the_api_announces_caps_it() {
        let throttle = Throttle::new(16);
        throttle.announce(3);
        assert_eq!(limit(&throttle), 3);
        throttle.announce(10);
        assert_eq!(limit(&throttle), 3);
        throttle.announce(0);
        assert_eq!(limit(&throttle), 1);
    }

    #[tokio::test]
    async fn the_refusals_of_what_was_sent_before_an_announcement_do_not_halve_what_was_announced() {
        let throttle = Throttle::new(16);
        let burst = [throttle.acquire().await, throttle.acquire().await, throttle.acquire().await];
        throttle.announce(2);
        assert!(burst.iter().all(Slot::refused));
        assert_eq!(limit(&throttle), 2);
        drop(burst);
        // Somebody else has the key too, so there is room for fewer than were announced.
        assert!(throttle.acquire().await.refused());
        assert_eq!(limit(&throttle), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_until_it_ends() {
        let throttle = Throttle::new(4);
        let start = Instant::now();
        throttle.pause(Duration::from_secs(30));
        throttle.pause(Duration::from_secs(10));
        drop(throttle.acquire().await);
        assert!(start.elapsed() >= Duration::from_secs(30));
        drop(throttle.acquire().await);
        assert!(start.elapsed() < Duration::from_secs(31));
    }
}
