//! Standard output or error closed, full or with nobody at the other end: every command ends as it would have, but for those
//! whose answer stands nowhere else.

use std::{
    fs::File,
    path::Path,
    process::{Command, Stdio},
};

use simulator::Secret;

use crate::support::{BINARY, Setup, behind, binary_in, code, finish, serve, text};

/// What a shell does to the streams before the binary begins.
const REDIRECTIONS: [&str; 6] =
    [">&-", "2>&-", ">/dev/full", "2>/dev/full", ">&- 2>&-", ">/dev/full 2>/dev/full"];

/// The command behind a shell that does this to its streams.
fn redirected(redirection: &str, command: &assert_cmd::Command) -> assert_cmd::Command {
    let script = format!(r#"exec "$0" "$@" {redirection}"#);
    behind(&["sh", "-c", &script], Path::new(BINARY), command)
}

#[tokio::test]
async fn no_run_minds_streams_that_are_closed_or_full() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    let other = |arguments: &[&str]| {
        let mut command = binary_in(setup.home());
        command.args(arguments);
        command
    };
    for redirection in REDIRECTIONS {
        for (command, expected) in [
            (setup.audit(), 0),
            (setup.binary("check"), 0),
            (other(&["--help"]), 0),
            (other(&["audit", "--help"]), 0),
            (other(&["--version"]), 0),
            (other(&["audit", "--nonsense"]), 2),
            (other(&["audit", "--config", "missing.toml"]), 2),
        ] {
            let arguments: Vec<_> = command.get_args().map(ToOwned::to_owned).collect();
            let output = finish(redirected(redirection, &command)).await;
            assert_eq!(code(&output), expected, "{arguments:?} {redirection}: {}", text(&output.stderr));
            assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
        }
    }
    assert!(setup.out().join("latest/manifest.json").exists());
}

#[tokio::test]
async fn what_is_published_is_the_same_whoever_listens() {
    let simulator = serve(vec![Secret::new("sec", "key").with_tools(3)]).await;
    let files = |setup: &Setup| {
        // The others say when it was.
        fs_err::read(setup.out().join("latest/dependents.csv")).unwrap()
    };
    let listened = Setup::of(&simulator);
    assert_eq!(code(&finish(listened.audit()).await), 0);
    for redirection in REDIRECTIONS {
        let setup = Setup::of(&simulator);
        assert_eq!(code(&finish(redirected(redirection, &setup.audit())).await), 0);
        assert_eq!(files(&setup), files(&listened), "{redirection}");
    }
}

#[tokio::test]
async fn an_answer_that_is_nowhere_else_is_whole_or_code_6_unless_nobody_reads_on() {
    let simulator = serve(vec![Secret::new("sec", "key")]).await;
    let setup = Setup::of(&simulator);
    assert_eq!(setup.run().await.code(), 0);
    let (out, latest) = (setup.out(), setup.out().join("latest"));
    let (out, latest) = (out.to_str().unwrap(), latest.to_str().unwrap());
    for arguments in [
        &["completions", "bash"][..],
        &["man"],
        &["schema"],
        &["history", "--out", out],
        &["history", "--format", "csv", "--out", out],
        &["diff", latest, latest],
    ] {
        let mut command = binary_in(setup.home());
        command.args(arguments);
        let output = finish(redirected(">/dev/full", &command)).await;
        assert_eq!(code(&output), 6, "{arguments:?}");
        assert!(text(&output.stderr).contains("standard output"), "{}", text(&output.stderr));
        for redirection in [">&-", "2>/dev/full"] {
            assert_eq!(
                code(&finish(redirected(redirection, &command)).await),
                0,
                "{arguments:?} {redirection}"
            );
        }
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(BINARY);
        let status = command.args(arguments).stdout(writer).status().unwrap();
        assert_eq!(status.code(), Some(0), "{arguments:?}: who left has read enough");
    }
}

#[test]
fn a_reader_that_goes_away_is_no_panic() {
    for arguments in [&["--help"][..], &["audit", "--help"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let full = File::options().write(true).open("/dev/full").unwrap();
        for stdout in [Stdio::from(writer), full.into()] {
            let mut command = Command::new(BINARY);
            let child = command.args(arguments).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
            let output = child.wait_with_output().unwrap();
            assert_eq!(code(&output), 0, "{arguments:?}: {}", text(&output.stderr));
            assert!(!text(&output.stderr).contains("panicked"), "{}", text(&output.stderr));
        }
    }
}
