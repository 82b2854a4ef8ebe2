//! What a store's month would cost: the run's operations, extrapolated, on the platform's meters.
//!
//! The rule: operations of the measured part, over all replications, as often for 30 days. What was refused is not
//! counted, the Worker's own requests neither; storage is, where calls state sizes: its mean over the measured part. An object is active while it serves, and until the write's
//! answer leaves; an idle one costs nothing (durable-objects/platform/pricing, 2026-10).

use crate::limits::{self, Bill, FigureId, MONTH_DAYS, Plan};
use crate::metrics::{CountId, DistributionId, Measurements};
use crate::random::Law;
use crate::scenario::Scenario;
use crate::stores::{D1Statements, DurableObjectConfig, ReadFrom, StoreConfig, StoreKind};

/// Points at which a law is looked at for its mean.
const POINTS: u32 = 1000;

/// The bill of one store; `None` where nothing was measured.
pub fn cost(scenario: &Scenario, store: &StoreConfig, measured: &Measurements) -> Option<Bill> {
    let seconds = (scenario.duration.seconds() - scenario.warmup.seconds()) * f64::from(scenario.replications);
    if measured.operations == 0 || seconds <= 0.0 {
        return None;
    }
    let month = |count: u64| count as f64 / seconds * MONTH_DAYS * 86_400.0;
    // Every key read is judged once, and every key written has one window.
    let keys_read = month(measured.count(CountId::StaleReads).of);
    let keys_written = month(measured.distribution(DistributionId::InconsistencyWindow).count());
    let deleted = month(measured.deletes);
    let reads = month(measured.distribution(DistributionId::ReadLatency).count());
    let writes = month(measured.distribution(DistributionId::WriteLatency).count());
    let lists = month(measured.count(CountId::StaleLists).of);
    let stored = measured.storage.0 as f64 / 1e9 / seconds;
    let used = match &store.kind {
        StoreKind::KvPush(config) if config.limit_per_namespace => {
            // A list is charged like a write.
            vec![
                ("kv_instant.reads", keys_read),
                ("kv_instant.writes", keys_written + lists),
                ("kv_instant.storage", stored / 1e6),
            ]
        }
        StoreKind::KvPull(_) | StoreKind::KvPush(_) => {
            vec![
                ("kv.reads", keys_read),
                ("kv.writes", keys_written - deleted),
                ("kv.deletes", deleted),
                ("kv.lists", lists),
                ("kv.storage", stored / 1e9),
            ]
        }
        // An update finds its row before it writes it.
        StoreKind::D1(config) => rows(&config.statements, keys_read + keys_written, keys_written).to_vec(),
        StoreKind::DurableObject(config) => objects(scenario, config, [reads, writes], [keys_read, keys_written]),
        // Every update is charged as a put, although the object gathers those that come too fast for KV.
        StoreKind::KvThroughObject(config) if config.read_from == ReadFrom::Object => {
            let mut used = objects(scenario, &config.object, [reads, writes], [keys_read, keys_written]);
            used.push(("kv.writes", keys_written));
            used
        }
        StoreKind::KvThroughObject(config) => {
            let mut used = objects(scenario, &config.object, [0.0, writes], [0.0, keys_written]);
            used.extend([("kv.reads", keys_read), ("kv.writes", keys_written)]);
            used
        }
        // The binding has no price of its own.
        StoreKind::RateLimiting(_) => Vec::new(),
        StoreKind::CacheAside(config) => {
            let hits = measured.count(CountId::CacheHits);
            let misses = month(hits.of - hits.hits);
            let mut used = vec![("kv.reads", keys_read), ("kv.writes", misses), ("kv.deletes", keys_written)];
            used.extend(rows(&config.database.statements, misses + keys_written, keys_written));
            used
        }
    };
    Some(limits::bill(&scenario.platform, &used))
}

/// The rows that a database reads and writes in a month, as its meters count them, for so many keys.
fn rows(statements: &D1Statements, found: f64, written: f64) -> [(&'static str, f64); 2] {
    [
        ("d1.rows_read", found * f64::from(statements.rows_read())),
        ("d1.rows_written", written * f64::from(statements.rows_written())),
    ]
}

/// What objects use in a month: for so many reads and writes, of so many keys.
fn objects(
    scenario: &Scenario,
    config: &DurableObjectConfig,
    [reads, writes]: [f64; 2],
    [keys_read, keys_written]: [f64; 2],
) -> Vec<(&'static str, f64)> {
    let object_gb = scenario.platform.bound(FigureId::ObjectMemoryBytes, Plan::Paid) as f64 / 1e9;
    // An update that awaits something foreign reads first, and is active while it waits.
    let foreign = config.code.foreign_await.as_ref();
    let before = foreign.map_or(0.0, |law| mean_seconds(&config.read_time) + mean_seconds(law));
    let active = reads * mean_seconds(&config.read_time)
        + writes * (before + mean_seconds(&config.write_time) + mean_seconds(&config.durability));
    vec![
        ("durable_object.requests", reads + writes),
        ("durable_object.duration", active * object_gb),
        ("durable_object.rows_read", keys_read + keys_written),
        ("durable_object.rows_written", keys_written),
    ]
}

/// The mean of a law, from its quantiles.
fn mean_seconds(law: &Law) -> f64 {
    let sum: f64 = (0..POINTS).map(|n| law.quantile((f64::from(n) + 0.5) / f64::from(POINTS))).sum();
    sum / f64::from(POINTS) / 1e9
}
