//! The causes of stale reads, held against what the run measured: every stale read has a chain, and its causes add up.

use consistency_sim::metrics::CountId;
use consistency_sim::model::{Span, Time};
use consistency_sim::random::Law;
use consistency_sim::report::chain;
use consistency_sim::run::evidence::{self, Chain, Event, NoChain, ReadId};
use consistency_sim::run::remedy::{self, Remedy};
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::config::*;
use consistency_sim::stores::{CacheAsideConfig, KvPullConfig, StoreConfig, StoreKind};

use consistency_sim::workloads::{GetFrom, PutThenGetConfig, WorkloadConfig};

use crate::support;

fn cache_aside() -> StoreConfig {
    let cache = KvPullConfig { common: support::instant_kv(), cache_ttl: Span::from_secs(60), negative_caching: true };
    let database = support::d1_config(consistency_sim::model::Location(3));
    let kind = StoreKind::CacheAside(CacheAsideConfig { cache, database, expiration_ttl: Span::from_secs(3600) });
    StoreConfig { name: "aside".into(), label: "KV over D1".into(), kind }
}

fn replicas(bookmark: Bookmark) -> StoreConfig {
    let mut config = support::d1_config(consistency_sim::model::Location(3));
    config.replication = Some(ReplicationConfig {
        replicas: [0, 1, 2].map(consistency_sim::model::Location).to_vec(),
        lag: Law::Exponential { mean: Span::from_secs(5) },
        session: SessionStart::Unconstrained,
        bookmark,
    });
    StoreConfig { name: "replicas".into(), label: "D1 with replicas".into(), kind: StoreKind::D1(config) }
}

fn scenario() -> Scenario {
    let delay = Law::Exponential { mean: Span::from_secs(20) };
    let stores = vec![
        support::kv_pull(Span::from_secs(60)),
        support::kv_push(delay, Span::from_secs(60)),
        cache_aside(),
        support::d1(consistency_sim::model::Location(3)),
        replicas(Bookmark::Carried),
    ];
    let network = support::network(3, Span::from_millis(80));
    let mut scenario = support::scenario(network, support::mix(4, 0.2, 0.02), stores);
    scenario.duration = Span::from_secs(1800);
    scenario.warmup = Span::from_secs(300);
    scenario.replications = 1;
    scenario
}

fn time_of(chain: &Chain, wanted: impl Fn(&Event) -> bool) -> Option<Time> {
    chain.events.iter().find(|(_, event)| wanted(event)).map(|(at, _)| *at)
}

/// What must hold of every chain, whatever the store.
fn audit(scenario: &Scenario, chain: &Chain) {
    let text = chain::chain(scenario, chain, &[], &[]);
    let told = || format!("{text}\n{chain:?}");
    assert!(chain.events.is_sorted_by_key(|(at, _)| *at), "{}", told());
    assert!(
        chain.returned < chain.missed && chain.missed_complete <= chain.start && chain.missed_count >= 1,
        "{}",
        told()
    );
    let complete = |event: &Event| matches!(event, Event::Complete { version, .. } if *version == chain.missed);
    assert_eq!(time_of(chain, complete), Some(chain.missed_complete), "{}", told());
    let committed = |event: &Event| matches!(event, Event::Committed { version } if *version == chain.missed);
    let committed = time_of(chain, committed).expect("a write is committed before it is acknowledged");
    assert!(committed <= chain.missed_complete, "{}", told());
    assert_eq!(time_of(chain, |event| matches!(event, Event::Read { .. })), Some(chain.start), "{}", told());
    if let Some((age, ttl)) = chain.copy {
        // The copy was valid, and the central store gave it out before it took the write that was missed.
        assert!(age < ttl, "{}", told());
        for (at, event) in &chain.events {
            match event {
                Event::Filled { taken, version } => {
                    assert!(*taken <= committed && *taken <= *at && *version == chain.returned, "{}", told());
                    assert_eq!(*at + age, chain.start);
                }
                Event::Expires => assert_eq!(*at, chain.start - age + ttl),
                _ => {}
            }
        }
    }
    assert!(text.contains("<- stale") && text.contains("would have prevented"), "{text}");
}

#[test]
fn every_stale_read_that_was_counted_has_its_chain() {
    let scenario = scenario();
    let outcome = support::outcome(&scenario);
    let listing = evidence::stale_reads(&scenario, usize::MAX);
    assert!(!listing.further);
    for (place, store) in outcome.stores.iter().enumerate() {
        let reads: Vec<_> = listing.reads.iter().filter(|read| read.id.store == store.name).collect();
        assert_eq!(reads.len() as u64, store.pooled.count(CountId::StaleReads).hits, "{}", store.name);
        let oldest = reads.iter().map(|read| read.age.seconds()).fold(0.0, f64::max);
        let max = store.estimate("stale_age.max").map_or(0.0, |estimate| estimate.value);
        assert!((oldest - max).abs() < 1e-6, "{}: {oldest} and {max}", store.name);
        assert_eq!(reads.is_empty(), store.name == "d1", "{}: a control", store.name);
        // Every seventh is enough, and cheap.
        for read in reads.iter().step_by(7) {
            let chain = evidence::chain(&scenario, &read.id).expect("a stale read");
            assert_eq!((chain.store, chain.start, chain.location), (place, read.start, read.location));
            assert_eq!(chain.start.since(chain.missed_complete), read.age);
            audit(&scenario, &chain);
            assert_eq!(chain.copy.is_some(), store.name == "kv", "only copies that pull have an age");
        }
    }
}

/// Clients that put and then get: they have sessions.
fn puts_and_gets() -> Scenario {
    let mut scenario = scenario();
    scenario.workload = WorkloadConfig::PutThenGet(PutThenGetConfig {
        keys: 4,
        pairs: 0.02,
        gap: Span::from_millis(300),
        get_from: GetFrom::Same,
        background_reads: 0.05,
        preloaded: true,
    });
    scenario.stores = vec![replicas(Bookmark::Dropped)];
    scenario
}

#[test]
fn what_is_said_to_prevent_a_read_prevents_it() {
    let mut seen: Vec<Remedy> = Vec::new();
    for scenario in [scenario(), puts_and_gets()] {
        let listing = evidence::stale_reads(&scenario, usize::MAX);
        for store in &scenario.stores {
            let reads: Vec<_> = listing.reads.iter().filter(|read| read.id.store == store.name).collect();
            let mut prevented = 0;
            let some = reads.iter().step_by((reads.len() / 25).max(1));
            let tried = some.clone().count();
            for read in some {
                let chain = evidence::chain(&scenario, &read.id).expect("a stale read");
                let remedies = remedy::remedies(&scenario, &chain);
                for remedy in &remedies {
                    // Not by the code that tried it: the changed scenario as a whole, whose stale reads are listed.
                    let changed = remedy::with(&scenario, chain.store, *remedy);
                    assert_ne!(changed.stores, scenario.stores, "{remedy:?} is a change");
                    let again = evidence::stale_reads(&changed, usize::MAX);
                    let stays = again.reads.iter().any(|other| {
                        let same = (&other.id.store, other.location, other.start);
                        same == (&read.id.store, read.location, read.start)
                    });
                    assert!(!stays && !again.further, "{}: {remedy:?}", read.id);
                }
                prevented += usize::from(!remedies.is_empty());
                seen.extend(remedies);
            }
            // A copy of Workers KV's that is younger than the least cacheTtl has no remedy of its own.
            assert!(prevented * 3 >= tried, "{}: {prevented} of {tried}", store.name);
        }
    }
    let kinds: [fn(&Remedy) -> bool; 6] = [
        |one| matches!(one, Remedy::CacheTtl(_)),
        |one| matches!(one, Remedy::PushWithin(_)),
        |one| matches!(one, Remedy::TheDatabase),
        |one| matches!(one, Remedy::CarryBookmark),
        |one| matches!(one, Remedy::FirstPrimary),
        |one| matches!(one, Remedy::PrimaryOnly),
    ];
    for (n, kind) in kinds.iter().enumerate() {
        assert!(seen.iter().any(kind), "remedy {n} was found for some read: {seen:?}");
    }
}

#[test]
fn names_of_reads_are_read_as_they_are_written() {
    for text in ["kv:0:1", "do-read-then-write:12:99"] {
        assert_eq!(text.parse::<ReadId>().map(|id| id.to_string()).as_deref(), Ok(text));
    }
    for text in ["", "812", "kv:1", "kv:x:1", "kv:1:x", "kv:-1:1"] {
        assert!(text.parse::<ReadId>().is_err(), "{text}");
    }
}

#[test]
fn what_is_not_there_is_said() {
    let scenario = scenario();
    let id = |store: &str, group, number| ReadId { store: store.into(), group, number };
    let names = ["kv", "push", "aside", "d1", "replicas"].map(String::from).to_vec();
    assert_eq!(evidence::chain(&scenario, &id("kx", 0, 1)), Err(NoChain::UnknownStore(names)));
    assert_eq!(evidence::chain(&scenario, &id("kv", 99, 1)), Err(NoChain::UnknownGroup(4)));
    assert!(
        matches!(evidence::chain(&scenario, &id("kv", 0, 1 << 40)), Err(NoChain::UnknownRead(reads)) if reads > 10)
    );
    assert!(matches!(evidence::chain(&scenario, &id("d1", 0, 1)), Err(NoChain::Fresh { .. })));
}
