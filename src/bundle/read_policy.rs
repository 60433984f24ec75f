//! What it means that a file can't be read: that it isn't there, that this user may not read it, or that the machine fails
//! for the moment. The last is waited out for a while.

use std::{
    cell::Cell,
    io::{self, ErrorKind},
    path::Path,
    time::Duration,
};

use rustix::io::Errno;

use crate::{
    bounded::{self, Bound, Bounded},
    interrupt::Interrupt,
};

/// For so long in all what fails for the moment is tried again.
const LONGEST: Duration = Duration::from_secs(5);
/// The first pause; each is twice as long as the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// No pause is longer, so that a signal is heard in time.
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How bundles are read: how large a file may be, how long errors that pass are waited out, and what may end it.
#[derive(Debug)]
pub(crate) struct ReadPolicy {
    longest: Bound,
    interrupt: Interrupt,
    pause: fn(Duration),
    next: Cell<Duration>,
    left: Cell<Duration>,
}

impl ReadPolicy {
    /// Five seconds of it, which `pause` lets pass.
    pub(crate) fn new(pause: fn(Duration), longest: Bound, interrupt: &Interrupt) -> Self {
        let (next, left) = (Cell::new(FIRST_PAUSE), Cell::new(LONGEST));
        Self { longest, interrupt: interrupt.clone(), pause, next, left }
    }

    /// None: what can't be read at once is told as such.
    pub(crate) fn none(longest: Bound, interrupt: &Interrupt) -> Self {
        Self { left: Cell::new(Duration::ZERO), ..Self::new(|_| (), longest, interrupt) }
    }

    /// A file of a bundle, to be read from its beginning.
    ///
    /// # Errors
    /// Where it can't be opened, is too large, or no regular file: a link leads to what is no part of the bundle.
    pub(crate) fn open(&self, path: &Path) -> io::Result<Bounded> {
        bounded::open_nofollow(path, self.longest)
    }

    /// What may end it.
    pub(crate) fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    /// Whether a signal came.
    pub(crate) fn is_ended(&self) -> bool {
        self.interrupt.signal().is_some()
    }

    /// The error where [a signal came](Self::is_ended).
    pub(crate) fn heed(&self) -> io::Result<()> {
        self.interrupt.heed()
    }

    /// Tries something until it no longer fails with an error that passes, or no time is left for that.
    pub(crate) fn again<T>(&self, mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
        loop {
            match attempt() {
                Err(error) if passes(&error) && self.wait() => {}
                ended => return ended,
            }
        }
    }

    /// Lets some time pass, if any is left.
    pub(super) fn wait(&self) -> bool {
        let (pause, left) = (self.next.get().min(self.left.get()), self.left.get());
        if pause.is_zero() || self.is_ended() {
            return false;
        }
        (self.pause)(pause);
        self.left.set(left - pause);
        self.next.set((self.next.get() * 2).min(LONGEST_PAUSE));
        true
    }
}

/// The kind of the errors that this number stands for. Those that name a path keep it, and nothing else of the system's.
fn kind_of(errno: Errno) -> ErrorKind {
    io::Error::from(errno).kind()
}

/// Whether the system refuses what is, or may be, there. That nothing is there, something else, or something that doesn't
/// make sense, is another matter.
pub(crate) fn is_refused(error: &io::Error) -> bool {
    let told_by_what_is_there = matches!(
        error.kind(),
        ErrorKind::NotFound
            | ErrorKind::NotADirectory
            | ErrorKind::IsADirectory
            | ErrorKind::InvalidFilename
            | ErrorKind::InvalidData
            | ErrorKind::UnexpectedEof
            | ErrorKind::FileTooLarge
            | ErrorKind::Other
    );
    !told_by_what_is_there && error.kind() != kind_of(Errno::LOOP)
}

/// Whether an error is about this moment more than about the file: EIO, EMFILE and all others that have no kind of their own,
/// and ENOSPC.
pub(super) fn passes(error: &io::Error) -> bool {
    [ErrorKind::StorageFull, kind_of(Errno::IO)].contains(&error.kind())
}

/// What an operator can do about an error, beside giving the file to the user of the job.
pub(crate) fn remedy(error: &io::Error) -> Option<&'static str> {
    passes(error).then_some(
        "it was tried again for 5 seconds, so check the disk, the space on it, and the limit of open files (ulimit -n)",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interrupt::Signal;

    thread_local! {
        static PASSED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
    }

    fn read_policy(interrupt: &Interrupt) -> ReadPolicy {
        PASSED.set(Duration::ZERO);
        ReadPolicy::new(|pause| PASSED.set(PASSED.get() + pause), Bound::default(), interrupt)
    }

    /// As a file error that names its path.
    fn failing(errno: Errno) -> io::Error {
        io::Error::new(kind_of(errno), "failed to open file")
    }

    #[test]
    fn what_fails_for_the_moment_is_tried_again_for_five_seconds_and_no_longer() {
        for errno in [Errno::IO, Errno::MFILE, Errno::NOSPC] {
            let read_policy = read_policy(&Interrupt::default());
            let mut tried = 0;
            let ended: io::Result<()> = read_policy.again(|| {
                tried += 1;
                Err(failing(errno))
            });
            assert!(is_refused(&ended.unwrap_err()));
            assert_eq!((PASSED.get(), tried > 10), (LONGEST, true), "{errno:?}");
            // Whatever fails after it has no time of its own.
            let ended: io::Result<()> = read_policy.again(|| Err(failing(errno)));
            assert!(ended.is_err() && PASSED.get() == LONGEST);
        }
    }

    #[test]
    fn what_fails_once_is_read_after_the_first_pause() {
        let mut answers = vec![Ok("read"), Err(failing(Errno::IO))];
        let read = read_policy(&Interrupt::default()).again(|| answers.pop().unwrap());
        assert_eq!((read.unwrap(), PASSED.get()), ("read", FIRST_PAUSE));
    }

    #[test]
    fn nothing_else_is_waited_for() {
        for errno in [Errno::ACCESS, Errno::NOENT, Errno::PERM, Errno::INVAL] {
            let ended: io::Result<()> = read_policy(&Interrupt::default()).again(|| Err(failing(errno)));
            assert_eq!(
                (is_refused(&ended.unwrap_err()), PASSED.get()),
                (errno != Errno::NOENT, Duration::ZERO)
            );
        }
        let interrupt = Interrupt::default();
        interrupt.raise(Signal::Terminate);
        let ended: io::Result<()> = read_policy(&interrupt).again(|| Err(failing(Errno::IO)));
        assert!(ended.is_err() && PASSED.get().is_zero(), "a signal came");
        assert!(!is_refused(&io::Error::other("no regular file")));
    }
}
