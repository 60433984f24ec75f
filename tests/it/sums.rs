//! `SHA256SUMS`, and what `manifest.json` says of who made a bundle, when, of what, how, and how complete.

use std::{
    collections::BTreeMap,
    path::Path,
    process::Command,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use simulator::{Branch, Reply, Request, Secret, Simulator, World};

use crate::{
    bundle::{names_in, read_csv},
    nights::{Nights, pass, run_at, serve_without_settings, sha256, two_secrets},
    places::{agent, deep, directory, forbidden, mcp_server, settings, speech_engine, tool, variable},
    support::{SECRETS, Setup, serve, serve_with},
};

const NIGHT: &str = "2026-03-14T02:00:00Z";
const NEXT: &str = "2026-03-15T02:00:00Z";

/// Whether coreutils, in the bundle, find everything as SHA256SUMS says.
fn sha256sum_passes(bundle: &Path) -> bool {
    let mut command = Command::new("sha256sum");
    command.args(["--check", "--strict", "--quiet", "SHA256SUMS"]).current_dir(bundle);
    command.output().unwrap().status.success()
}

#[tokio::test]
async fn sha256sum_checks_every_bundle_without_this_program() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    run_at(&nights.setup(&simulator), NIGHT).await.result.unwrap();
    run_at(&nights.setup(&simulator).section("[report]\nformats = [\"csv\"]"), NIGHT).await.result.unwrap();
    let mut narrowed = nights.setup(&simulator);
    narrowed.arguments.search = Some("used".to_owned());
    run_at(&narrowed, NIGHT).await.result.unwrap();
    let closed = serve_with(two_secrets(), |_, reply| reply).await;
    let failing = serve_without_settings().await;
    let setup = nights.here(Setup::of(&failing).workspace("other", &closed));
    assert_eq!(run_at(&setup, NEXT).await.code(), 3);
    assert_eq!(nights.runs().len(), 4);
    for run in nights.runs() {
        let bundle = nights.out().join(run);
        assert!(sha256sum_passes(&bundle), "{}", bundle.display());
        let sums = fs_err::read_to_string(bundle.join("SHA256SUMS")).unwrap();
        let mut named: Vec<&str> = sums.lines().map(|line| line.split_once("  ").unwrap().1).collect();
        named.push("SHA256SUMS");
        named.sort_unstable();
        assert_eq!(named, names_in(&bundle), "all but itself");

        let report = bundle.join("report.json");
        let mut bytes = fs_err::read(&report).unwrap();
        bytes[10] ^= 1;
        fs_err::write(report, bytes).unwrap();
        assert!(!sha256sum_passes(&bundle), "it would have told");
    }
}

#[tokio::test]
async fn each_manifest_holds_the_sum_of_the_one_before_it() {
    let nights = Nights::new();
    let simulator = serve(two_secrets()).await;
    let setup = nights.setup(&simulator);
    run_at(&setup, NIGHT).await.result.unwrap();
    run_at(&setup, NEXT).await.result.unwrap();
    assert_eq!(nights.manifest(NIGHT)["previous"], Value::Null);
    let first = fs_err::read(nights.bundle(NIGHT).join("manifest.json")).unwrap();
    let link = json!({"run": "2026-03-14T02-00-00Z", "manifest_sha256": sha256(&first)});
    assert_eq!(nights.manifest(NEXT)["previous"], link);
}

#[tokio::test]
async fn it_says_who_and_when() {
    let nights = Nights::new();
    let simulator = serve_with(two_secrets(), |request, reply| {
        if request.path == "/v1/convai/settings" {
            pass(90);
        }
        reply
    })
    .await;
    run_at(&nights.setup(&simulator), NIGHT).await.result.unwrap();
    let manifest = nights.manifest(NIGHT);
    for (field, expected) in [
        ("manifest_version", json!(2)),
        ("run", json!("2026-03-14T02-00-00Z")),
        ("started_at", json!("2026-03-14T02:00:00Z")),
        ("finished_at", json!("2026-03-14T02:01:30Z")),
        ("tool", json!("elevenlabs-secrets-audit")),
        ("tool_version", json!("0.0.0-test")),
        ("git_commit", json!("0".repeat(40))),
        ("host", json!("audit-host")),
        ("user", json!("auditor")),
        ("complete", json!(true)),
        ("filtered", json!(false)),
        ("redacted", json!([])),
        ("totals", json!({"secrets": 2, "in_use": 1, "unused": 1, "undetermined": 0, "dependents": 2})),
    ] {
        assert_eq!(manifest[field], expected, "{field}");
    }
}

#[tokio::test]
async fn it_says_what_was_asked_for_and_how_complete_each_workspace_is() {
    let nights = Nights::new();
    let mut world = World::of(two_secrets());
    world.environment_variables = vec![variable("var_1", "TOKEN", &[("production", "sec_used")])];
    let whole = Simulator::start(world).await.unwrap();
    let failing =
        serve_with(
            two_secrets(),
            |request, reply| {
                if request.path == "/v1/speech-engine" { forbidden() } else { reply }
            },
        );
    let failing = failing.await;
    let refused = serve_with(Vec::new(), |_, _| crate::support::invalid_api_key()).await;
    let setup = Setup::new().workspace("a", &whole).workspace("b", &failing).workspace("c", &refused);
    let mut setup = nights.here(setup.section("[audit]\npage_size = 50"));
    setup.arguments.search = Some("us".to_owned());
    assert_eq!(run_at(&setup, NIGHT).await.code(), 3);
    let manifest = nights.manifest(NIGHT);
    assert_eq!((&manifest["complete"], &manifest["filtered"]), (&json!(false), &json!(true)));
    assert_eq!(manifest["parameters"]["search"], "us");
    assert_eq!(manifest["parameters"]["page_size"], 50);
    let workspaces = manifest["workspaces"].as_array().unwrap();
    let fields = |field: &str| workspaces.iter().map(|one| one[field].clone()).collect::<Vec<_>>();
    assert_eq!(fields("name"), ["a", "b", "c"]);
    assert_eq!(fields("audited"), [true, true, false]);
    assert_eq!(fields("complete"), [true, false, false]);
    assert_eq!(fields("workspace_id"), [json!("ws"), Value::Null, Value::Null]);
    assert_eq!(fields("address")[0], whole.base_url().as_str());
    let status = |at: usize, endpoint: &str| {
        let sources = workspaces[at]["sources"].as_array().unwrap();
        sources.iter().find(|one| one["endpoint"] == endpoint).unwrap()["status"].clone()
    };
    assert_eq!(
        [status(0, "/v1/speech-engine"), status(1, "/v1/speech-engine")],
        ["read whole", "not read whole"]
    );
    let in_vain = workspaces[2]["requests"].as_array().unwrap();
    assert!(
        !in_vain.is_empty() && in_vain.iter().all(|row| row["requests"] == 1 && row["pages"] == 0),
        "{in_vain:?}"
    );
}

#[tokio::test]
async fn rows_are_counted_whatever_stands_in_them() {
    let nights = Nights::new();
    let secrets = vec![Secret::new("sec_1", "a\nb\r\n\"c\",d").with_tools(3), Secret::new("sec_2", "\n")];
    nights.night(NIGHT, secrets).await.result.unwrap();
    let files = nights.manifest(NIGHT)["files"].as_array().unwrap().clone();
    let rows: BTreeMap<&str, &Value> =
        files.iter().map(|file| (file["name"].as_str().unwrap(), &file["rows"])).collect();
    let bundle = nights.bundle(NIGHT);
    assert_eq!(rows["secrets.csv"], &json!(read_csv(&bundle.join("secrets.csv")).len()));
    assert_eq!(rows["dependents.csv"], &json!(read_csv(&bundle.join("dependents.csv")).len()));
    assert_eq!([rows["secrets.csv"], rows["dependents.csv"]], [&json!(2), &json!(4)]);
    assert_eq!([rows["report.md"], rows["report.json"]], [&Value::Null; 2]);
}

/// What the simulator saw of one endpoint.
#[derive(Debug, Default, PartialEq)]
struct Seen {
    requests: u64,
    pages: u64,
    items: u64,
    first: Option<String>,
    last: Option<String>,
}

/// The path as the OpenAPI document has it.
fn endpoint(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').skip(1).collect();
    let open = match parts.as_slice() {
        ["v1", "convai", "secrets", _] => "/v1/convai/secrets/{secret_id}",
        ["v1", "convai", "secrets", _, "dependencies", _] => {
            "/v1/convai/secrets/{secret_id}/dependencies/{resource_type}"
        }
        ["v1", "speech-engine", _] => "/v1/speech-engine/{speech_engine_id}",
        ["v1", "convai", "agents", _] => "/v1/convai/agents/{agent_id}",
        ["v1", "convai", "agents", _, "branches"] => "/v1/convai/agents/{agent_id}/branches",
        _ => path,
    };
    open.to_owned()
}

/// How many things a body shows: those in its only list of things, or the one that it is.
fn items(path: &str, body: &Value) -> u64 {
    let lists = [
        "secrets",
        "dependencies",
        "environment_variables",
        "speech_engines",
        "mcp_servers",
        "tools",
        "agents",
        "results",
    ];
    let is_one = path.ends_with("/settings");
    let list = lists.iter().filter(|_| !is_one).find_map(|list| body.get(*list)?.as_array());
    list.map_or(1, |list| list.len() as u64)
}

/// A world with something behind every endpoint, and more than a page of some.
pub(crate) fn everywhere() -> World {
    let mut many = Secret::new("sec_many", "many").with_agents(230).with_tools(3).with_mcp_servers(2);
    many.used_by.phone_numbers = Secret::new("", "").with_phone_numbers(2).used_by.phone_numbers;
    let mut world = World::of(vec![many]);
    world.secrets.extend((0..6).map(|number| Secret::new(&format!("sec_{number}"), "stale")));
    world.environment_variables =
        (0..130).map(|number| variable(&format!("var_{number}"), "TOKEN", &[("p", "sec_1")])).collect();
    // One that nobody knows, which is looked up.
    world.environment_variables.push(variable("var_dangling", "OLD", &[("p", "sec_gone")]));
    world.speech_engines = (0..3).map(|number| speech_engine(&format!("e_{number}"), "e", "sec_1")).collect();
    world.mcp_servers = vec![mcp_server("mcp_0001", "m", "sec_many"), mcp_server("mcp_9", "n", "sec_1")];
    world.settings = settings("sec_1");
    world.tools = (0..4).map(|number| tool(&format!("t_{number}"), "t", "sec_2")).collect();
    world.agents = (0..3).map(|number| agent(&format!("a_{number}"), "a", "sec_3")).collect();
    let config = world.agents[0].config.clone();
    world.agents[0].branches.push(Branch { id: "branch_1".to_owned(), config, ..Branch::default() });
    // Not all that uses its secrets is listed, which to anybody else would be a sign that there is more.
    world.seat_type = "workspace_admin".to_owned();
    world
}

#[tokio::test]
async fn every_endpoint_is_told_with_the_requests_pages_items_and_ids_that_the_service_saw() {
    let seen: Arc<Mutex<BTreeMap<String, Seen>>> = Arc::default();
    let log = Arc::clone(&seen);
    let answer = move |request: &Request, reply: Reply| {
        let mut log = log.lock().unwrap();
        let id = format!("req_{:04}", log.values().map(|seen| seen.requests).sum::<u64>());
        let seen = log.entry(endpoint(&request.path)).or_default();
        seen.requests += 1;
        // The first request of each kind goes wrong, and so do some later ones.
        if seen.requests == 1 || seen.requests.is_multiple_of(7) {
            let busy = Reply::error(503, "api_error", "system_busy", "Not now.");
            return busy.with_header("request-id", &format!("busy_{id}"));
        }
        if reply.status() == Some(200) {
            seen.pages += 1;
            seen.items += items(&request.path, &reply.body_json().unwrap());
            seen.first.get_or_insert_with(|| id.clone());
            seen.last = Some(id.clone());
        }
        reply.with_header("request-id", &id)
    };
    let simulator = Simulator::start_with(everywhere(), answer).await.unwrap();
    let nights = Nights::new();
    let mut setup = deep(nights.setup(&simulator).http("attempts = 6\nretry_budget = 1000"));
    setup.arguments.concurrency = Some(1);
    let outcome = run_at(&setup, NIGHT).await;
    assert_eq!(outcome.code(), 0, "{outcome:?}");

    let manifest = nights.manifest(NIGHT);
    let requests = manifest["workspaces"][0]["requests"].as_array().unwrap();
    let told: BTreeMap<String, Seen> = requests
        .iter()
        .map(|row| {
            let number = |field: &str| row[field].as_u64().unwrap();
            let id = |field: &str| row[field].as_str().map(str::to_owned);
            let seen = Seen {
                requests: number("requests"),
                pages: number("pages"),
                items: number("items"),
                first: id("first_request_id"),
                last: id("last_request_id"),
            };
            (row["endpoint"].as_str().unwrap().to_owned(), seen)
        })
        .collect();
    assert_eq!(told, *seen.lock().unwrap());
    assert_eq!(told.len(), 13, "all that an audit with --deep asks: {:?}", told.keys());
    let all: u64 = told.values().map(|seen| seen.requests).sum();
    assert_eq!(all, simulator.requests().len() as u64, "retries included");
    assert_eq!(outcome.bundle().workspace()["figures"]["requests"], all);
    assert!(told[SECRETS].pages < told[SECRETS].requests);
}

/// The hash of the configuration of a run over this setup.
fn configuration(setup: &Setup) -> String {
    setup.resolve().unwrap().sha256()
}

#[tokio::test]
async fn the_hash_of_the_configuration_is_that_of_the_settings_and_not_of_the_key() {
    let simulator = serve(two_secrets()).await;
    let nights = Nights::new();
    let setup = || nights.setup(&simulator);
    let of_all = configuration(&setup());
    assert_eq!(configuration(&setup()), of_all, "equal settings");
    let other_key = nights.here(Setup::new().workspace_with_key("main", &simulator, "sk_another_key"));
    assert_eq!(configuration(&other_key), of_all, "another key");
    run_at(&setup(), NIGHT).await.result.unwrap();
    assert_eq!(nights.manifest(NIGHT)["configuration_sha256"], of_all);

    let mut seen = vec![of_all];
    let mut narrowed = setup();
    narrowed.arguments.search = Some("x".to_owned());
    let mut without_waivers = setup();
    without_waivers.arguments.no_waivers = true;
    for changed in [
        narrowed,
        without_waivers,
        setup().http("attempts = 3"),
        setup().http("concurrency = 2"),
        setup().section("[audit]\ndeep = \"always\""),
        setup().section("[audit]\nsettings = false"),
        setup().section("[audit]\npopulation_drop = \"fail\""),
        setup().section("[report]\nkeep = 7"),
        setup().section("[report]\nkeep_days = 7"),
        setup().section("[report]\nredact = [\"phone_numbers\"]"),
        setup().section("[report]\ncsv_delimiter = \";\""),
        setup().section("[report]\nformats = [\"csv\"]"),
        setup().section("[policy]\nunused_after_days = 7"),
        setup().section("[policy]\nfail_on = [\"unused\"]"),
        setup().workspace("other", &simulator),
        nights.here(Setup::new().workspace("renamed", &simulator)),
    ] {
        let hash = configuration(&changed);
        assert!(!seen.contains(&hash), "one setting changed, after {}", seen.len());
        seen.push(hash);
    }
}

/// A waiver as the configuration has it, and what is summed of it: each field with its length.
fn waiver(id: &str, workspace: Option<&str>, reason: &str, owner: &str, expires: &str) -> (String, String) {
    let workspace_line = workspace.map_or(String::new(), |name| format!("workspace = {name:?}\n"));
    let table = format!(
        "[[waiver]]\nsecret_id = {id:?}\n{workspace_line}reason = {reason:?}\nowner = {owner:?}\nexpires = {expires}\n"
    );
    let fields = [id, workspace.unwrap_or_default(), reason, owner, expires];
    (table, fields.map(|field| format!("{}:{field}\n", field.len())).concat())
}

#[tokio::test]
async fn the_hash_of_the_waivers_is_that_of_what_they_say_in_any_order() {
    let simulator = serve(two_secrets()).await;
    let nights = Nights::new();
    let stale = waiver("sec_stale", Some("main"), "kept for März", "platform", "2026-12-31");
    let other = waiver("sec_other", None, "gone", "platform", "2026-01-31");
    let mut entries = Vec::new();
    for tables in [
        String::new(),
        [stale.0.clone(), other.0.clone()].concat(),
        [other.0.clone(), stale.0.clone()].concat(),
        stale.0.replace("März", "April"),
    ] {
        let outcome = run_at(&nights.setup(&simulator).section(&tables), NIGHT).await;
        let path = directory(&outcome).join("manifest.json");
        entries.push(crate::bundle::read_json(&path)["waivers"].clone());
    }
    assert_eq!(entries[0], json!({"count": 0, "sha256": sha256(b"")}));
    let both = sha256([other.1, stale.1].concat().as_bytes());
    assert_eq!(entries[1], json!({"count": 2, "sha256": both}));
    assert_eq!(entries[2], entries[1]);
    assert_eq!(entries[3]["count"], 1);
    assert_ne!(entries[3]["sha256"], entries[1]["sha256"]);
}
