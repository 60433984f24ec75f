//! Where a key is read from. What it is goes nowhere: no message shows any of it.

use std::{
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use secrecy::SecretString;

use super::{ConfigError, Environment, misplaced::KnownKeys, refuse_shell_words};
use crate::{
    api::PREFIXES,
    bounded::{self, Bound},
};

/// The variable that the ecosystem's clients read.
pub(super) const KEY_VARIABLE: &str = "ELEVENLABS_API_KEY";

/// The variable in which systemd names the directory of a service's credentials.
const CREDENTIALS_VARIABLE: &str = "CREDENTIALS_DIRECTORY";

/// What people and their programs put around a key.
const QUOTES: [char; 9] = ['"', '\'', '`', '“', '”', '„', '‘', '’', '‚'];

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

/// Whether this can be the name of a variable that holds a key.
pub(crate) fn is_variable_name(text: &str) -> bool {
    let in_names = |byte: u8| byte == b'_' || byte.is_ascii_uppercase() || byte.is_ascii_digit();
    !text.is_empty() && text.bytes().all(in_names)
}

/// Whether this is a key rather than what it is given for: it has the letters and digits of one as keys are now, or is 32
/// hexadecimal digits, as they once were, by itself, in quotes, or as a word.
pub(crate) fn looks_like_a_key(text: &str) -> bool {
    let is_of_old = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_between = |one: char| one.is_whitespace() || matches!(one, ',' | '=') || QUOTES.contains(&one);
    text.split(is_between).any(is_of_old)
        || PREFIXES.iter().any(|prefix| {
            text.match_indices(prefix).any(|(at, _)| {
                let goes_on = text[..at].ends_with(|before: char| before.is_ascii_alphanumeric());
                let letters = text[at + prefix.len()..].bytes().take_while(u8::is_ascii_alphanumeric);
                !goes_on && letters.count() >= SHORTEST_SECRET
            })
        })
}

/// Whether this begins as keys do. Where a place of a key belongs that is enough.
fn begins_like_a_key(text: &str) -> bool {
    text.starts_with("sk_")
}

/// Whether a key itself is given where its place belongs.
pub(crate) fn is_key(text: &str) -> bool {
    begins_like_a_key(text) || looks_like_a_key(text)
}

/// How many letters or digits a key has at least, after what all keys begin with.
const SHORTEST_SECRET: usize = 20;

/// The key in a file: of a relative path first the one among systemd's credentials, then the one beside the
/// configuration.
pub(super) fn from_file(
    file: &Path,
    beside: &Path,
    environment: &Environment,
) -> Result<SecretString, ConfigError> {
    if file.to_str().is_some_and(is_key) {
        return Err(ConfigError::new(
            "an api_key_file looks like a key; give the path of the file that holds the key, never the key",
        ));
    }
    refuse_shell_words("an api_key_file", file)?;
    let path = locate(file, beside, environment)?;
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

pub(super) fn locate(file: &Path, beside: &Path, environment: &Environment) -> Result<PathBuf, ConfigError> {
    if file.is_relative()
        && let Some(credentials) = environment.get(CREDENTIALS_VARIABLE)?
    {
        KnownKeys::default().refuse(&format!("the variable {CREDENTIALS_VARIABLE}"), &credentials)?;
        let credential = Path::new(&credentials).join(file);
        if credential.exists() {
            return Ok(credential);
        }
    }
    Ok(beside.join(file))
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
