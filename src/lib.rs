//! Audits workspace secrets.

#[cfg(feature = "simulator")]
pub mod simulator;
