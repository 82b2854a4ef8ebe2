//! `answers_over_time.csv` and `limits_over_time.csv`: what became of operations as the run went on.

use serde::Serialize;

use crate::metrics::{Series, Served, Stretch};
use crate::report::figures::tidy;
use crate::run::{Outcome, StoreOutcome};

/// One stretch of the run at one store, all replications together. Operations belong to the stretch in which they started.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct AnswersRow {
    pub store: String,
    pub from_s: f64,
    pub to_s: f64,
    pub operations: u64,
    pub reads_from_cache: u64,
    pub reads_from_elsewhere: u64,
    pub writes: u64,
    pub reads_refused: u64,
    pub writes_refused: u64,
    pub unanswered: u64,
    pub stale_reads: u64,
}

/// What one rule refused in one stretch; stretches without refusals are left out.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct LimitsRow {
    pub store: String,
    pub rule: &'static str,
    pub from_s: f64,
    pub to_s: f64,
    pub refusals: u64,
}

/// From this share of failed operations in a stretch on, the picture over time says more than the whole run's share.
const WORTH_A_LOOK: f64 = 0.01;

/// Whether there is something to see: a stretch in which operations failed, or a fault that they survived.
pub fn worth_a_look(outcome: &Outcome) -> bool {
    let failed = |stretch: &Stretch| stretch.failed() as f64 >= WORTH_A_LOOK * stretch.operations() as f64;
    let seen = |stretch: &Stretch| stretch.failed() > 0 && failed(stretch);
    let faults = !outcome.scenario.network.faults.is_empty();
    outcome.stores.iter().any(|store| store.pooled.series.stretches().iter().any(|stretch| faults || seen(stretch)))
}

/// The bounds of a stretch, in seconds since the start of the run.
pub fn bounds(series: &Series, number: usize) -> (f64, f64) {
    (tidy(series.start(number).seconds()), tidy(series.start(number + 1).seconds()))
}

/// The rows of all stores, in the scenario's order; none where there is nothing to see.
pub fn answers(outcome: &Outcome) -> Vec<AnswersRow> {
    if !worth_a_look(outcome) {
        return Vec::new();
    }
    let row = |store: &StoreOutcome, number: usize, stretch: &Stretch| {
        let (from_s, to_s) = bounds(&store.pooled.series, number);
        AnswersRow {
            store: store.name.clone(),
            from_s,
            to_s,
            operations: stretch.operations(),
            reads_from_cache: stretch.count(Served::FromCache),
            reads_from_elsewhere: stretch.count(Served::Read),
            writes: stretch.count(Served::Write),
            reads_refused: stretch.count(Served::ReadRefused),
            writes_refused: stretch.count(Served::WriteRefused),
            unanswered: stretch.unanswered,
            stale_reads: stretch.stale,
        }
    };
    let mut rows = Vec::new();
    for store in &outcome.stores {
        let stretches = store.pooled.series.stretches().iter().enumerate();
        rows.extend(stretches.map(|(number, stretch)| row(store, number, stretch)));
    }
    rows
}

/// The refusals of all stores, rule by rule.
pub fn limits(outcome: &Outcome) -> Vec<LimitsRow> {
    let mut rows = Vec::new();
    for store in &outcome.stores {
        let series = &store.pooled.series;
        for (refusal, counts) in series.refusals() {
            for (number, refusals) in counts.iter().enumerate().filter(|(_, refusals)| **refusals > 0) {
                let (from_s, to_s) = bounds(series, number);
                let rule = refusal.rule();
                rows.push(LimitsRow { store: store.name.clone(), rule, from_s, to_s, refusals: *refusals });
            }
        }
    }
    rows
}
