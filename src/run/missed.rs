//! What the reads of a history missed: the write that most of them did, and the neighbourhood of that, cut out for a picture.

use std::collections::BTreeMap;

use crate::history::{History, Note, Record};
use crate::model::{Key, Span, Time, Version};

use super::outcome::Anomaly;

/// The picture shows at most this many operations …
const SHOWN_MAX: usize = 220;
/// … within at most this time.
pub(super) const STRETCH_MAX: Span = Span::from_secs(100);

/// The anomaly in a history that is most worth looking at.
pub fn in_history(store: usize, history: &History, edges: usize) -> Option<Anomaly> {
    let (write, missed) = most_missed(history)?;
    Some(anomaly(store, history, write, window(write, missed), edges))
}

pub(super) fn anomaly(
    store: usize,
    history: &History,
    write: &Record,
    (from, to): (Time, Time),
    edges: usize,
) -> Anomaly {
    Anomaly { store, key: write.key, from, to, history: stretch(history, write, from, to, edges) }
}

/// The time that a picture shows: from before the write until after the last read that missed it.
pub(super) fn window(write: &Record, missed: Missed) -> (Time, Time) {
    let length = missed.last.since(write.start).0.max(1_000_000);
    (write.start - Span(length / 4), missed.last + Span(length / 5))
}

/// More reads that missed a write make no better picture.
pub(super) const WORTH_MAX: u32 = 12;

pub(super) fn worth(missed: Missed) -> u32 {
    missed.reads.min(WORTH_MAX)
}

/// A write that some reads missed: who missed it, and until when.
#[derive(Clone, Copy, Debug)]
pub(super) struct Missed {
    reads: u32,
    last: Time,
}

/// The write that most reads missed, as far as that counts, and the earliest of those; of some at one time, the first key's.
pub(super) fn most_missed(history: &History) -> Option<(&Record, Missed)> {
    // Every write to a key, and who missed it first of all writes.
    let mut writes: BTreeMap<(Key, Version), (&Record, Missed)> = BTreeMap::new();
    for record in &history.records {
        if record.keys == 1 && !record.operation.is_read() && record.refusal.is_none() {
            let missed = Missed { reads: 0, last: record.start };
            writes.insert((record.key, record.seen.version), (record, missed));
        }
    }
    for read in history.records.iter().filter(|record| record.stale && record.keys == 1) {
        let newer = (read.key, Version { nonce: read.seen.version.nonce.saturating_add(1), ..read.seen.version });
        let end = (Key(read.key.0 + 1), Version::INITIAL);
        // The oldest write that the read missed and that was complete when it started.
        let complete = |write: &Record| write.end.is_some_and(|end| end <= read.start);
        if let Some((_, (write, missed))) = writes.range_mut(newer..end).find(|(_, (write, _))| complete(write))
            && read.start.since(write.start) < STRETCH_MAX
        {
            missed.reads += 1;
            missed.last = missed.last.max(read.end.unwrap_or(read.start));
        }
    }
    writes
        .into_values()
        .filter(|(_, missed)| missed.reads > 0)
        .min_by_key(|(write, missed)| (std::cmp::Reverse(worth(*missed)), write.start))
}

/// The operations and notes of the write's key between two times, thinned to what a picture can show.
fn stretch(history: &History, write: &Record, from: Time, to: Time, edges: usize) -> History {
    let key = write.key;
    let mut kept = History::bounded(usize::MAX);
    let near = |record: &&Record| {
        record.key == key && record.keys == 1 && record.end.is_some_and(|end| end >= from) && record.start <= to
    };
    let mut records: Vec<&Record> = history.records.iter().filter(near).collect();
    records.sort_by_key(|record| (record.start, record.end));
    // Where there are too many reads, each location shows the first of each slice of time, and stale ones first.
    let reads = records.iter().filter(|record| record.operation.is_read()).count();
    let slices = (SHOWN_MAX / edges.clamp(1, 8)).max(1) as u64;
    let slice = (to.since(from).0 / slices).max(1);
    let mut taken: BTreeMap<_, bool> = BTreeMap::new();
    for record in &records {
        let place = (record.location, record.start.since(from).0 / slice);
        *taken.entry(place).or_insert(false) |= record.stale;
    }
    for record in records {
        let place = (record.location, record.start.since(from).0 / slice);
        let shown = !record.operation.is_read() || reads <= SHOWN_MAX || taken.get(&place) == Some(&record.stale);
        if shown {
            kept.record(record.clone());
            if reads > SHOWN_MAX && record.operation.is_read() {
                taken.remove(&place);
            }
        }
    }
    let of_key = |note: &Note| match note {
        Note::Committed { key: of, .. } | Note::Filled { key: of, .. } | Note::ShownLocally { key: of, .. } => {
            *of == key
        }
        Note::Expired { .. } => false,
    };
    let mut notes: Vec<_> = history.notes.iter().filter(|noted| of_key(&noted.note) && noted.at <= to).collect();
    notes.sort_by_key(|noted| noted.at);
    // From before, only what still stands when the stretch begins: the last of the central store and of each location.
    let place = |note: &Note| match note {
        Note::Committed { .. } | Note::Expired { .. } => None,
        Note::Filled { location, .. } | Note::ShownLocally { location, .. } => Some(*location),
    };
    let mut standing = BTreeMap::new();
    for noted in notes.iter().filter(|noted| noted.at < from) {
        standing.insert(place(&noted.note), **noted);
    }
    for noted in standing.into_values().chain(notes.iter().filter(|noted| noted.at >= from).map(|noted| **noted)) {
        kept.note(noted.at, noted.note);
    }
    kept.notes.sort_by_key(|noted| noted.at);
    kept
}
