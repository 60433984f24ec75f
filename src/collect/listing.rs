//! The walk over the secrets, and the completion of every list that it finds cut.

use std::collections::HashSet;

use super::{
    collector::{Answered, Collector},
    lists::OpenList,
};
use crate::{
    api::{Answer, ApiError, ListName, Next, ResourceType, SecretsQuery, Walk},
    inventory::{Completion, Gap, Source},
};

/// The lists still to be completed, by the position of their secret.
pub(super) type Open = Vec<(usize, Vec<OpenList>)>;

/// A list that is being paged to its end.
#[derive(Clone)]
pub(super) struct PagedList {
    secret: usize,
    resource_type: ResourceType,
    /// Why it could not be taken for whole before.
    why: String,
}

impl<'a> Collector<'a> {
    /// Walks every page of secrets, and completes each list on it, side by side.
    pub(super) async fn list_secrets(&mut self) -> Result<(), ApiError> {
        self.ask_for_page(self.client.walk());
        self.take_answers().await
    }

    fn query(&self, dependency_limit: u32) -> SecretsQuery<'a> {
        SecretsQuery { page_size: self.options.page_size, dependency_limit, search: &self.options.search }
    }

    fn ask_for_page(&mut self, walk: Walk) {
        let (client, query) = (self.client, self.query(self.options.dependency_limit));
        self.start(async move {
            let answer = client.secrets(query, walk.cursor()).await;
            Answered::Page { walk, answer }
        });
    }

    pub(super) fn take_page(&mut self, mut walk: Walk, answer: &Answer) -> Result<(), ApiError> {
        let page = answer.secret_page()?;
        let this_page = walk.clone();
        let next = Next {
            cursor: page.next_cursor.as_deref(),
            has_more: page.has_more,
            is_empty: page.secrets.is_empty(),
        };
        if walk.advance(answer.path(), next)? {
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
        if self.options.max_dependency_limit > limit && !open.is_empty() {
            self.ask_at_higher_limit(this_page, open);
        } else {
            self.page_to_the_end(open);
        }
        Ok(())
    }

    fn ask_at_higher_limit(&mut self, page: Walk, open: Open) {
        let (client, query) = (self.client, self.query(self.options.max_dependency_limit));
        self.start(async move {
            let answer = client.secrets(query, page.cursor()).await;
            Answered::HigherLimit { page, open, answer }
        });
    }

    pub(super) fn take_higher_limit(
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
                self.workspace.gaps.push(Gap::new(what, error.advice()));
                (HashSet::new(), Vec::new())
            }
        };
        for (position, lists) in open {
            if !self.secret(position).is_some_and(|secret| shown.contains(&secret.id)) {
                // The page changed under the walk, or could not be read: what was known to be open still is.
                still_open.push((position, lists));
                continue;
            }
            for list in lists {
                let remains = still_open.iter().any(|(other, open)| {
                    *other == position && open.iter().any(|open| open.name == list.name)
                });
                if !remains {
                    self.complete(position, &list.name, Source::HigherLimit);
                }
            }
        }
        self.page_to_the_end(still_open);
        Ok(())
    }

    pub(super) fn complete(&mut self, position: usize, list: &ListName, by: Source) {
        if let Some(secret) = self.workspace.secrets.get_mut(position) {
            secret.completions.push(Completion { dependent_type: list.dependent_type(), by });
        }
    }

    /// Pages each list for which there is an endpoint. Of MCP servers the scan may decide; any other stays a gap.
    pub(super) fn page_to_the_end(&mut self, open: Open) {
        for (position, lists) in open {
            for OpenList { name, why, only_by_length } in lists {
                match name {
                    ListName::Pageable(resource_type) => {
                        if self.paged.insert((position, resource_type)) {
                            let list = PagedList { secret: position, resource_type, why };
                            self.ask_for_dependents(list, self.client.walk());
                        }
                    }
                    ListName::McpServers if only_by_length => {
                        self.mcp_servers_cut.insert(position, why);
                    }
                    name => self.add_gap(position, Gap::new(name.as_str(), why)),
                }
            }
        }
    }

    fn ask_for_dependents(&mut self, list: PagedList, walk: Walk) {
        let client = self.client;
        let Some(id) = self.secret(list.secret).map(|secret| secret.id.clone()) else { return };
        self.start(async move {
            let answer = client.dependencies(&id, list.resource_type, walk.cursor()).await;
            Answered::Dependents { list, walk, answer }
        });
    }

    pub(super) fn take_dependents(
        &mut self,
        list: PagedList,
        mut walk: Walk,
        answer: Result<Answer, ApiError>,
    ) -> Result<(), ApiError> {
        let advanced = answer.and_then(|answer| {
            let page = answer.dependencies_page(list.resource_type)?;
            self.workspace.coverage.dependency_pages += 1;
            let (cursor, has_more) = (page.next_cursor, page.has_more);
            let is_empty = page.sightings.is_empty();
            self.record(list.secret, Source::Dependencies, page.sightings);
            walk.advance(answer.path(), Next { cursor: cursor.as_deref(), has_more, is_empty })
        });
        match advanced {
            Ok(true) => self.ask_for_dependents(list, walk),
            Ok(false) => {
                self.complete(list.secret, &ListName::Pageable(list.resource_type), Source::Dependencies);
            }
            Err(error) if error.key_is_invalid() => return Err(error),
            Err(error) => {
                if error.is_not_found() {
                    self.vanished.insert(list.secret);
                }
                let why = format!("{}, and the rest could not be read: {}", list.why, error.advice());
                self.add_gap(list.secret, Gap::new(list.resource_type.as_str(), why));
            }
        }
        Ok(())
    }
}
