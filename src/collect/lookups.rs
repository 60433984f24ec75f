//! Secrets that are asked for one by one: those that something refers to though they were not listed, those that
//! seem to have vanished, and those that are about to be called unused.

use super::{
    collector::{Collector, NotFound},
    found::Found,
    job::{Job, Purpose},
    truncation::Open,
};
use crate::{
    api::{ApiError, ListName, Response},
    inventory::{Gap, Missing, Secret, Source, Why},
    memory::{Kept, text},
};

/// The limit below which a list can't have been cut where none was asked for. The document gives none for this
/// endpoint; 20 is the smallest default among its siblings.
const UNSTATED_LIMIT: u32 = 20;

impl Collector {
    /// Looks up the secrets that something refers to and that are not listed. A narrowed audit doesn't: nearly all are.
    pub(super) fn look_up_unlisted(&mut self) {
        if self.options.search.is_empty() {
            for id in self.unlisted.keys().cloned().collect::<Vec<_>>() {
                self.queue(Job::Secret { id: id.clone(), purpose: Purpose::Unlisted(id) });
            }
        }
    }

    /// The secrets that are about to be called unused. Where something was not read, none is.
    pub(super) fn candidates(&self) -> Vec<usize> {
        let all_read = self.workspace.scans.iter().all(|scan| scan.gap().is_none());
        if !all_read || !self.workspace.page_gaps.is_empty() {
            return Vec::new();
        }
        let is_candidate = |secret: &Secret| secret.uses() == 0 && secret.is_whole();
        (0..self.workspace.secrets.len())
            .filter(|position| !self.gone.contains(position))
            .filter(|position| self.secret(*position).is_some_and(is_candidate))
            .collect()
    }

    pub(super) fn ask_for_secret(&mut self, position: usize, purpose: impl FnOnce(usize) -> Purpose) {
        let Some(id) = self.secret(position).map(|secret| secret.id.clone()) else { return };
        self.queue(Job::Secret { id, purpose: purpose(position) });
    }

    pub(super) fn on_secret(
        &mut self,
        purpose: Purpose,
        response: Result<Response, ApiError>,
    ) -> Result<(), ApiError> {
        if response.is_ok() && !matches!(purpose, Purpose::SecondOpinion(_)) {
            self.workspace.coverage.secrets_by_themselves += 1;
        }
        match (purpose, response) {
            (_, Err(error)) if error.ends_the_workspace() => return Err(error),
            (Purpose::Vanished(position) | Purpose::SecondOpinion(position), Err(error))
                if error.is_not_found() =>
            {
                self.gone.insert(position);
            }
            // It is still there, and the gap stays that its dependents left. What it shows by itself is known now.
            (Purpose::Vanished(position), response) => {
                if let Err(error) =
                    response.and_then(|response| self.on_by_itself(position, &response).map(drop))
                {
                    self.add_gap(position, Gap::new(Missing::Confirmation, error.advice()));
                }
            }
            (Purpose::SecondOpinion(position), response) => {
                let why = Why::NotFoundByItself(response.err().map(|error| error.advice()));
                self.add_gap(position, Gap::new(Missing::Confirmation, why));
            }
            (Purpose::Control(position), response) => {
                // What it shows is known now; that it answered at all is what counts.
                let _ = response.and_then(|response| self.on_by_itself(position, &response));
            }
            (Purpose::Unlisted(id), response) => self.on_unlisted(&id, response),
            (Purpose::Confirmation(position), Err(error)) if error.is_not_found() => {
                self.ask_for_secret(position, Purpose::SecondOpinion);
            }
            (Purpose::Confirmation(position), response) => {
                if let Err(error) = response.and_then(|response| self.on_confirmation(position, &response)) {
                    self.add_gap(position, Gap::new(Missing::Confirmation, error.advice()));
                }
            }
        }
        Ok(())
    }

    /// Adds what a secret shows by itself. Which lists that doesn't show whole.
    fn on_by_itself(&mut self, position: usize, response: &Response) -> Result<Open, ApiError> {
        let id = self.secret(position).map(|secret| secret.id.clone()).unwrap_or_default();
        Ok(self.on_secrets(vec![response.secret(&id)?], Source::Secret, UNSTATED_LIMIT))
    }

    fn on_confirmation(&mut self, position: usize, response: &Response) -> Result<(), ApiError> {
        let open = self.on_by_itself(position, response)?;
        for list in open.iter().flat_map(|(_, lists)| lists) {
            let ListName::Pageable(resource_type) = list.name else { continue };
            // What was paged before was paged before: this asks how it is now. And what was paged to its end without
            // a dependent, and says again that it has some, is not whole.
            if self.paged.remove(&(position, resource_type)) && list.shown == 0 {
                self.add_list_gap(position, &list.name, Why::Contradictory);
            }
        }
        self.page_to_the_end(open);
        if let Some(secret) = self.workspace.secrets.get_mut(position) {
            secret.confirmed = true;
        }
        Ok(())
    }

    /// Makes a use of what was found.
    pub(super) fn record_found(&mut self, position: usize, source: Source, found: &Found) {
        let without_id = usize::from(found.holder.id.is_empty());
        self.note_without_id(position, found.holder.dependent_type.clone(), source, without_id);
        self.record(position, source, vec![found.observation()]);
    }

    fn on_unlisted(&mut self, id: &str, response: Result<Response, ApiError>) {
        let holders = self.unlisted.remove(id).unwrap_or_default();
        let joined = response.and_then(|response| {
            let open = self.on_secrets(vec![response.secret(id)?], Source::Secret, UNSTATED_LIMIT);
            self.page_to_the_end(open);
            self.workspace.coverage.secrets_not_listed += 1;
            Ok(())
        });
        let Err(error) = joined else {
            for (source, found) in holders {
                if let Some(position) = self.position_of_id(id) {
                    self.looked_up.insert(position);
                    self.record_found(position, source, &found);
                }
            }
            return;
        };
        let exists = !error.is_not_found() && !error.is_about_unusable_id();
        let why = match exists {
            true if error.key_is_refused() => format!("not visible to this key: {error}"),
            true => format!("it could not be looked up: {error}"),
            false if error.is_not_found() => "there is no such secret".to_owned(),
            false => "no secret can have this id".to_owned(),
        };
        if exists && !error.key_is_refused() {
            let what = Missing::Secret { secret_id: id.to_owned(), is_referred_to: !holders.is_empty() };
            self.add_lookup_gap(Gap::new(what, error.advice()));
        }
        if error.is_forbidden() || (error.key_is_refused() && holders.is_empty()) {
            let is_named = !holders.is_empty();
            let paths = if is_named { &mut self.signs.forbidden } else { &mut self.signs.unshared };
            if self.share.allows(Kept::Places, text(&error.path)) {
                paths.insert(error.path);
            }
        }
        let not_found = NotFound { may_exist: exists, why };
        for (_, found) in holders {
            self.refer_to_missing(found, &not_found);
        }
        if self.keeps(Kept::Notes, text(id) + text(&not_found.why)) {
            self.not_found.insert(id.to_owned(), not_found);
        }
    }

    pub(super) fn refer_to_missing(&mut self, found: Found, missing: &NotFound) {
        let reference = found.reference(missing.why.clone());
        if !self.keeps(Kept::References, reference.bytes()) {
            return;
        }
        let references = match missing.may_exist {
            true => &mut self.workspace.not_visible,
            false => &mut self.workspace.dangling,
        };
        references.push(reference);
    }
}
