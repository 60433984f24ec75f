//! The configuration file as it stands on disk. Every setting is optional here; unknown ones are errors.

use std::path::Path;

use serde::{Deserialize, de::DeserializeOwned};

use super::{address::Region, error::ConfigError, misplaced::KnownKeys};
use crate::{
    audit::{Finding, Redaction},
    bundle::Format,
};

/// The whole file.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ConfigFile {
    pub(super) workspace: Vec<WorkspaceTable>,
    pub(super) audit: AuditTable,
    pub(super) http: HttpTable,
    pub(super) report: ReportTable,
    pub(super) policy: PolicyTable,
    pub(super) waiver: Vec<WaiverTable>,
}

/// `[[workspace]]`
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WorkspaceTable {
    pub(super) name: String,
    pub(super) api_key_env: Option<String>,
    pub(super) api_key_file: Option<std::path::PathBuf>,
    pub(super) region: Option<Region>,
    pub(super) base_url: Option<String>,
}

/// `[audit]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct AuditTable {
    pub(super) page_size: Option<u32>,
    pub(super) dependency_limit: Option<u32>,
    pub(super) max_dependency_limit: Option<u32>,
    pub(super) search: Option<String>,
    /// A word; a message of `audit` says which, where it is another.
    pub(super) deep: Option<toml::Value>,
    pub(super) archived_branches: Option<toml::Value>,
    pub(super) partial_view: Option<toml::Value>,
    pub(super) allow_empty: Option<bool>,
    pub(super) environment_variables: Option<bool>,
    pub(super) speech_engines: Option<bool>,
    pub(super) mcp_servers: Option<bool>,
    pub(super) settings: Option<bool>,
    pub(super) population_drop: Option<toml::Value>,
    pub(super) max_memory_mib: Option<usize>,
}

/// `[http]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct HttpTable {
    pub(super) concurrency: Option<usize>,
    pub(super) concurrency_total: Option<usize>,
    pub(super) attempts: Option<u32>,
    pub(super) retry_budget: Option<u32>,
    pub(super) first_backoff_seconds: Option<f64>,
    pub(super) longest_backoff_seconds: Option<f64>,
    pub(super) longest_retry_after_seconds: Option<f64>,
    pub(super) connect_timeout_seconds: Option<f64>,
    pub(super) idle_timeout_seconds: Option<f64>,
    pub(super) attempt_timeout_seconds: Option<f64>,
    pub(super) run_timeout_seconds: Option<f64>,
    pub(super) max_body_bytes: Option<usize>,
    pub(super) max_pages: Option<u32>,
    pub(super) allow_plain_http: Option<bool>,
}

/// `[report]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct ReportTable {
    pub(super) dir: Option<std::path::PathBuf>,
    pub(super) formats: Option<Vec<Format>>,
    pub(super) csv_delimiter: Option<char>,
    pub(super) csv_byte_order_mark: Option<bool>,
    pub(super) csv_formula_escaping: Option<bool>,
    pub(super) list_length: Option<usize>,
    pub(super) redact: Option<Vec<Redaction>>,
    pub(super) metrics_file: Option<std::path::PathBuf>,
    pub(super) keep: Option<usize>,
    pub(super) keep_days: Option<u32>,
    pub(super) max_bundle_file_mib: Option<u32>,
}

/// `[policy]`
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyTable {
    pub(super) unused_after_days: Option<u32>,
    pub(super) fail_on: Option<Vec<Finding>>,
    pub(super) waivers: Option<std::path::PathBuf>,
}

/// `[[waiver]]`. What is needed is asked for later, by a message that says whose it is.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WaiverTable {
    pub(super) secret_id: Option<String>,
    pub(super) workspace: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) owner: Option<String>,
    pub(super) expires: Option<DateText>,
}

/// A date, as TOML has it or in quotes.
#[derive(Debug, Deserialize)]
#[serde(untagged, expecting = "expected a date such as 2027-03-31")]
pub(super) enum DateText {
    /// `2027-03-31`
    Date(toml::value::Datetime),
    /// `"2027-03-31"`
    Text(String),
}

impl std::fmt::Display for DateText {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Date(date) => date.fmt(formatter),
            Self::Text(text) => text.fmt(formatter),
        }
    }
}

impl ConfigFile {
    /// Reads the text of the file at `path`.
    pub(super) fn parse(text: &str, path: &Path, known: &KnownKeys) -> Result<Self, ConfigError> {
        parse_toml(text, known).map_err(|problem| ConfigError::new(format!("{}: {problem}", path.display())))
    }
}

/// Reads TOML; a problem names the line and the key. A key for the API in it is a problem, and not shown.
pub(super) fn parse_toml<T: DeserializeOwned>(text: &str, known: &KnownKeys) -> Result<T, String> {
    known.refuse_in_toml(text)?;
    toml::from_str(text).map_err(|error| {
        let line =
            error.span().map(|span| text.get(..span.start).unwrap_or_default().matches('\n').count() + 1);
        let message = error.message().replace('\n', " ");
        match line {
            Some(line) => {
                let text = text.lines().nth(line - 1).unwrap_or_default();
                format!("line {line}: {}", known.without_keys(in_words(text, &message)))
            }
            None => known.without_keys(message),
        }
    })
}

/// A problem of the parser's with the value on a line, in words that need no knowledge of types.
fn in_words(line: &str, message: &str) -> String {
    let named = line.split_once('=').map(|(key, _)| key.trim()).filter(|key| !key.is_empty());
    let what = named.unwrap_or("a value");
    if message == "wanted string or table" {
        return format!("{what} must be a word in quotes");
    }
    let problem = message.strip_prefix("invalid type: ").or(message.strip_prefix("invalid value: "));
    let Some((found, expected)) = problem.and_then(|problem| problem.rsplit_once(", expected ")) else {
        return message.to_owned();
    };
    let table = line.trim().trim_matches(['[', ']']);
    if found == "map" && expected == "a sequence" && named.is_none() {
        return format!("[{table}] may stand several times: write [[{table}]], in two brackets");
    }
    let expected = match expected {
        "u32" => "a whole number from 0 to 4294967295, without quotes",
        "usize" => "a whole number, without quotes",
        "f64" => "a number, without quotes",
        "a boolean" => "true or false, without quotes",
        "a sequence" => "a list in brackets, such as [\"…\", \"…\"]",
        "a string" | "path string" => "a text in quotes",
        "a character" => "a single character in quotes",
        table if table.starts_with("struct ") => {
            "a table: a line with its name in brackets, and settings below it"
        }
        other => other,
    };
    let found = match found.split_once(' ') {
        Some(("string", text)) => format!("the text {text}"),
        Some((_, value)) => value.trim_start_matches("point ").trim_matches('`').to_owned(),
        None if found == "map" => "a table".to_owned(),
        None if found == "sequence" => "a list".to_owned(),
        None => found.to_owned(),
    };
    format!("{what} is {found}; it must be {expected}")
}
