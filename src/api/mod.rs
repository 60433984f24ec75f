//! The only place that knows HTTP: one method per endpoint, GET only.
//!
//! What never lives here: which endpoint is asked when, what a list's length means, what an answer says about a
//! verdict.

mod answer;
mod attempt;
mod body;
mod client;
mod connections;
mod endpoint;
mod error;
mod error_body;
mod gate;
mod mask;
mod page;
mod proxy;
mod reach;
mod retry;
mod run;
mod shared;
mod target;
mod throttle;
mod traffic;
mod wire;

pub use answer::Answer;
pub use client::Client;
pub(crate) use connections::ClientError;
pub use connections::Connections;
pub(crate) use endpoint::SecretsQuery;
pub(crate) use error::{ApiError, Fault};
pub use mask::Mask;
pub(crate) use mask::PREFIXES;
pub(crate) use mask::STAND_IN;
pub(crate) use page::{Next, Walk};
pub(crate) use proxy::Proxy;
pub(crate) use reach::ClockOffsets;
pub use retry::RetryPolicy;
pub use run::Run;
pub use shared::{Chance, ClientOptions};
pub(crate) use throttle::Priority;
pub(crate) use traffic::EndpointTraffic;
pub use wire::{DependenciesPage, Form, Holder, ResourceType, SecretPage, User};
pub(crate) use wire::{
    DependentList, FoundReference, FoundReferences, HasMore, HolderPage, ListName, ListedSecret, Sought,
    UnknownField, WORKSPACE_ADMIN,
};
