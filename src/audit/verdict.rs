//! The verdict: one pure function over the inventory.
//!
//! `unused` is a claim that something may be deleted. It is made only where every place that could hold a reference was
//! read whole, just now, and none does, and the secret, read once more by itself, shows no use either.

use super::DependentCounts;
use crate::inventory::{Scan, Secret, Workspace};

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

/// A verdict and the reason for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Judgement {
    /// What is to be said.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
}

/// Judges one secret of a workspace.
#[must_use]
pub fn judge(workspace: &Workspace, secret: &Secret) -> Judgement {
    let missing = missing(workspace, secret);
    let uses = || DependentCounts::of(workspace, secret).in_words();
    let (verdict, reason) = match (secret.uses() > 0, missing.is_empty()) {
        (true, _) if secret.is_whole() => (Verdict::InUse, format!("used by {}", uses())),
        (true, _) => (
            Verdict::InUse,
            format!("used by at least {}; not read whole: {}", uses(), list_gaps(secret).join("; ")),
        ),
        (false, true) => (
            Verdict::Unused,
            "every place that could hold a reference was read whole and none does; read once more, it still shows no use"
                .to_owned(),
        ),
        (false, false) => {
            (Verdict::Undetermined, format!("no use is known, but a use could be missed: {}", missing.join("; ")))
        }
    };
    Judgement { verdict, reason }
}

/// What could hide a use of this secret. Empty: nothing.
fn missing(workspace: &Workspace, secret: &Secret) -> Vec<String> {
    let mut missing = list_gaps(secret);
    missing.extend(workspace.scans.iter().filter_map(Scan::gap));
    if workspace.scans.is_empty() {
        missing.push("nothing but used_by was read".to_owned());
    }
    if missing.is_empty() && !secret.confirmed {
        missing.push("it was not read once more by itself".to_owned());
    }
    missing
}

fn list_gaps(secret: &Secret) -> Vec<String> {
    secret.gaps.iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect()
}
