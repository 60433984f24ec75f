//! The figures of the completeness statement add up with each other and with the rows of the files.

use super::*;
use crate::{bundle::File, report};

fn row(workspace: &AuditedWorkspace, source: Source) -> SourceRow {
    workspace.sources().iter().find(|row| row.source == source).unwrap().clone()
}

/// With an account of every place.
fn all_sources() -> impl Strategy<Value = Facts> {
    facts("w").prop_filter("scans", |facts| !facts.scans.is_empty())
}

proptest! {
    #[test]
    fn every_dependent_is_counted_with_one_source(facts in all_sources()) {
        let audit = facts.audited();
        let workspace = &audit.workspaces[0];
        let by_source: usize = workspace.sources().iter().map(|row| row.dependents).sum();
        prop_assert_eq!(by_source, workspace.totals().dependents);

        let mut csv = Vec::new();
        let rows = report::write(File::DependentsCsv, &audit, &mut csv).unwrap().unwrap();
        let without = audit.secrets().filter(|secret| secret.dependents().len() == 0).count();
        prop_assert_eq!(rows, workspace.totals().dependents + without);
        let secrets = report::write(File::SecretsCsv, &audit, Vec::new()).unwrap().unwrap();
        prop_assert_eq!(secrets, workspace.totals().secrets);
    }

    #[test]
    fn the_preview_and_each_further_source_make_the_rows(facts in all_sources()) {
        let audit = facts.audited();
        let workspace = &audit.workspaces[0];
        let (figures, dependents) = (workspace.figures(), |source| row(workspace, source).dependents);
        prop_assert_eq!(figures.dependents_previewed, dependents(Source::Preview));
        let completed = dependents(Source::HigherLimit) + dependents(Source::Dependencies);
        prop_assert_eq!(figures.dependents_after_completion, figures.dependents_previewed + completed);
        let elsewhere: usize = Source::SCANNED.into_iter().chain([Source::Secret]).map(dependents).sum();
        prop_assert_eq!(figures.dependents_after_completion + elsewhere, workspace.totals().dependents);
    }

    #[test]
    fn secrets_and_lists_are_counted_once(facts in facts("w")) {
        let audit = facts.audited();
        let workspace = &audit.workspaces[0];
        let (figures, totals) = (workspace.figures(), workspace.totals());
        prop_assert_eq!(totals.secrets, totals.in_use + totals.unused + totals.undetermined);
        prop_assert_eq!(figures.secrets_listed, totals.secrets + figures.secrets_deleted);
        prop_assert_eq!(figures.secrets_deleted, facts.deleted.len());
        prop_assert_eq!(figures.secrets_confirmed, totals.unused);
        let completions: usize = facts.secrets.iter().map(|secret| secret.completions.len()).sum();
        let (limit, paging) = (figures.lists_completed_by_higher_limit, figures.lists_completed_by_paging);
        prop_assert_eq!(limit + paging + figures.lists_completed_by_scan, completions);
    }

    #[test]
    fn the_counts_of_a_secret_make_its_total(facts in facts("w")) {
        let audit = facts.audited();
        for secret in audit.secrets() {
            let DependentCounts {
                tools,
                agents,
                phone_numbers,
                mcp_servers,
                others,
                environment_variables,
                speech_engines,
                settings,
                unrecognized,
            } = secret.counts();
            let listed = tools + agents + phone_numbers + mcp_servers + others;
            let found = environment_variables + speech_engines + settings + unrecognized;
            prop_assert_eq!(listed + found, secret.dependents().len());
            let by_source = secret.dependents().filter(|one| one.sources.first().is_some()).count();
            prop_assert_eq!(by_source, secret.dependents().len());
        }
    }

    #[test]
    fn a_source_is_read_whole_only_where_nothing_of_it_is_missing(facts in all_sources()) {
        let audit = facts.audited();
        let workspace = &audit.workspaces[0];
        for (source, outcome) in &facts.scans {
            prop_assert_eq!(&row(workspace, *source).status, outcome);
        }
        let gaps: Vec<&Gap> = facts.secrets.iter().flat_map(|secret| &secret.gaps).collect();
        let is_cut = |source| matches!(row(workspace, source).status, Status::NotRead(_));
        prop_assert_eq!(is_cut(Source::HigherLimit), !facts.gaps.is_empty());
        use DependentType::{Agent, PhoneNumber, Tool};
        let is_paged = |gap: &&Gap| [Tool, Agent, PhoneNumber].map(list).contains(&gap.what);
        prop_assert_eq!(is_cut(Source::Dependencies), gaps.iter().copied().any(|gap| is_paged(&gap)));
        prop_assert_eq!(is_cut(Source::Secret), gaps.iter().any(|gap| gap.what == Missing::Confirmation));
        let mut unread = workspace.sources().iter();
        let unread = unread.any(|row| matches!(row.status, Status::NotRead(_) | Status::SwitchedOff));
        prop_assert!(!(unread && audit.is_complete()));
    }
}

#[test]
fn a_dependent_told_by_several_counts_with_the_one_that_was_asked_first() {
    let mut facts = Facts::of_one_unused();
    let server = Observation {
        resource: Resource::unknown(DependentType::McpServer, "m"),
        relation: Relation::Direct,
        via: Vec::new(),
    };
    for source in [Source::McpServers, Source::Secret, Source::Dependencies, Source::HigherLimit] {
        facts.uses.push(Told { secret: "s".to_owned(), source, observation: server.clone() });
    }
    let audit = facts.audited();
    let workspace = &audit.workspaces[0];
    for source in Source::ALL {
        let expected = usize::from(source == Source::HigherLimit);
        assert_eq!(row(workspace, source).dependents, expected, "{source:?}");
    }
    assert_eq!(
        (workspace.figures().dependents_previewed, workspace.figures().dependents_after_completion),
        (0, 1)
    );
}

#[test]
fn a_secret_that_was_not_listed_is_no_listed_one() {
    let mut workspace = Facts::of_one_unused().build();
    workspace.coverage.secrets_not_listed = 1;
    workspace.deleted.push(("d".to_owned(), "old".to_owned()));
    let figures = audit_of_inventory(vec![workspace]).workspaces[0].figures();
    assert_eq!((figures.secrets_listed, figures.secrets_not_listed, figures.secrets_deleted), (1, 1, 1));
}
