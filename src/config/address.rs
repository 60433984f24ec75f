//! Where the API is.

use url::{Host, Url};

use super::error::ConfigError;

/// A region by the name that users give it. Addresses: the `servers` of the public OpenAPI document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Region {
    /// The default.
    Global,
    /// United States.
    Us,
    /// European Union, data residency.
    EuResidency,
    /// India, data residency.
    InResidency,
    /// Singapore, data residency.
    SgResidency,
}

impl Region {
    /// Every region.
    pub const ALL: &[Self] =
        &[Self::Global, Self::Us, Self::EuResidency, Self::InResidency, Self::SgResidency];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Global => "global",
            Self::Us => "us",
            Self::EuResidency => "eu-residency",
            Self::InResidency => "in-residency",
            Self::SgResidency => "sg-residency",
        }
    }

    /// Whether one has this name.
    pub(crate) fn is_named(name: &str) -> bool {
        Self::ALL.iter().any(|region| region.as_str() == name)
    }

    /// Its address.
    pub fn base_url(self) -> &'static str {
        match self {
            Self::Global => "https://api.elevenlabs.io",
            Self::Us => "https://api.us.elevenlabs.io",
            Self::EuResidency => "https://api.eu.residency.elevenlabs.io",
            Self::InResidency => "https://api.in.residency.elevenlabs.io",
            Self::SgResidency => "https://api.sg.residency.elevenlabs.io",
        }
    }
}

/// Reads an address. The key is sent there, so it must be one that nobody can listen in on: https, or this machine.
pub(super) fn parse(text: &str, origin: &str, allow_plain_http: bool) -> Result<Url, ConfigError> {
    let refuse = |why: &str| Err(ConfigError::new(format!("the address from {origin} {why}")));
    let Ok(mut url) = Url::parse(text) else {
        return refuse("is no URL; it should look like https://api.elevenlabs.io");
    };
    if !url.username().is_empty() || url.password().is_some() {
        return refuse("holds a user name or password; take it out, the key goes into a header");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return refuse("has a query or fragment; give the address alone");
    }
    match url.scheme() {
        "https" => {}
        "http" if allow_plain_http || is_loopback(&url) => {}
        "http" => {
            return refuse(
                "is http://, which would send the key in clear; use https:// (or set [http] allow_plain_http)",
            );
        }
        _ => return refuse("is neither https:// nor http://"),
    }
    let path = url.path().trim_end_matches('/');
    if path.ends_with("/v1") || path.contains("/v1/convai") {
        return refuse(
            "holds /v1, with which every path of the API begins; leave that off, and what follows it",
        );
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok(url)
}

/// Whether an address can be written into a configuration that allows nothing unusual.
pub(crate) fn checked_address(text: &str, origin: &str) -> Result<(), ConfigError> {
    parse(text, origin, false).map(drop)
}

/// Whether an address is this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Whether a list as `NO_PROXY` has it excepts an address from the proxy. The HTTP client reads the variable itself, but not
/// `*.suffix`, `host:port`, blanks between entries and dots at an end, which curl and other programs take.
pub(super) fn is_excepted(url: &Url, list: &str) -> bool {
    list.split(|separator: char| separator == ',' || separator.is_whitespace()).any(|entry| {
        let (name, port) = match entry.rsplit_once(':') {
            // An address of IPv6 without brackets has colons of its own.
            Some((name, port)) if !name.contains(':') || name.ends_with(']') => (name, Some(port)),
            _ => (entry, None),
        };
        let is_port = |port: &str| port.parse().ok() == url.port_or_known_default();
        port.is_none_or(is_port) && is_host(url, name)
    })
}

/// Whether a name in `NO_PROXY` is an address' host, or a domain that the host is in.
fn is_host(url: &Url, name: &str) -> bool {
    let dotless = |name: &str| name.trim_matches('.').to_ascii_lowercase();
    match url.host() {
        Some(_) if name == "*" => true,
        Some(Host::Domain(host)) => {
            let (host, name) = (dotless(host), dotless(name.strip_prefix('*').unwrap_or(name)));
            let above = host.strip_suffix(&name);
            !name.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
        }
        Some(Host::Ipv4(address)) => name.parse() == Ok(address),
        Some(Host::Ipv6(address)) => name.trim_matches(['[', ']']).parse() == Ok(address),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_excepted_from_the_proxy_is_told_in_the_forms_that_curl_and_others_take() {
        let cases = [
            ("https://api.elevenlabs.io", "*.elevenlabs.io", true),
            ("https://api.us.elevenlabs.io", "localhost, *.ElevenLabs.IO", true),
            ("https://elevenlabs.io", "*.elevenlabs.io", true),
            ("https://api.notelevenlabs.io", "*.elevenlabs.io,*.example", false),
            ("https://api.elevenlabs.io", "api.elevenlabs.io:443", true),
            ("https://api.elevenlabs.io", "elevenlabs.io:443", true),
            ("https://api.elevenlabs.io", "*.elevenlabs.io:443", true),
            ("https://api.elevenlabs.io", "api.elevenlabs.io:8443", false),
            ("https://api.elevenlabs.io:8443", "api.elevenlabs.io:8443", true),
            ("https://api.elevenlabs.io", "api.elevenlabs.io:", false),
            ("https://api.elevenlabs.io", "localhost api.elevenlabs.io", true),
            ("https://api.elevenlabs.io", ".elevenlabs.io.", true),
            ("https://api.elevenlabs.io", "*", true),
            ("https://10.0.0.1", "*", true),
            ("https://10.0.0.1", "10.0.0.1:443", true),
            ("https://10.0.0.1", "0.0.1,*.0.0.1", false),
            ("https://[fd00::1]:8443", "[fd00::1]:8443", true),
            ("https://[fd00::1]", "fd00::1", true),
            ("https://[fd00::1]", "[fd00::2]", false),
            ("https://api.elevenlabs.io", "", false),
            ("https://api.elevenlabs.io", ", ,.,:443", false),
        ];
        for (url, list, expected) in cases {
            assert_eq!(is_excepted(&Url::parse(url).unwrap(), list), expected, "{url} and {list:?}");
        }
    }

    fn message(text: &str) -> String {
        parse(text, "--base-url", false).unwrap_err().to_string()
    }

    #[test]
    fn the_key_is_not_sent_in_clear_but_to_this_machine() {
        for local in ["http://127.0.0.1:8080", "http://[::1]:1", "http://localhost"] {
            assert!(parse(local, "--base-url", false).is_ok(), "{local}");
        }
        assert!(message("http://api.elevenlabs.io").contains("in clear"));
        assert!(message("http://127.0.0.1.example.com").contains("in clear"));
        assert!(parse("http://proxy.internal", "--base-url", true).is_ok());
    }

    #[test]
    fn what_is_no_plain_address_is_refused_without_echoing_a_password() {
        assert!(message("api.elevenlabs.io").contains("no URL"));
        assert!(message("ftp://api.elevenlabs.io").contains("neither"));
        assert!(message("https://api.elevenlabs.io/?a=b").contains("query"));
        for path in ["/v1", "/v1/", "/gateway/v1", "/v1/convai", "/v1/convai/secrets"] {
            let refused = message(&format!("https://api.elevenlabs.io{path}"));
            assert!(refused.contains("leave that off"), "{path}: {refused}");
        }
        assert!(parse("https://gateway.example/v1beta", "--base-url", false).is_ok());
        let user_info = message("https://me:hunter2@api.elevenlabs.io");
        assert!(user_info.contains("password") && !user_info.contains("hunter2"));
    }

    #[test]
    fn every_region_has_an_address_that_is_allowed() {
        for region in Region::ALL {
            assert!(parse(region.base_url(), "a region", false).is_ok(), "{region:?}");
        }
    }
}
