//! Whether a workspace shows suspiciously few secrets: a key that lost access sees less, and nothing says so.

use super::{Audit, History};
use crate::{inventory::FailedWorkspace, text::count};

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

impl Audit {
    /// Compares how many secrets each workspace lists with what the history says of it. Where `fails`, a workspace that
    /// lists suspiciously few counts as not readable.
    pub fn compare_populations(&mut self, history: &History, fails: bool) {
        if self.filter().is_some() {
            return;
        }
        let mut kept = Vec::new();
        for mut workspace in std::mem::take(&mut self.workspaces) {
            let known = history.workspaces.get(workspace.name()).filter(|_| !history.was_another(&workspace));
            let earlier = known.map(|known| known.secrets_listed);
            workspace.population_drop = population_drop(workspace.figures.secrets_listed, earlier);
            match workspace.population_drop {
                Some(drop) if fails => self.failed.push(FailedWorkspace {
                    name: workspace.workspace.name,
                    address: workspace.workspace.address,
                    error: format!("{} ([audit] population_drop = \"fail\")", drop.in_words()),
                    key_refused: false,
                }),
                _ => kept.push(workspace),
            }
        }
        self.workspaces = kept;
        self.failed.sort_by(|a, b| a.name.cmp(&b.name));
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
