//! What becomes of what is told twice, and that the order in which it is told decides nothing.

use std::borrow::Cow;

use proptest::{prelude::*, sample::Index};

use super::*;

const BOTH: &str = "used_by;dependencies";

fn observation(id: &'static str, via: &[&'static str]) -> Observation<'static> {
    let resource = Resource {
        visibility: Visibility::Available,
        name: Some(Cow::Borrowed("Agent")),
        ..Resource::unknown(DependentType::Agent, id)
    };
    Observation::of_used_by(resource, via.iter().map(|id| Cow::Borrowed(*id)).collect())
}

fn unknown(id: &'static str) -> Observation<'static> {
    Observation::of_used_by(Resource::unknown(DependentType::Agent, id), Vec::new())
}

fn workspace_of(secrets: &[&str]) -> Workspace {
    let mut workspace = Workspace::new("w".to_owned(), "https://api".to_owned());
    workspace.secrets.extend(secrets.iter().map(|id| Secret::new(*id, *id)));
    workspace
}

/// A workspace of one secret after these tellings.
fn told(tellings: &[(Source, Observation<'static>)]) -> Workspace {
    let mut workspace = workspace_of(&["s"]);
    for (source, observation) in tellings {
        workspace.record(0, *source, [observation.clone()]);
    }
    workspace
}

/// The only use of the only secret.
fn only(workspace: &Workspace) -> Dependent<'_> {
    let mut dependents = workspace.dependents(&workspace.secrets[0]);
    assert_eq!(dependents.len(), 1);
    dependents.next().unwrap()
}

fn via<'a>(dependent: &Dependent<'a>) -> Vec<&'a str> {
    dependent.via.iter().collect()
}

fn sources(dependent: &Dependent<'_>) -> String {
    dependent.sources.names().collect::<Vec<_>>().join(";")
}

/// All that a report can show of a workspace.
fn shown(workspace: &mut Workspace) -> String {
    workspace.sort();
    let mut text = String::new();
    for secret in &workspace.secrets {
        text.push_str(&format!("{} {} {:?}\n", secret.id, secret.name, secret.gaps));
        for dependent in workspace.dependents(secret) {
            text.push_str(&format!("  {dependent:?}\n"));
        }
    }
    text
}

#[test]
fn what_is_told_once_is_kept_as_it_was_told() {
    let direct = told(&[(Source::Preview, observation("a", &[]))]);
    assert_eq!((only(&direct).relation, only(&direct).via.is_empty()), (Relation::Direct, true));
    assert_eq!(sources(&only(&direct)), "used_by");

    let transitive = told(&[(Source::Dependencies, observation("a", &["t2", "t1", "t2"]))]);
    assert_eq!(only(&transitive).relation, Relation::Transitive);
    assert_eq!(via(&only(&transitive)), ["t1", "t2"], "sorted, each once");
    assert_eq!(sources(&only(&transitive)), "dependencies");
}

#[test]
fn direct_wins_whichever_comes_first_and_the_ids_stay() {
    let (direct, transitive) = (observation("a", &[]), observation("a", &["t"]));
    for (first, second) in [(&direct, &transitive), (&transitive, &direct)] {
        let workspace = told(&[(Source::Preview, first.clone()), (Source::Dependencies, second.clone())]);
        let one = only(&workspace);
        assert_eq!((one.relation, via(&one)), (Relation::Direct, vec!["t"]));
        assert_eq!(sources(&one), BOTH);
    }
}

#[test]
fn the_ids_of_two_tellings_are_united() {
    let workspace = told(&[
        (Source::Preview, observation("a", &["t3", "t1"])),
        (Source::HigherLimit, observation("a", &["t2", "t1"])),
    ]);
    assert_eq!(via(&only(&workspace)), ["t1", "t2", "t3"]);
    assert_eq!(only(&workspace).relation, Relation::Transitive);
}

#[test]
fn both_limits_of_the_list_are_one_source_and_told_apart_inside() {
    let workspace =
        told(&[(Source::HigherLimit, observation("a", &[])), (Source::Preview, observation("a", &[]))]);
    let one = only(&workspace);
    assert_eq!(sources(&one), "used_by");
    assert!(one.sources.contains(Source::HigherLimit) && !one.sources.contains(Source::Dependencies));
    assert_eq!(one.sources.first(), Some(Source::Preview));
}

#[test]
fn a_telling_that_shows_more_adds_what_it_shows() {
    for tellings in [[unknown("a"), observation("a", &[])], [observation("a", &[]), unknown("a")]] {
        let workspace = told(&tellings.map(|observation| (Source::Preview, observation)));
        let resource = only(&workspace).resource;
        assert_eq!((resource.visibility, resource.name.as_deref()), (Visibility::Available, Some("Agent")));
    }
}

#[test]
fn the_same_id_of_another_type_is_another_dependent() {
    let mut workspace = workspace_of(&["s"]);
    let types = ["tool", "agent", "widgets", "gadgets"];
    let kinds = [
        DependentType::Tool,
        DependentType::Agent,
        DependentType::Unrecognized("widgets".into()),
        DependentType::Unrecognized("gadgets".into()),
    ];
    for kind in kinds {
        let observation = Observation::of_used_by(Resource::unknown(kind, "x"), Vec::new());
        workspace.record(0, Source::Preview, [observation]);
    }
    let mut found: Vec<&str> =
        workspace.dependents(&workspace.secrets[0]).map(|one| one.resource.dependent_type.as_str()).collect();
    found.sort_unstable();
    let mut expected = types.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn uses_without_an_id_are_one_only_where_nothing_tells_them_apart() {
    let named = |name: &'static str| {
        Observation::of_used_by(
            Resource { name: Some(name.into()), ..Resource::unknown(DependentType::Tool, "") },
            Vec::new(),
        )
    };
    let mut workspace = workspace_of(&["s", "t"]);
    for source in [Source::Preview, Source::HigherLimit] {
        workspace.record(0, source, [named("one"), named("two"), named("one")]);
        workspace.record(1, source, [named("three")]);
    }
    workspace.sort();
    let names = |secret: usize| -> Vec<&str> {
        let secret = &workspace.secrets[secret];
        workspace.dependents(secret).filter_map(|one| one.resource.name.as_deref()).collect()
    };
    assert_eq!(names(0), ["one", "two"]);
    assert_eq!(names(1), ["three"], "no name of another secret's use");
}

#[test]
fn a_resource_of_two_secrets_is_a_use_of_each_with_its_own_relation() {
    let mut workspace = workspace_of(&["s", "t"]);
    workspace.record(0, Source::Preview, [observation("a", &["x"])]);
    workspace.record(1, Source::Dependencies, [observation("a", &[])]);
    let of = |secret: usize| {
        let one = workspace.dependents(&workspace.secrets[secret]).next().unwrap();
        (one.relation, via(&one), sources(&one))
    };
    assert_eq!(of(0), (Relation::Transitive, vec!["x"], "used_by".to_owned()));
    assert_eq!(of(1), (Relation::Direct, vec![], "dependencies".to_owned()));
}

#[test]
fn secrets_are_in_order_of_name_then_id_and_their_dependents_of_type_name_id() {
    let mut workspace = workspace_of(&[]);
    workspace.secrets = vec![Secret::new("2", "b"), Secret::new("9", "a"), Secret::new("1", "b")];
    let resource = |kind, name: Option<&'static str>, id| {
        Observation::of_used_by(
            Resource { name: name.map(Cow::Borrowed), ..Resource::unknown(kind, id) },
            Vec::new(),
        )
    };
    workspace.record(
        0,
        Source::Preview,
        [
            resource(DependentType::Tool, Some("A"), "t"),
            resource(DependentType::Agent, Some("B"), "1"),
            resource(DependentType::Agent, Some("A"), "3"),
            resource(DependentType::Agent, Some("A"), "2"),
            resource(DependentType::Agent, None, "4"),
        ],
    );
    use DependentType::{Agent, Tool};
    let cut = |dependent_type| Gap::new(Missing::List { dependent_type }, Why::Cut(20));
    workspace.secrets[0].gaps = [Tool, Agent, Tool].map(cut).to_vec();
    workspace.sort();
    let secrets: Vec<&str> = workspace.secrets.iter().map(|secret| &*secret.id).collect();
    assert_eq!(secrets, ["9", "1", "2"]);
    let ids: Vec<&str> = workspace.dependents(&workspace.secrets[2]).map(|one| &*one.resource.id).collect();
    assert_eq!(ids, ["4", "2", "3", "1", "t"]);
    assert_eq!(workspace.secrets[2].gaps, [Agent, Tool].map(cut));
}

#[test]
fn a_secret_that_does_not_exist_records_nothing() {
    let mut workspace = workspace_of(&["s"]);
    workspace.record(1, Source::Preview, [observation("a", &[])]);
    assert_eq!(workspace.secrets[0].uses(), 0);
}

fn any_sighting() -> impl Strategy<Value = Observation<'static>> {
    let kind = prop::sample::select(vec![
        DependentType::Tool,
        DependentType::Agent,
        DependentType::Unrecognized("agent".into()),
        DependentType::Unrecognized("widgets".into()),
    ]);
    let text =
        || prop::option::of(prop::sample::select(vec!["", "a", "b"])).prop_map(|it| it.map(Cow::Borrowed));
    let seen = prop::sample::select(vec![Visibility::Unknown, Visibility::Available]);
    let id = prop::sample::select(vec!["", "1", "2", "3"]);
    let via = prop::collection::vec(prop::sample::select(vec!["t1", "t2", "t3"]), 0..3);
    (kind, id, text(), text(), text(), prop::option::of(0_i64..3), seen, via).prop_map(
        |(dependent_type, id, name, access_level, phone_number, created_at_unix_secs, visibility, via)| {
            let resource = Resource {
                dependent_type,
                id: id.into(),
                name,
                visibility,
                access_level,
                provider: None,
                phone_number,
                created_at_unix_secs,
            };
            Observation::of_used_by(resource, via.into_iter().map(Cow::Borrowed).collect())
        },
    )
}

fn any_telling() -> impl Strategy<Value = (usize, Source, Vec<Observation<'static>>)> {
    let source = prop::sample::select(vec![Source::Preview, Source::HigherLimit, Source::Dependencies]);
    (0_usize..2, source, prop::collection::vec(any_sighting(), 0..5))
}

proptest! {
    #[test]
    fn the_order_in_which_answers_arrive_changes_nothing(
        tellings in prop::collection::vec(any_telling(), 0..8),
        swaps in prop::collection::vec((any::<Index>(), any::<Index>()), 0..16),
    ) {
        let record = |tellings: &[(usize, Source, Vec<Observation<'static>>)]| {
            let mut workspace = workspace_of(&["s", "t"]);
            for (secret, source, observations) in tellings {
                workspace.record(*secret, *source, observations.clone());
            }
            shown(&mut workspace)
        };
        let mut shuffled = tellings.clone();
        for (one, other) in swaps.iter().filter(|_| !tellings.is_empty()) {
            shuffled.swap(one.index(tellings.len()), other.index(tellings.len()));
        }
        for (_, _, observations) in &mut shuffled {
            observations.reverse();
        }
        prop_assert_eq!(record(&tellings), record(&shuffled));
    }

    #[test]
    fn every_type_and_id_that_was_told_is_one_row_and_nothing_else_is(observations in prop::collection::vec(any_sighting(), 0..20)) {
        let mut expected: Vec<String> = observations
            .iter()
            .map(|one| &one.resource)
            .filter(|one| !one.id.is_empty())
            .map(|one| format!("{:?} {}", one.dependent_type, one.id))
            .collect();
        expected.sort_unstable();
        expected.dedup();
        let mut workspace = workspace_of(&["s"]);
        let some = !observations.is_empty();
        workspace.record(0, Source::Preview, observations);
        let mut rows: Vec<String> = workspace
            .dependents(&workspace.secrets[0])
            .filter(|one| !one.resource.id.is_empty())
            .map(|one| format!("{:?} {}", one.resource.dependent_type, one.resource.id))
            .collect();
        rows.sort_unstable();
        prop_assert_eq!(rows, expected);
        prop_assert_eq!(workspace.secrets[0].uses() > 0, some, "a use is never lost whole");
    }
}
