//! `unused` is said of a secret only where every place was read whole, none shows a use, and it was read once more.

use proptest::{strategy::ValueTree, test_runner::TestRunner};

use super::*;
use crate::report::reason;

fn a_use() -> Told {
    let observation = Observation {
        resource: Resource::unknown(DependentType::EnvironmentVariable, "v"),
        relation: Relation::Direct,
        via: vec!["production".into()],
    };
    Told { secret: "s".to_owned(), source: Source::EnvironmentVariables, observation }
}

/// The verdict and the reason where one thing is different from a workspace with one unused secret.
fn judged(change: impl FnOnce(&mut Facts)) -> (Verdict, String) {
    let mut facts = Facts::of_one_unused();
    change(&mut facts);
    let audit = facts.audited();
    let secret = audit.secrets().next().unwrap();
    (secret.verdict(), reason(secret).into_owned())
}

fn set_outcome(facts: &mut Facts, source: Source, outcome: ScanOutcome) {
    let scan = facts.scans.iter_mut().find(|(one, _)| *one == source).unwrap();
    scan.1 = outcome;
}

#[test]
fn a_confirmed_secret_without_use_is_unused_where_all_was_read_whole() {
    let (verdict, reason) = judged(|_| ());
    assert_eq!(verdict, Verdict::Unused);
    assert!(reason.contains("every place") && reason.contains("once more"), "{reason}");
    assert!(Facts::of_one_unused().audited().is_complete());
}

#[test]
fn what_only_a_deep_audit_reads_is_no_gap_of_another() {
    let (verdict, _) = judged(|facts| {
        set_outcome(facts, Source::Tools, ScanOutcome::NotPartOfThisAudit);
        set_outcome(facts, Source::Agents, ScanOutcome::NotPartOfThisAudit);
    });
    assert_eq!(verdict, Verdict::Unused);
}

#[test]
fn a_known_use_is_named_by_its_kind() {
    let (verdict, reason) = judged(|facts| facts.uses.push(a_use()));
    assert_eq!((verdict, reason.as_str()), (Verdict::InUse, "used by 1 environment variable"));
}

#[test]
fn a_known_use_with_a_gap_is_at_least_that() {
    let (verdict, reason) = judged(|facts| {
        facts.uses.push(a_use());
        facts.secrets[0].gaps.push(Gap::new(list(DependentType::Agent), Why::Cut(100)));
    });
    assert_eq!(verdict, Verdict::InUse);
    assert!(reason.contains("at least") && reason.contains("agents: cut at 100"), "{reason}");
}

#[test]
fn every_single_thing_that_is_missing_makes_it_undetermined_and_is_named() {
    let not_read = || ScanOutcome::NotRead("status 403; give the key access".to_owned().into());
    for source in Source::SCANNED {
        let (verdict, reason) = judged(|facts| set_outcome(facts, source, not_read()));
        assert_eq!(verdict, Verdict::Undetermined, "{source:?}");
        assert!(reason.contains(source.as_str()) && reason.contains("give the key access"), "{reason}");
        let (verdict, reason) = judged(|facts| set_outcome(facts, source, ScanOutcome::SwitchedOff));
        assert_eq!(verdict, Verdict::Undetermined, "{source:?}");
        assert!(reason.contains(source.as_str()) && reason.contains("switched off"), "{reason}");
    }
    let gap = judged(|facts| facts.secrets[0].gaps.push(Gap::new(list(DependentType::Agent), Why::Cut(100))));
    let confirmation = judged(|facts| facts.secrets[0].confirmed = false);
    let scan = judged(|facts| facts.scans.retain(|(source, _)| *source != Source::SpeechEngines));
    let left_out = judged(|facts| set_outcome(facts, Source::Settings, ScanOutcome::NotPartOfThisAudit));
    for ((verdict, reason), word) in [
        (gap, "agents: cut at 100"),
        (confirmation, "once more"),
        (scan, "speech_engines not read"),
        (left_out, "settings not part of this audit"),
    ] {
        assert_eq!(verdict, Verdict::Undetermined, "{word}");
        assert!(reason.contains(word), "{reason}");
    }
}

#[test]
fn the_random_inventories_reach_every_verdict_of_complete_and_incomplete_audits() {
    let (strategy, mut runner) = (facts("w"), TestRunner::deterministic());
    let mut reached = std::collections::BTreeSet::new();
    for _ in 0..400 {
        let audit = strategy.new_tree(&mut runner).unwrap().current().audited();
        reached.extend(audit.secrets().map(|secret| (secret.verdict(), audit.is_complete())));
    }
    let complete = [(Verdict::InUse, true), (Verdict::Unused, true)];
    let incomplete = [Verdict::InUse, Verdict::Unused, Verdict::Undetermined].map(|verdict| (verdict, false));
    assert_eq!(reached, complete.into_iter().chain(incomplete).collect());
}

/// Something that makes a use known or hides one.
#[derive(Clone, Debug)]
enum Addition {
    Use(Observation<'static>, Source),
    ListGap(Gap),
    WorkspaceGap(Gap),
    Unread(usize),
    SwitchedOff(usize),
    Unconfirmed,
}

fn addition() -> impl Strategy<Value = Addition> {
    prop_oneof![
        (observation(), prop::sample::select(Source::ALL.to_vec()))
            .prop_map(|(observation, source)| Addition::Use(observation, source)),
        gap().prop_map(Addition::ListGap),
        gap().prop_map(Addition::WorkspaceGap),
        (0..6_usize).prop_map(Addition::Unread),
        (0..6_usize).prop_map(Addition::SwitchedOff),
        Just(Addition::Unconfirmed),
    ]
}

fn add(facts: &mut Facts, secret: usize, addition: Addition) {
    let set = |facts: &mut Facts, scan: usize, outcome| {
        let source = Source::SCANNED[scan];
        facts.scans.retain(|(known, _)| *known != source);
        facts.scans.push((source, outcome));
    };
    match addition {
        Addition::Use(observation, source) => {
            let secret = facts.secrets[secret].id.clone();
            facts.uses.push(Told { secret, source, observation });
        }
        Addition::ListGap(gap) => facts.secrets[secret].gaps.push(gap),
        Addition::WorkspaceGap(gap) => facts.gaps.push(gap),
        Addition::Unread(scan) => set(facts, scan, ScanOutcome::NotRead("gone".to_owned().into())),
        Addition::SwitchedOff(scan) => set(facts, scan, ScanOutcome::SwitchedOff),
        Addition::Unconfirmed => facts.secrets[secret].confirmed = false,
    }
}

proptest! {
    #[test]
    fn unused_means_read_whole_confirmed_and_without_use_and_in_use_means_a_use(facts in facts("w")) {
        let audit = facts.audited();
        prop_assert_eq!(audit.secrets().count(), facts.secrets.len());
        for secret in &facts.secrets {
            let has_use = facts.uses_of(&secret.id).next().is_some();
            let nothing_missing = secret.gaps.is_empty()
                && secret.confirmed
                && facts.places_are_whole()
                && facts.gaps.is_empty();
            let expected = match (has_use, nothing_missing) {
                (true, _) => Verdict::InUse,
                (false, true) => Verdict::Unused,
                (false, false) => Verdict::Undetermined,
            };
            prop_assert_eq!(verdict_on(&audit, &secret.id), expected);
        }
        for secret in audit.secrets() {
            let is_missing = !secret.is_whole() || secret.verdict() == Verdict::Undetermined;
            prop_assert_eq!(!secret.missing().is_empty(), is_missing);
        }
    }

    #[test]
    fn the_reason_of_an_undetermined_secret_names_everything_that_was_missing(facts in facts("w")) {
        let audit = facts.audited();
        for secret in audit.secrets().filter(|secret| secret.verdict() == Verdict::Undetermined) {
            let (missing, reason) = (secret.missing(), reason(secret));
            let places = facts.scans.iter().filter_map(|(source, outcome)| Scan::new(*source, outcome.clone()).gap());
            for gap in secret.gaps().iter().chain(&facts.gaps).cloned().chain(places) {
                prop_assert!(missing.iter().any(|one| **one == gap) && reason.contains(&gap.to_string()), "{}", gap);
            }
        }
    }

    #[test]
    fn a_complete_audit_has_nothing_undetermined_and_nothing_unread(facts in facts("w")) {
        let audit = facts.audited();
        // Nothing says that an empty list is as it should be. (What was deleted meanwhile had been listed.)
        let lists_any = !facts.secrets.is_empty() || !facts.deleted.is_empty();
        let expected = lists_any
            && facts.gaps.is_empty()
            && facts.places_are_whole()
            && facts.secrets.iter().all(|secret| secret.gaps.is_empty())
            && audit.totals().undetermined == 0;
        prop_assert_eq!(audit.is_complete(), expected);
    }

    #[test]
    fn nothing_that_is_added_makes_another_verdict_unused(
        facts in facts("w").prop_filter("a secret", |facts| !facts.secrets.is_empty()),
        addition in addition(),
        position in any::<prop::sample::Index>(),
    ) {
        let (position, before) = (position.index(facts.secrets.len()), facts.audited());
        let mut more = facts.clone();
        add(&mut more, position, addition.clone());
        let after = more.audited();
        for secret in &facts.secrets {
            let (before, after) = (verdict_on(&before, &secret.id), verdict_on(&after, &secret.id));
            prop_assert!(before == Verdict::Unused || after != Verdict::Unused, "{before:?} → {after:?}");
            prop_assert!(before != Verdict::InUse || after == Verdict::InUse, "{before:?} → {after:?}");
        }
        let touched = verdict_on(&after, &facts.secrets[position].id);
        // A use settles a doubt, so it may complete an audit; a gap never does.
        let is_use = matches!(addition, Addition::Use(..));
        prop_assert!(is_use || before.is_complete() || !after.is_complete());
        match addition {
            Addition::Use(..) => prop_assert_eq!(touched, Verdict::InUse),
            Addition::ListGap(_) | Addition::Unconfirmed => prop_assert_ne!(touched, Verdict::Unused),
            Addition::WorkspaceGap(_) | Addition::Unread(_) | Addition::SwitchedOff(_) => prop_assert_eq!(after.totals().unused, 0),
        }
    }
}
