//! What the binary says: the log, the live line below it, and what goes to standard output. Where the result is elsewhere,
//! in files or in the exit code, what can't be said there is let go.

mod fold;
mod log;

pub(crate) use fold::Folded;

use std::{
    backtrace::{Backtrace, BacktraceStatus},
    borrow::Cow,
    io::{self, IsTerminal, Write},
    sync::{Arc, OnceLock},
    time::Duration,
};

use anstream::{AutoStream, ColorChoice};
use elevenlabs_secrets_audit::{
    Published,
    api::Mask,
    check::Checkup,
    cli::{Color, LogFormat, OutputArgs},
    error::{Error, NOTHING_PUBLISHED},
    progress::{Progress, Stage, Totals, WorkspaceProgress},
    report::{self, GapLine},
    text::show_hidden,
};
use indicatif::{ProgressBar, ProgressStyle};

/// How many workspaces have a live line of their own.
const MOST_LIVE_LINES: usize = 8;

/// Standard error: log lines, and on a terminal a live line below them.
pub(crate) struct Screen {
    line: ProgressBar,
    updating: Option<tokio::task::JoinHandle<()>>,
}

impl Screen {
    /// Starts logging, and the live line where standard error is a terminal.
    pub(crate) fn start(output: &OutputArgs, progress: &Arc<Progress>) -> Self {
        let live = io::stderr().is_terminal() && !output.quiet && output.log_format == LogFormat::Text;
        let line = if live { ProgressBar::new_spinner() } else { ProgressBar::hidden() };
        log::start(output, &line);
        let updating = live.then(|| {
            // The template is fixed; were it wrong, the default style would show.
            if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} ({elapsed})") {
                line.set_style(style);
            }
            let (line, progress) = (line.clone(), Arc::clone(progress));
            tokio::spawn(async move {
                let mut ticks = tokio::time::interval(Duration::from_millis(100));
                loop {
                    ticks.tick().await;
                    line.set_message(live_lines(&progress.workspaces()));
                    line.tick();
                }
            })
        });
        Self { line, updating }
    }

    /// Takes the live line away.
    pub(crate) fn clear(&self) {
        if let Some(updating) = &self.updating {
            updating.abort();
        }
        self.line.finish_and_clear();
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.clear();
    }
}

/// How far the run is: in all, and of several workspaces those that are being read, each.
fn live_lines(workspaces: &[Arc<WorkspaceProgress>]) -> String {
    let totals: Totals = workspaces.iter().map(|workspace| workspace.totals()).sum();
    let mut lines = in_words(totals);
    if workspaces.len() < 2 {
        return lines;
    }
    let at = |stage: Stage| workspaces.iter().filter(move |workspace| workspace.stage() == stage);
    let read = at(Stage::Read).count();
    lines.push_str(&format!(", {read} of {} workspaces read", workspaces.len()));
    for (stage, what) in [(Stage::Failed, "failed"), (Stage::Waiting, "not begun")] {
        match at(stage).count() {
            0 => {}
            number => lines.push_str(&format!(", {number} {what}")),
        }
    }
    for workspace in at(Stage::Reading).take(MOST_LIVE_LINES) {
        let name = show_hidden(workspace.name(), &[]);
        lines.push_str(&format!("\n  {name}: {}", in_words(workspace.totals())));
    }
    let more = at(Stage::Reading).count().saturating_sub(MOST_LIVE_LINES);
    if more > 0 {
        lines.push_str(&format!("\n  and {more} more"));
    }
    lines
}

fn in_words(totals: Totals) -> String {
    let Totals { secrets, dependents, requests, in_flight, retries } = totals;
    format!(
        "{secrets} secrets, {dependents} dependents, {requests} requests, {in_flight} in flight, {retries} retries"
    )
}

fn color_choice(output: &OutputArgs, stream: &impl anstream::stream::RawStream) -> ColorChoice {
    match output.color {
        // Decides by the terminal, NO_COLOR and the like.
        Color::Auto => AutoStream::choice(stream),
        Color::Always => ColorChoice::Always,
        Color::Never => ColorChoice::Never,
    }
}

fn stdout(output: &OutputArgs) -> impl Write {
    let stdout = io::stdout();
    let choice = color_choice(output, &stdout);
    AutoStream::new(stdout, choice)
}

/// The same for what people read.
fn text(output: &OutputArgs) -> impl Write {
    Folded::new(stdout(output), io::stdout())
}

/// Says what was published.
pub(crate) fn say_summary(published: &Published, output: &OutputArgs) {
    if !output.quiet {
        let place = published.bundle.display().to_string();
        let _ = report::summary(&published.audit, &place, text(output));
    }
}

/// Says what somebody who is there may want to know, and who isn't can do without.
pub(crate) fn say(output: &OutputArgs, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) {
    if !output.quiet {
        // As with the summary: who closes standard output doesn't want it.
        let _ = write(&mut text(output));
    }
}

/// Gives what was asked for, and is nowhere else: half of it is not to pass for the whole.
///
/// # Errors
/// Where it can't be written. (Who stops reading has read enough.)
pub(crate) fn answer(
    output: &OutputArgs,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Error> {
    if output.quiet {
        return Ok(());
    }
    let mut stdout = stdout(output);
    match write(&mut stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written.map_err(Error::Answer),
    }
}

/// Says why nothing was published, in the form of the log lines. (Where arguments are wrong there is no log yet.)
pub(crate) fn say_error(error: &Error, log_format: LogFormat) {
    let failed = error.failed_workspaces();
    for failed in failed.iter().take(MOST_NAMED) {
        say_line(Some(&failed.name), &failed.error, error.exit_code(), log_format);
    }
    let last = match (failed.len(), failed.len().saturating_sub(MOST_NAMED)) {
        (0, _) => error.to_string(),
        (_, 0) => NOTHING_PUBLISHED.to_owned(),
        (_, more) => format!("and {more} more workspaces; {NOTHING_PUBLISHED}"),
    };
    say_line(None, &last, error.exit_code(), log_format);
}

/// Says what keeps an audit from ending with 0, and nothing else.
pub(crate) fn say_failures(checkup: &Checkup, log_format: LogFormat) {
    let failures: Vec<_> = checkup.failures().collect();
    for (workspace, words) in failures.iter().take(MOST_NAMED) {
        say_line(*workspace, words, checkup.exit_code(), log_format);
    }
    let more = failures.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        say_line(None, &format!("and {more} more"), checkup.exit_code(), log_format);
    }
}

/// What keeps keys out of all that is said, once it is known which there are.
static MASK: OnceLock<Arc<Mask>> = OnceLock::new();

/// Keeps these keys out of all that is said on standard error from now on. What comes from the network has none already: this
/// is for parts of them, and for what nobody thought of.
pub(crate) fn hide_keys(mask: &Arc<Mask>) {
    // The first is the only one.
    let _ = MASK.set(Arc::clone(mask));
}

fn hide(text: &str) -> Cow<'_, str> {
    MASK.get().map_or(Cow::Borrowed(text), |mask| mask.hide(text))
}

/// Has panics said here, as what they quote may hold a key.
pub(crate) fn say_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let trace = Backtrace::capture();
        let trace = match trace.status() {
            BacktraceStatus::Captured => format!("\n{trace}"),
            _ => String::new(),
        };
        let said = format!("{panic}{trace}");
        let _ = writeln!(io::stderr(), "{}", show_hidden(&hide(&said), &['\n']));
    }));
}

/// Says what is wrong with the arguments. (There is no log yet.)
pub(crate) fn say_usage(what: &str) {
    let _ = writeln!(io::stderr(), "error: {}", show_hidden(what, &[]));
}

fn say_line(workspace: Option<&str>, message: &str, code: u8, log_format: LogFormat) {
    let message = &*hide(message);
    let line = match log_format {
        LogFormat::Text => {
            let whose = workspace.map(|name| format!("workspace {name}: ")).unwrap_or_default();
            format!("error: {}", show_hidden(&format!("{whose}{message}"), &[]))
        }
        LogFormat::Json => {
            let mut fields = serde_json::json!({ "message": message, "code": code });
            if let Some(workspace) = workspace {
                fields["workspace"] = workspace.into();
            }
            let timestamp = report::timestamp(chrono::Utc::now());
            let event = serde_json::json!({ "timestamp": timestamp, "level": "ERROR", "fields": fields });
            log::escape_hidden_as_json(&event.to_string())
        }
    };
    let _ = writeln!(io::stderr(), "{line}");
}

/// How many workspaces or gaps are named before the rest is only counted.
const MOST_NAMED: usize = 20;

/// Logs why an audit is incomplete or its times can't be relied on, also for who wants it quiet: this is what the mail of a
/// night and the journal hold.
pub(crate) fn log_gaps(published: &Published) {
    let code = published.exit_code();
    let (of_all, gaps): (Vec<_>, Vec<_>) =
        report::gaps(&published.audit).into_iter().partition(|line| line.workspace.is_empty());
    for GapLine { words, .. } in of_all {
        tracing::warn!(target: log::GAPS, code, "{words}");
    }
    if published.audit.is_complete() {
        return;
    }
    let place = published.bundle.display();
    tracing::warn!(target: log::GAPS, code, "published, but INCOMPLETE; act on nothing until this is mended:");
    for GapLine { workspace, words } in gaps.iter().take(MOST_NAMED) {
        tracing::warn!(target: log::GAPS, workspace, code, "{words}");
    }
    let more = gaps.len().saturating_sub(MOST_NAMED);
    if more > 0 {
        tracing::warn!(target: log::GAPS, code, "and {more} more, named in {place}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_live_line_shows_each_workspace_that_is_being_read_and_counts_the_others() {
        let progress = Progress::default();
        let alone = progress.workspace("alone");
        alone.add_secrets(2);
        let counts = "2 secrets, 0 dependents, 0 requests, 0 in flight, 0 retries";
        assert_eq!(live_lines(&progress.workspaces()), counts);
        alone.reaches(Stage::Read);
        progress.workspace("not begun");
        progress.workspace("failed").reaches(Stage::Failed);
        let reading = progress.workspace("\u{1b}[2Jreading");
        reading.add_dependents(3);
        let in_flight = reading.request(true);
        let shown = live_lines(&progress.workspaces());
        assert_eq!(
            shown.lines().collect::<Vec<_>>(),
            [
                "2 secrets, 3 dependents, 1 requests, 1 in flight, 1 retries, 1 of 4 workspaces read, 1 failed, 1 not begun",
                "  \\u{1b}[2Jreading: 0 secrets, 3 dependents, 1 requests, 1 in flight, 1 retries",
            ]
        );
        drop(in_flight);
        for number in 0..MOST_LIVE_LINES {
            drop(progress.workspace(&number.to_string()).request(false));
        }
        let shown = live_lines(&progress.workspaces());
        assert_eq!(shown.lines().count(), 1 + MOST_LIVE_LINES + 1);
        assert_eq!(shown.lines().last(), Some("  and 1 more"));
    }
}
