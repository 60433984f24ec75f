//! Inventory + parameters → [`Judged`] → [`Audit`]. Pure: no I/O, no clock, no chance.
//!
//! An [`Audit`] is all that the reports are made of.

mod changes;
mod comparison;
mod conclude;
mod concluded;
mod counts;
mod coverage;
mod discrepancy;
mod history;
mod judged;
mod mask;
mod matching;
mod parameters;
mod population;
mod redact;
mod run;
#[cfg(test)]
mod tests;
mod verdict;
mod waivers;
mod workspace;

pub use changes::{
    Change, ChangeKind, Changes, DependentChanges, DependentName, JudgedSecret, RenamedSecret, SecretName,
    Side, WorkspaceChanges,
};
pub(crate) use comparison::NOT_IN_EARLIER;
pub use comparison::{Comparison, EarlierSecret, EarlierWorkspace};
pub use concluded::{Audit, Finding};
pub use counts::{DependentCounts, Totals, UnusedCounts};
pub use coverage::{Figures, SourceRow, Status};
pub use discrepancy::Discrepancy;
pub use history::{
    DAYS_KEPT, Date, EarlierRun, History, Night, NightTotals, Record, WorkspaceRecord, days_between,
};
pub use judged::Judged;
pub use matching::EarlierDependent;
pub use parameters::{Parameters, Rendering};
pub(crate) use population::population_drop;
pub use population::{OnPopulationDrop, PopulationDrop, empty_in_words};
pub use redact::{Redaction, Redactor};
pub use run::Run;
pub(crate) use verdict::hides_any;
pub use verdict::{Evidence, PartialView, Verdict};
pub use waivers::{AppliedWaiver, Waiver, WaiverState};
pub(crate) use workspace::Assessment;
pub use workspace::{AuditedSecret, AuditedWorkspace};
