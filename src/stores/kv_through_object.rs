//! Workers KV written through a Durable Object: the documented remedy for writers that overwrite each other.
//!
//! All updates of a key go through one object, which does them in its own storage and then puts the new value into KV, at
//! most once in the interval that KV takes, and always the newest. Readers ask KV nearby, and may be late; or they ask the
//! object, and are not (kv/concepts/how-kv-works, read 2026-11).

use crate::faults::Faults;
use crate::limits::{MeterId, Terms, Usage};
use crate::model::{
    Answer, Call, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Version,
};
use crate::network::NetworkConfig;
use crate::random::derive;

use super::alarm::Patience;
use super::config::{KvThroughObjectConfig, ReadFrom};
use super::contract::{Coupling, Effect, Ground, Outbox, Requests, Store, Unheard, hop, note_unheard};
use super::durable_object::{self, DurableObjects};
use super::kv_day::KvDay;
use super::kv_pull::{self, KvPull};

/// What travels: the parts' own messages, their answers, and what an object has yet to put into KV.
#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    Cache(kv_pull::Message),
    Object(durable_object::Message),
    /// The part's answer to the inner request arrived.
    Answered {
        inner: RequestId,
        answer: Answer,
    },
    /// The object has done an update, and it is durable.
    Updated {
        request: Request,
        seen: Seen,
        expires: Time,
    },
    /// The time has come for the key's next put.
    Publish {
        key: Key,
    },
}

/// Whose an inner request is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Owner {
    /// A client's: this outer one.
    Client(RequestId),
    /// An object's put.
    Put(Key),
}

/// What an object has to put into KV for one key.
#[derive(Clone, Copy, Debug, Default)]
struct Publication {
    /// The newest update, and until when it holds; `None`: KV has it, or it is on its way.
    waiting: Option<(Request, Seen, Time)>,
    /// The next put is sent no earlier.
    next: Time,
    /// Puts that failed since one did not.
    failures: u32,
    /// A message will come for it.
    scheduled: bool,
    puts: u64,
}

/// The store.
#[derive(Clone, Debug)]
pub struct KvThroughObject {
    cache: KvPull,
    object: DurableObjects,
    read_from: ReadFrom,
    every: Span,
    patience: Patience,
    /// What the plan leaves of the day's operations on KV, and what was used of them.
    quotas: KvDay,
    usage: Usage,
    /// Quotas and caps of KV that a put met.
    unheard: Unheard,
    measured_from: Time,
    /// The requests to the parts.
    inner: Requests,
    owners: Vec<Owner>,
    publications: Vec<Publication>,
    /// What was put into KV: the cached value is the place in this list.
    rows: Vec<Seen>,
    from_cache: Outbox<kv_pull::Message>,
    from_object: Outbox<durable_object::Message>,
}

impl KvThroughObject {
    /// From its plain data, the places, and the platform's terms.
    pub fn new(config: &KvThroughObjectConfig, network: &NetworkConfig, terms: &Terms) -> KvThroughObject {
        KvThroughObject {
            cache: KvPull::new(&config.cache, network.central, terms),
            object: DurableObjects::new(&config.object, network, terms),
            read_from: config.read_from,
            every: config.publish_every,
            patience: Patience::of(terms),
            quotas: KvDay::new(terms),
            usage: Usage::default(),
            unheard: Unheard::default(),
            measured_from: Time::START,
            inner: Requests::default(),
            owners: Vec::new(),
            publications: Vec::new(),
            rows: Vec::new(),
            from_cache: Outbox::new(false),
            from_object: Outbox::new(false),
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> KvThroughObject {
        KvThroughObject { cache: self.cache.under(faults), object: self.object.under(faults), ..self }
    }

    /// Whether a request to a part is one to KV: a put of the object's, or a read that is not the object's to answer.
    fn is_of_kv(&self, inner: RequestId) -> bool {
        let owner = self.owners[inner.0 as usize];
        let reads = self.inner.get(inner).operation.is_read();
        matches!(owner, Owner::Put(_)) || reads && self.read_from == ReadFrom::Kv
    }

    fn own(&mut self, inner: Request, owner: Owner) -> RequestId {
        let id = self.inner.insert(inner);
        let place = id.0 as usize;
        if place >= self.owners.len() {
            self.owners.resize(place + 1, owner);
        }
        self.owners[place] = owner;
        id
    }

    fn publication(&mut self, key: Key) -> &mut Publication {
        if key.index() >= self.publications.len() {
            self.publications.resize(key.index() + 1, Publication::default());
        }
        &mut self.publications[key.index()]
    }

    /// An update is to be put into KV: now, or when the interval since the last put is over.
    fn updated(&mut self, now: Time, update: (Request, Seen, Time), outbox: &mut Outbox<Message>) {
        let key = update.0.key;
        let publication = self.publication(key);
        if publication.waiting.is_none_or(|(_, seen, _)| seen.version < update.1.version) {
            publication.waiting = Some(update);
        }
        if !publication.scheduled {
            let due = publication.next.max(now);
            publication.scheduled = true;
            outbox.after(due.since(now), Message::Publish { key });
        }
    }

    /// The object puts the newest value into KV.
    fn publish(&mut self, now: Time, key: Key, outbox: &mut Outbox<Message>) {
        let every = self.every;
        let publication = self.publication(key);
        publication.scheduled = false;
        let Some((request, seen, expires)) = publication.waiting.take() else { return };
        publication.next = now + every;
        publication.puts += 1;
        let draw = derive(request.draw, hop::WITHIN + publication.puts);
        let location = self.object.place(request.group).unwrap_or(request.location);
        self.rows.push(seen);
        let ttl = (expires != Time::NEVER).then(|| expires.since(now));
        let operation = Operation::Put { value: self.rows.len() as i64 - 1, ttl };
        // Whatever the update said, its put says how long the value holds from now on.
        let call = Call { absolute: false, earlier: 0, ..request.call };
        let inner = Request { key, keys: 1, location, operation, call, draw, start: now, ..request };
        let id = self.own(inner, Owner::Put(key));
        self.ask_kv(now, id, &inner, outbox);
    }

    /// A call of KV, if the day has one left.
    fn ask_kv(&mut self, now: Time, id: RequestId, inner: &Request, outbox: &mut Outbox<Message>) {
        match self.quotas.take(now, inner) {
            None => self.cache.request(now, id, inner, &mut self.from_cache),
            Some(refusal) => {
                outbox.after(Span::ZERO, Message::Answered { inner: id, answer: Answer::refused(refusal) });
            }
        }
    }

    fn answered(&mut self, now: Time, inner: RequestId, answer: Answer, outbox: &mut Outbox<Message>) {
        let of_kv = self.is_of_kv(inner);
        let put = self.inner.remove(inner);
        let owner = self.owners[inner.0 as usize];
        if of_kv && answer.is_ok() && put.start >= self.measured_from {
            let meter = if put.operation.is_read() { MeterId::KvReads } else { MeterId::KvWrites };
            self.usage.add(meter, put.keys.into());
        }
        match owner {
            Owner::Client(id) => outbox.reply(id, Span::ZERO, answer),
            Owner::Put(key) if answer.is_ok() => self.publication(key).failures = 0,
            Owner::Put(key) => {
                if put.start >= self.measured_from {
                    note_unheard(&mut self.unheard, &answer, now);
                }
                self.put_again(now, key, &put, outbox);
            }
        }
    }

    /// KV failed or refused a put: two of them an interval apart may arrive closer to each other. The object's alarm puts
    /// it again, unless something newer was put since, and gives up like any alarm.
    fn put_again(&mut self, now: Time, key: Key, put: &Request, outbox: &mut Outbox<Message>) {
        let Operation::Put { value, .. } = put.operation else { return };
        let patience = self.patience;
        let publication = self.publication(key);
        let failures = std::mem::take(&mut publication.failures);
        if u64::from(failures) < patience.retries {
            publication.failures = failures + 1;
            publication.next = publication.next.max(now + patience.wait(failures));
            let update = (*put, self.rows[value as usize], put.expiry(put.start));
            self.updated(now, update, outbox);
        }
    }

    /// Passes on what the parts want. Their answers come back as messages; what KV commits is a copy and no truth.
    fn forward(&mut self, outbox: &mut Outbox<Message>) {
        let mut effects = std::mem::take(&mut self.from_cache.effects);
        for effect in effects.drain(..) {
            outbox.effects.push(match effect {
                Effect::Send { from, to, draw, after, message } => {
                    Effect::Send { from, to, draw, after, message: Message::Cache(message) }
                }
                Effect::After { span, message } => Effect::After { span, message: Message::Cache(message) },
                Effect::Reply { request, after, answer } => {
                    let answer = self.looked_up(request, answer);
                    Effect::After { span: after, message: Message::Answered { inner: request, answer } }
                }
                Effect::Answer { from, to, draw, after, request, answer } => {
                    let message = Message::Answered { inner: request, answer: self.looked_up(request, answer) };
                    Effect::Send { from, to, draw, after, message }
                }
                Effect::Note { .. } => continue,
            });
        }
        self.from_cache.effects = effects;
        let mut effects = std::mem::take(&mut self.from_object.effects);
        for effect in effects.drain(..) {
            match effect {
                Effect::Send { from, to, draw, after, message } => {
                    outbox.send_after(after, from, to, draw, Message::Object(message));
                }
                Effect::After { span, message } => outbox.after(span, Message::Object(message)),
                Effect::Reply { request, after, answer } => {
                    outbox.after(after, Message::Answered { inner: request, answer });
                }
                Effect::Answer { from, to, draw, after, request: id, answer } => {
                    let request = *self.inner.get(id);
                    if !request.operation.is_read() && answer.is_ok() {
                        let expires = request.expiry(Time(answer.seen.version.stamp));
                        outbox.after(after, Message::Updated { request, seen: answer.seen, expires });
                    }
                    outbox.send_after(after, from, to, draw, Message::Answered { inner: id, answer });
                }
                Effect::Note { at, note } => outbox.note(at, note),
            }
        }
        self.from_object.effects = effects;
    }

    /// KV's answer to a read, with what the cached values stand for.
    fn looked_up(&self, id: RequestId, mut answer: Answer) -> Answer {
        if !self.inner.get(id).operation.is_read() || !answer.is_ok() {
            return answer;
        }
        let stands_for = |seen: Seen| seen.value.map_or(Seen::default(), |row| self.rows[row as usize]);
        answer.seen = stands_for(answer.seen);
        if let Some(more) = &mut answer.more {
            more.others.iter_mut().flatten().for_each(|seen| *seen = stands_for(*seen));
            let told = more.listing.iter_mut().flat_map(|listing| &mut listing.told);
            told.for_each(|told| told.seen = stands_for(told.seen));
        }
        answer
    }
}

impl Store for KvThroughObject {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { several_keys: self.read_from == ReadFrom::Object, ..self.object.idiom() }
    }

    /// Quotas of a day are the account's, and puts depend on what the object is answered.
    fn coupling(&self) -> Coupling {
        if self.quotas.is_limited() { Coupling::Everything } else { self.cache.coupling().and(self.object.coupling()) }
    }

    fn begin(&mut self, ground: Ground) {
        // What every key holds at the start is in both.
        self.quotas.begin();
        self.usage = Usage::default();
        self.unheard.clear();
        self.measured_from = ground.measured.0;
        self.rows.clear();
        self.rows.push(Seen { version: Version::INITIAL, value: ground.initial });
        self.cache.begin(Ground { initial: ground.initial.map(|_| 0), ..ground });
        self.object.begin(ground);
        self.inner.clear();
        self.owners.clear();
        self.publications.clear();
    }

    /// What every key holds at the start is in both.
    fn preload(&mut self, group: u32, key: Key, bytes: u64) {
        self.cache.preload(group, key, bytes);
        self.object.preload(group, key, bytes);
    }

    fn shares_storage(&self) -> bool {
        self.cache.shares_storage() || self.object.shares_storage()
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let inner = self.own(*request, Owner::Client(id));
        if request.operation.is_read() && self.read_from == ReadFrom::Kv {
            self.ask_kv(now, inner, request, outbox);
        } else {
            self.from_object.noting = outbox.noting;
            self.object.request(now, inner, request, &mut self.from_object);
        }
        self.forward(outbox);
    }

    fn deliver(&mut self, now: Time, message: Message, _requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Cache(message) => self.cache.deliver(now, message, &self.inner, &mut self.from_cache),
            Message::Object(message) => {
                self.from_object.noting = outbox.noting;
                self.object.deliver(now, message, &self.inner, &mut self.from_object);
            }
            Message::Answered { inner, answer } => self.answered(now, inner, answer, outbox),
            Message::Updated { request, seen, expires } => self.updated(now, (request, seen, expires), outbox),
            Message::Publish { key } => self.publish(now, key, outbox),
        }
        self.forward(outbox);
    }

    fn lost(&mut self, now: Time, message: Message, _requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Cache(message) => self.cache.lost(now, message, &self.inner, &mut self.from_cache),
            Message::Object(message) => self.object.lost(now, message, &self.inner, &mut self.from_object),
            Message::Answered { inner, .. } => {
                let of_kv = self.is_of_kv(inner);
                let refusal = if of_kv { self.cache.lost_answer() } else { self.object.lost_answer() };
                self.answered(now, inner, Answer::refused(refusal), outbox);
            }
            // These stay within the object.
            Message::Updated { .. } | Message::Publish { .. } => {}
        }
        self.forward(outbox);
    }

    /// What the object puts into KV travels on: behind a partition nobody reaches the object, and it still reaches KV.
    fn is_of_object(&self, message: Option<&Message>) -> bool {
        match message {
            Some(Message::Object(_)) => true,
            Some(Message::Answered { inner, .. }) => !self.is_of_kv(*inner),
            _ => false,
        }
    }

    fn lost_answer(&self) -> Refusal {
        self.object.lost_answer()
    }

    fn latest(&self, key: Key) -> Seen {
        self.object.latest(key)
    }

    fn unheard(&self) -> Unheard {
        self.unheard.clone()
    }

    fn usage(&mut self) -> Usage {
        let mut usage = self.object.usage();
        usage.merge(&self.usage);
        usage
    }

    /// What a location would answer depends on values on their way into KV: not told.
    fn forecast(&self, now: Time, key: Key, location: Location, answers: &mut Vec<(Time, Version)>) -> bool {
        let _ = (now, key, location, answers);
        false
    }
}
