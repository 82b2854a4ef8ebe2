//! Workers KV as documented: a central store, and a cache at each location that pulls from it.
//!
//! A read is answered from the location's cache while the cached copy is younger than the read's `cacheTtl`; otherwise it
//! travels to the central store, takes the newest version there, and fills the cache when it returns. A write that commits
//! while such a fill is on its way makes the fill stale from birth.

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{FigureId, Terms};
use crate::model::{
    Answer, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Value, Version,
};
use crate::random::{Sampler, chance, derive};

use super::cache::{Caches, Entry};
use super::config::{KvCommon, KvPullConfig, WriteLimit};
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::kv_faults::KvFaults;

/// What travels between the locations and the central store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Message {
    /// A read that missed arrives at the central store.
    Fetch(RequestId),
    /// Its answer arrives at the location.
    Fetched { request: RequestId, seen: Seen, expires: Time, taken: Time },
    /// A write arrives at the central store.
    Write { request: RequestId, version: Version },
    /// Its acknowledgement arrives at the location.
    Acknowledged { request: RequestId, seen: Seen, expires: Time },
    /// The central store refused it.
    Refused(RequestId, Refusal),
}

/// A key at the central store.
#[derive(Clone, Copy, Debug)]
pub(super) struct Central {
    pub seen: Seen,
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
    let skew = common.clock_skew.get(request.location.index()).copied().unwrap_or(0);
    let stamp = (now.0 + 1).saturating_add_signed(skew).max(1);
    Version { stamp, nonce: derive(request.draw, hop::NONCE) as u32 }
}

/// Whether the limit of one write per second applies. Whether deletes count is not published; here they do not.
pub(super) fn counts_as_write(common: &KvCommon, operation: Operation) -> bool {
    common.write_limit == WriteLimit::Strict && operation != Operation::Delete
}

/// When a value written now expires.
pub(super) fn expiry(operation: Operation, now: Time) -> Time {
    match operation {
        Operation::Put { ttl: Some(ttl), .. } => now + ttl,
        _ => Time::NEVER,
    }
}

/// What a reader gets of a stored version: nothing, once it has expired.
pub(super) fn shown(seen: Seen, expires: Time, now: Time) -> Seen {
    if now < expires { seen } else { Seen { value: None, ..seen } }
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
    shown_locally: u64,
    initial: Option<Value>,
    keys: Vec<Central>,
    caches: Caches,
    faults: KvFaults,
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
            shown_locally: chance(config.common.local_visibility),
            config: config.clone(),
            initial: None,
            keys: Vec::new(),
            caches: Caches::default(),
            faults: KvFaults::default(),
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
        if counted {
            central.last_accepted = Some(now);
        }
        let seen = Seen { version, value: request.operation.apply(None) };
        let expires = expiry(request.operation, now);
        if version > central.seen.version {
            central.seen = seen;
            central.expires = expires;
        }
        outbox.note(now, Note::Committed { key: request.key, from: request.location, seen });
        if expires < Time::NEVER {
            outbox.note(expires, Note::Expired { key: request.key, seen });
        }
        let service = self.write.span(derive(request.draw, hop::SERVICE));
        let acknowledged = Message::Acknowledged { request: id, seen, expires };
        outbox.send_after(service, from, request.location, back, acknowledged);
    }
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
    }

    #[inline]
    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let out = derive(request.draw, hop::OUT);
        if let Some(refusal) = self.faults.at_location(now, request) {
            outbox.reply(id, self.hit.span(derive(request.draw, hop::HIT)), Answer::refused(refusal));
            return;
        }
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
                let central = *self.key(request.key);
                let seen = shown(central.seen, central.expires, now);
                // What has expired stays expired: the copy must not count the expiry again.
                let expires = if now < central.expires { central.expires } else { Time::NEVER };
                let fetched = Message::Fetched { request: id, seen, expires, taken: now };
                outbox.send_after(service, self.central, request.location, back, fetched);
            }
            Message::Fetched { request: id, seen, expires, taken } => {
                let Request { key, location, start, .. } = *requests.get(id);
                if seen.value.is_some() || self.config.negative_caching {
                    self.caches.fill(key, location, Entry { seen, expires, filled: now });
                    outbox.note(now, Note::Filled { key, location, seen, asked: start, taken });
                }
                outbox.reply(id, Span::ZERO, Answer::of(shown(seen, expires, now)));
            }
            Message::Write { request: id, version } => {
                self.commit(now, id, version, requests.get(id), outbox);
            }
            Message::Acknowledged { request: id, seen, expires } => {
                let Request { key, location, draw, .. } = *requests.get(id);
                // State of the location, decided once for each write, never a coin tossed for each read.
                if derive(draw, hop::LOCAL) <= self.shown_locally && self.shown_locally > 0 {
                    self.caches.fill(key, location, Entry { seen, expires, filled: now });
                    outbox.note(now, Note::ShownLocally { key, location, seen });
                }
                outbox.reply(id, Span::ZERO, Answer::of(seen));
            }
            Message::Refused(id, refusal) => outbox.reply(id, Span::ZERO, Answer::refused(refusal)),
        }
    }

    fn lost(&mut self, _now: Time, message: Message, _: &Requests, outbox: &mut Outbox<Message>) {
        let (Message::Fetch(request)
        | Message::Fetched { request, .. }
        | Message::Write { request, .. }
        | Message::Acknowledged { request, .. }
        | Message::Refused(request, _)) = message;
        outbox.reply(request, Span::ZERO, Answer::refused(self.lost_answer()));
    }

    fn lost_answer(&self) -> Refusal {
        Refusal::KvConnectionLost
    }

    fn latest(&self, key: Key) -> Seen {
        self.keys.get(key.index()).map_or(Central::new(self.initial).seen, |central| central.seen)
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
