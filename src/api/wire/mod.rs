//! The server's JSON. Private to `api`, and tolerant of what it doesn't know.
//!
//! Two rules decide what a fault costs. The frame of a page (`secrets`, `next_cursor`, `secret_id`) is needed to
//! walk, so a fault there is an error. Anything wrong inside one secret costs that secret's list its wholeness
//! and nothing else. Neither ever makes a list look shorter than it is: an element that is present is a use.
//!
//! Types and names are those of the public OpenAPI document (version 2026-11).

mod dependent;
mod documented;
mod found;
mod holder;
mod json;
mod lists;
mod pages;
mod room;
mod search;
mod secret;
mod shape;
mod sought;
mod steps;
mod surrogates;
#[cfg(test)]
mod tests;
mod used_by;
mod user;

pub use found::Form;
pub(crate) use found::{FoundReference, FoundReferences};
pub use holder::Holder;
pub(crate) use holder::{
    AGENTS, ARCHIVED_AGENTS, BRANCHES, ENVIRONMENT_VARIABLES, HolderPage, ListShape, MCP_SERVERS,
    SPEECH_ENGINES, TOOLS, references_in_body,
};
pub(crate) use json::Object;
pub use lists::ResourceType;
pub(crate) use lists::{DependentList, HasMore, ListName};
pub use pages::{DependenciesPage, SecretPage};
pub(crate) use pages::{ListedSecret, PageFrame};
pub(crate) use room::UnknownField;
pub(crate) use shape::{AGENT, SETTINGS, SPEECH_ENGINE};
pub(crate) use sought::Sought;
pub(crate) use surrogates::replace_lone_surrogates;
pub use user::User;
pub(crate) use user::WORKSPACE_ADMIN;
