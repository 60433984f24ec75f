//! Whether a place was read whole.

use super::{Gap, Missing, Source, Why};

/// How the reading of one place that can hold a secret's id went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scan {
    /// Which place.
    pub source: Source,
    /// Whether it was read whole.
    pub outcome: ScanOutcome,
    /// Requests answered with a page or a document.
    pub pages: u64,
}

/// Whether a source was read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScanOutcome {
    /// All of it, just now.
    Whole,
    /// Nothing in this audit asked for it.
    NotNeeded,
    /// Not all of it, and why.
    NotRead(Why),
    /// The operator didn't want it read.
    SwitchedOff,
    /// An audit with `deep = "never"` does not read it.
    NotPartOfThisAudit,
}

impl ScanOutcome {
    /// The words for it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Whole => "read whole",
            Self::NotNeeded => "not needed",
            Self::NotRead(_) => "not read whole",
            Self::SwitchedOff => "switched off",
            Self::NotPartOfThisAudit => "not part of this audit",
        }
    }

    /// The one of which reports say this.
    pub(crate) fn of_words(words: &str, why: Option<String>) -> Option<Self> {
        [
            Self::Whole,
            Self::NotNeeded,
            Self::NotRead(why.unwrap_or_default().into()),
            Self::SwitchedOff,
            Self::NotPartOfThisAudit,
        ]
        .into_iter()
        .find(|outcome| outcome.as_str() == words)
    }

    /// Why it was not read whole.
    pub fn why(&self) -> Option<&Why> {
        match self {
            Self::NotRead(why) => Some(why),
            Self::Whole | Self::NotNeeded | Self::SwitchedOff | Self::NotPartOfThisAudit => None,
        }
    }
}

impl Scan {
    /// A reading that has not begun.
    pub fn new(source: Source, outcome: ScanOutcome) -> Self {
        Self { source, outcome, pages: 0 }
    }

    /// Why a use could have been missed here. `None` where none could, or where what is missed is a limit of this audit
    /// that its report names.
    pub fn gap(&self) -> Option<Gap> {
        let why = match &self.outcome {
            ScanOutcome::NotPartOfThisAudit if !self.source.may_be_left_out() => Why::NotPartOfThisAudit,
            ScanOutcome::Whole | ScanOutcome::NotPartOfThisAudit | ScanOutcome::NotNeeded => return None,
            ScanOutcome::NotRead(why) => why.clone(),
            ScanOutcome::SwitchedOff => Why::SwitchedOff,
        };
        Some(Gap::new(Missing::Place { source: self.source }, why))
    }
}
