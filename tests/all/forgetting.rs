//! Worlds of events remember completed writes only as long as somebody can miss them, and nobody notices.

use consistency_sim::engine::{Partition, World};
use consistency_sim::limits::{Plan, Terms};
use consistency_sim::metrics::{CountId, Measurements, Window};
use consistency_sim::model::*;
use consistency_sim::network::{Network, NetworkConfig};
use consistency_sim::random::{Law, Purpose, StreamKey};
use consistency_sim::scenario::newest;
use consistency_sim::stores::d1::D1;
use consistency_sim::stores::durable_object::DurableObjects;
use consistency_sim::stores::kv_push::KvPush;
use consistency_sim::stores::*;
use consistency_sim::workloads::{CounterConfig, Pace, Prepared, Retry, WorkloadConfig, build};

use crate::support::{d1_config, durable_object, kv_push, network};

/// A store that promises nothing of when its writes are shown, so that all of them are remembered.
struct Silent<S>(S);

impl<S: Store> Store for Silent<S> {
    type Message = S::Message;

    fn idiom(&self) -> Idiom {
        self.0.idiom()
    }

    fn coupling(&self) -> Coupling {
        self.0.coupling()
    }

    fn begin(&mut self, ground: Ground) {
        self.0.begin(ground);
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<S::Message>) {
        self.0.request(now, id, request, outbox);
    }

    fn deliver(&mut self, now: Time, message: S::Message, requests: &Requests, outbox: &mut Outbox<S::Message>) {
        self.0.deliver(now, message, requests, outbox);
    }

    fn lost(&mut self, now: Time, message: S::Message, requests: &Requests, outbox: &mut Outbox<S::Message>) {
        self.0.lost(now, message, requests, outbox);
    }

    fn lost_answer(&self) -> Refusal {
        self.0.lost_answer()
    }

    fn latest(&self, key: Key) -> Seen {
        self.0.latest(key)
    }

    fn storage(&mut self) -> consistency_sim::limits::Storage {
        self.0.storage()
    }

    fn usage(&mut self) -> consistency_sim::limits::Usage {
        self.0.usage()
    }
}

fn places() -> NetworkConfig {
    NetworkConfig { jitter: Law::Exponential { mean: Span::from_millis(20) }, ..network(4, Span::from_millis(40)) }
}

fn terms() -> Terms {
    Terms { platform: newest(), plan: Plan::Paid, starts_at: Span::ZERO }
}

/// Forty clients at one counter, who pause for half a second on average: the most writes that were kept at a time, how many
/// were acknowledged, and what was measured.
fn counted(store: impl Store, seconds: u64) -> (usize, u64, Measurements) {
    let network = places();
    let config = WorkloadConfig::Counter(CounterConfig {
        counters: 1,
        clients: 40,
        pace: Pace::Closed { think: Law::Exponential { mean: Span::from_millis(500) } },
        read_back: true,
        retry: Retry { attempts: 0, wait: Span::ZERO },
    });
    let workload = build(&config, &Prepared::new(&config), 1, 0, &network.edge_codes());
    let window = Window { from: Time(10_000_000_000), until: Time(seconds * 1_000_000_000) };
    let key = StreamKey::new(1, 0, Purpose::Requests);
    let mut world = World::new(store, workload, Network::new(&network), window, key);
    world.simulate(Partition { first_group: 0, groups: 1 });
    let kept = world.most_kept();
    let measurements = world.into_measurements();
    let writes = measurements.count(CountId::LostUpdates).of;
    (kept, writes, measurements)
}

/// A run keeps no more than one a sixth as long, and the same is measured as where all is kept.
fn forgets<S: Store>(store: impl Fn() -> S) -> Measurements {
    let [(short, some, _), (long, many, measured)] = [100, 600].map(|seconds| counted(store(), seconds));
    assert!(some > 4_000 && many > 5 * some, "{some} and {many} writes");
    assert!(short < 3_000 && long < 3_000, "{short} of {some} writes kept, {long} of {many}");
    let (all, of, remembered) = counted(Silent(store()), 600);
    assert_eq!((all as u64, of), (many, many), "all are kept where nothing is promised");
    assert!(measured == remembered, "something else was measured");
    measured
}

#[test]
fn strong_stores_run_in_bounded_memory() {
    let d1 = forgets(|| D1::new(&d1_config(Location(4)), &terms()));
    assert_eq!(d1.count(CountId::StaleReads).hits, 0);
    let StoreKind::DurableObject(config) = durable_object().kind else { unreachable!("an object") };
    let objects = forgets(|| DurableObjects::new(&config, &places(), &terms()));
    assert_eq!(objects.count(CountId::StaleReads).hits, 0);
}

#[test]
fn pushed_versions_are_remembered_until_they_are_everywhere() {
    let delay = Law::Exponential { mean: Span::from_secs(2) };
    let StoreKind::KvPush(config) = kv_push(delay, Span::from_secs(8)).kind else { unreachable!("pushed") };
    let pushed = forgets(|| KvPush::new(&config, Location(4), &terms()));
    let stale = pushed.count(CountId::StaleReads);
    assert!(stale.hits > stale.of / 10, "{stale:?}");
    // A writer whose clock is behind may write an older version than one that is everywhere.
    let common = KvCommon { clock_skew: vec![-3_000_000], ..config.common.clone() };
    let skewed = KvPush::new(&KvPushConfig { common, ..config }, Location(4), &terms());
    let (kept, writes, _) = counted(skewed, 100);
    assert_eq!(kept as u64, writes);
}
