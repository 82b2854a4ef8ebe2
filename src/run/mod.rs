//! The walk: scenario → world → simulation → measurements → outcome.
//!
//! Every (store, replication, share of the groups) is a unit that is simulated alone; measurements are integers and merge
//! exactly, so neither the number of threads nor the order in which units end changes a byte.

pub mod advice;
pub mod anomaly;
pub mod anomaly_of_keys;
mod census;
pub mod contest;
pub mod cost;
pub mod determinism;
pub mod digest;
pub mod evidence;
pub mod first_key;
pub mod free_plan;
pub mod missed;
pub mod outcome;
pub mod pool;
mod prepare;
pub mod record;
mod regenerative;
pub mod remedy;
mod simulation;
pub mod suspect;
pub mod unit;
pub mod until;
mod walk;
mod whole;

pub use advice::{Advice, Boundary, Difference, Prefer, Side, Unmoved};
pub use contest::Contest;
pub use free_plan::QuotaUse;
pub use outcome::{Anomaly, LimitOutcome, Outcome, PromiseOutcome, StoreOutcome};
pub use record::Recording;
pub use unit::{Contestant, RecordError, Unit};
pub use until::{Reached, Until, run_until};

use std::fmt;

use crate::metrics::estimate::{BATCHES, Method, Sample, Scalar, batch_means, estimate};
use crate::metrics::{Estimate, Measurements};
use crate::scenario::Scenario;
use crate::workloads::trace_file::TraceError;

use walk::{Sum, Walk};

/// How to run; nothing here changes a figure.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// How many units are simulated at the same time; 0: as many as the machine has processors.
    pub threads: usize,
    /// The command that repeats the run, for reports.
    pub command: String,
}

/// Who wants to know how far the run is.
pub trait Watch: Sync {
    /// So many units will be simulated.
    fn planned(&self, units: u64);
    /// So many more are done, with so many measured operations.
    fn advanced(&self, units: u64, operations: u64);
    /// These stores are serial: all that a replication does on one of them is one unit, which one thread simulates.
    fn serial(&self, stores: &[&str]) {
        let _ = stores;
    }
    /// After so many replications the interval is this wide, as a share of its value, and this is wanted.
    fn aimed(&self, replications: u32, relative: Option<f64>, wanted: f64) {
        let _ = (replications, relative, wanted);
    }
}

/// Nobody watches.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn planned(&self, _units: u64) {}
    fn advanced(&self, _units: u64, _operations: u64) {}
}

/// Why a run has no outcome.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RunError {
    /// The trace is missing or malformed.
    Trace(TraceError),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunError::Trace(error) = self;
        error.fmt(f)
    }
}

impl std::error::Error for RunError {}

/// Runs a scenario.
///
/// With one replication, intervals come from batches of its time, and from independent cycles where the model has them.
///
/// # Errors
/// When a trace cannot be read to its end; then there is no outcome at all.
pub fn run(scenario: &Scenario, options: &Options, watch: &dyn Watch) -> Result<Outcome, RunError> {
    let mut walk = Walk::new(scenario, if scenario.replications == 1 { BATCHES } else { 1 }, options);
    watch.serial(&walk.serial());
    walk.extend(scenario.replications, options, watch)?;
    Ok(walk.finish(options))
}

/// What there is to say of a store, all its replications together being `pooled`.
fn conclude(
    scenario: &Scenario,
    (store, contestant): (usize, &Contestant),
    (sum, pooled): (&Sum, Measurements),
    scalars: &[Scalar],
) -> StoreOutcome {
    let config = &scenario.stores[store];
    let column = |n: usize| -> Vec<Sample> { sum.samples.iter().map(|row| row[n]).collect() };
    let estimates = estimates(scenario, (store, contestant), (sum, &pooled), scalars);
    let limits = pooled
        .refusals
        .iter()
        .map(|(refusal, (violations, first))| LimitOutcome {
            refusal: *refusal,
            violations: *violations,
            first: *first,
            text: match pooled.refusal_texts.get(refusal) {
                Some((_, text)) => text.clone(),
                None => scenario.error_text(*refusal),
            },
        })
        .collect();
    let promises = scenario
        .promises
        .iter()
        .enumerate()
        .map(|(promise, terms)| {
            let n = scalars.iter().position(|scalar| *scalar == terms.metric).expect("a metric of the table");
            let kept = column(n).iter().filter(|sample| kept(terms.bound, **sample)).count() as u32;
            // As many as were run: a store that is out of a contest has fewer.
            let of = sum.samples.len() as u32;
            PromiseOutcome { promise, kept, of, met: f64::from(kept) >= terms.share * f64::from(of) }
        })
        .collect();
    let samples = scalars.iter().enumerate().map(|(n, scalar)| (*scalar, column(n)));
    StoreOutcome {
        samples: samples.filter(|(_, samples)| samples.iter().any(|sample| sample.of > 0.0)).collect(),
        cost: cost::cost(scenario, config, &pooled),
        free_plan: free_plan::quotas(scenario, config, &pooled),
        name: config.name.clone(),
        label: config.label.clone(),
        kind: config.kind.word(),
        pooled,
        estimates,
        limits,
        promises,
    }
}

/// Every figure with its interval: over replications, or from the batches or cycles of a single one.
fn estimates(
    scenario: &Scenario,
    (store, contestant): (usize, &Contestant),
    (sum, pooled): (&Sum, &Measurements),
    scalars: &[Scalar],
) -> Vec<Estimate> {
    if sum.batches.len() < 2 {
        let column = |n: usize| -> Vec<Sample> { sum.samples.iter().map(|row| row[n]).collect() };
        return scalars.iter().enumerate().filter_map(|(n, scalar)| estimate(*scalar, &column(n))).collect();
    }
    let estimate = |scalar: &Scalar| batch_means(*scalar, pooled, &sum.batches);
    let mut estimates: Vec<Estimate> = scalars.iter().filter_map(estimate).collect();
    if let Some(by_cycles) = regenerative::stale_reads(scenario, store, contestant)
        && by_cycles.method != Method::None
        && let Some(found) = estimates.iter_mut().find(|estimate| estimate.scalar == by_cycles.scalar)
    {
        found.interval = by_cycles.interval;
        found.method = by_cycles.method;
    }
    estimates
}

/// Whether one replication kept a promise. Where nothing was measured, no upper bound was broken, and no lower one kept.
pub fn kept(bound: crate::scenario::Bound, sample: Sample) -> bool {
    if sample.of > 0.0 {
        bound.holds(sample.hits / sample.of)
    } else {
        matches!(bound, crate::scenario::Bound::AtMost(_))
    }
}
