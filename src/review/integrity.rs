//! What became of one bundle, and what there is to say of it.

/// What became of one bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Integrity {
    /// Every file is as it was published, and so is its place in the chain.
    Sound,
    /// It was removed on purpose, as a later manifest says.
    Pruned,
    /// It, or a file of it, is not there.
    Missing,
    /// It, or a file of it, is not as it was.
    Altered,
    /// It takes the place of another in the chain.
    Forked,
    /// The system refuses to read it, or something of it: it can't be told.
    Unreadable,
}

impl Integrity {
    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sound => "sound",
            Self::Pruned => "pruned",
            Self::Missing => "missing",
            Self::Altered => "altered",
            Self::Forked => "forked",
            Self::Unreadable => "unreadable",
        }
    }
}

/// What there is to say of one bundle; of one with several flaws there are several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// What became of it.
    pub integrity: Integrity,
    /// The name of its run.
    pub run: String,
    /// What exactly.
    pub what: String,
}
