//! Outcomes to report on, made by rule through public constructors: realistic ones, and extreme ones.

use consistency_sim::faults::Faults;
use consistency_sim::history::{History, Note, Noted, Record};
use consistency_sim::metrics::estimate::{Sample, Scalar, estimate};
use consistency_sim::metrics::series::STRETCHES;
use consistency_sim::metrics::{CountId, CurveId, DistributionId, Measurements, Series, Served, Window};
use consistency_sim::model::{Client, Key, Location, Operation, Refusal, Seen, Span, Time, Version};
use consistency_sim::network::{NetworkConfig, Place};
use consistency_sim::random::Law;
use consistency_sim::run::{Anomaly, LimitOutcome, Outcome, PromiseOutcome, StoreOutcome};
use consistency_sim::scenario::{Assumption, Bound, Promise, Scenario, newest};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

pub const CITIES: [(&str, &str); 8] = [
    ("LHR", "London"),
    ("IAD", "Washington"),
    ("GRU", "São Paulo"),
    ("SIN", "Singapore"),
    ("SYD", "Sydney"),
    ("CPT", "Cape Town"),
    ("NRT", "Tokyo"),
    ("FRA", "Frankfurt"),
];

/// How a store of a sample behaves.
#[derive(Clone, Copy)]
pub struct Behaviour {
    pub name: &'static str,
    pub label: &'static str,
    pub kind: &'static str,
    /// Until when after a write reads may be old, in milliseconds; 0: never.
    pub old_ms: u64,
    pub read_ms: u64,
    /// Refusals in each replication.
    pub refusals: u64,
}

pub const KV: Behaviour =
    Behaviour { name: "kv", label: "Workers KV", kind: "kv", old_ms: 60_300, read_ms: 4, refusals: 3 };
pub const D1: Behaviour = Behaviour { name: "d1", label: "D1", kind: "d1", old_ms: 0, read_ms: 60, refusals: 0 };
pub const OBJECT: Behaviour = Behaviour {
    name: "durable_object",
    label: "Durable Object",
    kind: "durable_object",
    old_ms: 0,
    read_ms: 71,
    refusals: 0,
};
pub const KV_30: Behaviour =
    Behaviour { name: "kv_30", label: "KV, cacheTtl 30 s", kind: "kv", old_ms: 30_200, read_ms: 6, refusals: 0 };
pub const ASIDE: Behaviour =
    Behaviour { name: "aside", label: "KV over D1", kind: "cache_aside", old_ms: 45_000, read_ms: 9, refusals: 0 };

/// What a sample is made of.
#[derive(Clone)]
pub struct Plan {
    pub workload: WorkloadConfig,
    pub stores: Vec<Behaviour>,
    pub edges: u16,
    pub replications: u32,
    pub reads_per_edge: u64,
}

pub fn plan(workload: WorkloadConfig, stores: &[Behaviour]) -> Plan {
    Plan { workload, stores: stores.to_vec(), edges: 7, replications: 20, reads_per_edge: 1500 }
}

/// A generator of numbers between 0 and 1 that is good enough to look irregular.
pub struct Dice(u64);

impl Dice {
    pub fn throw(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1_u64 << 53) as f64
    }
}

pub fn mix() -> WorkloadConfig {
    WorkloadConfig::Mix(MixConfig {
        keys: 500,
        popularity: Popularity::Zipf { exponent: 0.99 },
        reads: 240.0,
        writes: 0.5,
        deletes: 0.0,
        shape: Shape::Poisson,
        preloaded: true,
        values: None,
    })
}

pub fn counter() -> WorkloadConfig {
    let pace = Pace::Open { rate: 1.0, shape: Shape::Poisson };
    let retry = Retry { attempts: 0, wait: Span::ZERO };
    WorkloadConfig::Counter(CounterConfig { counters: 5, clients: 12, pace, read_back: true, retry })
}

pub fn session() -> WorkloadConfig {
    let law = || Law::Constant(Span::from_secs(60));
    WorkloadConfig::Session(SessionConfig {
        users: 20,
        life: law(),
        idle: law(),
        requests: 1.0,
        elsewhere: 0.1,
        after_logout: Span::from_secs(120),
        after_rate: 1.0,
    })
}

pub fn rate_limit() -> WorkloadConfig {
    WorkloadConfig::RateLimit(RateLimitConfig {
        identities: 10,
        requests: 5.0,
        shape: Shape::Poisson,
        locations: 4,
        limit: 100,
        window: Span::from_secs(60),
        arrivals: None,
    })
}

pub fn flags() -> WorkloadConfig {
    let flip_every = Law::Constant(Span::from_secs(90));
    WorkloadConfig::FeatureFlag(FeatureFlagConfig { flags: 3, flip_every, evaluations: 1.0 })
}

fn kind(behaviour: &Behaviour, edges: u16) -> StoreKind {
    let law = || Law::Constant(Span::from_millis(1));
    let common = KvCommon {
        hit_latency: law(),
        central_read: law(),
        central_write: law(),
        local_visibility: 1.0,
        write_limit: WriteLimit::Strict,
        tombstone_life: TOMBSTONE_LIFE,
        clock_skew: vec![0; usize::from(edges) + 1],
    };
    let kv = KvPullConfig { common, cache_ttl: Span::from_secs(60), negative_caching: true };
    let d1 = D1Config {
        primary: Location(edges),
        read_time: law(),
        write_time: law(),
        queue_limit: 1000,
        queue_timeout: Span::from_secs(5),
        read_retries: 2,
        read_then_write: false,
        replication: None,
        statements: D1Statements::default(),
    };
    match behaviour.kind {
        "kv" => StoreKind::KvPull(kv),
        "d1" => StoreKind::D1(d1),
        "cache_aside" => {
            StoreKind::CacheAside(CacheAsideConfig { cache: kv, database: d1, expiration_ttl: Span::from_secs(3600) })
        }
        _ => StoreKind::DurableObject(DurableObjectConfig {
            read_time: law(),
            write_time: law(),
            durability: law(),
            ..DurableObjectConfig::default()
        }),
    }
}

pub fn scenario(plan: &Plan) -> Scenario {
    let edges = usize::from(plan.edges);
    let place = |n: usize| match CITIES.get(n) {
        Some((code, city)) => Place { code: code.to_string(), city: city.to_string() },
        None => Place { code: format!("P{n}"), city: format!("Place number {n}") },
    };
    let mut places: Vec<Place> = (0..edges).map(place).collect();
    places.push(Place { code: "FRA".to_string(), city: "Frankfurt".to_string() });
    let rtt = vec![Span::from_millis(80); places.len() * places.len()];
    let stores = plan.stores.iter().map(|store| StoreConfig {
        name: store.name.to_string(),
        label: store.label.to_string(),
        kind: kind(store, plan.edges),
    });
    Scenario {
        name: "flash-sale".to_string(),
        question: "Can shoppers see a price that is more than 5 seconds old?".to_string(),
        duration: Span::from_secs(600),
        warmup: Span::ZERO,
        seed: 1,
        replications: plan.replications,
        network: NetworkConfig {
            places,
            edges: plan.edges,
            central: Location(plan.edges),
            rtt,
            jitter: Law::Constant(Span::ZERO),
            faults: Faults::default(),
        },
        workload: plan.workload.clone(),
        stores: stores.collect(),
        platform: newest(),
        plan: consistency_sim::limits::Plan::Paid,
        starts_at: Span::ZERO,
        divergence: false,
        promises: vec![Promise {
            name: "prices are never old".to_string(),
            metric: Scalar::named("stale_age.p99").expect("a metric"),
            bound: Bound::AtMost(5.0),
            share: 0.95,
        }],
        assumptions: vec![Assumption {
            field: "d1.queue_limit".to_string(),
            value: "1000".to_string(),
            why: "not published".to_string(),
        }],
    }
}

/// One replication of a store.
fn measure(plan: &Plan, store: &Behaviour, dice: &mut Dice) -> Measurements {
    let mut measured = Measurements::new(usize::from(plan.edges) + 1);
    measured.series = Series::new(Window { from: Time::START, until: Time(Span::from_secs(600).0) });
    for edge in 0..usize::from(plan.edges) {
        for read in 0..plan.reads_per_edge as usize {
            let stretch = read % STRETCHES;
            let near = store.read_ms < 10 && !read.is_multiple_of(5);
            measured.series.add(stretch, if near { Served::FromCache } else { Served::Read });
            let since_ms = (dice.throw() * 70_000.0) as u64;
            let share = 1.0 - since_ms as f64 / store.old_ms.max(1) as f64;
            // Places differ a little, as they do where some are asked more often than others.
            let old = store.old_ms > since_ms && dice.throw() < share * (0.9 + 0.014 * edge as f64);
            measured.curve_mut(CurveId::TVisibility).add(since_ms * 1_000_000, !old);
            measured.count_mut(CountId::StaleReads).add(old);
            measured.stale_by_location[edge].add(old);
            if old {
                measured.distribution_mut(DistributionId::StaleAge).add(since_ms * 1_000_000);
                measured.distribution_mut(DistributionId::VersionLag).add(1);
            }
            let latency = store.read_ms as f64 * (0.5 + 3.0 * dice.throw() * dice.throw() * dice.throw());
            measured.distribution_mut(DistributionId::ReadLatency).add((latency * 1e6) as u64);
            measured.count_mut(CountId::Available).add(true);
            measured.operations += 1;
        }
    }
    for n in 0..40 {
        measured.distribution_mut(DistributionId::WriteLatency).add(((60 + n) as f64 * 1e6) as u64);
        measured.operations += 1;
        measured.count_mut(CountId::Available).add(true);
    }
    for n in 0..store.refusals {
        let at = Time(12_500_000_000 + n * 1_000_000_000);
        measured.refuse(Refusal::KvTooManyWrites, at);
        let stretch = measured.series.number(at);
        measured.series.add(stretch, Served::WriteRefused);
        measured.series.refuse(stretch, Refusal::KvTooManyWrites);
        measured.count_mut(CountId::Available).add(false);
    }
    harm(plan, store, dice, &mut measured);
    measured
}

fn harm(plan: &Plan, store: &Behaviour, dice: &mut Dice, measured: &mut Measurements) {
    let stale = store.old_ms as f64 / 70_000.0;
    let nanos = |dice: &mut Dice| (dice.throw() * store.old_ms as f64 * 1e6) as u64;
    for _ in 0..300 {
        match &plan.workload {
            WorkloadConfig::Counter(_) => {
                measured.count_mut(CountId::LostUpdates).add(dice.throw() < 0.4 * stale);
                measured.count_mut(CountId::MonotonicReads).add(dice.throw() < 0.1 * stale);
            }
            WorkloadConfig::Session(_) => {
                measured.count_mut(CountId::RevokedAccepted).add(dice.throw() < 0.3 * stale);
                measured.count_mut(CountId::LoginNotSeen).add(dice.throw() < 0.02 * stale);
                measured.distribution_mut(DistributionId::Exposure).add(nanos(dice));
            }
            WorkloadConfig::RateLimit(_) => {
                let over = (dice.throw() * dice.throw() * 240.0 * stale) as u64;
                measured.distribution_mut(DistributionId::Overshoot).add(over);
                measured.count_mut(CountId::OvershootWindows).add(over > 0);
            }
            WorkloadConfig::FeatureFlag(_) => {
                measured.count_mut(CountId::StaleEvaluations).add(dice.throw() < 0.2 * stale);
                measured.distribution_mut(DistributionId::FirstEdge).add(nanos(dice) / 50);
                measured.distribution_mut(DistributionId::LastEdge).add(nanos(dice) / 2 + store.old_ms * 500_000);
                measured.distribution_mut(DistributionId::Exposure).add(nanos(dice));
            }
            _ => {}
        }
    }
}

pub fn outcome(plan: &Plan) -> Outcome {
    let scenario = scenario(plan);
    let stores: Vec<StoreOutcome> = plan.stores.iter().map(|store| store_outcome(plan, store)).collect();
    let anomaly = plan.stores.iter().position(|store| store.old_ms > 0).map(|store| anomaly(store, plan.edges));
    Outcome {
        scenario,
        scenario_digest: "5f0c".repeat(16),
        digest: "9a31".repeat(16),
        command: "consistency-sim run scenarios/flash-sale.toml --seed 1".to_string(),
        stores,
        anomaly,
        advice: None,
    }
}

fn store_outcome(plan: &Plan, store: &Behaviour) -> StoreOutcome {
    // The same dice for every store, as the simulator does.
    let mut dice = Dice(7);
    let replications: Vec<Measurements> = (0..plan.replications).map(|_| measure(plan, store, &mut dice)).collect();
    let mut pooled = Measurements::new(usize::from(plan.edges) + 1);
    replications.iter().for_each(|replication| pooled.merge(replication));
    let samples = |scalar| replications.iter().map(|replication| Sample::of(scalar, replication)).collect::<Vec<_>>();
    let estimates = Scalar::all().into_iter().filter_map(|scalar| estimate(scalar, &samples(scalar))).collect();
    let sampled = Scalar::all().into_iter().map(|scalar| (scalar, samples(scalar)));
    let sampled = sampled.filter(|(_, samples)| samples.iter().any(|sample| sample.of > 0.0)).collect();
    let limits = pooled.refusals.iter().map(|(refusal, (violations, first))| LimitOutcome {
        refusal: *refusal,
        violations: *violations,
        first: *first,
        text: refusal.facts().text(&consistency_sim::scenario::newest(), consistency_sim::limits::Plan::Paid),
    });
    let kept = if store.old_ms > 5000 { 1 } else { plan.replications };
    let promises = vec![PromiseOutcome { promise: 0, kept, of: plan.replications, met: kept == plan.replications }];
    StoreOutcome {
        name: store.name.to_string(),
        label: store.label.to_string(),
        kind: store.kind,
        limits: limits.collect(),
        estimates,
        promises,
        samples: sampled,
        pooled,
        cost: None,
        free_plan: Vec::new(),
    }
}

fn record(location: u16, operation: Operation, start_ms: u64, end_ms: u64, version: Version, stale: bool) -> Record {
    Record {
        client: Client(u32::from(location)),
        location: Location(location),
        key: Key(42),
        keys: 1,
        operation,
        start: Time(start_ms * 1_000_000),
        end: Some(Time(end_ms * 1_000_000)),
        seen: Seen { version, value: Some(1) },
        others: None,
        listing: None,
        metadata: None,
        refusal: None,
        cached: end_ms - start_ms < 10,
        stale,
    }
}

/// A pull cache's stretch: two writes from London, reads everywhere, copies that live for a minute.
pub fn anomaly(store: usize, edges: u16) -> Anomaly {
    let version = |ms: u64| Version { stamp: ms * 1_000_000 + 1, nonce: 0 };
    let writes = [4_000_u64, 49_000];
    let mut history = History::bounded(10_000);
    for at in writes {
        history.record(record(0, Operation::Put { value: 1, ttl: None }, at, at + 160, version(at), false));
        let seen = Seen { version: version(at), value: Some(1) };
        history.note(Time((at + 80) * 1_000_000), Note::Committed { key: Key(42), from: Location(0), seen });
        let note = Note::ShownLocally { key: Key(42), location: Location(0), seen };
        history.note(Time((at + 160) * 1_000_000), note);
    }
    let mut dice = Dice(3);
    for edge in 1..edges {
        let (mut at, mut filled) = (6_000 + (dice.throw() * 5_000.0) as u64, None);
        while at < 118_000 {
            let newest = writes.iter().rev().find(|write| **write + 80 < at + 60).copied().unwrap_or(0);
            let (from, cached) = filled.filter(|(when, _)| at < when + 60_000).unwrap_or((at + 120, newest));
            if filled.is_none_or(|(when, _)| when != from) {
                filled = Some((from, cached));
                let seen = Seen { version: version(cached), value: Some(1) };
                let (asked, taken) = (Time(at * 1_000_000), Time((at + 60) * 1_000_000));
                let note = Note::Filled { key: Key(42), location: Location(edge), seen, asked, taken };
                history.note(Time(from * 1_000_000), note);
            }
            let stale = writes.iter().any(|write| write + 160 < at && *write > cached);
            let end = if from > at { from } else { at + 3 };
            history.record(record(edge, Operation::Get { cache_ttl: None }, at, end, version(cached), stale));
            at += 1_000 + (dice.throw() * 11_000.0) as u64;
        }
    }
    history.notes.sort_by_key(|Noted { at, .. }| *at);
    history.records.sort_by_key(|record| record.end);
    Anomaly { store, key: Key(42), from: Time(0), to: Time(120_000_000_000), history }
}
