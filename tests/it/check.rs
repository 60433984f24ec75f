//! `check`: what the configuration comes to, where each setting came from, and which keys work.

use simulator::{Reply, Secret, Simulator, World, world};

use crate::{
    bundle::names_in,
    nights::Nights,
    places::{tool, variable},
    support::{SECRETS, Setup, asked, binary_in, code, finish, missing_permissions, serve, serve_with, text},
};

/// A workspace whose every reply is `instead`.
async fn answering(instead: Reply) -> Simulator {
    serve_with(Vec::new(), move |_, _| instead.clone()).await
}

/// What is said of an endpoint and a workspace: the word and what follows the endpoint.
fn said(stdout: &str, workspace: &str, endpoint: &str) -> (String, String) {
    let mut sections = stdout.split("\nWorkspace ");
    let section = sections.find(|section| section.lines().next() == Some(workspace));
    let mut lines = section.unwrap_or_else(|| panic!("{workspace}: {stdout}")).lines();
    let found = lines.find_map(|line| {
        let (word, rest) = line.trim_start().split_once(' ')?;
        let rest = rest.trim_start();
        let detail = rest.strip_prefix(endpoint).filter(|rest| rest.is_empty() || rest.starts_with(' '))?;
        Some((word.to_owned(), detail.trim_start().to_owned()))
    });
    found.unwrap_or_else(|| panic!("{endpoint}: {stdout}"))
}

/// Every source that each audit needs.
const NEEDED: [&str; 7] = [
    SECRETS,
    "/v1/convai/secrets/{secret_id}",
    "/v1/convai/secrets/{secret_id}/dependencies/{resource_type}",
    "/v1/convai/environment-variables",
    "/v1/speech-engine",
    "/v1/convai/mcp-servers",
    "/v1/convai/settings",
];

#[tokio::test]
async fn a_key_that_works_is_code_0_and_nothing_is_published() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for endpoint in NEEDED {
        assert_eq!(said(shown, "main", endpoint), ("ok".to_owned(), String::new()));
    }
    assert!(shown.contains("user_simulated"), "whose key it is: {shown}");
    assert_eq!(names_in(setup.home()), ["config.toml"], "no directory, no lock");
    assert_eq!(asked(&simulator, SECRETS), 1);
    assert!(simulator.requests().iter().all(|request| request.method == "GET"));
}

#[tokio::test]
async fn a_source_that_the_key_may_not_read_is_code_3_and_named_with_what_to_do() {
    for (permission, endpoint) in [
        ("/v1/speech-engine", "/v1/speech-engine"),
        ("/v1/convai/settings", "/v1/convai/settings"),
        ("/v1/convai/secrets/sec/dependencies", NEEDED[2]),
    ] {
        let world = World {
            missing_permissions: [permission.to_owned()].into(),
            ..World::of(vec![Secret::new("sec", "key")])
        };
        let simulator = Simulator::start(world).await.unwrap();
        let output = finish(Setup::of(&simulator).binary("check")).await;
        assert_eq!(code(&output), 3, "an audit with this key would be incomplete");
        for other in NEEDED {
            let (word, detail) = said(text(&output.stdout), "main", other);
            assert_eq!(word, if other == endpoint { "failed" } else { "ok" }, "{other}");
            assert!(word == "ok" || detail.contains("give the key"), "{detail}");
        }
    }
}

#[tokio::test]
async fn what_is_read_before_a_secret_is_called_unused_is_a_failure_unless_that_is_never() {
    let world = World {
        missing_permissions: ["/v1/convai/agents".to_owned()].into(),
        ..World::of(vec![Secret::new("sec", "key")])
    };
    let simulator = Simulator::start(world).await.unwrap();
    for (deep, expected, word, words) in [
        ("auto", 3, "failed", "needed where a secret would be called unused: "),
        ("always", 3, "failed", "GET "),
        ("never", 0, "warning", "not needed with deep = \"never\": "),
    ] {
        let setup = Setup::of(&simulator).section(&format!("[audit]\ndeep = {deep:?}"));
        let output = finish(setup.binary("check")).await;
        assert_eq!(code(&output), expected, "{deep}");
        let (found, detail) = said(text(&output.stdout), "main", "/v1/convai/agents");
        assert!(found == word && detail.starts_with(words), "{deep}: {found} {detail}");
    }
}

#[tokio::test]
async fn a_word_of_before_is_read_with_one_warning_that_names_the_word_of_now() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    for (old, new) in [("true", "always"), ("false", "auto")] {
        let setup = Setup::of(&simulator).section(&format!("[audit]\ndeep = {old}"));
        for command in [setup.binary("check"), setup.audit()] {
            let output = finish(command).await;
            let warning = format!("[audit] deep is {old}, which is read as {new:?}: write deep = {new:?}");
            let stderr = text(&output.stderr);
            assert_eq!(stderr.matches(&warning).count(), 1, "{stderr}");
            assert_eq!(stderr.matches("read as").count(), 1, "{stderr}");
        }
        let output = finish(setup.binary("check")).await;
        let shown = text(&output.stdout);
        let mut settings = shown.lines().filter_map(|line| line.trim_start().strip_prefix("[audit] deep "));
        assert_eq!(settings.next().map(str::trim), Some(format!("{new}  (file)").as_str()), "{shown}");
    }
    let setup = Setup::of(&simulator).section("[audit]\ndeep = \"auto\"");
    let output = finish(setup.binary("check")).await;
    assert!(!text(&output.stderr).contains("read as"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn what_the_key_may_see_is_said_as_far_as_its_seat_tells() {
    let with_seat = |seat: &'static str| {
        serve_with(vec![Secret::new("sec", "key")], move |request, reply| match reply.body_json() {
            Some(mut user) if request.path == "/v1/user" => {
                user["seat_type"] = seat.into();
                Reply::json(200, &user)
            }
            _ => reply,
        })
    };
    for (seat, word, words) in [
        ("workspace_admin", "ok", "full: "),
        (
            "workspace_member",
            "-",
            "not known: give the audit the key of a workspace admin that is limited to convai_read",
        ),
    ] {
        let simulator = with_seat(seat).await;
        let output = finish(Setup::of(&simulator).binary("check")).await;
        assert_eq!(code(&output), 0, "{}", text(&output.stdout));
        let (found, detail) = said(text(&output.stdout), "main", "view");
        assert!(found == word && detail.starts_with(words), "{seat}: {found} {detail}");
    }
    let world = World {
        missing_permissions: ["user_read".to_owned()].into(),
        ..World::of(vec![Secret::new("sec", "key")])
    };
    let simulator = Simulator::start(world).await.unwrap();
    let output = finish(Setup::of(&simulator).binary("check")).await;
    assert!(said(text(&output.stdout), "main", "view").1.starts_with("not known"));
}

#[tokio::test]
async fn a_view_is_full_or_partial_by_what_any_answer_shows() {
    let mut used = Secret::new("sec", "key");
    used.used_by.agents.push(world::unknown("agent_9"));
    let free = Secret::new("free", "free");
    let world = World { tools: vec![tool("tool_1", "Lookup", "sec")], ..World::of(vec![used, free]) };
    let simulator = Simulator::start(world.clone()).await.unwrap();
    let output = finish(Setup::of(&simulator).binary("check")).await;
    let (word, detail) = said(text(&output.stdout), "main", "view");
    assert_eq!((code(&output), word.as_str()), (3, "failed"));
    assert!(detail.starts_with("partial: ") && detail.contains("agent_9"), "{detail}");

    let accepting = Setup::of(&simulator).section("[audit]\npartial_view = \"accept\"");
    let output = finish(accepting.binary("check")).await;
    assert_eq!((code(&output), said(text(&output.stdout), "main", "view").0.as_str()), (0, "warning"));

    let admin = World { access_source: Some("workspace_admin".to_owned()), ..world };
    let simulator = Simulator::start(admin).await.unwrap();
    let output = finish(Setup::of(&simulator).binary("check")).await;
    let (word, detail) = said(text(&output.stdout), "main", "view");
    assert_eq!((code(&output), word.as_str(), detail.starts_with("full: ")), (0, "ok", true), "{detail}");
}

#[tokio::test]
async fn the_list_of_secrets_is_walked_to_its_end() {
    let secrets = (0..150).map(|number| Secret::new(&format!("sec_{number}"), "key")).collect();
    let simulator = serve_with(secrets, |request, reply| match request.query("cursor") {
        Some(_) if request.path == SECRETS => Reply::json(200, &serde_json::json!({"secrets": 5})),
        _ => reply,
    })
    .await;
    let output = finish(Setup::of(&simulator).binary("check")).await;
    let (word, detail) = said(text(&output.stdout), "main", SECRETS);
    assert_eq!((code(&output), word.as_str()), (5, "failed"));
    assert!(detail.contains("page 2"), "{detail}");
}

#[tokio::test]
async fn a_workspace_that_was_empty_before_may_be_empty_again() {
    let nights = Nights::new();
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator);
    let check = || {
        let mut command = setup.binary("check");
        command.arg("--out").arg(nights.out());
        finish(command)
    };
    let first = check().await;
    assert_eq!(code(&first), 3, "{}", text(&first.stdout));
    nights.audit_with(1, World::empty(), |setup| setup.section("[audit]\nallow_empty = true")).await;
    let later = check().await;
    assert_eq!(code(&later), 0, "{}", text(&later.stdout));
}

#[tokio::test]
async fn suddenly_few_secrets_are_what_the_audit_will_make_of_them() {
    let nights = Nights::new();
    let world =
        |number: usize| World::of((0..number).map(|n| Secret::new(&format!("sec_{n}"), "n")).collect());
    nights.audit_with(1, world(10), |setup| setup).await;
    let simulator = Simulator::start(world(2)).await.unwrap();
    for (word, expected) in [("incomplete", 3), ("warn", 0), ("fail", 5)] {
        let setup = Setup::of(&simulator).section(&format!("[audit]\npopulation_drop = {word:?}"));
        let mut command = setup.binary("check");
        command.arg("--out").arg(nights.out());
        let output = finish(command).await;
        assert_eq!(code(&output), expected, "{word}: {}", text(&output.stdout));
    }
}

#[tokio::test]
async fn a_source_that_is_switched_off_is_code_3_and_not_asked() {
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator).section("[audit]\nspeech_engines = false");
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 3);
    assert!(said(text(&output.stdout), "main", "/v1/speech-engine").1.contains("switched off"));
    assert_eq!(asked(&simulator, "/v1/speech-engine"), 0);
}

#[tokio::test]
async fn a_key_that_may_not_say_whose_it_is_works_all_the_same() {
    let world = World {
        missing_permissions: ["user_read".to_owned()].into(),
        ..World::of(vec![Secret::new("sec", "key")])
    };
    let simulator = Simulator::start(world).await.unwrap();
    let output = finish(Setup::of(&simulator).binary("check")).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("user_read"), "{}", text(&output.stdout));
}

#[tokio::test]
async fn quiet_leaves_only_what_failed() {
    let quietly = async |simulator: &Simulator| {
        let setup = Setup::of(simulator);
        let mut binary = setup.binary("check");
        binary.arg("-q");
        finish(binary).await
    };
    let output = quietly(&answering(missing_permissions()).await).await;
    let said = text(&output.stderr);
    assert_eq!((code(&output), text(&output.stdout)), (4, ""));
    assert!(said.lines().all(|line| line.starts_with("error: workspace main: /v1/")), "{said}");
    assert!(said.contains("/v1/convai/secrets: ") && said.contains("missing_permissions"), "{said}");

    let simulator = Simulator::start(World::of(vec![Secret::new("sec", "key")])).await.unwrap();
    let output = quietly(&simulator).await;
    assert_eq!((code(&output), text(&output.stdout), text(&output.stderr)), (0, "", ""));
}

#[tokio::test]
async fn every_setting_is_shown_with_its_value_and_where_it_came_from() {
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator).http("concurrency = 9").section("[audit]\nsearch = \"pre\\u001bfix\"");
    let mut binary = setup.binary("check");
    binary.args(["--out", "typed"]);
    let output = finish(binary).await;
    let shown = text(&output.stdout);
    let setting = |name: &str| -> String {
        let value = shown.lines().find_map(|line| line.trim_start().strip_prefix(name));
        value.unwrap_or_else(|| panic!("{name}: {shown}")).trim().to_owned()
    };
    assert_eq!(setting("[http] concurrency"), "9  (file)");
    assert_eq!(setting("[http] attempts"), "5  (default)");
    assert_eq!(setting("[report] dir"), "typed  (--out)");
    assert_eq!(
        setting("[audit] search"),
        "pre\\u{1b}fix  (file)",
        "no control character reaches the terminal"
    );
    assert_eq!(setting("workspace \"main\" address"), format!("{}  (file)", simulator.base_url()));
    assert_eq!(setting("workspace \"main\" key"), "read from $KEY_0  (file)");
    assert!(!shown.contains("sk_simulated_key"), "{shown}");
    for name in setup.resolve().unwrap().settings.iter().map(|setting| &setting.name) {
        setting(name);
    }
}

#[tokio::test]
async fn the_environment_is_named_where_a_setting_came_from_it() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let home = tempfile::tempdir().unwrap();
    let mut binary = binary_in(home.path());
    binary.env("ELEVENLABS_API_KEY", "sk_simulated_key");
    binary.env("ELEVENLABS_BASE_URL", simulator.base_url().as_str()).arg("check");
    let output = finish(binary).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for variable in ["ELEVENLABS_API_KEY", "ELEVENLABS_BASE_URL"] {
        let named = |line: &str| line.contains("(environment") && line.contains(variable);
        assert!(shown.lines().any(named), "{variable}: {shown}");
    }
    assert!(!shown.contains("sk_simulated_key"), "{shown}");
}

#[tokio::test]
async fn a_key_that_is_refused_is_code_4() {
    for refusal in [missing_permissions(), Reply::error(403, "forbidden", "no_access", "Not yours.")] {
        let simulator = answering(refusal).await;
        let output = finish(Setup::of(&simulator).binary("check")).await;
        assert_eq!(code(&output), 4);
        let (word, detail) = said(text(&output.stdout), "main", SECRETS);
        assert!(word == "failed" && detail.contains("convai_read"), "{detail}");
    }
}

#[tokio::test]
async fn an_api_that_cannot_be_read_is_code_5() {
    let simulator =
        answering(Reply::Answer { status: 200, headers: Vec::new(), body: b"<html>".to_vec() }).await;
    let output = finish(Setup::of(&simulator).binary("check")).await;
    assert_eq!(code(&output), 5);
    assert_eq!(said(text(&output.stdout), "main", SECRETS).0, "failed");
}

#[tokio::test]
async fn some_keys_that_work_and_some_that_do_not_are_code_3() {
    let good = serve(vec![Secret::new("sec", "key")]).await;
    let bad = answering(missing_permissions()).await;
    let setup = Setup::new().workspace("good", &good).workspace("bad", &bad);
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 3);
    let shown = text(&output.stdout);
    assert_eq!(
        (said(shown, "good", SECRETS).0, said(shown, "bad", SECRETS).0),
        ("ok".into(), "failed".into())
    );
}

#[tokio::test]
async fn a_configuration_that_is_wrong_is_code_2_and_nothing_is_sent() {
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator).http("concurrency = 0");
    let output = finish(setup.binary("check")).await;
    assert_eq!((code(&output), text(&output.stdout)), (2, ""));
    assert!(text(&output.stderr).contains("concurrency"), "{}", text(&output.stderr));
    assert_eq!(simulator.requests().len(), 0);
}

#[tokio::test]
async fn without_a_secret_there_is_nothing_to_try_its_endpoints_on() {
    let simulator = serve(Vec::new()).await;
    let setup = Setup::of(&simulator).section("[audit]\nallow_empty = true");
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    for endpoint in &NEEDED[1..3] {
        let (word, detail) = said(text(&output.stdout), "main", endpoint);
        assert!(word == "-" && detail.contains("no secret"), "{endpoint}: {word} {detail}");
    }
}

#[tokio::test]
async fn a_key_that_sees_no_secret_is_code_3_unless_that_is_allowed_and_the_audit_agrees() {
    let simulator = serve(Vec::new()).await;
    for (section, expected, word) in [
        ("", 3, "failed"),
        ("[audit]\npopulation_drop = \"fail\"", 3, "failed"),
        ("[audit]\nsearch = \"of-nothing\"", 0, "warning"),
        ("[audit]\nallow_empty = true", 0, "ok"),
    ] {
        let setup = Setup::of(&simulator).section(section);
        let (checked, audited) = (finish(setup.binary("check")).await, finish(setup.audit()).await);
        assert_eq!((code(&checked), code(&audited)), (expected, expected), "{section}");
        let (found, detail) = said(text(&checked.stdout), "main", SECRETS);
        assert_eq!(found, word, "{section}: {detail}");
        assert_eq!(detail.contains("this key sees no secret"), word != "ok", "{section}: {detail}");
    }
}

#[tokio::test]
async fn where_nothing_answers_only_the_list_of_secrets_is_tried() {
    let simulator = answering(Reply::Close).await;
    let setup = Setup::of(&simulator).http("attempts = 2");
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 5, "{}", text(&output.stdout));
    assert_eq!(said(text(&output.stdout), "main", SECRETS).0, "failed");
    for endpoint in &NEEDED[1..] {
        let (word, detail) = said(text(&output.stdout), "main", endpoint);
        assert!(word == "-" && detail.contains("nothing answers"), "{endpoint}: {word} {detail}");
    }
    assert_eq!((asked(&simulator, SECRETS), simulator.requests().len()), (2, 2));
}

#[tokio::test]
async fn it_sends_only_get_and_each_request_once() {
    let simulator = serve(vec![Secret::new("sec", "key").with_agents(150)]).await;
    let output = finish(Setup::of(&simulator).binary("check")).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    for request in simulator.requests() {
        assert_eq!((request.method.as_str(), request.number), ("GET", 1), "{}", request.path);
    }
}

#[tokio::test]
async fn what_it_comes_to_is_the_first_line_and_settings_come_last() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let output = finish(Setup::of(&simulator).binary("check")).await;
    let shown = text(&output.stdout);
    assert!(shown.starts_with("An audit now would end with code 0: "), "{shown}");
    let place = |words: &str| shown.find(words).unwrap_or_else(|| panic!("{words}: {shown}"));
    assert!(place("\nMachine\n") < place("\nWorkspace main\n"));
    assert!(place("\nWorkspace main\n") < place("\nConfiguration\n"));
    assert!(shown.trim_end().lines().last().unwrap().contains("would end with code 0"), "{shown}");
}

#[tokio::test]
async fn the_flags_of_an_audit_are_taken_and_heeded() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    let mut binary = setup.binary("check");
    binary.args([
        "--search",
        "pre",
        "--deep",
        "--format",
        "csv",
        "--concurrency",
        "9",
        "--fail-on",
        "unused",
    ]);
    binary.args(["--dependency-limit", "30", "--max-dependency-limit", "40", "--no-waivers"]);
    let output = finish(binary).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let shown = text(&output.stdout);
    for setting in [
        "pre  (--search)",
        "always  (--deep)",
        "csv  (--format)",
        "9  (--concurrency)",
        "unused  (--fail-on)",
    ] {
        assert!(shown.contains(setting), "{setting}: {shown}");
    }
}

#[tokio::test]
async fn that_agents_cannot_be_read_matters_only_where_they_would_be() {
    let refusing = |secrets: Vec<Secret>, also: &'static str| async move {
        let world = World {
            missing_permissions: ["/v1/convai/agents", also]
                .into_iter()
                .filter(|path| !path.is_empty())
                .map(str::to_owned)
                .collect(),
            ..World::of(secrets)
        };
        Simulator::start(world).await.unwrap()
    };
    let used = || Secret::new("used", "key").with_tools(1);
    let free = || Secret::new("free", "key");
    for (secrets, also, expected, word) in [
        (vec![used(), used_too()], "", 0, "warning"),
        (vec![used(), used_too(), free()], "", 3, "failed"),
        // Where something else can't be read nothing is called unused.
        (vec![used(), free()], "/v1/speech-engine", 3, "warning"),
    ] {
        let simulator = refusing(secrets, also).await;
        let setup = Setup::of(&simulator).section("[audit]\npage_size = 1");
        let output = finish(setup.binary("check")).await;
        assert_eq!(code(&output), expected, "{}", text(&output.stdout));
        let (found, detail) = said(text(&output.stdout), "main", "/v1/convai/agents");
        assert_eq!(found, word, "{detail}");
        let audit = finish(setup.audit()).await;
        assert_eq!(code(&audit), expected, "as an audit does");
    }
}

fn used_too() -> Secret {
    Secret::new("used_too", "other").with_agents(1)
}

#[tokio::test]
async fn a_waiver_for_a_workspace_that_there_is_not_has_to_be_mended() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let waiver = |workspace: &str| {
        format!(
            "[[waiver]]\nsecret_id = \"sec\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2099-01-01\nworkspace = {workspace:?}"
        )
    };
    let output = finish(Setup::of(&simulator).section(&waiver("elsewhere")).binary("check")).await;
    let shown = text(&output.stdout);
    assert_eq!(code(&output), 2, "{shown}");
    assert!(shown.contains("\"elsewhere\"") && shown.contains("there is \"main\""), "{shown}");
    let output = finish(Setup::of(&simulator).section(&waiver("main")).binary("check")).await;
    assert_eq!(code(&output), 0, "{}", text(&output.stdout));
}

#[tokio::test]
async fn of_two_tables_that_show_one_workspace_the_later_one_fails_as_in_an_audit() {
    let world = || World {
        environment_variables: vec![variable("var_1", "TOKEN", &[("production", "sec")])],
        ..World::of(vec![Secret::new("sec", "key")])
    };
    let (first, second) =
        (Simulator::start(world()).await.unwrap(), Simulator::start(world()).await.unwrap());
    let setup = Setup::of(&first).workspace("again", &second);
    let output = finish(setup.binary("check")).await;
    assert_eq!(code(&output), 3, "{}", text(&output.stdout));
    let (word, detail) = said(text(&output.stdout), "again", SECRETS);
    assert!(word == "failed" && detail.contains("two keys of one workspace"), "{detail}");
}
