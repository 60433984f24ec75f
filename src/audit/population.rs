//! Whether a workspace shows suspiciously few secrets, or none: a key that lost access sees less, and nothing says so.

use crate::text::count;

/// What a workspace that shows suspiciously few secrets leads to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnPopulationDrop {
    /// The workspace counts as not read whole.
    #[default]
    Incomplete,
    /// The reports say so on their first page.
    Warn,
    /// The workspace counts as not readable.
    Fail,
}

impl OnPopulationDrop {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Incomplete, Self::Warn, Self::Fail];

    /// The word for it in settings and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Incomplete => "incomplete",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// A population that is less than half of the last one. One that is empty is none of these: see [`empty_in_words`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PopulationDrop {
    /// Secrets seen now.
    pub now: usize,
    /// Secrets in the last published full audit. (Before schema version 3 there may be none.)
    pub earlier: Option<usize>,
}

/// Compares how many secrets a workspace lists with how many the last published full audit listed there.
pub(crate) fn population_drop(now: usize, earlier: Option<usize>) -> Option<PopulationDrop> {
    let dropped = now > 0 && earlier.is_some_and(|earlier| now * 2 < earlier);
    dropped.then_some(PopulationDrop { now, earlier })
}

impl PopulationDrop {
    /// What it is, and what to do about it, in words.
    pub(crate) fn in_words(self) -> String {
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

/// What it means that a key sees no secret, and what to do about it, where the last published full audit listed so many.
pub fn empty_in_words(earlier: Option<usize>) -> String {
    let earlier = match earlier {
        None | Some(0) => String::new(),
        Some(earlier) => format!(" (the last published audit saw {earlier})"),
    };
    format!(
        "this key sees no secret{earlier}: check that the key belongs to the right workspace, that it has the permission \
         convai_read and that secrets are shared with its user; if the workspace has none, set [audit] allow_empty = true"
    )
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
    fn nothing_at_all_is_no_drop_whatever_was_before() {
        assert!(population_drop(0, None).is_none());
        assert!(population_drop(0, Some(10)).is_none());
        assert!(population_drop(1, None).is_none());
    }

    #[test]
    fn an_earlier_number_is_named_where_it_tells_anything() {
        assert!(empty_in_words(Some(10)).contains("(the last published audit saw 10)"));
        for nothing_told in [None, Some(0)] {
            assert!(empty_in_words(nothing_told).starts_with("this key sees no secret: check"));
        }
    }
}
