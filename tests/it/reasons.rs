//! Why a night ended so, on standard error: what a mail of cron and the journal hold.

use std::{
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use serde_json::{Value, json};
use simulator::{Reply, Secret, Simulator, World};

use crate::{
    places::{busy, by_itself, variable, world_of},
    support::{
        SECRETS, Setup, asked, code, dependencies, finish, invalid_api_key, missing_permissions, serve,
        serve_with, text,
    },
};

/// An audit that is to be quiet.
async fn quiet(setup: &Setup) -> Output {
    let mut binary = setup.audit();
    binary.arg("--quiet");
    finish(binary).await
}

fn lines(output: &Output) -> Vec<&str> {
    text(&output.stderr).lines().collect()
}

/// A workspace that refuses this path to the key, with a secret that nothing is known to use.
async fn refusing(path: &'static str) -> Simulator {
    serve_with(vec![Secret::new("sec", "key")], move |request, reply| {
        if request.path == path { missing_permissions() } else { reply }
    })
    .await
}

#[tokio::test]
async fn an_incomplete_night_says_each_gap_once_with_its_request_and_remedy_also_where_it_is_quiet() {
    let simulator = refusing("/v1/speech-engine").await;
    let setup = Setup::of(&simulator);
    for arguments in [&["--quiet"][..], &[]] {
        let mut binary = setup.audit();
        binary.args(arguments);
        let output = finish(binary).await;
        assert_eq!(code(&output), 3);
        let warnings: Vec<&str> = lines(&output).into_iter().filter(|line| line.contains(" WARN ")).collect();
        assert_eq!(warnings.len(), 2, "{warnings:?}");
        assert!(warnings[0].contains("INCOMPLETE"), "{warnings:?}");
        for part in ["workspace=\"main\"", "GET /v1/speech-engine", "401", "give the key read access"] {
            assert!(warnings[1].contains(part), "{part}: {warnings:?}");
        }
        assert_eq!(text(&output.stderr).matches("GET /v1/speech-engine").count(), 1);
        assert_ne!(arguments.is_empty(), output.stdout.is_empty());
    }
}

#[tokio::test]
async fn twenty_gaps_are_named_and_the_others_counted() {
    let secrets = (0..25).map(|number| Secret::new(&format!("sec_{number}"), "key").with_mcp_servers(100));
    let simulator = serve(secrets.collect()).await;
    let output = quiet(&Setup::of(&simulator)).await;
    assert_eq!(code(&output), 3);
    let lines = lines(&output);
    assert_eq!(lines.len(), 1 + 20 + 1, "{lines:?}");
    assert!(lines[1..21].iter().all(|line| line.contains("secret sec_") && line.contains("mcp_servers")));
    assert!(lines[21].contains("and 5 more, named in "), "{lines:?}");
}

#[tokio::test]
async fn a_switched_off_source_an_empty_workspace_and_one_that_failed_say_what_to_set() {
    let switched_off = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&switched_off).section("[audit]\nspeech_engines = false");
    let output = quiet(&setup).await;
    assert!(text(&output.stderr).contains("set [audit] speech_engines = true"), "{:?}", lines(&output));

    let empty = serve(Vec::new()).await;
    let output = quiet(&Setup::of(&empty)).await;
    assert!(text(&output.stderr).contains("allow_empty = true"), "{:?}", lines(&output));

    let broken = serve_with(Vec::new(), |_, _| busy()).await;
    let setup = Setup::new().workspace("whole", &switched_off).workspace("lost", &broken);
    let output = quiet(&setup).await;
    assert_eq!(code(&output), 3);
    let lost = lines(&output).into_iter().filter(|line| line.contains("workspace=\"lost\"")).count();
    assert_eq!(lost, 1, "{:?}", lines(&output));
}

#[tokio::test]
async fn a_night_without_an_audit_says_once_of_each_workspace_why_there_is_none() {
    let simulator = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    let output = quiet(&Setup::of(&simulator)).await;
    assert_eq!(code(&output), 4);
    assert_eq!(lines(&output).len(), 2, "{:?}", lines(&output));
    assert!(
        lines(&output)[0].starts_with("error: workspace main: GET /v1/convai/secrets, page 1: status 401")
    );
    assert!(lines(&output)[0].contains("check the key"));
    assert_eq!(text(&output.stderr).matches("invalid_api_key").count(), 1);

    let setup = Setup::of(&simulator);
    let mut loud = setup.audit();
    loud.arg("--color=never");
    assert_eq!(text(&finish(loud).await.stderr).matches("invalid_api_key").count(), 1);

    let broken = serve_with(Vec::new(), |_, _| Reply::json(200, &json!([]))).await;
    let mut setup = Setup::new();
    for number in 0..23 {
        setup = setup.workspace(&format!("w{number}"), &broken);
    }
    let output = quiet(&setup).await;
    assert_eq!((code(&output), lines(&output).len()), (5, 21));
    assert!(lines(&output)[20].starts_with("error: and 3 more workspaces; nothing was published"));
}

#[tokio::test]
async fn reasons_as_json_have_the_workspace_and_the_code_apart() {
    let refused = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    let incomplete = refusing("/v1/speech-engine").await;
    for (simulator, expected, level) in [(&refused, 4, "ERROR"), (&incomplete, 3, "WARN")] {
        let setup = Setup::of(simulator);
        let mut binary = setup.audit();
        binary.args(["--quiet", "--log-format", "json"]);
        let output = finish(binary).await;
        let lines: Vec<Value> =
            lines(&output).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(lines.iter().any(|line| line["fields"]["workspace"] == "main"), "{lines:?}");
        for line in &lines {
            assert_eq!((&line["level"], &line["fields"]["code"]), (&json!(level), &json!(expected)));
            assert!(line["timestamp"].is_string() && line["fields"]["message"].is_string(), "{line}");
        }
    }
}

#[tokio::test]
async fn every_log_line_of_a_workspace_names_it() {
    // Something of each kind: retries, a list that is not whole, a walk that begins anew, a key that may not say whose it is.
    let first = AtomicUsize::new(0);
    let world = World {
        missing_permissions: ["user_read".to_owned()].into(),
        environment_variables: vec![variable("v", "L", &[("production", "lost")])],
        ..World::of((0..3).map(|n| Secret::new(&format!("sec_{n}"), "key").with_agents(150)).collect())
    };
    let simulator = Simulator::start_with(world, move |request, reply| match request.path.as_str() {
        SECRETS if request.query("cursor").is_some() && first.fetch_add(1, Relaxed) == 0 => {
            Reply::error(400, "x", "bad_cursor", "No.")
        }
        "/v1/speech-engine" => busy(),
        path if path == by_itself("lost") || path == dependencies("sec_1", "agents") => busy(),
        _ => reply,
    })
    .await
    .unwrap();
    let setup = Setup::of(&simulator).section("[audit]\npage_size = 2");
    let mut binary = setup.audit();
    binary.args(["-vv", "--log-format", "json"]);
    let output = finish(binary).await;
    assert_eq!(code(&output), 3);
    let lines: Vec<Value> =
        lines(&output).into_iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let has = |words: &str| lines.iter().any(|line| line["fields"]["message"].to_string().contains(words));
    for words in ["trying again", "not whole", "started again", "whose key", "page of secrets read"] {
        assert!(has(words), "{words}: {lines:?}");
    }
    for line in &lines {
        let message = line["fields"]["message"].to_string();
        let is_of_the_run =
            ["INCOMPLETE", "clock", "max_memory_mib"].iter().any(|word| message.contains(word));
        assert!(line["fields"]["workspace"] == "main" || is_of_the_run, "{line}");
    }
}

#[tokio::test]
async fn a_lookup_that_fails_is_a_gap_like_any_other_and_no_secret_that_the_key_may_not_see() {
    let world = World {
        environment_variables: vec![variable("v", "L", &[("production", "lost")])],
        ..world_of(&["free"])
    };
    let simulator =
        Simulator::start_with(
            world,
            |request, reply| {
                if request.path == by_itself("lost") { busy() } else { reply }
            },
        )
        .await
        .unwrap();
    let setup = Setup::of(&simulator);
    let output = quiet(&setup).await;
    assert_eq!(code(&output), 3);
    let said = text(&output.stderr);
    assert!(
        said.contains("GET /v1/convai/secrets/lost: status 503") && said.contains("run again later"),
        "{said}"
    );
    let report = fs_err::read_to_string(setup.out().join("latest/report.json")).unwrap();
    assert!(!report.contains("not visible to this key"), "{report}");
    assert!(report.contains("it could not be looked up: GET /v1/convai/secrets/lost"), "{report}");
}

#[tokio::test]
async fn a_list_that_no_endpoint_pages_is_not_named_among_those_that_were_paged() {
    let simulator = serve(vec![Secret::new("sec", "key").with_mcp_servers(100)]).await;
    let bundle = Setup::of(&simulator).run().await.bundle();
    let sources = bundle.workspace()["sources"].as_array().unwrap();
    let paged = sources.iter().find(|row| row["source"] == "dependencies").unwrap();
    assert_eq!(paged["status"], "not needed", "{paged}");
    assert_eq!(bundle.workspace()["figures"]["lists_not_whole"], 1);
}

#[tokio::test]
async fn once_the_key_is_refused_anywhere_nothing_more_is_asked() {
    for refused in
        ["/v1/speech-engine", "/v1/convai/settings", "/v1/convai/secrets/sec_1/dependencies/agents"]
    {
        let secrets = (0..40).map(|n| Secret::new(&format!("sec_{n}"), "key").with_agents(150)).collect();
        let simulator = serve_with(
            secrets,
            move |request, reply| {
                if request.path == refused { invalid_api_key() } else { reply }
            },
        )
        .await;
        let setup = Setup::of(&simulator).http("concurrency = 1").section("[audit]\npage_size = 2");
        assert_eq!(setup.run().await.code(), 4, "{refused}");
        let requests = simulator.requests();
        assert_eq!(requests.last().map(|request| request.path.as_str()), Some(refused));
    }
    let simulator = serve_with(Vec::new(), |_, _| invalid_api_key()).await;
    let output = finish(Setup::of(&simulator).binary("check")).await;
    assert_eq!((code(&output), simulator.requests().len()), (4, 1), "{}", text(&output.stdout));
}

#[tokio::test]
async fn whoever_spent_the_retries_is_named_and_not_whoever_needs_one_then() {
    let asked_of_others = Arc::new(AtomicUsize::new(0));
    let broken = async || {
        let asked = Arc::clone(&asked_of_others);
        serve_with(Vec::new(), move |_, _| {
            asked.fetch_add(1, Relaxed);
            busy()
        })
        .await
    };
    let (first, second) = (broken().await, broken().await);
    let seen = Arc::clone(&asked_of_others);
    // One page after the other, until both others have had what each of three may take of four retries.
    let last = serve_with(Vec::new(), move |request, _| {
        let page: u32 = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
        match seen.load(Relaxed) {
            6 => busy(),
            _ => Reply::json(
                200,
                &json!({"secrets": [], "next_cursor": (page + 1).to_string(), "has_more": true}),
            ),
        }
    })
    .await;
    let setup = Setup::new().workspace("first", &first).workspace("second", &second);
    let setup = setup.workspace("last", &last).http("retry_budget = 4\nmax_pages = 1000000");
    let outcome = setup.run().await;
    assert_eq!(outcome.code(), 5);
    let message = outcome.message();
    let of = |name: &str| {
        let found = message.split("; workspace ").find(|part| part.contains(&format!("{name}: GET ")));
        found.unwrap_or_else(|| panic!("{name}: {message}")).to_owned()
    };
    for name in ["first", "second"] {
        assert!(of(name).contains("retry_budget allows this workspace (2 of 4) are spent"), "{message}");
    }
    assert!(of("last").contains("retry_budget allows the whole run (4) are spent: 2 by "), "{message}");
    assert!(message.contains("2 by workspace first, 2 by workspace second"), "{message}");
    assert_eq!(asked_of_others.load(Relaxed), 6);
    assert_eq!(asked(&first, SECRETS), 3);
}
