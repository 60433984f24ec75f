//! What `check` tries: the walks and readers of an audit, without all that follows from them.

use std::sync::Arc;

use super::{options::CollectOptions, reader::WorkspaceReader, reading::Reading};
use crate::{
    api::{ApiError, Client, User},
    inventory::{Scan, ScanOutcome, Source, View, Why, Workspace},
    progress::WorkspaceProgress,
};

/// What trying one key came to.
#[derive(Debug)]
pub(crate) struct Trial {
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
pub(crate) async fn try_out(
    client: &Client,
    name: &str,
    options: &CollectOptions,
    progress: &Arc<WorkspaceProgress>,
) -> Trial {
    let options = Arc::new(options.clone());
    let new = || {
        let workspace = Workspace::new(name.to_owned(), client.address().to_owned());
        let mut reader =
            WorkspaceReader::new(client.clone(), Arc::clone(&options), Arc::clone(progress), workspace);
        reader.collector.is_trial = true;
        reader
    };
    let mut walking = new();
    walking.collector.start_walk();
    let (mut reader, failure) = match walking.all_answered().await {
        Ok(reader) => (reader, None),
        Err(error) => (new(), Some(error)),
    };
    let (mut scans, mut user, mut lost) = (Vec::new(), None, None);
    if failure.as_ref().is_none_or(|error| error.is_an_answer() && !error.key_is_invalid()) {
        for source in Source::SCANNED.into_iter().filter(|source| !options.switched_off.contains(source)) {
            let tried;
            (reader, tried) = match &lost {
                Some(error) => (reader, Err(ApiError::clone(error))),
                None => match reader.try_place(source).await {
                    Ok(tried) => tried,
                    Err(error) => (new(), Err(lost.insert(error).clone())),
                },
            };
            scans.push((source, tried));
        }
    }
    let mut collector = reader.collector;
    if failure.as_ref().is_none_or(ApiError::is_an_answer) {
        // Of a key that is none this sends nothing, and says why.
        let asked = client.user().await.and_then(|response| response.user());
        if let Ok(user) = &asked {
            collector.on_user(Ok(user.clone()));
        }
        user = Some(asked);
    }
    let (view, workspace_id) = (collector.view(), collector.workspace.workspace_id.clone());
    Trial { listed: failure.or(lost).map_or(Ok(collector.workspace), Err), scans, user, workspace_id, view }
}

impl WorkspaceReader {
    /// Reads one place as far as it is tried.
    ///
    /// # Errors
    /// Where the workspace is lost by that.
    async fn try_place(mut self, source: Source) -> Result<(Self, Result<Scan, ApiError>), ApiError> {
        let sought = Arc::new(self.collector.sought.ready(false));
        let reading = Reading { is_sample: true, ..self.collector.whole(source, &sought) };
        self.collector.start_scans(vec![reading]);
        let mut reader = self.all_answered().await?;
        let tried = reader.collector.on_scans().map(|()| {
            let scan = reader.collector.workspace.scans.iter().find(|scan| scan.source == source).cloned();
            scan.unwrap_or_else(|| Scan::new(source, ScanOutcome::NotRead(Why::NotAsked)))
        });
        Ok((reader, tried))
    }
}
