//! `run --check-determinism`: what is the same twice, and a planted difference that is found and named.

use std::sync::atomic::{AtomicU32, Ordering};

use consistency_sim::metrics::CountId;
use consistency_sim::model::*;
use consistency_sim::run::determinism::{Order, check, check_all, twice};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::scenario::{Override, Scenario, load_with};
use consistency_sim::stores::{Coupling, Ground, Outbox, Requests, Store};

use crate::support::*;

fn small() -> Scenario {
    let stores = vec![kv_pull(Span::from_secs(60)), d1(Location(3))];
    let mut scenario = scenario(network(3, Span::from_millis(80)), mix(5, 20.0, 1.0), stores);
    scenario.duration = Span::from_secs(700);
    scenario.replications = 3;
    scenario
}

#[test]
fn what_is_simulated_twice_is_the_same() {
    let (units, found) = check(&small(), 3).expect("no trace is read");
    assert_eq!(found, None);
    // Five keys that are simulated alone, three times, and one database, three times.
    assert_eq!(units, 18);
}

#[test]
fn a_planted_difference_is_found_and_named() {
    let scenario = small();
    let contestants = Contestant::all(&scenario);
    let units: Vec<Unit> = (0..4).map(|share| Unit { store: 0, replication: 1, share, shares: 4 }).collect();
    let simulations = AtomicU32::new(0);
    // From the fifth simulation on, one share counts a stale read too many.
    let simulate = |unit: &Unit, order: Order| {
        let mut measured = contestants[unit.store].simulate(*unit)?;
        let again = simulations.fetch_add(1, Ordering::Relaxed) >= 4;
        assert_eq!(again, order == Order::Shuffled);
        measured.count_mut(CountId::StaleReads).hits += u64::from(again && unit.share == 2);
        Ok(measured)
    };
    let found = twice(&units, 2, &simulate).expect("no trace is read").expect("the difference");
    assert_eq!(found.unit, units[2]);
    let [before, after] =
        found.figure.strip_prefix("stale_read_rate: ").expect("the figure").split(" against ").collect::<Vec<_>>()[..]
    else {
        panic!("two values: {}", found.figure);
    };
    let hits = |text: &str| text.split(' ').next().and_then(|hits| hits.parse::<u64>().ok()).expect("a number");
    assert_eq!(hits(after), hits(before) + 1);
}

/// One key in one place, whose hundredth read is slow. What it forgets at the start of a partition is how many reads there
/// were: how long a read takes depends on what was simulated before.
#[derive(Clone)]
struct Remembers {
    now: Seen,
    reads: u64,
    /// Whether it forgets as it should.
    forgets: bool,
}

impl Store for Remembers {
    type Message = ();

    fn idiom(&self) -> Idiom {
        Idiom { atomic: false, several_keys: false }
    }

    fn coupling(&self) -> Coupling {
        Coupling::Groups
    }

    fn begin(&mut self, ground: Ground) {
        self.now = Seen { version: Version::INITIAL, value: ground.initial };
        self.reads = if self.forgets { 0 } else { self.reads };
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<()>) {
        if request.operation.is_read() {
            self.reads += 1;
            let slow = self.reads.is_multiple_of(100);
            outbox.reply(id, Span::from_millis(if slow { 6 } else { 5 }), Answer::of(self.now));
        } else {
            let version = Version { stamp: now.0 + 1, nonce: 0 };
            self.now = Seen { version, value: request.operation.apply(None) };
            outbox.reply(id, Span::from_millis(10), Answer::of(self.now));
        }
    }

    fn deliver(&mut self, _: Time, (): (), _: &Requests, _: &mut Outbox<()>) {}

    fn lost(&mut self, _: Time, (): (), _: &Requests, _: &mut Outbox<()>) {}

    fn lost_answer(&self) -> Refusal {
        Refusal::ObjectConnectionLost
    }

    fn latest(&self, _: Key) -> Seen {
        self.now
    }
}

#[test]
fn the_first_operation_that_depends_on_what_was_simulated_before_is_named() {
    let stores = vec![kv_pull(Span::from_secs(60))];
    let mut scenario = scenario(network(3, Span::from_millis(80)), mix(200, 20.0, 1.0), stores);
    scenario.duration = Span::from_secs(700);
    let check = |forgets| {
        let store = Remembers { now: Seen::default(), reads: 0, forgets };
        check_all(&[Contestant::around(&scenario, store)], 3, 2).expect("no trace is read").1
    };
    assert_eq!(check(true), None);
    let found = check(false).expect("the difference");
    assert_eq!((found.unit.store, found.unit.replication), (0, 0), "the first unit in order: {found:?}");
    let event = found.event.expect("histories differ as well");
    // A read that took 5 ms in one order and 6 ms in the other, and nothing else of it is different.
    let told = |line: &Option<String>| -> serde_json::Value {
        serde_json::from_str(line.as_deref().expect("an operation")).expect("JSON")
    };
    let (mut first, mut second) = (told(&event.first), told(&event.second));
    assert_eq!(first["type"], "operation", "{event}");
    let ends = [&mut first, &mut second].map(|line| line["end_ns"].take().as_u64().expect("an end"));
    assert_eq!(first, second, "{event}");
    assert_eq!(ends[0].abs_diff(ends[1]), 1_000_000, "{event}");
    assert_eq!(event.at.0, ends[0].min(ends[1]));
}

/// Every scenario of a folder, once.
fn every(folder: &str) {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut files: Vec<_> = std::fs::read_dir(folder).expect("a folder").flatten().map(|entry| entry.path()).collect();
    files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
    assert!(!files.is_empty());
    for file in files {
        let scenario = load_with(&file, &[Override::set("replications=1")]).expect("it ships");
        let (units, found) = check(&scenario, 0).expect("its trace is good");
        assert!(units >= scenario.stores.len());
        assert_eq!(found, None, "{}", scenario.name);
    }
}

#[test]
fn every_scenario_is_the_same_twice() {
    every("scenarios");
}

#[test]
fn every_row_of_the_guidance_is_the_same_twice() {
    every("scenarios/guidance");
}

#[test]
fn every_incident_is_the_same_twice() {
    every("scenarios/incidents");
}
