//! Where bodies are read: not on the threads that serve the network, which would stand still meanwhile.

use std::panic::resume_unwind;

use tokio::{
    task::JoinError,
    time::{Instant, sleep_until},
};

/// Up to this size, in bytes, a body is read at once: that takes no longer than to hand it over.
const SMALL: usize = 16 * 1024;

/// Does work on a body of this many bytes. `None`: it is not done at the deadline, and is left behind.
pub(super) async fn offload<T: Send + 'static>(
    bytes: usize,
    deadline: Instant,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    if bytes <= SMALL {
        return Some(work());
    }
    tokio::select! {
        biased;
        joined = tokio::task::spawn_blocking(work) => Some(done(joined).await),
        () = sleep_until(deadline) => None,
    }
}

/// What a task of ours came to. It is never cancelled but with the whole runtime, which this ends with too; and where it
/// panics, so does this.
pub(super) async fn done<T>(joined: Result<T, JoinError>) -> T {
    match joined.map_err(JoinError::try_into_panic) {
        Ok(done) => done,
        Err(Ok(panic)) => resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc, time::Duration};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn work_without_end_is_left_behind_at_the_deadline() {
        let deadline = Instant::now() + Duration::from_secs(3600);
        let (end, ends) = mpsc::channel::<()>();
        let endless = move || ends.recv().is_ok();
        let offloaded = tokio::spawn(offload(SMALL + 1, deadline, endless));
        // Time stands still while something is at work that this clock knows nothing of.
        tokio::time::advance(Duration::from_secs(3599)).await;
        tokio::task::yield_now().await;
        assert!(!offloaded.is_finished());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert_eq!(offloaded.await.unwrap(), None);
        drop(end);
        assert_eq!(offload(SMALL + 1, deadline + Duration::from_secs(1), || 7).await, Some(7));
        assert_eq!(offload(SMALL, deadline, || 7).await, Some(7), "as soon done as handed over");
    }
}
