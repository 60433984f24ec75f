//! The places that can hold a secret's id and that `used_by` has no list for, or has none that can be trusted to be
//! whole. Each is read to its end; what fails makes the place not read, and nothing else.

use std::{
    borrow::Cow,
    collections::{BTreeSet, HashMap},
};

use futures_util::{StreamExt, stream};

use super::{
    CollectOptions, Deep, agent,
    digest::digest,
    listing::restart_note,
    waiting::{DOCUMENTS, PLACES},
};
use crate::{
    api::{Answer, ApiError, Client, FoundReference, FoundReferences, Holder, HolderPage, Next},
    inventory::{DependentType, Relation, Resource, Scan, ScanOutcome, Sighting, Source, Visibility},
};

/// A place and the references that were found in it.
pub(super) struct Scanned {
    pub(super) scan: Scan,
    pub(super) found: Vec<Found>,
    /// What is worth knowing of how it was read.
    pub(super) notes: Vec<String>,
    /// The ids of workspaces that the things in it say they are in.
    pub(super) workspace_ids: BTreeSet<String>,
}

/// A secret's id and what holds it.
pub(super) struct Found {
    pub(super) secret_id: String,
    pub(super) holder: Resource<'static>,
    pub(super) via: Vec<String>,
}

impl Found {
    pub(super) fn sighting(&self) -> Sighting<'static> {
        Sighting {
            resource: self.holder.clone(),
            relation: Relation::Direct,
            via: self.via.iter().cloned().map(Cow::Owned).collect(),
        }
    }
}

/// Scans every place that is part of the audit.
///
/// # Errors
/// Only where the API says that the key is invalid.
pub(super) async fn scan_all(client: &Client, options: &CollectOptions) -> Result<Vec<Scanned>, ApiError> {
    let scans = Source::SCANNED.map(|source| async move {
        let is_deep = matches!(source, Source::Tools | Source::Agents);
        let outcome = if options.switched_off.contains(&source) {
            ScanOutcome::SwitchedOff
        } else if is_deep && options.deep != Deep::Always {
            ScanOutcome::NotPartOfThisAudit
        } else {
            ScanOutcome::Whole
        };
        let read = outcome == ScanOutcome::Whole;
        let mut scanning = Scanning {
            places: client.with_priority(PLACES),
            documents: client.with_priority(DOCUMENTS),
            scan: Scan::new(source, outcome),
            found: Vec::new(),
            notes: Vec::new(),
            workspace_ids: BTreeSet::new(),
        };
        if read {
            scanning.read().await?;
        }
        if let Some(gap) = scanning.scan.gap() {
            tracing::warn!("{gap}");
        }
        let Scanning { scan, found, notes, workspace_ids, .. } = scanning;
        Ok(Scanned { scan, found, notes, workspace_ids })
    });
    futures_util::future::join_all(scans).await.into_iter().collect()
}

/// A list whose elements are holders, or name documents that are.
#[derive(Clone, Copy)]
enum Listing {
    EnvironmentVariables,
    SpeechEngines,
    McpServers,
    Tools,
    Agents { archived: bool },
}

impl Listing {
    async fn ask(self, client: &Client, cursor: Option<&str>) -> Result<Answer, ApiError> {
        match self {
            Self::EnvironmentVariables => client.environment_variables(cursor).await,
            Self::SpeechEngines => client.speech_engines(cursor).await,
            Self::McpServers => client.mcp_servers().await,
            Self::Tools => client.tools(cursor).await,
            Self::Agents { archived } => client.agents(archived, cursor).await,
        }
    }

    fn read(self, answer: &Answer) -> Result<HolderPage, ApiError> {
        match self {
            Self::EnvironmentVariables => answer.environment_variables(),
            Self::SpeechEngines => answer.speech_engines(),
            Self::McpServers => answer.mcp_servers(),
            Self::Tools => answer.tools(),
            Self::Agents { .. } => answer.agents(),
        }
    }
}

struct Scanning {
    /// Asks for the next page of the place.
    places: Client,
    /// Asks for single documents.
    documents: Client,
    scan: Scan,
    found: Vec<Found>,
    notes: Vec<String>,
    workspace_ids: BTreeSet<String>,
}

impl Scanning {
    async fn read(&mut self) -> Result<(), ApiError> {
        match self.scan.source {
            Source::EnvironmentVariables => {
                for variable in self.list(Listing::EnvironmentVariables).await? {
                    // No other place says in which workspace it is.
                    self.workspace_ids.extend(variable.workspace_id.clone());
                    self.note(DependentType::EnvironmentVariable, variable, environment);
                }
            }
            Source::McpServers => {
                for server in self.list(Listing::McpServers).await? {
                    self.note(DependentType::McpServer, server, |_| None);
                }
            }
            Source::Tools => {
                for tool in self.list(Listing::Tools).await? {
                    self.note(DependentType::Tool, tool, |_| None);
                }
            }
            Source::Settings => self.read_settings().await?,
            Source::SpeechEngines => self.read_speech_engines().await?,
            Source::Agents => self.read_agents().await?,
            Source::Preview | Source::HigherLimit | Source::Dependencies | Source::Secret => {}
        }
        Ok(())
    }

    /// Walks a list to its end. Where that fails, what was seen until then is still of use.
    async fn list(&mut self, listing: Listing) -> Result<Vec<Holder>, ApiError> {
        let (mut walk, mut holders) = (self.places.walk(), Vec::new());
        loop {
            let read = match listing.ask(&self.places, walk.cursor()).await {
                Ok(answer) => digest(answer.size(), move || Ok((listing.read(&answer)?, answer))).await,
                Err(error) => Err(error),
            };
            let advanced = read.and_then(|(page, answer)| {
                self.scan.pages += 1;
                let next = Next {
                    cursor: page.next_cursor.as_deref(),
                    has_more: page.has_more,
                    is_empty: page.holders.is_empty(),
                };
                holders.extend(page.holders);
                if let Some(problem) = page.problem {
                    self.fail(answer.error(problem).on_page(walk.page()))?;
                }
                walk.advance(answer.path(), next)
            });
            let page = walk.page();
            match advanced {
                Ok(true) => {}
                Ok(false) => return Ok(holders),
                Err(error) if walk.restart_after(&error) => {
                    // What was seen before the restart stays: found twice, it is one.
                    let note = restart_note(&error.on_page(page));
                    tracing::warn!("{note}");
                    self.notes.push(note);
                }
                Err(error) => {
                    self.fail(error.on_page(page))?;
                    return Ok(holders);
                }
            }
        }
    }

    async fn read_settings(&mut self) -> Result<(), ApiError> {
        let document = Document::read(self.places.settings().await, Answer::settings).await;
        for reference in self.take(document)? {
            let id = reference.path.join(".");
            self.hold(DependentType::Setting, &id, None, reference.secret_id, None);
        }
        Ok(())
    }

    async fn read_speech_engines(&mut self) -> Result<(), ApiError> {
        let engines = each_once(self.list(Listing::SpeechEngines).await?);
        let client = self.documents.clone();
        let mut documents = stream::iter(engines)
            .map(|engine| async {
                let answer = client.speech_engine(&engine.id).await;
                let id = engine.id.clone();
                let document = Document::read(answer, move |answer| answer.speech_engine(&id)).await;
                (engine, document)
            })
            .buffer_unordered(client.concurrency());
        while let Some((mut engine, document)) = documents.next().await {
            engine.references.extend(self.take(document)?);
            self.note(DependentType::SpeechEngine, engine, |_| None);
        }
        Ok(())
    }

    async fn read_agents(&mut self) -> Result<(), ApiError> {
        let mut agents = self.list(Listing::Agents { archived: false }).await?;
        agents.extend(self.list(Listing::Agents { archived: true }).await?);
        let agents = each_once(agents);
        let client = self.documents.clone();
        let mut documents = stream::iter(agents)
            .map(|agent| async {
                let documents = agent::documents(&client, &agent.id).await;
                (agent, documents)
            })
            .buffer_unordered(client.concurrency());
        while let Some((agent, documents)) = documents.next().await {
            let (id, name) = (agent.id.clone(), agent.name.clone());
            self.note(DependentType::Agent, agent, |_| None);
            for document in documents {
                let branch = document.branch.clone();
                for reference in self.take(document)? {
                    self.hold(DependentType::Agent, &id, name.clone(), reference.secret_id, branch.clone());
                }
            }
        }
        Ok(())
    }

    /// Counts a document and notes what of it could not be read. What was found in it.
    fn take(&mut self, document: Document) -> Result<Vec<FoundReference>, ApiError> {
        match document.error {
            Some(error) => self.fail(error)?,
            None => self.scan.pages += 1,
        }
        Ok(document.references)
    }

    /// Notes a holder with all its references. `via` says where in the holder one stands.
    fn note(
        &mut self,
        dependent_type: DependentType,
        holder: Holder,
        via: impl Fn(&FoundReference) -> Option<String>,
    ) {
        for reference in holder.references {
            let via = via(&reference);
            self.hold(dependent_type.clone(), &holder.id, holder.name.clone(), reference.secret_id, via);
        }
    }

    fn hold(
        &mut self,
        dependent_type: DependentType,
        id: &str,
        name: Option<String>,
        secret_id: String,
        via: Option<String>,
    ) {
        let holder = Resource {
            name: name.map(Cow::Owned),
            visibility: Visibility::Available,
            ..Resource::unknown(dependent_type, id.to_owned())
        };
        self.found.push(Found { secret_id, holder, via: via.into_iter().collect() });
    }

    /// Notes that something of this place could not be read. Of several reasons the least in order is told, since
    /// answers come in any order.
    fn fail(&mut self, error: ApiError) -> Result<(), ApiError> {
        if error.key_is_invalid() {
            return Err(error);
        }
        let why = error.advice();
        match &self.scan.outcome {
            ScanOutcome::NotRead(known) if *known <= why => {}
            _ => self.scan.outcome = ScanOutcome::NotRead(why),
        }
        Ok(())
    }
}

/// Each holder once: a walk that was started again shows some twice.
fn each_once(holders: Vec<Holder>) -> Vec<Holder> {
    let mut seen = HashMap::new();
    let mut each: Vec<Holder> = Vec::new();
    for holder in holders {
        let position = *seen.entry(holder.id.clone()).or_insert(each.len());
        match each.get_mut(position) {
            Some(known) => known.references.extend(holder.references),
            None => each.push(holder),
        }
    }
    each
}

/// The environment in which a variable holds a secret: the document has `values.{environment}.secret_id`.
fn environment(reference: &FoundReference) -> Option<String> {
    match reference.path.as_slice() {
        [values, environment, ..] if values == "values" => Some(environment.clone()),
        path => Some(path.join(".")),
    }
}

/// One document of a place.
#[derive(Default)]
pub(super) struct Document {
    /// Of an agent, the branch that it is of.
    pub(super) branch: Option<String>,
    /// What was found in it.
    pub(super) references: Vec<FoundReference>,
    /// What of it could not be read, or all of it.
    pub(super) error: Option<ApiError>,
}

impl Document {
    pub(super) async fn read(
        answer: Result<Answer, ApiError>,
        read: impl FnOnce(&Answer) -> Result<FoundReferences, ApiError> + Send + 'static,
    ) -> Self {
        let read = match answer {
            Ok(answer) => {
                digest(answer.size(), move || {
                    let FoundReferences { references, problem } = read(&answer)?;
                    let error = problem.map(|problem| answer.error(problem));
                    Ok(Self { references, error, branch: None })
                })
                .await
            }
            Err(error) => Err(error),
        };
        read.unwrap_or_else(Self::failed)
    }

    pub(super) fn failed(error: ApiError) -> Self {
        Self { error: Some(error), ..Self::default() }
    }
}
