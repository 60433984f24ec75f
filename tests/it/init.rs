//! `init`: what it asks, what it makes of the answers, and what it leaves alone.

use std::{
    path::Path,
    process::{Command, Output, Stdio},
};

use elevenlabs_secrets_audit::{
    config::{Config, Environment, Flags},
    init::{Answers, InitError, Key, ask, text as text_of},
};
use proptest::prelude::*;
use simulator::Secret;

use crate::{
    bundle::names_in,
    support::{BINARY, behind, binary_in, code, finish, serve, text},
};

/// What is said to these lines: the answers, and the questions as they were shown.
fn answered(lines: &str) -> (Result<Answers, InitError>, String) {
    let mut questions = Vec::new();
    let answers = ask(lines.as_bytes(), &mut questions);
    (answers, String::from_utf8(questions).unwrap())
}

/// What the configuration comes to that these answers make, where both variables and a key file are there.
fn resolved(answers: &Answers) -> Vec<(String, String)> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    fs_err::write(&path, text_of(answers)).unwrap();
    let key = home.path().join("key");
    fs_err::write(&key, "sk_key").unwrap();
    fs_err::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let get = |name: &str| name.ends_with("_KEY").then(|| "sk_key".into());
    let arguments = Flags { config: Some(path), ..Flags::default() };
    let settings = Config::resolve(arguments, &Environment::new(&get)).unwrap().settings;
    let home = home.path().to_str().unwrap();
    settings.into_iter().map(|one| (one.name, one.value.replace(&format!("{home}/"), ""))).collect()
}

fn value<'a>(settings: &'a [(String, String)], name: &str) -> &'a str {
    let found = settings.iter().find(|(one, _)| one == name);
    &found.unwrap_or_else(|| panic!("{name}: {settings:?}")).1
}

#[test]
fn the_answers_are_what_the_configuration_comes_to() {
    let (answers, _) = answered("production\neu-residency\nTEAM_KEY\n/srv/reports\n14\n");
    let settings = resolved(&answers.unwrap());
    assert_eq!(
        value(&settings, "workspace \"production\" address"),
        "https://api.eu.residency.elevenlabs.io/"
    );
    assert_eq!(value(&settings, "workspace \"production\" key"), "read from $TEAM_KEY");
    assert_eq!(value(&settings, "[report] dir"), "/srv/reports");
    assert_eq!(value(&settings, "[policy] unused_after_days"), "14");

    let (answers, _) = answered("a \"b\" \\c\nhttps://gateway.example/eleven\nkey\n\n\n");
    let settings = resolved(&answers.unwrap());
    let workspace = r#"workspace "a \"b\" \\c""#;
    assert_eq!(value(&settings, &format!("{workspace} address")), "https://gateway.example/eleven/");
    assert_eq!(value(&settings, &format!("{workspace} key")), "read from key");
}

#[test]
fn what_is_not_answered_is_the_default() {
    let (answers, questions) = answered("\n\n\n\n\n");
    let (answered, not_asked) = (resolved(&answers.unwrap()), resolved(&Answers::default()));
    assert_eq!(answered, not_asked);
    for default in ["[default]", "[global]", "[ELEVENLABS_API_KEY]", "[reports]", "[0]"] {
        assert!(questions.contains(default), "{default}: {questions}");
    }
    let home = tempfile::tempdir().unwrap();
    let example = home.path().join("config.toml");
    fs_err::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.toml"), &example).unwrap();
    let get = |name: &str| (name == "ELEVENLABS_API_KEY").then(|| "sk_key".into());
    let arguments = Flags { config: Some(example), ..Flags::default() };
    let example = Config::resolve(arguments, &Environment::new(&get)).unwrap().settings;
    assert_eq!(not_asked.len(), example.len());
    for setting in example.iter().filter(|setting| setting.name != "[report] dir") {
        assert_eq!(value(&not_asked, &setting.name), setting.value, "{}", setting.name);
    }
}

#[test]
fn an_answer_that_does_not_do_is_asked_again_with_the_reason_and_is_never_shown() {
    let of_old = "CA4A11".repeat(6)[..32].to_owned();
    let lines = format!(
        "sk_canary\n{of_old}\nproduction\nmars\nhttp://canary.example\nhttps://me:canary@a.example\nus\nsk_canary\n\
         {of_old}\n$CANARY_KEY\n~/canary\nTEAM_KEY\nre\u{7}ports\nsk_canary\n~canary/reports\nreports\nsoon\n-1\n3\n"
    );
    let (answers, questions) = answered(&lines);
    let answers = answers.unwrap();
    assert_eq!((answers.workspace.as_deref(), answers.place.as_deref()), (Some("production"), Some("us")));
    assert_eq!(answers.key, Some(Key::Variable("TEAM_KEY".to_owned())));
    assert_eq!((answers.dir.as_deref(), answers.grace_days), (Some("reports"), Some(3)));
    assert_eq!(questions.matches("only a shell knows").count(), 3, "{questions}");
    assert_eq!(questions.matches("looks like a key").count(), 5, "{questions}");
    assert!(!questions.to_lowercase().contains("canary") && !questions.contains(&of_old), "{questions}");
    for why in
        ["none of global", "in clear", "password", "never the key", "control characters", "number of days"]
    {
        assert!(questions.contains(why), "{why}: {questions}");
    }
}

#[test]
fn answers_that_end_too_early_make_nothing() {
    for lines in ["", "production\n", "production\nmars\n"] {
        assert!(matches!(answered(lines).0, Err(InitError::Ended)), "{lines:?}");
    }
}

proptest! {
    /// Whatever was answered is what a reader of TOML gets, and every other line is the example's.
    #[test]
    fn any_answer_stands_in_the_file_as_it_is(name in "\\PC{1,30}", dir in "\\PC{1,30}", days in any::<u32>()) {
        let answers = Answers {
            workspace: Some(name.clone()),
            dir: Some(dir.clone()),
            grace_days: Some(days),
            ..Answers::default()
        };
        let (made, untouched) = (text_of(&answers), text_of(&Answers::default()));
        let table: toml::Table = made.parse().unwrap();
        prop_assert_eq!(table["workspace"][0]["name"].as_str(), Some(name.as_str()));
        prop_assert_eq!(table["report"]["dir"].as_str(), Some(dir.as_str()));
        prop_assert_eq!(table["policy"]["unused_after_days"].as_integer(), Some(days.into()));
        let different = made.lines().zip(untouched.lines()).filter(|(made, untouched)| made != untouched);
        prop_assert!(different.count() <= 3);
        prop_assert_eq!(made.lines().count(), untouched.lines().count());
    }
}

#[tokio::test]
async fn with_yes_it_asks_nothing_and_the_two_commands_that_it_names_work() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    for file in ["config.toml", "with 'quotes' and spaces.toml", "-dash.toml"] {
        let home = tempfile::tempdir().unwrap();
        let mut init = binary_in(home.path());
        init.args(["init", "--yes", &format!("--out={file}")]);
        let output = finish(init).await;
        assert_eq!(code(&output), 0, "{}", text(&output.stderr));
        assert_eq!(names_in(home.path()), [file]);
        let written = fs_err::read_to_string(home.path().join(file)).unwrap();
        assert!(written.lines().filter(|line| line.starts_with("# ")).count() > 50, "it is explained");

        let said = text(&output.stdout);
        let commands: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  ")).collect();
        assert_eq!(commands.len(), 2, "{said}");
        for (command, subcommand) in commands.into_iter().zip(["check", "audit"]) {
            let rest = command.strip_prefix("elevenlabs-secrets-audit ").unwrap();
            assert!(rest.starts_with(subcommand), "{command}");
            let mut command = binary_in(home.path());
            command.env("ELEVENLABS_API_KEY", "sk_simulated_key");
            command.env("ELEVENLABS_BASE_URL", simulator.base_url().as_str());
            let script = format!("\"$0\" {rest}");
            let output = finish(behind(&["sh", "-c", &script], Path::new(BINARY), &command)).await;
            assert_eq!(code(&output), 0, "{rest}: {}", text(&output.stderr));
        }
    }
}

fn init(home: &Path, arguments: &[&str]) -> Output {
    binary_in(home).arg("init").args(arguments).write_stdin("\n\n\n\n\n").output().unwrap()
}

#[test]
fn what_is_there_stays_as_it_is() {
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("config.toml"), "mine").unwrap();
    std::os::unix::fs::symlink("nowhere", home.path().join("link.toml")).unwrap();
    fs_err::create_dir(home.path().join("directory")).unwrap();
    for out in ["config.toml", "link.toml", "directory"] {
        let output = init(home.path(), &["--yes", "--out", out]);
        assert_eq!((code(&output), text(&output.stdout)), (2, ""), "{out}");
        assert!(text(&output.stderr).contains("is there already"), "{}", text(&output.stderr));
    }
    assert_eq!(names_in(home.path()), ["config.toml", "directory", "link.toml"]);
    assert_eq!(fs_err::read_to_string(home.path().join("config.toml")).unwrap(), "mine");
}

#[test]
fn where_nobody_can_answer_it_says_so_and_writes_nothing() {
    let home = tempfile::tempdir().unwrap();
    let output = init(home.path(), &[]);
    assert_eq!((code(&output), text(&output.stdout)), (2, ""));
    assert!(text(&output.stderr).contains("--yes"), "{}", text(&output.stderr));
    assert!(names_in(home.path()).is_empty());
}

#[test]
fn a_file_that_cannot_be_written_is_code_6() {
    let home = tempfile::tempdir().unwrap();
    let output = init(home.path(), &["--yes", "--out", "missing/config.toml"]);
    assert_eq!(code(&output), 6);
    assert!(text(&output.stderr).contains("missing/config.toml"), "{}", text(&output.stderr));
}

#[test]
fn on_a_terminal_it_asks() {
    let home = tempfile::tempdir().unwrap();
    // Its standard input is the terminal that `script` makes.
    let child = Command::new("script")
        .args(["--quiet", "--return", "--command", &format!("{BINARY} init"), "/dev/null"])
        .current_dir(home.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("SKIPPED: there is no script(1), which makes a terminal");
        return;
    };
    // Kept open until it ends, as a person would.
    let mut keyboard = child.stdin.take().unwrap();
    std::io::Write::write_all(&mut keyboard, b"production\n\n\n\n7\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(code(&output), 0, "{shown}");
    assert!(shown.contains("[global]") && shown.contains("check --config config.toml"), "{shown}");
    let written: toml::Table =
        fs_err::read_to_string(home.path().join("config.toml")).unwrap().parse().unwrap();
    assert_eq!(written["workspace"][0]["name"].as_str(), Some("production"));
    assert_eq!(written["policy"]["unused_after_days"].as_integer(), Some(7));
}
