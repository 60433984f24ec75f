//! `report.json`: everything, for programs, with a schema version of its own and values as they are.
//!
//! What it holds is in `types`, and its parts in `parameters`, `coverage`, `dependent`, `waiver`, `changes` and `history`,
//! each with the way there and back, by `values`; `write` fills them from an audit, `read` reads them again through a `window`,
//! `restore` makes an audit of what was read, `earlier` what the next audit needs of it, and `seen` what that one may ask for by
//! its id.

mod changes;
mod coverage;
mod dependent;
mod earlier;
mod error;
mod history;
mod layout;
mod parameters;
mod read;
mod restore;
mod seen;
#[cfg(test)]
mod tests;
mod types;
mod values;
mod waiver;
mod window;
mod write;

use schemars::schema_for;

pub(crate) use earlier::EarlierReport;
pub use earlier::read_earlier;
pub use error::ReadError;
pub(crate) use parameters::{ParametersJson, parameters_json};
pub use restore::read_audit;
pub(crate) use seen::read_seen;
pub(super) use write::report;

/// The JSON Schema (2020-12) of `report.json`, made of the types that write and read it.
pub fn schema() -> serde_json::Value {
    schema_for!(types::WholeReport).to_value()
}

/// The version of the form of `report.json`. Fields may be added within one version; any other change makes a new one.
/// Since 2 it holds history, changes and waivers; since 3 what the key may see, what "unused" rests on, and mentions.
pub const SCHEMA_VERSION: u32 = 3;

/// The first version of which the reports are made again.
const FIRST_RESTORED: u32 = 2;
