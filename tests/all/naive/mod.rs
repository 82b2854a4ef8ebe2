//! The same model as the library's, written the plain way: one heap of events for everything, an event for each copy that
//! arrives or expires, the whole history kept, and every figure computed from it at the end, by its definition.
//!
//! It takes the same random draws, so it must give the same figures to the bit: an oracle. And it is what a simulation
//! costs that does nothing cleverly: a yardstick. Hence it stands where the tests and the benches can both take it in,
//! and outside the library, which has no use for it. It knows the mix on Workers KV and counters on D1 and Durable Objects.

mod counters;
mod history;
mod kv;

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use consistency_sim::metrics::Measurements;
use consistency_sim::model::Time;
use consistency_sim::random::{Purpose, StreamKey, derive};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::StoreKind;
use consistency_sim::workloads::WorkloadConfig;

/// Simulates one replication of one of the scenario's stores.
///
/// # Panics
/// When it does not know the workload on this store.
pub fn simulate(scenario: &Scenario, store: usize, replication: u32) -> Measurements {
    let (history, known_clients) = match (&scenario.workload, &scenario.stores[store].kind) {
        (WorkloadConfig::Mix(mix), StoreKind::KvPull(config)) => {
            (kv::simulate(scenario, mix, kv::Kv::pull(config), replication), false)
        }
        (WorkloadConfig::Mix(mix), StoreKind::KvPush(config)) => {
            (kv::simulate(scenario, mix, kv::Kv::push(config), replication), false)
        }
        (WorkloadConfig::Counter(counter), kind @ (StoreKind::D1(_) | StoreKind::DurableObject(_))) => {
            (counters::simulate(scenario, counter, kind, replication), true)
        }
        _ => panic!("the naive engine does not know this workload on this store"),
    };
    history.figures(scenario, known_clients)
}

/// The draws of the requests, group by group: the n-th request of a group has its own, whatever the store.
struct Draws {
    key: StreamKey,
    made: Vec<u64>,
}

impl Draws {
    fn new(scenario: &Scenario, replication: u32, groups: u32) -> Draws {
        let key = StreamKey::new(scenario.seed, replication, Purpose::Requests);
        Draws { key, made: vec![0; groups as usize] }
    }

    fn next(&mut self, group: u32) -> u64 {
        self.made[group as usize] += 1;
        derive(self.key.entity(u64::from(group)), self.made[group as usize])
    }
}

/// What happens first among equal times: the ends of turns and the arrival and expiry of copies, then impatience, then
/// everything else; among those, what was scheduled first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Class {
    Change,
    Impatience,
    Other,
}

struct Scheduled<E> {
    at: Time,
    class: Class,
    serial: u64,
    event: E,
}

impl<E> PartialEq for Scheduled<E> {
    fn eq(&self, other: &Scheduled<E>) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl<E> Eq for Scheduled<E> {}

impl<E> PartialOrd for Scheduled<E> {
    fn partial_cmp(&self, other: &Scheduled<E>) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<E> Ord for Scheduled<E> {
    /// Reversed: the heap of the standard library gives its greatest first.
    fn cmp(&self, other: &Scheduled<E>) -> Ordering {
        (other.at, other.class, other.serial).cmp(&(self.at, self.class, self.serial))
    }
}

/// The one heap.
struct Agenda<E> {
    heap: BinaryHeap<Scheduled<E>>,
    serial: u64,
}

impl<E> Agenda<E> {
    fn new() -> Agenda<E> {
        Agenda { heap: BinaryHeap::new(), serial: 0 }
    }

    fn add(&mut self, at: Time, class: Class, event: E) {
        self.heap.push(Scheduled { at, class, serial: self.serial, event });
        self.serial += 1;
    }

    fn next(&mut self) -> Option<(Time, E)> {
        self.heap.pop().map(|scheduled| (scheduled.at, scheduled.event))
    }
}
