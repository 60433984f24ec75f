//! Configuration → a client for each workspace → all of them read side by side.
//!
//! What never lives here: what is asked of a workspace (that is `collect`), and what is made of it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use tokio::task::JoinSet;

#[cfg(feature = "demo")]
use crate::config::Demo;
use crate::{
    api::{self, Client, ClientError, Clock, ClockOffsets, EndpointTraffic, Mask},
    clock::ClockCheck,
    collect::{CollectOptions, LookBack, collect},
    config::{Config, HttpOptions, Target, WorkspaceConfig},
    error::Error,
    inventory::{FailedWorkspace, Inventory, Workspace},
    memory::Memory,
    progress::{Progress, Stage, WorkspaceProgress},
};

/// What was asked of each workspace, by its configured name and the path of the endpoint.
pub(crate) type Traffic = BTreeMap<String, BTreeMap<&'static str, EndpointTraffic>>;

/// What reading all workspaces came to.
pub(crate) struct Read {
    /// What was read.
    pub(crate) inventory: Inventory,
    /// What was asked for it.
    pub(crate) traffic: Traffic,
    /// How this machine's clock compares with those of all that answered.
    pub(crate) clock: ClockCheck,
}

/// Makes the clients of a run, which have connections, slots, retries and time in common.
pub(crate) struct Clients<'a> {
    http: &'a HttpOptions,
    clock: Clock,
    progress: &'a Progress,
    are_several: bool,
    run: Arc<api::SharedLimits>,
}

impl<'a> Clients<'a> {
    /// For so many workspaces, with keys that `mask` knows. The time that the run is allowed begins now.
    pub(crate) fn new(
        config: &'a Config,
        clock: Clock,
        progress: &'a Progress,
        workspaces: usize,
        mask: Arc<Mask>,
    ) -> Self {
        let http = &config.http;
        let run = Arc::new(http.run(mask).within(Memory::of_mebibytes(config.max_memory_mib)));
        Self { http, clock, progress, are_several: workspaces > 1, run }
    }

    /// The client for one workspace, and where it is seen how far that is.
    pub(crate) fn client(
        &self,
        workspace: &WorkspaceConfig,
    ) -> Result<(Client, Arc<WorkspaceProgress>), ClientError> {
        let mut options = self.http.client_options(workspace.base_url.clone(), workspace.api_key.clone());
        if self.are_several {
            // One that is slow or fails leaves the others half of what there is for all.
            options.concurrency = options.concurrency.min(self.http.concurrency_total.div_ceil(2));
            options.retries = options.retries.div_ceil(2);
        }
        let progress = self.progress.workspace(&workspace.name);
        let client = Client::new(options, self.clock, Arc::clone(&self.run), Arc::clone(&progress))?;
        Ok((client, progress))
    }

    fn reading(&self, workspace: &WorkspaceConfig, address: &str) -> Result<Reading, Error> {
        let (client, progress) = self.client(workspace).map_err(|error| {
            Error::Unreadable(vec![FailedWorkspace {
                name: workspace.name.clone(),
                address: address.to_owned(),
                error: error.to_string(),
                key_refused: false,
            }])
        })?;
        Ok(Reading { client, name: workspace.name.clone(), address: address.to_owned(), progress })
    }
}

/// Reads every workspace of a configuration.
///
/// # Errors
/// Where no client can be made. A workspace that can't be read is in the inventory as such.
pub(crate) async fn read(
    config: &Config,
    clock: Clock,
    progress: &Progress,
    look_back: Arc<LookBack>,
) -> Result<Read, Error> {
    match &config.target {
        Target::Workspaces(workspaces) => {
            let clients = Clients::new(config, clock, progress, workspaces.len(), Arc::clone(&config.mask));
            let reading = |one: &WorkspaceConfig| clients.reading(one, one.base_url.as_str());
            let all = workspaces.iter().map(reading).collect::<Result<_, _>>()?;
            read_all(all, &config.collect, &look_back).await
        }
        #[cfg(feature = "demo")]
        Target::Demo(demo) => {
            let world = match demo {
                Demo::Complete => simulator::demo::world(),
                Demo::Earlier => simulator::demo::earlier_world(),
                Demo::Degraded => simulator::demo::degraded_world(),
            };
            let mask = Mask::new([world.api_key.as_str()]).map_err(|error| Error::Bug(error.to_string()))?;
            let api_key = world.api_key.clone().into();
            // It tells the time by the clock of this run.
            let told = move |_: &simulator::Request, reply: simulator::Reply| {
                reply.with_header("date", &httpdate::fmt_http_date((clock.now)().into()))
            };
            let server = simulator::Simulator::start_with(world, told)
                .await
                .map_err(|error| Error::Bug(format!("the embedded API cannot start: {error}")))?;
            let workspace = WorkspaceConfig { name: "demo".to_owned(), base_url: server.base_url(), api_key };
            let clients = Clients::new(config, clock, progress, 1, Arc::new(mask));
            let all = vec![clients.reading(&workspace, "embedded simulator")?];
            read_all(all, &config.collect, &look_back).await
        }
        #[cfg(not(feature = "demo"))]
        Target::Demo(_) => Err(Error::Bug("this build has no demo".to_owned())),
    }
}

/// A workspace that is to be read.
struct Reading {
    client: Client,
    name: String,
    address: String,
    progress: Arc<WorkspaceProgress>,
}

impl Reading {
    async fn read(
        self,
        options: Arc<CollectOptions>,
        look_back: Arc<LookBack>,
    ) -> Result<Workspace, FailedWorkspace> {
        let Self { client, name, address, progress } = self;
        let share = Arc::clone(client.share());
        let read = collect(client, &name, &address, options, Arc::clone(&progress), look_back).await;
        progress.reaches(if read.is_ok() { Stage::Read } else { Stage::Failed });
        read.map_err(|error| {
            // Others may need it, and this client is asked to the end for what it sent.
            share.mark_lost();
            FailedWorkspace { name, address, error: error.advice(), key_refused: error.key_is_refused() }
        })
    }
}

/// Reads all workspaces side by side, each in a task of its own. One that fails or is slow doesn't hold up the others.
async fn read_all(
    all: Vec<Reading>,
    options: &CollectOptions,
    look_back: &Arc<LookBack>,
) -> Result<Read, Error> {
    let clients: Vec<_> = all.iter().map(|one| (one.name.clone(), one.client.clone())).collect();
    let options = Arc::new(options.clone());
    let mut tasks = JoinSet::new();
    for (position, one) in all.into_iter().enumerate() {
        let reading = one.read(Arc::clone(&options), Arc::clone(look_back));
        tasks.spawn(async move { (position, reading.await) });
    }
    let mut by_position = BTreeMap::new();
    while let Some(ended) = tasks.join_next().await {
        let (position, read) = ended.map_err(|panic| Error::Bug(panic.to_string()))?;
        if let Err(failed) = &read {
            // At the end it is said what this came to, once.
            tracing::debug!(workspace = failed.name, "not read: {}", failed.error);
        }
        by_position.insert(position, read);
    }
    if let Some((_, client)) = clients.first() {
        let kept = client.share().kept_by_all() >> 20;
        tracing::debug!(
            mebibytes = kept,
            "everything was read; what is kept of it, as [audit] max_memory_mib counts"
        );
    }
    let inventory = inventory(by_position.into_values().collect());
    let mut offsets = ClockOffsets::default();
    clients.iter().for_each(|(_, client)| offsets.add(&client.clock_offsets()));
    let traffic = clients.into_iter().map(|(name, client)| (name, client.traffic())).collect();
    Ok(Read { inventory, traffic, clock: ClockCheck::of(offsets.median()) })
}

/// What is said where it cannot be told whether two tables name one workspace.
const SHOWS_NO_ID: &str = "no environment variable shows which workspace this is, so that it could not be checked whether two \
                           tables name the same one";

/// What is said of a table with a key of a workspace that an earlier one has a key of.
pub(crate) fn shows_the_same(name: &str, id: &str, earlier: &str) -> String {
    format!(
        "[[workspace]] {name:?} shows the same workspace ({id}) as [[workspace]] {earlier:?}: two keys of one workspace; keep \
         one of the tables"
    )
}

/// What was read, in the order of the file. Of two tables with keys of one workspace the later one is failed: its secrets
/// would be counted twice.
fn inventory(read: Vec<Result<Workspace, FailedWorkspace>>) -> Inventory {
    let are_several = read.len() > 1;
    let mut inventory = Inventory::default();
    let mut by_id: HashMap<String, String> = HashMap::new();
    for read in read {
        let mut workspace = match read {
            Ok(workspace) => workspace,
            Err(failed) => {
                inventory.failed.push(failed);
                continue;
            }
        };
        let Some(id) = workspace.workspace_id.clone() else {
            if are_several {
                workspace.warnings.push(SHOWS_NO_ID.to_owned());
            }
            inventory.workspaces.push(workspace);
            continue;
        };
        let Some(earlier) = by_id.get(&id) else {
            by_id.insert(id, workspace.name.clone());
            inventory.workspaces.push(workspace);
            continue;
        };
        let Workspace { name, address, .. } = workspace;
        let error = shows_the_same(&name, &id, earlier);
        inventory.failed.push(FailedWorkspace { name, address, error, key_refused: false });
    }
    inventory
}
