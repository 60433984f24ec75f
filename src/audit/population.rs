//! Whether a workspace shows suspiciously few secrets: a key that lost access sees less, and nothing says so.

use crate::text::count;

/// A population that is empty, or less than half of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopulationDrop {
    /// Secrets seen now.
    pub now: usize,
    /// Secrets in the last published full audit, where there is one.
    pub earlier: Option<usize>,
}

/// Compares how many secrets a workspace lists with how many the last published full audit listed there.
#[must_use]
pub(super) fn population_drop(now: usize, earlier: Option<usize>) -> Option<PopulationDrop> {
    let dropped = now == 0 || earlier.is_some_and(|earlier| now * 2 < earlier);
    dropped.then_some(PopulationDrop { now, earlier })
}

impl PopulationDrop {
    /// What it is, and what to do about it, in words.
    #[must_use]
    pub fn in_words(self) -> String {
        let now = match self.now {
            0 => "no secrets at all".to_owned(),
            now => format!("only {}", count(now, "secret", "secrets")),
        };
        let earlier = match self.earlier {
            Some(earlier) => format!(", the last published audit {earlier}"),
            None => String::new(),
        };
        format!(
            "the key sees {now}{earlier}: it may have lost access to secrets, so check its permissions and with whom \
             the secrets are shared"
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_than_half_is_a_drop_and_half_is_not() {
        assert!(population_drop(4, Some(10)).is_some());
        assert!(population_drop(5, Some(10)).is_none());
        assert!(population_drop(5, Some(11)).is_some());
        assert!(population_drop(30, Some(3)).is_none());
    }

    #[test]
    fn nothing_at_all_is_a_drop_whatever_was_before() {
        assert!(population_drop(0, None).is_some());
        assert!(population_drop(0, Some(0)).is_some());
        assert!(population_drop(1, None).is_none());
    }
}
