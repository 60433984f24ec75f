//! What all workspaces of a run share: connections, limits, time, and what keeps keys from being shown.

use std::sync::{Arc, atomic::AtomicBool};

use tokio::{sync::Semaphore, time::Instant};

use super::{
    connections::Connections,
    mask::Mask,
    retry::{RetriesByWorkspace, RetryBudget},
};
use crate::memory::{self, Memory};

/// What all clients of a run share.
#[derive(Debug)]
pub struct SharedLimits {
    pub(super) connections: Connections,
    pub(super) slots: Semaphore,
    /// For answers until they have been read: what was answered and waits to be read takes memory.
    pub(super) answers: Arc<Semaphore>,
    pub(super) budget: RetryBudget,
    pub(super) retries: RetriesByWorkspace,
    pub(super) deadline: Instant,
    pub(super) mask: Arc<Mask>,
    /// Whether it has been said that an answer holds a key. Once is enough.
    pub(super) has_told_of_keys: AtomicBool,
    pub(super) memory: Arc<Memory>,
}

impl SharedLimits {
    /// A run that has sent nothing yet, and may have so many requests in flight at once, send so many again, and last until
    /// `deadline`, in all workspaces together. `mask` knows the keys of them all.
    pub fn new(
        connections: Connections,
        concurrency: usize,
        retries: u32,
        deadline: Instant,
        mask: Arc<Mask>,
    ) -> Self {
        Self {
            connections,
            slots: Semaphore::new(concurrency),
            answers: Arc::new(Semaphore::new(2 * concurrency)),
            budget: RetryBudget::new(retries),
            retries: RetriesByWorkspace::default(),
            deadline,
            mask,
            has_told_of_keys: AtomicBool::new(false),
            memory: Memory::of_mebibytes(memory::DEFAULT_MEBIBYTES),
        }
    }

    /// The same, of which all workspaces together keep no more than this.
    pub fn within(self, memory: Arc<Memory>) -> Self {
        Self { memory, ..self }
    }
}
