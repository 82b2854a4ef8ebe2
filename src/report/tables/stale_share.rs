//! `stale_share.csv`: the share of stale reads of each store, with its interval.

use serde::Serialize;

use crate::metrics::CountId;
use crate::metrics::estimate::Scalar;
use crate::run::Outcome;

use super::severity::{self, ShareRow};

/// The rows, in the scenario's order; stores that answered no read are left out.
pub fn rows(outcome: &Outcome) -> Vec<impl Serialize + use<>> {
    shares(outcome)
}

/// As [`rows`], typed for the chart.
pub fn shares(outcome: &Outcome) -> Vec<ShareRow> {
    severity::shares(outcome, Scalar::Share(CountId::StaleReads))
}
