//! What several parts of the page are made with: lists that may be cut, and numbers and dates as people read them.

use std::{
    fmt::{self, Write as _},
    io,
};

use askama::Template;
use chrono::{DateTime, Utc};

use crate::audit::{Audit, AuditedWorkspace, Totals, Verdict};

/// The room of one list that may be cut, such as the dangling references, in bytes.
pub(super) const LIST_ROOM: usize = 200_000;

/// HTML that a template made. Templates may take it as it is.
pub(super) struct Rendered(pub(super) String);

impl Rendered {
    pub(super) fn of(template: &impl Template) -> io::Result<Self> {
        template.render().map(Self).map_err(io::Error::other)
    }

    pub(super) fn push(&mut self, template: &impl Template) -> io::Result<()> {
        template.render_into(&mut self.0).map_err(io::Error::other)
    }
}

impl fmt::Display for Rendered {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The rows of a list, as many as there is room for.
pub(super) struct Rows {
    pub(super) rendered: Rendered,
    pub(super) left_out: usize,
}

impl Rows {
    pub(super) fn fill<T: Template>(rows: impl IntoIterator<Item = T>, room: usize) -> io::Result<Self> {
        let mut filled = Self { rendered: Rendered(String::new()), left_out: 0 };
        for row in rows {
            let row = Rendered::of(&row)?.0;
            if filled.left_out > 0 || filled.rendered.0.len() + row.len() > room {
                filled.left_out += 1;
            } else {
                filled.rendered.0.push_str(&row);
            }
        }
        Ok(filled)
    }

    /// How many are left out, as people read it.
    pub(super) fn more(&self) -> Number {
        Number(self.left_out)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rendered.0.is_empty()
    }
}

/// How many bytes a template makes, without keeping them.
pub(super) fn size(template: &impl Template) -> io::Result<usize> {
    struct Counter(usize);
    impl fmt::Write for Counter {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            self.0 += text.len();
            Ok(())
        }
    }
    let mut counter = Counter(0);
    template.render_into(&mut counter).map_err(io::Error::other)?;
    Ok(counter.0)
}

/// A number as people read it: `1,255`.
#[derive(Clone, Copy)]
pub(super) struct Number(pub(super) usize);

impl fmt::Display for Number {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let digits = self.0.to_string();
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                formatter.write_char(',')?;
            }
            formatter.write_char(digit)?;
        }
        Ok(())
    }
}

/// A number of days as people read it.
pub(super) fn days(days: u32) -> Number {
    Number(usize::try_from(days).unwrap_or(usize::MAX))
}

/// A moment as people read it; templates put it beside the timestamp for machines.
pub(super) fn in_words(moment: DateTime<Utc>) -> String {
    moment.format("%-d %B %Y, %H:%M UTC").to_string()
}

/// A day as people read it.
pub(super) fn date_in_words(moment: DateTime<Utc>) -> String {
    moment.format("%-d %B %Y").to_string()
}

/// The pieces of a sentence of [`words`](crate::report::messages), each with whether it is code.
pub(super) fn prose(sentence: &str) -> impl Iterator<Item = (bool, &str)> {
    sentence.split('`').enumerate().map(|(at, piece)| (at % 2 == 1, piece))
}

/// A name, or words for that there is none.
pub(super) fn named(name: &str) -> &str {
    if name.is_empty() { "(none)" } else { name }
}

/// The words for a verdict, and the class that its style goes by.
pub(super) fn verdict(verdict: Verdict) -> (&'static str, &'static str) {
    match verdict {
        Verdict::Unused => ("unused", "unused"),
        Verdict::Undetermined => ("undetermined", "undetermined"),
        Verdict::InUse => ("in use", "in-use"),
    }
}

/// Whether a column is needed that says which workspace.
pub(super) fn several(audit: &Audit) -> bool {
    audit.workspaces.len() > 1
}

/// All that a list of each workspace holds, with the name of the workspace.
pub(super) fn of_each<'a, T: 'a>(
    audit: &'a Audit,
    list: impl Fn(&'a AuditedWorkspace) -> &'a [T] + 'a,
) -> impl Iterator<Item = (&'a str, &'a T)> {
    audit
        .workspaces
        .iter()
        .flat_map(move |workspace| list(workspace).iter().map(|one| (workspace.name(), one)))
}

/// The verdicts, each as the class that its style goes by and its words, with how many secrets have it; the urgent ones
/// first.
pub(super) fn by_verdict(totals: Totals) -> [(&'static str, &'static str, usize); 3] {
    [
        (Verdict::Unused, totals.unused),
        (Verdict::Undetermined, totals.undetermined),
        (Verdict::InUse, totals.in_use),
    ]
    .map(|(one, number)| {
        let (words, class) = verdict(one);
        (class, words, number)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, shown) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_200_345, "1,200,345")] {
            assert_eq!(Number(number).to_string(), shown);
        }
    }
}
