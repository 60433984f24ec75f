//! The [`Audit`]: all that the reports are made of.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{
    AppliedWaiver, AuditedSecret, AuditedWorkspace, Changes, Comparison, Date, EarlierRun, History, Night,
    Parameters, Redactor, Run, Totals, UnusedCounts, Verdict, WaiverState,
};
use crate::inventory::FailedWorkspace;

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
    pub(crate) waivers: Vec<AppliedWaiver>,
    pub(crate) redactor: Redactor,
}

/// What a caller can be told of by exit code 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
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

impl Finding {
    /// The word for it in settings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Unused => "unused",
            Self::ExpiredWaiver => "expired-waiver",
            Self::Dangling => "dangling",
            Self::Discrepancy => "discrepancy",
        }
    }
}

impl Audit {
    /// Gives each secret its record.
    pub(crate) fn show_records(&mut self) {
        for workspace in &mut self.workspaces {
            let known = self.history.workspaces.get(workspace.name());
            for (secret, assessment) in workspace.workspace.secrets.iter().zip(&mut workspace.assessments) {
                assessment.record = known.and_then(|known| known.secrets.get(&secret.id)).cloned();
            }
        }
    }

    /// Whether everything that was to be read was read whole. Only then are the findings to be acted on.
    pub fn is_complete(&self) -> bool {
        self.failed.is_empty() && self.workspaces.iter().all(AuditedWorkspace::is_complete)
    }

    /// Every secret of every workspace, in order.
    pub fn secrets(&self) -> impl Iterator<Item = AuditedSecret<'_>> {
        self.workspaces.iter().flat_map(AuditedWorkspace::secrets)
    }

    /// The unused secrets, those that are unused for the longest time first.
    pub(crate) fn unused_oldest_first(&self) -> Vec<AuditedSecret<'_>> {
        let mut unused: Vec<_> =
            self.secrets().filter(|secret| secret.verdict() == Verdict::Unused).collect();
        unused.sort_by_key(|secret| secret.unused_since());
        unused
    }

    /// Every date from the first night with a figure to the last night, each with the totals of the workspaces of this
    /// audit that were ever read whole. Without totals: missed, or not all of them were read whole.
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
    pub fn totals(&self) -> Totals {
        self.workspaces.iter().map(AuditedWorkspace::totals).sum()
    }

    /// What the unused secrets of all workspaces come to for somebody who has to act.
    pub(crate) fn unused(&self) -> UnusedCounts {
        UnusedCounts::of(self.secrets())
    }

    /// What the population was narrowed to, if it was: then this says nothing of all other secrets.
    pub fn filter(&self) -> Option<&str> {
        self.parameters.filter()
    }

    /// The last complete audit: this one, or one before it.
    pub fn last_complete(&self) -> Option<EarlierRun> {
        if self.is_complete() && self.filter().is_none() {
            let run = self.run.id.clone();
            return Some(EarlierRun { run, started_at: self.run.began() });
        }
        self.history.complete_before.clone()
    }

    /// Its comparison with an audit that nothing is known of yet.
    pub fn comparison(&self) -> Comparison<'_> {
        Comparison::of(self.run.began(), &self.workspaces, &self.failed, &self.redactor)
    }

    /// Whether there is a finding of this kind that is open: neither waived nor within grace.
    pub fn has(&self, finding: Finding) -> bool {
        match finding {
            Finding::Unused => self.secrets().any(AuditedSecret::is_open_finding),
            Finding::ExpiredWaiver => self.waivers.iter().any(|waiver| waiver.state == WaiverState::Expired),
            Finding::Dangling => self.workspaces.iter().any(|workspace| !workspace.dangling().is_empty()),
            Finding::Discrepancy => self.secrets().any(|secret| secret.discrepancies().next().is_some()),
        }
    }
}
