//! Which store to take, and what would change the answer: plain data beside the figures that it rests on.

use crate::metrics::estimate::Scalar;

/// What decides between stores that keep all promises.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Prefer {
    /// The lowest monthly cost; equal costs: the lower median latency, of reads (of writes, where a store never reads).
    #[default]
    Cheapest,
    /// The lowest such latency; equal latencies: the lower cost.
    Nearest,
}

impl Prefer {
    /// The word in options and files.
    pub fn word(self) -> &'static str {
        match self {
            Prefer::Cheapest => "cheapest",
            Prefer::Nearest => "nearest",
        }
    }
}

/// The recommendation of one comparison. Stores are given by their places in the outcome's list.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Advice {
    pub prefer: Prefer,
    /// The scenario promised nothing, and the workload's default promises were judged.
    pub default_promises: bool,
    /// Stores that keep every promise, the best first: the first is recommended.
    pub keeping: Vec<usize>,
    /// How far the other stores are from the recommended one, on the same reads and writes.
    pub differences: Vec<Difference>,
    /// What changes the answer, the nearest of its kind and direction.
    pub boundaries: Vec<Boundary>,
    /// What was varied without finding another answer.
    pub unmoved: Vec<Unmoved>,
    /// What was not varied, because the operations that the search may simulate would not have sufficed.
    pub unseen: Vec<Unmoved>,
}

impl Advice {
    /// The recommended store; `None` where no store keeps every promise.
    pub fn store(&self) -> Option<usize> {
        self.keeping.first().copied()
    }
}

/// A paired difference between two stores.
#[derive(Clone, PartialEq, Debug)]
pub struct Difference {
    pub store: usize,
    /// The store that is subtracted.
    pub against: usize,
    pub scalar: Scalar,
    /// The mean over replications of the difference, in exported units.
    pub value: f64,
    /// Student's 95 % interval over replications; `None` for fewer than two.
    pub interval: Option<[f64; 2]>,
    /// Replications in which both measured it.
    pub replications: u32,
}

/// Where the answer changes. Both sides were simulated with all replications.
#[derive(Clone, PartialEq, Debug)]
pub struct Boundary {
    /// In words: "writes", "locations".
    pub parameter: String,
    /// The field, as `--set` takes it.
    pub key: String,
    /// The scenario's own value.
    pub now: String,
    /// The farthest value that still gives the scenario's answer.
    pub before: Side,
    /// The nearest value that gives another.
    pub after: Side,
}

/// One side of a boundary.
#[derive(Clone, PartialEq, Debug)]
pub struct Side {
    pub value: f64,
    /// As people read it.
    pub text: String,
    /// As `--set` takes it.
    pub toml: String,
    /// The store recommended there.
    pub store: Option<usize>,
}

/// A parameter that was varied up to a value without changing the answer.
#[derive(Clone, PartialEq, Debug)]
pub struct Unmoved {
    pub parameter: String,
    pub key: String,
    pub now: String,
    /// The farthest value looked at.
    pub until: String,
}
