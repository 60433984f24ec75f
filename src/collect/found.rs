//! What was found in places and fields: ids of secrets, and what holds them.

use std::{borrow::Cow, collections::BTreeSet, sync::Arc};

use crate::{
    api::{Form, FoundReference, Holder},
    inventory::{DependentType, Observation, Reference, Relation, Resource, Visibility},
    memory::{Held, Kept, Share, text},
    text::{NAME_LENGTH, cut},
};

/// The listed secrets that stand in one place of one holder. A workspace has more of these than of anything else, so that
/// each takes no more than a pointer to its id.
pub(super) struct Uses {
    holder: Arc<Resource<'static>>,
    via: Option<Arc<str>>,
    form: Form,
    secret_ids: BTreeSet<Arc<str>>,
    held: Held,
}

/// What a secret's id takes there, in bytes.
const BYTES_OF_USE: usize = 40;

impl Uses {
    /// None yet, where they may be kept.
    pub(super) fn none(
        share: &Arc<Share>,
        holder: &Arc<Resource<'static>>,
        form: Form,
        via: Option<String>,
    ) -> Option<Self> {
        let via: Option<Arc<str>> = via.map(Arc::from);
        let mut held = Held::none(share, Kept::References);
        let first = if Arc::strong_count(holder) == 1 { holder.bytes() } else { 0 };
        let bytes = 2 * size_of::<Self>() + via.as_deref().map_or(0, text) + first;
        let secret_ids = BTreeSet::new();
        held.allows(bytes).then(|| Self { holder: Arc::clone(holder), via, form, secret_ids, held })
    }

    /// Whether what was found so belongs to these.
    pub(super) fn are_of(&self, holder: &Arc<Resource<'static>>, form: Form, via: Option<&str>) -> bool {
        Arc::ptr_eq(&self.holder, holder) && self.form == form && self.via.as_deref() == via
    }

    /// Adds one, where it may be kept.
    pub(super) fn add(&mut self, secret_id: &Arc<str>) {
        if !self.secret_ids.contains(secret_id) && self.held.allows(BYTES_OF_USE) {
            self.secret_ids.insert(Arc::clone(secret_id));
        }
    }

    /// Each by itself, to be looked at and not kept.
    pub(super) fn each(self) -> impl Iterator<Item = Found> {
        let Self { holder, via, form, secret_ids, held } = self;
        secret_ids.into_iter().map(move |secret_id| {
            let (holder, via) = (Arc::clone(&holder), via.clone());
            Found { secret_id, holder, via, form, _held: held.none_yet() }
        })
    }
}

/// A secret's id and what holds it.
pub(super) struct Found {
    pub(super) secret_id: Arc<str>,
    /// Of all that was found in it.
    pub(super) holder: Arc<Resource<'static>>,
    pub(super) via: Option<Arc<str>>,
    /// In which form it stands there.
    pub(super) form: Form,
    _held: Held,
}

impl Found {
    /// What was found, where it may be kept. `with_path`: where in the holder it stands.
    pub(super) fn new(
        share: &Arc<Share>,
        reference: FoundReference,
        holder: &Arc<Resource<'static>>,
        with_path: bool,
    ) -> Option<Self> {
        let via = with_path.then(|| reference.path_in_words());
        Self::by(share, reference, holder, via)
    }

    /// The same, by other words for where it stands.
    pub(super) fn by(
        share: &Arc<Share>,
        reference: FoundReference,
        holder: &Arc<Resource<'static>>,
        via: Option<String>,
    ) -> Option<Self> {
        let FoundReference { secret_id, form, .. } = reference;
        let (secret_id, via): (Arc<str>, Option<Arc<str>>) = (secret_id.into(), via.map(Arc::from));
        let mut held = Held::none(share, Kept::References);
        // It may be kept by its id as well; and of what is found in one holder, the first keeps that.
        let first = if Arc::strong_count(holder) == 1 { holder.bytes() } else { 0 };
        let bytes = 2 * size_of::<Self>() + 2 * text(&secret_id) + via.as_deref().map_or(0, text) + first;
        held.allows(bytes).then(|| Self { secret_id, holder: Arc::clone(holder), via, form, _held: held })
    }

    pub(super) fn observation(&self) -> Observation<'_> {
        Observation {
            resource: self.holder.borrowed(),
            relation: if self.form == Form::Mention { Relation::Mentioned } else { Relation::Direct },
            via: self.via.as_deref().map(Cow::Borrowed).into_iter().collect(),
        }
    }

    /// As the report has it, where there is no such secret to be seen.
    pub(super) fn reference(self, why: String) -> Reference {
        let via = self.via.iter().map(|via| via.to_string()).collect();
        Reference {
            secret_id: self.secret_id.to_string(),
            holder: Arc::unwrap_or_clone(self.holder),
            via,
            why,
        }
    }
}

/// What holds references, once for all of these.
pub(super) fn holder_of(dependent_type: DependentType, holder: &Holder) -> Arc<Resource<'static>> {
    Arc::new(Resource {
        name: holder.name.clone().map(Cow::Owned),
        visibility: Visibility::Available,
        ..Resource::unknown(dependent_type, holder.id.clone())
    })
}

/// The environment in which a variable holds a secret: the document has `values.{environment}.secret_id`.
pub(super) fn environment(reference: &FoundReference) -> Option<String> {
    match reference.path.as_slice() {
        [values, environment, ..] if &**values == "values" => {
            Some(cut(Cow::Borrowed(environment), NAME_LENGTH).into_owned())
        }
        _ => Some(reference.path_in_words()),
    }
}
