//! File, environment and flags → one [`Config`], validated, in which nothing is left to guess about.
//!
//! Precedence: flag, environment, file, default. What came from where is kept for `check` to show.

mod address;
mod audit;
mod environment;
mod file;
mod http;
mod key;
mod misplaced;
mod policy;
mod report;
mod settings;
mod workspace;

pub use address::Region;
pub(crate) use address::checked_address;
pub use environment::Environment;
pub use http::HttpOptions;
pub(crate) use key::{is_key, is_variable_name};
pub use misplaced::{refuse_keys_in_arguments, without_variables};
pub use policy::Policy;
pub use settings::{Origin, Setting};

use std::{
    fmt::Display,
    ops::RangeInclusive,
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use url::Url;

use crate::{
    api::Mask,
    audit::{OnPopulationDrop, PartialView, Redaction, Rendering},
    bounded::{self, Bound, Bounded},
    cli::AuditArgs,
    collect::CollectOptions,
    publish::Retention,
    report::Format,
    text::hexadecimal,
};
use audit::AuditOptions;
use file::ConfigFile;
use misplaced::KnownKeys;
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
    /// How much of what is read may be kept, in mebibytes, of all workspaces together.
    pub max_memory_mib: usize,
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
    /// What keeps the keys out of what is shown.
    pub mask: Arc<Mask>,
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
        let (file, beside, known) = match &arguments.config {
            Some(path) => {
                let text = bounded::open_named(path, Bound::CONFIGURATION).and_then(Bounded::text);
                let text = text.map_err(|error| {
                    ConfigError::new(format!("the configuration cannot be read: {error}"))
                })?;
                // A stream has nothing beside it: paths in it are those of whoever started the program.
                let beside = path.parent().filter(|_| !bounded::is_stream(path)).unwrap_or(Path::new(""));
                let known = KnownKeys::of_file(&text, beside, environment);
                (ConfigFile::parse(&text, path, &known)?, beside.to_owned(), known)
            }
            None => (ConfigFile::default(), PathBuf::new(), KnownKeys::of_environment(environment)),
        };
        for (flag, value) in typed(&arguments) {
            known.refuse(flag, &value)?;
        }
        #[cfg(feature = "demo")]
        let demo = arguments.demo;
        #[cfg(not(feature = "demo"))]
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
                known: &known,
            };
            Target::Workspaces(resolver.resolve(file.workspace, &mut settings)?)
        };

        let AuditOptions { collect, population_drop, partial_view, allow_empty, max_memory_mib } =
            AuditOptions::resolve(&file.audit, &arguments, &mut settings)?;
        let http = HttpOptions::resolve(&file.http, arguments.concurrency, environment, &mut settings)?;

        let report = ReportOptions::resolve(file.report, &arguments, demo.is_some(), &beside, &mut settings)?;
        let policy = Policy::resolve(
            file.policy,
            file.waiver,
            Some(arguments.fail_on).filter(|findings| !findings.is_empty()),
            arguments.no_waivers,
            &beside,
            &known,
            &mut settings,
        )?;
        let workspaces = match &target {
            Target::Workspaces(workspaces) => workspaces.as_slice(),
            Target::Demo(_) => &[],
        };
        let keys = || workspaces.iter().map(|workspace| &workspace.api_key);
        // All keys, also those from files that can be read only once.
        let known = KnownKeys::of(keys());
        for Setting { name, value, .. } in &settings.0 {
            known.refuse(name, value)?;
        }
        environment.note_network(workspaces, &known, &mut settings)?;
        let mask = Mask::new(keys().map(ExposeSecret::expose_secret)).map_err(|_| {
            ConfigError::new("the API keys are too many, or too long, to be kept out of messages")
        })?;
        let ReportOptions { out, formats, rendering, redact, metrics_file, retention, bundle_files } = report;
        let Settings(settings) = settings;
        Ok(Self {
            target,
            collect,
            population_drop,
            partial_view,
            allow_empty,
            max_memory_mib,
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
            mask: Arc::new(mask),
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

/// What was typed for flags that take any text.
fn typed(arguments: &AuditArgs) -> impl Iterator<Item = (&'static str, String)> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let texts = [
        ("--config", path(&arguments.config)),
        ("--out", path(&arguments.out)),
        ("--search", arguments.search.clone()),
        ("--base-url", arguments.base_url.clone()),
    ];
    texts.into_iter().filter_map(|(flag, value)| Some((flag, value?)))
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
