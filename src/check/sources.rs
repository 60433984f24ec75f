//! Whether each workspace is reached, and what its key can read, tried on the lists and one document of each source.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    api::{ApiError, Client, ClientError, ResourceType, User},
    audit::{OnPopulationDrop, PartialView, empty_in_words, population_drop},
    clock::ClockCheck,
    collect::{Deep, Trial, try_out},
    config::{Config, WorkspaceConfig},
    error::Error,
    inventory::{Extent, FailedWorkspace, Scan, ScanOutcome, Seen, Source, View, Workspace},
    progress::WorkspaceProgress,
};

/// What one key can read.
#[derive(Debug)]
pub(crate) struct Checked {
    /// The name of the workspace.
    pub workspace: String,
    /// Its address.
    pub address: String,
    /// The proxy that requests go through.
    pub proxy: Option<String>,
    /// Whether an answer came.
    pub(crate) is_reached: bool,
    /// How this machine's clock compares with the API's.
    pub clock: ClockCheck,
    /// Whose key it is, or why that can't be told.
    pub user: Result<User, String>,
    /// What it may see, as far as was tried.
    pub view: View,
    /// The id of the workspace, where anything shows it.
    pub workspace_id: Option<String>,
    /// Whether such a view leaves an audit incomplete.
    pub(crate) view_is_gap: bool,
    /// What became of each source.
    pub(crate) probes: Vec<Probe>,
}

/// What became of one source.
#[derive(Debug)]
pub(crate) struct Probe {
    /// Which.
    pub source: Source,
    /// Whether it can be read.
    pub outcome: Outcome,
    /// Whether an audit with this configuration reads it.
    pub need: Need,
}

/// Whether an audit reads a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// Every audit does.
    Always,
    /// One that would call a secret unused otherwise.
    BeforeUnused,
    /// One that would call a secret unused otherwise does, and none would be.
    NotNow,
    /// None with this configuration.
    Never,
}

/// Whether a source can be read.
#[derive(Debug)]
pub enum Outcome {
    /// It can.
    Readable,
    /// It can, and shows nothing, or something that cannot be understood: what to do about it, and whether an audit is
    /// incomplete for it.
    Lacking {
        /// What to do about it.
        why: String,
        /// Whether an audit is incomplete for it.
        is_gap: bool,
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
            Ok(ScanOutcome::NotRead(why)) => Self::Failed { why: why.to_string(), key_refused: false },
            tried => tried.map(drop).into(),
        }
    }
}

/// Tries every source with one key. Where nothing answers the list of secrets, or the key is none, only that is tried: each
/// further source would show the same. `look_back`: what the last complete audit saw of this workspace, if there is one.
pub(super) async fn check(
    client: &Client,
    workspace: &str,
    config: &Config,
    progress: &Arc<WorkspaceProgress>,
    look_back: impl FnOnce(&Workspace) -> Option<Seen>,
) -> Checked {
    let Trial { listed, scans, user, workspace_id, view } =
        try_out(client, workspace, &config.collect, progress).await;
    let is_reached = listed.as_ref().err().is_none_or(ApiError::is_an_answer);
    let lost = match &listed {
        Err(error) if error.key_is_invalid() => Some("the API says that this is no valid key"),
        Err(_) if !is_reached => Some(NOTHING_ANSWERS),
        _ => None,
    };
    let first_secret = listed.as_ref().ok().and_then(|workspace| workspace.secrets.first());
    let first_secret = first_secret.map(|secret| secret.id.clone());
    let shows_unused = listed.as_ref().is_ok_and(|listed| listed.secrets.iter().any(|one| one.uses() == 0));
    let seen = listed.as_ref().ok().and_then(look_back).map(|seen| seen.secrets.len());
    let may_be_empty = config.allow_empty || seen == Some(0);
    let mut checked = Checked {
        workspace: workspace.to_owned(),
        address: client.address().to_owned(),
        proxy: client.proxy(),
        is_reached,
        clock: ClockCheck::NotChecked,
        user: whose(user),
        workspace_id,
        view_is_gap: view.extent == Extent::Partial
            && config.partial_view == PartialView::Undetermined
            && shows_unused,
        view,
        probes: Vec::new(),
    };
    checked.probe(Source::Preview, Need::Always, listing(listed, seen, may_be_empty, config));
    for source in [Source::Dependencies, Source::Secret] {
        let outcome = match &first_secret {
            Some(id) => try_secret(client, source, id).await.into(),
            None => Outcome::NotTried(lost.unwrap_or("no secret was listed to try it on")),
        };
        checked.probe(source, Need::Always, outcome);
    }
    let mut scans: BTreeMap<_, _> = scans.into_iter().collect();
    for source in Source::SCANNED {
        let outcome = match scans.remove(&source) {
            _ if config.collect.switched_off.contains(&source) => Outcome::SwitchedOff,
            Some(scan) => scan.into(),
            None => Outcome::NotTried(lost.unwrap_or_default()),
        };
        let need = match (source, config.collect.deep) {
            (Source::Tools | Source::Agents, Deep::Never) => Need::Never,
            (Source::Tools | Source::Agents, Deep::Auto) => Need::BeforeUnused,
            _ => Need::Always,
        };
        checked.probe(source, need, outcome);
    }
    // Tools and agents are looked into where everything else can be read and a secret shows no use.
    let fails = |probe: &Probe| probe.need == Need::Always && probe.fails();
    if !shows_unused || checked.probes.iter().any(fails) {
        for probe in checked.probes.iter_mut().filter(|probe| probe.need == Need::BeforeUnused) {
            probe.need = Need::NotNow;
        }
    }
    checked.clock = ClockCheck::of(client.clock_offsets().median());
    checked
}

const NOTHING_ANSWERS: &str = "nothing answers at that address";
const NOT_ASKED: &str = "whose it is was not asked, as nothing answers";

/// What the list of secrets comes to. An empty one is what a key without access to any secret is shown, too.
fn listing(
    listed: Result<Workspace, ApiError>,
    seen: Option<usize>,
    may_be_empty: bool,
    config: &Config,
) -> Outcome {
    match listed {
        // A narrowed audit may well find nothing.
        Ok(workspace) if workspace.secrets.is_empty() && !may_be_empty => {
            Outcome::Lacking { why: empty_in_words(None), is_gap: config.collect.search.is_empty() }
        }
        Ok(workspace)
            if let Some(drop) = population_drop(workspace.secrets.len(), seen)
                && config.collect.search.is_empty() =>
        {
            let why = drop.in_words();
            match config.population_drop {
                OnPopulationDrop::Fail => Outcome::Failed { why, key_refused: false },
                then => Outcome::Lacking { why, is_gap: then == OnPopulationDrop::Incomplete },
            }
        }
        Ok(workspace) => {
            let of_each = workspace.secrets.iter().flat_map(|secret| &secret.gaps);
            match workspace.page_gaps.iter().chain(of_each).next() {
                Some(gap) => Outcome::Lacking { why: gap.to_string(), is_gap: true },
                None => Outcome::Readable,
            }
        }
        Err(error) => Err::<(), _>(error).into(),
    }
}

/// Whose key it is. No verdict needs it, so that a key which may not ask is none the worse.
fn whose(user: Option<Result<User, ApiError>>) -> Result<User, String> {
    user.ok_or(NOT_ASKED)?.map_err(|error| match error.key_is_refused() && !error.key_is_invalid() {
        true => "whose it is cannot be asked with it (that needs user_read; no verdict does)".to_owned(),
        false => format!("whose it is cannot be told: {error}"),
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
    pub(crate) fn without_client(workspace: &WorkspaceConfig, error: &ClientError) -> Self {
        let mut checked = Self {
            workspace: workspace.name.clone(),
            address: workspace.base_url.to_string(),
            proxy: None,
            is_reached: false,
            clock: ClockCheck::NotChecked,
            user: Err(NOT_ASKED.to_owned()),
            workspace_id: None,
            view: View::default(),
            view_is_gap: false,
            probes: Vec::new(),
        };
        let failed = Outcome::Failed { why: error.to_string(), key_refused: false };
        checked.probe(Source::Preview, Need::Always, failed);
        checked
    }

    fn probe(&mut self, source: Source, need: Need, outcome: Outcome) {
        self.probes.push(Probe { source, outcome, need });
    }

    /// Notes that an audit would fail this workspace, though its key can be used.
    pub(crate) fn fail(&mut self, why: String) {
        for probe in self.probes.iter_mut().filter(|probe| probe.source == Source::Preview) {
            probe.outcome = Outcome::Failed { why: why.clone(), key_refused: false };
        }
    }

    /// Why an audit would publish nothing of this workspace.
    pub(crate) fn failure(&self) -> Option<FailedWorkspace> {
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
        !self.view_is_gap && !self.probes.iter().any(|probe| probe.counts() && probe.fails())
    }
}

impl Probe {
    /// Whether an audit needs it as things are.
    pub(super) fn counts(&self) -> bool {
        !matches!(self.need, Need::Never | Need::NotNow)
    }

    /// Whether an audit that needs it is incomplete.
    pub(super) fn fails(&self) -> bool {
        matches!(
            self.outcome,
            Outcome::Failed { .. } | Outcome::SwitchedOff | Outcome::Lacking { is_gap: true, .. }
        )
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
