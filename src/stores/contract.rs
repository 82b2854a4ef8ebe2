//! What every store promises: it gets a request or one of its own messages and fills an outbox. It performs nothing itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::history::Note;
use crate::limits::day::Cuts;
use crate::limits::{Nature, Storage, Usage};
use crate::model::{Answer, Idiom, Key, Location, Refusal, Request, RequestId, Seen, Span, Time, Value, Version};

/// What a store couples: keys that must be simulated together even if no client touches both.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Coupling {
    /// Nothing: each group of the workload can be simulated alone.
    Groups,
    /// Only the day's quotas: each group can be simulated alone where it is known beforehand when they end.
    Days,
    /// All keys share a server or a quota.
    Everything,
}

impl Coupling {
    /// What two parts of a store couple together. Only a store that is one part can have its days known beforehand.
    #[must_use]
    pub fn and(self, other: Coupling) -> Coupling {
        if self == Coupling::Groups { other } else { Coupling::Everything }
    }
}

/// Refusals by rule: how often, and when first.
pub type Unheard = BTreeMap<Refusal, (u64, Time)>;

/// Notes a refusal that no client is told of, if it is a quota or a cap: whatever else a part refuses is tried again.
pub fn note_unheard(unheard: &mut Unheard, answer: &Answer, at: Time) {
    let Some(refusal) = answer.refusal else { return };
    if matches!(refusal.facts().nature, Nature::Day | Nature::Storage) {
        unheard.entry(refusal).or_insert((0, at)).0 += 1;
    }
}

/// Which quota of a day a request draws on, and how much of it.
pub type DrawsOn = fn(&Request) -> Option<(Refusal, u64)>;

/// What a partition holds, as far as a store must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ground {
    /// How many groups of the workload are in it; more than one only where something couples them.
    pub groups: u32,
    pub locations: u16,
    /// What every key holds at the start.
    pub initial: Option<Value>,
    /// The part of the run in which storage is measured: from, until.
    pub measured: (Time, Time),
}

/// A system under comparison.
pub trait Store {
    /// What the store sends to its own parts.
    type Message: Clone;

    /// How client code uses it.
    fn idiom(&self) -> Idiom;

    /// What it couples.
    fn coupling(&self) -> Coupling;

    /// Which quota of a day a request draws on, and how much of it: a rule of the store, whatever its state.
    fn draws_on(&self) -> DrawsOn {
        |_| None
    }

    /// When the days' quotas end, for a store that couples nothing else.
    fn know_days(&mut self, cuts: &Arc<Cuts>) {
        let _ = cuts;
    }

    /// Whether keys that are otherwise apart share a bound on what is stored.
    fn shares_storage(&self) -> bool {
        false
    }

    /// Forgets everything: a new partition starts. Tables may keep their room.
    fn begin(&mut self, ground: Ground);

    /// What a key of a group takes up at the start, its name included. Told after [`begin`](Store::begin), where it is known.
    fn preload(&mut self, group: u32, key: Key, bytes: u64) {
        let _ = (group, key, bytes);
    }

    /// A client asks, at the location of the request.
    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Self::Message>);

    /// One of the store's own messages arrives.
    fn deliver(&mut self, now: Time, message: Self::Message, requests: &Requests, outbox: &mut Outbox<Self::Message>);

    /// One of the store's own messages was lost between two places, and whoever sent it gives up now.
    fn lost(&mut self, now: Time, message: Self::Message, requests: &Requests, outbox: &mut Outbox<Self::Message>);

    /// Whether a Durable Object gets a message or has sent it; `None`: an answer that travels to its client. Asked only
    /// under faults.
    fn is_of_object(&self, message: Option<&Self::Message>) -> bool {
        let _ = message;
        false
    }

    /// What a client is told whose answer was lost on its way.
    fn lost_answer(&self) -> Refusal;

    /// The truth: the newest version that the store has taken.
    fn latest(&self, key: Key) -> Seen;

    /// After how long every answer shows a write: the answer to a read shows all writes that were complete this long before
    /// it started, or newer ones, and a write that starts then gets a newer version than they have. So nobody need remember
    /// them. `None`: the store promises nothing.
    fn shown_within(&self) -> Option<Span> {
        None
    }

    /// What it stored. Asked once, when nothing is in flight any more.
    fn storage(&mut self) -> Storage {
        Storage::default()
    }

    /// What it used of the platform's meters in the measured part of the run, where it counts that itself. Asked once, when
    /// nothing is in flight any more.
    fn usage(&mut self) -> Usage {
        Usage::default()
    }

    /// Whether what a put sends as metadata is kept beside the value. A database has a column for them, an object a field.
    fn keeps_metadata(&self) -> bool {
        true
    }

    /// Limits that its own parts met and no client was told of, in the measured part of the run: how often, and when first.
    /// Asked once, when nothing is in flight any more.
    fn unheard(&self) -> Unheard {
        Unheard::default()
    }

    /// Why the store refuses an answer to a call that states sizes, if it does: its values have so many bytes together.
    fn refuse_answer(&self, request: &Request, bytes: u64) -> Option<Refusal> {
        let _ = (request, bytes);
        None
    }

    /// What the caller's code sees of a refusal where that depends on the call; `None`: the rule's own text.
    fn refusal_text(&self, refusal: Refusal, request: &Request) -> Option<String> {
        let _ = (refusal, request);
        None
    }

    /// What a location would answer from now on if nothing more happened: versions with the times from which they would be
    /// answered, in the order of these times, the first of them now. For a location that would have to ask elsewhere, it
    /// is what would be found there. False where the store cannot tell.
    ///
    /// Asked only when divergence is measured, and whenever the store makes a [`Note`] of a change to the key. A store
    /// with one truth for all locations need not say more than this.
    fn forecast(&self, now: Time, key: Key, location: Location, answers: &mut Vec<(Time, Version)>) -> bool {
        let _ = location;
        answers.push((now, self.latest(key).version));
        true
    }
}

/// What a store wants to happen. Spans count from now.
#[derive(Clone, PartialEq, Debug)]
pub enum Effect<M> {
    /// The message travels between two places; `draw` decides its jitter.
    Send { from: Location, to: Location, draw: u64, after: Span, message: M },
    /// The message comes back to the store after this long.
    After { span: Span, message: M },
    /// The client that asked gets its answer after this long.
    Reply { request: RequestId, after: Span, answer: Answer },
    /// The answer leaves `from` after this long and travels to the client at `to`.
    Answer { from: Location, to: Location, draw: u64, after: Span, request: RequestId, answer: Answer },
    /// For histories.
    Note { at: Time, note: Note },
}

/// A list of effects, filled by a store and emptied by the engine.
#[derive(Clone, Debug)]
pub struct Outbox<M> {
    pub effects: Vec<Effect<M>>,
    /// Whether anybody reads notes.
    pub noting: bool,
}

impl<M> Outbox<M> {
    /// An empty outbox.
    pub fn new(noting: bool) -> Outbox<M> {
        Outbox { effects: Vec::new(), noting }
    }

    /// Sends a message between two places, now.
    #[inline]
    pub fn send(&mut self, from: Location, to: Location, draw: u64, message: M) {
        self.send_after(Span::ZERO, from, to, draw, message);
    }

    /// Sends a message between two places, after a while.
    #[inline]
    pub fn send_after(&mut self, after: Span, from: Location, to: Location, draw: u64, message: M) {
        self.effects.push(Effect::Send { from, to, draw, after, message });
    }

    /// Delivers a message to the store itself, after a while.
    #[inline]
    pub fn after(&mut self, span: Span, message: M) {
        self.effects.push(Effect::After { span, message });
    }

    /// Answers a request, after a while.
    #[inline]
    pub fn reply(&mut self, request: RequestId, after: Span, answer: Answer) {
        self.effects.push(Effect::Reply { request, after, answer });
    }

    /// Answers a request from another place, after a while: the answer travels.
    #[inline]
    pub fn answer_from(
        &mut self,
        after: Span,
        from: Location,
        to: Location,
        draw: u64,
        request: RequestId,
        answer: Answer,
    ) {
        self.effects.push(Effect::Answer { from, to, draw, after, request, answer });
    }

    /// Tells the history, if there is one.
    #[inline]
    pub fn note(&mut self, at: Time, note: Note) {
        if self.noting {
            self.effects.push(Effect::Note { at, note });
        }
    }
}

/// The requests in flight.
#[derive(Clone, Debug, Default)]
pub struct Requests {
    slots: Vec<Option<Request>>,
    free: Vec<u32>,
}

impl Requests {
    /// Takes a request in and numbers it.
    #[inline]
    pub fn insert(&mut self, request: Request) -> RequestId {
        if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = Some(request);
            return RequestId(slot);
        }
        self.slots.push(Some(request));
        RequestId((self.slots.len() - 1) as u32)
    }

    /// A request in flight. Asking for one that was answered is a bug of the store.
    #[inline]
    pub fn get(&self, id: RequestId) -> &Request {
        self.slots[id.0 as usize].as_ref().expect("a request in flight")
    }

    /// Takes a request out: it was answered.
    #[inline]
    pub fn remove(&mut self, id: RequestId) -> Request {
        self.free.push(id.0);
        self.slots[id.0 as usize].take().expect("a request in flight")
    }

    /// Those that have no answer.
    pub fn unanswered(&self) -> impl Iterator<Item = &Request> {
        self.slots.iter().flatten()
    }

    /// Forgets all requests.
    pub fn clear(&mut self) {
        self.slots.clear();
        self.free.clear();
    }
}

/// The chance events on a request's way, each with its own number derived from the request's draw.
pub mod hop {
    /// On the way to the central store, the database or the object.
    pub const OUT: u64 = 1;
    /// On the way back.
    pub const BACK: u64 = 2;
    /// At the server.
    pub const SERVICE: u64 = 3;
    /// In the location's cache.
    pub const HIT: u64 = 4;
    /// The nonce of a write.
    pub const NONCE: u64 = 5;
    /// Whether the writer's location shows the write.
    pub const LOCAL: u64 = 6;
    /// When pushed copies arrive; the location is derived further.
    pub const PUSH: u64 = 7;
    /// Until a write is durable.
    pub const DURABLE: u64 = 8;
    /// What an object's code awaits in the middle of a request.
    pub const AWAIT: u64 = 9;
    /// The life of an object, from its first caller's draw.
    pub const LIFE: u64 = 10;
    /// Whether a fault that spares some hits this request.
    pub const FAULT: u64 = 12;
    /// The first request within a composite store; the following ones count on.
    pub const WITHIN: u64 = 16;
    /// Each further try of the same request adds this.
    pub const RETRY: u64 = 64;
}
