//! Audit → a bundle on disk, all of it or nothing.
//!
//! A bundle is written into a staging directory beside its place, brought to the disk, and renamed; `latest` is moved
//! onto it last. At every moment a reader sees all of the old or all of the new. Nothing here depends on a name that
//! came from the API. Each bundle holds the sum of the one before it, so that they form a chain.

mod chain;
mod directory;
mod error;
mod evidence;
mod files;
mod latest;
mod lock;
mod metrics_file;
mod ours;
mod retention;

pub(crate) use directory::DryOpen;
pub use directory::OutputDirectory;
pub use error::PublishError;
pub use evidence::Evidence;
pub(crate) use latest::Latest;
pub(crate) use metrics_file::{dry_write_metrics, write_failure, write_metrics};
pub(crate) use retention::Retention;

use std::path::PathBuf;

use crate::{
    audit::{Audit, DAYS_KEPT, days_between},
    bundle::{Bundle, Format, InOrder, MANIFEST, PrunedEntry, ReadPolicy, SUMS, sum_line},
    interrupt::Interrupt,
};
use chain::Predecessor;
use directory::PublishedDirectory;
use files::{write_file, write_reports};

/// A bundle that is in place, and what is no longer kept beside it.
#[derive(Debug)]
pub(crate) struct InPlace {
    directory: PublishedDirectory,
    to_prune: Vec<Bundle>,
}

impl InPlace {
    /// Removes what is no longer kept, until a signal comes. Where the new bundle is.
    pub(crate) fn prune(self, interrupt: &Interrupt) -> PathBuf {
        for bundle in &self.to_prune {
            if interrupt.came_late() {
                tracing::info!(
                    "a signal came: bundles that are no longer kept are removed on the next night"
                );
                break;
            }
            match self.directory.remove(bundle) {
                Ok(()) => {
                    tracing::info!("removed the bundle {}, which is no longer kept", bundle.path.display())
                }
                // The new bundle is in place all the same, and the next run tries again.
                Err(error) => {
                    tracing::warn!("the bundle {} cannot be removed: {error}", bundle.path.display())
                }
            }
        }
        self.directory.bundle
    }
}

/// Writes the bundle of an audit, and moves `latest` onto it.
///
/// # Errors
/// Where anything can't be written, or a signal comes before the rename. Then nothing has changed.
pub(crate) fn publish(
    audit: &Audit,
    formats: &[Format],
    evidence: &Evidence,
    retention: Retention,
    there: &InOrder,
    directory: OutputDirectory,
    read_policy: &ReadPolicy,
) -> Result<InPlace, PublishError> {
    let interrupt = read_policy.interrupt();
    let staging = directory.staging().to_owned();
    let mut files = write_reports(audit, formats, &staging, interrupt)?;
    let latest = there.latest.as_deref();
    let there = chain::predecessors(there);
    let previous = there.last();
    let mut pruned: Vec<PrunedEntry> = previous.map_or(Vec::new(), |last| last.manifest.pruned.clone());
    let now = audit.run.began();
    pruned.retain(|one| {
        // What could not be removed then is there still.
        there.iter().all(|other| other.bundle.run != one.run)
            && one
                .began
                .or_else(|| Some(Bundle::named(directory.path(), &one.run)?.started_at))
                .is_some_and(|began| days_between(began, now) <= DAYS_KEPT)
    });
    let link = previous.map(Predecessor::link);
    // A clock that is 40 days ahead makes every bundle look too old.
    let retention = if audit.run.clock.is_off() { Retention::All } else { retention };
    let to_prune = retention::to_prune(retention, there, latest, audit, read_policy);
    pruned.extend(to_prune.iter().map(|one| one.pruned_by(&audit.run.id)));

    let manifest = evidence::manifest(audit, evidence, files.clone(), link, pruned);
    files.push(write_file(staging.join(MANIFEST), interrupt, |mut out| {
        serde_json::to_writer_pretty(&mut out, &manifest)?;
        out.write_all(b"\n")
    })?);
    write_file(staging.join(SUMS), interrupt, |out| {
        files.iter().try_for_each(|file| out.write_all(sum_line(&file.sha256, &file.name).as_bytes()))
    })?;
    let to_prune = to_prune.into_iter().map(|one| one.bundle.clone()).collect();
    let directory = directory.put_in_place(&audit.run.id, interrupt)?;
    Ok(InPlace { directory, to_prune })
}
