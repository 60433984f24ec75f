//! The file: the example with the answers in it.

use std::{io::Write, os::unix::fs::PermissionsExt, path::Path};

use super::{Answers, InitError, Key};
use crate::config::Region;

/// The one source of every setting, its default and its explanation.
const EXAMPLE: &str = include_str!("../../config.example.toml");

/// What stands above the first workspace in place of what the example says of itself.
const HEADING: &str = "\
# The configuration of elevenlabs-secrets-audit, as its `init` wrote it: every setting, with its default where nothing
# else was answered. It is read only where --config names it.
#
# Flags go before this file, and this file before the defaults. `elevenlabs-secrets-audit check --config FILE`
# shows what holds and where it came from. Relative paths are relative to this file.
";

/// The text of a configuration that holds these answers.
pub fn text(answers: &Answers) -> String {
    let (_, settings) = EXAMPLE.split_once("\n\n").unwrap_or(("", EXAMPLE));
    let mut lines: Vec<String> = settings.lines().map(str::to_owned).collect();
    let mut set = |table: &str, key: &str, value: toml::Value| set(&mut lines, table, key, &value);
    if let Some(name) = &answers.workspace {
        set("[[workspace]]", "name", name.as_str().into());
    }
    match &answers.key {
        Some(Key::Variable(name)) => set("[[workspace]]", "api_key_env", name.as_str().into()),
        Some(Key::File(path)) => {
            set("[[workspace]]", "api_key_file", path.to_string_lossy().into_owned().into());
        }
        None => {}
    }
    if let Some(place) = &answers.place {
        let key = if Region::is_named(place) { "region" } else { "base_url" };
        set("[[workspace]]", key, place.as_str().into());
    }
    if let Some(dir) = &answers.dir {
        set("[report]", "dir", dir.as_str().into());
    }
    if let Some(days) = answers.grace_days {
        set("[policy]", "unused_after_days", i64::from(days).into());
    }
    format!("{HEADING}\n{}\n", lines.join("\n"))
}

/// Puts a value where the example has its key, commented out or not.
fn set(lines: &mut [String], table: &str, key: &str, value: &toml::Value) {
    let below = lines.iter_mut().skip_while(|line| *line != table).skip(1);
    let mut of_table = below.take_while(|line| !line.starts_with('['));
    let begins = format!("{key} = ");
    if let Some(line) = of_table.find(|line| line.trim_start_matches("# ").starts_with(&begins)) {
        *line = format!("{begins}{value}");
    }
}

/// Writes a new file: the whole of it, or none.
///
/// # Errors
/// Where something of that name is there, or it can't be written.
pub fn write(path: &Path, text: &str) -> Result<(), InitError> {
    refuse_existing(path)?;
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let failed = |source| InitError::Write { path: path.to_owned(), source };
    let mut file = tempfile::Builder::new()
        .prefix(".init-")
        // What the process' mask leaves of it. There is no key in it.
        .permissions(std::fs::Permissions::from_mode(0o644))
        .tempfile_in(directory)
        .map_err(failed)?;
    file.write_all(text.as_bytes()).and_then(|()| file.as_file().sync_all()).map_err(failed)?;
    match file.persist_noclobber(path) {
        Ok(_) => Ok(()),
        Err(failure) if failure.error.kind() == std::io::ErrorKind::AlreadyExists => {
            Err(InitError::Exists(path.to_owned()))
        }
        Err(failure) => Err(failed(failure.error)),
    }
}

/// Fails where something of that name is there, before anybody is asked anything.
///
/// # Errors
/// Where something of that name is there.
pub fn refuse_existing(path: &Path) -> Result<(), InitError> {
    match path.symlink_metadata() {
        Ok(_) => Err(InitError::Exists(path.to_owned())),
        Err(_) => Ok(()),
    }
}
