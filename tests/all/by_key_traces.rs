//! A trace replayed key by key gives what the engine gives, to the last bit; what is not known goes to the engine.

use std::fmt::Write;

use consistency_sim::limits::Plan;
use consistency_sim::metrics::{CountId, Measurements};
use consistency_sim::model::{Location, Span, Time};
use consistency_sim::random::Law;
use consistency_sim::run::Contestant;
use consistency_sim::run::suspect::{Order, Suspect};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::{
    Bookmark, D1Config, KvCommon, KvPullConfig, ReplicationConfig, SessionStart, StoreConfig, StoreKind,
};
use consistency_sim::workloads::trace_rows::ROWS_MAX;
use consistency_sim::workloads::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::by_key::{both, latency, network_of, same_both_ways, stores_of_traces, whole};
use crate::support::{cases, d1_config, instant_kv, scenario, trace_source};

/// A row: how many steps of time after the one before, which key, what, and where; who asks, and after how many seconds what
/// is put expires.
type Row = (u64, u32, &'static str, usize, (&'static str, &'static str));

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Half of the rows come at the time of the one before.
    let step = prop_oneof![4 => Just(0_u64), 3 => Just(1), 2 => 2_u64..9, 1 => 9_u64..200];
    let operation = prop_oneof![6 => Just("get"), 3 => Just("put"), 1 => Just("delete"), 1 => Just("")];
    let who = prop_oneof![2 => Just("a"), 2 => Just("bob"), 1 => Just("a name that is long"), 1 => Just("")];
    let ttl = prop_oneof![3 => Just(""), 1 => Just("0"), 2 => Just("1"), 2 => Just("3"), 1 => Just("30")];
    prop::collection::vec((step, 0_u32..4, operation, 0_usize..3, (who, ttl)), 0..160)
}

fn source(rows: &[Row], step: u64, placed: bool, placement: Placement) -> TraceSource {
    let mut text = String::from("t,k,op,at,ttl,who\n0,k0,get,,,\n");
    let mut at = 0;
    for (steps, key, operation, place, (who, ttl)) in rows {
        at += steps * step;
        let place = if placed { ["", "P0", "P1"][*place] } else { "" };
        writeln!(text, "{at},k{key},{operation},{place},{ttl},{who}").expect("memory takes all");
    }
    let file = TraceFile::Bytes(text.into_bytes().into());
    TraceSource { location: Some("at".into()), placement, ..trace_source(file, 1_000_000) }
}

fn replay(source: TraceSource, write_share: f64) -> WorkloadConfig {
    let default_operation = TraceOperation::Get;
    WorkloadConfig::Trace(TraceConfig { source, default_operation, write_share, readers: None, values: None })
}

/// Those of some stores that replay a trace with clients or TTLs key by key.
fn workers_kv(mut stores: Vec<StoreConfig>) -> Vec<StoreConfig> {
    stores.retain(|store| matches!(store.kind, StoreKind::KvPull(_) | StoreKind::KvPush(_)));
    stores
}

fn arbitrary() -> impl Strategy<Value = Scenario> {
    let place = (2_u16..6, prop::collection::vec(0_u64..5, 1..12), latency(), any::<bool>());
    let step = prop_oneof![Just(50_u64), Just(100), 1_u64..900];
    let placement = prop_oneof![Just(Placement::PerRow), Just(Placement::PerKey), Just(Placement::PerClient)];
    let read = (any::<bool>(), any::<bool>(), any::<bool>());
    let trace = (rows(), step, read, placement, 0.0_f64..1.0);
    (place, trace, stores_of_traces(), 1_u64..1_000_000, 0_u64..8).prop_map(|(place, trace, stores, seed, warmup)| {
        let (edges, distances, jitter, at_an_edge) = place;
        let (rows, step, (placed, named, expires), placement, write_share) = trace;
        let mut network = network_of(edges, &distances, jitter);
        for (n, place) in network.places.iter_mut().enumerate() {
            place.code = format!("P{n}");
        }
        if at_an_edge {
            network.central = Location(edges - 1);
        }
        let mut source = source(&rows, step, placed, placement);
        source.client = named.then(|| "who".into());
        source.ttl = expires.then(|| "ttl".into());
        let stores = if named || expires { workers_kv(stores) } else { stores };
        let mut scenario = scenario(network, replay(source, write_share), stores);
        // Now and then the run ends before the trace, or at the time of its last row.
        let length: u64 = rows.iter().map(|(steps, ..)| steps * step).sum();
        let at_the_end = seed.is_multiple_of(3) && length > 0;
        let end = if at_the_end { length } else { (length + 1) * (4 + seed % 4) / 5 + 1 };
        scenario.duration = Span::from_millis(end);
        scenario.warmup = Span(scenario.duration.0 * warmup / 16);
        scenario.seed = seed;
        scenario
    })
}

proptest! {
    #![proptest_config(cases(800))]

    #[test]
    fn gives_the_engine_s_measurements_to_the_last_bit(scenario in arbitrary(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
    }
}

/// Each store's measurements of a trace that is replayed so many rows at a time, and by events.
fn in_stretches(scenario: &Scenario, batches: u32, rows: usize) -> Vec<[Vec<Measurements>; 2]> {
    let both = |(store, contestant): (usize, &Contestant)| {
        let by_key =
            contestant.simulate_in_stretches(0, batches, rows).expect("a good trace").expect("it needs no events");
        [by_key, contestant.simulate_by_events(whole(store), batches).expect("a good trace")]
    };
    Contestant::all(scenario).iter().enumerate().map(both).collect()
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// Between two rows a key may stand anywhere: with reads on their way to the central store, fills and writes on theirs.
    #[test]
    fn replays_stretch_by_stretch_what_the_engine_does(scenario in arbitrary(), batches in 1_u32..40, rows in 1_usize..50) {
        for [by_key, by_events] in in_stretches(&scenario, batches, rows) {
            prop_assert!(by_key == by_events, "{:?}", Measurements::merged(by_key).difference(&Measurements::merged(by_events)));
        }
    }
}

/// So many rows that versions settle and caches are filled many times.
#[test]
fn a_long_trace_gives_the_engine_s_measurements() {
    let mut stream = consistency_sim::random::Stream::from_entity(7);
    let mut row = |_| {
        let operation = ["get", "get", "get", "put", "delete"][stream.below(5) as usize % 5];
        let who = (["a", "b", "c", ""][stream.below(4) as usize], ["", "", "5", "20"][stream.below(4) as usize]);
        (stream.below(3), stream.below(4) as u32 * stream.below(2) as u32, operation, stream.below(3) as usize, who)
    };
    let rows: Vec<Row> = (0..40_000).map(&mut row).collect();
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for turn in 0..4 {
        let drawn = stores_of_traces().new_tree(&mut runner).expect("stores").current();
        let mut source = source(&rows, 40, false, Placement::PerRow);
        let named = turn % 2 == 1;
        (source.client, source.ttl) = (named.then(|| "who".into()), named.then(|| "ttl".into()));
        let stores = if named { workers_kv(drawn) } else { drawn };
        let mut scenario = scenario(network_of(3, &[0, 1, 3], latency_of(7)), replay(source, 0.0), stores);
        (scenario.duration, scenario.warmup) = (Span::from_secs(1_700), Span::from_secs(10));
        for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
            let [by_key, by_events] = both(contestant, whole(store), 16);
            assert!(by_key == by_events, "store {store}");
            let operations: u64 = by_key.iter().map(|batch| batch.operations).sum();
            assert!(operations > 30_000, "{operations}");
        }
        for [by_key, by_events] in in_stretches(&scenario, 16, 1_000) {
            assert!(by_key == by_events, "stretch by stretch");
        }
    }
}

/// So many keys that their tables lie in memory by large pages; half of the names are too long for the table of short ones.
#[test]
fn a_trace_of_many_keys_gives_the_engine_s_measurements() {
    let mut stream = consistency_sim::random::Stream::from_entity(9);
    let mut text = String::from("t,k,op,at\n");
    for row in 0..240_000 {
        let key = stream.below(180_000);
        let name = if key.is_multiple_of(2) { format!("k{key}") } else { format!("a name that is long {key}") };
        let operation = if stream.below(4) == 0 { "put" } else { "get" };
        writeln!(text, "{},{name},{operation},", row / 3).expect("memory takes all");
    }
    let source = TraceSource {
        location: Some("at".into()),
        ..trace_source(TraceFile::Bytes(text.into_bytes().into()), 1_000_000)
    };
    let mut scenario = scenario(network_of(3, &[0, 1, 3], latency_of(7)), replay(source, 0.0), drawn_stores());
    (scenario.duration, scenario.warmup) = (Span::from_secs(81), Span::ZERO);
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        let [by_key, by_events] = both(contestant, whole(store), 4);
        assert!(by_key == by_events, "store {store}");
        assert_eq!(by_key.iter().map(|batch| batch.operations).sum::<u64>(), 240_000);
    }
    for [by_key, by_events] in in_stretches(&scenario, 4, 70_000) {
        assert!(by_key == by_events, "stretch by stretch");
    }
}

/// One row less than is kept, as many, and one more, so that each replay reads the trace for itself.
#[test]
#[ignore = "long traces; scripts/check proofs runs it"]
fn proof_traces_about_as_long_as_is_kept_give_the_engine_s_measurements() {
    let mut stream = consistency_sim::random::Stream::from_entity(8);
    let mut row = |_| {
        let operation = if stream.below(20) == 0 { "put" } else { "get" };
        (stream.below(3), stream.below(1_000) as u32, operation, stream.below(3) as usize, ("", ""))
    };
    // The first row is always there.
    let rows: Vec<Row> = (0..ROWS_MAX).map(&mut row).collect();
    for more in [ROWS_MAX - 2, ROWS_MAX - 1, ROWS_MAX] {
        let workload = replay(source(&rows[..more], 1, false, Placement::PerRow), 0.0);
        let mut scenario = scenario(network_of(3, &[0, 1, 3], latency_of(7)), workload, drawn_stores());
        (scenario.duration, scenario.warmup) = (Span::from_secs(3_000), Span::ZERO);
        let contestants = Contestant::all(&scenario);
        for (store, contestant) in contestants.iter().enumerate() {
            let [by_key, by_events] = both(contestant, whole(store), 4);
            assert!(by_key == by_events, "{more} rows more, store {store}");
            assert_eq!(by_key.iter().map(|batch| batch.operations).sum::<u64>(), more as u64 + 1);
            // Some keys and all others make all.
            let [some, others] = [0..300, 300..u32::MAX].map(|keys| {
                let measured = (&contestants[..]).measure_some(whole(store), Order::ByNumber, &keys, Time::START);
                measured.expect("a good trace").expect("it needs no events")
            });
            assert!(some.operations > 0 && others.operations > 0);
            let [parts, whole] = [vec![some, others], by_key].map(Measurements::merged);
            assert_eq!(parts.difference(&whole), None, "{more} rows more, store {store}");
        }
    }
}

fn latency_of(milliseconds: u64) -> consistency_sim::random::Law {
    consistency_sim::random::Law::Constant(Span::from_millis(milliseconds))
}

fn drawn_stores() -> Vec<consistency_sim::stores::StoreConfig> {
    stores_of_traces().new_tree(&mut proptest::test_runner::TestRunner::deterministic()).expect("stores").current()
}

#[test]
fn what_needs_events_is_replayed_by_events() {
    let rows: Vec<Row> =
        (0..300).map(|n| (n % 3, (n % 4) as u32, ["get", "put", "incr"][n as usize % 3], 0, ("", ""))).collect();
    let source = source(&rows, 100, false, Placement::PerRow);
    let around = |workload: WorkloadConfig| {
        let mut scenario = scenario(network_of(3, &[0, 1, 3], latency_of(7)), workload, drawn_stores());
        (scenario.duration, scenario.warmup) = (Span::from_secs(31), Span::ZERO);
        scenario
    };
    // That an increment is among the operations is seen when the trace is read; then all of it goes to the engine.
    let scenario = around(replay(source.clone(), 0.0));
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        assert!(contestant.is_by_key());
        let [by_key, by_events] = both(contestant, whole(store), 8);
        // Workers KV reads before it writes; an object does both in one request.
        let least = if store < 2 { 302 } else { 301 };
        assert!(
            by_key == by_events && by_key.iter().map(|batch| batch.operations).sum::<u64>() >= least,
            "store {store}"
        );
    }
    let which = |workload| Contestant::all(&around(workload)).iter().any(Contestant::is_by_key);
    let config = |source: &TraceSource| TraceConfig {
        source: source.clone(),
        default_operation: TraceOperation::Get,
        write_share: 0.0,
        readers: None,
        values: None,
    };
    assert!(which(WorkloadConfig::Trace(config(&source))));
    let kinds = |workload| {
        let scenario = around(workload);
        let is_kv = |kind: &StoreKind| matches!(kind, StoreKind::KvPull(_) | StoreKind::KvPush(_));
        let by_key = Contestant::all(&scenario);
        scenario.stores.iter().zip(by_key).all(|(store, one)| is_kv(&store.kind) == one.is_by_key())
    };
    let ttl = TraceSource { ttl: Some("ttl".into()), ..source.clone() };
    assert!(kinds(WorkloadConfig::Trace(config(&ttl))), "keys that expire, elsewhere than in Workers KV");
    let client = TraceSource { client: Some("who".into()), ..source.clone() };
    assert!(kinds(WorkloadConfig::Trace(config(&client))), "sessions, elsewhere than with Workers KV");
    let database = |config: D1Config| {
        let kind = StoreKind::D1(config);
        let stores = vec![StoreConfig { name: "database".into(), label: "database".into(), kind }];
        Scenario { stores, ..around(replay(source.clone(), 0.0)) }
    };
    let plain = || d1_config(Location(0));
    let by_key = |scenario: &Scenario| Contestant::all(scenario)[0].is_by_key();
    assert!(by_key(&database(plain())));
    assert!(!by_key(&Scenario { plan: Plan::Free, ..database(plain()) }), "a day's quota");
    let replication = ReplicationConfig {
        replicas: vec![Location(1)],
        lag: latency_of(50),
        session: SessionStart::Unconstrained,
        bookmark: Bookmark::Dropped,
    };
    assert!(!by_key(&database(D1Config { replication: Some(replication), ..plain() })), "read replicas");
    let readers = Some(TraceReaders { rate: 1.0, within: Span::from_secs(1) });
    assert!(!which(WorkloadConfig::Trace(TraceConfig { readers, ..config(&source) })), "readers around writes");
}

#[test]
fn a_trace_that_breaks_off_breaks_both_ways() {
    let good = source(&[(1, 0, "get", 0, ("", "")), (1, 1, "put", 0, ("", ""))], 1_000, false, Placement::PerRow);
    let TraceFile::Bytes(bytes) = &good.file else { panic!("they are bytes") };
    let text = [bytes, &b"soon,k1,get,,,\n"[..]].concat();
    let broken = TraceSource { file: TraceFile::Bytes(text.into()), ..good };
    let mut scenario = scenario(network_of(3, &[1], latency_of(7)), replay(broken, 0.0), drawn_stores());
    scenario.duration = Span::from_secs(31);
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        let by_key = contestant.simulate_in_batches(whole(store), 2).expect_err("a bad row");
        assert_eq!((by_key.code, by_key.line), ("T006", 5));
        assert_eq!(by_key, contestant.simulate_by_events(whole(store), 2).expect_err("a bad row"));
    }
}

/// Where nothing takes any time, nobody sees what is written later at the same time.
#[test]
fn who_acts_before_a_write_at_one_time_does_not_see_it() {
    let mut rows: Vec<Row> = vec![(0, 0, "get", 0, ("a", "")); 26];
    rows.extend([(0, 0, "put", 0, ("a", "")), (0, 0, "get", 0, ("bob", ""))]);
    rows.extend(vec![(0, 0, "get", 0, ("a", "")); 12]);
    rows.push((161, 0, "get", 0, ("a", "")));
    let source = TraceSource { client: Some("who".into()), ..source(&rows, 1, false, Placement::PerRow) };
    let mut stores = workers_kv(drawn_stores());
    for store in &mut stores {
        match &mut store.kind {
            StoreKind::KvPull(config) => (config.common, config.cache_ttl) = (instant_kv(), Span::ZERO),
            StoreKind::KvPush(config) => (config.common, config.delay) = (instant_kv(), latency_of(0)),
            _ => unreachable!("they are of Workers KV"),
        }
    }
    let mut scenario = scenario(network_of(2, &[0], latency_of(0)), replay(source, 0.0), stores);
    (scenario.duration, scenario.warmup) = (Span::from_millis(163), Span::ZERO);
    for rows in [1, 2, 3, 100] {
        // By pull the answer to the first read that knows the write is there after the next one has started.
        for ([by_key, by_events], reads) in in_stretches(&scenario, 1, rows).into_iter().zip([11, 12]) {
            assert!(by_key == by_events, "{rows} rows at a time");
            assert_eq!(by_key[0].count(CountId::MonotonicReads).of, reads, "{rows} rows at a time");
        }
    }
}

/// Whoever asks before a value expires may get its answer after one who asks later and finds nothing, which is cached as well:
/// then the copy of the value takes the place of that, and is too old at once.
#[test]
fn of_two_copies_of_one_version_the_one_that_came_last_counts() {
    let mut rows: Vec<Row> = vec![(0, 0, "put", 1, ("", "1")), (900, 0, "get", 1, ("", ""))];
    rows.extend(vec![(10, 0, "get", 1, ("", "")); 200]);
    let source = TraceSource { ttl: Some("ttl".into()), ..source(&rows, 1, true, Placement::PerRow) };
    let central_read = Law::LogNormal { median: Span::from_millis(60), p99: Span::from_millis(400) };
    let config = KvPullConfig {
        common: KvCommon { central_read, ..instant_kv() },
        cache_ttl: Span::from_millis(500),
        negative_caching: true,
    };
    let store = StoreConfig { name: "pull".into(), label: "pull".into(), kind: StoreKind::KvPull(config) };
    let mut network = network_of(1, &[1], latency_of(0));
    network.places[0].code = "P0".into();
    let mut scenario = scenario(network, replay(source, 0.0), vec![store]);
    (scenario.duration, scenario.warmup) = (Span::from_secs(4), Span::ZERO);
    for seed in 0..100 {
        scenario.seed = seed;
        let [by_key, by_events] = both(&Contestant::all(&scenario)[0], whole(0), 1);
        assert!(by_key == by_events, "seed {seed}");
    }
}
