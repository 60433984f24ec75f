//! The verdict: one pure function over the inventory.
//!
//! `unused` is a claim that something may be deleted. It is made only where every place that could hold a reference was
//! read whole, just now, and none does, and the secret, read once more by itself, shows no use either.

use std::borrow::Cow;

use crate::inventory::{Extent, Gap, Missing, Scan, ScanOutcome, Secret, Source, View, Why, Workspace};

/// What is to be said of a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// Something uses it.
    InUse,
    /// Everything that could use it was read whole, and nothing does.
    Unused,
    /// No use is known, but not everything could be read.
    Undetermined,
}

impl Verdict {
    /// Every verdict.
    pub const ALL: [Self; 3] = [Self::InUse, Self::Unused, Self::Undetermined];

    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::InUse => "in_use",
            Self::Unused => "unused",
            Self::Undetermined => "undetermined",
        }
    }
}

/// What "unused" rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Evidence {
    /// Every tool, agent and branch was read too.
    Inspected,
    /// For tools and agents, on the lists of the API alone.
    Listed,
}

impl Evidence {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Inspected, Self::Listed];

    /// What it is, by whether every tool, agent and branch was read.
    pub fn of(is_inspected: bool) -> Self {
        if is_inspected { Self::Inspected } else { Self::Listed }
    }

    /// The word for it in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inspected => "inspected",
            Self::Listed => "listed",
        }
    }
}

/// What a view that is proven to be partial leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PartialView {
    /// No secret is called unused.
    #[default]
    Undetermined,
    /// The operator takes what the key sees for all that counts.
    Accept,
}

impl PartialView {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Undetermined, Self::Accept];

    /// The word for it in settings and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undetermined => "undetermined",
            Self::Accept => "accept",
        }
    }
}

/// What is to be said of a secret in whose case this is missing.
pub(super) fn verdict(secret: &Secret, missing: &[Cow<'_, Gap>]) -> Verdict {
    match (secret.uses() > 0, missing.is_empty()) {
        (true, _) => Verdict::InUse,
        (false, true) => Verdict::Unused,
        (false, false) => Verdict::Undetermined,
    }
}

/// What could hide a use of this secret, in an audit in which this could hide a use of any. Empty: nothing. Where a use is
/// known, that settles all but which others there are.
pub(super) fn missing<'a>(
    workspace: &'a Workspace,
    secret: &'a Secret,
    hides_any: &'a [Gap],
) -> Vec<Cow<'a, Gap>> {
    let hides_any = if secret.uses() > 0 { &[] } else { hides_any };
    let mut missing: Vec<_> = secret.gaps.iter().chain(hides_any).map(Cow::Borrowed).collect();
    // Where something else is missing, nothing needed these to be read.
    if missing.is_empty() && secret.uses() == 0 {
        missing.extend(uninspected_places(workspace).map(Cow::Owned));
        if missing.is_empty() && !secret.confirmed {
            missing.push(Cow::Owned(Gap::new(Missing::Confirmation, Why::NotAsked)));
        }
    }
    missing
}

/// What could hide a use of any secret of a workspace.
pub(crate) fn hides_any(workspace: &Workspace, partial_view: PartialView) -> Vec<Gap> {
    let mut missing: Vec<Gap> =
        Source::SCANNED.into_iter().filter_map(|place| unread(workspace, place)).collect();
    missing.extend(workspace.page_gaps.iter().cloned());
    if partial_view == PartialView::Undetermined {
        missing.extend(hidden_from_the_key(workspace));
    }
    missing
}

/// Why a place that can hold a reference was not read whole.
fn unread(workspace: &Workspace, source: Source) -> Option<Gap> {
    let mut scans = workspace.scans.iter().filter(|scan| scan.source == source).peekable();
    match scans.peek() {
        Some(_) => scans.find_map(Scan::gap),
        None => (!source.may_be_left_out()).then(|| Gap::new(Missing::Place { source }, Why::NotAsked)),
    }
}

/// Tools and agents, where nothing needed them to be read but this.
fn uninspected_places(workspace: &Workspace) -> impl Iterator<Item = Gap> {
    let unread = workspace.scans.iter().filter(|scan| scan.outcome == ScanOutcome::NotNeeded);
    unread.map(|scan| Gap::new(Missing::Place { source: scan.source }, Why::NotAsked))
}

/// Why a use could be where the key may not look.
fn hidden_from_the_key(workspace: &Workspace) -> Option<Gap> {
    let View { extent: Extent::Partial, signs } = &workspace.view else { return None };
    let (sign, others) = (signs.first().cloned().unwrap_or_default(), signs.len().saturating_sub(1));
    Some(Gap::new(Missing::View, Why::Hidden(sign, others)))
}
