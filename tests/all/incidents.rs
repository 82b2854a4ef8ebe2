//! The published incidents as scenarios: each is run, and the chart of answers over time shows the outage.

use consistency_sim::faults::Faults;
use consistency_sim::metrics::{Count, Served, Stretch};
use consistency_sim::report::charts;
use consistency_sim::run::{Options, Outcome, StoreOutcome, Unwatched, run};
use consistency_sim::scenario::{Override, load_with};

use crate::house::{files, project};

const INCIDENTS: [&str; 5] = ["d1-stalls", "kv-central-outage", "kv-rollout", "kv-unauthorized", "object-partition"];

fn outcome(name: &str) -> Outcome {
    let file = project().join(format!("scenarios/incidents/{name}.toml"));
    let scenario = load_with(&file, &[Override::set("replications=1")]).expect("a scenario");
    assert_eq!(scenario.name, name);
    assert!(scenario.question.ends_with('?'));
    run(&scenario, &Options { threads: 2, command: String::new() }, &Unwatched).expect("no trace is read")
}

fn store<'a>(outcome: &'a Outcome, name: &str) -> &'a StoreOutcome {
    outcome.stores.iter().find(|store| store.name == name).expect("a store")
}

/// What became of the operations that started in the stretches that lie wholly between two times, in minutes.
fn between(store: &StoreOutcome, from_min: f64, to_min: f64) -> Stretch {
    let series = &store.pooled.series;
    let mut sum = Stretch::default();
    for (n, stretch) in series.stretches().iter().enumerate() {
        if series.start(n).seconds() >= from_min * 60.0 - 1e-3 && series.start(n + 1).seconds() <= to_min * 60.0 + 1e-3
        {
            sum.merge(stretch);
        }
    }
    assert!(sum.operations() > 100, "{}: {} operations", store.name, sum.operations());
    sum
}

fn answered(store: &StoreOutcome, from_min: f64, to_min: f64) -> f64 {
    let stretch = between(store, from_min, to_min);
    Count { hits: stretch.answered(), of: stretch.operations() }.share().expect("operations")
}

#[track_caller]
fn title(outcome: &Outcome, expected: &str) {
    let charts = charts::all(outcome);
    let chart = charts.iter().find(|chart| chart.name == "answers_over_time").expect("the chart of the outage");
    assert!(chart.title.starts_with(expected), "{}", chart.title);
    assert!(charts.iter().any(|chart| chart.name == "limits_over_time"));
}

#[test]
fn each_incident_is_named_in_the_readme_and_tested_here() {
    let names: Vec<String> = files(&project().join("scenarios/incidents"))
        .iter()
        .map(|file| file.file_stem().expect("a name").to_string_lossy().into_owned())
        .collect();
    assert_eq!(names, INCIDENTS);
    let readme = std::fs::read_to_string(project().join("README.md")).expect("a document");
    for name in INCIDENTS {
        assert!(readme.contains(&format!("scenarios/incidents/{name}.toml")), "{name}");
    }
}

#[test]
fn without_the_central_store_a_cache_lives_as_long_as_its_ttl() {
    let outcome = outcome("kv-central-outage");
    title(&outcome, "The central store is out: Workers KV answers ");
    let (kv, ten, day) = (store(&outcome, "kv"), store(&outcome, "kv-10min"), store(&outcome, "kv-1d"));
    assert_eq!(answered(kv, 0.0, 57.5), 1.0, "before");
    // The outage lasts from 60 to 208 min. Every copy is older than its TTL after 60 s, and after 10 min.
    assert_eq!(answered(kv, 62.5, 205.0), 0.0);
    assert!(answered(ten, 60.0, 62.5) > 0.6 && answered(ten, 60.0, 62.5) < 0.8);
    assert_eq!(answered(ten, 72.5, 205.0), 0.0);
    let lasting = between(day, 60.0, 207.5);
    assert_eq!(lasting.count(Served::Write), 0, "writes fail everywhere");
    assert_eq!(lasting.count(Served::Read), 0, "whatever is answered comes from a cache");
    assert!(answered(day, 60.0, 207.5) > 0.999);
    // Until 228 min the refill is limited: the short TTL comes back slowly, and no later.
    let refilling = answered(kv, 210.0, 227.5);
    assert!((0.4..0.7).contains(&refilling), "{refilling}");
    assert!(between(kv, 210.0, 227.5).count(Served::Read) as f64 <= 17.5 * 60.0 * 3.0 + 60.0, "three in each second");
    assert!(answered(kv, 230.0, 300.0) > 0.999);
    for strong in ["d1", "durable_object"] {
        assert_eq!(answered(store(&outcome, strong), 0.0, 300.0), 1.0, "{strong}");
    }
}

#[test]
fn a_refusal_of_everything_spares_no_cache_and_takes_what_is_behind_it_along() {
    let outcome = outcome("kv-unauthorized");
    title(&outcome, "Workers KV fails: Workers KV answers nothing, D1 100 %");
    for name in ["kv", "cache_aside"] {
        assert!(answered(store(&outcome, name), 0.0, 30.0) > 0.999, "{name}");
        assert_eq!(answered(store(&outcome, name), 30.0, 67.0), 0.0, "{name}");
        assert!(answered(store(&outcome, name), 68.0, 120.0) > 0.999, "{name}");
    }
    assert_eq!(answered(store(&outcome, "d1"), 0.0, 120.0), 1.0);
}

#[test]
fn a_fifth_that_fails_is_a_fifth() {
    let outcome = outcome("kv-rollout");
    title(&outcome, "Workers KV fails in part: Workers KV answers ");
    let kv = store(&outcome, "kv");
    for from in [5.0, 25.0, 45.0] {
        // 36,000 reads and writes with a standard deviation of 0.2 %.
        let share = answered(kv, from, from + 10.0);
        assert!((share - 0.8).abs() < 0.01, "{share} from minute {from} on");
        assert!(answered(kv, from + 10.0, from + 15.0) > 0.999);
    }
}

#[test]
fn a_stalled_database_refuses_what_waits_and_its_cache_goes_on() {
    let outcome = outcome("d1-stalls");
    title(&outcome, "D1 is stalled: D1 answers ");
    let (d1, aside) = (store(&outcome, "d1"), store(&outcome, "cache_aside"));
    for (from, seconds) in [(5.0, 60.0), (14.0, 70.0), (23.0, 80.0)] {
        // A read tries three times for five seconds and travels between: those of the last quarter of a minute get through.
        let hopeless = from + (seconds - 25.0_f64) / 60.0;
        let share = answered(d1, from, libm::floor(hopeless * 4.0) / 4.0);
        assert_eq!(share, 0.0, "from minute {from} on");
        assert!(answered(d1, from + seconds / 60.0 + 0.25, from + 8.0) > 0.999, "and then all is well");
        let share = answered(aside, from, from + 1.0);
        assert!(share > 0.85 && share < 0.99, "behind the cache: {share}");
    }
    assert_eq!(d1.limits.len(), 1, "queued for too long, and nothing else: the queue has room for a minute");
}

#[test]
fn an_object_out_of_reach_answers_nobody() {
    let outcome = outcome("object-partition");
    title(&outcome, "Durable Objects are out of reach: Durable Object answers nothing, ");
    let object = store(&outcome, "durable_object");
    assert!(answered(object, 0.0, 58.0) > 0.999);
    assert_eq!(answered(object, 60.0, 180.0), 0.0);
    assert!(answered(object, 182.0, 240.0) > 0.999);
    for other in ["kv", "d1"] {
        assert_eq!(answered(store(&outcome, other), 0.0, 240.0), 1.0, "{other}");
    }
}

#[test]
fn without_its_fault_no_incident_shows_one() {
    for name in INCIDENTS {
        let file = project().join(format!("scenarios/incidents/{name}.toml"));
        let mut scenario = load_with(&file, &[Override::set("replications=1")]).expect("a scenario");
        scenario.network.faults = Faults::default();
        let outcome = run(&scenario, &Options { threads: 2, command: String::new() }, &Unwatched).expect("no trace");
        assert!(charts::all(&outcome).iter().all(|chart| chart.name != "answers_over_time"), "{name}");
    }
}
