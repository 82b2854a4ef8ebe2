//! `trade_off.csv`: what each store costs in time, in harm and in money.

use serde::Serialize;

use crate::advise::differences;
use crate::metrics::estimate::Scalar;
use crate::report::emphasis;
use crate::report::figures::tidy;
use crate::report::finding::emptied;
use crate::run::Outcome;

/// One store; what was not measured is left out of the table.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    pub store: String,
    pub latency_metric: &'static str,
    pub latency_s: f64,
    pub harm_metric: String,
    pub harm: f64,
    pub usd_month: f64,
}

/// The harm that is weighed: the workload's worst that was measured, or the age of stale reads.
pub fn harm(outcome: &Outcome) -> Option<(emphasis::Line, Scalar)> {
    let lines = emphasis::of(outcome.scenario.workload.word()).charts;
    let measured = |line: &&emphasis::Line| {
        outcome.stores.iter().any(|store| store.estimate(&line.name()).is_some() || emptied(store, **line))
    };
    let line = *lines.iter().find(measured).or(lines.first())?;
    Some((line, Scalar::named(&line.name())?))
}

/// The rows, in the scenario's order.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let Some((line, scalar)) = harm(outcome) else { return Vec::new() };
    let latency = differences::latency(outcome);
    let row = |store: &crate::run::StoreOutcome| {
        let value = store.estimate(&scalar.name()).map(|estimate| estimate.value);
        Some(Row {
            store: store.name.clone(),
            latency_metric: latency,
            latency_s: tidy(store.estimate(latency)?.value),
            harm_metric: scalar.name(),
            // Where no read was stale, none has an age: that is no harm, not an unknown one.
            harm: tidy(value.or_else(|| emptied(store, line).then_some(0.0))?),
            usd_month: tidy(store.cost.as_ref()?.total_usd_month),
        })
    };
    outcome.stores.iter().filter_map(row).collect()
}
