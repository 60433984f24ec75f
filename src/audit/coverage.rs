//! What was read, as the completeness statement of every report tells it. The figures add up with the rows of the
//! files: each dependent is counted with the source that was asked first among those that told of it.

use std::collections::BTreeSet;

pub(crate) use crate::inventory::ScanOutcome as Status;
use crate::inventory::{DependentType, Missing, Secret, Source, Why, Workspace};

/// One source and how its reading went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SourceRow {
    /// Which it is.
    pub source: Source,
    /// Whether it was read whole.
    pub status: Status,
    /// Pages and documents that were read.
    pub pages: u64,
    /// Dependents of which no source above tells.
    pub dependents: usize,
}

/// How the reading of a workspace went, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Figures {
    /// Secrets on the pages of the list.
    pub secrets_listed: usize,
    /// Secrets that were not listed, and that a reference led to.
    pub secrets_not_listed: usize,
    /// Secrets that were deleted meanwhile.
    pub secrets_deleted: usize,
    /// Secrets that were read once more before being called unused.
    pub secrets_confirmed: usize,
    /// Dependents that the first walk showed.
    pub dependents_previewed: usize,
    /// Dependents after every cut list was completed.
    pub dependents_after_completion: usize,
    /// Lists that the higher limit completed.
    pub lists_completed_by_higher_limit: usize,
    /// Lists that paging completed.
    pub lists_completed_by_paging: usize,
    /// Lists of MCP servers that the scan of all MCP servers completed.
    pub lists_completed_by_scan: usize,
    /// Lists that are not whole.
    pub lists_not_whole: usize,
    /// Pages of the list of secrets.
    pub list_pages: u64,
    /// Pages that were asked for again with the higher limit.
    pub higher_limit_pages: u64,
    /// Pages of dependents, over all secrets.
    pub dependency_pages: u64,
    /// Requests sent, repetitions included.
    pub requests: u64,
    /// Requests that were repetitions.
    pub retries: u64,
}

/// Every source and how its reading went, in the order in which they were asked.
pub(super) fn sources(workspace: &Workspace) -> Vec<SourceRow> {
    let first_told_by = first_told_by(workspace);
    let coverage = workspace.coverage;
    let status_and_pages = |source| match source {
        Source::Preview => (Status::Whole, coverage.list_pages),
        Source::HigherLimit => {
            let (failed, pages) = (&workspace.page_gaps, coverage.raised_pages);
            (status(failed.len(), pages, |_| Why::Gaps(failed.clone())), pages)
        }
        Source::Dependencies => {
            let (not_whole, pages) = (lists_not_whole(workspace, is_paged), coverage.dependency_pages);
            (status(not_whole, pages, Why::Lists), pages)
        }
        Source::Secret => {
            let (failed, pages) = (not_read_by_themselves(workspace), coverage.secrets_by_themselves);
            (status(failed, pages, Why::Secrets), pages)
        }
        scanned => match workspace.scans.iter().find(|scan| scan.source == scanned) {
            Some(scan) => (scan.outcome.clone(), scan.pages),
            None if scanned.may_be_left_out() => (Status::NotPartOfThisAudit, 0),
            None => (Status::NotRead(Why::NotAsked), 0),
        },
    };
    let row = |(source, dependents)| {
        let (status, pages) = status_and_pages(source);
        SourceRow { source, status, pages, dependents }
    };
    Source::ALL.into_iter().zip(first_told_by).map(row).collect()
}

/// How the reading went, in numbers.
pub(super) fn figures(workspace: &Workspace, secrets_confirmed: usize) -> Figures {
    let completed_by = |by: Source| {
        let completions = workspace.secrets.iter().flat_map(|secret| &secret.completions);
        completions.filter(|completion| completion.by == by).count()
    };
    let [previewed, by_higher_limit, by_paging, ..] = first_told_by(workspace);
    let coverage = workspace.coverage;
    Figures {
        secrets_listed: workspace.secrets_listed(),
        secrets_not_listed: usize::try_from(coverage.secrets_not_listed).unwrap_or(usize::MAX),
        secrets_deleted: workspace.deleted.len(),
        secrets_confirmed,
        dependents_previewed: previewed,
        dependents_after_completion: previewed + by_higher_limit + by_paging,
        lists_completed_by_higher_limit: completed_by(Source::HigherLimit),
        lists_completed_by_paging: completed_by(Source::Dependencies),
        lists_completed_by_scan: completed_by(Source::McpServers),
        lists_not_whole: lists_not_whole(workspace, |_| true),
        list_pages: coverage.list_pages,
        higher_limit_pages: coverage.raised_pages,
        dependency_pages: coverage.dependency_pages,
        requests: coverage.requests,
        retries: coverage.retries,
    }
}

/// Of each source, in the order of [`Source::ALL`], how many dependents no source before it told of.
fn first_told_by(workspace: &Workspace) -> [usize; Source::ALL.len()] {
    let mut counts = [0; Source::ALL.len()];
    for dependent in workspace.secrets.iter().flat_map(|secret| workspace.dependents(secret)) {
        if let Some(first) = dependent.sources.first() {
            counts[first as usize] += 1;
        }
    }
    counts
}

/// The lists that an endpoint shows page by page. What is amiss with any other is no matter of paging.
fn is_paged(list: &Missing) -> bool {
    use DependentType::{Agent, PhoneNumber, Tool};
    matches!(list, Missing::List { dependent_type: Tool | Agent | PhoneNumber })
}

fn lists_not_whole(workspace: &Workspace, counts: impl Fn(&Missing) -> bool) -> usize {
    let lists = |secret: &Secret| {
        let lists = secret.gaps.iter().map(|gap| &gap.what);
        lists.filter(|what| **what != Missing::Confirmation && counts(what)).collect::<BTreeSet<_>>().len()
    };
    workspace.secrets.iter().map(lists).sum()
}

fn not_read_by_themselves(workspace: &Workspace) -> usize {
    let gaps = workspace.secrets.iter().flat_map(|secret| &secret.gaps);
    gaps.filter(|gap| gap.what == Missing::Confirmation).count() + workspace.lookup_gaps.len()
}

/// The status of a step that is only taken where something asks for it, and that failed so often.
fn status(failed: usize, pages: u64, why: impl FnOnce(usize) -> Why) -> Status {
    match (failed, pages) {
        (1.., _) => Status::NotRead(why(failed)),
        (0, 0) => Status::NotNeeded,
        (0, _) => Status::Whole,
    }
}

impl SourceRow {
    /// Whether it is to be named among what could not be read. What is asked of single secrets or pages is named there
    /// with these.
    pub(crate) fn is_gap(&self) -> bool {
        match self.status {
            Status::NotRead(_) => Source::SCANNED.contains(&self.source),
            Status::SwitchedOff => true,
            Status::Whole | Status::NotNeeded | Status::NotPartOfThisAudit => false,
        }
    }

    /// The source's name, for people.
    pub(crate) fn title(&self) -> &'static str {
        match self.source {
            Source::Preview => "Secrets, with a preview of what uses each",
            Source::HigherLimit => "The same pages at the higher limit",
            Source::Dependencies => "Lists of dependents, paged to their end",
            Source::EnvironmentVariables => "Environment variables",
            Source::SpeechEngines => "Speech engines",
            Source::McpServers => "MCP servers",
            Source::Settings => "Workspace settings",
            Source::Tools => "Tools, each looked into",
            Source::Agents => "Agents and their branches, each looked into",
            Source::Secret => "Secrets asked for by themselves",
        }
    }
}
