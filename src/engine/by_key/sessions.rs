//! What clients with names know of a key, and whether its answers hold what they are promised.
//!
//! A client knows what it has read when the answer is there, and what it has written when that is acknowledged. So answers
//! wait here until all is known that started before some act, and are then gone through in the order of events: what starts
//! is told what its client knows, and what ends adds to that.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use crate::metrics::sessions::{Held, Knows};
use crate::model::{Span, Time, Version};

use super::acts::Act;
use super::order::{Arrival, Return};
use super::tally::Tally;
use super::writes::Waiting;

/// When an answer is there, and what sent it off: what is there at one time may be gone through in any order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct There {
    at: Time,
    sent: Sent,
}

/// What sent an answer off.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Sent {
    /// The act itself, and thus before the next act was.
    ByAct,
    /// The central store, then.
    FromCentre(Arrival),
    /// The caller, who makes something of it since it came back.
    Back(Return),
}

impl There {
    pub fn from_cache(at: Time) -> There {
        There { at, sent: Sent::ByAct }
    }

    /// What came back, after the caller has made something of it for so long.
    pub fn made_of(back: Return, span: Span) -> There {
        let at = back.at + span;
        There { at, sent: if span == Span::ZERO { Sent::FromCentre(back.left) } else { Sent::Back(back) } }
    }

    pub fn at(&self) -> Time {
        self.at
    }

    /// Whether the engine sees it before this act, which is later than the one that it answers; `None` where that depends on
    /// more acts than are known.
    fn is_before(self, act: &Act) -> Option<bool> {
        match self.sent {
            Sent::ByAct => Some(self.at <= act.at),
            Sent::FromCentre(left) => Some(Return { at: self.at, left }.is_before(act)),
            Sent::Back(back) if self.at == act.at => match back.at.cmp(&act.before) {
                Ordering::Less => Some(true),
                Ordering::Greater => Some(false),
                // Which was first then, what came back or the act before this one? Not what was sent off by that.
                Ordering::Equal if back.left.n + 2 >= act.n => Some(false),
                Ordering::Equal => None,
            },
            Sent::Back(_) => Some(self.at < act.at),
        }
    }
}

impl From<Return> for There {
    fn from(back: Return) -> There {
        There::made_of(back, Span::ZERO)
    }
}

/// An operation that is answered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Operation {
    pub act: Act,
    pub there: There,
    pub version: Version,
}

/// An operation that has started and whose answer is on its way.
#[derive(Clone, Copy, Debug)]
struct Asked {
    client: u32,
    start: Time,
    version: Version,
    reads: bool,
    knew: Knows,
}

/// A client, as far as a key is concerned.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    /// The key, by count: of other keys it knows nothing.
    key: u32,
    knows: Knows,
    held: Held,
}

/// The clients of one key after another.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    key: u32,
    /// By number.
    clients: Vec<Client>,
    /// Who knows anything of the key.
    knowing: Vec<u32>,
    /// What is answered, and not gone through yet: reads in the order in which they started, writes in any.
    reads: Vec<Operation>,
    writes: Vec<Operation>,
    asked: BinaryHeap<Waiting<There, Asked>>,
    /// Whether it was not known once what comes first.
    undecided: bool,
}

/// What is known of a key's clients while others are simulated.
#[derive(Debug)]
pub(super) struct Kept {
    clients: Box<[(u32, Knows, Held)]>,
    reads: Box<[Operation]>,
    writes: Box<[Operation]>,
    asked: BinaryHeap<Waiting<There, Asked>>,
}

impl Sessions {
    /// A new key: nobody knows anything.
    pub fn begin(&mut self) {
        debug_assert!(self.reads.is_empty() && self.writes.is_empty(), "a key ends when all is gone through");
        debug_assert!(self.asked.is_empty(), "a key ends when all is answered");
        if self.key == u32::MAX {
            self.clients.clear();
            self.key = 0;
        }
        self.key += 1;
        self.knowing.clear();
    }

    /// Whether it was not known once what comes first: then nothing that was measured means anything.
    pub fn needs_events(&self) -> bool {
        self.undecided
    }

    /// A read is answered, or will be: one that started after those of the key before.
    #[inline]
    pub fn read(&mut self, operation: Operation) {
        self.reads.push(operation);
    }

    /// A write is acknowledged.
    pub fn wrote(&mut self, operation: Operation) {
        self.writes.push(operation);
    }

    /// Goes through all that started before the n-th act; nothing else of that will be answered.
    pub fn go_through(&mut self, n: u64, tally: &mut Tally) {
        let (mut reads, mut writes) = (std::mem::take(&mut self.reads), std::mem::take(&mut self.writes));
        writes.sort_unstable_by_key(|operation| operation.act.n);
        let known = |operations: &[Operation]| operations.partition_point(|operation| operation.act.n < n);
        let (known_reads, known_writes) = (known(&reads), known(&writes));
        let mut written = writes.drain(..known_writes).peekable();
        for read in reads.drain(..known_reads) {
            while let Some(write) = written.next_if(|write| write.act.n < read.act.n) {
                self.start(write, false, tally);
            }
            self.start(read, true, tally);
        }
        written.for_each(|write| self.start(write, false, tally));
        (self.reads, self.writes) = (reads, writes);
    }

    /// Somebody acts, after all who have their answers by then have learned from these.
    #[inline]
    fn start(&mut self, Operation { act, there, version }: Operation, reads: bool, tally: &mut Tally) {
        while let Some(Waiting(there, _)) = self.asked.peek() {
            let before = there.is_before(&act);
            self.undecided |= before.is_none();
            if before != Some(true) {
                break;
            }
            if let Some(Waiting(there, asked)) = self.asked.pop() {
                self.learn(there.at, asked, tally);
            }
        }
        let knew = self.client(act.client).knows;
        // Whoever knows nothing and reads what was there from the start breaks nothing and learns nothing.
        if version > Version::INITIAL || !knew.is_nothing() {
            let asked = Asked { client: act.client, start: act.at, version, reads, knew };
            self.asked.push(Waiting(there, asked));
        }
    }

    /// Nobody acts any more, and all is answered.
    pub fn end(&mut self, tally: &mut Tally) {
        self.go_through(u64::MAX, tally);
        while let Some(Waiting(there, asked)) = self.asked.pop() {
            self.learn(there.at, asked, tally);
        }
    }

    /// A client has its answer.
    fn learn(&mut self, at: Time, asked: Asked, tally: &mut Tally) {
        let Asked { client, start, version, reads, knew } = asked;
        let client = self.client(client);
        client.knows.learn(reads, version);
        if !knew.is_nothing() && tally.measures(start) {
            client.held.count(reads, knew, version, tally.at(at));
        }
    }

    /// A client, who knows nothing yet if it knew of another key last.
    fn client(&mut self, number: u32) -> &mut Client {
        let place = number as usize;
        if place >= self.clients.len() {
            self.clients.resize(place + 1, Client::default());
        }
        let client = &mut self.clients[place];
        if client.key != self.key {
            *client = Client { key: self.key, ..Client::default() };
            self.knowing.push(number);
        }
        client
    }

    /// Goes on to another key, and gives what is known of this one; `None` where nobody knows anything.
    pub fn keep(&mut self) -> Option<Kept> {
        let knowing = self.knowing.iter().filter_map(|number| {
            let Client { knows, held, .. } = self.clients[*number as usize];
            (!knows.is_nothing()).then_some((*number, knows, held))
        });
        let clients: Box<[_]> = knowing.collect();
        let (reads, writes) = (self.reads.drain(..).collect(), self.writes.drain(..).collect());
        let kept = Kept { clients, reads, writes, asked: std::mem::take(&mut self.asked) };
        let Kept { clients, reads, writes, asked } = &kept;
        let any = !(clients.is_empty() && reads.is_empty() && writes.is_empty() && asked.is_empty());
        any.then_some(kept)
    }

    /// The key that has just begun is one that was kept.
    pub fn come_back(&mut self, Kept { clients, reads, writes, asked }: Kept) {
        for (number, knows, held) in clients {
            *self.client(number) = Client { key: self.key, knows, held };
        }
        self.reads.extend(reads);
        self.writes.extend(writes);
        self.asked = asked;
    }
}
