//! What was typed for an audit, as `cli` fills it in; nothing is resolved.

use std::path::PathBuf;

use super::{Demo, Region, settings::flag};
use crate::{audit::Finding, bundle::Format, collect::Deep};

/// The flags of an audit. What is not given is left to the file, the environment and the defaults.
#[derive(Debug, Default)]
pub struct Flags {
    /// The configuration file.
    pub config: Option<PathBuf>,
    /// The night of the simulated workspace that is audited in place of any other.
    pub demo: Option<Demo>,
    /// Where bundles go.
    pub out: Option<PathBuf>,
    /// What the name of a secret begins with.
    pub search: Option<String>,
    /// When every tool and agent is looked into.
    pub deep: Option<Deep>,
    /// The reports to write besides report.json.
    pub format: Option<Vec<Format>>,
    /// The address of the API.
    pub base_url: Option<String>,
    /// Its region, in place of its address.
    pub region: Option<Region>,
    /// Dependents per list in the first walk.
    pub dependency_limit: Option<u32>,
    /// Dependents per list where the first limit cut one.
    pub max_dependency_limit: Option<u32>,
    /// Requests in flight at once for each workspace.
    pub concurrency: Option<usize>,
    /// What ends with code 10; nothing: what the file says.
    pub fail_on: Vec<Finding>,
    /// Whether waivers are left out of account.
    pub no_waivers: bool,
}

impl Flags {
    /// What was typed for flags that take any text.
    pub(super) fn typed(&self) -> impl Iterator<Item = (&'static str, String)> {
        let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.to_string_lossy().into_owned());
        let texts = [
            ("--config", path(&self.config)),
            ("--out", path(&self.out)),
            ("--search", self.search.clone()),
            ("--base-url", self.base_url.clone()),
        ];
        texts.into_iter().filter_map(|(flag, value)| Some((flag, value?)))
    }

    /// The address, or that of the region, and which flag it was typed after.
    pub(super) fn address(&self) -> Option<(&'static str, String)> {
        let region = self.region.map(|region| region.base_url().to_owned());
        flag("--base-url", self.base_url.clone()).or(flag("--region", region))
    }
}
