//! What was read, as the completeness statement of every report tells it. The figures add up with the rows of the
//! files: each dependent is counted with the source that was asked first among those that told of it.

use std::collections::BTreeSet;

use super::{AuditedWorkspace, Verdict};
use crate::inventory::{CONFIRMATION, Gap, ScanOutcome, Secret, Source};

/// One source and how its reading went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceRow {
    /// Its name, for people.
    pub title: &'static str,
    /// Which it is.
    pub source: Source,
    /// Whether it was read whole.
    pub status: Status,
    /// Pages and documents that were read.
    pub pages: u64,
    /// Dependents of which no source above tells.
    pub dependents: usize,
}

/// Whether a source was read whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Status {
    /// All of it.
    Whole,
    /// Nothing in this audit asked for it.
    NotNeeded,
    /// Not all of it: why, and what to do about it.
    NotRead(String),
    /// The operator didn't want it read.
    SwitchedOff,
    /// Only an audit with `--deep` reads it.
    NotPartOfThisAudit,
}

impl Status {
    /// The words for it.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Whole => "read whole",
            Self::NotNeeded => "not needed",
            Self::NotRead(_) => "not read whole",
            Self::SwitchedOff => "switched off",
            Self::NotPartOfThisAudit => "not part of this audit",
        }
    }

    /// Why it was not read whole.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::NotRead(why) => Some(why),
            Self::Whole | Self::NotNeeded | Self::SwitchedOff | Self::NotPartOfThisAudit => None,
        }
    }
}

/// How the reading of a workspace went, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
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

impl AuditedWorkspace {
    /// Every source and how its reading went, in the order in which they were asked.
    #[must_use]
    pub fn sources(&self) -> Vec<SourceRow> {
        let coverage = self.workspace.coverage;
        let mut rows = Vec::new();
        let mut row = |title, source, status, pages| {
            let dependents = self.first_told_by(source);
            rows.push(SourceRow { title, source, status, pages, dependents });
        };
        row("Secrets, with a preview of what uses each", Source::Preview, Status::Whole, coverage.list_pages);
        let failed_pages: Vec<String> =
            self.workspace.page_gaps.iter().map(|gap| format!("{}: {}", gap.what, gap.why)).collect();
        row(
            "The same pages at the higher limit",
            Source::HigherLimit,
            status(!failed_pages.is_empty(), coverage.raised_pages, || failed_pages.join("; ")),
            coverage.raised_pages,
        );
        let not_whole = self.lists_not_whole();
        row(
            "Lists of dependents, paged to their end",
            Source::Dependencies,
            status(not_whole > 0, coverage.dependency_pages, || {
                crate::text::count(not_whole, "list is not whole", "lists are not whole")
            }),
            coverage.dependency_pages,
        );
        for source in Source::SCANNED {
            let scan = self.workspace.scans.iter().find(|scan| scan.source == source);
            let status = match scan.map(|scan| &scan.outcome) {
                Some(ScanOutcome::Whole) => Status::Whole,
                Some(ScanOutcome::NotRead(why)) => Status::NotRead(why.clone()),
                Some(ScanOutcome::SwitchedOff) => Status::SwitchedOff,
                Some(ScanOutcome::NotPartOfThisAudit) => Status::NotPartOfThisAudit,
                None if matches!(source, Source::Tools | Source::Agents) => Status::NotPartOfThisAudit,
                None => Status::NotRead("it was not asked".to_owned()),
            };
            row(title(source), source, status, scan.map_or(0, |scan| scan.pages));
        }
        let failed = self.gaps_of_secrets().filter(|gap| gap.what == CONFIRMATION).count()
            + self.workspace.lookup_gaps.len();
        row(
            "Secrets asked for by themselves",
            Source::Secret,
            status(failed > 0, coverage.secrets_by_themselves, || {
                crate::text::count(failed, "secret could not be read", "secrets could not be read")
            }),
            coverage.secrets_by_themselves,
        );
        rows
    }

    /// How the reading went, in numbers.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let completed_by = |by: Source| {
            let completions = self.workspace.secrets.iter().flat_map(|secret| &secret.completions);
            completions.filter(|completion| completion.by == by).count()
        };
        let previewed = self.first_told_by(Source::Preview);
        let coverage = self.workspace.coverage;
        let not_listed = usize::try_from(coverage.secrets_not_listed).unwrap_or(usize::MAX);
        let deleted = self.workspace.deleted.len();
        Figures {
            secrets_listed: self.workspace.secrets_listed(),
            secrets_not_listed: not_listed,
            secrets_deleted: deleted,
            secrets_confirmed: self.secrets().filter(|secret| secret.verdict() == Verdict::Unused).count(),
            dependents_previewed: previewed,
            dependents_after_completion: previewed
                + self.first_told_by(Source::HigherLimit)
                + self.first_told_by(Source::Dependencies),
            lists_completed_by_higher_limit: completed_by(Source::HigherLimit),
            lists_completed_by_paging: completed_by(Source::Dependencies),
            lists_completed_by_scan: completed_by(Source::McpServers),
            lists_not_whole: self.lists_not_whole(),
            list_pages: coverage.list_pages,
            higher_limit_pages: coverage.raised_pages,
            dependency_pages: coverage.dependency_pages,
            requests: coverage.requests,
            retries: coverage.retries,
        }
    }

    fn first_told_by(&self, source: Source) -> usize {
        self.secrets()
            .flat_map(|secret| secret.dependents())
            .filter(|dependent| dependent.sources.first() == Some(source))
            .count()
    }

    fn lists_not_whole(&self) -> usize {
        let lists = |secret: &Secret| {
            let lists: BTreeSet<&str> = secret
                .gaps
                .iter()
                .map(|gap| gap.what.as_str())
                .filter(|what| *what != CONFIRMATION)
                .collect();
            lists.len()
        };
        self.workspace.secrets.iter().map(lists).sum()
    }

    fn gaps_of_secrets(&self) -> impl Iterator<Item = &Gap> {
        self.workspace.secrets.iter().flat_map(|secret| &secret.gaps)
    }
}

/// The status of a step that is only taken where something asks for it.
fn status(failed: bool, pages: u64, why: impl FnOnce() -> String) -> Status {
    match (failed, pages) {
        (true, _) => Status::NotRead(why()),
        (false, 0) => Status::NotNeeded,
        (false, _) => Status::Whole,
    }
}

fn title(source: Source) -> &'static str {
    match source {
        Source::EnvironmentVariables => "Environment variables",
        Source::SpeechEngines => "Speech engines",
        Source::McpServers => "MCP servers",
        Source::Settings => "Workspace settings",
        Source::Tools => "Tools, each looked into",
        Source::Agents => "Agents and their branches, each looked into",
        Source::Preview | Source::HigherLimit | Source::Dependencies | Source::Secret => "Secrets",
    }
}
