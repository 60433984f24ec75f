//! References that only a scan finds: each place, wherever in it they stand, and what its row says.

use serde_json::{Value, json};
use simulator::{Branch, Reply, Secret, Simulator, World, documents, world};

use crate::{
    bundle::{Bundle, Row},
    places::{
        ENVIRONMENT_VARIABLES, SPEECH_ENGINES, agent, audit, deep, deep_audit, mcp_server, prompt, settings,
        source, speech_engine, tool, variable, world_of,
    },
    support::Setup,
};

/// The only row of the dependents of `held`, in a complete audit that leaves `free` unused.
fn only_row(bundle: &Bundle) -> &Row {
    assert_eq!((bundle.verdict("held"), bundle.verdict("free")), ("in_use", "unused"));
    let rows: Vec<&Row> = bundle.dependents.iter().filter(|row| row["secret_id"] == "held").collect();
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows[0]
}

fn assert_row(row: &Row, expected: [(&str, &str); 4]) {
    for (column, cell) in expected {
        assert_eq!(row[column], cell, "{column} of {row:?}");
    }
    assert_eq!((row["visibility"].as_str(), row["relation"].as_str()), ("available", "direct"));
}

fn two_secrets() -> World {
    world_of(&["held", "free"])
}

#[tokio::test]
async fn an_environment_variable_is_a_use_by_its_label_with_its_environments() {
    let held = [("staging", "held"), ("production", "held")];
    let world = World { environment_variables: vec![variable("var_1", "LEDGER", &held)], ..two_secrets() };
    let (outcome, simulator) = audit(world).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let row = only_row(&bundle);
    assert_row(
        row,
        [
            ("dependent_type", "environment_variable"),
            ("dependent_id", "var_1"),
            ("dependent_name", "LEDGER"),
            ("source", "environment_variables"),
        ],
    );
    assert_eq!(row["via"], "production;staging");
    assert_eq!(bundle.secret("held")["environment_variables"], "1");
    let requests = simulator.requests();
    let asked = requests.iter().find(|request| request.path == ENVIRONMENT_VARIABLES).unwrap();
    assert_eq!(asked.query("type"), Some("secret"));
}

#[tokio::test]
async fn one_variable_may_hold_a_secret_in_each_environment() {
    let held = [("production", "held"), ("staging", "other")];
    let world = World {
        environment_variables: vec![variable("var_1", "LEDGER", &held)],
        ..world_of(&["held", "other"])
    };
    let bundle = audit(world).await.0.bundle();
    for (secret, environment) in [("held", "production"), ("other", "staging")] {
        assert_eq!(bundle.verdict(secret), "in_use");
        assert_eq!(bundle.dependents_of(secret, "environment_variable")[0]["via"], environment);
    }
}

#[tokio::test]
async fn a_speech_engine_is_a_use() {
    let world = World { speech_engines: vec![speech_engine("seng_1", "Kiosk", "held")], ..two_secrets() };
    let (outcome, _simulator) = audit(world).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert_row(
        only_row(&bundle),
        [
            ("dependent_type", "speech_engine"),
            ("dependent_id", "seng_1"),
            ("dependent_name", "Kiosk"),
            ("source", "speech_engines"),
        ],
    );
    assert_eq!(bundle.secret("held")["speech_engines"], "1");
}

#[tokio::test]
async fn an_mcp_server_is_a_use_whichever_of_its_places_holds_the_secret() {
    let held = documents::secret("held");
    let address = json!("https://mcp.example");
    let in_meta = |mut server: Value| {
        server["config"]["request_meta"] = json!({"token": held});
        server
    };
    let servers = [
        documents::mcp_server("mcp_1", "Docs", &held, &Value::Null, &json!({})),
        documents::mcp_server("mcp_1", "Docs", &address, &held, &json!({})),
        documents::mcp_server("mcp_1", "Docs", &address, &Value::Null, &json!({"X-Key": held})),
        in_meta(documents::mcp_server("mcp_1", "Docs", &address, &Value::Null, &json!({}))),
    ];
    for server in servers {
        let bundle = audit(World { mcp_servers: vec![server.clone()], ..two_secrets() }).await.0.bundle();
        assert_row(
            only_row(&bundle),
            [
                ("dependent_type", "mcp_server"),
                ("dependent_id", "mcp_1"),
                ("dependent_name", "Docs"),
                ("source", "mcp_servers"),
            ],
        );
        assert_eq!(bundle.secret("held")["mcp_servers"], "1", "{server}");
    }
}

#[tokio::test]
async fn a_setting_and_the_word_that_used_by_has_for_it_are_two_rows() {
    let listed = Secret::new("held", "held").with_other("conversation_initiation_webhook");
    let world = World { settings: settings("held"), ..World::of(vec![listed, Secret::new("free", "free")]) };
    let (outcome, _simulator) = audit(world).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    let path = "conversation_initiation_client_data_webhook.request_headers.Authorization";
    assert_eq!(bundle.ids("held", "setting"), [path]);
    assert_eq!(bundle.dependents_of("held", "setting")[0]["source"], "settings");
    assert_eq!(bundle.ids("held", "other"), ["conversation_initiation_webhook"]);
    let secret = bundle.secret("held");
    assert_eq!((secret["settings"].as_str(), secret["others"].as_str()), ("1", "1"));
    assert_eq!((secret["dependents_total"].as_str(), secret["discrepancies"].as_str()), ("2", "0"));
}

#[tokio::test]
async fn tools_and_agents_are_looked_into_unless_that_is_not_wanted() {
    let world = || {
        let mut archived = agent("agent_2", "Night line", "stored");
        archived.archived = true;
        let mut branched = documents::agent("agent_3", "Sales", &json!({}));
        let config = documents::agent("agent_3", "Sales", &prompt("branched")).config;
        branched.branches = vec![Branch { id: "branch_1".to_owned(), config, ..Branch::default() }];
        World {
            tools: vec![tool("tool_1", "Lookup", "tooled")],
            agents: vec![agent("agent_1", "Day line", "talking"), archived, branched],
            ..world_of(&["tooled", "talking", "stored", "branched", "free"])
        }
    };
    let simulator = Simulator::start(world()).await.unwrap();
    let outcome = Setup::of(&simulator).section("[audit]\ndeep = \"never\"").run().await;
    assert_eq!((outcome.code(), outcome.bundle().json["totals"]["unused"].clone()), (0, json!(5)));
    assert!(simulator.requests().iter().all(|request| !request.path.contains("/agents")));
    for place in ["tools", "agents"] {
        assert_eq!(source(&outcome.bundle(), place)["status"], "not part of this audit");
    }

    let (outcome, _simulator) = deep_audit(world()).await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    assert_eq!(bundle.verdict("free"), "unused");
    for (secret, kind, id, name, via, told) in [
        ("tooled", "tool", "tool_1", "Lookup", "", "tools"),
        ("talking", "agent", "agent_1", "Day line", "", "agents"),
        ("stored", "agent", "agent_2", "Night line", "", "agents"),
        ("branched", "agent", "agent_3", "Sales", "branch_1", "agents"),
    ] {
        assert_eq!(bundle.verdict(secret), "in_use", "{secret}");
        let rows = bundle.dependents_of(secret, kind);
        assert_eq!(rows.len(), 1, "{secret}");
        assert_row(rows[0], [("dependent_id", id), ("dependent_name", name), ("via", via), ("source", told)]);
    }
}

#[tokio::test]
async fn a_reference_in_a_place_never_heard_of_is_found_too() {
    let held = || json!({"deeply": [{"nested": documents::secret("held")}]});
    let mut variable = variable("var_1", "LEDGER", &[]);
    variable["rotation"] = held();
    let mut engine = documents::speech_engine("seng_1", "Kiosk", "wss://speech.example", &json!({}));
    engine["speech_engine"]["fallback"] = held();
    let mut server =
        documents::mcp_server("mcp_1", "Docs", &json!("https://mcp.example"), &Value::Null, &json!({}));
    server["config"]["oauth"] = held();
    let mut tool = documents::tool("tool_1", "Lookup", "https://tools.example", &json!({}));
    tool["tool_config"]["retries"] = held();
    let mut agent = documents::agent("agent_1", "Day line", &json!({}));
    agent.config["workflow"]["nodes"] = json!({"node_1": held()});
    let settings = json!({"webhooks": {}, "telemetry": held()});
    for (world, kind, id, via) in [
        (
            World { environment_variables: vec![variable], ..two_secrets() },
            "environment_variable",
            "var_1",
            "rotation.deeply.0.nested",
        ),
        (World { speech_engines: vec![engine], ..two_secrets() }, "speech_engine", "seng_1", ""),
        (World { mcp_servers: vec![server], ..two_secrets() }, "mcp_server", "mcp_1", ""),
        (World { settings, ..two_secrets() }, "setting", "telemetry.deeply.0.nested", ""),
        (World { tools: vec![tool], ..two_secrets() }, "tool", "tool_1", ""),
        (World { agents: vec![agent], ..two_secrets() }, "agent", "agent_1", ""),
    ] {
        let (outcome, _simulator) = deep_audit(world).await;
        assert_eq!(outcome.code(), 0, "{kind}");
        let bundle = outcome.bundle();
        let row = only_row(&bundle);
        let found = (row["dependent_type"].as_str(), row["dependent_id"].as_str(), row["via"].as_str());
        assert_eq!(found, (kind, id, via));
    }
}

#[tokio::test]
async fn what_only_the_list_of_a_place_shows_is_found_too() {
    let world = World {
        speech_engines: vec![documents::speech_engine("seng_1", "Kiosk", "wss://speech.example", &json!({}))],
        ..two_secrets()
    };
    let simulator = Simulator::start_with(world, |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path == SPEECH_ENGINES {
            body["speech_engines"][0]["access_info"]["token"] = documents::secret("held");
            return Reply::json(200, &body);
        }
        reply
    })
    .await
    .unwrap();
    let bundle = Setup::of(&simulator).run().await.bundle();
    assert_eq!(only_row(&bundle)["dependent_id"], "seng_1");
}

#[tokio::test]
async fn of_two_equal_keys_both_count() {
    let body = r#"{"environment_variables": [{"id": "var_1", "label": "LEDGER", "values": {
        "production": {"secret_id": "held"}, "production": {"secret_id": "other"}
    }}], "has_more": false}"#;
    let simulator = Simulator::start_with(world_of(&["held", "other"]), |request, reply| {
        if request.path == ENVIRONMENT_VARIABLES {
            return Reply::Answer { status: 200, headers: Vec::new(), body: body.as_bytes().to_vec() };
        }
        reply
    })
    .await
    .unwrap();
    let bundle = Setup::of(&simulator).run().await.bundle();
    assert_eq!((bundle.verdict("held"), bundle.verdict("other")), ("in_use", "in_use"));
}

#[tokio::test]
async fn a_dependent_told_by_used_by_and_by_a_scan_is_one_row_with_both_sources() {
    let secret = Secret::new("held", "held").with_tools(1).with_agents(1).with_mcp_servers(1);
    let world = World {
        tools: vec![tool("tool_0001", "Tool 1", "held")],
        agents: vec![agent("agent_0001", "Agent 1", "held")],
        mcp_servers: vec![mcp_server("mcp_0001", "MCP server 1", "held")],
        ..World::of(vec![secret])
    };
    let simulator = Simulator::start(world).await.unwrap();
    let outcome = deep(Setup::of(&simulator)).run().await;
    assert_eq!(outcome.code(), 0);
    let bundle = outcome.bundle();
    for (kind, id, told) in [
        ("tool", "tool_0001", "used_by;tools"),
        ("agent", "agent_0001", "used_by;agents"),
        ("mcp_server", "mcp_0001", "used_by;mcp_servers"),
    ] {
        assert_eq!(bundle.ids("held", kind), [id]);
        assert_eq!(bundle.dependents_of("held", kind)[0]["source"], told);
    }
    assert_eq!(bundle.secret("held")["discrepancies"], "0");
}

#[tokio::test]
async fn a_transitive_dependent_that_a_scan_finds_holding_the_secret_is_direct() {
    let secret = Secret::new("held", "held").with_transitive_agent("agent_1", "Day line", &["tool_1"]);
    let world = World { agents: vec![agent("agent_1", "Day line", "held")], ..World::of(vec![secret]) };
    let (outcome, _simulator) = deep_audit(world).await;
    let bundle = outcome.bundle();
    let row = bundle.dependents_of("held", "agent")[0];
    assert_eq!((row["relation"].as_str(), row["via"].as_str()), ("direct", "tool_1"));
}

#[tokio::test]
async fn a_scan_gives_a_dependent_that_used_by_hides_its_name() {
    let mut secret = Secret::new("held", "held");
    secret.used_by.mcp_servers.push(world::unknown("mcp_1"));
    let world = World { mcp_servers: vec![mcp_server("mcp_1", "Docs", "held")], ..World::of(vec![secret]) };
    let bundle = audit(world).await.0.bundle();
    let row = bundle.dependents_of("held", "mcp_server")[0];
    assert_eq!((row["dependent_name"].as_str(), row["visibility"].as_str()), ("Docs", "available"));
}
