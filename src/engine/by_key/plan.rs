//! Which units can be simulated key by key, and all that is the same for those of one store.

use std::sync::Arc;

use crate::limits::{FigureId, Terms};
use crate::metrics::Window;
use crate::metrics::truth::Truth;
use crate::model::{Span, Time};
use crate::network::{Network, NetworkConfig};
use crate::random::{Law, Purpose, Sampler, StreamKey};
use crate::stores::{KvCommon, KvPullConfig, KvPushConfig, StoreKind, d1_alone, kv_day, object_alone};
use crate::workloads::flips::Flips;
use crate::workloads::trace::OperationRule;
use crate::workloads::trace_feed::{Feed, PlaceRule};
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::{ROWS_MAX, Rows};
use crate::workloads::trace_stretches::{Begun, Stretches, Whole};
use crate::workloads::{
    FeatureFlagConfig, MixConfig, Prepared, TraceConfig, TraceSource, ValuesConfig, WorkloadConfig,
};

use super::clients::Clients;
use super::common::Common;
use super::database::Database;
use super::flags::{Flags, Shown};
use super::objects::{Objects, Setting};
use super::pull::Pull;
use super::push::Push;
use super::rows::{FirstReplication, Held, Rules};
use super::sizes::{self, AtStart, Sizes};
use super::tally::Tally;
use super::writes::{Centre, Writes};
use super::{KeyByKey, Live, Open, Simulated};

/// What is the same for all units of one store that can be simulated key by key.
#[derive(Clone, Debug)]
pub struct Plan {
    how: How,
    hit_latency: Sampler,
    locations: usize,
    edges: u16,
    window: Window,
    seed: u64,
}

#[derive(Clone, Debug)]
enum Work {
    Mix { mix: MixConfig, shares: Arc<[f64]> },
    Flags(FeatureFlagConfig),
    Trace(Arc<Replayed>),
}

/// What is said of operations beside what they do.
#[derive(Clone, Copy)]
struct Says<'a> {
    /// Whether clients have names.
    named: bool,
    /// Whether they say of each value when it expires.
    ttls: bool,
    values: Option<&'a ValuesConfig>,
}

impl Work {
    fn says(&self) -> Says<'_> {
        match self {
            Work::Mix { mix, .. } => Says { named: false, ttls: false, values: mix.values.as_ref() },
            Work::Flags(_) => Says { named: false, ttls: false, values: None },
            Work::Trace(trace) => {
                let TraceConfig { source, values, .. } = &trace.config;
                Says { named: source.client.is_some(), ttls: source.ttl.is_some(), values: values.as_ref() }
            }
        }
    }

    /// What every key holds at the start.
    fn at_start(&self) -> AtStart {
        match self {
            Work::Mix { mix, .. } if mix.preloaded => AtStart::Stored,
            Work::Mix { .. } => AtStart::Nothing,
            Work::Flags(_) => AtStart::Stored,
            // A key that no row has written yet holds a value.
            Work::Trace(_) => AtStart::Uncounted,
        }
    }
}

/// A trace whose rows are read when they are first wanted.
#[derive(Debug)]
pub(super) struct Replayed {
    config: TraceConfig,
    /// The codes of the places that its rows may name.
    places: Vec<String>,
    prepared: Prepared,
}

impl Replayed {
    pub fn rows(&self, until: Time) -> Result<&Whole, TraceError> {
        self.prepared.rows(&self.config, &self.places, until)
    }

    /// The same trace, as many rows at a time as are kept: as somebody has begun to read it, or from the beginning.
    pub fn begun_or_anew(&self, begun: &Begun, until: Time) -> Result<Stretches, TraceError> {
        begun.take().map_or_else(|| self.stretches(until, ROWS_MAX), Ok)
    }

    /// The same trace, so many rows at a time.
    pub fn stretches(&self, until: Time, rows: usize) -> Result<Stretches, TraceError> {
        Stretches::open(&self.config, &self.places, until, rows)
    }
}

/// The stores that it knows.
#[derive(Clone, Debug)]
enum Known {
    Pull(KvPullConfig, Centre, Option<sizes::OfStore>),
    Push(KvPushConfig, Centre, Option<sizes::OfStore>),
    Objects(Setting),
}

#[derive(Clone, Debug)]
enum How {
    ByKey(Work, Box<Known>),
    /// On a database.
    InOrder(Arc<Replayed>, Box<d1_alone::Alone>, Network),
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
        let Says { named, ttls, values } = work.says();
        // Whether everything that the values say is known.
        let sized = |looks_always| match values {
            None => Some(None),
            Some(values) => sizes::OfStore::of(values, terms, looks_always).map(Some),
        };
        let NetworkConfig { places, edges, central: _, rtt: _, jitter: _, faults } = network;
        if !faults.is_empty() {
            return None;
        }
        // No read of an object or a database is answered by a cache.
        let mut hit_latency = &Law::Constant(Span::ZERO);
        let by_key = |work, store| How::ByKey(work, Box::new(store));
        let how = match store {
            StoreKind::KvPull(config) => {
                let KvPullConfig { common, cache_ttl: _, negative_caching: _ } = config;
                hit_latency = &common.hit_latency;
                let (centre, sizes) = (centre(common, network, terms)?, sized(false)?);
                by_key(work, Known::Pull(config.clone(), centre, sizes))
            }
            StoreKind::KvPush(config) => {
                let KvPushConfig { common, delay: _, max: _, limit_per_namespace } = config;
                if *limit_per_namespace {
                    return None;
                }
                hit_latency = &common.hit_latency;
                let (centre, sizes) = (centre(common, network, terms)?, sized(true)?);
                by_key(work, Known::Push(config.clone(), centre, sizes))
            }
            // Who asks for what of which value is told of Workers KV only.
            StoreKind::DurableObject(_) | StoreKind::D1(_) if named || ttls || values.is_some() => return None,
            StoreKind::DurableObject(config) => {
                let alone = object_alone::Alone::of(config, network, terms)?;
                by_key(work, Known::Objects(Setting::new(alone, Network::new(network), places.len())))
            }
            StoreKind::D1(config) => {
                // The clients of a mix, who come together at one database, would need a queue of them all.
                let Work::Trace(trace) = work else { return None };
                How::InOrder(trace, Box::new(d1_alone::Alone::of(config, terms)?), Network::new(network))
            }
            _ => return None,
        };
        let (hit_latency, locations) = (Sampler::new(hit_latency), places.len());
        Some(Plan { how, hit_latency, locations, edges: *edges, window, seed })
    }

    /// Whether a trace is replayed: with [`KeyByKey::replay`], since its keys are found while it is read.
    pub fn is_replay(&self) -> bool {
        matches!(self.how, How::ByKey(Work::Trace(_), _) | How::InOrder(..))
    }

    /// At least so many of the first rows of the trace that is replayed, as they are in the first replication; `None` where
    /// none is.
    pub fn first_replication(&self, rows: usize) -> Option<FirstReplication<'_>> {
        let How::ByKey(Work::Trace(trace), _) = &self.how else { return None };
        let until = self.window.until;
        let rows = match trace.rows(until).ok()? {
            Whole::Rows(rows) => Held::Kept(rows),
            Whole::TooMany(_) => {
                Held::Read(Box::new(trace.stretches(until, rows).ok()?.read_on(Rows::default()).ok()??))
            }
            Whole::NeedsEvents => return None,
        };
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
            ttl: config.values.as_ref().and_then(|values| values.expiration_ttl),
        }
    }

    /// A simulation of one replication that measures so many batches of equal time apart.
    pub fn begin(&self, replication: u32, batches: u32) -> KeyByKey {
        let (seed, until, tally) = (self.seed, self.window.until, self.tally(batches));
        KeyByKey(match &self.how {
            How::ByKey(work @ Work::Mix { mix, shares }, store) => {
                let clients = Clients::new(mix, shares.clone(), seed, replication, self.edges, until);
                Simulated::Clients(Open::Mix(clients), self.live(store, work, replication, tally))
            }
            How::ByKey(work @ Work::Flags(config), store) => {
                let flags = Flags::new(config, seed, replication, self.edges, until);
                Simulated::Clients(Open::Flags(flags), self.live(store, work, replication, tally.of_evaluations()))
            }
            How::ByKey(work @ Work::Trace(trace), store) => {
                let rules = self.rules(&trace.config, replication);
                Simulated::Rows(trace.clone(), rules, until, self.live(store, work, replication, tally))
            }
            How::InOrder(trace, alone, network) => {
                let placement = StreamKey::new(seed, replication, Purpose::Placement);
                let feed = Feed::new(&trace.config.source, &trace.places, self.edges, placement);
                let database = Database::new((**alone).clone(), network.clone(), feed, tally);
                Simulated::InOrder(self.rules(&trace.config, replication), until, Box::new(database))
            }
        })
    }

    /// A store at the start.
    fn live(&self, store: &Known, work: &Work, replication: u32, tally: Tally) -> Live {
        let (Says { named, ttls, values }, at_start) = (work.says(), work.at_start());
        let preloaded = !matches!(at_start, AtStart::Nothing);
        let key = StreamKey::new(self.seed, replication, Purpose::Sizes);
        let sizes = |(store, values)| Box::new(Sizes::new(store, values, at_start, key, self.window));
        let flips = || matches!(work, Work::Flags(_)).then(|| Flips::new(self.edges));
        let common = |centre: &Centre, of_store: Option<sizes::OfStore>, tally| Common {
            centre: centre.clone(),
            reads: Vec::new(),
            read: Vec::new(),
            writes: Writes::default(),
            truth: Truth::default(),
            missed: vec![0; self.locations],
            sessions: named.then(Box::default),
            sizes: of_store.zip(values).map(sizes),
            shown: flips().map(|flips| Box::new(Shown::new(flips))),
            tally,
            last_event: Time::START,
        };
        match store {
            Known::Pull(config, centre, of_store) => {
                let cache_ttl = values.and_then(|values| values.cache_ttl).unwrap_or(config.cache_ttl);
                let pull = Pull::new(config, cache_ttl, preloaded, ttls || values.is_some(), self.locations);
                Live::Pull(common(centre, *of_store, tally), pull)
            }
            Known::Push(config, centre, of_store) => {
                Live::Push(common(centre, *of_store, tally), Push::new(config, self.locations))
            }
            Known::Objects(setting) => {
                Live::Objects(Box::new(Objects::new(setting.clone(), tally, flips().map(Box::new))))
            }
        }
    }

    pub(super) fn tally(&self, batches: u32) -> Tally {
        Tally::new(self.locations, self.window, batches, self.hit_latency.clone())
    }
}

/// The central store of Workers KV, if nothing about it needs events.
fn centre(common: &KvCommon, network: &NetworkConfig, terms: &Terms) -> Option<Centre> {
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
    // A day's quota is shared by all keys, and where it ends is found by a census of events.
    if kv_day::has_quotas(terms) {
        return None;
    }
    let interval = terms.span(FigureId::KvWriteInterval);
    Some(Centre::new(common, interval, network.central, Network::new(network), network.places.len()))
}

/// What clients do, if the fast path knows all that they may do. Every field is looked at by name, too. Whether a trace
/// holds operations that are not known is seen when it is read.
fn work(workload: &WorkloadConfig, prepared: &Prepared, network: &NetworkConfig) -> Option<Work> {
    match workload {
        WorkloadConfig::Mix(mix) => {
            let MixConfig {
                keys: _,
                popularity: _,
                reads: _,
                writes: _,
                deletes: _,
                shape: _,
                preloaded: _,
                values: _,
            } = mix;
            Some(Work::Mix { mix: mix.clone(), shares: prepared.shares()? })
        }
        WorkloadConfig::FeatureFlag(config) => {
            let FeatureFlagConfig { flags: _, flip_every: _, evaluations: _ } = config;
            Some(Work::Flags(config.clone()))
        }
        WorkloadConfig::Trace(config) => {
            let TraceConfig { source, default_operation: _, write_share: _, readers, values: _ } = config;
            let TraceSource {
                file: _,
                time: _,
                time_unit: _,
                key: _,
                operation: _,
                size: _,
                ttl: _,
                location: _,
                client: _,
                time_scale: _,
                placement: _,
                length: _,
            } = source;
            if readers.is_some() {
                return None;
            }
            let (config, places, prepared) = (config.clone(), network.edge_codes(), prepared.clone());
            Some(Work::Trace(Arc::new(Replayed { config, places, prepared })))
        }
        _ => None,
    }
}
