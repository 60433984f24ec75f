//! What was asked for, in `report.json` and in the manifest.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use super::{
    error::ReadError,
    values::{read_word, text},
};
use crate::{
    audit::{OnPopulationDrop, Parameters, PartialView, Redaction, Rendering},
    collect::{ArchivedBranches, Deep},
};

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
    /// When tools, agents and their branches were to be read too.
    #[schemars(extend("enum" = ["auto", "always", "never"]))]
    #[serde(deserialize_with = "deep")]
    pub(super) deep: Cow<'a, str>,
    /// What was to be done about archived branches of agents.
    #[schemars(extend("enum" = ["auto", "read", "skip"]))]
    #[serde(default = "skip")]
    pub(super) archived_branches: Cow<'a, str>,
    /// What a view that is proven to be partial leads to.
    #[schemars(extend("enum" = ["undetermined", "accept"]))]
    #[serde(default = "accept")]
    pub(super) partial_view: Cow<'a, str>,
    /// Whether a workspace without any secret is as it should be.
    #[serde(default)]
    pub(super) allow_empty: bool,
    /// What it leads to that a workspace lists less than half of the secrets that it did before.
    #[schemars(extend("enum" = ["incomplete", "warn", "fail"]))]
    #[serde(default = "warn")]
    pub(super) population_drop: Cow<'a, str>,
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
        archived_branches,
        partial_view,
        allow_empty,
        population_drop,
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
        deep: deep.as_str().into(),
        archived_branches: archived_branches.as_str().into(),
        partial_view: partial_view.as_str().into(),
        allow_empty: *allow_empty,
        population_drop: population_drop.as_str().into(),
        unused_after_days: *unused_after_days,
        waivers_ignored: *ignores_waivers,
        redact: redact.clone(),
        csv_delimiter: rendering.csv_delimiter,
        csv_byte_order_mark: rendering.csv_byte_order_mark,
        csv_formula_escaping: rendering.csv_formula_escaping,
        list_length: rendering.list_length,
    }
}

/// Before schema version 3 it was a flag: `false` then left tools and agents out.
fn deep<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Cow<'static, str>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Form {
        Word(String),
        Flag(bool),
    }
    Ok(match Form::deserialize(deserializer)? {
        Form::Word(word) => word.into(),
        Form::Flag(true) => Deep::Always.as_str().into(),
        Form::Flag(false) => Deep::Never.as_str().into(),
    })
}

/// Before schema version 3 no archived branch was asked for.
fn skip() -> Cow<'static, str> {
    ArchivedBranches::Skip.as_str().into()
}

/// Before schema version 3 no audit knew whether its view was partial.
fn accept() -> Cow<'static, str> {
    PartialView::Accept.as_str().into()
}

/// Before that was among the parameters, no drop made an audit incomplete.
fn warn() -> Cow<'static, str> {
    OnPopulationDrop::Warn.as_str().into()
}

impl ParametersJson<'_> {
    /// What a view that is proven to be partial leads to.
    pub(super) fn partial_view(&self) -> Result<PartialView, ReadError> {
        read_word(PartialView::ALL, PartialView::as_str, "partial_view", &self.partial_view)
    }

    /// The parameters again.
    pub(super) fn restore(self) -> Result<Parameters, ReadError> {
        Ok(Parameters {
            page_size: self.page_size,
            dependency_limit: self.dependency_limit,
            max_dependency_limit: self.max_dependency_limit,
            search: self.search.to_string(),
            deep: read_word(Deep::ALL, Deep::as_str, "deep", &self.deep)?,
            archived_branches: read_word(
                ArchivedBranches::ALL,
                ArchivedBranches::as_str,
                "archived_branches",
                &self.archived_branches,
            )?,
            partial_view: self.partial_view()?,
            allow_empty: self.allow_empty,
            population_drop: read_word(
                OnPopulationDrop::ALL,
                OnPopulationDrop::as_str,
                "population_drop",
                &self.population_drop,
            )?,
            unused_after_days: self.unused_after_days,
            ignores_waivers: self.waivers_ignored,
            redact: self.redact,
            rendering: Rendering {
                csv_delimiter: self.csv_delimiter,
                csv_byte_order_mark: self.csv_byte_order_mark,
                csv_formula_escaping: self.csv_formula_escaping,
                list_length: self.list_length,
            },
        })
    }
}
