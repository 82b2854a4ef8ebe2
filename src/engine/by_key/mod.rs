//! The fast path: one key after another, without events, for Workers KV under clients who do not wait for answers.
//!
//! It gives the very measurements that a [`World`](super::World) gives, to the last bit, because all that happens to a
//! key follows from a few things that can be computed in another order:
//!
//! - Clients who do not wait act at times that depend on no store: all acts of a key are a stream of draws
//!   (`clients.rs`), or rows of a trace (`rows.rs`). Delays are functions of a request's own number.
//! - A key's writes depend on no read. When all who act before a moment are known, so is what the central store holds
//!   then (`writes.rs`).
//! - A read changes nothing but the cache of its own location, and that only when its fill returns. So a read is
//!   answered on paper as soon as the writes that arrive before it are known, and its fill waits at the location until
//!   somebody reads there again (`pull.rs`). A pushed version changes nothing at all until somebody looks (`push.rs`).
//! - Measurements are sums of whole numbers: the order in which reads are counted does not matter, only the batch of
//!   time in which each is known (`tally.rs`).
//! - Where times are equal the order of the engine's events is told from who caused what (`order.rs`).
//!
//! What has a part that this does not know is simulated by events: [`Plan::new`] decides.

mod clients;
mod order;
mod pull;
mod push;
mod rows;
mod some;
mod tally;
mod writes;

use std::sync::Arc;

use crate::limits::{FigureId, Terms};
use crate::metrics::truth::{Truth, Verdict};
use crate::metrics::{Distribution, Measurements, Window};
use crate::model::{Time, Version};
use crate::network::{Network, NetworkConfig};
use crate::random::{Purpose, Sampler, StreamKey};
use crate::stores::{KvCommon, KvPullConfig, KvPushConfig, StoreKind, kv_day};
use crate::workloads::trace::OperationRule;
use crate::workloads::trace_feed::PlaceRule;
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::Rows;
use crate::workloads::{MixConfig, Prepared, TraceConfig, TraceSource, WorkloadConfig};

use clients::{Act, Acting, Clients};
use pull::Pull;
use push::Push;
pub use rows::FirstReplication;
use rows::{Keys, Rules};
use tally::Tally;
use writes::{Acknowledged, Centre, Decision, Write, Writes};

/// What is the same for all units of one store that can be simulated key by key.
#[derive(Clone, Debug)]
pub struct Plan {
    store: Kv,
    work: Work,
    centre: Centre,
    hit_latency: Sampler,
    locations: usize,
    edges: u16,
    window: Window,
    seed: u64,
}

#[derive(Clone, Debug)]
enum Work {
    Mix { mix: MixConfig, shares: Arc<[f64]> },
    Trace(Arc<Replayed>),
}

/// A trace whose rows are read when they are first wanted.
#[derive(Debug)]
struct Replayed {
    config: TraceConfig,
    /// The codes of the places that its rows may name.
    places: Vec<String>,
    prepared: Prepared,
}

impl Replayed {
    fn rows(&self, until: Time) -> Result<Option<&Rows>, TraceError> {
        self.prepared.rows(&self.config, &self.places, until)
    }
}

#[derive(Clone, Debug)]
enum Kv {
    Pull(KvPullConfig),
    Push(KvPushConfig),
}

impl Plan {
    /// A plan for this workload on this store, if nothing in either needs events. Every field is looked at by name, so that
    /// whoever adds one is asked here whether the fast path knows it.
    pub fn new(
        workload: &WorkloadConfig,
        prepared: &Prepared,
        store: &StoreKind,
        network: &NetworkConfig,
        terms: &Terms,
        window: Window,
        seed: u64,
    ) -> Option<Plan> {
        let work = work(workload, prepared, network)?;
        let (store, common) = match store {
            StoreKind::KvPull(config) => {
                let KvPullConfig { common, cache_ttl: _, negative_caching: _ } = config;
                (Kv::Pull(config.clone()), common)
            }
            StoreKind::KvPush(config) => {
                let KvPushConfig { common, delay: _, max: _, limit_per_namespace } = config;
                if *limit_per_namespace {
                    return None;
                }
                (Kv::Push(config.clone()), common)
            }
            _ => return None,
        };
        let KvCommon {
            hit_latency: _,
            central_read: _,
            central_write: _,
            local_visibility: _,
            write_limit: _,
            // Of lists, which the mix does not ask for.
            tombstone_life: _,
            clock_skew: _,
        } = common;
        let NetworkConfig { places, edges, central, rtt: _, jitter: _, faults } = network;
        // A day's quota is shared by all keys, and where it ends is found by a census of events.
        if !faults.is_empty() || kv_day::has_quotas(terms) {
            return None;
        }
        Some(Plan {
            centre: Centre::new(
                common,
                terms.span(FigureId::KvWriteInterval),
                *central,
                Network::new(network),
                places.len(),
            ),
            hit_latency: Sampler::new(&common.hit_latency),
            store,
            work,
            locations: places.len(),
            edges: *edges,
            window,
            seed,
        })
    }

    /// Whether a trace is replayed: with [`KeyByKey::replay`], since its keys are found while it is read.
    pub fn is_replay(&self) -> bool {
        matches!(self.work, Work::Trace(_))
    }

    /// The rows of the trace that is replayed, as they are in the first replication; `None` where none is, or not without
    /// events.
    pub fn first_replication(&self) -> Option<FirstReplication<'_>> {
        let Work::Trace(trace) = &self.work else { return None };
        let rows = trace.rows(self.window.until).ok()??;
        Some(FirstReplication::new(rows, self.rules(&trace.config, 0)))
    }

    /// What the rows of a trace do not say, in one replication.
    fn rules(&self, config: &TraceConfig, replication: u32) -> Rules {
        let key = |purpose| StreamKey::new(self.seed, replication, purpose);
        let placement = config.source.placement;
        Rules {
            places: PlaceRule { placement, key: key(Purpose::Placement), locations: self.edges },
            operations: OperationRule::new(config, key(Purpose::Arrivals)),
            requests: key(Purpose::Requests),
        }
    }

    /// A simulation of one replication that measures so many batches of equal time apart.
    pub fn begin(&self, replication: u32, batches: u32) -> KeyByKey {
        let (seed, until) = (self.seed, self.window.until);
        let (who, preloaded) = match &self.work {
            Work::Mix { mix, shares } => {
                let clients = Clients::new(mix, shares.clone(), seed, replication, self.edges, until);
                (Who::Clients(clients), mix.preloaded)
            }
            Work::Trace(trace) => {
                let rules = self.rules(&trace.config, replication);
                // A key that no row has written yet holds a value.
                (Who::Rows { trace: trace.clone(), rules, until }, true)
            }
        };
        let common = Common {
            centre: self.centre.clone(),
            reads: Vec::new(),
            writes: Writes::default(),
            truth: Truth::default(),
            missed: vec![0; self.locations],
            tally: self.tally(batches),
            last_event: Time::START,
        };
        let store = match &self.store {
            Kv::Pull(config) => Live::Pull(Pull::new(config, preloaded, self.locations)),
            Kv::Push(config) => Live::Push(Push::new(config, self.locations)),
        };
        KeyByKey { who, common, store }
    }

    fn tally(&self, batches: u32) -> Tally {
        Tally::new(self.locations, self.window, batches, self.hit_latency.clone())
    }
}

/// What clients do, if the fast path knows all that they may do. Every field is looked at by name, too. Whether a trace
/// holds operations that are not known is seen when it is read.
fn work(workload: &WorkloadConfig, prepared: &Prepared, network: &NetworkConfig) -> Option<Work> {
    match workload {
        WorkloadConfig::Mix(mix) => {
            let MixConfig { keys: _, popularity: _, reads: _, writes: _, deletes: _, shape: _, preloaded: _, values } =
                mix;
            if values.is_some() {
                return None;
            }
            Some(Work::Mix { mix: mix.clone(), shares: prepared.shares()? })
        }
        WorkloadConfig::Trace(config) => {
            let TraceConfig { source, default_operation: _, write_share: _, readers, values } = config;
            let TraceSource {
                file: _,
                time: _,
                time_unit: _,
                key: _,
                operation: _,
                // Without a table of values, nothing looks at sizes.
                size: _,
                ttl,
                location: _,
                client,
                time_scale: _,
                placement: _,
                length: _,
            } = source;
            if readers.is_some() || values.is_some() || ttl.is_some() || client.is_some() {
                return None;
            }
            let (config, places, prepared) = (config.clone(), network.edge_codes(), prepared.clone());
            Some(Work::Trace(Arc::new(Replayed { config, places, prepared })))
        }
        _ => None,
    }
}

/// The simulation of one replication, one key after another.
#[derive(Debug)]
pub struct KeyByKey {
    who: Who,
    common: Common,
    store: Live,
}

#[derive(Debug)]
enum Who {
    Clients(Clients),
    /// The rows of a trace before this time.
    Rows {
        trace: Arc<Replayed>,
        rules: Rules,
        until: Time,
    },
}

#[derive(Debug)]
enum Live {
    Pull(Pull),
    Push(Push),
}

impl KeyByKey {
    /// Simulates a key of clients; the keys of a trace are not known by number.
    pub fn simulate(&mut self, key: u32) {
        let Who::Clients(clients) = &self.who else { return };
        let mut key = clients.of(key);
        let last_event = self.store.simulate(&mut self.common, &mut key);
        let Common { truth, tally, .. } = &mut self.common;
        if !truth.is_empty() {
            truth.end(tally.windows(last_event));
        }
    }

    /// Replays a trace; `false`, with nothing measured, where it turns out to need events.
    ///
    /// # Errors
    /// When the trace cannot be read to its end.
    pub fn replay(&mut self) -> Result<bool, TraceError> {
        let Who::Rows { trace, rules, until } = &self.who else { return Ok(false) };
        let Some(rows) = trace.rows(*until)? else { return Ok(false) };
        // All keys are one partition: what is known only at its end belongs where its last event is.
        let (mut windows, mut last_event) = (Distribution::default(), Time::START);
        let (mut by_key, mut keys) = (rows.by_key(), Keys::default());
        while keys.take(&mut by_key) {
            for mut key in keys.each(rules) {
                last_event = last_event.max(self.store.simulate(&mut self.common, &mut key));
                self.common.truth.end(&mut windows);
            }
        }
        self.common.tally.windows(last_event).merge(&windows);
        Ok(true)
    }

    /// How many operations were measured so far.
    pub fn operations(&self) -> u64 {
        self.common.tally.operations()
    }

    /// All that was measured, batch by batch.
    pub fn into_batches(self) -> Vec<Measurements> {
        self.common.tally.into_batches()
    }
}

impl Live {
    /// Simulates a key; says when the last thing happened to it.
    fn simulate(&mut self, common: &mut Common, key: &mut impl Acting) -> Time {
        match self {
            Live::Pull(pull) => common.simulate(pull, key),
            Live::Push(push) => common.simulate(push, key),
        }
    }
}

/// A store that simulates one key after another.
trait Keyed {
    /// One key, from its start until nothing is in flight any more.
    fn simulate(&mut self, common: &mut Common, key: &mut impl Acting);
}

/// So many act at once, without a look at what becomes of them.
const AT_ONCE: usize = 256;

/// What both stores have in common.
#[derive(Debug)]
struct Common {
    centre: Centre,
    /// Reads that are known.
    reads: Vec<Act>,
    writes: Writes,
    truth: Truth,
    /// By location: the place of the oldest write that the last stale read there missed.
    missed: Vec<u32>,
    tally: Tally,
    /// The last thing that happens to the key, as far as known, but for its acts.
    last_event: Time,
}

impl Common {
    /// Simulates a key but for its windows of inconsistency; says when the last thing happened to it.
    fn simulate(&mut self, store: &mut impl Keyed, key: &mut impl Acting) -> Time {
        self.writes.begin();
        self.last_event = Time::START;
        store.simulate(self, key);
        self.last_event.max(key.last_act())
    }

    /// Lets more of the key's clients act: from then on all who do so before [`Acting::horizon`] are known, and `reads` holds
    /// those who are to be answered next. None act any more if it says so.
    #[inline]
    fn act(&mut self, key: &mut impl Acting) -> bool {
        self.reads.clear();
        let any = key.horizon() < Time::NEVER;
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

    /// Lets all act who do so before a time.
    #[inline(never)]
    fn act_until(&mut self, key: &mut impl Acting, time: Time) {
        while key.horizon() < time {
            self.act_more(key);
        }
    }

    /// Whether nobody writes the key any more and nobody has.
    #[inline]
    fn is_quiet(&self, key: &impl Acting) -> bool {
        key.horizon() == Time::NEVER && self.truth.is_empty() && self.writes.is_none_in_flight()
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

    /// The next write that arrives no later than `until` and is accepted.
    fn decide_next(&mut self, until: Time) -> Option<Write> {
        while let Some(write) = self.writes.arrive(until) {
            match self.writes.decide(&self.centre, &write) {
                Decision::Accepted => return Some(write),
                Decision::Refused(end) => {
                    self.happens(end);
                    self.tally.refused(write.location, write.start, end);
                }
            }
        }
        None
    }

    /// The next write that is acknowledged before the act; without an act, the next one.
    fn complete_next(&mut self, act: Option<&Act>) -> Option<Acknowledged> {
        let acknowledged = self.writes.acknowledge(act)?;
        let Acknowledged { back, start, location, version, deletes, .. } = acknowledged;
        self.happens(back.at);
        self.truth.complete(version, back.at, self.tally.measures(start));
        self.tally.wrote(location, start, back.at, deletes);
        Some(acknowledged)
    }

    /// Forgets writes that no read misses any more, where somebody acts who is not yet judged: from then on no read
    /// returns an older version than `oldest_read`.
    fn settle(&mut self, act: &Act, oldest_read: Version) {
        let oldest_write = self.writes.oldest_to_come(&self.centre, act.at);
        self.truth.settle(oldest_read, oldest_write);
    }

    /// Something happens to the key then.
    #[inline]
    fn happens(&mut self, at: Time) {
        self.last_event = self.last_event.max(at);
    }
}
