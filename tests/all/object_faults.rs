//! Faults of Durable Objects, of KV written through one, and of answers that D1 waits for: scripts that can be told by hand.

use consistency_sim::faults::{Fault, FaultKind, Faults};
use consistency_sim::history::Record;
use consistency_sim::model::{Location, Operation, Refusal, Span};
use consistency_sim::network::NetworkConfig;
use consistency_sim::random::Law;
use consistency_sim::stores::*;

use crate::script::*;
use crate::support::{d1_config, instant_kv, network};

const RTT: Span = Span::from_millis(100);

fn constant(ms: u64) -> Law {
    Law::Constant(Span::from_millis(ms))
}

/// Two edges and a central store, 100 ms apart, and one fault, in milliseconds.
fn with(kind: FaultKind, from: u64, until: u64) -> NetworkConfig {
    let fault = Fault { name: kind.word().into(), kind, from: ms(from), until: ms(until), store: None };
    NetworkConfig { faults: Faults::new(vec![fault]), ..network(2, RTT) }
}

fn add(at: u64, location: u16) -> Step {
    step(at, location, Operation::Add { delta: 1 })
}

/// An object that takes no time.
fn object(state: ObjectState) -> DurableObjectConfig {
    DurableObjectConfig {
        read_time: constant(0),
        write_time: constant(0),
        durability: constant(0),
        code: ObjectCode { state, ..ObjectCode::default() },
        ..DurableObjectConfig::default()
    }
}

/// When each ended, in milliseconds, and with which value or refusal.
fn told(records: &[Record]) -> Vec<(u64, Result<Option<i64>, Refusal>)> {
    let end = |record: &Record| record.end.expect("an end").0 / 1_000_000;
    records.iter().map(|record| (end(record), record.refusal.map_or(Ok(record.seen.value), Err))).collect()
}

#[test]
fn a_rollout_restarts_each_object_once_at_a_time_of_its_own() {
    let rollout = with(FaultKind::ObjectRestart, 10_000, 20_000);
    let values = |state, seed| -> Vec<Option<i64>> {
        let times = [9_999, 12_500, 15_000, 17_500, 20_000];
        let steps: Vec<Step> = std::iter::once(add(5_000, 0)).chain(times.map(|at| get(at, 0))).collect();
        let more = [add(20_500, 0), get(29_000, 0), get(38_000, 0)];
        let steps: Vec<Step> = steps.into_iter().chain(more).collect();
        let kind = StoreKind::DurableObject(object(state));
        play_with_seed(&kind, &rollout, None, &steps, seed).iter().map(|record| record.seen.value).collect()
    };
    let mut kept = [0_u32; 3];
    for seed in 0..400 {
        let seen = values(ObjectState::Memory, seed);
        assert_eq!((seen[0], seen[1]), (Some(1), Some(1)), "not before the fault");
        assert_eq!(seen[5..], [None, Some(1), Some(1), Some(1)], "by its end, and not again");
        kept.iter_mut().zip(&seen[2..5]).for_each(|(kept, seen)| *kept += u32::from(seen.is_some()));
        assert!(seen[2..6].windows(2).all(|pair| pair[0] >= pair[1]), "what is lost stays lost: {seen:?}");
        assert_eq!(values(ObjectState::Storage, seed)[5], Some(1), "what is stored is kept");
    }
    // Uniform over ten seconds: 300, 200 and 100 of 400 are restarted later; deviations 8.7, 10 and 8.7.
    for (kept, expected) in kept.iter().zip([300.0, 200.0, 100.0]) {
        assert!((f64::from(*kept) - expected).abs() < 40.0, "{kept} instead of {expected}");
    }
}

#[test]
fn a_restart_by_a_fault_comes_between_those_that_come_anyway() {
    let mut config = object(ObjectState::Memory);
    config.life.restart_every = Some(constant(10_000));
    let kind = StoreKind::DurableObject(config);
    let steps = [add(1_000, 0), get(9_999, 0), add(10_001, 0), get(14_999, 0), get(15_001, 0), add(16_000, 0)];
    let more = [get(19_999, 0), get(20_001, 0)];
    let steps: Vec<Step> = steps.into_iter().chain(more).collect();
    // At 10 s and 20 s it would be restarted in any case; at 15 s by the fault.
    let fault = with(FaultKind::ObjectRestart, 15_000, 15_001);
    let seen = |network: &NetworkConfig| answers(&play(&kind, network, None, &steps));
    assert_eq!(seen(&fault), [Some(1), Some(1), None, Some(1), None]);
    assert_eq!(seen(&network(2, RTT)), [Some(1), Some(1), Some(1), Some(2), None]);
}

/// KV written through an object that takes no time and puts at most once a second.
fn through(read_from: ReadFrom) -> StoreKind {
    let cache = KvPullConfig { common: instant_kv(), cache_ttl: Span::from_secs(60), negative_caching: true };
    let (object, publish_every) = (object(ObjectState::Storage), Span::from_secs(1));
    StoreKind::KvThroughObject(KvThroughObjectConfig { object, cache, publish_every, read_from })
}

#[test]
fn behind_a_partition_updates_through_the_object_fail_and_kv_is_read_all_the_same() {
    let partition = with(FaultKind::ObjectPartition { timeout: Span::from_secs(3) }, 2_000, 12_000);
    let lost = Err(Refusal::ObjectConnectionLost);
    // The object is at place 0. What it puts at 1.999 s reaches KV at 2.049 s, in the middle of the partition.
    let steps = [add(0, 0), add(1_999, 0), get(4_000, 1), add(5_000, 1), add(6_000, 0), add(12_000, 0), get(74_000, 1)];
    let expected = [
        (0, Ok(Some(1))),
        (1_999, Ok(Some(2))),
        (4_100, Ok(Some(2))),
        (8_000, lost),
        (9_000, lost),
        (12_000, Ok(Some(3))),
        (74_100, Ok(Some(3))),
    ];
    assert_eq!(told(&play(&through(ReadFrom::Kv), &partition, None, &steps)), expected);
    let expected_of_object = [
        (0, Ok(Some(1))),
        (1_999, Ok(Some(2))),
        (7_000, lost),
        (8_000, lost),
        (9_000, lost),
        (12_000, Ok(Some(3))),
        (74_100, Ok(Some(3))),
    ];
    assert_eq!(told(&play(&through(ReadFrom::Object), &partition, None, &steps)), expected_of_object);
    // An update of the other place that the object has done, and whose answer comes into the partition, is in KV.
    let steps = [add(0, 0), add(1_940, 1), get(4_000, 1)];
    let expected = [(0, Ok(Some(1))), (1_990 + 3_000, lost), (4_100, Ok(Some(2)))];
    assert_eq!(told(&play(&through(ReadFrom::Kv), &partition, None, &steps)), expected);
}

#[test]
fn a_read_of_d1_whose_answer_is_lost_is_tried_again_and_a_write_is_not() {
    let cut = with(FaultKind::Cut { place: Location(0), timeout: Span::from_secs(5) }, 10_000, 20_000);
    let lost = Err(Refusal::D1ConnectionLost);
    let plain = D1Config { read_time: constant(10), write_time: constant(40), ..d1_config(Location(2)) };
    // It reaches the primary in time, and its answer leaves at 9.999 s; it asks again after 14.999 s and 19.999 s, and
    // gives up at 24.999 s: all that was lost. A moment later, the last one comes through.
    let steps = [get(9_939, 0), put(9_940, 0, 7), get(10_000, 1)];
    let expected = [(24_999, lost), (10_039 + 5_000, lost), (10_110, Ok(Some(7)))];
    assert_eq!(told(&play(&StoreKind::D1(plain.clone()), &cut, Some(1), &steps)), expected);
    let steps = [get(9_941, 0), get(30_000, 0)];
    let expected = [(20_111, Ok(Some(1))), (30_110, Ok(Some(1)))];
    assert_eq!(told(&play(&StoreKind::D1(plain.clone()), &cut, Some(1), &steps)), expected);
    let none = D1Config { read_retries: 0, ..plain.clone() };
    assert_eq!(told(&play(&StoreKind::D1(none), &cut, Some(1), &steps))[0], (15_001, lost));
    // A replica's answer likewise; here it stands at place 1.
    let replication = ReplicationConfig {
        replicas: vec![Location(1)],
        lag: constant(0),
        session: SessionStart::Unconstrained,
        bookmark: Bookmark::Dropped,
    };
    let mut nearer = cut.clone();
    nearer.rtt[1] = Span::from_millis(50);
    nearer.rtt[3] = Span::from_millis(50);
    let replicated = StoreKind::D1(D1Config { replication: Some(replication), ..plain });
    // 25 ms there, 10 ms of work: the answer leaves at 10.001 s.
    assert_eq!(told(&play(&replicated, &nearer, Some(1), &[get(9_966, 0)])), [(20_001 + 60, Ok(Some(1)))]);
}
