//! Faults: scripts whose outcome can be told by hand, controls that must change no byte, and the closed form of an outage.

use consistency_sim::faults::{Fault, FaultKind, Faults, KvStatus, Refill};
use consistency_sim::history::Record;
use consistency_sim::limits::Plan;
use consistency_sim::metrics::{Measurements, Served};
use consistency_sim::model::{Location, Operation, Refusal, Span, Time};
use consistency_sim::network::{NetworkConfig, Place};
use consistency_sim::random::Law;
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::scenario::{Scenario, newest};
use consistency_sim::stores::*;

use crate::script::*;
use crate::support::{d1_config, instant_kv, kv_pull, kv_push, mix, network, outcome, scenario};

const RTT: Span = Span::from_millis(100);
const SECOND: u64 = 1_000_000_000;

fn fault(kind: FaultKind, from_s: u64, length_s: u64) -> Fault {
    let (from, until) = (Time(from_s * SECOND), Time((from_s + length_s) * SECOND));
    Fault { name: kind.word().into(), kind, from, until, store: None }
}

/// Two edges and a central store, 100 ms apart, and one fault.
fn with(kind: FaultKind, from_s: u64, length_s: u64) -> NetworkConfig {
    NetworkConfig { faults: Faults::new(vec![fault(kind, from_s, length_s)]), ..network(2, RTT) }
}

fn outage(failing: f64) -> FaultKind {
    FaultKind::CentralOutage { failing, refill: None }
}

fn cut(place: u16) -> FaultKind {
    FaultKind::Cut { place: Location(place), timeout: Span::from_secs(5) }
}

fn kv() -> StoreKind {
    let mut common = instant_kv();
    common.local_visibility = 1.0;
    StoreKind::KvPull(KvPullConfig { common, cache_ttl: Span::from_secs(60), negative_caching: true })
}

fn d1() -> StoreKind {
    let time = |ms| Law::Constant(Span::from_millis(ms));
    StoreKind::D1(D1Config { read_time: time(10), write_time: time(40), ..d1_config(Location(2)) })
}

/// What each record says: when it ended, in milliseconds, and how.
fn told(records: &[Record]) -> Vec<(u64, Told)> {
    let end = |record: &Record| record.end.expect("an end").0 / 1_000_000;
    let text = |refusal: Refusal| -> &'static str { refusal.facts().text(&newest(), Plan::Paid).leak() };
    let how = |record: &Record| record.refusal.map_or(Ok(record.seen.value), |refusal| Err(text(refusal)));
    records.iter().map(|record| (end(record), how(record))).collect()
}

/// The value that was read, or the error.
type Told = Result<Option<i64>, &'static str>;

const GET_503: Told = Err("KV GET failed: 503 Service Unavailable");

#[test]
fn without_the_central_store_copies_answer_until_they_are_old() {
    let network = with(outage(1.0), 10, 190);
    let steps = [
        get(0, 0),
        get(9_949, 1),
        get(11_000, 0),
        put(20_000, 1, 7),
        step(21_000, 1, Operation::Delete),
        get(60_099, 0),
        get(60_101, 0),
        get(70_100, 1),
        get(199_949, 0),
        get(199_950, 0),
    ];
    let expected = [
        (100, Ok(Some(1))),
        (10_049, Ok(Some(1))), // it reached the central store a millisecond before the outage
        (11_000, Ok(Some(1))),
        (20_100, Err("KV PUT failed: 503 Service Unavailable")),
        (21_100, Err("KV DELETE failed: 503 Service Unavailable")),
        (60_099, Ok(Some(1))), // the copy's last millisecond
        (60_201, GET_503),
        (70_200, GET_503),
        (200_049, GET_503),
        (200_050, Ok(Some(1))), // it reaches the central store as the outage ends
    ];
    assert_eq!(told(&play(&kv(), &network, Some(1), &steps)), expected);
    // "Not found" is cached like a value, and survives like one.
    let steps = [get(0, 0), get(30_000, 0), get(30_000, 1)];
    let expected = [(100, Ok(None)), (30_000, Ok(None)), (30_100, GET_503)];
    assert_eq!(told(&play(&kv(), &network, None, &steps)), expected);
}

#[test]
fn after_an_outage_the_central_store_takes_so_many_reads_each_second() {
    let refill = Some(Refill { length: Span::from_secs(5), reads_per_second: 2 });
    let network = with(FaultKind::CentralOutage { failing: 1.0, refill }, 10, 10);
    let read = |at, key| Step { key, ..get(at, 0) };
    let steps = [
        read(19_960, 0),
        read(20_000, 1),
        read(20_100, 2),
        put(20_150, 0, 7),
        read(20_949, 3),
        read(20_950, 4),
        read(24_949, 5),
        read(24_950, 6),
    ];
    let told = told(&play(&kv(), &network, Some(1), &steps));
    let limited = Err("KV GET failed: 429 Too Many Requests");
    let expected: [Told; 8] =
        [Ok(Some(1)), Ok(Some(1)), limited, Ok(Some(7)), limited, Ok(Some(1)), Ok(Some(1)), Ok(Some(1))];
    assert_eq!(told.iter().map(|(_, how)| *how).collect::<Vec<_>>(), expected, "writes are not counted");
}

#[test]
fn errors_of_everything_spare_no_cache() {
    let network = with(FaultKind::KvErrors { failing: 1.0, status: KvStatus::Unauthorized }, 10, 20);
    let steps = [get(0, 0), get(10_000, 0), put(11_000, 0, 7), step(12_000, 1, Operation::Delete), get(30_000, 0)];
    let expected = [
        (100, Ok(Some(1))),
        (10_000, Err("KV GET failed: 401 Unauthorized")),
        (11_000, Err("KV PUT failed: 401 Unauthorized")),
        (12_000, Err("KV DELETE failed: 401 Unauthorized")),
        (30_000, Ok(Some(1))),
    ];
    assert_eq!(told(&play(&kv(), &network, Some(1), &steps)), expected);
}

#[test]
fn a_place_that_is_cut_off_answers_from_its_cache_and_reaches_nobody() {
    let lost = Err("Network connection lost.");
    let steps = [
        get(0, 0),
        put(9_960, 0, 7), // reaches the central store, but its acknowledgement comes into the cut
        get(11_000, 0),
        get(11_000, 1),
        Step { key: 1, ..get(11_001, 0) },
        Step { key: 1, ..get(11_002, 1) },
        Step { key: 1, ..get(20_000, 0) },
    ];
    let expected = [
        (100, Ok(Some(1))),
        (10_010 + 5_000, lost),
        (11_000, Ok(Some(1))),
        (11_100, Ok(Some(7))),
        (11_001 + 5_000, lost),
        (11_102, Ok(Some(1))),
        (20_100, Ok(Some(1))),
    ];
    assert_eq!(told(&play(&kv(), &with(cut(0), 10, 10), Some(1), &steps)), expected);
    // D1 tries reads twice more, and writes never.
    let steps = [get(11_000, 0), put(11_001, 0, 7), get(11_002, 1)];
    let expected = [(21_110, Ok(Some(1))), (16_001, Err("D1_ERROR: Network connection lost.")), (11_112, Ok(Some(1)))];
    assert_eq!(told(&play(&d1(), &with(cut(0), 10, 10), Some(1), &steps)), expected);
    // Where the database itself is cut off, nobody reaches it.
    let told = told(&play(&d1(), &with(cut(2), 10, 60), Some(1), &[get(11_000, 0), put(12_000, 1, 7)]));
    let lost = Err("D1_ERROR: Network connection lost.");
    assert_eq!(told, [(26_000, lost), (17_000, lost)]);
}

#[test]
fn a_stalled_database_answers_nothing_and_then_goes_on() {
    let network = with(FaultKind::D1Stall, 10, 60);
    let steps = [
        put(9_940, 0, 7),  // begins at 9.990 s, 10 ms before the stall, and lacks 30 ms
        get(10_000, 0),    // waits 5 s, three times
        put(20_000, 1, 8), // waits 5 s
        get(66_000, 1),    // waits until the database is back and done with the first
        get(80_000, 0),
    ];
    let late = Err("D1_ERROR: D1 DB is overloaded. Requests queued for too long.");
    let expected = [
        (70_080, Ok(Some(7))),
        (10_000 + 3 * 5_100, late),
        (25_100, late),
        (70_090, Ok(Some(7))),
        (80_110, Ok(Some(7))),
    ];
    assert_eq!(told(&play(&d1(), &network, Some(1), &steps)), expected);
    let StoreKind::D1(config) = d1() else { unreachable!("a database") };
    let narrow = StoreKind::D1(D1Config { queue_limit: 2, read_retries: 0, ..config });
    let burst: Vec<Step> = (0..4).map(|n| get(66_000 + n, 0)).collect();
    let refusals: Vec<_> = play(&narrow, &network, None, &burst).iter().map(|record| record.refusal).collect();
    assert_eq!(refusals, [None, None, Some(Refusal::D1QueueFull), Some(Refusal::D1QueueFull)], "two wait");
}

#[test]
fn a_slow_network_takes_its_factor_and_its_addition() {
    let slow = |place| FaultKind::SlowNetwork { place, factor: 2.0, added: Span::from_millis(10) };
    let steps = [get(9_949, 1), get(10_000, 0), Step { key: 1, ..get(20_000, 0) }];
    let ends = |network: &NetworkConfig| {
        told(&play(&kv(), network, Some(1), &steps)).iter().map(|(end, _)| *end).collect::<Vec<_>>()
    };
    // On its way when the fault begins, the first message is as fast as ever.
    assert_eq!(ends(&with(slow(None), 10, 10)), [10_049, 10_220, 20_100]);
    assert_eq!(ends(&with(slow(Some(Location(1))), 10, 10)), [10_049, 10_100, 20_100], "the other place is not slow");
}

#[test]
fn slow_replication_and_cuts_keep_versions_from_arriving() {
    let push = || kv_push(Law::Constant(Span::from_secs(1)), Span::from_secs(60)).kind;
    // Committed at 10.050 s; three times 1 s and 2 s.
    let slow = with(FaultKind::SlowReplication { factor: 3.0, added: Span::from_secs(2) }, 10, 10);
    let steps = [put(10_000, 0, 7), get(15_049, 1), get(15_050, 1)];
    assert_eq!(answers(&play(&push(), &slow, Some(1), &steps)), [1, 7].map(Some));
    // It would arrive at 10.050 s, into the cut: sent again at 20 s, it arrives at 21 s.
    let steps = [put(9_000, 0, 7), get(20_999, 1), get(21_000, 1), get(10_050, 0)];
    assert_eq!(answers(&play(&push(), &with(cut(1), 10, 10), Some(1), &steps)), [7, 1, 7].map(Some));
    let replication = ReplicationConfig {
        replicas: vec![Location(0), Location(1)],
        lag: Law::Constant(Span::from_secs(1)),
        session: SessionStart::Unconstrained,
        bookmark: Bookmark::Dropped,
    };
    let StoreKind::D1(config) = d1() else { unreachable!("a database") };
    let replicated = StoreKind::D1(D1Config { replication: Some(replication), ..config });
    // Committed at 10.090 s.
    let steps = [put(10_000, 0, 7), get(15_089, 1), get(15_090, 1)];
    assert_eq!(answers(&play(&replicated, &slow, Some(1), &steps)), [1, 7].map(Some));
}

#[test]
fn a_clock_that_runs_ahead_wins_while_it_does() {
    let network = with(FaultKind::ClockSkew { place: Location(0), nanos: 10 * SECOND as i64 }, 0, 2);
    let late = |first| [put(first, 0, 7), put(5_000, 1, 8), get(70_000, 1)];
    assert_eq!(answers(&play(&kv(), &network, Some(1), &late(1_000))), [Some(7)], "stamped 11 s");
    assert_eq!(answers(&play(&kv(), &network, Some(1), &late(2_000))), [Some(8)], "the clock is right again");
}

#[test]
fn nobody_reaches_an_object_behind_a_partition_not_even_from_its_own_place() {
    let object = crate::support::durable_object().kind;
    let network = with(FaultKind::ObjectPartition { timeout: Span::from_secs(5) }, 10, 10);
    let steps = [get(0, 0), get(10_000, 0), get(11_000, 1), get(20_000, 0)];
    let told = told(&play(&object, &network, Some(1), &steps));
    let lost = Err("Network connection lost.");
    assert_eq!((told[1], told[2]), ((15_000, lost), (16_000, lost)));
    assert!(told[0].1.is_ok() && told[3].1.is_ok());
}

/// Every kind of fault, from a time and for so long.
fn every_kind(from_s: u64, length_s: u64) -> Vec<Fault> {
    let timeout = Span::from_secs(5);
    let refill = Some(Refill { length: Span::from_secs(30), reads_per_second: 3 });
    let kinds = [
        FaultKind::CentralOutage { failing: 0.7, refill },
        FaultKind::KvErrors { failing: 0.3, status: KvStatus::Unavailable },
        FaultKind::Cut { place: Location(1), timeout },
        FaultKind::SlowNetwork { place: None, factor: 3.0, added: Span::from_millis(5) },
        FaultKind::SlowReplication { factor: 5.0, added: Span::from_secs(1) },
        FaultKind::D1Stall,
        FaultKind::ObjectPartition { timeout },
        FaultKind::ObjectRestart,
        FaultKind::ClockSkew { place: Location(0), nanos: -60_000_000_000 },
    ];
    kinds.into_iter().map(|kind| fault(kind, from_s, length_s)).collect()
}

fn everything() -> Scenario {
    let mut aside = kv_pull(Span::from_secs(60));
    if let StoreKind::KvPull(cache) = &aside.kind {
        let (cache, database) = (cache.clone(), d1_config(Location(3)));
        aside.kind = StoreKind::CacheAside(CacheAsideConfig { cache, database, expiration_ttl: Span::from_secs(60) });
        aside.name = "aside".into();
    }
    let push = kv_push(Law::Exponential { mean: Span::from_secs(2) }, Span::from_secs(20));
    // A cold start, so that a restart is felt even where nothing was in flight.
    let life = ObjectLife { cold_start: Law::Constant(Span::from_millis(50)), ..ObjectLife::default() };
    let object = || DurableObjectConfig { life: life.clone(), ..DurableObjectConfig::default() };
    let mut through = kv_pull(Span::from_secs(60));
    if let StoreKind::KvPull(cache) = &through.kind {
        let (cache, publish_every) = (cache.clone(), Span::from_secs(1));
        let through_object = KvThroughObjectConfig { object: object(), cache, publish_every, read_from: ReadFrom::Kv };
        through.kind = StoreKind::KvThroughObject(through_object);
        through.name = "through".into();
    }
    let stores = vec![
        kv_pull(Span::from_secs(60)),
        push,
        crate::support::d1(Location(3)),
        crate::support::object("do", "Durable Object", object()),
        aside,
        through,
    ];
    let mut scenario = scenario(network(3, RTT), mix(12, 30.0, 3.0), stores);
    scenario.warmup = Span::from_secs(60);
    scenario.duration = Span::from_secs(660);
    scenario.replications = 2;
    scenario
}

#[test]
fn a_fault_without_length_changes_no_byte() {
    let plain = outcome(&everything());
    for one in every_kind(200, 0) {
        let mut scenario = everything();
        scenario.network.faults = Faults::new(vec![one.clone()]);
        assert!(outcome(&scenario).stores == plain.stores, "{}", one.name);
    }
}

#[test]
fn each_kind_of_fault_is_felt_by_whom_it_befalls_and_by_nobody_else() {
    let plain = outcome(&everything());
    let felt = |faults: Vec<Fault>| -> Vec<bool> {
        let mut scenario = everything();
        scenario.network.faults = Faults::new(faults);
        let stores = outcome(&scenario).stores;
        stores.iter().zip(&plain.stores).map(|(one, other)| one.pooled != other.pooled).collect()
    };
    // Workers KV that pulls, that pushes, D1, Durable Objects, cache-aside, KV through an object.
    let expected = [
        ("central_outage", [true, true, false, false, true, true]),
        ("kv_errors", [true, true, false, false, true, true]),
        ("cut", [true, true, true, true, true, true]),
        ("slow_network", [true, true, true, true, true, true]),
        ("slow_replication", [false, true, false, false, false, false]),
        ("d1_stall", [false, false, true, false, true, false]),
        ("object_partition", [false, false, false, true, false, true]),
        ("object_restart", [false, false, false, true, false, true]),
        ("clock_skew", [true, true, false, false, true, true]),
    ];
    for (one, (name, expected)) in every_kind(200, 100).into_iter().zip(expected) {
        assert_eq!(one.name, name);
        let only = Fault { store: Some("kv".into()), ..one.clone() };
        assert_eq!(felt(vec![one]), expected, "{name}");
        assert_eq!(felt(vec![only]), [expected[0], false, false, false, false, false], "{name}, for one store");
    }
}

#[test]
fn the_divided_run_equals_the_whole_run_under_all_faults_at_once() {
    let mut scenario = everything();
    let mut faults = every_kind(200, 100);
    faults.extend(every_kind(400, 7));
    scenario.network.faults = Faults::new(faults.clone());
    let coupled: Vec<bool> = Contestant::all(&scenario).iter().map(|store| store.separable().is_none()).collect();
    assert_eq!(
        coupled,
        [true, false, true, false, true, true],
        "a limited refill couples all reads of the central store"
    );
    faults.retain(|fault| !matches!(fault.kind, FaultKind::CentralOutage { .. }));
    faults.push(fault(outage(0.7), 200, 100));
    scenario.network.faults = Faults::new(faults);
    let mut divided = 0;
    for (n, contestant) in Contestant::all(&scenario).iter().enumerate() {
        let whole = contestant.simulate_whole(0).expect("no trace");
        let shares = contestant.shares(1);
        divided += usize::from(shares > 1);
        let parts = (0..shares).map(|share| Unit { store: n, replication: 0, share, shares });
        let parts = parts.map(|unit| contestant.simulate(unit).expect("no trace")).collect();
        assert!(Measurements::merged(parts) == whole, "store {n}");
    }
    assert_eq!(divided, 4);
}

#[test]
fn where_nobody_is_a_cut_changes_nothing_and_readers_elsewhere_never_notice_one() {
    let mut scenario = everything();
    let plain = outcome(&scenario);
    // One more place, without clients and stores.
    let network = &mut scenario.network;
    network.places.push(Place { code: "P4".into(), city: "Nowhere".into() });
    network.rtt = (0..25).map(|at| if at / 5 == at % 5 { Span::ZERO } else { RTT }).collect();
    network.faults = Faults::new(vec![fault(cut(4), 100, 300)]);
    let empty = outcome(&scenario);
    for (one, other) in empty.stores.iter().zip(&plain.stores) {
        assert!(one.estimates == other.estimates, "{}", one.name);
    }
    let read_only = |faults| {
        let mut scenario = everything();
        scenario.workload = mix(12, 30.0, 0.0);
        scenario.network.faults = Faults::new(faults);
        // Coupled by a server, readers elsewhere gain from those who do not come.
        scenario.stores.truncate(2);
        outcome(&scenario)
    };
    let (plain, cut) = (read_only(vec![]), read_only(vec![fault(cut(0), 100, 300)]));
    for (one, other) in cut.stores.iter().zip(&plain.stores) {
        assert!(one.pooled.places[1..] == other.pooled.places[1..], "{}", one.name);
    }
    assert!(cut.stores[0].pooled.places[0] != plain.stores[0].pooled.places[0]);
}

#[test]
fn in_an_outage_the_share_of_copies_that_still_answer_falls_on_a_straight_line() {
    // One location without delay, reads of a key Poisson at λ, TTL τ. A copy lives τ and is missed 1/λ: when the outage
    // begins, the share of time in which a copy has more than t left is λ(τ − t)/(1 + λτ); none is filled from then on.
    let (rate, ttl, keys) = (0.02, 60.0, 1_000.0);
    let mut scenario =
        scenario(network(1, Span::ZERO), mix(1_000, rate * keys, 0.0), vec![kv_pull(Span::from_secs(60))]);
    scenario.warmup = Span::ZERO;
    scenario.duration = Span::from_secs(1_200);
    scenario.replications = 40;
    scenario.network.faults = Faults::new(vec![fault(outage(1.0), 600, 600)]);
    let pooled = &outcome(&scenario).stores[0].pooled;
    let series = &pooled.series;
    let (before, outage) = (series.number(Time(599 * SECOND)), series.number(Time(600 * SECOND)));
    assert!(series.stretches()[..=before].iter().all(|stretch| stretch.failed() == 0));
    for (n, stretch) in series.stretches()[outage..].iter().enumerate() {
        assert_eq!(stretch.count(Served::Read), 0, "whatever is answered comes from a cache");
        // Stretches of 10 s: the line at the middle.
        let left = ttl - (10 * n + 5) as f64;
        if left <= 0.0 {
            assert_eq!(stretch.answered(), 0, "no copy is older than its TTL");
            continue;
        }
        let expected = rate * left / (1.0 + rate * ttl);
        let share = stretch.answered() as f64 / stretch.operations() as f64;
        // Reads of one copy hang together: the error of the mean is that of 40,000 copies, not of so many reads.
        let error = libm::sqrt(expected * (1.0 - expected) / stretch.operations() as f64);
        assert!((share - expected).abs() < 5.0 * error, "stretch {n}: {share} instead of {expected} ± {error}");
    }
}
