//! What a secret gained and lost, whatever order the dependents of the two audits come in.

use std::collections::BTreeSet;

use proptest::{collection::vec, sample::select};

use super::*;

/// A dependent by its type, its id and its name, and what told of it. Few of each, so that many come again.
type Known = (DependentType, &'static str, &'static str, Source);

fn any_known() -> impl Strategy<Value = Known> {
    let types = [DependentType::Agent, DependentType::Tool, DependentType::unrecognized("x")];
    let sources = [Source::Preview, Source::Dependencies, Source::Agents, Source::Tools];
    let ids = ["", "1", "2", "3", "4", "5"];
    (select(types.to_vec()), select(ids.to_vec()), select(&["one", "other"][..]), select(sources.to_vec()))
}

fn audit_with(dependents: &[Known], deep: bool) -> Audit {
    let mut facts = Facts::of_one_unused();
    for (dependent_type, id, name, source) in dependents {
        let resource =
            Resource { name: Some(Cow::Borrowed(*name)), ..Resource::unknown(dependent_type.clone(), *id) };
        let observation = Observation { resource, relation: Relation::Direct, via: Vec::new() };
        facts.uses.push(Told { secret: "s".to_owned(), source: *source, observation });
    }
    let mut audit = facts.audited();
    let status = if deep { Status::Whole } else { Status::NotNeeded };
    for workspace in &mut audit.workspaces {
        for row in &mut workspace.sources {
            if matches!(row.source, Source::Tools | Source::Agents) {
                row.status = status.clone();
            }
        }
    }
    audit
}

/// What is different of the one secret from an earlier audit in which it had these dependents, in this order.
fn compared(now: &Audit, earlier: &[Known], was_deep: bool) -> Option<DependentChanges> {
    changes(now, earlier, was_deep, Verdict::InUse).dependents.pop()
}

/// What is different, where the one secret had this verdict.
fn changes(now: &Audit, earlier: &[Known], was_deep: bool, verdict: Verdict) -> WorkspaceChanges {
    let workspace = EarlierWorkspace {
        name: "w",
        workspace_id: None,
        is_complete: true,
        is_deep: was_deep,
        has_unlisted: false,
    };
    let mut comparison = now.comparison();
    comparison.take_workspace(workspace);
    let secret = SecretName { name: "key".to_owned(), id: "s".to_owned() };
    comparison.take_secret(workspace, EarlierSecret { secret, verdict });
    for (dependent_type, id, name, source) in earlier {
        comparison.take_dependent(EarlierDependent {
            dependent_type: dependent_type.as_str(),
            name,
            id,
            sources: (*source).into(),
        });
    }
    comparison.end_secret();
    let history = History::default();
    comparison.finish(now.run.started_at - chrono::TimeDelta::days(1), &history, &history).remove(0)
}

/// The same by sets, of all that either audit knows.
fn by_sets(now: &Audit, earlier: &[Known], compare_deep: bool) -> (Vec<DependentName>, Vec<DependentName>) {
    let name = |dependent_type: &DependentType, name: &str, id: &str| DependentName {
        dependent_type: dependent_type.as_str().to_owned(),
        name: name.to_owned(),
        id: id.to_owned(),
    };
    let counts = |sources: crate::inventory::Sources| {
        compare_deep || !sources.are_within(&[Source::Tools, Source::Agents])
    };
    let now: Vec<_> = now.secrets().flat_map(AuditedSecret::dependents).collect();
    let keys_now: BTreeSet<_> =
        now.iter().map(|one| (&one.resource.dependent_type, &*one.resource.id)).collect();
    let keys_then: BTreeSet<_> = earlier.iter().map(|(kind, id, ..)| (kind, *id)).collect();
    let gained = now.iter().filter(|one| {
        let resource = one.resource;
        !resource.id.is_empty()
            && counts(one.sources)
            && !keys_then.contains(&(&resource.dependent_type, &*resource.id))
    });
    let lost = earlier.iter().filter(|(kind, id, _, source)| {
        !id.is_empty() && counts((*source).into()) && !keys_now.contains(&(kind, *id))
    });
    let mut gained: Vec<_> = gained
        .map(|one| {
            let resource = one.resource;
            name(&resource.dependent_type, resource.name.as_deref().unwrap(), &resource.id)
        })
        .collect();
    let mut lost: Vec<_> = lost.map(|(kind, id, shown, _)| name(kind, shown, id)).collect();
    gained.sort();
    lost.sort();
    (gained, lost)
}

/// As the earlier audit would have had them, had it these.
fn in_order(dependents: &[Known]) -> Vec<Known> {
    let mut sorted = dependents.to_vec();
    sorted.sort_by_key(|(kind, id, name, _)| (kind.as_str().to_owned(), *name, *id));
    sorted
}

proptest! {
    #[test]
    fn it_is_what_sets_would_tell(
        now in vec(any_known(), 0..12),
        earlier in vec(any_known(), 0..12),
        // Mostly they are the same, and in order.
        kept in 0_usize..12,
        is_in_order: bool,
        (is_deep, was_deep) in any::<(bool, bool)>(),
    ) {
        let earlier: Vec<Known> = now.iter().take(kept).chain(earlier.iter().skip(kept)).cloned().collect();
        let earlier = if is_in_order { in_order(&earlier) } else { earlier };
        let audit = audit_with(&now, is_deep);
        let (gained, lost) = by_sets(&audit, &earlier, is_deep && was_deep);
        let first = |names: &[DependentName]| names.iter().take(5).cloned().collect::<Vec<_>>();
        let expected = (!gained.is_empty() || !lost.is_empty()).then(|| DependentChanges {
            secret: SecretName { name: "key".to_owned(), id: "s".to_owned() },
            gained: gained.len(),
            lost: lost.len(),
            gained_first: first(&gained),
            lost_first: first(&lost),
        });
        prop_assert_eq!(compared(&audit, &earlier, was_deep), expected);
    }
}

/// Told of by a tool that was looked into, and by nothing else.
const BY_A_TOOL: Known = (DependentType::Tool, "1", "one", Source::Tools);
/// Told of by the list of secrets.
const LISTED: Known = (DependentType::Agent, "2", "other", Source::Preview);

#[test]
fn what_an_inspected_audit_found_in_tools_alone_is_not_lost_in_one_that_needed_none() {
    // It is in use by what the list says, so that nothing had to be looked into.
    let now = audit_with(&[LISTED], false);
    let changed = changes(&now, &[LISTED, BY_A_TOOL], true, Verdict::InUse);
    assert!(changed.is_empty(), "{changed:?}");
}

#[test]
fn what_an_inspected_audit_finds_in_tools_alone_is_not_gained_since_one_that_needed_none() {
    let now = audit_with(&[LISTED, BY_A_TOOL], true);
    let changed = changes(&now, &[LISTED], false, Verdict::InUse);
    assert!(changed.is_empty(), "{changed:?}");
    let found_by_both = changes(&now, &[LISTED], true, Verdict::InUse);
    assert_eq!(found_by_both.dependents[0].gained, 1, "two that were inspected are compared whole");
}

#[test]
fn a_use_that_only_an_inspected_audit_sees_makes_nothing_newly_unused_or_back_in_use() {
    let without = changes(&audit_with(&[], false), &[BY_A_TOOL], true, Verdict::InUse);
    assert!(without.is_empty(), "{without:?}");
    let with = changes(&audit_with(&[BY_A_TOOL], true), &[], false, Verdict::Unused);
    assert!(with.is_empty(), "{with:?}");
    let removed = changes(&audit_with(&[], true), &[BY_A_TOOL], true, Verdict::InUse);
    assert_eq!((removed.newly_unused.len(), removed.dependents[0].lost), (1, 1));
}
