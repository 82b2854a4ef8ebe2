//! `run --check-determinism`: what is the same twice, and a planted difference that is found and named.

use std::fmt::Write;
use std::ops::Range;

use consistency_sim::engine::Partition;
use consistency_sim::history::{Record, jsonl};
use consistency_sim::metrics::{CountId, Measurements};
use consistency_sim::model::*;
use consistency_sim::random::Law;
use consistency_sim::run::determinism::{Beginning, check, check_all, check_units};
use consistency_sim::run::suspect::{Order, Suspect};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::scenario::{Override, Scenario, load_with};
use consistency_sim::stores::{Coupling, Ground, Outbox, Requests, Store, StoreKind};
use consistency_sim::workloads::trace_file::TraceError;
use consistency_sim::workloads::{ConfigConfig, TraceConfig, TraceFile, TraceOperation, WorkloadConfig};

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

/// A store that counts a stale read too many in one share, when partitions are shuffled; only its sums say so.
struct Miscounts<'a>(&'a [Contestant]);

impl Suspect for Miscounts<'_> {
    fn measure(&self, unit: Unit, order: Order) -> Result<Measurements, TraceError> {
        let mut measured = self.0.measure(unit, order)?;
        measured.count_mut(CountId::StaleReads).hits += u64::from(order == Order::Shuffled && unit.share == 2);
        Ok(measured)
    }

    fn measure_some(
        &self,
        unit: Unit,
        order: Order,
        groups: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError> {
        self.0.measure_some(unit, order, groups, from)
    }

    fn contestant(&self, unit: Unit) -> &Contestant {
        self.0.contestant(unit)
    }
}

#[test]
fn a_planted_difference_is_found_and_named() {
    let contestants = Contestant::all(&small());
    let units: Vec<Unit> = (0..4).map(|share| Unit { store: 0, replication: 1, share, shares: 4 }).collect();
    let found = check_units(&Miscounts(&contestants), &units, 2).expect("no trace is read").expect("the difference");
    assert_eq!(found.unit, units[2]);
    assert_eq!(found.begins, None, "no operation and no key is otherwise");
    let [before, after] =
        found.figure.strip_prefix("stale_read_rate: ").expect("the figure").split(" against ").collect::<Vec<_>>()[..]
    else {
        panic!("two values: {}", found.figure);
    };
    let hits = |text: &str| text.split(' ').next().and_then(|hits| hits.parse::<u64>().ok()).expect("a number");
    assert_eq!(hits(after), hits(before) + 1);
}

/// A fault of the path without events alone: shuffled, one group is simulated as if the store had another setting.
struct Mistakes<'a> {
    right: &'a [Contestant],
    wrong: &'a [Contestant],
    group: u32,
}

impl Suspect for Mistakes<'_> {
    fn measure(&self, unit: Unit, order: Order) -> Result<Measurements, TraceError> {
        Ok(self.measure_some(unit, order, &(0..u32::MAX), Time::START)?.expect("it needs no events"))
    }

    fn measure_some(
        &self,
        unit: Unit,
        order: Order,
        groups: &Range<u32>,
        from: Time,
    ) -> Result<Option<Measurements>, TraceError> {
        if order == Order::ByNumber {
            return self.right.measure_some(unit, order, groups, from);
        }
        let Range { start, end } = *groups;
        let (before, after) = (start..end.min(self.group), start.max(self.group + 1)..end);
        let wrong = if groups.contains(&self.group) { self.group..self.group + 1 } else { 0..0 };
        let parts = [(self.right, before), (self.wrong, wrong), (self.right, after)];
        let parts = parts.map(|(whose, groups)| whose.measure_some(unit, order, &groups, from));
        let parts = parts.into_iter().map(|part| part.map(|part| part.expect("it needs no events")));
        Ok(Some(Measurements::merged(parts.collect::<Result<_, _>>()?)))
    }

    fn contestant(&self, unit: Unit) -> &Contestant {
        self.right.contestant(unit)
    }
}

/// The first measured operation of a group that is otherwise in two stores when they are simulated by events.
fn first_by_events(
    stores: [&Contestant; 2],
    measured: Time,
    replication: u32,
    (group, keys): (u32, u16),
) -> (Time, Vec<String>) {
    let [right, wrong] = stores.map(|store| {
        let alone = Partition { first_group: group, groups: 1 };
        let partition = if store.separable().is_some() { alone } else { store.whole() };
        let mut records = store.record(replication, partition, 1_000_000).expect("a history").records;
        records.retain(|record| store.separable().is_some() || record.key.0 / u32::from(keys) == group);
        records.retain(|record| record.start >= measured);
        records.sort_by_key(|record| (record.start, record.client, record.location));
        records
    });
    // What figures know of a read: of a stale one, how far behind it was.
    let told = |record: &Record| (record.end, record.cached, record.stale.then_some(record.seen.version));
    let mut pairs = right.iter().zip(&wrong);
    let (first, _) = pairs.find(|(right, wrong)| told(right) != told(wrong)).expect("a difference");
    let lines = right.iter().filter(|record| record.start == first.start).map(jsonl::operation_text);
    (first.start, lines.collect())
}

/// All stores without events, each under another setting in one group of so many keys.
fn mistaken(scenario: &Scenario, (group, keys): (u32, u16), share: u32, shares: u32) {
    let mut other = scenario.clone();
    for store in &mut other.stores {
        match &mut store.kind {
            StoreKind::KvPull(pull) => pull.cache_ttl = pull.cache_ttl + Span::from_secs(1),
            StoreKind::KvPush(push) => push.delay = Law::Constant(Span::from_millis(2_500)),
            StoreKind::D1(config) => config.read_time = Law::Constant(Span::from_millis(3)),
            _ => unreachable!("stores that need no events"),
        }
    }
    let (right, wrong) = (&Contestant::all(scenario)[..], &Contestant::all(&other)[..]);
    for store in 0..right.len() {
        let unit = Unit { store, replication: 1, share, shares };
        let check = |wrong| check_units(&Mistakes { right, wrong, group }, &[unit], 2).expect("a good trace");
        assert_eq!(check(right), None, "parts add up to the whole");
        let found = check(wrong).expect("the difference");
        let Some(Beginning::Key(key)) = &found.begins else { panic!("a key: {found:?}") };
        assert_eq!(key.group, group, "{key}");
        let operation = key.operation.as_ref().expect("an operation");
        let expected =
            first_by_events([&right[store], &wrong[store]], Time(scenario.warmup.0), unit.replication, (group, keys));
        assert_eq!((operation.at, operation.by_events.clone()), expected, "{key}");
        let requests = if right[store].separable().is_some() { usize::from(keys) } else { 1 };
        assert!(expected.0 > Time(0) && expected.1.len() == requests && key.figure.contains(" against "), "{key}");
    }
}

#[test]
fn the_first_operation_is_named_of_a_key_that_differs_only_without_events() {
    let stores = vec![kv_pull(Span::from_secs(60)), kv_push(Law::Constant(Span::from_secs(2)), Span::from_secs(9))];
    let mut scenario = scenario(network(3, Span::from_millis(80)), mix(40, 80.0, 4.0), stores);
    (scenario.warmup, scenario.duration) = (Span::from_secs(50), Span::from_secs(500));
    // The first of the unit, one in the middle, and the last.
    [3, 19, 39].into_iter().for_each(|group| mistaken(&scenario, (group, 1), 3, 4));
}

#[test]
fn the_first_reading_is_named_of_a_configuration_that_differs_only_without_events() {
    let push = kv_push(Law::Constant(Span::from_secs(2)), Span::from_secs(9));
    let stores = vec![kv_pull(Span::from_secs(60)), push, d1(Location(3))];
    let publish_every = Law::Exponential { mean: Span::from_secs(20) };
    let workload = WorkloadConfig::Config(ConfigConfig { sets: 6, keys: 3, publish_every, reads: 0.5 });
    let mut scenario = scenario(network(3, Span::from_millis(80)), workload, stores);
    (scenario.warmup, scenario.duration) = (Span::from_secs(50), Span::from_secs(500));
    mistaken(&scenario, (4, 3), 0, 1);
}

#[test]
fn the_first_row_is_named_of_a_key_of_a_trace_that_differs_only_without_events() {
    let mut rows = String::from("t,k,op\n");
    for row in 0..6_000_u64 {
        let (key, operation) = (row * row % 37, if row % 23 == 0 { "put" } else { "get" });
        writeln!(rows, "{},k{key},{operation}", row * 211).expect("memory takes all");
    }
    let source = trace_source(TraceFile::Bytes(rows.into_bytes().into()), 1_000_000);
    let default_operation = TraceOperation::Get;
    let trace = TraceConfig { source, default_operation, write_share: 0.0, readers: None, values: None };
    let stores = vec![kv_pull(Span::from_secs(60)), kv_push(Law::Constant(Span::from_secs(2)), Span::from_secs(9))];
    let mut scenario = scenario(network(3, Span::from_millis(80)), WorkloadConfig::Trace(trace), stores);
    (scenario.warmup, scenario.duration) = (Span::from_secs(50), Span::from_secs(1_266));
    mistaken(&scenario, (5, 1), 0, 1);
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
    let Some(Beginning::Event(event)) = found.begins else { panic!("histories differ as well: {found:?}") };
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
