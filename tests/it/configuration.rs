//! `docs/configuration.md` is what `config.example.toml` and the command line say.
//!
//! After a change to either: `UPDATE_DOCS=1 cargo test --test it configuration`

use std::{fmt::Write as _, path::Path};

use clap::CommandFactory;
use elevenlabs_secrets_audit::cli::Cli;

const PAGE: &str = "docs/configuration.md";

const INTRODUCTION: &str = "\
<!-- Made of config.example.toml and the command line: UPDATE_DOCS=1 cargo test --test it configuration -->

# Configuration

Without a file the job runs by defaults and the environment. `elevenlabs-secrets-audit init` writes one with every
setting explained; [config.example.toml](../config.example.toml) is the same with all defaults. A file is read only where
`--config FILE` names it, and relative paths in it are relative to it; in one that comes as a stream (`/dev/stdin`, or `<(…)` of a
shell) they are relative to the working directory.

**A flag outranks the file, and the file the default.** The environment's `ELEVENLABS_API_KEY` and `ELEVENLABS_BASE_URL`
serve a workspace that names no key or address of its own.
`elevenlabs-secrets-audit check --config FILE` shows every setting with its value and where that came from. A setting that
there is not, or a value out of bounds, is code 2, and nothing is sent.

The key is never a flag, so that it shows in no list of processes.

## Variables

| variable | what |
|---|---|
| `ELEVENLABS_API_KEY` | the key of a workspace that names none |
| `ELEVENLABS_BASE_URL` | the address of a workspace that names none |
| `CREDENTIALS_DIRECTORY` | where a relative `api_key_file` is sought first; systemd sets it |
| `HTTPS_PROXY`, `ALL_PROXY` (also in small letters) | the proxy, the first of them that is not empty; this machine itself, and what is asked by `http://`, is never reached through one |
| `NO_PROXY` (also in small letters) | what is reached without it: `host` with all names below it, also as `.host` or `*.host`, addresses, each with `:port` or without; networks; `*` for everything |
| `SSL_CERT_FILE`, `SSL_CERT_DIR` | the authorities that TLS trusts |
| `NO_COLOR` | no colours |
";

/// A setting, or several that are explained together.
struct Entry {
    names: Vec<String>,
    values: Vec<String>,
    is_set: bool,
    meaning: String,
}

struct Section {
    table: String,
    introduction: String,
    entries: Vec<Entry>,
}

/// A line `key = value`, commented out or not.
fn setting(line: &str) -> Option<(&str, &str, bool)> {
    let is_set = !line.starts_with('#');
    let (key, value) = line.trim_start_matches("# ").split_once(" = ")?;
    let is_key = key.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    is_key.then_some((key, value, is_set))
}

fn sections(example: &str) -> Vec<Section> {
    let (mut sections, mut comment): (Vec<Section>, Vec<&str>) = (Vec::new(), Vec::new());
    let (_, settings) = example.split_once("\n\n").unwrap();
    // What the first lines say of the file itself belongs to no table.
    for line in settings.lines().skip_while(|line| !line.contains("One table for each workspace")) {
        let uncommented = line.trim_start_matches("# ");
        if let Some((key, value, is_set)) = setting(line) {
            let entries = &mut sections.last_mut().unwrap().entries;
            if comment.is_empty() {
                // Explained together with the one above.
                let above = entries.last_mut().unwrap();
                above.names.push(key.to_owned());
                above.values.push(value.to_owned());
            } else {
                let (names, values) = (vec![key.to_owned()], vec![value.to_owned()]);
                entries.push(Entry { names, values, is_set, meaning: comment.join(" ") });
            }
            comment.clear();
        } else if uncommented.starts_with('[') && uncommented.ends_with(']') {
            let introduction = std::mem::take(&mut comment).join(" ");
            sections.push(Section { table: uncommented.to_owned(), introduction, entries: Vec::new() });
        } else if !line.is_empty() {
            comment.push(uncommented);
        }
    }
    sections
}

/// Text as a cell has it.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn page() -> String {
    let example = fs_err::read_to_string(root().join("config.example.toml")).unwrap();
    let mut page = INTRODUCTION.to_owned();
    for Section { table, introduction, entries } in sections(&example) {
        write!(page, "\n## `{table}`\n\n").unwrap();
        if !introduction.is_empty() {
            write!(page, "{introduction}\n\n").unwrap();
        }
        page.push_str("| setting | default | meaning |\n|---|---|---|\n");
        for Entry { names, values, is_set, meaning } in entries {
            let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
            let distinct = values.iter().all(|value| *value == values[0]);
            assert!(distinct, "what is explained together has one default: {names:?}");
            let default = match is_set {
                true => format!("`{}`", cell(&values[0])),
                false => format!("not set; such as `{}`", cell(&values[0])),
            };
            writeln!(page, "| {} | {default} | {} |", names.join(", "), cell(&meaning)).unwrap();
        }
    }
    page.push_str("\n## Flags of `audit`\n\n| flag | what |\n|---|---|\n");
    let program = Cli::command();
    let audit = program.find_subcommand("audit").unwrap();
    for argument in audit.get_arguments() {
        let (Some(flag), Some(help)) = (argument.get_long(), argument.get_help()) else { continue };
        let value = argument.get_value_names().filter(|_| argument.get_action().takes_values());
        let value = match value {
            Some(names) if argument.is_require_equals_set() => format!("[={}]", names[0]),
            Some(names) => format!(" {}", names[0]),
            None => String::new(),
        };
        writeln!(page, "| `--{flag}{value}` | {} |", cell(&help.to_string())).unwrap();
    }
    page.push_str(
        "\n`elevenlabs-secrets-audit help` and `man elevenlabs-secrets-audit` have those of every command.\n",
    );
    page
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

#[test]
fn the_page_is_what_the_example_and_the_command_line_say() {
    let made = page();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs_err::write(root().join(PAGE), &made).unwrap();
    }
    let page = fs_err::read_to_string(root().join(PAGE)).unwrap();
    assert!(page == made, "{PAGE} is out of date: UPDATE_DOCS=1 cargo test --test it configuration");
}

#[test]
fn every_setting_of_the_example_is_on_the_page() {
    let example = fs_err::read_to_string(root().join("config.example.toml")).unwrap();
    let page = page();
    let settings: Vec<_> = example.lines().filter_map(setting).collect();
    assert!(settings.len() > 40, "{settings:?}");
    for (key, value, _) in settings {
        assert!(page.contains(&format!("`{key}`")), "{key}");
        assert!(page.contains(&cell(value)), "{key} = {value}");
    }
}
