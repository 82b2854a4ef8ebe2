//! The table at the end: ours against a peer on the same work, in the same minute. Ratios decide, not absolute figures.

use std::time::Instant;

use consistency_sim::metrics::Measurements;
use consistency_sim::model::Span;
use consistency_sim::run::{Contestant, Options, Unit, Unwatched, run};
use consistency_sim::scenario::Scenario;
use consistency_sim::workloads::trace_file;

use crate::{fixtures, hold, naive, nexosim_hold};

/// Seconds that something takes; the faster of two times, because whatever else the machine does only adds.
fn seconds<T>(mut work: impl FnMut() -> T) -> (f64, T) {
    let mut once = || {
        let start = Instant::now();
        let result = work();
        (start.elapsed().as_secs_f64(), result)
    };
    let (first, _) = once();
    let (second, result) = once();
    (first.min(second), result)
}

fn simulated(scenario: &Scenario, threads: usize) -> (f64, Measurements) {
    let options = Options { threads, command: String::new() };
    let (time, outcome) = seconds(|| run(scenario, &options, &Unwatched).expect("no trace is read"));
    (time, outcome.stores.into_iter().next().expect("one store").pooled)
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
        let ours = seconds(|| hold::hold_ours(&mut queue, hold::EVENTS, &increments)).0;
        let peer = seconds(|| hold::hold_standard(&mut heap, hold::EVENTS, &increments)).0;
        let nanos = |seconds: f64| format!("{:.0} ns", seconds * 1e9 / hold::EVENTS as f64);
        let target = if pending == 1_000_000 { "60 ns" } else { "" };
        let what = format!("event queue, {pending} pending");
        row(&what, &nanos(ours), &format!("std heap {}", nanos(peer)), Some(peer / ours), target);
        let (mut simulation, seen) = nexosim_hold::begin(pending, &increments);
        nexosim_hold::hold(&mut simulation, &seen, pending as u64);
        let (general, events) = seconds(|| nexosim_hold::hold(&mut simulation, &seen, hold::EVENTS as u64 / 10) as f64);
        let (general, ours) = (general / events, ours / hold::EVENTS as f64);
        row(
            &what,
            &format!("{:.0} ns", ours * 1e9),
            &format!("nexosim {:.0} ns", general * 1e9),
            Some(general / ours),
            "",
        );
    }
    for store in ["kv pull", "kv push"] {
        let scenario = fixtures::open_loop(fixtures::store(store));
        against_naive(&format!("open loop, {store}"), &scenario, "65", true);
    }
    for store in ["kv pull", "kv push"] {
        let scenario = fixtures::counters(fixtures::store(store));
        let (time, measured) = simulated(&scenario, 1);
        let rate = measured.operations as f64 / time / 1e6;
        row(&format!("closed loop, {store}"), &format!("{rate:.2} M/s"), "", None, "2.5 M/s");
    }
    for store in ["d1", "durable object"] {
        let scenario = fixtures::counters(fixtures::store(store));
        against_naive(&format!("closed loop, {store}"), &scenario, "2.5 M/s", false);
    }
    replay();
    let scenario = Scenario { replications: 4, ..fixtures::counters(fixtures::store("d1")) };
    let ((one, _), (two, _)) = (simulated(&scenario, 1), simulated(&scenario, 2));
    let what = "closed loop, d1, 4 replications";
    row(what, &format!("2 threads {two:.2} s"), &format!("1 thread {one:.2} s"), Some(one / two), "1.8");
}

/// Reading the fields of a trace, and its whole replay, against the `csv` crate, which only divides the same file into
/// fields.
fn replay() {
    let rows = 1_000_000;
    let file = fixtures::trace_file(rows);
    let source = fixtures::trace_source(&file);
    let alone = seconds(|| {
        let mut reader = csv::Reader::from_path(file.path()).expect("it was written here");
        let mut record = csv::ByteRecord::new();
        while reader.read_byte_record(&mut record).expect("it was written here") {}
    });
    let read = seconds(|| trace_file::inspect(&source, &[]).expect("it was written here"));
    let rate = |seconds: f64| format!("{:.2} M/s", f64::from(rows) / seconds / 1e6);
    let peer = format!("csv alone {}", rate(alone.0));
    row("trace, rows read", &rate(read.0), &peer, Some(alone.0 / read.0), "");
    let duration = read.1 + Span::from_secs(1);
    for store in ["kv pull", "kv push", "d1", "durable object"] {
        let whole = simulated(&fixtures::replay(source.clone(), duration, fixtures::store(store)), 1).0;
        row(&format!("trace, replay on {store}"), &rate(whole), &peer, Some(alone.0 / whole), "0.6");
    }
}

/// Against the naive engine, which must give the same figures; and two threads against one.
fn against_naive(what: &str, scenario: &Scenario, target: &str, divides: bool) {
    let (one, ours) = simulated(scenario, 1);
    let start = Instant::now();
    let naive = naive::simulate(scenario, 0, 0);
    let peer = start.elapsed().as_secs_f64();
    assert_eq!(ours.difference(&naive), None, "{what}: the naive engine gives other figures");
    let rate = |seconds: f64| format!("{:.2} M/s", ours.operations as f64 / seconds / 1e6);
    row(what, &rate(one), &format!("naive {}", rate(peer)), Some(peer / one), target);
    let contestant = Contestant::all(scenario).remove(0);
    if contestant.is_by_key() {
        let whole = Unit { store: 0, replication: 0, share: 0, shares: 1 };
        let (time, by_events) = seconds(|| contestant.simulate_by_events(whole, 1).expect("no trace is read"));
        let difference = Measurements::merged(by_events).difference(&naive);
        assert_eq!(difference, None, "{what}: the naive engine gives other figures than events");
        row(&format!("{what}, by events"), &rate(time), &format!("naive {}", rate(peer)), Some(peer / time), "");
    }
    if divides {
        let two = simulated(scenario, 2).0;
        row(&format!("{what}, 2 threads"), &rate(two), &format!("1 thread {}", rate(one)), Some(one / two), "1.8");
    }
}
