//! What is asked of each workspace: the section `[audit]`.

use super::{
    error::{ConfigError, in_bounds},
    file::AuditTable,
    flags::Flags,
    settings::{Settings, flag},
};
use crate::{
    audit::{OnPopulationDrop, PartialView},
    collect::{ArchivedBranches, CollectOptions, Deep},
    inventory::Source,
    memory::DEFAULT_MEBIBYTES,
};

/// The section `[audit]`; each field is that of [`Config`](super::Config).
pub(super) struct AuditOptions {
    pub(super) collect: CollectOptions,
    pub(super) population_drop: OnPopulationDrop,
    pub(super) partial_view: PartialView,
    pub(super) allow_empty: bool,
    pub(super) max_memory_mib: usize,
}

impl AuditOptions {
    /// Resolves the section.
    pub(super) fn resolve(
        table: &AuditTable,
        flags: &Flags,
        settings: &mut Settings,
    ) -> Result<Self, ConfigError> {
        let collect = collect_options(table, flags, settings)?;
        let name = "[audit] population_drop";
        let drop =
            word(name, table.population_drop.as_ref(), OnPopulationDrop::ALL, OnPopulationDrop::as_str)?;
        let population_drop =
            settings.pick_with(name, None, drop, OnPopulationDrop::default(), |drop| drop.as_str().into());
        let name = "[audit] partial_view";
        let view = word(name, table.partial_view.as_ref(), PartialView::ALL, PartialView::as_str)?;
        let partial_view = settings
            .pick_with(name, None, view, PartialView::default(), |partial_view| partial_view.as_str().into());
        let allow_empty = settings.pick("[audit] allow_empty", None, table.allow_empty, false);
        let name = "[audit] max_memory_mib";
        let max_memory_mib = settings.pick(name, None, table.max_memory_mib, DEFAULT_MEBIBYTES);
        in_bounds(name, max_memory_mib, 16..=65_536)?;
        Ok(Self { collect, population_drop, partial_view, allow_empty, max_memory_mib })
    }
}

fn collect_options(
    table: &AuditTable,
    flags: &Flags,
    settings: &mut Settings,
) -> Result<CollectOptions, ConfigError> {
    let limits = 1..=100;
    let page_size = settings.pick("[audit] page_size", None, table.page_size, 100);
    let dependency_limit = settings.pick(
        "[audit] dependency_limit",
        flag("--dependency-limit", flags.dependency_limit),
        table.dependency_limit,
        20,
    );
    let max_dependency_limit = settings.pick(
        "[audit] max_dependency_limit",
        flag("--max-dependency-limit", flags.max_dependency_limit),
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
        flag("--search", flags.search.clone()),
        table.search.clone(),
        String::new(),
    );
    let deep = settings.pick_with(
        DEEP,
        flag("--deep", flags.deep),
        deep(table.deep.as_ref())?,
        Deep::default(),
        |deep| deep.as_str().into(),
    );
    let name = "[audit] archived_branches";
    let branches =
        word(name, table.archived_branches.as_ref(), ArchivedBranches::ALL, ArchivedBranches::as_str)?;
    let archived_branches =
        settings.pick_with(name, None, branches, ArchivedBranches::default(), |branches| {
            branches.as_str().into()
        });
    Ok(CollectOptions {
        page_size,
        dependency_limit,
        max_dependency_limit,
        search,
        deep,
        archived_branches,
        switched_off: switched_off(table, settings),
    })
}

const DEEP: &str = "[audit] deep";

/// What the file says of `deep`, which was true or false once.
fn deep(value: Option<&toml::Value>) -> Result<Option<Deep>, ConfigError> {
    let Some(toml::Value::Boolean(flag)) = value else {
        return word(DEEP, value, Deep::ALL, Deep::as_str);
    };
    let (deep, otherwise) = match flag {
        true => (Deep::Always, ""),
        false => (Deep::Auto, " (\"never\" calls a secret unused without looking into tools and agents)"),
    };
    let word = deep.as_str();
    tracing::warn!("{DEEP} is {flag}, which is read as {word:?}: write deep = {word:?}{otherwise}");
    Ok(Some(deep))
}

/// The choice that a word in the file names.
fn word<T: Copy, const N: usize>(
    name: &str,
    value: Option<&toml::Value>,
    choices: [T; N],
    as_str: fn(T) -> &'static str,
) -> Result<Option<T>, ConfigError> {
    let Some(value) = value else { return Ok(None) };
    let chosen = choices.into_iter().find(|choice| value.as_str() == Some(as_str(*choice)));
    if chosen.is_some() {
        return Ok(chosen);
    }
    let words = choices.map(|choice| format!("{:?}", as_str(choice)));
    let words = match words.split_last() {
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    };
    let value = value.as_str().map_or_else(|| value.to_string(), |text| format!("{text:?}"));
    Err(ConfigError::new(format!("{name} is {value}; it must be {words}")))
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
