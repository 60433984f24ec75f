//! The `[[workspace]]` tables, or the environment where there are none, made into workspaces.

use std::{
    collections::{BTreeSet, HashMap},
    path::Path,
};

use secrecy::ExposeSecret;

use super::{
    address::{self, Region},
    environment::{Environment, KEY_VARIABLE},
    error::ConfigError,
    file::WorkspaceTable,
    key,
    misplaced::KnownKeys,
    settings::{Origin, Settings},
    target::WorkspaceConfig,
};

/// The variable that the ecosystem's clients read for the address.
const ADDRESS_VARIABLE: &str = "ELEVENLABS_BASE_URL";

/// Turns the `[[workspace]]` tables, or the environment where there are none, into workspaces.
pub(super) struct WorkspaceResolver<'a> {
    pub(super) flag: Option<(&'static str, String)>,
    pub(super) environment: &'a Environment<'a>,
    pub(super) config_dir: &'a Path,
    pub(super) allow_plain_http: bool,
    pub(super) known: &'a KnownKeys,
}

impl WorkspaceResolver<'_> {
    pub(super) fn resolve(
        &self,
        mut tables: Vec<WorkspaceTable>,
        settings: &mut Settings,
    ) -> Result<Vec<WorkspaceConfig>, ConfigError> {
        if tables.is_empty() {
            tables.push(WorkspaceTable {
                name: "default".to_owned(),
                api_key_env: None,
                api_key_file: None,
                region: None,
                base_url: None,
            });
        }
        if let Some((flag, _)) = self.flag
            && tables.len() > 1
        {
            return Err(ConfigError::new(format!(
                "{flag} cannot serve {} workspaces at once; give each its region or base_url in the configuration",
                tables.len()
            )));
        }
        let mut names = BTreeSet::new();
        for table in &tables {
            if table.name.trim().is_empty() || table.name.chars().any(char::is_control) {
                return Err(ConfigError::new(
                    "a [[workspace]] has a name that is empty or holds control characters",
                ));
            }
            if !names.insert(&table.name) {
                return Err(ConfigError::new(format!("two [[workspace]] tables are named {:?}", table.name)));
            }
        }
        let workspaces =
            tables.iter().map(|table| self.workspace(table, settings)).collect::<Result<Vec<_>, _>>()?;
        refuse_one_key_twice(&workspaces)?;
        Ok(workspaces)
    }

    fn workspace(
        &self,
        table: &WorkspaceTable,
        settings: &mut Settings,
    ) -> Result<WorkspaceConfig, ConfigError> {
        let name = &table.name;
        let (address, origin) = self.address(table)?;
        let place = match &origin {
            Origin::File => format!("base_url of workspace {name:?}"),
            origin => origin.to_string(),
        };
        let base_url = address::parse(&address, &place, self.allow_plain_http)?;
        let origin = self.or_over(origin, ADDRESS_VARIABLE);
        settings.note(format!("workspace {name:?} address"), base_url.as_str(), origin);

        let (api_key, place, origin) = match (&table.api_key_env, &table.api_key_file) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(format!(
                    "workspace {name:?} names both api_key_env and api_key_file; keep one"
                )));
            }
            (None, Some(file)) => {
                let key = key::from_file(file, self.config_dir, self.environment)?;
                (key, format!("read from {}", file.display()), Origin::File)
            }
            (Some(variable), None) => {
                let key = key::from_environment(variable, self.environment)?;
                (key, format!("read from ${variable}"), Origin::File)
            }
            (None, None) => {
                let variable = KEY_VARIABLE;
                let key = key::from_environment(variable, self.environment)?;
                (key, format!("read from ${variable}"), Origin::Environment(variable.to_owned()))
            }
        };
        let origin = match table.api_key_env.as_deref() {
            Some(KEY_VARIABLE) => origin,
            _ => self.or_over(origin, KEY_VARIABLE),
        };
        settings.note(format!("workspace {name:?} key"), place, origin);
        Ok(WorkspaceConfig { name: name.clone(), base_url, api_key })
    }

    /// Where the file outranks a variable that is set, that is said: whoever set it expects something else.
    fn or_over(&self, origin: Origin, variable: &'static str) -> Origin {
        let is_set = self.environment.get(variable).is_ok_and(|value| value.is_some());
        if origin == Origin::File && is_set { Origin::FileOver(variable) } else { origin }
    }

    fn address(&self, table: &WorkspaceTable) -> Result<(String, Origin), ConfigError> {
        if let Some((flag, address)) = &self.flag {
            return Ok((address.clone(), Origin::Flag(flag)));
        }
        match (&table.base_url, table.region) {
            (Some(_), Some(_)) => Err(ConfigError::new(format!(
                "workspace {:?} names both region and base_url; keep one",
                table.name
            ))),
            (Some(base_url), None) => Ok((base_url.clone(), Origin::File)),
            (None, Some(region)) => Ok((region.base_url().to_owned(), Origin::File)),
            (None, None) => Ok(match self.environment.get(ADDRESS_VARIABLE)? {
                Some(address) => {
                    self.known.refuse(&format!("the variable {ADDRESS_VARIABLE}"), &address)?;
                    (address, Origin::Environment(ADDRESS_VARIABLE.to_owned()))
                }
                None => (Region::Global.base_url().to_owned(), Origin::Default),
            }),
        }
    }
}

/// A key belongs to one workspace: with two tables for it every secret would be counted twice. Whatever their addresses, as
/// one of them may lead to the other.
fn refuse_one_key_twice(workspaces: &[WorkspaceConfig]) -> Result<(), ConfigError> {
    let mut names: HashMap<&str, &str> = HashMap::new();
    for WorkspaceConfig { name, api_key, .. } in workspaces {
        if let Some(other) = names.insert(api_key.expose_secret(), name) {
            return Err(ConfigError::new(format!(
                "[[workspace]] {other:?} and [[workspace]] {name:?} have the same API key, and a key belongs to one \
                 workspace: remove one of the tables, or give each the key of its own workspace"
            )));
        }
    }
    Ok(())
}
