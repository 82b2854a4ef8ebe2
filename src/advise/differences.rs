//! Paired differences: every replication gives all stores the same reads and writes, so stores are compared within it.

use crate::metrics::estimate::{Sample, Scalar, student_quantile};
use crate::run::{Difference, Outcome, StoreOutcome};

/// The differences of every store from one of them (from the first, where none is recommended).
pub fn between(outcome: &Outcome, against: Option<usize>) -> Vec<Difference> {
    let against = against.unwrap_or(0);
    let promised = outcome.scenario.promises.iter().map(|promise| promise.metric);
    let mut scalars: Vec<Scalar> = Vec::new();
    // What is compared besides the promises' metrics.
    let always = ["stale_read_rate", latency(outcome)];
    for scalar in promised.chain(always.into_iter().filter_map(Scalar::named)) {
        if !scalars.contains(&scalar) {
            scalars.push(scalar);
        }
    }
    let others = (0..outcome.stores.len()).filter(|store| *store != against);
    others
        .flat_map(|store| scalars.iter().filter_map(move |scalar| difference(outcome, store, against, *scalar)))
        .collect()
}

/// The mean over replications of one store's figure minus the other's, with its interval.
pub fn difference(outcome: &Outcome, store: usize, against: usize, scalar: Scalar) -> Option<Difference> {
    let samples = |place: usize| outcome.stores.get(place).and_then(|store| store.samples_of(scalar));
    let value = |sample: &Sample| (sample.of > 0.0).then(|| sample.hits / sample.of);
    let pairs = samples(store)?.iter().zip(samples(against)?);
    let differences: Vec<f64> = pairs.filter_map(|(one, other)| Some(value(one)? - value(other)?)).collect();
    let n = differences.len() as f64;
    if differences.is_empty() {
        return None;
    }
    let mean = differences.iter().sum::<f64>() / n;
    let interval = (differences.len() > 1).then(|| {
        let squares: f64 = differences.iter().map(|one| (one - mean) * (one - mean)).sum();
        let half = student_quantile(0.975, n - 1.0) * libm::sqrt(squares / (n - 1.0) / n);
        [mean - half, mean + half]
    });
    let replications = u32::try_from(differences.len()).unwrap_or(u32::MAX);
    Some(Difference { store, against, scalar, value: mean, interval, replications })
}

/// The latency by which stores are near or far: of reads, or of writes where some store is never asked to read (a
/// limiter that counts and answers in one call).
pub fn latency(outcome: &Outcome) -> &'static str {
    let read = |store: &StoreOutcome| store.estimate("read_latency.p50").is_some();
    if outcome.stores.iter().all(read) { "read_latency.p50" } else { "write_latency.p50" }
}
