//! What was asked for, as far as it decides what an audit says.

use super::{OnPopulationDrop, PartialView, Redaction};
use crate::collect::{ArchivedBranches, Deep};

/// What was asked for, as far as it decides what the reports say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameters {
    /// Secrets per page.
    pub page_size: u32,
    /// Dependents per list in the first walk.
    pub dependency_limit: u32,
    /// Dependents per list where the first limit cut one.
    pub max_dependency_limit: u32,
    /// Only secrets whose name starts so; empty for all.
    pub search: String,
    /// When tools, agents and their branches were to be read too.
    pub deep: Deep,
    /// What was to be done about archived branches.
    pub archived_branches: ArchivedBranches,
    /// What a view that is proven to be partial leads to.
    pub partial_view: PartialView,
    /// Whether a workspace without any secret is as it should be.
    pub allow_empty: bool,
    /// What suspiciously few secrets lead to.
    pub population_drop: OnPopulationDrop,
    /// For how many days a secret may be unused before that is an open finding.
    pub unused_after_days: u32,
    /// Whether waivers were to be ignored.
    pub ignores_waivers: bool,
    /// What was made unreadable.
    pub redact: Vec<Redaction>,
    /// How the reports are written.
    pub rendering: Rendering,
}

/// How the reports are written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rendering {
    /// What separates cells in CSV files.
    pub csv_delimiter: char,
    /// Whether CSV files begin with a byte order mark.
    pub csv_byte_order_mark: bool,
    /// Whether cells that a spreadsheet would run as a formula are neutralised.
    pub csv_formula_escaping: bool,
    /// How many entries a list in `report.md` has at most.
    pub list_length: usize,
}

impl Parameters {
    /// What the population was narrowed to, if it was: then an audit says nothing of all other secrets.
    pub fn filter(&self) -> Option<&str> {
        Some(self.search.as_str()).filter(|search| !search.is_empty())
    }
}
