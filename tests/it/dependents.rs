//! What becomes of each dependent: one row for each secret and dependent, whatever its kind and shape.

use serde_json::{Map, Value, json};
use simulator::{
    Dependent, Reply, Secret,
    world::{available, phone_number, transitive, unknown},
};

use crate::{
    bundle::Bundle,
    support::{Setup, dependencies, rewrite_used_by, serve, serve_with, walked},
};

/// A secret `sec` with these agents.
fn with_agents(agents: Vec<impl Into<Dependent>>) -> Secret {
    let mut secret = Secret::new("sec", "key");
    secret.used_by.agents = agents.into_iter().map(Into::into).collect();
    secret
}

/// A secret `sec` with fields under `used_by` that nobody has heard of.
fn with_further(further: &Value) -> Secret {
    let mut secret = Secret::new("sec", "key");
    secret.used_by.further = further.as_object().cloned().unwrap_or_else(Map::new);
    secret
}

/// The bundle of a complete audit of these secrets.
async fn audited(secrets: Vec<Secret>) -> Bundle {
    let simulator = serve(secrets).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    outcome.bundle()
}

/// The cells of a row that say something, without those of the secret.
fn cells<'a>(bundle: &'a Bundle, kind: &str) -> Vec<Vec<(&'a str, &'a str)>> {
    let of_the_secret = ["workspace", "secret_id", "secret_name", "verdict", "dependent_type", "source"];
    let rows = bundle.dependents_of("sec", kind).into_iter();
    rows.map(|row| {
        let cells = row.iter().map(|(column, cell)| (column.as_str(), cell.as_str()));
        cells.filter(|(column, cell)| !cell.is_empty() && !of_the_secret.contains(column)).collect()
    })
    .collect()
}

#[tokio::test]
async fn an_available_dependent_is_shown_with_all_that_is_known_of_it() {
    let mut secret = with_agents(vec![available("agent_x", "Concierge", 1_700_000_000, "editor")]);
    secret.used_by.tools = vec![available("tool_x", "lookup", 1_700_000_001, "viewer")];
    secret.used_by.mcp_servers = vec![available("mcp_x", "files", 1_700_000_002, "admin")];
    let bundle = audited(vec![secret]).await;
    for (kind, id, name, created_at, access_level) in [
        ("agent", "agent_x", "Concierge", "2023-11-14T22:13:20Z", "editor"),
        ("tool", "tool_x", "lookup", "2023-11-14T22:13:21Z", "viewer"),
        ("mcp_server", "mcp_x", "files", "2023-11-14T22:13:22Z", "admin"),
    ] {
        let expected = vec![
            ("access_level", access_level),
            ("created_at", created_at),
            ("dependent_id", id),
            ("dependent_name", name),
            ("relation", "direct"),
            ("visibility", "available"),
        ];
        assert_eq!(cells(&bundle, kind), [expected]);
    }
    let first = &bundle.dependents[0];
    assert_eq!((first["workspace"].as_str(), first["secret_name"].as_str()), ("main", "key"));
    assert_eq!((first["verdict"].as_str(), first["source"].as_str()), ("in_use", "used_by"));
}

#[tokio::test]
async fn a_dependent_that_the_key_may_not_see_is_a_row_with_an_id_and_a_use() {
    let mut secret = with_agents(vec![unknown("agent_x")]);
    secret.used_by.tools = vec![unknown("tool_x")];
    secret.used_by.mcp_servers = vec![unknown("mcp_x")];
    let bundle = audited(vec![secret]).await;
    for (kind, id) in [("agent", "agent_x"), ("tool", "tool_x"), ("mcp_server", "mcp_x")] {
        let expected = vec![("dependent_id", id), ("relation", "direct"), ("visibility", "unknown")];
        assert_eq!(cells(&bundle, kind), [expected]);
    }
    assert_eq!(bundle.verdict("sec"), "in_use");
    assert_eq!(bundle.secret("sec")["dependents_total"], "3");
}

#[tokio::test]
async fn a_phone_number_is_available_and_named_by_its_label() {
    let mut secret = Secret::new("sec", "key");
    secret.used_by.phone_numbers = vec![phone_number("phnum_x", "Front desk", "+442079460000", "twilio")];
    let expected = vec![
        ("dependent_id", "phnum_x"),
        ("dependent_name", "Front desk"),
        ("phone_number", "+442079460000"),
        ("provider", "twilio"),
        ("relation", "direct"),
        ("visibility", "available"),
    ];
    assert_eq!(cells(&audited(vec![secret]).await, "phone_number"), [expected]);
}

#[tokio::test]
async fn a_use_that_is_only_a_word_has_the_word_as_its_id() {
    let secret =
        Secret::new("sec", "key").with_other("conversation_initiation_webhook").with_other("a new one");
    let bundle = audited(vec![secret]).await;
    assert_eq!(bundle.ids("sec", "other"), ["a new one", "conversation_initiation_webhook"]);
    assert_eq!(bundle.secret("sec")["others"], "2");
    assert_eq!(bundle.verdict("sec"), "in_use");
}

#[tokio::test]
async fn a_transitive_agent_names_what_it_goes_through() {
    let secret = Secret::new("sec", "key").with_transitive_agent("agent_x", "Far", &["tool_b", "tool_a"]);
    let bundle = audited(vec![secret]).await;
    let agent = bundle.dependents_of("sec", "agent")[0];
    assert_eq!((agent["relation"].as_str(), agent["via"].as_str()), ("transitive", "tool_a;tool_b"));
    assert_eq!(bundle.verdict("sec"), "in_use");
}

#[tokio::test]
async fn told_twice_direct_wins_and_the_ways_are_united() {
    let agent = || available("agent_x", "Concierge", 1_700_000_000, "editor");
    let tellings = [transitive(agent(), &["tool_b"]), agent(), transitive(agent(), &["tool_a", "tool_b"])];
    for order in [[0, 1, 2], [1, 2, 0], [2, 0, 1]] {
        let secret = with_agents(order.map(|place| tellings[place].clone()).into());
        let bundle = audited(vec![secret]).await;
        let rows = bundle.dependents_of("sec", "agent");
        assert_eq!(rows.len(), 1, "one row for each secret and dependent");
        assert_eq!((rows[0]["relation"].as_str(), rows[0]["via"].as_str()), ("direct", "tool_a;tool_b"));
        assert_eq!(bundle.secret("sec")["agents"], "1");
    }
}

#[tokio::test]
async fn transitive_twice_stays_transitive_through_both() {
    let agent = || available("agent_x", "Concierge", 1_700_000_000, "editor");
    let secret = with_agents(vec![transitive(agent(), &["tool_b"]), transitive(agent(), &["tool_a"])]);
    let bundle = audited(vec![secret]).await;
    let agent = bundle.dependents_of("sec", "agent")[0];
    assert_eq!((agent["relation"].as_str(), agent["via"].as_str()), ("transitive", "tool_a;tool_b"));
}

#[tokio::test]
async fn what_the_preview_and_the_paged_list_say_of_an_agent_is_one_row() {
    let secret = Secret::new("sec", "key").with_agents(101);
    let simulator = serve_with(vec![secret], |request, reply| {
        rewrite_used_by(request, reply, "sec", |used_by| {
            used_by["agents"][0] = transitive(unknown("agent_0001"), &["tool_a"]).into();
        })
    })
    .await;
    let bundle = Setup::of(&simulator).run().await.bundle();
    let rows: Vec<_> = bundle.dependents_of("sec", "agent");
    let row = rows.iter().find(|row| row["dependent_id"] == "agent_0001").unwrap();
    assert_eq!(rows.len(), 101);
    assert_eq!((row["relation"].as_str(), row["via"].as_str()), ("direct", "tool_a"));
    assert_eq!((row["visibility"].as_str(), row["dependent_name"].as_str()), ("available", "Agent 1"));
    assert_eq!(row["source"], "used_by;dependencies");
}

#[tokio::test]
async fn a_dependent_of_several_secrets_is_a_row_for_each() {
    let secrets = ["sec_0", "sec_1"].map(|id| Secret::new(id, id).with_agents(2).with_tools(1));
    let bundle = audited(secrets.into()).await;
    assert_eq!(bundle.dependents.len(), 6);
    for secret in ["sec_0", "sec_1"] {
        assert_eq!(bundle.ids(secret, "agent"), ["agent_0001", "agent_0002"]);
    }
}

#[tokio::test]
async fn a_secret_without_dependents_is_one_row_with_empty_cells() {
    let bundle = audited(vec![Secret::new("sec", "key")]).await;
    let [row] = bundle.dependents.as_slice() else { panic!("{:?}", bundle.dependents) };
    let filled: Vec<&str> =
        row.iter().filter(|(_, cell)| !cell.is_empty()).map(|(column, _)| column.as_str()).collect();
    assert_eq!(filled, ["secret_id", "secret_name", "verdict", "workspace"]);
    assert_eq!(row["verdict"], "unused");
    assert_eq!(bundle.secret("sec")["dependents_total"], "0");
}

#[tokio::test]
async fn rows_of_a_secret_are_sorted_by_type_then_name_then_id() {
    let agent = |id: &str, name: &str| available(id, name, 0, "viewer");
    let mut secret =
        with_agents(vec![agent("c", "same"), agent("a", "zeta"), agent("b", "same"), unknown("d")]);
    secret.used_by.tools = vec![agent("t", "Alpha")];
    secret.used_by.others = vec![json!("word").into()];
    let bundle = audited(vec![secret]).await;
    let order: Vec<&str> = bundle.dependents.iter().map(|row| row["dependent_id"].as_str()).collect();
    assert_eq!(order, ["d", "b", "c", "a", "word", "t"]);
}

#[tokio::test]
async fn a_list_never_heard_of_is_rows_of_a_type_with_its_name() {
    let widgets = json!({"widgets": [{"widget_id": "w_1", "name": "Gear"}, {"id": "w_2"}, "w_3"]});
    let bundle = audited(vec![with_further(&widgets)]).await;
    assert_eq!(bundle.verdict("sec"), "in_use");
    let mut ids = bundle.ids("sec", "widgets");
    ids.sort_unstable();
    assert_eq!(ids, ["w_1", "w_2", "w_3"]);
    assert_eq!(bundle.secret("sec")["dependents_total"], "3");
}

#[tokio::test]
async fn a_field_never_heard_of_that_says_something_is_a_use() {
    for said in [json!({"widget_id": "w"}), json!([null]), json!([[]])] {
        let secret = with_further(&json!({"widget": said}));
        let bundle = audited(vec![secret]).await;
        assert_eq!(
            (bundle.verdict("sec"), bundle.dependents_of("sec", "widget").len()),
            ("in_use", 1),
            "{said}"
        );
    }
}

#[tokio::test]
async fn a_text_a_number_or_a_flag_never_heard_of_is_a_doubt_unless_it_says_that_there_is_nothing() {
    for said in [json!(7), json!(true), json!("w")] {
        let simulator = serve(vec![with_further(&json!({"widget": said}))]).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), outcome.bundle().verdict("sec")), (3, "undetermined"), "{said}");
    }
}

#[tokio::test]
async fn a_field_never_heard_of_that_says_nothing_is_no_use() {
    for said in [json!(null), json!([]), json!({}), json!(false), json!(""), json!(0), json!({"tools": 0})] {
        let bundle = audited(vec![with_further(&json!({"widget": said}))]).await;
        assert_eq!(bundle.verdict("sec"), "unused", "{said}");
    }
}

#[tokio::test]
async fn a_list_never_heard_of_as_long_as_the_limit_is_asked_for_again() {
    let widgets =
        |count: usize| -> Vec<Value> { (0..count).map(|number| json!({"id": number.to_string()})).collect() };
    for (count, raised, code) in [(19, 0, 0), (20, 1, 0), (100, 1, 3)] {
        let simulator = serve(vec![with_further(&json!({"widgets": widgets(count)}))]).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!((outcome.code(), walked(&simulator, "100")), (code, raised), "{count}");
        assert_eq!(outcome.bundle().dependents_of("sec", "widgets").len(), count);
    }
}

#[tokio::test]
async fn a_list_never_heard_of_that_says_it_has_more_is_not_whole() {
    for further in [
        json!({"widgets": [{"id": "w"}], "widgets_has_more": true}),
        json!({"widgets": [], "widgets_has_more": true}),
        json!({"widgets_has_more": true}),
    ] {
        let simulator = serve(vec![with_further(&further)]).await;
        let outcome = Setup::of(&simulator).run().await;
        assert_eq!(outcome.code(), 3, "{further}");
        let bundle = outcome.bundle();
        let expected =
            if bundle.dependents_of("sec", "widgets").is_empty() { "undetermined" } else { "in_use" };
        assert_eq!(bundle.verdict("sec"), expected, "{further}");
        assert!(bundle.gaps("sec")[0].starts_with("widgets"), "{:?}", bundle.gaps("sec"));
    }
}

#[tokio::test]
async fn an_element_of_any_shape_is_a_use() {
    for odd in [json!({}), json!(7), json!(null), json!([]), json!({"id": ["x"], "name": 7})] {
        for list in ["tools", "agents", "phone_numbers", "mcp_servers", "others"] {
            let odd = odd.clone();
            let simulator = serve_with(vec![Secret::new("sec", "key")], move |request, reply| {
                rewrite_used_by(request, reply, "sec", |used_by| used_by[list] = json!([odd]))
            });
            let simulator = simulator.await;
            let bundle = Setup::of(&simulator).run().await.bundle();
            assert_eq!((bundle.verdict("sec"), bundle.dependents.len()), ("in_use", 1), "{list}");
            assert_eq!(bundle.secret("sec")["dependents_total"], "1");
            let warnings = bundle.workspace()["warnings"].as_array().unwrap();
            assert_eq!(warnings.len(), 1, "an element without an id is named: {warnings:?}");
        }
    }
}

#[tokio::test]
async fn an_id_that_needs_encoding_is_one_segment_of_the_path() {
    let id = "a/b?c=d#e %2F ü";
    let simulator = serve(vec![Secret::new(id, "key").with_agents(101)]).await;
    let outcome = Setup::of(&simulator).run().await;
    assert_eq!(outcome.code(), 0);
    assert_eq!(outcome.bundle().secret(id)["agents"], "101");
    let path = dependencies("a%2Fb%3Fc%3Dd%23e%20%252F%20%C3%BC", "agents");
    assert!(simulator.requests().iter().any(|request| request.path == path));
}

#[tokio::test]
async fn a_name_that_is_missing_costs_the_secret_nothing_else() {
    let simulator = serve_with(vec![Secret::new("sec", "key").with_tools(1)], |request, reply| {
        let mut body = reply.body_json().unwrap();
        if request.path == crate::support::SECRETS {
            body["secrets"][0].as_object_mut().unwrap().remove("name");
            return Reply::json(200, &body);
        }
        reply
    })
    .await;
    let bundle = Setup::of(&simulator).run().await.bundle();
    assert_eq!((bundle.verdict("sec"), bundle.secret("sec")["secret_name"].as_str()), ("in_use", ""));
    assert!(bundle.workspace()["warnings"][0].as_str().unwrap().contains("sec"));
}
