//! `summary.csv`: one row for each store and metric.

use serde::Serialize;

use crate::metrics::estimate::Scalar;
use crate::report::figures::tidy;
use crate::run::Outcome;

/// One metric of one store; empty where it was not measured.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    pub store: String,
    pub kind: &'static str,
    pub metric: String,
    pub value: Option<f64>,
    /// The 95 % confidence interval over replications.
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub unit: &'static str,
}

/// The rows, store by store in the scenario's order, metrics in the order of the table.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let mut rows = Vec::new();
    for store in &outcome.stores {
        for scalar in Scalar::all() {
            let estimate = store.estimates.iter().find(|estimate| estimate.scalar == scalar);
            let interval = estimate.and_then(|estimate| estimate.interval);
            rows.push(Row {
                store: store.name.clone(),
                kind: store.kind,
                metric: scalar.name(),
                value: estimate.map(|estimate| tidy(estimate.value)),
                low: interval.map(|[low, _]| tidy(low)),
                high: interval.map(|[_, high]| tidy(high)),
                unit: scalar.row().unit.sign(),
            });
        }
    }
    rows
}

/// A row with the scenario that it belongs to, for tables of several.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct InScenario {
    pub scenario: String,
    pub store: String,
    pub kind: &'static str,
    pub metric: String,
    pub value: Option<f64>,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub unit: &'static str,
}

impl InScenario {
    /// The row of this scenario.
    pub fn of(scenario: &str, row: Row) -> InScenario {
        let Row { store, kind, metric, value, low, high, unit } = row;
        InScenario { scenario: scenario.to_string(), store, kind, metric, value, low, high, unit }
    }
}
