//! The teaching model of Workers KV: each version is pushed to each location and takes its own time to arrive.
//!
//! Nothing is scheduled: whether a version has reached a location is computed when a read looks, from a delay that is a
//! pure function of (version, location).

use std::collections::VecDeque;

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{FigureId, Storage, Terms, UNLIMITED};
use crate::model::{
    Answer, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Told, Value, Version,
};
use crate::random::{Sampler, chance, derive};

use super::config::KvPushConfig;
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::kv_faults::KvFaults;
use super::kv_limits::KvLimits;
use super::kv_pages::{self, Record};
use super::kv_pull::{counts_as_write, shown, stamp};
use super::stock::Stock;

/// What travels between the locations and the central store.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Message {
    /// A write arrives at the central store.
    Write { request: RequestId, version: Version },
    /// Its acknowledgement arrives at the location.
    Acknowledged { request: RequestId, seen: Seen },
    /// The central store refused it.
    Refused(RequestId, Refusal),
}

/// A version on its way to the locations.
#[derive(Clone, Copy, Debug)]
struct Pushed {
    seen: Seen,
    expires: Time,
    committed: Time,
    /// From which the delay towards each location is derived.
    draw: u64,
    /// Where and from when it is shown because it was written there.
    shown_at: Location,
    shown_from: Time,
}

/// A key: what every location has, and what is on its way.
#[derive(Clone, Debug)]
struct Replicated {
    everywhere: Seen,
    everywhere_expires: Time,
    /// Rising in version.
    on_the_way: VecDeque<Pushed>,
    last_accepted: Option<Time>,
}

impl Replicated {
    fn new(initial: Option<Value>) -> Replicated {
        Replicated {
            everywhere: Seen { version: Version::INITIAL, value: initial },
            everywhere_expires: Time::NEVER,
            on_the_way: VecDeque::new(),
            last_accepted: None,
        }
    }

    /// Versions that have surely arrived everywhere need no further look.
    fn settle(&mut self, now: Time, max: Span) {
        while self.on_the_way.front().is_some_and(|pushed| pushed.committed + max <= now) {
            let pushed = self.on_the_way.pop_front().expect("a front");
            if pushed.seen.version > self.everywhere.version {
                self.everywhere = pushed.seen;
                self.everywhere_expires = pushed.expires;
            }
        }
    }

    /// The newest version that has reached the location. What was stamped by a clock so far behind that a newer version is
    /// everywhere already is shown nowhere.
    fn at(&self, location: Location, now: Time, arrival: impl Fn(&Pushed, Location) -> Time) -> (Seen, Time) {
        let newer = |pushed: &&Pushed| pushed.seen.version > self.everywhere.version;
        for pushed in self.on_the_way.iter().rev().take_while(newer) {
            let arrives = || arrival(pushed, location);
            if (pushed.shown_at == location && pushed.shown_from <= now) || arrives() <= now {
                return (pushed.seen, pushed.expires);
            }
        }
        (self.everywhere, self.everywhere_expires)
    }
}

/// The store.
#[derive(Clone, Debug)]
pub struct KvPush {
    config: KvPushConfig,
    central: Location,
    hit: Sampler,
    write: Sampler,
    delay: Sampler,
    /// Between two writes to a key, or to the namespace.
    write_interval: Span,
    limits: KvLimits,
    shown_locally: u64,
    initial: Option<Value>,
    keys: Vec<Replicated>,
    last_accepted_in_namespace: Option<Time>,
    /// From the commit until a version has surely arrived everywhere.
    within: Span,
    faults: KvFaults,
    /// Those that delay versions; empty where none does.
    delaying: Faults,
    stock: Stock,
}

/// When a version reaches a location.
fn arrival(pushed: &Pushed, location: Location, delay: &Sampler, delaying: &Faults) -> Time {
    let delay = delay.span_of_any(derive(pushed.draw, u64::from(location.0)));
    if delaying.is_empty() { pushed.committed + delay } else { delaying.replicated(pushed.committed, location, delay) }
}

impl KvPush {
    /// From its plain data.
    pub fn new(config: &KvPushConfig, central: Location, terms: &Terms) -> KvPush {
        KvPush {
            central,
            hit: Sampler::new(&config.common.hit_latency),
            write: Sampler::new(&config.common.central_write),
            delay: Sampler::truncated(&config.delay, config.max),
            write_interval: terms.span(if config.limit_per_namespace {
                FigureId::KvInstantWriteInterval
            } else {
                FigureId::KvWriteInterval
            }),
            limits: if config.limit_per_namespace { KvLimits::instant(terms) } else { KvLimits::workers_kv(terms) },
            shown_locally: chance(config.common.local_visibility),
            within: config.max,
            faults: KvFaults::default(),
            delaying: Faults::default(),
            config: config.clone(),
            initial: None,
            keys: Vec::new(),
            last_accepted_in_namespace: None,
            stock: Stock::default(),
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> KvPush {
        let within = faults.replicated_within(self.config.max);
        KvPush { faults: KvFaults::new(faults), delaying: faults.clone(), within, ..self }
    }

    /// What is kept of a put: Workers KV Instant has no metadata.
    fn kept(&self, request: &Request) -> Request {
        let mut kept = *request;
        kept.call.metadata_bytes = if self.limits.instant { 0 } else { kept.call.metadata_bytes };
        kept
    }

    /// Why a put does not fit into the namespace of Workers KV Instant, or into what the account may store, if it does not.
    fn full(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        if !request.call.is_stated() {
            return None;
        }
        self.stock.advance(now);
        if !matches!(request.operation, Operation::Put { .. }) {
            return None;
        }
        let (keys, bytes) = self.stock.after(&self.kept(request));
        if keys > self.limits.keys {
            return Some(Refusal::KvInstantTooManyKeys);
        }
        let full = if self.limits.instant { Refusal::KvInstantStorageFull } else { Refusal::KvStorageFull };
        (bytes > self.limits.storage_bytes).then_some(full)
    }

    /// What a location shows of a key, and until when.
    fn look(&mut self, key: Key, location: Location, now: Time) -> (Seen, Time) {
        self.ensure(key);
        let replicated = &mut self.keys[key.index()];
        replicated.settle(now, self.within);
        let (delay, delaying) = (&self.delay, &self.delaying);
        replicated.at(location, now, |pushed, to| arrival(pushed, to, delay, delaying))
    }

    /// What a list at a location is told of a key. A deletion is forgotten once it is everywhere.
    fn record(&mut self, key: Key, location: Location, now: Time) -> Option<Record> {
        let (seen, expires) = self.look(key, location, now);
        let everywhere = self.keys[key.index()].everywhere.version == seen.version;
        let gone = seen.value.is_none() || expires <= now;
        let never = seen.value.is_none() && seen.version == Version::INITIAL;
        (!never).then_some(Record { told: Told { key, seen, expires }, counts: !(gone && everywhere) })
    }

    /// Answers a bulk read, or a list: all of it is at the location.
    #[cold]
    fn read_many(&mut self, now: Time, request: &Request) -> Answer {
        if let Operation::List { limit, .. } = request.operation {
            let limit = if self.limits.instant { u32::MAX } else { limit.into() };
            return Answer::page(kv_pages::page(request, limit, |key| self.record(key, request.location, now)));
        }
        let mut seen = request.all_keys().map(|key| {
            let (seen, expires) = self.look(key, request.location, now);
            shown(seen, expires, now)
        });
        Answer::of(seen.next().unwrap_or_default()).with_others(seen)
    }

    fn ensure(&mut self, key: Key) {
        if key.index() >= self.keys.len() {
            self.keys.resize(key.index() + 1, Replicated::new(self.initial));
        }
    }

    fn commit(&mut self, now: Time, id: RequestId, version: Version, request: &Request, outbox: &mut Outbox<Message>) {
        let back = derive(request.draw, hop::BACK);
        if let Some(refusal) = self.faults.at_central(now, request) {
            outbox.send(self.central, request.location, back, Message::Refused(id, refusal));
            return;
        }
        self.ensure(request.key);
        let full = self.full(now, request);
        let replicated = &mut self.keys[request.key.index()];
        let (last, too_many) = if self.config.limit_per_namespace {
            (&mut self.last_accepted_in_namespace, Refusal::KvInstantTooManyWrites)
        } else {
            (&mut replicated.last_accepted, Refusal::KvTooManyWrites)
        };
        let counted = counts_as_write(&self.config.common, request.operation);
        if counted && last.is_some_and(|last| now.since(last) < self.write_interval) {
            outbox.send(self.central, request.location, back, Message::Refused(id, too_many));
            return;
        }
        if let Some(refusal) = full {
            outbox.send(self.central, request.location, back, Message::Refused(id, refusal));
            return;
        }
        if counted {
            *last = Some(now);
        }
        let seen = Seen { version, value: request.operation.apply(None) };
        replicated.settle(now, self.within);
        let place = replicated.on_the_way.partition_point(|pushed| pushed.seen.version < version);
        let pushed = Pushed {
            seen,
            expires: request.expiry(now),
            committed: now,
            draw: derive(request.draw, hop::PUSH),
            shown_at: request.location,
            shown_from: Time::NEVER,
        };
        let newest = place == replicated.on_the_way.len() && version > replicated.everywhere.version;
        replicated.on_the_way.insert(place, pushed);
        if newest && request.call.is_stated() {
            self.stock.write(&self.kept(request), seen.value.is_some(), pushed.expires);
        }
        outbox.note(now, Note::Committed { key: request.key, from: request.location, seen });
        if pushed.expires < Time::NEVER {
            outbox.note(pushed.expires, Note::Expired { key: request.key, seen });
        }
        let service = self.write.span(derive(request.draw, hop::SERVICE));
        outbox.send_after(service, self.central, request.location, back, Message::Acknowledged { request: id, seen });
    }
}

impl Store for KvPush {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: false, several_keys: false }
    }

    fn coupling(&self) -> Coupling {
        if self.config.limit_per_namespace { Coupling::Everything } else { Coupling::Groups }
    }

    fn begin(&mut self, ground: Ground) {
        self.initial = ground.initial;
        self.keys.clear();
        self.last_accepted_in_namespace = None;
        self.faults.begin();
        self.stock.begin(ground.measured);
    }

    fn preload(&mut self, _group: u32, key: Key, bytes: u64) {
        self.stock.preload(key, bytes);
    }

    fn shares_storage(&self) -> bool {
        self.limits.storage_bytes != UNLIMITED
    }

    #[inline]
    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        if let Some(refusal) = self.faults.at_location(now, request) {
            outbox.reply(id, self.hit.span(derive(request.draw, hop::HIT)), Answer::refused(refusal));
            return;
        }
        if request.call.is_stated()
            && let Some(refusal) = self.limits.refuse(now, request)
        {
            outbox.reply(id, Span::ZERO, Answer::refused(refusal));
            return;
        }
        if !request.operation.is_read() {
            let version = self.faults.stamped(stamp(&self.config.common, request, now), request, now);
            let out = derive(request.draw, hop::OUT);
            outbox.send(request.location, self.central, out, Message::Write { request: id, version });
            return;
        }
        let answer = if request.keys > 1 || matches!(request.operation, Operation::List { .. }) {
            self.read_many(now, request)
        } else {
            let (seen, expires) = self.look(request.key, request.location, now);
            Answer::of(shown(seen, expires, now))
        };
        let answer = Answer { cached: true, ..answer };
        outbox.reply(id, self.hit.span(derive(request.draw, hop::HIT)), answer);
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Write { request: id, version } => self.commit(now, id, version, requests.get(id), outbox),
            Message::Acknowledged { request: id, seen } => {
                let Request { key, location, draw, .. } = *requests.get(id);
                if derive(draw, hop::LOCAL) <= self.shown_locally && self.shown_locally > 0 {
                    let on_the_way = &mut self.keys[key.index()].on_the_way;
                    if let Some(pushed) = on_the_way.iter_mut().find(|pushed| pushed.seen.version == seen.version) {
                        pushed.shown_from = now;
                        outbox.note(now, Note::ShownLocally { key, location, seen });
                    }
                }
                outbox.reply(id, Span::ZERO, Answer::of(seen));
            }
            Message::Refused(id, refusal) => outbox.reply(id, Span::ZERO, Answer::refused(refusal)),
        }
    }

    fn lost(&mut self, _now: Time, message: Message, _: &Requests, outbox: &mut Outbox<Message>) {
        let (Message::Write { request, .. } | Message::Acknowledged { request, .. } | Message::Refused(request, _)) =
            message;
        outbox.reply(request, Span::ZERO, Answer::refused(self.lost_answer()));
    }

    fn lost_answer(&self) -> Refusal {
        Refusal::KvConnectionLost
    }

    fn latest(&self, key: Key) -> Seen {
        let Some(replicated) = self.keys.get(key.index()) else {
            return Replicated::new(self.initial).everywhere;
        };
        let newest = replicated.on_the_way.back().map_or(replicated.everywhere, |pushed| pushed.seen);
        if newest.version > replicated.everywhere.version { newest } else { replicated.everywhere }
    }

    /// No version is on its way for longer, and with clocks that are right a later write is newer.
    fn shown_within(&self) -> Option<Span> {
        let right = self.config.common.clock_skew.iter().all(|skew| *skew == 0);
        (right && self.delaying.is_empty()).then_some(self.within)
    }

    fn storage(&mut self) -> Storage {
        self.stock.storage()
    }

    fn keeps_metadata(&self) -> bool {
        !self.limits.instant
    }

    fn refuse_answer(&self, request: &Request, bytes: u64) -> Option<Refusal> {
        self.limits.refuse_answer(request, bytes)
    }

    fn refusal_text(&self, refusal: Refusal, request: &Request) -> Option<String> {
        self.limits.text(refusal, request)
    }

    fn forecast(&self, now: Time, key: Key, location: Location, answers: &mut Vec<(Time, Version)>) -> bool {
        let Some(replicated) = self.keys.get(key.index()) else {
            answers.push((now, Version::INITIAL));
            return true;
        };
        let arrival = |pushed: &Pushed, to| arrival(pushed, to, &self.delay, &self.delaying);
        let (shown, _) = replicated.at(location, now, arrival);
        answers.push((now, shown.version.max(replicated.everywhere.version)));
        let mut coming: Vec<(Time, Version)> = Vec::new();
        for pushed in replicated.on_the_way.iter().filter(|pushed| pushed.seen.version > shown.version) {
            let arrives = arrival(pushed, location);
            let here = if pushed.shown_at == location { arrives.min(pushed.shown_from) } else { arrives };
            coming.push((here, pushed.seen.version));
        }
        coming.sort_unstable();
        for (at, version) in coming {
            if answers.last().is_some_and(|(_, newest)| version > *newest) {
                answers.push((at, version));
            }
        }
        true
    }
}
