//! Inventory + parameters → [`Judged`].

use super::{
    Parameters, Redactor, Run, Verdict,
    comparison::Comparison,
    coverage,
    discrepancy::discrepancy,
    verdict::{self, hides_any},
    workspace::{Assessment, AuditedWorkspace},
};
use crate::inventory::{FailedWorkspace, Inventory, Missing, Secret, Workspace};

/// An inventory that was judged by itself. [`Judged::conclude`] makes an audit of it.
#[derive(Debug)]
pub struct Judged {
    /// Which run this is.
    pub run: Run,
    /// What was asked for.
    pub parameters: Parameters,
    /// The workspaces that were read, by name.
    pub(crate) workspaces: Vec<AuditedWorkspace>,
    /// The workspaces that could not be read, by name.
    pub failed: Vec<FailedWorkspace>,
    pub(super) redactor: Redactor,
}

impl Judged {
    /// Judges an inventory.
    pub fn of(inventory: Inventory, run: Run, parameters: Parameters) -> Self {
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
        Self { run, parameters, workspaces, failed, redactor }
    }

    /// Its comparison with an audit that nothing is known of yet.
    pub fn comparison(&self) -> Comparison<'_> {
        Comparison::of(self.run.began(), &self.workspaces, &self.failed, &self.redactor)
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
    let unused = assessments.iter().filter(|one| one.verdict == Verdict::Unused).count();
    let (sources, figures) = (coverage::sources(&workspace), coverage::figures(&workspace, unused));
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
