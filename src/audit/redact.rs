//! Telephone numbers made unreadable, for bundles that leave the house: the first two and the last three characters
//! stay.
//!
//! Done once, on the audit: no format sees what was redacted.

use std::{borrow::Cow, collections::BTreeSet};

use super::{DependentName, changes::MOST_DEPENDENTS_NAMED};
use crate::inventory::{DependentType, Workspace};

/// What can be made unreadable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Deserialize, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// Telephone numbers, wherever they stand.
    PhoneNumbers,
}

impl Redaction {
    /// The word for it in the configuration and in reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhoneNumbers => "phone_numbers",
        }
    }
}

/// From how many digits on a run of digits in the label of a telephone number is taken for one: the shortest numbers
/// that can be called from elsewhere have seven.
const FEWEST_DIGITS: usize = 7;

/// Makes text unreadable where it holds what is to be redacted.
#[derive(Clone, Debug, Default)]
pub struct Redactor {
    /// The digits of every telephone number in the inventory.
    numbers: BTreeSet<String>,
    /// Whether anything is to be redacted.
    is_active: bool,
}

impl Redactor {
    /// What these workspaces hold of what is to be redacted.
    #[must_use]
    pub fn of<'w>(workspaces: impl IntoIterator<Item = &'w Workspace>, redactions: &[Redaction]) -> Self {
        let numbers = workspaces
            .into_iter()
            .flat_map(Workspace::resources)
            .filter_map(|resource| resource.phone_number.as_deref())
            .map(digits)
            .filter(|digits| digits.len() >= FEWEST_DIGITS)
            .collect();
        Self { numbers, is_active: redactions.contains(&Redaction::PhoneNumbers) }
    }

    /// A telephone number as a whole.
    #[must_use]
    pub fn number<'t>(&self, number: &'t str) -> Cow<'t, str> {
        if self.is_active { Cow::Owned(masked(number)) } else { Cow::Borrowed(number) }
    }

    /// A text in which a telephone number of these workspaces may stand.
    #[must_use]
    pub fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_active { self.masked_text(text) } else { Cow::Borrowed(text) }
    }

    /// Whether two texts are the same, one of which may come from an audit that was redacted while the other was not.
    pub(super) fn are_the_same(&self, one: &str, other: &str) -> bool {
        one == other || self.masked_text(one) == self.masked_text(other)
    }

    fn masked_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        mask_runs(text, |digits| self.numbers.iter().any(|number| digits.contains(number.as_str())))
    }

    /// The label of a telephone number: whatever looks like one is taken for one.
    #[must_use]
    pub fn label<'t>(&self, label: &'t str) -> Cow<'t, str> {
        if !self.is_active {
            return Cow::Borrowed(label);
        }
        mask_runs(label, |digits| digits.len() >= FEWEST_DIGITS)
    }

    /// The name of a resource of this type.
    #[must_use]
    pub fn name<'t>(&self, dependent_type: &str, name: &'t str) -> Cow<'t, str> {
        if dependent_type == DependentType::PhoneNumber.as_str() { self.label(name) } else { self.text(name) }
    }

    /// The first few of a list, which are those that are named.
    pub(super) fn first(&self, dependents: Vec<DependentName>) -> Vec<DependentName> {
        let mut first = dependents;
        first.truncate(MOST_DEPENDENTS_NAMED);
        for dependent in &mut first {
            dependent.name = self.name(&dependent.dependent_type, &dependent.name).into_owned();
        }
        first
    }

    /// Everything that a report may show of a workspace.
    pub(super) fn redact(&self, workspace: &mut Workspace) {
        if !self.is_active {
            return;
        }
        workspace.rewrite_resources(|resource| {
            let kind = resource.dependent_type.as_str().to_owned();
            if let Some(name) = &mut resource.name {
                *name = Cow::Owned(self.name(&kind, name).into_owned());
            }
            if let Some(number) = &mut resource.phone_number {
                *number = Cow::Owned(self.number(number).into_owned());
            }
        });
        let rewrite = |text: &mut String| {
            if let Cow::Owned(redacted) = self.text(text) {
                *text = redacted;
            }
        };
        for secret in &mut workspace.secrets {
            rewrite(&mut secret.name);
            secret.gaps.iter_mut().for_each(|gap| rewrite(&mut gap.why));
        }
        for (_, name) in &mut workspace.deleted {
            rewrite(name);
        }
        for reference in workspace.dangling.iter_mut().chain(&mut workspace.not_visible) {
            let kind = reference.holder.dependent_type.as_str().to_owned();
            if let Some(name) = &mut reference.holder.name {
                *name = Cow::Owned(self.name(&kind, name).into_owned());
            }
            rewrite(&mut reference.why);
        }
        workspace.warnings.iter_mut().for_each(rewrite);
        workspace
            .page_gaps
            .iter_mut()
            .chain(&mut workspace.lookup_gaps)
            .for_each(|gap| rewrite(&mut gap.why));
    }
}

fn digits(text: &str) -> String {
    text.chars().filter(char::is_ascii_digit).collect()
}

/// The first two and the last three characters; of five or fewer, none.
fn masked(number: &str) -> String {
    let length = number.chars().count();
    let shown = |position: usize| length > 5 && (position < 2 || position + 3 >= length);
    number.chars().enumerate().map(|(position, one)| if shown(position) { one } else { '*' }).collect()
}

/// Masks each run of digits, with what people put between them, whose digits are a number.
fn mask_runs<'t>(text: &'t str, is_number: impl Fn(&str) -> bool) -> Cow<'t, str> {
    let is_separator = |one: char| matches!(one, ' ' | '-' | '.' | '(' | ')' | '/' | '\u{a0}');
    let mut masked_text = String::new();
    let mut copied = 0;
    let mut rest = text.char_indices().peekable();
    while let Some((start, first)) = rest.next() {
        if !(first.is_ascii_digit() || first == '+') {
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some((at, one)) = rest.next_if(|(_, one)| one.is_ascii_digit() || is_separator(*one)) {
            if one.is_ascii_digit() {
                end = at + 1;
            }
        }
        let run = &text[start..end];
        if is_number(&digits(run)) {
            masked_text.push_str(&text[copied..start]);
            masked_text.push_str(&masked(run));
            copied = end;
        }
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    masked_text.push_str(&text[copied..]);
    Cow::Owned(masked_text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(numbers: &[&str]) -> Redactor {
        Redactor { numbers: numbers.iter().map(|number| digits(number)).collect(), is_active: true }
    }

    #[test]
    fn the_first_two_and_the_last_three_characters_stay() {
        let redactor = redactor(&[]);
        assert_eq!(redactor.number("+15550100"), "+1****100");
        assert_eq!(redactor.number("112"), "***");
        assert_eq!(redactor.number("12345"), "*****");
        assert_eq!(redactor.number("123456"), "12*456");
        assert_eq!(redactor.number(""), "");
    }

    #[test]
    fn a_number_inside_a_label_is_found_however_it_is_written() {
        let redactor = redactor(&[]);
        assert_eq!(redactor.label("Support (+1 555-010-0199)"), "Support (+1**********199)");
        assert_eq!(redactor.label("line 12, since 2024"), "line 12, since 2024");
        assert_eq!(redactor.label("5550100 and 5550101"), "55**100 and 55**101");
        assert_eq!(redactor.label("+"), "+");
    }

    #[test]
    fn elsewhere_only_the_numbers_of_the_workspace_are_taken_for_numbers() {
        let redactor = redactor(&["+15550100"]);
        assert_eq!(redactor.text("twilio +1 555 0100 key"), "twilio +1******100 key");
        assert_eq!(redactor.text("build 20261123020000"), "build 20261123020000");
        assert!(matches!(Redactor::default().text("+15550100"), Cow::Borrowed("+15550100")));
    }
}
