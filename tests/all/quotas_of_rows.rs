//! Quotas of a day of D1 and of Durable Objects: rows, requests and active time, which are the account's and not a key's.

use consistency_sim::history::Record;
use consistency_sim::limits::{MeterId, Plan};
use consistency_sim::metrics::{CountId, Measurements};
use consistency_sim::model::{Location, Refusal, Span, Time};
use consistency_sim::random::Law;
use consistency_sim::run::{Contestant, Options, Unit, Unwatched, run};
use consistency_sim::scenario::{Origin, Scenario, parse, platform_of};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::quotas::free;
use crate::support::*;

/// Twenty hours before midnight and a day after it, of reads and writes on many keys.
fn busy(store: StoreConfig) -> Scenario {
    let mut scenario = scenario(network(5, Span::from_millis(40)), mix(37, 0.09, 0.03), vec![store]);
    scenario.plan = Plan::Free;
    scenario.starts_at = Span::from_secs(4 * 3600);
    scenario.duration = Span::from_secs(44 * 3600);
    scenario.warmup = Span::ZERO;
    scenario.replications = 1;
    scenario
}

fn replicated() -> StoreConfig {
    let replication = ReplicationConfig {
        replicas: vec![Location(0), Location(2)],
        lag: Law::Constant(Span::from_secs(1)),
        session: SessionStart::Unconstrained,
        bookmark: Bookmark::Carried,
    };
    let config = D1Config { replication: Some(replication), ..d1_config(Location(0)) };
    StoreConfig { name: "replicas".into(), label: "D1 with replicas".into(), kind: StoreKind::D1(config) }
}

fn through_object(read_from: ReadFrom) -> StoreConfig {
    let config = KvThroughObjectConfig {
        object: DurableObjectConfig::default(),
        cache: KvPullConfig { common: instant_kv(), cache_ttl: Span::from_secs(60), negative_caching: true },
        publish_every: Span::from_secs(1),
        read_from,
    };
    let kind = StoreKind::KvThroughObject(config);
    StoreConfig { name: "through".into(), label: "KV through an object".into(), kind }
}

fn records(scenario: &Scenario) -> Vec<Record> {
    let contestants = Contestant::all(scenario);
    let parts = contestants[0].record_all(0, 10_000_000).expect("a short history");
    parts.into_iter().flat_map(|(_, history)| history.records).collect()
}

/// What one day's records use of a rule's quota.
fn use_of(rule: Refusal, record: &Record) -> usize {
    let writes = usize::from(!record.operation.is_read());
    match rule {
        Refusal::D1RowsWrittenPerDay | Refusal::ObjectRowsWrittenPerDay => writes,
        _ => 1,
    }
}

/// For each quota: what the account uses first goes through, exactly as much as the quota has; whatever would use more is
/// refused until midnight UTC, and then all begins anew. What uses nothing of it goes on.
#[test]
fn the_first_of_each_day_go_through_and_no_others() {
    let d1 = d1(Location(0));
    let quotas = [
        (d1.clone(), "d1", "rows_read_per_day", Refusal::D1RowsReadPerDay),
        (d1, "d1", "rows_written_per_day", Refusal::D1RowsWrittenPerDay),
        (replicated(), "d1", "rows_read_per_day", Refusal::D1RowsReadPerDay),
        (durable_object(), "durable_object", "requests_per_day", Refusal::ObjectRequestsPerDay),
        (durable_object(), "durable_object", "rows_read_per_day", Refusal::ObjectRowsReadPerDay),
        (durable_object(), "durable_object", "rows_written_per_day", Refusal::ObjectRowsWrittenPerDay),
    ];
    for (store, section, key, rule) in quotas {
        let quota = 1000;
        let mut scenario = busy(store);
        scenario.platform = free(section, &[(key, quota)]);
        let records = records(&scenario);
        assert!(records.iter().all(|one| one.refusal.is_none_or(|refusal| refusal == rule)));
        for day in 0..2 {
            let of_day = |one: &&Record| (one.start.0 + scenario.starts_at.0) / 86_400_000_000_000 == day;
            let today = || records.iter().filter(of_day);
            let used: usize = today().filter(|one| one.refusal.is_none()).map(|one| use_of(rule, one)).sum();
            assert_eq!(used as u64, quota, "{key} of {section}, day {day}");
            let first = today().filter(|one| one.refusal.is_some()).map(|one| one.start).min().expect("refused");
            let later = today().filter(|one| one.start >= first && use_of(rule, one) > 0);
            // A location that is nearer to a replica may still have been served there.
            let through = later.filter(|one| one.refusal.is_none()).count();
            assert!(through == 0, "{key} of {section}, day {day}: {through} go through after {first:?}");
        }
    }
}

/// With a quota as large as the day's use nothing is refused; with one less, one request is.
#[test]
fn one_more_than_the_quota_is_one_refusal() {
    let quotas = [
        (d1(Location(0)), "d1", "rows_read_per_day", Refusal::D1RowsReadPerDay),
        (d1(Location(0)), "d1", "rows_written_per_day", Refusal::D1RowsWrittenPerDay),
        (durable_object(), "durable_object", "requests_per_day", Refusal::ObjectRequestsPerDay),
        (durable_object(), "durable_object", "rows_read_per_day", Refusal::ObjectRowsReadPerDay),
        (durable_object(), "durable_object", "rows_written_per_day", Refusal::ObjectRowsWrittenPerDay),
    ];
    for (store, section, key, rule) in quotas {
        let mut scenario = busy(store);
        scenario.starts_at = Span::ZERO;
        scenario.duration = Span::from_secs(86_400);
        let used: usize = records(&scenario).iter().map(|one| use_of(rule, one)).sum();
        scenario.platform = free(section, &[(key, used as u64)]);
        assert_eq!(outcome(&scenario).stores[0].limits, [], "{key} of {section}");
        scenario.platform = free(section, &[(key, used as u64 - 1)]);
        let limits = &outcome(&scenario).stores[0].limits;
        assert_eq!(limits.len(), 1, "{key} of {section}");
        assert_eq!((limits[0].refusal, limits[0].violations), (rule, 1));
        assert_eq!(limits[0].text, rule.facts().text(&scenario.platform, Plan::Free));
    }
}

/// The real quotas, from midnight on, at a steady pace: 2 reads a second of 50 rows each, and 2 requests a second.
#[test]
fn a_steady_pace_ends_at_the_second_that_division_says() {
    let text = |store: &str| {
        format!(
            "name = \"steady\"\nquestion = \"?\"\nduration = \"24 h\"\nplan = \"free\"\nedges = [\"LHR\"]\n\
             [workload]\nkind = \"calls\"\n[[workload.call]]\nop = \"get\"\nkey = \"a\"\nat = \"0 s\"\ntimes = 172_800\n\
             every = \"500 ms\"\n{store}"
        )
    };
    let cases = [
        ("[[store]]\nkind = \"d1\"\nscan_rows = 50\n", Refusal::D1RowsReadPerDay),
        ("[[store]]\nkind = \"durable_object\"\n", Refusal::ObjectRequestsPerDay),
        ("[[store]]\nkind = \"kv\"\n", Refusal::KvReadsPerDay),
    ];
    for (store, rule) in cases {
        let mut scenario = parse(&text(store), &Origin::default()).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        scenario.replications = 1;
        let refused: Vec<Time> =
            records(&scenario).iter().filter(|one| one.refusal == Some(rule)).map(|one| one.start).collect();
        // 13:53:20 UTC.
        assert_eq!(refused.first(), Some(&Time(50_000_000_000_000)), "{rule:?}");
        assert_eq!(refused.len(), 172_800 - 100_000);
    }
}

/// Objects that are always active use 128 MB each: 13,000 GB-s last four of them 25,390.625 s.
#[test]
fn active_time_ends_when_the_memory_times_the_time_is_used_up() {
    let second = || Law::Constant(Span::from_secs(1));
    let config = DurableObjectConfig { read_time: second(), ..DurableObjectConfig::default() };
    let mut scenario = busy(object("do", "Objects", config));
    let WorkloadConfig::Mix(mut work) = mix(4, 4.0, 0.0) else { unreachable!("a mix") };
    work.shape = Shape::Constant;
    scenario.workload = WorkloadConfig::Mix(work);
    scenario.platform = free("durable_object", &[("requests_per_day", 1_000_000)]);
    scenario.starts_at = Span::ZERO;
    scenario.duration = Span::from_secs(10 * 3600);
    let first =
        |scenario: &Scenario| outcome(scenario).stores[0].limits.first().map(|limit| (limit.refusal, limit.first));
    let (refusal, at) = first(&scenario).expect("the quota ends");
    assert_eq!(refusal, Refusal::ObjectDurationPerDay);
    // Each request is charged as it comes, and each object is a little behind the others.
    assert!((25_385.0..25_400.0).contains(&at.seconds()), "{at:?}");
    scenario.duration = Span::from_secs(25_380);
    assert_eq!(first(&scenario), None);
}

/// Quotas that nobody reaches couple all objects, and change no figure; on any number of threads.
#[test]
fn coupled_objects_do_what_they_do_alone() {
    let mut free_plan = busy(durable_object());
    free_plan.replications = 2;
    let far = 1_000_000_000;
    free_plan.platform = free("durable_object", &[("requests_per_day", far), ("duration_gb_s_per_day", far)]);
    let paid = Scenario { plan: Plan::Paid, ..free_plan.clone() };
    let (alone, together) = (Contestant::all(&paid), Contestant::all(&free_plan));
    assert_eq!((alone[0].separable(), together[0].separable()), (Some(37), None));
    for replication in 0..2 {
        let unit = |share, shares| Unit { store: 0, replication, share, shares };
        let parts = (0..5).map(|share| alone[0].simulate(unit(share, 5)).expect("no trace")).collect();
        let whole = together[0].simulate(unit(0, 1)).expect("no trace");
        assert!(whole.usage.of(MeterId::ObjectDuration) > 0);
        assert!(Measurements::merged(parts) == whole, "replication {replication}");
    }
}

#[test]
fn threads_and_order_change_nothing() {
    let stores = [d1(Location(0)), replicated(), durable_object(), through_object(ReadFrom::Kv)];
    let mut scenario = busy(stores[0].clone());
    scenario.stores = stores.to_vec();
    scenario.replications = 3;
    let text = "name = \"small\"\nextends = \"cf-2026-11\"\n[kv]\nwrites_per_day = { free = 500, paid = \"unlimited\" }\n\
                [d1]\nrows_read_per_day = { free = 2000, paid = \"unlimited\" }\n\
                [durable_object]\nrequests_per_day = { free = 600, paid = \"unlimited\" }\n";
    scenario.platform = platform_of(text, "small.toml").expect("a platform").into();
    let digest = |threads| {
        let outcome = run(&scenario, &Options { threads, command: String::new() }, &Unwatched).expect("no trace");
        assert!(outcome.stores.iter().all(|store| !store.limits.is_empty()));
        outcome.digest
    };
    assert_eq!(digest(1), digest(2));
    let checked = consistency_sim::run::determinism::check(&scenario, 2).expect("no trace");
    assert!(checked.1.is_none());
}

/// An object that writes KV uses up the day's writes of KV; then its storage goes on alone, and readers of KV see nothing new.
#[test]
fn what_an_object_puts_counts_as_writes_of_kv() {
    let mut scenario = busy(through_object(ReadFrom::Kv));
    // No alarm of an object tries a put again after the second midnight.
    scenario.duration = Span::from_secs(43 * 3600);
    scenario.platform = free("kv", &[("writes_per_day", 700)]);
    let found = outcome(&scenario);
    // The clients hear nothing of it, because the object has answered them; the report tells of it all the same.
    let limits: Vec<Refusal> = found.stores[0].limits.iter().map(|limit| limit.refusal).collect();
    assert_eq!(limits, [Refusal::KvWritesPerDay]);
    assert!(records(&scenario).iter().all(|one| one.refusal.is_none()));
    assert_eq!(found.stores[0].pooled.usage.of(MeterId::KvWrites), 2 * 700);
    let stale = |scenario: &Scenario| outcome(scenario).stores[0].pooled.count(CountId::StaleReads).hits;
    let limited = stale(&scenario);
    scenario.plan = Plan::Paid;
    assert!(limited > 5 * stale(&scenario));
}

/// And the readers of KV use up its reads, the writers the requests to objects.
#[test]
fn readers_of_kv_and_callers_of_the_object_have_quotas_of_their_own() {
    for (section, key, rule) in [
        ("kv", "reads_per_day", Refusal::KvReadsPerDay),
        ("durable_object", "requests_per_day", Refusal::ObjectRequestsPerDay),
    ] {
        let mut scenario = busy(through_object(ReadFrom::Kv));
        scenario.platform = free(section, &[(key, 600)]);
        let records = records(&scenario);
        let reads = rule == Refusal::KvReadsPerDay;
        let mine = || records.iter().filter(|one| one.operation.is_read() == reads);
        assert_eq!(mine().filter(|one| one.refusal.is_none()).count(), 2 * 600);
        assert!(mine().filter(|one| one.refusal.is_some()).all(|one| one.refusal == Some(rule)));
        assert!(records.iter().filter(|one| one.operation.is_read() != reads).all(|one| one.refusal.is_none()));
    }
}

/// One request every 1,000 s, of 1 ms: an object that hibernates is active for as long; one that may not for 100 s more,
/// until it is evicted. What several requests share of the time is charged once.
#[test]
fn idle_time_is_charged_where_an_object_may_not_hibernate() {
    let active = |hibernates: bool, rate: f64| {
        let life = ObjectLife { hibernates, evict_after: Law::Constant(Span::from_secs(100)), ..ObjectLife::default() };
        let config = DurableObjectConfig { life, ..DurableObjectConfig::default() };
        let mut scenario = busy(object("do", "Objects", config));
        let WorkloadConfig::Mix(mut work) = mix(1, rate, 0.0) else { unreachable!("a mix") };
        work.shape = Shape::Constant;
        scenario.workload = WorkloadConfig::Mix(work);
        scenario.duration = Span::from_secs(100_000);
        scenario.network.edges = 1;
        scenario.plan = Plan::Paid;
        outcome(&scenario).stores[0].pooled.usage.of(MeterId::ObjectDuration)
    };
    let second = 1_000_000_000;
    assert_eq!(active(true, 0.001), 100 * second / 1000);
    assert_eq!(active(false, 0.001), 100 * (100 * second + second / 1000));
    // Every 50 s: it never sleeps, from its first request to the end of the run.
    let awake = active(false, 0.02);
    assert!((99_950 * second..=100_000 * second).contains(&awake), "{awake}");
}

/// An object that writes behind writes a row when it sets its alarm and one for each key that the alarm stores.
#[test]
fn setting_an_alarm_is_a_row_and_memory_is_none() {
    let rows = |state| {
        let code = ObjectCode { state, ..ObjectCode::default() };
        let mut scenario =
            busy(object("do", "Objects", DurableObjectConfig { code, ..DurableObjectConfig::default() }));
        let WorkloadConfig::Mix(mut work) = mix(1, 0.0, 1.0) else { unreachable!("a mix") };
        work.shape = Shape::Constant;
        scenario.workload = WorkloadConfig::Mix(work);
        scenario.network.edges = 1;
        scenario.duration = Span::from_secs(1000);
        scenario.plan = Plan::Paid;
        let usage = outcome(&scenario).stores[0].pooled.usage;
        (usage.of(MeterId::ObjectRowsRead), usage.of(MeterId::ObjectRowsWritten))
    };
    assert_eq!(rows(ObjectState::Storage), (1000, 1000));
    assert_eq!(rows(ObjectState::Memory), (0, 0));
    // Ten seconds after the first change: of every eleven writes one sets the alarm, or one in ten, by a hair.
    let (read, written) = rows(ObjectState::WrittenBehind { after: Span::from_millis(9_500), failures: 0.0 });
    assert_eq!((read, written), (0, 2 * 100));
}

/// A scenario of calls on one object, or on several, on the free plan of a small platform.
fn stores_bytes(section: &str, key: &str, cap: u64, store: &str, more: &str, calls: &[&str]) -> Scenario {
    let calls: String = calls.iter().map(|call| format!("[[workload.call]]\n{call}\n")).collect();
    let text = format!(
        "name = \"bytes\"\nquestion = \"?\"\nduration = \"10 min\"\nplan = \"free\"\nedges = [\"LHR\"]\nreplications = 1\n\
         [workload]\nkind = \"calls\"\n{more}\n{calls}[[store]]\n{store}\n"
    );
    let mut scenario = parse(&text, &Origin::default()).unwrap_or_else(|wrong| panic!("{text}\n{wrong:?}"));
    let text = format!("name = \"small\"\nextends = \"cf-2026-11\"\n[{section}]\n{key} = \"{cap} B\"\n");
    scenario.platform = platform_of(&text, "small.toml").expect("a platform").into();
    scenario
}

fn refusals(scenario: &Scenario) -> Vec<(Refusal, u64)> {
    outcome(scenario).stores[0].limits.iter().map(|limit| (limit.refusal, limit.violations)).collect()
}

const OBJECT: &str = "kind = \"durable_object\"";
const PUT_A: &str = "at = \"1 s\"\nop = \"put\"\nkey = \"a\"\nvalue_bytes = 99";
const PUT_B: &str = "at = \"2 s\"\nop = \"put\"\nkey = \"b\"\nvalue_bytes = 99";
const BOTH: &str = "at = \"3 s\"\nop = \"get_bulk\"\nkeys = [\"a\", \"b\"]";

/// Keys that are read together are one object's: 200 bytes. Otherwise each has an object of its own.
#[test]
fn each_object_has_a_cap_and_all_have_one_together() {
    let refused = |key, cap, calls: &[&str]| refusals(&stores_bytes("durable_object", key, cap, OBJECT, "", calls));
    let full = vec![(Refusal::ObjectStorageFull, 1)];
    assert_eq!(refused("object_bytes_max", 199, &[PUT_A, PUT_B, BOTH]), full);
    assert_eq!(refused("object_bytes_max", 200, &[PUT_A, PUT_B, BOTH]), []);
    assert_eq!(refused("object_bytes_max", 100, &[PUT_A, PUT_B]), []);
    assert_eq!(refused("storage_bytes_max", 199, &[PUT_A, PUT_B]), full);
    assert_eq!(refused("storage_bytes_max", 200, &[PUT_A, PUT_B]), []);
    // What is deleted makes room.
    let delete = "at = \"1500 ms\"\nop = \"delete\"\nkey = \"a\"";
    assert_eq!(refused("storage_bytes_max", 199, &[PUT_A, delete, PUT_B]), []);
}

/// What is there at the start counts: 288 bytes and the name of each key. Keys of KV that nothing connects share the account.
#[test]
fn what_is_preloaded_takes_room() {
    let preloaded = "preloaded = true";
    let get = "at = \"1 s\"\nop = \"get\"\nkey = \"c\"";
    let cases = [
        ("kv", "storage_bytes_max", "kind = \"kv\"", Refusal::KvStorageFull),
        ("kv", "storage_bytes_max", "kind = \"kv\"\nmodel = \"push\"\ndelay = \"1 s\"", Refusal::KvStorageFull),
        ("d1", "database_bytes_max", "kind = \"d1\"", Refusal::D1DatabaseFull),
        ("durable_object", "storage_bytes_max", OBJECT, Refusal::ObjectStorageFull),
    ];
    for (section, key, store, rule) in cases {
        let put = "at = \"1 s\"\nop = \"put\"\nkey = \"a\"\nvalue_bytes = 388";
        // Two keys of 289 bytes, one of which grows by 100.
        let refused = |cap| refusals(&stores_bytes(section, key, cap, store, preloaded, &[put, get]));
        assert_eq!(refused(2 * 289 + 99), [(rule, 1)], "{store}");
        assert_eq!(refused(2 * 289 + 100), [], "{store}");
        let found = outcome(&stores_bytes(section, key, 10_000, store, preloaded, &[put, get]));
        let storage = found.stores[0].pooled.storage;
        assert_eq!((storage.bytes_at_start, storage.bytes_at_end), (578, 678), "{store}");
    }
}

/// A cache that cannot be filled answers from the database, and the report tells of the quota that it met.
#[test]
fn a_cache_that_cannot_be_filled_is_told_of() {
    let aside = CacheAsideConfig {
        cache: KvPullConfig { common: instant_kv(), cache_ttl: Span::from_secs(60), negative_caching: true },
        database: d1_config(Location(0)),
        expiration_ttl: Span::from_secs(60),
    };
    let kind = StoreKind::CacheAside(aside);
    let mut scenario = busy(StoreConfig { name: "aside".into(), label: "Aside".into(), kind });
    scenario.platform = free("kv", &[("writes_per_day", 100)]);
    let found = outcome(&scenario);
    let limits: Vec<Refusal> = found.stores[0].limits.iter().map(|limit| limit.refusal).collect();
    assert!(limits.contains(&Refusal::KvWritesPerDay), "{limits:?}");
    assert_eq!(found.stores[0].pooled.usage.of(MeterId::KvWrites), 2 * 100);
    assert!(records(&scenario).iter().all(|one| one.refusal != Some(Refusal::KvWritesPerDay)));
}
