//! The share of stale reads of each store, with its interval.

use crate::metrics::CountId;
use crate::metrics::estimate::Scalar;
use crate::report::emphasis::Line;
use crate::report::finding;
use crate::run::Outcome;

use super::Chart;
use super::frame::interval_words;
use super::severity;

/// The chart; none where no store answered a read.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let rows = severity::bars(outcome, Scalar::Share(CountId::StaleReads));
    let titles = finding::headlines(outcome, Line::Share(CountId::StaleReads));
    if rows.is_empty() || titles.is_empty() {
        return None;
    }
    let subtitle = format!(
        "Share of answered reads that returned an older version than a write completed before they started. {}",
        interval_words(outcome, &rows)
    );
    let unit = CountId::StaleReads.row().unit;
    Some(severity::finish(outcome, "stale_share", &titles, &subtitle, rows, unit))
}
