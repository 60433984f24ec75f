//! The proxy before an address, asked once in a run, ahead of every request, whether it lets anything through. With a refusal
//! the run is at its end there: it comes of a wrong password or of a rule, which another try doesn't change, and some proxies
//! lock an account after a few. The HTTP client would try with every request, and doesn't tell a refusal from a fault that
//! passes.

use std::{io, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::OnceCell,
};
use url::Url;

use super::{error::ErrorKind, proxy::Proxy};

/// What this program calls itself.
pub(super) const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));

/// The proxy before an address.
#[derive(Debug)]
pub(super) struct ProxyCheck {
    proxy: Proxy,
    destination: String,
    /// Whether requests take a tunnel: what is not encrypted is handed to the proxy itself.
    is_tunnel: bool,
    read_policy: Duration,
    refusal: OnceCell<Option<u16>>,
}

impl ProxyCheck {
    /// The proxy on the way to this address. `read_policy` is the longest time to wait for what it says.
    pub(super) fn before(address: &Url, proxy: &Proxy, read_policy: Duration) -> Option<Self> {
        let destination = format!("{}:{}", address.host_str()?, address.port_or_known_default()?);
        let is_tunnel = address.scheme() == "https";
        Some(Self { proxy: proxy.clone(), destination, is_tunnel, read_policy, refusal: OnceCell::new() })
    }

    /// Where it is to lead.
    pub(super) fn destination(&self) -> &str {
        &self.destination
    }

    /// Where the proxy is, without a password.
    pub(super) fn proxy(&self) -> String {
        self.proxy.shown()
    }

    /// What is to be told of a proxy that lets nothing through. Anything else that goes wrong is for the requests to meet.
    pub(super) async fn refusal(&self) -> Option<ErrorKind> {
        let asking = || async { tokio::time::timeout(self.read_policy, self.ask()).await.ok()?.ok()? };
        self.refusal.get_or_init(asking).await.map(|status| self.refused(status))
    }

    /// The fault that the proxy's refusal with this status is.
    pub(super) fn refused(&self, status: u16) -> ErrorKind {
        ErrorKind::Proxy { proxy: self.proxy(), status }
    }

    /// Asks for a tunnel, as the HTTP client would. The status, where that is a refusal.
    async fn ask(&self) -> io::Result<Option<u16>> {
        let url = self.proxy.url();
        // To other proxies the way is TLS.
        let (true, "http", Some(host)) = (self.is_tunnel, url.scheme(), url.host_str()) else {
            return Ok(None);
        };
        let host = host.trim_matches(['[', ']']);
        let mut stream = TcpStream::connect((host, url.port_or_known_default().unwrap_or(80))).await?;
        let to = &self.destination;
        let mut request =
            format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\nUser-Agent: {USER_AGENT}\r\n").into_bytes();
        if let Some(credentials) = self.proxy.basic_auth() {
            request.extend([b"Proxy-Authorization: ", credentials.as_bytes(), b"\r\n"].concat());
        }
        request.extend(b"\r\n");
        stream.write_all(&request).await?;
        let mut response = [0; "HTTP/1.1 200".len()];
        stream.read_exact(&mut response).await?;
        Ok(match &response {
            [b'H', b'T', b'T', b'P', b'/', _, _, _, _, b'4', b'0', b'7'] => Some(407),
            [b'H', b'T', b'T', b'P', b'/', _, _, _, _, b'4', b'0', b'3'] => Some(403),
            _ => None,
        })
    }
}
