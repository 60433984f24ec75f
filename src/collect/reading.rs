//! What of a place is to be read, and which lists it has.

use std::{collections::BTreeSet, sync::Arc};

use super::{agent::ApiBehavior, offload::offload};
use crate::{
    api::{
        AGENTS, ARCHIVED_AGENTS, ApiError, Client, ENVIRONMENT_VARIABLES, HolderPage, ListShape, MCP_SERVERS,
        SPEECH_ENGINES, Sought, TOOLS,
    },
    inventory::Source,
};

/// What of a place is to be read.
pub(super) struct Reading {
    pub(super) source: Source,
    /// Only these of its lists; all where there is none.
    pub(super) only: Vec<Listing>,
    /// Not its lists, but these documents, which no list shows. That there are none is no fault.
    pub(super) unlisted: Vec<String>,
    /// The ids of what need not be looked into again.
    pub(super) known: BTreeSet<String>,
    /// What documents are searched for.
    pub(super) sought: Arc<Sought>,
    /// Whether one document of each kind will do.
    pub(super) is_sample: bool,
    /// What is known by now of how the API shows agents.
    pub(super) behavior: Arc<ApiBehavior>,
}

impl Reading {
    /// All of a place.
    pub(super) fn whole(source: Source, sought: Arc<Sought>, behavior: &Arc<ApiBehavior>) -> Self {
        let (only, unlisted, known) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { source, only, unlisted, known, sought, is_sample: false, behavior: Arc::clone(behavior) }
    }

    /// Whether it is of all of the place, and not only of what is new in it.
    pub(super) fn is_of_all(&self) -> bool {
        self.only.is_empty() && self.walks_lists()
    }

    /// Whether lists are walked.
    pub(super) fn walks_lists(&self) -> bool {
        self.unlisted.is_empty()
    }
}

/// A list whose elements are holders, or name documents that are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Listing {
    EnvironmentVariables,
    SpeechEngines,
    McpServers,
    Tools,
    Agents { archived: bool },
}

/// A page of such a list.
pub(super) struct ListPage {
    pub(super) page: HolderPage,
    /// Where it was asked for.
    pub(super) path: String,
    /// What of it could not be read.
    pub(super) problem: Option<ApiError>,
}

impl Listing {
    /// The lists of a place, in the order in which they are walked.
    pub(super) fn of(source: Source) -> &'static [Self] {
        match source {
            Source::EnvironmentVariables => &[Self::EnvironmentVariables],
            Source::SpeechEngines => &[Self::SpeechEngines],
            Source::McpServers => &[Self::McpServers],
            Source::Tools => &[Self::Tools],
            Source::Agents => &[Self::Agents { archived: false }, Self::Agents { archived: true }],
            Source::Settings
            | Source::Preview
            | Source::HigherLimit
            | Source::Dependencies
            | Source::Secret => &[],
        }
    }

    pub(super) fn source(self) -> Source {
        match self {
            Self::EnvironmentVariables => Source::EnvironmentVariables,
            Self::SpeechEngines => Source::SpeechEngines,
            Self::McpServers => Source::McpServers,
            Self::Tools => Source::Tools,
            Self::Agents { .. } => Source::Agents,
        }
    }

    fn shape(self) -> &'static ListShape {
        match self {
            Self::EnvironmentVariables => &ENVIRONMENT_VARIABLES,
            Self::SpeechEngines => &SPEECH_ENGINES,
            Self::McpServers => &MCP_SERVERS,
            Self::Tools => &TOOLS,
            Self::Agents { archived: false } => &AGENTS,
            Self::Agents { archived: true } => &ARCHIVED_AGENTS,
        }
    }

    /// Asks for a page and reads it.
    pub(super) async fn page(
        self,
        client: &Client,
        cursor: Option<&str>,
        sought: Arc<Sought>,
    ) -> Result<ListPage, ApiError> {
        let response = client.list(self.shape(), cursor).await?;
        let (size, deadline, too_late) = (response.size(), response.deadline(), response.too_late());
        let read = move || {
            let mut page = response.holders(*self.shape(), &sought)?;
            let problem = page.problem.take().map(|problem| response.error(problem));
            Ok(ListPage { page, path: response.path().to_owned(), problem })
        };
        offload(size, deadline, read).await.unwrap_or(Err(too_late))
    }
}
