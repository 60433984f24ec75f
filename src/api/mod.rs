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
pub use connections::{ClientError, Connections};
pub use endpoint::SecretsQuery;
pub use error::{ApiError, Fault, Malformed};
pub(crate) use mask::PREFIXES;
pub use mask::{Mask, STAND_IN};
pub use page::{Next, Walk};
pub use proxy::Proxy;
pub use reach::ClockOffsets;
pub use retry::RetryPolicy;
pub use run::Run;
pub use shared::{Chance, ClientOptions};
pub use throttle::Priority;
pub use traffic::EndpointTraffic;
pub use wire::{
    DependenciesPage, DependentList, Form, FoundReference, FoundReferences, HasMore, Holder, HolderPage,
    ListName, ListedSecret, PageFrame, ResourceType, SecretPage, Sought, UnknownField, User, WORKSPACE_ADMIN,
};
