//! The chain that manifests form, and what is wrong with a bundle's place in it.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::integrity::{Integrity, Line};
use crate::{
    bundle::{Bundle, Flaw, Looked},
    text::show_hidden,
};

/// How the manifests refer to each other.
pub(super) struct Chain<'a> {
    /// The sum of each manifest that can be read, by the name of its run.
    sums: BTreeMap<&'a str, &'a str>,
    /// Every run that is there, whether or not its manifest can be read.
    there: BTreeSet<&'a str>,
    /// The runs that name a run as the one before them, by the name of that.
    named_by: BTreeMap<&'a str, Vec<&'a str>>,
    /// The runs that were removed on purpose, with what removed them.
    pruned: BTreeMap<&'a str, &'a str>,
    /// The oldest that names none before it.
    beginning: Option<&'a str>,
    /// The newest of those whose manifest the system refuses to read.
    refused: Option<&'a str>,
    /// Those from before bundles formed a chain that stand in the midst of it, and that it knows nothing of.
    strays: BTreeSet<&'a str>,
}

impl<'a> Chain<'a> {
    pub(super) fn of(looked_at: &'a [(Bundle, Looked)]) -> Self {
        let manifests = || looked_at.iter().filter_map(|(_, looked)| looked.manifest.as_ref());
        let mut named_by: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for manifest in manifests() {
            if let Some(previous) = &manifest.previous {
                named_by.entry(&previous.run).or_default().push(&manifest.run);
            }
        }
        // The newest may be that of an older version of this program, which came into use again.
        let newest = looked_at.last().map(|(bundle, _)| bundle.run.as_str());
        let strays = manifests()
            .skip_while(|manifest| !manifest.is_of_the_chain())
            .filter(|manifest| !manifest.is_of_the_chain())
            .map(|manifest| manifest.run.as_str())
            .filter(|run| !named_by.contains_key(run) && newest != Some(*run))
            .collect();
        let is_refused =
            |looked: &Looked| looked.manifest.is_none() && matches!(looked.flaws[..], [Flaw::Unreadable(_)]);
        let refused = looked_at.iter().rev().find(|(_, looked)| is_refused(looked));
        Self {
            strays,
            refused: refused.map(|(bundle, _)| bundle.run.as_str()),
            sums: looked_at
                .iter()
                .filter_map(|(bundle, looked)| {
                    Some((bundle.run.as_str(), looked.manifest_sha256.as_deref()?))
                })
                .collect(),
            there: looked_at.iter().map(|(bundle, _)| bundle.run.as_str()).collect(),
            named_by,
            pruned: manifests()
                .flat_map(|manifest| &manifest.pruned)
                .map(|pruned| (pruned.run.as_str(), pruned.pruned_by.as_str()))
                .collect(),
            beginning: manifests()
                .find(|manifest| manifest.previous.is_none())
                .map(|manifest| manifest.run.as_str()),
        }
    }

    /// Says that the bundle before this one is not there, and whether that is as it should be.
    pub(super) fn missing_before(&self, looked: &Looked, output: &Path, lines: &mut Vec<Line>) {
        let Some(manifest) = &looked.manifest else { return };
        let Some(previous) = manifest.previous.as_ref().filter(|one| !self.there.contains(one.run.as_str()))
        else {
            return;
        };
        let run = show_hidden(&previous.run, &[]).into_owned();
        let refused = self.refused.filter(|refused| *refused > previous.run.as_str());
        let line = match (self.pruned.get(previous.run.as_str()), refused) {
            (Some(by), _) => {
                let what = format!("removed on purpose after {}", show_hidden(by, &[]));
                Line { integrity: Integrity::Pruned, run, what }
            }
            (None, Some(refused)) => {
                let what = format!(
                    "cannot tell: the whole bundle is not in {}, and {refused}, which may say that it was removed on \
                     purpose, cannot be read",
                    output.display()
                );
                Line { integrity: Integrity::Unreadable, run, what }
            }
            (None, None) => {
                let what = format!(
                    "the whole bundle is not in {}, and {} names it as the one before it",
                    output.display(),
                    manifest.run
                );
                Line { integrity: Integrity::Missing, run, what }
            }
        };
        lines.push(line);
    }

    /// What is wrong with a bundle's place in the chain.
    pub(super) fn flaws(&self, bundle: &Bundle, looked: &Looked) -> Vec<(Integrity, String)> {
        let Some(manifest) = &looked.manifest else { return Vec::new() };
        let mut flaws = Vec::new();
        match &manifest.previous {
            Some(previous) => {
                // Of one without a manifest that is said already.
                let sum = self.sums.get(previous.run.as_str());
                if sum.is_some_and(|sum| *sum != previous.manifest_sha256) {
                    let what = format!(
                        "it names another manifest.json of {} than the one that is there",
                        show_hidden(&previous.run, &[])
                    );
                    flaws.push((Integrity::Altered, what));
                }
                let namers = self.named_by.get(previous.run.as_str()).map_or(&[][..], Vec::as_slice);
                if let Some(other) = namers.iter().find(|run| **run != bundle.run) {
                    let what = format!(
                        "it names {} as the one before it, and so does {}",
                        show_hidden(&previous.run, &[]),
                        show_hidden(other, &[])
                    );
                    flaws.push((Integrity::Forked, what));
                }
            }
            // Where the clock went back, those after the first have earlier names, but know what came before them.
            None if manifest.is_of_the_chain() && self.beginning != Some(&bundle.run) => {
                let what = "it says that no bundle came before it, but there are earlier ones".to_owned();
                flaws.push((Integrity::Forked, what));
            }
            None if self.strays.contains(bundle.run.as_str()) => {
                let what =
                    "it says that it is from before bundles formed a chain, but the chain began earlier";
                flaws.push((Integrity::Altered, what.to_owned()));
            }
            None => {}
        }
        flaws
    }
}
