//! Flags, environment and file to one configuration: what goes before what, what is refused, and where keys come
//! from.

use std::{collections::HashMap, os::unix::fs::PermissionsExt, path::Path};

use clap::Parser;
use elevenlabs_secrets_audit::{
    audit::PartialView,
    cli::{Cli, Command},
    collect::{ArchivedBranches, Deep},
    config::{Config, ConfigError, Environment, Flags, Region, Target},
};
use secrecy::ExposeSecret;
use tempfile::TempDir;

const KEY: (&str, &str) = ("ELEVENLABS_API_KEY", "sk_environment");

/// A configuration file in a directory of its own.
struct File(TempDir);

impl File {
    fn new(text: &str) -> File {
        let file = File(tempfile::tempdir().unwrap());
        file.put("config.toml", text, 0o644);
        file
    }

    fn directory(&self) -> &Path {
        self.0.path()
    }

    /// Another file beside it.
    fn put(&self, name: &str, text: &str, mode: u32) {
        let path = self.directory().join(name);
        fs_err::write(&path, text).unwrap();
        fs_err::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }

    fn resolve(&self, arguments: Flags, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        resolve(Flags { config: Some(self.directory().join("config.toml")), ..arguments }, variables)
    }

    fn message(&self, variables: &[(&str, &str)]) -> String {
        self.resolve(Flags::default(), variables).unwrap_err().to_string()
    }
}

/// What was typed and a made-up environment, resolved.
fn resolve(arguments: Flags, variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let variables: HashMap<String, String> =
        variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let get = |name: &str| variables.get(name).map(Into::into);
    Config::resolve(arguments, &Environment::new(&get))
}

/// A setting's value and where it came from.
fn setting(config: &Config, name: &str) -> (String, String) {
    let mut found = config.settings.iter().filter(|setting| setting.name == name);
    let setting = found.next().unwrap();
    assert!(found.next().is_none(), "{name} stands twice");
    (setting.value.clone(), setting.origin.to_string())
}

/// The same, for comparison with what is expected.
fn assert_setting(config: &Config, name: &str, value: &str, origin: &str) {
    assert_eq!(setting(config, name), (value.to_owned(), origin.to_owned()), "{name}");
}

/// Name, address and key of each workspace.
fn workspaces(config: &Config) -> Vec<[&str; 3]> {
    let Target::Workspaces(workspaces) = &config.target else { panic!("{:?}", config.target) };
    let parts = workspaces.iter();
    parts.map(|one| [one.name.as_str(), one.base_url.as_str(), one.api_key.expose_secret()]).collect()
}

#[test]
fn a_flag_goes_before_the_file_and_the_file_before_the_default() {
    let file =
        File::new("[audit]\ndependency_limit = 30\nmax_dependency_limit = 80\n[http]\nconcurrency = 7\n");
    let arguments = Flags { dependency_limit: Some(40), ..Flags::default() };
    let config = file.resolve(arguments, &[KEY]).unwrap();
    assert_setting(&config, "[audit] dependency_limit", "40", "--dependency-limit");
    assert_setting(&config, "[audit] max_dependency_limit", "80", "file");
    assert_setting(&config, "[audit] page_size", "100", "default");
    assert_setting(&config, "[http] concurrency", "7", "file");
    assert_eq!((config.collect.dependency_limit, config.http.concurrency), (40, 7));
}

#[test]
fn without_a_file_there_is_one_workspace_from_the_environment() {
    let config = resolve(Flags::default(), &[KEY]).unwrap();
    assert_eq!(workspaces(&config), [["default", "https://api.elevenlabs.io/", "sk_environment"]]);
    assert_setting(&config, "workspace \"default\" address", "https://api.elevenlabs.io/", "default");
    let address = ("ELEVENLABS_BASE_URL", "https://api.us.elevenlabs.io");
    let config = resolve(Flags::default(), &[KEY, address]).unwrap();
    assert_eq!(workspaces(&config)[0][1], "https://api.us.elevenlabs.io/");
    let (_, origin) = setting(&config, "workspace \"default\" address");
    assert!(origin.contains("environment") && origin.contains("ELEVENLABS_BASE_URL"), "{origin}");
}

#[test]
fn a_flag_for_the_address_goes_before_everything() {
    let file = File::new("[[workspace]]\nname = \"w\"\nbase_url = \"https://file.example\"\n");
    let variables = [KEY, ("ELEVENLABS_BASE_URL", "https://environment.example")];
    let flag = || Flags { base_url: Some("https://flag.example".to_owned()), ..Flags::default() };
    let config = file.resolve(flag(), &variables).unwrap();
    assert_setting(&config, "workspace \"w\" address", "https://flag.example/", "--base-url");
    let region = || Flags { region: Some(Region::InResidency), ..Flags::default() };
    let config = file.resolve(region(), &variables).unwrap();
    assert_setting(&config, "workspace \"w\" address", "https://api.in.residency.elevenlabs.io/", "--region");
}

#[test]
fn each_region_has_its_address() {
    for (name, address) in [
        ("global", "https://api.elevenlabs.io/"),
        ("us", "https://api.us.elevenlabs.io/"),
        ("eu-residency", "https://api.eu.residency.elevenlabs.io/"),
        ("in-residency", "https://api.in.residency.elevenlabs.io/"),
        ("sg-residency", "https://api.sg.residency.elevenlabs.io/"),
    ] {
        let file = File::new(&format!("[[workspace]]\nname = \"w\"\nregion = {name:?}\n"));
        let config = file.resolve(Flags::default(), &[KEY]).unwrap();
        assert_setting(&config, "workspace \"w\" address", address, "file");
    }
}

#[test]
fn the_environment_serves_only_a_workspace_that_names_nothing_of_its_own() {
    let file = File::new(
        "[[workspace]]\nname = \"own\"\napi_key_env = \"OWN\"\nbase_url = \"https://own.example\"\n\
         [[workspace]]\nname = \"plain\"\n",
    );
    let variables = [KEY, ("OWN", "sk_own"), ("ELEVENLABS_BASE_URL", "https://environment.example")];
    let config = file.resolve(Flags::default(), &variables).unwrap();
    assert_eq!(
        workspaces(&config),
        [
            ["own", "https://own.example/", "sk_own"],
            ["plain", "https://environment.example/", "sk_environment"]
        ]
    );
    let message = file.message(&[KEY]);
    assert!(message.contains("set OWN"), "the environment's own key is no substitute: {message}");
}

#[test]
fn one_address_cannot_serve_two_workspaces() {
    let file = File::new("[[workspace]]\nname = \"a\"\n[[workspace]]\nname = \"b\"\n");
    let base_url = Flags { base_url: Some("https://flag.example".to_owned()), ..Flags::default() };
    let region = Flags { region: Some(Region::Us), ..Flags::default() };
    for (arguments, flag) in [(base_url, "--base-url"), (region, "--region")] {
        let message = file.resolve(arguments, &[KEY]).unwrap_err().to_string();
        assert!(message.contains(flag) && message.contains("2 workspaces"), "{message}");
    }
}

#[test]
fn paths_in_the_file_are_relative_to_it_and_typed_ones_are_not() {
    let file = File::new("[report]\ndir = \"nightly\"\n");
    let config = file.resolve(Flags::default(), &[KEY]).unwrap();
    assert_eq!(config.out, file.directory().join("nightly"));
    let typed = Flags { out: Some("typed".into()), ..Flags::default() };
    assert_eq!(file.resolve(typed, &[KEY]).unwrap().out, Path::new("typed"));
    let file = File::new("[report]\ndir = \"/var/lib/audit\"\n");
    assert_eq!(file.resolve(Flags::default(), &[KEY]).unwrap().out, Path::new("/var/lib/audit"));
    assert_eq!(resolve(Flags::default(), &[KEY]).unwrap().out, Path::new("reports"));
}

#[test]
fn an_unknown_key_is_an_error_that_names_it_and_its_line() {
    for (text, key, line) in [
        ("[audit]\npage_size = 5\npagesize = 5\n", "pagesize", "line 3"),
        ("\n\n[htttp]\nattempts = 1\n", "htttp", "line 3"),
        ("[http]\nretries = 3\n", "retries", "line 2"),
        ("[report]\ndir = \"x\"\n\nformat = \"csv\"\n", "format", "line 4"),
        ("[[workspace]]\nname = \"w\"\napi_key = \"sk_in_the_file\"\n", "api_key", "line 3"),
        ("verbose = true\n", "verbose", "line 1"),
    ] {
        let file = File::new(text);
        let message = file.message(&[KEY]);
        assert!(message.contains(&format!("`{key}`")) && message.contains(line), "{message}");
        assert!(message.contains("config.toml") && !message.contains('\n'), "{message}");
        assert!(!message.contains("sk_in_the_file"), "{message}");
    }
}

#[test]
fn a_file_that_cannot_be_read_or_understood_is_named() {
    for (text, word) in [
        ("[audit\n", "line 1"),
        ("[audit]\npage_size = \"many\"\n", "line 2"),
        ("[audit]\npage_size = -1\n", "line 2"),
        ("[report]\nformats = [\"pdf\"]\n", "pdf"),
        ("[[workspace]]\nregion = \"us\"\n", "name"),
        ("[[workspace]]\nname = \"w\"\nregion = \"mars\"\n", "mars"),
    ] {
        let message = File::new(text).message(&[KEY]);
        assert!(message.contains(word) && message.contains("config.toml"), "{message}");
    }
    let missing = Flags { config: Some("/nowhere/audit.toml".into()), ..Flags::default() };
    let message = resolve(missing, &[KEY]).unwrap_err().to_string();
    assert!(message.contains("/nowhere/audit.toml"), "{message}");
}

#[test]
fn what_is_out_of_bounds_is_refused_with_its_name_and_the_bounds() {
    for (text, name, bounds) in [
        ("[audit]\npage_size = 0", "page_size", "1 to 100"),
        ("[audit]\npage_size = 101", "page_size", "1 to 100"),
        ("[audit]\ndependency_limit = 0", "dependency_limit", "1 to 100"),
        ("[audit]\nmax_dependency_limit = 101", "max_dependency_limit", "1 to 100"),
        ("[audit]\nmax_dependency_limit = 19", "max_dependency_limit", "below dependency_limit (20)"),
        ("[http]\nconcurrency = 0", "concurrency", "1 to 64"),
        ("[http]\nconcurrency = 65", "concurrency", "1 to 64"),
        ("[http]\nattempts = 0", "attempts", "1 to"),
        ("[http]\nmax_pages = 0", "max_pages", "1 to"),
        ("[http]\nmax_body_bytes = 0", "max_body_bytes", "1024 to"),
        ("[http]\nattempt_timeout_seconds = 0", "attempt_timeout_seconds", "0.001 to"),
        ("[http]\nidle_timeout_seconds = -1.0", "idle_timeout_seconds", "0.001 to"),
        ("[http]\nconnect_timeout_seconds = nan", "connect_timeout_seconds", "0.001 to"),
        ("[http]\nrun_timeout_seconds = inf", "run_timeout_seconds", "0.001 to"),
        ("[http]\nfirst_backoff_seconds = -0.1", "first_backoff_seconds", "0 to"),
        ("[report]\ncsv_delimiter = \"a\"", "csv_delimiter", "comma"),
        ("[report]\ncsv_delimiter = \"\\n\"", "csv_delimiter", "comma"),
    ] {
        let message = File::new(text).message(&[KEY]);
        assert!(message.contains(name) && message.contains(bounds), "{text}: {message}");
    }
    for allowed in ["[audit]\npage_size = 1", "[http]\nconcurrency = 64", "[report]\ncsv_delimiter = \"\\t\""]
    {
        assert!(File::new(allowed).resolve(Flags::default(), &[KEY]).is_ok(), "{allowed}");
    }
}

#[test]
fn a_workspace_names_one_key_and_one_address_and_has_a_name_of_its_own() {
    let workspace = |lines: &str| format!("[[workspace]]\nname = \"w\"\n{lines}\n");
    for (text, words) in [
        (workspace("api_key_env = \"A\"\napi_key_file = \"b\""), ["api_key_env", "api_key_file"]),
        (workspace("region = \"us\"\nbase_url = \"https://a.example\""), ["region", "base_url"]),
        (workspace("") + &workspace(""), ["two", "\"w\""]),
        ("[[workspace]]\nname = \" \"\n".to_owned(), ["name", "empty"]),
        (workspace("base_url = \"http://a.example\""), ["http://", "in clear"]),
        (workspace("base_url = \"https://me:hunter2@a.example\""), ["base_url", "password"]),
    ] {
        let message = File::new(&text).message(&[KEY, ("A", "sk_a")]);
        assert!(words.iter().all(|word| message.contains(word)), "{message}");
        assert!(!message.contains("hunter2"), "{message}");
    }
}

#[test]
fn proxies_and_certificates_of_the_environment_are_shown_without_a_password() {
    let variables = [
        ("ELEVENLABS_API_KEY", "sk_key"),
        ("HTTPS_PROXY", "http://me:hunter2@proxy.internal:3128"),
        ("SSL_CERT_FILE", "/etc/ssl/our.pem"),
    ];
    let get = |name: &str| {
        variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).into())
    };
    let config = Config::resolve(Flags::default(), &Environment::new(&get)).unwrap();
    let shown = |name: &str| {
        config.settings.iter().find(|setting| setting.name == name).map(|setting| setting.value.clone())
    };
    assert_eq!(shown("network HTTPS_PROXY").as_deref(), Some("http://…@proxy.internal:3128"));
    assert_eq!(shown("network SSL_CERT_FILE").as_deref(), Some("/etc/ssl/our.pem"));
    assert_eq!(shown("network NO_PROXY"), None);
}

#[test]
fn what_is_a_choice_of_words_takes_each_of_them_and_says_which_there_are() {
    let typed = |deep| Flags { deep: Some(deep), ..Flags::default() };
    for deep in Deep::ALL {
        let file = File::new(&format!("[audit]\ndeep = {:?}\n", deep.as_str()));
        let config = file.resolve(Flags::default(), &[KEY]).unwrap();
        assert_setting(&config, "[audit] deep", deep.as_str(), "file");
        assert_eq!(config.collect.deep, deep);
        let other = File::new("[audit]\ndeep = \"always\"\n");
        let config = other.resolve(typed(deep), &[KEY]).unwrap();
        assert_setting(&config, "[audit] deep", deep.as_str(), "--deep");
        assert_eq!(config.collect.deep, deep);
    }
    for (old, deep) in [(true, Deep::Always), (false, Deep::Auto)] {
        let config = File::new(&format!("[audit]\ndeep = {old}\n")).resolve(Flags::default(), &[KEY]);
        assert_eq!(config.unwrap().collect.deep, deep);
    }
    for branches in ArchivedBranches::ALL {
        let file = File::new(&format!("[audit]\narchived_branches = {:?}\n", branches.as_str()));
        let config = file.resolve(Flags::default(), &[KEY]).unwrap();
        assert_eq!(config.collect.archived_branches, branches);
        assert_setting(&config, "[audit] archived_branches", branches.as_str(), "file");
    }
    for view in PartialView::ALL {
        let file = File::new(&format!("[audit]\npartial_view = {:?}\n", view.as_str()));
        let config = file.resolve(Flags::default(), &[KEY]).unwrap();
        assert_eq!(config.partial_view, view);
        assert_setting(&config, "[audit] partial_view", view.as_str(), "file");
    }
    let config = resolve(Flags::default(), &[KEY]).unwrap();
    for (name, value) in [
        ("deep", "auto"),
        ("archived_branches", "auto"),
        ("partial_view", "undetermined"),
        ("allow_empty", "false"),
    ] {
        assert_setting(&config, &format!("[audit] {name}"), value, "default");
    }
    for (line, message) in [
        (
            "deep = \"sometimes\"",
            "[audit] deep is \"sometimes\"; it must be \"auto\", \"always\" or \"never\"",
        ),
        ("deep = \"Auto\"", "[audit] deep is \"Auto\"; it must be \"auto\", \"always\" or \"never\""),
        ("deep = 1", "[audit] deep is 1; it must be \"auto\", \"always\" or \"never\""),
        (
            "archived_branches = \"all\"",
            "[audit] archived_branches is \"all\"; it must be \"auto\", \"read\" or \"skip\"",
        ),
        (
            "archived_branches = true",
            "[audit] archived_branches is true; it must be \"auto\", \"read\" or \"skip\"",
        ),
        ("partial_view = \"\"", "[audit] partial_view is \"\"; it must be \"undetermined\" or \"accept\""),
    ] {
        assert_eq!(File::new(&format!("[audit]\n{line}\n")).message(&[KEY]), message);
    }
}

#[test]
fn a_flag_without_a_mode_is_always_and_a_mode_stands_after_an_equals_sign() {
    let deep = |arguments: &[&str]| {
        let typed = [&["elevenlabs-secrets-audit", "audit"], arguments].concat();
        match Cli::try_parse_from(typed).map(|cli| cli.command) {
            Ok(Command::Audit(arguments)) => Ok(arguments.deep),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error.exit_code()),
        }
    };
    assert_eq!(deep(&[]), Ok(None));
    assert_eq!(deep(&["--deep"]), Ok(Some(Deep::Always)));
    assert_eq!(deep(&["--deep", "--out", "there"]), Ok(Some(Deep::Always)));
    for mode in Deep::ALL {
        assert_eq!(deep(&[&format!("--deep={}", mode.as_str())]), Ok(Some(mode)));
    }
    for wrong in [&["--deep=sometimes"][..], &["--deep", "never"], &["--deep="]] {
        assert_eq!(deep(wrong), Err(2), "{wrong:?}");
    }
}

#[test]
fn one_key_under_two_names_is_refused_whatever_the_addresses_and_shown_nowhere() {
    let table = |name: &str, rest: &str| format!("[[workspace]]\nname = {name:?}\n{rest}\n");
    let variables = [KEY, ("A", "sk_the_same"), ("B", "sk_the_same"), ("C", "sk_another")];
    let env = |variable: &str| format!("api_key_env = {variable:?}");
    for tables in [
        table("first", &env("A")) + &table("other", &env("C")) + &table("second", &env("A")),
        table("first", &env("A")) + &table("second", &env("B")),
        table("first", &env("A")) + &table("second", &format!("{}\nregion = \"us\"", env("B"))),
        table("first", "") + &table("second", ""),
        table("first", "api_key_file = \"key\"") + &table("second", &env("A")),
    ] {
        let file = File::new(&tables);
        file.put("key", "sk_the_same\n", 0o600);
        let message = file.message(&variables);
        for words in ["[[workspace]] \"first\"", "[[workspace]] \"second\"", "same API key", "remove one"] {
            assert!(message.contains(words), "{message}");
        }
        assert!(!message.contains("sk_"), "{message}");
    }
    let different = table("first", &env("A")) + &table("second", &env("C"));
    assert!(File::new(&different).resolve(Flags::default(), &variables).is_ok());
}

#[test]
fn what_is_wrong_with_a_value_is_said_without_types() {
    for (text, words) in [
        ("[audit]\npage_size = \"100\"", "line 2: page_size is the text \"100\"; it must be a whole number"),
        ("[audit]\npage_size = -1", "line 2: page_size is -1; it must be a whole number from 0"),
        ("[audit]\npage_size = 1.5", "page_size is 1.5; it must be a whole number"),
        (
            "[audit]\nsettings = \"no\"",
            "settings is the text \"no\"; it must be true or false, without quotes",
        ),
        ("[audit]\nsearch = 3", "search is 3; it must be a text in quotes"),
        (
            "[http]\nmax_body_bytes = \"32MB\"",
            "max_body_bytes is the text \"32MB\"; it must be a whole number",
        ),
        ("[http]\nattempt_timeout_seconds = \"3\"", "it must be a number, without quotes"),
        ("[report]\nformats = \"csv\"", "formats is the text \"csv\"; it must be a list in brackets"),
        ("[report]\ndir = 3", "dir is 3; it must be a text in quotes"),
        ("[report]\ncsv_delimiter = \"ab\"", "it must be a single character in quotes"),
        (
            "[audit]\npopulation_drop = true",
            "population_drop is true; it must be \"incomplete\", \"warn\" or \"fail\"",
        ),
        ("audit = 3", "audit is 3; it must be a table"),
        ("[workspace]\nname = \"x\"", "line 1: [workspace] may stand several times: write [[workspace]]"),
    ] {
        let message = File::new(text).message(&[KEY]);
        assert!(message.contains(words), "{text}: {message}");
        for word in ["u32", "usize", "f64", "sequence", "struct", "boolean", "invalid type"] {
            assert!(!message.contains(word), "{text}: {message}");
        }
    }
}

#[test]
fn what_only_a_shell_expands_is_refused_wherever_a_path_is_named() {
    for text in [
        "[report]\ndir = \"~/reports\"",
        "[report]\nmetrics_file = \"$HOME/x.prom\"",
        "[policy]\nwaivers = \"~/waivers.toml\"",
        "[[workspace]]\nname = \"w\"\napi_key_file = \"~/key\"",
    ] {
        let message = File::new(text).message(&[KEY]);
        assert!(message.contains("write the path in full"), "{text}: {message}");
    }
    let typed = Flags { out: Some("~/reports".into()), ..Flags::default() };
    assert!(resolve(typed, &[KEY]).unwrap_err().to_string().starts_with("--out is "));
}

#[test]
fn a_proxy_that_is_none_is_refused_and_not_passed_over() {
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        for value in ["::::", "socks5://127.0.0.1:1080", "http://", "http:/proxy:3128", "me:hunter2@"] {
            let message = resolve(Flags::default(), &[KEY, (variable, value)]).unwrap_err().to_string();
            assert!(message.contains(variable) && message.contains("http://HOST:PORT"), "{value}: {message}");
            assert!(!message.contains("hunter2"), "{message}");
        }
        for value in ["http://proxy:3128", "proxy:3128", "http://me:password@proxy:3128/", "https://proxy"] {
            assert!(resolve(Flags::default(), &[KEY, (variable, value)]).is_ok(), "{value}");
        }
    }
}

#[test]
fn a_variable_that_the_file_outranks_is_named_beside_the_setting() {
    let file = File::new("[[workspace]]\nname = \"w\"\nregion = \"us\"\napi_key_env = \"KEY\"");
    let variables = [("KEY", "sk_other"), KEY, ("ELEVENLABS_BASE_URL", "https://other.example")];
    let config = file.resolve(Flags::default(), &variables).unwrap();
    for (name, variable) in
        [("workspace \"w\" address", "ELEVENLABS_BASE_URL"), ("workspace \"w\" key", "ELEVENLABS_API_KEY")]
    {
        let (_, origin) = setting(&config, name);
        assert_eq!(origin, format!("file; the variable {variable} is set, and not heeded"));
    }
    let config = file.resolve(Flags::default(), &variables[..1]).unwrap();
    assert_eq!(setting(&config, "workspace \"w\" address").1, "file");
}
