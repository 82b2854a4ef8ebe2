//! Intervals: 95 % of them must hold the truth, whichever way they were found; and runs go on until one is narrow enough.

use std::sync::Mutex;

use consistency_sim::metrics::estimate::{Method, Scalar};
use consistency_sim::metrics::{CountId, DistributionId};
use consistency_sim::model::Span;
use consistency_sim::random::Law;
use consistency_sim::run::{Contestant, Options, Until, Unwatched, Watch, run, run_until};
use consistency_sim::scenario::Scenario;

use crate::support::*;

/// One cache without delay, read at λ and written at μ.
pub fn one_cache(lambda: f64, mu: f64, duration: u64, replications: u32) -> Scenario {
    let store = kv_pull(Span::from_secs(60));
    let mut scenario = scenario(network(1, Span::ZERO), mix(1, lambda, mu), vec![store]);
    scenario.duration = Span::from_secs(duration);
    scenario.warmup = Span::from_secs(600);
    scenario.replications = replications;
    scenario
}

/// How often each kind of interval holds the closed form, among many small runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct Coverage {
    pub runs: u32,
    pub held: u32,
    /// What an interval from counting reads as independent (the binomial one) holds.
    pub binomial: u32,
    /// Runs whose interval has the expected method; the others have none.
    pub with_interval: u32,
}

/// Many small runs with different seeds, each with its interval of stale reads.
pub fn coverage(scenario: &Scenario, runs: u32, truth: f64, method: impl Fn(Method) -> bool) -> Coverage {
    let mut coverage = Coverage { runs, ..Coverage::default() };
    for seed in 1..=runs {
        let scenario = Scenario { seed: u64::from(seed), ..scenario.clone() };
        let options = Options { threads: 1, command: String::new() };
        let outcome = run(&scenario, &options, &Unwatched).expect("no trace is read");
        let estimate = outcome.stores[0].estimate("stale_read_rate").expect("measured");
        let count = outcome.stores[0].pooled.count(CountId::StaleReads);
        let half = 1.96 * libm::sqrt(estimate.value * (1.0 - estimate.value) / count.of as f64);
        coverage.binomial += u32::from((estimate.value - truth).abs() <= half);
        if let Some([low, high]) = estimate.interval {
            assert!(method(estimate.method), "{:?}", estimate.method);
            coverage.with_interval += 1;
            coverage.held += u32::from(low <= truth && truth <= high);
        }
    }
    coverage
}

/// P(stale) of one cache: see closed_forms.rs.
pub fn truth(lambda: f64, mu: f64) -> f64 {
    let tau = 60.0;
    lambda / (1.0 + lambda * tau) * (tau - (1.0 - libm::exp(-mu * tau)) / mu)
}

/// The share of intervals that hold the truth, within what chance allows at this number of runs.
fn assert_covers(name: &str, coverage: Coverage) {
    println!("{name}: {coverage:?}");
    let share = f64::from(coverage.held) / f64::from(coverage.with_interval);
    // Three standard deviations, and a hundredth because the law of a share is only nearly Student's.
    let slack = 3.0 * libm::sqrt(0.95 * 0.05 / f64::from(coverage.runs)) + 0.01;
    assert!(coverage.with_interval * 10 >= coverage.runs * 9, "{name}: {coverage:?}");
    assert!((share - 0.95).abs() <= slack, "{name}: {share}, {coverage:?}");
    let binomial = f64::from(coverage.binomial) / f64::from(coverage.runs);
    assert!(binomial < 0.5, "{name}: counting reads as independent covers {binomial}");
}

/// Reads and writes per second of the cache whose truth is known.
pub const RATES: (f64, f64) = (1.0, 0.01);

/// Intervals over replications, over cycles and over batches, each over so many runs.
pub fn coverages(runs: u32) -> [(&'static str, Coverage); 3] {
    let (lambda, mu) = RATES;
    let truth = truth(lambda, mu);
    let repeated = one_cache(lambda, mu, 3_600, 20);
    let replications = coverage(&repeated, runs, truth, |method| method == Method::Replications);
    let mut alone = one_cache(lambda, mu, 60_600, 1);
    let regenerative = |method| matches!(method, Method::Regenerative { cycles } if cycles > 900);
    let cycles = coverage(&alone, runs, truth, regenerative);
    // A delay that changes nothing to speak of, but for the independence of the cycles.
    alone.network.jitter = Law::Constant(Span(1_000));
    let by_batches = |method| matches!(method, Method::BatchMeans { batches } if (8..=32).contains(&batches));
    let batches = coverage(&alone, runs, truth, by_batches);
    [("replications", replications), ("cycles of one cache", cycles), ("batches of time", batches)]
}

#[test]
fn intervals_hold_the_closed_form() {
    coverages(40).into_iter().for_each(|(name, coverage)| assert_covers(name, coverage));
}

#[test]
#[ignore = "a minute; scripts/check proofs runs it"]
fn proof_intervals_hold_the_closed_form() {
    coverages(400).into_iter().for_each(|(name, coverage)| assert_covers(name, coverage));
}

#[test]
fn a_run_that_is_too_short_for_batches_has_no_interval() {
    // Ten minutes of a cache whose generations last one: even eighths of it are no independent cases.
    let mut scenario = one_cache(5.0, 0.001, 1_200, 1);
    scenario.network.jitter = Law::Constant(Span(1_000));
    let mut without = 0;
    for seed in 1..=20 {
        scenario.seed = seed;
        let outcome = outcome(&scenario);
        without += u32::from(outcome.stores[0].estimate("stale_read_rate").expect("measured").interval.is_none());
        let quantile = outcome.stores[0].estimate("read_latency.p99").expect("measured");
        assert_eq!((quantile.interval, quantile.method), (None, Method::None), "percentiles have none");
    }
    println!("{without} of 20 short runs have no interval");
    assert!(without >= 1);
}

#[test]
fn batches_together_are_the_whole() {
    let mut scenario = scenario(
        network(3, Span::from_millis(80)),
        mix(5, 20.0, 2.0),
        vec![kv_pull(Span::from_secs(60)), d1(consistency_sim::model::Location(3)), durable_object()],
    );
    scenario.replications = 1;
    let divided = outcome(&scenario);
    for (n, contestant) in Contestant::all(&scenario).iter().enumerate() {
        assert!(contestant.simulate_whole(0).expect("no trace") == divided.stores[n].pooled, "store {n}");
        let mean = divided.stores[n].estimate("read_latency.mean").expect("measured");
        let exact = divided.stores[n].pooled.distribution(DistributionId::ReadLatency).mean().expect("measured");
        assert!((mean.value - exact * 1e-9).abs() < 1e-12);
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<u32>>);

impl Watch for Told {
    fn planned(&self, _: u64) {}
    fn advanced(&self, _: u64, _: u64) {}
    fn aimed(&self, replications: u32, relative: Option<f64>, wanted: f64) {
        assert!(relative.is_none_or(|relative| relative >= 0.0) && wanted > 0.0);
        self.0.lock().expect("no panic").push(replications);
    }
}

#[test]
fn replications_go_on_until_the_interval_is_narrow_enough() {
    let mut scenario = one_cache(2.0, 0.01, 3_600, 10);
    scenario.network.edges = 1;
    let options = |threads| Options { threads, command: String::new() };
    let until = Until { relative: 0.05, replications_max: 1_000 };
    let told = Told::default();
    let (outcome, reached) = run_until(&scenario, &options(2), until, &told).expect("no trace");
    let rounds = told.0.into_inner().expect("no panic");
    println!("{reached:?} in rounds {rounds:?}");
    assert_eq!(reached.metric, Scalar::Share(CountId::StaleReads));
    assert!(reached.reached && rounds.len() > 1 && rounds.last() == Some(&reached.replications));
    let estimate = outcome.stores[0].estimate("stale_read_rate").expect("measured");
    assert!(estimate.relative_half_width().expect("an interval") <= 0.05);
    assert_eq!(outcome.scenario.replications, reached.replications);
    // The same bytes for any number of threads, and the same figures as a run that was told the number at once.
    assert!(outcome == run_until(&scenario, &options(1), until, &Unwatched).expect("no trace").0);
    let told_at_once = Scenario { replications: reached.replications, ..scenario.clone() };
    assert!(outcome == run(&told_at_once, &options(2), &Unwatched).expect("no trace"));
    let bound = Until { relative: 0.000_1, replications_max: 37 };
    let (_, reached) = run_until(&scenario, &options(2), bound, &Unwatched).expect("no trace");
    assert!(!reached.reached && reached.replications == 37);
}
