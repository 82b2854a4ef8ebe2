//! `<metric>.csv`: the harm that a workload comes to, store by store: a share with its interval, or figures of a size.

use serde::Serialize;

use crate::metrics::estimate::Scalar;
use crate::report::emphasis::{self, Line};
use crate::report::figures::tidy;
use crate::run::{Outcome, StoreOutcome};

/// A share.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ShareRow {
    pub store: String,
    pub value: f64,
    /// The 95 % confidence interval over replications.
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub unit: &'static str,
}

/// Figures of a distribution; those that a chart does not name are in `summary.csv`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SizeRow {
    pub store: String,
    /// As in `p99`.
    pub figure: &'static str,
    pub value: f64,
    pub unit: &'static str,
}

/// The shares of a metric, in the scenario's order; stores that did not measure it are left out.
pub fn shares(outcome: &Outcome, scalar: Scalar) -> Vec<ShareRow> {
    let row = |store: &StoreOutcome| {
        let estimate = store.estimates.iter().find(|estimate| estimate.scalar == scalar)?;
        let interval = estimate.interval.map(|bounds| bounds.map(tidy));
        Some(ShareRow {
            store: store.name.clone(),
            value: tidy(estimate.value),
            low: interval.map(|[low, _]| low),
            high: interval.map(|[_, high]| high),
            unit: scalar.row().unit.sign(),
        })
    };
    outcome.stores.iter().filter_map(row).collect()
}

/// The figures of a distribution, in the scenario's order; a store that lacks one is left out.
pub fn sizes(outcome: &Outcome, line: Line) -> Vec<SizeRow> {
    let Line::Figures(_, figures) = line else { return Vec::new() };
    let mut rows = Vec::new();
    for store in &outcome.stores {
        let values: Option<Vec<f64>> =
            line.scalars().iter().map(|scalar| store.estimate(&scalar.name()).map(|found| found.value)).collect();
        for (figure, value) in figures.iter().zip(values.unwrap_or_default()) {
            let unit = line.row().unit.sign();
            rows.push(SizeRow { store: store.name.clone(), figure, value: tidy(value), unit });
        }
    }
    rows
}

/// A file for each harm that is drawn.
pub fn tables(outcome: &Outcome) -> Vec<(String, String)> {
    let lines = emphasis::of(outcome.scenario.workload.word()).charts;
    let table = |line: &Line| {
        let text = match *line {
            Line::Share(id) => super::csv(&shares(outcome, Scalar::Share(id))),
            Line::Figures(..) => super::csv(&sizes(outcome, *line)),
        };
        (format!("{}.csv", line.row().name), text)
    };
    lines.iter().map(table).collect()
}
