//! What of a place is to be read, which lists it has, and what one document of it holds.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use super::{agents::Manner, digest::digest};
use crate::{
    api::{Answer, ApiError, Client, Form, FoundReference, FoundReferences, Holder, HolderPage, Sought},
    inventory::{DependentType, Relation, Resource, Sighting, Source, Visibility},
    memory::{Held, Kept, Share, text},
    text::{NAME_LENGTH, cut},
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

/// The listed secrets that stand in one place of one holder. A workspace has more of these than of anything else, so that
/// each takes no more than a pointer to its id.
pub(super) struct Uses {
    holder: Arc<Resource<'static>>,
    via: Option<Arc<str>>,
    form: Form,
    secret_ids: BTreeSet<Arc<str>>,
    held: Held,
}

/// What a secret's id takes there, in bytes.
const BYTES_OF_USE: usize = 40;

impl Uses {
    /// None yet, where they may be kept.
    pub(super) fn none(
        share: &Arc<Share>,
        holder: &Arc<Resource<'static>>,
        form: Form,
        via: Option<String>,
    ) -> Option<Self> {
        let via: Option<Arc<str>> = via.map(Arc::from);
        let mut held = Held::none(share, Kept::References);
        let first = if Arc::strong_count(holder) == 1 { holder.bytes() } else { 0 };
        let bytes = 2 * size_of::<Self>() + via.as_deref().map_or(0, text) + first;
        let secret_ids = BTreeSet::new();
        held.allows(bytes).then(|| Self { holder: Arc::clone(holder), via, form, secret_ids, held })
    }

    /// Whether what was found so belongs to these.
    pub(super) fn are_of(&self, holder: &Arc<Resource<'static>>, form: Form, via: Option<&str>) -> bool {
        Arc::ptr_eq(&self.holder, holder) && self.form == form && self.via.as_deref() == via
    }

    /// Adds one, where it may be kept.
    pub(super) fn add(&mut self, secret_id: &Arc<str>) {
        if !self.secret_ids.contains(secret_id) && self.held.allows(BYTES_OF_USE) {
            self.secret_ids.insert(Arc::clone(secret_id));
        }
    }

    /// Each by itself, to be looked at and not kept.
    pub(super) fn each(self) -> impl Iterator<Item = Found> {
        let Self { holder, via, form, secret_ids, held } = self;
        secret_ids.into_iter().map(move |secret_id| {
            let (holder, via) = (Arc::clone(&holder), via.clone());
            Found { secret_id, holder, via, form, _held: held.none_yet() }
        })
    }
}

/// A secret's id and what holds it.
pub(super) struct Found {
    pub(super) secret_id: Arc<str>,
    /// Of all that was found in it.
    pub(super) holder: Arc<Resource<'static>>,
    pub(super) via: Option<Arc<str>>,
    /// In which form it stands there.
    pub(super) form: Form,
    _held: Held,
}

impl Found {
    /// What was found, where it may be kept. `with_path`: where in the holder it stands.
    pub(super) fn new(
        share: &Arc<Share>,
        reference: FoundReference,
        holder: &Arc<Resource<'static>>,
        with_path: bool,
    ) -> Option<Self> {
        let via = with_path.then(|| reference.path_in_words());
        Self::by(share, reference, holder, via)
    }

    /// The same, by other words for where it stands.
    pub(super) fn by(
        share: &Arc<Share>,
        reference: FoundReference,
        holder: &Arc<Resource<'static>>,
        via: Option<String>,
    ) -> Option<Self> {
        let FoundReference { secret_id, form, .. } = reference;
        let (secret_id, via): (Arc<str>, Option<Arc<str>>) = (secret_id.into(), via.map(Arc::from));
        let mut held = Held::none(share, Kept::References);
        // It may be kept by its id as well; and of what is found in one holder, the first keeps that.
        let first = if Arc::strong_count(holder) == 1 { holder.bytes() } else { 0 };
        let bytes = 2 * size_of::<Self>() + 2 * text(&secret_id) + via.as_deref().map_or(0, text) + first;
        held.allows(bytes).then(|| Self { secret_id, holder: Arc::clone(holder), via, form, _held: held })
    }

    pub(super) fn sighting(&self) -> Sighting<'_> {
        Sighting {
            resource: self.holder.borrowed(),
            relation: if self.form == Form::Mention { Relation::Mentioned } else { Relation::Direct },
            via: self.via.as_deref().map(Cow::Borrowed).into_iter().collect(),
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
    /// What was found in it, until it is taken in.
    pub(super) _held: Option<Held>,
}

impl Document {
    /// Reads one.
    pub(super) async fn read(
        share: &Arc<Share>,
        answer: Result<Answer, ApiError>,
        read: impl FnOnce(&Answer) -> Result<FoundReferences, ApiError> + Send + 'static,
    ) -> Self {
        let read = match answer {
            Ok(answer) => {
                let too_late = answer.too_late();
                digest(answer.size(), answer.deadline(), move || {
                    let mut found = read(&answer)?;
                    let error = found.problem.take().map(|problem| answer.error(problem));
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

/// What holds references, once for all of these.
pub(super) fn holder_of(dependent_type: DependentType, holder: &Holder) -> Arc<Resource<'static>> {
    Arc::new(Resource {
        name: holder.name.clone().map(Cow::Owned),
        visibility: Visibility::Available,
        ..Resource::unknown(dependent_type, holder.id.clone())
    })
}

/// The environment in which a variable holds a secret: the document has `values.{environment}.secret_id`.
pub(super) fn environment(reference: &FoundReference) -> Option<String> {
    match reference.path.as_slice() {
        [values, environment, ..] if &**values == "values" => {
            Some(cut(Cow::Borrowed(environment), NAME_LENGTH).into_owned())
        }
        _ => Some(reference.path_in_words()),
    }
}
