//! What was asked for, in `report.json` and in the manifest.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::values::text;
use crate::audit::{Parameters, Redaction, Rendering};

/// What was asked for.
#[derive(Serialize, Deserialize, JsonSchema)]
pub(crate) struct ParametersJson<'a> {
    /// Secrets per page.
    pub(super) page_size: u32,
    /// Dependents per list in the first walk.
    pub(super) dependency_limit: u32,
    /// Dependents per list where the first limit cut one.
    pub(super) max_dependency_limit: u32,
    /// Only secrets whose name starts so; empty for all.
    pub(super) search: Cow<'a, str>,
    /// Whether tools and agents were looked into too.
    pub(super) deep: bool,
    /// For how many days a secret may be unused before that is an open finding.
    #[serde(default)]
    pub(super) unused_after_days: u32,
    /// Whether waivers were left out of account.
    #[serde(default)]
    pub(super) waivers_ignored: bool,
    /// What was made unreadable.
    #[serde(default)]
    pub(super) redact: Vec<Redaction>,
    /// What separates cells in CSV files.
    pub(super) csv_delimiter: char,
    /// Whether CSV files begin with a byte order mark.
    pub(super) csv_byte_order_mark: bool,
    /// Whether cells that a spreadsheet would run as a formula begin with an apostrophe.
    pub(super) csv_formula_escaping: bool,
    /// How many entries a list in report.md has at most.
    pub(super) list_length: usize,
}

/// The parameters as `report.json` and the manifest show them.
pub(crate) fn parameters_json(parameters: &Parameters) -> ParametersJson<'_> {
    let Parameters {
        page_size,
        dependency_limit,
        max_dependency_limit,
        search,
        deep,
        unused_after_days,
        ignores_waivers,
        redact,
        rendering,
    } = parameters;
    ParametersJson {
        page_size: *page_size,
        dependency_limit: *dependency_limit,
        max_dependency_limit: *max_dependency_limit,
        search: text(search),
        deep: *deep,
        unused_after_days: *unused_after_days,
        waivers_ignored: *ignores_waivers,
        redact: redact.clone(),
        csv_delimiter: rendering.csv_delimiter,
        csv_byte_order_mark: rendering.csv_byte_order_mark,
        csv_formula_escaping: rendering.csv_formula_escaping,
        list_length: rendering.list_length,
    }
}

impl ParametersJson<'_> {
    /// The parameters again.
    pub(super) fn restore(self) -> Parameters {
        Parameters {
            page_size: self.page_size,
            dependency_limit: self.dependency_limit,
            max_dependency_limit: self.max_dependency_limit,
            search: self.search.into_owned(),
            deep: self.deep,
            unused_after_days: self.unused_after_days,
            ignores_waivers: self.waivers_ignored,
            redact: self.redact,
            rendering: Rendering {
                csv_delimiter: self.csv_delimiter,
                csv_byte_order_mark: self.csv_byte_order_mark,
                csv_formula_escaping: self.csv_formula_escaping,
                list_length: self.list_length,
            },
        }
    }
}
