//! Workers KV on a plan with daily quotas: a quota of each kind of operation, shared by all keys of the account.
//!
//! A call counts when the Worker makes it, whatever becomes of it. Once a quota is used up, calls of its kind fail until
//! midnight UTC; the others go on.

use std::sync::Arc;

use crate::limits::day::{Cuts, DayQuota};
use crate::limits::{Storage, Terms};
use crate::model::{Answer, Idiom, Key, Location, Operation, Refusal, Request, RequestId, Seen, Span, Time, Version};

use super::contract::{Coupling, DrawsOn, Ground, Outbox, Requests, Store};

/// The quota that an operation draws on.
pub(super) fn rule(operation: Operation) -> Refusal {
    match operation {
        Operation::Get { .. } => Refusal::KvReadsPerDay,
        Operation::List { .. } => Refusal::KvListsPerDay,
        Operation::Delete => Refusal::KvDeletesPerDay,
        Operation::Put { .. } | Operation::Add { .. } | Operation::CountInWindow { .. } => Refusal::KvWritesPerDay,
    }
}

/// Whether the plan limits any kind of operation by the day.
pub fn has_quotas(terms: &Terms) -> bool {
    KvDay::new(terms).is_limited()
}

/// The quotas of one account.
#[derive(Clone, Debug)]
pub(super) struct KvDay {
    reads: DayQuota,
    writes: DayQuota,
    deletes: DayQuota,
    lists: DayQuota,
}

impl KvDay {
    pub(super) fn new(terms: &Terms) -> KvDay {
        KvDay {
            reads: DayQuota::new(Refusal::KvReadsPerDay, terms),
            writes: DayQuota::new(Refusal::KvWritesPerDay, terms),
            deletes: DayQuota::new(Refusal::KvDeletesPerDay, terms),
            lists: DayQuota::new(Refusal::KvListsPerDay, terms),
        }
    }

    fn all(&mut self) -> [&mut DayQuota; 4] {
        [&mut self.reads, &mut self.writes, &mut self.deletes, &mut self.lists]
    }

    /// Whether any of them is limited.
    pub(super) fn is_limited(&self) -> bool {
        [&self.reads, &self.writes, &self.deletes, &self.lists].iter().any(|quota| quota.is_limited())
    }

    pub(super) fn begin(&mut self) {
        self.all().into_iter().for_each(DayQuota::begin);
    }

    fn know(&mut self, cuts: &Arc<Cuts>) {
        self.all().into_iter().for_each(|quota| quota.know(cuts));
    }

    /// Counts a call; the rule that refuses it, if one does.
    pub(super) fn take(&mut self, now: Time, request: &Request) -> Option<Refusal> {
        let quota = match rule(request.operation) {
            Refusal::KvReadsPerDay => &mut self.reads,
            Refusal::KvDeletesPerDay => &mut self.deletes,
            Refusal::KvListsPerDay => &mut self.lists,
            _ => &mut self.writes,
        };
        quota.take((now, request.draw), u64::from(request.keys))
    }
}

/// A store of Workers KV with the account's quotas before it.
#[derive(Clone, Debug)]
pub struct Daily<S> {
    store: S,
    quotas: KvDay,
}

impl<S> Daily<S> {
    /// Puts the quotas of a plan before a store.
    pub fn new(store: S, terms: &Terms) -> Daily<S> {
        Daily { store, quotas: KvDay::new(terms) }
    }
}

impl<S: Store> Store for Daily<S> {
    type Message = S::Message;

    fn idiom(&self) -> Idiom {
        self.store.idiom()
    }

    fn coupling(&self) -> Coupling {
        match self.store.coupling() {
            Coupling::Groups => Coupling::Days,
            other => other,
        }
    }

    fn draws_on(&self) -> DrawsOn {
        |request| Some((rule(request.operation), u64::from(request.keys)))
    }

    fn know_days(&mut self, cuts: &Arc<Cuts>) {
        self.quotas.know(cuts);
    }

    fn shares_storage(&self) -> bool {
        self.store.shares_storage()
    }

    fn begin(&mut self, ground: Ground) {
        self.quotas.begin();
        self.store.begin(ground);
    }

    fn preload(&mut self, group: u32, key: Key, bytes: u64) {
        self.store.preload(group, key, bytes);
    }

    fn request(&mut self, now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<S::Message>) {
        match self.quotas.take(now, request) {
            None => self.store.request(now, id, request, outbox),
            // The account's count is looked at where the call is made.
            Some(refusal) => outbox.reply(id, Span::ZERO, Answer::refused(refusal)),
        }
    }

    fn deliver(&mut self, now: Time, message: S::Message, requests: &Requests, outbox: &mut Outbox<S::Message>) {
        self.store.deliver(now, message, requests, outbox);
    }

    fn lost(&mut self, now: Time, message: S::Message, requests: &Requests, outbox: &mut Outbox<S::Message>) {
        self.store.lost(now, message, requests, outbox);
    }

    fn lost_answer(&self) -> Refusal {
        self.store.lost_answer()
    }

    fn latest(&self, key: Key) -> Seen {
        self.store.latest(key)
    }

    fn shown_within(&self) -> Option<Span> {
        self.store.shown_within()
    }

    fn storage(&mut self) -> Storage {
        self.store.storage()
    }

    fn keeps_metadata(&self) -> bool {
        self.store.keeps_metadata()
    }

    fn refuse_answer(&self, request: &Request, bytes: u64) -> Option<Refusal> {
        self.store.refuse_answer(request, bytes)
    }

    fn refusal_text(&self, refusal: Refusal, request: &Request) -> Option<String> {
        self.store.refusal_text(refusal, request)
    }

    fn forecast(&self, now: Time, key: Key, location: Location, answers: &mut Vec<(Time, Version)>) -> bool {
        self.store.forecast(now, key, location, answers)
    }
}
