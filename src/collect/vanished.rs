//! What is asked for by its id and is not there: deleted since it was listed, or gone for longer.

use std::{collections::HashSet, mem};

use super::{
    reading::{Document, Listing},
    references::Scanning,
};
use crate::{api::ApiError, memory::text};

impl Scanning {
    /// Notes whether something that was asked for by its id is there. Its document, unless it was listed and is not.
    pub(super) fn heed(&mut self, id: &str, document: Document) -> Option<Document> {
        match &document.error {
            Some(error) if error.is_not_found() && self.walked() => {
                if self.held.allows(2 * text(id) + size_of::<ApiError>() + text(&error.path)) {
                    self.vanished.insert(id.to_owned(), error.clone());
                }
                return None;
            }
            Some(error) if error.is_not_found() && self.held.allows(2 * text(id)) => {
                self.gone.insert(id.to_owned());
            }
            None if !self.walked() && self.held.allows(2 * text(id)) => {
                self.answered.insert(id.to_owned());
            }
            _ => {}
        }
        Some(document)
    }

    /// What was listed and not found was deleted meanwhile, if the lists show it no more, and nothing else instead.
    pub(super) async fn settle_vanished(&mut self, listings: &[Listing]) -> Result<(), ApiError> {
        let vanished = mem::take(&mut self.vanished);
        if vanished.is_empty() {
            return Ok(());
        }
        let known = self.ids.len();
        let only = mem::replace(&mut self.reading.only, listings.to_vec());
        let mut listed = Vec::new();
        for listing in listings {
            listed.extend(self.list(*listing).await?);
        }
        self.reading.only = only;
        // What these lists show for the first time has not been looked into.
        let shows_new = self.ids.len() > known;
        let listed: HashSet<String> = listed.into_iter().map(|one| one.id).collect();
        for (_, error) in vanished.into_iter().filter(|(id, _)| shows_new || listed.contains(id)) {
            self.fail(error)?;
        }
        Ok(())
    }
}
