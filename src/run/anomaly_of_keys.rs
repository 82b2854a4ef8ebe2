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

/// The anomaly of the keys that the first rows of a trace write, if there is one; `None` where they do not tell, or not by so
/// many operations as may be looked at.
pub fn find(store: usize, contestant: &Contestant, edges: usize, first: usize, most: usize) -> Option<Option<Anomaly>> {
    let replication = contestant.first_replication(REACH_IN_ROWS * first + 1)?;
    let beginning = Beginning::of(&replication, first);
    let (mut found, mut done, mut keys, mut left): (Option<Candidate>, _, _, _) = (None, 0, 1, most);
    while left > 0
        && let Some(next) = beginning.written.get(done)
        && found.as_ref().is_none_or(|found| next.may_show(found))
    {
        let some = &beginning.written[done..(done + keys).min(beginning.written.len())];
        let (picked, until) = beginning.pick(some, left);
        left -= picked.len();
        let better = |candidate: &Candidate| found.as_ref().is_none_or(|found| candidate.rank() < found.rank());
        if let Some(candidate) = Candidate::of(store, &contestant.look_at(picked, until), edges).filter(better) {
            found = Some(candidate);
        }
        done += some.len();
        keys *= 2;
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

/// A key that is written, and then read: first the one that could show the best.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Written {
    /// What a write would be worth that all reads missed.
    worth: Reverse<u32>,
    first: Time,
    key: u32,
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
}

impl<'a> Beginning<'a> {
    fn of(replication: &'a FirstReplication<'a>, first: usize) -> Beginning<'a> {
        let rows = replication.rows();
        let until = rows.at(first).map_or(Time::NEVER, |last| last + REACH);
        let until = rows.at(REACH_IN_ROWS * first).map_or(until, |last| last.min(until));
        let (mut puts, mut written, mut of_key) = (Vec::new(), Vec::new(), Vec::new());
        let (mut by_key, beside) = (rows.by_key_before(until), rows.beside());
        while let Some(key) = by_key.next_runs(|_| true, |run| of_key.push(run)) {
            let (mut first_write, mut reads) = (None, 0);
            for row in of_key.drain(..).flat_map(|run: Run| run.each(beside)).take_while(|row| row.at < until) {
                match replication.operation(&row) {
                    TraceOperation::Get => reads += u32::from(first_write.is_some()),
                    operation => {
                        first_write = first_write.or(Some((row.number, row.at)));
                        if operation == TraceOperation::Put {
                            puts.push(row.number);
                        }
                    }
                }
            }
            if let Some((number, at)) = first_write
                && (number as usize) < first
                && reads > 0
            {
                written.push(Written { worth: Reverse(reads.min(WORTH_MAX)), first: at, key });
            }
        }
        puts.sort_unstable();
        written.sort_unstable();
        Beginning { replication, until, puts, written }
    }

    /// The rows of some keys, but no more than so many; and up to which time these are all.
    fn pick(&self, keys: &[Written], most: usize) -> (Picked, Time) {
        let (replication, rows) = (self.replication, self.replication.rows());
        let mut wanted = vec![false; rows.keys()];
        keys.iter().for_each(|written| wanted[written.key as usize] = true);
        let (mut picked, mut of_key, mut until) = (Vec::new(), Vec::new(), self.until);
        let (mut by_key, beside) = (rows.by_key_before(until), rows.beside());
        while let Some(key) = by_key.next_runs(|key| wanted[key as usize], |run| of_key.push(run)) {
            for row in of_key.drain(..).flat_map(|run: Run| run.each(beside)).take_while(|row| row.at < self.until) {
                picked.push(PickedRow {
                    key,
                    row,
                    operation: replication.operation(&row),
                    location: replication.location(key, &row),
                    client: replication.client(&row),
                    puts: self.puts.partition_point(|number| *number < row.number) as Value,
                });
            }
        }
        picked.sort_unstable_by_key(|one| one.row.number);
        if let Some(cut) = picked.get(most) {
            until = cut.row.at;
            picked.truncate(most);
        }
        (Picked::new(picked, |key| rows.name_and_length(key)), until)
    }
}
