//! Inventory + parameters → [`Audit`]. Pure: no I/O, no clock, no chance.
//!
//! An [`Audit`] is all that the reports are made of.

mod changes;
mod clock;
mod comparison;
mod counts;
mod coverage;
mod discrepancy;
mod history;
mod mask;
mod matching;
mod population;
mod redact;
#[cfg(test)]
mod tests;
mod verdict;
mod waivers;
mod workspace;

pub use changes::{
    Change, ChangeKind, Changes, DependentChanges, DependentName, JudgedSecret, RenamedSecret, SecretName,
    Side, WorkspaceChanges,
};
pub use clock::Clock;
pub(crate) use comparison::NOT_IN_EARLIER;
pub use comparison::{Comparison, EarlierDependent, EarlierSecret, EarlierWorkspace};
pub use counts::{DependentCounts, Totals, UnusedCounts};
pub use coverage::{Figures, SourceRow, Status};
pub use discrepancy::Discrepancy;
use discrepancy::discrepancy;
pub use history::{
    DAYS_KEPT, Date, EarlierRun, History, Night, NightTotals, Record, WorkspaceRecord, days_between,
};
pub(crate) use population::population_drop;
pub use population::{OnPopulationDrop, PopulationDrop, empty_in_words};
pub use redact::{Redaction, Redactor};
pub(crate) use verdict::hides_any;
pub use verdict::{Evidence, PartialView, Verdict};
pub use waivers::{AppliedWaiver, Waiver, WaiverState};
pub(crate) use workspace::Assessment;
pub use workspace::{AuditedSecret, AuditedWorkspace};

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};

use crate::{
    collect::{ArchivedBranches, Deep},
    inventory::{FailedWorkspace, Inventory, Missing, Secret, Workspace},
};

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
    /// What this audit and those before it saw.
    pub history: History,
    /// What is different from the last complete audit.
    pub changes: Changes,
    /// The waivers, by secret id.
    pub waivers: Vec<AppliedWaiver>,
    pub(crate) redactor: Redactor,
}

/// What a caller can be told of by exit code 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// An unused secret that is neither waived nor within grace
    Unused,
    /// A waiver whose last day has passed
    ExpiredWaiver,
    /// A reference to a secret that does not exist
    Dangling,
    /// A use that one part of the API tells of and another, which should, does not
    Discrepancy,
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
    /// How the clock of the machine, by which these times are, compares with the API's.
    pub clock: Clock,
}

impl Run {
    /// When it began, by the API's clock where the machine's is off. Ages go by this.
    #[must_use]
    pub fn began(&self) -> DateTime<Utc> {
        self.clock.by_the_api(self.started_at)
    }

    /// What it means that the clock of the machine is off.
    #[must_use]
    pub fn clock_off_in_words(&self) -> String {
        format!(
            "the clock of this machine is {}, by which the audit began at {}: ages go by that, no earlier bundle was removed, \
             and later audits leave this bundle out of account",
            self.clock.in_words(),
            self.began().to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
        )
    }
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

/// Judges an inventory. History, changes and waivers are added by [`Audit::continue_history`],
/// [`Audit::compared`] and [`Audit::apply_waivers`].
#[must_use]
pub fn audit(inventory: Inventory, run: Run, parameters: Parameters) -> Audit {
    let Inventory { mut workspaces, mut failed } = inventory;
    workspaces.sort_by(|a, b| a.name.cmp(&b.name));
    failed.sort_by(|a, b| a.name.cmp(&b.name));
    let redactor = Redactor::of(&workspaces, &parameters.redact);
    failed.iter_mut().for_each(|failed| redactor.redact_failed(failed));
    let workspaces = workspaces
        .into_iter()
        .map(|mut workspace| {
            redactor.redact(&mut workspace);
            audit_workspace(workspace, &parameters)
        })
        .collect();
    Audit {
        run,
        parameters,
        workspaces,
        failed,
        history: History::default(),
        changes: Changes::NotCompared("no earlier audit was at hand".to_owned()),
        waivers: Vec::new(),
        redactor,
    }
}

fn audit_workspace(mut workspace: Workspace, parameters: &Parameters) -> AuditedWorkspace {
    workspace.sort();
    let is_unexpectedly_empty =
        workspace.secrets_listed() == 0 && parameters.search.is_empty() && !parameters.allow_empty;
    let hides_any = hides_any(&workspace, parameters.partial_view);
    // A partial view is no lack of an audit in which everything is known to be in use.
    let mut is_complete =
        workspace.lookup_gaps.is_empty() && hides_any.iter().all(|gap| gap.what == Missing::View);
    let assess = |secret: &Secret| {
        let missing = verdict::missing(&workspace, secret, &hides_any);
        is_complete &= missing.is_empty();
        let verdict = verdict::verdict(secret, &missing);
        let found = workspace.dependents(secret).enumerate();
        let discrepancies =
            found.filter_map(|(at, dependent)| Some((at, discrepancy(secret, dependent)?))).collect();
        Assessment { verdict, told: None, discrepancies, record: None, waiver: None, grace: None }
    };
    let assessments: Vec<Assessment> = workspace.secrets.iter().map(assess).collect();
    let (sources, figures) = (coverage::sources(&workspace), coverage::figures(&workspace, &assessments));
    AuditedWorkspace {
        workspace,
        hides_any,
        assessments,
        sources,
        figures,
        is_complete,
        population_drop: None,
        is_unexpectedly_empty,
        listed_before: None,
    }
}

impl Audit {
    /// Adds this audit to what earlier ones saw, and shows of each secret what is known of it then.
    pub fn continue_history(&mut self, mut history: History) {
        let (is_complete, is_narrowed) = (self.is_complete(), self.filter().is_some());
        self.redactor.redact_history(&mut history);
        history.advance(&self.run, is_complete, is_narrowed, &self.workspaces);
        self.history = history;
        self.show_records();
        let days_of_grace = self.parameters.unused_after_days;
        for workspace in &mut self.workspaces {
            let days: Vec<Option<u32>> = workspace.secrets().map(AuditedSecret::unused_days).collect();
            for (assessment, days) in workspace.assessments.iter_mut().zip(days) {
                assessment.grace = days.filter(|days| *days < days_of_grace).map(|_| days_of_grace);
            }
        }
    }

    /// Gives each secret its record.
    pub(crate) fn show_records(&mut self) {
        for workspace in &mut self.workspaces {
            let known = self.history.workspaces.get(workspace.name());
            for (secret, assessment) in workspace.workspace.secrets.iter().zip(&mut workspace.assessments) {
                assessment.record = known.and_then(|known| known.secrets.get(&secret.id)).cloned();
            }
        }
    }

    /// Takes in what is different from an earlier audit.
    pub fn compared(&mut self, mut changes: Changes) {
        if let Changes::Since { workspaces, warnings, .. } = &mut changes {
            if !self.is_complete() {
                warnings.push(
                    "this audit is INCOMPLETE: what it could not read may be there all the same".to_owned(),
                );
            }
            // That one shows too few secrets was not known yet when it was compared.
            let failed = |name: &str| self.failed.iter().any(|failed| failed.name == name);
            for workspace in workspaces.iter_mut().filter(|one| failed(&one.workspace)) {
                *workspace = WorkspaceChanges::not_compared(&workspace.workspace, changes::NOT_READ);
            }
            let lacking = self.workspaces.iter().filter(|workspace| workspace.may_lack_secrets());
            let lacking: BTreeSet<&str> = lacking.map(AuditedWorkspace::name).collect();
            for workspace in workspaces.iter_mut().filter(|one| lacking.contains(&*one.workspace)) {
                workspace.gone.clear();
            }
        }
        self.changes = changes;
    }

    /// Whether everything that was to be read was read whole. Only then are the findings to be acted on.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.workspaces.iter().all(AuditedWorkspace::is_complete)
    }

    /// Every secret of every workspace, in order.
    pub fn secrets(&self) -> impl Iterator<Item = AuditedSecret<'_>> {
        self.workspaces.iter().flat_map(AuditedWorkspace::secrets)
    }

    /// The unused secrets, those that are unused for the longest time first.
    #[must_use]
    pub fn unused_oldest_first(&self) -> Vec<AuditedSecret<'_>> {
        let mut unused: Vec<_> =
            self.secrets().filter(|secret| secret.verdict() == Verdict::Unused).collect();
        unused.sort_by_key(|secret| secret.unused_since());
        unused
    }

    /// Every date from the first night with a figure to the last night, each with the totals of the workspaces of this
    /// audit that were ever read whole. Without totals: missed, or not all of them were read whole.
    #[must_use]
    pub fn nights(&self) -> Vec<Date> {
        let nights = &self.history.nights;
        let were_whole = |name: &str| nights.iter().any(|night| night.whole(name).is_some());
        let names: Vec<&str> =
            self.workspaces.iter().map(AuditedWorkspace::name).filter(|name| were_whole(name)).collect();
        let totals = |night: &Night| names.iter().map(|name| night.whole(name)).sum::<Option<Totals>>();
        // A bundle of a clock that was ahead, and not found to be, would make an axis of dates to come.
        let nights = nights.iter().filter(|night| night.started_at <= self.run.began());
        let by_date: BTreeMap<NaiveDate, Option<Totals>> =
            nights.map(|night| (night.started_at.date_naive(), totals(night))).collect();
        let has_figures = |(date, found): (&NaiveDate, &Option<Totals>)| found.is_some().then_some(*date);
        let Some(first) = by_date.iter().find_map(has_figures).filter(|_| !names.is_empty()) else {
            return Vec::new();
        };
        let last = by_date.keys().next_back().copied().unwrap_or(first);
        let dates = first.iter_days().take_while(|date| *date <= last);
        let of_date = |date| match by_date.get(&date) {
            None => Date { date, was_missed: true, totals: None },
            Some(totals) => Date { date, was_missed: false, totals: *totals },
        };
        dates.map(of_date).collect()
    }

    /// The totals over all workspaces.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.workspaces.iter().map(AuditedWorkspace::totals).sum()
    }

    /// What the unused secrets of all workspaces come to for somebody who has to act.
    #[must_use]
    pub fn unused(&self) -> UnusedCounts {
        UnusedCounts::of(self.secrets())
    }

    /// What the population was narrowed to, if it was: then this says nothing of all other secrets.
    #[must_use]
    pub fn filter(&self) -> Option<&str> {
        Some(self.parameters.search.as_str()).filter(|search| !search.is_empty())
    }

    /// The last complete audit: this one, or one before it.
    #[must_use]
    pub fn last_complete(&self) -> Option<EarlierRun> {
        if self.is_complete() && self.filter().is_none() {
            let run = self.run.id.clone();
            return Some(EarlierRun { run, started_at: self.run.began() });
        }
        self.history.complete_before.clone()
    }

    /// Whether there is a finding of this kind that is open: neither waived nor within grace.
    #[must_use]
    pub fn has(&self, finding: Finding) -> bool {
        match finding {
            Finding::Unused => self.secrets().any(AuditedSecret::is_open_finding),
            Finding::ExpiredWaiver => self.waivers.iter().any(|waiver| waiver.state == WaiverState::Expired),
            Finding::Dangling => self.workspaces.iter().any(|workspace| !workspace.dangling().is_empty()),
            Finding::Discrepancy => self.secrets().any(|secret| secret.discrepancies().next().is_some()),
        }
    }
}
