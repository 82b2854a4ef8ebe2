//! How fast the engine is, in operations per second: `cargo bench --bench engine`.

#![allow(clippy::disallowed_methods, reason = "benches measure time")]

use consistency_sim::faults::Faults;
use consistency_sim::limits::Plan;
use consistency_sim::model::{Location, Span};
use consistency_sim::network::{NetworkConfig, Place};
use consistency_sim::random::Law;
use consistency_sim::run::{Options, Unwatched, run};
use consistency_sim::scenario::{Scenario, newest};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;
use divan::counter::ItemsCount;

fn main() {
    divan::main();
}

fn network(edges: u16) -> NetworkConfig {
    let n = usize::from(edges) + 1;
    NetworkConfig {
        places: (0..n).map(|at| Place { code: format!("P{at}"), city: format!("Place {at}") }).collect(),
        edges,
        central: Location(edges),
        rtt: (0..n * n).map(|at| Span::from_millis(if at / n == at % n { 0 } else { 80 })).collect(),
        jitter: Law::LogNormal { median: Span(500_000), p99: Span::from_millis(5) },
        faults: Faults::default(),
    }
}

fn common() -> KvCommon {
    let law = |median, p99| Law::LogNormal { median: Span::from_millis(median), p99: Span::from_millis(p99) };
    KvCommon {
        hit_latency: law(2, 10),
        central_read: law(1, 5),
        central_write: law(10, 50),
        local_visibility: 1.0,
        write_limit: WriteLimit::Strict,
        tombstone_life: TOMBSTONE_LIFE,
        clock_skew: Vec::new(),
    }
}

/// Ten operations for each of a million keys (Zipf 0.99), 300 locations, 1 % writes.
fn open_loop(kind: StoreKind) -> Scenario {
    let operations = 10_000_000.0;
    let seconds = 1_000;
    Scenario {
        name: "bench".into(),
        question: "?".into(),
        duration: Span::from_secs(seconds),
        warmup: Span::ZERO,
        seed: 1,
        replications: 1,
        network: network(300),
        workload: WorkloadConfig::Mix(MixConfig {
            keys: 1_000_000,
            popularity: Popularity::Zipf { exponent: 0.99 },
            reads: 0.99 * operations / seconds as f64,
            writes: 0.01 * operations / seconds as f64,
            deletes: 0.0,
            shape: Shape::Poisson,
            preloaded: true,
        }),
        stores: vec![StoreConfig { name: "kv".into(), label: "KV".into(), kind }],
        promises: Vec::new(),
        platform: newest(),
        plan: Plan::Paid,
        divergence: false,
        assumptions: Vec::new(),
    }
}

fn bench(bencher: divan::Bencher<'_, '_>, scenario: &Scenario, threads: usize) {
    let options = Options { threads, command: String::new() };
    bencher.counter(ItemsCount::new(10_000_000_usize)).bench(|| run(scenario, &options, &Unwatched));
}

#[divan::bench(sample_count = 3, args = [1, 2])]
fn kv_pull_million_keys(bencher: divan::Bencher<'_, '_>, threads: usize) {
    let config = KvPullConfig { common: common(), cache_ttl: Span::from_secs(60), negative_caching: true };
    bench(bencher, &open_loop(StoreKind::KvPull(config)), threads);
}

#[divan::bench(sample_count = 3, args = [1, 2])]
fn kv_push_million_keys(bencher: divan::Bencher<'_, '_>, threads: usize) {
    let delay = Law::Exponential { mean: Span::from_secs(5) };
    let config = KvPushConfig { common: common(), delay, max: Span::from_secs(60), limit_per_namespace: false };
    bench(bencher, &open_loop(StoreKind::KvPush(config)), threads);
}
