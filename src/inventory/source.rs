//! Who told of a use.

/// A part of the API that can tell of a use, in the order in which an audit asks them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// `used_by` in the list of secrets, at the first limit.
    Preview,
    /// `used_by` in the list of secrets, at the higher limit.
    HigherLimit,
    /// The list of a secret's dependents of one kind.
    Dependencies,
}

impl Source {
    const ALL: [Self; 3] = [Self::Preview, Self::HigherLimit, Self::Dependencies];

    /// The word for it in the column `source`. Both limits of the list of secrets are `used_by`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Preview | Self::HigherLimit => "used_by",
            Self::Dependencies => "dependencies",
        }
    }
}

/// A set of sources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sources(u16);

impl Sources {
    /// Both sets together.
    #[must_use]
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether `source` is one of them.
    #[must_use]
    pub fn contains(self, source: Source) -> bool {
        self.0 & Self::from(source).0 != 0
    }

    /// The one that is asked first: the step of the audit that first showed a use.
    #[must_use]
    pub fn first(self) -> Option<Source> {
        Source::ALL.into_iter().find(|source| self.contains(*source))
    }

    /// The words for them, each once, in the order in which they are asked.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let mut last = "";
        Source::ALL.into_iter().filter(move |source| self.contains(*source)).filter_map(move |source| {
            let new = source.as_str() != last;
            last = source.as_str();
            new.then_some(last)
        })
    }
}

impl From<Source> for Sources {
    fn from(source: Source) -> Self {
        Self(1 << source as u16)
    }
}
