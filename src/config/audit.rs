//! What is asked of each workspace: the section `[audit]`.

use std::fmt::Display;

use super::{ConfigError, file::AuditTable, flag, in_bounds, settings::Settings};
use crate::{
    cli::AuditArgs,
    collect::{ArchivedBranches, CollectOptions, Deep},
    inventory::Source,
};

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

/// Resolves the section `[audit]`.
pub(super) fn resolve(
    table: &AuditTable,
    arguments: &AuditArgs,
    settings: &mut Settings,
) -> Result<(CollectOptions, OnPopulationDrop), ConfigError> {
    let limits = 1..=100;
    let page_size = settings.pick("[audit] page_size", None, table.page_size, 100);
    let dependency_limit = settings.pick(
        "[audit] dependency_limit",
        flag("--dependency-limit", arguments.dependency_limit),
        table.dependency_limit,
        20,
    );
    let max_dependency_limit = settings.pick(
        "[audit] max_dependency_limit",
        flag("--max-dependency-limit", arguments.max_dependency_limit),
        table.max_dependency_limit,
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
        flag("--search", arguments.search.clone()),
        table.search.clone(),
        String::new(),
    );
    let deep_flag = Some(("--deep", true)).filter(|_| arguments.deep);
    let deep = settings.pick("[audit] deep", deep_flag, table.deep, false);
    let switched_off = switched_off(table, settings);
    let on_population_drop =
        settings.pick("[audit] population_drop", None, table.population_drop, OnPopulationDrop::Warn);
    let collect = CollectOptions {
        page_size,
        dependency_limit,
        max_dependency_limit,
        search,
        deep: if deep { Deep::Always } else { Deep::Never },
        archived_branches: ArchivedBranches::Auto,
        switched_off,
    };
    Ok((collect, on_population_drop))
}

/// The places that the operator doesn't want scanned.
fn switched_off(table: &AuditTable, settings: &mut Settings) -> Vec<Source> {
    [
        (Source::EnvironmentVariables, table.environment_variables),
        (Source::SpeechEngines, table.speech_engines),
        (Source::McpServers, table.mcp_servers),
        (Source::Settings, table.settings),
    ]
    .into_iter()
    .filter_map(|(source, in_file)| {
        let is_on = settings.pick(&format!("[audit] {}", source.as_str()), None, in_file, true);
        (!is_on).then_some(source)
    })
    .collect()
}
