//! What was found in a place, taken in piece by piece.

use std::sync::Arc;

use super::Scanner;
use crate::{
    api::{ApiError, Form, FoundReference, FoundReferences, Holder},
    collect::{
        document::Document,
        found::{Found, Uses, holder_of},
    },
    inventory::{DependentType, Resource},
    memory::text,
};

/// How many words of one place are kept that are no known id yet.
const UNKNOWN_KEPT: usize = 20_000;
/// In how many forms a secret's id may stand.
const FORMS: usize = 3;

impl Scanner {
    /// Counts a document and notes what of it could not be read. What was found in it.
    pub(super) fn on_document(&mut self, document: Document) -> Result<Vec<FoundReference>, ApiError> {
        match document.error {
            Some(error) => self.fail(error)?,
            None => self.scan.pages += u64::from(document.is_answer),
        }
        Ok(self.on_references(document.found))
    }

    pub(super) fn on_references(&mut self, found: FoundReferences) -> Vec<FoundReference> {
        for named in found.named {
            if !self.findings.named.contains(&named)
                && self.held.allows(2 * (size_of_val(&named) + text(&named.1)))
            {
                self.findings.named.insert(named);
            }
        }
        self.findings.has_more_words |= found.has_more_words;
        self.unlike_ids += found.unlike_ids;
        found.references
    }

    /// Notes a holder with all its references. `via` says where in the holder a locator stands.
    pub(super) fn note(
        &mut self,
        dependent_type: DependentType,
        holder: Holder,
        via: impl Fn(&FoundReference) -> Option<String>,
    ) {
        let resource = holder_of(dependent_type, &holder);
        for reference in self.on_references(holder.found) {
            let via = if reference.form == Form::Mention {
                Some(reference.path_in_words())
            } else {
                via(&reference)
            };
            self.hold(&resource, reference, via);
        }
    }

    pub(super) fn hold(
        &mut self,
        holder: &Arc<Resource<'static>>,
        reference: FoundReference,
        via: Option<String>,
    ) {
        if let Some(secret_id) = self.reading.sought.known(&reference.secret_id) {
            // What stands in one place was found one after the other, or nearly so.
            let latest = self.findings.uses.iter().rev().take(FORMS);
            let known =
                latest.enumerate().find(|(_, one)| one.are_of(holder, reference.form, via.as_deref()));
            let position = match known.map(|(back, _)| self.findings.uses.len() - 1 - back) {
                Some(position) => position,
                None => {
                    self.findings.uses.extend(Uses::none(self.client.share(), holder, reference.form, via));
                    self.findings.uses.len().saturating_sub(1)
                }
            };
            if let Some(uses) = self.findings.uses.get_mut(position) {
                uses.add(secret_id);
            }
            return;
        }
        if reference.form != Form::Locator {
            self.unknown += 1;
            if self.unknown > UNKNOWN_KEPT {
                self.findings.has_more_words = true;
                return;
            }
        }
        self.findings.found.extend(Found::by(self.client.share(), reference, holder, via));
    }

    /// Notes that something of this place could not be read. Of several reasons the least in order is told, since
    /// answers come in any order.
    pub(super) fn fail(&mut self, error: ApiError) -> Result<(), ApiError> {
        if error.ends_the_workspace() {
            return Err(error);
        }
        if error.is_forbidden() && self.held.allows(2 * text(&error.path)) {
            self.findings.forbidden.insert(error.path.clone());
        }
        if !self.reading.walks_lists() && (error.is_forbidden() || error.is_not_found()) {
            return Ok(());
        }
        let why = error.advice().into();
        if self.not_read.as_ref().is_none_or(|known| why < *known) {
            self.not_read = Some(why);
        }
        Ok(())
    }
}
