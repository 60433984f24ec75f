//! One document of a place, and what it holds.

use std::sync::Arc;

use super::offload::offload;
use crate::{
    api::{ApiError, FoundReferences, Holder, Response},
    memory::{Held, Kept, Share},
};

/// One document of a place.
#[derive(Default)]
pub(super) struct Document {
    /// Of an agent, the branch that it is of.
    pub(super) branch: Option<String>,
    /// What was found in it.
    pub(super) found: FoundReferences,
    /// What of it could not be read, or all of it.
    pub(super) error: Option<ApiError>,
    /// Whether it was asked for by itself.
    pub(super) is_answer: bool,
    /// What was found in it, until it is taken in.
    pub(super) _held: Option<Held>,
}

impl Document {
    /// Reads one.
    pub(super) async fn read(
        share: &Arc<Share>,
        response: Result<Response, ApiError>,
        read: impl FnOnce(&Response) -> Result<FoundReferences, ApiError> + Send + 'static,
    ) -> Self {
        let read = match response {
            Ok(response) => {
                let too_late = response.too_late();
                offload(response.size(), response.deadline(), move || {
                    let mut found = read(&response)?;
                    let error = found.problem.take().map(|problem| response.error(problem));
                    Ok(Self { found, error, is_answer: true, ..Self::default() })
                })
                .await
                .unwrap_or(Err(too_late))
            }
            Err(error) => Err(error),
        };
        read.unwrap_or_else(Self::failed).counted(share)
    }

    /// What a list says of a branch.
    pub(super) fn of_branch(share: &Arc<Share>, branch: &Holder) -> Self {
        let branch_id = Some(branch.id.clone());
        Self { branch: branch_id, found: branch.found.clone(), ..Self::default() }.counted(share)
    }

    /// The same, without what was found where that may not be kept: then the workspace is lost.
    fn counted(mut self, share: &Arc<Share>) -> Self {
        let mut held = Held::none(share, Kept::References);
        if !held.allows(self.found.bytes()) {
            self.found = FoundReferences::default();
        }
        Self { _held: Some(held), ..self }
    }

    pub(super) fn failed(error: ApiError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}
