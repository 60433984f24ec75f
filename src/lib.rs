//! Audits the workspace secrets of the ElevenLabs Agents platform: what uses each, and which are unused.
//!
//! # Code map
//!
//! Data goes one way, and no two files need each other (a test, `circles`, holds that); only this file sees all stages.
//! (`cli` and `config` know the later ones by their options, which they fill; the parts of `api` that read JSON make what
//! `inventory` holds.)
//!
//! ```text
//! cli → config → api → collect → inventory → audit → report → publish
//!
//! read ──→ Read ──→ Judged::of ──→ Judged ──→ conclude ──→ Audit ──→ publish ──→ Published
//!                                     └─→ earlier ─→ Earlier ─┘
//! ```
//!
//! - [`cli`]: what was typed, nothing resolved.
//! - [`config`]: file, environment and flags → one validated [`Config`].
//! - [`api`]: the only place that knows HTTP. GET only. Keys in answers end here: nothing behind it ever has one.
//! - `workspaces`: a client for each workspace, and all of them read side by side.
//! - [`collect`]: endpoints → a complete inventory. No opinion about what is unused.
//! - [`inventory`]: the graph of secrets and what uses them, and what was not read whole. No I/O.
//! - [`audit`]: inventory, history and waivers → verdicts, ages, changes. Pure: no I/O, no clock.
//! - [`report`]: audit → bytes, one module per format. No files, no clock.
//! - [`bundle`]: what a bundle on disk is, and whether it holds. Knows no audit and no report. Read only.
//! - `earlier`: what earlier bundles say to a new audit. Read only.
//! - [`publish`]: a bundle on disk, all of it or nothing.
//! - [`init`]: a first configuration file, from a few questions.
//! - [`check`]: whether a night would succeed; publishes nothing.
//! - [`review`]: verify, history, diff, render: what a reviewer asks of bundles. Read only.
//! - [`bounded`]: files that others may have written, opened and read within bounds.
//! - [`memory`]: how much of what was read is kept, and how much may be.
//! - [`clock`], [`progress`], [`interrupt`], [`text`], `table`, [`error`]: the machine's clock, counts, signals, words, tables on
//!   a terminal, and exit codes, for all of the above; `context`: what a test can fix of the world.
//!
//! `crates/simulator` is an API over a made-up workspace, for `--demo` and the tests. It knows nothing of this crate.
//!
//! The binary alone has `main` (a function for each command), `signals`, `terminal` (what is said, and the live line) and
//! `manual` (the manual page).
//!
//! # Invariants
//!
//! 1. "Unused" is a claim that something may be deleted. No error, filter, cap, unknown field or unexpected shape ever
//!    turns into it.
//! 2. A failed run leaves earlier reports as they were. A published bundle is whole or absent.
//! 3. The key and the values of secrets appear nowhere: no log, report, error, panic or `Debug`.
//! 4. Only GET is ever sent.
//! 5. Same inventory, same clock: same bytes. Order is total, times are UTC in RFC 3339.
//! 6. Time, randomness and the network come in as arguments.
//! 7. Renderers see the audit and nothing else. Escaping is done once per format, in that format's file.
//! 8. What the API sends is untrusted: bounded in size and time, and escaped wherever it lands.
//! 9. Nothing is dropped in silence: what is skipped, unknown or unreadable is counted and named in the report.

pub mod api;
pub mod audit;
pub mod bounded;
pub mod bundle;
pub mod check;
pub mod cli;
pub mod clock;
pub mod collect;
pub mod config;
mod context;
mod earlier;
pub mod error;
pub mod init;
pub mod interrupt;
pub mod inventory;
pub mod memory;
pub mod progress;
pub mod publish;
pub mod report;
pub mod review;
mod table;
pub mod text;
mod workspaces;

pub use context::RunContext;

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use audit::{Audit, Finding, Judged, Run};
use bundle::{InOrder, ReadPolicy};
use chrono::{DateTime, Utc};
use clock::ClockCheck;
use config::Config;
use earlier::Earlier;
use error::Error;
use interrupt::Interrupt;
use inventory::{Inventory, Workspace};
use progress::Progress;
use publish::{Evidence, OutputDirectory, PublishError, Retention};
use workspaces::{Read, read};

/// A bundle that is in place.
#[derive(Debug)]
pub struct Published {
    /// What it says.
    pub audit: Audit,
    /// Where it is.
    pub bundle: PathBuf,
    fail_on: Vec<Finding>,
}

impl Published {
    /// The exit code. Findings of an incomplete audit are not to be acted on, so incompleteness goes first.
    pub fn exit_code(&self) -> u8 {
        let found = self.fail_on.iter().any(|finding| self.audit.has(*finding));
        match (self.audit.is_complete(), found) {
            (false, _) => 3,
            (true, true) => 10,
            (true, false) => 0,
        }
    }
}

/// The whole job, and what a monitoring system is told of it.
///
/// # Errors
/// Where nothing was published.
pub async fn run(
    config: Config,
    context: &RunContext,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Published, Error> {
    let started_at = context.now();
    let (output, metrics_file) = (config.out.clone(), config.metrics_file.clone());
    let ended = read_judge_publish(config, started_at, context, progress, interrupt).await;
    // Whatever else went wrong then, such as a wait that it cut short.
    let ended = match (ended, interrupt.signal()) {
        (Err(_), Some(signal)) => Err(Error::Interrupted(signal)),
        (ended, _) => ended,
    };
    match (&ended, &metrics_file) {
        // With these nothing ran, or another run tells of itself.
        (Err(error), Some(path)) if !matches!(error.exit_code(), 2 | 7) => {
            say_of_metrics(publish::write_failure(path, &output, started_at, context.now()), path);
        }
        _ => {}
    }
    ended
}

fn say_of_metrics(written: io::Result<()>, path: &Path) {
    if let Err(error) = written {
        tracing::error!("the metrics cannot be written to {}: {error}", path.display());
    }
}

/// The pipeline: what it needs is opened, everything is read, and the rest is done of that.
async fn read_judge_publish(
    config: Config,
    started_at: DateTime<Utc>,
    context: &RunContext,
    progress: &Progress,
    interrupt: &Interrupt,
) -> Result<Published, Error> {
    let directory = OutputDirectory::open(&config.out)?;
    let run_id = directory.run_id(started_at)?;
    let pause = context.pause;
    let there = bundle::to_build_on(&config.out, &ReadPolicy::new(pause, config.bundle_files, interrupt))
        .map_err(PublishError::read(&config.out, context.user.as_deref()))?;
    let there = Arc::new(there);

    let (before, longest, interrupted) = (Arc::clone(&there), config.bundle_files, interrupt.clone());
    let look_back = Arc::new(move |workspace: &Workspace| {
        let seen = earlier::last_seen(&before, workspace, &ReadPolicy::new(pause, longest, &interrupted));
        seen.map(Option::unwrap_or_default)
    });
    let Read { inventory, traffic, clock } = tokio::select! {
        read = read(&config, context.clock, progress, look_back) => read?,
        signal = interrupt.raised() => return Err(Error::Interrupted(signal)),
    };
    if inventory.workspaces.is_empty() {
        return Err(Error::nothing_read(&inventory.failed));
    }

    let tool_version = context.tool_version.clone();
    let run = Run { id: run_id, started_at, finished_at: context.now(), tool_version, clock };
    if clock == ClockCheck::NotChecked {
        tracing::info!("clock {}", clock.in_words());
    }
    let evidence = Evidence {
        host: context.host.clone(),
        user: context.user.clone(),
        git_commit: context.git_commit.clone(),
        configuration_sha256: config.sha256(),
        traffic,
    };
    // Reading, rendering and fsync block; signals are heard meanwhile.
    let heeded = interrupt.clone();
    let publishing = tokio::task::spawn_blocking(move || {
        let read_policy = ReadPolicy::new(pause, config.bundle_files, &heeded);
        judge_and_publish(inventory, run, &config, &evidence, &there, directory, &read_policy)
    });
    tokio::select! {
        published = publishing => published.map_err(|panic| Error::Bug(panic.to_string()))?,
        // It can put no bundle in place any more, so that it may be left behind.
        signal = interrupt.outlasted() => Err(Error::Interrupted(signal)),
    }
}

/// Judges what was read, concludes with what was before and the waivers, and publishes.
fn judge_and_publish(
    inventory: Inventory,
    run: Run,
    config: &Config,
    evidence: &Evidence,
    there: &InOrder,
    directory: OutputDirectory,
    read_policy: &ReadPolicy,
) -> Result<Published, Error> {
    let judged = Judged::of(inventory, run, config.parameters());
    let Earlier { history, changes, is_any_passed_over } =
        earlier::load_previous(there, &judged, read_policy)
            .map_err(PublishError::read(&config.out, evidence.user.as_deref()))?;
    // What can't be read now may be what the next audit builds on.
    let retention = match config.retention {
        limited if is_any_passed_over && limited != Retention::All => {
            tracing::warn!("no bundle is removed tonight, as an earlier one was passed over");
            Retention::All
        }
        retention => retention,
    };
    let audit = judged.conclude(history, changes, config.policy.waivers.clone().unwrap_or_default());
    if audit.workspaces.is_empty() {
        return Err(Error::nothing_read(&audit.failed));
    }
    let in_place =
        publish::publish(&audit, &config.formats, evidence, retention, there, directory, read_policy)?;
    // Before what may be held up, and is the next night's as well.
    if let Some(path) = &config.metrics_file {
        say_of_metrics(publish::write_metrics(&audit, path), path);
    }
    let bundle = in_place.prune(read_policy.interrupt());
    Ok(Published { audit, bundle, fail_on: config.policy.fail_on.clone() })
}
