//! What each store answers, operation by operation: small scripts whose outcome can be told from the documents.

use consistency_sim::model::{Location, Operation, Refusal, Span, Time};
use consistency_sim::random::Law;
use consistency_sim::stores::*;

use crate::script::*;
use crate::support::{d1_config, durable_object, instant_kv, network};

const RTT: Span = Span::from_millis(100);

fn pull(change: impl Fn(&mut KvPullConfig)) -> StoreKind {
    let mut common = instant_kv();
    common.local_visibility = 1.0;
    common.write_limit = WriteLimit::Strict;
    let mut config = KvPullConfig { common, cache_ttl: Span::from_secs(60), negative_caching: true };
    change(&mut config);
    StoreKind::KvPull(config)
}

fn push(delay: Law) -> StoreKind {
    let mut common = instant_kv();
    common.local_visibility = 1.0;
    StoreKind::KvPush(KvPushConfig { common, delay, max: Span::from_secs(60), limit_per_namespace: false })
}

#[test]
fn a_copy_answers_until_its_age_from_the_fill_reaches_the_ttl() {
    // The miss at 0 returns at 100 ms: the copy's age counts from there, so it still answers at 60.099 s.
    let steps = [get(0, 0), put(1_000, 1, 7), get(60_099, 0), get(60_101, 0), get(60_202, 0)];
    let records = play(&pull(|_| ()), &network(2, RTT), Some(1), &steps);
    assert_eq!(answers(&records), [Some(1), Some(1), Some(7), Some(7)]);
    let stale: Vec<bool> =
        records.iter().filter(|record| record.operation.is_read()).map(|record| record.stale).collect();
    assert_eq!(stale, [false, true, false, false]);
    let took: Vec<u64> = records.iter().map(|record| record.end.unwrap().since(record.start).0 / 1_000_000).collect();
    assert_eq!(took, [100, 100, 0, 100, 0], "a miss takes a round trip, a hit none");
}

#[test]
fn nothing_is_cached_like_a_value() {
    let steps = [get(0, 0), put(1_000, 1, 7), get(30_000, 0), get(61_000, 0)];
    assert_eq!(answers(&play(&pull(|_| ()), &network(2, RTT), None, &steps)), [None, None, Some(7)]);
    let without = pull(|config| config.negative_caching = false);
    assert_eq!(answers(&play(&without, &network(2, RTT), None, &steps)), [None, Some(7), Some(7)]);
}

#[test]
fn a_location_that_never_looked_sees_a_write_at_once() {
    let steps = [put(1_000, 1, 7), get(1_200, 0)];
    assert_eq!(answers(&play(&pull(|_| ()), &network(2, RTT), Some(1), &steps)), [Some(7)]);
}

#[test]
fn the_writers_own_location_shows_the_write_on_acknowledgement_if_it_does_at_all() {
    let steps = [get(0, 0), put(1_000, 0, 7), get(1_050, 0), get(1_101, 0), get(30_000, 0)];
    assert_eq!(answers(&play(&pull(|_| ()), &network(2, RTT), Some(1), &steps)), [1, 1, 7, 7].map(Some));
    let never = pull(|config| config.common.local_visibility = 0.0);
    assert_eq!(answers(&play(&never, &network(2, RTT), Some(1), &steps)), [1, 1, 1, 1].map(Some));
}

#[test]
fn local_visibility_is_state_and_not_a_coin_for_each_read() {
    let half = pull(|config| config.common.local_visibility = 0.5);
    let steps: Vec<Step> =
        [get(0, 0), put(1_000, 0, 7)].into_iter().chain((0..50).map(|n| get(2_000 + n * 1_000, 0))).collect();
    let mut shown = 0;
    for seed in 0..200 {
        let answers = answers(&play_with_seed(&half, &network(2, RTT), Some(1), &steps, seed));
        assert!(answers[1..].windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {answers:?}");
        shown += u32::from(answers[1] == Some(7));
    }
    // Binomial with mean 100 and deviation 7.
    assert!((72..=128).contains(&shown), "{shown} of 200");
}

#[test]
fn the_ttl_of_the_read_at_hand_decides() {
    let steps =
        [get(0, 0), put(1_000, 1, 7), get_with_ttl(40_000, 0, 3_600), get_with_ttl(40_001, 0, 30), get(40_200, 0)];
    assert_eq!(answers(&play(&pull(|_| ()), &network(2, RTT), Some(1), &steps)), [1, 1, 7, 7].map(Some));
}

#[test]
fn a_fill_that_is_overtaken_is_stale_from_birth() {
    // The fetch takes the old version at 50 ms; the write commits at 55 ms; the fill comes at 100 ms and lives a minute.
    let steps = [get(0, 0), put(5, 1, 7), get(30_000, 0), get(60_200, 0)];
    let records = play(&pull(|_| ()), &network(2, RTT), Some(1), &steps);
    assert_eq!(answers(&records), [1, 1, 7].map(Some));
    assert!(!records[0].stale, "the write was in flight when the first read started");
    assert!(records[2].stale);
}

#[test]
fn a_fill_never_replaces_a_newer_version() {
    // The fetch leaves at 1.060 s and meets the old version; the own write is acknowledged, and shown, at 1.100 s.
    let mut network = network(2, RTT);
    let central = 2;
    // The way to the central store from location 0 is short, the way back long: RTTs are halved, so skew the two rows.
    network.rtt[central] = Span::from_millis(2);
    network.rtt[central * 3] = Span::from_millis(400);
    let steps = [put(1_000, 0, 7), get(999, 0), get(1_300, 0)];
    let records = play(&pull(|_| ()), &network, Some(1), &steps);
    assert_eq!(answers(&records), [1, 7].map(Some));
    let again = play(&pull(|config| config.common.local_visibility = 0.0), &network, Some(1), &steps);
    assert_eq!(answers(&again), [1, 1].map(Some), "without local visibility the old fill is what is there");
}

#[test]
fn the_last_write_by_the_writers_clocks_wins() {
    let fast = pull(|config| config.common.clock_skew = vec![Span::from_secs(10).0 as i64, 0, 0]);
    let steps = [put(1_000, 0, 7), put(5_000, 1, 8), get(10_000, 0), get(10_000, 1)];
    let records = play(&fast, &network(2, RTT), Some(1), &steps);
    // Location 1 shows its own write, although the central store has dropped it.
    assert_eq!(answers(&records), [7, 8].map(Some));
    let right = play(&pull(|_| ()), &network(2, RTT), Some(1), &steps);
    assert_eq!(answers(&right), [7, 8].map(Some));
    let late = [put(1_000, 0, 7), put(5_000, 1, 8), get(70_000, 1)];
    assert_eq!(answers(&play(&fast, &network(2, RTT), Some(1), &late)), [Some(7)], "once its copy is old");
    assert_eq!(answers(&play(&pull(|_| ()), &network(2, RTT), Some(1), &late)), [Some(8)]);
}

#[test]
fn a_late_write_with_an_old_stamp_is_pushed_in_vain() {
    // The first write is stamped 200 s and everywhere after a minute; the second, at 100 s, is stamped 100 s.
    let skewed = |skew: u64| {
        let StoreKind::KvPush(mut config) = push(Law::Constant(Span::from_secs(1))) else { unreachable!("it pushes") };
        config.common.clock_skew = vec![Span::from_secs(skew).0 as i64, 0];
        StoreKind::KvPush(config)
    };
    let steps = [put(0, 0, 7), put(100_000, 1, 8), get(150_000, 0), get(150_000, 1)];
    let answered = |skew| answers(&play(&skewed(skew), &network(2, RTT), Some(1), &steps));
    assert_eq!(answered(0), [8, 8].map(Some));
    assert_eq!(answered(200), [7, 7].map(Some), "the newest stamp wins, at the writer's own location too");
}

#[test]
fn one_write_per_second_and_key() {
    let steps = [put(0, 0, 1), put(999, 0, 2), put(1_000, 0, 3), put(1_500, 1, 4), put(2_000, 1, 5)];
    let refused = |kind| -> Vec<bool> {
        play(&kind, &network(2, RTT), None, &steps).iter().map(|record| record.refusal.is_some()).collect()
    };
    assert_eq!(refused(pull(|_| ())), [false, true, false, true, false]);
    assert_eq!(refused(pull(|config| config.common.write_limit = WriteLimit::Lenient)), [false; 5]);
    let records = play(&pull(|_| ()), &network(2, RTT), None, &steps);
    assert_eq!(records[1].refusal.unwrap().rule(), "kv.writes_per_key");
}

#[test]
fn a_delete_is_seen_as_late_as_a_write() {
    let steps = [get(0, 0), step(1_000, 1, Operation::Delete), get(30_000, 0), get(61_000, 0)];
    assert_eq!(answers(&play(&pull(|_| ()), &network(2, RTT), Some(1), &steps)), [Some(1), Some(1), None]);
}

#[test]
fn an_expired_key_is_not_served_cached_or_not() {
    let ttl = Some(Span::from_secs(60));
    let steps = [
        step(0, 0, Operation::Put { value: 7, ttl }),
        get_with_ttl(50_000, 0, 3_600),
        get_with_ttl(60_040, 0, 3_600),
        get_with_ttl(60_060, 0, 3_600),
        get(60_060, 1),
    ];
    // Committed at 50 ms: expired from 60.050 s on, at every location and whatever the copy's age.
    let answers = answers(&play(&pull(|_| ()), &network(2, RTT), None, &steps));
    assert_eq!(answers, [Some(7), Some(7), None, None]);
}

#[test]
fn a_pushed_version_arrives_after_its_delay_and_never_goes_back() {
    let constant = push(Law::Constant(Span::from_secs(20)));
    let steps = [get(0, 0), put(1_000, 1, 7), get(21_049, 0), get(21_051, 0), get(2_000, 1)];
    assert_eq!(answers(&play(&constant, &network(2, RTT), Some(1), &steps)), [1, 7, 1, 7].map(Some));
    let random = push(Law::Uniform { low: Span::ZERO, high: Span::from_secs(60) });
    let writes = (0..20).map(|n| put(n * 3_000, 1, n as i64 + 2));
    let steps: Vec<Step> = writes.chain((0..400).map(|n| get(n * 300 + 7, 0))).collect();
    for seed in 0..50 {
        let records = play_with_seed(&random, &network(2, RTT), Some(1), &steps, seed);
        let shown = answers(&records);
        assert!(shown.windows(2).all(|pair| pair[0] <= pair[1]), "seed {seed}: {shown:?}");
        // The last write commits at 57.05 s and is everywhere within the maximum of 60 s.
        let late = records.iter().filter(|record| record.operation.is_read() && record.start > ms(117_050));
        assert!(late.clone().count() > 5 && late.clone().all(|record| record.seen.value == Some(21)), "seed {seed}");
    }
}

fn d1(change: impl Fn(&mut D1Config)) -> StoreKind {
    let mut config = d1_config(Location(2));
    config.read_time = Law::Constant(Span::from_millis(10));
    config.write_time = Law::Constant(Span::from_millis(40));
    change(&mut config);
    StoreKind::D1(config)
}

fn ends(records: &[consistency_sim::history::Record]) -> Vec<u64> {
    records.iter().map(|record| record.end.unwrap().0 / 1_000_000).collect()
}

#[test]
fn d1_answers_one_query_at_a_time_in_the_order_of_arrival() {
    let steps = [put(0, 0, 7), get(1, 1), get(2, 0)];
    let records = play(&d1(|_| ()), &network(2, RTT), Some(1), &steps);
    assert_eq!(ends(&records), [140, 150, 160], "50 ms there, 40 ms of writing, then 10 ms for each read, 50 ms back");
    assert_eq!(answers(&records), [7, 7].map(Some));
}

#[test]
fn d1_refuses_when_its_queue_is_full_or_too_slow() {
    let burst: Vec<Step> = (0..4).map(|n| put(n, 0, n as i64)).collect();
    let short = d1(|config| config.queue_limit = 2);
    let refusals: Vec<_> = play(&short, &network(2, RTT), None, &burst).iter().map(|record| record.refusal).collect();
    assert_eq!(refusals, [None, None, None, Some(Refusal::D1QueueFull)], "one works, two wait, writes are not retried");
    let impatient = d1(|config| config.queue_timeout = Span::from_millis(60));
    let records = play(&impatient, &network(2, RTT), None, &burst);
    let refusals: Vec<_> = records.iter().map(|record| record.refusal).collect();
    assert_eq!(refusals, [None, None, Some(Refusal::D1QueuedTooLong), Some(Refusal::D1QueuedTooLong)]);
    assert_eq!(ends(&records)[2], 2 + 50 + 60 + 50, "told so when its patience ended");
}

#[test]
fn d1_tries_refused_reads_twice_more_and_writes_never() {
    let mut steps: Vec<Step> = (0..3).map(|n| put(n, 0, n as i64)).collect();
    steps.push(get(3, 0));
    let full = |retries| {
        d1(move |config| {
            config.queue_limit = 1;
            config.read_retries = retries;
        })
    };
    let last = |retries| play(&full(retries), &network(2, RTT), None, &steps).pop().unwrap();
    assert_eq!(last(0).refusal, Some(Refusal::D1QueueFull));
    let retried = last(2);
    assert_eq!(retried.refusal, None);
    assert_eq!(retried.end.unwrap(), ms(3 + 100 + 100 + 10), "refused after a round trip, then served at once");
}

fn replicated(lag: Law, change: impl Fn(&mut ReplicationConfig)) -> StoreKind {
    let mut replication = ReplicationConfig {
        replicas: vec![Location(0), Location(1)],
        lag,
        session: SessionStart::Unconstrained,
        bookmark: Bookmark::Carried,
    };
    change(&mut replication);
    d1(|config| config.replication = Some(replication.clone()))
}

#[test]
fn a_replica_answers_near_and_late_and_a_bookmark_waits_for_it() {
    let late = || Law::Constant(Span::from_secs(2));
    // The write commits at 1.090 s and is acknowledged at 1.140 s; the replicas have it at 3.090 s.
    let steps = [get(0, 0), put(1_000, 0, 7), get(1_200, 0), get(1_300, 1), get(3_100, 1)];
    let records = play(&replicated(late(), |_| ()), &network(2, RTT), Some(1), &steps);
    assert_eq!(answers(&records), [1, 7, 1, 7].map(Some), "its own client waits, the other one does not");
    assert_eq!(ends(&records), [10, 1_140, 3_100, 1_310, 3_110]);
    assert!(records[3].stale && !records[2].stale);
    let dropped = replicated(late(), |config| config.bookmark = Bookmark::Dropped);
    assert_eq!(answers(&play(&dropped, &network(2, RTT), Some(1), &steps)), [1, 1, 1, 7].map(Some));
    let careful = replicated(late(), |config| {
        config.bookmark = Bookmark::Dropped;
        config.session = SessionStart::Primary;
    });
    let records = play(&careful, &network(2, RTT), Some(1), &steps);
    assert_eq!(answers(&records), [1, 7, 7, 7].map(Some), "every session begins at the primary");
    assert_eq!(ends(&records)[0], 110, "and pays for it");
}

#[test]
fn a_replica_applies_the_log_in_its_order() {
    let random = || Law::Uniform { low: Span::ZERO, high: Span::from_secs(30) };
    let writes = (0..40).map(|n| put(n * 500, 1, n as i64 + 2));
    let steps: Vec<Step> = writes.chain((0..300).map(|n| get(n * 200 + 3, 0))).collect();
    let dropped = replicated(random(), |config| config.bookmark = Bookmark::Dropped);
    for seed in 0..20 {
        let shown = answers(&play_with_seed(&dropped, &network(2, RTT), Some(1), &steps, seed));
        assert!(shown.windows(2).all(|pair| pair[0] <= pair[1]), "seed {seed}: one replica went back: {shown:?}");
        assert_eq!(shown.last(), Some(&Some(41)));
    }
}

#[test]
fn a_request_for_several_keys_is_one_step() {
    let several = |at, location, operation| Step { keys: 3, ..step(at, location, operation) };
    for kind in [d1(|_| ()), durable_object().kind] {
        let steps = [
            several(0, 0, Operation::Put { value: 7, ttl: None }),
            several(1, 1, Operation::Get { cache_ttl: None }),
            several(2, 0, Operation::Put { value: 8, ttl: None }),
            several(400, 1, Operation::Get { cache_ttl: None }),
        ];
        for record in play(&kind, &network(2, RTT), Some(1), &steps) {
            let others = record.others.expect("three keys");
            assert_eq!(others.len(), 2);
            assert!(others.iter().all(|seen| seen.value == record.seen.value), "torn: {others:?}");
        }
    }
}

#[test]
fn a_durable_object_is_placed_near_its_first_caller_and_stays() {
    let steps = [put(0, 0, 7), get(1_000, 1), get(2_000, 0)];
    let StoreKind::DurableObject(mut config) = durable_object().kind else { panic!("not an object") };
    config.write_time = Law::Constant(Span::from_millis(2));
    config.durability = Law::Constant(Span::from_millis(5));
    let took = |config: &DurableObjectConfig| -> Vec<u64> {
        let records = play(&StoreKind::DurableObject(config.clone()), &network(2, RTT), None, &steps);
        records.iter().map(|record| record.end.unwrap().since(record.start).0 / 1_000_000).collect()
    };
    assert_eq!(took(&config), [7, 101, 1], "at the first caller's own place");
    config.hosts = vec![Location(1)];
    assert_eq!(took(&config), [107, 1, 101], "at the only place that can host");
    config.hosts.clear();
    config.placement = Some(Location(2));
    assert_eq!(took(&config), [107, 101, 101], "where the scenario says");
}

#[test]
fn the_output_gate_holds_answers_until_earlier_writes_are_durable() {
    let StoreKind::DurableObject(mut config) = durable_object().kind else { panic!("not an object") };
    config.write_time = Law::Constant(Span::from_millis(2));
    config.durability = Law::Constant(Span::from_millis(50));
    let steps = [put(0, 0, 7), get(1, 0), get(100, 0)];
    let records = play(&StoreKind::DurableObject(config), &network(2, RTT), None, &steps);
    assert_eq!(ends(&records), [52, 52, 101], "the read that saw the write waits with it; a later one does not");
    assert_eq!(answers(&records), [7, 7].map(Some));
}

#[test]
fn adding_in_one_step_loses_nothing_and_reading_then_writing_does() {
    let steps: Vec<Step> = (0..10).map(|n| step(n, (n % 2) as u16, Operation::Add { delta: 1 })).collect();
    for kind in [d1(|_| ()), durable_object().kind] {
        let records = play(&kind, &network(2, RTT), None, &steps);
        let mut left: Vec<i64> = records.iter().map(|record| record.seen.value.unwrap()).collect();
        left.sort_unstable();
        assert_eq!(left, (1..=10).collect::<Vec<i64>>());
    }
}

#[test]
fn a_fill_that_races_the_invalidation_keeps_the_old_row_for_its_ttl() {
    let cache = {
        let mut common = instant_kv();
        common.local_visibility = 1.0;
        KvPullConfig { common, cache_ttl: Span::from_secs(60), negative_caching: true }
    };
    let StoreKind::D1(database) = d1(|_| ()) else { panic!("not a database") };
    let kind = StoreKind::CacheAside(CacheAsideConfig { cache, database, expiration_ttl: Span::from_secs(3_600) });
    // The far reader misses in KV (back at 100 ms), reads the old row (at 160 ms, back at 210 ms) and puts it into KV (at
    // the central store at 260 ms). The near update is done at 201 ms, and its delete is there at 203 ms: too early.
    let mut network = network(2, RTT);
    network.rtt[5] = Span::from_millis(2);
    network.rtt[7] = Span::from_millis(2);
    let steps = [get(0, 0), put(160, 1, 7), get(100_000, 0), get(100_000, 1), get(3_000_000, 0), get(3_700_000, 0)];
    let records = play(&kind, &network, Some(1), &steps);
    let shown = answers(&records);
    assert_eq!(shown[0], Some(1));
    assert_eq!(shown[1], Some(1), "a minute and more after the update, and after its delete");
    assert_eq!(shown[3], Some(1), "the old row was put back for an hour");
    assert_eq!(shown[4], Some(7), "and then it is gone");
    assert!(records.iter().filter(|record| record.stale).count() >= 2);
}

#[test]
fn time_prints_with_the_unit_that_fits() {
    for (nanos, text) in [
        (0, "0 ns"),
        (999, "999 ns"),
        (107_000, "107 us"),
        (2_500_000, "2.5 ms"),
        (60_000_000_000, "1 min"),
        (90_000_000_000, "90 s"),
        (86_400_000_000_000, "1 d"),
    ] {
        assert_eq!(Span(nanos).to_string(), text);
    }
    assert_eq!(Time::NEVER + Span::from_secs(1), Time::NEVER);
}
