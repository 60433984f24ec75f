//! File, environment and flags → one [`Config`], validated, in which nothing is left to guess about.
//!
//! Precedence: flag, environment, file, default. What came from where is kept for `check` to show.

mod address;
mod audit;
mod environment;
mod error;
mod file;
mod flags;
mod http;
mod key;
mod looks;
mod misplaced;
mod network;
mod policy;
mod report;
mod settings;
mod target;
mod workspace;

pub use address::Region;
pub(crate) use address::checked_address;
pub use environment::Environment;
pub use error::ConfigError;
pub use flags::Flags;
pub(crate) use http::HttpOptions;
pub(crate) use looks::{is_key, is_variable_name};
pub use misplaced::{refuse_keys_in_arguments, without_variables};
pub use policy::Policy;
pub use settings::{Origin, Setting};
pub(crate) use target::WorkspaceConfig;
pub use target::{Demo, Target};

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use secrecy::ExposeSecret;
use sha2::{Digest, Sha256};

use crate::{
    api::Mask,
    audit::{OnPopulationDrop, Parameters, PartialView, Redaction, Rendering},
    bounded::{self, Bound, Bounded},
    bundle::Format,
    collect::CollectOptions,
    publish::Retention,
    text::hexadecimal,
};
use audit::AuditOptions;
use file::ConfigFile;
use misplaced::KnownKeys;
use report::ReportOptions;
use settings::Settings;
use workspace::WorkspaceResolver;

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
    pub(crate) retention: Retention,
    /// The bound of their files.
    pub(crate) bundle_files: Bound,
    /// What counts as a finding.
    pub policy: Policy,
    /// Every setting with its value and where that came from.
    pub settings: Vec<Setting>,
    /// What keeps the keys out of what is shown.
    pub mask: Arc<Mask>,
}

impl Config {
    /// Resolves what was typed, what the environment holds and what the file says.
    ///
    /// # Errors
    /// Where anything is missing, contradictory or out of bounds.
    pub fn resolve(flags: Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let (file, config_dir, known) = match &flags.config {
            Some(path) => {
                let text = bounded::open_named(path, Bound::CONFIGURATION).and_then(Bounded::text);
                let text = text.map_err(|error| {
                    ConfigError::new(format!("the configuration cannot be read: {error}"))
                })?;
                // A stream has nothing beside it: paths in it are those of whoever started the program.
                let config_dir = path.parent().filter(|_| !bounded::is_stream(path)).unwrap_or(Path::new(""));
                let known = key::known_in(&text, config_dir, environment);
                (ConfigFile::parse(&text, path, &known)?, config_dir.to_owned(), known)
            }
            None => (ConfigFile::default(), PathBuf::new(), KnownKeys::of_environment(environment)),
        };
        for (flag, value) in flags.typed() {
            known.refuse(flag, &value)?;
        }
        let demo = flags.demo;
        let mut settings = Settings::default();
        let allow_plain_http = file.http.allow_plain_http;
        let allow_plain_http = settings.pick("[http] allow_plain_http", None, allow_plain_http, false);
        let target = if let Some(demo) = demo {
            Target::Demo(demo)
        } else {
            let resolver = WorkspaceResolver {
                flag: flags.address(),
                environment,
                config_dir: &config_dir,
                allow_plain_http,
                known: &known,
            };
            Target::Workspaces(resolver.resolve(file.workspace, &mut settings)?)
        };

        let AuditOptions { collect, population_drop, partial_view, allow_empty, max_memory_mib } =
            AuditOptions::resolve(&file.audit, &flags, &mut settings)?;
        let http = HttpOptions::resolve(&file.http, flags.concurrency, environment, &mut settings)?;

        let report = ReportOptions::resolve(file.report, &flags, demo.is_some(), &config_dir, &mut settings)?;
        let policy = Policy::resolve(
            file.policy,
            file.waiver,
            Some(flags.fail_on).filter(|findings| !findings.is_empty()),
            flags.no_waivers,
            &config_dir,
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
        network::note(environment, workspaces, &known, &mut settings)?;
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

    /// What of it decides what the reports say.
    pub fn parameters(&self) -> Parameters {
        Parameters {
            page_size: self.collect.page_size,
            dependency_limit: self.collect.dependency_limit,
            max_dependency_limit: self.collect.max_dependency_limit,
            search: self.collect.search.clone(),
            deep: self.collect.deep,
            archived_branches: self.collect.archived_branches,
            partial_view: self.partial_view,
            allow_empty: self.allow_empty,
            population_drop: self.population_drop,
            unused_after_days: self.policy.unused_after_days,
            ignores_waivers: self.policy.waivers.is_none(),
            redact: self.redact.clone(),
            rendering: self.rendering.clone(),
        }
    }

    /// SHA-256 of the settings as `check` shows them, one `name = value` on each line, sorted. Keys are not among them.
    pub fn sha256(&self) -> String {
        let mut lines: Vec<String> =
            self.settings.iter().map(|setting| format!("{} = {}\n", setting.name, setting.value)).collect();
        lines.sort();
        hexadecimal(&Sha256::digest(lines.concat()))
    }
}
