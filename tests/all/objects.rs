//! Durable Objects: gates, awaits, memory, alarms and restarts, in scripts that can be counted by hand and against formulas.

use consistency_sim::history::Record;
use consistency_sim::limits::{MeterId, Plan};
use consistency_sim::metrics::{CountId, DistributionId};
use consistency_sim::model::{Location, Operation, Refusal, Span};
use consistency_sim::random::Law;
use consistency_sim::scenario::{Origin, newest, parse};
use consistency_sim::stores::alarm::{Alarm, Patience};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::script::*;
use crate::support::{mix, network, object, outcome, scenario};

const RTT: Span = Span::from_millis(100);

fn constant(ms: u64) -> Law {
    Law::Constant(Span::from_millis(ms))
}

/// Reads take 1 ms, writes 2 ms, and 5 ms until they are durable; every client is where the object is, or 50 ms away.
fn plain() -> DurableObjectConfig {
    DurableObjectConfig { write_time: constant(2), durability: constant(5), ..DurableObjectConfig::default() }
}

fn awaiting(ms: u64) -> DurableObjectConfig {
    let code = ObjectCode { foreign_await: Some(constant(ms)), ..ObjectCode::default() };
    DurableObjectConfig { code, ..plain() }
}

fn in_memory(state: ObjectState) -> DurableObjectConfig {
    DurableObjectConfig { code: ObjectCode { state, ..ObjectCode::default() }, ..plain() }
}

fn add(at: u64) -> Step {
    step(at, 0, Operation::Add { delta: 1 })
}

fn run(config: &DurableObjectConfig, steps: &[Step]) -> Vec<Record> {
    play(&StoreKind::DurableObject(config.clone()), &network(2, RTT), None, steps)
}

fn left(records: &[Record]) -> Vec<Option<i64>> {
    records.iter().map(|record| record.seen.value).collect()
}

fn ends(records: &[Record]) -> Vec<u64> {
    records.iter().map(|record| record.end.expect("answered").0 / 1_000_000).collect()
}

fn error_text(record: &Record) -> String {
    record.refusal.expect("refused").facts().text(&newest(), Plan::Paid)
}

fn refusals(records: &[Record]) -> Vec<Option<Refusal>> {
    records.iter().map(|record| record.refusal).collect()
}

#[test]
fn a_foreign_await_lets_another_request_in_and_an_update_is_lost() {
    // Both read 0 in the first two milliseconds, wait 20 ms for something that is not storage, and write 1.
    let steps = [add(0), add(1), get(100, 0)];
    let records = run(&awaiting(20), &steps);
    assert_eq!(left(&records), [1, 1, 1].map(Some));
    // 1 ms of reading, 20 ms of waiting, 2 ms of writing, 5 ms until durable; the second one ms later, behind the first write.
    assert_eq!(ends(&records), [28, 30, 101]);
    // Far enough apart, nothing is lost.
    assert_eq!(left(&run(&awaiting(20), &[add(0), add(50), get(100, 0)])), [1, 2, 2].map(Some));
    // A read comes in between, too, and sees what was there before.
    assert_eq!(left(&run(&awaiting(20), &[add(0), get(10, 0), get(40, 0)])), [Some(1), None, Some(1)]);
}

#[test]
fn block_concurrency_while_keeps_everybody_out() {
    let mut config = awaiting(20);
    config.code.block_concurrency_while = true;
    let records = run(&config, &[add(0), add(1), get(2, 0)]);
    assert_eq!(left(&records), [1, 2, 2].map(Some));
    // 23 ms each, and 5 ms more until they are durable: the read waits for both, and for the output gate.
    assert_eq!(ends(&records), [28, 51, 51]);
}

#[test]
fn storage_operations_without_a_foreign_await_let_nobody_in() {
    let steps: Vec<Step> = (0..50).map(add).collect();
    assert_eq!(left(&run(&plain(), &steps)), (1..=50).map(Some).collect::<Vec<_>>());
}

#[test]
fn writes_without_an_await_between_them_are_one_transaction() {
    let several = |at, operation| Step { keys: 3, ..step(at, 0, operation) };
    let steps = [several(0, Operation::Put { value: 7, ttl: None }), several(50, Operation::Get { cache_ttl: None })];
    let seen = |config: &DurableObjectConfig| -> Vec<Option<i64>> {
        let record = run(config, &steps).pop().expect("the read");
        std::iter::once(record.seen).chain(record.others.expect("three keys")).map(|seen| seen.value).collect()
    };
    let mut config = awaiting(20);
    assert_eq!(seen(&config), [7, 7, 7].map(Some), "read at 1 ms, awaited until 21 ms, written together");
    config.code.await_each_write = true;
    // The keys are written at 23, 45 and 67 ms; the read at 51 ms finds two of them.
    assert_eq!(seen(&config), [Some(7), Some(7), None]);
}

/// Two clients increment one counter in a loop, each `away` from the object, through code that awaits for `wait`.
fn counter(store: DurableObjectConfig, clients: u32, think: Law, seconds: u64) -> consistency_sim::run::Outcome {
    let workload = WorkloadConfig::Counter(CounterConfig {
        counters: 4,
        clients,
        pace: Pace::Closed { think },
        read_back: false,
        retry: Retry { attempts: 0, wait: Span::ZERO },
    });
    let mut scenario = scenario(network(1, Span::ZERO), workload, vec![object("object", "Object", store)]);
    scenario.warmup = Span::ZERO;
    scenario.duration = Span::from_secs(seconds);
    scenario.replications = 8;
    outcome(&scenario)
}

/// The share of updates that two clients lose who think for exponential times at rate λ and then hold a value for w.
///
/// A hold that begins during the other's hold overlaps with it; a chain of holds that overlap begins with one that does
/// not. Of a chain, the second overwrites what the first wrote, the third has read what the first wrote and so loses
/// nothing, and so on: every other one is lost. If a hold began d after the one before, the next begins y after that one's
/// end, if y < d, which is w + y − d after its own predecessor.
fn lost_by_two(rate: f64, hold: f64) -> f64 {
    const CELLS: usize = 400;
    let h = hold / CELLS as f64;
    let density = |at: usize| rate * libm::exp(-rate * (at as f64 + 0.5) * h) * h;
    // By d: holds still to come in the chain, and those lost among them, if the latest counted (0) or was lost (1).
    let (mut longer, mut lost) = (vec![0.0; CELLS], [vec![0.0; CELLS], vec![0.0; CELLS]]);
    for _ in 0..60 {
        let next = |values: &[f64], bonus: f64| -> Vec<f64> {
            let after = |d: usize, y: usize| {
                let at = CELLS + y - d;
                0.5 * (values[at - 1] + values[at.min(CELLS - 1)])
            };
            (0..CELLS).map(|d| (0..d).map(|y| density(y) * (bonus + after(d, y))).sum()).collect()
        };
        longer = next(&longer, 1.0);
        lost = [next(&lost[1], 1.0), next(&lost[0], 0.0)];
    }
    let chain = |bonus: f64, values: &[f64]| -> f64 { (0..CELLS).map(|d| density(d) * (bonus + values[d])).sum() };
    chain(1.0, &lost[1]) / (1.0 + chain(1.0, &longer))
}

#[test]
fn two_interleaving_clients_lose_what_theory_says() {
    for (think_ms, hold_ms) in [(2_000, 200), (1_000, 500), (500, 1_000)] {
        let config = DurableObjectConfig {
            read_time: constant(0),
            write_time: constant(0),
            durability: constant(0),
            ..awaiting(hold_ms)
        };
        let outcome = counter(config, 2, Law::Exponential { mean: Span::from_millis(think_ms) }, 2_000);
        let count = outcome.stores[0].pooled.count(CountId::LostUpdates);
        let found = count.hits as f64 / count.of as f64;
        let expected = lost_by_two(1_000.0 / think_ms as f64, hold_ms as f64 / 1_000.0);
        let error = libm::sqrt(expected * (1.0 - expected) / count.of as f64);
        println!("{hold_ms} of {think_ms} ms: lost {found:.5} of {}, theory {expected:.5} ±{error:.5}", count.of);
        assert!(((found - expected) / error).abs() < 4.0, "{found} against {expected}");
    }
}

#[test]
fn blocking_brings_lost_updates_to_zero_at_the_rate_that_its_time_allows() {
    // 1 ms of reading, 3 ms of waiting and 1 ms of writing: 200 a second, as Cloudflare's rules say of 5 ms.
    let mut config = awaiting(3);
    config.write_time = constant(1);
    let count = |config: &DurableObjectConfig| {
        // A hundred clients without a pause keep the object busy.
        let outcome = counter(config.clone(), 100, constant(1), 100);
        outcome.stores[0].pooled.count(CountId::LostUpdates)
    };
    let open = count(&config);
    assert!(open.hits * 2 > open.of, "of {} increments {} were lost", open.of, open.hits);
    config.code.block_concurrency_while = true;
    let blocked = count(&config);
    assert_eq!(blocked.hits, 0);
    let rate = blocked.of as f64 / (100.0 * 8.0 * 4.0);
    assert!((rate - 200.0).abs() < 1.0, "{rate} a second");
}

#[test]
fn memory_is_lost_when_the_object_hibernates() {
    let config = in_memory(ObjectState::Memory);
    // Idle from 2 ms on: at 10.001 s it is still there, ten seconds after that answer it is not.
    let records = run(&config, &[add(0), add(10_001), get(20_003, 0), get(30_005, 0)]);
    assert_eq!(left(&records), [Some(1), Some(2), Some(2), None]);
    assert_eq!(ends(&records)[0], 2, "what is in memory only need not become durable");
    assert!(records[3].stale, "an acknowledged write is gone");
    let stored = run(&plain(), &[add(0), add(10_001), get(20_003, 0), get(30_008, 0)]);
    assert_eq!(left(&stored), [1, 2, 2, 2].map(Some), "what is in storage is not");
}

#[test]
fn an_object_that_may_not_hibernate_is_evicted_between_70_and_140_seconds() {
    let mut config = in_memory(ObjectState::Memory);
    config.life.hibernates = false;
    let mut forgot = 0;
    for seed in 0..200 {
        let kind = StoreKind::DurableObject(config.clone());
        let steps = [add(0), get(70_002, 0), get(70_000 + 105_003, 0), get(400_000, 0)];
        let left = left(&play_with_seed(&kind, &network(2, RTT), None, &steps, seed));
        assert_eq!((left[1], left[3]), (Some(1), None), "seed {seed}");
        forgot += u32::from(left[2].is_none());
    }
    // Idle for 105 s: half of the range. Binomial with mean 100 and deviation 7.
    assert!((72..=128).contains(&forgot), "{forgot} of 200");
}

#[test]
fn an_alarm_writes_behind_and_what_it_has_written_stays() {
    let behind = |after| ObjectState::WrittenBehind { after: Span::from_secs(after), failures: 0.0 };
    // The alarm at 5.002 s comes before hibernation at 10 s.
    let steps = [add(0), get(30_000, 0)];
    assert_eq!(left(&run(&in_memory(behind(5)), &steps)), [1, 1].map(Some));
    // The alarm at 20 s comes after it, and wakes an object that has forgotten.
    assert_eq!(left(&run(&in_memory(behind(20)), &steps)), [Some(1), None]);
    // The alarm at 5.002 s wrote 1. What was added since is lost when the object is restarted at 10 s.
    let mut config = in_memory(behind(5));
    config.life.restart_every = Some(Law::Constant(Span::from_secs(10)));
    assert_eq!(left(&run(&config, &[add(0), add(6_000), add(6_100), get(10_500, 0)])), [1, 2, 3, 1].map(Some));
    // To set the alarm is a write: the answer that sets it waits until it is durable, the next one does not.
    assert_eq!(ends(&run(&in_memory(behind(5)), &[add(0), add(100)])), [7, 102]);
}

#[test]
fn an_alarm_that_throws_is_tried_again_six_times() {
    let mut alarm = Alarm::default();
    assert!(alarm.set(ms(1_000)) && !alarm.set(ms(500)), "there is one alarm");
    assert!(alarm.rings(ms(1_000)) && !alarm.rings(ms(999)));
    let scenario = scenario(network(1, RTT), mix(1, 1.0, 1.0), Vec::new());
    let patience = Patience::of(&scenario.terms());
    let mut at = ms(1_000);
    let mut waits = Vec::new();
    while let Some(again) = alarm.failed(at, patience) {
        waits.push(again.since(at).seconds());
        at = again;
    }
    assert_eq!(waits, [2.0, 4.0, 8.0, 16.0, 32.0, 64.0], "six times, from 2 s, doubling");
    assert!(alarm.set(at), "given up: the next change sets it anew");
    // Always throwing, it never writes; the counter is gone after a pause. Throwing half of the time, it is mostly saved.
    let saved = |failures| {
        let mut config = in_memory(ObjectState::WrittenBehind { after: Span::from_secs(1), failures });
        config.life.hibernate_after = Span::from_secs(200);
        let kind = StoreKind::DurableObject(config);
        let last = |seed| {
            let steps = [add(0), get(1_000_000, 0)];
            play_with_seed(&kind, &network(2, RTT), None, &steps, seed).pop().expect("the read").seen.value
        };
        (0..200).filter(|seed| last(*seed) == Some(1)).count()
    };
    assert_eq!((saved(0.0), saved(1.0)), (200, 0));
    // Seven runs, of which one must come through: (1 - 0.8^7) of 200 is 158, with a deviation of 5.8.
    assert!((135..=181).contains(&saved(0.8)), "{}", saved(0.8));
}

#[test]
fn a_restart_forgets_refuses_and_keeps_what_is_stored() {
    let mut config = plain();
    config.life.restart_every = Some(Law::Constant(Span::from_secs(10)));
    config.life.cold_start = constant(300);
    // In flight at 10 s: the write would be durable at 10.003 s. It is refused then, and has done nothing.
    let records = run(&config, &[add(1_000), add(9_996), get(10_500, 0), get(11_000, 0)]);
    assert_eq!(refusals(&records), [None, Some(Refusal::ObjectReset), None, None]);
    assert_eq!(ends(&records), [1_307, 10_000, 10_801, 11_001], "cold at its first call and after the restart");
    assert_eq!(answers(&records), [1, 1].map(Some));
    assert_eq!(error_text(&records[1]), "Durable Object reset because its code was updated.");
    // Waiting in the queue, or for something foreign, is being in flight.
    let mut slow = config.clone();
    slow.code.foreign_await = Some(constant(2_000));
    slow.life.cold_start = constant(0);
    let records = run(&slow, &[add(7_000), add(8_500), get(10_001, 0)]);
    assert_eq!(refusals(&records), [None, Some(Refusal::ObjectReset), None]);
    assert_eq!(answers(&records), [Some(1)]);
    config.code.state = ObjectState::Memory;
    assert_eq!(answers(&run(&config, &[add(9_000), get(9_900, 0), get(10_100, 0)])), [Some(1), None]);
}

#[test]
fn a_restart_in_the_middle_of_writes_that_await_leaves_half_of_them() {
    let mut config = awaiting(1_000);
    config.code.await_each_write = true;
    config.life.restart_every = Some(Law::Constant(Span::from_millis(2_500)));
    let several = |at, operation| Step { keys: 3, ..step(at, 0, operation) };
    let steps =
        [several(0, Operation::Put { value: 7, ttl: None }), several(2_600, Operation::Get { cache_ttl: None })];
    let records = run(&config, &steps);
    assert_eq!(refusals(&records), [Some(Refusal::ObjectReset), None]);
    let others: Vec<_> = records[1].others.iter().flatten().map(|seen| seen.value).collect();
    assert_eq!((records[1].seen.value, others), (Some(7), vec![Some(7), None]));
}

#[test]
fn a_window_of_ten_seconds_has_room_for_so_many_requests() {
    let mut config = plain();
    config.window_limit = Some(3);
    let times = [0, 5_000, 9_999, 10_000, 10_001, 10_002, 10_003];
    let steps: Vec<Step> = times.iter().map(|at| get(*at, 0)).collect();
    let refused: Vec<bool> = run(&config, &steps).iter().map(|record| record.refusal.is_some()).collect();
    assert_eq!(refused, [false, false, false, false, false, false, true]);
    let text = "Durable Object is overloaded. Too many requests for the same object within a 10 second window.";
    assert_eq!(error_text(&run(&config, &steps)[6]), text);
}

#[test]
fn the_queue_of_an_object_is_that_of_theory() {
    // Poisson arrivals at rate λ and a constant service of s = 1 ms: M/D/1 waits ρs / 2(1 − ρ) on average. Exponential
    // service: M/M/1, twice as long.
    for (law, factor) in [(constant(1), 0.5), (Law::Exponential { mean: Span::from_millis(1) }, 1.0)] {
        for rho in [0.3, 0.6, 0.9] {
            let config = DurableObjectConfig { read_time: law.clone(), queue_limit: 100_000, ..plain() };
            let workload = WorkloadConfig::Mix(MixConfig {
                keys: 1,
                popularity: Popularity::Uniform,
                reads: rho * 1_000.0,
                writes: 0.0,
                deletes: 0.0,
                shape: Shape::Poisson,
                preloaded: true,
                values: None,
            });
            let stores = vec![object("object", "Object", config)];
            let mut scenario = scenario(network(1, Span::ZERO), workload, stores);
            scenario.warmup = Span::from_secs(10);
            scenario.duration = Span::from_secs(130);
            scenario.replications = 10;
            let outcome = outcome(&scenario);
            let measured = outcome.stores[0].pooled.distribution(DistributionId::ReadLatency);
            let mean_ms = measured.sum() as f64 / measured.count() as f64 / 1e6;
            let expected = 1.0 + factor * rho / (1.0 - rho);
            println!("ρ = {rho}: {mean_ms:.4} ms, theory {expected:.4} ms");
            assert!((mean_ms / expected - 1.0).abs() < 0.03, "ρ = {rho}: {mean_ms} ms against {expected}");
        }
    }
}

#[test]
fn an_object_serves_as_many_requests_a_second_as_the_guide_says() {
    // Three times as many are asked for as it can serve; ten wait, and the others are refused.
    let served = |reads: f64, writes: f64, latency: DistributionId| {
        let config = DurableObjectConfig { queue_limit: 10, ..DurableObjectConfig::default() };
        let stores = vec![object("object", "Object", config)];
        let mut scenario = scenario(network(1, Span::ZERO), mix(1, reads, writes), stores);
        scenario.warmup = Span::ZERO;
        scenario.duration = Span::from_secs(50);
        scenario.replications = 2;
        let answered = outcome(&scenario).stores[0].pooled.distribution(latency).count();
        answered as f64 / 100.0
    };
    // durable-objects/best-practices/rules-of-durable-objects: about 1,000 a second of what is simple, the soft limit, and
    // 200 to 500 of what writes to storage.
    let simple = served(3_000.0, 0.0, DistributionId::ReadLatency);
    assert!((simple / 1_000.0 - 1.0).abs() < 0.01, "{simple} a second");
    let writes = served(0.0, 1_500.0, DistributionId::WriteLatency);
    assert!((200.0..=500.0).contains(&writes), "{writes} a second");
}

#[test]
fn key_value_storage_charges_each_key_by_four_kibibytes() {
    let used = |bytes: u32| {
        let text = format!(
            "name = 'a'\nreplications = 1\nduration = '1 h'\nedges = ['LHR']\n[workload]\nkind = 'calls'\n[[store]]\n\
             kind = 'durable_object'\nstorage = 'key-value'\n[[workload.call]]\nat = '1 s'\nop = 'put'\nkey = 'x'\n\
             value_bytes = {bytes}\n[[workload.call]]\nat = '10 s'\nop = 'get'\nkey = 'x'\n[[workload.call]]\n\
             at = '20 s'\nop = 'get'\nkey = 'y'\n"
        );
        let outcome = outcome(&parse(&text, &Origin::default()).expect("a scenario"));
        let usage = &outcome.stores[0].pooled.usage;
        let of = |meter| usage.of(meter);
        assert_eq!((of(MeterId::ObjectRowsRead), of(MeterId::ObjectRowsWritten)), (0, 0), "no rows");
        (of(MeterId::ObjectReadUnits), of(MeterId::ObjectWriteUnits))
    };
    // The put reads before it writes, what is not there as one unit; so does the get of `y`. A key's one byte counts.
    assert_eq!(used(4_095), (1 + 1 + 1, 1));
    assert_eq!(used(4_096), (1 + 2 + 1, 2));
    assert_eq!(used(12_288), (1 + 4 + 1, 4));
}

#[test]
fn twenty_messages_of_a_websocket_are_charged_as_one_request() {
    let requests = |websocket: bool| {
        let store = object("object", "Object", DurableObjectConfig { websocket, ..plain() });
        let mut scenario = scenario(network(2, RTT), mix(5, 10.0, 2.0), vec![store]);
        scenario.replications = 1;
        let bill = outcome(&scenario).stores[0].cost.clone().expect("a bill");
        bill.items.iter().find(|item| item.meter == "durable_object.requests").expect("requests").quantity
    };
    let (calls, messages) = (requests(false), requests(true));
    assert!((calls / (12.0 * 2_592_000.0) - 1.0).abs() < 0.05, "{calls}: twelve a second for thirty days");
    assert!((calls / messages - 20.0).abs() < 1e-9, "{calls} calls are {messages} requests");
}

#[test]
fn the_defaults_of_a_scenario_are_those_of_the_config() {
    let text = "name = \"a\"\n[workload]\nkind = \"counter\"\n[[store]]\nkind = \"durable_object\"\n";
    let parsed = |text: &str| parse(text, &Origin::default()).expect("a scenario");
    let read = parsed(text);
    assert_eq!(read.stores[0].kind, StoreKind::DurableObject(DurableObjectConfig::default()));
    let hinted = format!("{text}location_hint = \"oc\"\n");
    let read = parsed(&hinted);
    let StoreKind::DurableObject(config) = &read.stores[0].kind else { panic!("no object") };
    let place = config.placement.expect("a place");
    assert_ne!(place, Location(0));
    assert_eq!(read.network.places[place.index()].city, "Sydney");
}
