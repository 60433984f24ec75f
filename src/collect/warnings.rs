//! What is odd and costs nothing, told in few lines: of one kind, about one list, in one line with a count.

use super::{
    collector::Collector,
    oddities::{FIELDS_TOLD, RefusedPages},
};
use crate::{
    inventory::{DependentType, Secret, Source},
    memory::{Kept, text},
    text::count,
};

/// How many ids or lines of one kind are told.
const TOLD: usize = 10;
/// How many warnings of a workspace are told.
const WARNINGS_TOLD: usize = 1_000;

impl Collector {
    /// Notes that so many dependents in a list have no id that can be read.
    pub(super) fn note_without_id(
        &mut self,
        position: usize,
        dependent_type: DependentType,
        source: Source,
        number: usize,
    ) {
        if number == 0 {
            return;
        }
        let what = (position, dependent_type);
        if !self.without_id.contains_key(&what)
            && !self.share.allows(Kept::Notes, 4 * size_of_val(&what) + text(what.1.as_str()))
        {
            return;
        }
        let known = self.without_id.entry(what).or_default();
        match source {
            Source::Preview | Source::HigherLimit | Source::Secret => {
                known.at_once = known.at_once.max(number);
            }
            _ => known.in_parts += number,
        }
    }

    /// Puts what is odd into words.
    pub(super) fn warn_of_what_is_odd(&mut self) {
        let RefusedPages { number, first } = std::mem::take(&mut self.refused_pages);
        if let Some((page, error)) = first {
            let limit = self.options.max_dependency_limit;
            let others = match number {
                1 => String::new(),
                several => format!(" (and {})", count(several - 1, "further page", "further pages")),
            };
            self.warn(format!("page {page} of the secrets with dependency_limit={limit}{others}: {error}"));
        }
        for ((position, dependent_type), number) in std::mem::take(&mut self.without_id) {
            let id = self.secret(position).map_or("", |secret| &secret.id);
            let dependent_type = dependent_type.as_str();
            self.warn(match number.at_once.max(number.in_parts) {
                1 => format!(
                    "secret {id}: a dependent of type {dependent_type} has no id that can be read; it counts as a use"
                ),
                several => format!(
                    "secret {id}: {several} dependents of type {dependent_type} have no id that can be read; those that look the \
                     same count as one use"
                ),
            });
        }
        self.warn_of_names();
        for field in std::mem::take(&mut self.unknown_fields.names) {
            self.warn(format!(
                "secrets have a field that this program does not know; it was only searched for ids of secrets: {field}"
            ));
        }
        if self.unknown_fields.has_more {
            self.warn(format!(
                "secrets have more fields that this program does not know than the {FIELDS_TOLD} that are named; they were only \
                 searched for ids of secrets"
            ));
        }
        self.warn_of_names_outside_the_search();
        let warnings = &mut self.workspace.warnings;
        warnings.sort();
        warnings.dedup();
        if warnings.len() > WARNINGS_TOLD {
            let others = warnings.len() - WARNINGS_TOLD;
            warnings.truncate(WARNINGS_TOLD);
            warnings
                .push(format!("{} not told", count(others, "further warning is", "further warnings are")));
        }
    }

    fn warn_of_names(&mut self) {
        let nameless = || self.workspace.secrets.iter().filter(|secret| secret.name.is_empty());
        let number = nameless().count();
        let mut ids: Vec<String> = nameless().take(TOLD).map(|secret| secret.id.clone()).collect();
        if number <= TOLD {
            for id in ids {
                self.warn(format!("secret {id}: it has no name that can be read"));
            }
            return;
        }
        // Pages come in their order.
        ids.sort_unstable();
        self.warn(format!("{number} secrets have no name that can be read, such as {}", ids.join(", ")));
    }

    /// A server that doesn't heed `search` shows more than was asked for, and a report says what was asked for.
    fn warn_of_names_outside_the_search(&mut self) {
        let search = self.options.search.to_lowercase();
        let is_outside = |secret: &&Secret| !secret.name.to_lowercase().starts_with(&search);
        let outside = self.workspace.secrets.iter().filter(is_outside).count();
        if outside > 0 {
            let note =
                format!("{outside} of the secrets have names that do not start with what was searched for");
            self.warn(note);
        }
    }
}
