//! The walk: scenario → world → simulation → measurements → outcome.
//!
//! Every (store, replication, share of the groups) is a unit that is simulated alone; measurements are integers and merge
//! exactly, so neither the number of threads nor the order in which units end changes a byte.

pub mod advice;
pub mod anomaly;
pub mod cost;
pub mod digest;
pub mod evidence;
pub mod outcome;
pub mod pool;
pub mod record;
pub mod unit;

pub use advice::{Advice, Boundary, Difference, Prefer, Side, Unmoved};
pub use outcome::{Anomaly, LimitOutcome, Outcome, PromiseOutcome, StoreOutcome};
pub use record::Recording;
pub use unit::{Contestant, RecordError, Unit};

use std::fmt;
use std::sync::Mutex;

use crate::metrics::Measurements;
use crate::metrics::estimate::{Sample, Scalar, estimate};
use crate::scenario::Scenario;
use crate::workloads::trace_file::TraceError;

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

impl RunError {
    /// Whether the input is at fault, and not the machine.
    pub fn is_input(&self) -> bool {
        let RunError::Trace(_) = self;
        true
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let RunError::Trace(error) = self;
        error.fmt(f)
    }
}

impl std::error::Error for RunError {}

/// What one store's replications add up to, while units come in.
struct Sum {
    pooled: Measurements,
    /// By replication: what has come in, and how many units are missing.
    open: Vec<(Option<Measurements>, u32)>,
    /// By replication, when it is complete.
    samples: Vec<Vec<Sample>>,
}

/// Runs a scenario.
///
/// # Errors
/// When a trace cannot be read to its end; then there is no outcome at all.
pub fn run(scenario: &Scenario, options: &Options, watch: &dyn Watch) -> Result<Outcome, RunError> {
    let contestants: Vec<Contestant> = Contestant::all(scenario);
    let mut units = Vec::new();
    let mut sums = Vec::new();
    let scalars = Scalar::all();
    let locations = scenario.network.places.len();
    for (store, contestant) in contestants.iter().enumerate() {
        let shares = contestant.shares(scenario.replications);
        for replication in 0..scenario.replications {
            units.extend((0..shares).map(|share| Unit { store, replication, share, shares }));
        }
        let replications = scenario.replications as usize;
        sums.push(Mutex::new(Sum {
            pooled: Measurements::new(locations),
            open: vec![(None, shares); replications],
            samples: vec![Vec::new(); replications],
        }));
    }
    watch.planned(units.len() as u64);
    pool::each(options.threads, &units, |unit| {
        let measured = contestants[unit.store].simulate(*unit).map_err(RunError::Trace)?;
        watch.advanced(1, measured.operations);
        let mut sum = sums[unit.store].lock().expect("no unit panics");
        sum.take(unit.replication as usize, measured, &scalars);
        Ok(())
    })?;
    let sums = sums.into_iter().map(|sum| sum.into_inner().expect("no unit panics"));
    let stores: Vec<StoreOutcome> =
        scenario.stores.iter().zip(sums).map(|(config, sum)| conclude(scenario, config, sum, &scalars)).collect();
    let anomaly = anomaly::find(&contestants, &stores, &scenario.network);
    Ok(Outcome {
        scenario: scenario.clone(),
        scenario_digest: digest::of_scenario(scenario),
        digest: digest::of_stores(&stores),
        command: options.command.clone(),
        stores,
        anomaly,
        advice: None,
    })
}

impl Sum {
    fn take(&mut self, replication: usize, measured: Measurements, scalars: &[Scalar]) {
        let (open, missing) = &mut self.open[replication];
        match open {
            Some(sum) => sum.merge(&measured),
            None => *open = Some(measured),
        }
        *missing -= 1;
        if *missing == 0
            && let Some(whole) = open.take()
        {
            self.samples[replication] = scalars.iter().map(|scalar| Sample::of(*scalar, &whole)).collect();
            self.pooled.merge(&whole);
        }
    }
}

fn conclude(scenario: &Scenario, config: &crate::stores::StoreConfig, sum: Sum, scalars: &[Scalar]) -> StoreOutcome {
    let column = |n: usize| -> Vec<Sample> { sum.samples.iter().map(|row| row[n]).collect() };
    let estimates = scalars.iter().enumerate().filter_map(|(n, scalar)| estimate(*scalar, &column(n))).collect();
    let limits = sum
        .pooled
        .refusals
        .iter()
        .map(|(refusal, (violations, first))| LimitOutcome {
            refusal: *refusal,
            violations: *violations,
            first: *first,
        })
        .collect();
    let promises = scenario
        .promises
        .iter()
        .enumerate()
        .map(|(promise, terms)| {
            let n = scalars.iter().position(|scalar| *scalar == terms.metric).expect("a metric of the table");
            let kept = column(n).iter().filter(|sample| kept(terms.bound, **sample)).count() as u32;
            let of = scenario.replications;
            PromiseOutcome { promise, kept, of, met: f64::from(kept) >= terms.share * f64::from(of) }
        })
        .collect();
    let samples = scalars.iter().enumerate().map(|(n, scalar)| (*scalar, column(n)));
    StoreOutcome {
        samples: samples.filter(|(_, samples)| samples.iter().any(|sample| sample.of > 0.0)).collect(),
        cost: cost::cost(scenario, config, &sum.pooled),
        name: config.name.clone(),
        label: config.label.clone(),
        kind: config.kind.word(),
        pooled: sum.pooled,
        estimates,
        limits,
        promises,
    }
}

/// Whether one replication kept a promise. Where nothing was measured, no upper bound was broken, and no lower one kept.
pub fn kept(bound: crate::scenario::Bound, sample: Sample) -> bool {
    if sample.of > 0.0 {
        bound.holds(sample.hits / sample.of)
    } else {
        matches!(bound, crate::scenario::Bound::AtMost(_))
    }
}
