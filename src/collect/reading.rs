//! What of a place is to be read, which lists it has, and what one document of it holds.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{agents::Manner, digest::digest};
use crate::{
    api::{Answer, ApiError, Client, Form, FoundReferences, Holder, HolderPage, Sought},
    inventory::{Relation, Resource, Sighting, Source},
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
    pub(super) manner: Arc<Manner>,
}

impl Reading {
    /// All of a place.
    pub(super) fn whole(source: Source, sought: Arc<Sought>, manner: &Arc<Manner>) -> Self {
        let (only, unlisted, known) = (Vec::new(), Vec::new(), BTreeSet::new());
        Self { source, only, unlisted, known, sought, is_sample: false, manner: Arc::clone(manner) }
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

impl Listing {
    pub(super) async fn ask(self, client: &Client, cursor: Option<&str>) -> Result<Answer, ApiError> {
        match self {
            Self::EnvironmentVariables => client.environment_variables(cursor).await,
            Self::SpeechEngines => client.speech_engines(cursor).await,
            Self::McpServers => client.mcp_servers().await,
            Self::Tools => client.tools(cursor).await,
            Self::Agents { archived } => client.agents(archived, cursor).await,
        }
    }

    pub(super) fn read(self, answer: &Answer, sought: &Sought) -> Result<HolderPage, ApiError> {
        match self {
            Self::EnvironmentVariables => answer.environment_variables(sought),
            Self::SpeechEngines => answer.speech_engines(sought),
            Self::McpServers => answer.mcp_servers(sought),
            Self::Tools => answer.tools(sought),
            Self::Agents { .. } => answer.agents(sought),
        }
    }
}

/// A secret's id and what holds it.
#[derive(Clone)]
pub(super) struct Found {
    pub(super) secret_id: String,
    pub(super) holder: Resource<'static>,
    pub(super) via: Vec<String>,
    /// In which form it stands there.
    pub(super) form: Form,
}

impl Found {
    pub(super) fn sighting(&self) -> Sighting<'static> {
        Sighting {
            resource: self.holder.clone(),
            relation: if self.form == Form::Mention { Relation::Mentioned } else { Relation::Direct },
            via: self.via.iter().cloned().map(Cow::Owned).collect(),
        }
    }
}

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
}

impl Document {
    /// Reads one.
    pub(super) async fn read(
        answer: Result<Answer, ApiError>,
        read: impl FnOnce(&Answer) -> Result<FoundReferences, ApiError> + Send + 'static,
    ) -> Self {
        let read = match answer {
            Ok(answer) => {
                let too_late = answer.too_late();
                digest(answer.size(), answer.deadline(), move || {
                    let mut found = read(&answer)?;
                    let error = found.problem.take().map(|problem| answer.error(problem));
                    Ok(Self { found, error, branch: None, is_answer: true })
                })
                .await
                .unwrap_or(Err(too_late))
            }
            Err(error) => Err(error),
        };
        read.unwrap_or_else(Self::failed)
    }

    /// What a list says of a branch.
    pub(super) fn of_branch(branch: &Holder) -> Self {
        Self { branch: Some(branch.id.clone()), found: branch.found.clone(), ..Self::default() }
    }

    pub(super) fn failed(error: ApiError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}
