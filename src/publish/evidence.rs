//! What a manifest says beside what the reports do: who made the bundle, where, from what configuration, and by which
//! requests.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};

use crate::{
    api::EndpointTraffic,
    audit::{Audit, Waiver},
    bundle::{
        EndpointEntry, FileEntry, Manifest, PreviousEntry, PrunedEntry, SourceEntry, TotalsEntry, ViewEntry,
        WaiversEntry, WorkspaceEntry,
    },
    report::{ParametersJson, parameters_json},
    text::hexadecimal,
};

/// Who and what made a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// The machine.
    pub host: Option<String>,
    /// The user.
    pub user: Option<String>,
    /// The commit that the program was built from.
    pub git_commit: Option<String>,
    /// SHA-256 of the settings.
    pub configuration_sha256: String,
    /// What was asked of each workspace, by its configured name and the path of the endpoint.
    pub(crate) traffic: BTreeMap<String, BTreeMap<&'static str, EndpointTraffic>>,
}

/// The manifest of a bundle.
pub(super) fn manifest<'a>(
    audit: &'a Audit,
    evidence: &Evidence,
    files: Vec<FileEntry>,
    previous: Option<PreviousEntry>,
    pruned: Vec<PrunedEntry>,
) -> Manifest<ParametersJson<'a>> {
    let requests = |workspace: &str| {
        let traffic = evidence.traffic.get(workspace).into_iter().flatten();
        traffic.map(|(endpoint, traffic)| endpoint_entry(endpoint, traffic)).collect()
    };
    let audited = audit.workspaces.iter().map(|workspace| WorkspaceEntry {
        name: workspace.name().to_owned(),
        address: workspace.address().to_owned(),
        workspace_id: workspace.workspace_id().map(str::to_owned),
        audited: true,
        complete: Some(workspace.is_complete()),
        view: Some(ViewEntry {
            extent: workspace.view().extent.as_str().to_owned(),
            signs: workspace.view().signs.clone(),
        }),
        sources: workspace
            .sources()
            .iter()
            .map(|row| SourceEntry {
                endpoint: row.source.endpoint().to_owned(),
                title: row.title().to_owned(),
                status: row.status.as_str().to_owned(),
            })
            .collect(),
        requests: requests(workspace.name()),
    });
    let failed = audit.failed.iter().map(|failed| WorkspaceEntry {
        name: failed.name.clone(),
        address: failed.address.clone(),
        workspace_id: None,
        audited: false,
        complete: Some(false),
        view: None,
        sources: Vec::new(),
        requests: requests(&failed.name),
    });
    let totals = audit.totals();
    Manifest {
        manifest_version: Manifest::<()>::VERSION,
        run: audit.run.id.clone(),
        started_at: audit.run.started_at,
        finished_at: audit.run.finished_at,
        tool: env!("CARGO_PKG_NAME").to_owned(),
        tool_version: audit.run.tool_version.clone(),
        git_commit: evidence.git_commit.clone(),
        host: evidence.host.clone(),
        user: evidence.user.clone(),
        complete: audit.is_complete(),
        filtered: audit.filter().is_some(),
        clock_off: audit.run.clock.is_off(),
        clock_ahead_seconds: audit.run.clock.ahead().map(|ahead| ahead.num_seconds()),
        redacted: audit.parameters.redact.iter().map(|one| one.as_str().to_owned()).collect(),
        totals: Some(TotalsEntry {
            secrets: totals.secrets,
            in_use: totals.in_use,
            unused: totals.unused,
            undetermined: totals.undetermined,
            dependents: totals.dependents,
        }),
        parameters: parameters_json(&audit.parameters),
        configuration_sha256: Some(evidence.configuration_sha256.clone()),
        waivers: Some(waivers(audit)),
        workspaces: audited.chain(failed).collect(),
        files,
        previous,
        pruned,
    }
}

fn endpoint_entry(endpoint: &str, traffic: &EndpointTraffic) -> EndpointEntry {
    EndpointEntry {
        endpoint: endpoint.to_owned(),
        requests: traffic.requests,
        pages: traffic.pages,
        items: traffic.items,
        first_request_id: traffic.first_request_id.clone(),
        last_request_id: traffic.last_request_id.clone(),
    }
}

fn waivers(audit: &Audit) -> WaiversEntry {
    let mut sum = Sha256::new();
    for applied in &audit.waivers {
        let Waiver { secret_id, workspace, reason, owner, expires } = &applied.waiver;
        // Each field with its length, so that no two lists of waivers read the same.
        for field in
            [secret_id, workspace.as_deref().unwrap_or_default(), reason, owner, &expires.to_string()]
        {
            sum.update(format!("{}:{field}\n", field.len()));
        }
    }
    WaiversEntry { count: audit.waivers.len(), sha256: hexadecimal(&sum.finalize()) }
}
