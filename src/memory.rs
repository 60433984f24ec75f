//! How much of what was read is kept: counted where it is kept, over all workspaces, and no more than is allowed.
//!
//! It is counted and not measured: lengths, sizes of types and what an allocation costs besides. What is not kept is no part
//! of it, such as an answer while it comes.

use std::{
    fmt::Write as _,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

/// What an allocation takes besides its bytes.
pub(crate) const ALLOCATION: usize = 16;

/// What all workspaces together may keep, where nothing else is said.
pub(crate) const DEFAULT_MEBIBYTES: usize = 512;

const MEBIBYTE: usize = 1024 * 1024;

/// What is kept, so that it can be said what grew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Secrets, with their ids and names.
    Secrets,
    /// What uses them.
    Dependents,
    /// References to secrets, and words that may be some.
    References,
    /// What places list and name.
    Places,
    /// Lists that wait for their next page.
    Lists,
    /// What was not read, and oddities.
    Notes,
    /// Answers until they have been read.
    Answers,
}

impl Kept {
    const ALL: [Self; 7] = [
        Self::Secrets,
        Self::Dependents,
        Self::References,
        Self::Places,
        Self::Lists,
        Self::Notes,
        Self::Answers,
    ];

    fn in_words(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Dependents => "dependents of secrets",
            Self::References => "references to secrets, and words that may be some",
            Self::Places => "tools, agents and other things that are listed",
            Self::Lists => "lists that wait for their next page",
            Self::Notes => "notes of what was not read or is odd",
            Self::Answers => "answers that wait to be read",
        }
    }

    /// Whether it is kept once a workspace has been read.
    fn stays(self) -> bool {
        matches!(self, Self::Secrets | Self::Dependents | Self::References | Self::Notes)
    }
}

/// What all workspaces of a run may keep together.
#[derive(Debug)]
pub struct Memory {
    limit: usize,
    kept: AtomicUsize,
}

impl Memory {
    /// With nothing kept yet, and so many mebibytes allowed.
    pub(crate) fn of_mebibytes(limit: usize) -> Arc<Self> {
        Arc::new(Self { limit: limit.saturating_mul(MEBIBYTE), kept: AtomicUsize::new(0) })
    }

    /// How much is kept, in bytes.
    pub fn kept(&self) -> usize {
        self.kept.load(Relaxed)
    }

    /// What one workspace keeps of it.
    pub(crate) fn share(self: &Arc<Self>) -> Arc<Share> {
        Arc::new(Share { memory: Arc::clone(self), state: Mutex::default() })
    }

    /// Whether so much more is allowed; then it counts.
    fn takes(&self, bytes: usize) -> bool {
        let more = |kept: usize| kept.checked_add(bytes).filter(|kept| *kept <= self.limit);
        self.kept.fetch_update(Relaxed, Relaxed, more).is_ok()
    }

    fn gives_back(&self, bytes: usize) {
        self.kept.fetch_sub(bytes, Relaxed);
    }
}

/// What one workspace keeps. Once it asks for more than there is, all that it keeps is given back, and it is over with it.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Arc<Memory>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    kept: [usize; Kept::ALL.len()],
    mark_read: bool,
    over: Option<String>,
}

impl Share {
    /// Whether so many bytes more may be kept; then they count. Where they may not, whoever asked keeps nothing, and the
    /// workspace is lost.
    pub(crate) fn allows(&self, what: Kept, bytes: usize) -> bool {
        let mut state = self.state();
        if state.over.is_some() {
            return false;
        }
        if self.memory.takes(bytes) {
            state.kept[what as usize] += bytes;
            return true;
        }
        let words = self.in_words(&state.kept, what);
        self.memory.gives_back(state.kept.iter().sum());
        *state = State { over: Some(words), ..State::default() };
        false
    }

    /// Takes back what was counted.
    pub(crate) fn release(&self, what: Kept, bytes: usize) {
        let mut state = self.state();
        // After that there is nothing left of it.
        let is_gone = state.over.is_some() || (state.mark_read && !what.stays());
        if !is_gone {
            let bytes = bytes.min(state.kept[what as usize]);
            state.kept[what as usize] -= bytes;
            self.memory.gives_back(bytes);
        }
    }

    /// Why this workspace is lost, where it asked for more than there is.
    pub(crate) fn over(&self) -> Option<String> {
        self.state().over.clone()
    }

    /// How much is kept of all workspaces, in bytes.
    pub(crate) fn kept_by_all(&self) -> usize {
        self.memory.kept()
    }

    /// Notes that the workspace has been read: what stays of it counts to the end of the run, and the rest is given back.
    pub(crate) fn mark_read(&self) {
        let mut state = self.state();
        for what in Kept::ALL.into_iter().filter(|what| !what.stays()) {
            self.memory.gives_back(std::mem::take(&mut state.kept[what as usize]));
        }
        state.mark_read = true;
    }

    /// Gives all back: nothing of the workspace is of use.
    pub(crate) fn mark_lost(&self) {
        let mut state = self.state();
        self.memory.gives_back(state.kept.iter().sum());
        let over = state.over.take().unwrap_or_default();
        *state = State { over: Some(over), ..State::default() };
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn in_words(&self, kept: &[usize], asked: Kept) -> String {
        let in_mebibytes = |bytes: usize| bytes as f64 / MEBIBYTE as f64;
        let mut by_size: Vec<(usize, &str)> =
            Kept::ALL.into_iter().map(|what| (kept[what as usize], what.in_words())).collect();
        by_size.sort_by(|a, b| b.cmp(a));
        let mut words = format!(
            "more would have to be kept than [audit] max_memory_mib allows ({} MiB for all workspaces); of this one there are",
            self.memory.limit / MEBIBYTE
        );
        for (bytes, what) in by_size.into_iter().filter(|(bytes, _)| *bytes > 0).take(3) {
            let _ = write!(words, " {:.1} MiB of {what},", in_mebibytes(bytes));
        }
        let _ = write!(words, " and {} are to be added", asked.in_words());
        words
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if !self.state().mark_read {
            self.mark_lost();
        }
    }
}

/// Bytes that count as long as this is there.
#[derive(Debug)]
pub struct Held {
    share: Arc<Share>,
    what: Kept,
    bytes: usize,
}

impl Held {
    /// None yet.
    pub(crate) fn none(share: &Arc<Share>, what: Kept) -> Self {
        Self { share: Arc::clone(share), what, bytes: 0 }
    }

    /// The same of something else, with none yet.
    pub(crate) fn none_yet(&self) -> Self {
        Self::none(&self.share, self.what)
    }

    /// Whether so many bytes more may be kept; then they count.
    pub fn allows(&mut self, bytes: usize) -> bool {
        let allowed = self.share.allows(self.what, bytes);
        if allowed {
            self.bytes += bytes;
        }
        allowed
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.share.release(self.what, self.bytes);
    }
}

/// What a text takes that is kept by itself.
pub fn text(text: &str) -> usize {
    size_of::<String>() + text.len() + ALLOCATION
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_counts_until_it_goes() {
        let memory = Memory::of_mebibytes(16);
        let share = memory.share();
        let mut held = Held::none(&share, Kept::Places);
        assert!(held.allows(1000) && share.allows(Kept::Secrets, 500) && share.allows(Kept::Lists, 50));
        assert_eq!(memory.kept(), 1550);
        drop(held);
        assert_eq!(memory.kept(), 550);
        let mut held = Held::none(&share, Kept::Places);
        assert!(held.allows(1));
        share.mark_read();
        assert_eq!(memory.kept(), 500, "what was read stays, and nothing waits any more");
        drop((held, share));
        assert_eq!(memory.kept(), 500);
        let failed = memory.share();
        assert!(failed.allows(Kept::Secrets, 700));
        drop(failed);
        assert_eq!(memory.kept(), 500);
    }

    #[test]
    fn who_asks_for_too_much_is_lost_for_good_and_leaves_its_share_to_the_others() {
        let memory = Memory::of_mebibytes(16);
        let (greedy, modest) = (memory.share(), memory.share());
        assert!(modest.allows(Kept::Secrets, MEBIBYTE));
        let mut held = Held::none(&greedy, Kept::Answers);
        assert!(held.allows(MEBIBYTE) && greedy.allows(Kept::Dependents, 12 * MEBIBYTE));
        assert!(!greedy.allows(Kept::References, 3 * MEBIBYTE));
        assert_eq!(memory.kept(), MEBIBYTE);
        let why = greedy.over().unwrap();
        for word in ["(16 MiB", " 12.0 MiB of dependents", " 1.0 MiB of answers", "and references to secrets"]
        {
            assert!(why.contains(word), "{why}");
        }
        assert!(!greedy.allows(Kept::Secrets, 0) && !held.allows(0), "it is over");
        drop((held, greedy));
        assert_eq!(memory.kept(), MEBIBYTE);
        assert!(modest.over().is_none() && modest.allows(Kept::Secrets, 15 * MEBIBYTE));
        assert!(!modest.allows(Kept::Secrets, usize::MAX));
    }
}
