//! Cache-aside: reads go through Workers KV and fill it from D1, updates go to D1 and delete the cached copy.
//!
//! The client's code is the widely copied snippet: `get` from KV; on a miss query D1 and `put` the row with an
//! `expirationTtl`; on an update `UPDATE` in D1, then `delete` in KV. A fill that races the invalidation puts the old row
//! back, for its whole TTL.

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{MeterId, Storage, Terms, Usage};
use crate::model::{Answer, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Version};
use crate::random::derive;

use super::config::CacheAsideConfig;
use super::contract::{Coupling, Effect, Ground, Outbox, Requests, Store, Unheard, hop, note_unheard};
use super::d1::{self, D1};
use super::kv_day::KvDay;
use super::kv_pull::{self, KvPull};

/// What travels: the parts' own messages, and the end of a step of the client's code at its location.
#[derive(Clone, PartialEq, Debug)]
pub enum Message {
    Cache(kv_pull::Message),
    Database(d1::Message),
    /// The part's answer to the inner request arrived.
    Answered {
        inner: RequestId,
        answer: Answer,
    },
}

/// Where the client's code is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Step {
    /// Waiting for KV's `get`.
    Look,
    /// It was not there: waiting for D1.
    Query,
    /// Putting the row into KV; this is the answer then.
    Fill(Seen),
    /// Waiting for D1's `UPDATE`.
    Update,
    /// Deleting the cached copy; this is the answer then.
    Invalidate(Seen),
}

/// The store.
#[derive(Clone, Debug)]
pub struct CacheAside {
    cache: KvPull,
    database: D1,
    expiration_ttl: Span,
    /// What the plan leaves of the day's operations on the cache.
    quotas: KvDay,
    /// What was used of them.
    usage: Usage,
    /// Quotas and caps of KV that a put met.
    unheard: Unheard,
    measured_from: Time,
    /// The requests to the parts.
    inner: Requests,
    /// For each inner request: the outer one, and the step.
    steps: Vec<(RequestId, Step)>,
    /// Rows that were put into the cache: the cached value is the row's place in this list.
    rows: Vec<Seen>,
    from_cache: Outbox<kv_pull::Message>,
    from_database: Outbox<d1::Message>,
}

impl CacheAside {
    /// From its plain data.
    pub fn new(config: &CacheAsideConfig, central: Location, terms: &Terms) -> CacheAside {
        CacheAside {
            cache: KvPull::new(&config.cache, central, terms),
            database: D1::new(&config.database, terms),
            expiration_ttl: config.expiration_ttl,
            quotas: KvDay::new(terms),
            usage: Usage::default(),
            unheard: Unheard::default(),
            measured_from: Time::START,
            inner: Requests::default(),
            steps: Vec::new(),
            rows: Vec::new(),
            from_cache: Outbox::new(false),
            from_database: Outbox::new(false),
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> CacheAside {
        CacheAside { cache: self.cache.under(faults), database: self.database.under(faults), ..self }
    }

    fn ask(&mut self, now: Time, outer: RequestId, request: &Request, step: Step, outbox: &mut Outbox<Message>) {
        let (number, operation) = match step {
            Step::Look => (0, Operation::Get { cache_ttl: None }),
            Step::Query if matches!(request.operation, Operation::List { .. }) => (1, request.operation),
            Step::Query => (1, Operation::Get { cache_ttl: None }),
            Step::Fill(seen) => {
                self.rows.push(seen);
                (2, Operation::Put { value: self.rows.len() as i64 - 1, ttl: Some(self.expiration_ttl) })
            }
            Step::Update => (3, request.operation),
            Step::Invalidate(_) => (4, Operation::Delete),
        };
        let inner = Request { operation, draw: derive(request.draw, hop::WITHIN + number), start: now, ..*request };
        let id = self.inner.insert(inner);
        if id.0 as usize >= self.steps.len() {
            self.steps.resize(id.0 as usize + 1, (outer, step));
        }
        self.steps[id.0 as usize] = (outer, step);
        self.from_database.noting = outbox.noting;
        match step {
            Step::Look | Step::Fill(_) | Step::Invalidate(_) => {
                if let Some(refusal) = self.quotas.take(now, &inner) {
                    let answer = Answer::refused(refusal);
                    outbox.after(Span::ZERO, Message::Answered { inner: id, answer });
                    return;
                }
                self.cache.request(now, id, &inner, &mut self.from_cache);
            }
            Step::Query | Step::Update => self.database.request(now, id, &inner, &mut self.from_database),
        }
        self.forward(outbox);
    }

    /// Passes on what the parts want. Their answers come back as messages; the cache's own commits are no truth.
    fn forward(&mut self, outbox: &mut Outbox<Message>) {
        forward(&mut self.from_cache, Message::Cache, outbox);
        forward(&mut self.from_database, Message::Database, outbox);
    }

    fn answered(
        &mut self,
        now: Time,
        inner: RequestId,
        answer: Answer,
        outer: &Requests,
        outbox: &mut Outbox<Message>,
    ) {
        self.inner.remove(inner);
        let (id, step) = self.steps[inner.0 as usize];
        let request = *outer.get(id);
        if answer.is_ok() && request.start >= self.measured_from {
            match step {
                Step::Look => self.usage.add(MeterId::KvReads, 1),
                Step::Fill(_) => self.usage.add(MeterId::KvWrites, 1),
                Step::Invalidate(_) => self.usage.add(MeterId::KvDeletes, 1),
                Step::Query | Step::Update => {}
            }
        }
        match step {
            // The snippet has no `try`: a `get` that fails throws, and the database is not asked.
            Step::Look if !answer.is_ok() => outbox.reply(id, Span::ZERO, answer),
            Step::Look => match answer.seen.value {
                Some(row) => {
                    let seen = self.rows[row as usize];
                    outbox.reply(id, Span::ZERO, Answer { cached: answer.cached, ..Answer::of(seen) });
                }
                None => self.ask(now, id, &request, Step::Query, outbox),
            },
            // What a list names is in the database alone.
            Step::Query if answer.listing().is_some() => outbox.reply(id, Span::ZERO, answer),
            Step::Query if answer.is_ok() => {
                if answer.seen.value.is_some() {
                    self.ask(now, id, &request, Step::Fill(answer.seen), outbox);
                } else {
                    outbox.reply(id, Span::ZERO, answer);
                }
            }
            Step::Update if answer.is_ok() => {
                self.ask(now, id, &request, Step::Invalidate(answer.seen), outbox);
            }
            Step::Query | Step::Update => outbox.reply(id, Span::ZERO, answer),
            // A refused put loses only the copy; the row is there.
            Step::Fill(seen) => {
                if request.start >= self.measured_from {
                    note_unheard(&mut self.unheard, &answer, now);
                }
                outbox.reply(id, Span::ZERO, Answer::of(seen));
            }
            // A refused delete throws: the update happened, but its caller is not told so.
            Step::Invalidate(seen) => {
                let outcome = answer.refusal.map_or_else(|| Answer::of(seen), Answer::refused);
                outbox.reply(id, Span::ZERO, outcome);
            }
        }
    }
}

fn forward<M>(from: &mut Outbox<M>, wrap: impl Fn(M) -> Message, to: &mut Outbox<Message>) {
    for effect in from.effects.drain(..) {
        to.effects.push(match effect {
            Effect::Send { from, to, draw, after, message } => {
                Effect::Send { from, to, draw, after, message: wrap(message) }
            }
            Effect::After { span, message } => Effect::After { span, message: wrap(message) },
            Effect::Reply { request, after, answer } => {
                Effect::After { span: after, message: Message::Answered { inner: request, answer } }
            }
            Effect::Answer { from, to, draw, after, request, answer } => {
                let message = Message::Answered { inner: request, answer };
                Effect::Send { from, to, draw, after, message }
            }
            Effect::Note { at, note: note @ Note::Committed { .. } } => Effect::Note { at, note },
            Effect::Note { .. } => continue,
        });
    }
}

impl Store for CacheAside {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { several_keys: false, ..self.database.idiom() }
    }

    fn coupling(&self) -> Coupling {
        self.database.coupling()
    }

    fn begin(&mut self, ground: Ground) {
        // The cache starts empty; the rows are in the database.
        self.cache.begin(Ground { initial: None, ..ground });
        self.database.begin(ground);
        self.quotas.begin();
        self.usage = Usage::default();
        self.unheard.clear();
        self.measured_from = ground.measured.0;
        self.inner.clear();
        self.steps.clear();
        self.rows.clear();
    }

    fn preload(&mut self, group: u32, key: Key, bytes: u64) {
        self.database.preload(group, key, bytes);
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        let step = match request.operation {
            Operation::List { .. } => Step::Query,
            operation if operation.is_read() => Step::Look,
            _ => Step::Update,
        };
        self.ask(now, id, request, step, outbox);
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Cache(message) => self.cache.deliver(now, message, &self.inner, &mut self.from_cache),
            Message::Database(message) => {
                self.from_database.noting = outbox.noting;
                self.database.deliver(now, message, &self.inner, &mut self.from_database);
            }
            Message::Answered { inner, answer } => self.answered(now, inner, answer, requests, outbox),
        }
        self.forward(outbox);
    }

    fn lost(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Cache(message) => self.cache.lost(now, message, &self.inner, &mut self.from_cache),
            Message::Database(message) => self.database.lost(now, message, &self.inner, &mut self.from_database),
            // Only the database's answers travel as they are.
            Message::Answered { inner, .. } => {
                let answer = Answer::refused(self.database.lost_answer());
                self.answered(now, inner, answer, requests, outbox);
            }
        }
        self.forward(outbox);
    }

    fn lost_answer(&self) -> Refusal {
        self.database.lost_answer()
    }

    fn latest(&self, key: Key) -> Seen {
        self.database.latest(key)
    }

    /// That of the database: what a copy of a row takes up is not stated.
    fn storage(&mut self) -> Storage {
        self.database.storage()
    }

    fn unheard(&self) -> Unheard {
        self.unheard.clone()
    }

    fn usage(&mut self) -> Usage {
        let mut usage = self.database.usage();
        usage.merge(&self.usage);
        usage
    }

    /// What a location would answer depends on rows on their way into the cache: not told.
    fn forecast(&self, _: Time, _: Key, _: Location, _: &mut Vec<(Time, Version)>) -> bool {
        false
    }
}
