//! The fast path gives what the engine gives, to the last bit; what it does not know goes to the engine.

use std::sync::Arc;

use consistency_sim::faults::{Fault, FaultKind, Faults};
use consistency_sim::limits::{Plan, Storage};
use consistency_sim::metrics::{DistributionId, Measurements};
use consistency_sim::model::{Location, Span, Time};
use consistency_sim::network::NetworkConfig;
use consistency_sim::random::Law;
use consistency_sim::run::suspect::{Order, Suspect};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::scenario::{Scenario, load, newest, platform_of};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;
use proptest::prelude::*;

use crate::house::{files, project};
use crate::support::*;

fn ms(milliseconds: u64) -> Span {
    Span::from_millis(milliseconds)
}

/// Laws whose spans are whole milliseconds, so that many things happen at one time, and others.
pub fn latency() -> impl Strategy<Value = Law> {
    prop_oneof![
        Just(Law::Constant(Span::ZERO)),
        (0_u64..6).prop_map(|n| Law::Constant(ms(n * 50))),
        (1_u64..50, 1_u64..20).prop_map(|(median, more)| Law::LogNormal { median: ms(median), p99: ms(median * more) }),
        (1_u64..300).prop_map(|mean| Law::Exponential { mean: ms(mean) }),
    ]
}

fn delay() -> impl Strategy<Value = Law> {
    prop_oneof![
        (0_u64..8).prop_map(|n| Law::Constant(ms(n * 500))),
        (1_u64..8_000).prop_map(|mean| Law::Exponential { mean: ms(mean) }),
        (1_u64..4_000).prop_map(|high| Law::Uniform { low: ms(high / 2), high: ms(high) }),
        (1_u64..500).prop_map(|scale| Law::Pareto { scale: ms(scale), shape: 1.2 }),
        (1_u64..500).prop_map(|mean| Law::Mixture(vec![
            (9.0, Law::Exponential { mean: ms(mean) }),
            (1.0, Law::LogNormal { median: ms(mean), p99: ms(mean * 9) }),
        ])),
        Just(Law::Quantiles(vec![(0.1, ms(10)), (0.5, ms(700)), (0.9, ms(5_000))])),
    ]
}

fn shape() -> impl Strategy<Value = Shape> {
    prop_oneof![
        3 => Just(Shape::Poisson),
        3 => Just(Shape::Constant),
        1 => (1_u64..9, 1_u64..9).prop_map(|(on, off)| Shape::OnOff { on: Span::from_secs(on), off: Span::from_secs(off) }),
        1 => (10_u64..90, 0.0_f64..=1.0).prop_map(|(period, depth)| Shape::Diurnal { period: Span::from_secs(period), depth }),
    ]
}

fn kv() -> impl Strategy<Value = KvCommon> {
    let laws = (latency(), latency(), latency());
    let visible = prop_oneof![Just(0.0), Just(1.0), 0.0_f64..1.0];
    let limit = prop_oneof![Just(WriteLimit::Strict), Just(WriteLimit::Lenient)];
    let skew = prop::collection::vec(-3_000_000_000_i64..3_000_000_000, 0..7);
    let skew = prop_oneof![Just(Vec::new()), skew];
    (laws, visible, limit, skew).prop_map(|(laws, local_visibility, write_limit, clock_skew)| KvCommon {
        hit_latency: laws.0,
        central_read: laws.1,
        central_write: laws.2,
        local_visibility,
        write_limit,
        tombstone_life: TOMBSTONE_LIFE,
        clock_skew,
    })
}

pub fn stores() -> impl Strategy<Value = Vec<StoreConfig>> {
    // A `cacheTtl` as short as a latency, so that fills overlap; the parser would ask for more.
    let ttl = prop_oneof![0_u64..400, 400_u64..30_000];
    let pull = (ttl, any::<bool>());
    (kv(), pull, delay(), 1_u64..9_000, objects()).prop_map(|(common, (ttl, negative_caching), delay, max, objects)| {
        let pull = KvPullConfig { common: common.clone(), cache_ttl: ms(ttl), negative_caching };
        let push = KvPushConfig { common, delay, max: ms(max), limit_per_namespace: false };
        let store = |name: &str, kind| StoreConfig { name: name.into(), label: name.into(), kind };
        let object = store("object", StoreKind::DurableObject(objects));
        vec![store("pull", StoreKind::KvPull(pull)), store("push", StoreKind::KvPush(push)), object]
    })
}

/// How many may wait, and for how many milliseconds.
fn queue() -> (impl Strategy<Value = u32>, impl Strategy<Value = u64>) {
    (prop_oneof![Just(1_000_u32), 0_u32..6], prop_oneof![Just(5_000_u64), 0_u64..600])
}

/// Durable Objects, as far as they need no events: with queues that are full, too long and too slow now and then.
fn objects() -> impl Strategy<Value = DurableObjectConfig> {
    let laws = (latency(), latency(), latency());
    let place = prop_oneof![Just(None), Just(Some(Location(0)))];
    let hosts = prop::collection::vec((0_u16..2).prop_map(Location), 0..3);
    let bounds = (prop::option::of(0_u32..60), prop::option::of(0_u64..400), any::<bool>(), any::<bool>());
    (laws, place, hosts, queue(), bounds).prop_map(|(laws, placement, hosts, queue, bounds)| DurableObjectConfig {
        placement,
        hosts,
        read_time: laws.0,
        write_time: laws.1,
        durability: laws.2,
        queue_limit: queue.0,
        queue_timeout: ms(queue.1),
        window_limit: bounds.0,
        cpu_limit: bounds.1.map(ms),
        websocket: bounds.2,
        storage: if bounds.3 { ObjectStorage::KeyValue } else { ObjectStorage::default() },
        ..DurableObjectConfig::default()
    })
}

/// D1 databases, likewise, and with queries that are tried again.
fn databases() -> impl Strategy<Value = D1Config> {
    let laws = (latency(), latency(), prop::option::of(latency()));
    let (limit, timeout) = queue();
    let queue = (limit, timeout, 0_u8..4);
    let statements = (0_u32..4, 0_u64..40, any::<bool>(), 0_u32..3);
    (laws, queue, statements, 0_u16..2).prop_map(|(laws, queue, statements, primary)| D1Config {
        primary: Location(primary),
        read_time: laws.0,
        write_time: laws.1,
        queue_limit: queue.0,
        queue_timeout: ms(queue.1),
        read_retries: queue.2,
        statements: D1Statements {
            delete_time: laws.2,
            scan_rows: statements.0,
            // Ten seconds are more than a query may take.
            scan_row_time: ms(100 * statements.1),
            batch: statements.2,
            indexes: statements.3,
            ..D1Statements::default()
        },
        ..d1_config(Location(0))
    })
}

/// Those on which clients who do not wait for answers need no events.
pub fn stores_of_all() -> impl Strategy<Value = Vec<StoreConfig>> {
    (stores(), databases()).prop_map(|(mut stores, config)| {
        stores.push(StoreConfig { name: "database".into(), label: "database".into(), kind: StoreKind::D1(config) });
        stores
    })
}

pub fn network_of(edges: u16, distances: &[u64], jitter: Law) -> NetworkConfig {
    let mut built = network(edges, Span::ZERO);
    let n = usize::from(edges) + 1;
    let mut distances = distances.iter().cycle();
    for pair in 0..n * n {
        if pair / n != pair % n {
            built.rtt[pair] = ms(100 * distances.next().expect("some"));
        }
    }
    built.jitter = jitter;
    built
}

fn arbitrary() -> impl Strategy<Value = Scenario> {
    let place = (1_u16..6, prop::collection::vec(0_u64..5, 1..12), latency(), any::<bool>());
    // Round numbers of acts for each second make acts coincide with arrivals and returns.
    let rate = prop_oneof![Just(20.0), Just(10.0), 0.5_f64..40.0];
    let load = (1_u32..4, rate, 0.0_f64..=1.0, 0.0_f64..=1.0, shape(), any::<bool>());
    (place, load, stores_of_all(), 1_u64..1_000_000, 0_u64..40).prop_map(|(place, load, stores, seed, warmup)| {
        let (edges, distances, jitter, at_an_edge) = place;
        let (keys, rate, writes, deletes, shape, preloaded) = load;
        let rate = rate * f64::from(keys);
        let workload = MixConfig {
            keys,
            popularity: Popularity::Uniform,
            reads: rate * (1.0 - writes),
            writes: rate * writes,
            deletes,
            shape,
            preloaded,
            values: None,
        };
        let mut network = network_of(edges, &distances, jitter);
        if at_an_edge {
            network.central = Location(edges - 1);
        }
        let mut scenario = scenario(network, WorkloadConfig::Mix(workload), stores);
        scenario.duration = Span::from_secs(40);
        scenario.warmup = Span::from_secs(warmup / 4);
        scenario.seed = seed;
        scenario
    })
}

/// What a scenario says of values beside what rows say.
pub fn values() -> impl Strategy<Value = ValuesConfig> {
    // Bytes as nanoseconds; some values are larger than may be put.
    let bytes = prop_oneof![
        Just(Law::Constant(Span(3 << 20))),
        Just(Law::Constant(Span(77))),
        Just(Law::LogNormal { median: Span(1 << 20), p99: Span(40 << 20) }),
        Just(Law::Uniform { low: Span(0), high: Span(30_000_000) }),
    ];
    let ttl = prop_oneof![4 => Just(None), 1 => Just(Some(Span::from_secs(60))), 1 => Just(Some(Span::from_secs(59)))];
    let cache_ttl = prop_oneof![3 => Just(None), 1 => Just(Some(Span::from_secs(45)))];
    let text = prop_oneof![Just(0), Just(1_000), Just(50_000), Just(100_000), 0_u64..200_000];
    let parse = text.prop_map(|micros| ParseConfig { text: Span(1_000 * micros), ..plain_values().parse });
    let key_bytes = prop_oneof![Just(None), Just(Some(20_u16))];
    (bytes, ttl, cache_ttl, parse, key_bytes, 0_u16..3, any::<bool>()).prop_map(
        |(bytes, expiration_ttl, cache_ttl, parse, key_bytes, metadata, with_metadata)| ValuesConfig {
            bytes,
            key_bytes,
            metadata_bytes: 400 * metadata,
            expiration_ttl,
            cache_ttl,
            with_metadata: with_metadata && metadata == 0,
            parse,
            ..plain_values()
        },
    )
}

/// Those of some stores that simulate key by key what has clients with names, TTLs or sizes.
pub fn workers_kv(mut stores: Vec<StoreConfig>) -> Vec<StoreConfig> {
    stores.retain(|store| matches!(store.kind, StoreKind::KvPull(_) | StoreKind::KvPush(_)));
    stores
}

/// Those of [`arbitrary`] on Workers KV, with values that have sizes and perhaps expire in runs of three minutes.
fn sized() -> impl Strategy<Value = Scenario> {
    (arbitrary(), values(), any::<bool>()).prop_map(|(mut scenario, values, longer)| {
        scenario.stores = workers_kv(scenario.stores);
        if let WorkloadConfig::Mix(mix) = &mut scenario.workload {
            mix.values = Some(values);
            if longer {
                (mix.reads, mix.writes) = (mix.reads / 4.0, mix.writes / 4.0);
                scenario.duration = Span::from_secs(180);
            }
        }
        scenario
    })
}

/// Those of [`arbitrary`] whose keys are flags, which are flipped seldom or so often that many flips are on their way at once.
fn flags() -> impl Strategy<Value = Scenario> {
    let flip_every = prop_oneof![
        (1_u64..60).prop_map(|n| Law::Constant(ms(n * 250))),
        (50_u64..15_000).prop_map(|mean| Law::Exponential { mean: ms(mean) }),
    ];
    let evaluations = prop_oneof![1 => 0.01_f64..0.3, 3 => 0.1_f64..12.0];
    (arbitrary(), 1_u32..4, flip_every, evaluations).prop_map(|(mut scenario, flags, flip_every, evaluations)| {
        scenario.workload = WorkloadConfig::FeatureFlag(FeatureFlagConfig { flags, flip_every, evaluations });
        scenario
    })
}

/// Those of [`arbitrary`] whose keys are configurations, sometimes of more keys than a query may name.
fn configurations() -> impl Strategy<Value = Scenario> {
    let publish_every = prop_oneof![
        (1_u64..60).prop_map(|n| Law::Constant(ms(n * 250))),
        (50_u64..15_000).prop_map(|mean| Law::Exponential { mean: ms(mean) }),
    ];
    let keys = prop_oneof![30 => 1_u16..7, 1 => Just(101)];
    (arbitrary(), 1_u32..4, keys, publish_every, 0.05_f64..4.0).prop_map(
        |(mut scenario, sets, keys, publish_every, reads)| {
            scenario.workload = WorkloadConfig::Config(ConfigConfig { sets, keys, publish_every, reads });
            scenario
        },
    )
}

/// Those of [`arbitrary`] under the load of a cache in front of a database.
fn cached() -> impl Strategy<Value = Scenario> {
    (arbitrary(), 0_u64..20).prop_map(|(mut scenario, ttl)| {
        if let WorkloadConfig::Mix(mix) = &scenario.workload {
            scenario.workload = WorkloadConfig::CacheAside(CacheAsideWorkloadConfig {
                keys: mix.keys,
                popularity: mix.popularity.clone(),
                reads: mix.reads / f64::from(scenario.network.edges),
                updates: mix.writes,
                ttl: Span::from_secs(ttl),
            });
        }
        scenario
    })
}

/// Those of [`arbitrary`] whose keys are identities with a limit, on stores that count in one step.
fn limited() -> impl Strategy<Value = Scenario> {
    (arbitrary(), 1_u32..30, 1_u64..20).prop_map(|(mut scenario, limit, window)| {
        scenario.stores.retain(|store| matches!(store.kind, StoreKind::DurableObject(_) | StoreKind::D1(_)));
        if let WorkloadConfig::Mix(mix) = &scenario.workload {
            // Windows are settled a minute after their end.
            let rate = (mix.reads + mix.writes) / f64::from(mix.keys) / 4.0;
            scenario.duration = Span::from_secs(160);
            scenario.workload = WorkloadConfig::RateLimit(RateLimitConfig {
                identities: mix.keys,
                requests: rate,
                shape: mix.shape.clone(),
                locations: 3,
                limit,
                window: ms(500 * window),
                arrivals: None,
            });
        }
        scenario
    })
}

/// Both ways of simulating one unit.
pub fn both(contestant: &Contestant, unit: Unit, batches: u32) -> [Vec<Measurements>; 2] {
    let by_key = contestant.simulate_in_batches(unit, batches).expect("no trace");
    [by_key, contestant.simulate_by_events(unit, batches).expect("no trace")]
}

/// Each store of a scenario, whole, is simulated key by key and by events with the same measurements.
pub fn same_both_ways(scenario: &Scenario, batches: u32) -> Result<(), TestCaseError> {
    for (store, contestant) in Contestant::all(scenario).iter().enumerate() {
        prop_assert!(contestant.is_by_key());
        let [by_key, by_events] = both(contestant, whole(store), batches);
        prop_assert!(by_key == by_events, "store {}: {:#?}\nis not\n{:#?}", store, by_key, by_events);
    }
    Ok(())
}

/// What the first key measures and what all others measure make what all do.
fn some_and_others_are_all(scenario: &Scenario) -> Result<(), TestCaseError> {
    let contestants = Contestant::all(scenario);
    for (store, contestant) in contestants.iter().enumerate() {
        let parts = [0..1, 1..u32::MAX].map(|keys| {
            let measured = (&contestants[..]).measure_some(whole(store), Order::ByNumber, &keys, Time::START);
            measured.expect("no trace").expect("it needs no events")
        });
        let all = contestant.simulate(whole(store)).expect("no trace");
        prop_assert_eq!(Measurements::merged(parts.into()).difference(&all), None, "store {}", store);
    }
    Ok(())
}

pub fn whole(store: usize) -> Unit {
    Unit { store, replication: 0, share: 0, shares: 1 }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn gives_the_engine_s_measurements_to_the_last_bit(scenario in arbitrary(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn gives_the_engine_s_measurements_of_values_with_sizes(scenario in sized(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn gives_the_engine_s_measurements_of_a_cache_s_load(scenario in cached(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
        some_and_others_are_all(&scenario)?;
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn gives_the_engine_s_measurements_of_limits(scenario in limited(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
        some_and_others_are_all(&scenario)?;
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn gives_the_engine_s_measurements_of_flags(scenario in flags(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
        some_and_others_are_all(&scenario)?;
    }
}

proptest! {
    #![proptest_config(cases(400))]

    #[test]
    fn gives_the_engine_s_measurements_of_configurations(scenario in configurations(), batches in 1_u32..40) {
        same_both_ways(&scenario, batches)?;
        some_and_others_are_all(&scenario)?;
    }
}

/// What is there from the start is stored, of keys too that nobody asks for.
#[test]
fn what_nobody_asks_for_is_stored() {
    let stores = vec![kv_pull(ms(30_000))];
    let mut scenario = scenario(network(3, ms(80)), mix(30, 0.3, 0.1), stores);
    (scenario.warmup, scenario.duration) = (Span::from_secs(10), Span::from_secs(40));
    let WorkloadConfig::Mix(mix) = &mut scenario.workload else { unreachable!("a mix") };
    // The values of that size all weigh the same, so what is put does not matter.
    (mix.deletes, mix.values) = (0.0, Some(plain_values()));
    for (preloaded, keys) in [(true, 30), (false, 0)] {
        let WorkloadConfig::Mix(mix) = &mut scenario.workload else { unreachable!("a mix") };
        (mix.preloaded, mix.writes) = (preloaded, if preloaded { 0.1 } else { 0.0 });
        let contestant = Contestant::all(&scenario).remove(0);
        let [by_key, by_events] = both(&contestant, whole(0), 4);
        assert!(by_key == by_events);
        let all = Measurements::merged(by_key);
        assert!((1..20).contains(&all.operations), "{} operations leave some keys alone", all.operations);
        let bytes = keys * (16 + 288);
        let storage =
            Storage { byte_ns: u128::from(bytes) * 30_000_000_000, bytes_at_start: bytes, bytes_at_end: bytes };
        assert_eq!(all.storage, storage);
    }
}

/// So many writes to one key that those which have settled are forgotten on the way, with clocks that agree and with
/// clocks that do not.
#[test]
fn a_hot_key_is_not_remembered_for_ever() {
    for (seed, skew) in [(1, Vec::new()), (2, vec![2_000_000_000, -1_000_000_000, 0]), (3, vec![-400_000_000])] {
        let common = KvCommon {
            write_limit: WriteLimit::Lenient,
            local_visibility: 0.5,
            clock_skew: skew,
            hit_latency: Law::Constant(ms(3)),
            central_read: Law::Exponential { mean: ms(40) },
            central_write: Law::LogNormal { median: ms(30), p99: ms(900) },
            ..instant_kv()
        };
        let pull = KvPullConfig { common: common.clone(), cache_ttl: ms(4_000), negative_caching: true };
        let delay = Law::Exponential { mean: ms(2_000) };
        let push = KvPushConfig { common, delay, max: ms(9_000), limit_per_namespace: false };
        let store = |name: &str, kind| StoreConfig { name: name.into(), label: name.into(), kind };
        let stores = vec![store("pull", StoreKind::KvPull(pull)), store("push", StoreKind::KvPush(push))];
        let mut scenario = scenario(network_of(5, &[0, 1, 3], Law::Constant(ms(7))), mix(1, 60.0, 40.0), stores);
        (scenario.warmup, scenario.duration) = (Span::from_secs(10), Span::from_secs(400));
        scenario.seed = seed;
        for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
            let [by_key, by_events] = both(contestant, whole(store), 16);
            assert!(by_key == by_events, "store {store}, seed {seed}");
            let windows = |batch: &Measurements| batch.distribution(DistributionId::InconsistencyWindow).count();
            let writes: u64 = by_key.iter().map(windows).sum();
            assert!(writes > 10_000, "{writes} are not enough to forget some");
        }
    }
}

/// Which stores of a scenario are simulated key by key, and as what: of a trace that is seen only when it is read.
fn by_key_of(scenario: &Scenario) -> String {
    let contestants = Contestant::all(scenario);
    let kind = match scenario.workload {
        WorkloadConfig::Trace(_) => "trace",
        WorkloadConfig::FeatureFlag(_) => "flags",
        WorkloadConfig::Config(_) => "configurations",
        WorkloadConfig::RateLimit(_) => "limits",
        _ => "mix",
    };
    let fast = |store: &usize| {
        let unit = Unit { store: *store, replication: 0, share: 0, shares: contestants[*store].shares(1) };
        let found = (&contestants[..]).measure_some(unit, Order::ByNumber, &(0..1), Time::START).expect("a good trace");
        assert_eq!(found.is_some(), contestants[*store].is_by_key(), "{}: its rows need events", scenario.name);
        found.is_some()
    };
    let stores: Vec<&str> = (0..contestants.len()).filter(fast).map(|n| scenario.stores[n].name.as_str()).collect();
    let how = if stores.is_empty() { "events".to_string() } else { format!("{kind} on {}", stores.join(", ")) };
    format!("{}: {how}", scenario.name)
}

/// A scenario that falls back to events does so for a reason that is known, and one that does not stays as fast as it is.
#[test]
fn each_shipped_scenario_goes_its_way() {
    let ways = [
        "cache-ttl: trace on half-a-minute, a-minute, five-minutes, push",
        "caching: mix on d1, durable_object",
        "config: configurations on kv, d1, durable_object",
        "feature-flags: flags on kv, kv-30s, d1, durable_object",
        "push-against-pull: mix on pull, push-uniform, push-exponential",
        "rate-limiting-binding: limits on durable_object",
        "rate-limiting: limits on d1, durable_object",
        "trace: trace on kv",
        "guidance-caching: mix on d1, durable_object",
        "guidance-config: configurations on kv, d1, durable_object",
        "guidance-feature-flags: flags on kv, d1, durable_object",
        "guidance-rate-limiting: limits on d1, durable_object",
    ];
    let (mut by_key, mut all) = (Vec::new(), 0);
    for folder in ["scenarios", "scenarios/guidance", "scenarios/incidents"] {
        let folder = project().join(folder);
        for file in files(&folder).iter().filter(|file| file.parent() == Some(&folder)) {
            let scenario = load(file).unwrap_or_else(|wrong| panic!("{}: {wrong:#?}", file.display()));
            by_key.extend(Some(by_key_of(&scenario)).filter(|way| !way.ends_with(": events")));
            all += 1;
            for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
                if contestant.is_by_key() {
                    let unit = Unit { store, replication: 1, share: 0, shares: contestant.shares(1) };
                    let [fast, by_events] = both(contestant, unit, 8);
                    assert!(fast == by_events, "{}, store {store}", file.display());
                }
            }
        }
    }
    assert!(all >= 27, "{all} scenarios");
    assert_eq!(by_key, ways);
}

/// A free plan without any quota of a day.
const NO_QUOTAS: &str = "name = \"no-quotas\"
extends = \"cf-2026-11\"
[kv]
reads_per_day = { free = \"unlimited\", paid = \"unlimited\" }
writes_per_day = { free = \"unlimited\", paid = \"unlimited\" }
deletes_per_day = { free = \"unlimited\", paid = \"unlimited\" }
lists_per_day = { free = \"unlimited\", paid = \"unlimited\" }
[durable_object]
requests_per_day = { free = \"unlimited\", paid = \"unlimited\" }
duration_gb_s_per_day = { free = \"unlimited\", paid = \"unlimited\" }
rows_read_per_day = { free = \"unlimited\", paid = \"unlimited\" }
rows_written_per_day = { free = \"unlimited\", paid = \"unlimited\" }
[d1]
rows_read_per_day = { free = \"unlimited\", paid = \"unlimited\" }
rows_written_per_day = { free = \"unlimited\", paid = \"unlimited\" }
";

/// Everything that a by-key simulation cannot do makes its scenario fall back.
#[test]
fn what_needs_events_is_simulated_by_events() {
    let mut scenario = scenario(network(3, ms(80)), mix(4, 20.0, 2.0), vec![kv_pull(ms(30_000))]);
    let push = |limit_per_namespace, write_limit| {
        let common = KvCommon { write_limit, ..instant_kv() };
        let delay = Law::Exponential { mean: ms(2_000) };
        let kind = StoreKind::KvPush(KvPushConfig { common, delay, max: ms(60_000), limit_per_namespace });
        StoreConfig { name: "push".into(), label: "push".into(), kind }
    };
    scenario.stores.push(push(false, WriteLimit::Strict));
    scenario.stores.push(push(true, WriteLimit::Lenient));
    scenario.stores.push(push(true, WriteLimit::Strict));
    scenario.stores.push(d1(Location(3)));
    scenario.stores.push(durable_object());
    let which = |scenario: &Scenario| Contestant::all(scenario).iter().map(Contestant::is_by_key).collect::<Vec<_>>();
    assert_eq!(which(&scenario), [true, true, false, false, true, true]);
    scenario.divergence = true;
    assert_eq!(which(&scenario), [false; 6], "divergence looks at all locations whenever something changes");
    scenario.divergence = false;
    scenario.plan = Plan::Free;
    assert_eq!(which(&scenario), [false; 6], "a day's quota is shared by all keys");
    scenario.platform = Arc::new(platform_of(NO_QUOTAS, "no-quotas.toml").expect("a platform"));
    assert_eq!(which(&scenario), [true, true, false, false, true, true], "a free plan without quotas of a day");
    for quota in ["reads_per_day", "writes_per_day", "deletes_per_day", "lists_per_day"] {
        let text =
            NO_QUOTAS.replace(&format!("{quota} = {{ free = \"unlimited\""), &format!("{quota} = {{ free = 1000"));
        assert_ne!(text, NO_QUOTAS);
        scenario.platform = Arc::new(platform_of(&text, "one-quota.toml").expect("a platform"));
        assert_eq!(which(&scenario), [false, false, false, false, true, true], "{quota}");
    }
    for quota in ["requests_per_day", "duration_gb_s_per_day", "rows_read_per_day", "rows_written_per_day"] {
        let text =
            NO_QUOTAS.replace(&format!("{quota} = {{ free = \"unlimited\""), &format!("{quota} = {{ free = 1000"));
        assert_ne!(text, NO_QUOTAS);
        scenario.platform = Arc::new(platform_of(&text, "one-quota.toml").expect("a platform"));
        let of_d1_too = quota.starts_with("rows");
        assert_eq!(which(&scenario), [true, true, false, false, !of_d1_too, false], "{quota}");
    }
    scenario.plan = Plan::Paid;
    scenario.platform = newest();
    let kind = FaultKind::CentralOutage { failing: 1.0, refill: None };
    let pull = Some(scenario.stores[0].name.clone());
    let mut fault = Fault { name: "outage".into(), kind, from: Time(0), until: Time(1), store: pull };
    scenario.network.faults = Faults::new(vec![fault.clone()]);
    assert_eq!(which(&scenario), [false, true, false, false, true, true], "only who meets the fault");
    fault.store = None;
    scenario.network.faults = Faults::new(vec![fault]);
    assert_eq!(which(&scenario), [false; 6], "everybody meets the fault");
    scenario.network.faults = Faults::default();
    let mut with = |values| {
        let WorkloadConfig::Mix(mix) = &mut scenario.workload else { unreachable!("a mix") };
        mix.values = Some(values);
        which(&scenario)
    };
    assert_eq!(with(plain_values()), [true, true, false, false, false, false], "sizes, elsewhere than on Workers KV");
    let metadata = ValuesConfig { with_metadata: true, metadata_bytes: 1, ..plain_values() };
    assert_eq!(with(metadata), [false; 6], "reads that tell metadata");
    let refused = ValuesConfig { key_bytes: Some(513), ..plain_values() };
    assert_eq!(with(refused), [false; 6], "names that are refused");
    with(plain_values());
    scenario.plan = Plan::Free;
    scenario.platform = Arc::new(platform_of(NO_QUOTAS, "no-quotas.toml").expect("a platform"));
    assert_eq!(which(&scenario), [false; 6], "what may be stored is shared by all keys");
    (scenario.plan, scenario.platform) = (Plan::Paid, newest());
    scenario.workload = WorkloadConfig::FeatureFlag(FeatureFlagConfig {
        flags: 2,
        flip_every: Law::Constant(ms(60_000)),
        evaluations: 1.0,
    });
    assert_eq!(which(&scenario), [true, true, false, false, true, true], "flags as a mix");
    let configuration = |keys, reads| {
        let publish_every = Law::Constant(ms(60_000));
        WorkloadConfig::Config(ConfigConfig { sets: 2, keys, publish_every, reads })
    };
    scenario.workload = configuration(129, 1.0);
    assert_eq!(which(&scenario), [true, true, false, false, true, true], "configurations as a mix");
    let key_value = DurableObjectConfig { storage: ObjectStorage::KeyValue, ..DurableObjectConfig::default() };
    scenario.stores[5] = object("do", "Durable Object", key_value);
    assert_eq!(which(&scenario), [true, true, false, false, true, false], "more keys than an object takes at once");
    scenario.workload = configuration(5, 1e4);
    assert_eq!(which(&scenario), [false, false, false, false, true, true], "readings that are too many to be kept");
    let limit = RateLimitConfig {
        identities: 2,
        requests: 1.0,
        shape: Shape::Poisson,
        locations: 2,
        limit: 5,
        window: ms(10_000),
        arrivals: None,
    };
    scenario.workload = WorkloadConfig::RateLimit(limit);
    assert_eq!(which(&scenario), [false, false, false, false, true, true], "limits where a request counts in one step");
    for store in &mut scenario.stores {
        match &mut store.kind {
            StoreKind::D1(D1Config { read_then_write, .. })
            | StoreKind::DurableObject(DurableObjectConfig { read_then_write, .. }) => *read_then_write = true,
            _ => {}
        }
    }
    assert_eq!(which(&scenario), [false; 6], "whoever reads and then writes waits for what was read");
    scenario.workload = WorkloadConfig::Counter(CounterConfig {
        counters: 2,
        clients: 3,
        pace: Pace::Closed { think: Law::Constant(ms(500)) },
        read_back: false,
        retry: Retry { attempts: 0, wait: Span::ZERO },
    });
    assert_eq!(which(&scenario), [false; 6], "clients that wait for answers need events");
}

/// What objects may do beyond one storage operation, and how they may live, needs events.
#[test]
fn objects_that_do_more_need_events() {
    let base = DurableObjectConfig::default();
    let code = |code| DurableObjectConfig { code, ..DurableObjectConfig::default() };
    let life = |life| DurableObjectConfig { life, ..DurableObjectConfig::default() };
    let state = |state| code(ObjectCode { state, ..ObjectCode::default() });
    let second = Law::Constant(ms(1_000));
    let statement = |sql| DurableObjectConfig {
        storage: ObjectStorage::Sqlite { one_statement: false, sql },
        ..DurableObjectConfig::default()
    };
    let all = [
        (base.clone(), true),
        (code(ObjectCode { foreign_await: Some(second.clone()), ..ObjectCode::default() }), false),
        (state(ObjectState::Memory), false),
        (state(ObjectState::WrittenBehind { after: ms(10), failures: 0.0 }), false),
        (life(ObjectLife { hibernates: false, ..ObjectLife::default() }), false),
        (life(ObjectLife { cold_start: second.clone(), ..ObjectLife::default() }), false),
        (life(ObjectLife { restart_every: Some(second), ..ObjectLife::default() }), false),
        (statement(SqlText { parameters: 200, ..SqlText::default() }), false),
        (statement(SqlText { bytes: 200_000, ..SqlText::default() }), false),
        (DurableObjectConfig { websocket: true, storage: ObjectStorage::KeyValue, ..base }, true),
    ];
    for (number, (config, by_key)) in all.into_iter().enumerate() {
        let scenario = scenario(network(3, ms(80)), mix(4, 20.0, 2.0), vec![object("do", "Durable Object", config)]);
        assert_eq!(Contestant::all(&scenario)[0].is_by_key(), by_key, "object {number}");
    }
}
