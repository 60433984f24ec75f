//! Where bodies are read: not on the threads that serve the network, which would stand still meanwhile.

use std::panic::resume_unwind;

use tokio::task::JoinError;

/// Up to this size, in bytes, a body is read at once: that takes no longer than to hand it over.
const SMALL: usize = 16 * 1024;

/// Does work on a body of this many bytes.
pub(super) async fn digest<T: Send + 'static>(bytes: usize, work: impl FnOnce() -> T + Send + 'static) -> T {
    if bytes <= SMALL {
        return work();
    }
    done(tokio::task::spawn_blocking(work).await).await
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
