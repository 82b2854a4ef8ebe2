//! Finds the anomaly of a trace by the few keys that it can be of, where no key has to do with another.
//!
//! Each key that the first rows write is simulated alone, until long after the last of these rows, so that a picture does not
//! end where other keys have filled a list. Those come first that could show the best, a few at a time, until no other can
//! show a better one.

use std::cmp::Reverse;

use crate::engine::by_key::FirstReplication;
use crate::history::History;
use crate::model::{Key, Span, Time, Value};
use crate::workloads::TraceOperation;
use crate::workloads::trace_picked::{Picked, PickedRow};
use crate::workloads::trace_rows::Run;

use super::missed::{STRETCH_MAX, WORTH_MAX, anomaly, most_missed, window, worth};
use super::outcome::Anomaly;
use super::unit::Contestant;

/// After a write its picture takes at most this time, unless an answer takes very long …
const REACH: Span = Span(STRETCH_MAX.0 / 4 * 5);
/// … or so many times as many rows come as those that say which keys there are.
const REACH_IN_ROWS: usize = 4;

/// Keys that have no more rows are looked at together at first, then twice as many, and so on.
const TOGETHER: usize = 1_000;

/// The anomaly of the keys that the first rows of a trace write, if there is one; `None` where they do not tell, or not by so
/// many operations as may be looked at.
pub fn find(store: usize, contestant: &Contestant, edges: usize, first: usize, most: usize) -> Option<Option<Anomaly>> {
    let replication = contestant.first_replication(REACH_IN_ROWS * first + 1)?;
    let beginning = Beginning::of(&replication, first);
    let (mut found, mut next, mut left, mut together) = (None, 0, most, TOGETHER);
    while left > 0
        && let Some(first) = beginning.written.get(next)
        && found.as_ref().is_none_or(|found| first.may_show(found))
    {
        let (from, mut rows) = (next, 0);
        while let Some(written) = beginning.written.get(next)
            && (next == from || rows + written.rows <= together)
        {
            (next, rows) = (next + 1, rows + written.rows);
        }
        together *= 2;
        let (picked, until) = beginning.pick(&beginning.written[from..next], left);
        left -= picked.len();
        let candidate = Candidate::of(store, &contestant.look_at(picked, until), edges);
        if let Some(candidate) = candidate
            && found.as_ref().is_none_or(|found: &Candidate| candidate.rank() < found.rank())
        {
            found = Some(candidate);
        }
    }
    (left > 0 || found.is_some()).then(|| found.map(|found| found.anomaly))
}

/// A key's write that was missed, and its picture.
struct Candidate {
    worth: u32,
    start: Time,
    anomaly: Anomaly,
}

impl Candidate {
    fn of(store: usize, history: &History, edges: usize) -> Option<Candidate> {
        let (write, missed) = most_missed(history)?;
        let anomaly = anomaly(store, history, write, window(write, missed), edges);
        Some(Candidate { worth: worth(missed), start: write.start, anomaly })
    }

    /// The least is shown.
    fn rank(&self) -> (Reverse<u32>, Time, Key) {
        (Reverse(self.worth), self.start, self.anomaly.key)
    }
}

/// A key that is written and has other rows: first the one that could show the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    /// What a write would be worth that all of these missed.
    worth: Reverse<u32>,
    first: Time,
    key: u32,
    rows: usize,
    /// Which runs these are.
    from: usize,
    to: usize,
}

impl Written {
    /// Whether this key, which was not looked at, may show a better write.
    fn may_show(&self, found: &Candidate) -> bool {
        (self.worth, self.first, Key(self.key)) < found.rank()
    }
}

/// The rows that are looked at.
struct Beginning<'a> {
    replication: &'a FirstReplication<'a>,
    /// Only rows before this time.
    until: Time,
    /// Of all of them, the numbers of those that put something.
    puts: Vec<u32>,
    written: Vec<Written>,
    /// Those of these keys.
    runs: Vec<Run<'a>>,
}

impl<'a> Beginning<'a> {
    fn of(replication: &'a FirstReplication<'a>, first: usize) -> Beginning<'a> {
        let rows = replication.rows();
        let until = rows.at(first).map_or(Time::NEVER, |last| last + REACH);
        let until = rows.at(REACH_IN_ROWS * first).map_or(until, |last| last.min(until));
        let (mut puts, mut written, mut runs) = (Vec::new(), Vec::new(), Vec::new());
        let (mut by_key, beside, mut from) = (rows.by_key_before(until), rows.beside(), 0);
        while let Some(key) = by_key.next_runs(|_| true, |run| runs.push(run.before(until))) {
            let (mut first_write, of_key) = (None, &runs[from..]);
            for row in of_key.iter().flat_map(|run| run.each_but_reads(beside)) {
                let operation = replication.operation(&row);
                if operation != TraceOperation::Get {
                    first_write = first_write.or(Some((row.number as usize, row.at)));
                    if operation == TraceOperation::Put {
                        puts.push(row.number);
                    }
                }
            }
            let rows: usize = of_key.iter().map(Run::len).sum();
            if let Some((number, at)) = first_write
                && number < first
                && rows > 1
            {
                let worth = Reverse((rows - 1).min(WORTH_MAX as usize) as u32);
                written.push(Written { worth, first: at, key, rows, from, to: runs.len() });
                from = runs.len();
            } else {
                runs.truncate(from);
            }
        }
        puts.sort_unstable();
        written.sort_unstable();
        Beginning { replication, until, puts, written, runs }
    }

    /// The rows of some keys, but no more than so many; and up to which time these are all.
    fn pick(&self, keys: &[Written], most: usize) -> (Picked, Time) {
        let (replication, beside) = (self.replication, self.replication.rows().beside());
        let (mut picked, mut until) = (Vec::new(), self.until);
        for Written { key, from, to, .. } in keys {
            picked.extend(self.runs[*from..*to].iter().flat_map(|run| run.each(beside)).map(|row| PickedRow {
                key: *key,
                row,
                operation: replication.operation(&row),
                location: replication.location(*key, &row),
                client: replication.client(&row),
                puts: self.puts.partition_point(|number| *number < row.number) as Value,
            }));
        }
        picked.sort_unstable_by_key(|one| one.row.number);
        if let Some(cut) = picked.get(most) {
            until = cut.row.at;
            picked.truncate(most);
        }
        (Picked::new(picked, |key| replication.rows().name_and_length(key)), until)
    }
}
