//! The body of an answer with status 200, and the shapes that it can be read as.

use std::sync::Arc;

use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use crate::memory::Held;

use super::{
    DependenciesPage, FoundReferences, HolderPage, ListedSecret, ResourceType, SecretPage,
    error::{ApiError, ErrorKind, Malformed},
    traffic::Traffic,
    wire::{self, ListShape, Object, PageFrame, Sought, User, references_in_body},
};

/// The body of an answer with status 200.
#[derive(Debug)]
pub struct Response {
    pub(super) endpoint: &'static str,
    pub(super) path: String,
    pub(super) body: Vec<u8>,
    pub(super) request_id: Option<String>,
    pub(super) attempts: u32,
    pub(super) traffic: Arc<Traffic>,
    pub(super) deadline: Instant,
    /// Its place among the answers that have not been read yet.
    pub(super) _held: Option<OwnedSemaphorePermit>,
    /// What its body takes.
    pub(super) _kept: Held,
}

/// Every reader fails where what it needs of the body is not as the public OpenAPI document says.
impl Response {
    /// The path that was asked.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// How large the body is, in bytes.
    pub fn size(&self) -> usize {
        self.body.len()
    }

    /// The moment from which on it is not read any more, as the time of the run is over.
    pub fn deadline(&self) -> Instant {
        self.deadline
    }

    /// The error that it is where it was not read by then.
    pub(crate) fn too_late(&self) -> ApiError {
        self.fails_with(ErrorKind::Deadline)
    }

    /// What a page of secrets says of the next one, without its secrets: much sooner known than these.
    pub(crate) fn secret_page_frame(&self) -> Result<PageFrame<'_>, ApiError> {
        PageFrame::parse(&self.body, "secrets").map_err(|problem| self.error(problem))
    }

    /// A page of secrets.
    pub(crate) fn secret_page(&self) -> Result<SecretPage<'_>, ApiError> {
        self.read(SecretPage::parse(&self.body), |page| page.secrets.len())
    }

    /// The one secret with this id.
    pub(crate) fn secret(&self, id: &str) -> Result<ListedSecret<'_>, ApiError> {
        let secret = ListedSecret::from_body(&self.body).and_then(|secret| {
            if secret.id == id {
                Ok(secret)
            } else {
                Err(Malformed("it is another secret than the one that was asked for".to_owned()))
            }
        });
        self.read(secret, |_| 1)
    }

    /// A page of dependents.
    pub(crate) fn dependencies_page(
        &self,
        resource_type: ResourceType,
    ) -> Result<DependenciesPage<'_>, ApiError> {
        self.read(DependenciesPage::parse(&self.body, resource_type), |page| page.observations.len())
    }

    /// The references anywhere in the workspace's settings.
    pub(crate) fn settings(&self, sought: &Sought) -> Result<FoundReferences, ApiError> {
        self.read(references_in_body(&self.body, wire::SETTINGS, None, sought), |_| 1)
    }

    /// The references anywhere in the speech engine with this id.
    pub(crate) fn speech_engine(&self, id: &str, sought: &Sought) -> Result<FoundReferences, ApiError> {
        let id = Some(("speech_engine_id", id));
        self.read(references_in_body(&self.body, wire::SPEECH_ENGINE, id, sought), |_| 1)
    }

    /// The references anywhere in the agent with this id.
    pub(crate) fn agent(&self, id: &str, sought: &Sought) -> Result<FoundReferences, ApiError> {
        self.read(references_in_body(&self.body, wire::AGENT, Some(("agent_id", id)), sought), |_| 1)
    }

    /// The branch that an agent's document says it shows, and the one that it says is the main one.
    pub(crate) fn branch_ids(&self) -> Result<[Option<String>; 2], ApiError> {
        let ids = Object::from_body(&self.body).and_then(|document| {
            Ok([document.text("branch_id")?, document.text("main_branch_id").unwrap_or_default()])
        });
        let ids = ids.map_err(|problem| self.error(problem))?;
        Ok(ids.map(|id| id.map(|id| id.into_owned())))
    }

    /// Whose key this is: the user's id and kind of seat.
    pub(crate) fn user(&self) -> Result<User, ApiError> {
        self.read(User::parse(&self.body), |_| 1)
    }

    /// A page of such a list.
    pub(crate) fn holders(&self, shape: ListShape, sought: &Sought) -> Result<HolderPage, ApiError> {
        self.read(HolderPage::parse(&self.body, shape, sought), |page| page.holders.len())
    }

    /// What was read, counted as that many items.
    fn read<T>(&self, read: Result<T, Malformed>, items: impl FnOnce(&T) -> usize) -> Result<T, ApiError> {
        let read = read.map_err(|problem| self.error(problem))?;
        self.traffic.showed(self.endpoint, items(&read));
        Ok(read)
    }

    /// The error that this answer is, for what of it could not be read.
    pub(crate) fn error(&self, problem: Malformed) -> ApiError {
        self.fails_with(problem)
    }

    fn fails_with(&self, kind: impl Into<ErrorKind>) -> ApiError {
        ApiError {
            request_id: self.request_id.clone(),
            attempts: self.attempts,
            ..ApiError::new(self.path.clone(), kind)
        }
    }
}
