//! The verdict: one pure function over the inventory.
//!
//! `unused` is a claim that something may be deleted. It is made only where every place that could hold a reference was
//! read whole, just now, and none does, and the secret, read once more by itself, shows no use either.

use super::DependentCounts;
use crate::{
    inventory::{Extent, Gap, ScanOutcome, Secret, Source, View, Workspace},
    text::cut,
};

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
    #[must_use]
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
    #[must_use]
    pub fn of(is_inspected: bool) -> Self {
        if is_inspected { Self::Inspected } else { Self::Listed }
    }

    /// The word for it in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Inspected => "inspected",
            Self::Listed => "listed",
        }
    }
}

/// A verdict and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be said.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// What it rests on; only where it is "unused".
    pub evidence: Option<Evidence>,
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
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Undetermined => "undetermined",
            Self::Accept => "accept",
        }
    }
}

/// Judges one secret of a workspace.
#[must_use]
pub fn judge(workspace: &Workspace, secret: &Secret, partial_view: PartialView) -> Judgement {
    let missing = missing(workspace, secret, partial_view);
    let uses = || DependentCounts::of(workspace, secret).in_words();
    let (verdict, reason) = match (secret.uses() > 0, missing.is_empty()) {
        (true, _) if secret.is_whole() => (Verdict::InUse, format!("used by {}", uses())),
        (true, _) => (
            Verdict::InUse,
            format!(
                "used by at least {}; not read whole: {}",
                uses(),
                shortened(list_gaps(secret)).join("; ")
            ),
        ),
        (false, true) => (
            Verdict::Unused,
            format!(
                "every place that this audit reads ({}) was read whole and none holds a reference; read once more by \
                 itself, it still shows no use",
                places(workspace)
            ),
        ),
        (false, false) => (
            Verdict::Undetermined,
            format!("no use is known, but a use could be missed: {}", missing.join("; ")),
        ),
    };
    let evidence = (verdict == Verdict::Unused).then(|| Evidence::of(is_inspected(workspace)));
    Judgement { verdict, reason, evidence }
}

/// What could hide a use of this secret. Empty: nothing.
fn missing(workspace: &Workspace, secret: &Secret, partial_view: PartialView) -> Vec<String> {
    let mut missing = list_gaps(secret);
    missing.extend(unread_places(workspace));
    missing.extend(workspace.page_gaps.iter().map(Gap::in_words));
    if partial_view == PartialView::Undetermined {
        missing.extend(hidden_from_the_key(workspace));
    }
    // Where something else is missing, nothing needed these to be read.
    if missing.is_empty() {
        missing.extend(uninspected_places(workspace));
    }
    if missing.is_empty() && !secret.confirmed {
        missing.push("it was not read once more by itself".to_owned());
    }
    shortened(missing)
}

/// How many reasons are told of one secret.
const REASONS_TOLD: usize = 20;

/// The longest reason, and of all of one secret together the most that is told, in bytes: they may be the same for each.
const REASON_LENGTH: usize = 1_000;
const REASONS_LENGTH: usize = 2_000;

/// The first of these, and how many more there are: thousands may be the same for each secret.
fn shortened(reasons: Vec<String>) -> Vec<String> {
    let (number, mut length) = (reasons.len(), 0);
    let mut told: Vec<String> = reasons
        .into_iter()
        .take(REASONS_TOLD)
        .map(|reason| cut(reason.into(), REASON_LENGTH).into_owned())
        .take_while(|reason| {
            let is_told = length == 0 || length + reason.len() <= REASONS_LENGTH;
            length += reason.len();
            is_told
        })
        .collect();
    if told.len() < number {
        told.push(format!("and {} more", number - told.len()));
    }
    told
}

/// The places that can hold a reference and were not read whole, each with the reason. Only tools and agents may be left
/// out, since `used_by` has lists for them.
pub(super) fn unread_places(workspace: &Workspace) -> Vec<String> {
    Source::SCANNED
        .into_iter()
        .filter_map(|place| {
            let may_be_left_out = matches!(place, Source::Tools | Source::Agents);
            let mut scans = workspace.scans.iter().filter(|scan| scan.source == place).peekable();
            if scans.peek().is_none() {
                return (!may_be_left_out).then(|| format!("{} not read", place.as_str()));
            }
            scans.find_map(|scan| match scan.outcome {
                ScanOutcome::NotPartOfThisAudit if !may_be_left_out => {
                    Some(format!("{} not part of this audit", place.as_str()))
                }
                _ => scan.gap(),
            })
        })
        .collect()
}

/// Tools and agents, where nothing needed them to be read but this.
fn uninspected_places(workspace: &Workspace) -> impl Iterator<Item = String> {
    let unread = workspace.scans.iter().filter(|scan| scan.outcome == ScanOutcome::NotNeeded);
    unread.map(|scan| format!("{} not read", scan.source.as_str()))
}

/// Why a use could be where the key may not look, and what to do about it.
fn hidden_from_the_key(workspace: &Workspace) -> Option<String> {
    let View { extent: Extent::Partial, signs } = &workspace.view else { return None };
    let first = signs.first().map_or("", String::as_str);
    let others = match signs.len() {
        0 | 1 => String::new(),
        several => format!(" (and {} more signs)", several - 1),
    };
    Some(format!(
        "this key does not see the whole workspace: {first}{others}; use a key of a workspace admin that is limited to \
         convai_read, share what is named with the key's user, or set [audit] partial_view = \"accept\""
    ))
}

/// The places that were read, in words: what an unused secret is not in.
fn places(workspace: &Workspace) -> &'static str {
    if is_inspected(workspace) {
        "what the API says uses it, environment variables, speech engines, MCP servers, settings, tools, agents"
    } else {
        "what the API says uses it, environment variables, speech engines, MCP servers, settings"
    }
}

/// Whether every tool, agent and branch was read.
pub(super) fn is_inspected(workspace: &Workspace) -> bool {
    [Source::Tools, Source::Agents].into_iter().all(|place| {
        workspace.scans.iter().any(|scan| scan.source == place && scan.outcome == ScanOutcome::Whole)
    })
}

fn list_gaps(secret: &Secret) -> Vec<String> {
    secret.gaps.iter().map(Gap::in_words).collect()
}
