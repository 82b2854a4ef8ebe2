//! Controls that must be exactly zero, and laws that must hold whatever the numbers are.

use consistency_sim::metrics::{CountId, DistributionId};
use consistency_sim::model::{Location, Span};
use consistency_sim::random::Law;
use consistency_sim::run::{Contestant, Options, Unwatched, run};
use consistency_sim::stores::{Bookmark, ReplicationConfig, SessionStart, StoreConfig, StoreKind, WriteLimit};
use consistency_sim::workloads::*;

use crate::support::*;

/// One of each workload, small.
pub fn workloads() -> Vec<WorkloadConfig> {
    let s = Span::from_secs;
    let exponential = |mean| Law::Exponential { mean };
    let retry = Retry { attempts: 0, wait: Span::ZERO };
    vec![
        mix(20, 30.0, 3.0),
        WorkloadConfig::PutThenGet(PutThenGetConfig {
            keys: 5,
            pairs: 0.1,
            gap: Span::ZERO,
            get_from: GetFrom::Any,
            background_reads: 0.5,
            preloaded: true,
        }),
        WorkloadConfig::Counter(CounterConfig {
            counters: 3,
            clients: 9,
            pace: Pace::Closed { think: exponential(s(2)) },
            read_back: true,
            retry,
        }),
        WorkloadConfig::Session(SessionConfig {
            users: 10,
            life: exponential(s(60)),
            idle: exponential(s(30)),
            requests: 0.5,
            elsewhere: 0.3,
            after_logout: s(90),
            after_rate: 0.5,
        }),
        WorkloadConfig::FeatureFlag(FeatureFlagConfig { flags: 3, flip_every: exponential(s(120)), evaluations: 1.0 }),
        WorkloadConfig::Config(ConfigConfig { sets: 2, keys: 5, publish_every: exponential(s(60)), reads: 0.5 }),
        WorkloadConfig::RateLimit(RateLimitConfig {
            identities: 4,
            requests: 5.0,
            shape: Shape::OnOff { on: s(5), off: s(20) },
            locations: 3,
            limit: 20,
            window: s(10),
            arrivals: None,
        }),
        WorkloadConfig::CacheAside(CacheAsideWorkloadConfig {
            keys: 20,
            popularity: Popularity::Zipf { exponent: 0.9 },
            reads: 5.0,
            updates: 0.5,
            ttl: s(60),
        }),
    ]
}

#[test]
fn strong_stores_score_exactly_zero_at_any_latency() {
    for workload in workloads() {
        for rtt in [0, 1, 80, 700] {
            let network = network(4, Span::from_millis(rtt));
            let mut scenario = scenario(network, workload.clone(), vec![d1(Location(4)), durable_object()]);
            scenario.replications = 2;
            scenario.duration = Span::from_secs(600);
            scenario.warmup = Span::ZERO;
            let outcome = outcome(&scenario);
            for store in &outcome.stores {
                assert!(store.pooled.operations > 100, "{} does too little", store.name);
                for id in [
                    CountId::StaleReads,
                    CountId::ReadYourWrites,
                    CountId::MonotonicReads,
                    CountId::LostUpdates,
                    CountId::LoginNotSeen,
                    CountId::RevokedAccepted,
                    CountId::StaleEvaluations,
                    CountId::TornReads,
                    CountId::OvershootWindows,
                    CountId::StaleAfterInvalidation,
                    CountId::OldOrNothing,
                ] {
                    let count = store.pooled.count(id);
                    assert_eq!(count.hits, 0, "{} on {} at {rtt} ms: {id:?}", workload.word(), store.name);
                }
                let window = store.pooled.distribution(DistributionId::InconsistencyWindow);
                assert_eq!(window.max().unwrap_or(0), 0, "{} on {}", workload.word(), store.name);
            }
        }
    }
}

/// D1 with replicas at three of the four edges.
pub fn replicas(bookmark: Bookmark) -> StoreConfig {
    let mut config = d1_config(Location(4));
    config.replication = Some(ReplicationConfig {
        replicas: vec![Location(0), Location(1), Location(2)],
        lag: Law::Exponential { mean: Span::from_secs(2) },
        session: SessionStart::Unconstrained,
        bookmark,
    });
    StoreConfig { name: "replicas".into(), label: "D1 with replicas".into(), kind: StoreKind::D1(config) }
}

#[test]
fn sessions_on_d1_replicas_keep_their_guarantees_and_may_be_stale() {
    for workload in workloads() {
        let word = workload.word();
        let stores = vec![replicas(Bookmark::Carried), replicas(Bookmark::Dropped)];
        let mut scenario = scenario(network(4, Span::from_millis(80)), workload, stores);
        scenario.replications = 2;
        scenario.duration = Span::from_secs(1_800);
        let outcome = outcome(&scenario);
        let [carried, dropped] = [&outcome.stores[0].pooled, &outcome.stores[1].pooled];
        for id in [CountId::ReadYourWrites, CountId::MonotonicReads] {
            assert_eq!(carried.count(id).hits, 0, "{word}: {id:?} with the bookmark carried");
        }
        // Updates are made at the primary: none is lost, however old the replicas are.
        assert_eq!(carried.count(CountId::LostUpdates).hits + dropped.count(CountId::LostUpdates).hits, 0, "{word}");
        // A rate limit only counts, which is a write.
        if word != "rate_limit" {
            assert!(dropped.count(CountId::StaleReads).hits > 0, "{word}: nothing is stale");
        }
        if word == "counter" {
            assert!(dropped.count(CountId::ReadYourWrites).hits > 0, "{word}: a dropped bookmark costs nothing");
        }
        if word == "feature_flag" {
            assert!(carried.count(CountId::StaleReads).hits > 0, "{word}: sessions may be stale");
        }
    }
}

#[test]
fn workers_kv_scores_above_zero_on_what_each_workload_counts() {
    let counted = [
        CountId::StaleReads,
        CountId::OldOrNothing,
        CountId::LostUpdates,
        CountId::RevokedAccepted,
        CountId::StaleEvaluations,
        CountId::TornReads,
        CountId::OvershootWindows,
        CountId::StaleAfterInvalidation,
    ];
    for (workload, id) in workloads().into_iter().zip(counted) {
        let word = workload.word();
        let mut network = network(4, Span::from_millis(80));
        network.jitter = Law::LogNormal { median: Span::from_millis(1), p99: Span::from_millis(5) };
        let mut scenario = scenario(network, workload, vec![kv_pull(Span::from_secs(60))]);
        scenario.replications = 2;
        let outcome = outcome(&scenario);
        let count = outcome.stores[0].pooled.count(id);
        println!("{word}: {id:?} {} of {}", count.hits, count.of);
        assert!(count.hits > 0, "{word}: {id:?} is zero of {}", count.of);
    }
}

#[test]
fn threads_and_partitions_change_no_byte() {
    for workload in workloads() {
        let word = workload.word();
        let delay = Law::Exponential { mean: Span::from_secs(5) };
        let stores =
            vec![kv_pull(Span::from_secs(60)), kv_push(delay, Span::from_secs(60)), d1(Location(4)), durable_object()];
        let mut scenario = scenario(network(4, Span::from_millis(80)), workload, stores);
        scenario.replications = 2;
        scenario.duration = Span::from_secs(900);
        let with = |threads| {
            let options = Options { threads, command: String::new() };
            run(&scenario, &options, &Unwatched).expect("no trace is read")
        };
        let one = with(1);
        assert!(one == with(2) && one == with(7), "{word}: threads change the outcome");
        for (n, contestant) in Contestant::all(&scenario).iter().enumerate() {
            let whole = contestant.simulate_whole(0).expect("no trace is read");
            let mut more = whole.clone();
            more.merge(&contestant.simulate_whole(1).expect("no trace is read"));
            assert!(more == one.stores[n].pooled, "{word} on store {n}: the division into partitions changes figures");
        }
    }
}

#[test]
fn without_writes_or_with_one_location_that_shows_its_own_nothing_is_stale() {
    let stores = || {
        vec![kv_pull(Span::from_secs(60)), kv_push(Law::Exponential { mean: Span::from_secs(9) }, Span::from_secs(60))]
    };
    let silent = scenario(network(4, Span::from_millis(80)), mix(5, 20.0, 0.0), stores());
    let mut alone = scenario(network(1, Span::from_millis(80)), mix(5, 20.0, 0.5), stores());
    for store in &mut alone.stores {
        if let StoreKind::KvPull(config) = &mut store.kind {
            config.common.local_visibility = 1.0;
        }
        if let StoreKind::KvPush(config) = &mut store.kind {
            config.common.local_visibility = 1.0;
        }
    }
    for scenario in [silent, alone] {
        let outcome = outcome(&scenario);
        for store in &outcome.stores {
            let count = store.pooled.count(CountId::StaleReads);
            assert!(count.of > 1000);
            assert_eq!(count.hits, 0, "{}", store.name);
        }
    }
}

#[test]
fn a_longer_ttl_never_lowers_staleness() {
    let mut last = -1.0;
    for ttl in [1, 5, 30, 60, 120, 600] {
        let mut scenario =
            scenario(network(4, Span::from_millis(50)), mix(10, 20.0, 0.2), vec![kv_pull(Span::from_secs(ttl))]);
        scenario.replications = 8;
        let (value, _) = share(&outcome(&scenario), 0, CountId::StaleReads);
        assert!(value >= last, "TTL {ttl} s: {value} after {last}");
        last = value;
    }
}

#[test]
fn the_strict_write_limit_refuses_what_comes_within_a_second() {
    let mut store = kv_pull(Span::from_secs(60));
    if let StoreKind::KvPull(config) = &mut store.kind {
        config.common.write_limit = WriteLimit::Strict;
    }
    // Poisson writes at rate μ through a dead time of 1 s: accepted at μ / (1 + μ).
    let mu = 2.0;
    let mut scenario = scenario(network(1, Span::ZERO), mix(4, 4.0, 4.0 * mu), vec![store]);
    scenario.duration = Span::from_secs(20_000);
    scenario.warmup = Span::ZERO;
    scenario.replications = 5;
    let outcome = outcome(&scenario);
    let pooled = &outcome.stores[0].pooled;
    let accepted = pooled.distribution(DistributionId::WriteLatency).count() as f64;
    let refused = pooled.refusals.values().map(|(count, _)| *count).sum::<u64>() as f64;
    let share = accepted / (accepted + refused);
    assert!((share - 1.0 / (1.0 + mu)).abs() < 0.002, "{share}");
    assert_eq!(
        outcome.scenario.error_text(outcome.stores[0].limits[0].refusal),
        "KV PUT failed: 429 Too Many Requests"
    );
}
