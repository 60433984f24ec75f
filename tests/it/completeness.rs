//! The completeness statement: its figures add up with the rows of the files, in every world, and it says what it
//! must on a good night and on a bad one.

use elevenlabs_secrets_audit::{
    api::Clock,
    config::{Config, Demo, Environment, Flags},
    interrupt::Interrupt,
    run,
};
use serde_json::Value;
use simulator::{Secret, Simulator, World, demo};
use tempfile::TempDir;

use crate::{
    bundle::{Bundle, Row},
    places::{
        ENVIRONMENT_VARIABLES, PLACES, agent, audit, by_itself, deep, deep_audit, forbidden, mcp_server,
        not_found, settings, speech_engine, tool, variable,
    },
    support::{Setup, context, dependencies, now, rewrite_used_by},
};

fn number(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap_or_else(|| panic!("a number: {value}"))).unwrap()
}

fn cell(row: &Row, column: &str) -> usize {
    row[column].parse().unwrap_or_else(|_| panic!("{column} of {row:?}"))
}

/// Asserts that what one workspace of `report.json` says of itself is what the rows of the files come to.
fn assert_adds_up(bundle: &Bundle, workspace: &Value) {
    let of_it = |row: &&Row| row["workspace"] == workspace["name"].as_str().unwrap();
    let secrets: Vec<&Row> = bundle.secrets.iter().filter(of_it).collect();
    let dependents: Vec<&Row> = bundle.dependents.iter().filter(of_it).collect();
    let uses: Vec<&&Row> = dependents.iter().filter(|row| !row["dependent_type"].is_empty()).collect();
    let (totals, figures) = (&workspace["totals"], &workspace["figures"]);

    assert_eq!(number(&totals["secrets"]), secrets.len());
    assert_eq!(number(&totals["dependents"]), uses.len());
    for verdict in ["in_use", "unused", "undetermined"] {
        let of_verdict = secrets.iter().filter(|row| row["verdict"] == verdict).count();
        assert_eq!(number(&totals[verdict]), of_verdict, "{verdict}");
    }
    let without = secrets.iter().filter(|row| row["dependents_total"] == "0").count();
    assert_eq!(dependents.len(), uses.len() + without, "a row for each secret without a dependent");
    assert_eq!(secrets.iter().map(|row| cell(row, "dependents_total")).sum::<usize>(), uses.len());
    for row in &secrets {
        let kinds = ["tools", "agents", "phone_numbers", "mcp_servers", "others", "environment_variables"];
        let kinds = kinds.iter().chain(&["speech_engines", "settings", "unrecognized"]);
        let by_kind: usize = kinds.map(|kind| cell(row, kind)).sum();
        assert_eq!(by_kind, cell(row, "dependents_total"), "{row:?}");
        let of_secret = uses.iter().filter(|one| one["secret_id"] == row["secret_id"]).count();
        assert_eq!(of_secret, by_kind);
    }

    let listed = number(&figures["secrets_listed"]) + number(&figures["secrets_not_listed"]);
    assert_eq!(listed, secrets.len() + number(&figures["secrets_deleted"]));
    assert_eq!(number(&figures["secrets_confirmed"]), number(&totals["unused"]));

    let rows = workspace["sources"].as_array().unwrap();
    let by_source = |name: &str| -> usize {
        let named = rows.iter().filter(|row| row["source"] == name);
        named.map(|row| number(&row["dependents"])).sum()
    };
    assert_eq!(rows.iter().map(|row| number(&row["dependents"])).sum::<usize>(), uses.len());
    let first_source = |row: &Row| row["source"].split(';').next().unwrap().to_owned();
    for name in PLACES.iter().map(|(name, ..)| *name).chain(["used_by", "dependencies", "secret"]) {
        let first_told = uses.iter().filter(|row| first_source(row) == name).count();
        assert_eq!(by_source(name), first_told, "{name}");
    }
    assert_eq!(number(&figures["dependents_previewed"]), number(&rows[0]["dependents"]));
    let after_completion = number(&figures["dependents_after_completion"]);
    assert_eq!(after_completion, by_source("used_by") + by_source("dependencies"));

    let gaps = |secret: &Value| secret["gaps"].as_array().unwrap().len();
    let json_secrets = workspace["secrets"].as_array().unwrap();
    assert_eq!(json_secrets.len(), secrets.len());
    for (secret, row) in json_secrets.iter().zip(&secrets) {
        assert_eq!(secret["secret_id"], row["secret_id"]);
        assert_eq!(secret["dependents"].as_array().unwrap().len(), cell(row, "dependents_total"));
        assert_eq!(row["complete"] == "true", gaps(secret) == 0);
    }
}

fn assert_all_adds_up(bundle: &Bundle) {
    let workspaces = bundle.json["workspaces"].as_array().unwrap();
    assert!(!workspaces.is_empty());
    for workspace in workspaces {
        assert_adds_up(bundle, workspace);
    }
    for total in ["secrets", "in_use", "unused", "undetermined", "dependents"] {
        let sum: usize = workspaces.iter().map(|workspace| number(&workspace["totals"][total])).sum();
        assert_eq!(number(&bundle.json["totals"][total]), sum, "{total}");
    }
}

/// A world in which every source tells of something that no other does, and of something that another does too.
fn crooked() -> World {
    let long = Secret::new("long", "long").with_agents(130).with_tools(40).with_phone_numbers(5);
    let servers = Secret::new("servers", "servers").with_mcp_servers(100);
    let server = |number: usize| mcp_server(&format!("mcp_{number:04}"), "Server", "servers");
    World {
        environment_variables: vec![
            variable("var_1", "LEDGER", &[("production", "held"), ("staging", "lost")]),
            variable("var_2", "SHARED", &[("production", "unlisted")]),
        ],
        speech_engines: vec![speech_engine("seng_1", "Kiosk", "held")],
        mcp_servers: (1..=104).map(server).collect(),
        settings: settings("long"),
        tools: vec![tool("tool_0001", "Tool 1", "long"), tool("tool_x", "Lookup", "held")],
        agents: vec![agent("agent_x", "Line", "held"), agent("agent_0001", "Agent 1", "long")],
        unlisted_secrets: vec![Secret::new("unlisted", "shared").with_agents(25).with_tools(1)],
        ..World::of(vec![
            long,
            servers,
            Secret::new("held", "held"),
            Secret::new("free", "free"),
            Secret::new("other", "other").with_other("conversation_initiation_webhook"),
        ])
    }
}

#[tokio::test]
async fn the_figures_add_up_with_the_rows_in_every_world() {
    for world in [World::empty(), crooked(), demo::world(), demo::degraded_world()] {
        let (outcome, _simulator) = audit(world.clone()).await;
        assert_all_adds_up(&outcome.bundle());
        let (outcome, _simulator) = deep_audit(world).await;
        assert_all_adds_up(&outcome.bundle());
    }
}

#[tokio::test]
async fn the_figures_add_up_with_lower_limits_and_several_workspaces() {
    let (one, other) =
        (Simulator::start(crooked()).await.unwrap(), Simulator::start(demo::world()).await.unwrap());
    let demo_key = format!("{}-2", demo::world().api_key);
    for (limit, max) in [(1, 1), (1, 30), (100, 100)] {
        let mut setup = Setup::new().workspace("one", &one).workspace_with_key("other", &other, &demo_key);
        setup.arguments.dependency_limit = Some(limit);
        setup.arguments.max_dependency_limit = Some(max);
        let outcome = setup.run().await;
        assert_eq!(outcome.bundle().json["workspaces"].as_array().unwrap().len(), 2);
        assert_all_adds_up(&outcome.bundle());
    }
}

#[tokio::test]
async fn the_figures_add_up_where_much_goes_wrong() {
    let simulator = Simulator::start_with(crooked(), |request, reply| match request.path.as_str() {
        path if path == dependencies("long", "agents") && request.query("cursor").is_some() => forbidden(),
        path if path.starts_with(&by_itself("servers")) => not_found(),
        path if path.starts_with(&dependencies("other", "")) => not_found(),
        path if path == by_itself("other") => not_found(),
        ENVIRONMENT_VARIABLES => forbidden(),
        _ => rewrite_used_by(request, reply, "other", |used_by| used_by["tools_has_more"] = true.into()),
    })
    .await
    .unwrap();
    let outcome = deep(Setup::of(&simulator)).run().await;
    let bundle = outcome.bundle();
    assert_eq!((outcome.code(), number(&bundle.workspace()["figures"]["secrets_deleted"])), (3, 1));
    assert_eq!(number(&bundle.workspace()["figures"]["lists_not_whole"]), 1);
    assert_all_adds_up(&bundle);
}

#[tokio::test]
async fn the_crooked_world_has_something_of_every_source() {
    let (outcome, _simulator) = deep_audit(crooked()).await;
    let bundle = outcome.bundle();
    let rows = bundle.workspace()["sources"].as_array().unwrap();
    for row in rows {
        assert_eq!(row["status"], "read whole", "{row}");
        assert!(number(&row["dependents"]) > 0 && number(&row["pages"]) > 0, "{row}");
    }
    assert_eq!(rows.len(), 10);
    let figures = &bundle.workspace()["figures"];
    assert_eq!(number(&figures["lists_completed_by_higher_limit"]), 1, "40 tools");
    assert_eq!(number(&figures["lists_completed_by_paging"]), 2, "130 agents, and 25 of the unlisted secret");
    assert_eq!(number(&figures["lists_completed_by_scan"]), 1);
    assert_eq!(number(&figures["lists_not_whole"]), 0);
}

/// A demo, with its directory and everything that differs from run to run fixed.
async fn demo_run(demo: Demo) -> (u8, Bundle, String, TempDir) {
    let home = tempfile::tempdir().unwrap();
    let out = Some(home.path().join("out"));
    let arguments = Flags { demo: Some(demo), out, ..Flags::default() };
    let config = Config::resolve(arguments, &Environment::new(&|_| None)).unwrap();
    let context = context(Clock { now, random: || 0.0 });
    let published = run(config, &context, &Default::default(), &Interrupt::default()).await.unwrap();
    let markdown = fs_err::read_to_string(published.bundle.join("report.md")).unwrap();
    (published.exit_code(), Bundle::read(&published.bundle), markdown, home)
}

fn named<'a>(bundle: &'a Bundle, name: &str) -> &'a Row {
    bundle.secrets.iter().find(|row| row["secret_name"] == name).unwrap()
}

#[tokio::test]
async fn the_demo_is_complete_and_shows_what_only_a_scan_could() {
    let (code, bundle, markdown, _home) = demo_run(Demo::Complete).await;
    assert_eq!(code, 0);
    assert!(bundle.is_complete() && markdown.contains("## COMPLETE: what was read"));
    assert_eq!(bundle.json["totals"]["undetermined"], 0);
    assert!(number(&bundle.json["totals"]["unused"]) > 0);
    for (name, column) in
        [("ledger-export-token", "environment_variables"), ("voice-gateway-bearer", "speech_engines")]
    {
        let row = named(&bundle, name);
        assert_eq!(row["verdict"], "in_use", "{name}");
        assert_eq!(
            (row["dependents_total"].as_str(), row[column].as_str()),
            ("1", "1"),
            "nothing else: {name}"
        );
    }
    let dangling = bundle.workspace()["dangling_references"].as_array().unwrap();
    assert_eq!(dangling.len(), 1);
    assert_eq!(
        (&dangling[0]["name"], &dangling[0]["via"][0]),
        (&"LEGACY_CRM_TOKEN".into(), &"staging".into())
    );
    assert!(markdown.contains("## Dangling references (1)") && markdown.contains("LEGACY_CRM_TOKEN"));
}

#[tokio::test]
async fn the_degraded_demo_calls_nothing_unused_and_says_what_to_do() {
    let (code, bundle, markdown, _home) = demo_run(Demo::Degraded).await;
    let (_, complete, _, _home_of_it) = demo_run(Demo::Complete).await;
    assert_eq!(code, 3);
    assert!(!bundle.is_complete());
    assert!(
        markdown.contains("The audit is INCOMPLETE") && markdown.contains("## INCOMPLETE: what was read")
    );
    assert_eq!(bundle.json["totals"]["unused"], 0);
    let unread = number(&complete.json["totals"]["unused"]) + 1 + 3;
    assert_eq!(
        number(&bundle.json["totals"]["undetermined"]),
        unread,
        "what is unused else, what only an engine holds, and what only a tool or a branch does"
    );
    assert_eq!(named(&bundle, "voice-gateway-bearer")["verdict"], "undetermined");
    assert_eq!(named(&bundle, "ledger-export-token")["verdict"], "in_use");
    let reason = &named(&bundle, "zapier-poc-token")["reason"];
    for word in ["speech_engines not read whole", "missing_permissions", "give the key read access"] {
        assert!(reason.contains(word), "{reason}");
    }
}

#[tokio::test]
async fn an_incomplete_audit_is_3_even_where_findings_are_asked_for() {
    let world = World::of(vec![Secret::new("free", "free"), Secret::new("odd", "odd")]);
    let simulator = Simulator::start_with(world, |request, reply| {
        rewrite_used_by(request, reply, "odd", |used_by| used_by["others"] = Value::Null)
    })
    .await
    .unwrap();
    let mut setup = Setup::of(&simulator);
    setup.arguments.fail_on = vec![elevenlabs_secrets_audit::audit::Finding::Unused];
    let outcome = setup.run().await;
    assert_eq!((outcome.code(), outcome.bundle().verdict("free")), (3, "unused"));
}
