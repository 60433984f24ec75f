//! The walk over the secrets, and the completion of every list that it finds cut.
//!
//! One loop owns the workspace: requests run side by side as jobs, and each answer is taken in by the loop, which may
//! start further jobs. So no state is shared, and the order in which answers come back changes nothing but time.

use std::collections::{HashMap, HashSet};

use futures_util::{FutureExt, StreamExt, future::BoxFuture, stream::FuturesUnordered};

use super::{
    CollectOptions,
    lists::{OpenList, open_lists},
};
use crate::{
    api::{Answer, ApiError, Client, ListName, ListedSecret, ResourceType, SecretsQuery, Walk},
    inventory::{Gap, Secret, Source, Workspace},
    progress::Progress,
};

/// Lists every secret that the key may see, with every dependent of each.
///
/// # Errors
/// Where the walk over the secrets fails, or the API says anywhere that the key is invalid. Whatever else fails becomes
/// a gap of the list that it concerns.
pub async fn collect(
    client: &Client,
    name: &str,
    address: &str,
    options: &CollectOptions,
    progress: &Progress,
) -> Result<Workspace, ApiError> {
    let mut collector = Collector {
        client,
        options,
        progress,
        workspace: Workspace::new(name.to_owned(), address.to_owned()),
        position_by_id: HashMap::new(),
        paged: HashSet::new(),
        jobs: FuturesUnordered::new(),
    };
    collector.ask_for_page(client.walk());
    while let Some(answered) = collector.jobs.next().await {
        match answered {
            Answered::Page { walk, answer } => collector.take_page(walk, &answer?)?,
            Answered::HigherLimit { page, open, answer } => {
                collector.take_higher_limit(&page, open, answer)?
            }
            Answered::Dependents { list, walk, answer } => collector.take_dependents(list, walk, answer)?,
        }
    }
    let mut workspace = collector.workspace;
    (workspace.coverage.requests, workspace.coverage.retries) = client.counts();
    Ok(workspace)
}

/// The answer to one job.
enum Answered {
    /// A page of the first walk.
    Page { walk: Walk, answer: Result<Answer, ApiError> },
    /// The same page at the higher limit.
    HigherLimit { page: Walk, open: Open, answer: Result<Answer, ApiError> },
    /// A page of one secret's dependents.
    Dependents { list: PagedList, walk: Walk, answer: Result<Answer, ApiError> },
}

/// The lists still to be completed, by the position of their secret.
type Open = Vec<(usize, Vec<OpenList>)>;

/// A list that is being paged to its end.
#[derive(Clone)]
struct PagedList {
    secret: usize,
    resource_type: ResourceType,
    /// Why it could not be taken for whole before.
    why: String,
}

struct Collector<'a> {
    client: &'a Client,
    options: &'a CollectOptions,
    progress: &'a Progress,
    workspace: Workspace,
    position_by_id: HashMap<String, usize>,
    paged: HashSet<(usize, ResourceType)>,
    jobs: FuturesUnordered<BoxFuture<'a, Answered>>,
}

impl<'a> Collector<'a> {
    fn query(&self, dependency_limit: u32) -> SecretsQuery<'a> {
        SecretsQuery { page_size: self.options.page_size, dependency_limit, search: &self.options.search }
    }

    fn ask_for_page(&mut self, walk: Walk) {
        let (client, query) = (self.client, self.query(self.options.dependency_limit));
        self.jobs.push(
            async move {
                let answer = client.secrets(query, walk.cursor()).await;
                Answered::Page { walk, answer }
            }
            .boxed(),
        );
    }

    fn take_page(&mut self, mut walk: Walk, answer: &Answer) -> Result<(), ApiError> {
        let page = answer.secret_page()?;
        let this_page = walk.clone();
        if walk.advance(answer.path(), page.next_cursor.as_deref())? {
            self.ask_for_page(walk);
        }
        self.workspace.coverage.list_pages += 1;
        let (count, limit) = (page.secrets.len(), self.options.dependency_limit);
        let open = self.take_in(page.secrets, Source::Preview, limit);
        tracing::info!(
            workspace = self.workspace.name,
            page = this_page.page(),
            secrets = count,
            lists_cut = open.iter().map(|(_, lists)| lists.len()).sum::<usize>(),
            "page of secrets read"
        );
        if open.is_empty() {
        } else if self.options.max_dependency_limit > limit {
            self.ask_at_higher_limit(this_page, open);
        } else {
            self.page_to_the_end(open);
        }
        Ok(())
    }

    fn ask_at_higher_limit(&mut self, page: Walk, open: Open) {
        let (client, query) = (self.client, self.query(self.options.max_dependency_limit));
        self.jobs.push(
            async move {
                let answer = client.secrets(query, page.cursor()).await;
                Answered::HigherLimit { page, open, answer }
            }
            .boxed(),
        );
    }

    fn take_higher_limit(
        &mut self,
        page: &Walk,
        open: Open,
        answer: Result<Answer, ApiError>,
    ) -> Result<(), ApiError> {
        let limit = self.options.max_dependency_limit;
        let read = answer.and_then(|answer| {
            let secrets = answer.secret_page()?.secrets;
            self.workspace.coverage.raised_pages += 1;
            let shown: HashSet<String> = secrets.iter().map(|secret| secret.id.to_string()).collect();
            Ok((shown, self.take_in(secrets, Source::HigherLimit, limit)))
        });
        let (shown, mut still_open) = match read {
            Ok(read) => read,
            Err(error) if error.key_is_invalid() => return Err(error),
            Err(error) => {
                let what = format!("page {} of the secrets with dependency_limit={limit}", page.page());
                self.workspace.gaps.push(Gap::new(what, error.to_string()));
                (HashSet::new(), Vec::new())
            }
        };
        for (secret, lists) in open {
            let id = self.workspace.secrets.get(secret).map_or("", |secret| &secret.id);
            if shown.contains(id) {
                let remains = |list: &OpenList| {
                    still_open.iter().any(|(other, open)| {
                        *other == secret && open.iter().any(|open| open.name == list.name)
                    })
                };
                let completed = lists.iter().filter(|list| !remains(list)).count();
                self.workspace.coverage.lists_completed_by_limit += completed as u64;
            } else {
                // The page changed under the walk, or could not be read: what was known to be open still is.
                still_open.push((secret, lists));
            }
        }
        self.page_to_the_end(still_open);
        Ok(())
    }

    /// Pages each list for which there is an endpoint; any other stays a gap.
    fn page_to_the_end(&mut self, open: Open) {
        for (secret, lists) in open {
            for OpenList { name, why } in lists {
                match name {
                    ListName::Pageable(resource_type) => {
                        if self.paged.insert((secret, resource_type)) {
                            let list = PagedList { secret, resource_type, why };
                            self.ask_for_dependents(list, self.client.walk());
                        }
                    }
                    name => self.add_gap(secret, Gap::new(name.as_str(), why)),
                }
            }
        }
    }

    fn ask_for_dependents(&mut self, list: PagedList, walk: Walk) {
        let client = self.client;
        let Some(id) = self.workspace.secrets.get(list.secret).map(|secret| secret.id.clone()) else {
            return;
        };
        self.jobs.push(
            async move {
                let answer = client.dependencies(&id, list.resource_type, walk.cursor()).await;
                Answered::Dependents { list, walk, answer }
            }
            .boxed(),
        );
    }

    fn take_dependents(
        &mut self,
        list: PagedList,
        mut walk: Walk,
        answer: Result<Answer, ApiError>,
    ) -> Result<(), ApiError> {
        let advanced = answer.and_then(|answer| {
            let page = answer.dependencies_page(list.resource_type)?;
            self.workspace.coverage.dependency_pages += 1;
            let has_next = walk.advance(answer.path(), page.next_cursor.as_deref());
            self.record(list.secret, Source::Dependencies, page.sightings);
            has_next
        });
        match advanced {
            Ok(true) => self.ask_for_dependents(list, walk),
            Ok(false) => self.workspace.coverage.lists_completed_by_paging += 1,
            Err(error) if error.key_is_invalid() => return Err(error),
            Err(error) => {
                let why = format!("{}, and the rest could not be read: {error}", list.why);
                self.add_gap(list.secret, Gap::new(list.resource_type.as_str(), why));
            }
        }
        Ok(())
    }

    /// Adds what a page shows. A secret that was seen before is united with what is known of it.
    fn take_in(&mut self, secrets: Vec<ListedSecret<'_>>, source: Source, limit: u32) -> Open {
        let mut open = Vec::new();
        for secret in secrets {
            let lists = open_lists(&secret.lists, limit);
            let position = self.position_of(&secret);
            for list in secret.lists {
                if list.sightings.iter().any(|sighting| sighting.resource.id.is_empty()) {
                    self.workspace.warnings.push(format!(
                        "secret {}: an element of {} has no id that can be read; it counts as a use",
                        secret.id,
                        list.name.as_str()
                    ));
                }
                self.record(position, source, list.sightings);
            }
            if !lists.is_empty() {
                open.push((position, lists));
            }
        }
        open
    }

    fn position_of(&mut self, secret: &ListedSecret<'_>) -> usize {
        let name = secret.name.as_deref().unwrap_or_default();
        if secret.name.is_none() {
            self.workspace.warnings.push(format!("secret {}: its name cannot be read", secret.id));
        }
        if let Some(position) = self.position_by_id.get(&*secret.id) {
            return *position;
        }
        let position = self.workspace.secrets.len();
        self.workspace.secrets.push(Secret::new(&*secret.id, name));
        self.position_by_id.insert(secret.id.to_string(), position);
        self.progress.add_secrets(1);
        position
    }

    fn record<'s>(&mut self, secret: usize, source: Source, sightings: Vec<crate::inventory::Sighting<'s>>) {
        if sightings.is_empty() {
            return;
        }
        let known = |workspace: &Workspace| workspace.secrets.get(secret).map_or(0, Secret::uses);
        let before = known(&self.workspace);
        self.workspace.record(secret, source, sightings);
        self.progress.add_dependents(known(&self.workspace).saturating_sub(before));
    }

    fn add_gap(&mut self, secret: usize, gap: Gap) {
        if let Some(secret) = self.workspace.secrets.get_mut(secret) {
            tracing::warn!(secret = secret.id, list = gap.what, "not whole: {}", gap.why);
            secret.gaps.push(gap);
        }
    }
}
