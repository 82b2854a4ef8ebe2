//! The caches of Workers KV at the locations: for each key and location, at most one version with its age.

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::model::{Key, Location, Seen, Span, Time};

/// A cached version.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Entry {
    pub seen: Seen,
    /// When the key expires (`expirationTtl`), cached or not.
    pub expires: Time,
    /// When the location took it; its age counts from here.
    pub filled: Time,
}

/// All caches of a partition. One group's keys are few: a table that is emptied by counting up `epoch`. Coupled groups may
/// be millions: a hash map, looked up and never iterated.
#[derive(Clone, Debug, Default)]
pub struct Caches {
    dense: Vec<(u32, Entry)>,
    epoch: u32,
    locations: usize,
    sparse: Option<HashMap<(Key, Location), Entry, FxBuildHasher>>,
}

const VACANT: (u32, Entry) = (
    0,
    Entry {
        seen: Seen { version: crate::model::Version::INITIAL, value: None },
        expires: Time::NEVER,
        filled: Time::START,
    },
);

impl Caches {
    /// Empties all caches; `many` says that there may be very many keys.
    pub fn begin(&mut self, locations: u16, many: bool) {
        if self.locations != usize::from(locations) || self.epoch == u32::MAX {
            self.dense.clear();
            self.epoch = 0;
        }
        self.locations = usize::from(locations);
        self.epoch += 1;
        self.sparse = many.then(HashMap::default);
    }

    /// What the location holds, however old.
    #[inline]
    pub fn get(&self, key: Key, location: Location) -> Option<&Entry> {
        if let Some(sparse) = &self.sparse {
            return sparse.get(&(key, location));
        }
        match self.dense.get(key.index() * self.locations + location.index()) {
            Some((epoch, entry)) if *epoch == self.epoch => Some(entry),
            _ => None,
        }
    }

    /// What the location would answer from its cache to a read with this `cacheTtl`.
    #[inline]
    pub fn fresh(&self, key: Key, location: Location, now: Time, cache_ttl: Span) -> Option<&Entry> {
        self.get(key, location).filter(|entry| now.since(entry.filled) < cache_ttl && now < entry.expires)
    }

    /// Fills the location's cache; a newer version that is there stays.
    #[inline]
    pub fn fill(&mut self, key: Key, location: Location, entry: Entry) {
        if self.get(key, location).is_some_and(|held| held.seen.version > entry.seen.version) {
            return;
        }
        if let Some(sparse) = &mut self.sparse {
            sparse.insert((key, location), entry);
            return;
        }
        let place = key.index() * self.locations + location.index();
        if place >= self.dense.len() {
            self.dense.resize((key.index() + 1) * self.locations, VACANT);
        }
        self.dense[place] = (self.epoch, entry);
    }
}
