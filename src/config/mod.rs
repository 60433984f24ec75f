//! File, environment and flags → one [`Config`], validated, in which nothing is left to guess about.
//!
//! Precedence: flag, environment, file, default. What came from where is kept for `check` to show.

mod address;
mod audit;
mod environment;
mod file;
mod http;
mod key;
mod policy;
mod report;
mod settings;
mod workspace;

pub use address::Region;
pub(crate) use address::checked_address;
pub use environment::Environment;
pub use http::HttpOptions;
pub(crate) use key::{is_variable_name, looks_like_a_key};
pub use policy::Policy;
pub use settings::{Origin, Setting};

use std::{
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
};

use secrecy::SecretString;
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    audit::{OnPopulationDrop, PartialView, Redaction, Rendering},
    bounded::{self, Bound},
    cli::AuditArgs,
    collect::CollectOptions,
    publish::Retention,
    report::Format,
    text::hexadecimal,
};
use audit::AuditOptions;
use file::ConfigFile;
use report::ReportOptions;
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

/// Everything that a run needs to know.
#[derive(Debug)]
pub struct Config {
    /// What to audit.
    pub target: Target,
    /// What is asked of each workspace.
    pub collect: CollectOptions,
    /// What suspiciously few secrets lead to.
    pub population_drop: OnPopulationDrop,
    /// What a view that is proven to be partial leads to.
    pub partial_view: PartialView,
    /// Whether a workspace without any secret is as it should be.
    pub allow_empty: bool,
    /// How it is asked.
    pub http: HttpOptions,
    /// Where bundles go.
    pub out: PathBuf,
    /// The reports to write.
    pub formats: Vec<Format>,
    /// How they are written.
    pub rendering: Rendering,
    /// What is made unreadable in them.
    pub redact: Vec<Redaction>,
    /// Where the metrics are written too, and also after a run that failed.
    pub metrics_file: Option<PathBuf>,
    /// Which earlier bundles are kept.
    pub retention: Retention,
    /// The bound of their files.
    pub bundle_files: Bound,
    /// What counts as a finding.
    pub policy: Policy,
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
    /// The one before, so that the next has changes to show.
    Earlier,
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

impl Config {
    /// Resolves what was typed, what the environment holds and what the file says.
    ///
    /// # Errors
    /// Where anything is missing, contradictory or out of bounds.
    pub fn resolve(arguments: AuditArgs, environment: &Environment) -> Result<Self, ConfigError> {
        let (file, beside) = match &arguments.config {
            Some(path) => {
                // A stream has nothing beside it: paths in it are those of whoever started the program.
                let beside = path.parent().filter(|_| !bounded::is_stream(path)).unwrap_or(Path::new(""));
                (ConfigFile::read(path)?, beside.to_owned())
            }
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

        let AuditOptions { collect, population_drop, partial_view, allow_empty } =
            AuditOptions::resolve(&file.audit, &arguments, &mut settings)?;
        let http = HttpOptions::resolve(&file.http, arguments.concurrency, environment, &mut settings)?;

        let report = ReportOptions::resolve(file.report, &arguments, demo.is_some(), &beside, &mut settings)?;
        let policy = Policy::resolve(
            file.policy,
            file.waiver,
            Some(arguments.fail_on).filter(|findings| !findings.is_empty()),
            arguments.no_waivers,
            &beside,
            &mut settings,
        )?;
        let are_heeded = match &target {
            // What is meant for this machine never goes to a proxy.
            Target::Workspaces(workspaces) => {
                workspaces.iter().any(|workspace| !address::is_loopback(&workspace.base_url))
            }
            Target::Demo(_) => false,
        };
        environment.note_network(are_heeded, &mut settings)?;
        let ReportOptions { out, formats, rendering, redact, metrics_file, retention, bundle_files } = report;
        let Settings(settings) = settings;
        Ok(Self {
            target,
            collect,
            population_drop,
            partial_view,
            allow_empty,
            http,
            out,
            formats,
            rendering,
            redact,
            metrics_file,
            retention,
            bundle_files,
            policy,
            settings,
        })
    }

    /// SHA-256 of the settings as `check` shows them, one `name = value` on each line, sorted. Keys are not among them.
    #[must_use]
    pub fn sha256(&self) -> String {
        let mut lines: Vec<String> =
            self.settings.iter().map(|setting| format!("{} = {}\n", setting.name, setting.value)).collect();
        lines.sort();
        hexadecimal(&Sha256::digest(lines.concat()))
    }
}

/// The names of choices, as they are typed.
fn names_of<T: clap::ValueEnum>(choices: &[T]) -> String {
    let names = choices.iter().filter_map(|one| Some(one.to_possible_value()?.get_name().to_owned()));
    names.collect::<Vec<_>>().join(",")
}

/// A value that was typed, with the flag that it was typed after.
fn flag<T>(name: &'static str, value: Option<T>) -> Option<(&'static str, T)> {
    value.map(|value| (name, value))
}

fn address_flag(arguments: &AuditArgs) -> Option<(&'static str, String)> {
    let region = arguments.region.map(|region| region.base_url().to_owned());
    flag("--base-url", arguments.base_url.clone()).or(flag("--region", region))
}

/// Refuses a path that begins with what only a shell would make something else of.
fn refuse_shell_words(name: &str, path: &Path) -> Result<(), ConfigError> {
    if path.to_str().is_some_and(|path| path.starts_with(['~', '$'])) {
        return Err(ConfigError::new(format!(
            "{name} is {:?}, and only a shell knows what ~ and $ stand for; write the path in full",
            path.display()
        )));
    }
    Ok(())
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
