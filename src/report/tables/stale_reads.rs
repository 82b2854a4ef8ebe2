//! `stale_reads.csv`: stale reads of each store at each location.

use serde::Serialize;

use crate::report::figures::tidy;
use crate::run::Outcome;

/// One store at one location, all replications together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    pub store: String,
    pub location: String,
    pub city: String,
    /// Reads that returned an answer.
    pub answered: u64,
    pub stale: u64,
    /// Empty where nothing was answered.
    pub share: Option<f64>,
}

/// The rows: stores and locations in the scenario's order, locations with clients only.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let network = &outcome.scenario.network;
    let mut rows = Vec::new();
    for store in &outcome.stores {
        let counts = network.places.iter().zip(&store.pooled.stale_by_location);
        for (place, count) in counts.take(usize::from(network.edges)) {
            rows.push(Row {
                store: store.name.clone(),
                location: place.code.clone(),
                city: place.city.clone(),
                answered: count.of,
                stale: count.hits,
                share: count.share().map(tidy),
            });
        }
    }
    rows
}
