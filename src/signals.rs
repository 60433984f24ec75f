//! Signals as the operating system sends them, handed to the run.

use std::{convert::Infallible, thread, time::Duration};

use elevenlabs_secrets_audit::{
    error::Error,
    interrupt::{Interrupt, Signal},
};
use tokio::{
    runtime,
    signal::unix::{self, SignalKind},
    time::timeout,
};

/// How long after the first signal the process ends, whatever it is at: a disk or a log may hold it up for ever.
const LONGEST_END: Duration = Duration::from_millis(900);

/// The first signal ends the run that heeds `interrupt` in order, unless its bundle is being put in place; a second one, or the
/// first where nothing heeds it, ends the process at once.
///
/// They are heard on a thread of their own, as any other may be at work on something long.
///
/// # Errors
/// Where signals can't be heard.
pub(crate) fn listen(interrupt: Option<Interrupt>) -> Result<(), Error> {
    let runtime =
        runtime::Builder::new_current_thread().enable_all().build().map_err(|error| deaf(&error))?;
    let mut heard = {
        let _context = runtime.enter();
        // It comes with an error of who writes a file that grows beyond `ulimit -f`: that is to be what a full disk is, and not
        // to end the process in the middle of whatever it does. A signal that was heard once never again does what it would
        // have done.
        hear(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)?;
        Heard::begin()?
    };
    let listening = async move {
        let mut signal = heard.next().await;
        if let Some(interrupt) = interrupt {
            interrupt.raise(signal);
            signal = timeout(LONGEST_END, heard.next()).await.unwrap_or(signal);
        }
        end_with(signal)
    };
    let thread = thread::Builder::new().name("signals".to_owned());
    thread.spawn(move || runtime.block_on(listening)).map(drop).map_err(|error| deaf(&error))
}

/// The signals that end a run.
struct Heard {
    interrupts: unix::Signal,
    terminations: unix::Signal,
    /// A terminal that goes away ends the run as a service manager would.
    hangups: unix::Signal,
    /// These two would leave the memory of the process in a file, and the key with it.
    quits: unix::Signal,
    spent_times: unix::Signal,
}

impl Heard {
    fn begin() -> Result<Self, Error> {
        Ok(Self {
            interrupts: hear(SignalKind::interrupt())?,
            terminations: hear(SignalKind::terminate())?,
            hangups: hear(SignalKind::hangup())?,
            quits: hear(SignalKind::quit())?,
            spent_times: hear(SignalKind::from_raw(libc::SIGXCPU))?,
        })
    }

    async fn next(&mut self) -> Signal {
        tokio::select! {
            _ = self.interrupts.recv() => Signal::Interrupt,
            _ = self.terminations.recv() => Signal::Terminate,
            _ = self.hangups.recv() => Signal::Terminate,
            _ = self.quits.recv() => Signal::Terminate,
            _ = self.spent_times.recv() => Signal::Terminate,
        }
    }
}

#[expect(clippy::exit, reason = "nothing may hold it up")]
fn end_with(signal: Signal) -> Infallible {
    std::process::exit(signal.exit_code().into())
}

fn hear(kind: SignalKind) -> Result<unix::Signal, Error> {
    unix::signal(kind).map_err(|error| deaf(&error))
}

fn deaf(error: &std::io::Error) -> Error {
    Error::Bug(format!("signals cannot be heard: {error}"))
}
