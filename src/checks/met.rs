//! The writes that a reader has met, and what their authors knew when they wrote: for the guarantees that follow an author.
//!
//! A reader depends on each author up to the last of its writes that the reader has met. What that implies for a key is
//! brought up to date only when the reader reads the key, from the writes met since; a fresh answer needs not even that.

use crate::history::judged::Lookup;

use super::knowledge::{By, Knew};

/// What a read is judged by: the operation by which a newer value was known, and how it got to the reader.
pub(super) struct Reason {
    pub newer: u32,
    pub known_by: u32,
    /// The read by which the reader depended on the author.
    pub through: Option<u32>,
    /// Where it came back to a value: the operation by which that was known.
    pub first: Option<u32>,
}

/// A write that a reader has met, and the read that showed it.
#[derive(Clone, Copy)]
struct Meeting {
    author: u32,
    write: u32,
    read: u32,
}

/// No value has this number.
const SEVERAL: u32 = u32::MAX;

/// What one reader has met.
#[derive(Default)]
pub(super) struct Met {
    /// In the order of the reads.
    meetings: Vec<Meeting>,
    /// The last write of each author.
    last: Lookup<u32, Meeting>,
    /// The last two writes of each author to each key: where both started together, either may be the one that counts.
    last_to_key: Lookup<(u32, u32), [Option<Meeting>; 2]>,
    /// The latest start of any write met; shifted by one like all times of values.
    latest: u64,
    /// For each key the latest start of a write met, and its value; [`SEVERAL`] if several started together.
    latest_to_key: Lookup<u32, (u64, u32)>,
    implied: Lookup<u32, Implied>,
}

/// The newest value of a key that some author knew, as far as the meetings were looked through.
#[derive(Clone, Copy, Default)]
struct Implied {
    looked_through: usize,
    newest: Option<(u32, u32, Meeting)>,
}

impl Met {
    /// The reader has met a write (of another process or its own): from now on it depends on what its author knew.
    pub fn meet(&mut self, knew: &Knew, value: u32, read: u32) {
        let Some(write) = knew.known[value as usize].write else { return };
        let (step, key) = (&knew.steps[write as usize], knew.key[write as usize]);
        let meeting = Meeting { author: step.process, write, read };
        let when = |known: &Meeting| {
            let known = &knew.steps[known.write as usize];
            (known.start, known.place)
        };
        let is_later = |known: Option<&Meeting>| known.is_none_or(|known| when(known) < (step.start, step.place));
        if is_later(self.last.get(&step.process)) {
            self.last.insert(step.process, meeting);
            self.meetings.push(meeting);
        }
        let [last, before] = self.last_to_key.entry((step.process, key)).or_default();
        if is_later(last.as_ref()) {
            *before = last.replace(meeting);
        } else if last.is_some_and(|last| last.write != write) && is_later(before.as_ref()) {
            *before = Some(meeting);
        }
        let start = step.start.saturating_add(1);
        self.latest = self.latest.max(start);
        let latest = self.latest_to_key.entry(key).or_insert((start, value));
        if start > latest.0 {
            *latest = (start, value);
        } else if start == latest.0 && latest.1 != value {
            latest.1 = SEVERAL;
        }
    }

    /// Whether an author of something that was met had known a newer value of the key than this one.
    pub fn author_knew(&mut self, knew: &Knew, key: u32, value: u32, by: By, spent: &mut u64) -> Option<Reason> {
        let known = &knew.known[value as usize];
        // Whatever an author knew before a write began before that write.
        if known.last_end < self.latest
            && let Some((newer, known_by, meeting)) = self.newest(knew, key, spent)
            && knew.is_older(value, newer)
        {
            return Some(Reason { newer, known_by, through: Some(meeting.read), first: None });
        }
        let is_no_earlier = |latest: &&(u64, u32)| latest.0 >= known.first_start && latest.1 != value;
        let met_later = self.latest_to_key.get(&key).filter(is_no_earlier).is_some();
        if !met_later || !knew.is_single(value) {
            return None;
        }
        // A write of this very key: then even the value that its author knew is older.
        match (by, known.write) {
            (By::Writing, Some(write)) => self.replaced(knew, key, value, knew.steps[write as usize].process),
            (By::Writing, None) => None,
            (By::Reading, _) => knew.writers[key as usize].iter().find_map(|&author| {
                *spent += 1;
                self.replaced(knew, key, value, author)
            }),
        }
    }

    fn newest(&mut self, knew: &Knew, key: u32, spent: &mut u64) -> Option<(u32, u32, Meeting)> {
        let Implied { looked_through, mut newest } = self.implied.get(&key).copied().unwrap_or_default();
        let mut look = |meeting: &Meeting| {
            *spent += 1;
            let Some((value, by)) = knew.knew(meeting.author, key, &knew.steps[meeting.write as usize]) else { return };
            let begins = |value: u32| knew.known[value as usize].first_start;
            if newest.is_none_or(|(known, _, _)| begins(known) < begins(value)) {
                newest = Some((value, by, *meeting));
            }
        };
        let new = &self.meetings[looked_through..];
        let knowers = &knew.knowers[key as usize];
        if new.len() <= knowers.len() {
            new.iter().for_each(look);
        } else {
            knowers.iter().filter_map(|author| self.last.get(author)).for_each(&mut look);
        }
        self.implied.insert(key, Implied { looked_through: self.meetings.len(), newest });
        newest
    }

    /// Whether the author knew the value before it wrote something else to the key that was met.
    fn replaced(&self, knew: &Knew, key: u32, value: u32, author: u32) -> Option<Reason> {
        let another = |meeting: &&Meeting| knew.value[meeting.write as usize].is_some_and(|newer| newer != value);
        let meeting = self.last_to_key.get(&(author, key))?.iter().flatten().find(another)?;
        let newer = knew.value[meeting.write as usize]?;
        let &(end, place, first) = knew.first.get(&(author, value))?;
        let write = &knew.steps[meeting.write as usize];
        ((end, place) < (write.start, write.place)).then_some(Reason {
            newer,
            known_by: meeting.write,
            through: Some(meeting.read),
            first: Some(first),
        })
    }
}
