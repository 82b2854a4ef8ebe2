//! D1 under a trace or under clients who do not wait for answers: all keys share one server, so that it is simulated in the
//! order of time and not key by key.
//!
//! A queue of what is on its way orders it, as in the engine, in which each thing is scheduled when it is there: so what
//! happens at one time happens in the engine's order. When a query reaches the database, all that comes of it is known but
//! for what is tried again. No read is stale: what is complete when it starts was done before it arrives. So all that is to
//! be known of a key's writes is when the last of them was complete.

use std::mem::swap;
use std::ops::Range;

use crate::engine::Queue;
use crate::metrics::Served;
use crate::model::{Location, Refusal, Span, Time};
use crate::network::Network;
use crate::random::derive;
use crate::stores::d1::draw_of_try;
use crate::stores::d1_alone::{Alone, Became, What};
use crate::stores::hop;
use crate::workloads::trace_file::TraceError;

use super::Ended;
use super::beside::{Beside, Told};
use super::callers::{Call, Callers};
use super::some::Apart;
use super::tally::Tally;

/// The simulation of a database.
#[derive(Debug)]
pub(super) struct Database {
    alone: Alone,
    network: Network,
    pub tally: Tally,
    queue: Queue<Next>,
    keys: Vec<OfKey>,
    /// Whether something comes of an answer when it is there, so that a read is judged only then.
    awaited: bool,
    /// What is measured beside: of a key of which nothing is known yet, and of all of them, if anything is.
    beside: (Beside, Vec<Beside>),
}

#[derive(Clone, Copy, Debug)]
struct OfKey {
    /// What its requests are drawn from, and how many there were.
    number: u64,
    made: u64,
    /// When the last write was complete, if one is.
    complete: Option<Time>,
}

/// What happens next.
#[derive(Clone, Copy, Debug)]
enum Next {
    /// It is somebody's turn.
    Turn(u32),
    /// A query reaches the database.
    Arrive(Query),
    /// Its refusal reaches its caller.
    Refused(Query, Refusal),
    /// A write to a key is complete.
    Complete(u32, Told),
}

#[derive(Clone, Copy, Debug)]
struct Query {
    start: Time,
    draw: u64,
    key: u32,
    location: Location,
    what: What,
    tries: u8,
    /// Of a flip: which it is.
    number: u32,
    /// How long ago the last write was complete when it started.
    since: Option<Span>,
}

impl Database {
    /// Whether answers to reads are awaited; `beside` is what is measured beside their operations, of one key.
    pub fn new(alone: Alone, network: Network, tally: Tally, awaited: bool, beside: Beside) -> Database {
        let beside = (beside, Vec::new());
        Database { alone, network, tally, queue: Queue::default(), keys: Vec::new(), awaited, beside }
    }

    /// Lets all act and answers them; measures only some keys, if it is said which. `None` where it turns out to need events:
    /// then nothing that was measured means anything.
    pub fn simulate(
        &mut self,
        callers: &mut impl Callers,
        apart: Option<Apart<'_>>,
    ) -> Result<Option<Ended>, TraceError> {
        let Some(Apart { keys, tally }) = apart else { return self.simulate_range(callers, &(0..u32::MAX)) };
        swap(&mut self.tally, tally);
        let ended = self.simulate_range(callers, keys);
        swap(&mut self.tally, tally);
        ended
    }

    /// The same; measures only keys of a range.
    fn simulate_range(&mut self, callers: &mut impl Callers, range: &Range<u32>) -> Result<Option<Ended>, TraceError> {
        let mut ended = Ended::default();
        self.alone.begin(self.tally.from());
        self.queue.clear();
        self.keys.clear();
        self.beside.1.clear();
        callers.begin(&mut |at, who| self.queue.push(at, Next::Turn(who)));
        while let Some((now, next)) = self.queue.pop() {
            ended.happens(now);
            match next {
                Next::Turn(who) => {
                    let Some(call) = callers.act(who) else { return Ok(None) };
                    self.act(callers, call, now, range);
                    let next = callers.next(who, now);
                    if next < Time::NEVER {
                        self.queue.push(next, Next::Turn(who));
                    }
                }
                Next::Arrive(query) => self.arrive(now, &query, range, &mut ended),
                Next::Refused(query, refusal) => self.refused(now, &query, refusal, range),
                Next::Complete(key, told) => self.complete(key as usize, now, told),
            }
        }
        ended.usage = self.alone.usage();
        let measured = (0..).zip(&mut self.beside.1).filter(|(key, _)| range.contains(key));
        measured.for_each(|(_, beside)| beside.end(ended.last_event, &mut self.tally));
        callers.take_failure().map_or(Ok(Some(ended)), Err)
    }

    fn act(&mut self, callers: &impl Callers, call: Call, now: Time, range: &Range<u32>) {
        let Call { key, location, what } = call;
        while self.keys.len() <= key as usize {
            let number = callers.number(self.keys.len() as u32);
            self.keys.push(OfKey { number, made: 0, complete: None });
            let (fresh, all) = &mut self.beside;
            if !matches!(fresh, Beside::Nothing) {
                all.push(fresh.clone());
            }
        }
        let of_key = &mut self.keys[key as usize];
        of_key.made += 1;
        let number = match self.beside.1.get_mut(key as usize) {
            Some(beside) => beside.asked(now, what != What::Get, range.contains(&key).then_some(&mut self.tally)),
            None => 0,
        };
        let draw = derive(of_key.number, of_key.made);
        let since = of_key.complete.map(|complete| now.since(complete));
        self.ask(now, Query { start: now, draw, key, location, what, tries: 0, number, since });
    }

    fn ask(&mut self, now: Time, query: Query) {
        let draw = derive(draw_of_try(query.draw, query.tries), hop::OUT);
        let way = self.network.one_way(query.location, self.alone.primary, draw);
        self.queue.push(now + way, Next::Arrive(query));
    }

    fn arrive(&mut self, now: Time, query: &Query, range: &Range<u32>, ended: &mut Ended) {
        let draw = draw_of_try(query.draw, query.tries);
        let back = self.network.one_way(self.alone.primary, query.location, derive(draw, hop::BACK));
        let measured = range.contains(&query.key);
        let leaves = match self.alone.query(now, query.what, query.start, draw, measured) {
            Became::Answered(leaves) => leaves,
            Became::Refused(leaves, refusal) => {
                return self.queue.push(leaves + back, Next::Refused(*query, refusal));
            }
        };
        let (end, key) = (leaves + back, query.key as usize);
        let beside = self.beside.1.get_mut(key);
        if query.what == What::Get {
            let judged = if self.awaited { end } else { now };
            ended.happens(judged);
            if let Some(beside) = beside {
                beside.read(query.location, (query.start, end), now);
            }
            if measured {
                self.tally.fresh(query.location, (query.start, judged, end), query.since);
            }
            return;
        }
        let told = beside.and_then(|beside| beside.written(query.number, (query.start, end)));
        if end > now {
            self.queue.push(end, Next::Complete(query.key, told));
        } else {
            self.complete(key, end, told);
        }
        if measured {
            self.tally.wrote_for_all(query.location, query.start, end, query.what == What::Delete, ended);
        }
    }

    /// A write is complete.
    fn complete(&mut self, key: usize, at: Time, told: Told) {
        self.keys[key].complete = Some(at);
        if let Some(beside) = self.beside.1.get_mut(key) {
            beside.answered(told);
        }
    }

    /// A refusal is at its caller, who asks again if D1 does that by itself.
    fn refused(&mut self, now: Time, query: &Query, refusal: Refusal, range: &Range<u32>) {
        if self.alone.tries_again(query.what, refusal, query.tries) {
            return self.ask(now, Query { tries: query.tries + 1, ..*query });
        }
        if range.contains(&query.key) {
            let served = if query.what == What::Get { Served::ReadRefused } else { Served::WriteRefused };
            self.tally.refused(query.location, (query.start, now, now), served, refusal);
        }
    }
}
