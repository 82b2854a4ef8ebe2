//! Quotas of a day: where they end, that midnight UTC begins them anew, and that dividing a run changes nothing.

use std::sync::Arc;

use consistency_sim::history::Record;
use consistency_sim::limits::{Plan, Platform};
use consistency_sim::metrics::Measurements;
use consistency_sim::model::{Operation, Refusal, Span, Time};
use consistency_sim::run::{Contestant, Options, Unit, Unwatched, run};
use consistency_sim::scenario::{Scenario, platform_of};
use consistency_sim::stores::*;
use consistency_sim::workloads::*;

use crate::support::*;

/// A platform whose free plan has these figures of one product, and the newest ones of all others.
pub fn free(section: &str, figures: &[(&str, u64)]) -> Arc<Platform> {
    let mut text = format!("name = \"small\"\nextends = \"cf-2026-11\"\n[{section}]\n");
    for (key, figure) in figures {
        text += &format!("{key} = {{ free = {figure}, paid = \"unlimited\" }}\n");
    }
    Arc::new(platform_of(&text, "small.toml").expect("a platform"))
}

/// A platform whose free plan has small quotas of Workers KV.
fn small(reads: u64, writes: u64, deletes: u64) -> Arc<Platform> {
    free("kv", &[("reads_per_day", reads), ("writes_per_day", writes), ("deletes_per_day", deletes)])
}

/// Twenty hours before midnight and a day after it, of reads, writes and deletes on many keys.
fn busy(stores: Vec<StoreConfig>) -> Scenario {
    let WorkloadConfig::Mix(mut work) = mix(37, 0.09, 0.03) else { unreachable!("a mix") };
    work.deletes = 0.25;
    work.popularity = Popularity::Zipf { exponent: 0.9 };
    let mut scenario = scenario(network(5, Span::from_millis(40)), WorkloadConfig::Mix(work), stores);
    scenario.platform = small(3000, 700, 200);
    scenario.plan = Plan::Free;
    scenario.starts_at = Span::from_secs(4 * 3600);
    scenario.duration = Span::from_secs(44 * 3600);
    scenario.warmup = Span::ZERO;
    scenario.replications = 3;
    scenario
}

fn push() -> StoreConfig {
    kv_push(consistency_sim::random::Law::Constant(Span::from_secs(5)), Span::from_secs(60))
}

/// Every record of a replication.
fn records(scenario: &Scenario, store: usize) -> Vec<Record> {
    let contestants = Contestant::all(scenario);
    let parts = contestants[store].record_all(0, 10_000_000).expect("a short history");
    parts.into_iter().flat_map(|(_, history)| history.records).collect()
}

fn day(scenario: &Scenario, start: Time) -> u64 {
    (start.0 + scenario.starts_at.0) / 86_400_000_000_000
}

/// The calls of one kind in one day: those that were let through, and those that the quota refused, by their starts.
fn calls(scenario: &Scenario, records: &[Record], rule: Refusal, of_day: u64) -> (Vec<Time>, Vec<Time>) {
    let kind = |operation: Operation| match operation {
        Operation::Get { .. } => Refusal::KvReadsPerDay,
        Operation::Delete => Refusal::KvDeletesPerDay,
        _ => Refusal::KvWritesPerDay,
    };
    let mine = records.iter().filter(|one| kind(one.operation) == rule && day(scenario, one.start) == of_day);
    let (refused, through): (Vec<&Record>, Vec<&Record>) = mine.partition(|one| one.refusal == Some(rule));
    let starts = |records: Vec<&Record>| records.into_iter().map(|one| one.start).collect();
    (starts(through), starts(refused))
}

const RULES: [(Refusal, usize); 3] =
    [(Refusal::KvReadsPerDay, 3000), (Refusal::KvWritesPerDay, 700), (Refusal::KvDeletesPerDay, 200)];

/// The account's first operations of a kind go through, exactly as many as the quota has, whichever keys they are on; all
/// later ones of that day are refused; the next day begins anew.
#[test]
fn the_quota_ends_at_the_account_s_own_operation() {
    let scenario = busy(vec![kv_pull(Span::from_secs(60)), push()]);
    for store in 0..2 {
        let records = records(&scenario, store);
        for (rule, quota) in RULES {
            for of_day in 0..2 {
                let (through, refused) = calls(&scenario, &records, rule, of_day);
                assert_eq!(through.len(), quota, "{rule:?}, day {of_day}");
                assert!(refused.len() > 100, "{rule:?}, day {of_day}: {}", refused.len());
                assert!(through.iter().max() < refused.iter().min(), "{rule:?}, day {of_day}");
            }
        }
    }
}

/// With a quota that is as large as the day's use nothing is refused; with one less, one call is.
#[test]
fn one_operation_more_than_the_quota_is_one_refusal() {
    let mut scenario = busy(vec![kv_pull(Span::from_secs(60))]);
    scenario.platform = small(1_000_000, 1_000_000, 1_000_000);
    let all = records(&scenario, 0);
    assert!(all.iter().all(|one| one.refusal.is_none()));
    let of = |rule, day| calls(&scenario, &all, rule, day).0.len() as u64;
    let most = |rule| of(rule, 0).max(of(rule, 1));
    let (reads, writes) = (most(Refusal::KvReadsPerDay), most(Refusal::KvWritesPerDay));
    scenario.platform = small(reads, writes, 1_000_000);
    assert_eq!(outcome(&Scenario { replications: 1, ..scenario.clone() }).stores[0].limits, []);
    scenario.platform = small(reads - 1, writes - 1, 1_000_000);
    let found = outcome(&Scenario { replications: 1, ..scenario.clone() });
    let found: Vec<(Refusal, u64)> =
        found.stores[0].limits.iter().map(|limit| (limit.refusal, limit.violations)).collect();
    assert_eq!(found, [(Refusal::KvReadsPerDay, 1), (Refusal::KvWritesPerDay, 1)]);
}

/// Group by group, in shares, all at once, and whole: the same figures.
#[test]
fn divided_and_whole_runs_agree() {
    let scenario = busy(vec![kv_pull(Span::from_secs(60)), push()]);
    for (store, contestant) in Contestant::all(&scenario).iter().enumerate() {
        assert_eq!(contestant.separable(), Some(37));
        for replication in 0..2 {
            let whole = contestant.simulate_whole(replication).expect("no trace");
            for shares in [1, 5] {
                let unit = |share| Unit { store, replication, share, shares };
                let parts: Vec<Measurements> =
                    (0..shares).map(|share| contestant.simulate(unit(share)).expect("no trace")).collect();
                assert!(Measurements::merged(parts) == whole, "store {store}, {shares} shares");
            }
        }
    }
}

#[test]
fn threads_change_nothing() {
    let aside = CacheAsideConfig {
        cache: KvPullConfig { common: instant_kv(), cache_ttl: Span::from_secs(60), negative_caching: true },
        database: d1_config(consistency_sim::model::Location(0)),
        expiration_ttl: Span::from_secs(3600),
    };
    let aside = StoreConfig { name: "aside".into(), label: "Aside".into(), kind: StoreKind::CacheAside(aside) };
    let scenario = busy(vec![kv_pull(Span::from_secs(60)), push(), aside]);
    let digest = |threads| {
        let options = Options { threads, command: String::new() };
        let outcome = run(&scenario, &options, &Unwatched).expect("no trace");
        assert!(outcome.stores.iter().all(|store| !store.limits.is_empty()));
        outcome.digest
    };
    assert_eq!(digest(1), digest(2));
}

/// Where what is asked depends on answers, the store counts as calls come; all keys are then simulated together.
#[test]
fn clients_that_wait_are_counted_as_they_come() {
    let mut scenario = busy(vec![kv_pull(Span::from_secs(60))]);
    scenario.workload = WorkloadConfig::PutThenGet(PutThenGetConfig {
        keys: 20,
        pairs: 0.01,
        gap: Span::from_secs(1),
        get_from: GetFrom::Other,
        preloaded: true,
        background_reads: 0.0,
    });
    let contestants = Contestant::all(&scenario);
    assert_eq!(contestants[0].separable(), None);
    let records = records(&scenario, 0);
    for of_day in 0..2 {
        let (through, refused) = calls(&scenario, &records, Refusal::KvWritesPerDay, of_day);
        assert_eq!(through.len(), 700);
        assert!(!refused.is_empty() && through.iter().max() < refused.iter().min());
    }
}

/// The paid plan has no quotas, and nothing to pay for them: the same figures as before there were plans.
#[test]
fn the_paid_plan_counts_nothing() {
    let mut scenario = busy(vec![kv_pull(Span::from_secs(60))]);
    scenario.plan = Plan::Paid;
    assert!(records(&scenario, 0).iter().all(|one| one.refusal.is_none()));
    // What starts later meets other days, and without quotas that makes no difference.
    let paid = outcome(&scenario).digest;
    scenario.starts_at = Span::ZERO;
    assert_eq!(outcome(&scenario).digest, paid);
}
