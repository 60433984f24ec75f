//! What a signal means at each moment: before the bundle is in place it ends the run; from then on the run goes on to its end,
//! for as long as the process lets it (`signals` in the binary), and leaves only what can wait for the next night.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

/// A signal that ends the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGINT, as Ctrl-C sends it.
    Interrupt,
    /// SIGTERM, as service managers send it.
    Terminate,
}

impl Signal {
    /// The exit code by the shell's convention: 128 and the number of the signal.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Interrupt => 130,
            Self::Terminate => 143,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running,
    Interrupted(Signal),
    Committed,
    /// A signal came after that.
    CameLate,
}

/// That a signal ended what was under way.
#[derive(Debug, thiserror::Error)]
#[error("a signal came")]
struct Interrupted;

/// How long what a signal ends may take to stop by itself, and to remove what it began.
pub const TIME_TO_STOP: Duration = Duration::from_millis(400);

/// Whether the run is to end, shared by who hears signals and who must heed them.
#[derive(Clone, Debug)]
pub struct Interrupt {
    state: Arc<Mutex<State>>,
    changed: Arc<Notify>,
}

impl Default for Interrupt {
    fn default() -> Self {
        Self { state: Arc::new(Mutex::new(State::Running)), changed: Arc::default() }
    }
}

impl Interrupt {
    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes that a signal came. Once the bundle is being put in place that ends only what can wait for another night.
    pub fn raise(&self, signal: Signal) {
        self.with_state(|state| {
            *state = match *state {
                State::Running => State::Interrupted(signal),
                State::Committed => State::CameLate,
                told => told,
            }
        });
        self.changed.notify_waiters();
    }

    /// The signal that ends this run, if one came in time.
    pub fn signal(&self) -> Option<Signal> {
        self.with_state(|state| match state {
            State::Interrupted(signal) => Some(*signal),
            State::Running | State::Committed | State::CameLate => None,
        })
    }

    /// Goes on, unless a signal ends this run.
    ///
    /// # Errors
    /// Where one does.
    pub(crate) fn heed(&self) -> io::Result<()> {
        self.signal().map_or(Ok(()), |_| Err(io::Error::other(Interrupted)))
    }

    /// The last moment at which a signal ends the run. Whether to go on.
    pub fn commit(&self) -> bool {
        self.with_state(|state| {
            let go_on = *state == State::Running;
            if go_on {
                *state = State::Committed;
            }
            go_on
        })
    }

    /// Whether a signal came too late to end this run.
    pub(crate) fn came_late(&self) -> bool {
        self.with_state(|state| *state == State::CameLate)
    }

    /// Waits until what a signal ends has had the time to stop by itself.
    pub(crate) async fn outlasted(&self) -> Signal {
        let signal = self.raised().await;
        tokio::time::sleep(TIME_TO_STOP).await;
        signal
    }

    /// Waits until a signal ends this run.
    pub async fn raised(&self) -> Signal {
        loop {
            let changed = self.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if let Some(signal) = self.signal() {
                return signal;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_signal_ends_the_run_until_it_commits() {
        let interrupt = Interrupt::default();
        assert_eq!(interrupt.signal(), None);
        let waiting = interrupt.raised();
        interrupt.raise(Signal::Terminate);
        interrupt.raise(Signal::Interrupt);
        assert_eq!(waiting.await, Signal::Terminate);
        assert!(!interrupt.commit());
    }

    #[test]
    fn a_signal_after_the_commit_comes_late() {
        let interrupt = Interrupt::default();
        assert!(interrupt.commit());
        assert!(!interrupt.came_late());
        interrupt.raise(Signal::Interrupt);
        assert_eq!((interrupt.signal(), interrupt.came_late()), (None, true));
    }
}
