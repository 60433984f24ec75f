//! What it costs to read a whole workspace, in rows of dependents: `cargo bench --bench collect`.
//!
//! That takes a server, which is the simulator in this process, and a bundle with `report.json` alone: what these cost is in
//! the figure too. How much of it is ours, `benches/compare` tells, where the simulator has a process of its own.

#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elevenlabs_secrets_audit::{
    RunContext,
    config::{Config, Environment, Flags},
    interrupt::Interrupt,
    progress::Progress,
    run,
};
use simulator::{Simulator, scaled};

const SCALE: scaled::Scale = scaled::Scale {
    secrets: 500,
    dependents_per_secret: 120,
    workspace: 0,
    agents: 0,
    branches_per_agent: 0,
};

fn collecting(criterion: &mut Criterion) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let world = scaled::world(SCALE);
    let simulator = runtime.block_on(Simulator::start(world.clone())).unwrap();
    let home = tempfile::tempdir().unwrap();
    let config = home.path().join("config.toml");
    let text = format!(
        "[http]\nallow_plain_http = true\n[report]\nformats = []\nkeep = 1\n[[workspace]]\nname = \"bench\"\nbase_url = \"{}\"\n\
         api_key_env = \"KEY\"\n",
        simulator.base_url()
    );
    fs_err::write(&config, text).unwrap();
    let key = |name: &str| (name == "KEY").then(|| world.api_key.clone().into());
    let context = RunContext::default();

    let mut group = criterion.benchmark_group("collect");
    group.throughput(Throughput::Elements(scaled::rows(&world) as u64));
    group.bench_function("workspace", |bencher| {
        bencher.iter(|| {
            let (config, out) = (Some(config.clone()), Some(home.path().join("reports")));
            let flags = Flags { config, out, ..Flags::default() };
            let config = Config::resolve(flags, &Environment::new(&key)).unwrap();
            let (progress, interrupt) = (Progress::default(), Interrupt::default());
            runtime.block_on(run(config, &context, &progress, &interrupt)).unwrap()
        });
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = collecting
}
criterion_main!(benches);
