//! One workspace and its secrets as the reports see them: what was read, and what is to be said of each.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{
    AppliedWaiver, DependentCounts, Discrepancy, Evidence, Figures, PopulationDrop, Record, SourceRow,
    Status, Totals, UnusedCounts, Verdict, history::days_between, verdict,
};
use crate::inventory::{Dependent, Gap, Reference, Secret, Source, View, Workspace};

/// A workspace and what is to be said of each of its secrets.
#[derive(Debug)]
pub struct AuditedWorkspace {
    pub(crate) workspace: Workspace,
    /// What could hide a use of any of its secrets.
    pub(crate) hides_any: Vec<Gap>,
    /// In the order of the secrets.
    pub(crate) assessments: Vec<Assessment>,
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) figures: Figures,
    pub(crate) is_complete: bool,
    pub(crate) population_drop: Option<PopulationDrop>,
    /// Whether the key sees no secret, and nothing says that this is as it should be.
    pub(crate) is_unexpectedly_empty: bool,
    /// How many secrets the last published full audit listed, where there is one.
    pub(crate) listed_before: Option<usize>,
}

/// What is to be said of one secret.
#[derive(Clone, Debug)]
pub(crate) struct Assessment {
    pub(crate) verdict: Verdict,
    /// The reason in the words of a report that was read.
    pub(crate) told: Option<String>,
    /// By the position of the dependent.
    pub(crate) discrepancies: Vec<(usize, Discrepancy)>,
    /// What this audit and those before it saw of it.
    pub(crate) record: Option<Record>,
    pub(crate) waiver: Option<AppliedWaiver>,
    /// For how many days it may be unused, where it is for fewer.
    pub(crate) grace: Option<u32>,
}

/// One secret with what is to be said of it, borrowed from its workspace.
#[derive(Clone, Copy, Debug)]
pub struct AuditedSecret<'a> {
    audited: &'a AuditedWorkspace,
    secret: &'a Secret,
    assessment: &'a Assessment,
}

impl AuditedWorkspace {
    /// The configured name.
    pub(crate) fn name(&self) -> &str {
        &self.workspace.name
    }

    /// The address that was asked.
    pub(crate) fn address(&self) -> &str {
        &self.workspace.address
    }

    /// The id that the API gives the workspace, where anything that was read shows it.
    pub(crate) fn workspace_id(&self) -> Option<&str> {
        self.workspace.workspace_id.as_deref()
    }

    /// The secrets, in order.
    pub fn secrets(&self) -> impl Iterator<Item = AuditedSecret<'_>> {
        let assessed = self.workspace.secrets.iter().zip(&self.assessments);
        assessed.map(|(secret, assessment)| AuditedSecret { audited: self, secret, assessment })
    }

    /// Whether everything in it was read whole.
    pub(crate) fn is_complete(&self) -> bool {
        self.is_complete && !self.is_unexpectedly_empty
    }

    /// Every source and how its reading went, in the order in which they were asked.
    pub(crate) fn sources(&self) -> &[SourceRow] {
        &self.sources
    }

    /// How the reading went, in numbers.
    pub(crate) fn figures(&self) -> Figures {
        self.figures
    }

    /// Whether there are secrets in it that were not listed, and that a reference led to.
    pub(super) fn has_unlisted(&self) -> bool {
        self.figures.secrets_not_listed > 0
    }

    /// What could not be read besides the lists of single secrets.
    pub(crate) fn gaps(&self) -> impl Iterator<Item = &Gap> {
        self.workspace.page_gaps.iter().chain(&self.workspace.lookup_gaps)
    }

    /// What the key may see, and what tells.
    pub fn view(&self) -> &View {
        &self.workspace.view
    }

    /// Whether every tool, agent and branch was read.
    pub(crate) fn is_inspected(&self) -> bool {
        let is_whole = |row: &SourceRow| row.status == Status::Whole;
        let inspected = |source| self.sources.iter().any(|row| row.source == source && is_whole(row));
        inspected(Source::Tools) && inspected(Source::Agents)
    }

    /// What could not be read at all and is no gap: what the API does not show, or the operator did not want read.
    pub fn limits(&self) -> &[String] {
        &self.workspace.limits
    }

    /// Whether the key sees no secret, and nothing says that this is as it should be.
    pub fn is_unexpectedly_empty(&self) -> bool {
        self.is_unexpectedly_empty
    }

    /// What it means that the key sees no secret, and what to do about it; only where nothing says that this is as it
    /// should be.
    pub fn empty_in_words(&self) -> Option<String> {
        self.is_unexpectedly_empty.then(|| super::empty_in_words(self.listed_before))
    }

    /// Oddities that cost nothing.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.workspace.warnings
    }

    /// References to secrets that don't exist.
    pub(crate) fn dangling(&self) -> &[Reference] {
        &self.workspace.dangling
    }

    /// References to secrets that the key may not see.
    pub(crate) fn not_visible(&self) -> &[Reference] {
        &self.workspace.not_visible
    }

    /// Secrets that were deleted while they were read, by id and name.
    pub(crate) fn deleted(&self) -> &[(String, String)] {
        &self.workspace.deleted
    }

    /// Whether the key sees suspiciously few secrets. A narrowed audit can't tell.
    pub(crate) fn population_drop(&self) -> Option<PopulationDrop> {
        self.population_drop
    }

    /// How many secrets have which verdict.
    pub(crate) fn totals(&self) -> Totals {
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

    /// Whether it may have secrets that this audit does not list.
    pub(crate) fn may_lack_secrets(&self) -> bool {
        self.is_unexpectedly_empty
            || (self.population_drop.is_some() && !self.is_complete)
            || self.gaps().next().is_some()
    }

    /// What the unused secrets come to for somebody who has to act.
    pub(crate) fn unused(&self) -> UnusedCounts {
        UnusedCounts::of(self.secrets())
    }
}

impl<'a> AuditedSecret<'a> {
    /// The name of its workspace.
    pub(crate) fn workspace(self) -> &'a str {
        self.audited.name()
    }

    /// Its id.
    pub(crate) fn id(self) -> &'a str {
        &self.secret.id
    }

    /// Its name.
    pub(crate) fn name(self) -> &'a str {
        &self.secret.name
    }

    /// What is to be said of it.
    pub(crate) fn verdict(self) -> Verdict {
        self.assessment.verdict
    }

    /// Why, in the words of the report that this was read from.
    pub(crate) fn told_reason(self) -> Option<&'a str> {
        self.assessment.told.as_deref()
    }

    /// What could hide a use of it. Nothing could where it is unused, and other than its own lists nothing matters where it
    /// is in use.
    pub(crate) fn missing(self) -> Vec<Cow<'a, Gap>> {
        let AuditedWorkspace { workspace, hides_any, .. } = self.audited;
        match self.verdict() {
            Verdict::Unused => Vec::new(),
            _ => verdict::missing(workspace, self.secret, hides_any),
        }
    }

    /// What "unused" rests on; only of a secret that is called so.
    pub fn evidence(self) -> Option<Evidence> {
        (self.verdict() == Verdict::Unused).then(|| Evidence::of(self.audited.is_inspected()))
    }

    /// Whether every list of its dependents was read whole.
    pub(crate) fn is_whole(self) -> bool {
        self.secret.is_whole()
    }

    /// The lists that were not read whole.
    pub(crate) fn gaps(self) -> &'a [Gap] {
        &self.secret.gaps
    }

    /// What uses it, in order.
    pub(crate) fn dependents(self) -> impl ExactSizeIterator<Item = Dependent<'a>> {
        self.audited.workspace.dependents(self.secret)
    }

    /// What uses it, in order, each with whether one part of the API tells of it and another, which should, does not.
    pub(crate) fn dependents_with_discrepancies(
        self,
    ) -> impl ExactSizeIterator<Item = (Dependent<'a>, Option<Discrepancy>)> {
        let mut discrepancies = self.assessment.discrepancies.iter().peekable();
        self.dependents().enumerate().map(move |(position, dependent)| {
            let discrepancy = discrepancies.next_if(|(at, _)| *at == position).map(|(_, what)| *what);
            (dependent, discrepancy)
        })
    }

    /// The uses of which one part of the API tells and another, which should, does not.
    pub(crate) fn discrepancies(self) -> impl Iterator<Item = (Dependent<'a>, Discrepancy)> {
        self.dependents_with_discrepancies().filter_map(|(dependent, what)| Some((dependent, what?)))
    }

    /// How many dependents of each kind it has.
    pub(crate) fn counts(self) -> DependentCounts {
        DependentCounts::of(&self.audited.workspace, self.secret)
    }

    /// What this audit and those before it saw of it.
    pub(crate) fn record(self) -> Option<&'a Record> {
        self.assessment.record.as_ref()
    }

    /// Since when it is unused, by the audits that saw it; only of a secret that is called unused now.
    pub(crate) fn unused_since(self) -> Option<DateTime<Utc>> {
        self.record()?.unused_since.filter(|_| self.verdict() == Verdict::Unused)
    }

    /// For how many days it is unused: the difference of the UTC dates of the audit that first called it so, and of this
    /// one.
    pub(crate) fn unused_days(self) -> Option<u32> {
        Some(days_between(self.unused_since()?, self.record()?.last_seen))
    }

    /// Whether it is unused for a shorter time than `[policy] unused_after_days` lets pass.
    pub(crate) fn is_within_grace(self) -> bool {
        self.assessment.grace.is_some()
    }

    /// For how many days it is unused, and for how many it may be, where these have not passed.
    pub(crate) fn grace(self) -> Option<(u32, u32)> {
        self.unused_days().zip(self.assessment.grace)
    }

    /// Whether it is unused and that is neither waived nor within grace.
    pub(crate) fn is_open_finding(self) -> bool {
        self.verdict() == Verdict::Unused && !self.is_waived() && !self.is_within_grace()
    }

    /// The waiver that names it, whether it still holds or has expired.
    pub(crate) fn waiver(self) -> Option<&'a AppliedWaiver> {
        self.assessment.waiver.as_ref()
    }

    /// Whether a waiver holds for it.
    pub(crate) fn is_waived(self) -> bool {
        self.waiver().is_some_and(|waiver| waiver.state.holds())
    }
}

impl UnusedCounts {
    pub(super) fn of<'a>(secrets: impl Iterator<Item = AuditedSecret<'a>>) -> Self {
        let mut counts = Self::default();
        for secret in secrets.filter(|secret| secret.verdict() == Verdict::Unused) {
            *match (secret.is_waived(), secret.is_within_grace()) {
                (true, _) => &mut counts.waived,
                (false, true) => &mut counts.within_grace,
                (false, false) => &mut counts.open,
            } += 1;
        }
        counts
    }
}
