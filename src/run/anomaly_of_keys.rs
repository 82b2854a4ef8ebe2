//! Finds the anomaly of a trace by the few keys that it can be of, where no key has to do with another.
//!
//! What is looked for is what the first operations of all keys show: of the writes that as many reads missed as count, the
//! earliest. So the keys are simulated in the order of their first writes, a few at a time, until no later one can show an
//! earlier write. Which operations are the first follows from all keys, and is known here but for those that were under way
//! when the list was full: where these could change anything, all operations decide.

use std::cmp::Ordering;

use crate::engine::by_key::FirstReplication;
use crate::history::{History, Record};
use crate::model::{Key, Time, Value, Version};
use crate::workloads::TraceOperation;
use crate::workloads::trace_picked::{Picked, PickedRow};
use crate::workloads::trace_rows::Run;

use super::missed::{Missed, STRETCH_MAX, WORTH_MAX, anomaly, missed, most_missed, window, worth};
use super::outcome::Anomaly;
use super::unit::Contestant;

/// The anomaly that a list of the first `bound` operations shows; `None` where the keys by themselves do not tell.
pub fn find(store: usize, contestant: &Contestant, edges: usize, bound: usize) -> Option<Anomaly> {
    let replication = contestant.first_replication()?;
    let first = First::of(replication, bound);
    let (mut found, mut done, mut keys): (Option<Candidate>, _, _) = (None, 0, 1);
    while let Some(next) = first.busy.get(done)
        && found.as_ref().is_none_or(|found| found.may_show_one_before(*next))
    {
        let some = &first.busy[done..(done + keys).min(first.busy.len())];
        let picked = first.pick(some.iter().map(|(key, _)| *key), first.until)?;
        let (history, complete) = contestant.look_at(picked, first.until);
        let better = |candidate: &Candidate| found.as_ref().is_none_or(|found| candidate.rank() < found.rank());
        if let Some(candidate) = Candidate::new(store, &history, complete, edges).filter(better) {
            found = Some(candidate);
        }
        done += some.len();
        keys *= 2;
    }
    let found = found?;
    (found.is_settled(first.until) || first.stays(contestant, &found)?).then_some(found.anomaly)
}

/// A write that as many reads missed as count.
struct Candidate {
    key: Key,
    version: Version,
    start: Time,
    missed: Missed,
    /// All that started before is answered.
    complete: Time,
    anomaly: Anomaly,
}

impl Candidate {
    /// That of a history, if there is one whose picture is known.
    fn new(store: usize, history: &History, complete: Time, edges: usize) -> Option<Candidate> {
        let (write, missed) = most_missed(history).filter(|(_, missed)| worth(*missed) == WORTH_MAX)?;
        let anomaly = anomaly(store, history, write, window(write, missed), edges);
        Some(Candidate { key: write.key, version: write.seen.version, start: write.start, missed, complete, anomaly })
    }

    /// The least is shown.
    fn rank(&self) -> (Time, Key, Version) {
        (self.start, self.key, self.version)
    }

    /// Whether a write to a key, the first of which is then, may have a lower rank, or be this one.
    fn may_show_one_before(&self, (key, first): (u32, Time)) -> bool {
        (first, Key(key)) <= (self.start, self.key)
    }

    /// Whether nothing that happens from some time on can change anything.
    fn is_settled(&self, until: Time) -> bool {
        until == Time::NEVER || (self.is_drawn() && self.complete.since(self.start) > STRETCH_MAX)
    }

    /// Whether all that the picture shows is known.
    fn is_drawn(&self) -> bool {
        self.complete > self.anomaly.to
    }
}

/// The first rows of a trace, up to when a list of operations may be full.
struct First<'a> {
    replication: FirstReplication<'a>,
    bound: usize,
    /// Before this time nothing was left out of the list for want of room.
    until: Time,
    /// By row: its key.
    keys: Vec<u32>,
    /// The rows that write.
    writes: Vec<Writing>,
    /// Keys that are read often enough and written, with the time of their first write: those first whose writes may have the
    /// lowest rank.
    busy: Vec<(u32, Time)>,
}

/// A row that writes, by its number.
struct Writing {
    number: u32,
    key: u32,
    at: Time,
    puts: bool,
    /// Whether what it puts expires.
    expires: bool,
}

impl<'a> First<'a> {
    fn of(replication: FirstReplication<'a>, bound: usize) -> First<'a> {
        let rows = replication.rows;
        // One more tells when there is no room for it.
        let most = rows.len().min(bound + 1);
        let mut keys = vec![0; most];
        let mut times = vec![Time::START; most];
        let (mut writes, mut of_key) = (Vec::new(), Vec::new());
        let (mut by_key, beside) = (rows.by_key_of_first(most, Time::START), rows.beside());
        while let Some(key) = by_key.next_runs(|_| true, |run| of_key.push(run)) {
            for row in of_key.drain(..).flat_map(|run: Run| run.each(beside)).filter(|row| (row.number as usize) < most)
            {
                (keys[row.number as usize], times[row.number as usize]) = (key, row.at);
                let operation = replication.complete(key, &row).1;
                if operation != TraceOperation::Get {
                    let puts = operation == TraceOperation::Put;
                    let expires = puts && replication.ttl(&row).is_some();
                    writes.push(Writing { number: row.number, key, at: row.at, puts, expires });
                }
            }
        }
        writes.sort_unstable_by_key(|write| write.number);
        let mut first = First { replication, bound, until: Time::NEVER, keys, writes, busy: Vec::new() };
        let known = first.known();
        first.until = if known < rows.len() { times[known] } else { Time::NEVER };
        first.keys.truncate(known);
        first.find_busy();
        first
    }

    /// How many rows there are room for, whatever becomes of them: each is an operation, a read makes a note at most and a
    /// write two, and one more if that expires.
    fn known(&self) -> usize {
        let (mut notes, mut writes) = (0, self.writes.iter().peekable());
        for row in 0..self.keys.len() {
            let write = writes.next_if(|write| write.number as usize == row);
            notes += 1 + write.map_or(0, |write| 1 + usize::from(write.expires));
            if notes > self.bound {
                return row;
            }
        }
        self.keys.len()
    }

    fn find_busy(&mut self) {
        let mut reads = vec![0_i64; self.replication.rows.keys()];
        self.keys.iter().for_each(|key| reads[*key as usize] += 1);
        let known = self.keys.len();
        let writes = || self.writes.iter().filter(|write| (write.number as usize) < known);
        writes().for_each(|write| reads[write.key as usize] -= 1);
        for write in writes() {
            // Each key once.
            if std::mem::take(&mut reads[write.key as usize]) >= i64::from(WORTH_MAX) {
                self.busy.push((write.key, write.at));
            }
        }
        self.busy.sort_unstable_by_key(|(key, at)| (*at, *key));
    }

    /// Whether the same is found whatever of that was under way when the list was full is in it: no more reads miss the
    /// write, and no earlier write is missed by as many. `None` where its picture is not known.
    fn stays(&self, contestant: &Contestant, found: &Candidate) -> Option<bool> {
        let until_then = self.writes.iter().take_while(|write| write.at <= found.start);
        let written = until_then.map(|write| (write.key, write.at)).filter(|first| found.may_show_one_before(*first));
        let picked = self.pick(written.map(|(key, _)| key), found.start + STRETCH_MAX).filter(|_| found.is_drawn())?;
        let (history, _) = contestant.look_at(picked, Time::NEVER);
        let stays = |write: &Record, all: Missed| match (write.start, write.key, write.seen.version).cmp(&found.rank())
        {
            Ordering::Less => worth(all) < WORTH_MAX,
            Ordering::Equal => all.last == found.missed.last,
            Ordering::Greater => true,
        };
        Some(missed(&history).values().all(|(write, all)| stays(write, *all)))
    }

    /// All rows of some keys before a time, of those that are read often enough to count; `None` if they are so many that all
    /// rows do as well.
    fn pick(&self, keys: impl Iterator<Item = u32>, until: Time) -> Option<Picked> {
        let rows = self.replication.rows;
        let mut wanted = vec![false; rows.keys()];
        keys.for_each(|key| wanted[key as usize] = true);
        let (mut picked, mut of_key) = (Vec::new(), Vec::new());
        let (mut by_key, beside) = (rows.by_key_of_first(self.keys.len(), until), rows.beside());
        while let Some(key) = by_key.next_runs(|key| wanted[key as usize], |run| of_key.push(run)) {
            let before = picked.len();
            for row in of_key.drain(..).flat_map(|run: Run| run.each(beside)).filter(|row| row.at < until) {
                let (location, operation) = self.replication.complete(key, &row);
                picked.push(PickedRow {
                    key,
                    row,
                    operation,
                    location,
                    client: self.replication.client(&row),
                    puts: 0,
                });
            }
            if picked.len() - before < WORTH_MAX as usize {
                picked.truncate(before);
            }
        }
        // Of rows after the first ones no picture is drawn, so that what they put does not matter.
        let puts: Vec<u32> = self.writes.iter().filter(|write| write.puts).map(|write| write.number).collect();
        for one in &mut picked {
            one.puts = puts.partition_point(|number| *number < one.row.number) as Value;
        }
        (picked.len() <= self.bound).then(|| Picked::new(picked, |key| rows.name_and_length(key)))
    }
}
