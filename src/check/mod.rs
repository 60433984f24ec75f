//! `check`: whether a night would succeed, so that an operator sees it before the first one. Publishes nothing, and leaves
//! no file behind.

mod checkup;
mod line;
mod machine;
mod messages;
mod sources;
mod space;

pub use checkup::{Checkup, check_up};
pub use line::Line;
pub(crate) use line::Standing;
pub use sources::Outcome;
pub(crate) use sources::{Checked, Need, Probe};
