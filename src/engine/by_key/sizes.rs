//! What values weigh, where calls state sizes: how long callers take to make something of them, which puts are refused for
//! their size or their TTL, and what is stored.

use crate::limits::{FigureId, Storage, Terms, UNLIMITED};
use crate::metrics::{Served, Window};
use crate::model::{Call, Operation, Request, Span, Time, Version};
use crate::random::StreamKey;
use crate::stores::kv_limits::KvLimits;
use crate::workloads::ValuesConfig;
use crate::workloads::values::{Size, Values};

use super::acts::{Act, What};
use super::tally::Tally;
use super::writes::Write;

/// What every key holds at the start.
#[derive(Clone, Copy, Debug)]
pub(super) enum AtStart {
    Nothing,
    /// A value, which is stored.
    Stored,
    /// A value of which nobody knows how many keys have it.
    Uncounted,
}

/// What is the same for all keys of a store.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfStore {
    limits: KvLimits,
    /// Whether the store looks at what has expired whenever a write arrives, and not only when it takes something.
    looks_always: bool,
}

/// The values of one key after another.
#[derive(Debug)]
pub(super) struct Sizes {
    store: OfStore,
    values: Values,
    at_start: AtStart,
    window: Window,
    /// What the key's name makes, by which sizes are drawn.
    name: u64,
    key: OfKey,
    /// What was stored of the key up to its last write.
    stored: Stored,
    /// Whether a key had a name that no call may have.
    misnamed: bool,
}

/// A key between two of its writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfKey {
    /// Bytes of its name, and of the value that was there at the start.
    name: u16,
    initial: u32,
    newest: Version,
    held: Option<Held>,
}

/// What the central store holds of a key: so many bytes, since when and until when.
#[derive(Clone, Copy, Debug)]
struct Held {
    bytes: u64,
    since: Time,
    expires: Time,
}

/// What was stored of some keys, all of which are over.
#[derive(Debug, Default)]
pub(super) struct Stored {
    storage: Storage,
    /// What expires after the run, and when: it is there at the end, unless the store looks again after that.
    expiring: Vec<(Time, u64)>,
    /// When the store last looked at what has expired.
    looked: Time,
}

impl OfKey {
    const NOTHING: OfKey = OfKey { name: 0, initial: 0, newest: Version::INITIAL, held: None };
}

impl OfStore {
    /// Those of Workers KV; `None` where more may be refused than some puts, or where something is counted that is
    /// not counted here.
    pub fn of(config: &ValuesConfig, terms: &Terms, looks_always: bool) -> Option<OfStore> {
        let ValuesConfig {
            bytes: _,
            key_bytes,
            metadata_bytes,
            expiration_ttl: _,
            cache_ttl,
            form: _,
            with_metadata,
            parse: _,
        } = *config;
        // Keys would share what may be stored.
        let capped = terms.bound(FigureId::KvStorageBytes) != UNLIMITED;
        let counts_metadata = with_metadata && metadata_bytes > 0;
        let limits = KvLimits::workers_kv(terms);
        let call = Call { key_bytes: key_bytes.unwrap_or(1), metadata_bytes, ..Call::default() };
        let operations = [Operation::Get { cache_ttl }, Operation::Put { value: 0, ttl: None }];
        let plain = |operation| Request { call, ..Request::plain(operation, Time::START) };
        let any_refused =
            operations.into_iter().any(|operation| limits.refuse(Time::START, &plain(operation)).is_some());
        let known = !capped && !counts_metadata && !any_refused;
        known.then_some(OfStore { limits, looks_always })
    }
}

impl Sizes {
    /// The values of one replication, drawn from the key of the purpose `Sizes` where nobody says them.
    pub fn new(store: OfStore, config: &ValuesConfig, at_start: AtStart, key: StreamKey, window: Window) -> Sizes {
        let values = Values::new(config, key);
        Sizes {
            store,
            values,
            at_start,
            window,
            name: 0,
            key: OfKey::NOTHING,
            stored: Stored::default(),
            misnamed: false,
        }
    }

    /// A key that was kept, or a new one, given the number that its name makes and how many bytes that has in the file, or one of
    /// which nobody will ask anything. Says how many bytes the value has that was there at the start.
    pub fn begin(&mut self, kept: Option<OfKey>, name_and_length: Option<(u64, u16)>) -> u32 {
        self.name = name_and_length.map_or(0, |(name, _)| name);
        self.key = match (kept, name_and_length) {
            (Some(kept), _) => kept,
            (None, Some((name, length))) => self.new_key(name, length),
            (None, None) => OfKey::NOTHING,
        };
        self.key.initial
    }

    fn new_key(&mut self, name: u64, length: u16) -> OfKey {
        let call = self.values.call(name, Operation::Delete, length);
        let delete = Request { call, ..Request::plain(Operation::Delete, Time::START) };
        self.misnamed |= self.store.limits.refuse(Time::START, &delete).is_some();
        let initial = if let AtStart::Nothing = self.at_start { 0 } else { self.values.bytes_of(name, 0) };
        let bytes = self.values.stored_at_start(name, length);
        let held = matches!(self.at_start, AtStart::Stored).then_some(Held {
            bytes,
            since: Time::START,
            expires: Time::NEVER,
        });
        OfKey { name: call.key_bytes, initial, held, ..OfKey::NOTHING }
    }

    /// Whether a key had a name that no call may have: then nothing that was measured means anything.
    pub fn needs_events(&self) -> bool {
        self.misnamed
    }

    /// A put, with all that it states.
    fn put(&self, ttl: Option<Span>, bytes: u32, start: Time) -> Request {
        let call = Call { value_bytes: bytes, ..self.values.call(0, Operation::Delete, self.key.name) };
        Request { call, ..Request::plain(Operation::Put { value: 0, ttl }, start) }
    }

    /// How long the caller takes to make something of a value.
    #[inline]
    pub fn parse(&self, bytes: u32) -> Span {
        let ValuesConfig { form, parse, .. } = self.values.config;
        parse.time(Call { form: Some(form), ..Call::default() }, bytes.into())
    }

    /// How many bytes a write puts: as it says, or as is drawn for it.
    pub fn bytes(&self, what: What) -> u32 {
        match what {
            What::Put { size: Size::Stated(bytes), .. } => bytes,
            What::Put { size: Size::OfNumber(number), .. } => self.values.bytes_of(self.name, number),
            What::Delete => 0,
        }
    }

    /// Whether a write of so many bytes is refused where it is asked for; if it is, it is counted.
    pub fn refuses(&self, act: &Act, what: What, bytes: u32, tally: &mut Tally) -> bool {
        let What::Put { ttl, .. } = what else { return false };
        let request = self.put(ttl, bytes, act.at);
        let Some(refusal) = self.store.limits.refuse(act.at, &request) else { return false };
        tally.refused(act.location, (act.at, act.at, act.at), Served::WriteRefused, refusal);
        tally.tell(act.at, refusal, || self.store.limits.text(refusal, &request));
        true
    }

    /// A write arrives at the central store, which takes it or not.
    pub fn arrives(&mut self, write: &Write, taken: bool) {
        let at = write.arrival.at;
        let newer = taken && write.version > self.key.newest;
        if self.store.looks_always || newer || (taken && !write.deletes) {
            self.stored.looks(at);
        }
        if newer {
            self.key.newest = write.version;
            if let Some(held) = self.key.held.take() {
                self.stored.add(held, at.min(held.expires), self.window);
            }
            let bytes = || self.put(None, write.inside.bytes, at).call.stored_bytes();
            self.key.held = (!write.deletes).then(|| Held { bytes: bytes(), since: at, expires: write.inside.expires });
        }
    }

    /// Goes on to another key; `None` where nobody has written this one, nor waits for anything of it.
    pub fn keep(&mut self, waits: bool, stored: &mut Stored) -> Option<OfKey> {
        stored.absorb(&mut self.stored);
        (waits || self.key.newest > Version::INITIAL).then_some(self.key)
    }

    /// The key is over, and is a partition: what was stored of it.
    pub fn end_alone(&mut self) -> Storage {
        let mut stored = Stored::default();
        self.end(&mut stored);
        stored.storage()
    }

    /// The key is over.
    pub fn end(&mut self, stored: &mut Stored) {
        stored.absorb(&mut self.stored);
        if let Some(held) = self.key.held.take() {
            stored.add(held, held.expires, self.window);
            match held.expires {
                Time::NEVER => stored.storage.bytes_at_end += held.bytes,
                expires if expires > self.window.until => stored.expiring.push((expires, held.bytes)),
                _ => {}
            }
        }
    }
}

impl Stored {
    /// A key held so many bytes until then.
    fn add(&mut self, held: Held, until: Time, window: Window) {
        let measured = until.min(window.until).since(held.since.max(window.from));
        self.storage.byte_ns += u128::from(held.bytes) * u128::from(measured.0);
        if held.since <= window.from && window.from < until {
            self.storage.bytes_at_start += held.bytes;
        }
    }

    fn absorb(&mut self, other: &mut Stored) {
        let Stored { storage, expiring, looked } = std::mem::take(other);
        self.storage.merge(&storage);
        self.expiring.extend(expiring);
        self.looks(looked);
    }

    /// The store looks at what has expired.
    fn looks(&mut self, at: Time) {
        self.looked = self.looked.max(at);
    }

    /// The store looked at other keys, which are not measured here.
    pub fn look_as(&mut self, others: &Stored) {
        self.looks(others.looked);
    }

    /// What was stored in the measured part of the run, and what is at its end.
    pub fn storage(&self) -> Storage {
        let there = self.expiring.iter().filter(|(expires, _)| *expires > self.looked);
        let bytes_at_end = self.storage.bytes_at_end + there.map(|(_, bytes)| bytes).sum::<u64>();
        Storage { bytes_at_end, ..self.storage }
    }
}
