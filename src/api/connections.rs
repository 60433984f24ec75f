//! The connections of a run. Workspaces of one address share them, as each request carries its key itself: a connection
//! that is open is used again, whoever opened it, and HTTP/2 is spoken where it is offered.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use reqwest::Certificate;
use rustls_native_certs::load_certs_from_paths;
use url::Url;

use super::{
    error::chain,
    proxy::Proxy,
    proxy_check::{ProxyCheck, USER_AGENT},
};

/// Why no client could be made.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The key holds characters that no header can carry. It is not shown.
    #[error("the API key holds characters that cannot be sent in a header")]
    UnusableKey,
    /// The proxy could not be set up.
    #[error("the proxy cannot be used: {0}")]
    Proxy(String),
    /// TLS could not be set up.
    #[error(
        "TLS could not be set up: {0}; install the system's CA certificates, or name them in SSL_CERT_FILE"
    )]
    Tls(String),
}

/// The connections of a run, made where they are first needed.
#[derive(Debug)]
pub struct Connections {
    connect_timeout: Duration,
    idle_timeout: Duration,
    attempt_timeout: Duration,
    made: Mutex<HashMap<Way, reqwest::Client>>,
    gates: Mutex<HashMap<String, Arc<ProxyCheck>>>,
}

/// What connections have to have in common to be shared.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Way {
    proxy: Option<Proxy>,
    is_encrypted: bool,
}

impl Connections {
    /// No connections yet. `connect_timeout` is the longest time to open one, `idle_timeout` the longest silence while an
    /// answer comes, and `attempt_timeout` the longest time for one attempt as a whole.
    pub fn new(connect_timeout: Duration, idle_timeout: Duration, attempt_timeout: Duration) -> Self {
        Self {
            connect_timeout,
            idle_timeout,
            attempt_timeout,
            made: Mutex::default(),
            gates: Mutex::default(),
        }
    }

    /// The proxy that has to let requests through to this address, the same for all that ask there.
    pub(super) fn proxy_check(&self, address: &Url, proxy: &Proxy) -> Option<Arc<ProxyCheck>> {
        let proxy_check = ProxyCheck::before(address, proxy, self.connect_timeout)?;
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        Some(Arc::clone(
            gates.entry(proxy_check.destination().to_owned()).or_insert_with(|| Arc::new(proxy_check)),
        ))
    }

    /// What leads to this address.
    pub(super) fn to(&self, address: &Url, proxy: Option<&Proxy>) -> Result<reqwest::Client, ClientError> {
        let way = Way { proxy: proxy.cloned(), is_encrypted: address.scheme() != "http" };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = made.get(&way) {
            return Ok(known.clone());
        }
        let client = self.open(&way)?;
        made.insert(way, client.clone());
        Ok(client)
    }

    fn open(&self, way: &Way) -> Result<reqwest::Client, ClientError> {
        // Of the whole process. That there is one already is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .user_agent(USER_AGENT)
            // reqwest takes `Authorization` out when a redirect changes the host, but not `xi-api-key`.
            .redirect(reqwest::redirect::Policy::none())
            // Its own retries would escape the one policy.
            .retry(reqwest::retry::never())
            .tls_version_min(reqwest::tls::Version::TLS_1_2)
            .connect_timeout(self.connect_timeout)
            .read_timeout(self.idle_timeout)
            .timeout(self.attempt_timeout);
        // Never the client's own reading of the environment, which passes over what it can't read.
        builder = builder.no_proxy();
        if let Some(proxy) = &way.proxy {
            let proxy = reqwest::Proxy::all(proxy.url().clone());
            builder = builder.proxy(proxy.map_err(|error| ClientError::Proxy(chain(&error)))?);
        }
        if !way.is_encrypted {
            // Without TLS there is nobody to trust, and a machine without CA certificates is no obstacle.
            builder = builder.tls_certs_only([]);
        } else if is_empty("SSL_CERT_FILE")
            && std::env::var_os("SSL_CERT_DIR").is_none_or(|dir| dir.is_empty())
        {
            builder = builder.tls_certs_only(system_certificates()?);
        }
        builder.build().map_err(|error| ClientError::Tls(chain(&error)))
    }
}

/// Whether a variable is set, and to nothing.
fn is_empty(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value.is_empty())
}

/// The authorities that this machine trusts. Where SSL_CERT_FILE is set to nothing TLS, left to itself, would look for a file
/// without a name.
fn system_certificates() -> Result<Vec<Certificate>, ClientError> {
    let found = openssl_probe::probe();
    let mut loaded = load_certs_from_paths(found.cert_file.as_deref(), None).certs;
    for directory in &found.cert_dir {
        loaded.extend(load_certs_from_paths(None, Some(directory)).certs);
    }
    let certificates: Vec<Certificate> =
        loaded.iter().filter_map(|certificate| Certificate::from_der(certificate).ok()).collect();
    match certificates.as_slice() {
        [] => Err(ClientError::Tls("no CA certificates were found".to_owned())),
        _ => Ok(certificates),
    }
}
