//! [`Judged`] + what was before + the waivers → [`Audit`]. Each step needs what the one before it made of the audit, and
//! nothing else takes one of them alone.

use std::collections::BTreeSet;

use super::{
    Audit, AuditedSecret, AuditedWorkspace, Changes, DAYS_KEPT, History, Judged, Night, NightTotals,
    OnPopulationDrop, Waiver, WaiverState, WorkspaceChanges, changes::NOT_READ, days_between,
    population_drop, waivers::AppliedWaiver,
};
use crate::inventory::FailedWorkspace;

impl Judged {
    /// The audit that this is, after what earlier ones saw, by what is different since then, and with these waivers. It may
    /// be left without a workspace, where each shows suspiciously few secrets.
    pub fn conclude(mut self, mut history: History, changes: Changes, waivers: Vec<Waiver>) -> Audit {
        self.compare_populations(&history);
        let Self { run, parameters, workspaces, failed, redactor } = self;
        redactor.redact_history(&mut history);
        let mut audit =
            Audit { run, parameters, workspaces, failed, history, changes, waivers: Vec::new(), redactor };
        audit.continue_history();
        audit.settle_changes();
        audit.apply_waivers(waivers);
        audit
    }

    /// Compares how many secrets each workspace lists with what the history says of it. One that lists suspiciously few is
    /// not complete, or counts as not readable, as the parameters have it. One that lists none is not complete, unless
    /// that is expected, or was so in the last complete audit.
    fn compare_populations(&mut self, history: &History) {
        if self.parameters.filter().is_some() {
            return;
        }
        let then = self.parameters.population_drop;
        let mut kept = Vec::new();
        for mut workspace in std::mem::take(&mut self.workspaces) {
            let (name, id) = (workspace.name(), workspace.workspace_id());
            let known = history.workspaces.get(name).filter(|_| !history.was_another(name, id));
            let was_empty = known.is_some() && history.was_empty(name);
            workspace.is_unexpectedly_empty &= !was_empty;
            workspace.listed_before = known.map(|known| known.secrets_listed);
            workspace.population_drop =
                population_drop(workspace.figures.secrets_listed, workspace.listed_before);
            match workspace.population_drop {
                Some(drop) if then == OnPopulationDrop::Fail => self.failed.push(FailedWorkspace {
                    name: workspace.workspace.name,
                    address: workspace.workspace.address,
                    error: format!("{} ([audit] population_drop = \"fail\")", drop.in_words()),
                    key_refused: false,
                }),
                drop => {
                    workspace.is_complete &= drop.is_none() || then == OnPopulationDrop::Warn;
                    kept.push(workspace);
                }
            }
        }
        self.workspaces = kept;
        self.failed.sort_by(|a, b| a.name.cmp(&b.name));
    }
}

impl Audit {
    /// Adds this audit to what earlier ones saw, and shows of each secret what is known of it then.
    fn continue_history(&mut self) {
        self.advance_history();
        self.show_records();
        let days_of_grace = self.parameters.unused_after_days;
        for workspace in &mut self.workspaces {
            let days: Vec<Option<u32>> = workspace.secrets().map(AuditedSecret::unused_days).collect();
            for (assessment, days) in workspace.assessments.iter_mut().zip(days) {
                assessment.grace = days.filter(|days| *days < days_of_grace).map(|_| days_of_grace);
            }
        }
    }

    /// Adds what it says of the workspaces that it read; what is known of any other stays as it is. A narrowed audit leaves
    /// no night behind.
    fn advance_history(&mut self) {
        let (at, is_complete, is_narrowed) = (self.run.began(), self.is_complete(), self.filter().is_some());
        let history = &mut self.history;
        for workspace in &self.workspaces {
            history.begin_afresh_if_another(workspace.name(), workspace.workspace_id());
            let known = history.workspaces.entry(workspace.name().to_owned()).or_default();
            if let Some(id) = workspace.workspace_id() {
                known.workspace_id = Some(id.to_owned());
            }
            if !is_narrowed {
                known.secrets_listed = workspace.figures().secrets_listed;
            }
            for secret in workspace.secrets() {
                known.observe(secret.id(), secret.name(), secret.verdict(), at);
            }
            known.secrets.retain(|_, record| days_between(record.last_seen, at) <= DAYS_KEPT);
        }
        if !is_narrowed {
            let found =
                |one: &AuditedWorkspace| NightTotals { totals: one.totals(), is_complete: one.is_complete() };
            let workspaces = self.workspaces.iter().map(|one| (one.name().to_owned(), found(one))).collect();
            history.add_night(Night { run: self.run.id.clone(), started_at: at, is_complete, workspaces });
        }
    }

    /// Settles what was not known yet when it was compared with an earlier audit.
    fn settle_changes(&mut self) {
        let is_complete = self.is_complete();
        let Changes::Since { workspaces, warnings, .. } = &mut self.changes else { return };
        if !is_complete {
            warnings.push(
                "this audit is INCOMPLETE: what it could not read may be there all the same".to_owned(),
            );
        }
        // That one shows too few secrets was not known yet when it was compared.
        let failed = |name: &str| self.failed.iter().any(|failed| failed.name == name);
        for workspace in workspaces.iter_mut().filter(|one| failed(&one.workspace)) {
            *workspace = WorkspaceChanges::not_compared(&workspace.workspace, NOT_READ);
        }
        let lacking = self.workspaces.iter().filter(|workspace| workspace.may_lack_secrets());
        let lacking: BTreeSet<&str> = lacking.map(AuditedWorkspace::name).collect();
        for workspace in workspaces.iter_mut().filter(|one| lacking.contains(&*one.workspace)) {
            workspace.gone.clear();
        }
    }

    /// Marks the secrets that waivers name. One that names the workspace goes before one that doesn't.
    fn apply_waivers(&mut self, mut waivers: Vec<Waiver>) {
        waivers.sort_by(|a, b| {
            (&a.secret_id, a.workspace.is_none(), &a.workspace).cmp(&(
                &b.secret_id,
                b.workspace.is_none(),
                &b.workspace,
            ))
        });
        let today = self.run.began().date_naive();
        let mut names_something = vec![false; waivers.len()];
        for workspace in &mut self.workspaces {
            let name = workspace.workspace.name.clone();
            for (secret, assessment) in workspace.workspace.secrets.iter().zip(&mut workspace.assessments) {
                let mut naming = (0..waivers.len()).filter(|at| waivers[*at].names(&name, &secret.id));
                let Some(first) = naming.next() else { continue };
                names_something[first] = true;
                naming.for_each(|further| names_something[further] = true);
                let (waiver, state) = (waivers[first].clone(), waivers[first].state_on(today));
                assessment.waiver = Some(AppliedWaiver { waiver, state });
            }
        }
        self.waivers = waivers
            .into_iter()
            .zip(names_something)
            .map(|(waiver, names_something)| {
                let state = match names_something {
                    true => waiver.state_on(today),
                    false if self.was_looked_for(&waiver) => WaiverState::MatchesNothing,
                    false => WaiverState::NotLookedFor,
                };
                AppliedWaiver { waiver, state }
            })
            .collect();
    }

    /// Whether all secrets that a waiver could name were listed.
    fn was_looked_for(&self, waiver: &Waiver) -> bool {
        let could_be_in = |name: &str| waiver.workspace.as_deref().is_none_or(|wanted| wanted == name);
        self.filter().is_none() && !self.failed.iter().any(|failed| could_be_in(&failed.name))
    }
}
