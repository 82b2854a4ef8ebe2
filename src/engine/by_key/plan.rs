//! Which units can be simulated key by key, and all that is the same for those of one store.

use std::sync::Arc;

use crate::limits::{FigureId, Terms};
use crate::metrics::Window;
use crate::metrics::truth::Truth;
use crate::model::{Span, Time};
use crate::network::{Network, NetworkConfig};
use crate::random::{Law, Purpose, Sampler, StreamKey};
use crate::stores::{
    D1Config, DurableObjectConfig, KvCommon, KvPullConfig, KvPushConfig, StoreKind, d1_alone, kv_day, object_alone,
};
use crate::workloads::flips::Flips;
use crate::workloads::rate_windows::{RateRule, RateWindows};
use crate::workloads::trace::OperationRule;
use crate::workloads::trace_feed::{Feed, PlaceRule};
use crate::workloads::trace_file::TraceError;
use crate::workloads::trace_rows::{ROWS_MAX, Rows};
use crate::workloads::trace_stretches::{Begun, Stretches, Whole};
use crate::workloads::{
    CacheAsideWorkloadConfig, ConfigConfig, FeatureFlagConfig, MixConfig, Prepared, RateLimitConfig, TraceConfig,
    TraceSource, ValuesConfig, WorkloadConfig,
};

use super::beside::Beside;
use super::callers::InTurn;
use super::clients::Clients;
use super::common::Common;
use super::database::Database;
use super::objects::{Objects, Setting};
use super::pull::Pull;
use super::push::Push;
use super::rates::Rates;
use super::rows::{FirstReplication, Held, Rules};
use super::shown::{Of, Readings, Shown};
use super::sizes::{self, AtStart, Sizes};
use super::sources::Together;
use super::tally::{Also, Tally};
use super::writes::{Centre, Writes};
use super::written::{HowOften, Written};
use super::{Crowd, KeyByKey, Live, Open, Simulated};

/// What is the same for all units of one store that can be simulated key by key.
#[derive(Clone, Debug)]
pub struct Plan {
    work: Work,
    how: How,
    also: Also,
    hit_latency: Sampler,
    locations: usize,
    edges: u16,
    window: Window,
    seed: u64,
}

#[derive(Clone, Debug)]
enum Work {
    /// With what a cache in front of a database is held to, where that is what is simulated.
    Mix {
        mix: MixConfig,
        shares: Arc<[f64]>,
        cache_ttl: Option<Span>,
    },
    Flags(HowOften),
    Configurations(HowOften),
    /// Requests that are counted in one step.
    Rates(RateLimitConfig),
    Trace(Arc<Replayed>),
}

/// What is said of operations beside what they do.
#[derive(Clone, Copy)]
struct Says<'a> {
    /// Whether clients have names.
    named: bool,
    /// Whether something comes of an answer when it is there.
    awaited: bool,
    /// What answered reads are counted as, too.
    also: Also,
    /// Whether they say of each value when it expires.
    ttls: bool,
    values: Option<&'a ValuesConfig>,
}

impl Says<'_> {
    const NOTHING: Says<'static> =
        Says { named: false, awaited: false, also: Also::Nothing, ttls: false, values: None };
}

impl Work {
    fn says(&self) -> Says<'_> {
        match self {
            Work::Mix { mix, cache_ttl, .. } => Says {
                awaited: cache_ttl.is_some(),
                also: cache_ttl.map_or(Also::Nothing, Also::Cached),
                values: mix.values.as_ref(),
                ..Says::NOTHING
            },
            Work::Flags(_) => Says { awaited: true, also: Also::Evaluations, ..Says::NOTHING },
            Work::Configurations(often) => Says { awaited: true, also: Also::Readings(often.keys), ..Says::NOTHING },
            // Nobody reads.
            Work::Rates(_) => Says::NOTHING,
            Work::Trace(trace) => {
                let TraceConfig { source, values, .. } = &trace.config;
                let named = source.client.is_some();
                Says { named, awaited: named, ttls: source.ttl.is_some(), values: values.as_ref(), ..Says::NOTHING }
            }
        }
    }

    /// How many keys in a row belong together.
    fn keys_of_group(&self) -> u16 {
        if let Work::Configurations(often) = self { often.keys } else { 1 }
    }

    /// What every key holds at the start.
    fn at_start(&self) -> AtStart {
        match self {
            Work::Mix { mix, .. } if mix.preloaded => AtStart::Stored,
            Work::Mix { .. } | Work::Rates(_) => AtStart::Nothing,
            Work::Flags(_) | Work::Configurations(_) => AtStart::Stored,
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
    ByKey(Box<Known>),
    /// On a database.
    InOrder(Box<d1_alone::Alone>, Network),
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
        let Says { named, ttls, values, .. } = work.says();
        // Whether everything that the values say is known.
        let sized = |looks_always| match values {
            None => Some(None),
            Some(values) => sizes::OfStore::of(values, terms, looks_always).map(Some),
        };
        let NetworkConfig { places, edges, central: _, rtt: _, jitter: _, faults } = network;
        if !faults.is_empty() {
            return None;
        }
        let (keys, mut also) = (work.keys_of_group(), work.says().also);
        // Workers KV is asked for each of several keys by itself.
        if let Work::Configurations(often) = &work
            && matches!(store, StoreKind::KvPull(_) | StoreKind::KvPush(_))
        {
            if often.reads_of_one(*edges, window.until) > Readings::MOST {
                return None;
            }
            also = Also::Nothing;
        }
        // Elsewhere what a limit admits follows from what was read.
        if matches!(work, Work::Rates(_)) && !counts_in_one_step(store) {
            return None;
        }
        // No read of an object or a database is answered by a cache.
        let mut hit_latency = &Law::Constant(Span::ZERO);
        let by_key = |store| How::ByKey(Box::new(store));
        let how = match store {
            StoreKind::KvPull(config) => {
                let KvPullConfig { common, cache_ttl: _, negative_caching: _ } = config;
                hit_latency = &common.hit_latency;
                let (centre, sizes) = (centre(common, network, terms)?, sized(false)?);
                by_key(Known::Pull(config.clone(), centre, sizes))
            }
            StoreKind::KvPush(config) => {
                let KvPushConfig { common, delay: _, max: _, limit_per_namespace } = config;
                if *limit_per_namespace {
                    return None;
                }
                hit_latency = &common.hit_latency;
                let (centre, sizes) = (centre(common, network, terms)?, sized(true)?);
                by_key(Known::Push(config.clone(), centre, sizes))
            }
            // Who asks for what of which value is told of Workers KV only.
            StoreKind::DurableObject(_) | StoreKind::D1(_) if named || ttls || values.is_some() => return None,
            StoreKind::DurableObject(config) => {
                let alone = object_alone::Alone::of(config, network, terms, keys)?;
                by_key(Known::Objects(Setting::new(alone, Network::new(network), places.len())))
            }
            StoreKind::D1(config) => {
                How::InOrder(Box::new(d1_alone::Alone::of(config, terms, keys)?), Network::new(network))
            }
            _ => return None,
        };
        let (hit_latency, locations) = (Sampler::new(hit_latency), places.len());
        Some(Plan { work, how, also, hit_latency, locations, edges: *edges, window, seed })
    }

    /// Whether all keys are one partition, which is simulated by [`KeyByKey::simulate_all`]: those of a trace, which are found
    /// while it is read, and those on a database.
    pub fn is_whole(&self) -> bool {
        matches!((&self.work, &self.how), (Work::Trace(_), _) | (_, How::InOrder(..)))
    }

    /// How many keys in a row belong together.
    pub fn keys_of_group(&self) -> u16 {
        self.work.keys_of_group()
    }

    /// At least so many of the first rows of the trace that is replayed, as they are in the first replication; `None` where
    /// none is.
    pub fn first_replication(&self, rows: usize) -> Option<FirstReplication<'_>> {
        let (Work::Trace(trace), How::ByKey(_)) = (&self.work, &self.how) else { return None };
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
        let Says { awaited, .. } = self.work.says();
        let mix =
            |mix, shares: &Arc<[f64]>| Clients::new(mix, awaited, shares.clone(), seed, replication, self.edges, until);
        let written = |often| Written::new(often, seed, replication, self.edges, until);
        let rates = |config| Rates::new(config, seed, replication, self.edges, until);
        KeyByKey(match (&self.how, &self.work) {
            (How::ByKey(store), Work::Mix { mix: config, shares, .. }) => {
                Simulated::Clients(Open::Mix(mix(config, shares)), self.live(store, replication, tally))
            }
            (How::ByKey(store), Work::Flags(often) | Work::Configurations(often)) => {
                Simulated::Clients(Open::Written(written(often)), self.live(store, replication, tally))
            }
            (How::ByKey(store), Work::Rates(config)) => {
                Simulated::Clients(Open::Rates(rates(config)), self.live(store, replication, tally))
            }
            (How::ByKey(store), Work::Trace(trace)) => {
                let rules = self.rules(&trace.config, replication);
                Simulated::Rows(trace.clone(), rules, until, self.live(store, replication, tally))
            }
            (How::InOrder(alone, network), work) => {
                let callers = match work {
                    Work::Mix { mix: config, shares, .. } => Crowd::Mix(Together::new(mix(config, shares))),
                    Work::Flags(often) | Work::Configurations(often) => Crowd::Written(Together::new(written(often))),
                    Work::Rates(config) => Crowd::Rates(Together::new(rates(config))),
                    Work::Trace(trace) => {
                        let placement = StreamKey::new(seed, replication, Purpose::Placement);
                        let feed = Feed::new(&trace.config.source, &trace.places, self.edges, placement);
                        Crowd::Rows(Box::new(InTurn::new(self.rules(&trace.config, replication), feed, until)))
                    }
                };
                let (alone, network) = ((**alone).clone(), network.clone());
                Simulated::InOrder(callers, Box::new(Database::new(alone, network, tally, awaited, self.beside())))
            }
        })
    }

    /// What is measured of a key beside its operations.
    fn beside(&self) -> Beside {
        match &self.work {
            Work::Mix { .. } | Work::Configurations(_) | Work::Trace(_) => Beside::Nothing,
            Work::Flags(_) => Beside::Flips(Flips::new(self.edges), 0),
            Work::Rates(config) => Beside::Windows(RateRule::new(config, self.window), RateWindows::default(), None),
        }
    }

    /// What matters of what reads show, where each key is read by itself.
    fn shown(&self) -> Option<Of> {
        match &self.work {
            Work::Flags(_) => Some(Of::Flag(Flips::new(self.edges))),
            Work::Configurations(_) => Some(Of::Configuration(Readings::default())),
            Work::Mix { .. } | Work::Rates(_) | Work::Trace(_) => None,
        }
    }

    /// A store at the start.
    fn live(&self, store: &Known, replication: u32, tally: Tally) -> Live {
        let (Says { named, awaited, ttls, values, .. }, at_start) = (self.work.says(), self.work.at_start());
        let preloaded = !matches!(at_start, AtStart::Nothing);
        let key = StreamKey::new(self.seed, replication, Purpose::Sizes);
        let sizes = |(store, values)| Box::new(Sizes::new(store, values, at_start, key, self.window));
        let common = |centre: &Centre, of_store: Option<sizes::OfStore>, tally| Common {
            centre: centre.clone(),
            reads: Vec::new(),
            read: Vec::new(),
            writes: Writes::default(),
            truth: Truth::default(),
            missed: vec![0; self.locations],
            sessions: named.then(Box::default),
            sizes: of_store.zip(values).map(sizes),
            shown: self.shown().map(|of| Box::new(Shown::new(of))),
            awaited,
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
                Live::Objects(Box::new(Objects::new(setting.clone(), tally, awaited, self.beside())))
            }
        }
    }

    pub(super) fn tally(&self, batches: u32) -> Tally {
        Tally::new(self.locations, self.window, batches, self.hit_latency.clone(), self.also)
    }
}

/// Whether a store counts a request in one step.
fn counts_in_one_step(store: &StoreKind) -> bool {
    matches!(
        store,
        StoreKind::DurableObject(DurableObjectConfig { read_then_write: false, .. })
            | StoreKind::D1(D1Config { read_then_write: false, .. })
    )
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
            Some(Work::Mix { mix: mix.clone(), shares: prepared.shares()?, cache_ttl: None })
        }
        WorkloadConfig::CacheAside(load) => {
            let CacheAsideWorkloadConfig { keys: _, popularity: _, reads: _, updates: _, ttl } = load;
            Some(Work::Mix { mix: load.mix(network.edges), shares: prepared.shares()?, cache_ttl: Some(*ttl) })
        }
        WorkloadConfig::FeatureFlag(config) => {
            let FeatureFlagConfig { flags, flip_every, evaluations } = config;
            let write_every = flip_every.clone();
            Some(Work::Flags(HowOften { count: *flags, keys: 1, write_every, reads: *evaluations }))
        }
        WorkloadConfig::Config(config) => {
            let ConfigConfig { sets, keys, publish_every, reads } = config;
            let write_every = publish_every.clone();
            Some(Work::Configurations(HowOften { count: *sets, keys: *keys, write_every, reads: *reads }))
        }
        WorkloadConfig::RateLimit(config) => {
            let RateLimitConfig { identities: _, requests: _, shape: _, locations: _, limit: _, window: _, arrivals } =
                config;
            arrivals.is_none().then(|| Work::Rates(config.clone()))
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
