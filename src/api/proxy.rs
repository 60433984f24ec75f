//! The address of a proxy, as the environment has it.

use std::fmt;

use hyper_util::client::proxy::matcher::Matcher;
use reqwest::header::HeaderValue;
use url::Url;

/// A proxy that this program can talk to, with the password for it. That is never shown.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Proxy(Url);

impl Proxy {
    /// Reads an address, `http://` where it has no scheme. `None` where there is any doubt of what it means, such as a blank,
    /// another scheme, or a slash in the password, which would make a host of the user's name.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        if !value.bytes().all(|byte| byte.is_ascii_graphic()) || value.matches('@').count() > 1 {
            return None;
        }
        let value = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        let url = Url::parse(&value).ok()?;
        let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        if !matches!(url.scheme(), "http" | "https") || !is_bare {
            return None;
        }
        // What the HTTP client makes of it, which reads addresses in another way.
        let read = intercept(&value)?;
        let is_same = read.uri().host()?.eq_ignore_ascii_case(url.host_str()?)
            && read.uri().port_u16() == value_port(&url, read.uri().port().is_some());
        is_same.then_some(Self(url))
    }

    /// Where it is, without user and password.
    pub(crate) fn shown(&self) -> String {
        let port = self.0.port().map_or(String::new(), |port| format!(":{port}"));
        format!("{}://{}{port}", self.0.scheme(), self.0.host_str().unwrap_or_default())
    }

    /// Whether it wants a user, or a password.
    pub(crate) fn has_credentials(&self) -> bool {
        !self.0.username().is_empty() || self.0.password().is_some()
    }

    /// The whole address.
    pub(super) fn url(&self) -> &Url {
        &self.0
    }

    /// What it wants to be shown before it lets anything through.
    pub(super) fn basic_auth(&self) -> Option<HeaderValue> {
        intercept(self.0.as_str())?.basic_auth().cloned()
    }
}

impl fmt::Debug for Proxy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("Proxy").field(&self.shown()).finish()
    }
}

/// The port, where one was written.
fn value_port(url: &Url, is_written: bool) -> Option<u16> {
    if is_written { url.port_or_known_default() } else { None }
}

fn intercept(value: &str) -> Option<hyper_util::client::proxy::matcher::Intercept> {
    let any = "https://api.elevenlabs.io".parse().ok()?;
    Matcher::builder().all(value).build().intercept(&any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_which_there_is_any_doubt_is_none() {
        for (value, shown) in [
            ("http://proxy.example:3128", "http://proxy.example:3128"),
            ("proxy.example:3128", "http://proxy.example:3128"),
            ("https://Proxy.example", "https://proxy.example"),
            ("http://me:hunter2@10.0.0.1:8080/", "http://10.0.0.1:8080"),
            ("me:hunter2@proxy.example:80", "http://proxy.example"),
            ("http://me:hunter%202@[fd00::1]:3128", "http://[fd00::1]:3128"),
        ] {
            let proxy = Proxy::parse(value).unwrap();
            assert_eq!(proxy.shown(), shown, "{value}");
            assert_eq!(proxy.has_credentials(), value.contains("hunter"), "{value}");
            assert!(!format!("{proxy:?}").contains("hunter"), "{proxy:?}");
            assert_eq!(proxy.basic_auth().is_some(), proxy.has_credentials(), "{value}");
        }
        for value in [
            "",
            " ",
            "::::",
            "http://",
            "http:/proxy.example:3128",
            "http:proxy.example:3128",
            "//proxy.example:3128",
            "http://proxy.example:3128 ",
            " http://proxy.example:3128",
            "http://proxy.example:3128\n",
            "http://pro xy.example:3128",
            "http://me:hun ter2@proxy.example:3128",
            "http://me:hun/ter2@proxy.example:3128",
            "http://me:12/ter2@proxy.example:3128",
            "http://me:12#ter2@proxy.example:3128",
            "http://me:12?ter2@proxy.example:3128",
            "http://me:hun\\ter2@proxy.example:3128",
            "http://me:hun@ter2@proxy.example:3128",
            "http://proxy.example:99999",
            "http://proxy.example:port",
            "http://proxy.example:3128/path",
            "http://proxy.example:3128?a=b",
            "socks5://proxy.example:1080",
            "ftp://proxy.example",
            "htp://proxy.example:3128",
            "http://prøxy.example:3128",
        ] {
            assert!(Proxy::parse(value).is_none(), "{value:?}");
        }
    }
}
