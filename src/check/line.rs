//! One thing that was looked at, and how it stands.

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// As it should be.
    Ok,
    /// It can't be told.
    Unknown,
    /// An audit is published all the same.
    Warning,
    /// It stops the audit, or leaves it incomplete.
    Failed,
}

impl Standing {
    /// The word for it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Unknown => "-",
            Self::Warning => "warning",
            Self::Failed => "failed",
        }
    }
}

/// What there is to say of one thing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// How it stands.
    pub(crate) standing: Standing,
    /// What it is.
    pub what: &'static str,
    /// The rest, with the way to mend it.
    pub detail: String,
}

impl Line {
    pub(super) fn new(standing: Standing, what: &'static str, detail: impl Into<String>) -> Self {
        Self { standing, what, detail: detail.into() }
    }
}
