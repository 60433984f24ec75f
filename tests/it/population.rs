//! A key that lost access sees fewer secrets, and nothing but an earlier audit can tell.

use elevenlabs_secrets_audit::{bounded::Bound, bundle::Format, review::render};
use serde_json::json;
use simulator::{Secret, Simulator, World};

use crate::{
    bundle::names_in,
    places::{markdown, summary, variable},
    support::{Outcome, Setup, invalid_api_key, serve, serve_with},
};

/// Nights that publish into one directory.
struct Nights {
    first: Setup,
}

impl Nights {
    fn new() -> Nights {
        Nights { first: Setup::new() }
    }

    fn setup(&self, name: &str, simulator: &Simulator) -> Setup {
        let mut setup = Setup::new().workspace(name, simulator);
        setup.arguments.out = Some(self.first.out());
        setup
    }

    /// A night on which the workspace `main` shows so many secrets.
    async fn night(&self, secrets: usize) -> Outcome {
        self.setup("main", &populated(secrets).await).run().await
    }

    async fn strict_night(&self, secrets: usize) -> Outcome {
        let simulator = populated(secrets).await;
        self.setup("main", &simulator).section("[audit]\npopulation_drop = \"fail\"").run().await
    }

    /// A night on which only names that start with `sec_0` are read.
    async fn narrowed_night(&self, secrets: usize) -> Outcome {
        let simulator = populated(secrets).await;
        let mut setup = self.setup("main", &simulator);
        setup.arguments.search = Some("sec_0".to_owned());
        setup.run().await
    }

    fn bundles(&self) -> usize {
        names_in(&self.first.out()).iter().filter(|name| name.starts_with("20")).count()
    }
}

async fn populated(secrets: usize) -> Simulator {
    let named = |number: usize| {
        let id = format!("sec_{number}");
        Secret::new(&id, &id).with_tools(1)
    };
    serve((0..secrets).map(named).collect()).await
}

fn assert_no_drop(outcome: &Outcome) {
    assert_eq!(outcome.code(), 0);
    assert!(outcome.bundle().workspace().get("population_drop").is_none());
    assert!(!markdown(outcome).contains("Fewer secrets than expected"));
    assert!(!summary(outcome).contains("lost access"));
}

fn assert_drop(outcome: &Outcome, now: usize, earlier: Option<usize>) {
    assert_eq!(outcome.code(), 3);
    assert!(!outcome.bundle().is_complete());
    let (_, gaps) = markdown(outcome).split_once("### What could not be read").map(owned).unwrap();
    assert!(gaps.contains("- `main`: some of its secrets: the key sees only"), "{gaps}");
    assert_said(outcome, now, earlier);
}

fn owned((before, after): (&str, &str)) -> (String, String) {
    (before.to_owned(), after.to_owned())
}

fn assert_said(outcome: &Outcome, now: usize, earlier: Option<usize>) {
    assert_eq!(outcome.bundle().workspace()["population_drop"], json!({"now": now, "earlier": earlier}));
    let first_page: String = markdown(outcome).lines().take(5).collect();
    assert!(first_page.contains("Fewer secrets than expected"), "{first_page}");
    assert!(first_page.contains("may have lost access"), "{first_page}");
    if let Some(earlier) = earlier {
        assert!(first_page.contains(&format!("the last published audit {earlier}")), "{first_page}");
    }
    assert!(summary(outcome).contains("may have lost access"), "{}", summary(outcome));
}

#[tokio::test]
async fn less_than_half_of_the_last_population_is_incomplete_once_and_said_on_the_first_page() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    assert_drop(&nights.night(4).await, 4, Some(10));
    assert_eq!(nights.bundles(), 2);
    assert_no_drop(&nights.night(4).await);
}

#[tokio::test]
async fn a_drop_is_only_said_where_that_is_asked() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    let simulator = populated(4).await;
    let setup = |word: &str| {
        nights.setup("main", &simulator).section(&format!("[audit]\npopulation_drop = {word:?}"))
    };
    let outcome = setup("warn").run().await;
    assert_eq!(outcome.code(), 0);
    assert!(outcome.bundle().is_complete());
    assert_eq!(outcome.bundle().json["parameters"]["population_drop"], "warn");
    assert_said(&outcome, 4, Some(10));
    assert!(markdown(&outcome).contains("Nothing: all that this audit set out to read was read whole."));
    let message = setup("ignore").resolve().unwrap_err().to_string();
    let words = "[audit] population_drop is \"ignore\"; it must be \"incomplete\", \"warn\" or \"fail\"";
    assert!(message.contains(words), "{message}");
}

#[tokio::test]
async fn a_drop_whose_report_is_made_again_is_still_a_gap() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    let outcome = nights.night(4).await;
    let out = nights.first.home().join("again");
    render(&outcome.result.as_ref().unwrap().bundle, &out, &[Format::Markdown], Bound::default()).unwrap();
    assert_eq!(fs_err::read_to_string(out.join("report.md")).unwrap(), markdown(&outcome));
}

#[tokio::test]
async fn half_of_it_and_more_than_before_are_no_drop() {
    let nights = Nights::new();
    for secrets in [10, 5, 30, 15] {
        assert_no_drop(&nights.night(secrets).await);
    }
}

#[tokio::test]
async fn it_is_the_last_bundle_that_counts_not_the_largest() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    assert_drop(&nights.night(4).await, 4, Some(10));
    assert_no_drop(&nights.night(4).await);
    assert_drop(&nights.night(1).await, 1, Some(4));
}

/// An empty workspace is incomplete, and no drop; what is said of it.
fn assert_empty(outcome: &Outcome) -> String {
    assert_eq!(outcome.code(), 3, "{outcome:?}");
    let bundle = outcome.bundle();
    assert!(!bundle.is_complete());
    assert!(bundle.workspace().get("population_drop").is_none());
    let audit = &outcome.result.as_ref().unwrap().audit;
    assert!(audit.workspaces[0].is_unexpectedly_empty());
    let said = audit.workspaces[0].empty_in_words().unwrap();
    for words in ["this key sees no secret", "right workspace", "convai_read", "[audit] allow_empty = true"] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("lost"), "{said}");
    said
}

#[tokio::test]
async fn a_workspace_without_secrets_is_incomplete_from_the_first_time_on_and_nothing_is_lost() {
    let nights = Nights::new();
    let outcome = nights.night(0).await;
    assert!(!assert_empty(&outcome).contains("the last published audit"));
    assert!(!markdown(&outcome).contains("lost") && !summary(&outcome).contains("lost"));
    // It was not complete, so that the next is no better.
    assert_empty(&nights.night(0).await);
}

#[tokio::test]
async fn a_workspace_that_had_secrets_and_now_has_none_is_incomplete_whatever_a_drop_means() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    assert!(assert_empty(&nights.night(0).await).contains("the last published audit saw 10"));
    assert_empty(&nights.strict_night(0).await);
}

#[tokio::test]
async fn a_workspace_without_secrets_is_complete_where_that_is_allowed_or_the_last_complete_audit_saw_none_either()
 {
    let nights = Nights::new();
    let allowed = |setup: Setup| setup.section("[audit]\nallow_empty = true\npopulation_drop = \"fail\"");
    let outcome = allowed(nights.setup("main", &populated(0).await)).run().await;
    assert_no_drop(&outcome);
    assert!(outcome.result.as_ref().unwrap().audit.workspaces[0].empty_in_words().is_none());
    assert_no_drop(&nights.night(0).await);
    assert_no_drop(&nights.strict_night(0).await);
    // Another workspace of the same name in the file tells nothing.
    let other = nights.setup("other", &populated(0).await).run().await;
    assert_empty(&other);
    // Nor does an audit before the last complete one.
    assert_no_drop(&nights.night(3).await);
    assert_empty(&nights.night(0).await);
}

#[tokio::test]
async fn that_another_workspace_of_the_same_name_was_empty_tells_nothing() {
    let nights = Nights::new();
    let night = async |id: &str, section: &str| {
        let mut shows_it = variable("env", "ENV", &[]);
        shows_it["workspace_id"] = json!(id);
        let world = World { environment_variables: vec![shows_it], ..World::empty() };
        let simulator = Simulator::start(world).await.unwrap();
        nights.setup("main", &simulator).section(section).run().await
    };
    assert_no_drop(&night("ws_one", "[audit]\nallow_empty = true").await);
    assert_no_drop(&night("ws_one", "").await);
    assert_empty(&night("ws_other", "").await);
}

#[tokio::test]
async fn what_was_to_be_made_of_what_cannot_be_seen_is_among_the_parameters() {
    let nights = Nights::new();
    let parameters = async |section: &str| {
        let outcome = nights.setup("main", &populated(1).await).section(section).run().await;
        let parameters = outcome.bundle().json["parameters"].clone();
        ["deep", "archived_branches", "partial_view", "allow_empty"].map(|name| parameters[name].clone())
    };
    assert_eq!(json!(parameters("").await), json!(["auto", "auto", "undetermined", false]));
    let other = "[audit]\ndeep = \"never\"\narchived_branches = \"skip\"\npartial_view = \"accept\"\n\
                 allow_empty = true";
    assert_eq!(json!(parameters(other).await), json!(["never", "skip", "accept", true]));
}

#[tokio::test]
async fn a_drop_fails_the_run_where_that_is_asked_and_publishes_nothing() {
    let nights = Nights::new();
    assert_eq!(nights.strict_night(10).await.code(), 0);
    let outcome = nights.strict_night(4).await;
    assert_eq!(outcome.code(), 5);
    assert!(outcome.message().contains("only 4 secrets"), "{}", outcome.message());
    assert!(outcome.message().contains("population_drop"), "{}", outcome.message());
    assert_eq!(nights.bundles(), 1, "the earlier one is all there is");
    assert_eq!(nights.strict_night(5).await.code(), 0);
}

#[tokio::test]
async fn a_narrowed_audit_neither_reports_a_drop_nor_makes_one() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    let narrowed = nights.narrowed_night(10).await;
    assert_eq!(narrowed.bundle().json["totals"]["secrets"], 1);
    assert_no_drop(&narrowed);
    // Still compared with the ten, not with the one.
    assert_drop(&nights.night(4).await, 4, Some(10));
}

#[tokio::test]
async fn a_narrowed_audit_of_nothing_is_no_drop() {
    let nights = Nights::new();
    let narrowed = nights.narrowed_night(0).await;
    assert_no_drop(&narrowed);
}

#[tokio::test]
async fn a_narrowed_audit_fails_for_no_drop_either() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    let simulator = populated(10).await;
    for (search, secrets) in [("sec_0", 1), ("none", 0)] {
        let mut setup = nights.setup("main", &simulator).section("[audit]\npopulation_drop = \"fail\"");
        setup.arguments.search = Some(search.to_owned());
        let narrowed = setup.run().await;
        assert_no_drop(&narrowed);
        assert_eq!(narrowed.bundle().json["totals"]["secrets"], secrets);
    }
}

#[tokio::test]
async fn a_failed_night_is_compared_with_nothing() {
    let nights = Nights::new();
    assert_no_drop(&nights.night(10).await);
    let refusing = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    assert_eq!(nights.setup("main", &refusing).run().await.code(), 4);
    assert_drop(&nights.night(4).await, 4, Some(10));
}

#[tokio::test]
async fn workspaces_are_compared_each_with_itself() {
    let nights = Nights::new();
    let (big, small) = (populated(10).await, populated(2).await);
    assert_eq!(nights.setup("big", &big).workspace("small", &small).run().await.code(), 0);
    // The one shrinks, the other grows, and the names tell which.
    let (big, small) = (populated(3).await, populated(20).await);
    let setup = nights.setup("big", &big).workspace("small", &small);
    let outcome = setup.run().await;
    let workspaces = outcome.bundle().json["workspaces"].clone();
    assert_eq!(workspaces[0]["population_drop"], json!({"now": 3, "earlier": 10}));
    assert!(workspaces[1].get("population_drop").is_none());

    let big = populated(1).await;
    let strict = nights.setup("big", &big).workspace("small", &small);
    let outcome = strict.section("[audit]\npopulation_drop = \"fail\"").run().await;
    assert_eq!(outcome.code(), 3, "the other is published all the same");
    let bundle = outcome.bundle();
    let failed = &bundle.json["failed_workspaces"][0];
    assert_eq!(failed["name"], "big");
    assert!(failed["error"].as_str().unwrap().contains("only 1 secret"), "{failed}");
    assert_eq!(bundle.json["workspaces"][0]["name"], "small");
}
