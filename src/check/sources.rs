//! Whether each workspace is reached, and what its key can read, tried on one small request to each source.

use chrono::TimeDelta;

use crate::{
    api::{ApiError, Client, ClientError, Next, ResourceType, SecretsQuery, User},
    audit::empty_in_words,
    collect::{CollectOptions, Deep, sample},
    config::{Config, WorkspaceConfig},
    error::Error,
    inventory::{FailedWorkspace, Scan, ScanOutcome, Source},
};

/// What one key can read.
#[derive(Debug)]
pub struct Checked {
    /// The name of the workspace.
    pub workspace: String,
    /// Its address.
    pub address: String,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
    /// Whether an answer came.
    pub is_reached: bool,
    /// By how much this machine's clock is ahead of the API's, where the API told its time.
    pub clock_ahead: Option<TimeDelta>,
    /// Whose key it is, or why that can't be told.
    pub user: Result<User, String>,
    /// What became of each source.
    pub probes: Vec<Probe>,
}

/// What became of one source.
#[derive(Debug)]
pub struct Probe {
    /// Which.
    pub source: Source,
    /// Whether it can be read.
    pub outcome: Outcome,
    /// Whether an audit with this configuration reads it.
    pub need: Need,
}

/// Whether an audit reads a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Every audit does.
    Always,
    /// One that would call a secret unused otherwise.
    BeforeUnused,
    /// None with this configuration.
    Never,
}

/// Whether a source can be read.
#[derive(Debug)]
pub enum Outcome {
    /// It can.
    Readable,
    /// It can, and shows nothing: what to do about it, and whether an audit is incomplete for it.
    Empty {
        /// What to do about it.
        why: String,
        /// Whether an audit is incomplete for it.
        is_unexpected: bool,
    },
    /// It can't: why, and what to do about it.
    Failed {
        /// Why, and what to do about it.
        why: String,
        /// Whether the API refused the key.
        key_refused: bool,
    },
    /// The operator doesn't want it read, so every verdict of a secret without known use will be undetermined.
    SwitchedOff,
    /// It was not tried, and why.
    NotTried(&'static str),
}

impl From<Result<(), ApiError>> for Outcome {
    fn from(tried: Result<(), ApiError>) -> Self {
        match tried {
            Ok(()) => Self::Readable,
            Err(error) => Self::Failed { why: error.advice(), key_refused: error.key_is_refused() },
        }
    }
}

impl From<Result<Scan, ApiError>> for Outcome {
    fn from(tried: Result<Scan, ApiError>) -> Self {
        match tried.map(|scan| scan.outcome) {
            Ok(ScanOutcome::NotRead(why)) => Self::Failed { why, key_refused: false },
            tried => tried.map(drop).into(),
        }
    }
}

/// Tries every source with one key. Where nothing answers the list of secrets only that is tried: each further source
/// would take as many attempts, to show the same.
pub async fn check(client: &Client, workspace: &str, config: &Config) -> Checked {
    let listed = list_secrets(client, config).await;
    let is_reached = listed.as_ref().err().is_none_or(ApiError::is_an_answer);
    let mut checked = Checked {
        workspace: workspace.to_owned(),
        address: client.address().to_owned(),
        proxy: client.proxy(),
        is_reached,
        clock_ahead: None,
        user: Err(NOT_ASKED.to_owned()),
        probes: Vec::new(),
    };
    let first_secret = listed.as_ref().ok().cloned().flatten();
    checked.probe(Source::Preview, Need::Always, listing(listed, config));
    for source in [Source::Dependencies, Source::Secret] {
        let outcome = match &first_secret {
            Some(id) => try_secret(client, source, id).await.into(),
            None if is_reached => Outcome::NotTried("no secret was listed to try it on"),
            None => NOTHING_ANSWERS,
        };
        checked.probe(source, Need::Always, outcome);
    }
    for source in Source::SCANNED {
        let outcome = if config.collect.switched_off.contains(&source) {
            Outcome::SwitchedOff
        } else if is_reached {
            sample(client, &config.collect, source).await.into()
        } else {
            NOTHING_ANSWERS
        };
        let need = match (source, config.collect.deep) {
            (Source::Tools | Source::Agents, Deep::Never) => Need::Never,
            (Source::Tools | Source::Agents, Deep::Auto) => Need::BeforeUnused,
            _ => Need::Always,
        };
        checked.probe(source, need, outcome);
    }
    if is_reached {
        checked.user = whose(client).await;
    }
    checked.clock_ahead = client.clock_ahead();
    checked
}

const NOT_ASKED: &str = "whose it is was not asked, as nothing answers";
const NOTHING_ANSWERS: Outcome = Outcome::NotTried("nothing answers at that address");

/// The id of the first secret, where there is one.
async fn list_secrets(client: &Client, config: &Config) -> Result<Option<String>, ApiError> {
    let CollectOptions { page_size, dependency_limit, .. } = config.collect;
    let query = SecretsQuery { page_size, dependency_limit, search: "" };
    let answer = client.secrets(query, None).await?;
    let frame = answer.secret_page_frame()?;
    let next =
        Next { cursor: frame.next_cursor.as_deref(), has_more: frame.has_more, is_empty: frame.is_empty };
    client.walk().advance(answer.path(), next)?;
    let page = answer.secret_page()?;
    Ok(page.secrets.first().map(|secret| secret.id.to_string()))
}

/// What the list of secrets comes to. An empty one is what a key without access to any secret is shown, too.
fn listing(listed: Result<Option<String>, ApiError>, config: &Config) -> Outcome {
    match listed {
        // A narrowed audit may well find nothing.
        Ok(None) if !config.allow_empty => {
            Outcome::Empty { why: empty_in_words(None), is_unexpected: config.collect.search.is_empty() }
        }
        listed => listed.map(drop).into(),
    }
}

/// Whose key it is. No verdict needs it, so that a key which may not ask is none the worse.
async fn whose(client: &Client) -> Result<User, String> {
    client.user().await.and_then(|answer| answer.user()).map_err(|error| {
        match error.key_is_refused() && !error.key_is_invalid() {
            true => "whose it is cannot be asked with it (that needs user_read; no verdict does)".to_owned(),
            false => format!("whose it is cannot be told: {error}"),
        }
    })
}

async fn try_secret(client: &Client, source: Source, id: &str) -> Result<(), ApiError> {
    if source == Source::Secret {
        client.secret(id).await?.secret(id)?;
    } else {
        client.dependencies(id, ResourceType::Tools, None).await?.dependencies_page(ResourceType::Tools)?;
    }
    Ok(())
}

impl Checked {
    /// A workspace that nothing can be asked of.
    #[must_use]
    pub fn without_client(workspace: &WorkspaceConfig, error: &ClientError) -> Self {
        let mut checked = Self {
            workspace: workspace.name.clone(),
            address: workspace.base_url.to_string(),
            proxy: None,
            is_reached: false,
            clock_ahead: None,
            user: Err(NOT_ASKED.to_owned()),
            probes: Vec::new(),
        };
        let failed = Outcome::Failed { why: error.to_string(), key_refused: false };
        checked.probe(Source::Preview, Need::Always, failed);
        checked
    }

    fn probe(&mut self, source: Source, need: Need, outcome: Outcome) {
        self.probes.push(Probe { source, outcome, need });
    }

    /// Why an audit would publish nothing of this workspace.
    #[must_use]
    pub fn failure(&self) -> Option<FailedWorkspace> {
        self.probes.iter().find_map(|probe| match (&probe.source, &probe.outcome) {
            (Source::Preview, Outcome::Failed { why, key_refused }) => Some(FailedWorkspace {
                name: self.workspace.clone(),
                address: self.address.clone(),
                error: why.clone(),
                key_refused: *key_refused,
            }),
            _ => None,
        })
    }

    fn would_be_complete(&self) -> bool {
        self.probes.iter().filter(|probe| probe.need != Need::Never).all(|probe| {
            !matches!(
                probe.outcome,
                Outcome::Failed { .. } | Outcome::SwitchedOff | Outcome::Empty { is_unexpected: true, .. }
            )
        })
    }
}

/// The code with which an audit of these workspaces would end, as far as can be told.
pub(super) fn exit_code(checked: &[Checked]) -> u8 {
    let failed: Vec<FailedWorkspace> = checked.iter().filter_map(Checked::failure).collect();
    if !failed.is_empty() && failed.len() == checked.len() {
        return Error::nothing_read(&failed).exit_code();
    }
    if checked.iter().all(Checked::would_be_complete) { 0 } else { 3 }
}
