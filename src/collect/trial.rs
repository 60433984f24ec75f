//! What `check` tries: the walks and readers of an audit, without all that follows from them.

use std::sync::Arc;

use super::{CollectOptions, collector::Collector, reading::Reading, references::scan_all};
use crate::{
    api::{ApiError, Client, User},
    inventory::{Scan, ScanOutcome, Source, View, Workspace},
    progress::WorkspaceProgress,
};

/// What trying one key came to.
#[derive(Debug)]
pub struct Trial {
    /// The secrets that are listed, where their list can be read.
    pub listed: Result<Workspace, ApiError>,
    /// How each place was read, as far as it was tried: its lists to their end, and one document of each kind.
    pub scans: Vec<(Source, Result<Scan, ApiError>)>,
    /// Whose key it is; `None` where that was not asked.
    pub user: Option<Result<User, ApiError>>,
    /// The id of the workspace, where anything shows it.
    pub workspace_id: Option<String>,
    /// What the key may see, as far as this shows.
    pub view: View,
}

/// Walks the list of secrets, and tries every place that is not switched off. Where nothing answers only the list is tried:
/// each further request would take as many attempts, to show the same.
pub async fn try_out(
    client: &Client,
    name: &str,
    options: &CollectOptions,
    progress: &Arc<WorkspaceProgress>,
) -> Trial {
    let options = Arc::new(options.clone());
    let new = || {
        let workspace = Workspace::new(name.to_owned(), client.address().to_owned());
        let mut collector =
            Collector::new(client.clone(), Arc::clone(&options), Arc::clone(progress), workspace);
        collector.is_trial = true;
        collector
    };
    let mut walking = new();
    walking.start_walk();
    let (mut collector, failure) = match walking.take_answers().await {
        Ok(collector) => (collector, None),
        Err(error) => (new(), Some(error)),
    };
    let (mut scans, mut user) = (Vec::new(), None);
    if failure.as_ref().is_none_or(|error| error.is_an_answer() && !error.key_is_invalid()) {
        for source in Source::SCANNED.into_iter().filter(|source| !options.switched_off.contains(source)) {
            scans.push((source, collector.try_place(source).await));
        }
    }
    if failure.as_ref().is_none_or(ApiError::is_an_answer) {
        // Of a key that is none this sends nothing, and says why.
        let asked = client.user().await.and_then(|answer| answer.user());
        if let Ok(user) = &asked {
            collector.signs.take_user(name, Ok(user.clone()));
        }
        user = Some(asked);
    }
    let (view, workspace_id) = (collector.view(), collector.workspace.workspace_id.clone());
    Trial { listed: failure.map_or(Ok(collector.workspace), Err), scans, user, workspace_id, view }
}

impl Collector {
    async fn try_place(&mut self, source: Source) -> Result<Scan, ApiError> {
        let sought = Arc::new(self.sought.ready(false));
        let reading = Reading { is_sample: true, ..self.whole(source, &sought) };
        let mut scan = Scan::new(source, ScanOutcome::Whole);
        for scanning in scan_all(&self.client, &self.options, vec![reading]).await? {
            scan = scanning.scan.clone();
            self.take_scan(scanning);
        }
        Ok(scan)
    }
}
