//! What each process knew of each key, by writing or by reading, and since when: the ground of the session guarantees.

use crate::history::judged::{Datum, Lookup};

use super::contract::Case;
use super::plain::{Act, NEVER, Step, by_key};

/// How it was known.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    Writing,
    Reading,
}

/// What is known of a value of a key. Times are shifted by one: zero is before everything.
#[derive(Clone, Copy)]
pub(super) struct Known {
    pub first_start: u64,
    pub last_end: u64,
    /// The only write of it; none where there are several, or where the key began with it.
    pub write: Option<u32>,
    writes: u32,
}

/// "From this moment on the process knew this value", in the order of moments, for one process and key.
pub(super) struct Knowledge {
    /// The end of the operation by which it was known, and the operation.
    since: (u64, u32),
    /// The value that began last of those known so far, and the operation by which it was known.
    newest: (u32, u32),
}

/// All that processes could have known, and when.
pub(super) struct Knew<'a> {
    pub case: &'a Case<'a>,
    pub steps: Vec<Step>,
    /// The key and the value of each step, for reads and writes.
    pub key: Vec<u32>,
    pub value: Vec<Option<u32>>,
    pub known: Vec<Known>,
    knowledge: Lookup<(u32, u32), Vec<Knowledge>>,
    /// When a process first knew a value, by process and value: the end, the place and the number of the operation.
    pub first: Lookup<(u32, u32), (u64, u32, u32)>,
    /// The processes that know anything of a key.
    pub knowers: Vec<Vec<u32>>,
    /// The processes that write a key.
    pub writers: Vec<Vec<u32>>,
    pub skipped_keys: u64,
}

impl<'a> Knew<'a> {
    /// Collects values and their writes.
    pub fn new(case: &'a Case<'a>) -> Knew<'a> {
        let keys = by_key(case);
        let mut knew = Knew {
            case,
            steps: Vec::new(),
            key: Vec::new(),
            value: Vec::new(),
            known: Vec::new(),
            knowledge: Lookup::default(),
            first: Lookup::default(),
            knowers: Vec::new(),
            writers: vec![Vec::new(); keys.len()],
            skipped_keys: 0,
        };
        for (key, steps) in (0..).zip(&keys) {
            knew.knowers.push(Vec::new());
            let unclear = |step: &Step| {
                matches!(step.act, Act::Append(_) | Act::Add { left: None, .. } | Act::Count { left: None, .. })
            };
            if steps.iter().any(unclear) {
                knew.skipped_keys += 1;
            } else {
                knew.push_key(key, steps);
            }
        }
        knew
    }

    /// Adds a key's steps, and the values that they write and read.
    fn push_key(&mut self, key: u32, steps: &[Step]) {
        let mut by_value: Lookup<Datum, u32> = Lookup::default();
        by_value.insert(self.case.reading.initial, self.known.len() as u32);
        self.known.push(Known { first_start: 0, last_end: 0, write: None, writes: 0 });
        let first = self.steps.len() as u32;
        for (at, step) in (first..).zip(steps) {
            let Some(value) = written(step) else { continue };
            let place = *by_value.entry(value).or_insert(self.known.len() as u32);
            let (start, end) = (step.start.saturating_add(1), step.end.saturating_add(1));
            match self.known.get_mut(place as usize) {
                Some(known) => {
                    known.last_end = known.last_end.max(end);
                    known.write = None;
                    known.writes += 1;
                }
                None => self.known.push(Known { first_start: start, last_end: end, write: Some(at), writes: 1 }),
            }
        }
        for step in steps {
            let value = match step.act {
                Act::Read(value) => Some(value),
                _ => written(step),
            };
            if written(step).is_some() {
                self.writers[key as usize].push(step.process);
            }
            // A value that nobody wrote, or not yet, is another check's business.
            let place = value.and_then(|value| by_value.get(&value).copied());
            let was_there = |place: &u32| self.known[*place as usize].first_start <= step.end.saturating_add(1);
            let place = place.filter(was_there);
            self.value.push(place);
            self.key.push(key);
            self.steps.push(*step);
        }
        self.writers[key as usize].sort_unstable();
        self.writers[key as usize].dedup();
    }

    /// Notes for each process what it came to know, by writing or by reading, and when; if asked, also when it first knew
    /// each value, which takes most of the time.
    pub fn learn(&mut self, by: By, with_first: bool) {
        let mut known_at: Vec<(u64, u32, u32)> = Vec::new();
        for (at, step) in (0_u32..).zip(&self.steps) {
            if counts(step, by) && self.value[at as usize].is_some() && step.end != NEVER {
                known_at.push((step.end, step.place, at));
            }
        }
        known_at.sort_unstable();
        for (end, place, at) in known_at {
            let step = &self.steps[at as usize];
            let (key, Some(value)) = (self.key[at as usize], self.value[at as usize]) else { continue };
            let (since, begins) = ((end, place), self.known[value as usize].first_start);
            if with_first {
                self.first.entry((step.process, value)).or_insert((end, place, at));
            }
            let list = self.knowledge.entry((step.process, key)).or_insert_with(|| {
                self.knowers[key as usize].push(step.process);
                Vec::new()
            });
            let newest = match list.last() {
                Some(last) if self.known[last.newest.0 as usize].first_start >= begins => last.newest,
                _ => (value, at),
            };
            list.push(Knowledge { since, newest });
        }
    }

    /// What the process knew of the key before it asked for this operation: the newest value.
    pub fn knew(&self, process: u32, key: u32, before: &Step) -> Option<(u32, u32)> {
        let list = self.knowledge.get(&(process, key))?;
        let count = list.partition_point(|known| known.since < (before.start, before.place));
        count.checked_sub(1).map(|last| list[last].newest)
    }

    /// Whether the value was there once only: written once, or never and there at the start.
    pub fn is_single(&self, value: u32) -> bool {
        let known = &self.known[value as usize];
        known.writes == 0 || (known.writes == 1 && known.write.is_some())
    }

    /// Whether a value is provably older than another of the same key.
    pub fn is_older(&self, value: u32, than: u32) -> bool {
        value != than && self.known[value as usize].last_end < self.known[than as usize].first_start
    }
}

/// What an operation left behind, where that is known.
pub(super) fn written(step: &Step) -> Option<Datum> {
    match step.act {
        Act::Write(value) | Act::Cas { new: value, .. } => Some(value),
        Act::Add { left, .. } | Act::Count { left, .. } => left,
        Act::Read(_) | Act::CasFailed { .. } | Act::Append(_) => None,
    }
}

fn counts(step: &Step, by: By) -> bool {
    match by {
        By::Writing => written(step).is_some(),
        By::Reading => matches!(step.act, Act::Read(_)),
    }
}
