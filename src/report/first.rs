//! What the first screen says beside the answer: what may hide a use from this audit, and what its verdicts rest on. The
//! same in every format.
//!
//! What never lives here: how it looks.

use std::{borrow::Cow, collections::BTreeMap};

use crate::{
    audit::{Audit, AuditedWorkspace, Evidence, OnPopulationDrop, Parameters, PartialView, Verdict},
    collect::Deep,
    inventory::Extent,
};

/// How many of a list the first screen names before it counts the rest.
const MOST_NAMED: usize = 3;

/// What is above the notes.
pub(super) const NOTES: &str = "What this audit rests on";

/// Something that makes findings doubtful.
pub(super) struct Alarm<'a> {
    /// What it is, before the name of the workspace.
    pub(super) head: &'static str,
    /// The workspace; none where it is about the whole audit.
    pub(super) workspace: Option<&'a str>,
    /// The rest of the sentence, without its full stop; what stands between backticks is code.
    pub(super) words: Cow<'static, str>,
    /// Text from elsewhere that the sentence ends with.
    pub(super) signs: Named<'a>,
    /// What to do.
    pub(super) advice: &'static str,
    /// What it keeps from being read whole, where it does.
    pub(super) gap: Option<&'static str>,
}

impl<'a> Alarm<'a> {
    /// All of it but the workspace, in words without code, and the text from elsewhere as `show` shows it.
    pub(super) fn in_words(&self, show: impl Fn(&'a str) -> String) -> String {
        let mut words = self.words.replace('`', "");
        if !self.signs.first.is_empty() {
            words.push_str(&format!(": {}", self.signs.in_words("; ", show)));
        }
        format!("{words}. {}", self.advice.replace('`', "")).trim_end_matches([' ', '.']).to_owned()
    }
}

/// A fact that somebody who deletes secrets should know.
pub(super) struct Note<'a> {
    /// The workspaces that it is about; none where it is about all that were read.
    pub(super) workspaces: Named<'a>,
    /// A sentence; what stands between backticks is code.
    pub(super) words: Cow<'static, str>,
    /// A sentence from elsewhere instead.
    pub(super) limit: &'a str,
    /// Whether it is as good as can be.
    pub(super) is_quiet: bool,
}

/// The first of a list.
#[derive(Default)]
pub(super) struct Named<'a> {
    pub(super) first: Vec<&'a str>,
    /// How many are left out.
    pub(super) more: usize,
}

impl<'a> Named<'a> {
    fn of(all: &[&'a str]) -> Self {
        let first: Vec<&str> = all.iter().copied().take(MOST_NAMED).collect();
        Self { more: all.len() - first.len(), first }
    }

    /// The list as a format shows each.
    pub(super) fn in_words(&self, separator: &str, show: impl Fn(&'a str) -> String) -> String {
        let mut words: Vec<String> = self.first.iter().map(|one| show(one)).collect();
        if self.more > 0 {
            words.push(format!("and {} more", self.more));
        }
        words.join(separator)
    }
}

/// What makes findings doubtful, the worst first.
pub(super) fn alarms(audit: &Audit) -> Vec<Alarm<'_>> {
    let of_each = [no_secret, fewer_secrets, partial_view];
    let of_each = of_each.iter().flat_map(|alarm| {
        audit.workspaces.iter().filter_map(|workspace| alarm(workspace, &audit.parameters))
    });
    clock_off(audit).into_iter().chain(of_each).collect()
}

fn clock_off(audit: &Audit) -> Option<Alarm<'_>> {
    audit.run.clock.is_off().then(|| Alarm {
        head: "Clock off",
        workspace: None,
        words: Cow::Owned(audit.run.clock_off_in_words()),
        signs: Named::default(),
        advice: "Set it, or let it be set over the network (`timedatectl set-ntp true`).",
        gap: None,
    })
}

fn no_secret<'a>(workspace: &'a AuditedWorkspace, _: &Parameters) -> Option<Alarm<'a>> {
    let words = workspace.empty_in_words()?;
    Some(Alarm {
        head: "No secret to audit",
        workspace: Some(workspace.name()),
        words: Cow::Owned(words.trim_end_matches('.').to_owned()),
        signs: Named::default(),
        advice: "",
        gap: Some("its secrets"),
    })
}

fn fewer_secrets<'a>(workspace: &'a AuditedWorkspace, parameters: &Parameters) -> Option<Alarm<'a>> {
    let drop = workspace.population_drop()?;
    if workspace.is_unexpectedly_empty() && drop.earlier.is_none() {
        // Nothing can have been lost that was never seen.
        return None;
    }
    Some(Alarm {
        head: "Fewer secrets than expected",
        workspace: Some(workspace.name()),
        words: Cow::Owned(drop.in_words()),
        signs: Named::default(),
        advice: "",
        gap: (parameters.population_drop == OnPopulationDrop::Incomplete).then_some("some of its secrets"),
    })
}

fn partial_view<'a>(workspace: &'a AuditedWorkspace, parameters: &Parameters) -> Option<Alarm<'a>> {
    let then = parameters.partial_view;
    let view = workspace.view();
    let is_gap = then == PartialView::Undetermined && !workspace.is_complete();
    let signs: Vec<&str> = view.signs.iter().map(String::as_str).collect();
    (view.extent == Extent::Partial).then(|| Alarm {
        head: "Only a part is visible",
        workspace: Some(workspace.name()),
        words: Cow::Borrowed("something exists that this key may not see"),
        signs: Named::of(&signs),
        advice: match then {
            PartialView::Undetermined => {
                "No secret is called unused as long as that is so. Use a key of a workspace admin, limited to \
                 `convai_read`; or share with the key's user what is named; or accept it with `[audit] partial_view = \
                 \"accept\"`."
            }
            PartialView::Accept => {
                "The configuration accepts that (`partial_view = \"accept\"`): what this key may not see can use secrets \
                 that are called unused. A key of a workspace admin, limited to `convai_read`, sees everything."
            }
        },
        gap: is_gap.then_some("what this key may not see"),
    })
}

/// What the verdicts rest on.
pub(super) fn notes(audit: &Audit) -> Vec<Note<'_>> {
    let mut notes = Vec::new();
    notes.extend(listed(audit));
    notes.extend(not_known(audit));
    notes.extend(limits(audit));
    notes.extend(full(audit));
    notes
}

/// Unused secrets of which the API's own lists are all that was asked.
fn listed(audit: &Audit) -> Option<Note<'static>> {
    let (all, listed) = unused(audit);
    if listed == 0 {
        return None;
    }
    let never = if audit.parameters.deep == Deep::Never { " (`deep = \"never\"`)" } else { "" };
    let which = match (listed, all) {
        (1, 1) => "the unused secret rests".to_owned(),
        (listed, all) if listed == all => format!("the {all} unused secrets rest"),
        (1, all) => format!("1 of the {all} unused secrets rests"),
        (listed, all) => format!("{listed} of the {all} unused secrets rest"),
    };
    let words = format!(
        "Tools and agents were not looked into{never}: {which} on the API's own lists (evidence: `listed`)."
    );
    let workspaces = Named::default();
    Some(Note { workspaces, words: Cow::Owned(words), limit: "", is_quiet: false })
}

/// How many secrets are unused, and of how many of them the API's own lists are all that was asked.
fn unused(audit: &Audit) -> (usize, usize) {
    let (mut all, mut listed) = (0, 0);
    for secret in audit.secrets().filter(|secret| secret.verdict() == Verdict::Unused) {
        all += 1;
        listed += usize::from(secret.evidence() == Some(Evidence::Listed));
    }
    (all, listed)
}

/// What the list of unused secrets rests on, for the head of it.
pub(super) fn evidence(audit: &Audit) -> &'static str {
    match unused(audit) {
        (_, 0) => "Every tool, agent and branch was looked into too (evidence: inspected).",
        (all, listed) if all == listed => {
            "Tools and agents were not looked into: for these, the API's own lists are all that was asked (evidence: \
             listed)."
        }
        _ => "Where the column evidence of secrets.csv says listed, tools and agents were not looked into.",
    }
}

fn not_known(audit: &Audit) -> Option<Note<'_>> {
    let words = "It is not known whether the key sees everything: what is not shared with its user would be missing here. A \
                 key of a workspace admin, limited to `convai_read`, sees everything.";
    of_extent(audit, Extent::NotKnown, words, false)
}

fn full(audit: &Audit) -> Option<Note<'_>> {
    let words = "The key sees the whole workspace: its user is a workspace admin.";
    of_extent(audit, Extent::Full, words, true)
}

/// One line for all workspaces of which a key sees so much.
fn of_extent<'a>(audit: &'a Audit, extent: Extent, words: &'static str, is_quiet: bool) -> Option<Note<'a>> {
    let workspaces = audit.workspaces.iter().filter(|workspace| workspace.view().extent == extent);
    let workspaces: Vec<&str> = workspaces.map(AuditedWorkspace::name).collect();
    let (words, workspaces) = (Cow::Borrowed(words), unless_all(audit, &workspaces)?);
    Some(Note { workspaces, words, limit: "", is_quiet })
}

/// What this audit could not read at all, each sentence once.
fn limits(audit: &Audit) -> impl Iterator<Item = Note<'_>> {
    let mut limits: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for workspace in &audit.workspaces {
        for limit in workspace.limits() {
            limits.entry(limit).or_default().push(workspace.name());
        }
    }
    limits.into_iter().filter_map(|(limit, workspaces)| {
        let workspaces = unless_all(audit, &workspaces)?;
        Some(Note { workspaces, words: Cow::Borrowed(""), limit, is_quiet: false })
    })
}

/// The names of these workspaces, where they are not all that were read. `None`: there are none.
fn unless_all<'a>(audit: &Audit, workspaces: &[&'a str]) -> Option<Named<'a>> {
    match workspaces.len() {
        0 => None,
        all if all == audit.workspaces.len() => Some(Named::default()),
        _ => Some(Named::of(workspaces)),
    }
}
