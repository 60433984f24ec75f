//! The chain that bundles form: which are there before a new one.

use std::path::Path;

use super::PublishError;
use crate::bundle::{self, Bundle, Found, Manifest, PreviousEntry, PrunedEntry};

/// A bundle that was there before the new one.
#[derive(Debug)]
pub(super) struct Predecessor {
    pub(super) bundle: Bundle,
    pub(super) manifest: Manifest,
    manifest_sha256: String,
}

impl Predecessor {
    /// What the bundle that follows this one says of it.
    pub(super) fn link(&self) -> PreviousEntry {
        PreviousEntry { run: self.bundle.run.clone(), manifest_sha256: self.manifest_sha256.clone() }
    }

    /// What is told of it once it is removed, after the publication of `run`.
    pub(super) fn pruned_by(&self, run: &str) -> PrunedEntry {
        PrunedEntry {
            run: self.bundle.run.clone(),
            complete: self.manifest.complete,
            filtered: self.manifest.filtered,
            clock_off: self.manifest.clock_off,
            began: self.manifest.clock_off.then(|| self.bundle.began(&self.manifest)),
            previous: self.manifest.previous.as_ref().map(|previous| previous.run.clone()),
            totals: self.manifest.totals,
            manifest_sha256: self.manifest_sha256.clone(),
            pruned_by: run.to_owned(),
        }
    }
}

/// The bundles that are there with a manifest that can be read, the one that was published first before all others.
pub(super) fn predecessors(output: &Path) -> Result<Vec<Predecessor>, PublishError> {
    let mut there = Vec::new();
    for Found { bundle, manifest } in bundle::in_order(output).map_err(PublishError::read(output))? {
        match manifest {
            Ok((manifest, manifest_sha256)) => there.push(Predecessor { bundle, manifest, manifest_sha256 }),
            Err(error) => {
                tracing::warn!("the bundle {} is left out of the chain: {error}", bundle.path.display());
            }
        }
    }
    Ok(there)
}
