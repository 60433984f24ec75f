//! The order in which pages, answers and places arrive decides nothing: not a verdict, not a byte.

use super::*;
use crate::{
    bundle::{File, Format},
    report::{self, reason},
};

/// The same facts in another order.
fn shuffled(facts: Facts) -> impl Strategy<Value = Facts> {
    let secrets = Just(facts.secrets.clone()).prop_shuffle();
    let uses = Just(facts.uses.clone()).prop_shuffle();
    let scans = Just(facts.scans.clone()).prop_shuffle();
    let (gaps, warnings) = (Just(facts.gaps.clone()).prop_shuffle(), Just(facts.warnings.clone()));
    let references = Just(facts.references.clone()).prop_shuffle();
    let deleted = Just(facts.deleted.clone()).prop_shuffle();
    let rest = (gaps, references, deleted, warnings.prop_shuffle());
    (secrets, uses, scans, rest).prop_map(
        move |(secrets, uses, scans, (gaps, references, deleted, warnings))| {
            let secrets = secrets.into_iter().map(|mut secret| {
                secret.gaps.reverse();
                secret.completions.reverse();
                secret
            });
            let (name, secrets) = (facts.name.clone(), secrets.collect());
            Facts { name, secrets, uses, scans, gaps, references, deleted, warnings }
        },
    )
}

/// The bytes of every file of a bundle, and of the summary.
fn bytes(audit: &Audit) -> Vec<String> {
    let files = File::of(&[Format::Csv, Format::Markdown, Format::Html]).map(|file| {
        let mut written = Vec::new();
        report::write(file, audit, &mut written).unwrap();
        written
    });
    let mut summary = Vec::new();
    report::summary(audit, "bundle", &mut summary).unwrap();
    let all = files.chain([summary]);
    all.map(|written| String::from_utf8(written).unwrap()).collect()
}

proptest! {
    #[test]
    fn the_order_of_arrival_changes_no_verdict_and_no_byte_of_any_report(
        (one, other) in facts("w").prop_flat_map(|facts| (Just(facts.clone()), shuffled(facts))),
    ) {
        let (one, other) = (one.audited(), other.audited());
        let judgements = |audit: &Audit| -> Vec<(String, Verdict, String)> {
            let secrets = audit.secrets();
            secrets.map(|one| (one.id().to_owned(), one.verdict(), reason(one).into_owned())).collect()
        };
        prop_assert_eq!(judgements(&one), judgements(&other));
        prop_assert_eq!(bytes(&one), bytes(&other));
    }

    #[test]
    fn the_order_of_workspaces_changes_no_byte_either(one in facts("a"), other in facts("b")) {
        prop_assert_eq!(
            bytes(&audit_of(&[one.clone(), other.clone()])),
            bytes(&audit_of(&[other, one]))
        );
    }
}
