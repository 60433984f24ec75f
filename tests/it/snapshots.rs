//! Every report of a small workspace in which everything occurs, word by word. Read a snapshot before accepting it:
//! it is what a reviewer gets.

use elevenlabs_secrets_audit::report;
use serde_json::{Value, json};
use simulator::{Reply, Secret, Simulator, World, documents, world};

use crate::support::{Outcome, Setup, missing_permissions};

const CREATED: i64 = 1_735_689_600;

/// A workspace with a use of each kind, a list beyond each limit, awkward names, a discrepancy, a dangling reference, a
/// secret that only an environment variable uses, and one that nothing does.
fn workspace() -> World {
    let mut everything = Secret::new("sec_everything", "everything | everywhere");
    let used_by = &mut everything.used_by;
    used_by.tools.push(world::available("tool_1", "=HYPERLINK(\"http://x\")", CREATED, "editor"));
    used_by.tools.push(world::unknown("tool_2"));
    used_by.agents.push(world::available("agent_1", "Front desk", CREATED, "admin"));
    used_by.phone_numbers.push(world::phone_number("phone_1", "Reception", "+15550100", "twilio"));
    used_by.mcp_servers.push(world::available("mcp_1", "Calendar", CREATED, "viewer"));
    used_by.others.push(json!("conversation_initiation_webhook").into());
    used_by.further.insert("widgets".to_owned(), json!([{"id": "widget_1", "name": "Clock"}]));
    let everything = everything.with_transitive_agent("agent_2", "Night shift", &["tool_1", "tool_2"]);

    let mut world = World::of(vec![
        everything,
        Secret::new("sec_many", "used by many").with_agents(101),
        Secret::new("sec_saved", "saved by a variable"),
        Secret::new("sec_unused", "<b>unused</b> `key`"),
        Secret::new("sec_mcp", "told by the server alone"),
    ]);
    let variable = |id: &str, label: &str, values: Value| {
        documents::environment_variable(id, "workspace_1", label, "secret", &values)
    };
    let header = |id: &str| json!({"Authorization": documents::secret(id)});
    let server = |id: &str, name: &str, secret: &str| {
        documents::mcp_server(id, name, &json!("https://mcp.example"), &Value::Null, &header(secret))
    };
    let (saved, everything, gone) =
        (documents::secret("sec_saved"), documents::secret("sec_everything"), documents::secret("sec_gone"));
    world.environment_variables = vec![
        variable("env_1", "TOKEN", json!({"production": saved, "staging": everything})),
        variable("env_2", "OLD_TOKEN", json!({"production": gone})),
    ];
    let kiosk =
        documents::speech_engine("engine_1", "Kiosk", "wss://kiosk.example", &header("sec_everything"));
    world.speech_engines = vec![kiosk];
    world.mcp_servers =
        vec![server("mcp_1", "Calendar", "sec_everything"), server("mcp_2", "Mail", "sec_mcp")];
    world.settings = documents::settings_with_webhook("https://hook.example", &header("sec_everything"));
    // An admin's, so that what shows by its id only is no sign of more.
    world.seat_type = "workspace_admin".to_owned();
    world
}

/// A night on which everything could be read.
async fn complete() -> Outcome {
    let simulator = Simulator::start(workspace()).await.unwrap();
    Setup::of(&simulator).run().await
}

/// A night with a workspace whose key is refused, a source that can't be read and a list that can't be completed.
async fn incomplete() -> Outcome {
    let of_a_member = World { seat_type: "workspace_member".to_owned(), ..workspace() };
    let reader = Simulator::start_with(of_a_member, |request, reply| {
        if request.path.starts_with("/v1/speech-engine") || request.path.ends_with("/dependencies/agents") {
            missing_permissions()
        } else {
            reply
        }
    });
    let reader = reader.await.unwrap();
    let refused = Simulator::start_with(World::empty(), |_, _| {
        Reply::error(401, "authentication_error", "invalid_api_key", "Invalid API key")
    });
    let refused = refused.await.unwrap();
    let setup = Setup::new().workspace("office", &reader).workspace("warehouse", &refused);
    setup.section("[report]\nlist_length = 3").run().await
}

/// A night of which only a part was asked for.
async fn filtered() -> Outcome {
    let simulator = Simulator::start(workspace()).await.unwrap();
    let mut setup = Setup::of(&simulator);
    setup.arguments.search = Some("saved".to_owned());
    setup.run().await
}

/// Snapshots every file of a bundle and the summary.
fn snapshot(night: &str, outcome: &Outcome) {
    let published = outcome.result.as_ref().unwrap();
    for file in [
        "report.md",
        "report.html",
        "report.json",
        "manifest.json",
        "secrets.csv",
        "dependents.csv",
        "metrics.prom",
    ] {
        let text = fs_err::read_to_string(published.bundle.join(file)).unwrap();
        insta::assert_snapshot!(format!("{night}-{file}"), without_what_differs(&text));
    }
    let mut summary = Vec::new();
    report::summary(&published.audit, "reports/…", &mut summary).unwrap();
    let plain = anstream::adapter::strip_bytes(&summary).into_vec();
    insta::assert_snapshot!(
        format!("{night}-summary"),
        without_what_differs(&String::from_utf8(plain).unwrap())
    );
}

/// The text without the port of a simulator, without the length and sum of what names it or the directory of this run,
/// and without the ids of answers, which come in any order.
fn without_what_differs(text: &str) -> String {
    const HOST: &str = "http://127.0.0.1:";
    let mut pieces = text.split(HOST);
    let mut shown = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        shown.push_str(HOST);
        shown.push_str("PORT");
        shown.push_str(piece.trim_start_matches(|character: char| character.is_ascii_digit()));
    }
    let shown = without_style_and_script(shown);
    let differs =
        |line: &&str| ["\"bytes\":", "sha256\":", "_request_id\":"].iter().any(|key| line.contains(key));
    shown.lines().filter(|line| !differs(line)).fold(String::new(), |kept, line| kept + line + "\n")
}

/// The text without what stands in files of its own beside the templates, and without the sums of these.
fn without_style_and_script(mut text: String) -> String {
    for (start, end) in [
        ("<style>", "</style>"),
        ("<script>", "</script>"),
        ("style-src &#39;sha256-", "&#39;"),
        ("script-src &#39;sha256-", "&#39;"),
    ] {
        let Some(from) = text.find(start).map(|at| at + start.len()) else { continue };
        let Some(length) = text[from..].find(end) else { continue };
        text.replace_range(from..from + length, "…");
    }
    text
}

#[tokio::test]
async fn a_complete_night() {
    let outcome = complete().await;
    assert_eq!(outcome.code(), 0);
    snapshot("complete", &outcome);
}

#[tokio::test]
async fn an_incomplete_night() {
    let outcome = incomplete().await;
    assert_eq!(outcome.code(), 3);
    snapshot("incomplete", &outcome);
}

#[tokio::test]
async fn a_filtered_night() {
    let outcome = filtered().await;
    assert_eq!(outcome.code(), 0);
    snapshot("filtered", &outcome);
}
