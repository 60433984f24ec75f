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

pub(crate) use changes::{Change, ChangeKind, Side};
pub use changes::{
    Changes, DependentChanges, DependentName, JudgedSecret, RenamedSecret, SecretName, WorkspaceChanges,
};
pub(crate) use comparison::{Comparison, EarlierSecret, EarlierWorkspace, NOT_IN_EARLIER};
pub use concluded::{Audit, Finding};
pub use counts::Totals;
pub(crate) use counts::{DependentCounts, UnusedCounts};
pub(crate) use coverage::{Figures, SourceRow, Status};
pub use discrepancy::Discrepancy;
pub(crate) use history::{DAYS_KEPT, days_between};
pub use history::{Date, EarlierRun, History, Night, NightTotals, Record, WorkspaceRecord};
pub use judged::Judged;
pub(crate) use matching::EarlierDependent;
pub use parameters::{Parameters, Rendering};
pub use population::{OnPopulationDrop, empty_in_words};
pub(crate) use population::{PopulationDrop, population_drop};
pub use redact::Redaction;
pub(crate) use redact::Redactor;
pub use run::Run;
pub(crate) use verdict::hides_any;
pub use verdict::{Evidence, PartialView, Verdict};
pub use waivers::Waiver;
pub(crate) use waivers::{AppliedWaiver, WaiverState};
pub(crate) use workspace::{Assessment, AuditedSecret, AuditedWorkspace};
