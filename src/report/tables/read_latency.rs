//! `read_latency.csv`: how long reads took, store by store.

use crate::metrics::DistributionId;
use crate::report::emphasis::Line;
use crate::run::Outcome;

use super::severity::{self, SizeRow};

/// What is drawn of the latency of reads.
pub const LINE: Line = Line::Figures(DistributionId::ReadLatency, &["p50", "p95", "p99"]);

/// The rows, in the scenario's order.
pub fn rows(outcome: &Outcome) -> Vec<SizeRow> {
    severity::sizes(outcome, LINE)
}
