//! The environment: the variables that settings and keys are read from, and those that the network heeds by itself.

use std::ffi::OsString;

use hyper_util::client::proxy::matcher::Matcher;

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

/// Those that name the proxy of an address with https.
const NAME_A_PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Whether the HTTP client makes a proxy of this that it can talk to.
fn is_proxy(value: &str) -> bool {
    let matcher = Matcher::builder().all(value).build();
    let any = "https://api.elevenlabs.io".parse().ok();
    any.and_then(|any| matcher.intercept(&any))
        .is_some_and(|proxy| matches!(proxy.uri().scheme_str(), Some("http" | "https")))
}

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
    ///
    /// # Errors
    /// Where they are `heeded`, and one names no proxy: the HTTP client would pass it over, and go past the proxy.
    pub(super) fn note_network(&self, are_heeded: bool, settings: &mut Settings) -> Result<(), ConfigError> {
        for variable in NETWORK_VARIABLES {
            if let Some(value) = self.get(variable)? {
                if are_heeded && NAME_A_PROXY.contains(&variable) && !is_proxy(&value) {
                    return Err(ConfigError::new(format!(
                        "the variable {variable} is no address of a proxy: write http://HOST:PORT, or unset it where there \
                         is no proxy"
                    )));
                }
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
