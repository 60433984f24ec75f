//! The environment: the variables that settings and keys are read from, and those that the network heeds by itself.

use std::ffi::OsString;

use super::{
    ConfigError,
    settings::{Origin, Settings},
};

/// The variables that the HTTP client and TLS heed by themselves. (Addresses of this machine never go to a proxy.)
const NETWORK_VARIABLES: [&str; 10] = [
    "HTTPS_PROXY",
    "https_proxy",
    "HTTP_PROXY",
    "http_proxy",
    "ALL_PROXY",
    "all_proxy",
    "NO_PROXY",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

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

    /// Notes the proxies and certificates that the environment names, for `check` to show.
    pub(super) fn note_network(&self, settings: &mut Settings) -> Result<(), ConfigError> {
        for variable in NETWORK_VARIABLES {
            if let Some(value) = self.get(variable)? {
                // A proxy's address may hold a password.
                let shown = match value.rsplit_once('@') {
                    Some((_, host)) => format!("…@{host}"),
                    None => value,
                };
                settings.note(format!("network {variable}"), shown, Origin::Environment(variable.to_owned()));
            }
        }
        Ok(())
    }
}
