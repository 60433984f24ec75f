//! Log lines: which there are, and each on one line of standard error on which nothing is hidden.

use std::io::{self, Write};

use anstream::ColorChoice;
use elevenlabs_secrets_audit::{
    cli::{LogFormat, OutputArgs},
    text::{is_hidden, show_hidden},
};
use indicatif::ProgressBar;
use tracing::Level;
use tracing_subscriber::{
    Layer, filter::Targets, fmt::MakeWriter, layer::SubscriberExt, util::SubscriberInitExt,
};

use super::{color_choice, hide};

/// Of the lines that say why an audit is incomplete, which nobody is spared.
pub(super) const GAPS: &str = concat!(env!("CARGO_CRATE_NAME"), "::gaps");

/// Where it is said what of earlier bundles can't be read, followed or removed: that costs evidence, so nobody is spared it either.
const OF_BUNDLES: [&str; 3] = [
    concat!(env!("CARGO_CRATE_NAME"), "::bundle"),
    concat!(env!("CARGO_CRATE_NAME"), "::earlier"),
    concat!(env!("CARGO_CRATE_NAME"), "::publish"),
];

/// Starts logging, in the form and as much as was asked for, above the live line.
pub(super) fn start(output: &OutputArgs, line: &ProgressBar) {
    let level = match (output.quiet, output.verbose) {
        (true, _) => Level::ERROR,
        // The live line says how it goes; without it, log lines do.
        (false, 0) if line.is_hidden() => Level::INFO,
        (false, 0) => Level::WARN,
        (false, 1) => Level::DEBUG,
        (false, _) => Level::TRACE,
    };
    // Of this program only: what its libraries log is no message to users.
    let always = OF_BUNDLES.into_iter().chain([GAPS]).map(|target| (target, level.max(Level::WARN)));
    let ours = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level).with_targets(always);
    let layer = tracing_subscriber::fmt::layer()
        .with_target(false)
        .with_ansi(color_choice(output, &io::stderr()) != ColorChoice::Never)
        .with_writer(Above { line: line.clone(), format: output.log_format });
    let lines = tracing_subscriber::registry();
    // Only a second call in one process can fail here, and there is none.
    let _ = match output.log_format {
        LogFormat::Text => lines.with(layer.with_filter(ours)).try_init(),
        LogFormat::Json => lines.with(layer.json().with_filter(ours)).try_init(),
    };
}

/// Standard error above the live line. Where it can't be written to, the run goes on without it: an audit is worth
/// more than its log.
#[derive(Clone)]
struct Above {
    line: ProgressBar,
    format: LogFormat,
}

impl Write for Above {
    /// Writes one event, which is what the formatter hands over at once.
    fn write(&mut self, event: &[u8]) -> io::Result<usize> {
        let shown = on_one_line(&hide(&String::from_utf8_lossy(event)), self.format);
        let _ = self.line.suspend(|| io::stderr().write_all(shown.as_bytes()));
        Ok(event.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = io::stderr().flush();
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Above {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

/// An event on one line, on which nothing is hidden, whatever it quotes.
fn on_one_line(event: &str, format: LogFormat) -> String {
    let event = event.strip_suffix('\n').unwrap_or(event);
    let mut line = match format {
        // Only our own colours have an ESC left: the formatter shows those of what it quotes.
        LogFormat::Text => show_hidden(event, &['\u{1b}']).into_owned(),
        LogFormat::Json => escape_hidden_as_json(event),
    };
    line.push('\n');
    line
}

/// By JSON's own escapes, so that who reads it gets what it was.
pub(super) fn escape_hidden_as_json(event: &str) -> String {
    let mut escaped = String::with_capacity(event.len() + 1);
    for character in event.chars() {
        if is_hidden(character) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                escaped.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            escaped.push(character);
        }
    }
    escaped
}
