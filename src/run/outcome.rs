//! What a run found out: plain data, from which every file and table is made.

use crate::history::History;
use crate::limits::Bill;
use crate::metrics::estimate::{Sample, Scalar};
use crate::metrics::{Estimate, Measurements};
use crate::model::{Key, Refusal, Time};
use crate::scenario::Scenario;

use super::advice::Advice;
use super::free_plan::QuotaUse;

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
    /// Which store to take; filled by a comparison, not by a run.
    pub advice: Option<Advice>,
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
    /// What a month of this would cost; `None` where nothing was measured.
    pub cost: Option<Bill>,
    /// What would become of each quota of the free plan, the one that ends first before all others.
    pub free_plan: Vec<QuotaUse>,
}

/// How often a limit was violated, over all replications.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LimitOutcome {
    pub refusal: Refusal,
    pub violations: u64,
    /// The earliest in any replication.
    pub first: Time,
    /// What the caller's code saw then, with the call's own figures where they are known.
    pub text: String,
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

/// The 97.5th percentile of the normal law.
const NORMAL_975: f64 = 1.959_963_984_540_054;

impl PromiseOutcome {
    /// The 95 % confidence interval of the share of replications that keep the promise, after Wilson (1927): it stays
    /// between 0 and 1 and says something where all or none kept it.
    pub fn interval(&self) -> [f64; 2] {
        let n = f64::from(self.of);
        if self.of == 0 {
            return [0.0, 1.0];
        }
        let share = f64::from(self.kept) / n;
        let squared = NORMAL_975 * NORMAL_975;
        let middle = share + squared / (2.0 * n);
        let half = NORMAL_975 * libm::sqrt(share * (1.0 - share) / n + squared / (4.0 * n * n));
        let bound = |value: f64| (value / (1.0 + squared / n)).clamp(0.0, 1.0);
        // At the ends the formula gives the end itself, but for the last digit.
        let low = if self.kept == 0 { 0.0 } else { bound(middle - half) };
        let high = if self.kept == self.of { 1.0 } else { bound(middle + half) };
        [low, high]
    }
}

impl StoreOutcome {
    /// What each replication contributed to a figure; `None` where it was not measured.
    pub fn samples_of(&self, scalar: Scalar) -> Option<&[Sample]> {
        self.samples.iter().find(|(other, _)| *other == scalar).map(|(_, samples)| samples.as_slice())
    }

    /// Whether every promise was kept.
    pub fn keeps_all(&self) -> bool {
        self.promises.iter().all(|promise| promise.met)
    }

    /// The estimate with this name, if it was measured.
    pub fn estimate(&self, name: &str) -> Option<&Estimate> {
        self.estimates.iter().find(|estimate| estimate.scalar.name() == name)
    }
}
