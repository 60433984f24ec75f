//! Where a key may come from, and which files and keys are refused. What a key is appears in no message.

use std::{collections::HashMap, os::unix::fs::PermissionsExt, path::Path};

use elevenlabs_secrets_audit::config::{Config, ConfigError, Environment, Flags, Target};
use secrecy::ExposeSecret;
use tempfile::TempDir;

/// A directory with a configuration whose one workspace reads its key from `api_key_file`.
fn configured(api_key_file: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let text = format!("[[workspace]]\nname = \"w\"\napi_key_file = {api_key_file:?}\n");
    fs_err::write(directory.path().join("config.toml"), text).unwrap();
    directory
}

/// Writes a file for nobody else's eyes.
fn put(path: &Path, content: impl AsRef<[u8]>) {
    fs_err::write(path, content).unwrap();
    fs_err::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// The key that the configuration in `directory` leads to, in this environment.
fn key(directory: &TempDir, variables: &[(&str, &Path)]) -> Result<String, ConfigError> {
    let variables: HashMap<&str, String> =
        variables.iter().map(|(name, value)| (*name, value.to_str().unwrap().to_owned())).collect();
    let get = |name: &str| variables.get(name).map(Into::into);
    let arguments = Flags { config: Some(directory.path().join("config.toml")), ..Flags::default() };
    let config = Config::resolve(arguments, &Environment::new(&get))?;
    let shown = format!("{:?}", config);
    let Target::Workspaces(workspaces) = config.target else { panic!("no workspaces") };
    let key = workspaces[0].api_key.expose_secret().to_owned();
    assert!(!shown.contains(&key), "Debug shows the key");
    Ok(key)
}

#[test]
fn a_relative_file_stands_beside_the_configuration_and_an_absolute_one_where_it_says() {
    let directory = configured("key");
    put(&directory.path().join("key"), "sk_beside");
    assert_eq!(key(&directory, &[]).unwrap(), "sk_beside");
    let elsewhere = tempfile::tempdir().unwrap();
    let file = elsewhere.path().join("key");
    put(&file, "sk_absolute");
    assert_eq!(key(&configured(file.to_str().unwrap()), &[]).unwrap(), "sk_absolute");
}

#[test]
fn the_credentials_directory_goes_first_for_a_relative_file_that_is_in_it() {
    let directory = configured("key");
    put(&directory.path().join("key"), "sk_beside");
    let credentials = tempfile::tempdir().unwrap();
    let variables = [("CREDENTIALS_DIRECTORY", credentials.path())];
    assert_eq!(key(&directory, &variables).unwrap(), "sk_beside", "nothing there yet");
    put(&credentials.path().join("key"), "sk_credential");
    assert_eq!(key(&directory, &variables).unwrap(), "sk_credential");
    let absolute = configured(directory.path().join("key").to_str().unwrap());
    assert_eq!(key(&absolute, &variables).unwrap(), "sk_beside");
}

#[test]
fn a_file_that_everybody_can_read_is_refused_and_one_for_the_group_is_not() {
    let directory = configured("key");
    let path = directory.path().join("key");
    for (mode, allowed) in [
        (0o600, true),
        (0o400, true),
        (0o640, true),
        (0o440, true),
        (0o644, false),
        (0o604, false),
        (0o444, false),
    ] {
        put(&path, "sk_canary");
        fs_err::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
        match key(&directory, &[]) {
            Ok(key) => assert!(allowed && key == "sk_canary", "{mode:o}"),
            Err(error) => {
                let message = error.to_string();
                assert!(!allowed, "{mode:o}: {message}");
                assert!(message.contains(path.to_str().unwrap()) && message.contains("chmod"), "{message}");
                assert!(!message.contains("sk_canary"), "{message}");
            }
        }
        fs_err::remove_file(&path).unwrap();
    }
}

#[test]
fn line_ends_after_the_key_are_no_part_of_it() {
    let directory = configured("key");
    for content in ["sk_key", "sk_key\n", "sk_key\r\n", "sk_key\n\n"] {
        put(&directory.path().join("key"), content);
        assert_eq!(key(&directory, &[]).unwrap(), "sk_key", "{content:?}");
    }
}

#[test]
fn a_key_that_no_header_can_carry_is_refused_without_being_shown() {
    let directory = configured("key");
    for content in [
        &b"sk_can\x07ary"[..],
        b"sk_can\nary",
        b"sk_can ary",
        b"sk_can\tary",
        b"sk_can\x00ary",
        b"sk_can\x7fary",
        "sk_canäry".as_bytes(),
        b"sk_can\xffary",
    ] {
        put(&directory.path().join("key"), content);
        let message = key(&directory, &[]).unwrap_err().to_string();
        assert!(message.contains("key"), "{message}");
        assert!(!message.contains("sk_can") && !message.contains("ary\""), "{message}");
        assert!(!message.contains(char::is_control), "{message:?}");
    }
}

#[test]
fn a_key_file_that_is_empty_missing_or_a_directory_is_named() {
    let directory = configured("key");
    let path = directory.path().join("key");
    let message = || key(&directory, &[]).unwrap_err().to_string();
    assert!(message().contains(path.to_str().unwrap()), "missing: {}", message());
    for empty in ["", "\n", "\r\n\n"] {
        put(&path, empty);
        assert!(message().contains(path.to_str().unwrap()) && message().contains("empty"), "{}", message());
    }
    fs_err::remove_file(&path).unwrap();
    fs_err::create_dir(&path).unwrap();
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o700)).unwrap();
    assert!(message().contains(path.to_str().unwrap()), "a directory: {}", message());
}

#[test]
fn a_key_in_a_variable_is_checked_in_the_same_way() {
    let resolve = |value: &'static str| {
        let get = move |name: &str| (name == "ELEVENLABS_API_KEY").then(|| value.into());
        Config::resolve(Flags::default(), &Environment::new(&get))
    };
    let config = resolve("sk_key\n").unwrap();
    let Target::Workspaces(workspaces) = config.target else { panic!("no workspaces") };
    assert_eq!(workspaces[0].api_key.expose_secret(), "sk_key");
    for value in ["sk_can\x07ary", "sk_can\nary", "sk_canäry"] {
        let message = resolve(value).unwrap_err().to_string();
        assert!(message.contains("ELEVENLABS_API_KEY") && !message.contains("sk_can"), "{message}");
    }
}

#[test]
fn what_stands_around_a_key_is_refused_with_the_reason_and_nothing_of_it_is_shown() {
    let directory = configured("key");
    let in_variable = |value: &str| {
        let value = value.to_owned();
        let get = move |name: &str| (name == "ELEVENLABS_API_KEY").then(|| value.clone().into());
        Config::resolve(Flags::default(), &Environment::new(&get)).unwrap_err().to_string()
    };
    for (text, reason) in [
        ("'sk_canary'", "quotes"),
        ("\"sk_canary\"", "quotes"),
        ("`sk_canary`", "quotes"),
        ("\u{201c}sk_canary\u{201d}", "quotes"),
        ("\"sk_canary", "quotes"),
        ("sk_canary'\n", "quotes"),
        (" sk_canary", "blank"),
        ("sk_canary ", "blank"),
        ("sk_canary\t\r\n", "blank"),
        ("\nsk_canary", "blank"),
        ("\u{a0}sk_canary", "blank"),
        ("ELEVENLABS_API_KEY=sk_canary", "NAME=KEY"),
        ("KEY='sk_canary'", "quotes"),
        ("export KEY=sk_canary", "spaces"),
        ("\u{feff}sk_canary", "beyond ASCII"),
    ] {
        put(&directory.path().join("key"), text);
        for (place, message) in [
            ("/key", key(&directory, &[]).unwrap_err().to_string()),
            ("ELEVENLABS_API_KEY", in_variable(text)),
        ] {
            assert!(message.contains(reason) && message.contains(place), "{text:?}: {message}");
            assert!(message.contains("store the key alone"), "{text:?}: {message}");
            assert!(!message.contains("canary"), "{message}");
        }
    }
    put(&directory.path().join("key"), "sk_key==\n");
    assert_eq!(key(&directory, &[]).unwrap(), "sk_key==", "an equals sign may belong to a key");
}
