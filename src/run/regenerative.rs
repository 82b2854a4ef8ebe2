//! Which stores forget everything now and then, so that a single replication falls into independent cycles.

use crate::metrics::cycles::cycles;
use crate::metrics::estimate::regenerative;
use crate::metrics::{CountId, Estimate};
use crate::model::{Location, Span, Time};
use crate::random::Law;
use crate::scenario::Scenario;
use crate::stores::StoreKind;
use crate::workloads::{Shape, WorkloadConfig};

use super::unit::Contestant;

/// The most operations that are looked through for cycles.
const OPERATIONS_MAX: usize = 1_000_000;

/// The stale reads of replication 0 from the cycles between fills; `None` where the model has no independent cycles, or
/// the history would be too long.
pub fn stale_reads(scenario: &Scenario, store: usize, contestant: &Contestant) -> Option<Estimate> {
    if !begins_anew(scenario, store) {
        return None;
    }
    let parts = contestant.record_all(0, OPERATIONS_MAX).ok()?;
    let from = Time(scenario.warmup.0);
    let samples: Vec<_> = parts.iter().flat_map(|(_, history)| cycles(history, from)).collect();
    regenerative(CountId::StaleReads, &samples)
}

/// One cache of Workers KV that pulls without delay, under reads and writes that remember nothing: whenever it takes a
/// copy, all is as it was at the copy before. With several caches a write is shared by all of them, and with delays a
/// fill can overlap the next, so there the cycles depend on each other.
fn begins_anew(scenario: &Scenario, store: usize) -> bool {
    let zero = Law::Constant(Span::ZERO);
    let StoreKind::KvPull(config) = &scenario.stores[store].kind else { return false };
    let WorkloadConfig::Mix(mix) = &scenario.workload else { return false };
    let network = &scenario.network;
    let places = network.places.len();
    let to_central = Location(0).index() * places + network.central.index();
    let common = &config.common;
    network.edges == 1
        && mix.shape == Shape::Poisson
        && network.rtt.get(to_central) == Some(&Span::ZERO)
        && network.jitter == zero
        && [&common.hit_latency, &common.central_read, &common.central_write].into_iter().all(|law| *law == zero)
}
