//! The only place that knows HTTP: one method per endpoint, GET only.
//!
//! What never lives here: which endpoint is asked when, what a list's length means, what an answer says about a
//! verdict.

mod attempt;
mod body;
mod client;
mod connections;
mod diagnostics;
mod endpoint;
mod error;
mod error_body;
mod mask;
mod page;
mod proxy;
mod proxy_check;
mod response;
mod retry;
mod shared;
mod shared_limits;
mod target;
mod throttle;
mod traffic;
mod wire;

pub use client::Client;
pub(crate) use connections::ClientError;
pub use connections::Connections;
pub(crate) use diagnostics::ClockOffsets;
pub(crate) use endpoint::SecretsQuery;
pub(crate) use error::{ApiError, ErrorKind};
pub use mask::Mask;
pub(crate) use mask::{PREFIXES, STAND_IN};
pub(crate) use page::{Next, Walk};
pub(crate) use proxy::Proxy;
pub use response::Response;
pub use retry::RetryPolicy;
pub use shared::{ClientOptions, Clock};
pub use shared_limits::SharedLimits;
pub(crate) use throttle::Priority;
pub(crate) use traffic::EndpointTraffic;
pub(crate) use wire::{
    AGENTS, ARCHIVED_AGENTS, BRANCHES, DependentList, ENVIRONMENT_VARIABLES, FoundReference, FoundReferences,
    HasMore, HolderPage, ListName, ListShape, ListedSecret, MCP_SERVERS, SPEECH_ENGINES, Sought, TOOLS,
    UnknownField, WORKSPACE_ADMIN,
};
pub use wire::{DependenciesPage, Form, Holder, ResourceType, SecretPage, User};
