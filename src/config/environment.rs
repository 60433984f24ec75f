//! The environment, as settings and keys are read from it.

use std::ffi::OsString;

use super::error::ConfigError;

/// The variable that the ecosystem's clients read.
pub(super) const KEY_VARIABLE: &str = "ELEVENLABS_API_KEY";

/// The environment variables, passed in so that a test has its own.
pub struct Environment<'a>(&'a dyn Fn(&str) -> Option<OsString>);

impl<'a> Environment<'a> {
    /// Variables as `get` gives them.
    pub fn new(get: &'a dyn Fn(&str) -> Option<OsString>) -> Self {
        Self(get)
    }

    /// The value of a variable; an empty one counts as none.
    pub(super) fn get(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        let Some(value) = (self.0)(variable) else { return Ok(None) };
        match value.into_string() {
            Ok(value) => Ok(Some(value).filter(|value| !value.trim().is_empty())),
            Err(_) => Err(ConfigError::new(format!(
                "the variable {variable} is not UTF-8; set it anew or unset it"
            ))),
        }
    }

    /// The value of a variable as it stands there; only nothing at all counts as none.
    pub(super) fn set(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        match (self.0)(variable) {
            Some(value) if value.is_empty() => Ok(None),
            // One of blanks alone was to be something.
            Some(value) if value.to_str().is_some_and(|value| value.trim().is_empty()) => {
                Ok(Some(value.to_string_lossy().into_owned()))
            }
            _ => self.get(variable),
        }
    }
}
