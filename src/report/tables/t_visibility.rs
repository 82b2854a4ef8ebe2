//! `t_visibility.csv`: the share of reads that still return an old value, by the time since the last completed write.

use serde::Serialize;

use crate::metrics::{Curve, CurveId};
use crate::report::figures::tidy;
use crate::run::{Outcome, StoreOutcome};
use crate::stores::StoreKind;

/// One interval of time of one store's curve, all replications together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    pub store: String,
    /// The bounds of the time from the completion of the last write to the start of the read.
    pub from_s: f64,
    pub to_s: f64,
    pub reads: u64,
    pub still_old: u64,
    pub share_still_old: f64,
}

/// What Workers KV documents: other locations may show a change after "60 seconds or more" (kv/concepts/how-kv-works).
pub const DOCUMENTED_S: f64 = 60.0;

/// The finest and coarser divisions of the axis; the finest in which the points are not mostly noise is taken.
const CELLS: [usize; 4] = [140, 70, 35, 14];
/// Reads that a point should rest on.
const READS_PER_CELL: u64 = 100;

/// The rows, in the scenario's order; intervals without reads are left out.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let horizon = horizon(outcome);
    let cells = cells(outcome, horizon);
    let mut rows = Vec::new();
    for store in &outcome.stores {
        for point in store.pooled.curve(CurveId::TVisibility).points(horizon, cells) {
            // Buckets of chances and hits are the same, so there are never more hits than chances.
            let still_old = point.of.saturating_sub(point.hits);
            if point.of > 0 {
                rows.push(Row {
                    store: store.name.clone(),
                    from_s: tidy(point.from as f64 / 1e9),
                    to_s: tidy(point.to as f64 / 1e9),
                    reads: point.of,
                    still_old,
                    share_still_old: tidy(still_old as f64 / point.of as f64),
                });
            }
        }
    }
    rows
}

/// The longest time after a write at which a read still returned an older value, in nanoseconds; `None` if there was none.
pub fn last_old(store: &StoreOutcome) -> Option<u64> {
    let curve: &Curve = store.pooled.curve(CurveId::TVisibility);
    let mut hits = curve.hits.buckets().peekable();
    let mut last = None;
    for (least, width, count) in curve.chances.buckets() {
        while hits.next_if(|(other, ..)| *other < least).is_some() {}
        let seen = hits.peek().filter(|(other, ..)| *other == least).map_or(0, |(.., seen)| *seen);
        if count > seen {
            last = Some(least + width / 2);
        }
    }
    last
}

/// Whether the documented minute of Workers KV says something about one of these stores.
pub fn documented_bound_applies(outcome: &Outcome) -> bool {
    let applies = |kind: &StoreKind| match kind {
        StoreKind::KvPull(_) => true,
        StoreKind::KvPush(config) => !config.limit_per_namespace && config.max.seconds() >= DOCUMENTED_S,
        _ => false,
    };
    let shown = |name: &str| outcome.stores.iter().any(|store| store.name == name);
    outcome.scenario.stores.iter().any(|store| shown(&store.name) && applies(&store.kind))
}

/// How far the axis goes, in nanoseconds: to the last old answer and a little further, and past the documented minute
/// where that applies.
pub fn horizon(outcome: &Outcome) -> u64 {
    let last = outcome.stores.iter().filter_map(last_old).max().unwrap_or(0);
    let least = if documented_bound_applies(outcome) { (DOCUMENTED_S * 1e9 * 7.0 / 6.0) as u64 } else { 0 };
    let wanted = last.saturating_add(last / 20).max(least);
    if wanted == 0 { 10_000_000_000 } else { round_up(wanted) }
}

/// The next number whose first two digits are whole steps of the axis.
fn round_up(nanos: u64) -> u64 {
    let mut step = 1_u64;
    while nanos / step >= 20 {
        step = step.saturating_mul(if step.to_string().starts_with('1') { 5 } else { 2 });
    }
    nanos.div_ceil(step).saturating_mul(step)
}

fn cells(outcome: &Outcome, horizon: u64) -> usize {
    let steady = |cells: &&usize| {
        outcome.stores.iter().all(|store| {
            let points = store.pooled.curve(CurveId::TVisibility).points(horizon, **cells);
            let filled: Vec<u64> = points.iter().map(|point| point.of).filter(|of| *of > 0).collect();
            let thin = filled.iter().filter(|of| **of < READS_PER_CELL).count();
            thin * 10 <= filled.len()
        })
    };
    CELLS.iter().find(steady).or(CELLS.last()).copied().unwrap_or(1)
}
