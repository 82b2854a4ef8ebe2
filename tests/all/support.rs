//! Scenarios built by hand, for tests of the model that should not depend on the parser.

use consistency_sim::faults::Faults;
use consistency_sim::limits::Plan;
use consistency_sim::metrics::{CountId, Estimate};
use consistency_sim::model::{Location, Span};
use consistency_sim::network::{NetworkConfig, Place};
use consistency_sim::random::Law;
use consistency_sim::run::{Options, Outcome, Unwatched, run};
use consistency_sim::scenario::{Scenario, newest};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;
use proptest::test_runner::{Config, RngSeed};

/// So many inputs for a property, the same each time: what failed once fails again. `PROPTEST_CASES` draws as many as it
/// says instead, and `PROPTEST_RNG_SEED` others.
pub fn cases(usual: u32) -> Config {
    let default = Config::default();
    let cases = if std::env::var_os("PROPTEST_CASES").is_some() { default.cases } else { usual };
    let rng_seed = if default.rng_seed == RngSeed::Random { RngSeed::Fixed(1) } else { default.rng_seed };
    Config { cases, rng_seed, ..default }
}

/// `edges` places with clients and one more for the central store, all `rtt` apart.
pub fn network(edges: u16, rtt: Span) -> NetworkConfig {
    let n = usize::from(edges) + 1;
    let place = |at: usize| Place { code: format!("P{at}"), city: format!("Place {at}") };
    let distance = |at: usize| if at / n == at % n { Span::ZERO } else { rtt };
    NetworkConfig {
        places: (0..n).map(place).collect(),
        edges,
        central: Location(edges),
        rtt: (0..n * n).map(distance).collect(),
        jitter: Law::Constant(Span::ZERO),
        faults: Faults::default(),
    }
}

/// What a KV store takes no time for anything.
pub fn instant_kv() -> KvCommon {
    let zero = || Law::Constant(Span::ZERO);
    KvCommon {
        hit_latency: zero(),
        central_read: zero(),
        central_write: zero(),
        local_visibility: 0.0,
        write_limit: WriteLimit::Lenient,
        tombstone_life: TOMBSTONE_LIFE,
        clock_skew: Vec::new(),
    }
}

pub fn kv_pull(cache_ttl: Span) -> StoreConfig {
    let kind = StoreKind::KvPull(KvPullConfig { common: instant_kv(), cache_ttl, negative_caching: true });
    StoreConfig { name: "kv".into(), label: "Workers KV".into(), kind }
}

pub fn kv_push(delay: Law, max: Span) -> StoreConfig {
    let config = KvPushConfig { common: instant_kv(), delay, max, limit_per_namespace: false };
    StoreConfig { name: "push".into(), label: "KV push".into(), kind: StoreKind::KvPush(config) }
}

pub fn d1(primary: Location) -> StoreConfig {
    StoreConfig { name: "d1".into(), label: "D1".into(), kind: StoreKind::D1(d1_config(primary)) }
}

pub fn d1_config(primary: Location) -> D1Config {
    D1Config {
        primary,
        read_time: Law::Constant(Span::from_millis(1)),
        write_time: Law::LogNormal { median: Span::from_millis(5), p99: Span::from_millis(8) },
        queue_limit: 1000,
        queue_timeout: Span::from_secs(5),
        read_retries: 2,
        read_then_write: false,
        replication: None,
        statements: D1Statements::default(),
    }
}

pub fn durable_object() -> StoreConfig {
    object("do", "Durable Object", DurableObjectConfig::default())
}

pub fn object(name: &str, label: &str, config: DurableObjectConfig) -> StoreConfig {
    StoreConfig { name: name.into(), label: label.into(), kind: StoreKind::DurableObject(config) }
}

pub fn mix(keys: u32, reads: f64, writes: f64) -> WorkloadConfig {
    WorkloadConfig::Mix(MixConfig {
        keys,
        popularity: Popularity::Uniform,
        reads,
        writes,
        deletes: 0.0,
        shape: Shape::Poisson,
        preloaded: true,
        values: None,
    })
}

pub fn scenario(network: NetworkConfig, workload: WorkloadConfig, stores: Vec<StoreConfig>) -> Scenario {
    Scenario {
        name: "test".into(),
        question: "?".into(),
        duration: Span::from_secs(3600),
        warmup: Span::from_secs(600),
        seed: 1,
        replications: 40,
        network,
        workload,
        stores,
        platform: newest(),
        plan: Plan::Paid,
        starts_at: Span::ZERO,
        divergence: false,
        promises: Vec::new(),
        assumptions: Vec::new(),
    }
}

pub fn outcome(scenario: &Scenario) -> Outcome {
    run(scenario, &Options { threads: 0, command: String::new() }, &Unwatched).expect("no trace is read")
}

/// A share with its standard error over replications.
pub fn share(outcome: &Outcome, store: usize, id: CountId) -> (f64, f64) {
    let estimate: &Estimate = outcome.stores[store].estimate(id.row().name).expect("measured");
    let [low, high] = estimate.interval.expect("several replications");
    let n = f64::from(outcome.scenario.replications);
    let t = consistency_sim::metrics::estimate::student_quantile(0.975, n - 1.0);
    // The interval may be clipped at zero: the upper half is whole.
    (estimate.value, ((high - estimate.value).max(estimate.value - low)) / t)
}

/// Values of which nothing is said, nor made.
pub fn plain_values() -> ValuesConfig {
    let nothing = Span::ZERO;
    ValuesConfig {
        bytes: Law::Constant(Span(288)),
        key_bytes: None,
        metadata_bytes: 0,
        expiration_ttl: None,
        cache_ttl: None,
        form: consistency_sim::model::Form::Text,
        with_metadata: false,
        parse: ParseConfig { stream: nothing, array_buffer: nothing, text: nothing, json: nothing },
    }
}

/// A trace with columns for time (`t`, in so many nanoseconds), keys (`k`) and operations (`op`).
pub fn trace_source(file: TraceFile, unit: u64) -> TraceSource {
    TraceSource {
        file,
        time: "t".into(),
        time_unit: TimeUnit::Number(unit),
        key: Some("k".into()),
        operation: Some("op".into()),
        size: None,
        ttl: None,
        location: None,
        client: None,
        time_scale: 1.0,
        placement: Placement::PerRow,
        length: None,
    }
}
