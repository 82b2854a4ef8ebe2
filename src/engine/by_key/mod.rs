//! The fast path: one key after another, without events, for Workers KV and for Durable Objects under clients who do not wait
//! for answers.
//!
//! It gives the very measurements that a [`World`](super::World) gives, to the last bit, because all that happens to a
//! key follows from a few things that can be computed in another order:
//!
//! - Clients who do not wait act at times that depend on no store: all acts of a key are a stream of draws
//!   (`sources.rs`: of a mix `clients.rs`, of flags and configurations `written.rs`, of a limit `rates.rs`), or rows of a trace (`rows.rs`; of a long one, stretch by stretch, `stretches.rs`). Delays are functions
//!   of a request's own number.
//! - A key's writes depend on no read. When all who act before a moment are known, so is what the central store holds
//!   then (`writes.rs`).
//! - A read changes nothing but the cache of its own location, and that only when its fill returns. So a read is
//!   answered on paper as soon as the writes that arrive before it are known, and its fill waits at the location until
//!   somebody reads there again (`pull.rs`). A pushed version changes nothing at all until somebody looks (`push.rs`).
//! - What a client with a name knows of a key follows from its answers, which are gone through in the order of events when
//!   all are known (`sessions.rs`).
//! - An object serves in the order of arrival: when a request arrives all that comes of it is known (`objects.rs`).
//! - How large a value is follows from its version, and what is stored is a sum over keys (`sizes.rs`).
//! - Measurements are sums of whole numbers: the order in which reads are counted does not matter, only the batch of
//!   time in which each is known (`tally.rs`).
//! - Where times are equal the order of the engine's events is told from who caused what (`order.rs`).
//!
//! On D1 all keys come together at one server: there all who act do so in the order of time (`callers.rs`), with a queue of what
//! is on its way and nothing else (`database.rs`).
//!
//! What has a part that this does not know is simulated by events: [`Plan::new`] decides.

mod acts;
mod beside;
mod cached;
mod callers;
mod clients;
mod commits;
mod common;
mod database;
mod objects;
mod order;
mod plan;
mod pull;
mod push;
mod rates;
mod rows;
mod sessions;
mod shown;
mod sizes;
mod some;
mod sources;
mod stretches;
mod tally;
mod writes;
mod written;

use std::sync::Arc;

use crate::limits::Usage;
use crate::metrics::{Distribution, Measurements};
use crate::model::Time;
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::Rows;
use crate::workloads::trace_stretches::Whole;

use acts::Acting;
use callers::InTurn;
use clients::Clients;
use common::Common;
use database::Database;
use objects::Objects;
pub use plan::Plan;
use plan::Replayed;
use pull::Pull;
use push::Push;
use rates::Rates;
pub use rows::FirstReplication;
use rows::{Keys, Rules};
use sizes::Stored;
use some::{Apart, measured};
use sources::{OfOne, Together};
use tally::Tally;
use written::Written;

/// The simulation of one replication without events, one key after another where that can be.
#[derive(Debug)]
pub struct KeyByKey(Simulated);

#[derive(Debug)]
enum Simulated {
    Clients(Open, Live),
    /// The rows of a trace before a time.
    Rows(Arc<Replayed>, Rules, Time, Live),
    /// All who act in the order of time, where all keys come together.
    InOrder(Crowd, Box<Database>),
}

/// All who act.
#[derive(Debug)]
enum Crowd {
    Mix(Together<Clients>),
    Written(Together<Written>),
    Rates(Together<Rates>),
    Rows(Box<InTurn>),
}

/// Clients who act whatever they are answered.
#[derive(Debug)]
enum Open {
    Mix(Clients),
    Written(Written),
    Rates(Rates),
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
    /// What Workers KV stored, where sizes are stated.
    stored: Stored,
    /// When the last thing happened.
    last_event: Time,
}

impl Ended {
    fn happens(&mut self, at: Time) {
        self.last_event = self.last_event.max(at);
    }
}

impl KeyByKey {
    /// Simulates a group of clients that is a partition.
    pub fn simulate(&mut self, group: u32) {
        if let Simulated::Clients(clients, store) = &mut self.0 {
            store.simulate_clients(clients, group);
        }
    }

    /// Simulates all keys, which are one partition; `false` where a trace turns out to need events: then nothing that was
    /// measured means anything.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn simulate_all(&mut self) -> Result<bool, TraceError> {
        let ended = self.simulate_some(None)?;
        Ok(self.end(ended))
    }

    /// The same of a trace, so many rows at a time where they are not replayed in their order anyway.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn replay_in_stretches(&mut self, rows: usize) -> Result<bool, TraceError> {
        let ended = match &mut self.0 {
            Simulated::Rows(trace, rules, until, store) => {
                store.replay_in_stretches(rules, trace.stretches(*until, rows)?, None)?
            }
            _ => self.simulate_some(None)?,
        };
        Ok(self.end(ended))
    }

    /// Simulates all keys, which are one partition; measures only some, if it is said which. `None` where a trace turns out to
    /// need events.
    fn simulate_some(&mut self, apart: Option<Apart<'_>>) -> Result<Option<Ended>, TraceError> {
        match &mut self.0 {
            Simulated::Clients(..) => Ok(None),
            Simulated::Rows(trace, rules, until, store) => store.replay(trace, rules, *until, apart),
            Simulated::InOrder(Crowd::Mix(clients), database) => database.simulate(clients, apart),
            Simulated::InOrder(Crowd::Written(clients), database) => database.simulate(clients, apart),
            Simulated::InOrder(Crowd::Rates(clients), database) => database.simulate(clients, apart),
            Simulated::InOrder(Crowd::Rows(rows), database) => database.simulate(&mut **rows, apart),
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

    /// Simulates the clients of a group, most of which are one key.
    fn simulate_clients(&mut self, clients: &Open, group: u32) {
        match clients {
            Open::Mix(clients) if clients.say_more() => self.simulate(&mut clients.of::<true>(group)),
            Open::Mix(clients) => self.simulate(&mut clients.of::<false>(group)),
            Open::Written(written) => match self {
                Live::Pull(common, pull) => common.simulate_together(pull, written.key_by_key(group)),
                Live::Push(common, push) => common.simulate_together(push, written.key_by_key(group)),
                // Which asks for all its keys in one request.
                Live::Objects(objects) => objects.simulate_alone(&mut OfOne::new(written, group)),
            },
            Open::Rates(rates) => self.simulate(&mut OfOne::new(rates, group)),
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
        Ok((!self.needs_events()).then_some(ended))
    }

    /// Whether something happened that only events can tell: then nothing that was measured means anything.
    fn needs_events(&self) -> bool {
        match self {
            Live::Pull(common, _) | Live::Push(common, _) => common.needs_events(),
            Live::Objects(_) => false,
        }
    }

    fn replay_rows<const MORE: bool>(&mut self, rows: &Rows, rules: &Rules, mut apart: Option<Apart<'_>>) -> Ended {
        let mut ended = Ended::default();
        let (mut by_key, mut keys) = (rows.by_key(), Keys::of(rows));
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
