//! Why a read was stale: replication 0 is simulated once more, and the read's causes are picked out of its history.

use std::fmt;
use std::str::FromStr;

use crate::engine::Partition;
use crate::history::{History, Note, Record};
use crate::model::{Key, Location, Operation, Span, Time, Version};
use crate::scenario::Scenario;
use crate::stores::StoreKind;

use super::unit::Contestant;

/// The most operations of one partition that are looked at.
pub(super) const OPERATIONS_MAX: usize = 1_000_000;

/// The name of a read of replication 0: its store, the group of clients that it belongs to, and which read of that group
/// it is, counted from 1 in the order of their starts. Written as in `kv:3:812`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ReadId {
    pub store: String,
    pub group: u32,
    pub number: u64,
}

impl fmt::Display for ReadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.store, self.group, self.number)
    }
}

impl FromStr for ReadId {
    type Err = ();

    fn from_str(text: &str) -> Result<ReadId, ()> {
        let (rest, number) = text.rsplit_once(':').ok_or(())?;
        let (store, group) = rest.rsplit_once(':').ok_or(())?;
        let (group, number) = (group.parse().map_err(|_| ())?, number.parse().map_err(|_| ())?);
        Ok(ReadId { store: store.to_string(), group, number })
    }
}

/// A stale read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StaleRead {
    pub id: ReadId,
    pub location: Location,
    pub start: Time,
    /// Since the completion of the oldest completed write that it missed.
    pub age: Span,
}

/// The stale reads of a run's replication 0.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Listing {
    /// The first of them, store by store and group by group.
    pub reads: Vec<StaleRead>,
    /// Whether there may be more.
    pub further: bool,
}

/// Why there is no chain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum NoChain {
    /// No store has this name; these there are.
    UnknownStore(Vec<String>),
    /// The store's clients fall into so many groups.
    UnknownGroup(u32),
    /// The group made so many reads of one key each.
    UnknownRead(u64),
    /// The read was fresh.
    Fresh { location: Location, start: Time },
}

/// Something on the way to a stale read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// A client writes.
    Written { location: Location, version: Version },
    /// The store takes the write.
    Committed { version: Version },
    /// The writer knows that it is done.
    Complete { location: Location, version: Version },
    /// The location takes a copy, which the central store gave out at `taken`.
    Filled { version: Version, taken: Time },
    /// The writer's own location shows what it wrote.
    ShownLocally { version: Version },
    /// An earlier read at the location, not answered from its cache, that returned the version.
    Fetched { version: Version },
    /// The stale read.
    Read { version: Version },
    /// The copy would have been too old for a read like this one.
    Expires,
    /// The first later read at the location that returned what was missed, or something newer.
    Seen { version: Version },
}

/// How one stale read came about.
#[derive(Clone, PartialEq, Debug)]
pub struct Chain {
    pub id: ReadId,
    /// The store's place in the scenario's list.
    pub store: usize,
    pub key: Key,
    pub location: Location,
    pub start: Time,
    pub returned: Version,
    /// The oldest completed write that it missed …
    pub missed: Version,
    /// … and when that was complete.
    pub missed_complete: Time,
    /// How many completed writes it missed.
    pub missed_count: usize,
    /// In the order of their times.
    pub events: Vec<(Time, Event)>,
    /// The age of the copy that answered, and how old it might have been (`cacheTtl`); only where a copy that pulls answered.
    pub copy: Option<(Span, Span)>,
    /// All versions of the key, in their order; the initial one is not among them.
    pub versions: Vec<Version>,
}

impl Chain {
    /// As in `v2`; `v0` is what was there before the first write.
    pub fn name(&self, version: Version) -> String {
        format!("v{}", self.versions.binary_search(&version).map_or(0, |place| place + 1))
    }
}

/// The stale reads of replication 0, at most so many of each store and group together; those of the warm-up are left out.
pub fn stale_reads(scenario: &Scenario, most: usize) -> Listing {
    let mut listing = Listing::default();
    for (store, contestant) in Contestant::all(scenario).iter().enumerate() {
        for group in 0..contestant.separable().unwrap_or(1) {
            let Some(history) = contestant.record(0, partition(contestant, group), OPERATIONS_MAX) else { continue };
            listing.further |= history.dropped > 0;
            for (number, read) in numbered(&history).filter(|(_, read)| read.stale && read.start.0 >= scenario.warmup.0)
            {
                if listing.reads.len() == most {
                    listing.further = true;
                    return listing;
                }
                let Some((_, complete, _)) = missed(&history, read) else { continue };
                listing.reads.push(StaleRead {
                    id: ReadId { store: scenario.stores[store].name.clone(), group, number },
                    location: read.location,
                    start: read.start,
                    age: read.start.since(complete),
                });
            }
        }
    }
    listing
}

/// The causes of one stale read.
///
/// # Errors
/// When there is no such read, or it was fresh.
pub fn chain(scenario: &Scenario, id: &ReadId) -> Result<Chain, NoChain> {
    let names = || scenario.stores.iter().map(|store| store.name.clone()).collect();
    let store = scenario.stores.iter().position(|store| store.name == id.store);
    let store = store.ok_or_else(|| NoChain::UnknownStore(names()))?;
    let contestants = Contestant::all(scenario);
    let contestant = &contestants[store];
    let groups = contestant.separable().unwrap_or(1);
    if id.group >= groups {
        return Err(NoChain::UnknownGroup(groups));
    }
    let history = contestant.record(0, partition(contestant, id.group), OPERATIONS_MAX).unwrap_or_default();
    let reads = numbered(&history).count() as u64;
    let found = numbered(&history).find(|(number, _)| *number == id.number);
    let (_, read) = found.ok_or(NoChain::UnknownRead(reads))?;
    let fresh = NoChain::Fresh { location: read.location, start: read.start };
    let (write, missed_complete, missed_count) = missed(&history, read).filter(|_| read.stale).ok_or(fresh)?;
    let mut events = events(&history, read, write);
    let copy = copy(&scenario.stores[store].kind, &events, read);
    if let Some((age, ttl)) = copy {
        events.push((read.start - age + ttl, Event::Expires));
    }
    // A stable sort: what happens at one moment stays in the order of its causes.
    events.sort_by_key(|(at, _)| *at);
    Ok(Chain {
        id: id.clone(),
        store,
        key: read.key,
        location: read.location,
        start: read.start,
        returned: read.seen.version,
        missed: write.seen.version,
        missed_complete,
        missed_count,
        events,
        copy,
        versions: versions(&history, read.key),
    })
}

pub(super) fn partition(contestant: &Contestant, group: u32) -> Partition {
    match contestant.separable() {
        Some(_) => Partition { first_group: group, groups: 1 },
        None => contestant.whole(),
    }
}

/// The answered reads of one key each, in the order of their starts, with their numbers. Reads of one moment are numbered
/// in the order in which they were answered.
fn numbered(history: &History) -> impl Iterator<Item = (u64, &Record)> {
    let answered = |record: &&Record| {
        record.operation.is_read() && record.keys == 1 && record.refusal.is_none() && record.end.is_some()
    };
    let mut reads: Vec<&Record> = history.records.iter().filter(answered).collect();
    reads.sort_by_key(|read| read.start);
    (1..).zip(reads)
}

/// The writes of the read's key that it missed: the oldest of those complete at its start, when that was complete, and
/// how many there are. "Oldest" is the first completion, as in the definition of the age of a stale read.
fn missed<'h>(history: &'h History, read: &Record) -> Option<(&'h Record, Time, usize)> {
    let complete = |write: &Record| write.end.is_some_and(|end| end <= read.start) && write.refusal.is_none();
    let newer = |write: &&Record| {
        let of_key = write.key == read.key && write.keys == 1 && !write.operation.is_read();
        of_key && complete(write) && write.seen.version > read.seen.version
    };
    let count = history.records.iter().filter(newer).count();
    let write = history.records.iter().filter(newer).min_by_key(|write| write.end)?;
    Some((write, write.end?, count))
}

fn versions(history: &History, key: Key) -> Vec<Version> {
    let committed = history.notes.iter().filter_map(|noted| match noted.note {
        Note::Committed { key: of, seen, .. } if of == key => Some(seen.version),
        _ => None,
    });
    let written = history.records.iter().filter(|record| {
        record.key == key && record.keys == 1 && !record.operation.is_read() && record.refusal.is_none()
    });
    let mut versions: Vec<Version> = committed.chain(written.map(|record| record.seen.version)).collect();
    versions.retain(|version| *version != Version::INITIAL);
    versions.sort_unstable();
    versions.dedup();
    versions
}

fn events(history: &History, read: &Record, missed: &Record) -> Vec<(Time, Event)> {
    let mut events = Vec::new();
    let mut write = |record: &Record| {
        let (location, version) = (record.location, record.seen.version);
        events.push((record.start, Event::Written { location, version }));
        let committed = history.notes.iter().find(
            |noted| matches!(noted.note, Note::Committed { key, seen, .. } if key == record.key && seen.version == version),
        );
        events.extend(committed.map(|noted| (noted.at, Event::Committed { version })));
        events.extend(record.end.map(|end| (end, Event::Complete { location, version })));
    };
    let returned = history.records.iter().find(|record| {
        let writes = record.key == read.key && record.keys == 1 && !record.operation.is_read();
        writes && record.refusal.is_none() && record.seen.version == read.seen.version
    });
    returned.into_iter().for_each(&mut write);
    write(missed);
    events.extend(source(history, read));
    events.push((read.start, Event::Read { version: read.seen.version }));
    let later = history.records.iter().filter(|later| {
        let there = later.key == read.key && later.keys == 1 && later.location == read.location;
        let caught_up = later.refusal.is_none() && later.seen.version >= missed.seen.version;
        later.operation.is_read() && there && caught_up && later.start > read.start
    });
    let seen = later.min_by_key(|later| later.start);
    events.extend(seen.map(|later| (later.start, Event::Seen { version: later.seen.version })));
    events
}

/// How the location came to what it answered: its last copy of that version, by the store's own account; where the store
/// gives none, the last read there that no cache answered.
fn source(history: &History, read: &Record) -> Option<(Time, Event)> {
    let here = |key: Key, location: Location, version: Version| {
        key == read.key && location == read.location && version == read.seen.version
    };
    let copies = history.notes.iter().filter(|noted| noted.at <= read.start).filter_map(|noted| {
        let event = match noted.note {
            Note::Filled { key, location, seen, taken, .. } if here(key, location, seen.version) => {
                Event::Filled { version: seen.version, taken }
            }
            Note::ShownLocally { key, location, seen } if here(key, location, seen.version) => {
                Event::ShownLocally { version: seen.version }
            }
            _ => return None,
        };
        Some((noted.at, event))
    });
    if let Some(copy) = copies.max_by_key(|(at, _)| *at) {
        return Some(copy);
    }
    let fetched = history.records.iter().filter(|earlier| {
        let there = earlier.key == read.key && earlier.keys == 1 && earlier.location == read.location;
        let done = earlier.end.is_some_and(|end| end <= read.start) && earlier.refusal.is_none();
        earlier.operation.is_read() && there && done && !earlier.cached && earlier.seen.version == read.seen.version
    });
    let last = fetched.max_by_key(|earlier| earlier.end)?;
    Some((last.end?, Event::Fetched { version: last.seen.version }))
}

/// The age of the copy at the read's start, and the age that it might have had; only for stores whose copies pull.
fn copy(kind: &StoreKind, events: &[(Time, Event)], read: &Record) -> Option<(Span, Span)> {
    let StoreKind::KvPull(config) = kind else { return None };
    let Operation::Get { cache_ttl } = read.operation else { return None };
    let copied = |event: &Event| matches!(event, Event::Filled { .. } | Event::ShownLocally { .. });
    let (filled, _) = events.iter().find(|(_, event)| copied(event))?;
    read.cached.then(|| (read.start.since(*filled), cache_ttl.unwrap_or(config.cache_ttl)))
}
