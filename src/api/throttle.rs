//! How many requests may be in flight at once for one workspace.

use tokio::sync::{Semaphore, SemaphorePermit};

/// The limit on requests in flight.
#[derive(Debug)]
pub(super) struct Throttle {
    slots: Semaphore,
}

impl Throttle {
    /// Lets `most` requests be in flight at once.
    #[must_use]
    pub(super) fn new(most: usize) -> Self {
        Self { slots: Semaphore::new(most) }
    }

    /// Waits for a free slot, which is held until the permit is dropped. `None` cannot happen while the throttle
    /// lives: its semaphore is never closed.
    pub(super) async fn acquire(&self) -> Option<SemaphorePermit<'_>> {
        self.slots.acquire().await.ok()
    }
}
