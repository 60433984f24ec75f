//! Where a key is read from. What it is goes nowhere: no message shows any of it.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{
    environment::Environment,
    error::{ConfigError, refuse_shell_words},
    looks::{QUOTES, is_key, is_variable_name},
    misplaced::KnownKeys,
};
use crate::bounded::{self, Bound};

/// The variable in which systemd names the directory of a service's credentials.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// The key in an environment variable.
pub(super) fn from_environment(
    variable: &str,
    environment: &Environment,
) -> Result<SecretString, ConfigError> {
    // The likely slip is to put the key itself here, so what is no name of a variable is not shown.
    if !is_variable_name(variable) || is_key(variable) {
        return Err(ConfigError::new(
            "an api_key_env is not the name of a variable (capital letters, digits, underscores); give the name of the \
             variable that holds the key, never the key",
        ));
    }
    match environment.get(variable)? {
        Some(key) => checked(&key, &format!("the variable {variable}")),
        None => {
            let demo = if cfg!(feature = "demo") {
                ". To see the tool at work without a key, use --demo"
            } else {
                ""
            };
            Err(ConfigError::new(format!(
                "there is no API key: set {variable} to a key that may read Agents Platform data (permission \
                 convai_read); keys are made at https://elevenlabs.io/app/developers/api-keys{demo}"
            )))
        }
    }
}

/// The key in a file: of a relative path first the one among systemd's credentials, then the one beside the
/// configuration.
pub(super) fn from_file(
    file: &Path,
    config_dir: &Path,
    environment: &Environment,
) -> Result<SecretString, ConfigError> {
    if file.to_str().is_some_and(is_key) {
        return Err(ConfigError::new(
            "an api_key_file looks like a key; give the path of the file that holds the key, never the key",
        ));
    }
    refuse_shell_words("an api_key_file", file)?;
    let path = locate(file, config_dir, environment)?;
    let unreadable = |error: io::Error| {
        ConfigError::new(format!(
            "the API key file cannot be read: {error}; put the key there, for nobody but the job's user to read"
        ))
    };
    // What is read is what was looked at, whatever stands there meanwhile.
    let file = bounded::open_named(&path, Bound::KEY).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.permissions().mode() & 0o007 != 0 {
        return Err(ConfigError::new(format!(
            "the API key file {0} is open to everybody on this machine; close it with: chmod o= {0}",
            path.display()
        )));
    }
    checked(&file.text().map_err(unreadable)?, &format!("the file {}", path.display()))
}

fn locate(file: &Path, config_dir: &Path, environment: &Environment) -> Result<PathBuf, ConfigError> {
    if file.is_relative()
        && let Some(credentials) = environment.get(CREDENTIALS_VARIABLE)?
    {
        KnownKeys::default().refuse(&format!("the variable {CREDENTIALS_VARIABLE}"), &credentials)?;
        let credential = Path::new(&credentials).join(file);
        if credential.exists() {
            return Ok(credential);
        }
    }
    Ok(config_dir.join(file))
}

/// The keys that the text of a configuration leads to, as far as can be told before it has been read properly.
pub(super) fn known_in(text: &str, config_dir: &Path, environment: &Environment) -> KnownKeys {
    let mut keys = Vec::new();
    let tables = text.parse::<toml::Table>().ok().and_then(|table| table.get("workspace").cloned());
    for table in tables.iter().filter_map(toml::Value::as_array).flatten() {
        let named = |name: &str| table.get(name).and_then(toml::Value::as_str);
        if let Some(variable) = named("api_key_env").filter(|name| is_variable_name(name)) {
            keys.extend(environment.get(variable).ok().flatten().map(SecretString::from));
        }
        let file = named("api_key_file").map(PathBuf::from);
        let file = file.and_then(|file| locate(&file, config_dir, environment).ok());
        let text = file.and_then(|path| bounded::open(&path, Bound::KEY).ok()?.text().ok());
        keys.extend(text.map(|text| SecretString::from(text.trim().to_owned())));
    }
    KnownKeys::of_environment(environment).and(keys)
}

/// What `text` holds beside the line ends after it, where that can be a key.
fn checked(text: &str, place: &str) -> Result<SecretString, ConfigError> {
    let key = text.trim_end_matches(['\r', '\n']);
    let refuse = |why: &str| Err(ConfigError::new(format!("the API key in {place} {why}")));
    if key.trim().is_empty() {
        return refuse("is empty");
    }
    // With these the API would refuse the key, and show it without them, so that it would not be known for the key.
    if key.starts_with(QUOTES) || key.ends_with(QUOTES) {
        return refuse(
            "has quotes around it, which are no part of a key (a shell takes them off; this file or variable was \
             read as it is); store the key alone, without quotes",
        );
    }
    if key.trim() != key {
        return refuse("begins or ends with a blank; store the key alone, without blanks around it");
    }
    if key.split_once('=').is_some_and(|(name, rest)| is_variable_name(name) && !rest.is_empty()) {
        return refuse("is written as NAME=KEY; store the key alone, without the name and the equals sign");
    }
    if !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        return refuse(
            "holds spaces, control characters or characters beyond ASCII; store the key alone, on one line",
        );
    }
    Ok(SecretString::from(key.to_owned()))
}
