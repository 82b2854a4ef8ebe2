//! The calls of the key-value interface, as scenarios list them: histories that can be counted by hand, the limits on both
//! sides, and laws on random scripts.

use consistency_sim::history::Record;
use consistency_sim::metrics::{Count, CountId, Measurements};
use consistency_sim::model::{Key, Operation, Refusal, Span, Time};
use consistency_sim::run::{Contestant, Unit};
use consistency_sim::scenario::{Origin, Scenario, parse};
use consistency_sim::workloads::{CallConfig, WorkloadConfig};
use proptest::prelude::*;

use crate::support::cases;

/// Two places with clients and a central store, 100 ms from each other; nothing else takes time.
pub const GROUND: &str = r#"
    name = "script"
    replications = 1
    duration = "1 h"
    edges = ["a", "b"]
    central = "c"
    network.jitter = "0 s"
    place = [
        { code = "a", rtt = { b = "100 ms", c = "100 ms" } },
        { code = "b", rtt = { c = "100 ms" } },
        { code = "c" },
    ]
"#;
/// One place, which is also the central store.
const ONE_PLACE: &str = r#"
    name = "script"
    replications = 1
    duration = "1 h"
    edges = ["a"]
    central = "a"
    place = [{ code = "a" }]
"#;
pub const KV: &str = "kind = 'kv'\nhit_latency = '0 s'\ncentral_read = '0 s'\ncentral_write = '0 s'";
const INSTANT: &str = "kind = 'kv'\npreset = 'instant'\ndelay = '50 ms'\nhit_latency = '0 s'\ncentral_write = '0 s'";
pub const D1: &str = "kind = 'd1'\nread_time = '0 s'\nwrite_time = '0 s'";
const OBJECT: &str = "kind = 'durable_object'\nread_time = '0 s'\nwrite_time = '0 s'\ndurability = '0 s'";

/// A scenario of calls, each a line such as `1 s, b, put, key = 'x'`.
pub fn scenario(ground: &str, store: &str, calls: &[&str]) -> Scenario {
    let call = |line: &&str| {
        let mut parts = line.splitn(4, ", ");
        let mut part = || parts.next().unwrap_or_default();
        let (at, from, op) = (part(), part(), part());
        format!("[[workload.call]]\nat = '{at}'\nfrom = '{from}'\nop = '{op}'\n{}\n", part().replace("; ", "\n"))
    };
    let calls: String = calls.iter().map(call).collect();
    let text = format!("{ground}\n[workload]\nkind = 'calls'\n[[store]]\n{store}\n{calls}");
    parse(&text, &Origin::default()).unwrap_or_else(|wrong| panic!("{text}\n{wrong:#?}"))
}

/// Every operation, in the order in which they started.
fn played(scenario: &Scenario) -> Vec<Record> {
    let contestant = &Contestant::all(scenario)[0];
    let parts = contestant.record_all(0, 1_000_000).expect("short");
    let mut records: Vec<Record> = parts.into_iter().flat_map(|(_, history)| history.records).collect();
    records.sort_by_key(|record| record.start);
    records
}

pub fn measured(scenario: &Scenario) -> Measurements {
    Contestant::all(scenario)[0].simulate_whole(0).expect("no trace")
}

/// The keys that each list showed, by number, and whether it was complete.
fn lists(records: &[Record]) -> Vec<(Vec<u32>, bool)> {
    let listings = records.iter().filter_map(|record| Some((record.listing.as_deref()?, record.end?)));
    listings.map(|(page, end)| (page.shown(end).map(|told| told.key.0).collect(), page.complete)).collect()
}

fn stale(records: &[Record]) -> Vec<bool> {
    records.iter().filter(|record| record.listing.is_some()).map(|record| record.stale).collect()
}

fn count(hits: u64, of: u64) -> Count {
    Count { hits, of }
}

#[test]
fn a_list_is_as_late_as_a_read() {
    // The first page is cached at a from 0.1 s on; the put of 1 s is complete at 1.1 s, the delete of 70 s at 70.1 s.
    let calls = [
        "0 s, a, list, prefix = 'user:'",
        "1 s, b, put, key = 'user:1'",
        "30 s, a, list, prefix = 'user:'",
        "30 s, b, list, prefix = 'user:'",
        "60.2 s, a, list, prefix = 'user:'",
        "70 s, b, delete, key = 'user:1'",
        "71 s, a, list, prefix = 'user:'",
        "130 s, a, list, prefix = 'user:'",
    ];
    let scenario_kv = scenario(GROUND, KV, &calls);
    let records = played(&scenario_kv);
    let shown: Vec<Vec<u32>> = lists(&records).into_iter().map(|(keys, _)| keys).collect();
    assert_eq!(shown, [vec![], vec![], vec![0], vec![0], vec![0], vec![]]);
    assert_eq!(stale(&records), [false, true, false, false, true, false]);
    let measured_kv = measured(&scenario_kv);
    assert_eq!(measured_kv.count(CountId::StaleLists), count(2, 6));
    assert_eq!(measured_kv.count(CountId::ListMissing), count(1, 3), "due at 30 s twice and at 60.2 s");
    assert_eq!(measured_kv.count(CountId::ListDeleted), count(1, 3), "shown at 30 s, 60.2 s and, wrongly, at 71 s");
    assert_eq!(measured_kv.count(CountId::StaleReads), count(0, 0), "a list is no read of a value");
    for strong in [D1, OBJECT] {
        let measured = measured(&scenario(GROUND, strong, &calls));
        assert_eq!(measured.count(CountId::StaleLists), count(0, 6), "{strong}");
        assert_eq!(measured.count(CountId::ListMissing), count(0, 3), "{strong}");
        assert_eq!(measured.count(CountId::ListDeleted), count(0, 3), "{strong}");
    }
}

#[test]
fn the_writers_own_location_lists_its_write_on_acknowledgement() {
    let calls = ["0 s, a, list", "1 s, a, put, key = 'x'", "1.05 s, a, list", "1.101 s, a, list"];
    let records = played(&scenario(GROUND, KV, &calls));
    assert_eq!(lists(&records), [(vec![], true), (vec![], true), (vec![0], true)]);
    assert_eq!(stale(&records), [false; 3], "the write was in flight at 1.05 s");
    let blind = format!("{KV}\nlocal_visibility = 0.0");
    assert_eq!(stale(&played(&scenario(GROUND, &blind, &calls))), [false, false, true]);
}

#[test]
fn a_page_that_was_overtaken_by_an_own_write_is_not_cached() {
    // The page is made at 0.05 s and arrives at 0.1 s; the own write commits at 0.06 s and is acknowledged at 0.11 s.
    let calls = ["0 s, a, list", "10 ms, a, put, key = 'x'", "1 s, a, list"];
    assert_eq!(lists(&played(&scenario(GROUND, KV, &calls))), [(vec![], true), (vec![0], true)]);
    // The other way round: the write is shown at 0.1 s, the older page arrives at 0.14 s.
    let mut scenario = scenario(GROUND, KV, &["0 s, a, put, key = 'x'", "0 s, a, list", "1 s, a, list"]);
    scenario.network.rtt[2] = Span::from_millis(20);
    assert_eq!(lists(&played(&scenario)).last(), Some(&(vec![0], true)));
}

#[test]
fn pages_follow_each_other_in_the_order_of_names_and_count_what_is_deleted() {
    let mut calls =
        vec!["0 s, a, put, key = 'b'", "0 s, a, put, key = 'é'", "0 s, a, put, key = 'a'", "0 s, a, put, key = 'c'"];
    calls.push("1 s, a, list, limit = 3; pages = 5");
    // By bytes é comes last. The cursor of the first page is the fourth key.
    assert_eq!(lists(&played(&scenario(GROUND, KV, &calls))), [(vec![0, 1, 2], false), (vec![3], true)]);
    calls.extend(["2 s, a, delete, key = 'a'", "2 s, a, delete, key = 'b'", "3 s, a, list, limit = 2; pages = 5"]);
    let pages = lists(&played(&scenario(GROUND, KV, &calls)));
    assert_eq!(pages[2..], [(vec![], false), (vec![2, 3], true)], "two deletions fill a page, which is not the last");
    let forgetful = format!("{KV}\ntombstone_life = '500 ms'");
    assert_eq!(lists(&played(&scenario(GROUND, &forgetful, &calls)))[2..], [(vec![2, 3], true)]);
    for strong in [D1, OBJECT] {
        assert_eq!(lists(&played(&scenario(GROUND, strong, &calls)))[2..], [(vec![2, 3], true)], "{strong}");
    }
    let all = (vec![0, 1, 2, 3], true);
    assert!(lists(&played(&scenario(GROUND, INSTANT, &calls)))[0].1, "Instant has one page");
    let slowly =
        ["0 s, a, put, key = 'a'", "2 s, a, put, key = 'b'", "4 s, a, put, key = 'c'", "6 s, a, put, key = 'd'"];
    let with_list: Vec<&str> = slowly.into_iter().chain(["8 s, b, list, limit = 2"]).collect();
    assert_eq!(lists(&played(&scenario(GROUND, INSTANT, &with_list))), [all]);
}

#[test]
fn a_cached_page_shows_no_expired_key_and_each_page_is_cached_apart() {
    // Committed at 0.05 s: expires at 60.05 s. The page is cached at b from 60 s on.
    let calls = [
        "0 s, a, put, key = 'x'; expiration_ttl = '60 s'",
        "59.9 s, b, list",
        "60.04 s, b, list",
        "60.06 s, b, list",
        "60.06 s, b, list, limit = 7",
    ];
    let records = played(&scenario(GROUND, KV, &calls));
    assert_eq!(lists(&records).iter().map(|(keys, _)| keys.len()).collect::<Vec<_>>(), [1, 1, 0, 0]);
    assert_eq!(stale(&records), [false; 4]);
    let cached: Vec<bool> =
        records.iter().filter(|record| record.listing.is_some()).map(|record| record.cached).collect();
    assert_eq!(cached, [false, true, true, false], "another limit is another page");
}

#[test]
fn an_absolute_expiration_does_not_move_with_the_write() {
    let calls = [
        "0 s, a, put, key = 'x'; expiration = '100 s'",
        "30 s, a, put, key = 'x'; expiration = '100 s'",
        "99.999 s, b, get, key = 'x'",
        "100 s, b, get, key = 'x'",
    ];
    for store in [KV, D1, OBJECT] {
        let records = played(&scenario(GROUND, store, &calls));
        let seen: Vec<bool> = records[2..].iter().map(|record| record.seen.value.is_some()).collect();
        // The answers of strong stores are made half a round trip, or none, after the question.
        assert!(!seen[1], "{store}");
        assert_eq!(
            seen[0],
            store == KV && records[2].cached || records[2].end.unwrap() < Time(100_000_000_000),
            "{store}"
        );
    }
}

#[test]
fn a_bulk_read_is_one_operation_and_fills_the_cache_for_each_key() {
    let calls = [
        "0 s, a, put, key = 'x'",
        "0 s, a, put, key = 'y'",
        "1 s, b, get, key = 'x'",
        "2 s, a, put, key = 'x'",
        "2 s, a, put, key = 'y'",
        "3 s, b, get_bulk, keys = ['y', 'x', 'z']",
        "4 s, b, get, key = 'y'",
        "4 s, b, get_bulk, keys = ['x', 'y', 'z']",
    ];
    let scenario = scenario(GROUND, KV, &calls);
    let records = played(&scenario);
    let bulk = &records[5];
    let seen: Vec<Option<i64>> =
        std::iter::once(&bulk.seen).chain(bulk.others.iter().flatten()).map(|s| s.value).collect();
    // In the order of names: x is what was cached at 1.1 s, y comes from the central store, z was never written.
    assert_eq!(seen, [Some(1), Some(5), None]);
    assert!(bulk.stale && !bulk.cached);
    assert_eq!(records.iter().map(|record| record.cached).collect::<Vec<_>>()[6..], [true, true]);
    let measured = measured(&scenario);
    assert_eq!(measured.operations, 8);
    assert_eq!(measured.count(CountId::StaleReads), count(2, 8), "every key is judged, and billed: 1 + 3 + 1 + 3");
}

/// What `getWithMetadata` answered, read by read: for each key, bytes or null.
fn metadata(records: &[Record]) -> Vec<Vec<Option<u16>>> {
    records.iter().filter_map(|record| record.metadata.as_ref().map(|all| all.to_vec())).collect()
}

#[test]
fn metadata_are_those_of_the_version_that_is_answered_and_as_old() {
    let calls = [
        "0 s, a, put, key = 'x'; metadata_bytes = 7",
        "10 s, b, get_with_metadata, key = 'x'",
        "20 s, a, put, key = 'x'; metadata_bytes = 9",
        // Half a second after the acknowledgement: b's copy is ten seconds old.
        "20.6 s, b, get_with_metadata, key = 'x'",
        "20.6 s, a, get_with_metadata, key = 'x'",
        "70.1 s, b, get_with_metadata, key = 'x'",
        "80 s, a, put, key = 'x'",
        "80.6 s, a, get_with_metadata, key = 'x'",
        "90 s, a, delete, key = 'x'",
        "90.6 s, a, get_with_metadata, key = 'x'",
        "91 s, a, get, key = 'x'",
    ];
    let (old, new) = (vec![Some(7)], vec![Some(9)]);
    let records = played(&scenario(GROUND, KV, &calls));
    let expected = [old.clone(), old, new.clone(), new, vec![None], vec![None]];
    assert_eq!(metadata(&records), expected);
    assert!(records[3].stale, "the metadata of the older version are as stale as its value");
    for store in [D1, OBJECT] {
        let records = played(&scenario(GROUND, store, &calls));
        let all: Vec<Option<u16>> = metadata(&records).concat();
        assert_eq!(all, [Some(7), Some(9), Some(9), Some(9), None, None], "{store}");
    }
}

#[test]
fn bulk_reads_answer_metadata_key_by_key_and_instant_answers_null() {
    let calls = [
        "0 s, a, put, key = 'x'; metadata_bytes = 7",
        "2 s, a, put, key = 'y'",
        "4 s, a, put, key = 'z'; metadata_bytes = 9",
        "10 s, a, get_bulk_with_metadata, keys = ['x', 'y', 'z']",
        "10 s, a, get_bulk, keys = ['x', 'y', 'z']",
    ];
    let kv = scenario(GROUND, KV, &calls);
    assert_eq!(metadata(&played(&kv)), [[Some(7), None, Some(9)]]);
    assert_eq!(measured(&kv).count(CountId::MetadataLost), count(0, 2));
    let instant = scenario(GROUND, INSTANT, &calls);
    let records = played(&instant);
    assert_eq!(metadata(&records), [[None, None, None]]);
    assert!(records[3].seen.value.is_some(), "the value is there");
    assert_eq!(measured(&instant).count(CountId::MetadataLost), count(2, 2));
}

#[test]
fn what_a_read_makes_of_the_bytes_takes_its_time() {
    let calls: Vec<String> = ["stream", "array_buffer", "text", "json"]
        .iter()
        .map(|form| format!("10 s, a, get, key = 'x'; type = '{form}'"))
        .collect();
    let mut lines = vec!["0 s, a, put, key = 'x'; value_bytes = 2097152"];
    lines.extend(calls.iter().map(String::as_str));
    let records = played(&scenario(GROUND, KV, &lines));
    let took: Vec<u64> = records[1..].iter().map(|record| record.end.unwrap().since(record.start).0).collect();
    assert_eq!(took, [0, 200_000, 2_000_000, 20_000_000], "two mebibytes, from the cache");
}

/// Each limit: a call that just keeps it, and one that breaks it by one, with what the caller's code sees.
const LIMITS: [(&str, &str, &str, Refusal); 11] = [
    (
        "put, key = 'x'; key_bytes = 512",
        "put, key = 'x'; key_bytes = 513",
        "KV PUT failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512.",
        Refusal::KvKeyTooLong,
    ),
    ("get, key = 'x'; key_bytes = 1", "get, key = ''", "Key name cannot be empty.", Refusal::KvKeyName),
    ("get, key = '...'", "get, key = '..'", "\"..\" is not allowed as a key name.", Refusal::KvKeyName),
    (
        "put, key = 'x'; value_bytes = 26214400",
        "put, key = 'x'; value_bytes = 26214401",
        "KV PUT failed: 413 Value length of 26214401 exceeds limit of 26214400.",
        Refusal::KvValueTooLarge,
    ),
    (
        "put, key = 'x'; metadata_bytes = 1024",
        "put, key = 'x'; metadata_bytes = 1025",
        "KV PUT failed: 413 Metadata length of 1025 exceeds limit of 1024.",
        Refusal::KvMetadataTooLarge,
    ),
    (
        "get, key = 'x'; cache_ttl = '30 s'",
        "get, key = 'x'; cache_ttl = '29 s'",
        "KV GET failed: 400 Invalid cache_ttl of 29. Cache TTL must be at least 30.",
        Refusal::KvCacheTtlTooShort,
    ),
    (
        "put, key = 'x'; expiration_ttl = '60 s'",
        "put, key = 'x'; expiration_ttl = '59 s'",
        "KV PUT failed: 400 Invalid expiration_ttl of 59. Expiration TTL must be at least 60.",
        Refusal::KvExpirationTooShort,
    ),
    (
        "put, key = 'x'; expiration = '61 s'",
        "put, key = 'x'; expiration = '60 s'",
        "KV PUT failed: 400 Invalid expiration of 60. Expiration times must be at least 60 seconds in the future.",
        Refusal::KvExpirationTooShort,
    ),
    (
        "list, limit = 1000",
        "list, limit = 1001",
        "KV LIST failed: 400 Invalid key_count_limit of 1001. Please specify an integer less than 1000.",
        Refusal::KvListTooLong,
    ),
    (
        "list, prefix = 'x'; key_bytes = 512",
        "list, prefix = 'x'; key_bytes = 513",
        "KV LIST failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512.",
        Refusal::KvKeyTooLong,
    ),
    (
        "delete, key = 'x'; key_bytes = 512",
        "delete, key = 'x'; key_bytes = 513",
        "KV DELETE failed: 414 UTF-8 encoded length of 513 exceeds key length limit of 512.",
        Refusal::KvKeyTooLong,
    ),
];

#[track_caller]
fn refused(store: &str, calls: &[&str]) -> Option<(Refusal, u64, String)> {
    let scenario = scenario(GROUND, store, calls);
    let measured = measured(&scenario);
    let (refusal, (times, _)) = measured.refusals.iter().next()?;
    assert_eq!(measured.refusals.len(), 1);
    let told = measured.refusal_texts.get(refusal).map(|(_, text)| text.clone());
    Some((*refusal, *times, told.unwrap_or_else(|| scenario.error_text(*refusal))))
}

#[test]
fn every_limit_of_a_call_is_met_and_just_kept() {
    for (keeps, breaks, text, refusal) in LIMITS {
        // Another call names the key, for the lists.
        let with = |call: &str| -> Option<(Refusal, u64, String)> {
            refused(KV, &["0 s, a, get, key = 'x'", &format!("1 s, a, {call}")])
        };
        assert_eq!(with(keeps), None, "{keeps}");
        assert_eq!(with(breaks), Some((refusal, 1, text.to_string())), "{breaks}");
    }
}

fn bulk(keys: usize) -> String {
    let names: Vec<String> = (0..keys).map(|n| format!("'{n:04}'")).collect();
    format!("10 s, b, get_bulk, keys = [{}]", names.join(", "))
}

#[test]
fn a_bulk_read_takes_a_hundred_keys_and_25_mib() {
    assert_eq!(refused(KV, &[&bulk(100)]), None);
    let (refusal, _, text) = refused(KV, &[&bulk(101)]).unwrap();
    assert_eq!(
        (refusal, text.as_str()),
        (Refusal::KvBulkTooManyKeys, "KV GET_BULK failed: 400 You can request a maximum of 100 keys")
    );
    let half = "0 s, a, put, key = '0000'; value_bytes = 13107200";
    let other = |bytes: u32| format!("0 s, a, put, key = '0001'; value_bytes = {bytes}");
    assert_eq!(refused(KV, &[half, &other(13_107_200), &bulk(2)]), None);
    let (refusal, _, text) = refused(KV, &[half, &other(13_107_201), &bulk(2)]).unwrap();
    assert_eq!(
        (refusal, text.as_str()),
        (Refusal::KvBulkTooLarge, "KV GET_BULK failed: 413 Total size of request exceeds the limit of 25MB")
    );
    assert_eq!(refused(D1, &[&bulk(100)]), None);
    let (refusal, ..) = refused(D1, &[half]).unwrap();
    assert_eq!(refusal, Refusal::D1RowTooLarge, "D1 has a limit for each row instead");
}

#[test]
fn an_invocation_makes_a_thousand_operations_and_a_bulk_read_is_one() {
    let reads = |times: u32| format!("1 s, a, get, key = 'x'; times = {times}; every = '1 ms'; invocation = 'i'");
    assert_eq!(refused(KV, &[&reads(1000)]), None);
    assert_eq!(
        refused(KV, &[&reads(1002)]).map(|(refusal, times, _)| (refusal, times)),
        Some((Refusal::KvTooManyOperations, 2))
    );
    let bulk = "0 s, a, get_bulk, keys = ['x', 'y', 'z']; invocation = 'i'";
    assert_eq!(refused(KV, &[bulk, &reads(999)]), None);
    assert_eq!(refused(KV, &[bulk, &reads(1000)]).map(|(_, times, _)| times), Some(1));
    let alone = reads(2000).replace("; invocation = 'i'", "");
    assert_eq!(refused(KV, &[&alone]), None, "each is an invocation of its own");
}

#[test]
fn an_invocation_has_six_connections_open_and_further_calls_wait() {
    let ends = |store: &str, calls: usize, invocation: &str| -> Vec<u64> {
        let line = |n: usize| format!("1 s, a, get, key = 'k{n:02}'{invocation}");
        let lines: Vec<String> = (0..calls).map(line).collect();
        let records = played(&scenario(GROUND, store, &lines.iter().map(String::as_str).collect::<Vec<_>>()));
        let mut ends: Vec<u64> = records.iter().map(|record| record.end.expect("answered").0 / 1_000_000).collect();
        ends.sort_unstable();
        ends
    };
    // Each takes a round trip of 100 ms.
    for store in [KV, D1] {
        assert_eq!(ends(store, 6, "; invocation = 'i'"), [1_100; 6], "{store}");
        assert_eq!(ends(store, 7, "; invocation = 'i'"), [1_100, 1_100, 1_100, 1_100, 1_100, 1_100, 1_200], "{store}");
        assert_eq!(ends(store, 13, "; invocation = 'i'")[11..], [1_200, 1_300], "{store}");
        assert_eq!(ends(store, 13, ""), [1_100; 13], "{store}: each is an invocation of its own");
    }
    // A list's next page waits its turn like any other call: seven pages and six reads, of which one is in front of it.
    let lines: Vec<String> = (0..7).map(|n| format!("0 s, a, put, key = 'k{n}'")).collect();
    let reads = (0..6).map(|n| format!("10 s, a, get, key = 'k{n}'; invocation = 'i'"));
    let list = "10 s, a, list, limit = 1; pages = 7; invocation = 'i'".to_string();
    let lines: Vec<String> = lines.into_iter().chain([list]).chain(reads).collect();
    let records = played(&scenario(GROUND, KV, &lines.iter().map(String::as_str).collect::<Vec<_>>()));
    let starts = records.iter().filter(|record| record.listing.is_some()).map(|record| record.start.0 / 1_000_000);
    assert_eq!(starts.collect::<Vec<_>>(), [10_000, 10_100, 10_200, 10_300, 10_400, 10_500, 10_600]);
}

#[test]
fn instant_has_limits_of_its_own() {
    let put =
        |key: u32, at: u32, bytes: u32| format!("{at} s, a, put, key = 'k{key}'; key_bytes = 2; value_bytes = {bytes}");
    let rule = |calls: &[String]| {
        refused(INSTANT, &calls.iter().map(String::as_str).collect::<Vec<_>>()).map(|(rule, ..)| rule)
    };
    let key = |bytes: u32| vec![format!("0 s, a, put, key = 'x'; key_bytes = {bytes}")];
    assert_eq!(rule(&key(300)), None);
    let (refusal, _, text) = refused(INSTANT, &[&key(301)[0]]).unwrap();
    assert_eq!(
        (refusal, text.as_str()),
        (
            Refusal::KvInstantKeyTooLong,
            "KV PUT failed: 414 UTF-8 encoded length of 301 exceeds key length limit of 300."
        )
    );
    // A megabyte together, keys included; what is deleted, replaced or expired makes room.
    assert_eq!(rule(&[put(1, 0, 499_998), put(2, 2, 499_998)]), None);
    assert_eq!(rule(&[put(1, 0, 499_998), put(2, 2, 499_999)]), Some(Refusal::KvInstantStorageFull));
    assert_eq!(rule(&[put(1, 0, 499_998), put(1, 2, 5), put(2, 4, 999_991)]), None);
    assert_eq!(rule(&[put(1, 0, 900_000), "2 s, a, delete, key = 'k1'".into(), put(2, 4, 900_000)]), None);
    let dying = format!("{}; expiration_ttl = '60 s'", put(1, 0, 900_000));
    assert_eq!(rule(&[dying.clone(), put(2, 59, 900_000)]), Some(Refusal::KvInstantStorageFull), "not yet");
    assert_eq!(rule(&[dying, put(2, 60, 900_000)]), None);
    // No metadata: they are dropped, and take no room.
    assert_eq!(rule(&[format!("{}; metadata_bytes = 1000", put(1, 0, 999_998))]), None);
    let writes = |gap: &str| vec![put(1, 0, 1), put(2, 0, 1).replace("0 s", gap)];
    assert_eq!(rule(&writes("1 s")), None, "one write per second of the namespace");
    assert_eq!(rule(&writes("999 ms")), Some(Refusal::KvInstantTooManyWrites));
}

#[test]
fn instant_keeps_ten_thousand_keys() {
    // A scenario has a thousand lines at most, so the script is made of the first one.
    let puts = |keys: u32| -> Scenario {
        let mut whole = scenario(GROUND, INSTANT, &["0 s, a, put, key = '0'; value_bytes = 1"]);
        let WorkloadConfig::Calls(script) = &mut whole.workload else { panic!("calls") };
        let first = script.calls[0].clone();
        let line =
            |n: u32| CallConfig { at: Span::from_secs(u64::from(n) * 2), group: n, key: Key(n), ..first.clone() };
        script.calls = (0..keys).map(line).collect();
        script.keys = (0..keys).map(|n| format!("{n:05}")).collect();
        script.groups = (0..keys).collect();
        whole.duration = Span::from_secs(100_000);
        whole
    };
    assert!(measured(&puts(10_000)).refusals.is_empty());
    let beyond = measured(&puts(10_001));
    assert_eq!(beyond.refusals.keys().copied().collect::<Vec<_>>(), [Refusal::KvInstantTooManyKeys]);
}

#[test]
fn storage_is_what_is_neither_deleted_nor_expired_times_how_long() {
    // Committed half a round trip after the call: 10 bytes from 0.05 s to 60.05 s, 100 from 10.05 s to 20.05 s, then 7.
    let calls = [
        "0 s, a, put, key = 'x'; key_bytes = 1; value_bytes = 9; expiration_ttl = '60 s'",
        "10 s, a, put, key = 'y'; key_bytes = 1; value_bytes = 90; metadata_bytes = 9",
        "20 s, b, put, key = 'y'; key_bytes = 1; value_bytes = 6",
        "0 s, b, put, key = 'z'",
        "0 s, b, delete, key = 'z'",
    ];
    let mut scenario = scenario(GROUND, KV, &calls);
    scenario.duration = Span::from_secs(100);
    let whole = 10 * 60_000 + 100 * 10_000 + 7 * 79_950_u128;
    let kept = |scenario: &Scenario| {
        let storage = measured(scenario).storage;
        (storage.byte_ns, storage.bytes_at_start, storage.bytes_at_end)
    };
    assert_eq!(kept(&scenario), (whole * 1_000_000, 0, 7));
    scenario.warmup = Span::from_secs(50);
    assert_eq!(kept(&scenario), ((10 * 10_050 + 7 * 50_000) * 1_000_000, 17, 7), "measured from 50 s on");
}

/// Random scripts over a few keys with two prefixes.
fn script() -> impl Strategy<Value = Vec<String>> {
    let key = prop_oneof!["a:1", "a:2", "a:3", "b:1", "b:2"];
    let operation = prop_oneof![
        4 => key.clone().prop_map(|key| format!("get, key = '{key}'")),
        1 => key.clone().prop_map(|key| format!("get, key = '{key}'; cache_ttl = '5 min'")),
        3 => key.clone().prop_map(|key| format!("put, key = '{key}'")),
        2 => (key.clone(), 60..90_u32).prop_map(|(key, ttl)| format!("put, key = '{key}'; expiration_ttl = '{ttl} s'")),
        2 => key.prop_map(|key| format!("delete, key = '{key}'")),
        2 => Just("list, prefix = 'a:'".to_string()),
        1 => (1..4_u32).prop_map(|limit| format!("list, prefix = 'a:'; limit = {limit}; pages = 9")),
        1 => Just("list, prefix = 'b'".to_string()),
        1 => Just("get_bulk, keys = ['b:1', 'b:2']".to_string()),
    ];
    let named = ["a:1", "a:2", "a:3", "b:1", "b:2"].map(|key| format!("0 s, a, get, key = '{key}'"));
    proptest::collection::vec((0..400_000_u32, any::<bool>(), operation), 1..60).prop_map(move |steps| {
        let line = |(at, second, operation): (u32, bool, String)| {
            format!("{at} ms, {}, {operation}", if second { "b" } else { "a" })
        };
        named.iter().cloned().chain(steps.into_iter().map(line)).collect()
    })
}

fn lines(script: &[String]) -> Vec<&str> {
    script.iter().map(String::as_str).collect()
}

proptest! {
    #![proptest_config(cases(64))]

    /// One location without delays: what is complete is seen, in reads, bulk reads and lists.
    #[test]
    fn at_one_place_without_delays_nothing_is_stale(script in script()) {
        let here: Vec<String> = script.iter().map(|line| line.replace(", b, ", ", a, ")).collect();
        let store = format!("{KV}\nwrite_limit = 'lenient'");
        let measured = measured(&scenario(ONE_PLACE, &store, &lines(&here)));
        for id in [CountId::StaleReads, CountId::StaleLists, CountId::ListMissing, CountId::ListDeleted] {
            prop_assert_eq!(measured.count(id).hits, 0, "{:?}", id);
        }
    }

    /// A strong store's lists are never stale, wherever they are asked for.
    #[test]
    fn strong_stores_list_the_truth(script in script()) {
        for store in [D1, OBJECT] {
            let measured = measured(&scenario(GROUND, store, &lines(&script)));
            prop_assert_eq!(measured.count(CountId::StaleLists).hits, 0, "{}", store);
        }
    }

    /// An expired version is never served: not by a cache, not in a bulk read, not in a list.
    #[test]
    fn what_has_expired_is_not_served(script in script()) {
        let store = format!("{KV}\nwrite_limit = 'lenient'\ncache_ttl = '10 min'");
        for store in [store.as_str(), INSTANT] {
            let records = played(&scenario(GROUND, store, &lines(&script)));
            // A version expires so long after its commit, which is half a round trip after the put.
            let life = |value: i64| records.iter().find_map(|record| match record.operation {
                Operation::Put { value: put, ttl } if put == value => {
                    Some(ttl.map_or(Time::NEVER, |ttl| record.start + Span::from_millis(50) + ttl))
                }
                _ => None,
            });
            for record in records.iter().filter(|record| record.operation.is_read()) {
                let seen = std::iter::once(&record.seen).chain(record.others.iter().flatten()).filter_map(|seen| seen.value);
                let end = record.end.expect("answered");
                let listed = record.listing.iter().flat_map(|page| page.shown(end)).filter_map(|told| told.seen.value);
                for value in seen.chain(listed) {
                    let expires = life(value).expect("every value was put");
                    prop_assert!(record.start < expires, "{:?} was served after {:?}", record, expires);
                }
            }
        }
    }

    /// Groups simulated one by one give the figures of all together, on any number of shares.
    #[test]
    fn groups_can_be_simulated_apart(script in script()) {
        for store in [KV, OBJECT] {
            let scenario = scenario(GROUND, store, &lines(&script));
            let contestant = &Contestant::all(&scenario)[0];
            let groups = contestant.separable().expect("groups");
            prop_assert!(groups >= 2, "the two prefixes never meet");
            let whole = contestant.simulate_whole(0).expect("no trace");
            for shares in [1, 2] {
                let part = |share| contestant.simulate(Unit { store: 0, replication: 0, share, shares }).expect("no trace");
                prop_assert_eq!(&Measurements::merged((0..shares).map(part).collect()), &whole);
            }
        }
    }
}
