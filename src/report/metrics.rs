//! `metrics.prom`: numbers for the textfile collector of Prometheus' node exporter. Names and units by its conventions:
//! base units, no names of secrets, and gauges only, as each file tells of one run.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    audit::{Audit, AuditedWorkspace, UnusedCounts, Verdict, WaiverState},
    inventory::Extent,
    text::show_hidden,
};

const PREFIX: &str = "elevenlabs_secrets_audit";

/// A run that published nothing, as far as numbers can tell of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FailedRun {
    /// When it began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub(crate) ended_at: DateTime<Utc>,
    /// When the last run that published reports began.
    pub last_success: Option<DateTime<Utc>>,
    /// When the last run that was complete began.
    pub last_complete: Option<DateTime<Utc>>,
}

/// Writes the metrics of an audit.
pub(super) fn report(audit: &Audit, out: impl Write) -> io::Result<()> {
    let mut page = Page { out };
    let (began, took) = (audit.run.began(), audit.run.finished_at - audit.run.started_at);
    page.run(true, began, took)?;
    page.last("last_success", "the last run that published reports began", Some(began))?;
    let last_complete = audit.last_complete().map(|run| run.started_at);
    page.last("last_complete", "the last audit that was complete began", last_complete)?;
    page.one("complete", "Whether everything was read whole.", truth(audit.is_complete()))?;
    page.one("filtered", "Whether only some secrets were read.", truth(audit.filter().is_some()))?;
    page.one(
        "clock_off",
        "Whether the clock of the machine was more than 5 minutes off.",
        truth(audit.run.clock.is_off()),
    )?;

    page.describe("workspace_read", "Whether the secrets of the workspace could be listed.")?;
    let read: BTreeMap<&str, bool> = audit
        .workspaces
        .iter()
        .map(|workspace| (workspace.name(), true))
        .chain(audit.failed.iter().map(|failed| (failed.name.as_str(), false)))
        .collect();
    for (workspace, is_read) in read {
        page.sample("workspace_read", &[("workspace", workspace)], truth(is_read))?;
    }

    page.describe("view", "How much of the workspace the key sees: 1 at the extent that holds.")?;
    for workspace in &audit.workspaces {
        for extent in Extent::ALL {
            let labels = [("workspace", workspace.name()), ("extent", extent.as_str())];
            page.sample("view", &labels, truth(workspace.view().extent == extent))?;
        }
    }
    page.describe("secrets", "Secrets by verdict.")?;
    for workspace in &audit.workspaces {
        let totals = workspace.totals();
        for (verdict, number) in [
            (Verdict::InUse, known(audit, workspace, totals.in_use)),
            (Verdict::Unused, known(audit, workspace, totals.unused)),
            (Verdict::Undetermined, Some(totals.undetermined)),
        ] {
            let labels = [("workspace", workspace.name()), ("verdict", verdict.as_str())];
            page.sample_if_known("secrets", &labels, number)?;
        }
    }
    for (name, help, of) in [
        (
            "unused_open_secrets",
            "Unused secrets that are neither waived nor within grace.",
            (|unused| unused.open) as fn(UnusedCounts) -> usize,
        ),
        ("unused_waived_secrets", "Unused secrets for which a waiver holds.", |unused| unused.waived),
        ("unused_within_grace_secrets", "Unused secrets within grace that nobody waived.", |unused| {
            unused.within_grace
        }),
    ] {
        page.describe(name, help)?;
        for workspace in &audit.workspaces {
            let number = known(audit, workspace, of(workspace.unused()));
            page.sample_if_known(name, &[("workspace", workspace.name())], number)?;
        }
    }
    page.describe(
        "oldest_unused_age_seconds",
        "For how long the oldest of the unused secrets is unused; 0 without any.",
    )?;
    for workspace in &audit.workspaces {
        let oldest = workspace.secrets().filter_map(|secret| secret.unused_since()).min();
        let age = oldest.map(|since| (began - since).num_seconds().max(0));
        let age = age.or(known(audit, workspace, 0).map(|_| 0));
        if let Some(age) = age {
            page.sample("oldest_unused_age_seconds", &[("workspace", workspace.name())], age)?;
        }
    }
    page.describe("dependents", "Dependents, over all secrets.")?;
    for workspace in &audit.workspaces {
        let number = known(audit, workspace, workspace.totals().dependents);
        page.sample_if_known("dependents", &[("workspace", workspace.name())], number)?;
    }
    for (name, help, of) in [
        (
            "requests",
            "Requests that the run sent, repetitions included.",
            (|one| one.figures().requests) as fn(&AuditedWorkspace) -> u64,
        ),
        ("retries", "Requests of the run that were repetitions.", |one| one.figures().retries),
    ] {
        page.describe(name, help)?;
        for workspace in &audit.workspaces {
            let value = i64::try_from(of(workspace)).unwrap_or(i64::MAX);
            page.sample(name, &[("workspace", workspace.name())], value)?;
        }
    }
    let expired = audit.waivers.iter().filter(|waiver| waiver.state == WaiverState::Expired).count();
    let is_known = expired > 0 || audit.waivers.iter().all(|one| one.state != WaiverState::NotLookedFor);
    page.describe("expired_waivers", "Waivers whose last day has passed.")?;
    page.sample_if_known("expired_waivers", &[], is_known.then_some(expired))?;
    page.out.flush()
}

/// Writes the metrics of a run that published nothing.
///
/// # Errors
/// Where writing fails.
pub(crate) fn metrics_of_failure(failed: FailedRun, out: impl Write) -> io::Result<()> {
    let mut page = Page { out };
    page.run(false, failed.started_at, failed.ended_at - failed.started_at)?;
    page.last("last_success", "the last run that published reports began", failed.last_success)?;
    page.last("last_complete", "the last audit that was complete began", failed.last_complete)?;
    page.out.flush()
}

/// A count in a workspace. `None`: it may be zero only because the workspace, or all of its secrets, was not read whole.
/// Then there is no sample, so that no alert takes it for the end of what it warns of; `complete` and `filtered` say why.
fn known(audit: &Audit, workspace: &AuditedWorkspace, number: usize) -> Option<usize> {
    let is_whole = workspace.is_complete() && audit.filter().is_none();
    (number > 0 || is_whole).then_some(number)
}

fn truth(truth: bool) -> i64 {
    i64::from(truth)
}

struct Page<W> {
    out: W,
}

impl<W: Write> Page<W> {
    fn run(&mut self, succeeded: bool, started_at: DateTime<Utc>, took: TimeDelta) -> io::Result<()> {
        self.one("success", "Whether the last run published reports.", truth(succeeded))?;
        self.one(
            "last_run_timestamp_seconds",
            "When the last run began, in seconds since 1970.",
            started_at.timestamp(),
        )?;
        let duration = took.num_seconds().max(0);
        self.one("duration_seconds", "How long the last run took to read the API.", duration)
    }

    fn last(&mut self, name: &str, what: &str, at: Option<DateTime<Utc>>) -> io::Result<()> {
        // Without one there is no sample: 0 would be 1970.
        let Some(at) = at else { return Ok(()) };
        let help = format!("When {what}, in seconds since 1970.");
        self.one(&format!("{name}_timestamp_seconds"), &help, at.timestamp())
    }

    fn one(&mut self, name: &str, help: &str, value: i64) -> io::Result<()> {
        self.describe(name, help)?;
        self.sample(name, &[], value)
    }

    fn describe(&mut self, name: &str, help: &str) -> io::Result<()> {
        writeln!(self.out, "# HELP {PREFIX}_{name} {help}\n# TYPE {PREFIX}_{name} gauge")
    }

    fn sample_if_known(
        &mut self,
        name: &str,
        labels: &[(&str, &str)],
        number: Option<usize>,
    ) -> io::Result<()> {
        number.map_or(Ok(()), |number| self.sample(name, labels, i64::try_from(number).unwrap_or(i64::MAX)))
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: i64) -> io::Result<()> {
        write!(self.out, "{PREFIX}_{name}")?;
        if !labels.is_empty() {
            let labels: Vec<String> =
                labels.iter().map(|(label, value)| format!("{label}=\"{}\"", escaped(value))).collect();
            write!(self.out, "{{{}}}", labels.join(","))?;
        }
        writeln!(self.out, " {value}")
    }
}

/// A label's value as the text format wants it.
fn escaped(value: &str) -> String {
    show_hidden(value, &[]).replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_ends_where_it_is_to_end() {
        assert_eq!(escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\\\u{a}d");
    }

    #[test]
    fn a_failed_run_says_so_and_when_the_last_good_one_was() {
        let at = |seconds| DateTime::from_timestamp(seconds, 0).unwrap();
        let failed = FailedRun {
            started_at: at(1_000),
            ended_at: at(1_060),
            last_success: Some(at(500)),
            last_complete: None,
        };
        let mut out = Vec::new();
        metrics_of_failure(failed, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let samples: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        assert_eq!(
            samples,
            [
                "elevenlabs_secrets_audit_success 0",
                "elevenlabs_secrets_audit_last_run_timestamp_seconds 1000",
                "elevenlabs_secrets_audit_duration_seconds 60",
                "elevenlabs_secrets_audit_last_success_timestamp_seconds 500",
            ]
        );
    }
}
