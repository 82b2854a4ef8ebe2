//! Workers KV as documented: a central store, and a cache at each location that pulls from it.
//!
//! A read is answered from the location's cache while the cached copy is younger than the read's `cacheTtl`; otherwise it
//! travels to the central store, takes the newest version there, and fills the cache when it returns. A write that commits
//! while such a fill is on its way makes the fill stale from birth. A bulk read is one such journey for all keys that the
//! cache lacks; pages of lists are cached like values (`kv_pages.rs`).

use std::collections::HashMap;

use rustc_hash::FxBuildHasher;

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{FigureId, Storage, Terms};
use crate::model::{
    Answer, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Told, Value, Version,
};
use crate::random::{Sampler, chance, derive};

use super::cache::{Caches, Entry};
use super::config::{KvCommon, KvPullConfig, WriteLimit};
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::kv_faults::KvFaults;
use super::kv_limits::KvLimits;
use super::kv_pages::{self, Page, PageKey, Pages, Record};
use super::room::Room;

/// What travels between the locations and the central store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Message {
    /// A read that missed arrives at the central store.
    Fetch(RequestId),
    /// Its answer arrives at the location.
    Fetched { request: RequestId, seen: Seen, expires: Time, taken: Time },
    /// The keys of a bulk read that missed arrive at the central store, or a list that missed does.
    FetchMany(RequestId),
    /// Their answer arrives at the location.
    FetchedMany(RequestId),
    /// A write arrives at the central store.
    Write { request: RequestId, version: Version },
    /// Its acknowledgement arrives at the location.
    Acknowledged { request: RequestId, seen: Seen, expires: Time, committed: Time },
    /// The central store refused it.
    Refused(RequestId, Refusal),
}

/// A key at the central store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Central {
    pub seen: Seen,
    /// When the key expires; of a deleted one, when it was deleted.
    pub expires: Time,
    pub last_accepted: Option<Time>,
}

impl Central {
    pub(super) fn new(initial: Option<Value>) -> Central {
        Central { seen: Seen { version: Version::INITIAL, value: initial }, expires: Time::NEVER, last_accepted: None }
    }
}

/// The version that a write gets at its writer: the local clock, with a nonce against ties.
pub(super) fn stamp(common: &KvCommon, request: &Request, now: Time) -> Version {
    stamp_of(common, request.location, request.draw, now)
}

/// The same from the parts of a request.
pub(crate) fn stamp_of(common: &KvCommon, location: Location, draw: u64, now: Time) -> Version {
    let skew = common.clock_skew.get(location.index()).copied().unwrap_or(0);
    let stamp = (now.0 + 1).saturating_add_signed(skew).max(1);
    Version { stamp, nonce: derive(draw, hop::NONCE) as u32 }
}

/// Whether the limit of one write per second applies. Whether deletes count is not published; here they do not.
pub(crate) fn counts_as_write(common: &KvCommon, operation: Operation) -> bool {
    common.write_limit == WriteLimit::Strict && operation != Operation::Delete
}

/// What a reader gets of a stored version: nothing, once it has expired.
pub(super) fn shown(seen: Seen, expires: Time, now: Time) -> Seen {
    if now < expires { seen } else { Seen { value: None, ..seen } }
}

/// A read of several keys on its way: what the cache had of each, or what the central store said.
#[derive(Clone, Debug)]
struct Bulk {
    taken: Time,
    /// The version, its expiry, and whether it had to be fetched.
    keys: Vec<(Seen, Time, bool)>,
}

/// The store.
#[derive(Clone, Debug)]
pub struct KvPull {
    config: KvPullConfig,
    central: Location,
    hit: Sampler,
    read: Sampler,
    write: Sampler,
    /// Between two writes to a key.
    write_interval: Span,
    limits: KvLimits,
    shown_locally: u64,
    initial: Option<Value>,
    keys: Vec<Central>,
    caches: Caches,
    faults: KvFaults,
    /// Looked up, never iterated.
    bulks: HashMap<RequestId, Bulk, FxBuildHasher>,
    pages: Pages,
    /// Pages on their way to a location. Looked up, never iterated.
    pages_sent: HashMap<RequestId, Page, FxBuildHasher>,
    /// Whether anybody has asked for a list; before that, none can be cached.
    lists: bool,
    room: Room,
}

impl KvPull {
    /// From its plain data.
    pub fn new(config: &KvPullConfig, central: Location, terms: &Terms) -> KvPull {
        KvPull {
            central,
            hit: Sampler::new(&config.common.hit_latency),
            read: Sampler::new(&config.common.central_read),
            write: Sampler::new(&config.common.central_write),
            write_interval: terms.span(FigureId::KvWriteInterval),
            limits: KvLimits::workers_kv(terms),
            shown_locally: chance(config.common.local_visibility),
            config: config.clone(),
            initial: None,
            keys: Vec::new(),
            caches: Caches::default(),
            faults: KvFaults::default(),
            bulks: HashMap::default(),
            pages: Pages::default(),
            pages_sent: HashMap::default(),
            lists: false,
            room: Room::new(Refusal::KvStorageFull, terms.bound(FigureId::KvStorageBytes)),
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> KvPull {
        KvPull { faults: KvFaults::new(faults), ..self }
    }

    fn key(&mut self, key: Key) -> &mut Central {
        if key.index() >= self.keys.len() {
            self.keys.resize(key.index() + 1, Central::new(self.initial));
        }
        &mut self.keys[key.index()]
    }

    fn commit(&mut self, now: Time, id: RequestId, version: Version, request: &Request, outbox: &mut Outbox<Message>) {
        let counted = counts_as_write(&self.config.common, request.operation);
        let from = self.central;
        let interval = self.write_interval;
        let back = derive(request.draw, hop::BACK);
        if let Some(refusal) = self.faults.at_central(now, request) {
            outbox.send(from, request.location, back, Message::Refused(id, refusal));
            return;
        }
        let central = self.key(request.key);
        if counted && central.last_accepted.is_some_and(|last| now.since(last) < interval) {
            outbox.send(from, request.location, back, Message::Refused(id, Refusal::KvTooManyWrites));
            return;
        }
        if let Some(refusal) = self.room.refuses(now, request) {
            outbox.send(from, request.location, back, Message::Refused(id, refusal));
            return;
        }
        let central = self.key(request.key);
        if counted {
            central.last_accepted = Some(now);
        }
        let seen = Seen { version, value: request.operation.apply(None) };
        let expires = request.expiry(now);
        if version > central.seen.version {
            central.seen = seen;
            central.expires = if seen.value.is_some() { expires } else { now };
            self.room.write(now, request, seen, expires);
        }
        outbox.note(now, Note::Committed { key: request.key, from: request.location, seen });
        if expires < Time::NEVER {
            outbox.note(expires, Note::Expired { key: request.key, seen });
        }
        let service = self.write.span(derive(request.draw, hop::SERVICE));
        let acknowledged = Message::Acknowledged { request: id, seen, expires, committed: now };
        outbox.send_after(service, from, request.location, back, acknowledged);
    }

    /// What a read finds at the central store, and when that expires.
    fn look(&mut self, key: Key, now: Time) -> (Seen, Time) {
        let central = *self.key(key);
        // What has expired stays expired: the copy must not count the expiry again.
        let expires = if now < central.expires { central.expires } else { Time::NEVER };
        (shown(central.seen, central.expires, now), expires)
    }

    /// Fills a location's cache with what it has fetched.
    fn fill(
        &mut self,
        now: Time,
        key: Key,
        request: &Request,
        entry: (Seen, Time, Time),
        outbox: &mut Outbox<Message>,
    ) {
        let (seen, expires, taken) = entry;
        if seen.value.is_some() || self.config.negative_caching {
            let (location, asked) = (request.location, request.start);
            self.caches.fill(key, location, Entry { seen, expires, filled: now });
            outbox.note(now, Note::Filled { key, location, seen, asked, taken });
        }
    }

    /// A bulk read or a list is asked for: answered from the cache where that has all of it.
    #[cold]
    fn request_many(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let hit = self.hit.span(derive(request.draw, hop::HIT));
        let out = derive(request.draw, hop::OUT);
        if let Some(page_key) = PageKey::of(request) {
            self.lists = true;
            if let Some(page) = self.pages.fresh(page_key, now, self.config.cache_ttl) {
                let answer = Answer { cached: true, ..Answer::page(page.listing.clone()) };
                outbox.reply(id, hit, answer);
                return;
            }
        } else {
            let Operation::Get { cache_ttl } = request.operation else { return };
            let cache_ttl = cache_ttl.unwrap_or(self.config.cache_ttl);
            let entry = |key| self.caches.fresh(key, request.location, now, cache_ttl);
            let held = |key| entry(key).map_or((Seen::default(), Time::NEVER, true), |e| (e.seen, e.expires, false));
            let keys: Vec<(Seen, Time, bool)> = request.all_keys().map(held).collect();
            if keys.iter().all(|(.., fetched)| !fetched) {
                outbox.reply(id, hit, Answer { cached: true, ..together(&keys, now) });
                return;
            }
            self.bulks.insert(id, Bulk { taken: now, keys });
        }
        outbox.send(request.location, self.central, out, Message::FetchMany(id));
    }

    /// The rest of a bulk read, or a list, is at the central store.
    #[cold]
    fn fetch_many(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let back = derive(request.draw, hop::BACK);
        if let Some(refusal) = self.faults.at_central(now, request) {
            self.bulks.remove(&id);
            outbox.send(self.central, request.location, back, Message::Refused(id, refusal));
            return;
        }
        if let Operation::List { limit, .. } = request.operation {
            let listing = kv_pages::page(request, limit.into(), |key| self.record(key, now));
            self.pages_sent.insert(id, Page { listing, taken: now, filled: now });
        } else if let Some(mut bulk) = self.bulks.remove(&id) {
            bulk.taken = now;
            for (key, held) in request.all_keys().zip(&mut bulk.keys).filter(|(_, held)| held.2) {
                let (seen, expires) = self.look(key, now);
                *held = (seen, expires, true);
            }
            self.bulks.insert(id, bulk);
        }
        let service = self.read.span(derive(request.draw, hop::SERVICE));
        outbox.send_after(service, self.central, request.location, back, Message::FetchedMany(id));
    }

    /// Its answer is back at the location.
    #[cold]
    fn fetched_many(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        if let (Some(page_key), Some(mut page)) = (PageKey::of(request), self.pages_sent.remove(&id)) {
            page.filled = now;
            outbox.reply(id, Span::ZERO, Answer::page(page.listing.clone()));
            self.pages.fill(page_key, page);
        } else if let Some(bulk) = self.bulks.remove(&id) {
            for (key, (seen, expires, _)) in request.all_keys().zip(&bulk.keys).filter(|(_, held)| held.2) {
                self.fill(now, key, request, (*seen, *expires, bulk.taken), outbox);
            }
            outbox.reply(id, Span::ZERO, together(&bulk.keys, now));
        }
    }

    /// What a list is told of a key: nothing, where there never was a value.
    fn record(&self, key: Key, now: Time) -> Option<Record> {
        let Central { seen, expires, .. } = *self.keys.get(key.index()).unwrap_or(&Central::new(self.initial));
        let never = seen.value.is_none() && seen.version == Version::INITIAL;
        // Of a deleted key, `expires` is when it was deleted.
        let gone = seen.value.is_none() || expires <= now;
        let counts = !gone || now.since(expires) < self.config.common.tombstone_life;
        (!never).then_some(Record { told: Told { key, seen, expires }, counts })
    }
}

/// The answer to a bulk read.
fn together(keys: &[(Seen, Time, bool)], now: Time) -> Answer {
    let mut seen = keys.iter().map(|(seen, expires, _)| shown(*seen, *expires, now));
    Answer::of(seen.next().unwrap_or_default()).with_others(seen)
}

impl Store for KvPull {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: false, several_keys: false }
    }

    fn coupling(&self) -> Coupling {
        self.faults.coupling()
    }

    fn begin(&mut self, ground: Ground) {
        self.initial = ground.initial;
        self.keys.clear();
        self.caches.begin(ground.locations, ground.groups > 1);
        self.faults.begin();
        self.bulks.clear();
        self.pages_sent.clear();
        self.pages.clear();
        self.lists = false;
        self.room.begin(ground);
    }

    fn preload(&mut self, _group: u32, key: Key, bytes: u64) {
        self.room.preload(key, bytes);
    }

    fn shares_storage(&self) -> bool {
        self.room.is_capped()
    }

    #[inline]
    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        if request.call.is_stated()
            && let Some(refusal) = self.limits.refuse(now, request)
        {
            outbox.reply(id, Span::ZERO, Answer::refused(refusal));
            return;
        }
        if let Some(refusal) = self.faults.at_location(now, request) {
            outbox.reply(id, self.hit.span(derive(request.draw, hop::HIT)), Answer::refused(refusal));
            return;
        }
        if request.keys > 1 || matches!(request.operation, Operation::List { .. }) {
            return self.request_many(now, id, request, outbox);
        }
        let out = derive(request.draw, hop::OUT);
        let Operation::Get { cache_ttl } = request.operation else {
            let version = self.faults.stamped(stamp(&self.config.common, request, now), request, now);
            outbox.send(request.location, self.central, out, Message::Write { request: id, version });
            return;
        };
        let cache_ttl = cache_ttl.unwrap_or(self.config.cache_ttl);
        if let Some(entry) = self.caches.fresh(request.key, request.location, now, cache_ttl) {
            let answer = Answer { cached: true, ..Answer::of(entry.seen) };
            outbox.reply(id, self.hit.span(derive(request.draw, hop::HIT)), answer);
        } else {
            outbox.send(request.location, self.central, out, Message::Fetch(id));
        }
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Fetch(id) => {
                let request = requests.get(id);
                let back = derive(request.draw, hop::BACK);
                if let Some(refusal) = self.faults.at_central(now, request) {
                    outbox.send(self.central, request.location, back, Message::Refused(id, refusal));
                    return;
                }
                let service = self.read.span(derive(request.draw, hop::SERVICE));
                let (seen, expires) = self.look(request.key, now);
                let fetched = Message::Fetched { request: id, seen, expires, taken: now };
                outbox.send_after(service, self.central, request.location, back, fetched);
            }
            Message::Fetched { request: id, seen, expires, taken } => {
                let request = requests.get(id);
                self.fill(now, request.key, request, (seen, expires, taken), outbox);
                outbox.reply(id, Span::ZERO, Answer::of(shown(seen, expires, now)));
            }
            Message::FetchMany(id) => self.fetch_many(now, id, requests.get(id), outbox),
            Message::FetchedMany(id) => self.fetched_many(now, id, requests.get(id), outbox),
            Message::Write { request: id, version } => {
                self.commit(now, id, version, requests.get(id), outbox);
            }
            Message::Acknowledged { request: id, seen, expires, committed } => {
                let Request { key, location, draw, .. } = *requests.get(id);
                // State of the location, decided once for each write, never a coin tossed for each read.
                if derive(draw, hop::LOCAL) <= self.shown_locally && self.shown_locally > 0 {
                    self.caches.fill(key, location, Entry { seen, expires, filled: now });
                    outbox.note(now, Note::ShownLocally { key, location, seen });
                    if self.lists {
                        self.pages.show(location, key, committed);
                    }
                }
                outbox.reply(id, Span::ZERO, Answer::of(seen));
            }
            Message::Refused(id, refusal) => outbox.reply(id, Span::ZERO, Answer::refused(refusal)),
        }
    }

    fn lost(&mut self, _now: Time, message: Message, _: &Requests, outbox: &mut Outbox<Message>) {
        let (Message::Fetch(request)
        | Message::Fetched { request, .. }
        | Message::FetchMany(request)
        | Message::FetchedMany(request)
        | Message::Write { request, .. }
        | Message::Acknowledged { request, .. }
        | Message::Refused(request, _)) = message;
        self.bulks.remove(&request);
        self.pages_sent.remove(&request);
        outbox.reply(request, Span::ZERO, Answer::refused(self.lost_answer()));
    }

    fn lost_answer(&self) -> Refusal {
        Refusal::KvConnectionLost
    }

    fn latest(&self, key: Key) -> Seen {
        self.keys.get(key.index()).map_or(Central::new(self.initial).seen, |central| central.seen)
    }

    fn storage(&mut self) -> Storage {
        self.room.storage()
    }

    fn refuse_answer(&self, request: &Request, bytes: u64) -> Option<Refusal> {
        self.limits.refuse_answer(request, bytes)
    }

    fn refusal_text(&self, refusal: Refusal, request: &Request) -> Option<String> {
        self.limits.text(refusal, request)
    }

    fn forecast(&self, now: Time, key: Key, location: Location, answers: &mut Vec<(Time, Version)>) -> bool {
        let mut from = now;
        if let Some(entry) = self.caches.fresh(key, location, now, self.config.cache_ttl) {
            answers.push((now, entry.seen.version));
            from = entry.expires.min(entry.filled + self.config.cache_ttl);
        }
        answers.push((from, self.latest(key).version));
        true
    }
}
