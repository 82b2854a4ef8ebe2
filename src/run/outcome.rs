//! What a run found out: plain data, from which every file and table is made.

use crate::history::History;
use crate::metrics::estimate::{Sample, Scalar};
use crate::metrics::{Estimate, Measurements};
use crate::model::{Key, Refusal, Time};
use crate::scenario::Scenario;

/// The result of a run.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    pub scenario: Scenario,
    /// SHA-256 over the scenario's canonical form, in hexadecimal.
    pub scenario_digest: String,
    /// SHA-256 over all figures, in hexadecimal: two runs that agree on it agree on every number.
    pub digest: String,
    /// The command that repeats the run.
    pub command: String,
    /// In the scenario's order.
    pub stores: Vec<StoreOutcome>,
    /// One anomaly to look at, from the first store that shows one; `None` where no read was stale.
    pub anomaly: Option<Anomaly>,
}

/// What one store did.
#[derive(Clone, PartialEq, Debug)]
pub struct StoreOutcome {
    pub name: String,
    pub label: String,
    /// The word for the kind: `kv`, `d1`, …
    pub kind: &'static str,
    /// All replications together.
    pub pooled: Measurements,
    /// Every figure that was measured, in the order of the table, with intervals over replications.
    pub estimates: Vec<Estimate>,
    pub limits: Vec<LimitOutcome>,
    pub promises: Vec<PromiseOutcome>,
    /// What each replication contributed to each figure that was measured, in the order of the replications.
    pub samples: Vec<(Scalar, Vec<Sample>)>,
}

/// How often a limit was violated, over all replications.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitOutcome {
    pub refusal: Refusal,
    pub violations: u64,
    /// The earliest in any replication.
    pub first: Time,
}

/// Whether a promise was kept.
#[derive(Clone, PartialEq, Debug)]
pub struct PromiseOutcome {
    /// The promise's place in the scenario's list.
    pub promise: usize,
    /// Replications that kept it. A replication in which nothing was measured keeps an upper bound and breaks a lower one.
    pub kept: u32,
    pub of: u32,
    /// Whether the share that was asked for was reached.
    pub met: bool,
}

/// A stretch of one key's history in replication 0 that shows a stale read.
#[derive(Clone, PartialEq, Debug)]
pub struct Anomaly {
    /// The store's place in the scenario's list.
    pub store: usize,
    pub key: Key,
    pub from: Time,
    pub to: Time,
    /// Only the operations and notes of this key in this stretch, in the order of their times.
    pub history: History,
}

impl StoreOutcome {
    /// The estimate with this name, if it was measured.
    pub fn estimate(&self, name: &str) -> Option<&Estimate> {
        self.estimates.iter().find(|estimate| estimate.scalar.name() == name)
    }
}
