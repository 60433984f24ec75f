//! Signals as the operating system sends them, handed to the run.

use std::{convert::Infallible, future::pending, thread, time::Duration};

use elevenlabs_secrets_audit::{
    error::Error,
    interrupt::{Interrupt, Signal, TIME_TO_STOP},
};
use futures_util::{Stream, StreamExt, stream};
use tokio::{
    runtime,
    signal::unix::{self, SignalKind},
    time::timeout,
};

/// How long after the first signal the process ends, whatever it is at: a disk or a log may hold it up for ever.
const LONGEST_END: Duration = Duration::from_millis(900);

// What stops by itself is to say so, and the whole is to take no more than a second.
const _: () =
    assert!(TIME_TO_STOP.as_millis() * 2 < LONGEST_END.as_millis() && LONGEST_END.as_millis() < 1000);

/// The first signal ends the run that heeds `interrupt` in order, unless its bundle is being put in place: then the run goes on
/// to its end. Where that takes longer than [`LONGEST_END`], and with a second signal, or the first where nothing heeds it,
/// the process ends at once. Whether a bundle is in place then, `verify` tells.
///
/// They are heard on a thread of their own, as any other may be at work on something long.
///
/// # Errors
/// Where signals can't be heard.
pub(crate) fn listen(interrupt: Option<Interrupt>) -> Result<(), Error> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(|error| deaf(&error))?;
    let heard = {
        let _context = runtime.enter();
        // It comes with an error of who writes a file that grows beyond `ulimit -f`: that is to be what a full disk is, and not
        // to end the process in the middle of whatever it does. A signal that was heard once never again does what it would
        // have done.
        hear(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)?;
        Heard::begin()?
    };
    let next = |mut heard: Heard| async { Some((heard.next().await, heard)) };
    let listening = async move { end_with(last(Box::pin(stream::unfold(heard, next)), interrupt).await) };
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(listening)).map(drop).map_err(|error| deaf(&error))
}

/// Raises the first signal, and returns when the process is to end, with the one that ends it.
async fn last(mut heard: impl Stream<Item = Signal> + Unpin, interrupt: Option<Interrupt>) -> Signal {
    let first = next_of(&mut heard).await;
    let Some(interrupt) = interrupt else { return first };
    interrupt.raise(first);
    timeout(LONGEST_END, next_of(&mut heard)).await.unwrap_or(first)
}

async fn next_of(heard: &mut (impl Stream<Item = Signal> + Unpin)) -> Signal {
    match heard.next().await {
        Some(signal) => signal,
        None => pending().await,
    }
}

/// The signals that end a run. `None`: whoever started the process has it ignored, as `nohup` does with hangups, and a shell
/// with interrupts of what runs in the background.
struct Heard {
    interrupts: Option<unix::Signal>,
    terminations: unix::Signal,
    /// A terminal that goes away ends the run as a service manager would.
    hangups: Option<unix::Signal>,
    /// These two would leave the memory of the process in a file, and the key with it.
    quits: unix::Signal,
    spent_times: unix::Signal,
}

impl Heard {
    fn begin() -> Result<Self, Error> {
        Ok(Self {
            interrupts: hear_unless_ignored(SignalKind::interrupt())?,
            terminations: hear(SignalKind::terminate())?,
            hangups: hear_unless_ignored(SignalKind::hangup())?,
            quits: hear(SignalKind::quit())?,
            spent_times: hear(SignalKind::from_raw(libc::SIGXCPU))?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            () = received(&mut self.interrupts) => Signal::Interrupt,
            _ = self.terminations.recv() => Signal::Terminate,
            () = received(&mut self.hangups) => Signal::Terminate,
            _ = self.quits.recv() => Signal::Terminate,
            _ = self.spent_times.recv() => Signal::Terminate,
        }
    }
}

#[expect(clippy::exit, reason = "nothing may hold it up")]
fn end_with(signal: Signal) -> Infallible {
    std::process::exit(signal.exit_code().into())
}

async fn received(signal: &mut Option<unix::Signal>) {
    match signal {
        Some(signal) => drop(signal.recv().await),
        None => pending().await,
    }
}

fn hear_unless_ignored(kind: SignalKind) -> Result<Option<unix::Signal>, Error> {
    // Only Linux says which are; elsewhere all are heard.
    let status = fs_err::read_to_string("/proc/self/status").unwrap_or_default();
    let is_ignored = is_ignored(&status, kind.as_raw_value());
    if is_ignored { Ok(None) } else { hear(kind).map(Some) }
}

/// Whether the signal of this number is ignored, by what the system says of a process.
fn is_ignored(status: &str, signal: i32) -> bool {
    let mask =
        status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

fn hear(kind: SignalKind) -> Result<unix::Signal, Error> {
    unix::signal(kind).map_err(|error| deaf(&error))
}

fn deaf(error: &std::io::Error) -> Error {
    Error::Bug(format!("signals cannot be heard: {error}"))
}

#[cfg(test)]
mod tests {
    use tokio::time::{Instant, sleep};

    use super::*;

    /// After how long the process ends where a signal comes after each of these times, with which, and whether the run is told.
    async fn ended(after: &[(u64, Signal)], is_heeded: bool) -> (Duration, Signal, Option<Signal>) {
        let heard = stream::iter(after.to_vec()).then(async |(milliseconds, signal)| {
            sleep(Duration::from_millis(milliseconds)).await;
            signal
        });
        let (interrupt, begun) = (Interrupt::default(), Instant::now());
        let heard = Box::pin(heard.chain(stream::pending()));
        let signal = last(heard, is_heeded.then(|| interrupt.clone())).await;
        (begun.elapsed(), signal, interrupt.signal())
    }

    #[tokio::test(start_paused = true)]
    async fn the_process_ends_within_a_second_of_the_first_signal_and_at_once_with_the_second() {
        let (one, other) = (Signal::Interrupt, Signal::Terminate);
        let at = Duration::from_millis;
        assert_eq!(ended(&[(70, one)], true).await, (at(70) + LONGEST_END, one, Some(one)));
        assert_eq!(ended(&[(70, one), (30, other)], true).await, (at(100), other, Some(one)));
        assert_eq!(ended(&[(70, one), (30, other)], false).await, (at(70), one, None));
    }

    #[test]
    fn what_is_ignored_is_told_by_the_bit_of_its_number() {
        let status = "Name:\tx\nSigIgn:\t0000000000001001\nSigCgt:\t0000000000000002\n";
        let ignored = [libc::SIGHUP, libc::SIGINT, libc::SIGPIPE].map(|signal| is_ignored(status, signal));
        assert_eq!(ignored, [true, false, true]);
        assert!(!is_ignored("", libc::SIGHUP));
    }
}
