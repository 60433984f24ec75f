//! What reading costs, counted where it is spent: bytes that are parsed, fields that are looked at, words that are compared,
//! paths that are copied. A test holds each reader to a number of steps that grows with its answer and no faster. Outside of
//! tests nothing is counted.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
thread_local! {
    static STEPS: Cell<usize> = const { Cell::new(0) };
}

/// Counts steps.
#[inline]
pub(super) fn count(steps: usize) {
    #[cfg(test)]
    STEPS.with(|counted| counted.set(counted.get() + steps));
    #[cfg(not(test))]
    let _ = steps;
}

/// How many steps this takes.
#[cfg(test)]
pub(super) fn of<T>(work: impl FnOnce() -> T) -> (usize, T) {
    STEPS.with(|counted| counted.set(0));
    let done = work();
    (STEPS.with(Cell::get), done)
}
