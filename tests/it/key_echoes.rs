//! The key where somebody put it by mistake, and where others than the API send it back.

use std::{collections::HashMap, sync::Arc};

use elevenlabs_secrets_audit::{
    api::{Client, Clock},
    config::{Config, Environment, Flags, Target},
    progress::Progress,
};
use secrecy::ExposeSecret;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{Setup, binary_in, code, finish, now, text};

const KEY: &str = "sk_canary_7f3e9a51c0d2";

/// What no output may hold.
const CANARY: &str = "canary_7f3e";

/// What `Config::resolve` makes of a file and an environment, in which `KEY` stands for the key.
fn resolve(file: &str, variables: &[(&str, &str)]) -> Result<Config, String> {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("config.toml");
    fs_err::write(&path, file.replace("KEY", KEY)).unwrap();
    let variables: HashMap<&str, String> =
        variables.iter().map(|(name, value)| (*name, value.replace("KEY", KEY))).collect();
    let get = |name: &str| variables.get(name).map(Into::into);
    let arguments = Flags { config: Some(path), ..Flags::default() };
    Config::resolve(arguments, &Environment::new(&get)).map_err(|error| error.to_string())
}

#[test]
fn a_key_in_the_wrong_place_is_refused_without_being_shown() {
    for (what, file) in [
        ("api_key_env", "[[workspace]]\nname = \"w\"\napi_key_env = \"KEY\""),
        ("api_key_file", "[[workspace]]\nname = \"w\"\napi_key_file = \"KEY\""),
        ("api_key", "[[workspace]]\nname = \"w\"\napi_key = \"KEY\""),
        ("line 3", "[[workspace]]\nname = \"w\"\napi_key_env = KEY"),
        ("base_url", "[[workspace]]\nname = \"w\"\nbase_url = \"https://KEY@api.example\""),
        ("base_url", "[[workspace]]\nname = \"w\"\nbase_url = \"https://user:KEY@api.example\""),
        ("base_url", "[[workspace]]\nname = \"w\"\nbase_url = \"https://api.example/?xi-api-key=KEY\""),
        ("base_url", "[[workspace]]\nname = \"w\"\nbase_url = \"https://api.example/#KEY\""),
        ("base_url", "[[workspace]]\nname = \"w\"\nbase_url = \"KEY\""),
        ("base_url", "[[workspace]]\nname = \"w\"\nbase_url = \"KEY:api.example\""),
    ] {
        let message = resolve(file, &[("ELEVENLABS_API_KEY", "KEY")]).unwrap_err();
        assert!(message.contains(what), "{message}");
        assert!(!message.contains(CANARY), "{message}");
    }
    // A key as they once were could be the name of a variable.
    let of_old = "CA4A11".repeat(6)[..32].to_owned();
    for setting in ["api_key_env", "api_key_file"] {
        let file = format!("[[workspace]]\nname = \"w\"\n{setting} = {of_old:?}");
        let message = resolve(&file, &[(&of_old, "KEY")]).unwrap_err();
        assert!(message.contains(setting) && !message.contains(&of_old), "{message}");
    }
    for address in ["https://KEY@api.example", "https://api.example/?key=KEY", "KEY", "http://KEY.example"] {
        let variables = [("ELEVENLABS_API_KEY", "KEY"), ("ELEVENLABS_BASE_URL", address)];
        let message = resolve("", &variables).unwrap_err();
        assert!(message.contains("ELEVENLABS_BASE_URL") && !message.contains(CANARY), "{message}");
    }
}

#[test]
fn a_key_on_the_command_line_is_refused_without_being_shown() {
    let home = tempfile::tempdir().unwrap();
    for argument in [format!("--api-key={KEY}"), format!("--base-url=https://{KEY}@api.example")] {
        let output = binary_in(home.path()).args(["audit", &argument]).output().unwrap();
        assert_eq!(code(&output), 2);
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        assert!(!said.contains(CANARY), "{said}");
    }
}

#[tokio::test]
async fn no_type_that_holds_the_key_shows_it_to_debug() {
    let config = resolve("", &[("ELEVENLABS_API_KEY", "KEY")]).unwrap();
    let Target::Workspaces(workspaces) = &config.target else { panic!("no workspaces") };
    let workspace = &workspaces[0];
    assert_eq!(workspace.api_key.expose_secret(), KEY, "it is there");
    let options = config.http.client_options(workspace.base_url.clone(), workspace.api_key.clone());
    let clock = Clock { now, random: || 0.0 };
    let client = Client::new(
        options.clone(),
        clock,
        Arc::new(config.http.run(Arc::clone(&config.mask))),
        Progress::default().workspace("main"),
    )
    .unwrap();
    for shown in [
        format!("{config:#?}"),
        format!("{workspace:?}"),
        format!("{options:?}"),
        format!("{client:#?}"),
        format!("{:?}", config.target),
        format!("{:?} REDACTED", config.mask),
    ] {
        assert!(!shown.contains(CANARY) && shown.contains("REDACTED"), "{shown}");
    }
}

/// A proxy that answers everything with this. Its address, and what it was asked.
async fn proxy(answer: &'static str) -> (String, tokio::task::JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let asked = tokio::spawn(async move {
        let (mut connection, _) = listener.accept().await.unwrap();
        let mut request = vec![0; 4096];
        let length = connection.read(&mut request).await.unwrap();
        connection.write_all(answer.replace("KEY", KEY).as_bytes()).await.unwrap();
        String::from_utf8_lossy(&request[..length]).into_owned()
    });
    (address, asked)
}

#[tokio::test]
async fn a_proxy_gets_no_key_and_its_refusal_shows_none() {
    for answer in [
        "HTTP/1.1 407 KEY\r\nproxy-authenticate: Basic realm=\"KEY\"\r\ncontent-length: 22\r\n\r\nKEY",
        "HTTP/1.1 502 Bad KEY\r\nrequest-id: KEY\r\ncontent-length: 22\r\n\r\nKEY",
        "HTTP/1.1 200 Connected\r\n\r\nKEY",
        "KEY",
        "",
    ] {
        let setup = Setup::new();
        for log_format in ["text", "json"] {
            let (address, asked) = proxy(answer).await;
            let mut audit = binary_in(setup.home());
            audit.args(["audit", "-vv", "--log-format", log_format, "--base-url", "https://api.example"]);
            audit.envs([
                ("ELEVENLABS_API_KEY", KEY),
                ("HTTPS_PROXY", &format!("http://user:{KEY}@{address}")),
            ]);
            fs_err::write(setup.home().join("once.toml"), "[http]\nattempts = 1\n").unwrap();
            audit.args(["--config", "once.toml"]);
            let output = finish(audit).await;
            let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
            assert_eq!(code(&output), 5, "{said}");
            assert!(!said.contains(CANARY), "{answer}: {said}");
            let asked = asked.await.unwrap();
            assert!(asked.starts_with("CONNECT api.example:443"), "{asked}");
            assert!(
                !asked.contains(CANARY),
                "the credentials of the proxy are encoded, and the key is not sent: {asked}"
            );
        }
    }
}
