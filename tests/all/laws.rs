//! Laws that hold for every scenario, tried on random small ones.

use consistency_sim::metrics::CountId;
use consistency_sim::model::{Location, Span};
use consistency_sim::network::NetworkConfig;
use consistency_sim::random::Law;
use consistency_sim::run::{Contestant, Options, Unwatched, run};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::{StoreConfig, StoreKind};
use proptest::prelude::*;

use crate::support::*;

/// Places at random distances, which need not obey the triangle inequality.
pub fn network_of(edges: u16, milliseconds: &[u64]) -> NetworkConfig {
    let mut built = network(edges, Span::ZERO);
    let n = usize::from(edges) + 1;
    let mut distances = milliseconds.iter().cycle();
    for from in 0..n {
        for to in from + 1..n {
            let rtt = Span::from_millis(*distances.next().expect("some"));
            built.rtt[from * n + to] = rtt;
            built.rtt[to * n + from] = rtt;
        }
    }
    built
}

/// The same places, the edges in reverse order.
fn reversed(network: &NetworkConfig) -> NetworkConfig {
    let n = network.places.len();
    let edges = usize::from(network.edges);
    let old = |place: usize| if place < edges { edges - 1 - place } else { place };
    NetworkConfig {
        places: (0..n).map(|place| network.places[old(place)].clone()).collect(),
        rtt: (0..n * n).map(|at| network.rtt[old(at / n) * n + old(at % n)]).collect(),
        ..network.clone()
    }
}

fn kv_stores(ttl: u64, mean: u64, local_visibility: f64) -> Vec<StoreConfig> {
    let delay = Law::Exponential { mean: Span::from_secs(mean) };
    let mut stores = vec![kv_pull(Span::from_secs(ttl)), kv_push(delay, Span::from_secs(60))];
    for store in &mut stores {
        match &mut store.kind {
            StoreKind::KvPull(config) => config.common.local_visibility = local_visibility,
            StoreKind::KvPush(config) => config.common.local_visibility = local_visibility,
            _ => {}
        }
    }
    stores
}

fn arbitrary() -> impl Strategy<Value = Scenario> {
    let shape = (1_u16..5, prop::collection::vec(0_u64..400, 1..8), 1_u32..5, 1_u64..1_000);
    let rates = (0.2_f64..5.0, 0.01_f64..0.5, 1_u64..90, 1_u64..30, 0.0_f64..=1.0);
    (shape, rates).prop_map(|((edges, distances, keys, seed), (reads, writes, ttl, mean, local))| {
        let workload = mix(keys, reads * f64::from(keys), writes * f64::from(keys));
        let mut scenario = scenario(network_of(edges, &distances), workload, kv_stores(ttl, mean, local));
        scenario.network.jitter = Law::Exponential { mean: Span::from_millis(3) };
        scenario.duration = Span::from_secs(1_200);
        scenario.warmup = Span::from_secs(300);
        scenario.replications = 6;
        scenario.seed = seed;
        scenario
    })
}

proptest! {
    #![proptest_config(cases(24))]

    #[test]
    fn without_writes_nothing_is_stale_and_nowhere_do_answers_differ(base in arbitrary()) {
        let mut scenario = base;
        if let consistency_sim::workloads::WorkloadConfig::Mix(mix) = &mut scenario.workload {
            mix.writes = 0.0;
        }
        scenario.divergence = true;
        for store in &outcome(&scenario).stores {
            let measured = &store.pooled;
            prop_assert_eq!(measured.count(CountId::StaleReads).hits, 0);
            prop_assert_eq!(measured.count(CountId::Divergence).hits, 0);
        }
    }

    #[test]
    fn one_location_that_shows_its_own_writes_is_never_stale(base in arbitrary()) {
        let mut scenario = base;
        scenario.network = network(1, Span::from_millis(scenario.seed % 300));
        for store in &mut scenario.stores {
            match &mut store.kind {
                StoreKind::KvPull(config) => config.common.local_visibility = 1.0,
                StoreKind::KvPush(config) => config.common.local_visibility = 1.0,
                _ => {}
            }
        }
        scenario.divergence = true;
        for store in &outcome(&scenario).stores {
            prop_assert_eq!(store.pooled.count(CountId::StaleReads).hits, 0);
            prop_assert_eq!(store.pooled.count(CountId::Divergence).hits, 0, "one location agrees with itself");
        }
    }

    #[test]
    fn strong_stores_are_never_stale(base in arbitrary()) {
        let mut scenario = base;
        scenario.stores = vec![d1(Location(scenario.network.edges)), durable_object()];
        scenario.divergence = true;
        for store in &outcome(&scenario).stores {
            prop_assert_eq!(store.pooled.count(CountId::StaleReads).hits, 0);
            prop_assert_eq!(store.pooled.count(CountId::Divergence).hits, 0);
        }
    }

    #[test]
    fn threads_partitions_and_the_order_of_stores_change_no_byte(base in arbitrary()) {
        let mut scenario = base;
        scenario.divergence = true;
        scenario.replications = 2;
        let with = |scenario: &Scenario, threads| {
            run(scenario, &Options { threads, command: String::new() }, &Unwatched).expect("no trace is read")
        };
        let one = with(&scenario, 1);
        prop_assert!(one == with(&scenario, 3));
        for (n, contestant) in Contestant::all(&scenario).iter().enumerate() {
            let mut whole = contestant.simulate_whole(0).expect("no trace");
            whole.merge(&contestant.simulate_whole(1).expect("no trace"));
            prop_assert!(whole == one.stores[n].pooled, "store {}", n);
        }
        let mut turned = scenario.clone();
        turned.stores.reverse();
        let turned = with(&turned, 2);
        prop_assert!(turned.stores[1] == one.stores[0] && turned.stores[0] == one.stores[1]);
    }

    /// Which edge has which number is nobody's business: the figures are others, their law is the same.
    #[test]
    fn the_order_of_locations_changes_no_law(base in arbitrary()) {
        let mut scenario = base;
        scenario.replications = 30;
        let forwards = outcome(&scenario);
        scenario.network = reversed(&scenario.network);
        let backwards = outcome(&scenario);
        for store in 0..2 {
            let (a, a_error) = share(&forwards, store, CountId::StaleReads);
            let (b, b_error) = share(&backwards, store, CountId::StaleReads);
            let error = libm::sqrt(a_error * a_error + b_error * b_error);
            // 48 comparisons: one in a thousand would fail at four standard errors.
            prop_assert!((a - b).abs() <= 4.0 * error + 1e-9, "{} against {} ±{}", a, b, error);
        }
    }

    #[test]
    fn a_longer_ttl_does_not_lower_staleness(base in arbitrary(), longer in 2_u64..10) {
        let mut scenario = base;
        scenario.stores.truncate(1);
        scenario.replications = 20;
        let shorter = share(&outcome(&scenario), 0, CountId::StaleReads);
        if let StoreKind::KvPull(config) = &mut scenario.stores[0].kind {
            config.cache_ttl = Span(config.cache_ttl.0 * longer);
        }
        let longer = share(&outcome(&scenario), 0, CountId::StaleReads);
        // The same reads and writes, but fills at other times.
        let error = libm::sqrt(shorter.1 * shorter.1 + longer.1 * longer.1);
        prop_assert!(longer.0 >= shorter.0 - 3.0 * error, "{:?} after {:?}", longer, shorter);
    }
}
