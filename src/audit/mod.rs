//! Inventory + parameters → [`Audit`]. Pure: no I/O, no clock, no chance.
//!
//! An [`Audit`] is all that the reports are made of.

mod counts;
mod coverage;
mod discrepancy;
mod population;
#[cfg(test)]
mod tests;
mod verdict;

pub use counts::{DependentCounts, Totals};
pub use coverage::{Figures, SourceRow, Status};
pub use discrepancy::Discrepancy;
use discrepancy::discrepancy;
pub use population::{PopulationDrop, population_drop};
pub use verdict::{Judgement, Verdict, judge};

use chrono::{DateTime, Utc};

use crate::inventory::{Dependent, FailedWorkspace, Gap, Inventory, Reference, Secret, Workspace};

/// One judged run, in the order that every report keeps: workspace, secret name, secret id, dependent type, name, id.
#[derive(Debug)]
pub struct Audit {
    /// Which run this is.
    pub run: Run,
    /// What was asked for.
    pub parameters: Parameters,
    /// The workspaces that were read.
    pub workspaces: Vec<AuditedWorkspace>,
    /// The workspaces that could not be read.
    pub failed: Vec<FailedWorkspace>,
}

/// What tells one run from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its name, which is that of its directory.
    pub id: String,
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When the last answer had been read.
    pub finished_at: DateTime<Utc>,
    /// The version of this program.
    pub tool_version: String,
}

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
    /// Whether tools and agents were scanned too.
    pub deep: bool,
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

/// A workspace and what is to be said of each of its secrets.
#[derive(Debug)]
pub struct AuditedWorkspace {
    workspace: Workspace,
    judgements: Vec<Judgement>,
    population_drop: Option<PopulationDrop>,
}

/// One secret with its judgement, borrowed from its workspace.
#[derive(Clone, Copy, Debug)]
pub struct AuditedSecret<'a> {
    workspace: &'a Workspace,
    secret: &'a Secret,
    judgement: &'a Judgement,
}

/// Judges an inventory.
#[must_use]
pub fn audit(inventory: Inventory, run: Run, parameters: Parameters) -> Audit {
    let Inventory { mut workspaces, mut failed } = inventory;
    workspaces.sort_by(|a, b| a.name.cmp(&b.name));
    failed.sort_by(|a, b| a.name.cmp(&b.name));
    let workspaces = workspaces
        .into_iter()
        .map(|mut workspace| {
            workspace.sort();
            let judgements = workspace.secrets.iter().map(|secret| judge(&workspace, secret)).collect();
            let population_drop =
                if parameters.search.is_empty() { population_drop(&workspace) } else { None };
            AuditedWorkspace { workspace, judgements, population_drop }
        })
        .collect();
    Audit { run, parameters, workspaces, failed }
}

impl Audit {
    /// Whether everything that was to be read was read whole. Only then are the findings to be acted on.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.workspaces.iter().all(AuditedWorkspace::is_complete)
    }

    /// Every secret of every workspace, in order.
    pub fn secrets(&self) -> impl Iterator<Item = AuditedSecret<'_>> {
        self.workspaces.iter().flat_map(AuditedWorkspace::secrets)
    }

    /// The totals over all workspaces.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.workspaces.iter().map(AuditedWorkspace::totals).fold(Totals::default(), |sum, one| Totals {
            secrets: sum.secrets + one.secrets,
            in_use: sum.in_use + one.in_use,
            unused: sum.unused + one.unused,
            undetermined: sum.undetermined + one.undetermined,
            dependents: sum.dependents + one.dependents,
        })
    }

    /// What the population was narrowed to, if it was: then this says nothing of all other secrets.
    #[must_use]
    pub fn filter(&self) -> Option<&str> {
        Some(self.parameters.search.as_str()).filter(|search| !search.is_empty())
    }
}

impl AuditedWorkspace {
    /// The configured name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.workspace.name
    }

    /// The address that was asked.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.workspace.address
    }

    /// The secrets, in order.
    pub fn secrets(&self) -> impl Iterator<Item = AuditedSecret<'_>> {
        let workspace = &self.workspace;
        workspace.secrets.iter().zip(&self.judgements).map(move |(secret, judgement)| AuditedSecret {
            workspace,
            secret,
            judgement,
        })
    }

    /// Whether everything in it was read whole.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.gaps().next().is_none()
            && verdict::unread_places(&self.workspace).is_empty()
            && self.secrets().all(|secret| secret.is_settled())
    }

    /// What could not be read besides the lists of single secrets.
    pub fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.workspace.page_gaps.iter().chain(&self.workspace.lookup_gaps)
    }

    /// Oddities that cost nothing.
    #[must_use]
    pub fn warnings(&self) -> &[String] {
        &self.workspace.warnings
    }

    /// References to secrets that don't exist.
    #[must_use]
    pub fn dangling(&self) -> &[Reference] {
        &self.workspace.dangling
    }

    /// References to secrets that the key may not see.
    #[must_use]
    pub fn not_visible(&self) -> &[Reference] {
        &self.workspace.not_visible
    }

    /// Secrets that were deleted while they were read, by id and name.
    #[must_use]
    pub fn deleted(&self) -> &[(String, String)] {
        &self.workspace.deleted
    }

    /// Whether the key sees suspiciously few secrets. A narrowed audit can't tell.
    #[must_use]
    pub fn population_drop(&self) -> Option<PopulationDrop> {
        self.population_drop
    }

    /// How many secrets have which verdict.
    #[must_use]
    pub fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        for secret in self.secrets() {
            totals.secrets += 1;
            totals.dependents += secret.dependents().len();
            match secret.verdict() {
                Verdict::InUse => totals.in_use += 1,
                Verdict::Unused => totals.unused += 1,
                Verdict::Undetermined => totals.undetermined += 1,
            }
        }
        totals
    }
}

impl<'a> AuditedSecret<'a> {
    /// The name of its workspace.
    #[must_use]
    pub fn workspace(self) -> &'a str {
        &self.workspace.name
    }

    /// Its id.
    #[must_use]
    pub fn id(self) -> &'a str {
        &self.secret.id
    }

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'a str {
        &self.secret.name
    }

    /// What is to be said of it.
    #[must_use]
    pub fn verdict(self) -> Verdict {
        self.judgement.verdict
    }

    /// Why, in words.
    #[must_use]
    pub fn reason(self) -> &'a str {
        &self.judgement.reason
    }

    /// Whether every list of its dependents was read whole.
    #[must_use]
    pub fn is_whole(self) -> bool {
        self.secret.is_whole()
    }

    /// The lists that were not read whole.
    #[must_use]
    pub fn gaps(self) -> &'a [Gap] {
        &self.secret.gaps
    }

    fn is_settled(self) -> bool {
        self.is_whole() && self.verdict() != Verdict::Undetermined
    }

    /// What uses it, in order.
    pub fn dependents(self) -> impl ExactSizeIterator<Item = Dependent<'a>> {
        self.workspace.dependents(self.secret)
    }

    /// The uses of which one part of the API tells and another, which should, does not.
    pub fn discrepancies(self) -> impl Iterator<Item = (Dependent<'a>, Discrepancy)> {
        self.dependents().filter_map(move |dependent| Some((dependent, self.discrepancy(dependent)?)))
    }

    /// Whether one of its dependents is told by one part of the API and not by another that should.
    #[must_use]
    pub fn discrepancy(self, dependent: Dependent<'_>) -> Option<Discrepancy> {
        discrepancy(self.secret, dependent)
    }

    /// How many dependents of each kind it has.
    #[must_use]
    pub fn counts(self) -> DependentCounts {
        DependentCounts::of(self.workspace, self.secret)
    }
}
