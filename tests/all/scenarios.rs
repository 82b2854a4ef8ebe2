//! The shipped scenarios: each is run, repeats to the last bit, and shows what its text and the guidance say.
//!
//! A new scenario is run as soon as it lies in `scenarios/`; what it shows is a test of its own below.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::OnceLock;

use consistency_sim::metrics::{CountId, DistributionId};
use consistency_sim::run::{Options, Outcome, StoreOutcome, Unwatched, run};
use consistency_sim::scenario::{Override, Scenario, load_with};
use consistency_sim::stores::{ObjectState, StoreConfig, StoreKind};

use crate::house::{files, project};

/// Few, because every scenario is run several times here. `scripts/check release` takes as many.
const REPLICATIONS: u32 = 2;
/// The figures of every scenario as digests, the same in debug and release builds.
const DIGESTS: &str = "tests/data/digests.txt";

fn scenarios() -> Vec<Scenario> {
    let folder = project().join("scenarios");
    let files = files(&folder).into_iter().filter(|file| file.parent() == Some(&folder));
    let replications = [Override::set(format!("replications={REPLICATIONS}"))];
    let load = |file: std::path::PathBuf| {
        assert!(file.extension().is_some_and(|extension| extension == "toml"), "{} is no scenario", file.display());
        let scenario = load_with(&file, &replications).unwrap_or_else(|wrong| panic!("{}: {wrong:#?}", file.display()));
        let stem = file.file_stem().and_then(|stem| stem.to_str());
        assert_eq!(stem, Some(scenario.name.as_str()), "a scenario is found by its name");
        assert!(scenario.question.ends_with('?'), "{} opens with no question", scenario.name);
        scenario
    };
    files.map(load).collect()
}

fn with_threads(scenario: &Scenario, threads: usize) -> Outcome {
    run(scenario, &Options { threads, command: String::new() }, &Unwatched).expect("the trace can be read")
}

/// All outcomes on two threads, computed once for all tests.
pub fn outcomes() -> &'static BTreeMap<String, Outcome> {
    static OUTCOMES: OnceLock<BTreeMap<String, Outcome>> = OnceLock::new();
    OUTCOMES
        .get_or_init(|| scenarios().iter().map(|scenario| (scenario.name.clone(), with_threads(scenario, 2))).collect())
}

fn store(scenario: &str, name: &str) -> &'static StoreOutcome {
    let stores = &outcomes().get(scenario).unwrap_or_else(|| panic!("no scenario {scenario}")).stores;
    stores.iter().find(|store| store.name == name).unwrap_or_else(|| panic!("no store {name} in {scenario}"))
}

/// A figure in its exported unit.
fn figure(store: &StoreOutcome, metric: &str) -> f64 {
    store.estimate(metric).unwrap_or_else(|| panic!("{} has no {metric}", store.name)).value
}

#[track_caller]
fn within(scenario: &str, name: &str, metric: &str, least: f64, most: f64) {
    let value = figure(store(scenario, name), metric);
    println!("{scenario}, {name}: {metric} = {value}");
    assert!((least..=most).contains(&value), "{scenario}, {name}: {metric} = {value}, not in {least}..={most}");
}

#[track_caller]
fn none(scenario: &str, name: &str, id: CountId) {
    let count = store(scenario, name).pooled.count(id);
    assert!(count.of > 0, "{scenario}, {name}: nothing was counted");
    assert_eq!(count.hits, 0, "{scenario}, {name}: {id:?}");
}

/// SNAPSHOTS=overwrite writes the list anew. When it changes, so does `model::MODEL`, unless only the scenario did.
#[test]
fn every_scenario_repeats_to_the_last_bit() {
    let mut list = format!("# SHA-256 of all figures of each scenario, with {REPLICATIONS} replications.\n");
    for scenario in scenarios() {
        let outcome = &outcomes()[&scenario.name];
        assert!(*outcome == with_threads(&scenario, 1), "{}: the number of threads changes figures", scenario.name);
        writeln!(list, "{}  {}", outcome.digest, scenario.name).expect("text");
    }
    crate::documents::compare(DIGESTS, &list);
}

#[test]
fn no_scenario_shows_a_stale_read_on_a_strong_store() {
    let mut seen = 0;
    for (name, outcome) in outcomes() {
        let late = |name: &str| {
            let of = |config: &&StoreConfig| config.name == name;
            let config = outcome.scenario.stores.iter().find(of).expect("the store's own configuration");
            match &config.kind {
                // Read replicas are allowed to be late: not every session of theirs begins at the primary.
                StoreKind::D1(d1) => d1.replication.is_some(),
                // An object forgets what it has in memory only.
                StoreKind::DurableObject(object) => object.code.state != ObjectState::Storage,
                _ => false,
            }
        };
        let strong = outcome.stores.iter().filter(|store| ["d1", "durable_object"].contains(&store.kind));
        for store in strong.filter(|store| !late(&store.name)) {
            let never = [CountId::StaleReads, CountId::ReadYourWrites, CountId::MonotonicReads];
            for id in never {
                assert_eq!(store.pooled.count(id).hits, 0, "{name}, {}: {id:?}", store.name);
            }
            assert_eq!(store.pooled.distribution(DistributionId::StaleAge).count(), 0, "{name}, {}", store.name);
            assert!(store.pooled.operations > 1000, "{name}, {} does too little", store.name);
            seen += 1;
        }
    }
    assert!(seen >= 10, "{seen} strong stores");
}

#[test]
fn put_then_get_returns_what_other_locations_have_cached() {
    // Five of six locations are another one, and each holds an old copy for λτ/(1 + λτ) = 3/4 of the time, less what
    // has just been fetched.
    within("put-then-get", "kv", "old_or_nothing", 0.45, 0.75);
    within("put-then-get", "kv", "stale_age.max", 40.0, 61.0);
    none("put-then-get", "d1", CountId::OldOrNothing);
    none("put-then-get", "durable_object", CountId::OldOrNothing);
    // The price of strength: half of all reads take a journey.
    within("put-then-get", "kv", "read_latency.p50", 0.001, 0.005);
    within("put-then-get", "d1", "read_latency.p50", 0.1, 0.3);
}

#[test]
fn lists_of_other_locations_are_late() {
    // Two of three locations are late for half a minute, on average, of every five minutes; the writer's own is not.
    within("list-after-put", "kv", "stale_list_rate", 0.03, 0.11);
    within("list-after-put", "kv", "list_missing", 0.005, 0.09);
    within("list-after-put", "kv", "list_deleted", 0.005, 0.09);
    for store in ["d1", "durable_object"] {
        none("list-after-put", store, CountId::StaleLists);
    }
    within("list-after-put", "kv", "read_latency.p50", 0.001, 0.005);
}

#[test]
fn counters_lose_updates_on_kv_and_wherever_code_reads_and_then_writes() {
    within("counters", "kv", "lost_update_rate", 0.75, 0.87);
    within("counters", "do-read-then-write", "lost_update_rate", 0.04, 0.16);
    none("counters", "d1", CountId::LostUpdates);
    none("counters", "durable_object", CountId::LostUpdates);
    // One write per second to a key: most of what KV does not lose, it refuses.
    assert!(store("counters", "kv").limits.iter().any(|limit| limit.refusal.rule() == "kv.writes_per_key"));
}

#[test]
fn an_await_in_the_middle_of_an_update_loses_and_blocking_does_not() {
    // Twelve clients who think for a second and wait for about two tenths: ten updates a second, each open for 25 ms.
    within("object-foreign-await", "awaits", "lost_update_rate", 0.15, 0.2);
    none("object-foreign-await", "durable_object", CountId::LostUpdates);
    none("object-foreign-await", "blocks", CountId::LostUpdates);
}

#[test]
fn memory_forgets_nearly_all_of_a_long_run_and_an_alarm_saves_nearly_all_of_it() {
    within("object-eviction", "memory", "lost_update_rate", 0.97, 1.0);
    // A restart every hour, and what four clients add within the five seconds of the alarm.
    within("object-eviction", "written-behind", "lost_update_rate", 0.000_1, 0.002);
    none("object-eviction", "storage", CountId::LostUpdates);
}

#[test]
fn sessions_are_accepted_after_logout_on_kv_for_about_a_minute() {
    within("sessions", "kv", "exposure.max", 45.0, 61.0);
    within("sessions", "kv", "revoked_accepted", 0.01, 0.04);
    // What nobody asked for before is not cached: a login is seen everywhere at once.
    none("sessions", "kv", CountId::LoginNotSeen);
    for strong in ["d1", "durable_object"] {
        none("sessions", strong, CountId::RevokedAccepted);
        within("sessions", strong, "exposure.max", 0.0, 0.0);
        assert!(store("sessions", strong).promises[0].met, "a logout holds within a second on {strong}");
    }
    assert!(!store("sessions", "kv").promises[0].met, "no logout holds within a second on KV");
}

#[test]
fn flags_are_everywhere_within_the_ttl_and_a_fetch() {
    for (name, ttl) in [("kv", 60.0), ("kv-30s", 30.0)] {
        // The last old evaluation starts within the TTL of a copy that was fetched before the flip.
        within("feature-flags", name, "exposure.max", ttl - 8.0, ttl + 1.0);
        // Somebody must look before a new value shows: twelve edges look once a second, the last of them later.
        within("feature-flags", name, "last_edge.p50", ttl - 8.0, ttl + 1.0);
        within("feature-flags", name, "last_edge.max", ttl, ttl + 12.0);
    }
    for strong in ["d1", "durable_object"] {
        none("feature-flags", strong, CountId::StaleEvaluations);
        within("feature-flags", strong, "exposure.max", 0.0, 0.0);
    }
}

#[test]
fn configurations_tear_on_kv_seldom_and_are_whole_elsewhere() {
    within("config", "kv", "torn_reads", 0.000_02, 0.002);
    within("config", "kv", "stale_read_rate", 0.01, 0.04);
    none("config", "d1", CountId::TornReads);
    none("config", "durable_object", CountId::TornReads);
}

#[test]
fn rate_limits_overshoot_on_kv_and_cost_a_journey_elsewhere() {
    // Of about 270 requests in a busy window, the limit is 100.
    within("rate-limiting", "kv", "overshoot.mean", 120.0, 230.0);
    within("rate-limiting", "kv", "windows_over_limit", 1.0, 1.0);
    for strong in ["d1", "durable_object"] {
        within("rate-limiting", strong, "overshoot.max", 0.0, 0.0);
        none("rate-limiting", strong, CountId::FalseRejections);
        // Every request waits for the count: this is what speaks against a database far away.
        within("rate-limiting", strong, "write_latency.p50", 0.1, 0.3);
    }
    within("rate-limiting", "kv", "read_latency.p50", 0.001, 0.005);
}

#[test]
fn the_binding_admits_a_limit_for_each_location_and_adds_no_wait() {
    // 20 requests a second from six locations: each location admits 100 of its 200, and what its machines do not know yet.
    within("rate-limiting-binding", "rate_limiting", "overshoot.mean", 500.0, 560.0);
    within("rate-limiting-binding", "rate_limiting", "write_latency.max", 0.0, 0.0);
    within("rate-limiting-binding", "durable_object", "overshoot.max", 0.0, 0.0);
    let met =
        |name| store("rate-limiting-binding", name).promises.iter().map(|promise| promise.met).collect::<Vec<_>>();
    assert_eq!((met("rate_limiting"), met("durable_object")), (vec![false, true], vec![true, false]));
}

#[test]
fn counting_in_an_object_saves_what_kv_loses_and_reading_kv_stays_late() {
    within("kv-through-object", "kv", "lost_update_rate", 0.75, 0.87);
    none("kv-through-object", "kv_through_object", CountId::LostUpdates);
    none("kv-through-object", "ask-the-object", CountId::LostUpdates);
    within("kv-through-object", "kv_through_object", "read_your_writes", 0.1, 0.95);
    none("kv-through-object", "ask-the-object", CountId::ReadYourWrites);
}

#[test]
fn invalidation_by_delete_leaves_old_rows_in_other_caches() {
    within("caching", "cache_aside", "stale_after_invalidation", 0.04, 0.09);
    within("caching", "cache_aside", "hit_ratio", 0.7, 0.82);
    within("caching", "cache_aside", "stale_age.max", 50.0, 61.0);
    none("caching", "d1", CountId::StaleAfterInvalidation);
    let ratio = figure(store("caching", "d1"), "read_latency.p50")
        / figure(store("caching", "cache_aside"), "read_latency.p50");
    assert!(ratio > 20.0, "the cache is {ratio} times nearer");
}

#[test]
fn a_pulled_copy_is_as_stale_as_theory_says_it_is_against_a_push() {
    // Every location reads a key λ = 1/6 times per second; with τ = 60 s the ratio is λτ/(1 + λτ) = 10/11.
    let rate = |name| figure(store("push-against-pull", name), "stale_read_rate");
    let ratio = rate("pull") / rate("push-uniform");
    println!("push-against-pull: {ratio}, and theory {}", 10.0 / 11.0);
    assert!((ratio - 10.0 / 11.0).abs() < 0.05, "{ratio}");
    assert!(rate("push-exponential") < rate("push-uniform"));
    within("push-against-pull", "instant", "stale_read_rate", 0.000_01, 0.001);
}

/// The longer copies live the nearer are answers and the older. Only copies of a minute keep both promises.
#[test]
fn copies_that_live_longer_are_nearer_and_older() {
    let stores = ["half-a-minute", "a-minute", "five-minutes"];
    let figures = |metric| stores.map(|name| figure(store("cache-ttl", name), metric));
    let (stale, near) = (figures("stale_read_rate"), figures("read_latency.p50"));
    println!("cache-ttl: {stale:?} stale, {near:?} s");
    assert!(stale.is_sorted() && stale[1] > 1.5 * stale[0] && stale[2] > 2.0 * stale[1]);
    assert!(near.is_sorted_by(|shorter, longer| shorter > longer) && near[0] > 4.0 * near[1]);
    let kept = |name| store("cache-ttl", name).promises.iter().map(|promise| promise.met).collect::<Vec<_>>();
    assert_eq!(stores.map(kept), [[true, false], [true, true], [false, true]]);
    // No copy answers that is older than its life, but for the way of the read that fetched it.
    for (name, life) in stores.into_iter().zip([30.0, 60.0, 300.0]) {
        within("cache-ttl", name, "stale_age.max", 0.5 * life, life + 1.0);
    }
}

#[test]
fn the_trace_meets_the_limit_on_writes_and_the_cache() {
    within("trace", "kv", "stale_read_rate", 0.15, 0.25);
    // The rows are the same in each replication, and so are the writes that come too soon.
    let refused = |name| store("trace", name).limits.iter().map(|limit| limit.violations).sum::<u64>();
    assert_eq!((refused("kv") % u64::from(REPLICATIONS), refused("d1")), (0, 0));
    assert!(refused("kv") > 0);
}
