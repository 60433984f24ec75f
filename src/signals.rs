//! Signals as the operating system sends them, handed to the run.

use elevenlabs_secrets_audit::{
    error::Error,
    interrupt::{Interrupt, Signal},
};
use tokio::signal::unix::{self, SignalKind};

/// Makes of a file that grows beyond `ulimit -f` what a full disk is: an error of who writes. The signal that comes with it
/// would end the process, in the middle of whatever it does.
///
/// # Errors
/// Where signals can't be heard.
pub(crate) fn outlive_file_size_limit() -> Result<(), Error> {
    // A signal that was heard once never again does what it would have done.
    hear(SignalKind::from_raw(libc::SIGXFSZ)).map(drop)
}

/// The first signal ends the run in order, unless its bundle is being put in place; a second one ends it at once.
///
/// # Errors
/// Where signals can't be heard.
pub(crate) fn listen(interrupt: Interrupt) -> Result<(), Error> {
    let (mut interrupts, mut terminations) = (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?);
    // A terminal that goes away ends the run as a service manager would.
    let mut hangups = hear(SignalKind::hangup())?;
    // These two would leave the memory of the process in a file, and the key with it.
    let (mut quits, mut spent_times) =
        (hear(SignalKind::quit())?, hear(SignalKind::from_raw(libc::SIGXCPU))?);
    tokio::spawn(async move {
        let mut came_before = false;
        loop {
            let signal = tokio::select! {
                _ = interrupts.recv() => Signal::Interrupt,
                _ = terminations.recv() => Signal::Terminate,
                _ = hangups.recv() => Signal::Terminate,
                _ = quits.recv() => Signal::Terminate,
                _ = spent_times.recv() => Signal::Terminate,
            };
            if came_before {
                #[expect(clippy::exit, reason = "asked for twice, so nothing may hold it up")]
                std::process::exit(signal.exit_code().into());
            }
            came_before = true;
            interrupt.raise(signal);
        }
    });
    Ok(())
}

fn hear(kind: SignalKind) -> Result<unix::Signal, Error> {
    unix::signal(kind).map_err(|error| Error::Bug(format!("signals cannot be heard: {error}")))
}
