//! What can be asked, and what comes back of it until it is taken in. Data and nothing else.

use std::sync::Arc;

use super::{
    agent::{Agent, ApiBehavior, ArchivedBranch},
    document::Document,
    reading::{ListPage, Listing},
    truncation::{Open, OpenList},
};
use crate::{
    api::{ApiError, Holder, Priority, ResourceType, Response, Sought, Walk},
    inventory::{Source, Why},
    memory::text,
};

// What others follow from goes before what nothing follows from, so that no long chain of requests is begun late.

/// The next page of secrets: from it follows everything else.
pub(super) const WALK: Priority = Priority(0);
/// The next page of a place that can hold references.
pub(super) const PLACES: Priority = Priority(1);
/// A page of secrets at the higher limit: it tells which lists are to be paged.
pub(super) const HIGHER_LIMIT: Priority = Priority(2);
/// A page of one secret's dependents: the next one follows from it.
pub(super) const DEPENDENTS: Priority = Priority(3);
/// A document that can hold references.
pub(super) const DOCUMENTS: Priority = Priority(4);
/// One secret by itself, or whose key it is.
pub(super) const SECRETS: Priority = Priority(5);

/// Something to ask: one request, or all that one agent takes.
pub(super) enum Job {
    /// A page of secrets.
    Page { walk: Walk },
    /// The same page at the higher limit, and the lists that the first limit cut.
    HigherLimit { page: u32, cursor: Option<String>, open: Open },
    /// A page of one secret's dependents.
    Dependents { list: PagedList, walk: Walk },
    /// One secret by itself.
    Secret { id: String, purpose: Purpose },
    /// Whose key it is.
    User,
    /// A page of a list of a place.
    List { listing: Listing, walk: Walk, sought: Arc<Sought> },
    /// The settings of the workspace.
    Settings { sought: Arc<Sought> },
    /// A speech engine.
    SpeechEngine { engine: Holder, sought: Arc<Sought> },
    /// An agent and its live branches.
    Agent { agent: Holder, behavior: Arc<ApiBehavior>, sought: Arc<Sought> },
    /// An archived branch of an agent.
    ArchivedBranch { branch: ArchivedBranch, behavior: Arc<ApiBehavior>, sought: Arc<Sought> },
}

/// What came back.
pub(super) enum Answered {
    Page { walk: Walk, response: Result<Response, ApiError> },
    HigherLimit { page: u32, open: Open, response: Result<Response, ApiError> },
    Dependents { list: PagedList, walk: Walk, response: Result<Response, ApiError> },
    Secret { purpose: Purpose, response: Result<Response, ApiError> },
    User { response: Result<Response, ApiError> },
    List { listing: Listing, walk: Walk, page: Result<ListPage, ApiError> },
    Settings { document: Document },
    SpeechEngine { engine: Holder, document: Document },
    Agent { agent: Box<Agent> },
    ArchivedBranch { agent: Holder, document: Document },
}

/// A list of dependents that is being paged to its end.
pub(super) struct PagedList {
    pub(super) secret: usize,
    pub(super) secret_id: Arc<str>,
    pub(super) resource_type: ResourceType,
    /// Why it could not be taken for whole before.
    pub(super) doubt: Why,
}

/// Why a secret is asked for by itself.
pub(super) enum Purpose {
    /// Its dependents were answered with 404. Is it gone?
    Vanished(usize),
    /// Something refers to it, and it was not listed.
    Unlisted(String),
    /// Nothing is known to use it. Does it still look so?
    Confirmation(usize),
    /// It was listed, and by itself it was answered with 404. (This asks for its tools.)
    SecondOpinion(usize),
    /// Others were answered with 404. Can any secret be asked for by itself?
    Control(usize),
}

impl Job {
    pub(super) fn priority(&self) -> Priority {
        match self {
            Self::Page { .. } => WALK,
            Self::List { .. } | Self::Settings { .. } => PLACES,
            Self::HigherLimit { .. } => HIGHER_LIMIT,
            Self::Dependents { .. } => DEPENDENTS,
            Self::SpeechEngine { .. } | Self::Agent { .. } | Self::ArchivedBranch { .. } => DOCUMENTS,
            Self::Secret { .. } | Self::User => SECRETS,
        }
    }

    /// What it takes while it waits, in bytes. What a place lists is counted with the place.
    pub(super) fn bytes(&self) -> usize {
        // A place in the orders by page and by age.
        4 * size_of::<u64>()
            + match self {
                Self::HigherLimit { cursor, open, .. } => {
                    let lists = open.iter().flat_map(|(_, lists)| lists);
                    size_of_val(open.as_slice())
                        + lists.map(OpenList::bytes).sum::<usize>()
                        + cursor.as_deref().map_or(0, text)
                        + size_of::<Self>()
                }
                Self::Dependents { list, walk } => list.bytes() + walk.bytes(),
                Self::Secret { id, .. } => 2 * text(id) + size_of::<Self>(),
                _ => size_of::<Self>(),
            }
    }
}

impl PagedList {
    fn bytes(&self) -> usize {
        size_of::<Self>() + text(&self.secret_id) + self.doubt.bytes()
    }
}

impl Answered {
    /// The body that is still to be read, where there is one.
    pub(super) fn response(&self) -> Option<&Result<Response, ApiError>> {
        match self {
            Self::Page { response, .. }
            | Self::HigherLimit { response, .. }
            | Self::Dependents { response, .. }
            | Self::Secret { response, .. }
            | Self::User { response } => Some(response),
            _ => None,
        }
    }

    /// Takes a body that was not read in time for none.
    pub(super) fn fail(&mut self, too_late: ApiError) {
        match self {
            Self::Page { response, .. }
            | Self::HigherLimit { response, .. }
            | Self::Dependents { response, .. }
            | Self::Secret { response, .. }
            | Self::User { response } => *response = Err(too_late),
            _ => {}
        }
    }

    /// What was asked.
    pub(super) fn path(&self) -> String {
        match (self, self.response()) {
            (Self::List { page: Ok(page), .. }, _) => page.path.clone(),
            (_, Some(Ok(response))) => response.path().to_owned(),
            _ => self.place().unwrap_or(Source::Preview).endpoint().to_owned(),
        }
    }

    /// The place that it is of.
    pub(super) fn place(&self) -> Option<Source> {
        match self {
            Self::List { listing, .. } => Some(listing.source()),
            Self::Settings { .. } => Some(Source::Settings),
            Self::SpeechEngine { .. } => Some(Source::SpeechEngines),
            Self::Agent { .. } | Self::ArchivedBranch { .. } => Some(Source::Agents),
            _ => None,
        }
    }
}
