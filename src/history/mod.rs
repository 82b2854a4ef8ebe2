//! What happened: operations as clients saw them, and the truth as only a simulator knows it.
//!
//! A full history is kept only when asked for (an export, a check, a diagram) and within a stated bound.
//! To add a format that histories are read from: see `format.rs`.

pub mod drawing;
pub mod edn;
pub mod edn_value;
mod edn_write;
pub mod etcd;
pub mod format;
pub mod jsonl;
pub mod judged;
pub mod notation;
pub mod pairing;

use std::collections::BTreeMap;

use crate::model::{Answer, Client, Key, Listing, Location, Operation, Refusal, Request, Seen, Time, Version};

/// One operation as the client could have written it down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Record {
    pub client: Client,
    pub location: Location,
    pub key: Key,
    /// How many keys in a row the operation touched.
    pub keys: u16,
    pub operation: Operation,
    pub start: Time,
    /// `None` while no answer has come: the operation may take effect at any later time, or never.
    pub end: Option<Time>,
    /// What was read, or what a write left behind (its version is the simulator's truth, not the client's knowledge).
    pub seen: Seen,
    pub others: Option<Box<[Seen]>>,
    /// What a list answered.
    pub listing: Option<Box<Listing>>,
    /// What `getWithMetadata` answered: for each key, bytes of metadata, `None` where they were null.
    pub metadata: Option<Box<[Option<u16>]>>,
    pub refusal: Option<Refusal>,
    /// Answered from a cache at the location.
    pub cached: bool,
    /// Older than a write that was complete when the read started.
    pub stale: bool,
}

impl Record {
    /// The record of a request that nothing answered before the end of the run.
    pub fn unanswered(request: &Request) -> Record {
        let answer = Answer::of(Seen::default());
        Record { end: None, ..Record::new(request, &answer, request.start, false) }
    }

    /// The record of an answered request.
    pub fn new(request: &Request, answer: &Answer, end: Time, stale: bool) -> Record {
        let metadata = answer.more.as_ref().and_then(|more| more.metadata.as_ref());
        Record {
            client: request.client,
            location: request.location,
            key: request.key,
            keys: request.keys,
            operation: request.operation,
            start: request.start,
            end: Some(end),
            seen: answer.seen,
            others: answer.more.as_ref().and_then(|more| more.others.clone()),
            listing: answer.listing().cloned().map(Box::new),
            metadata: metadata.map(|all| all.iter().map(|one| one.bytes()).collect()),
            refusal: answer.refusal,
            cached: answer.cached,
            stale,
        }
    }
}

/// Something that happened inside a store, unseen by clients.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Note {
    /// The store took a write: from now on it is the truth (unless a newer one is already there).
    Committed { key: Key, from: Location, seen: Seen },
    /// A location's cache took a version: asked for at `asked`, taken from the central store at `taken`.
    Filled { key: Key, location: Location, seen: Seen, asked: Time, taken: Time },
    /// The writer's own location shows the new version.
    ShownLocally { key: Key, location: Location, seen: Seen },
    /// The version, the newest at that time, reached the end of its TTL: from now on the key is absent, everywhere.
    Expired { key: Key, seen: Seen },
}

impl Note {
    /// The key that it is about.
    pub fn key(&self) -> Key {
        match self {
            Note::Committed { key, .. }
            | Note::Filled { key, .. }
            | Note::ShownLocally { key, .. }
            | Note::Expired { key, .. } => *key,
        }
    }
}

/// A note with its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Noted {
    pub at: Time,
    pub note: Note,
}

/// The history of one partition in one replication.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct History {
    /// In the order in which the answers were known.
    pub records: Vec<Record>,
    /// In the order of their times.
    pub notes: Vec<Noted>,
    /// How many records and notes found no room: the history is complete only if this is zero.
    pub dropped: u64,
    /// The most that is kept of either list.
    pub bound: usize,
}

impl History {
    /// An empty history that keeps at most `bound` records and as many notes.
    pub fn bounded(bound: usize) -> History {
        History { bound, ..History::default() }
    }

    /// Keeps a record, if there is room.
    pub fn record(&mut self, record: Record) {
        if self.records.len() < self.bound { self.records.push(record) } else { self.dropped += 1 }
    }

    /// Puts the notes into the order of their times, and leaves out expiries that did not come to pass: of a version that
    /// was replaced before, or after the last answer.
    pub fn settle(&mut self) {
        self.notes.sort_by_key(|noted| noted.at);
        let last = self.records.iter().filter_map(|record| record.end).max().unwrap_or(Time::START);
        let mut newest: BTreeMap<Key, Version> = BTreeMap::new();
        self.notes.retain(|noted| match noted.note {
            Note::Committed { key, seen, .. } => {
                let known = newest.entry(key).or_default();
                *known = seen.version.max(*known);
                true
            }
            Note::Expired { key, seen } => newest.get(&key) == Some(&seen.version) && noted.at <= last,
            Note::Filled { .. } | Note::ShownLocally { .. } => true,
        });
    }

    /// Keeps a note, if there is room.
    pub fn note(&mut self, at: Time, note: Note) {
        if self.notes.len() < self.bound { self.notes.push(Noted { at, note }) } else { self.dropped += 1 }
    }
}
