//! Session guarantees: what a client is held to have seen is what had arrived there when it asked, in every workload.

use std::collections::BTreeMap;

use consistency_sim::history::Record;
use consistency_sim::metrics::{Count, CountId, Measurements};
use consistency_sim::model::{Client, Key, Span, Time, Version};
use consistency_sim::random::{Law, Stream};
use consistency_sim::run::Contestant;
use consistency_sim::scenario::Scenario;
use consistency_sim::stores::{Bookmark, StoreKind};
use consistency_sim::workloads::*;

use crate::calls::{D1, GROUND, KV, measured, scenario as of_calls};
use crate::controls::{replicas, workloads};
use crate::support::{kv_pull, kv_push, network, scenario, trace_source};

const GUARANTEES: [CountId; 4] =
    [CountId::ReadYourWrites, CountId::MonotonicReads, CountId::MonotonicWrites, CountId::WritesFollowReads];

fn counted(measured: &Measurements) -> [Count; 4] {
    GUARANTEES.map(|id| measured.count(id))
}

fn count(hits: u64, of: u64) -> Count {
    Count { hits, of }
}

/// Of one client and key: each record, when its answer was there, and the version that it told of.
type Told<'a> = Vec<(&'a Record, Time, Version)>;

/// The guarantees as their definitions say, from a history: an operation is held to what its client had been told of the
/// key before it began.
fn by_definition(records: &[Record]) -> [Count; 4] {
    let mut of_client: BTreeMap<(Client, Key), Told<'_>> = BTreeMap::new();
    for record in records.iter().filter(|record| record.refusal.is_none() && record.listing.is_none()) {
        let Some(end) = record.end else { continue };
        let seen = std::iter::once(&record.seen).chain(record.others.iter().flatten());
        for (key, seen) in (record.key.0..).zip(seen) {
            of_client.entry((record.client, Key(key))).or_default().push((record, end, seen.version));
        }
    }
    let mut counts = [Count::default(); 4];
    for ((_, key), told) in &of_client {
        // The other keys of a bulk read are known from then on, and not judged.
        for (record, _, version) in told.iter().filter(|(record, ..)| record.key == *key) {
            let (is_read, start) = (record.operation.is_read(), record.start);
            let known = |reads: bool| {
                let earlier = told.iter().filter(|(earlier, end, _)| {
                    earlier.operation.is_read() == reads && *end <= start && !std::ptr::eq(*earlier, *record)
                });
                earlier.map(|(_, _, version)| *version).max().filter(|known| *known > Version::INITIAL)
            };
            for (n, known) in [known(false), known(true)].into_iter().enumerate() {
                if let Some(known) = known {
                    counts[if is_read { 0 } else { 2 } + n].add(*version < known);
                }
            }
        }
    }
    counts
}

/// What is counted on each store is what the definitions say; how often each guarantee could have been broken, all
/// stores together, and how often it was.
#[track_caller]
fn same(scenario: &Scenario) -> [Count; 4] {
    let mut all = [Count::default(); 4];
    for (store, contestant) in Contestant::all(scenario).iter().enumerate() {
        let mut told = [Count::default(); 4];
        for (_, history) in contestant.record_all(0, 1_000_000).expect("short") {
            told.iter_mut().zip(by_definition(&history.records)).for_each(|(sum, count)| sum.merge(count));
        }
        let counted = counted(&contestant.simulate_whole(0).expect("a good trace"));
        assert_eq!(counted, told, "{} on {}", scenario.workload.word(), scenario.stores[store].name);
        all.iter_mut().zip(counted).for_each(|(sum, count)| sum.merge(count));
    }
    all
}

/// A client that moves asks at b while the answer that it was promised at a is on its way.
#[test]
fn a_call_is_not_held_to_an_answer_that_has_not_arrived() {
    // At b the old version is cached and at a the new one; caches answer within 50 ms.
    let calls = |second: &str| {
        let second = format!("{second} s, b, get, key = 'x'; client = 7");
        let lines = ["0 s, a, put, key = 'x'", "1 s, b, get, key = 'x'", "5 s, b, put, key = 'x'; client = 8"];
        let cached = ["9 s, a, get, key = 'x'; client = 9", "10 s, a, get, key = 'x'; client = 7", &second];
        let lines = [&lines[..], &cached].concat();
        // Nothing is visible where it was written before it is visible everywhere.
        let slow = KV.replace("hit_latency = '0 s'", "hit_latency = '50 ms'");
        let measured = measured(&of_calls(GROUND, &format!("{slow}\nlocal_visibility = 0.0"), &lines));
        assert_eq!(measured.count(CountId::StaleReads).hits, 1, "{second}");
        measured.count(CountId::MonotonicReads)
    };
    assert_eq!(calls("10.025"), count(0, 0), "the answer is on its way");
    assert_eq!(calls("10.075"), count(1, 1), "it has arrived");
}

/// Random calls of a few clients who do not wait, on few keys; no answer arrives just when the same client asks again.
#[test]
fn calls_are_held_to_what_had_arrived() {
    let mut all = [Count::default(); 4];
    for seed in 0..40 {
        let mut stream = Stream::from_entity(seed);
        let lines: Vec<String> = (0..120)
            .map(|n| {
                let at = stream.below(60_000) * 1_000 + n;
                let (edge, key) = (["a", "b"][stream.below(2) as usize], stream.below(2));
                let operation = match stream.below(8) {
                    0 => format!("put, key = 'k{key}'"),
                    1 => format!("delete, key = 'k{key}'"),
                    2 => "get_bulk, keys = ['k0', 'k1']".to_string(),
                    _ => format!("get, key = 'k{key}'"),
                };
                format!("{at} us, {edge}, {operation}; client = {}", stream.below(3))
            })
            .collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let kv = KV.replace("hit_latency = '0 s'", "hit_latency = '300 ms'");
        for store in [format!("{kv}\nwrite_limit = 'lenient'\nlocal_visibility = 0.0\ncache_ttl = '30 s'"), D1.into()] {
            let counts = same(&of_calls(GROUND, &store, &lines));
            all.iter_mut().zip(counts).for_each(|(sum, count)| sum.merge(count));
        }
    }
    assert!(all[..2].iter().all(|count| count.hits > 20), "{all:?}");
    assert!(all.iter().all(|count| count.of > 100), "{all:?}");
}

/// Clients of a trace who do not wait, either.
#[test]
fn traces_are_held_to_what_had_arrived() {
    let mut stream = Stream::from_entity(3);
    let mut rows = String::from("t,k,op,who\n");
    for n in 0..4_000 {
        // In microseconds; each row has some of its own, so that none begins just when an answer arrives.
        let (key, who) = (stream.below(5), stream.below(6));
        let operation = ["get", "get", "get", "get", "put", "delete", "incr"][stream.below(7) as usize];
        rows.push_str(&format!("{},k{key},{operation},c{who}\n", n * 40_000 + stream.below(40) * 1_000 + n % 997));
    }
    let file = TraceFile::Bytes(rows.into_bytes().into());
    let source = TraceSource { client: Some("who".into()), ..trace_source(file, 1_000) };
    let config =
        TraceConfig { source, default_operation: TraceOperation::Get, write_share: 0.0, readers: None, values: None };
    let mut slow = kv_pull(Span::from_secs(60));
    if let StoreKind::KvPull(config) = &mut slow.kind {
        config.common.hit_latency = Law::Constant(Span::from_millis(500));
    }
    let stores = vec![slow, replicas(Bookmark::Dropped)];
    let mut scenario = scenario(network(4, Span::from_millis(100)), WorkloadConfig::Trace(config), stores);
    (scenario.duration, scenario.warmup) = (Span::from_secs(200), Span::ZERO);
    let all = same(&scenario);
    assert!(all[..2].iter().all(|count| count.hits > 20 && count.of > 100), "{all:?}");
}

/// Whichever workload has sessions.
#[test]
fn every_workload_is_held_to_what_had_arrived() {
    let mut compared = 0;
    for workload in workloads() {
        let delay = Law::Exponential { mean: Span::from_secs(5) };
        let stores = vec![
            kv_pull(Span::from_secs(60)),
            kv_push(delay, Span::from_secs(60)),
            replicas(Bookmark::Carried),
            replicas(Bookmark::Dropped),
        ];
        let word = workload.word();
        let mut scenario = scenario(network(4, Span::from_millis(80)), workload, stores);
        (scenario.duration, scenario.warmup) = (Span::from_secs(600), Span::ZERO);
        if matches!(word, "counter" | "session" | "put_then_get") {
            let all = same(&scenario);
            assert!(all[0].of > 100, "{word}: {all:?}");
            compared += 1;
        }
    }
    assert_eq!(compared, 3);
}
