//! The page's style and script, and the Content-Security-Policy that allows these and nothing else.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest, Sha256};

/// All of the page's style.
pub(super) const STYLE: &str = include_str!("page.css");

/// All of the page's script. Without it the page is whole; with it, the table sorts and filters.
pub(super) const SCRIPT: &str = include_str!("page.js");

/// Nothing is loaded, sent or run but the style and the script that stand in the page.
pub(super) fn content_security_policy() -> String {
    let sum = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; form-action 'none'",
        sum(STYLE),
        sum(SCRIPT)
    )
}
