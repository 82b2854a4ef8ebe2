//! Workers KV, pull and push, against what can be computed by hand.

#![allow(clippy::disallowed_methods, reason = "what is compared with may come from the platform")]

use std::sync::OnceLock;

use consistency_sim::metrics::{CountId, CurveId};
use consistency_sim::model::Span;
use consistency_sim::random::{Law, Purpose, Sampler, Stream, StreamKey};

use crate::support::*;

/// One location, no latency: reads Poisson λ, writes Poisson μ, TTL τ.
fn pull_stale(lambda: f64, mu: f64, tau: f64) -> f64 {
    lambda / (1.0 + lambda * tau) * (tau - (1.0 - (-mu * tau).exp()) / mu)
}

/// One comparison: what was found, with its standard error, and what the closed form says.
#[derive(Clone, Debug)]
pub struct Compared {
    pub what: String,
    pub found: f64,
    pub error: f64,
    pub expected: f64,
}

impl Compared {
    /// How many standard errors lie between.
    pub fn off(&self) -> f64 {
        (self.found - self.expected) / self.error
    }

    fn assert_within(&self, errors: f64) {
        let Compared { what, found, error, expected } = self;
        println!("{what}: {found:.5} ±{error:.5}, closed form {expected:.5}, {:+.2} standard errors", self.off());
        assert!(self.off().abs() < errors, "{what}: {found} ±{error} against {expected}");
    }
}

/// A pull cache over a grid of rates. Computed once, because the validation page shows it too.
pub fn pull_grid() -> &'static [Compared] {
    static GRID: OnceLock<Vec<Compared>> = OnceLock::new();
    GRID.get_or_init(|| {
        let grid = [
            (0.02, 0.01, 60),
            (0.2, 0.01, 60),
            (2.0, 0.01, 60),
            (0.5, 0.1, 60),
            (5.0, 0.002, 60),
            (1.0, 0.02, 30),
            (0.05, 1.0, 60),
        ];
        grid.into_iter().map(|(lambda, mu, tau)| pull_compared(lambda, mu, tau)).collect()
    })
}

fn pull_compared(lambda: f64, mu: f64, tau: u64) -> Compared {
    let store = kv_pull(Span::from_secs(tau));
    let mut scenario = scenario(network(1, Span::ZERO), mix(4, 4.0 * lambda, 4.0 * mu), vec![store]);
    scenario.duration = Span::from_secs(20_000);
    let (found, error) = share(&outcome(&scenario), 0, CountId::StaleReads);
    let what = format!("pull, reads {lambda}/s, writes {mu}/s, TTL {tau} s");
    Compared { what, found, error, expected: pull_stale(lambda, mu, tau as f64) }
}

#[test]
fn pull_agrees_with_its_closed_form_over_a_grid_of_rates() {
    pull_grid().iter().for_each(|compared| compared.assert_within(3.0));
}

/// 1 − E[e^(−μD)], by numeric integration over the quantiles of the delay's own sampler (for what has no closed form).
fn push_stale_numeric(delay: &Law, max: Span, mu: f64) -> f64 {
    let sampler = Sampler::truncated(delay, max);
    let n = 1 << 20;
    let mut stream: Stream = StreamKey::new(77, 0, Purpose::Store).stream(5);
    let sum: f64 = (0..n).map(|_| (-mu * sampler.nanos(stream.draw()) / 1e9).exp()).sum();
    1.0 - sum / f64::from(n)
}

/// Push with each law of delay, read seldom and often. Computed once, because the validation page shows it too.
pub fn push_grid() -> &'static [Compared] {
    static GRID: OnceLock<Vec<Compared>> = OnceLock::new();
    GRID.get_or_init(compare_push)
}

#[test]
fn push_agrees_with_its_closed_form_for_each_law() {
    push_grid().iter().for_each(|compared| compared.assert_within(3.0));
}

fn compare_push() -> Vec<Compared> {
    let seconds = Span::from_secs;
    let uniform = |tau: f64, mu: f64| 1.0 - (1.0 - (-mu * tau).exp()) / (mu * tau);
    // An exponential conditioned to be at most m: E[e^(−μD)] = r/(r+μ) · (1 − e^(−(r+μ)m)) / (1 − e^(−rm)).
    let exponential = |mean: f64, max: f64, mu: f64| {
        let r = 1.0 / mean;
        1.0 - r / (r + mu) * (1.0 - (-(r + mu) * max).exp()) / (1.0 - (-r * max).exp())
    };
    let lognormal = Law::LogNormal { median: seconds(5), p99: seconds(50) };
    let pareto = Law::Pareto { scale: seconds(1), shape: 1.2 };
    let mixture =
        Law::Mixture(vec![(3.0, lognormal.clone()), (1.0, Law::Uniform { low: seconds(0), high: seconds(60) })]);
    let quantiles = Law::Quantiles(vec![(0.0, seconds(1)), (0.5, seconds(5)), (1.0, seconds(40))]);
    let mu = 0.02;
    let max = seconds(60);
    let cases = [
        ("constant", Law::Constant(seconds(20)), 1.0 - (-mu * 20.0_f64).exp()),
        ("uniform", Law::Uniform { low: seconds(0), high: max }, uniform(60.0, mu)),
        ("exponential", Law::Exponential { mean: seconds(10) }, exponential(10.0, 60.0, mu)),
        ("log-normal", lognormal.clone(), push_stale_numeric(&lognormal, max, mu)),
        ("Pareto", pareto.clone(), push_stale_numeric(&pareto, max, mu)),
        ("mixture", mixture.clone(), push_stale_numeric(&mixture, max, mu)),
        ("quantiles", quantiles.clone(), push_stale_numeric(&quantiles, max, mu)),
    ];
    let mut grid = Vec::new();
    for (name, delay, expected) in cases {
        for lambda in [0.1, 2.0] {
            let store = kv_push(delay.clone(), max);
            let mut scenario = scenario(network(3, Span::ZERO), mix(4, 4.0 * lambda, 4.0 * mu), vec![store]);
            scenario.duration = Span::from_secs(10_000);
            let (found, error) = share(&outcome(&scenario), 0, CountId::StaleReads);
            let what = format!("push, {name} delay, reads {lambda}/s, writes {mu}/s");
            grid.push(Compared { what, found, error, expected });
        }
    }
    grid
}

/// t-visibility of a pull cache in windows of 5 s, over a grid of rates: P(a read is stale with regard to a write t ago) =
/// λ · max(0, τ − t) / (1 + λτ), for writes that are rare.
pub fn visibility_grid() -> &'static [Compared] {
    static GRID: OnceLock<Vec<Compared>> = OnceLock::new();
    GRID.get_or_init(|| {
        let grid = [(0.5, 60), (0.05, 60), (5.0, 60), (0.2, 30)];
        grid.into_iter().flat_map(|(lambda, tau)| visibility(lambda, tau)).collect()
    })
}

fn visibility(lambda: f64, ttl: u64) -> Vec<Compared> {
    let (mu, tau) = (0.0005, ttl as f64);
    let mut scenario =
        scenario(network(1, Span::ZERO), mix(40, 40.0 * lambda, 40.0 * mu), vec![kv_pull(Span::from_secs(ttl))]);
    // Cold caches have fewer reads: run them longer.
    scenario.duration = Span::from_secs(if lambda < 0.3 { 40_000 } else { 10_000 });
    let outcome = outcome(&scenario);
    let points = outcome.stores[0].pooled.curve(CurveId::TVisibility).points(70_000_000_000, 14);
    let compared = points.into_iter().map(|point| {
        let middle = (point.from + point.to) as f64 / 2e9;
        let expected = lambda * (tau - middle).max(0.0) / (1.0 + lambda * tau);
        // Each write's cache generation is one independent case; about λ · 5 s reads share it, at least one.
        let cases = point.of as f64 / (lambda * 5.0).max(1.0);
        let error = (expected.max(0.01) * (1.0 - expected) / cases).sqrt();
        let what = format!("reads {lambda}/s, TTL {ttl} s, {middle:.1} s after the write");
        Compared { what, found: 1.0 - point.hits as f64 / point.of as f64, error, expected }
    });
    compared.collect()
}

#[test]
fn t_visibility_of_pull_agrees_with_its_closed_form() {
    assert_eq!(visibility_grid().len(), 4 * 14);
    visibility_grid().iter().for_each(|compared| compared.assert_within(4.0));
}

#[test]
fn a_hot_pull_cache_equals_push_with_a_uniform_delay() {
    let (mu, tau) = (0.02, 60.0);
    let hot = pull_stale(1e9, mu, tau);
    let push = 1.0 - (1.0 - (-mu * tau).exp()) / (mu * tau);
    assert!((hot - push).abs() < 1e-6, "{hot} against {push}");
    let both = vec![
        kv_pull(Span::from_secs(60)),
        kv_push(Law::Uniform { low: Span::ZERO, high: Span::from_secs(60) }, Span::from_secs(60)),
    ];
    let mut scenario = scenario(network(1, Span::ZERO), mix(2, 40.0, 2.0 * mu), both);
    scenario.duration = Span::from_secs(8_000);
    let outcome = outcome(&scenario);
    for store in 0..2 {
        let (value, error) = share(&outcome, store, CountId::StaleReads);
        let expected = if store == 0 { pull_stale(20.0, mu, tau) } else { push };
        assert!(((value - expected) / error).abs() < 3.0, "store {store}: {value} ±{error} against {expected}");
    }
}
