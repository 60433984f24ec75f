//! What is wrong with a value, and how to mend it.

use std::{fmt::Display, ops::RangeInclusive, path::Path};

/// Something in the configuration that has to be mended, and how.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ConfigError(String);

impl ConfigError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

/// Refuses a path that begins with what only a shell would make something else of.
pub(super) fn refuse_shell_words(name: &str, path: &Path) -> Result<(), ConfigError> {
    if path.to_str().is_some_and(|path| path.starts_with(['~', '$'])) {
        return Err(ConfigError::new(format!(
            "{name} is {:?}, and only a shell knows what ~ and $ stand for; write the path in full",
            path.display()
        )));
    }
    Ok(())
}

pub(super) fn in_bounds<T: PartialOrd + Display>(
    name: &str,
    value: T,
    bounds: RangeInclusive<T>,
) -> Result<(), ConfigError> {
    if bounds.contains(&value) {
        return Ok(());
    }
    Err(ConfigError::new(format!("{name} is {value}; it must be {} to {}", bounds.start(), bounds.end())))
}
