//! The regenerative cycles of one cache: from one fill to the next.
//!
//! A cache alone, that asks its central store without delay, forgets everything when it takes a new copy: it then holds
//! what the store holds, and what follows depends on nothing before. So its reads fall into independent cycles, and a
//! single run has as many of them as there are misses.

use crate::history::History;
use crate::model::{Key, Time};

use super::estimate::Sample;

/// The cycles of each key at one location: stale reads and reads, among reads that start from `from` on. What lies
/// before the first fill and after the last is no whole cycle, and is left out.
///
/// Meant for histories of one location with a cache without delay; others have cycles that depend on each other.
pub fn cycles(history: &History, from: Time) -> Vec<Sample> {
    let is_read = |record: &&crate::history::Record| record.operation.is_read() && record.refusal.is_none();
    let mut reads: Vec<(Key, Time, bool, bool)> = history
        .records
        .iter()
        .filter(is_read)
        .filter(|record| record.start >= from)
        .map(|record| (record.key, record.start, record.cached, record.stale))
        .collect();
    // A stable sort: reads at the same time stay in the order of their answers.
    reads.sort_by_key(|(key, start, _, _)| (*key, *start));
    let mut cycles = Vec::new();
    for of_key in reads.chunk_by(|a, b| a.0 == b.0) {
        let mut open: Option<Sample> = None;
        for (_, _, cached, stale) in of_key {
            if !cached {
                cycles.extend(open.replace(Sample::default()));
            }
            if let Some(cycle) = &mut open {
                cycle.hits += f64::from(u8::from(*stale));
                cycle.of += 1.0;
            }
        }
    }
    cycles
}
