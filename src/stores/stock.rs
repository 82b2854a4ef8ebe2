//! What a namespace, a database or an object stores: the bytes of keys that are neither deleted nor expired, and for how long.

use std::collections::BTreeSet;

use crate::limits::Storage;
use crate::model::{Key, Request, Time};

/// What a key takes up.
#[derive(Clone, Copy, Debug, Default)]
struct Held {
    bytes: u64,
    expires: Time,
}

/// The keys that are there, with their sizes. Only what states sizes is counted.
#[derive(Clone, Debug, Default)]
pub struct Stock {
    held: Vec<Option<Held>>,
    expiring: BTreeSet<(Time, Key)>,
    pub keys: u64,
    pub bytes: u64,
    measured: (Time, Time),
    byte_ns: u128,
    bytes_at_start: u64,
    since: Time,
}

impl Stock {
    /// Forgets all keys; the storage is measured from one time until another.
    pub fn begin(&mut self, measured: (Time, Time)) {
        *self = Stock { measured, ..Stock::default() };
    }

    /// Lets time pass: what expires is gone from then on.
    pub fn advance(&mut self, now: Time) {
        while let Some((expires, key)) = self.expiring.first().copied().filter(|(expires, _)| *expires <= now) {
            self.integrate(expires);
            self.remove(key);
        }
        self.integrate(now);
    }

    fn integrate(&mut self, now: Time) {
        let (from, until) = self.measured;
        if self.since <= from && from < now {
            self.bytes_at_start = self.bytes;
        }
        let span = now.min(until).since(self.since.max(from));
        self.byte_ns += u128::from(self.bytes) * u128::from(span.0);
        self.since = now.max(self.since);
    }

    fn remove(&mut self, key: Key) {
        if let Some(held) = self.held.get_mut(key.index()).and_then(Option::take) {
            self.bytes -= held.bytes;
            self.keys -= 1;
            self.expiring.remove(&(held.expires, key));
        }
    }

    /// How many keys and bytes there would be after the put of a request.
    pub fn after(&self, request: &Request) -> (u64, u64) {
        let held = self.held.get(request.key.index()).copied().flatten();
        let (keys, bytes) = held.map_or((1, 0), |held| (0, held.bytes));
        (self.keys + keys, self.bytes - bytes + request.call.stored_bytes())
    }

    /// The key holds so many bytes from the start.
    pub fn preload(&mut self, key: Key, bytes: u64) {
        self.hold(key, Held { bytes, expires: Time::NEVER });
    }

    /// A write took effect: the key now holds what the request put, or nothing.
    pub fn write(&mut self, request: &Request, stores: bool, expires: Time) {
        self.remove(request.key);
        if !stores {
            return;
        }
        self.hold(request.key, Held { bytes: request.call.stored_bytes(), expires });
    }

    fn hold(&mut self, key: Key, held: Held) {
        if key.index() >= self.held.len() {
            self.held.resize(key.index() + 1, None);
        }
        self.held[key.index()] = Some(held);
        self.bytes += held.bytes;
        self.keys += 1;
        if held.expires < Time::NEVER {
            self.expiring.insert((held.expires, key));
        }
    }

    /// What was stored in the measured part of the run, and what is at its end.
    pub fn storage(&mut self) -> Storage {
        self.advance(self.measured.1);
        Storage { byte_ns: self.byte_ns, bytes_at_start: self.bytes_at_start, bytes_at_end: self.bytes }
    }
}
