//! A trace replayed key by key gives what the engine gives, to the last bit; what is not known goes to the engine.

use std::fmt::Write;

use consistency_sim::limits::Plan;
use consistency_sim::metrics::{CountId, DistributionId, Measurements};
use consistency_sim::model::{Location, Refusal, Span, Time};
use consistency_sim::random::Law;
use consistency_sim::run::suspect::{Order, Suspect};
use consistency_sim::run::{Contestant, anomaly};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::{
    Bookmark, D1Config, KvCommon, KvPullConfig, KvPushConfig, ReplicationConfig, SessionStart, StoreConfig, StoreKind,
    WriteLimit,
};
use consistency_sim::workloads::trace_rows::ROWS_MAX;
use consistency_sim::workloads::*;
use proptest::prelude::*;
use proptest::strategy::ValueTree;

use crate::by_key::{both, latency, network_of, same_both_ways, stores_of_all, values, whole, workers_kv};
use crate::support::{cases, d1_config, instant_kv, plain_values, scenario, trace_source};

/// A row: how many steps of time after the one before, which key, what, and where; who asks, and after how many seconds what
/// is put expires.
type Row = (u64, u32, &'static str, usize, (&'static str, &'static str));

fn rows() -> impl Strategy<Value = Vec<Row>> {
    // Half of the rows come at the time of the one before.
    let step = prop_oneof![4 => Just(0_u64), 3 => Just(1), 2 => 2_u64..9, 1 => 9_u64..200];
    let operation = prop_oneof![6 => Just("get"), 3 => Just("put"), 1 => Just("delete"), 1 => Just("")];
    let who = prop_oneof![2 => Just("a"), 2 => Just("bob"), 1 => Just("a name that is long"), 1 => Just("")];
    let ttl =
        prop_oneof![3 => Just(""), 1 => Just("0"), 2 => Just("1"), 2 => Just("3"), 1 => Just("30"), 2 => Just("61")];
    prop::collection::vec((step, 0_u32..4, operation, 0_usize..3, (who, ttl)), 0..160)
}

/// What values weigh, row by row: whole mebibytes and others, one above the limit of 25 MiB, and one beyond what is stored;
/// and of one nothing is said.
const BYTES: [&str; 8] = ["0", "1048576", "300", "30000000", "", "5242880", "123456", "18446744073709551615"];

fn source(rows: &[Row], step: u64, placed: bool, placement: Placement) -> TraceSource {
    let mut text = String::from("t,k,op,at,ttl,who,bytes\n0,k0,get,,,,\n");
    let mut at = 0;
    for (number, (steps, key, operation, place, (who, ttl))) in rows.iter().enumerate() {
        at += steps * step;
        let place = if placed { ["", "P0", "P1"][*place] } else { "" };
        let bytes = BYTES[number * number % BYTES.len()];
        writeln!(text, "{at},k{key},{operation},{place},{ttl},{who},{bytes}").expect("memory takes all");
    }
    let file = TraceFile::Bytes(text.into_bytes().into());
    TraceSource { location: Some("at".into()), placement, ..trace_source(file, 1_000_000) }
}

fn replay(source: TraceSource, write_share: f64) -> WorkloadConfig {
    let default_operation = TraceOperation::Get;
    WorkloadConfig::Trace(TraceConfig { source, default_operation, write_share, readers: None, values: None })
}

fn arbitrary() -> impl Strategy<Value = Scenario> {
    let place = (2_u16..6, prop::collection::vec(0_u64..5, 1..12), latency(), any::<bool>());
    let step = prop_oneof![Just(50_u64), Just(100), 1_u64..900];
    let placement = prop_oneof![Just(Placement::PerRow), Just(Placement::PerKey), Just(Placement::PerClient)];
    let read = (any::<bool>(), any::<bool>(), any::<bool>(), prop::option::of(values()));
    let write_share = prop_oneof![Just(0.0), 0.0_f64..1.0];
    let trace = (rows(), step, read, placement, write_share);
    (place, trace, stores_of_all(), 1_u64..1_000_000, 0_u64..8).prop_map(|(place, trace, stores, seed, warmup)| {
        let (edges, distances, jitter, at_an_edge) = place;
        let (rows, step, (placed, named, expires, values), placement, write_share) = trace;
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
        // Where no row says a size, all are drawn.
        source.size = (values.is_some() && seed % 4 > 0).then(|| "bytes".into());
        let stores = if named || expires || values.is_some() { workers_kv(stores) } else { stores };
        let mut workload = replay(source, write_share);
        if let WorkloadConfig::Trace(config) = &mut workload {
            config.values = values;
            config.default_operation =
                [TraceOperation::Get, TraceOperation::Put, TraceOperation::Delete][(seed / 4 % 3) as usize];
        }
        let mut scenario = scenario(network, workload, stores);
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
        let by_key = contestant.simulate_in_stretches(0, batches, rows).expect("a good trace");
        // Where clients make something of values, it takes events now and then to tell what comes first; and where it is a
        // matter of chance what a row does, to tell which number a value has of which nothing is said.
        if by_key.is_none() {
            assert!(may_need_events(scenario), "it needs no events");
            return None;
        }
        Some([by_key?, contestant.simulate_by_events(whole(store), batches).expect("a good trace")])
    };
    Contestant::all(scenario).iter().enumerate().filter_map(both).collect()
}

fn may_need_events(scenario: &Scenario) -> bool {
    let WorkloadConfig::Trace(config) = &scenario.workload else { return false };
    let by_chance = config.write_share > 0.0 && config.default_operation != TraceOperation::Put;
    config.values.is_some() && (config.source.client.is_some() || by_chance)
}

proptest! {
    #![proptest_config(cases(2_000))]

    /// Between two rows a key may stand anywhere: with reads on their way to the central store, fills and writes on theirs.
    #[test]
    fn replays_stretch_by_stretch_what_the_engine_does(scenario in arbitrary(), batches in 1_u32..40, rows in 1_usize..50) {
        for [by_key, by_events] in in_stretches(&scenario, batches, rows) {
            prop_assert!(by_key.len() == by_events.len());
            let [one, other] = [by_key, by_events].map(Measurements::merged);
            prop_assert!(one == other, "{:?}, stored {:?} {:?}", one.difference(&other), one.storage, other.storage);
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
        let drawn = stores_of_all().new_tree(&mut runner).expect("stores").current();
        let mut source = source(&rows, 40, false, Placement::PerRow);
        let (named, sized) = (turn % 2 == 1, turn == 3);
        (source.client, source.ttl) = (named.then(|| "who".into()), named.then(|| "ttl".into()));
        source.size = sized.then(|| "bytes".into());
        let stores = if named { workers_kv(drawn) } else { drawn };
        let mut workload = replay(source, 0.0);
        if let WorkloadConfig::Trace(config) = &mut workload {
            config.values = sized.then(plain_values);
        }
        let mut scenario = scenario(network_of(3, &[0, 1, 3], latency_of(7)), workload, stores);
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
    let mut drawn = Vec::new();
    for more in [ROWS_MAX - 2, ROWS_MAX - 1, ROWS_MAX] {
        let workload = replay(source(&rows[..more], 1, false, Placement::PerRow), 0.0);
        let mut scenario = scenario(network_of(3, &[0, 1, 3], latency_of(7)), workload, drawn_stores());
        (scenario.duration, scenario.warmup) = (Span::from_secs(3_000), Span::ZERO);
        let contestants = Contestant::all(&scenario);
        drawn.push([0, 1].map(|store| anomaly::find(store, &contestants[store], 3).expect("stale reads")));
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
    // The rows that are looked at for the picture are kept, or read again.
    assert!(drawn.iter().all(|these| *these == drawn[0]));
}

fn latency_of(milliseconds: u64) -> consistency_sim::random::Law {
    consistency_sim::random::Law::Constant(Span::from_millis(milliseconds))
}

fn drawn_stores() -> Vec<consistency_sim::stores::StoreConfig> {
    stores_of_all().new_tree(&mut proptest::test_runner::TestRunner::deterministic()).expect("stores").current()
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
    let size = TraceSource { size: Some("bytes".into()), ..source.clone() };
    let valued = |values| WorkloadConfig::Trace(TraceConfig { values: Some(values), ..config(&size) });
    assert!(kinds(valued(plain_values())), "sizes, elsewhere than with Workers KV");
    let values = Some(plain_values());
    let drawn = WorkloadConfig::Trace(TraceConfig { values, ..config(&source) });
    assert!(kinds(drawn), "sizes that no row says, likewise");
    assert!(!which(valued(ValuesConfig { with_metadata: true, metadata_bytes: 1, ..plain_values() })), "metadata");
    let short = Some(Span::from_secs(29));
    assert!(!which(valued(ValuesConfig { cache_ttl: short, ..plain_values() })), "a cacheTtl that is refused");
    assert!(!which(valued(ValuesConfig { key_bytes: Some(513), ..plain_values() })), "names that are refused");
    assert!(!which(valued(ValuesConfig { metadata_bytes: 1_025, ..plain_values() })), "metadata that are refused");
    let free = Scenario { plan: Plan::Free, ..around(valued(plain_values())) };
    assert!(!Contestant::all(&free).iter().any(Contestant::is_by_key), "a day's quota, and what may be stored");
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

/// Workers KV by both ways, where nothing takes any time.
fn instant_stores(cache_ttl: Span) -> Vec<StoreConfig> {
    let mut stores = workers_kv(drawn_stores());
    for store in &mut stores {
        match &mut store.kind {
            StoreKind::KvPull(config) => (config.common, config.cache_ttl) = (instant_kv(), cache_ttl),
            StoreKind::KvPush(config) => (config.common, config.delay) = (instant_kv(), latency_of(0)),
            _ => unreachable!("they are of Workers KV"),
        }
    }
    stores
}

/// A trace with sizes in these lines, on Workers KV.
fn sized(lines: &str, values: ValuesConfig) -> Scenario {
    sized_at("t,k,op,ttl,who,bytes", lines, values)
}

/// The same with these columns, of which the last may say where.
fn sized_at(columns: &str, lines: &str, values: ValuesConfig) -> Scenario {
    let file = TraceFile::Bytes(format!("{columns}\n{lines}").into_bytes().into());
    let source = TraceSource {
        location: columns.strip_suffix(",at").map(|_| "at".into()),
        ttl: Some("ttl".into()),
        size: Some("bytes".into()),
        client: Some("who".into()),
        placement: Placement::PerClient,
        ..trace_source(file, 1_000_000)
    };
    let mut workload = replay(source, 0.0);
    if let WorkloadConfig::Trace(config) = &mut workload {
        config.values = Some(values);
    }
    let stores = instant_stores(Span::from_secs(60));
    let mut scenario = scenario(network_of(1, &[1], latency_of(0)), workload, stores);
    (scenario.duration, scenario.warmup) = (Span::from_secs(200), Span::ZERO);
    scenario
}

/// What a put is refused for, what a read takes to make something of a value, and what is stored, in figures worked out by hand.
#[test]
fn sizes_count_where_no_event_does() {
    let lines = "0,k0,put,,a,1048576\n\
                 1000,k1,put,59,a,1\n\
                 2000,k1,put,60,a,26214401\n\
                 3000,k1,put,60,a,26214400\n\
                 50000,k0,get,,a,\n\
                 99950,k0,put,60,a,349525\n\
                 179950,k0,put,,a,10\n\
                 199000,k0,delete,,a,\n";
    let parse = ParseConfig { text: Span::from_millis(80), ..plain_values().parse };
    let scenario = sized(lines, ValuesConfig { parse, ..plain_values() });
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        let in_stretches =
            |rows| contestant.simulate_in_stretches(0, 1, rows).expect("a good trace").expect("no event");
        for all in [in_stretches(100), in_stretches(1), both(contestant, whole(store), 1)[1].clone()] {
            let refusals: Vec<(Refusal, u64)> =
                all[0].refusals.iter().map(|(rule, (count, _))| (*rule, *count)).collect();
            assert_eq!(refusals, [(Refusal::KvValueTooLarge, 1), (Refusal::KvExpirationTooShort, 1)]);
            let told = all[0].refusal_texts.values().map(|(at, text)| (at.seconds(), text.as_str()));
            let too_large = "KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.";
            let too_short = "KV PUT failed: 400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60.";
            assert_eq!(told.collect::<Vec<_>>(), [(2.0, too_large), (1.0, too_short)]);
            // All writes take 50 ms to the central store, and names two bytes: so many milliseconds times so many bytes.
            let of_k0 = 99_950 * (2 + 1_048_576) + 60_000 * (2 + 349_525) + 19_050 * (2 + 10);
            let of_k1 = 60_000 * (2 + 26_214_400);
            assert_eq!(all[0].storage.byte_ns, (of_k0 + of_k1) * 1_000_000, "store {store}");
            assert_eq!((all[0].storage.bytes_at_start, all[0].storage.bytes_at_end), (0, 0));
            // A read that misses takes both ways, one that hits none, and then 80 ms for a mebibyte.
            let latency = if store == 0 { 180 } else { 80 };
            assert_eq!(all[0].distribution(DistributionId::ReadLatency).sum(), latency * 1_000_000);
        }
    }
}

/// What is there when the measured part begins, to the millisecond; and whether the last thing that happens is that somebody has
/// made something of a value.
#[test]
fn sizes_count_from_a_time_on() {
    // They arrive after 50 ms.
    let lines = "0,k0,put,,a,1000\n3000,k1,put,60,a,500\n100000,k0,get,,a,\n";
    let mut scenario = sized(lines, plain_values());
    for (warmup, there) in [(49, 0), (50, 1_002), (3_050, 1_504), (63_049, 1_504), (63_050, 1_002)] {
        scenario.warmup = Span::from_millis(warmup);
        for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
            let [by_key, by_events] = both(contestant, whole(store), 1);
            assert!(by_key == by_events && by_key[0].storage.bytes_at_start == there, "{warmup} ms, store {store}");
        }
    }
    let parse = ParseConfig { text: Span(5_000_000 << 20), ..plain_values().parse };
    let scenario = sized("0,k0,put,,a,10\n980,k0,get,,a,\n", ValuesConfig { parse, ..plain_values() });
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        // A batch begins each eighth of a second: one before that is done, and none before the value is there.
        let [by_key, by_events] = both(contestant, whole(store), 1_600);
        assert!(by_key == by_events, "store {store}");
        let stored = by_key.iter().position(|batch| batch.storage.byte_ns > 0);
        assert_eq!(stored, Some([9, 8][store]));
    }
}

/// What expires after the run is there at its end, unless the store looks at it again: by push whenever a write arrives, by pull
/// when it takes a put, or anything newer.
#[test]
fn what_expires_after_the_run_is_there_as_far_as_the_store_looks() {
    // What is put after 139.99 s arrives 50 ms later, and expires 40 ms after the run.
    let first = "0,k2,get,,a,,P0\n139990,k0,put,60,a,1000,P0\n";
    let late = [
        ("", [1_002, 1_002]),
        // Refused, as it comes less than a second after the one before.
        ("199000,k1,put,,a,10,P0\n199995,k1,put,,a,20,P0\n", [1_014, 12]),
        // Older than the one before, by the clock of the place.
        ("198000,k1,put,,a,10,P0\n199995,k1,put,,b,20,P1\n", [12, 12]),
        ("198000,k1,put,,a,10,P0\n199995,k1,delete,,b,,P1\n", [1_014, 12]),
        ("198000,k1,put,,a,10,P0\n199995,k1,delete,,a,,P0\n", [0, 0]),
        ("199985,k1,put,,a,10,P0\n", [1_014, 1_014]),
    ];
    for (late, there) in late {
        let mut scenario = sized_at("t,k,op,ttl,who,bytes,at", &format!("{first}{late}"), plain_values());
        scenario.network = network_of(2, &[1], latency_of(0));
        for (n, place) in scenario.network.places.iter_mut().enumerate() {
            place.code = format!("P{n}");
        }
        for store in &mut scenario.stores {
            let (StoreKind::KvPull(KvPullConfig { common, .. }) | StoreKind::KvPush(KvPushConfig { common, .. })) =
                &mut store.kind
            else {
                unreachable!("they are of Workers KV")
            };
            (common.write_limit, common.clock_skew) = (WriteLimit::Strict, vec![0, -5_000_000_000, 0]);
        }
        let contestants = Contestant::all(&scenario);
        for (store, contestant) in contestants.iter().enumerate() {
            let in_stretches =
                |rows| contestant.simulate_in_stretches(0, 1, rows).expect("a good trace").expect("no event");
            let [by_key, by_events] = both(contestant, whole(store), 1);
            assert!([by_key, in_stretches(1), in_stretches(2)].iter().all(|all| *all == by_events), "{late}");
            assert_eq!(by_events[0].storage.bytes_at_end, there[store], "{late}");
            let some = |keys| {
                let some = (&contestants[..]).measure_some(whole(store), Order::ByNumber, &keys, Time::START);
                some.expect("a good trace").expect("it needs no events")
            };
            let parts = Measurements::merged(vec![some(0..2), some(2..u32::MAX)]);
            assert_eq!(parts.storage, by_events[0].storage, "{late}");
        }
    }
}

/// Who makes something of a value since it came back, and has done so when somebody acts: whether that is known to who acts
/// depends on what was first when it came back, which no key knows by itself.
#[test]
fn what_no_key_knows_by_itself_is_told_by_events() {
    let lines = |between: u64| {
        format!("0,k0,put,,a,10\n1000,k0,get,,a,\n1050,k1,get,,a,\n{},k1,get,,a,\n1150,k0,get,,a,\n", 1_000 + between)
    };
    // Ten bytes take 50 ms.
    let parse = ParseConfig { text: Span(5_000_000 << 20), ..plain_values().parse };
    let values = ValuesConfig { cache_ttl: Some(Span::from_secs(30)), parse, ..plain_values() };
    for (between, is_known) in [(99, true), (100, false), (101, true)] {
        let scenario = sized(&lines(between), values.clone());
        let contestant = &Contestant::all(&scenario)[0];
        let by_key = contestant.simulate_in_stretches(0, 1, 10).expect("a good trace");
        assert_eq!(by_key.is_some(), is_known, "{between} ms");
        // Without stretches it is the engine's turn as well.
        let [whole_trace, by_events] = both(contestant, whole(0), 1);
        assert!(whole_trace == by_events && by_key.is_none_or(|by_key| by_key == by_events), "{between} ms");
    }
}

/// A name that no call may have, and a put that does not say how large its value is where the number of that is a matter of chance.
#[test]
fn what_is_rare_among_sizes_is_replayed_by_events() {
    let long = "k".repeat(513);
    // Whether the row that says nothing puts something is a matter of chance.
    let by_chance = "0,k0,,,a,5\n500,k0,put,,a,\n";
    for (lines, rows) in [(format!("0,{long},get,,a,\n"), 2), ("0,,put,,a,7\n".into(), 2), (by_chance.into(), 3)] {
        let mut scenario = sized(&(lines + "1000,k1,get,,a,\n"), plain_values());
        let WorkloadConfig::Trace(config) = &mut scenario.workload else { unreachable!("a trace") };
        config.write_share = 0.5;
        for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
            assert!(contestant.is_by_key());
            assert!(contestant.simulate_in_stretches(0, 1, 10).expect("a good trace").is_none(), "store {store}");
            let [whole_trace, by_events] = both(contestant, whole(store), 1);
            assert!(whole_trace == by_events && whole_trace[0].operations == rows, "store {store}");
        }
    }
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
    let stores = instant_stores(Span::ZERO);
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
