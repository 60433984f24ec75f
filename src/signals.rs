//! Signals as the operating system sends them, handed to the run.

use elevenlabs_secrets_audit::{
    error::Error,
    interrupt::{Interrupt, Signal},
};
use tokio::signal::unix::{SignalKind, signal};

/// The first signal ends the run in order, unless its bundle is being put in place; a second one ends it at once.
///
/// # Errors
/// Where signals can't be heard.
pub(crate) fn listen(interrupt: Interrupt) -> Result<(), Error> {
    let hear = |kind| signal(kind).map_err(|error| Error::Bug(format!("signals cannot be heard: {error}")));
    let (mut interrupts, mut terminations) = (hear(SignalKind::interrupt())?, hear(SignalKind::terminate())?);
    // A terminal that goes away ends the run as a service manager would.
    let mut hangups = hear(SignalKind::hangup())?;
    tokio::spawn(async move {
        let mut came_before = false;
        loop {
            let signal = tokio::select! {
                _ = interrupts.recv() => Signal::Interrupt,
                _ = terminations.recv() => Signal::Terminate,
                _ = hangups.recv() => Signal::Terminate,
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
