//! The anomaly that is drawn: what is found without simulating all is what all of it shows.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::Path;

use consistency_sim::history::{History, Record};
use consistency_sim::model::{Key, Span, Time};
use consistency_sim::random::{Law, Stream};
use consistency_sim::run::anomaly::{GROUPS_MAX, OPERATIONS_MAX, find};
use consistency_sim::run::anomaly_of_keys;
use consistency_sim::run::missed::in_history;
use consistency_sim::run::{Anomaly, Contestant};
use consistency_sim::scenario::{Origin, Scenario, load_with, parse};
use consistency_sim::workloads::*;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use crate::by_key::{latency, network_of, stores};
use crate::house::{files, project};
use crate::support::*;

/// The same by the whole histories of the groups, one after another.
fn in_whole(store: usize, contestant: &Contestant, edges: usize) -> Option<Anomaly> {
    contestant
        .all_partitions()
        .take(GROUPS_MAX)
        .find_map(|partition| in_history(store, &contestant.record(0, partition, OPERATIONS_MAX)?, edges))
}

/// How many of the scenario's stores show an anomaly.
fn compare(scenario: &Scenario) -> usize {
    let edges = usize::from(scenario.network.edges);
    let compare = |(store, contestant): (usize, &Contestant)| {
        let found = find(store, contestant, edges);
        assert_eq!(found, in_whole(store, contestant, edges), "{}, store {store}", scenario.name);
        usize::from(found.is_some())
    };
    Contestant::all(scenario).iter().enumerate().map(compare).sum()
}

#[test]
fn shipped_scenarios_show_what_all_their_operations_show() {
    let shipped = |file: &Path| file.extension().is_some_and(|extension| extension == "toml");
    let found: usize = files(&project().join("scenarios"))
        .into_iter()
        .filter(|file| shipped(file))
        .map(|file| compare(&load_with(&file, &[]).unwrap_or_else(|wrong| panic!("{}: {wrong:#?}", file.display()))))
        .sum();
    assert!(found > 20, "{found} anomalies");
}

/// Keys from a few operations a minute to hundreds a second, so that histories end early, late, and at their bound.
#[test]
fn busy_and_quiet_keys_show_what_all_their_operations_show() {
    let mut found = 0;
    // The first look at a few operations a second falls when the picture of a first write is just not complete.
    let few = [(6, "1 /min"), (10, "1 /min"), (16, "1 /min"), (25, "1 /min")].map(|rates| (rates, 8));
    let many = [(2, "1 /min"), (30, "1 /s"), (300, "3 /s"), (900, "1 /min"), (900, "40 /s")].map(|rates| (rates, 3));
    for ((reads, writes), seeds) in few.into_iter().chain(many) {
        for seed in 1..=seeds {
            let text = format!(
                r#"
                name = "anomaly"
                question = "Which read is drawn?"
                duration = "2000 s"
                seed = {seed}
                replications = 1
                edges = 12

                [workload]
                kind = "mix"
                keys = 3
                reads = "{reads} /s"
                writes = "{writes}"

                [[store]]
                kind = "kv"
                name = "pull"
                model = "pull"

                [[store]]
                kind = "kv"
                name = "long"
                model = "pull"
                cache_ttl = "120 s"

                [[store]]
                kind = "kv"
                name = "push"
                model = "push"

                [[store]]
                kind = "d1"
                read_replication = "auto"
                "#
            );
            found += compare(&parse(&text, &Origin::default()).unwrap_or_else(|wrong| panic!("{wrong:#?}")));
        }
    }
    assert!(found >= 30, "{found} anomalies");
}

/// A write that many reads missed, then none for longer than the picture of those goes on, and then, from a copy at a place
/// where nobody read meanwhile, some again within the 100 s in which its picture may still grow.
#[test]
fn a_write_that_is_missed_again_after_a_pause_is_drawn_with_both() {
    for again in [25, 40, 60, 90] {
        let mut text = String::from("t,k,op,at\n0,k,get,P1\n1,k,get,P2\n5,k,put,P0\n");
        for tenth in 80..100 {
            writeln!(text, "{}.{},k,get,P1", tenth / 10, tenth % 10).expect("memory takes all");
        }
        // Another key's reads, a hundred in a second, so that histories are looked at in the pause.
        for hundredth in 1_000..20_000 {
            let (seconds, hundredth) = (hundredth / 100, hundredth % 100);
            writeln!(text, "{seconds}.{hundredth:02},other,get,P1").expect("memory takes all");
            if seconds == again {
                writeln!(text, "{seconds}.{hundredth:02},k,get,P2").expect("memory takes all");
            }
        }
        let file = TraceFile::Bytes(text.into_bytes().into());
        let source = TraceSource { location: Some("at".into()), ..trace_source(file, 1_000_000_000) };
        let default_operation = TraceOperation::Get;
        let trace = TraceConfig { source, default_operation, write_share: 0.0, readers: None, values: None };
        let stores = vec![kv_pull(Span::from_secs(100)), kv_pull(Span::from_secs(1_000))];
        let mut scenario = scenario(network(3, Span::from_millis(80)), WorkloadConfig::Trace(trace), stores);
        scenario.duration = Span::from_secs(200);
        assert_eq!(compare(&scenario), 2);
        let contestant = &Contestant::all(&scenario)[1];
        let drawn = find(1, contestant, 3).expect("an anomaly");
        assert!((Span::from_secs(again).0..Span::from_secs(again + 30).0).contains(&drawn.to.0), "{:?}", drawn.to);
    }
}

/// A trace of some hundred rows milliseconds or seconds apart, half of them at one time, of which most are of few keys; some name
/// no place and no operation. And when each row is, the first at the start.
fn any_trace(stream: &mut Stream, seed: u64) -> (WorkloadConfig, Vec<Time>) {
    let (rows, keys, step) = (100 + stream.below(900), 1 + stream.below(30), [50, 1 + stream.below(200), 1_000]);
    let (step, writes) = (step[stream.below(3) as usize], 2 + stream.below(30));
    let (mut text, mut times, mut at) = (String::from("t,k,op,at,ttl,who,bytes\n"), vec![Time::START], 0);
    for row in 0..rows {
        if row > 0 {
            at += step * stream.below(4).saturating_sub(1);
            times.push(Time(at * 1_000_000));
        }
        let few = 1 + stream.below(keys);
        let key = stream.below(few);
        let operation =
            if stream.below(writes) > 0 { "get" } else { ["put", "put", "delete", ""][stream.below(4) as usize] };
        let place = ["P0", "P1", ""][stream.below(3) as usize];
        let (ttl, who) = (["", "1", "20"][stream.below(3) as usize], ["a", "b", ""][stream.below(3) as usize]);
        let bytes = ["", "3000000"][stream.below(2) as usize];
        writeln!(text, "{at},k{key},{operation},{place},{ttl},{who},{bytes}").expect("memory takes all");
    }
    let file = TraceFile::Bytes(text.into_bytes().into());
    let placement = [Placement::PerRow, Placement::PerKey][seed as usize % 2];
    let mut source = TraceSource { location: Some("at".into()), placement, ..trace_source(file, 1_000_000) };
    // Every second trace has clients, and every second one of these and of the others TTLs.
    source.client = (seed / 2).is_multiple_of(2).then(|| "who".into());
    source.ttl = (seed / 4).is_multiple_of(2).then(|| "ttl".into());
    // And every third one has sizes, which clients make something of; some are drawn, if it is sure what puts a value.
    let sized = seed.is_multiple_of(3);
    source.size = sized.then(|| "bytes".into());
    let parse = ParseConfig { text: Span::from_millis(200), ..plain_values().parse };
    let bytes = Law::Uniform { low: Span(0), high: Span(20 << 20) };
    let values = sized.then(|| ValuesConfig { bytes, parse, ..plain_values() });
    let (default_operation, write_share) = (TraceOperation::Get, if sized { 0.0 } else { 0.5 });
    let trace = TraceConfig { source, default_operation, write_share, readers: None, values };
    (WorkloadConfig::Trace(trace), times)
}

/// The anomaly of all keys that are written before some time, in a whole history, as it would be if that ended at some other.
fn of_keys_written_before(then: Time, end: Time, store: usize, history: &History) -> Option<Anomaly> {
    let early = |record: &&Record| !record.operation.is_read() && record.start < then;
    let keys: BTreeSet<Key> = history.records.iter().filter(early).map(|record| record.key).collect();
    let mut part = history.clone();
    part.records.retain(|record| keys.contains(&record.key) && record.end.is_some_and(|at| at < end));
    part.notes.retain(|noted| noted.at < end);
    in_history(store, &part, 3)
}

/// Few keys, each by itself, show what all those show that the first rows write, two minutes after the last of these or when
/// four times as many rows have come; fewer operations show something true or leave the question.
#[test]
fn the_keys_that_first_rows_write_show_the_best_of_them_all() {
    let mut runner = TestRunner::deterministic();
    let (mut found, mut cut, mut nothing, mut few, mut left) = (0, 0, 0, 0, 0);
    for seed in 0..400 {
        let mut stream = Stream::from_entity(seed);
        let stores = stores().new_tree(&mut runner).expect("stores").current();
        let jitter = latency().new_tree(&mut runner).expect("a law").current();
        let network = network_of(3, &[0, 1 + stream.below(3), 2], jitter);
        let (trace, mut times) = any_trace(&mut stream, seed);
        let mut scenario = scenario(network, trace, stores);
        (scenario.duration, scenario.seed) = (Span::from_secs(1 + stream.below(300)), seed);
        times.retain(|at| at.0 < scenario.duration.0);
        let at = |row: usize| times.get(row).copied().unwrap_or(Time::NEVER);
        for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
            let whole = contestant.all_partitions().find_map(|all| contestant.record(0, all, OPERATIONS_MAX));
            let whole = whole.expect("a good trace");
            for mut first in [20, 50, 100, 300, 700, OPERATIONS_MAX] {
                // All rows of one time are first, or none.
                while first > 0 && first < times.len() && at(first) == at(first - 1) {
                    first += 1;
                }
                let mut end = at(4 * first);
                if first < times.len() {
                    end = end.min(at(first) + Span::from_secs(125));
                }
                let all = of_keys_written_before(at(first), end, store, &whole);
                let Some(of_keys) = anomaly_of_keys::find(store, contestant, 3, first, OPERATIONS_MAX) else {
                    continue;
                };
                assert!(of_keys == all, "seed {seed}, store {store}, first {first}: {of_keys:?}, not {all:?}");
                found += usize::from(all.is_some());
                cut += usize::from(all.is_some() && end < Time::NEVER);
                nothing += usize::from(all.is_none());
                for most in [10, 60] {
                    match anomaly_of_keys::find(store, contestant, 3, first, most) {
                        Some(Some(anomaly)) => {
                            assert!(anomaly.history.records.iter().any(|record| record.stale), "seed {seed}");
                            few += usize::from(anomaly.history.records.len() < most);
                        }
                        Some(None) => assert!(all.is_none(), "seed {seed}, store {store}, first {first}, most {most}"),
                        None => left += 1,
                    }
                }
            }
        }
    }
    let counts = [found, cut, nothing, few, left];
    assert!(counts.iter().all(|count| *count > 100), "{counts:?}: each happens often");
}
