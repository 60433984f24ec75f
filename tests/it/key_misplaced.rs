//! A key where something else belongs: every flag, every setting, every variable refuses it with code 2, and shows none of
//! it. The flags are those of the command line, the settings those of the example.

use std::{collections::HashMap, path::Path};

use clap::CommandFactory;
use elevenlabs_secrets_audit::{
    cli::Cli,
    config::{Config, Environment, Flags},
};

use crate::support::{binary_in, code, serve, text};

/// What looks like a key: as they are now, as others begin, as they once were.
const LOOKALIKES: [&str; 3] =
    ["sk_5f3a9c1b2d4e6f708192a3b4c5d6e7f8", "xi-Zk3v9QmB7xT1pL5cR8wYz2", "7d1e5a90c3b24f68a1d0e9c8b7f65432"];

/// A key in use, which doesn't look like one.
const IN_USE: &str = "hunter2-hunter2";

/// What is said of each.
const REFUSAL: &str = "holds what looks like an API key, which is not shown";

/// Asserts that this shows nothing of a key.
fn assert_refused(what: &str, key: &str, said: &str) {
    for part in [&key[3..], &key[..key.len() - 3]] {
        assert!(!said.contains(part), "{what} shows the key: {said}");
    }
}

/// Runs the program with these arguments, and with a variable that holds the key in use.
fn refuses(home: &Path, arguments: &[String], key: &str) {
    let mut binary = binary_in(home);
    binary.args(arguments).env("ELEVENLABS_API_KEY", IN_USE).env("TEAM_TOKEN", "hunter3-hunter3");
    let output = binary.output().unwrap();
    let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
    assert_eq!(code(&output), 2, "{arguments:?}: {said}");
    assert_refused(&format!("{arguments:?}"), key, &said);
    let left: Vec<_> = fs_err::read_dir(home).unwrap().collect();
    assert!(left.is_empty(), "{arguments:?}: {left:?}");
}

#[test]
fn every_flag_and_every_argument_refuses_a_key() {
    let home = tempfile::tempdir().unwrap();
    let mut keys = LOOKALIKES.into_iter().chain([IN_USE]).cycle();
    let mut key = || keys.next().unwrap().to_owned();
    let program = Cli::command();
    let mut flags = 0;
    for command in program.get_subcommands() {
        let name = command.get_name().to_owned();
        for argument in command.get_arguments().chain(program.get_arguments()) {
            let key = key();
            let Some(flag) = argument.get_long().map(|flag| format!("--{flag}")) else {
                refuses(home.path(), &[name.clone(), key.clone()], &key);
                continue;
            };
            flags += 1;
            refuses(home.path(), &[name.clone(), format!("{flag}={key}")], &key);
            refuses(home.path(), &[name.clone(), flag, key.clone()], &key);
        }
        let (key, other) = (key(), key());
        refuses(home.path(), &[name.clone(), format!("--{key}")], &key);
        refuses(home.path(), &[name.clone(), format!("--api-key={other}")], &other);
        refuses(home.path(), &[name.clone(), "--format".to_owned(), format!("csv,{key}")], &key);
        // A directory may be named by 32 digits of its own.
        for key in [LOOKALIKES[0], LOOKALIKES[1], IN_USE] {
            refuses(home.path(), &[name.clone(), "--out".to_owned(), format!("/srv/{key}")], key);
        }
    }
    assert!(flags > 30, "{flags}");
    for key in LOOKALIKES.into_iter().chain([IN_USE]) {
        refuses(home.path(), &[key.to_owned()], key);
        refuses(home.path(), &[format!("--{key}")], key);
        refuses(home.path(), &["audit".to_owned(), "--search".to_owned(), key.to_owned()], key);
    }
}

#[test]
fn what_is_wrong_with_an_argument_is_not_said_where_a_variable_holds_it_too() {
    let home = tempfile::tempdir().unwrap();
    let unknown = "hunter3-hunter3";
    for arguments in [
        &["audit", "--region", unknown][..],
        &["audit", "--concurrency=hunter3-hunter3"],
        &["audit", unknown],
        &["completions", unknown],
        &[unknown],
    ] {
        let arguments: Vec<_> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        refuses(home.path(), &arguments, unknown);
    }
    let output = binary_in(home.path()).args(["audit", "--region", "mars"]).output().unwrap();
    assert!(text(&output.stderr).contains("'mars'"), "what is no key is named: {}", text(&output.stderr));
}

/// What `Config::resolve` makes of a file, where the key in use is in a variable that the file may name.
fn message(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    fs_err::write(&path, file).unwrap();
    fs_err::write(home.path().join("waivers.toml"), "").unwrap();
    let mut all = HashMap::from([("ELEVENLABS_API_KEY", "sk_key"), ("TEAM_TOKEN", IN_USE)]);
    all.extend(variables.iter().copied());
    let get = |name: &str| all.get(name).map(Into::into);
    let arguments = Flags { config: Some(path), ..Flags::default() };
    Config::resolve(arguments, &Environment::new(&get)).map_err(|error| error.to_string())
}

/// The tables of the example and their settings, those that are commented out too.
fn settings() -> Vec<(String, String)> {
    let example = fs_err::read_to_string("config.example.toml").unwrap();
    let (mut table, mut settings) = (String::new(), Vec::new());
    for line in example.lines().map(|line| line.trim_start_matches("# ")) {
        if line.starts_with('[') && line.ends_with(']') {
            table = line.to_owned();
        } else if let Some((name, _)) = line.split_once(" = ")
            && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
        {
            settings.push((table.clone(), name.to_owned()));
        }
    }
    assert!(settings.len() > 40, "{settings:?}");
    settings
}

/// A workspace with the key in use. Where the tested setting is of that table, it stands in a second one.
const WORKSPACE: &str = "[[workspace]]\nname = \"main\"\napi_key_env = \"TEAM_TOKEN\"\n";

#[test]
fn every_setting_refuses_a_key_in_every_form_of_value() {
    for key in LOOKALIKES.into_iter().chain([IN_USE]) {
        for (table, name) in settings() {
            for value in [
                format!("\"{key}\""),
                format!("'{key}'"),
                format!("\"\"\"{key}\"\"\""),
                format!("[\"{key}\"]"),
                format!("{{ a = \"{key}\" }}"),
                format!("{{ \"{key}\" = 1 }}"),
                format!("\"x,{key}\""),
                key.to_owned(),
                format!("\"{key}"),
                format!("[{key}]"),
            ] {
                let file = format!("{WORKSPACE}{table}\n{name} = {value}\n");
                let said = message(&file, &[]).map(drop).unwrap_err();
                // Ids may look so. What else is missing of that waiver is said.
                if name != "secret_id" || key == IN_USE {
                    assert_refused(&file, key, &said);
                    let is_toml = file.parse::<toml::Table>().is_ok();
                    assert!(!is_toml || said.contains(REFUSAL), "{file}: {said}");
                }
            }
            let unknown = format!("{WORKSPACE}{table}\n\"{key}\" = 1\n");
            assert_refused(&unknown, key, &message(&unknown, &[]).map(drop).unwrap_err());
        }
        for file in [
            format!("[{key}]\na = 1\n"),
            format!("[[{key}]]\na = 1\n"),
            format!("[audit]\n{key}\n"),
            format!("[audit]\n{key} = 1\n{key} = 2\n"),
            format!("[audit]\nsearch = \"a\"{key}\n"),
            format!("[[workspace]]\nname = \"w\"\n[[workspace]]\nname = {key}\n"),
            format!("[[workspace]]\nname = \"{key}\"\n[[workspace]]\nname = \"{key}\"\n"),
            format!("[[workspace]]\nname = \"w\"\nregion = \"{key}\"\n"),
        ] {
            let file = format!("{WORKSPACE}{file}");
            assert_refused(&file, key, &message(&file, &[]).map(drop).unwrap_err());
        }
    }
}

#[test]
fn where_a_key_belongs_or_an_id_of_a_secret_may_stand_it_is_not_refused() {
    let waiver = |id: &str| {
        format!(
            "{WORKSPACE}[[waiver]]\nsecret_id = \"{id}\"\nreason = \"r\"\nowner = \"o\"\nexpires = 2027-01-01\n"
        )
    };
    for id in LOOKALIKES {
        let config = message(&waiver(id), &[]).unwrap();
        assert_eq!(config.policy.waivers.unwrap()[0].secret_id, id);
    }
    let said = message(&waiver(IN_USE), &[]).map(drop).unwrap_err();
    assert!(said.contains("[[waiver]] secret_id") && said.contains(REFUSAL), "{said}");
    // Names of other kinds that come near.
    for name in
        ["sk_prod", "disk_0123456789012345678901234", "xi-an", "7d1e5a90c3b24f68a1d0e9c8b7f6543", "task_1"]
    {
        let file = format!(
            "[[workspace]]\nname = {name:?}\napi_key_env = \"TEAM_TOKEN\"\n[audit]\nsearch = {name:?}\n"
        );
        assert!(message(&file, &[]).is_ok(), "{name}");
    }
    // A comment is shown nowhere.
    assert!(message(&format!("# {}\n{WORKSPACE}", LOOKALIKES[0]), &[]).is_ok());
}

#[test]
fn the_file_with_the_waivers_refuses_a_key_too() {
    for key in LOOKALIKES.into_iter().chain([IN_USE]) {
        for (line, name) in [
            (format!("reason = \"{key}\""), "reason"),
            (format!("owner = \"{key}\""), "owner"),
            (format!("workspace = \"{key}\""), "workspace"),
            (format!("expires = \"{key}\""), "expires"),
            (format!("{key} = 1"), "[[waiver]]"),
            (format!("owner = {key}"), "line 3"),
        ] {
            let home = tempfile::tempdir().unwrap();
            let text = format!("[[waiver]]\nsecret_id = \"sec\"\n{line}\n");
            fs_err::write(home.path().join("w.toml"), text).unwrap();
            let path = home.path().join("w.toml");
            let said =
                message(&format!("{WORKSPACE}[policy]\nwaivers = {path:?}\n"), &[]).map(drop).unwrap_err();
            assert_refused(&line, key, &said);
            assert!(said.contains("w.toml") && said.contains(name), "{said}");
        }
    }
}

#[test]
fn every_variable_but_that_of_the_key_refuses_one() {
    for key in LOOKALIKES {
        for variable in [
            "ELEVENLABS_BASE_URL",
            "NO_PROXY",
            "no_proxy",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
            "HTTPS_PROXY",
            "HTTP_PROXY",
        ] {
            let said = message("", &[(variable, key)]);
            let said = said.map(drop).unwrap_err();
            assert!(said.contains(variable), "{said}");
            assert_refused(variable, key, &said);
        }
        let file = "[[workspace]]\nname = \"w\"\napi_key_file = \"none\"\n";
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(key);
        fs_err::create_dir(&directory).unwrap();
        fs_err::write(directory.join("none"), "").unwrap();
        let said = message(file, &[("CREDENTIALS_DIRECTORY", key)]).map(drop).unwrap_err();
        assert_refused("CREDENTIALS_DIRECTORY", key, &said);
    }
}

#[tokio::test]
async fn a_key_from_a_file_is_one_in_use() {
    let home = tempfile::tempdir().unwrap();
    fs_err::write(home.path().join("key"), format!("{IN_USE}\n")).unwrap();
    fs_err::set_permissions(home.path().join("key"), std::os::unix::fs::PermissionsExt::from_mode(0o600))
        .unwrap();
    let simulator = serve(Vec::new()).await;
    let workspace = format!(
        "[[workspace]]\nname = \"w\"\napi_key_file = \"key\"\nbase_url = \"{}\"\n",
        simulator.base_url()
    );
    for setting in [format!("[audit]\nsearch = \"{IN_USE}\""), format!("[http]\nconcurrency = \"{IN_USE}\"")]
    {
        fs_err::write(home.path().join("config.toml"), format!("{workspace}{setting}\n")).unwrap();
        let output = binary_in(home.path()).args(["audit", "--config", "config.toml"]).output().unwrap();
        assert_eq!(code(&output), 2);
        assert_refused(&setting, IN_USE, text(&output.stderr));
    }
    fs_err::write(home.path().join("config.toml"), &workspace).unwrap();
    let typed = ["audit", "--config", "config.toml", "--out", IN_USE];
    let output = binary_in(home.path()).args(typed).output().unwrap();
    assert_eq!(code(&output), 2);
    assert_refused("--out", IN_USE, text(&output.stderr));
    assert!(simulator.requests().is_empty() && !home.path().join(IN_USE).exists());
}
