//! Workers KV written through a Durable Object, and the Rate Limiting binding: scripts that can be counted by hand, and laws.

use consistency_sim::history::Record;
use consistency_sim::metrics::{CountId, DistributionId};
use consistency_sim::model::{Operation, Span, split_window_count};
use consistency_sim::random::Law;
use consistency_sim::scenario::{Origin, parse};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::script::*;
use crate::support::{instant_kv, network, outcome, scenario};

const RTT: Span = Span::from_millis(100);

fn constant(ms: u64) -> Law {
    Law::Constant(Span::from_millis(ms))
}

/// The object takes no time; it is placed near its first caller, and the central store is 50 ms away from everybody.
fn through(read_from: ReadFrom) -> KvThroughObjectConfig {
    let mut common = instant_kv();
    common.local_visibility = 1.0;
    common.write_limit = WriteLimit::Strict;
    KvThroughObjectConfig {
        object: DurableObjectConfig {
            read_time: constant(0),
            write_time: constant(0),
            durability: constant(0),
            ..DurableObjectConfig::default()
        },
        cache: KvPullConfig { common, cache_ttl: Span::from_secs(60), negative_caching: true },
        publish_every: Span::from_secs(1),
        read_from,
    }
}

fn run(config: &KvThroughObjectConfig, initial: Option<i64>, steps: &[Step]) -> Vec<Record> {
    play(&StoreKind::KvThroughObject(config.clone()), &network(2, RTT), initial, steps)
}

fn add(at: u64, location: u16) -> Step {
    step(at, location, Operation::Add { delta: 1 })
}

#[test]
fn an_object_counts_for_all_and_kv_shows_it_later() {
    // Placed at location 0, where it is called first. Its put leaves at once and commits 50 ms later.
    let steps = [add(0, 0), add(200, 1), add(400, 1), get(1_500, 1), get(1_500, 0), get(70_000, 0), get(70_000, 1)];
    let records = run(&through(ReadFrom::Kv), None, &steps);
    let left: Vec<_> = records[..3].iter().map(|record| record.seen.value).collect();
    assert_eq!(left, [1, 2, 3].map(Some), "the object counts one after the other");
    // Location 1 has never looked before, and finds what is there. Location 0 is the object's own, and shows its put.
    assert_eq!(answers(&records), [3, 3, 3, 3].map(Some));
    assert!(records.iter().all(|record| record.refusal.is_none()), "nothing is refused");
    let asked = run(&through(ReadFrom::Object), None, &[add(0, 0), add(200, 1), get(301, 1)]);
    assert_eq!(answers(&asked), [Some(2)], "the object itself is never late");
}

#[test]
fn a_reader_of_kv_is_as_late_as_its_copy() {
    let steps = [get(0, 1), step(1_000, 0, Operation::Put { value: 7, ttl: None }), get(30_000, 1), get(60_200, 1)];
    let records = run(&through(ReadFrom::Kv), Some(1), &steps);
    assert_eq!(answers(&records), [1, 1, 7].map(Some));
    assert!(records[2].stale && !records[3].stale);
    assert_eq!(answers(&run(&through(ReadFrom::Object), Some(1), &steps)), [1, 7, 7].map(Some));
}

#[test]
fn puts_that_come_too_fast_for_kv_are_gathered() {
    // Ten updates within a tenth of a second: the first is put at once, the newest a second later. Readers never see one
    // in between, and none is lost in the object.
    let mut steps: Vec<Step> = (0..10).map(|n| add(n * 10, 0)).collect();
    steps.extend([get(500, 1), get(61_000, 1)]);
    let records = run(&through(ReadFrom::Kv), None, &steps);
    assert_eq!(answers(&records), [Some(1), Some(10)]);
}

#[test]
fn a_delete_and_an_expiry_reach_kv_too() {
    let ttl = Some(Span::from_secs(60));
    let steps = [
        step(0, 0, Operation::Put { value: 7, ttl }),
        get(200, 1),
        get(60_300, 1),
        step(70_000, 0, Operation::Put { value: 8, ttl: None }),
        step(75_000, 0, Operation::Delete),
        get(200_000, 1),
    ];
    let records = run(&through(ReadFrom::Kv), None, &steps);
    assert_eq!(answers(&records), [Some(7), None, None]);
}

fn limiter(machines: u32, sync: Law) -> StoreKind {
    StoreKind::RateLimiting(RateLimitingConfig { machines, sync_delay: sync })
}

fn count(at: u64, location: u16) -> Step {
    step(at, location, Operation::CountInWindow { window: (at / 10_000) as u32, limit: 3 })
}

fn admitted(records: &[Record]) -> Vec<bool> {
    records.iter().map(|record| split_window_count(record.seen.value.expect("a count")).1 <= 3).collect()
}

#[test]
fn a_limit_holds_for_each_location_and_window() {
    let steps: Vec<Step> = (0..5)
        .map(|n| count(n, 0))
        .chain((0..2).map(|n| count(10 + n, 1)))
        .chain((0..4).map(|n| count(10_000 + n, 0)))
        .collect();
    let records = play(&limiter(1, constant(0)), &network(2, RTT), None, &steps);
    let expected = [true, true, true, false, false, true, true, true, true, true, false];
    assert_eq!(admitted(&records), expected, "three in each window, at each location");
    assert!(records.iter().all(|record| record.end == Some(record.start)), "nobody waits");
}

/// Requests far beyond the limit, from `locations`.
fn flood(kind: StoreKind, locations: u16) -> consistency_sim::run::Outcome {
    let workload = WorkloadConfig::RateLimit(RateLimitConfig {
        identities: 10,
        requests: 200.0,
        shape: Shape::Poisson,
        locations,
        limit: 50,
        window: Span::from_secs(10),
        arrivals: None,
    });
    let store = StoreConfig { name: "limiter".into(), label: "Limiter".into(), kind };
    let mut scenario = scenario(network(4, RTT), workload, vec![store]);
    scenario.warmup = Span::ZERO;
    scenario.duration = Span::from_secs(200);
    scenario.replications = 2;
    outcome(&scenario)
}

fn overshoot(outcome: &consistency_sim::run::Outcome) -> (f64, u64) {
    let sizes = outcome.stores[0].pooled.distribution(DistributionId::Overshoot);
    assert!(sizes.count() >= 300, "{} windows", sizes.count());
    (sizes.sum() as f64 / sizes.count() as f64, sizes.max().unwrap_or(0))
}

#[test]
fn each_location_admits_the_limit_and_what_its_machines_have_not_heard() {
    // In step, every location admits exactly the limit: 50 beyond it for each further one.
    for locations in 1..=4 {
        let expected = 50 * (u64::from(locations) - 1);
        let exact = (expected as f64, expected);
        assert_eq!(overshoot(&flood(limiter(1, constant(0)), locations)), exact, "{locations} locations, one machine");
        assert_eq!(overshoot(&flood(limiter(5, constant(0)), locations)), exact, "{locations} locations, in step");
    }
    // Machines that never hear of each other admit the limit each.
    assert_eq!(overshoot(&flood(limiter(5, constant(60_000)), 2)), (450.0, 450));
    // In between, the more the later they hear.
    let mut last = 50.0;
    for ms in [10, 100, 500, 2_000] {
        let (mean, most) = overshoot(&flood(limiter(5, Law::Exponential { mean: Span::from_millis(ms) }), 2));
        println!("{ms} ms: {mean} beyond the limit");
        assert!(mean > last && most < 450, "{mean} after {last}");
        last = mean;
    }
    // A constant delay D at rate r for each location lets through what arrives within D of the limit: r · D beyond 50 each,
    // less what the machine that is asked admitted itself, a fifth.
    let (mean, _) = overshoot(&flood(limiter(5, constant(200)), 2));
    let expected = 50.0 + 2.0 * 100.0 * 0.2 * 0.8;
    assert!((mean / expected - 1.0).abs() < 0.05, "{mean} against {expected}");
}

#[test]
fn the_binding_offers_windows_of_ten_and_of_sixty_seconds() {
    let read = |window: &str| {
        let text = format!(
            "name = \"a\"\nreplications = 1\nduration = \"180 s\"\nedges = [\"LHR\"]\n[workload]\nkind = \"rate_limit\"\nidentities = 1\n\
             requests = \"10 /s per identity\"\nlocations = 1\nlimit = 7\nwindow = \"{window}\"\n[[store]]\nkind = \"rate_limiting\"\n\
             machines = 1\n"
        );
        parse(&text, &Origin::default()).map_err(|wrong| wrong[0].code)
    };
    for (window, windows) in [("10 s", 18), ("60 s", 3)] {
        let outcome = outcome(&read(window).expect("a period of the binding"));
        let sizes = outcome.stores[0].pooled.distribution(DistributionId::Overshoot);
        assert_eq!((sizes.count(), sizes.max()), (windows, Some(0)), "{window}: one machine admits exactly the limit");
    }
    for window in ["9 s", "11 s", "59 s", "61 s"] {
        assert_eq!(read(window).expect_err("no period of it"), "S089", "{window}");
    }
}

#[test]
fn nothing_is_lost_through_an_object_and_readers_of_it_are_never_late() {
    let workload = WorkloadConfig::Counter(CounterConfig {
        counters: 3,
        clients: 9,
        pace: Pace::Closed { think: Law::Exponential { mean: Span::from_secs(2) } },
        read_back: true,
        retry: Retry { attempts: 0, wait: Span::ZERO },
    });
    let stores = [ReadFrom::Kv, ReadFrom::Object].map(|from| StoreConfig {
        name: format!("{from:?}"),
        label: format!("{from:?}"),
        kind: StoreKind::KvThroughObject(through(from)),
    });
    let mut scenario = scenario(network(4, RTT), workload, stores.to_vec());
    scenario.replications = 2;
    let outcome = outcome(&scenario);
    let [kv, object] = [&outcome.stores[0].pooled, &outcome.stores[1].pooled];
    for pooled in [kv, object] {
        let lost = pooled.count(CountId::LostUpdates);
        assert_eq!((lost.hits, lost.of > 1_000), (0, true));
        assert!(pooled.refusals.is_empty());
    }
    assert!(kv.count(CountId::StaleReads).hits > 0);
    for id in [CountId::StaleReads, CountId::ReadYourWrites, CountId::MonotonicReads] {
        assert_eq!(object.count(id).hits, 0, "{id:?}");
    }
}
