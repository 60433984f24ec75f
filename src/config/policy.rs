//! What counts as a finding: the section `[policy]` and the waivers.

use std::{collections::BTreeSet, path::Path};

use chrono::NaiveDate;
use serde::Deserialize;

use super::{
    error::{ConfigError, refuse_shell_words},
    file::{PolicyTable, WaiverTable, parse_toml},
    misplaced::KnownKeys,
    settings::{Origin, Settings, flag, names_of},
};
use crate::{
    audit::{Finding, Waiver},
    bounded::{self, Bound, Bounded},
};

/// What counts as a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// For how many days a secret may be unused before that is an open finding.
    pub unused_after_days: u32,
    /// The findings that end with code 10.
    pub fail_on: Vec<Finding>,
    /// The waivers. `None`: they were to be ignored.
    pub waivers: Option<Vec<Waiver>>,
}

/// A file that holds nothing but waivers.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaiversFile {
    #[serde(default)]
    waiver: Vec<WaiverTable>,
}

impl Policy {
    /// Resolves the section `[policy]` and the `[[waiver]]` tables of the file, which stands `config_dir` what it names.
    pub(super) fn resolve(
        table: PolicyTable,
        tables: Vec<WaiverTable>,
        fail_on: Option<Vec<Finding>>,
        ignores_waivers: bool,
        config_dir: &Path,
        known: &KnownKeys,
        settings: &mut Settings,
    ) -> Result<Self, ConfigError> {
        let unused_after_days = settings.pick("[policy] unused_after_days", None, table.unused_after_days, 0);
        let fail_on = settings.pick_with(
            "[policy] fail_on",
            flag("--fail-on", fail_on),
            table.fail_on,
            Vec::new(),
            |findings| names_of(findings, Finding::as_str),
        );
        if let Some(path) = &table.waivers {
            refuse_shell_words("[policy] waivers", path)?;
        }
        let file = table.waivers.map(|file| config_dir.join(file));
        if ignores_waivers {
            settings.note("[policy] waivers", "ignored", Origin::Flag("--no-waivers"));
            return Ok(Self { unused_after_days, fail_on, waivers: None });
        }
        let mut waivers = Vec::new();
        for (number, table) in (1..).zip(tables) {
            waivers.push(waiver(table, number, "the configuration")?);
        }
        match &file {
            Some(path) => {
                settings.note("[policy] waivers", path.display().to_string(), Origin::File);
                let text = bounded::open_named(path, Bound::CONFIGURATION)
                    .and_then(Bounded::text)
                    .map_err(|error| ConfigError::new(format!("the waivers cannot be read: {error}")))?;
                let read: WaiversFile = parse_toml(&text, known)
                    .map_err(|problem| ConfigError::new(format!("{}: {problem}", path.display())))?;
                for (number, table) in (1..).zip(read.waiver) {
                    waivers.push(waiver(table, number, &path.display().to_string())?);
                }
            }
            None => settings.note("[policy] waivers", "", Origin::Default),
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = waivers.iter().find(|one| !seen.insert((&one.secret_id, &one.workspace))) {
            return Err(ConfigError::new(format!(
                "two waivers name the secret {:?}; keep one",
                twice.secret_id
            )));
        }
        Ok(Self { unused_after_days, fail_on, waivers: Some(waivers) })
    }
}

fn waiver(table: WaiverTable, number: usize, place: &str) -> Result<Waiver, ConfigError> {
    let whose = match table.secret_id.as_deref().map(str::trim) {
        Some(id) if !id.is_empty() => format!("the waiver of {id:?}"),
        _ => format!("waiver number {number}"),
    };
    let needed = |name: &str, value: Option<String>| {
        value
            .map(|value| value.trim().to_owned())
            .filter(|value| !value.is_empty())
            .ok_or_else(|| ConfigError::new(format!("{place}: {whose} has no {name}, which it needs")))
    };
    let secret_id = needed("secret_id", table.secret_id)?;
    let workspace = table.workspace.map(|name| name.trim().to_owned());
    if workspace.as_deref() == Some("") {
        return Err(ConfigError::new(format!(
            "{place}: the workspace of {whose} is empty; leave it out where any workspace is meant"
        )));
    }
    let reason = needed("reason", table.reason)?;
    let owner = needed("owner", table.owner)?;
    let expires = needed("expires", table.expires.map(|expires| expires.to_string()))?;
    let expires = expires.parse::<NaiveDate>().map_err(|_| {
        ConfigError::new(format!("{place}: {whose} expires on {expires:?}; write a date such as 2027-03-31"))
    })?;
    Ok(Waiver { secret_id, workspace, reason, owner, expires })
}
