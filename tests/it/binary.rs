//! The binary from its command line to its streams and exit code.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use simulator::Secret;
use tempfile::TempDir;

use crate::{
    bundle::{Bundle, names_in},
    support::{BINARY, Setup, behind, binary_in, code, finish, serve, text},
};

/// An empty home.
fn home() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// Runs the binary with these arguments and variables in an empty home.
fn run_with(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let home = home();
    binary_in(home.path()).args(arguments).envs(variables.iter().copied()).output().unwrap()
}

/// Runs the binary with these arguments in an empty home.
fn run(arguments: &[&str]) -> Output {
    run_with(arguments, &[])
}

/// Runs `audit` with these further arguments over a workspace with one secret that nothing uses.
async fn audit(arguments: &[&str], variables: &[(&str, &str)]) -> Output {
    let simulator = serve(vec![Secret::new("sec", "stale-key")]).await;
    let setup = Setup::of(&simulator);
    let mut binary = setup.audit();
    binary.args(arguments).envs(variables.iter().copied());
    finish(binary).await
}

#[test]
fn the_demo_needs_nothing_ends_complete_and_publishes_apart_from_real_audits() {
    let home = home();
    let output = binary_in(home.path()).args(["audit", "--demo"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    let summary = text(&output.stdout);
    assert!(summary.contains("COMPLETE") && !summary.contains("INCOMPLETE"), "{summary}");
    assert!(summary.contains("unused") && summary.contains("reports/demo/"), "{summary}");
    assert_eq!(names_in(home.path()), ["reports"]);
    assert_eq!(names_in(&home.path().join("reports")), ["demo"]);
    let latest = home.path().join("reports/demo/latest");
    assert!(fs_err::read_to_string(latest.join("report.md")).unwrap().contains("COMPLETE"));
    assert_eq!(Bundle::read(&latest).json["workspaces"][0]["address"], "embedded simulator");
}

#[test]
fn the_demo_shows_everything_that_the_reports_can_show() {
    let home = home();
    binary_in(home.path()).args(["audit", "--demo", "--out", "out"]).output().unwrap();
    let bundle = Bundle::read(&home.path().join("out/latest"));
    assert!(bundle.is_complete());
    let figures = &bundle.workspace()["figures"];
    for number in ["list_pages", "higher_limit_pages", "dependency_pages"] {
        assert!(figures[number].as_u64().unwrap() > 1, "{number}: {figures}");
    }
    let some = |column: &str, value: &str| bundle.dependents.iter().any(|row| row[column] == value);
    assert!(some("visibility", "unknown") && some("relation", "transitive"));
    for kind in [
        "tool",
        "agent",
        "phone_number",
        "mcp_server",
        "other",
        "environment_variable",
        "speech_engine",
        "setting",
    ] {
        assert!(some("dependent_type", kind), "{kind}");
    }
    let verdicts = |verdict: &str| bundle.secrets.iter().filter(|row| row["verdict"] == verdict).count();
    assert!(verdicts("unused") > 0 && verdicts("in_use") > 100);
    assert!(bundle.secrets.iter().any(|row| row["agents"].parse::<u32>().unwrap() > 100));
}

#[test]
fn a_degraded_demo_is_published_as_incomplete_and_calls_nothing_unused() {
    let home = home();
    let output =
        binary_in(home.path()).args(["audit", "--demo=degraded", "--fail-on", "unused"]).output().unwrap();
    assert_eq!(code(&output), 3, "{}", text(&output.stderr));
    assert!(text(&output.stdout).starts_with("INCOMPLETE"), "{}", text(&output.stdout));
    let bundle = Bundle::read(&home.path().join("reports/demo/latest"));
    let verdicts = |verdict: &str| bundle.secrets.iter().filter(|row| row["verdict"] == verdict).count();
    assert_eq!(verdicts("unused"), 0);
    assert!(verdicts("undetermined") > 0 && !bundle.is_complete());
}

#[test]
fn the_demo_ignores_keys_proxies_addresses_and_configured_workspaces() {
    let home = home();
    let config = "[[workspace]]\nname = \"real\"\napi_key_env = \"UNSET\"\n[report]\ndir = \"real\"\n\
                  [audit]\nsearch = \"STRIPE\"\n";
    fs_err::write(home.path().join("config.toml"), config).unwrap();
    let mut binary = binary_in(home.path());
    for proxy in ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"] {
        binary.env(proxy, "http://127.0.0.1:1");
    }
    binary.envs([("ELEVENLABS_API_KEY", "not a key\u{1}"), ("ELEVENLABS_BASE_URL", "nowhere")]);
    let output = binary.args(["audit", "--demo", "--config", "config.toml"]).output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert_eq!(names_in(home.path()), ["config.toml", "reports"]);
    let bundle = Bundle::read(&home.path().join("reports/demo/latest"));
    assert_eq!(bundle.json["workspaces"][0]["name"], "demo");
    assert_eq!(bundle.json["parameters"]["search"], "STRIPE", "how to audit is still taken from the file");
}

#[test]
fn the_demo_has_an_address_of_its_own() {
    for flag in [["--base-url", "https://example.com"], ["--region", "us"]] {
        let output = run(&["audit", "--demo", flag[0], flag[1]]);
        assert_eq!((code(&output), text(&output.stdout)), (2, ""));
        assert!(text(&output.stderr).contains(flag[0]), "{}", text(&output.stderr));
    }
}

#[test]
fn without_a_key_it_says_what_to_set_and_where_to_get_it() {
    for variables in [&[][..], &[("ELEVENLABS_API_KEY", "")], &[("ELEVENLABS_API_KEY", "  ")]] {
        let home = home();
        let output = binary_in(home.path()).args(["audit"]).envs(variables.iter().copied()).output().unwrap();
        assert_eq!((code(&output), text(&output.stdout)), (2, ""));
        let message = text(&output.stderr);
        for part in ["ELEVENLABS_API_KEY", "--demo", "https://elevenlabs.io/", "convai_read"] {
            assert!(message.contains(part), "{part}: {message}");
        }
        assert_eq!(names_in(home.path()), [""; 0], "and makes nothing");
    }
}

#[test]
fn help_lists_every_exit_code() {
    for arguments in [&["--help"][..], &["audit", "--help"], &["check", "--help"], &["verify", "--help"]] {
        let output = run(arguments);
        assert_eq!(code(&output), 0);
        let help = text(&output.stdout);
        let codes = help.split("Exit codes:").nth(1).unwrap();
        let listed: Vec<&str> = codes.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(listed, ["0", "1", "2", "3", "4", "5", "6", "7", "8", "10", "130", "143"]);
    }
}

#[test]
fn what_cannot_be_understood_is_code_2_and_says_so_on_stderr() {
    for arguments in [
        &[][..],
        &["audit", "--nonsense"],
        &["nonsense"],
        &["audit", "-q", "-v"],
        &["audit", "--demo", "--format", "pdf"],
        &["audit", "--demo", "--fail-on", "everything"],
        &["audit", "--region", "mars"],
        &["audit", "--base-url", "https://a.example", "--region", "us"],
        &["audit", "--demo", "--concurrency", "0"],
        &["audit", "--demo", "--dependency-limit", "101"],
        &["audit", "--demo", "--config", "missing.toml"],
        &["audit", "--api-key", "sk_key"],
        &["completions", "tcl"],
    ] {
        let output = run(arguments);
        assert_eq!((code(&output), text(&output.stdout)), (2, ""), "{arguments:?}");
        assert!(!output.stderr.is_empty(), "{arguments:?}");
    }
}

#[tokio::test]
async fn quiet_says_nothing_at_all() {
    let output = audit(&["-q"], &[]).await;
    assert_eq!((code(&output), text(&output.stdout), text(&output.stderr)), (0, "", ""));
}

#[tokio::test]
async fn the_summary_is_on_stdout_and_how_it_went_on_stderr() {
    let output = audit(&[], &[]).await;
    assert_eq!(code(&output), 0);
    let (summary, log) = (text(&output.stdout), text(&output.stderr));
    assert!(summary.starts_with("COMPLETE") && summary.contains("unused (1)"), "{summary}");
    assert!(summary.contains("stale-key"), "{summary}");
    assert!(log.contains("page of secrets read") && !log.contains("COMPLETE"), "{log}");
}

#[tokio::test]
async fn each_v_says_more() {
    let lines = async |arguments: &[&str]| text(&audit(arguments, &[]).await.stderr).lines().count();
    let (plain, trace) = (lines(&[]).await, lines(&["-vv"]).await);
    assert!(plain < trace, "{plain} {trace}");
}

#[tokio::test]
async fn colours_follow_the_flag_first_and_no_color_then() {
    let coloured = async |arguments: &[&str], variables: &[(&str, &str)]| {
        let output = audit(arguments, variables).await;
        let colour = |stream: &[u8]| text(stream).contains('\u{1b}');
        (colour(&output.stdout), colour(&output.stderr))
    };
    assert_eq!(coloured(&[], &[]).await, (false, false), "no terminal");
    assert_eq!(coloured(&["--color", "always"], &[]).await, (true, true));
    let force = ("CLICOLOR_FORCE", "1");
    assert_eq!(coloured(&[], &[force]).await, (true, true));
    assert_eq!(coloured(&[], &[force, ("NO_COLOR", "1")]).await, (false, false));
    assert_eq!(coloured(&["--color", "never"], &[force]).await, (false, false));
}

#[tokio::test]
async fn log_lines_as_json_are_one_object_each() {
    for arguments in [&["--log-format", "json"][..], &["--log-format", "json", "-vv"]] {
        let output = audit(arguments, &[]).await;
        assert_eq!(code(&output), 0);
        let lines: Vec<Value> =
            text(&output.stderr).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert!(!lines.is_empty());
        for line in &lines {
            assert!(line["level"].is_string() && line["timestamp"].is_string(), "{line}");
            assert!(line["fields"]["message"].is_string(), "{line}");
        }
    }
}

#[test]
fn completions_are_a_script_for_the_shell() {
    for shell in ["bash", "zsh", "fish"] {
        let output = run(&["completions", shell]);
        assert_eq!(code(&output), 0);
        let script = text(&output.stdout);
        assert!(script.contains("elevenlabs-secrets-audit") && script.contains("fail-on"), "{shell}");
    }
    let home = home();
    let script = home.path().join("completions");
    fs_err::write(&script, run(&["completions", "bash"]).stdout).unwrap();
    if let Ok(checked) = Command::new("bash").arg("-n").arg(&script).output() {
        assert!(checked.status.success(), "{}", text(&checked.stderr));
    } else {
        println!("SKIPPED: no bash to read the script");
    }
}

/// What a shell that reads the script of completions says to a line that is typed in it, with Tab where `\t` is. In place of
/// the program stands a function that shows its arguments. `None` where there is no bash, or no terminal to be had.
fn typed_in_bash(line: &str) -> Option<String> {
    let home = home();
    fs_err::write(home.path().join("completions"), run(&["completions", "bash"]).stdout).unwrap();
    let rc = "PS1='ready> '; bind 'set bell-style none'; source ./completions\n\
              elevenlabs-secrets-audit() { printf '<%s>' \"$@\"; echo; }\n";
    fs_err::write(home.path().join("rc"), rc).unwrap();
    let mut shell = Command::new("script");
    shell.args(["--quiet", "--return", "--command", "bash --noprofile --rcfile rc -i", "/dev/null"]);
    shell.env_clear().env("PATH", std::env::var_os("PATH")?).env("TERM", "dumb").current_dir(home.path());
    let mut shell = shell.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().ok()?;
    let (mut keys, mut screen) = (shell.stdin.take()?, BufReader::new(shell.stdout.take()?));
    let mut shown = Vec::new();
    // A key that is pressed before the shell is ready might not be taken for one.
    while !shown.ends_with(b"ready> ") {
        if screen.read_until(b' ', &mut shown).ok()? == 0 {
            return None;
        }
    }
    keys.write_all(format!("elevenlabs-secrets-audit {line}\nexit\n").as_bytes()).ok()?;
    let mut shown = Vec::new();
    screen.read_to_end(&mut shown).ok()?;
    shell.wait().ok()?;
    let shown = String::from_utf8_lossy(&shown).into_owned();
    let said = shown.lines().find(|line| line.starts_with('<')).map(|line| line.trim_end().to_owned());
    Some(said.unwrap_or(shown))
}

#[test]
fn tab_completes_in_bash_after_every_subcommand() {
    for (line, expected) in [
        ("aud\t--demo", "<audit><--demo>"),
        ("audit --fail-o\tunused", "<audit><--fail-on><unused>"),
        ("audit --fail-on expired-w\t", "<audit><--fail-on><expired-waiver>"),
        ("audit --region eu\t--quie\t", "<audit><--region><eu-residency><--quiet>"),
        ("check --conf\tfile", "<check><--config><file>"),
        ("verify --ou\tdir", "<verify><--out><dir>"),
        ("history --form\tcs\t", "<history><--format><csv>"),
        ("diff --verb\t", "<diff><--verbose>"),
        ("render bundle --for\tmark\t", "<render><bundle><--format><markdown>"),
        ("init --ye\t", "<init><--yes>"),
        ("schema --qui\t", "<schema><--quiet>"),
        ("completions --log-f\t", "<completions><--log-format>"),
        ("man --colo\tnev\t", "<man><--color><never>"),
        ("--log-form\tjs\taud\t", "<--log-format><json><audit>"),
        ("help sch\t", "<help><schema>"),
    ] {
        let Some(said) = typed_in_bash(line) else {
            println!("SKIPPED: no bash on a terminal to press Tab in");
            return;
        };
        assert_eq!(said, expected, "{line}");
    }
}

#[tokio::test]
async fn fail_on_unused_ends_with_10_only_where_the_audit_is_complete_and_finds_one() {
    let unused = || Secret::new("sec_0", "unused");
    for (secrets, expected) in [
        (vec![unused()], 10),
        (vec![unused(), Secret::new("sec_1", "cut").with_mcp_servers(100)], 3),
        (vec![Secret::new("sec_0", "used").with_tools(1)], 0),
        (vec![], 0),
    ] {
        let simulator = serve(secrets).await;
        let setup = Setup::of(&simulator).section("[audit]\nallow_empty = true");
        let mut binary = setup.audit();
        binary.args(["--fail-on", "unused"]);
        assert_eq!(code(&finish(binary).await), expected);
        assert!(setup.out().join("latest").join("report.json").exists(), "published all the same");
    }
}

/// Runs the demo with this as its stdout, of which nobody reads anything. It publishes, and ends with code 0.
fn demo_says_nothing_to(stdout: Stdio) {
    let home = home();
    let mut command = Command::new(BINARY);
    command.env_clear().args(["audit", "--demo", "--out", "out"]).current_dir(home.path());
    let mut child = command.stdin(Stdio::null()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
    assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
    assert!(home.path().join("out/latest/manifest.json").exists());
}

#[test]
fn a_reader_that_goes_away_changes_nothing() {
    demo_says_nothing_to(Stdio::piped());
}

#[test]
fn a_full_stdout_changes_nothing() {
    demo_says_nothing_to(File::options().write(true).open("/dev/full").unwrap().into());
}

#[test]
fn a_machine_without_certificates_is_no_obstacle_to_the_demo() {
    let home = home();
    let mut demo = binary_in(home.path());
    demo.args(["audit", "--demo", "--out", "out"])
        .env("SSL_CERT_FILE", "/nowhere")
        .env("SSL_CERT_DIR", "/nowhere");
    let output = demo.output().unwrap();
    assert_eq!(code(&output), 0, "{}", text(&output.stderr));
}

#[test]
fn a_full_stderr_changes_nothing() {
    for form in ["text", "json"] {
        let home = home();
        let mut demo = binary_in(home.path());
        demo.args(["audit", "--demo", "--out", "out", "--log-format", form]);
        let full = behind(&["sh", "-c", r#"exec "$0" "$@" 2>/dev/full"#], Path::new(BINARY), &demo)
            .output()
            .unwrap();
        assert_eq!(code(&full), 0);
        assert!(home.path().join("out/latest/manifest.json").exists());
    }
}

#[test]
fn a_stdout_that_was_closed_before_changes_nothing() {
    let home = home();
    let mut demo = binary_in(home.path());
    demo.args(["audit", "--demo", "--out", "out"]);
    let closed = behind(&["sh", "-c", r#"exec "$0" "$@" >&-"#], Path::new(BINARY), &demo).output().unwrap();
    assert_eq!(code(&closed), 0, "{}", text(&closed.stderr));
    assert!(home.path().join("out/latest/manifest.json").exists());
}

#[test]
fn the_version_is_the_one_of_the_package() {
    let output = run(&["--version"]);
    assert_eq!(text(&output.stdout), format!("elevenlabs-secrets-audit {}\n", env!("CARGO_PKG_VERSION")));
}
