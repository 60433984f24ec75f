//! What is asked for by its id and is not there: deleted since it was listed, or gone for longer.

use std::mem;

use super::Scanner;
use crate::{
    api::ApiError,
    collect::{document::Document, reading::Listing},
    memory::text,
};

impl Scanner {
    /// Notes whether something that was asked for by its id is there. Its document, unless it was listed and is not.
    pub(super) fn note_presence(&mut self, id: &str, document: Document) -> Option<Document> {
        match &document.error {
            Some(error) if error.is_not_found() && self.reading.walks_lists() => {
                if self.held.allows(2 * text(id) + size_of::<ApiError>() + text(&error.path)) {
                    self.vanished.insert(id.to_owned(), error.clone());
                }
                return None;
            }
            Some(error) if error.is_not_found() && self.held.allows(2 * text(id)) => {
                self.findings.gone.insert(id.to_owned());
            }
            None if !self.reading.walks_lists() && self.held.allows(2 * text(id)) => {
                self.findings.answered.insert(id.to_owned());
            }
            _ => {}
        }
        Some(document)
    }

    /// Has the lists walked once more, where something that they showed was not found.
    pub(super) fn list_vanished(&mut self) {
        if !self.vanished.is_empty() {
            self.ids_before = self.findings.ids.len();
            self.lists.extend(Listing::of(self.scan.source));
        }
    }

    /// What was listed and not found was deleted meanwhile, if the lists show it no more, and nothing else instead: what they
    /// show for the first time has not been looked into.
    pub(super) fn settle_vanished(&mut self) -> Result<(), ApiError> {
        let shows_new = self.findings.ids.len() > self.ids_before;
        for (id, error) in mem::take(&mut self.vanished) {
            if shows_new || self.relisted.contains(&id) {
                self.fail(error)?;
            }
        }
        Ok(())
    }
}
