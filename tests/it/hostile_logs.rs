//! Log lines when the workspace and the server are hostile: one event is one line, and nothing in it is hidden.

use std::process::Output;

use serde_json::Value;

use crate::{
    hostile::failing,
    inert::terminal_lines,
    support::{Setup, code, finish, text},
};

async fn logged(arguments: &[&str]) -> Output {
    let simulator = failing().await;
    let setup = Setup::of(&simulator);
    let mut audit = setup.audit();
    audit.args(["-vv"]).args(arguments);
    let output = finish(audit).await;
    assert_eq!(code(&output), 3);
    output
}

#[tokio::test]
async fn as_text_each_begins_with_its_time_whatever_it_quotes() {
    for colour in ["always", "never"] {
        let output = logged(&["--color", colour]).await;
        let lines = terminal_lines(text(&output.stderr));
        assert!(lines.iter().any(|line| line.contains("not whole")), "{lines:?}");
        for line in lines {
            let (time, rest) = line.split_once(' ').unwrap();
            assert!(chrono::DateTime::parse_from_rfc3339(time).is_ok(), "{line:?}");
            let level = rest.split_whitespace().next().unwrap();
            assert!(["TRACE", "DEBUG", "INFO", "WARN", "ERROR"].contains(&level), "{line:?}");
        }
    }
}

#[tokio::test]
async fn as_json_each_is_one_object_and_what_it_quotes_is_there_as_it_came() {
    let output = logged(&["--log-format", "json"]).await;
    let lines = terminal_lines(text(&output.stderr));
    let events: Vec<Value> = lines.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    let quotes = |name: &str| events.iter().any(|event| event["fields"]["list"] == format!("{name} list"));
    for name in ["\u{202e}exe.txt", "a\u{2028}b\u{2029}c", "\u{9b}31m", "a|b", "\u{feff}a"] {
        assert!(quotes(name), "{name:?}");
    }
}
