//! The fast path: one key after another, without events, for Workers KV and for Durable Objects under clients who do not wait
//! for answers.
//!
//! It gives the very measurements that a [`World`](super::World) gives, to the last bit, because all that happens to a
//! key follows from a few things that can be computed in another order:
//!
//! - Clients who do not wait act at times that depend on no store: all acts of a key are a stream of draws
//!   (`clients.rs`), or rows of a trace (`rows.rs`; of a long one, stretch by stretch, `stretches.rs`). Delays are functions
//!   of a request's own number.
//! - A key's writes depend on no read. When all who act before a moment are known, so is what the central store holds
//!   then (`writes.rs`).
//! - A read changes nothing but the cache of its own location, and that only when its fill returns. So a read is
//!   answered on paper as soon as the writes that arrive before it are known, and its fill waits at the location until
//!   somebody reads there again (`pull.rs`). A pushed version changes nothing at all until somebody looks (`push.rs`).
//! - What a client with a name knows of a key follows from its answers, which are gone through in the order of events when
//!   all are known (`sessions.rs`).
//! - An object serves in the order of arrival: when a request arrives all that comes of it is known (`objects.rs`).
//! - Measurements are sums of whole numbers: the order in which reads are counted does not matter, only the batch of
//!   time in which each is known (`tally.rs`).
//! - Where times are equal the order of the engine's events is told from who caused what (`order.rs`).
//!
//! A trace on D1, where all keys come together at one server, is replayed in the order of its rows, with a queue of what is
//! on its way and nothing else (`database.rs`).
//!
//! What has a part that this does not know is simulated by events: [`Plan::new`] decides.

mod cached;
mod clients;
mod commits;
mod database;
mod objects;
mod order;
mod plan;
mod pull;
mod push;
mod rows;
mod sessions;
mod some;
mod stretches;
mod tally;
mod writes;

use std::sync::Arc;

use crate::limits::Usage;
use crate::metrics::truth::{Truth, Verdict};
use crate::metrics::{Distribution, Measurements, Served};
use crate::model::{Refusal, Time, Version};
use crate::random::derive;
use crate::stores::hop;
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::Rows;
use crate::workloads::trace_stretches::Whole;

use clients::{Act, Acting, Clients};
use database::Database;
use objects::Objects;
use order::{Arrival, Return};
pub use plan::Plan;
use plan::Replayed;
use pull::Pull;
use push::Push;
pub use rows::FirstReplication;
use rows::{Keys, Rules};
use sessions::{Operation, Sessions, There};
use some::{Apart, measured};
use tally::Tally;
use writes::{Acknowledged, Centre, Decision, Write, Writes};

/// The simulation of one replication without events, one key after another where that can be.
#[derive(Debug)]
pub struct KeyByKey(Simulated);

#[derive(Debug)]
enum Simulated {
    Clients(Clients, Live),
    /// The rows of a trace before a time.
    Rows(Arc<Replayed>, Rules, Time, Live),
    /// The same in their order, where all keys come together.
    InOrder(Rules, Time, Box<Database>),
}

#[derive(Debug)]
enum Live {
    Pull(Common, Pull),
    Push(Common, Push),
    Objects(Box<Objects>),
}

/// What is known of a partition only at its end.
#[derive(Debug, Default)]
struct Ended {
    /// The windows of inconsistency of its writes.
    windows: Distribution,
    usage: Usage,
    /// When the last thing happened.
    last_event: Time,
}

impl Ended {
    fn happens(&mut self, at: Time) {
        self.last_event = self.last_event.max(at);
    }
}

impl KeyByKey {
    /// Simulates a key of clients; the keys of a trace are not known by number.
    pub fn simulate(&mut self, key: u32) {
        if let Simulated::Clients(clients, store) = &mut self.0 {
            store.simulate(&mut clients.of(key));
        }
    }

    /// Replays a trace; `false` where it turns out to need events: then nothing that was measured means anything.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn replay(&mut self) -> Result<bool, TraceError> {
        let ended = self.replay_some(None)?;
        Ok(self.end(ended))
    }

    /// The same, so many rows at a time where they are not replayed in their order anyway.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn replay_in_stretches(&mut self, rows: usize) -> Result<bool, TraceError> {
        let ended = match &mut self.0 {
            Simulated::Rows(trace, rules, until, store) => {
                store.replay_in_stretches(rules, trace.stretches(*until, rows)?, None)?
            }
            _ => self.replay_some(None)?,
        };
        Ok(self.end(ended))
    }

    /// Replays a trace; measures only some keys, if it is said which. All keys are one partition. `None` where the trace turns
    /// out to need events.
    fn replay_some(&mut self, apart: Option<Apart<'_>>) -> Result<Option<Ended>, TraceError> {
        match &mut self.0 {
            Simulated::Clients(..) => Ok(None),
            Simulated::Rows(trace, rules, until, store) => store.replay(trace, rules, *until, apart),
            Simulated::InOrder(rules, until, database) => database.replay(rules, *until, apart),
        }
    }

    /// A partition is over, if it was replayed.
    fn end(&mut self, ended: Option<Ended>) -> bool {
        ended.map(|ended| self.tally().end(&ended)).is_some()
    }

    fn tally(&mut self) -> &mut Tally {
        match &mut self.0 {
            Simulated::Clients(_, store) | Simulated::Rows(.., store) => store.tally(),
            Simulated::InOrder(.., database) => &mut database.tally,
        }
    }

    /// How many operations were measured so far.
    pub fn operations(&mut self) -> u64 {
        self.tally().operations()
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(self) -> Vec<Measurements> {
        match self.0 {
            Simulated::Clients(_, store) | Simulated::Rows(.., store) => match store {
                Live::Pull(common, _) | Live::Push(common, _) => common.tally.into_batches(),
                Live::Objects(objects) => objects.tally.into_batches(),
            },
            Simulated::InOrder(.., database) => database.tally.into_batches(),
        }
    }
}

impl Live {
    fn tally(&mut self) -> &mut Tally {
        match self {
            Live::Pull(common, _) | Live::Push(common, _) => &mut common.tally,
            Live::Objects(objects) => &mut objects.tally,
        }
    }

    /// Simulates a key that is a partition.
    fn simulate(&mut self, key: &mut impl Acting) {
        match self {
            Live::Pull(common, pull) => common.simulate_alone(pull, key),
            Live::Push(common, push) => common.simulate_alone(push, key),
            Live::Objects(objects) => objects.simulate_alone(key),
        }
    }

    /// Simulates a key of a partition.
    fn simulate_one(&mut self, key: &mut impl Acting, ended: &mut Ended) {
        match self {
            Live::Pull(common, pull) => common.simulate_one(pull, key, ended),
            Live::Push(common, push) => common.simulate_one(push, key, ended),
            Live::Objects(objects) => objects.simulate(key, ended),
        }
    }

    /// Replays a trace to its end; measures only some keys, if it is said which. All keys are one partition: `None` where the
    /// trace turns out to need events, and then nothing that was measured means anything.
    fn replay(
        &mut self,
        trace: &Replayed,
        rules: &Rules,
        until: Time,
        apart: Option<Apart<'_>>,
    ) -> Result<Option<Ended>, TraceError> {
        let rows = match trace.rows(until)? {
            Whole::Rows(rows) => rows,
            Whole::TooMany(begun) => {
                return self.replay_in_stretches(rules, trace.begun_or_anew(begun, until)?, apart);
            }
            Whole::NeedsEvents => return Ok(None),
        };
        let ended = if rows.say_more() {
            self.replay_rows::<true>(rows, rules, apart)
        } else {
            self.replay_rows::<false>(rows, rules, apart)
        };
        Ok(Some(ended))
    }

    fn replay_rows<const MORE: bool>(&mut self, rows: &Rows, rules: &Rules, mut apart: Option<Apart<'_>>) -> Ended {
        let mut ended = Ended::default();
        let (mut by_key, mut keys) = (rows.by_key(), Keys::default());
        while keys.take(&mut by_key) {
            for mut key in keys.each::<MORE>(rules) {
                let number = key.key;
                measured(self, Live::tally, &mut apart, number, &mut ended, |store, ended| {
                    store.simulate_one(&mut key, ended);
                });
            }
        }
        ended
    }
}

/// A store that simulates one key after another.
trait Keyed {
    /// What it keeps of any key while it simulates others.
    type Copies;
    /// What it keeps of a key that is written.
    type Kept;

    /// A new key: nothing has happened to it.
    fn begin(&mut self);

    /// Answers all whom it can answer of those who are known to act; the others stay among the reads.
    fn go_on<K: Acting>(&mut self, common: &mut Common, key: &mut K);

    /// Nobody acts any more and all are answered: what is in flight arrives.
    fn end(&mut self, common: &mut Common);

    /// All who act before this act are answered: what happens before it has happened.
    fn pass(&mut self, common: &mut Common, act: &Act);

    /// Nobody who reads from then on gets an older version.
    fn oldest(&self, now: Time) -> Version;

    /// Goes on to another key, where nobody acts before that time who is not answered yet, and all that happens before it has
    /// happened. No write that is acknowledged later has an older version than `oldest_write`.
    fn keep(&mut self, now: Time, oldest_write: Version) -> (Self::Copies, Option<Self::Kept>);

    /// The key that has just begun is one that was kept.
    fn come_back(&mut self, copies: Self::Copies, kept: Option<Self::Kept>);
}

/// So many act at once, without a look at what becomes of them.
const AT_ONCE: usize = 256;

/// What both stores have in common.
#[derive(Debug)]
struct Common {
    centre: Centre,
    /// Reads that are known and not yet answered.
    reads: Vec<Act>,
    /// Room for others, while those are answered.
    read: Vec<Act>,
    writes: Writes,
    truth: Truth,
    /// By location: the place of the oldest write that the last stale read there missed.
    missed: Vec<u32>,
    /// Where clients have names.
    sessions: Option<Box<Sessions>>,
    tally: Tally,
    /// The last thing that happens to the key, as far as known, but for its acts.
    last_event: Time,
}

impl Common {
    /// Simulates a key that is a partition.
    fn simulate_alone(&mut self, store: &mut impl Keyed, key: &mut impl Acting) {
        let last_event = self.simulate(store, key);
        if !self.truth.is_empty() {
            self.truth.end(self.tally.windows(last_event));
        }
    }

    /// Simulates a key of a partition.
    fn simulate_one(&mut self, store: &mut impl Keyed, key: &mut impl Acting, ended: &mut Ended) {
        ended.happens(self.simulate(store, key));
        self.truth.end(&mut ended.windows);
    }

    /// Simulates a key but for its windows of inconsistency; says when the last thing happened to it.
    fn simulate(&mut self, store: &mut impl Keyed, key: &mut impl Acting) -> Time {
        if key.horizon() == Time::NEVER {
            return Time::START;
        }
        self.begin(store);
        store.go_on(self, key);
        self.end(store);
        self.last_event.max(key.last_act())
    }

    /// Nobody acts any more and all are answered: what is in flight arrives.
    fn end(&mut self, store: &mut impl Keyed) {
        store.end(self);
        if let Some(sessions) = &mut self.sessions {
            sessions.end(&mut self.tally);
        }
    }

    /// A new key: nothing has happened to it.
    #[inline]
    fn begin(&mut self, store: &mut impl Keyed) {
        self.writes.begin();
        self.reads.clear();
        self.last_event = Time::START;
        if let Some(sessions) = &mut self.sessions {
            sessions.begin();
        }
        store.begin();
    }

    /// Lets more of the key's clients act where all are answered: from then on all who do so before [`Acting::horizon`] are
    /// known, and `reads` holds those who are to be answered next. None are known who act if it says so.
    #[inline]
    fn act(&mut self, key: &mut impl Acting) -> bool {
        let any = key.is_any_known();
        if any {
            self.act_more(key);
        }
        any
    }

    #[inline]
    fn act_more(&mut self, key: &mut impl Acting) {
        let (writes, centre) = (&mut self.writes, &self.centre);
        key.act(AT_ONCE, &mut self.reads, |act, what| writes.send(centre, &act, what));
    }

    /// Lets all act who are known to do so before a time.
    #[inline(never)]
    fn act_until(&mut self, key: &mut impl Acting, time: Time) {
        while key.horizon() < time && key.is_any_known() {
            self.act_more(key);
        }
    }

    /// Whether nobody has written the key, and nobody is known who does.
    #[inline]
    fn is_quiet(&self, key: &impl Acting) -> bool {
        !key.is_any_known() && self.truth.is_empty() && self.writes.is_none_in_flight()
    }

    /// Judges an answer; of a key that nobody writes all are the same.
    #[inline(always)]
    fn judge<const QUIET: bool>(&mut self, act: &Act, version: Version) -> Verdict {
        if QUIET {
            return Verdict::NOTHING_WRITTEN;
        }
        let near = &mut self.missed[act.location.index()];
        self.truth.judge_near(act.at, self.truth.writes(), version, near)
    }

    /// A read is answered by its location's cache.
    #[inline(always)]
    fn hit<const QUIET: bool, K: Acting>(&mut self, act: &Act, version: Version) {
        let verdict = self.judge::<QUIET>(act, version);
        let draw = derive(act.draw, hop::HIT);
        if K::SAY_MORE && self.sessions.is_some() {
            let end = self.tally.hit_by_name(act.location, act.at, draw, &verdict);
            self.happens(end);
            self.read::<QUIET>(*act, There::from_cache(end), version);
        } else {
            self.tally.hit(act.location, act.at, draw, &verdict);
        }
    }

    /// A read is answered by the central store.
    #[inline(always)]
    fn miss<const QUIET: bool, K: Acting>(&mut self, act: &Act, back: Return, version: Version) {
        let verdict = self.judge::<QUIET>(act, version);
        self.tally.miss(act.location, act.at, back.at, &verdict);
        if K::SAY_MORE {
            self.read::<QUIET>(*act, back.into(), version);
        }
    }

    /// A read of clients that may have names is answered. Of a key that nobody writes nobody knows anything.
    #[inline]
    fn read<const QUIET: bool>(&mut self, act: Act, there: There, version: Version) {
        if !QUIET && let Some(sessions) = &mut self.sessions {
            sessions.read(Operation { act, there, version });
        }
    }

    /// The next write that arrives before that and is accepted.
    fn decide_next(&mut self, before: Arrival) -> Option<Write> {
        while let Some(write) = self.writes.arrive(before) {
            match self.writes.decide(&self.centre, &write) {
                Decision::Accepted => return Some(write),
                Decision::Refused(end) => {
                    self.happens(end);
                    let times = (write.start, end, end);
                    self.tally.refused(write.location, times, Served::WriteRefused, Refusal::KvTooManyWrites);
                }
            }
        }
        None
    }

    /// The next write that is acknowledged before the act; without an act, the next one.
    fn complete_next(&mut self, act: Option<&Act>) -> Option<Acknowledged> {
        let acknowledged = self.writes.acknowledge(act)?;
        let Acknowledged { back, start, location, version, deletes, .. } = acknowledged;
        if let Some(sessions) = &mut self.sessions {
            sessions.wrote(Operation { act: acknowledged.act(), there: back.into(), version });
        }
        self.happens(back.at);
        self.truth.complete(version, back.at, self.tally.measures(start));
        self.tally.wrote(location, start, back.at, deletes);
        Some(acknowledged)
    }

    /// Forgets writes that no read misses any more, where all are judged who act before some time: from then on no read
    /// returns an older version than `oldest_read`.
    fn settle(&mut self, now: Time, oldest_read: Version) {
        let oldest_write = self.writes.oldest_to_come(&self.centre, now);
        self.truth.settle(oldest_read, oldest_write);
    }

    /// Something happens to the key then.
    #[inline]
    fn happens(&mut self, at: Time) {
        self.last_event = self.last_event.max(at);
    }
}
