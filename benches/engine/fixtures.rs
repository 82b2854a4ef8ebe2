//! What the benches simulate: scenarios of the sizes that the documents speak of, from what the tests build theirs of.

use consistency_sim::model::{Location, Span};
use consistency_sim::random::Law;
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::support;

fn log_normal(median: f64, p99: f64) -> Law {
    let span = |milliseconds: f64| Span::from_nanos_f64(milliseconds * 1e6);
    Law::LogNormal { median: span(median), p99: span(p99) }
}

fn common() -> KvCommon {
    KvCommon {
        hit_latency: log_normal(2.0, 10.0),
        central_read: log_normal(1.0, 5.0),
        central_write: log_normal(10.0, 50.0),
        local_visibility: 1.0,
        write_limit: WriteLimit::Strict,
        ..support::instant_kv()
    }
}

/// The stores by name.
pub fn store(name: &str) -> StoreKind {
    let delay = Law::Exponential { mean: Span::from_secs(5) };
    match name {
        "kv pull" => {
            StoreKind::KvPull(KvPullConfig { common: common(), cache_ttl: Span::from_secs(60), negative_caching: true })
        }
        "kv push" => StoreKind::KvPush(KvPushConfig {
            common: common(),
            delay,
            max: Span::from_secs(60),
            limit_per_namespace: false,
        }),
        "d1" => StoreKind::D1(support::d1_config(Location(0))),
        "durable object" => support::durable_object().kind,
        other => unreachable!("no store is called {other}"),
    }
}

/// One store, one workload, one replication.
fn scenario(edges: u16, duration: Span, workload: WorkloadConfig, kind: StoreKind) -> Scenario {
    let mut network = support::network(edges, Span::from_millis(80));
    network.jitter = log_normal(0.5, 5.0);
    let stores = vec![StoreConfig { name: kind.word().into(), label: kind.word().into(), kind }];
    Scenario {
        name: "bench".into(),
        duration,
        warmup: Span::ZERO,
        replications: 1,
        ..support::scenario(network, workload, stores)
    }
}

/// On average ten operations for each of a million keys (Zipf 0.99) at 300 locations, 1 % writes.
pub fn open_loop(kind: StoreKind) -> Scenario {
    let WorkloadConfig::Mix(mix) = support::mix(1_000_000, 9_900.0, 100.0) else { unreachable!("a mix") };
    let mix = MixConfig { popularity: Popularity::Zipf { exponent: 0.99 }, ..mix };
    scenario(300, Span::from_secs(1_000), WorkloadConfig::Mix(mix), kind)
}

/// Ten counters with a hundred clients each, who think for ten seconds and read back: some two million operations.
pub fn counters(kind: StoreKind) -> Scenario {
    let workload = WorkloadConfig::Counter(CounterConfig {
        counters: 10,
        clients: 100,
        pace: Pace::Closed { think: Law::Exponential { mean: Span::from_secs(10) } },
        read_back: true,
        retry: Retry { attempts: 0, wait: Span::ZERO },
    });
    scenario(12, Span::from_secs(10_000), workload, kind)
}
