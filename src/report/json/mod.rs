//! `report.json`: everything, for programs, with a schema version of its own and values as they are.
//!
//! What it holds is in `types`; `write` fills them from an audit, `read` reads them again through a `window`,
//! `restore` makes an audit of what was read, and `earlier` what the next audit needs of it.

mod earlier;
mod layout;
mod read;
mod restore;
#[cfg(test)]
mod tests;
mod types;
mod window;
mod write;

use schemars::schema_for;

pub use earlier::{EarlierReport, read_earlier};
pub use read::ReadError;
pub use restore::read_audit;
pub(crate) use types::ParametersJson;
pub(crate) use write::parameters_json;
pub(super) use write::report;

/// The JSON Schema (2020-12) of `report.json`, made of the types that write and read it.
#[must_use]
pub fn schema() -> serde_json::Value {
    schema_for!(types::WholeReport).to_value()
}

/// The version of the form of `report.json`. Fields may be added within one version; any other change makes a new one.
/// Since 2 it holds history, changes and waivers.
pub const SCHEMA_VERSION: u32 = 2;
