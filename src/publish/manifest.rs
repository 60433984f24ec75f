//! `manifest.json`: what a bundle holds, and how to tell that it still does.

use std::io::{self, Write};

use serde::Serialize;

use crate::{
    audit::Audit,
    report::{parameters_json, timestamp},
};

/// The version of the form of `manifest.json`.
const MANIFEST_VERSION: u32 = 1;

/// One file of the bundle.
#[derive(Clone, Debug, Serialize)]
pub(super) struct FileEntry {
    pub(super) name: String,
    /// Rows of data, the header not counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) rows: Option<usize>,
    pub(super) bytes: u64,
    pub(super) sha256: String,
}

#[derive(Serialize)]
struct Manifest<'a, P> {
    manifest_version: u32,
    run: &'a str,
    started_at: String,
    finished_at: String,
    tool: &'a str,
    tool_version: &'a str,
    complete: bool,
    filtered: bool,
    workspaces: Vec<Workspace<'a>>,
    parameters: P,
    files: &'a [FileEntry],
}

#[derive(Serialize)]
struct Workspace<'a> {
    name: &'a str,
    address: &'a str,
    audited: bool,
}

pub(super) fn write(audit: &Audit, files: &[FileEntry], mut out: impl Write) -> io::Result<()> {
    let audited = audit.workspaces.iter().map(|workspace| Workspace {
        name: workspace.name(),
        address: workspace.address(),
        audited: true,
    });
    let failed = audit.failed.iter().map(|failed| Workspace {
        name: &failed.name,
        address: &failed.address,
        audited: false,
    });
    let manifest = Manifest {
        manifest_version: MANIFEST_VERSION,
        run: &audit.run.id,
        started_at: timestamp(audit.run.started_at),
        finished_at: timestamp(audit.run.finished_at),
        tool: env!("CARGO_PKG_NAME"),
        tool_version: &audit.run.tool_version,
        complete: audit.is_complete(),
        filtered: audit.filter().is_some(),
        workspaces: audited.chain(failed).collect(),
        parameters: parameters_json(&audit.parameters),
        files,
    };
    serde_json::to_writer_pretty(&mut out, &manifest)?;
    out.write_all(b"\n")
}
