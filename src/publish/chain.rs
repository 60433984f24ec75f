//! The chain that bundles form: which are there before a new one, and which of them it follows.

use std::path::Path;

use super::PublishError;
use crate::bundle::{self, Bundle, Manifest, PreviousEntry, PrunedEntry};

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
            totals: self.manifest.totals,
            manifest_sha256: self.manifest_sha256.clone(),
            pruned_by: run.to_owned(),
        }
    }
}

/// The bundles that are there with a manifest that can be read, the oldest first.
pub(super) fn predecessors(output: &Path) -> Result<Vec<Predecessor>, PublishError> {
    let mut there = Vec::new();
    for bundle in bundle::bundles(output).map_err(PublishError::read(output))? {
        match bundle.manifest().and_then(|manifest| Ok((manifest, bundle.manifest_sha256()?))) {
            Ok((manifest, manifest_sha256)) => there.push(Predecessor { bundle, manifest, manifest_sha256 }),
            Err(error) => {
                tracing::warn!("the bundle {} is left out of the chain: {error}", bundle.path.display());
            }
        }
    }
    Ok(there)
}

/// The bundle that was published last. A run that was killed before it moved `latest` left one that follows it.
pub(super) fn last<'t>(output: &Path, there: &'t [Predecessor]) -> Option<&'t Predecessor> {
    let position = bundle::position_of_last(output, there.iter().map(|one| &one.bundle))?;
    let mut last = there.get(position)?;
    // In forged manifests the way may lead round.
    for _ in there {
        let link = last.link();
        let Some(next) = there.iter().find(|one| one.manifest.previous.as_ref() == Some(&link)) else {
            break;
        };
        last = next;
    }
    Some(last)
}
