//! The loop: asks what waits, and has the workspace take in what comes back.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    collector::Collector, job::Answered, offload::offload, options::CollectOptions, scheduler::Scheduler,
};
use crate::{
    api::{ApiError, Client},
    inventory::{Source, Workspace},
    progress::WorkspaceProgress,
};

/// How long after the end of the run the last answer may still be taken in. All that was read is lost with one that takes
/// longer.
const TO_BE_TAKEN_IN: Duration = Duration::from_secs(10);

/// A workspace while it is read.
pub(super) struct WorkspaceReader {
    scheduler: Scheduler,
    pub(super) collector: Collector,
}

impl WorkspaceReader {
    pub(super) fn new(
        client: Client,
        options: Arc<CollectOptions>,
        progress: Arc<WorkspaceProgress>,
        workspace: Workspace,
    ) -> Self {
        let scheduler = Scheduler::new(client.clone(), Arc::clone(&options));
        Self { scheduler, collector: Collector::new(client, options, progress, workspace) }
    }

    /// Asks until nothing waits any more, and nothing follows from what came back.
    ///
    /// # Errors
    /// Where the workspace is lost.
    pub(super) async fn all_answered(self) -> Result<Self, ApiError> {
        let Self { mut scheduler, mut collector } = self;
        loop {
            while scheduler.has_room()
                && let Some(job) = collector.next_job()
            {
                scheduler.start(job);
            }
            let Some(mut answered) = scheduler.answered().await else {
                // What may not be kept is not asked for either.
                collector.client.keeps_within_bounds(Source::Preview.endpoint())?;
                return Ok(Self { scheduler, collector });
            };
            let body = answered.response().and_then(|response| response.as_ref().ok());
            let body = body.map(|response| (response.size(), response.deadline(), response.too_late()));
            collector = match body {
                Some((size, deadline, too_late)) => {
                    if deadline <= Instant::now() {
                        answered.fail(too_late.clone());
                    }
                    let taking = move || take(collector, answered);
                    offload(size, deadline + TO_BE_TAKEN_IN, taking).await.unwrap_or(Err(too_late))
                }
                None => take(collector, answered),
            }?;
        }
    }
}

fn take(mut collector: Collector, answered: Answered) -> Result<Collector, ApiError> {
    let path = answered.path();
    let taken = dispatch(&mut collector, answered);
    match taken.and_then(|()| collector.client.keeps_within_bounds(&path)) {
        Ok(()) => Ok(collector),
        Err(lost) => {
            // Of what this drops, something may be about to be sent.
            collector.client.end(&lost);
            Err(lost)
        }
    }
}

fn dispatch(collector: &mut Collector, answered: Answered) -> Result<(), ApiError> {
    match answered {
        Answered::Page { walk, response } => collector.on_page(walk, response)?,
        Answered::HigherLimit { page, open, response } => collector.on_higher_limit(page, open, response)?,
        Answered::Dependents { list, walk, response } => collector.on_dependents(list, walk, response)?,
        Answered::Secret { purpose, response } => collector.on_secret(purpose, response)?,
        Answered::User { response } => collector.on_user(response.and_then(|response| response.user())),
        of_place => collector.on_place(of_place),
    }
    Ok(())
}
