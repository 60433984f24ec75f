//! `config.example.toml` says what the program does: every setting is in it, and with the default as its value.

use std::{collections::BTreeMap, path::Path};

use elevenlabs_secrets_audit::config::{Config, Environment, Flags, Origin};

/// Where tests run, so that paths in it are relative to the same place as the defaults.
const EXAMPLE: &str = "config.example.toml";

/// The configuration from this file, or from none.
fn resolved(config: Option<&Path>) -> Config {
    let get = |name: &str| (name == "ELEVENLABS_API_KEY").then(|| "sk_key".into());
    let arguments = Flags { config: config.map(Path::to_owned), ..Flags::default() };
    Config::resolve(arguments, &Environment::new(&get)).unwrap()
}

/// The settings with their values; those of workspaces are made of several keys and left out.
fn settings(config: &Config) -> BTreeMap<&str, &str> {
    let settings = config.settings.iter().filter(|setting| setting.name.starts_with('['));
    settings.map(|setting| (setting.name.as_str(), setting.value.as_str())).collect()
}

/// Settings without a default that a file could have; they are in the example commented out.
const WITHOUT_DEFAULT: [&str; 3] = ["[report] keep", "[report] metrics_file", "[policy] waivers"];

fn text() -> String {
    fs_err::read_to_string(EXAMPLE).unwrap()
}

#[test]
fn the_example_names_every_setting() {
    let parsed: toml::Table = text().parse().unwrap();
    let config = resolved(None);
    for name in settings(&config).keys() {
        let (table, key) = name.strip_prefix('[').unwrap().split_once("] ").unwrap();
        let named = match WITHOUT_DEFAULT.contains(name) {
            true => text().contains(&format!("\n# {key} = ")),
            false => parsed.get(table).is_some_and(|table| table.get(key).is_some()),
        };
        assert!(named, "{name} is missing from {EXAMPLE}");
    }
}

#[test]
fn every_value_in_the_example_is_the_default() {
    let (default, example) = (resolved(None), resolved(Some(Path::new(EXAMPLE))));
    assert_eq!(settings(&example), settings(&default));
    for setting in example.settings.iter().filter(|setting| setting.name.starts_with('[')) {
        if WITHOUT_DEFAULT.contains(&setting.name.as_str()) {
            continue;
        }
        assert_eq!(setting.origin, Origin::File, "{}", setting.name);
    }
    let workspace = |config: &Config| -> Vec<(String, String)> {
        let settings = config.settings.iter().filter(|setting| setting.name.starts_with("workspace"));
        settings.map(|setting| (setting.name.clone(), setting.value.clone())).collect()
    };
    assert_eq!(workspace(&example), workspace(&default), "the same workspace as without a file");
}

#[test]
fn the_keys_of_a_workspace_that_are_commented_out_are_keys() {
    let text = text();
    for key in ["api_key_env", "api_key_file", "region", "base_url"] {
        let comment = format!("\n# {key} = ");
        assert_eq!(text.matches(&comment).count(), 1, "{key}");
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config.toml");
        fs_err::write(&path, text.replace(&comment, &format!("\n{key} = "))).unwrap();
        if key == "api_key_file" {
            // It is relative to the file, where there is none.
            let get = |_: &str| None;
            let arguments = Flags { config: Some(path), ..Flags::default() };
            let error = Config::resolve(arguments, &Environment::new(&get)).unwrap_err().to_string();
            assert!(error.contains("elevenlabs-api-key"), "{error}");
        } else {
            let shown = |config: Config| -> Vec<String> {
                let settings = config.settings.into_iter().filter(|one| one.name.starts_with("workspace"));
                settings.map(|setting| setting.value).collect()
            };
            assert_eq!(shown(resolved(Some(&path))), shown(resolved(None)), "{key} has its default");
        }
    }
}

#[test]
fn every_setting_in_the_example_is_explained() {
    let mut explained = false;
    for line in text().lines() {
        match line {
            "" => explained = false,
            comment if comment.starts_with('#') => explained = true,
            setting => assert!(explained || setting.starts_with('['), "nothing above {setting} explains it"),
        }
    }
}
