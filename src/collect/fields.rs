//! What the lists of secrets and of their dependents show beside what the document knows: it is searched for ids of secrets.

use std::sync::Arc;

use super::{collector::Collector, reading::Found};
use crate::{
    api::UnknownField,
    inventory::{DependentType, Gap, Resource, Source, Visibility},
};

/// How many words that may be ids are kept of the unknown fields of all secrets.
const WORDS_KEPT: usize = 100_000;

impl Collector {
    /// Searches unknown fields for ids of secrets; those of a secret, by its position, for ids of others.
    pub(super) fn search_fields<'f>(
        &mut self,
        fields: impl IntoIterator<Item = (Option<usize>, UnknownField<'f>)>,
    ) {
        for (position, field) in fields {
            // Before the list has ended, words of the form of an id do.
            let sought = self.fields_sought.get_or_insert_with(|| Arc::new(self.sought.ready(true)));
            let found = field.search(sought);
            if let Some(problem) = found.problem {
                self.add_page_gap(Gap::new(format!("field {} of secrets", field.name), problem.to_string()));
            }
            let holder = position.and_then(|position| self.workspace.secrets.get(position));
            let holder = match holder {
                Some(secret) => Resource {
                    name: Some(secret.name.clone().into()),
                    visibility: Visibility::Available,
                    ..Resource::unknown(DependentType::unrecognized("secret"), secret.id.clone())
                },
                None => Resource {
                    visibility: Visibility::Available,
                    ..Resource::unknown(DependentType::unrecognized("secrets"), field.name.clone())
                },
            };
            self.unknown_fields.insert(field.name);
            for reference in found.references.into_iter().filter(|one| *one.secret_id != *holder.id) {
                let via = vec![reference.path_in_words()];
                let (secret_id, form) = (reference.secret_id, reference.form);
                let found = Found { secret_id, holder: holder.clone(), via, form };
                self.words.push((Source::Preview, found));
            }
            if found.has_more_words || self.words.len() > WORDS_KEPT {
                self.words.truncate(WORDS_KEPT);
                self.places.secrets.has_more_words = true;
            }
        }
    }
}
