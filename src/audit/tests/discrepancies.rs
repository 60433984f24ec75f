//! Where two parts of the API, each read whole, tell different things.

use super::*;

fn told(dependent_type: &DependentType, source: Source) -> Told {
    let observation = Observation {
        resource: Resource::unknown(dependent_type.clone(), "id"),
        relation: Relation::Direct,
        via: Vec::new(),
    };
    Told { secret: "s".to_owned(), source, observation }
}

/// The discrepancy of the only use, which these sources tell, after `change`.
fn found(
    dependent_type: &DependentType,
    sources: &[Source],
    change: impl FnOnce(&mut SecretFacts),
) -> Option<Discrepancy> {
    let mut facts = Facts::of_one_unused();
    facts.uses = sources.iter().map(|source| told(dependent_type, *source)).collect();
    change(&mut facts.secrets[0]);
    let audit = facts.audited();
    let secret = audit.secrets().next().unwrap();
    assert_eq!(secret.verdict(), Verdict::InUse, "in use, whoever tells");
    let mut discrepancies = secret.discrepancies().map(|(_, discrepancy)| discrepancy);
    let first = discrepancies.next();
    assert_eq!(discrepancies.next(), None);
    first
}

fn completed_by(by: Source, dependent_type: &DependentType) -> Completion {
    Completion { dependent_type: dependent_type.clone(), by }
}

/// The kinds for which `used_by` has a list and a scan has an eye.
const BOTH: [(DependentType, Source); 3] = [
    (DependentType::Tool, Source::Tools),
    (DependentType::Agent, Source::Agents),
    (DependentType::McpServer, Source::McpServers),
];

#[test]
fn a_holder_that_a_whole_list_does_not_show_is_a_discrepancy() {
    for (kind, scan) in &BOTH {
        assert_eq!(found(kind, &[*scan], |_| ()), Some(Discrepancy::MissingFromUsedBy), "{kind:?}");
        let raised = found(kind, &[*scan], |secret| {
            secret.completions.push(completed_by(Source::HigherLimit, kind));
        });
        assert_eq!(raised, Some(Discrepancy::MissingFromUsedBy), "{kind:?}");
    }
}

#[test]
fn a_holder_that_any_telling_of_the_list_shows_is_none() {
    for (kind, scan) in &BOTH {
        for list in [Source::Preview, Source::HigherLimit, Source::Dependencies, Source::Secret] {
            assert_eq!(found(kind, &[*scan, list], |_| ()), None, "{kind:?} {list:?}");
        }
    }
}

#[test]
fn a_list_that_is_not_whole_promises_nothing() {
    for (kind, scan) in &BOTH {
        let cut = |dependent_type: &DependentType| Gap::new(list(dependent_type.clone()), Why::Cut(20));
        assert_eq!(found(kind, &[*scan], |secret| secret.gaps.push(cut(kind))), None);
        // A gap of another list changes nothing.
        let other = found(kind, &[*scan], |secret| secret.gaps.push(cut(&DependentType::Other)));
        assert_eq!(other, Some(Discrepancy::MissingFromUsedBy));
    }
}

#[test]
fn a_list_of_servers_that_the_scan_itself_completed_promises_nothing() {
    let server = DependentType::McpServer;
    let settled = found(&server, &[Source::McpServers], |secret| {
        secret.completions.push(completed_by(Source::McpServers, &server));
    });
    assert_eq!(settled, None);
}

#[test]
fn kinds_for_which_used_by_has_no_list_are_never_discrepancies() {
    for (kind, scan) in [
        (DependentType::EnvironmentVariable, Source::EnvironmentVariables),
        (DependentType::SpeechEngine, Source::SpeechEngines),
        (DependentType::Setting, Source::Settings),
        (DependentType::Other, Source::Preview),
        (DependentType::Unrecognized("chains".into()), Source::Preview),
    ] {
        assert_eq!(found(&kind, &[scan], |_| ()), None, "{kind:?}");
    }
}

#[test]
fn a_preview_that_the_endpoint_does_not_bear_out_is_a_discrepancy() {
    for kind in [DependentType::Tool, DependentType::Agent, DependentType::PhoneNumber] {
        let paged = |sources: &[Source]| {
            found(&kind, sources, |secret| secret.completions.push(completed_by(Source::Dependencies, &kind)))
        };
        for shown in [Source::Preview, Source::HigherLimit] {
            assert_eq!(paged(&[shown]), Some(Discrepancy::MissingFromDependencies), "{kind:?} {shown:?}");
            assert_eq!(paged(&[shown, Source::Dependencies]), None, "{kind:?} {shown:?}");
        }
        assert_eq!(
            paged(&[Source::Dependencies]),
            None,
            "what only the end of a list shows is what paging is for"
        );
        assert_eq!(found(&kind, &[Source::Preview], |_| ()), None, "nobody asked the endpoint");
        let other = found(&kind, &[Source::Preview], |secret| {
            secret.completions.push(completed_by(Source::Dependencies, &DependentType::McpServer));
        });
        assert_eq!(other, None, "the endpoint was asked for another kind");
    }
}
