//! Whether a workspace shows suspiciously few secrets: a key that lost access sees less, and nothing says so.

use crate::{inventory::Workspace, text::count};

/// A population that is empty, or less than half of the last one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PopulationDrop {
    /// Secrets seen now.
    pub now: usize,
    /// Secrets in the last published full audit, where there is one.
    pub earlier: Option<usize>,
}

/// Compares a workspace with what the last published full audit saw there.
#[must_use]
pub fn population_drop(workspace: &Workspace) -> Option<PopulationDrop> {
    let (now, earlier) = (workspace.secrets_listed(), workspace.earlier_population);
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
    use crate::inventory::Secret;

    fn drop_from(earlier: Option<usize>, now: usize) -> Option<PopulationDrop> {
        let mut workspace = Workspace::default();
        workspace.secrets = (0..now).map(|id| Secret::new(id.to_string(), "")).collect();
        workspace.earlier_population = earlier;
        population_drop(&workspace)
    }

    #[test]
    fn less_than_half_is_a_drop_and_half_is_not() {
        assert!(drop_from(Some(10), 4).is_some());
        assert!(drop_from(Some(10), 5).is_none());
        assert!(drop_from(Some(11), 5).is_some());
        assert!(drop_from(Some(3), 30).is_none());
    }

    #[test]
    fn nothing_at_all_is_a_drop_whatever_was_before() {
        assert!(drop_from(None, 0).is_some());
        assert!(drop_from(Some(0), 0).is_some());
        assert!(drop_from(None, 1).is_none());
    }
}
