//! How long reads take, store by store: median, 95th and 99th percentile.

use crate::metrics::table::Unit;
use crate::report::figures;
use crate::report::tables::read_latency::{LINE, rows as sizes};
use crate::run::Outcome;

use super::rows::{self, Drawn, Row};
use super::{Chart, severity};

/// The chart; none where no store answered a read.
pub fn chart(outcome: &Outcome) -> Option<Chart> {
    let rows = severity::ranges(outcome, LINE, &sizes(outcome));
    if rows.is_empty() {
        return None;
    }
    let key = rows::range_words(severity::in_words("p50"), severity::in_words("p95"), severity::in_words("p99"));
    let subtitle = format!("From the call to the answer at the client's location, answered reads only. {key}");
    let titles = titles(&rows);
    Some(severity::finish(outcome, "read_latency", &titles, &subtitle, rows, Unit::Seconds))
}

fn titles(rows: &[Row]) -> Vec<String> {
    let figure = |row: &Row, n: usize| if let Drawn::Range(figures) = row.drawn { figures[n] } else { 0.0 };
    let words = |row: &Row, n: usize| figures::about(Unit::Seconds, figure(row, n));
    let by_median = |a: &&Row, b: &&Row| figure(a, 0).total_cmp(&figure(b, 0));
    let (Some(fastest), Some(slowest)) = (rows.iter().min_by(by_median), rows.iter().max_by(by_median)) else {
        return Vec::new();
    };
    if figure(fastest, 0) == figure(slowest, 0) {
        return vec![
            format!(
                "Half of all reads from {} are answered within {}, 99 % within {}",
                fastest.label,
                words(fastest, 0),
                words(fastest, 2)
            ),
            format!("Half of all reads are answered within {}", words(fastest, 0)),
        ];
    }
    vec![
        format!(
            "{} answers half of its reads within {}, {} within {}",
            fastest.label,
            words(fastest, 0),
            slowest.label,
            words(slowest, 0)
        ),
        format!(
            "The fastest store answers half of its reads within {}, the slowest within {}",
            words(fastest, 0),
            words(slowest, 0)
        ),
    ]
}
