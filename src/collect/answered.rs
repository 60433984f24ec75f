//! What comes back of what was asked, until it is taken in.

use super::{
    listing::{Open, PagedList},
    references::Scanning,
    single::Purpose,
};
use crate::api::{Answer, ApiError, Walk};

/// The answer to one job.
pub(super) enum Answered {
    /// A page of the first walk.
    Page { walk: Walk, answer: Result<Answer, ApiError> },
    /// The same page at the higher limit.
    HigherLimit { page: u32, open: Open, answer: Result<Answer, ApiError> },
    /// A page of one secret's dependents.
    Dependents { list: PagedList, walk: Walk, answer: Result<Answer, ApiError> },
    /// One secret by itself.
    Secret { purpose: Purpose, answer: Result<Answer, ApiError> },
    /// Places that can hold references.
    Scans(Result<Vec<Scanning>, ApiError>),
    /// Whose key it is.
    User(Result<Answer, ApiError>),
}

impl Answered {
    /// What there is to read.
    pub(super) fn answer(&mut self) -> Option<&mut Result<Answer, ApiError>> {
        match self {
            Self::Page { answer, .. }
            | Self::HigherLimit { answer, .. }
            | Self::Dependents { answer, .. }
            | Self::Secret { answer, .. }
            | Self::User(answer) => Some(answer),
            Self::Scans(_) => None,
        }
    }

    /// Takes an answer that was not read in time for none.
    pub(super) fn fail(&mut self, too_late: ApiError) {
        if let Some(answer) = self.answer() {
            *answer = Err(too_late);
        }
    }

    /// The path that was asked.
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::Page { answer, .. }
            | Self::HigherLimit { answer, .. }
            | Self::Dependents { answer, .. }
            | Self::Secret { answer, .. }
            | Self::User(answer) => answer.as_ref().ok().map(Answer::path),
            Self::Scans(_) => None,
        }
    }
}
