//! The simulator in a process of its own, over made-up workspaces of any size and with any latency.
//!
//! Its first line on standard output says where it listens and what is there. Then each line on standard input gets one
//! line of JSON back:
//!
//! - `counts`: what was asked since the start or the last time. The counts begin anew.
//! - `config DIRECTORY CONCURRENCY TOTAL`: writes `config.toml` and key files for our program into a directory, for so
//!   many requests in flight at once for each workspace and for all of them.
//! - `quit`, or the end of the input: the process ends.
//!
//! Anything else gets an `error`.

use std::{
    fmt::Write as _,
    io::{self, BufRead, Write as _},
    path::{Path, PathBuf},
    time::Duration,
};

use clap::Parser;
use fs_err::os::unix::fs::OpenOptionsExt;
use serde_json::{Value, json};
use simulator::{
    Asking, Needed, Simulator, World,
    scaled::{self, Scale},
};

/// The simulator in a process of its own.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many secrets each workspace has.
    #[arg(long, default_value_t = 1_000)]
    secrets: usize,
    /// How many dependents a secret has on average.
    #[arg(long, default_value_t = 12)]
    dependents: usize,
    /// How many agents of each workspace have a document.
    #[arg(long, default_value_t = 0)]
    agents: usize,
    /// How many branches each of these has besides its main one.
    #[arg(long, default_value_t = 0)]
    branches: usize,
    /// How long each answer is held back after its request came.
    #[arg(long, value_name = "MILLISECONDS", default_value_t = 0)]
    latency: u64,
    /// How many workspaces there are, each with a key of its own.
    #[arg(long, default_value_t = 1)]
    workspaces: usize,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<()> {
    let arguments = Arguments::parse();
    let worlds = (0..arguments.workspaces).map(|workspace| {
        let (secrets, dependents_per_secret) = (arguments.secrets, arguments.dependents);
        let (agents, branches_per_agent) = (arguments.agents, arguments.branches);
        scaled::world(Scale { secrets, dependents_per_secret, workspace, agents, branches_per_agent })
    });
    let worlds: Vec<World> = worlds.collect();
    let keys: Vec<String> = worlds.iter().map(|world| world.api_key.clone()).collect();
    let rows: usize = worlds.iter().map(scaled::rows).sum();
    let needed: Vec<Needed> =
        worlds.iter().map(|world| Needed::for_world(world, Asking::default())).collect();
    let simulator = Simulator::start_counting(worlds, Duration::from_millis(arguments.latency)).await?;
    let base_url = simulator.base_url().to_string();
    say(&json!({
        "base_url": &base_url,
        "keys": &keys,
        "secrets": arguments.secrets * arguments.workspaces,
        "rows": rows,
        "needed": &needed,
        "latency_milliseconds": arguments.latency,
    }))?;
    // Reading blocks, and answers must not wait for it.
    tokio::task::spawn_blocking(move || obey(&simulator, &base_url, &keys)).await.map_err(io::Error::other)?
}

/// Does what the lines of standard input say, to their end.
fn obey(simulator: &Simulator, base_url: &str, keys: &[String]) -> io::Result<()> {
    for line in io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_whitespace().collect();
        let answer = match words.as_slice() {
            ["counts"] => serde_json::to_value(simulator.take_counts())?,
            ["config", directory, concurrency, total] => match (concurrency.parse(), total.parse()) {
                (Ok(concurrency), Ok(total)) => {
                    config(Path::new(directory), base_url, keys, [concurrency, total])
                }
                (Err(error), _) | (_, Err(error)) => json!({"error": error.to_string()}),
            },
            ["quit"] => return Ok(()),
            _ => json!({"error": format!("unknown: {line}")}),
        };
        say(&answer)?;
    }
    Ok(())
}

fn config(directory: &Path, base_url: &str, keys: &[String], at_once: [usize; 2]) -> Value {
    match write_config(directory, base_url, keys, at_once) {
        Ok(path) => json!({"config": path}),
        Err(error) => json!({"error": error.to_string()}),
    }
}

/// Writes what our program needs to audit all workspaces into `reports` beside it. Where the configuration is.
fn write_config(
    directory: &Path,
    base_url: &str,
    keys: &[String],
    [concurrency, total]: [usize; 2],
) -> io::Result<PathBuf> {
    fs_err::create_dir_all(directory)?;
    let http = format!("[http]\nconcurrency = {concurrency}\nconcurrency_total = {total}\n");
    let mut text = format!("{http}[report]\ndir = \"reports\"\n");
    for (number, key) in keys.iter().enumerate() {
        let name = format!("key-{number:04}");
        let mut options = fs_err::OpenOptions::new();
        options.write(true).create(true).truncate(true).mode(0o600);
        options.open(directory.join(&name))?.write_all(key.as_bytes())?;
        let table = "[[workspace]]";
        write!(
            text,
            "{table}\nname = \"workspace-{number:04}\"\nbase_url = \"{base_url}\"\napi_key_file = \"{name}\"\n"
        )
        .map_err(io::Error::other)?;
    }
    let path = directory.join("config.toml");
    fs_err::write(&path, text)?;
    Ok(path)
}

fn say(line: &Value) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
