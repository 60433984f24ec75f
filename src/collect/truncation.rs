//! Whether a list of dependents was shown whole.

use crate::{
    api::{DependentList, HasMore, ListName},
    inventory::Why,
    memory::text,
};

/// The lists still to be completed, by the position of their secret.
pub(super) type Open = Vec<(usize, Vec<OpenList>)>;

/// A list that may have more than an answer showed, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct OpenList {
    pub(super) name: ListName,
    pub(super) doubt: Why,
    /// Whether nothing but its length raises the doubt.
    pub(super) only_by_length: bool,
    /// Whether it could not be read, so that another showing of the same list settles nothing.
    pub(super) unreadable: bool,
    /// How many elements it showed.
    pub(super) shown: usize,
}

impl OpenList {
    /// What it takes, in bytes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + text(self.name.as_str()) + self.doubt.bytes()
    }
}

/// Why a list that was asked for with `limit` cannot be taken for whole; `None` where it can.
///
/// Only tools, agents and phone numbers carry a `*_has_more` flag. Where there is none, a list exactly as long as the
/// limit may have been cut with nothing to say so.
fn why_not_whole(list: &DependentList<'_>, limit: u32) -> Option<Why> {
    if let Some(problem) = &list.problem {
        return Some(problem.clone().into());
    }
    match list.has_more {
        HasMore::No => None,
        HasMore::Yes => Some(Why::Cut(limit)),
        HasMore::Absent if list.shown < limit as usize => None,
        HasMore::Absent => Some(Why::AsLongAsLimit(limit)),
    }
}

/// The lists that can't be taken for whole.
pub(super) fn open_lists(lists: &[DependentList<'_>], limit: u32) -> Vec<OpenList> {
    lists
        .iter()
        .filter_map(|list| {
            let doubt = why_not_whole(list, limit)?;
            let only_by_length = list.has_more == HasMore::Absent && list.problem.is_none();
            Some(OpenList {
                name: list.name.clone(),
                doubt,
                only_by_length,
                unreadable: list.problem.is_some(),
                shown: list.shown,
            })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inventory::{DependentType, Observation, Resource};

    fn list(length: usize, has_more: HasMore) -> DependentList<'static> {
        let observation = |id: usize| Observation {
            resource: Resource::unknown(DependentType::McpServer, id.to_string()),
            relation: crate::inventory::Relation::Direct,
            via: Vec::new(),
        };
        DependentList {
            name: ListName::McpServers,
            observations: (0..length).map(observation).collect(),
            shown: length,
            without_id: 0,
            has_more,
            problem: None,
        }
    }

    #[test]
    fn a_flag_decides_whatever_the_length() {
        assert_eq!(why_not_whole(&list(20, HasMore::No), 20), None);
        assert!(why_not_whole(&list(0, HasMore::Yes), 20).is_some());
    }

    #[test]
    fn without_a_flag_the_length_decides() {
        assert_eq!(why_not_whole(&list(19, HasMore::Absent), 20), None);
        assert!(why_not_whole(&list(20, HasMore::Absent), 20).is_some());
        assert!(why_not_whole(&list(21, HasMore::Absent), 20).is_some());
    }

    #[test]
    fn a_problem_outweighs_a_flag() {
        let unreadable = DependentList { problem: Some("no list".to_owned()), ..list(0, HasMore::No) };
        assert_eq!(why_not_whole(&unreadable, 20), Some("no list".to_owned().into()));
    }
}
