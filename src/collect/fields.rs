//! What the lists of secrets and of their dependents show beside what the document knows: it is searched for ids of secrets.

use std::sync::Arc;

use super::{collector::Collector, found::Found};
use crate::{
    api::UnknownField,
    inventory::{DependentType, Gap, Missing, Observation, Relation, Resource, Source, Visibility},
};

/// How many words that may be ids are kept of the unknown fields of all secrets.
const WORDS_KEPT: usize = 100_000;
impl Collector {
    /// Searches unknown fields for ids of secrets; those of a secret, by its position, for ids of others.
    pub(super) fn search_fields<'f>(
        &mut self,
        fields: impl IntoIterator<Item = (Option<usize>, UnknownField<'f>)>,
    ) {
        let mut holder: Option<(Option<usize>, Arc<Resource<'static>>)> = None;
        for (position, field) in fields {
            // Before the list has ended, words of the form of an id do.
            let sought = self.fields_sought.get_or_insert_with(|| Arc::new(self.sought.ready(true)));
            let found = field.search(sought);
            if let Some(problem) = found.problem {
                let what = Missing::Field { name: field.told_name() };
                self.add_page_gap(Gap::new(what, problem.to_string()));
            }
            if field.is_others() {
                continue;
            }
            if !found.references.is_empty()
                && holder.as_ref().is_none_or(|(of, _)| *of != position || of.is_none())
            {
                holder = Some((position, Arc::new(self.holder_of(position, &field.told_name()))));
            }
            self.unknown_fields.add(field.told_name());
            for reference in found.references {
                let Some((_, holder)) = holder.as_ref().filter(|(_, one)| one.id != reference.secret_id)
                else {
                    continue;
                };
                let list = &mut self.places.secrets;
                if list.words == WORDS_KEPT {
                    list.has_more_words = true;
                    break;
                }
                if let Some(found) = Found::new(&self.share, reference, holder, true) {
                    list.words += 1;
                    self.words.push((Source::Preview, found));
                }
            }
            self.places.secrets.has_more_words |= found.has_more_words;
        }
    }

    /// Makes uses of ids of secrets that stand in known fields of another one's entry: what an agent goes through, and the
    /// plain words of `others`.
    pub(super) fn on_ids_in_dependents(&mut self) {
        let is_other = |resource: &Resource<'_>| resource.dependent_type == DependentType::Other;
        let is_named = {
            let others = self.workspace.resources().filter(|one| is_other(one)).map(|one| &*one.id);
            let mut all = self.workspace.ids_depended_through().chain(others);
            all.any(|id| self.position_of_id(id).is_some())
        };
        let mut named = Vec::new();
        // Nobody is, as a rule, and a million uses need not be looked through for that.
        if !is_named {
            return;
        }
        for (owner, secret) in self.workspace.secrets.iter().enumerate() {
            for dependent in self.workspace.dependents(secret) {
                let through = dependent.via.iter().filter(|_| dependent.relation == Relation::Transitive);
                let other = is_other(dependent.resource).then_some(&*dependent.resource.id);
                let through = through.map(|id| (id, "referenced_resource_ids"));
                for (id, path) in through.chain(other.map(|id| (id, "used_by.others"))) {
                    let holder = match other {
                        None => dependent.resource.clone(),
                        Some(_) => self.holder_of(Some(owner), path),
                    };
                    let position = self.position_of_id(id).filter(|position| *position != owner);
                    named.extend(position.map(|position| (position, holder, path)));
                }
            }
        }
        for (position, resource, path) in named {
            let observation = Observation { resource, relation: Relation::Mentioned, via: vec![path.into()] };
            self.record(position, Source::Preview, vec![observation]);
        }
    }

    /// What a field belongs to.
    fn holder_of(&self, position: Option<usize>, field: &str) -> Resource<'static> {
        match position.and_then(|position| self.workspace.secrets.get(position)) {
            Some(secret) => Resource {
                name: Some(secret.name.clone().into()),
                visibility: Visibility::Available,
                ..Resource::unknown(DependentType::unrecognized("secret"), secret.id.clone())
            },
            None => Resource {
                visibility: Visibility::Available,
                ..Resource::unknown(DependentType::unrecognized("secrets"), field.to_owned())
            },
        }
    }
}
