//! File, environment and flags → one [`Config`], validated, in which nothing is left to guess about.
//!
//! Precedence: flag, environment, file, default. What came from where is kept for `check` to show.

mod address;
mod file;
mod key;
mod settings;
mod workspace;

pub use address::Region;
pub use settings::{Origin, Setting};

use std::{
    ffi::OsString,
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    time::Duration,
};

use secrecy::SecretString;
use url::Url;

use crate::{
    api::{ClientOptions, RetryPolicy},
    audit::Rendering,
    cli::AuditArgs,
    collect::CollectOptions,
    inventory::Source,
    report::Format,
};
use file::{AuditTable, ConfigFile, HttpTable};
use settings::Settings;
use workspace::WorkspaceResolver;

/// Something in the configuration that has to be mended, and how.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// The environment variables, passed in so that a test has its own.
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl<'a> Environment<'a> {
    /// Variables as `get` gives them.
    pub fn new(get: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(get)
    }

    /// The value of a variable; an empty one counts as none.
    fn get(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = (self.0)(variable) else { return Ok(None) };
        match value.into_string() {
            Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
            Err(_) => Err(ConfigError::new(format!(
                "the variable {variable} is not UTF-8; set it anew or unset it"
            ))),
        }
    }
}

/// A finding that a caller wants to be told of by exit code 10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum FailOn {
    /// An unused secret.
    Unused,
}

/// What a workspace that shows suspiciously few secrets leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnPopulationDrop {
    /// The reports say so on their first page.
    Warn,
    /// The workspace counts as not readable.
    Fail,
}

impl Display for OnPopulationDrop {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Warn => "warn",
            Self::Fail => "fail",
        })
    }
}

/// Everything that a run needs to know.
#[derive(Debug)]
pub struct Config {
    /// What to audit.
    pub target: Target,
    /// What is asked of each workspace.
    pub collect: CollectOptions,
    /// What suspiciously few secrets lead to.
    pub on_population_drop: OnPopulationDrop,
    /// How it is asked.
    pub http: HttpOptions,
    /// Where bundles go.
    pub out: PathBuf,
    /// The reports to write.
    pub formats: Vec<Format>,
    /// How they are written.
    pub rendering: Rendering,
    /// The findings that end with code 10.
    pub fail_on: Vec<FailOn>,
    /// Every setting with its value and where that came from.
    pub settings: Vec<Setting>,
}

/// What to audit.
#[derive(Debug)]
pub enum Target {
    /// Real workspaces, at least one.
    Workspaces(Vec<WorkspaceConfig>),
    /// The simulated workspace inside this program.
    Demo(Demo),
}

/// Which night the simulated workspace has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Demo {
    /// One on which everything can be read.
    Complete,
    /// One on which the key may not read speech engines.
    Degraded,
}

/// One workspace and how to reach it.
#[derive(Debug)]
pub struct WorkspaceConfig {
    /// The name that reports give it.
    pub name: String,
    /// The address of the API.
    pub base_url: Url,
    /// The key.
    pub api_key: SecretString,
}

/// How workspaces are asked.
#[derive(Clone, Debug)]
pub struct HttpOptions {
    /// Requests in flight at once for each workspace.
    pub concurrency: usize,
    /// When to ask again.
    pub retry: RetryPolicy,
    /// The most retries in a run, all workspaces together.
    pub retry_budget: u32,
    /// The longest time to open a connection.
    pub connect_timeout: Duration,
    /// The longest silence while an answer comes.
    pub idle_timeout: Duration,
    /// The longest time for one attempt.
    pub attempt_timeout: Duration,
    /// The longest time to read all workspaces.
    pub run_timeout: Duration,
    /// The largest body, in bytes after decompression.
    pub max_body: usize,
    /// The most pages in one walk.
    pub max_pages: u32,
}

impl HttpOptions {
    /// What a client for one workspace needs.
    #[must_use]
    pub fn client_options(&self, base_url: Url, api_key: SecretString) -> ClientOptions {
        ClientOptions {
            // What is meant for this machine may be plain http, so it must not leave it by way of a proxy.
            use_proxy: !address::is_loopback(&base_url),
            base_url,
            api_key,
            concurrency: self.concurrency,
            retry: self.retry,
            connect_timeout: self.connect_timeout,
            idle_timeout: self.idle_timeout,
            attempt_timeout: self.attempt_timeout,
            max_body: self.max_body,
            max_pages: self.max_pages,
        }
    }
}

impl Config {
    /// Resolves what was typed, what the environment holds and what the file says.
    ///
    /// # Errors
    /// Where anything is missing, contradictory or out of bounds.
    pub fn resolve(arguments: AuditArgs, environment: &Environment) -> Result<Self, ConfigError> {
        let (file, beside) = match &arguments.config {
            Some(path) => (ConfigFile::read(path)?, path.parent().unwrap_or(Path::new("")).to_owned()),
            None => (ConfigFile::default(), PathBuf::new()),
        };
        #[cfg(feature = "simulator")]
        let demo = arguments.demo;
        #[cfg(not(feature = "simulator"))]
        let demo: Option<Demo> = None;

        let mut settings = Settings::default();
        let allow_plain_http = file.http.allow_plain_http;
        let allow_plain_http = settings.pick("[http] allow_plain_http", None, allow_plain_http, false);
        let target = if let Some(demo) = demo {
            Target::Demo(demo)
        } else {
            let resolver = WorkspaceResolver {
                flag: address_flag(&arguments),
                environment,
                beside: &beside,
                allow_plain_http,
            };
            Target::Workspaces(resolver.resolve(file.workspace, &mut settings)?)
        };

        let limits = 1..=100;
        let page_size = settings.pick("[audit] page_size", None, file.audit.page_size, 100);
        let dependency_limit = settings.pick(
            "[audit] dependency_limit",
            flag("--dependency-limit", arguments.dependency_limit),
            file.audit.dependency_limit,
            20,
        );
        let max_dependency_limit = settings.pick(
            "[audit] max_dependency_limit",
            flag("--max-dependency-limit", arguments.max_dependency_limit),
            file.audit.max_dependency_limit,
            100,
        );
        in_bounds("[audit] page_size", page_size, limits.clone())?;
        in_bounds("[audit] dependency_limit", dependency_limit, limits.clone())?;
        in_bounds("[audit] max_dependency_limit", max_dependency_limit, limits)?;
        if max_dependency_limit < dependency_limit {
            return Err(ConfigError::new(format!(
                "[audit] max_dependency_limit ({max_dependency_limit}) is below dependency_limit ({dependency_limit})"
            )));
        }
        let search = settings.pick(
            "[audit] search",
            flag("--search", arguments.search),
            file.audit.search.clone(),
            String::new(),
        );
        let deep_flag = Some(("--deep", true)).filter(|_| arguments.deep);
        let deep = settings.pick("[audit] deep", deep_flag, file.audit.deep, false);
        let switched_off = switched_off(&file.audit, &mut settings);
        let on_population_drop = settings.pick(
            "[audit] population_drop",
            None,
            file.audit.population_drop,
            OnPopulationDrop::Warn,
        );
        let collect =
            CollectOptions { page_size, dependency_limit, max_dependency_limit, search, deep, switched_off };

        let http = http_options(&file.http, arguments.concurrency, &mut settings)?;

        let default_out = PathBuf::from(if demo.is_some() { "reports/demo" } else { "reports" });
        let dir_in_file = file.report.dir.filter(|_| demo.is_none()).map(|dir| beside.join(dir));
        let out = settings.pick_with(
            "[report] dir",
            flag("--out", arguments.out),
            dir_in_file,
            default_out,
            |path| path.display().to_string(),
        );
        let formats = settings.pick_with(
            "[report] formats",
            flag("--format", arguments.format),
            file.report.formats,
            vec![Format::Csv, Format::Markdown],
            |formats| {
                use clap::ValueEnum;
                let names = formats
                    .iter()
                    .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()));
                names.collect::<Vec<_>>().join(",")
            },
        );
        let rendering = Rendering {
            csv_delimiter: settings.pick("[report] csv_delimiter", None, file.report.csv_delimiter, ','),
            csv_byte_order_mark: settings.pick(
                "[report] csv_byte_order_mark",
                None,
                file.report.csv_byte_order_mark,
                false,
            ),
            csv_formula_escaping: settings.pick(
                "[report] csv_formula_escaping",
                None,
                file.report.csv_formula_escaping,
                true,
            ),
            list_length: settings.pick("[report] list_length", None, file.report.list_length, 250),
        };
        if !matches!(rendering.csv_delimiter, ',' | ';' | '\t' | '|') {
            return Err(ConfigError::new(
                "[report] csv_delimiter must be a comma, a semicolon, a tab or a vertical bar".to_owned(),
            ));
        }
        let Settings(settings) = settings;
        Ok(Self {
            target,
            collect,
            on_population_drop,
            http,
            out,
            formats,
            rendering,
            fail_on: arguments.fail_on,
            settings,
        })
    }
}

/// The places that the operator doesn't want scanned.
fn switched_off(file: &AuditTable, settings: &mut Settings) -> Vec<Source> {
    [
        (Source::EnvironmentVariables, file.environment_variables),
        (Source::SpeechEngines, file.speech_engines),
        (Source::McpServers, file.mcp_servers),
        (Source::Settings, file.settings),
    ]
    .into_iter()
    .filter_map(|(source, in_file)| {
        let is_on = settings.pick(&format!("[audit] {}", source.as_str()), None, in_file, true);
        (!is_on).then_some(source)
    })
    .collect()
}

fn http_options(
    file: &HttpTable,
    concurrency: Option<usize>,
    settings: &mut Settings,
) -> Result<HttpOptions, ConfigError> {
    let concurrency =
        settings.pick("[http] concurrency", flag("--concurrency", concurrency), file.concurrency, 4);
    in_bounds("[http] concurrency", concurrency, 1..=64)?;
    let attempts = settings.pick("[http] attempts", None, file.attempts, 5);
    in_bounds("[http] attempts", attempts, 1..=20)?;
    let retry_budget = settings.pick("[http] retry_budget", None, file.retry_budget, 500);
    let mut seconds = |name: &str, in_file: Option<f64>, default: f64, least: f64| {
        let value = settings.pick(name, None, in_file, default);
        in_bounds(name, value, least..=86_400.0)?;
        Ok(Duration::from_secs_f64(value))
    };
    const A_MILLISECOND: f64 = 0.001;
    let retry = RetryPolicy {
        attempts,
        first_backoff: seconds("[http] first_backoff_seconds", file.first_backoff_seconds, 1.0, 0.0)?,
        longest_backoff: seconds("[http] longest_backoff_seconds", file.longest_backoff_seconds, 20.0, 0.0)?,
        longest_retry_after: seconds(
            "[http] longest_retry_after_seconds",
            file.longest_retry_after_seconds,
            900.0,
            0.0,
        )?,
    };
    let connect_timeout =
        seconds("[http] connect_timeout_seconds", file.connect_timeout_seconds, 10.0, A_MILLISECOND)?;
    let idle_timeout =
        seconds("[http] idle_timeout_seconds", file.idle_timeout_seconds, 30.0, A_MILLISECOND)?;
    let attempt_timeout =
        seconds("[http] attempt_timeout_seconds", file.attempt_timeout_seconds, 60.0, A_MILLISECOND)?;
    let run_timeout = seconds("[http] run_timeout_seconds", file.run_timeout_seconds, 3600.0, A_MILLISECOND)?;
    let max_body = settings.pick("[http] max_body_bytes", None, file.max_body_bytes, 32 * 1024 * 1024);
    in_bounds("[http] max_body_bytes", max_body, 1024..=1024 * 1024 * 1024)?;
    let max_pages = settings.pick("[http] max_pages", None, file.max_pages, 10_000);
    in_bounds("[http] max_pages", max_pages, 1..=1_000_000)?;
    Ok(HttpOptions {
        concurrency,
        retry,
        retry_budget,
        connect_timeout,
        idle_timeout,
        attempt_timeout,
        run_timeout,
        max_body,
        max_pages,
    })
}

/// A value that was typed, with the flag that it was typed after.
fn flag<T>(name: &'static str, value: Option<T>) -> Option<(&'static str, T)> {
    value.map(|value| (name, value))
}

fn address_flag(arguments: &AuditArgs) -> Option<(&'static str, String)> {
    let region = arguments.region.map(|region| region.base_url().to_owned());
    flag("--base-url", arguments.base_url.clone()).or(flag("--region", region))
}

fn in_bounds<T: PartialOrd + Display>(
    name: &str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::new(format!("{name} is {value}; it must be {} to {}", bounds.start(), bounds.end())))
}
