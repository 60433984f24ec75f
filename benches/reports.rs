//! What it costs to judge a workspace, to write each report of it, and to compare it with an earlier report, in rows of
//! dependents: `cargo bench --bench reports`. What the network and parsing cost is not here.

#![allow(missing_docs, reason = "criterion's macros make functions")]

mod support;

use std::{hint::black_box, io};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use elevenlabs_secrets_audit::{
    audit::{Audit, Changes, History, Judged},
    bundle::{File, Format},
    report::{self, read_audit, read_earlier},
};
use support::{Size, inventory, parameters, run};

const SIZE: Size = Size { secrets: 1_000, dependents: 120, resources: 500 };

fn of_the_night(night: i64) -> Audit {
    let nothing_before = Changes::NotCompared("no earlier audit was at hand".to_owned());
    Judged::of(inventory(SIZE), run(night), parameters()).conclude(
        History::default(),
        nothing_before,
        Vec::new(),
    )
}

fn written(file: File, audit: &Audit) -> Vec<u8> {
    let mut bytes = Vec::new();
    report::write(file, audit, &mut bytes).map(|_| bytes).unwrap_or_default()
}

fn judging(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("audit");
    group.throughput(Throughput::Elements(SIZE.rows() as u64));
    group.bench_function("audit", |bencher| {
        let judge = |inventory| Judged::of(inventory, run(1), parameters());
        bencher.iter_batched(|| inventory(SIZE), judge, BatchSize::LargeInput);
    });
    group.finish();
}

fn rendering(criterion: &mut Criterion) {
    let audit = of_the_night(1);
    let mut group = criterion.benchmark_group("render");
    group.throughput(Throughput::Elements(SIZE.rows() as u64));
    for file in File::of(Format::ALL) {
        group.bench_function(file.name(), |bencher| {
            bencher.iter(|| report::write(file, black_box(&audit), io::sink()));
        });
    }
    group.finish();
}

fn reading_back(criterion: &mut Criterion) {
    let (earlier, now) = (written(File::Json, &of_the_night(0)), of_the_night(1));
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(SIZE.rows() as u64));
    group.bench_function("earlier", |bencher| {
        bencher.iter(|| read_earlier(black_box(earlier.as_slice()), Some(&mut now.comparison())));
    });
    group.bench_function("whole", |bencher| {
        bencher.iter(|| read_audit(black_box(earlier.as_slice())));
    });
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(10);
    targets = judging, rendering, reading_back
}
criterion_main!(benches);
