//! The walk over the secrets, and the completion of every list that it finds cut.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::{
    collector::Collector,
    job::{Job, PagedList},
    scan::restart_note,
    truncation::{Open, OpenList},
};
use crate::{
    api::{ApiError, ListName, ListedSecret, Next, Response, Walk},
    inventory::{Completion, DependentType, Gap, Missing, Source, Why},
    memory::Kept,
};

/// How many completions of one secret are kept, besides those of the lists that the document knows.
const COMPLETIONS_KEPT: usize = 100;

impl Collector {
    /// Begins the walk over every page of secrets; each list on it is completed meanwhile.
    pub(super) fn start_walk(&mut self) {
        self.ask_for_page(self.client.walk());
    }

    /// Begins to walk the list of secrets once more.
    pub(super) fn start_walk_again(&mut self) {
        self.places.secrets.known_before = Some(self.workspace.secrets.len());
        self.places.secrets.words = 0;
        self.places.secrets.has_more_words = false;
        self.fields_sought = Some(Arc::new(self.sought.ready(false)));
        self.start_walk();
    }

    fn ask_for_page(&mut self, walk: Walk) {
        self.queue(Job::Page { walk });
    }

    /// Takes in a page of secrets. All that follows from the first walk is lost with it; a further one leaves a gap.
    pub(super) fn on_page(
        &mut self,
        walk: Walk,
        response: Result<Response, ApiError>,
    ) -> Result<(), ApiError> {
        match self.read_page(walk, response) {
            Err(error) if self.places.secrets.known_before.is_some() && !error.ends_the_workspace() => {
                self.add_page_gap(Gap::new(Missing::SecretsOnceMore, error.advice()));
                Ok(())
            }
            read => read,
        }
    }

    fn read_page(&mut self, mut walk: Walk, response: Result<Response, ApiError>) -> Result<(), ApiError> {
        let (this_page, this_cursor) = (walk.page(), walk.cursor().map(str::to_owned));
        let response = match response {
            Ok(response) => response,
            Err(error) if walk.ends_with(&error) => return Ok(()),
            Err(error) if walk.restart_after(&error) => {
                self.note_restart(&error.on_page(this_page));
                self.ask_for_page(walk);
                return Ok(());
            }
            Err(error) => return Err(error.on_page(this_page)),
        };
        let on_this_page = |error: ApiError| error.on_page(this_page);
        let frame = response.secret_page_frame().map_err(on_this_page)?;
        let next = Next { cursor: frame.next_cursor.as_deref(), has_more: frame.has_more };
        // The next page is on its way while this one is taken in.
        let is_last = !walk.advance(response.path(), next)?;
        if !is_last {
            self.ask_for_page(walk);
        }
        let page = response.secret_page().map_err(on_this_page)?;
        self.workspace.coverage.list_pages += 1;
        let (count, limit) = (page.secrets.len(), self.options.dependency_limit);
        self.search_fields(page.unknown_fields.into_iter().map(|field| (None, field)));
        let mut open = self.on_secrets(page.secrets, Source::Preview, limit);
        self.places.secrets.is_long |= this_page > 1;
        if self.is_trial {
            // Lists that can be paged are; what is wrong with others stays so.
            for (_, lists) in &mut open {
                lists.retain(|list| list.unreadable && !matches!(list.name, ListName::Pageable(_)));
            }
            self.page_to_the_end(open);
            return Ok(());
        }
        if let Some(known) = self.places.secrets.known_before {
            // Of this walk only those are new that no walk before has shown.
            open.retain(|(position, _)| *position >= known);
            self.page_to_the_end(open);
            return Ok(());
        }
        if this_page == 1 {
            self.start_first_scans(is_last);
        }
        tracing::info!(
            workspace = self.workspace.name,
            page = this_page,
            secrets = count,
            lists_cut = open.iter().map(|(_, lists)| lists.len()).sum::<usize>(),
            "page of secrets read"
        );
        if self.options.max_dependency_limit > limit && !open.is_empty() {
            self.queue(Job::HigherLimit { page: this_page, cursor: this_cursor, open });
        } else {
            self.page_to_the_end(open);
        }
        Ok(())
    }

    /// What was read before the restart stays: told twice, it is united.
    fn note_restart(&mut self, error: &ApiError) {
        let note = restart_note(error);
        tracing::warn!(workspace = self.workspace.name, "{note}");
        self.warn(note);
    }

    pub(super) fn on_higher_limit(
        &mut self,
        page: u32,
        open: Open,
        response: Result<Response, ApiError>,
    ) -> Result<(), ApiError> {
        let limit = self.options.max_dependency_limit;
        let read = response.and_then(|response| {
            let page = response.secret_page()?;
            self.search_fields(page.unknown_fields.into_iter().map(|field| (None, field)));
            let secrets = page.secrets;
            self.workspace.coverage.raised_pages += 1;
            let shown = shown_lists(&secrets);
            Ok((shown, self.on_secrets(secrets, Source::HigherLimit, limit)))
        });
        let (shown, mut still_open) = match read {
            Ok(read) => read,
            Err(error) if error.ends_the_workspace() => return Err(error),
            Err(error) => {
                if page > 1 && error.refuses_cursor() {
                    // Its lists are paged instead, and so are those of the pages that take its place.
                    self.refused_pages.add(page, error.to_string());
                } else {
                    self.add_page_gap(Gap::new(Missing::Page { page, limit }, error.advice()));
                }
                (HashMap::new(), Vec::new())
            }
        };
        let names = |(position, lists): &(usize, Vec<OpenList>)| {
            let position = *position;
            lists.iter().map(move |list| (position, list.name.clone())).collect::<Vec<_>>()
        };
        let open_still: HashSet<(usize, ListName)> = still_open.iter().flat_map(names).collect();
        for (position, lists) in open {
            let id = self.secret(position).map_or("", |secret| &secret.id);
            let now = shown.get(id);
            let (completed, doubtful): (Vec<_>, Vec<_>) = lists
                .into_iter()
                .filter(|list| !open_still.contains(&(position, list.name.clone())))
                .partition(|list| now.is_some_and(|now| is_completed(list, now)));
            for list in completed {
                self.complete(position, &list.name, Source::HigherLimit);
            }
            // The page changed under the walk, or could not be read, or contradicts itself.
            still_open.push((position, doubtful));
        }
        self.page_to_the_end(still_open);
        Ok(())
    }

    pub(super) fn complete(&mut self, position: usize, list: &ListName, by: Source) {
        let Some(secret) = self.workspace.secrets.get_mut(position) else { return };
        // Nothing is concluded from one of a list that the document doesn't know, of which there may be any number.
        if matches!(list, ListName::Unrecognized(_)) && secret.completions.len() >= COMPLETIONS_KEPT {
            return;
        }
        let completion = Completion { dependent_type: list.dependent_type(), by };
        // A secret on two pages, or read twice after a restart, has each list but once.
        let bytes = 2 * size_of_val(&completion) + completion.dependent_type.bytes();
        if !secret.completions.contains(&completion) && self.share.allows(Kept::Notes, bytes) {
            secret.completions.push(completion);
        }
    }

    /// Pages each list for which there is an endpoint. Of MCP servers the scan may decide; any other stays a gap.
    pub(super) fn page_to_the_end(&mut self, open: Open) {
        for (position, lists) in open {
            for OpenList { name, doubt, only_by_length, .. } in lists {
                match name {
                    ListName::Pageable(resource_type) => {
                        if self.paged.insert((position, resource_type)) {
                            let Some(secret) = self.secret(position) else { continue };
                            let secret_id = secret.id.as_str().into();
                            let list = PagedList { secret: position, secret_id, resource_type, doubt };
                            self.queue(Job::Dependents { list, walk: self.client.walk() });
                        }
                    }
                    ListName::McpServers if only_by_length => {
                        if self.keeps(Kept::Notes, doubt.bytes() + size_of::<Why>() + 4 * size_of::<usize>())
                        {
                            self.mcp_servers_cut.insert(position, doubt);
                        }
                    }
                    name => self.add_list_gap(position, &name, doubt),
                }
            }
        }
    }

    /// A list of which a secret that was read once more still says that it goes on, and that shows nothing to its end,
    /// contradicts itself.
    fn doubt_emptiness(&mut self, list: &PagedList) {
        if self.secret(list.secret).is_some_and(|secret| secret.confirmed && secret.uses() == 0) {
            self.add_list_gap(list.secret, &ListName::Pageable(list.resource_type), Why::Contradictory);
        }
    }

    pub(super) fn on_dependents(
        &mut self,
        list: PagedList,
        mut walk: Walk,
        response: Result<Response, ApiError>,
    ) -> Result<(), ApiError> {
        let this_page = walk.page();
        let response = match response {
            Err(error) if walk.ends_with(&error) => {
                self.complete(list.secret, &ListName::Pageable(list.resource_type), Source::Dependencies);
                self.doubt_emptiness(&list);
                return Ok(());
            }
            Err(error) if walk.restart_after(&error) => {
                self.note_restart(&error.on_page(this_page));
                self.queue(Job::Dependents { list, walk });
                return Ok(());
            }
            response => response,
        };
        let advanced = response.and_then(|response| {
            let page = response.dependencies_page(list.resource_type)?;
            self.workspace.coverage.dependency_pages += 1;
            let (cursor, has_more) = (page.next_cursor, page.has_more);
            let dependent_type = ListName::Pageable(list.resource_type).dependent_type();
            self.note_without_id(list.secret, dependent_type, Source::Dependencies, page.without_id);
            self.record(list.secret, Source::Dependencies, page.observations);
            self.search_fields(page.unknown_fields.into_iter().map(|field| (Some(list.secret), field)));
            walk.advance(response.path(), Next { cursor: cursor.as_deref(), has_more })
        });
        match advanced {
            Ok(true) => self.queue(Job::Dependents { list, walk }),
            Ok(false) => {
                self.complete(list.secret, &ListName::Pageable(list.resource_type), Source::Dependencies);
                self.doubt_emptiness(&list);
            }
            Err(error) if error.ends_the_workspace() => return Err(error),
            Err(error) => {
                let error = error.on_page(this_page);
                if error.is_not_found() {
                    self.vanished.insert(list.secret);
                }
                let why = Why::RestNotRead(Box::new(list.doubt), error.advice());
                self.add_list_gap(list.secret, &ListName::Pageable(list.resource_type), why);
            }
        }
        Ok(())
    }

    /// A list of MCP servers that may have been cut is whole if all MCP servers were read, and they are what it shows:
    /// of a server that the key may not see, the scan knows nothing.
    pub(super) fn settle_mcp_servers(&mut self) {
        let scan = self.workspace.scans.iter().find(|scan| scan.source == Source::McpServers);
        let not_read = match scan {
            Some(scan) => scan.gap().map(|gap| gap.why),
            None => Some(Why::NotAsked),
        };
        for (position, doubt) in std::mem::take(&mut self.mcp_servers_cut) {
            let doubt = Box::new(doubt);
            let why = match not_read.clone() {
                Some(servers) => Why::ServersNotRead(doubt, Box::new(servers)),
                None if self.shows_unlisted_server(position) => Why::ServersHidden(doubt),
                None => {
                    self.complete(position, &ListName::McpServers, Source::McpServers);
                    continue;
                }
            };
            self.add_list_gap(position, &ListName::McpServers, why);
        }
    }

    fn shows_unlisted_server(&self, position: usize) -> bool {
        let dependents = self.secret(position).map(|secret| self.workspace.dependents(secret));
        dependents.into_iter().flatten().any(|dependent| {
            dependent.resource.dependent_type == DependentType::McpServer
                && !dependent.sources.contains(Source::McpServers)
        })
    }
}

/// How many elements each list of each secret shows.
fn shown_lists(secrets: &[ListedSecret<'_>]) -> HashMap<String, HashMap<ListName, usize>> {
    let lengths =
        |secret: &ListedSecret<'_>| secret.lists.iter().map(|list| (list.name.clone(), list.shown)).collect();
    secrets.iter().map(|secret| (secret.id.to_string(), lengths(secret))).collect()
}

/// Whether a list that was open is whole now that the higher limit shows it without a doubt. One that said that it had
/// more has to show more; one that could not be read is only settled by the endpoint that lists its elements.
fn is_completed(open: &OpenList, now: &HashMap<ListName, usize>) -> bool {
    let Some(length) = now.get(&open.name) else { return false };
    !open.unreadable && (*length > open.shown || open.only_by_length && *length == open.shown)
}
