//! Every command of this program that the documentation shows is run, against a simulated API and two earlier nights, and ends
//! well; and what the first page shows of it is what it prints.

use std::{
    path::{Path, PathBuf},
    process::Output,
};

use clap::Parser;
use elevenlabs_secrets_audit::cli::Cli;
use simulator::{Secret, Simulator};

use crate::{
    nights::run_at,
    support::{BINARY, Setup, binary_in, code, finish, serve, text},
};

const PROGRAM: &str = "elevenlabs-secrets-audit";

const PAGES: [&str; 12] = [
    "README.md",
    "CONTRIBUTING.md",
    "deploy/README.md",
    "docs/comparison.md",
    "docs/configuration.md",
    "docs/evidence.md",
    "docs/exit-codes.md",
    "docs/guide.md",
    "docs/reports.md",
    "docs/security.md",
    "docs/troubleshooting.md",
    "docs/verdicts.md",
];

/// What is not run here, and why.
const NOT_RUN: [(&str, &str); 1] =
    [("elevenlabs-secrets-audit init", "asks a person; init::on_a_terminal_it_asks answers it")];

/// What stands on a page for something on the reader's machine, and what a test has in its place.
const IN_PLACE_OF: [(&str, &str); 7] = [
    ("cargo run --release --", PROGRAM),
    ("/etc/elevenlabs-secrets-audit/config.toml", "config.toml"),
    ("/etc/secrets-audit.toml", "config.toml"),
    ("/var/lib/secrets-audit", "reports"),
    ("reports/A", "reports/2026-11-22T02-00-00Z"),
    ("reports/B", "reports/2026-11-23T02-00-00Z"),
    // Long past, as today may be earlier than what the pages show.
    ("2026-11-2", "2016-11-2"),
];

fn page(file: &str) -> String {
    fs_err::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

/// The lines of this program in the page's blocks of shell, without comments after them.
fn commands(page: &str) -> Vec<String> {
    let (mut commands, mut is_shell) = (Vec::new(), false);
    for line in page.replace("\\\n", " ").lines().map(str::trim) {
        if let Some(language) = line.strip_prefix("```") {
            is_shell = language == "sh";
        } else if is_shell && (line.starts_with(PROGRAM) || line.starts_with(IN_PLACE_OF[0].0)) {
            commands
                .push(line.split("  #").next().unwrap().trim_end().split(" # ").next().unwrap().to_owned());
        }
    }
    commands
}

/// A home with a configuration, two nights under `reports`, and the program in its `PATH`.
async fn home(simulator: &Simulator) -> Setup {
    let mut setup = Setup::of(simulator);
    setup.arguments.out = Some(setup.home().join("reports"));
    for begins in ["2016-11-22T02:00:00Z", "2016-11-23T02:00:00Z"] {
        let outcome = run_at(&setup, begins).await;
        assert_eq!(outcome.code(), 0, "{outcome:?}");
    }
    fs_err::create_dir(setup.home().join("bin")).unwrap();
    std::os::unix::fs::symlink(BINARY, setup.home().join("bin").join(PROGRAM)).unwrap();
    setup.write_config();
    setup
}

async fn run(setup: &Setup, simulator: &Simulator, command: &str) -> Output {
    let path: PathBuf = std::env::var_os("PATH").unwrap_or_default().into();
    let mut shell = assert_cmd::Command::new("sh");
    shell.args(["-c", command]).env_clear().current_dir(setup.home()).env("HOME", setup.home());
    // The keys that the configuration names.
    shell.envs(setup.binary("check").get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.env("PATH", format!("{}/bin:{}", setup.home().display(), path.display()));
    shell.env("ELEVENLABS_API_KEY", "sk_simulated_key");
    shell.env("ELEVENLABS_BASE_URL", simulator.base_url().as_str());
    finish(shell).await
}

#[tokio::test]
async fn every_command_that_the_documentation_shows_ends_well() {
    let simulator = serve(vec![Secret::new("sec", "key").with_tools(1)]).await;
    let (mut ran, mut left_out) = (0, Vec::new());
    for file in PAGES {
        // One home for each page, whose commands are run in their order, as a reader would.
        let setup = home(&simulator).await;
        for command in commands(&page(file)) {
            if let Some((shown, _)) = NOT_RUN.iter().find(|(shown, _)| *shown == command) {
                left_out.push(*shown);
                continue;
            }
            let command =
                IN_PLACE_OF.iter().fold(command, |command, (shown, here)| command.replace(shown, here));
            let output = run(&setup, &simulator, &command).await;
            assert_eq!(code(&output), 0, "{file}: {command}: {}", text(&output.stderr));
            ran += 1;
        }
    }
    assert!(ran >= 20, "they are found: {ran}");
    for (shown, why) in NOT_RUN {
        assert!(left_out.contains(&shown), "{shown} is on no page any more ({why})");
    }
}

#[test]
fn every_command_in_the_midst_of_a_sentence_is_one() {
    let mut found = 0;
    for file in PAGES {
        let page = page(file).replace('\n', " ");
        for span in page.split('`').filter(|span| span.starts_with(&format!("{PROGRAM} "))) {
            let words = span.split_whitespace();
            let problem = Cli::try_parse_from(words).err().map(|error| error.kind());
            // Help is an error of that kind.
            let is_command = problem.is_none_or(|kind| kind == clap::error::ErrorKind::DisplayHelp);
            assert!(is_command, "{file}: {span}: {problem:?}");
            found += 1;
        }
    }
    assert!(found >= 5, "{found}");
}

/// The text without its dates, which are those of the night.
fn undated(text: &str) -> String {
    let is_date = |text: &str| {
        let form = "dddd-dd-dd".bytes();
        text.len() >= 10
            && text
                .bytes()
                .zip(form)
                .all(|(byte, form)| if form == b'd' { byte.is_ascii_digit() } else { byte == form })
    };
    let (mut undated, mut rest) = (String::new(), text);
    while let Some(character) = rest.chars().next() {
        if is_date(rest) {
            undated.push_str("DATE");
            rest = rest.trim_start_matches(|character: char| {
                character.is_ascii_digit() || "-TZ".contains(character)
            });
        } else {
            undated.push(character);
            rest = &rest[character.len_utf8()..];
        }
    }
    undated
}

#[test]
fn the_first_page_shows_what_the_demo_prints() {
    let readme = page("README.md");
    let shown = readme.split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let home = tempfile::tempdir().unwrap();
    let output = binary_in(home.path()).args(["audit", "--demo"]).output().unwrap();
    assert_eq!(undated(text(&output.stdout)), undated(shown));
}
