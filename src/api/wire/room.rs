//! How much of one answer is read, and its fields that the document doesn't know.

use std::sync::Arc;

use serde_json::value::RawValue;

use super::{
    found::{FoundReferences, clipped},
    search::search_unknown,
    sought::Sought,
};
use crate::api::error::Malformed;

/// How much more of one answer is read.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) dependents: usize,
    pub(super) via: usize,
    names: usize,
    fields: usize,
    is_told: bool,
}

/// The most dependents of one answer that are read. As many as an answer may have by the document: 5 lists of 100 for each of
/// 100 secrets, and as many again.
pub(super) const MOST_DEPENDENTS: usize = 100_000;
/// The most ids that they go through, all together: five for each.
pub(super) const MOST_VIA: usize = 5 * MOST_DEPENDENTS;
/// The most fields of one answer that the document doesn't know: the API may add several to each dependent, any day.
pub(super) const MOST_UNKNOWN_FIELDS: usize = 10 * MOST_DEPENDENTS;
/// And the most names of them, each told apart once for a list of a secret.
pub(super) const MOST_UNKNOWN_NAMES: usize = 100_000;

impl Default for Room {
    fn default() -> Self {
        let (names, fields) = (MOST_UNKNOWN_NAMES, MOST_UNKNOWN_FIELDS);
        Self { dependents: MOST_DEPENDENTS, via: MOST_VIA, names, fields, is_told: false }
    }
}

impl Room {
    /// Whether there is room for one more name.
    pub(super) fn takes_name(&mut self) -> bool {
        let has_room = self.names > 0;
        self.names -= usize::from(has_room);
        has_room
    }

    /// Adds a field that the document doesn't know, by a name that there was room for, or says once that there are more.
    pub(super) fn add_field<'a>(
        &mut self,
        unknown: &mut Vec<UnknownField<'a>>,
        name: Option<Arc<str>>,
        value: &'a RawValue,
    ) {
        if let Some(name) = name
            && self.fields > 0
        {
            self.fields -= 1;
            unknown.push(UnknownField { name, value: Some(value) });
        } else if !std::mem::replace(&mut self.is_told, true) {
            unknown.push(UnknownField::others());
        }
    }

    /// The same of a field that has its name to itself.
    pub(super) fn add_named<'a>(
        &mut self,
        unknown: &mut Vec<UnknownField<'a>>,
        name: impl FnOnce() -> String,
        value: &'a RawValue,
    ) {
        let name = self.takes_name().then(|| name().into());
        self.add_field(unknown, name, value);
    }
}

/// A field that the document doesn't know. Like any document, it may hold the id of a secret.
#[derive(Clone, Debug)]
pub(crate) struct UnknownField<'a> {
    /// Its name; below `used_by` or in a list, with that before it.
    pub name: Arc<str>,
    /// `None`: it stands for others, which are more than can be read.
    pub(super) value: Option<&'a RawValue>,
}

impl UnknownField<'_> {
    /// Stands for fields that are more than can be read.
    pub(super) fn others() -> Self {
        Self { name: "…".into(), value: None }
    }

    /// Whether it is none by itself, but stands for others that could not be read.
    pub(crate) fn is_others(&self) -> bool {
        self.value.is_none()
    }

    /// Searches it for ids of secrets. Where others could not be read, that is the problem.
    pub(crate) fn search(&self, sought: &Sought) -> FoundReferences {
        let Some(value) = self.value else {
            let problem = format!(
                "the answer has more than {MOST_UNKNOWN_FIELDS} fields that this program does not know, or more than \
                 {MOST_UNKNOWN_NAMES} names of such fields"
            );
            return FoundReferences { problem: Some(Malformed(problem)), ..FoundReferences::default() };
        };
        search_unknown(std::iter::once((&*self.name, value)), sought)
    }

    /// So much of its name as is told.
    pub(crate) fn told_name(&self) -> String {
        clipped(&self.name)
    }
}

impl PartialEq for UnknownField<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.value.map(RawValue::get) == other.value.map(RawValue::get)
    }
}
