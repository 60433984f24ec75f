//! What it costs to read pages, and to collect a whole workspace, in rows of dependents: `cargo bench --bench collect`.
//!
//! To collect takes a server, which is the simulator in this process: what that costs is in the figure too. How much of it
//! is ours, `benches/compare` tells, where the simulator has a process of its own.

#![allow(missing_docs, reason = "criterion's macros make functions")]
#![allow(clippy::unwrap_used, reason = "a benchmark that cannot be set up has nothing to say")]

use std::{hint::black_box, sync::Arc, time::Duration};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use elevenlabs_secrets_audit::{
    api::{
        Chance, Client, ClientOptions, Connections, DependenciesPage, Mask, ResourceType, RetryPolicy, Run,
        SecretPage,
    },
    collect::{CollectOptions, collect},
    inventory::{Seen, Workspace},
    progress::Progress,
};
use simulator::{Simulator, World, scaled};

const SCALE: scaled::Scale = scaled::Scale {
    secrets: 500,
    dependents_per_secret: 120,
    workspace: 0,
    agents: 0,
    branches_per_agent: 0,
};
const A_MINUTE: Duration = Duration::from_secs(60);

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().unwrap()
}

fn client(simulator: &Simulator, world: &World) -> Client {
    let options = ClientOptions {
        base_url: simulator.base_url(),
        api_key: world.api_key.clone().into(),
        concurrency: 8,
        retry: RetryPolicy {
            attempts: 1,
            first_backoff: Duration::ZERO,
            longest_backoff: Duration::ZERO,
            longest_retry_after: Duration::ZERO,
        },
        retries: 0,
        max_body: 32 << 20,
        max_pages: 10_000,
        proxy: None,
    };
    let connections = Connections::new(A_MINUTE, A_MINUTE, A_MINUTE);
    let mask = Mask::new([world.api_key.as_str()]).unwrap();
    let deadline = tokio::time::Instant::now() + 60 * A_MINUTE;
    let run = Run::new(connections, 32, 0, deadline, Arc::new(mask));
    let chance = Chance { now: chrono::Utc::now, random: || 0.0 };
    Client::new(options, chance, Arc::new(run), Progress::default().workspace("bench")).unwrap()
}

async fn workspace(simulator: &Simulator, world: &World) -> Workspace {
    let options = CollectOptions {
        page_size: 100,
        dependency_limit: 20,
        max_dependency_limit: 100,
        search: String::new(),
        deep: elevenlabs_secrets_audit::collect::Deep::Auto,
        archived_branches: elevenlabs_secrets_audit::collect::ArchivedBranches::Auto,
        switched_off: Vec::new(),
    };
    let progress = Progress::default().workspace("bench");
    let look_back = Arc::new(|_: &Workspace| Ok(Seen::default()));
    collect(client(simulator, world), "bench", "simulator", Arc::new(options), progress, look_back)
        .await
        .unwrap()
}

/// The body that the simulator answers with.
async fn body(simulator: &Simulator, world: &World, path: &str) -> Vec<u8> {
    let url = format!("{}v1/convai/secrets{path}", simulator.base_url());
    let asked = reqwest::Client::new().get(url).header("xi-api-key", &world.api_key).send().await;
    let answer = asked.and_then(reqwest::Response::error_for_status).unwrap();
    answer.bytes().await.unwrap().to_vec()
}

fn rows(page: &SecretPage<'_>) -> usize {
    page.secrets.iter().flat_map(|secret| &secret.lists).map(|list| list.sightings.len()).sum()
}

fn parsing(criterion: &mut Criterion) {
    let (runtime, world) = (runtime(), scaled::world(SCALE));
    let (page, dependents) = runtime.block_on(async {
        let hub = world.secrets.iter().max_by_key(|secret| secret.used_by.agents.len());
        let hub = hub.map(|secret| secret.id.clone()).unwrap_or_default();
        let simulator = Simulator::start(world.clone()).await.unwrap();
        let page = body(&simulator, &world, "?page_size=100&dependency_limit=100").await;
        (page, body(&simulator, &world, &format!("/{hub}/dependencies/agents?page_size=100")).await)
    });
    let read = |body| SecretPage::parse(body).unwrap();
    // A field more, as the service may send one day: then each piece is read by itself.
    let odd = String::from_utf8_lossy(&page).replacen('{', r#"{"new_field":null,"#, 1).into_bytes();
    let mut group = criterion.benchmark_group("parse");
    group.throughput(Throughput::Elements(rows(&read(&page)) as u64));
    group.bench_function("page of secrets", |bencher| bencher.iter(|| rows(&read(black_box(&page)))));
    group.bench_function("page of secrets, unknown field", |bencher| {
        bencher.iter(|| rows(&read(black_box(&odd))));
    });
    let mask = Mask::new([world.api_key.as_str()]).unwrap();
    group.bench_function("page of secrets, only searched for keys", |bencher| {
        bencher.iter(|| mask.body(black_box(&mut page.clone())).unwrap());
    });
    // One escape that might hide a key: then all of it is unescaped.
    let escaped = String::from_utf8_lossy(&page).replacen("\"name\"", "\"n\\u0061me\"", 1).into_bytes();
    group.bench_function("page of secrets, unescaped and searched for keys", |bencher| {
        bencher.iter(|| mask.body(black_box(&mut escaped.clone())).unwrap());
    });
    group.throughput(Throughput::Elements(100));
    group.bench_function("page of dependents", |bencher| {
        bencher.iter(|| {
            let page = DependenciesPage::parse(black_box(&dependents), ResourceType::Agents);
            page.map(|page| page.sightings.len()).unwrap()
        });
    });
    group.finish();
}

fn collecting(criterion: &mut Criterion) {
    let (runtime, world) = (runtime(), scaled::world(SCALE));
    let simulator = runtime.block_on(Simulator::start(world.clone())).unwrap();
    let mut group = criterion.benchmark_group("collect");
    group.throughput(Throughput::Elements(scaled::rows(&world) as u64));
    group.bench_function("workspace", |bencher| {
        bencher.iter(|| runtime.block_on(workspace(&simulator, &world)).secrets.len());
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = parsing, collecting
}
criterion_main!(benches);
