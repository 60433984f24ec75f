//! The proxies and certificates that the environment names, which the network heeds by itself.

use hyper_util::client::proxy::matcher::Matcher;
use url::Url;

use super::{
    address,
    environment::Environment,
    error::ConfigError,
    misplaced::KnownKeys,
    settings::{Origin, Settings},
    target::WorkspaceConfig,
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

/// The proxy for addresses with https, where there is one and it can be read. (Where it can't, [`note`]
/// refuses it.)
pub(super) fn proxy(environment: &Environment) -> Result<Option<Proxy>, ConfigError> {
    for variable in NAME_A_PROXY {
        if let Some(value) = environment.set(variable)? {
            return Ok(Proxy::parse(&value));
        }
    }
    Ok(None)
}

/// The hosts that are asked without a proxy.
pub(super) fn no_proxy(environment: &Environment) -> Result<String, ConfigError> {
    Ok(match environment.get("NO_PROXY")? {
        Some(list) => list,
        None => environment.get("no_proxy")?.unwrap_or_default(),
    })
}

/// Notes the proxies and certificates that the environment names, for `check` to show.
///
/// # Errors
/// Where these workspaces need them, and one names no proxy that can be read, or one that would see a key.
pub(super) fn note(
    environment: &Environment,
    workspaces: &[WorkspaceConfig],
    known: &KnownKeys,
    settings: &mut Settings,
) -> Result<(), ConfigError> {
    // What is meant for this machine never goes to a proxy.
    let mut elsewhere = workspaces.iter().filter(|workspace| !address::is_loopback(&workspace.base_url));
    let are_heeded = elsewhere.clone().next().is_some();
    let no_proxy = no_proxy(environment)?;
    let plain = elsewhere.find(|workspace| {
        workspace.base_url.scheme() == "http" && !is_excepted(&workspace.base_url, &no_proxy)
    });
    for variable in NETWORK_VARIABLES {
        let names_a_proxy = NAME_A_PROXY.contains(&variable) || NAME_A_PLAIN_PROXY.contains(&variable);
        let Some(value) =
            (if names_a_proxy { environment.set(variable)? } else { environment.get(variable)? })
        else {
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

/// Whether a list as `NO_PROXY` has it excepts an address, by the rules of curl and others, or by those of the HTTP client,
/// which knows networks.
pub(super) fn is_excepted(url: &Url, list: &str) -> bool {
    let any = Matcher::builder().all("http://proxy.example").no(list).build();
    let is_intercepted = url.as_str().parse().is_ok_and(|url| any.intercept(&url).is_some());
    !is_intercepted || address::is_excepted(url, list)
}
