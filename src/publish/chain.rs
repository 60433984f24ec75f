//! The chain that bundles form: which are there before a new one.

use crate::bundle::{Bundle, Found, InOrder, Manifest, PreviousEntry, PrunedEntry, ReadPolicy};

/// A bundle that was there before the new one.
#[derive(Debug)]
pub(super) struct Predecessor<'a> {
    pub(super) bundle: &'a Bundle,
    pub(super) manifest: &'a Manifest,
    manifest_sha256: &'a str,
    found: &'a Found,
}

impl Predecessor<'_> {
    /// Whether its files are as its manifest says. Not told where a signal came.
    pub(super) fn holds(&self, read_policy: &ReadPolicy) -> bool {
        self.found.holds(read_policy).unwrap_or(false)
    }

    /// What the bundle that follows this one says of it.
    pub(super) fn link(&self) -> PreviousEntry {
        PreviousEntry { run: self.bundle.run.clone(), manifest_sha256: self.manifest_sha256.to_owned() }
    }

    /// What is told of it once it is removed, after the publication of `run`.
    pub(super) fn pruned_by(&self, run: &str) -> PrunedEntry {
        PrunedEntry {
            run: self.bundle.run.clone(),
            complete: self.manifest.complete,
            filtered: self.manifest.filtered,
            clock_off: self.manifest.clock_off,
            began: self.manifest.clock_off.then(|| self.bundle.began(self.manifest)),
            previous: self.manifest.previous.as_ref().map(|previous| previous.run.clone()),
            totals: self.manifest.totals,
            manifest_sha256: self.manifest_sha256.to_owned(),
            pruned_by: run.to_owned(),
        }
    }
}

/// The bundles that are there with a manifest that could be read, the one that was published first before all others.
pub(super) fn predecessors(there: &InOrder) -> Vec<Predecessor<'_>> {
    let mut predecessors = Vec::new();
    for found in &there.found {
        let bundle = &found.bundle;
        match &found.manifest {
            Ok((manifest, manifest_sha256)) => {
                predecessors.push(Predecessor { bundle, manifest, manifest_sha256, found });
            }
            Err(error) => {
                tracing::warn!("the bundle {} is left out of the chain: {error}", bundle.path.display());
            }
        }
    }
    predecessors
}
