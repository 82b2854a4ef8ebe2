//! `replications.csv`: what each replication contributed to each figure, so that two runs can be compared pair by pair.

use serde::Serialize;

use crate::report::figures::tidy;
use crate::run::Outcome;

/// One replication's part of one figure of one store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    pub store: String,
    pub metric: String,
    /// Counted from 0; the same number meets the same clients in every store and run of one seed.
    pub replication: u32,
    /// For a share: the cases. For other figures: the value.
    pub hits: f64,
    /// For a share: the chances. For other figures: 1.
    pub of: f64,
}

/// The rows; replications in which nothing was measured are left out.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let mut rows = Vec::new();
    for store in &outcome.stores {
        for (scalar, samples) in &store.samples {
            let metric = scalar.name();
            let measured = samples.iter().zip(0_u32..).filter(|(sample, _)| sample.of > 0.0);
            rows.extend(measured.map(|(sample, replication)| Row {
                store: store.name.clone(),
                metric: metric.clone(),
                replication,
                hits: tidy(sample.hits),
                of: tidy(sample.of),
            }));
        }
    }
    rows
}
