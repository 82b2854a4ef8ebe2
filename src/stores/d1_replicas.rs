//! D1 with read replication: one replica per region applies the primary's log in its order, and sessions carry bookmarks.
//!
//! Nothing is scheduled for a replica: how far it has got is computed when a query or a bookmark asks. Whoever carries a
//! bookmark waits at the replica until it is reached, so a session reads its own writes and never goes back; whoever drops
//! it gets whatever the nearest instance has.

use std::collections::{HashMap, VecDeque};

use rustc_hash::FxBuildHasher;

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{FigureId, Storage, Terms, Usage};
use crate::model::{Answer, Client, Idiom, Key, Location, Refusal, Request, RequestId, Seen, Span, Time};
use crate::network::NetworkConfig;
use crate::random::{Sampler, derive};

use super::config::{Bookmark, D1Config, ReplicationConfig, SessionStart};
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::d1::{Rows, draw_of_try, tried_again};
use super::d1_day::D1Day;
use super::d1_statements::Statements;
use super::room::Room;
use super::server::{Server, Turn};

/// A place in the primary's log: how many writes it holds. What D1 calls a bookmark.
type Position = u32;

/// The instance that a query goes to: the primary, or one of the replicas.
type Instance = u8;
const PRIMARY: Instance = Instance::MAX;

/// What travels between the locations and the instances.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// A query arrives at an instance; so many tries came before.
    Arrive { request: RequestId, at: Instance, tries: u8 },
    /// It has waited until the replica reached its bookmark.
    Ready { request: RequestId, at: Instance, tries: u8 },
    /// The answer arrives at the caller, with the instance's bookmark.
    Answered { request: RequestId, at: Instance, tries: u8, answer: Answer, bookmark: Position },
    /// Its refusal arrives at the caller.
    Refused { request: RequestId, at: Instance, tries: u8, refusal: Refusal },
}

/// One write in the primary's log.
#[derive(Clone, Copy, Debug)]
struct Entry {
    key: Key,
    seen: Seen,
    expires: Time,
    committed: Time,
    /// From which the lag towards each replica is derived.
    draw: u64,
}

/// The primary's log; what every replica has applied is forgotten.
#[derive(Clone, Debug, Default)]
struct ReplicationLog {
    entries: VecDeque<Entry>,
    forgotten: Position,
}

impl ReplicationLog {
    fn end(&self) -> Position {
        self.forgotten + self.entries.len() as Position
    }

    fn get(&self, position: Position) -> Option<&Entry> {
        self.entries.get((position - self.forgotten) as usize)
    }
}

/// How late replicas are.
#[derive(Clone, Debug)]
struct Lag {
    law: Sampler,
    faults: Faults,
}

/// One read replica.
#[derive(Clone, Debug)]
struct Replica {
    place: Location,
    number: u64,
    server: Server,
    rows: Rows,
    applied: Position,
    applied_at: Time,
    /// When the entries after those apply, as far as somebody asked.
    upcoming: VecDeque<Time>,
}

impl Replica {
    /// When the entry is applied here: after its own lag, and never before the one before it.
    fn applies(&self, entry: &Entry, before: Time, lag: &Lag) -> Time {
        let own = lag.law.span(derive(entry.draw, self.number));
        let applied = if lag.faults.is_empty() {
            entry.committed + own
        } else {
            lag.faults.replicated(entry.committed, self.place, own)
        };
        applied.max(before)
    }

    /// When the last of the next entries, so many, is applied; `None` where the log has none of them.
    ///
    /// Each time is worked out once, when first asked for: an entry's lag never changes.
    fn schedule(&mut self, entries: usize, log: &ReplicationLog, lag: &Lag) -> Option<Time> {
        while self.upcoming.len() < entries {
            let Some(entry) = log.get(self.applied + self.upcoming.len() as Position) else { break };
            let before = self.upcoming.back().copied().unwrap_or(self.applied_at);
            let at = self.applies(entry, before, lag);
            self.upcoming.push_back(at);
        }
        let last = entries.min(self.upcoming.len()).checked_sub(1)?;
        self.upcoming.get(last).copied()
    }

    /// Applies what has arrived by now.
    fn catch_up(&mut self, now: Time, log: &ReplicationLog, lag: &Lag) {
        while let Some(entry) = log.get(self.applied) {
            let Some(at) = self.schedule(1, log, lag).filter(|at| *at <= now) else { return };
            self.upcoming.pop_front();
            self.rows.set(entry.key, entry.seen, entry.expires);
            self.applied += 1;
            self.applied_at = at;
        }
    }

    /// When a position of the log is reached.
    fn reaches(&mut self, position: Position, log: &ReplicationLog, lag: &Lag) -> Time {
        let entries = position.saturating_sub(self.applied) as usize;
        self.schedule(entries, log, lag).unwrap_or(self.applied_at)
    }
}

/// The store.
#[derive(Clone, Debug)]
pub struct D1Replicas {
    config: D1Config,
    replication: ReplicationConfig,
    /// For each location, the instance that is nearest.
    nearest: Vec<Instance>,
    statements: Statements,
    /// The account's rows, whichever instance reads them.
    day: D1Day,
    room: Room,
    lag: Lag,
    primary: Server,
    rows: Rows,
    log: ReplicationLog,
    replicas: Vec<Replica>,
    /// The newest bookmark of each session: one for each client of each group. Looked up, never iterated.
    bookmarks: HashMap<(u32, Client), Position, FxBuildHasher>,
}

impl D1Replicas {
    /// From its plain data, the places, and the platform's terms.
    pub fn new(
        config: &D1Config,
        replication: &ReplicationConfig,
        network: &NetworkConfig,
        terms: &Terms,
    ) -> D1Replicas {
        let instances =
            || std::iter::once((PRIMARY, config.primary)).chain((0..).zip(replication.replicas.iter().copied()));
        let nearest = |caller| {
            let near = instances().min_by_key(|(instance, place)| (network.rtt(caller, *place), *place, *instance));
            near.map_or(PRIMARY, |(instance, _)| instance)
        };
        D1Replicas {
            nearest: (0..network.places.len() as u16).map(|caller| nearest(Location(caller))).collect(),
            statements: Statements::new(config, terms),
            day: D1Day::new(&config.statements, terms),
            room: Room::new(Refusal::D1DatabaseFull, terms.bound(FigureId::D1DatabaseBytes)),
            lag: Lag { law: Sampler::new(&replication.lag), faults: Faults::default() },
            config: config.clone(),
            replication: replication.clone(),
            primary: Server::default(),
            rows: Rows::default(),
            log: ReplicationLog::default(),
            replicas: Vec::new(),
            bookmarks: HashMap::default(),
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> D1Replicas {
        let lag = Lag { faults: faults.clone(), ..self.lag };
        D1Replicas { primary: Server::pausing(faults.stalls()), lag, ..self }
    }

    fn place(&self, instance: Instance) -> Location {
        if instance == PRIMARY { self.config.primary } else { self.replicas[usize::from(instance)].place }
    }

    /// The bookmark that a session has, if it has one.
    fn bookmark(&self, request: &Request) -> Option<Position> {
        self.bookmarks.get(&(request.group, request.client)).copied()
    }

    fn send(&self, id: RequestId, at: Instance, tries: u8, request: &Request, outbox: &mut Outbox<Message>) {
        let out = derive(draw_of_try(request.draw, tries), hop::OUT);
        outbox.send(request.location, self.place(at), out, Message::Arrive { request: id, at, tries });
    }

    /// A query has its turn at an instance that is fresh enough.
    fn query(
        &mut self,
        now: Time,
        (id, at, tries): (RequestId, Instance, u8),
        request: &Request,
        outbox: &mut Outbox<Message>,
    ) {
        let draw = draw_of_try(request.draw, tries);
        let back = derive(draw, hop::BACK);
        let (from, to) = (self.place(at), request.location);
        if let Some(refusal) = self.day.refuses(now, request) {
            outbox.send(from, to, back, Message::Refused { request: id, at, tries, refusal });
            return;
        }
        let mut busy = self.statements.busy(request, draw);
        // Only writes can be too many, and these are at the primary.
        busy.refusal = busy.refusal.or_else(|| self.room.refuses(now, request));
        let (limit, patience) = (self.config.queue_limit, self.config.queue_timeout);
        let server = if at == PRIMARY { &mut self.primary } else { &mut self.replicas[usize::from(at)].server };
        let (refusal, until) = match server.arrive(now, busy.span, limit, patience) {
            Turn::Done { end } if busy.refusal.is_some() => (busy.refusal.unwrap_or(Refusal::D1QueryTooLong), end),
            Turn::Done { end } => {
                let (answer, bookmark) = if at == PRIMARY {
                    self.at_primary((now, end), request, outbox)
                } else {
                    let replica = &mut self.replicas[usize::from(at)];
                    (replica.rows.perform(request, end, |_, _| ()), replica.applied)
                };
                self.day.count(now, request, &answer);
                let answered = Message::Answered { request: id, at, tries, answer, bookmark };
                outbox.send_after(end.since(now), from, to, back, answered);
                return;
            }
            Turn::QueueFull => (Refusal::D1QueueFull, now),
            Turn::WaitedTooLong { until } => (Refusal::D1QueuedTooLong, until),
        };
        outbox.send_after(until.since(now), from, to, back, Message::Refused { request: id, at, tries, refusal });
    }

    fn at_primary(
        &mut self,
        (now, end): (Time, Time),
        request: &Request,
        outbox: &mut Outbox<Message>,
    ) -> (Answer, Position) {
        let (entries, room) = (&mut self.log.entries, &mut self.room);
        let answer = self.rows.perform(request, end, |key, seen| {
            let expires = request.expiry(end);
            room.write(now, request, seen, expires);
            let draw = derive(request.draw, hop::PUSH);
            entries.push_back(Entry { key, seen, expires, committed: end, draw });
            outbox.note(end, Note::Committed { key, from: request.location, seen });
        });
        (answer, self.log.end())
    }

    /// A query arrives at a replica: it waits until the session's bookmark is reached there.
    fn at_replica(
        &mut self,
        now: Time,
        (id, at, tries): (RequestId, Instance, u8),
        request: &Request,
        outbox: &mut Outbox<Message>,
    ) {
        let needed = match self.replication.bookmark {
            Bookmark::Carried => self.bookmark(request).unwrap_or(0),
            Bookmark::Dropped => 0,
        };
        let replica = &mut self.replicas[usize::from(at)];
        replica.catch_up(now, &self.log, &self.lag);
        if replica.applied >= needed {
            self.query(now, (id, at, tries), request, outbox);
        } else {
            let wait = replica.reaches(needed, &self.log, &self.lag).since(now);
            outbox.after(wait, Message::Ready { request: id, at, tries });
        }
        let applied_everywhere = self.replicas.iter().map(|replica| replica.applied).min();
        while applied_everywhere.is_some_and(|applied| applied > self.log.forgotten) {
            self.log.entries.pop_front();
            self.log.forgotten += 1;
        }
    }
}

impl Store for D1Replicas {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: !self.config.read_then_write, several_keys: true }
    }

    fn coupling(&self) -> Coupling {
        Coupling::Everything
    }

    fn begin(&mut self, ground: Ground) {
        self.primary.reset();
        self.rows.begin(ground.initial);
        self.day.begin(ground);
        self.room.begin(ground);
        self.log = ReplicationLog::default();
        self.bookmarks.clear();
        let fresh = |(number, place): (u64, Location)| {
            let mut rows = Rows::default();
            rows.begin(ground.initial);
            let server = Server::pausing(self.lag.faults.stalls());
            let upcoming = VecDeque::new();
            Replica { place, number, server, rows, applied: 0, applied_at: Time::START, upcoming }
        };
        self.replicas = (0..).zip(self.replication.replicas.iter().copied()).map(fresh).collect();
    }

    fn preload(&mut self, _group: u32, key: Key, bytes: u64) {
        self.room.preload(key, bytes);
    }

    fn request(&mut self, _now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        if let Some(refusal) = self.statements.refuses(request) {
            outbox.reply(id, Span::ZERO, Answer::refused(refusal));
            return;
        }
        let starts_at_primary = self.replication.session == SessionStart::Primary
            && (self.replication.bookmark == Bookmark::Dropped || self.bookmark(request).is_none());
        let writes = !request.operation.is_read();
        let at = if writes || starts_at_primary { PRIMARY } else { self.nearest[request.location.index()] };
        self.send(id, at, 0, request, outbox);
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Arrive { request: id, at: PRIMARY, tries } => {
                self.query(now, (id, PRIMARY, tries), requests.get(id), outbox);
            }
            Message::Arrive { request: id, at, tries } | Message::Ready { request: id, at, tries } => {
                self.at_replica(now, (id, at, tries), requests.get(id), outbox);
            }
            Message::Answered { request: id, answer, bookmark, .. } => {
                let request = requests.get(id);
                let held = self.bookmarks.entry((request.group, request.client)).or_default();
                *held = bookmark.max(*held);
                outbox.reply(id, Span::ZERO, answer);
            }
            Message::Refused { request: id, at, tries, refusal } => {
                let request = requests.get(id);
                if tried_again(request, refusal) && tries < self.config.read_retries {
                    self.send(id, at, tries + 1, request, outbox);
                } else {
                    outbox.reply(id, Span::ZERO, Answer::refused(refusal));
                }
            }
        }
    }

    fn lost(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        let refusal = self.lost_answer();
        let (Message::Arrive { request, at, tries }
        | Message::Ready { request, at, tries }
        | Message::Answered { request, at, tries, .. }
        | Message::Refused { request, at, tries, .. }) = message;
        self.deliver(now, Message::Refused { request, at, tries, refusal }, requests, outbox);
    }

    fn lost_answer(&self) -> Refusal {
        Refusal::D1ConnectionLost
    }

    fn storage(&mut self) -> Storage {
        self.room.storage()
    }

    fn latest(&self, key: Key) -> Seen {
        self.rows.latest(key)
    }

    fn usage(&mut self) -> Usage {
        self.day.usage()
    }
}
