//! What a reviewer asks of the bundles in an output directory: are they sound, when did the audit run, what is different
//! between two, and the reports again.
//!
//! Nothing here takes a lock, sends a request, or writes but where it was told to.

mod bundles;
mod chain;
mod diff;
mod integrity;
mod render;
mod timeline;
mod verify;

pub(crate) use bundles::ReviewError;
pub use diff::diff;
pub use integrity::{Integrity, Line};
pub use render::render;
pub use timeline::{Day, DayStatus, Place, Timeline, timeline};
pub use verify::{Verification, verify};
