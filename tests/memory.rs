//! Memory: ten times the rows take at most twice of it, and whatever a server sends, twice what may be kept is enough.
//!
//! The whole job runs in this process, twice, so that the second run has an earlier bundle to read; the most that is
//! allocated at once during the second is what counts. The simulator runs in a process of its own, which is this program
//! again, so that its memory doesn't count.

#![expect(clippy::unwrap_used, reason = "in a helper of a test, a surprise is a failure of the test")]
#![expect(clippy::panic, reason = "in a helper of a test, a surprise is a failure of the test")]
#![expect(clippy::print_stdout, reason = "one process tells the other where it listens")]

use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use elevenlabs_secrets_audit::{
    RunContext,
    api::Clock,
    config::{Config, Environment, Flags},
    interrupt::Interrupt,
    progress::Progress,
    run,
};
use peak_alloc::PeakAlloc;
use simulator::{
    Reply, Request, Simulator, World,
    scaled::{self, Scale},
};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// What is remembered so that it needn't be made again has bounds. In a workspace of this size even the few rows come near
/// them, so that what is compared is what grows.
const SECRETS: usize = 6_000;
/// Of each secret on average, in the two workspaces that are compared.
const FEW: usize = 12;
const MANY: usize = 10 * FEW;

/// One test at a time: what one allocates would count as the other's.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// In the environment of the other process: how many dependents a secret has on average.
const DEPENDENTS: &str = "MEMORY_TEST_DEPENDENTS";
const KEY: &str = "MEMORY_TEST_KEY";

/// All formats but JSON, which is always written.
const ALL: [&str; 4] = ["csv", "markdown", "html", "metrics"];

/// The other process. It ends when nobody holds its standard input any more.
#[tokio::test]
#[ignore = "not a test: the process beside the one that is measured"]
async fn simulator() {
    let Ok(dependents) = std::env::var(DEPENDENTS) else { return };
    let scale =
        Scale { secrets: SECRETS, dependents_per_secret: dependents.parse().unwrap(), ..Scale::default() };
    let world = scaled::world(scale);
    let (rows, key) = (scaled::rows(&world), world.api_key.clone());
    let simulator = Simulator::start_counting(vec![world], Duration::ZERO).await.unwrap();
    // After what the harness says on the same line.
    println!("\n{} {key} {rows}", simulator.base_url());
    tokio::task::spawn_blocking(|| std::io::stdin().lines().last()).await.unwrap();
}

/// The other process, which ends with this.
struct Beside {
    process: Child,
    /// Its harness has more to say at its end.
    _stdout: BufReader<ChildStdout>,
    address: String,
    key: String,
    rows: usize,
}

impl Beside {
    fn start(dependents: usize) -> Beside {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["simulator", "--exact", "--ignored", "--nocapture"]);
        command.env(DEPENDENTS, dependents.to_string());
        let mut process = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        let mut lines = stdout.by_ref().lines().map(Result::unwrap);
        let line = lines.find(|line| line.starts_with("http://")).unwrap();
        let [address, key, rows] = line.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let (address, key, rows) = (address.to_owned(), key.to_owned(), rows.parse().unwrap());
        Beside { process, _stdout: stdout, address, key, rows }
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// Audits once, at this hour, into these formats besides JSON. Where the bundle is.
fn audit(beside: &Beside, home: &Path, now: fn() -> DateTime<Utc>, formats: &[&str]) -> PathBuf {
    let table = "[[workspace]]";
    let config = home.join("config.toml");
    let workspace = format!("name = \"main\"\nbase_url = \"{}\"\napi_key_env = \"{KEY}\"", beside.address);
    // What the packaged jobs have is enough.
    let audit = "[audit]\nmax_memory_mib = 128";
    fs_err::write(&config, format!("{table}\n{workspace}\n{audit}\n[report]\nformats = {formats:?}\n"))
        .unwrap();
    let variable = |name: &str| (name == KEY).then(|| beside.key.clone().into());
    let out = Some(home.join("out"));
    let arguments = Flags { config: Some(config), out, ..Flags::default() };
    let config = Config::resolve(arguments, &Environment::new(&variable)).unwrap();
    let context = RunContext { clock: Clock { now, random: || 0.0 }, ..RunContext::default() };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (progress, interrupt) = (Arc::new(Progress::default()), Interrupt::default());
    let published = runtime.block_on(run(config, &context, &progress, &interrupt)).unwrap();
    assert_eq!(published.exit_code(), 0);
    published.bundle
}

/// The most that is allocated at once while an audit with an earlier bundle runs, in bytes.
fn peak(dependents: usize) -> usize {
    let home = tempfile::tempdir().unwrap();
    let beside = Beside::start(dependents);
    assert_eq!(beside.rows, SECRETS * dependents);
    // What the later one reads of it is JSON.
    let earlier = audit(&beside, home.path(), || DateTime::from_timestamp(1_795_399_200, 0).unwrap(), &[]);
    let before = HEAP.current_usage();
    HEAP.reset_peak_usage();
    let later = audit(&beside, home.path(), || DateTime::from_timestamp(1_795_485_600, 0).unwrap(), &ALL);
    let peak = HEAP.peak_usage() - before;
    assert_ne!(earlier, later);
    let rows = csv::Reader::from_path(later.join("dependents.csv")).unwrap().into_records();
    assert!(rows.count() >= beside.rows, "a row for each, and for each secret that nothing uses");
    peak
}

#[test]
fn ten_times_the_rows_take_at_most_twice_the_memory() {
    let _alone = alone();
    let (few, many) = (peak(FEW), peak(MANY));
    assert!(many <= 2 * few, "{few} bytes for {} rows, {many} for {}", SECRETS * FEW, SECRETS * MANY);
    // A use is twelve bytes. What else grows with rows, such as lists that are being read, has to stay below that.
    let for_each_row = many.saturating_sub(few) / (SECRETS * (MANY - FEW));
    assert!(for_each_row <= 2 * 12, "{for_each_row} bytes for each further row");
}

/// What a server sends page after page, by the number of the page.
fn page(hostile: &str, request: &Request) -> Option<Reply> {
    let this: usize = request.query("cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let body = match (hostile, &*request.path) {
        ("secrets", "/v1/convai/secrets") => {
            let one = |at| {
                serde_json::json!({"secret_id": format!("sec_{this:06}_{at:03}"), "name": format!("key {at}"), "used_by": {
                    "tools": [], "tools_has_more": false, "agents": [], "agents_has_more": false, "others": []}})
            };
            serde_json::json!({"secrets": (0..100).map(one).collect::<Vec<_>>()})
        }
        ("dependents", "/v1/convai/secrets") => {
            serde_json::json!({"secrets": [{"secret_id": "sec", "name": "key", "used_by": {
            "tools": [], "agents": [], "agents_has_more": true, "others": []}}]})
        }
        ("dependents", "/v1/convai/secrets/sec/dependencies/agents") => {
            let one = |at| serde_json::json!({"type": "available", "id": format!("a_{this}_{at}"), "name": format!("n{at}")});
            serde_json::json!({"dependencies": (0..100).map(one).collect::<Vec<_>>()})
        }
        ("tools", "/v1/convai/tools") => {
            let one =
                |at| serde_json::json!({"id": format!("tool_{this}_{at}"), "tool_config": {"name": "n"}});
            serde_json::json!({"tools": (0..100).map(one).collect::<Vec<_>>(), "has_more": true})
        }
        ("long names of lists", "/v1/convai/secrets") => {
            let name = "l".repeat(4_000);
            let used_by: serde_json::Map<_, _> =
                (0..100).map(|at| (format!("{this}_{at}{name}"), serde_json::json!([{"id": "w"}]))).collect();
            serde_json::json!({"secrets": [{"secret_id": "sec", "name": "key", "used_by": used_by}]})
        }
        ("branches", "/v1/convai/agents") => {
            serde_json::json!({"agents": [{"agent_id": "a", "name": "A"}], "has_more": false})
        }
        ("branches", "/v1/convai/agents/a/branches") => {
            let all: Vec<_> = (0..99).map(|at| serde_json::json!({"id": format!("b{at}")})).collect();
            serde_json::json!({"results": all, "meta": {"total": 99}})
        }
        ("branches", "/v1/convai/agents/a") => {
            let tool =
                |at| serde_json::json!({"request_headers": {"h": {"secret_id": format!("sec_{at:020}")}}});
            let tools: Vec<_> = (0..1_000).map(tool).collect();
            serde_json::json!({"agent_id": "a", "conversation_config": {"agent": {"prompt": {"tools": tools}}}})
        }
        _ => return None,
    };
    let mut body = body;
    let is_endless = match hostile {
        "dependents" => request.path.ends_with("agents"),
        "branches" => false,
        _ => true,
    };
    if is_endless {
        body["next_cursor"] = (this + 1).to_string().into();
    }
    Some(Reply::json(200, &body))
}

#[test]
fn whatever_a_server_sends_a_job_that_may_take_twice_what_may_be_kept_has_enough() {
    let _alone = alone();
    const MEBIBYTES: usize = 16;
    for hostile in ["secrets", "dependents", "tools", "long names of lists", "branches"] {
        let home = tempfile::tempdir().unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let world = World::of(vec![simulator::Secret::new("sec", "key")]);
        let key = world.api_key.clone();
        let simulator =
            Simulator::start_with(world, move |request, reply| page(hostile, request).unwrap_or(reply));
        let simulator = runtime.block_on(simulator).unwrap();
        let config = home.path().join("config.toml");
        let table = "[[workspace]]";
        let workspace =
            format!("name = \"main\"\nbase_url = \"{}\"\napi_key_env = \"{KEY}\"", simulator.base_url());
        let audit = format!("[audit]\nmax_memory_mib = {MEBIBYTES}");
        fs_err::write(&config, format!("{table}\n{workspace}\n{audit}\n")).unwrap();
        let variable = |name: &str| (name == KEY).then(|| key.clone().into());
        let arguments =
            Flags { config: Some(config), out: Some(home.path().join("out")), ..Flags::default() };
        let config = Config::resolve(arguments, &Environment::new(&variable)).unwrap();
        let context = RunContext::default();
        let before = HEAP.current_usage();
        HEAP.reset_peak_usage();
        let (progress, interrupt) = (Arc::new(Progress::default()), Interrupt::default());
        let ended = runtime.block_on(run(config, &context, &progress, &interrupt));
        let peak = HEAP.peak_usage() - before;
        let error = ended.unwrap_err().to_string();
        assert!(error.contains("max_memory_mib"), "{hostile}: {error}");
        assert!(peak <= (2 * MEBIBYTES) << 20, "{hostile}: {peak} bytes");
        // Nor is so much counted that is not there that a large workspace would fail for nothing.
        assert!(peak >= MEBIBYTES << 18, "{hostile}: {peak} bytes");
    }
}
