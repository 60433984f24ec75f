//! Keys where something else belongs: a name, a path, a number, a choice. They are refused before anything shows them.

use std::ffi::OsString;

use secrecy::{ExposeSecret, SecretString};

use super::{
    environment::{Environment, KEY_VARIABLE},
    error::ConfigError,
    looks::{is_key, looks_like_a_key},
};

/// A shorter key could be any word, in bytes.
const SHORTEST: usize = 8;

/// What is said of a key in a place for something else.
const ADVICE: &str = "holds what looks like an API key, which is not shown: a key belongs in the variable or file that \
                      api_key_env or api_key_file names, and nowhere else; consider this one exposed";

/// The keys that are known. What holds one is refused, whatever it looks like.
#[derive(Default)]
pub(super) struct KnownKeys(Vec<SecretString>);

impl KnownKeys {
    /// These too.
    pub(super) fn and(mut self, keys: impl IntoIterator<Item = SecretString>) -> Self {
        self.0.extend(keys);
        self
    }

    /// The one that every command may know.
    pub(super) fn of_environment(environment: &Environment) -> Self {
        let key = environment.get(KEY_VARIABLE).ok().flatten();
        Self(key.into_iter().map(|key| SecretString::from(key.trim().to_owned())).collect())
    }

    /// These.
    pub(super) fn of<'a>(keys: impl Iterator<Item = &'a SecretString>) -> Self {
        Self(keys.cloned().collect())
    }

    /// Whether this is, or holds, a key that is known.
    pub(super) fn are_in(&self, text: &str) -> bool {
        self.0
            .iter()
            .map(ExposeSecret::expose_secret)
            .any(|key| !key.is_empty() && (text == key || key.len() >= SHORTEST && text.contains(key)))
    }

    /// Whether a value is better not shown, for what it is or for what it looks like.
    pub(super) fn finds(&self, value: &str) -> bool {
        looks_like_a_key(value) || self.are_in(value)
    }

    /// Refuses a value of a setting that has, or looks like, a key in it.
    pub(super) fn refuse(&self, name: &str, value: &str) -> Result<(), ConfigError> {
        // The name of a workspace is in the names of its settings.
        match (self.finds(name), self.finds(value)) {
            (true, _) => Err(ConfigError::new(format!("the name of a [[workspace]] {ADVICE}"))),
            (false, true) => Err(ConfigError::new(format!("{name} {ADVICE}"))),
            (false, false) => Ok(()),
        }
    }

    /// Refuses a TOML file that has a key among its names and values. What is no TOML is for the parser to refuse, of whose
    /// message [`Self::without_keys`] is made.
    pub(super) fn refuse_in_toml(&self, text: &str) -> Result<(), String> {
        let Ok(table) = text.parse::<toml::Table>() else { return Ok(()) };
        self.find_in_table("", &table).map_or(Ok(()), |place| Err(format!("{place} {ADVICE}")))
    }

    /// A message about a file, where it quotes nothing of a key.
    pub(super) fn without_keys(&self, message: String) -> String {
        // Not whole values, but words: what could not be read has no values.
        let mut words = message
            .split(|character: char| !character.is_ascii_alphanumeric() && !matches!(character, '_' | '-'));
        match words.any(is_key) || self.are_in(&message) {
            true => format!("what stands there cannot be read, and {ADVICE}"),
            false => message,
        }
    }

    /// Where in a table a key stands.
    fn find_in_table(&self, above: &str, table: &toml::Table) -> Option<String> {
        table.iter().find_map(|(name, value)| {
            if self.finds(name) {
                return Some(if above.is_empty() {
                    "a name".to_owned()
                } else {
                    format!("a name in {above}")
                });
            }
            // An id of a secret may look like a key.
            let may_look_so = above == "[[waiver]]" && name == "secret_id";
            self.find_in(&within(above, name, value), value, may_look_so)
        })
    }

    fn find_in(&self, place: &str, value: &toml::Value, may_look_so: bool) -> Option<String> {
        match value {
            toml::Value::Table(table) => self.find_in_table(place, table),
            toml::Value::Array(values) => {
                values.iter().find_map(|value| self.find_in(place, value, may_look_so))
            }
            value => {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                let found = if may_look_so { self.are_in(&text) } else { self.finds(&text) };
                found.then(|| place.to_owned())
            }
        }
    }
}

/// What messages call a value, such as `[audit] search`.
fn within(above: &str, name: &str, value: &toml::Value) -> String {
    let are_tables = |values: &Vec<toml::Value>| values.iter().any(toml::Value::is_table);
    match (above, value) {
        ("", toml::Value::Table(_)) => format!("[{name}]"),
        ("", toml::Value::Array(values)) if are_tables(values) => format!("[[{name}]]"),
        ("", _) => name.to_owned(),
        (above, _) => format!("{above} {name}"),
    }
}

/// Refuses what was typed where a key is among it. (Flags are seen in lists of processes, so a key is never one.)
///
/// # Errors
/// Where an argument is, holds or looks like a key.
pub fn refuse_keys_in_arguments(
    arguments: &[OsString],
    environment: &Environment,
) -> Result<(), ConfigError> {
    let known = KnownKeys::of_environment(environment);
    let texts: Vec<_> = arguments.iter().map(|argument| argument.to_string_lossy()).collect();
    for (number, argument) in texts.iter().enumerate() {
        let argument = argument.trim_start_matches('-');
        let (flag, value) = argument.split_once('=').unwrap_or(("", argument));
        if !known.finds(flag) && !known.finds(value) && !known.finds(argument) {
            continue;
        }
        let before = number.checked_sub(1).and_then(|before| texts.get(before));
        let before =
            before.filter(|before| before.starts_with('-') && !known.finds(before.trim_start_matches('-')));
        let place = match before {
            _ if !flag.is_empty() && !known.finds(flag) => format!("what is given for --{flag}"),
            Some(before) => format!("what is given after {before}"),
            None => format!("argument number {}", number + 1),
        };
        return Err(ConfigError::new(format!("{place} {ADVICE}")));
    }
    Ok(())
}

/// What is said of arguments, where it quotes none that a variable holds too: that could be a key.
pub fn without_variables(
    said: &str,
    arguments: &[OsString],
    variables: impl Iterator<Item = (OsString, OsString)>,
) -> Option<String> {
    let values: Vec<String> = arguments
        .iter()
        .map(|argument| argument.to_string_lossy())
        .flat_map(|argument| {
            let value = argument.split_once('=').map(|(_, value)| value.to_owned());
            [Some(argument.into_owned()), value]
        })
        .flatten()
        .collect();
    let mut shown = None;
    for (name, value) in variables {
        let value = value.to_string_lossy();
        if value.len() >= SHORTEST && said.contains(&*value) && values.iter().any(|other| *other == value) {
            let instead = format!("[the value of {}, not shown as it may be a key]", name.to_string_lossy());
            shown = Some(shown.as_deref().unwrap_or(said).replace(&*value, &instead));
        }
    }
    shown
}
