//! What every subject shares: a run of the job against simulators, and a run of the binary.

use std::{
    collections::HashMap,
    fmt::Write as _,
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    process::Output,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};
use elevenlabs_secrets_audit::{
    Published, RunContext,
    api::Clock,
    config::{Config, ConfigError, Environment, Flags},
    error::Error,
    interrupt::Interrupt,
    progress::Progress,
    run,
};
use serde_json::Value;
use simulator::{Reply, Request, Secret, Simulator, World};
use tempfile::TempDir;

use crate::bundle::Bundle;

/// The binary under test.
pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_elevenlabs-secrets-audit");

/// The path of the list of secrets.
pub(crate) const SECRETS: &str = "/v1/convai/secrets";

/// The name that a run gets whose clock is [`now`].
pub(crate) const RUN: &str = "2026-11-23T02-00-00Z";

/// After this long the binary hangs, whatever the machine.
const TOO_LONG: Duration = Duration::from_secs(120);

/// The clock of every run inside the test process.
pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_399_200, 0).unwrap()
}

/// What comes in from outside, all of it fixed.
pub(crate) fn context(clock: Clock) -> RunContext {
    RunContext {
        clock,
        pause: |_| (),
        tool_version: "0.0.0-test".to_owned(),
        git_commit: Some("0".repeat(40)),
        host: Some("audit-host".to_owned()),
        user: Some("auditor".to_owned()),
    }
}

/// The path of a secret's dependents of one kind.
pub(crate) fn dependencies(secret: &str, kind: &str) -> String {
    format!("{SECRETS}/{secret}/dependencies/{kind}")
}

/// A simulator over these secrets and nothing else.
pub(crate) async fn serve(secrets: Vec<Secret>) -> Simulator {
    Simulator::start(World::of(secrets)).await.unwrap()
}

/// A simulator over these secrets, of whose replies some are replaced.
pub(crate) async fn serve_with(
    secrets: Vec<Secret>,
    intercept: impl Fn(&Request, Reply) -> Reply + Send + Sync + 'static,
) -> Simulator {
    Simulator::start_with(World::of(secrets), intercept).await.unwrap()
}

/// The answer to one secret's `used_by` rewritten, wherever the list of secrets shows it.
pub(crate) fn rewrite_used_by(
    request: &Request,
    reply: Reply,
    secret: &str,
    rewrite: impl Fn(&mut Value),
) -> Reply {
    match reply.body_json() {
        Some(mut body) if request.path == SECRETS => {
            for listed in body["secrets"].as_array_mut().unwrap() {
                if listed["secret_id"] == secret {
                    rewrite(&mut listed["used_by"]);
                }
            }
            Reply::json(200, &body)
        }
        _ => reply,
    }
}

/// Whether a request is for the list of secrets with this `dependency_limit`.
pub(crate) fn is_walk(request: &Request, limit: &str) -> bool {
    request.path == SECRETS && request.query("dependency_limit") == Some(limit)
}

/// How often a path was asked.
pub(crate) fn asked(simulator: &Simulator, path: &str) -> usize {
    simulator.requests().iter().filter(|request| request.path == path).count()
}

/// How often the list of secrets was asked with this `dependency_limit`.
pub(crate) fn walked(simulator: &Simulator, limit: &str) -> usize {
    simulator.requests().iter().filter(|request| is_walk(request, limit)).count()
}

/// A reply as the service gives it to a key that lacks a permission.
pub(crate) fn missing_permissions() -> Reply {
    Reply::error(401, "authentication_error", "missing_permissions", "The key may not do this.")
}

/// A reply as the service gives it to a key that is none.
pub(crate) fn invalid_api_key() -> Reply {
    Reply::error(401, "authentication_error", "invalid_api_key", "Invalid API key.")
}

/// A setup of the job: a directory of its own with a configuration that names simulators as workspaces, and
/// waits between attempts that are next to nothing.
pub(crate) struct Setup {
    home: Arc<TempDir>,
    workspaces: String,
    variables: HashMap<String, String>,
    http: String,
    rest: String,
    /// What is typed besides `--config`.
    pub(crate) arguments: Flags,
}

impl Setup {
    /// Without a workspace yet.
    pub(crate) fn new() -> Setup {
        Setup {
            home: Arc::new(tempfile::tempdir().unwrap()),
            workspaces: String::new(),
            variables: HashMap::new(),
            http: String::new(),
            rest: String::new(),
            arguments: Flags::default(),
        }
    }

    /// One workspace, `main`, with the key of [`World::empty`].
    pub(crate) fn of(simulator: &Simulator) -> Setup {
        Setup::new().workspace("main", simulator)
    }

    /// One more workspace, with the key of [`World::empty`], or with a further one where other workspaces have that.
    pub(crate) fn workspace(self, name: &str, simulator: &Simulator) -> Setup {
        let key = match self.variables.len() {
            0 => "sk_simulated_key".to_owned(),
            others => format!("sk_simulated_key-{}", others + 1),
        };
        self.workspace_with_key(name, simulator, &key)
    }

    /// One more workspace, with this key.
    pub(crate) fn workspace_with_key(self, name: &str, simulator: &Simulator, key: &str) -> Setup {
        self.workspace_at(name, simulator.base_url().as_str(), key)
    }

    /// One more workspace, at this address.
    pub(crate) fn workspace_at(mut self, name: &str, address: &str, key: &str) -> Setup {
        let variable = format!("KEY_{}", self.variables.len());
        let table = "[[workspace]]";
        writeln!(
            self.workspaces,
            "{table}\nname = {name:?}\nbase_url = \"{address}\"\napi_key_env = \"{variable}\""
        )
        .unwrap();
        self.variables.insert(variable, key.to_owned());
        self
    }

    /// A line for the section `[http]`.
    pub(crate) fn http(mut self, line: &str) -> Setup {
        self.http.push_str(line);
        self.http.push('\n');
        self
    }

    /// Further sections of the configuration.
    pub(crate) fn section(mut self, text: &str) -> Setup {
        self.rest.push_str(text);
        self.rest.push('\n');
        self
    }

    /// Where reports go.
    pub(crate) fn out(&self) -> PathBuf {
        self.home.path().join("out")
    }

    /// The directory with everything in it.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// Writes the configuration. Where it is.
    pub(crate) fn write_config(&self) -> PathBuf {
        let path = self.home.path().join("config.toml");
        let Setup { workspaces, http, rest, .. } = self;
        let backoff = "first_backoff_seconds = 0.001\nlongest_backoff_seconds = 0.002";
        fs_err::write(&path, format!("{workspaces}\n[http]\n{backoff}\n{http}\n{rest}\n")).unwrap();
        path
    }

    /// The configuration as it resolves.
    pub(crate) fn resolve(&self) -> Result<Config, ConfigError> {
        let variable = |name: &str| self.variables.get(name).map(Into::into);
        let config = Some(self.write_config());
        let typed = &self.arguments;
        let arguments = Flags {
            config,
            out: Some(typed.out.clone().unwrap_or_else(|| self.out())),
            search: typed.search.clone(),
            deep: typed.deep,
            format: typed.format.clone(),
            dependency_limit: typed.dependency_limit,
            max_dependency_limit: typed.max_dependency_limit,
            concurrency: typed.concurrency,
            fail_on: typed.fail_on.clone(),
            no_waivers: typed.no_waivers,
            ..Flags::default()
        };
        Config::resolve(arguments, &Environment::new(&variable))
    }

    /// Runs the job in this process, with a clock that stands still and no waits between attempts.
    pub(crate) async fn run(&self) -> Outcome {
        self.run_under(&Interrupt::default()).await
    }

    /// The same, under an interrupt that a test may raise.
    pub(crate) async fn run_under(&self, interrupt: &Interrupt) -> Outcome {
        self.run_by(Clock { now, random: || 0.0 }, interrupt).await
    }

    /// The same, by another clock and with waits between attempts.
    pub(crate) async fn run_by(&self, clock: Clock, interrupt: &Interrupt) -> Outcome {
        let context = context(clock);
        let config = self.resolve().unwrap();
        let result = run(config, &context, &Arc::new(Progress::default()), interrupt).await;
        Outcome { result, _home: Arc::clone(&self.home) }
    }

    /// The binary with these arguments in front of `--config`, in the scrubbed environment that only holds this
    /// setup's keys.
    pub(crate) fn binary(&self, command: &str) -> assert_cmd::Command {
        let mut binary = binary_in(self.home.path());
        binary.envs(&self.variables).arg(command).arg("--config").arg(self.write_config());
        binary
    }

    /// The binary's `audit`, publishing where [`Setup::run`] does.
    pub(crate) fn audit(&self) -> assert_cmd::Command {
        let mut binary = self.binary("audit");
        binary.arg("--out").arg(self.arguments.out.clone().unwrap_or_else(|| self.out()));
        binary
    }
}

/// The binary in this directory and with it as the home, with nothing of the environment but `PATH`.
pub(crate) fn binary_in(home: &Path) -> assert_cmd::Command {
    let mut binary = assert_cmd::Command::new(BINARY);
    let path = std::env::var_os("PATH").unwrap_or_default();
    binary.env_clear().env("PATH", path).env("HOME", home).current_dir(home).timeout(TOO_LONG);
    binary
}

/// What [`binary_in`] made, with `program` in place of the binary and `wrapper` in front of it.
pub(crate) fn behind(wrapper: &[&str], program: &Path, command: &assert_cmd::Command) -> assert_cmd::Command {
    let mut wrapped = assert_cmd::Command::new(wrapper[0]);
    wrapped.args(&wrapper[1..]).arg(program).args(command.get_args()).env_clear();
    wrapped.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    wrapped.current_dir(command.get_current_dir().unwrap()).timeout(TOO_LONG);
    wrapped
}

/// Whether the tests run as somebody whom no permission binds.
pub(crate) fn is_root() -> bool {
    fs_err::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

/// The number of the user and group that root becomes to be bound by permissions.
pub(crate) const ORDINARY_USER: u32 = 65_534;

/// A copy of the binary for another user: where the build stands, others may not look. A process of its own writes it: what
/// this one has open for writing is for a moment open in every child of every other test too, and nothing can be run that is.
pub(crate) fn copy_of_the_program(home: &Path) -> PathBuf {
    let copy = home.join("program");
    assert_cmd::Command::new("cp").arg(BINARY).arg(&copy).assert().success();
    copy
}

/// What [`binary_in`] made, as somebody whom permissions bind: root is not. What has to be readable for them is for the
/// test to open. `None` where this machine has no way to.
pub(crate) fn as_ordinary_user(command: &assert_cmd::Command, home: &Path) -> Option<assert_cmd::Command> {
    let copy = copy_of_the_program(home);
    if !is_root() {
        return Some(behind(&["env"], &copy, command));
    }
    assert_cmd::Command::new("setpriv").arg("--version").ok().ok()?;
    let user = format!("--reuid={ORDINARY_USER}");
    let group = format!("--regid={ORDINARY_USER}");
    Some(behind(&["setpriv", &user, &group, "--clear-groups"], &copy, command))
}

/// Runs a command to its end while the simulator beside it goes on answering.
pub(crate) async fn finish(mut command: assert_cmd::Command) -> Output {
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

/// What a process wrote to one of its streams.
pub(crate) fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// The exit code of a process that ended by itself.
pub(crate) fn code(output: &Output) -> i32 {
    let stderr = String::from_utf8_lossy(&output.stderr);
    output.status.code().unwrap_or_else(|| panic!("{:?}: {stderr}", output.status))
}

/// How a run in this process ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// What the job returned.
    pub(crate) result: Result<Published, Error>,
    /// What was published is to be read although the setup may be gone.
    _home: Arc<TempDir>,
}

impl Outcome {
    /// The exit code that the binary would make of it.
    pub(crate) fn code(&self) -> u8 {
        match &self.result {
            Ok(published) => published.exit_code(),
            Err(error) => error.exit_code(),
        }
    }

    /// The bundle, read back.
    pub(crate) fn bundle(&self) -> Bundle {
        match &self.result {
            Ok(published) => Bundle::read(&published.bundle),
            Err(error) => panic!("nothing published: {error}"),
        }
    }

    /// The message of a run that published nothing.
    pub(crate) fn message(&self) -> String {
        match &self.result {
            Ok(published) => panic!("published: {}", published.bundle.display()),
            Err(error) => error.to_string(),
        }
    }
}

/// Names as a list of strings, `prefix_0001` and on, as the builders of the simulator count them.
pub(crate) fn numbered(prefix: &str, count: usize) -> Vec<String> {
    (1..=count).map(|number| format!("{prefix}_{number:04}")).collect()
}
