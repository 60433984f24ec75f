//! What each part of an inventory takes, in bytes, for whoever counts what is kept.

use super::{Gap, Reference, Secret, Use, Workspace};
use crate::memory::{ALLOCATION, text};

impl Workspace {
    /// What the resources, and what each use goes through, take in bytes.
    #[must_use]
    pub fn resource_bytes(&self) -> usize {
        self.resources.bytes()
    }
}

impl Secret {
    /// What its uses take, in bytes.
    #[must_use]
    pub fn use_bytes(&self) -> usize {
        self.uses.capacity() * size_of::<Use>()
    }

    /// What it takes itself, in bytes, and will take when it is judged.
    #[must_use]
    pub fn bytes(&self) -> usize {
        // A list that grows is up to twice as long as what is in it; and what is said of it is as large as it is.
        3 * size_of::<Self>() + 2 * text(&self.id) + text(&self.name)
    }
}

impl Gap {
    /// What it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        text(&self.what) + text(&self.why)
    }
}

impl Reference {
    /// What it takes, in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let via = self.via.iter().map(|via| text(via)).sum::<usize>();
        self.holder.bytes() + text(&self.secret_id) + text(&self.why) + via + ALLOCATION
    }
}
