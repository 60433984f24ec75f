//! Whoever can edit the workspace names things as they like. Each name shows as what it is and breaks nothing.

use std::process::Output;

use elevenlabs_secrets_audit::text::show_hidden;
use serde_json::{Map, Value, json};
use simulator::{
    Reply, Secret, Simulator, World,
    documents::{environment_variable, mcp_server, secret, settings_with_webhook, speech_engine},
    world::{available, phone_number, transitive, unknown},
};

use crate::{
    bundle::{names_in, read_json},
    inert::{csv_rows, html_page, markdown_tables, terminal_lines, unescaped},
    support::{Outcome, RUN, Setup, code, finish, text},
};

/// One of every kind. None holds `\u{` as it is, so that what is shown can be told from what was written.
pub(crate) fn names() -> Vec<String> {
    let formulas =
        ["=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "＋1", "－1", "＠1", "'=1"];
    let apart = [
        ";=1+1;",
        "a\t=1",
        "a|=1",
        "a,=1",
        "a\n=1",
        "a; =1",
        ";\"=1+1;",
        ";\"\"=1;",
        "\" \"=1",
        " =1",
        "+1;+2",
        ";+15550100",
        ";'=1",
        "=cmd|'/C calc'!A0",
        "a;-1;@x;＝1;",
    ];
    let quotes = ["\"a\"", "\"", "'a'", "a\"b,c;d\te", "a;b", "+15550100", "+", "a,b\"\n\",=1"];
    let lines = [
        "a\nb",
        "a\r\nb",
        "a\u{2028}b\u{2029}c",
        "a\u{85}b",
        "a\u{b}\u{c}b",
        "\n\n# a\n\n",
        "a\n2026 ERROR b",
    ];
    let pipes = ["a|b", "|", "`a|b`", "``|``", "a\\|b", "\\", "a`", "a|b@example.com", "``` |"];
    let links = [
        "[x](https://evil.example)",
        "![x](https://evil.example/i.png)",
        "<https://evil.example>",
        "https://evil.example www.evil.example a@evil.example @team #1",
        "| https://evil.example www.evil.example a@evil.example mailto:a@evil.example @team #1",
        "[x]: https://evil.example",
        "[^1]",
        "[[wiki|link]]",
    ];
    let html = [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "</code></summary></details>",
        "</code>|</td>",
        "<!-- -->",
        "<!--",
        "&lt;b&gt; &#124; &amp;",
        "<details open>",
    ];
    let marks = [
        "# heading",
        "- item",
        "---",
        "> quote",
        "~~~",
        "**b** _i_ ~~s~~",
        "    a",
        "1. x",
        "$x$ $$y$$",
        "- [ ] a",
    ];
    let terminal = [
        "\u{1b}[31mred\u{1b}[0m",
        "\u{1b}]8;;https://evil.example\u{7}link\u{1b}]8;;\u{7}",
        "\u{1b}[2J\u{1b}c",
        "\u{9b}31m",
        "\u{90}x\u{9c}",
        "a\u{8}\u{8}b\u{7f}",
        "a\0b",
        "\0",
    ];
    let unseen = [
        "\u{202e}exe.txt",
        "\u{2066}a\u{2069}",
        "\u{200f}\u{200e}\u{61c}a",
        "a\u{200b}b",
        "\u{feff}a",
        "\u{2060}\u{ad}",
        "a\u{200d}\u{fe0f}",
        "\u{e0041}\u{e01ef}",
        "\u{3164}\u{115f}\u{ffa0}",
        "\u{2800}",
        "a\u{a0}b\u{3000}",
        "\u{17b4}\u{1d159}\u{13441}",
    ];
    let alike = ["same", "same", "sam", "same name", "same ", " same", "Same", "  two  spaces  ", " ", ""];
    let long = ["x".repeat(10_000), "|<`\u{202e}".repeat(2_500)];
    let short =
        [&formulas[..], &apart, &quotes, &lines, &pipes, &links, &html, &marks, &terminal, &unseen, &alike];
    short.concat().into_iter().map(str::to_owned).chain(long).collect()
}

/// The id of the secret in use that has the name at `position`.
fn used(position: usize) -> String {
    format!("sec_used_{position:03}")
}

/// A workspace in which everything that anybody can name has each name: one secret that is in use and one that is not,
/// and everything that can use the former.
fn world() -> World {
    // Of an admin, to whom what shows by its id only is no sign of more.
    let mut world = World { seat_type: "workspace_admin".to_owned(), ..World::empty() };
    let mut headers = Map::new();
    for (position, name) in names().iter().enumerate() {
        let mut one = Secret::new(&used(position), name);
        let id = |kind: &str| format!("{name}{kind}");
        one.used_by.tools.push(available(&id("tool"), name, 1, name));
        one.used_by.tools.push(unknown(&id("unknown")));
        one.used_by.agents.push(transitive(available(&id("agent"), name, 1, "editor"), &[name, "b"]));
        one.used_by.phone_numbers.push(phone_number(&id("phone"), name, name, name));
        one.used_by.mcp_servers.push(available(&id("mcp"), name, 1, "editor"));
        one.used_by.others.push(Value::from(name.as_str()).into());
        one.used_by.further.insert(format!("{name} list"), json!([available(&id("x"), name, 1, "editor")]));
        world.secrets.push(one);
        world.secrets.push(Secret::new(&format!("sec_stale_{position:03}"), name));
        let locator = secret(&used(position));
        let values = json!({name.as_str(): locator});
        let variable = environment_variable(&id("variable"), "w", name, "secret", &values);
        world.environment_variables.push(variable);
        let engine = format!("engine_{position}");
        let header = json!({name.as_str(): locator});
        world.speech_engines.push(speech_engine(&engine, name, "wss://e.example", &header));
        world.mcp_servers.push(mcp_server(&id("server"), name, &locator, &Value::Null, &json!({})));
        headers.insert(name.clone(), locator);
        // Nobody knows this one.
        let dangling = json!({name.as_str(): secret("sec_missing")});
        let holder = environment_variable(&id("dangling"), "w", name, "secret", &dangling);
        world.environment_variables.push(holder);
    }
    world.settings = settings_with_webhook("https://hook.example", &Value::Object(headers));
    world
}

/// The same workspace on a night when whoever answers for it is hostile too.
pub(crate) async fn failing() -> Simulator {
    let mut world = world();
    for (position, name) in names().iter().enumerate() {
        let further = &mut world.secrets[2 * position].used_by.further;
        further.insert(format!("{name} list_has_more"), json!(true));
        world.secrets.push(Secret::new(&format!("{name}|`<b>"), name).with_agents(150));
    }
    let all = names();
    Simulator::start_with(world, move |request, reply| {
        let name = |salt: usize| all[(request.path.len() + salt) % all.len()].clone();
        if request.path.starts_with("/v1/speech-engine/") {
            let body = json!({"detail": {"code": name(1), "message": name(2), "request_id": name(3)}});
            return Reply::json(403, &body).with_header("request-id", "|`<b>=1");
        }
        match request.path.as_str() {
            "/v1/convai/settings" => Reply::json(200, &json!({"a\n\u{1b}[2J|`\u{202e}": {"secret_id": 5}})),
            "/v1/convai/mcp-servers" => {
                let problems: Vec<Value> = all
                    .iter()
                    .map(|name| json!({"loc": ["query", name], "msg": name, "type": "x"}))
                    .collect();
                Reply::json(422, &json!({"detail": problems[..3]}))
            }
            path if path.ends_with("/dependencies/agents") => {
                Reply::json(404, &json!({"detail": name(4)})).with_header("request-id", "=1|<b>")
            }
            _ => reply,
        }
    })
    .await
    .unwrap()
}

async fn run_over(simulator: &Simulator) -> (Setup, Outcome) {
    let setup = Setup::of(simulator);
    let outcome = setup.run().await;
    (setup, outcome)
}

/// The names of the stale secrets, in the order of every report.
fn sorted_names() -> Vec<String> {
    let mut names = names();
    names.sort();
    names
}

fn column(rows: &[Vec<String>], name: &str) -> usize {
    rows[0].iter().position(|column| column == name).unwrap()
}

/// Reads every file of the latest bundle by the rules of its format. The tables of `report.md`.
fn reads_back(setup: &Setup) -> Vec<Vec<Vec<String>>> {
    let latest = setup.out().join("latest");
    let files = [
        "SHA256SUMS",
        "dependents.csv",
        "manifest.json",
        "metrics.prom",
        "report.html",
        "report.json",
        "report.md",
        "secrets.csv",
    ];
    assert_eq!(names_in(&latest), files, "no name of a file comes from the API");
    assert_eq!(names_in(&setup.out()), [".lock", RUN, "latest"]);
    assert_eq!(names_in(setup.home()), ["config.toml", "out"]);
    for file in ["secrets.csv", "dependents.csv"] {
        csv_rows(&fs_err::read(latest.join(file)).unwrap(), b',');
    }
    html_page(&fs_err::read_to_string(latest.join("report.html")).unwrap());
    markdown_tables(&fs_err::read_to_string(latest.join("report.md")).unwrap())
}

#[tokio::test]
async fn in_csv_every_name_is_one_cell_that_nothing_runs_and_that_gives_it_back() {
    let simulator = Simulator::start(world()).await.unwrap();
    let (setup, outcome) = run_over(&simulator).await;
    assert_eq!(outcome.code(), 0, "{outcome:?}");
    reads_back(&setup);
    let latest = setup.out().join("latest");
    let secrets = csv_rows(&fs_err::read(latest.join("secrets.csv")).unwrap(), b',');
    let name = column(&secrets, "secret_name");
    let shown: Vec<String> = secrets[1..].iter().map(|row| unescaped(&row[name])).collect();
    let twice: Vec<String> = sorted_names().into_iter().flat_map(|name| [name.clone(), name]).collect();
    assert_eq!(shown, twice);

    let dependents = csv_rows(&fs_err::read(latest.join("dependents.csv")).unwrap(), b',');
    for (kind, columns) in [
        ("tool", &["dependent_name", "access_level"][..]),
        ("agent", &["dependent_name"]),
        ("phone_number", &["dependent_name", "phone_number", "provider"]),
        ("mcp_server", &["dependent_name"]),
        ("other", &["dependent_id"]),
        ("environment_variable", &["dependent_name", "via"]),
        ("speech_engine", &["dependent_name"]),
    ] {
        for (position, expected) in names().iter().enumerate() {
            let (id, dependent_type) =
                (column(&dependents, "secret_id"), column(&dependents, "dependent_type"));
            let of = |row: &&Vec<String>| row[id] == used(position) && row[dependent_type] == kind;
            for name in columns {
                let cells = || dependents.iter().filter(of).map(|row| &row[column(&dependents, name)]);
                assert!(cells().any(|cell| unescaped(cell) == *expected), "{kind} {name} {expected:?}");
            }
        }
    }
}

#[tokio::test]
async fn in_markdown_every_name_is_in_its_cell_as_what_it_is() {
    let simulator = Simulator::start(world()).await.unwrap();
    let (setup, _) = run_over(&simulator).await;
    let tables = reads_back(&setup);
    let unused =
        tables.iter().find(|table| table[0].get(3).is_some_and(|column| column == "Unused since")).unwrap();
    let shown: Vec<&str> = unused[1..].iter().map(|row| row[1].trim()).collect();
    let expected: Vec<String> = sorted_names()
        .iter()
        .map(|name| match show_hidden(name, &[]).trim() {
            "" if name.is_empty() => "(none)".to_owned(),
            shown => shown.to_owned(),
        })
        .collect();
    assert_eq!(shown, expected);
    let markdown = fs_err::read_to_string(setup.out().join("latest/report.md")).unwrap();
    assert!(markdown.len() < 410_000, "{}", markdown.len());
}

#[tokio::test]
async fn in_json_every_name_is_as_it_came() {
    let simulator = Simulator::start(world()).await.unwrap();
    let (setup, _) = run_over(&simulator).await;
    let report = read_json(&setup.out().join("latest/report.json"));
    let secrets = report["workspaces"][0]["secrets"].as_array().unwrap();
    for (position, name) in names().iter().enumerate() {
        let one = secrets.iter().find(|one| one["secret_id"] == used(position)).unwrap();
        assert_eq!(one["name"], *name);
        let dependents = one["dependents"].as_array().unwrap();
        let has = |field: &str, value: &str| dependents.iter().any(|one| one[field] == value);
        assert!(has("name", name) && has("access_level", name), "{name:?}");
        assert!(has("phone_number", name) && has("provider", name), "{name:?}");
        assert!(has("type", &format!("{name} list")), "{name:?}");
        assert!(
            dependents.iter().any(|one| one["via"].as_array().is_some_and(|ids| ids.contains(&json!(name)))),
            "{name:?}"
        );
    }
}

#[tokio::test]
async fn what_a_hostile_server_says_breaks_no_report() {
    let simulator = failing().await;
    let (setup, outcome) = run_over(&simulator).await;
    assert_eq!(outcome.code(), 3);
    reads_back(&setup);
    let report = read_json(&setup.out().join("latest/report.json"));
    let verdicts = report["workspaces"][0]["totals"]["undetermined"].as_u64().unwrap();
    assert!(verdicts as usize >= names().len(), "{verdicts}");
}

async fn said(simulator: &Simulator, arguments: &[&str]) -> Output {
    let setup = Setup::of(simulator);
    let mut binary = setup.audit();
    binary.args(arguments);
    finish(binary).await
}

#[tokio::test]
async fn on_a_terminal_every_name_is_on_its_line() {
    let simulator = Simulator::start(world()).await.unwrap();
    for colour in ["always", "never"] {
        let output = said(&simulator, &["--color", colour]).await;
        assert_eq!(code(&output), 0);
        let lines = terminal_lines(text(&output.stdout));
        let of = lines.iter().filter(|line| line.contains("sec_stale_")).count();
        assert_eq!(of, 20, "as many as are named, each on one line: {lines:?}");
        assert!(lines.iter().any(|line| line.contains(&format!("… and {} more", names().len() - 20))));
    }
}

#[tokio::test]
async fn an_incomplete_night_is_told_on_a_terminal_line_by_line() {
    let simulator = failing().await;
    let output = said(&simulator, &["--color", "always"]).await;
    assert_eq!(code(&output), 3);
    let lines = terminal_lines(text(&output.stdout));
    assert!(lines.iter().any(|line| line.starts_with("not read whole")), "{lines:?}");
}
