//! The walk: scenario → world → simulation → observations → measurements → outcome.
use std::fmt;

use crate::scenario::Scenario;

pub mod outcome;
pub use outcome::{Anomaly, LimitOutcome, Outcome, PromiseOutcome, StoreOutcome};

/// How to run.
pub struct Options {
    /// 0: as many as there are processors.
    pub threads: usize,
    /// The command that repeats the run.
    pub command: String,
}

/// Whoever wants to know how far a run is.
pub trait Watch: Sync {
    /// How many units of work there will be.
    fn planned(&self, units: u64);
    /// So many of them are done, with so many simulated operations.
    fn advanced(&self, units: u64, operations: u64);
}

/// Why a run could not finish.
#[derive(Debug)]
pub struct RunError;

impl RunError {
    /// Whether the input is to blame.
    pub fn is_input(&self) -> bool {
        false
    }
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("running is not part of this branch")
    }
}

/// Runs a scenario.
pub fn run(_: &Scenario, _: &Options, _: &dyn Watch) -> Result<Outcome, RunError> {
    Err(RunError)
}
