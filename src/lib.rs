//! Audits workspace secrets.
