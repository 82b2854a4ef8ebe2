//! D1: one SQLite primary, which answers one query at a time, in the order in which they arrive.

use crate::faults::Faults;
use crate::history::Note;
use crate::limits::{FigureId, Storage, Terms, Usage};
use crate::model::{
    Answer, Idiom, Key, Operation, Refusal, Request, RequestId, Seen, Span, Time, Told, Value, Version,
};
use crate::random::derive;

use super::config::D1Config;
use super::contract::{Coupling, Ground, Outbox, Requests, Store, hop};
use super::d1_day::D1Day;
use super::d1_statements::Statements;
use super::kv_pages::{self, Record};
use super::kv_pull::shown;
use super::room::Room;
use super::server::{Server, Turn};

/// What travels between the locations and the primary.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message {
    /// A query arrives at the primary; so many tries came before.
    Arrive { request: RequestId, tries: u8 },
    /// The answer to a read arrives at the caller's location, which asks again where it does not.
    Answered { request: RequestId, tries: u8, answer: Box<Answer> },
    /// Its refusal arrives at the caller's location.
    Refused { request: RequestId, tries: u8, refusal: Refusal },
}

/// Rows of a strong store, by key: what is stored, and until when.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    rows: Vec<(Seen, Time)>,
    initial: Option<Value>,
    commits: u32,
}

impl Rows {
    pub(super) fn begin(&mut self, initial: Option<Value>) {
        self.rows.clear();
        self.initial = initial;
        self.commits = 0;
    }

    fn vacant(&self) -> (Seen, Time) {
        (Seen { version: Version::INITIAL, value: self.initial }, Time::NEVER)
    }

    pub(super) fn latest(&self, key: Key) -> Seen {
        self.rows.get(key.index()).copied().unwrap_or_else(|| self.vacant()).0
    }

    /// What is stored of a key, and until when.
    pub(super) fn get(&self, key: Key) -> (Seen, Time) {
        self.rows.get(key.index()).copied().unwrap_or_else(|| self.vacant())
    }

    /// Writes a key at `at` from a value that was found earlier, whatever is there now.
    pub(super) fn write_from(&mut self, key: Key, request: &Request, found: Option<Value>, at: Time) -> Seen {
        if key.index() >= self.rows.len() {
            self.rows.resize(key.index() + 1, self.vacant());
        }
        self.commits = self.commits.wrapping_add(1);
        write(&mut self.rows[key.index()], request, found, at, self.commits)
    }

    /// What a list is told of a key (`SELECT … WHERE key >= ? AND expires > ? ORDER BY key LIMIT ?`): rows that are there.
    fn record(&self, key: Key, at: Time) -> Option<Record> {
        let (seen, expires) = self.get(key);
        let told = Told { key, seen, expires };
        let never = seen.value.is_none() && seen.version == Version::INITIAL;
        (!never).then_some(Record { told, counts: told.is_shown(at) })
    }

    /// Takes over what another instance has committed.
    pub(super) fn set(&mut self, key: Key, seen: Seen, expires: Time) {
        if key.index() >= self.rows.len() {
            self.rows.resize(key.index() + 1, self.vacant());
        }
        self.rows[key.index()] = (seen, expires);
    }

    /// Does the request at `at`, in one step for all its keys, and answers with what each key holds then.
    pub(super) fn perform(&mut self, request: &Request, at: Time, mut commit: impl FnMut(Key, Seen)) -> Answer {
        if let Operation::List { limit, .. } = request.operation {
            return Answer::page(kv_pages::page(request, limit.into(), |key| self.record(key, at)));
        }
        let last = request.key.index() + usize::from(request.keys) - 1;
        if last >= self.rows.len() {
            self.rows.resize(last + 1, self.vacant());
        }
        self.commits = self.commits.wrapping_add(1);
        let commits = self.commits;
        let mut step = |key: Key| {
            let row = &mut self.rows[key.index()];
            let found = shown(row.0, row.1, at);
            if request.operation.is_read() {
                return found;
            }
            let seen = write(row, request, found.value, at, commits);
            commit(key, seen);
            seen
        };
        let mut answer = Answer::of(step(request.key));
        if request.keys > 1 {
            answer = answer.with_others((1..u32::from(request.keys)).map(|n| step(Key(request.key.0 + n))));
        }
        answer
    }
}

fn write(row: &mut (Seen, Time), request: &Request, found: Option<Value>, at: Time, commits: u32) -> Seen {
    let version = Version { stamp: at.0 + 1, nonce: commits };
    let seen = Seen { version, value: request.operation.apply(found) };
    *row = (seen, request.expiry(at));
    seen
}

/// The number of a query's chances, after so many tries of it.
pub fn draw_of_try(draw: u64, tries: u8) -> u64 {
    derive(draw, hop::RETRY * u64::from(tries))
}

/// Whether D1 itself tries a refused query again: reads, unless they would fail again for what they are, or the day has no
/// rows left.
pub(super) fn tried_again(request: &Request, refusal: Refusal) -> bool {
    let in_vain = matches!(
        refusal,
        Refusal::D1QueryTooLong
            | Refusal::D1StatementTooLong
            | Refusal::D1TooManyParameters
            | Refusal::D1RowsReadPerDay
    );
    request.operation.is_read() && !in_vain
}

/// The store.
#[derive(Clone, Debug)]
pub struct D1 {
    config: D1Config,
    statements: Statements,
    server: Server,
    rows: Rows,
    day: D1Day,
    /// Answers can be lost: those of reads are awaited.
    losing: bool,
    room: Room,
}

impl D1 {
    /// From its plain data and the platform's terms.
    pub fn new(config: &D1Config, terms: &Terms) -> D1 {
        D1 {
            statements: Statements::new(config, terms),
            day: D1Day::new(&config.statements, terms),
            room: Room::new(Refusal::D1DatabaseFull, terms.bound(FigureId::D1DatabaseBytes)),
            config: config.clone(),
            server: Server::default(),
            rows: Rows::default(),
            losing: false,
        }
    }

    /// The same, meeting faults.
    #[must_use]
    pub fn under(self, faults: &Faults) -> D1 {
        D1 { server: Server::pausing(faults.stalls()), losing: faults.cut_anything(), ..self }
    }

    fn query(&mut self, now: Time, id: RequestId, tries: u8, request: &Request, outbox: &mut Outbox<Message>) {
        let draw = draw_of_try(request.draw, tries);
        let back = derive(draw, hop::BACK);
        let (from, to) = (self.config.primary, request.location);
        if let Some(refusal) = self.day.refuses(now, request) {
            outbox.send(from, to, back, Message::Refused { request: id, tries, refusal });
            return;
        }
        let busy = self.statements.busy(request, draw);
        match self.server.arrive(now, busy.span, self.config.queue_limit, self.config.queue_timeout) {
            Turn::Done { end } => {
                if let Some(refusal) = busy.refusal.or_else(|| self.room.refuses(now, request)) {
                    outbox.send_after(end.since(now), from, to, back, Message::Refused { request: id, tries, refusal });
                    return;
                }
                // First come, first served: what is applied now, in the order of arrival, is what each query sees at its end.
                let mut notes = Vec::new();
                let room = &mut self.room;
                let answer = self.rows.perform(request, end, |key, seen| {
                    room.write(now, request, seen, request.expiry(end));
                    if outbox.noting {
                        notes.push(Note::Committed { key, from: to, seen });
                    }
                });
                for note in notes {
                    outbox.note(end, note);
                }
                self.day.count(now, request, &answer);
                if self.losing && request.operation.is_read() {
                    let answered = Message::Answered { request: id, tries, answer: Box::new(answer) };
                    outbox.send_after(end.since(now), from, to, back, answered);
                } else {
                    outbox.answer_from(end.since(now), from, to, back, id, answer);
                }
            }
            Turn::QueueFull => {
                let refusal = Refusal::D1QueueFull;
                outbox.send(from, to, back, Message::Refused { request: id, tries, refusal });
            }
            Turn::WaitedTooLong { until } => {
                let refusal = Refusal::D1QueuedTooLong;
                outbox.send_after(until.since(now), from, to, back, Message::Refused { request: id, tries, refusal });
            }
        }
    }

    fn ask(&self, id: RequestId, tries: u8, request: &Request, outbox: &mut Outbox<Message>) {
        let out = derive(draw_of_try(request.draw, tries), hop::OUT);
        outbox.send(request.location, self.config.primary, out, Message::Arrive { request: id, tries });
    }
}

impl Store for D1 {
    type Message = Message;

    fn idiom(&self) -> Idiom {
        Idiom { atomic: !self.config.read_then_write, several_keys: true }
    }

    fn coupling(&self) -> Coupling {
        Coupling::Everything
    }

    fn begin(&mut self, ground: Ground) {
        self.server.reset();
        self.rows.begin(ground.initial);
        self.day.begin(ground);
        self.room.begin(ground);
    }

    fn preload(&mut self, _group: u32, key: Key, bytes: u64) {
        self.room.preload(key, bytes);
    }

    fn request(&mut self, _now: Time, id: RequestId, request: &Request, outbox: &mut Outbox<Message>) {
        match self.statements.refuses(request) {
            Some(refusal) => outbox.reply(id, Span::ZERO, Answer::refused(refusal)),
            None => self.ask(id, 0, request, outbox),
        }
    }

    fn deliver(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        match message {
            Message::Arrive { request: id, tries } => self.query(now, id, tries, requests.get(id), outbox),
            Message::Answered { request: id, answer, .. } => outbox.reply(id, Span::ZERO, *answer),
            Message::Refused { request: id, tries, refusal } => {
                let request = requests.get(id);
                if tried_again(request, refusal) && tries < self.config.read_retries {
                    self.ask(id, tries + 1, request, outbox);
                } else {
                    outbox.reply(id, Span::ZERO, Answer::refused(refusal));
                }
            }
        }
    }

    fn lost(&mut self, now: Time, message: Message, requests: &Requests, outbox: &mut Outbox<Message>) {
        let (Message::Arrive { request, tries }
        | Message::Answered { request, tries, .. }
        | Message::Refused { request, tries, .. }) = message;
        let refusal = self.lost_answer();
        self.deliver(now, Message::Refused { request, tries, refusal }, requests, outbox);
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

    /// What is complete was done before whatever is asked later.
    fn shown_within(&self) -> Option<Span> {
        Some(Span::ZERO)
    }

    fn usage(&mut self) -> Usage {
        self.day.usage()
    }
}
