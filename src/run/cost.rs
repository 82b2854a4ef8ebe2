//! What a store's month would cost: the run's operations, extrapolated, on the platform's meters.
//!
//! The rule: operations of the measured part, over all replications, as often for 30 days. What was refused is not
//! counted, the Worker's own requests neither; storage is, where calls state sizes: its mean over the measured part.
//! Databases and objects count for themselves (`limits/usage.rs`): rows as statements read and write them, a page of a list
//! for each key that it tells of, a row for setting an alarm, and an object's time while it serves, awaits, waits for its
//! write to be durable, or idles without being allowed to hibernate (durable-objects/platform/pricing, 2026-10).

use crate::limits::{self, Bill, FigureId, MONTH_DAYS, MeterId, Plan};
use crate::metrics::{CountId, DistributionId, Measurements};
use crate::scenario::Scenario;
use crate::stores::{StoreConfig, StoreKind};

/// The bill of one store; `None` where nothing was measured.
pub fn cost(scenario: &Scenario, store: &StoreConfig, measured: &Measurements) -> Option<Bill> {
    let month = |meter: MeterId, per_second: f64| {
        if meter.row().is_stored() { per_second } else { per_second * MONTH_DAYS * 86_400.0 }
    };
    let pace = pace(scenario, store, measured)?;
    let used: Vec<(&str, f64)> =
        pace.into_iter().map(|(meter, amount)| (meter.row().name, month(meter, amount))).collect();
    Some(limits::bill(&scenario.platform, &used))
}

/// How much of each meter one store uses, in the meter's unit: in a second, or, of what is stored, on average. `None`
/// where nothing was measured.
pub fn pace(scenario: &Scenario, store: &StoreConfig, measured: &Measurements) -> Option<Vec<(MeterId, f64)>> {
    let seconds = (scenario.duration.seconds() - scenario.warmup.seconds()) * f64::from(scenario.replications);
    if measured.operations == 0 || seconds <= 0.0 {
        return None;
    }
    let counted = |count: u64| count as f64 / seconds;
    // Every key read is judged once, and every key written has one window.
    let keys_read = counted(measured.count(CountId::StaleReads).of);
    let keys_written = measured.distribution(DistributionId::InconsistencyWindow).count();
    let deleted = measured.deletes;
    let lists = counted(measured.count(CountId::StaleLists).of);
    let stored = measured.storage.byte_ns as f64 / 1e9 / seconds;
    Some(match &store.kind {
        StoreKind::KvPush(config) if config.limit_per_namespace => {
            // A list is charged like a write.
            vec![
                (MeterId::KvInstantReads, keys_read),
                (MeterId::KvInstantWrites, counted(keys_written) + lists),
                (MeterId::KvInstantStorage, stored / 1e6),
            ]
        }
        StoreKind::KvPull(_) | StoreKind::KvPush(_) => {
            vec![
                (MeterId::KvReads, keys_read),
                (MeterId::KvWrites, counted(keys_written - deleted)),
                (MeterId::KvDeletes, counted(deleted)),
                (MeterId::KvLists, lists),
                (MeterId::KvStorage, stored / 1e9),
            ]
        }
        // The binding has no price of its own.
        StoreKind::RateLimiting(_) => Vec::new(),
        StoreKind::D1(_) | StoreKind::DurableObject(_) | StoreKind::CacheAside(_) | StoreKind::KvThroughObject(_) => {
            let object_gb = scenario.platform.bound(FigureId::ObjectMemoryBytes, Plan::Paid) as f64 / 1e9;
            let in_unit = |(meter, amount): (MeterId, u128)| match meter {
                MeterId::ObjectDuration => (meter, amount as f64 / 1e9 * object_gb / seconds),
                MeterId::ObjectRequests => {
                    (meter, amount as f64 / messages_per_request(scenario, &store.kind) / seconds)
                }
                _ => (meter, amount as f64 / seconds),
            };
            let room = match &store.kind {
                StoreKind::DurableObject(_) => Some(MeterId::ObjectStorage),
                // An object's storage and KV's have prices of their own, and are not told apart.
                StoreKind::KvThroughObject(_) => None,
                _ => Some(MeterId::D1Storage),
            };
            measured.usage.used().map(in_unit).chain(room.map(|meter| (meter, stored / 1e9))).collect()
        }
    })
}

/// How many of what an object is asked are charged as one request: messages of WebSockets are smaller than requests.
fn messages_per_request(scenario: &Scenario, kind: &StoreKind) -> f64 {
    let websocket = match kind {
        StoreKind::DurableObject(config) => config.websocket,
        StoreKind::KvThroughObject(config) => config.object.websocket,
        _ => false,
    };
    let messages = scenario.platform.bound(FigureId::ObjectMessagesPerRequest, Plan::Paid).max(1);
    if websocket { messages as f64 } else { 1.0 }
}
