//! What each part of an inventory takes, in bytes, for whoever counts what is kept.

use super::{Gap, Missing, Reference, Secret, Use, Why, Workspace};
use crate::memory::{ALLOCATION, text};

impl Workspace {
    /// What the resources, and what each use goes through, take in bytes.
    pub(crate) fn resource_bytes(&self) -> usize {
        self.resources.bytes()
    }
}

impl Secret {
    /// What its uses take, in bytes.
    pub(crate) fn use_bytes(&self) -> usize {
        self.uses.capacity() * size_of::<Use>()
    }

    /// What it takes itself, in bytes, and will take when it is judged.
    pub fn bytes(&self) -> usize {
        // A list that grows is up to twice as long as what is in it; and what is said of it is as large as it is.
        3 * size_of::<Self>() + 2 * text(&self.id) + text(&self.name)
    }
}

impl Gap {
    /// What it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let what = match &self.what {
            Missing::List { dependent_type } => dependent_type.bytes(),
            Missing::Field { name: words } | Missing::Secret { secret_id: words, .. } => text(words),
            _ => 0,
        };
        size_of::<Self>() + what + self.why.bytes()
    }
}

impl Why {
    /// What the texts in it take, in bytes.
    pub fn bytes(&self) -> usize {
        let mut bytes = 0;
        self.clone().each_text(&mut |words| bytes += size_of::<Self>() + text(words));
        bytes
    }
}

impl Reference {
    /// What it takes, in bytes.
    pub fn bytes(&self) -> usize {
        let via = self.via.iter().map(|via| text(via)).sum::<usize>();
        self.holder.bytes() + text(&self.secret_id) + text(&self.why) + via + ALLOCATION
    }
}
