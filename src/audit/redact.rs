//! Telephone numbers made unreadable, for bundles that leave the house: the first two and the last three characters
//! stay.
//!
//! Done once, on the audit: no format sees what was redacted.

use std::{borrow::Cow, collections::BTreeSet};

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::{
    DependentName, History,
    mask::{FEWEST_DIGITS, digits, mask_runs, masked},
};
use crate::inventory::{DependentType, FailedWorkspace, Resource, ScanOutcome, Why, Workspace};

/// What can be made unreadable.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    serde::Deserialize,
    serde::Serialize,
    schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Redaction {
    /// Telephone numbers, wherever they stand.
    PhoneNumbers,
}

impl Redaction {
    /// The word for it in the configuration and in reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PhoneNumbers => "phone_numbers",
        }
    }
}

/// From how many digits on a telephone number is looked for in its own label.
const FEWEST_OWN_DIGITS: usize = 3;
/// Makes text unreadable where it holds what is to be redacted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redactor {
    /// Finds the digits of every telephone number in the inventory.
    numbers: Numbers,
    /// Whether anything is to be redacted.
    is_active: bool,
}

/// Digits that are looked for in other digits, all of them at once: each text may hold any of ten thousand numbers.
#[derive(Clone, Debug, Default)]
struct Numbers {
    search: Option<AhoCorasick>,
    /// Those that could not be made ready to be searched for, which there are none of.
    others: Vec<String>,
}

/// No telephone number is as long. Of a longer one so many digits are looked for.
const MOST_DIGITS: usize = 32;

impl Numbers {
    fn of(numbers: impl Iterator<Item = String>) -> Self {
        let numbers: BTreeSet<String> =
            numbers.map(|number| number.chars().take(MOST_DIGITS).collect()).collect();
        let mut builder = AhoCorasick::builder();
        match builder.kind(Some(AhoCorasickKind::NoncontiguousNFA)).build(&numbers) {
            Ok(search) => Self { search: Some(search), others: Vec::new() },
            Err(_) => Self { search: None, others: numbers.into_iter().collect() },
        }
    }

    fn are_in(&self, digits: &str) -> bool {
        self.search.as_ref().is_some_and(|search| search.is_match(digits))
            || self.others.iter().any(|number| digits.contains(number.as_str()))
    }
}

impl Redactor {
    /// What these workspaces hold of what is to be redacted.
    pub(crate) fn of<'w>(
        workspaces: impl IntoIterator<Item = &'w Workspace>,
        redactions: &[Redaction],
    ) -> Self {
        let numbers = workspaces
            .into_iter()
            .flat_map(Workspace::resources)
            .filter_map(|resource| resource.phone_number.as_deref())
            .map(digits)
            .filter(|digits| digits.len() >= FEWEST_DIGITS);
        let is_active = redactions.contains(&Redaction::PhoneNumbers);
        Self { numbers: if is_active { Numbers::of(numbers) } else { Numbers::default() }, is_active }
    }

    /// A telephone number as a whole.
    pub(crate) fn number<'t>(&self, number: &'t str) -> Cow<'t, str> {
        if self.is_active { Cow::Owned(masked(number)) } else { Cow::Borrowed(number) }
    }

    /// A text in which a telephone number of these workspaces may stand, or any with its plus sign.
    pub(crate) fn text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if self.is_active { self.masked_text(text) } else { Cow::Borrowed(text) }
    }

    fn masked_text<'t>(&self, text: &'t str) -> Cow<'t, str> {
        mask_runs(text, |run| {
            let digits = digits(run);
            // Of those that are no longer in use, or that only an earlier audit knew, the plus sign tells.
            let is_international = run.starts_with('+') && digits.len() >= FEWEST_DIGITS;
            is_international || self.numbers.are_in(&digits)
        })
    }

    /// The label of a telephone number: whatever looks like one is taken for one, and so is its own, where that is known.
    pub(crate) fn label<'t>(&self, label: &'t str, own: Option<&str>) -> Cow<'t, str> {
        if !self.is_active {
            return Cow::Borrowed(label);
        }
        let own = own.map(digits).filter(|own| own.len() >= FEWEST_OWN_DIGITS);
        mask_runs(label, |run| {
            let digits = digits(run);
            digits.len() >= FEWEST_DIGITS || own.as_ref().is_some_and(|own| digits.contains(own))
        })
    }

    /// The name of a resource of this type.
    fn name<'t>(&self, dependent_type: &str, name: &'t str, number: Option<&str>) -> Cow<'t, str> {
        if dependent_type == DependentType::PhoneNumber.as_str() {
            self.label(name, number)
        } else {
            self.text(name)
        }
    }

    fn rewrite_resource(&self, resource: &mut Resource<'static>) {
        if let Some(name) = &mut resource.name {
            let kind = resource.dependent_type.as_str();
            *name = Cow::Owned(self.name(kind, name, resource.phone_number.as_deref()).into_owned());
        }
        if let Some(number) = &mut resource.phone_number {
            *number = Cow::Owned(self.number(number).into_owned());
        }
        for text in [&mut resource.provider, &mut resource.access_level].into_iter().flatten() {
            *text = Cow::Owned(self.text(text).into_owned());
        }
    }

    fn rewrite(&self, text: &mut String) {
        if let Cow::Owned(redacted) = self.text(text) {
            *text = redacted;
        }
    }

    fn rewrite_why(&self, why: &mut Why) {
        why.each_text(&mut |words| self.rewrite(words));
    }

    /// The dependents that are named.
    pub(super) fn dependents(&self, mut dependents: Vec<DependentName>) -> Vec<DependentName> {
        for dependent in &mut dependents {
            dependent.name = self.name(&dependent.dependent_type, &dependent.name, None).into_owned();
        }
        dependents
    }

    /// Everything that a report may show of a workspace.
    pub(super) fn redact(&self, workspace: &mut Workspace) {
        if !self.is_active {
            return;
        }
        workspace.rewrite_resources(|resource| self.rewrite_resource(resource));
        for secret in &mut workspace.secrets {
            self.rewrite(&mut secret.name);
            secret.gaps.iter_mut().for_each(|gap| self.rewrite_why(&mut gap.why));
        }
        for (_, name) in &mut workspace.deleted {
            self.rewrite(name);
        }
        for reference in workspace.dangling.iter_mut().chain(&mut workspace.not_visible) {
            self.rewrite_resource(&mut reference.holder);
            self.rewrite(&mut reference.why);
        }
        for scan in &mut workspace.scans {
            if let ScanOutcome::NotRead(why) = &mut scan.outcome {
                self.rewrite_why(why);
            }
        }
        let notes =
            workspace.warnings.iter_mut().chain(&mut workspace.limits).chain(&mut workspace.view.signs);
        notes.for_each(|note| self.rewrite(note));
        let gaps = workspace.page_gaps.iter_mut().chain(&mut workspace.lookup_gaps);
        gaps.for_each(|gap| self.rewrite_why(&mut gap.why));
    }

    /// Why a workspace could not be read.
    pub(super) fn redact_failed(&self, failed: &mut FailedWorkspace) {
        self.rewrite(&mut failed.error);
    }

    /// The names that earlier audits saw, which may not have been redacted.
    pub(super) fn redact_history(&self, history: &mut History) {
        let workspaces = history.workspaces.values_mut();
        workspaces
            .flat_map(|known| known.secrets.values_mut())
            .for_each(|record| self.rewrite(&mut record.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redactor(numbers: &[&str]) -> Redactor {
        Redactor { numbers: Numbers::of(numbers.iter().map(|number| digits(number))), is_active: true }
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
        assert_eq!(redactor.label("Support (+1 555-010-0199)", None), "Support (+1**********199)");
        assert_eq!(redactor.label("line 12, since 2024", None), "line 12, since 2024");
        assert_eq!(redactor.label("5550100 and 5550101", None), "55**100 and 55**101");
        assert_eq!(redactor.label("+", None), "+");
    }

    #[test]
    fn a_short_number_is_found_in_its_own_label() {
        let redactor = redactor(&[]);
        assert_eq!(redactor.label("Emergency 112", Some("112")), "Emergency ***");
        assert_eq!(redactor.label("line 12, since 2024", Some("12")), "line 12, since 2024");
    }

    #[test]
    fn what_the_first_screen_says_of_a_workspace_is_redacted_too() {
        let mut workspace = Workspace::default();
        workspace.view.signs.push("phone number +44 20 7946 0000 is unknown".to_owned());
        workspace.limits.push("drafts of the agent behind +442079460001".to_owned());
        redactor(&[]).redact(&mut workspace);
        assert_eq!(workspace.view.signs, ["phone number +4***********000 is unknown"]);
        assert_eq!(workspace.limits, ["drafts of the agent behind +4********001"]);
    }

    #[test]
    fn elsewhere_only_the_numbers_of_the_workspace_and_international_ones_are_taken_for_numbers() {
        let redactor = redactor(&["+15550100"]);
        assert_eq!(redactor.text("twilio +1 555 0100 key"), "twilio +1******100 key");
        assert_eq!(redactor.text("build 20261123020000"), "build 20261123020000");
        assert_eq!(redactor.text("of +44 20 7946 0000"), "of +4***********000");
        assert!(matches!(Redactor::default().text("+15550100"), Cow::Borrowed("+15550100")));
    }
}
