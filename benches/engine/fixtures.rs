//! What the benches simulate: scenarios of the sizes that the documents speak of, from what the tests build theirs of.

use consistency_sim::model::{Location, Span};
use consistency_sim::random::{Law, Stream, mix, unit};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::*;
use consistency_sim::workloads::*;
use tempfile::NamedTempFile;

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

/// Two thousand users with sessions of ten minutes, for three hours: some 1.4 million requests.
pub fn sessions(kind: StoreKind) -> Scenario {
    let workload = WorkloadConfig::Session(SessionConfig {
        users: 2_000,
        life: Law::Exponential { mean: Span::from_secs(600) },
        idle: Law::Exponential { mean: Span::from_secs(1_200) },
        requests: 0.1,
        elsewhere: 0.2,
        after_logout: Span::from_secs(120),
        after_rate: 0.5,
    });
    scenario(12, Span::from_secs(3 * 3_600), workload, kind)
}

/// A hundred flags at twelve edges, flipped every quarter of an hour: some two million evaluations.
pub fn flags(kind: StoreKind) -> Scenario {
    let workload = WorkloadConfig::FeatureFlag(FeatureFlagConfig {
        flags: 100,
        flip_every: Law::Exponential { mean: Span::from_secs(900) },
        evaluations: 1.0,
    });
    scenario(12, Span::from_secs(1_800), workload, kind)
}

/// A file of so many rows, a thousand for each second, 5 % of them writes, on 100,000 keys (Zipf 0.99): each row as `write` has
/// it, given its number, its key and what it is drawn from.
fn trace(rows: u32, header: &str, write: impl Fn(&mut Vec<u8>, u32, usize, &mut Stream)) -> NamedTempFile {
    use std::io::Write;

    let shares = Popularity::Zipf { exponent: 0.99 }.shares(100_000);
    let sums: Vec<f64> = shares
        .iter()
        .scan(0.0, |sum, share| {
            *sum += share;
            Some(*sum)
        })
        .collect();
    let mut stream = Stream::from_entity(1);
    let mut text = format!("{header}\n").into_bytes();
    for row in 0..rows {
        let drawn = unit(stream.draw());
        write(&mut text, row, sums.partition_point(|sum| *sum < drawn), &mut stream);
    }
    let mut file = NamedTempFile::new().expect("a folder for what is temporary");
    file.write_all(&text).expect("room for a trace");
    file
}

/// Rows of 29 bytes, one each millisecond, with short names.
pub fn trace_file(rows: u32) -> NamedTempFile {
    use std::io::Write;

    trace(rows, "time,key,size,client,operation,ttl", |text, row, key, stream| {
        let (size, client) = (50 + stream.below(5_000), stream.below(2_000));
        let operation = if stream.below(20) == 0 { "set" } else { "get" };
        let (seconds, millis) = (row / 1_000, row % 1_000);
        writeln!(text, "{seconds}.{millis:03},key{key},{size},{client},{operation},").expect("memory takes all");
    })
}

/// Rows of 44 bytes as the traces of Twitter's caches have them: seven columns, whole seconds, names without meaning.
pub fn cache_trace_file(rows: u32) -> NamedTempFile {
    use std::io::Write;

    let header = "timestamp,anonymized key,key size,value size,client id,operation,TTL";
    trace(rows, header, |text, row, key, stream| {
        let (key_size, size, client) = (20 + stream.below(60), 50 + stream.below(5_000), stream.below(2_000));
        let (operation, ttl) = if stream.below(20) == 0 { ("set", 86_400) } else { ("get", 0) };
        let (second, name) = (row / 1_000, mix(key as u64));
        writeln!(text, "{second},q:q:{name:016x},{key_size},{size},{client},{operation},{ttl}")
            .expect("memory takes all");
    })
}

/// The columns of such a trace that say when, which key and what; with those of clients and TTLs; and with sizes, too.
pub fn cache_trace_sources(file: &NamedTempFile) -> [TraceSource; 3] {
    [(false, false), (true, false), (true, true)].map(|(more, sized)| TraceSource {
        time: "timestamp".into(),
        key: Some("anonymized key".into()),
        client: more.then(|| "client id".into()),
        ttl: more.then(|| "TTL".into()),
        size: sized.then(|| "value size".into()),
        ..trace_source(file)
    })
}

/// The columns of such a trace that say when, which key and what.
pub fn trace_source(file: &NamedTempFile) -> TraceSource {
    let file = TraceFile::Path { written: "trace.csv".into(), resolved: file.path().into() };
    TraceSource {
        time: "time".into(),
        key: Some("key".into()),
        operation: Some("operation".into()),
        ..support::trace_source(file, 1_000_000_000)
    }
}

/// Its replay at six edges.
pub fn replay(source: TraceSource, duration: Span, kind: StoreKind) -> Scenario {
    let default_operation = TraceOperation::Get;
    let parse = ParseConfig { text: Span::from_millis(1), ..support::plain_values().parse };
    let values = source.size.is_some().then(|| ValuesConfig { parse, ..support::plain_values() });
    let workload =
        WorkloadConfig::Trace(TraceConfig { source, default_operation, write_share: 0.0, readers: None, values });
    scenario(6, duration, workload, kind)
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
