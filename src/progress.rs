//! What a run has done so far, counted where it happens and shown by whoever watches.
//!
//! Counts only: no names but those of workspaces in the configuration, no ids, nothing that a report is made of.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{
        AtomicU8, AtomicU64,
        Ordering::{AcqRel, Acquire, Relaxed},
    },
};

/// What has been done in every workspace of a run.
#[derive(Debug, Default)]
pub struct Progress(Mutex<Vec<Arc<WorkspaceProgress>>>);

/// What has been done in one workspace.
#[derive(Debug, Default)]
pub struct WorkspaceProgress {
    name: String,
    stage: AtomicU8,
    secrets: AtomicU64,
    dependents: AtomicU64,
    requests: AtomicU64,
    in_flight: AtomicU64,
    retries: AtomicU64,
}

/// How far the reading of a workspace is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Nothing has been asked of it yet.
    Waiting,
    /// It is being read.
    Reading,
    /// It has been read.
    Read,
    /// It could not be read.
    Failed,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Secrets listed.
    pub secrets: u64,
    /// Dependents shown by the API, those told twice counted twice.
    pub dependents: u64,
    /// Requests sent, retries included.
    pub requests: u64,
    /// Requests without an answer yet.
    pub in_flight: u64,
    /// Requests sent again.
    pub retries: u64,
}

impl std::iter::Sum for Totals {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |sum, one| Self {
            secrets: sum.secrets + one.secrets,
            dependents: sum.dependents + one.dependents,
            requests: sum.requests + one.requests,
            in_flight: sum.in_flight + one.in_flight,
            retries: sum.retries + one.retries,
        })
    }
}

impl Progress {
    /// One more workspace, of which nothing has been asked yet.
    pub fn workspace(&self, name: &str) -> Arc<WorkspaceProgress> {
        let workspace = Arc::new(WorkspaceProgress { name: name.to_owned(), ..WorkspaceProgress::default() });
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&workspace));
        workspace
    }

    /// Every workspace, in the order of the configuration.
    pub fn workspaces(&self) -> Vec<Arc<WorkspaceProgress>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl WorkspaceProgress {
    /// Its name in the configuration.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How far it is.
    pub fn stage(&self) -> Stage {
        const STAGES: [Stage; 4] = [Stage::Waiting, Stage::Reading, Stage::Read, Stage::Failed];
        STAGES.get(usize::from(self.stage.load(Acquire))).copied().unwrap_or(Stage::Failed)
    }

    /// Notes how far it is. It never goes back.
    pub fn reaches(&self, stage: Stage) {
        self.stage.fetch_max(stage as u8, AcqRel);
    }

    /// Counts secrets as listed.
    pub fn add_secrets(&self, number: usize) {
        self.secrets.fetch_add(number as u64, Relaxed);
    }

    /// Counts dependents as shown.
    pub fn add_dependents(&self, number: usize) {
        self.dependents.fetch_add(number as u64, Relaxed);
    }

    /// Counts a request as sent, and as in flight until the guard is dropped.
    pub fn request(&self, is_retry: bool) -> InFlight<'_> {
        self.reaches(Stage::Reading);
        self.requests.fetch_add(1, Relaxed);
        self.in_flight.fetch_add(1, Relaxed);
        if is_retry {
            self.retries.fetch_add(1, Relaxed);
        }
        InFlight(self)
    }

    /// The counts now.
    pub fn totals(&self) -> Totals {
        Totals {
            secrets: self.secrets.load(Relaxed),
            dependents: self.dependents.load(Relaxed),
            requests: self.requests.load(Relaxed),
            in_flight: self.in_flight.load(Relaxed),
            retries: self.retries.load(Relaxed),
        }
    }
}

/// A request that has no answer yet.
#[derive(Debug)]
pub struct InFlight<'a>(&'a WorkspaceProgress);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Relaxed);
    }
}
