//! The environment: the variables that settings and keys are read from, and those that the network heeds by itself.

use std::ffi::OsString;

use super::{
    ConfigError, WorkspaceConfig, address,
    http::is_excepted,
    misplaced::KnownKeys,
    settings::{Origin, Settings},
};
use crate::api::Proxy;

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

/// Those that name the proxy of an address with https, the first that is set first.
const NAME_A_PROXY: [&str; 4] = ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"];

/// Those that name the proxy of an address with http.
const NAME_A_PLAIN_PROXY: [&str; 4] = ["HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

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
    fn set(&self, variable: &str) -> Result<Option<String>, ConfigError> {
        match (self.0)(variable) {
            Some(value) if value.is_empty() => Ok(None),
            // One of blanks alone was to be something.
            Some(value) if value.to_str().is_some_and(|value| value.trim().is_empty()) => {
                Ok(Some(value.to_string_lossy().into_owned()))
            }
            _ => self.get(variable),
        }
    }

    /// The proxy for addresses with https, where there is one and it can be read. (Where it can't, [`Self::note_network`]
    /// refuses it.)
    pub(super) fn proxy(&self) -> Result<Option<Proxy>, ConfigError> {
        for variable in NAME_A_PROXY {
            if let Some(value) = self.set(variable)? {
                return Ok(Proxy::parse(&value));
            }
        }
        Ok(None)
    }

    /// The hosts that are asked without a proxy.
    pub(super) fn no_proxy(&self) -> Result<String, ConfigError> {
        Ok(match self.get("NO_PROXY")? {
            Some(list) => list,
            None => self.get("no_proxy")?.unwrap_or_default(),
        })
    }

    /// Notes the proxies and certificates that the environment names, for `check` to show.
    ///
    /// # Errors
    /// Where these workspaces need them, and one names no proxy that can be read, or one that would see a key.
    pub(super) fn note_network(
        &self,
        workspaces: &[WorkspaceConfig],
        known: &KnownKeys,
        settings: &mut Settings,
    ) -> Result<(), ConfigError> {
        // What is meant for this machine never goes to a proxy.
        let mut elsewhere = workspaces.iter().filter(|workspace| !address::is_loopback(&workspace.base_url));
        let are_heeded = elsewhere.clone().next().is_some();
        let no_proxy = self.no_proxy()?;
        let plain = elsewhere.find(|workspace| {
            workspace.base_url.scheme() == "http" && !is_excepted(&workspace.base_url, &no_proxy)
        });
        for variable in NETWORK_VARIABLES {
            let names_a_proxy = NAME_A_PROXY.contains(&variable) || NAME_A_PLAIN_PROXY.contains(&variable);
            let Some(value) = (if names_a_proxy { self.set(variable)? } else { self.get(variable)? }) else {
                continue;
            };
            if !names_a_proxy {
                known.refuse(&format!("the variable {variable}"), &value)?;
                settings.note(format!("network {variable}"), value, Origin::Environment(variable.to_owned()));
                continue;
            }
            let proxy = Proxy::parse(&value);
            if are_heeded && NAME_A_PROXY.contains(&variable) && proxy.is_none() {
                return Err(ConfigError::new(format!(
                    "the variable {variable} is no address of a proxy: write http://HOST:PORT, or unset it where there is no \
                     proxy (it is not shown, as it may hold a password)"
                )));
            }
            if let Some(workspace) = plain
                && NAME_A_PLAIN_PROXY.contains(&variable)
            {
                return Err(ConfigError::new(format!(
                    "workspace {:?} is asked by http://, and the proxy that the variable {variable} names would see its key: \
                     use https://, or except the address with NO_PROXY",
                    workspace.name
                )));
            }
            let shown = match proxy {
                Some(proxy) if proxy.has_credentials() => proxy.shown().replacen("://", "://…@", 1),
                Some(proxy) => proxy.shown(),
                None => "no address of a proxy, and not needed".to_owned(),
            };
            // Before an @ is a user and a password, which are not shown.
            let host = value.rsplit('@').next().unwrap_or_default();
            known.refuse(&format!("the variable {variable}"), host)?;
            settings.note(format!("network {variable}"), shown, Origin::Environment(variable.to_owned()));
        }
        Ok(())
    }
}
