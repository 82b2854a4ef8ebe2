//! D1 under a trace: all keys share one server, so that its rows are replayed in their order and not key by key.
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
use crate::workloads::TraceOperation;
use crate::workloads::trace_feed::{Feed, Placed};
use crate::workloads::trace_file::TraceError;

use super::Ended;
use super::rows::Rules;
use super::some::Apart;
use super::tally::Tally;

/// The replay of a trace on a database.
#[derive(Debug)]
pub(super) struct Database {
    alone: Alone,
    network: Network,
    feed: Feed,
    pub tally: Tally,
    queue: Queue<Next>,
    /// By key, in the order of their first rows.
    keys: Vec<OfKey>,
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
    /// The row that was read takes place.
    Row,
    /// A query reaches the database.
    Arrive(Query),
    /// Its refusal reaches its caller.
    Refused(Query, Refusal),
    /// A write to a key is complete.
    Complete(u32),
}

#[derive(Clone, Copy, Debug)]
struct Query {
    start: Time,
    draw: u64,
    key: u32,
    location: Location,
    what: What,
    tries: u8,
    /// How long ago the last write was complete when it started.
    since: Option<Span>,
}

impl Database {
    pub fn new(alone: Alone, network: Network, feed: Feed, tally: Tally) -> Database {
        Database { alone, network, feed, tally, queue: Queue::default(), keys: Vec::new() }
    }

    /// Replays a trace; measures only some keys, if it is said which. `None` where the trace turns out to need events: then
    /// nothing that was measured means anything.
    pub fn replay(
        &mut self,
        rules: &Rules,
        until: Time,
        apart: Option<Apart<'_>>,
    ) -> Result<Option<Ended>, TraceError> {
        let Some(Apart { keys, tally }) = apart else { return self.replay_range(rules, until, &(0..u32::MAX)) };
        swap(&mut self.tally, tally);
        let ended = self.replay_range(rules, until, keys);
        swap(&mut self.tally, tally);
        ended
    }

    /// Replays all rows before a time; measures only keys of a range.
    fn replay_range(&mut self, rules: &Rules, until: Time, range: &Range<u32>) -> Result<Option<Ended>, TraceError> {
        let mut ended = Ended::default();
        self.alone.begin(self.tally.from());
        self.queue.clear();
        self.keys.clear();
        self.feed.begin();
        let mut placed = self.next_row(Time::START, until);
        while let Some((now, next)) = self.queue.pop() {
            ended.happens(now);
            match next {
                Next::Row => {
                    let Some(row) = placed else { continue };
                    let Some(what) = what(rules, &row) else { return Ok(None) };
                    self.act(rules, &row, now, what);
                    placed = self.next_row(now, until);
                }
                Next::Arrive(query) => self.arrive(now, &query, range, &mut ended),
                Next::Refused(query, refusal) => self.refused(now, &query, refusal, range),
                Next::Complete(key) => self.keys[key as usize].complete = Some(now),
            }
        }
        ended.usage = self.alone.usage();
        self.feed.take_failure().map_or(Ok(Some(ended)), Err)
    }

    /// Reads on; the row takes place when its time comes, if that is before the end.
    fn next_row(&mut self, now: Time, until: Time) -> Option<Placed> {
        let placed = self.feed.next_row()?;
        let at = placed.row.at.max(now);
        (at < until).then(|| {
            self.queue.push(at, Next::Row);
            placed
        })
    }

    fn act(&mut self, rules: &Rules, row: &Placed, now: Time, what: What) {
        while self.keys.len() <= row.group as usize {
            let number = rules.requests.entity(self.feed.name(self.keys.len() as u32));
            self.keys.push(OfKey { number, made: 0, complete: None });
        }
        let key = &mut self.keys[row.group as usize];
        key.made += 1;
        let (draw, since) = (derive(key.number, key.made), key.complete.map(|complete| now.since(complete)));
        self.ask(now, Query { start: now, draw, key: row.group, location: row.location, what, tries: 0, since });
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
        let end = leaves + back;
        if query.what == What::Get {
            if measured {
                self.tally.fresh(query.location, (query.start, now, end), query.since);
            }
            return;
        }
        if end > now {
            self.queue.push(end, Next::Complete(query.key));
        } else {
            self.keys[query.key as usize].complete = Some(end);
        }
        if measured {
            self.tally.wrote_for_all(query.location, query.start, end, query.what == What::Delete, ended);
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

/// What a row asks for, if that is to read, to put or to delete.
fn what(rules: &Rules, row: &Placed) -> Option<What> {
    match row.row.operation.unwrap_or_else(|| rules.operations.operation(row.number)) {
        TraceOperation::Get => Some(What::Get),
        TraceOperation::Put => Some(What::Put),
        TraceOperation::Delete => Some(What::Delete),
        TraceOperation::Add => None,
    }
}
