//! The table at the end: ours against a peer on the same work, in the same minute. Ratios decide, not absolute figures.

use std::hash::BuildHasher;
use std::hint::black_box;
use std::str::FromStr;
use std::time::Instant;

use consistency_sim::metrics::Measurements;
use consistency_sim::model::Span;
use consistency_sim::random::Stream;
use consistency_sim::run::{Contestant, Options, Unit, Unwatched, run};
use consistency_sim::scenario::Scenario;
use consistency_sim::workloads::{TraceSource, trace_file};
use rustc_hash::FxBuildHasher;
use tempfile::NamedTempFile;

use crate::{fixtures, hold, naive, nexosim_hold};

/// Seconds that each of some works takes, turn by turn: they take turns, so that whatever else the machine does disturbs all
/// of them alike.
fn seconds<const N: usize>(turns: usize, mut works: [&mut dyn FnMut(); N]) -> [Vec<f64>; N] {
    let mut seconds = [const { Vec::new() }; N];
    for _ in 0..turns {
        for (work, seconds) in works.iter_mut().zip(&mut seconds) {
            let start = Instant::now();
            work();
            seconds.push(start.elapsed().as_secs_f64());
        }
    }
    seconds
}

/// The same in another order each turn: whoever comes after works that need little memory pays for what the machine has taken
/// back meanwhile, a tenth of a second and more for 30 MB on a virtual one.
fn in_any_order(turns: usize, works: &mut [Box<dyn FnMut() + '_>]) -> Vec<Vec<f64>> {
    let mut stream = Stream::from_entity(1);
    let mut order: Vec<usize> = (0..works.len()).collect();
    let mut times = vec![Vec::new(); works.len()];
    for _ in 0..turns {
        for place in 1..order.len() {
            order.swap(place, stream.below(place as u64 + 1) as usize);
        }
        for &which in &order {
            let [time] = seconds(1, [&mut works[which]]);
            times[which].extend(time);
        }
    }
    times
}

/// The number in the middle; of an even count what is midway between the two.
fn median(numbers: &[f64]) -> f64 {
    let mut sorted = numbers.to_vec();
    sorted.sort_by(f64::total_cmp);
    0.5 * (sorted[(sorted.len() - 1) / 2] + sorted[sorted.len() / 2])
}

/// How many times as long the peer takes: the median of what each turn says.
fn ratio(ours: &[f64], peer: &[f64]) -> f64 {
    let each: Vec<f64> = ours.iter().zip(peer).map(|(ours, peer)| peer / ours).collect();
    median(&each)
}

fn simulate(scenario: &Scenario, threads: usize) -> Measurements {
    let options = Options { threads, command: String::new() };
    let outcome = run(scenario, &options, &Unwatched).expect("the trace is good");
    outcome.stores.into_iter().next().expect("one store").pooled
}

fn row(what: &str, ours: &str, peer: &str, ratio: Option<f64>, target: &str) {
    let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
    println!("{what:<34} {ours:>14} {peer:>22} {ratio:>9} {target:>10}");
}

pub fn print() {
    println!();
    println!("{:<34} {:>14} {:>22} {:>9} {:>10}", "", "ours", "peer", "ratio", "target");
    for pending in hold::PENDING {
        let increments = hold::increments();
        let (mut queue, mut heap) = (hold::ours(pending, &increments), hold::standard(pending, &increments));
        let (mut simulation, seen) = nexosim_hold::begin(pending, &increments);
        nexosim_hold::hold(&mut simulation, &seen, pending as u64);
        let mut events = 0;
        let [ours, peer, general] = seconds(
            5,
            [
                &mut || hold::hold_ours(&mut queue, hold::EVENTS, &increments),
                &mut || hold::hold_standard(&mut heap, hold::EVENTS, &increments),
                &mut || events = nexosim_hold::hold(&mut simulation, &seen, hold::EVENTS as u64 / 10),
            ],
        );
        let nanos = |seconds: &[f64]| format!("{:.0} ns", median(seconds) * 1e9 / hold::EVENTS as f64);
        let target = if pending == 1_000_000 { "60 ns" } else { "" };
        let what = format!("event queue, {pending} pending");
        row(&what, &nanos(&ours), &format!("std heap {}", nanos(&peer)), Some(ratio(&ours, &peer)), target);
        // It does fewer events.
        let share = events as f64 / hold::EVENTS as f64;
        let general: Vec<f64> = general.iter().map(|seconds| seconds / share).collect();
        row(&what, &nanos(&ours), &format!("nexosim {}", nanos(&general)), Some(ratio(&ours, &general)), "");
    }
    for store in ["kv pull", "kv push"] {
        let scenario = fixtures::open_loop(fixtures::store(store));
        against_naive(&format!("open loop, {store}"), &scenario, "65", true);
    }
    for store in ["kv pull", "kv push"] {
        let scenario = fixtures::counters(fixtures::store(store));
        let mut operations = 0;
        let [time] = seconds(3, [&mut || operations = simulate(&scenario, 1).operations]);
        let rate = operations as f64 / median(&time) / 1e6;
        row(&format!("closed loop, {store}"), &format!("{rate:.2} M/s"), "", None, "2.5 M/s");
    }
    for store in ["d1", "durable object"] {
        let scenario = fixtures::counters(fixtures::store(store));
        against_naive(&format!("closed loop, {store}"), &scenario, "2.5 M/s", false);
    }
    replay();
    let scenario = Scenario { replications: 4, ..fixtures::counters(fixtures::store("d1")) };
    let [one, two] = seconds(5, [&mut || drop(simulate(&scenario, 1)), &mut || drop(simulate(&scenario, 2))]);
    let what = "closed loop, d1, 4 replications";
    let (ours, peer) = (format!("2 threads {:.2} s", median(&two)), format!("1 thread {:.2} s", median(&one)));
    row(what, &ours, &peer, Some(ratio(&two, &one)), "1.8");
}

/// A trace that is replayed on a store, by some of its columns.
struct Replay {
    what: String,
    source: TraceSource,
    store: &'static str,
}

/// Reading the fields of a trace, and its whole replay, against the `csv` crate, which only divides the same file into
/// fields; against the same with all numbers parsed by the standard library and the key hashed; and against the crate when it
/// makes values of all fields itself. The longer trace is more than is kept in memory.
fn replay() {
    let on = |what: &str, source: &TraceSource, store| Replay {
        what: format!("{what} {store}"),
        source: source.clone(),
        store,
    };
    let file = fixtures::trace_file(1_000_000);
    let source = fixtures::trace_source(&file);
    let stores = ["kv pull", "kv push", "d1", "durable object"];
    let rows = Peer {
        numbers: |record| {
            is_number::<f64>(record, 0) && is_named(record, 1) && (2..4).all(|n| is_number::<u32>(record, n))
        },
        values: |record| record.deserialize::<(f64, &str, u32, u32, &str, Option<u32>)>(None).is_ok(),
    };
    replays(1_000_000, 15, &file, &stores.map(|store| on("trace, replay on", &source, store)), rows);
    let file = fixtures::cache_trace_file(1_000_000);
    let both = ["kv pull", "kv push"];
    let columns = ["seven columns, on", "with clients and TTLs,", "and with sizes,"];
    let sources = fixtures::cache_trace_sources(&file);
    let ways: Vec<Replay> =
        columns.iter().zip(&sources).flat_map(|(what, source)| both.map(|store| on(what, source, store))).collect();
    let more = Peer {
        numbers: |record| [0, 2, 3, 4, 6].iter().all(|n| is_number::<u64>(record, *n)) && is_named(record, 1),
        values: |record| record.deserialize::<(u64, &str, u32, u32, u64, &str, u32)>(None).is_ok(),
    };
    replays(1_000_000, 15, &file, &ways, more);
    let file = fixtures::trace_file(5_000_000);
    let source = fixtures::trace_source(&file);
    replays(5_000_000, 5, &file, &both.map(|store| on("trace of 5 M rows, on", &source, store)), rows);
}

/// What is done with each record that the `csv` crate divides; false where it is not as it was written.
#[derive(Clone, Copy)]
struct Peer {
    numbers: fn(&csv::ByteRecord) -> bool,
    values: fn(&csv::ByteRecord) -> bool,
}

/// A field is a number, which is parsed.
fn is_number<N: FromStr>(record: &csv::ByteRecord, field: usize) -> bool {
    let text = record.get(field).and_then(|field| std::str::from_utf8(field).ok());
    text.and_then(|text| black_box(text.parse::<N>().ok())).is_some()
}

/// A field is there, and is hashed.
fn is_named(record: &csv::ByteRecord, field: usize) -> bool {
    record.get(field).is_some_and(|name| black_box(FxBuildHasher.hash_one(name)) != 0)
}

/// So many rows, replayed in several ways; what the `csv` crate does alone, in three ways, and what reading does.
fn replays(rows: u32, turns: usize, file: &NamedTempFile, ways: &[Replay], peer: Peer) {
    let source = &ways[0].source;
    let length = trace_file::inspect(source, &[]).expect("it was written here");
    let scenario =
        |way: &Replay| fixtures::replay(way.source.clone(), length + Span::from_secs(1), fixtures::store(way.store));
    let scenarios: Vec<Scenario> = ways.iter().map(scenario).collect();
    let divide = |each: &dyn Fn(&csv::ByteRecord) -> bool| {
        let mut reader = csv::Reader::from_path(file.path()).expect("it was written here");
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).expect("it was written here") {
            assert!(each(&record), "a row without values");
        }
    };
    let mut works: Vec<Box<dyn FnMut() + '_>> = vec![
        Box::new(|| divide(&|_| true)),
        Box::new(|| divide(&peer.numbers)),
        Box::new(|| divide(&peer.values)),
        Box::new(|| drop(trace_file::inspect(source, &[]))),
    ];
    works
        .extend(scenarios.iter().map(|scenario| -> Box<dyn FnMut() + '_> { Box::new(|| drop(simulate(scenario, 1))) }));
    let times = in_any_order(turns, &mut works);
    let ([alone, numbers, values, read], whole) = times.split_first_chunk().expect("four works and more");
    let rate = |times: &[f64]| format!("{:.2} M/s", f64::from(rows) / median(times) / 1e6);
    let peer = format!("csv divides {}", rate(alone));
    row("trace, rows read", &rate(read), &peer, Some(ratio(read, alone)), "");
    for (way, times) in ways.iter().zip(whole) {
        row(&way.what, &rate(times), &peer, Some(ratio(times, alone)), "0.6");
        row("", "", &format!("and numbers {}", rate(numbers)), Some(ratio(times, numbers)), "");
        row("", "", &format!("csv's values {}", rate(values)), Some(ratio(times, values)), "");
    }
}

/// So often is measured in a turn what takes a sixtieth of its peer's time.
const SHOTS: usize = 5;

/// Against the naive engine, which must give the same figures; and two threads against one. What takes a second beside its peer's
/// minute is measured several times in each turn, before the peer and after it, and the one in the middle counts.
fn against_naive(what: &str, scenario: &Scenario, target: &str, divides: bool) {
    let (mut ours, mut naive) = (None, None);
    let shots = if divides { SHOTS } else { 1 };
    let (mut one, mut peer) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let mut shoot = || {
            let [times] = seconds(shots, [&mut || ours = Some(simulate(scenario, 1))]);
            times
        };
        let before = shoot();
        let [time] = seconds(1, [&mut || naive = Some(naive::simulate(scenario, 0, 0))]);
        one.push(median(&[before, shoot()].concat()));
        peer.extend(time);
    }
    let (ours, naive) = ours.zip(naive).expect("both have run");
    assert_eq!(ours.difference(&naive), None, "{what}: the naive engine gives other figures");
    let rate = |seconds: &[f64]| format!("{:.2} M/s", ours.operations as f64 / median(seconds) / 1e6);
    row(what, &rate(&one), &format!("naive {}", rate(&peer)), Some(ratio(&one, &peer)), target);
    let contestant = Contestant::all(scenario).remove(0);
    if contestant.is_by_key() {
        let whole = Unit { store: 0, replication: 0, share: 0, shares: 1 };
        let mut by_events = Vec::new();
        let simulate = || contestant.simulate_by_events(whole, 1).expect("no trace is read");
        let [time] = seconds(2, [&mut || by_events = simulate()]);
        let difference = Measurements::merged(by_events).difference(&naive);
        assert_eq!(difference, None, "{what}: the naive engine gives other figures than events");
        row(
            &format!("{what}, by events"),
            &rate(&time),
            &format!("naive {}", rate(&peer)),
            Some(ratio(&time, &peer)),
            "",
        );
    }
    if divides {
        let [one, two] = seconds(5, [&mut || drop(simulate(scenario, 1)), &mut || drop(simulate(scenario, 2))]);
        let (ours, peer) = (rate(&two), format!("1 thread {}", rate(&one)));
        row(&format!("{what}, 2 threads"), &ours, &peer, Some(ratio(&two, &one)), "1.8");
    }
}
