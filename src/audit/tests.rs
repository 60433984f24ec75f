//! Random inventories, and what holds of every one of them. The subjects are in the files beside.

mod comparison;
mod discrepancies;
mod figures;
mod orders;
mod verdicts;

use std::borrow::Cow;

use chrono::DateTime;
use proptest::prelude::*;

use super::*;
use crate::{
    clock::ClockCheck,
    inventory::{
        Completion, DependentType, Gap, Inventory, Missing, Observation, Reference, Relation, Resource, Scan,
        ScanOutcome, Secret, Source, Visibility, Why, Workspace,
    },
};

/// A workspace as a list of plain facts, from which an inventory can be built in any order.
#[derive(Clone, Debug)]
struct Facts {
    name: String,
    secrets: Vec<SecretFacts>,
    uses: Vec<Told>,
    /// Empty: nothing but `used_by` was read.
    scans: Vec<(Source, ScanOutcome)>,
    gaps: Vec<Gap>,
    references: Vec<Reference>,
    deleted: Vec<(String, String)>,
    warnings: Vec<String>,
}

#[derive(Clone, Debug)]
struct SecretFacts {
    id: String,
    name: String,
    gaps: Vec<Gap>,
    completions: Vec<Completion>,
    confirmed: bool,
}

/// One telling of one use.
#[derive(Clone, Debug)]
struct Told {
    secret: String,
    source: Source,
    observation: Observation<'static>,
}

impl Facts {
    /// A workspace in which every place was read whole, with this one secret, confirmed and without a use.
    fn of_one_unused() -> Facts {
        let secret = SecretFacts {
            id: "s".to_owned(),
            name: "key".to_owned(),
            gaps: Vec::new(),
            completions: Vec::new(),
            confirmed: true,
        };
        Facts {
            name: "w".to_owned(),
            secrets: vec![secret],
            uses: Vec::new(),
            scans: Source::SCANNED.map(|source| (source, ScanOutcome::Whole)).to_vec(),
            gaps: Vec::new(),
            references: Vec::new(),
            deleted: Vec::new(),
            warnings: Vec::new(),
        }
    }

    fn uses_of(&self, secret: &str) -> impl Iterator<Item = &Told> {
        self.uses.iter().filter(move |told| told.secret == secret)
    }

    /// Whether every place outside `used_by` that has to be part of the audit is, and all that are were read whole.
    fn places_are_whole(&self) -> bool {
        let required =
            [Source::EnvironmentVariables, Source::SpeechEngines, Source::McpServers, Source::Settings];
        let whole = |(source, outcome): &(Source, ScanOutcome)| match outcome {
            ScanOutcome::Whole => true,
            ScanOutcome::NotPartOfThisAudit | ScanOutcome::NotNeeded => {
                matches!(source, Source::Tools | Source::Agents)
            }
            ScanOutcome::NotRead(_) | ScanOutcome::SwitchedOff => false,
        };
        let is_there = |place: &Source| self.scans.iter().any(|(source, _)| source == place);
        required.iter().all(is_there) && self.scans.iter().all(whole)
    }

    /// The workspace, put together in the order in which the facts stand.
    fn build(&self) -> Workspace {
        let mut workspace = Workspace::new(self.name.clone(), "https://api.example".to_owned());
        for facts in &self.secrets {
            let mut secret = Secret::new(facts.id.clone(), facts.name.clone());
            (secret.gaps, secret.confirmed) = (facts.gaps.clone(), facts.confirmed);
            secret.completions.clone_from(&facts.completions);
            workspace.secrets.push(secret);
        }
        for told in &self.uses {
            let position = self.secrets.iter().position(|secret| secret.id == told.secret).unwrap();
            workspace.record(position, told.source, [told.observation.clone()]);
        }
        let scans = self.scans.iter().cloned();
        workspace.scans = scans.map(|(source, outcome)| Scan::new(source, outcome)).collect();
        workspace.page_gaps.clone_from(&self.gaps);
        workspace.dangling.clone_from(&self.references);
        workspace.not_visible.clone_from(&self.references);
        workspace.deleted.clone_from(&self.deleted);
        workspace.warnings.clone_from(&self.warnings);
        workspace
    }

    /// The one workspace of an audit of these facts alone.
    fn audited(&self) -> Audit {
        audit_of(std::slice::from_ref(self))
    }
}

/// What comes of these workspaces, with everything that differs from run to run fixed.
fn audit_of(workspaces: &[Facts]) -> Audit {
    audit_of_inventory(workspaces.iter().map(Facts::build).collect())
}

fn audit_of_inventory(workspaces: Vec<Workspace>) -> Audit {
    let inventory = Inventory { workspaces, failed: Vec::new() };
    let moment = DateTime::from_timestamp(1_795_399_200, 0).unwrap();
    let run = Run {
        id: "2026-11-23T02-00-00Z".to_owned(),
        started_at: moment,
        finished_at: moment,
        tool_version: "0.0.0-test".to_owned(),
        clock: ClockCheck::NotChecked,
    };
    let nothing_before = Changes::NotCompared("no earlier audit was at hand".to_owned());
    Judged::of(inventory, run, parameters()).conclude(History::default(), nothing_before, Vec::new())
}

/// What every test asks for.
fn parameters() -> Parameters {
    let rendering = Rendering {
        csv_delimiter: ',',
        csv_byte_order_mark: false,
        csv_formula_escaping: true,
        list_length: 250,
    };
    Parameters {
        page_size: 100,
        dependency_limit: 20,
        max_dependency_limit: 100,
        search: String::new(),
        deep: crate::collect::Deep::Auto,
        archived_branches: crate::collect::ArchivedBranches::Auto,
        partial_view: crate::audit::PartialView::Undetermined,
        allow_empty: false,
        population_drop: OnPopulationDrop::Incomplete,
        unused_after_days: 0,
        ignores_waivers: false,
        redact: Vec::new(),
        rendering,
    }
}

/// The verdict on each secret, by its id.
fn verdict_on(audit: &Audit, id: &str) -> Verdict {
    audit.secrets().find(|secret| secret.id() == id).unwrap().verdict()
}

fn dependent_type() -> impl Strategy<Value = DependentType> {
    prop::sample::select(vec![
        DependentType::Tool,
        DependentType::Agent,
        DependentType::PhoneNumber,
        DependentType::McpServer,
        DependentType::Other,
        DependentType::EnvironmentVariable,
        DependentType::SpeechEngine,
        DependentType::Setting,
        DependentType::Unrecognized("chains".into()),
    ])
}

/// Few words to choose from, so that things meet again and tellings contradict each other.
fn word(prefix: &'static str) -> impl Strategy<Value = String> {
    (0..4_u8).prop_map(move |number| if number == 0 { String::new() } else { format!("{prefix}{number}") })
}

fn observation() -> impl Strategy<Value = Observation<'static>> {
    let visibility = prop::sample::select(vec![Visibility::Available, Visibility::Unknown]);
    let relation = prop::sample::select(vec![Relation::Direct, Relation::Transitive]);
    let via = prop::collection::vec(word("via").prop_map(Cow::Owned), 0..3);
    let resource = (dependent_type(), word("id"), prop::option::of(word("name")), visibility);
    (resource, relation, via).prop_map(|((dependent_type, id, name, visibility), relation, via)| {
        Observation {
            resource: Resource {
                name: name.map(Cow::Owned),
                visibility,
                ..Resource::unknown(dependent_type, id)
            },
            relation,
            via,
        }
    })
}

fn list(dependent_type: DependentType) -> Missing {
    Missing::List { dependent_type }
}

fn gap() -> impl Strategy<Value = Gap> {
    use DependentType::{Agent, McpServer, Other, PhoneNumber, Tool};
    let lists = [Tool, Agent, PhoneNumber, McpServer, Other].map(list).into_iter();
    let what = prop::sample::select(Vec::from_iter(lists.chain([Missing::Confirmation])));
    (what, 0..3_u8).prop_map(|(what, why)| Gap::new(what, format!("problem {why}")))
}

fn completion() -> impl Strategy<Value = Completion> {
    let by = prop::sample::select(vec![Source::HigherLimit, Source::Dependencies, Source::McpServers]);
    (dependent_type(), by).prop_map(|(dependent_type, by)| Completion { dependent_type, by })
}

/// How the reading of the places beside `used_by` went: whole half the time, else anything, or nothing at all.
fn scans() -> impl Strategy<Value = Vec<(Source, ScanOutcome)>> {
    let whole = Source::SCANNED.map(|source| match source {
        Source::Tools | Source::Agents => (source, ScanOutcome::NotPartOfThisAudit),
        source => (source, ScanOutcome::Whole),
    });
    let any = Source::SCANNED.map(|source| {
        let outcomes = vec![
            ScanOutcome::Whole,
            ScanOutcome::Whole,
            ScanOutcome::NotRead("status 403; give the key access to this".to_owned().into()),
            ScanOutcome::SwitchedOff,
            ScanOutcome::NotPartOfThisAudit,
        ];
        prop::sample::select(outcomes).prop_map(move |outcome| (source, outcome))
    });
    prop_oneof![
        5 => Just(whole.to_vec()),
        4 => any.prop_map(Vec::from),
        1 => prop::sample::subsequence(whole.to_vec(), 0..whole.len()),
    ]
}

fn secrets() -> impl Strategy<Value = Vec<SecretFacts>> {
    let gaps = prop_oneof![2 => Just(Vec::new()), 1 => prop::collection::vec(gap(), 0..3)];
    let completions = prop::collection::vec(completion(), 0..3);
    let secret = (word("key"), gaps, completions, prop::bool::weighted(0.7));
    prop::collection::vec(secret, 0..6).prop_map(|secrets| {
        let numbered = secrets.into_iter().enumerate();
        numbered
            .map(|(number, (name, gaps, completions, confirmed))| SecretFacts {
                id: format!("s{number}"),
                name,
                gaps,
                completions,
                confirmed,
            })
            .collect()
    })
}

/// References, each to a secret of its own.
fn references() -> impl Strategy<Value = Vec<Reference>> {
    prop::collection::vec((dependent_type(), word("id")), 0..3).prop_map(|holders| {
        let numbered = holders.into_iter().enumerate();
        numbered
            .map(|(number, (dependent_type, id))| Reference {
                secret_id: format!("gone{number}"),
                holder: Resource::unknown(dependent_type, id),
                via: vec!["production".to_owned()],
                why: "there is no such secret".to_owned(),
            })
            .collect()
    })
}

prop_compose! {
    fn facts(name: &'static str)(
        secrets in secrets(),
        scans in scans(),
        gaps in prop_oneof![3 => Just(Vec::new()), 1 => prop::collection::vec(gap(), 1..3)],
        references in references(),
        deleted in prop::collection::vec((word("d"), word("key")), 0..3),
        warnings in prop::collection::vec(word("warning"), 0..3),
    )(
        uses in tellings(secrets.iter().map(|secret| secret.id.clone()).collect()),
        (secrets, scans) in Just((secrets, scans)),
        (gaps, references, deleted, warnings) in Just((gaps, references, deleted, warnings)),
    ) -> Facts {
        Facts { name: name.to_owned(), secrets, uses, scans, gaps, references, deleted, warnings }
    }
}

/// Tellings of uses of these secrets, not so many that none is left without.
fn tellings(secrets: Vec<String>) -> BoxedStrategy<Vec<Told>> {
    if secrets.is_empty() {
        return Just(Vec::new()).boxed();
    }
    let source = prop::sample::select(Source::ALL.to_vec());
    let told = (prop::sample::select(secrets), source, observation());
    prop::collection::vec(told, 0..8)
        .prop_map(|told| {
            told.into_iter()
                .map(|(secret, source, observation)| Told { secret, source, observation })
                .collect()
        })
        .boxed()
}
