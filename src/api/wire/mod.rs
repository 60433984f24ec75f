//! The server's JSON. Private to `api`, and tolerant of what it doesn't know.
//!
//! Two rules decide what a fault costs. The frame of a page (`secrets`, `next_cursor`, `secret_id`) is needed to
//! walk, so a fault there is an error. Anything wrong inside one secret costs that secret's list its wholeness
//! and nothing else. Neither ever makes a list look shorter than it is: an element that is present is a use.
//!
//! Types and names are those of the public OpenAPI document (version 2026-11).

mod dependent;
mod documented;
mod json;
mod reference;
mod secret;
#[cfg(test)]
mod tests;
mod used_by;
mod user;

pub(crate) use json::Object;
pub use reference::{FoundReference, FoundReferences, Holder, HolderPage};
pub(crate) use reference::{ListShape, references_in_body};
pub use secret::{DependenciesPage, ListedSecret, PageFrame, SecretPage};
pub use used_by::{DependentList, HasMore, ListName, ResourceType};
pub use user::User;
