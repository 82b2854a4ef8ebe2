//! The decision: of the stores that keep every promise, the cheapest, or the nearest.

use crate::metrics::estimate::Sample;
use crate::run::{Outcome, Prefer, StoreOutcome, kept};
use crate::scenario::Bound;

use super::differences;

/// Another bound than the scenario's for one of its promises.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Instead {
    pub promise: usize,
    pub bound: Bound,
}

/// The recommended store.
pub fn recommended(outcome: &Outcome, prefer: Prefer, instead: Option<Instead>) -> Option<usize> {
    keeping(outcome, prefer, instead).first().copied()
}

/// The stores that keep every promise, the best first; equals in the scenario's order.
pub fn keeping(outcome: &Outcome, prefer: Prefer, instead: Option<Instead>) -> Vec<usize> {
    let keeps = |store: &StoreOutcome| {
        store.promises.iter().all(|promise| match instead.filter(|instead| instead.promise == promise.promise) {
            Some(instead) => met(outcome, store, instead),
            None => promise.met,
        })
    };
    let mut keeping: Vec<usize> = (0..outcome.stores.len()).filter(|n| keeps(&outcome.stores[*n])).collect();
    sort(outcome, prefer, &mut keeping);
    keeping
}

/// What would be recommended if only the first replications were judged.
pub fn recommended_by_first(outcome: &Outcome, prefer: Prefer, replications: u32) -> Option<usize> {
    let keeps = |store: &StoreOutcome| {
        outcome.scenario.promises.iter().all(|terms| {
            let samples = store.samples_of(terms.metric).unwrap_or_default();
            let first = (0..replications as usize).map(|n| samples.get(n).copied().unwrap_or(Sample::default()));
            let kept = first.filter(|sample| kept(terms.bound, *sample)).count() as f64;
            kept >= terms.share * f64::from(replications)
        })
    };
    let mut keeping: Vec<usize> = (0..outcome.stores.len()).filter(|n| keeps(&outcome.stores[*n])).collect();
    sort(outcome, prefer, &mut keeping);
    keeping.first().copied()
}

/// The best first; equals in the scenario's order.
fn sort(outcome: &Outcome, prefer: Prefer, stores: &mut [usize]) {
    let latency = differences::latency(outcome);
    let rank = |n: &usize| {
        let store = &outcome.stores[*n];
        let latency = store.estimate(latency).map_or(f64::INFINITY, |estimate| estimate.value);
        let cost = cents(store);
        match prefer {
            Prefer::Cheapest => [cost, latency],
            Prefer::Nearest => [latency, cost],
        }
    };
    stores.sort_by(|a, b| rank(a).partial_cmp(&rank(b)).unwrap_or(std::cmp::Ordering::Equal));
}

/// The monthly cost in whole cents: less is no difference. Unknown costs are the highest.
pub fn cents(store: &StoreOutcome) -> f64 {
    store.cost.as_ref().map_or(f64::INFINITY, |bill| libm::round(bill.total_usd_month * 100.0))
}

/// Whether a store would keep a promise with another bound, judged on the same replications.
fn met(outcome: &Outcome, store: &StoreOutcome, instead: Instead) -> bool {
    let terms = &outcome.scenario.promises[instead.promise];
    let of = f64::from(outcome.scenario.replications);
    let kept = match store.samples_of(terms.metric) {
        Some(samples) => samples.iter().filter(|sample| kept(instead.bound, **sample)).count() as f64,
        None if matches!(instead.bound, Bound::AtMost(_)) => of,
        None => 0.0,
    };
    kept >= terms.share * of
}
