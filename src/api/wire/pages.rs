//! What is read of a page of secrets, a secret by itself, and a page of dependents.

use std::borrow::Cow;

use super::{
    lists::{DependentList, HasMore},
    room::UnknownField,
};
use crate::inventory::Observation;

/// One secret of the list.
#[derive(Debug, PartialEq)]
pub(crate) struct ListedSecret<'a> {
    /// `secret_id`.
    pub id: Cow<'a, str>,
    /// `name`, which the document requires; `None` where it is missing or no string.
    pub name: Option<Cow<'a, str>>,
    /// Every list under `used_by`.
    pub lists: Vec<DependentList<'a>>,
    /// Through what the key's user may see it (`access_info.access_source`).
    pub access_source: Option<String>,
    /// The fields that the document doesn't know, of it and of its dependents.
    pub(crate) unknown_fields: Vec<UnknownField<'a>>,
}

/// A page of `GET /v1/convai/secrets`.
#[derive(Debug, PartialEq)]
pub struct SecretPage<'a> {
    /// The secrets on it.
    pub(crate) secrets: Vec<ListedSecret<'a>>,
    /// Where the next page is.
    pub next_cursor: Option<Cow<'a, str>>,
    /// Whether the server says that there is one. The document has no such flag here; a server that sends it is heard.
    pub(crate) has_more: HasMore,
    /// The fields beside the list that the document doesn't know.
    pub(crate) unknown_fields: Vec<UnknownField<'a>>,
}

/// What a page of any list says of the next one.
#[derive(Debug)]
pub(crate) struct PageFrame<'a> {
    /// Where the next page is.
    pub next_cursor: Option<Cow<'a, str>>,
    /// Whether the server says that there is one.
    pub has_more: HasMore,
}

/// A page of `GET /v1/convai/secrets/{secret_id}/dependencies/{resource_type}`.
#[derive(Debug, PartialEq)]
pub struct DependenciesPage<'a> {
    /// The dependents on it. Of several without an id that look the same, one.
    pub observations: Vec<Observation<'a>>,
    /// How many it shows.
    pub shown: usize,
    /// How many of them have no id that can be read.
    pub(crate) without_id: usize,
    /// Where the next page is.
    pub next_cursor: Option<Cow<'a, str>>,
    /// Whether the server says that there is one. The document has no such flag here; a server that sends it is heard.
    pub(crate) has_more: HasMore,
    /// The fields beside the list and of its elements that the document doesn't know.
    pub(crate) unknown_fields: Vec<UnknownField<'a>>,
}
