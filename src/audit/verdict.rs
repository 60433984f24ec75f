//! The verdict: one pure function over the inventory.
//!
//! `unused` is a claim that something may be deleted. It is made only where every list that could show a use was read
//! whole and none does.

use super::DependentCounts;
use crate::inventory::{Secret, Workspace};

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
    let gaps: Vec<String> = secret.gaps.iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
    let gaps = gaps.join("; ");
    let (verdict, reason) = match (secret.uses() > 0, secret.is_whole()) {
        (true, true) => {
            (Verdict::InUse, format!("used by {}", DependentCounts::of(workspace, secret).in_words()))
        }
        (true, false) => (
            Verdict::InUse,
            format!(
                "used by at least {}; not read whole: {gaps}",
                DependentCounts::of(workspace, secret).in_words()
            ),
        ),
        (false, true) => {
            (Verdict::Unused, "every list of its dependents was read whole, and all are empty".to_owned())
        }
        (false, false) => {
            (Verdict::Undetermined, format!("no use is known, but not everything was read: {gaps}"))
        }
    };
    Judgement { verdict, reason }
}
