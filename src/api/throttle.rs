//! How many requests at once for one workspace, which of those that wait goes first, and when none is sent at all: narrows
//! when the API says that there are too many, and grows back slowly.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

/// So many are in flight at the beginning, when nothing tells yet how many are allowed.
const FIRST_LIMIT: usize = 4;

/// After this many good answers for each slot, one more slot is tried. It doubles with each refusal, so that a limit
/// that was found is rarely tried again.
const ANSWERS_BEFORE_GROWTH: usize = 10;

/// Which of the requests that wait for a slot goes first: the one with the lesser number, and of equal ones the one that
/// came first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Priority(pub u8);

/// The limit on requests in flight. Clones share it.
#[derive(Clone, Debug)]
pub(super) struct Throttle(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Tells who waits that there is a pause now.
    paused: Notify,
}

#[derive(Debug)]
struct State {
    in_flight: usize,
    /// Requests allowed in flight now.
    limit: usize,
    /// The most that may ever be allowed: the configuration's, or less where the API announced less.
    most: usize,
    /// Whether every answer allows one more, as nothing was refused yet.
    is_beginning: bool,
    /// Counts how often the limit shrank, so that the refusals of one burst shrink it once.
    shrinks: u64,
    answers: usize,
    answers_before_growth: usize,
    paused_until: Option<Instant>,
    /// Who waits for a slot, by priority and in the order in which they came.
    waiting: BTreeMap<(Priority, u64), oneshot::Sender<Slot>>,
    arrivals: u64,
}

/// A request's place among those in flight, until it is dropped.
#[derive(Debug)]
pub(super) struct Slot {
    throttle: Throttle,
    shrinks: u64,
}

impl Throttle {
    /// Lets `most` requests be in flight at once.
    pub(super) fn new(most: usize) -> Self {
        let state = State {
            in_flight: 0,
            limit: most.min(FIRST_LIMIT),
            most,
            is_beginning: true,
            shrinks: 0,
            answers: 0,
            answers_before_growth: ANSWERS_BEFORE_GROWTH,
            paused_until: None,
            waiting: BTreeMap::new(),
            arrivals: 0,
        };
        Self(Arc::new(Shared { state: Mutex::new(state), paused: Notify::new() }))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for a free slot, and for the end of a pause.
    pub(super) async fn acquire(&self, priority: Priority) -> Slot {
        loop {
            let mut turn = self.queue_up(priority);
            loop {
                self.hand_out();
                let paused = self.0.paused.notified();
                let pause = self.state().pause();
                let end_of_pause = async {
                    match pause {
                        Some(end) => tokio::time::sleep_until(end).await,
                        None => std::future::pending().await,
                    }
                };
                let granted = tokio::select! {
                    granted = &mut turn => granted,
                    () = end_of_pause => continue,
                    () = paused => continue,
                };
                match granted {
                    Ok(slot) => return slot,
                    // A queue lets nobody go without a slot; were it otherwise, one more turn would mend it.
                    Err(_) => break,
                }
            }
        }
    }

    fn queue_up(&self, priority: Priority) -> oneshot::Receiver<Slot> {
        let (sender, turn) = oneshot::channel();
        let mut state = self.state();
        state.arrivals += 1;
        let place = (priority, state.arrivals);
        state.waiting.insert(place, sender);
        turn
    }

    /// Gives the free slots to those who wait.
    fn hand_out(&self) {
        loop {
            let next = self.state().next();
            let Some((waiting, shrinks)) = next else { return };
            // Where nobody waits any more, the slot comes back at once, by being dropped.
            let _ = waiting.send(Slot { throttle: self.clone(), shrinks });
        }
    }

    /// Nothing is sent for so long: the API said that there are too many requests in a time.
    pub(super) fn pause(&self, wait: Duration) {
        let end = Instant::now() + wait;
        let mut state = self.state();
        state.paused_until = Some(state.paused_until.map_or(end, |known| known.max(end)));
        drop(state);
        self.0.paused.notify_waiters();
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

impl State {
    /// The end of the pause, where there is one.
    fn pause(&self) -> Option<Instant> {
        self.paused_until.filter(|end| *end > Instant::now())
    }

    /// Takes a slot for whoever goes next, where one is free and somebody waits; and how often the limit has shrunk.
    fn next(&mut self) -> Option<(oneshot::Sender<Slot>, u64)> {
        if self.in_flight >= self.limit || self.pause().is_some() {
            return None;
        }
        loop {
            let (_, waiting) = self.waiting.pop_first()?;
            if !waiting.is_closed() {
                self.in_flight += 1;
                return Some((waiting, self.shrinks));
            }
        }
    }
}

impl Slot {
    /// Whether a request may be sent on it still: since it was taken the API may have asked for a pause, or for fewer at
    /// once.
    pub(super) fn holds(&self) -> bool {
        let state = self.throttle.state();
        state.pause().is_none() && state.in_flight <= state.limit
    }

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
        state.is_beginning = false;
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
        let is_time =
            state.is_beginning || state.answers >= state.limit.saturating_mul(state.answers_before_growth);
        if state.limit < state.most && is_time {
            state.limit += 1;
            state.answers = 0;
        }
        // Dropping this slot hands out what is free then.
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.throttle.state().in_flight -= 1;
        self.throttle.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    const ANY: Priority = Priority(0);

    fn limit(throttle: &Throttle) -> usize {
        throttle.state().limit
    }

    async fn at_its_most(most: usize) -> Throttle {
        let throttle = Throttle::new(most);
        for _ in FIRST_LIMIT..most {
            throttle.acquire(ANY).await.answered();
        }
        assert_eq!(limit(&throttle), most);
        throttle
    }

    #[tokio::test]
    async fn it_begins_with_a_few_and_each_answer_allows_one_more_until_one_is_refused() {
        let throttle = Throttle::new(16);
        assert_eq!(limit(&throttle), FIRST_LIMIT);
        throttle.acquire(ANY).await.answered();
        throttle.acquire(ANY).await.answered();
        assert_eq!(limit(&throttle), FIRST_LIMIT + 2);
        throttle.acquire(ANY).await.refused();
        throttle.acquire(ANY).await.answered();
        assert_eq!(limit(&throttle), (FIRST_LIMIT + 2) / 2);
    }

    #[tokio::test]
    async fn no_more_than_the_limit_are_in_flight() {
        let throttle = Throttle::new(2);
        let first = throttle.acquire(ANY).await;
        let _second = throttle.acquire(ANY).await;
        assert!(throttle.acquire(ANY).now_or_never().is_none());
        drop(first);
        assert!(throttle.acquire(ANY).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_freed_slot_wakes_who_waits() {
        let throttle = Throttle::new(1);
        let first = throttle.acquire(ANY).await;
        let (_second, ()) = tokio::join!(throttle.acquire(ANY), async { drop(first) });
    }

    #[tokio::test]
    async fn of_those_who_wait_the_first_in_priority_goes_first_and_of_equal_ones_who_came_first() {
        let throttle = Throttle::new(1);
        let taken = throttle.acquire(ANY).await;
        let order = Mutex::new(Vec::new());
        let waiting = [(2, "c"), (1, "a"), (2, "d"), (1, "b")].map(|(priority, name)| {
            let (throttle, order) = (&throttle, &order);
            async move {
                let _slot = throttle.acquire(Priority(priority)).await;
                order.lock().unwrap().push(name);
            }
        });
        tokio::join!(futures_util::future::join_all(waiting), async { drop(taken) });
        assert_eq!(*order.lock().unwrap(), ["a", "b", "c", "d"]);
    }

    #[tokio::test]
    async fn who_waits_no_more_keeps_nobody_from_a_slot() {
        let throttle = Throttle::new(1);
        let taken = throttle.acquire(ANY).await;
        for _ in 0..1000 {
            assert!(throttle.acquire(ANY).now_or_never().is_none());
        }
        drop(taken);
        assert!(throttle.acquire(Priority(1)).now_or_never().is_some());
        assert!(throttle.state().waiting.is_empty());
    }

    #[tokio::test]
    async fn the_refusals_of_one_burst_halve_the_limit_once() {
        let throttle = at_its_most(8).await;
        let burst = [throttle.acquire(ANY).await, throttle.acquire(ANY).await, throttle.acquire(ANY).await];
        assert!(burst.iter().all(Slot::refused));
        assert_eq!(limit(&throttle), 4);
        drop(burst);
        assert!(throttle.acquire(ANY).await.refused());
        assert!(throttle.acquire(ANY).await.refused());
        assert_eq!(limit(&throttle), 1);
        assert!(!throttle.acquire(ANY).await.refused(), "there are no fewer than one");
    }

    #[tokio::test]
    async fn it_grows_back_slowly_and_never_beyond_what_is_allowed() {
        let throttle = Throttle::new(2);
        throttle.acquire(ANY).await.refused();
        for _ in 0..2 * ANSWERS_BEFORE_GROWTH - 1 {
            throttle.acquire(ANY).await.answered();
        }
        assert_eq!(limit(&throttle), 1);
        throttle.acquire(ANY).await.answered();
        assert_eq!(limit(&throttle), 2);
        for _ in 0..100 * ANSWERS_BEFORE_GROWTH {
            throttle.acquire(ANY).await.answered();
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
        let burst = [throttle.acquire(ANY).await, throttle.acquire(ANY).await, throttle.acquire(ANY).await];
        throttle.announce(2);
        assert!(burst.iter().all(Slot::refused));
        assert_eq!(limit(&throttle), 2);
        drop(burst);
        // Somebody else has the key too, so there is room for fewer than were announced.
        assert!(throttle.acquire(ANY).await.refused());
        assert_eq!(limit(&throttle), 1);
    }

    #[tokio::test]
    async fn a_slot_that_was_taken_holds_no_more_once_fewer_are_allowed_or_there_is_a_pause() {
        let throttle = Throttle::new(3);
        let taken = [throttle.acquire(ANY).await, throttle.acquire(ANY).await, throttle.acquire(ANY).await];
        assert!(taken.iter().all(Slot::holds));
        throttle.announce(2);
        assert!(!taken.iter().any(Slot::holds));
        let [first, rest @ ..] = taken;
        drop(first);
        assert!(rest.iter().all(Slot::holds));
        throttle.pause(Duration::from_secs(30));
        assert!(!rest.iter().any(Slot::holds));
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_before_a_pause_goes_on_after_it_whoever_paused() {
        let throttle = Throttle::new(1);
        let taken = throttle.acquire(ANY).await;
        let waiting = throttle.acquire(ANY);
        tokio::pin!(waiting);
        assert!(waiting.as_mut().now_or_never().is_none());
        let start = Instant::now();
        throttle.pause(Duration::from_secs(30));
        drop(taken);
        drop(waiting.await);
        assert!(start.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_everybody_until_it_ends() {
        let throttle = Throttle::new(4);
        let start = Instant::now();
        throttle.pause(Duration::from_secs(30));
        throttle.pause(Duration::from_secs(10));
        drop(throttle.acquire(ANY).await);
        assert!(start.elapsed() >= Duration::from_secs(30));
        drop(throttle.acquire(ANY).await);
        assert!(start.elapsed() < Duration::from_secs(31));
    }
}
