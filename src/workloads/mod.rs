//! Which client asks what, and when: a workload a file.
//!
//! To add one: a file that keeps the promise in `contract.rs`, its plain data in `config.rs`, an arm in [`build`], and a
//! reader in the scenario's parser.

pub mod arrivals;
pub mod calls;
pub mod config;
pub mod config_set;
pub mod contract;
pub mod counter;
pub mod feature_flag;
pub mod flips;
pub mod mix;
pub mod put_then_get;
pub mod rate_limit;
pub mod rate_windows;
pub mod session;
pub mod single_writer;
pub mod trace;
pub mod trace_beside;
pub mod trace_bytes;
mod trace_clock;
pub mod trace_feed;
mod trace_fields;
pub mod trace_file;
mod trace_memory;
mod trace_names;
pub mod trace_picked;
mod trace_plain;
pub mod trace_records;
pub mod trace_rows;
pub mod trace_stretches;
pub mod values;

pub use config::*;
pub use contract::{Ask, Asked, Desk, Groups, Workload};

use std::sync::{Arc, OnceLock};

use crate::metrics::Judgement;
use crate::model::{Answer, Call, Key, Request, Seen, Span, Time, Value};
use crate::random::{Purpose, StreamKey};

use trace_stretches::Whole;

/// Any of the workloads. An enum, so that the engine is compiled once for each store and not once for each pair.
#[derive(Debug)]
pub enum AnyWorkload {
    PutThenGet(put_then_get::PutThenGet),
    Counter(counter::Counter),
    Session(session::Sessions),
    FeatureFlag(feature_flag::FeatureFlags),
    Config(config_set::Configurations),
    RateLimit(Box<rate_limit::RateLimit>),
    Mix(mix::Mix),
    Trace(Box<trace::Trace>),
    Calls(Box<calls::Calls>),
}

/// What is computed once for a scenario and shared by all runs of its workload: the popularity of its keys, and the rows of
/// a trace.
#[derive(Clone, Debug, Default)]
pub struct Prepared {
    shares: Option<Arc<[f64]>>,
    rows: Arc<OnceLock<Result<Whole, trace_file::TraceError>>>,
}

impl Prepared {
    /// Computes it.
    pub fn new(config: &WorkloadConfig) -> Prepared {
        Prepared::divided(config, |weights, weigh| weigh(0, weights))
    }

    /// The same where somebody divides the work: `divide` gets a table of weights, and has each part of it filled, given
    /// the number of its first key.
    pub fn divided(
        config: &WorkloadConfig,
        divide: impl FnOnce(&mut [f64], &(dyn Fn(usize, &mut [f64]) + Sync)),
    ) -> Prepared {
        let (popularity, keys) = match config {
            WorkloadConfig::Mix(mix) => (&mix.popularity, mix.keys),
            WorkloadConfig::CacheAside(load) => (&load.popularity, load.keys),
            _ => return Prepared::default(),
        };
        // Made where it stays: a million keys are eight megabytes, and a copy of them would have to be cleared first.
        let mut shares: Arc<[f64]> = std::iter::repeat_n(0.0, keys as usize).collect();
        let weights = Arc::get_mut(&mut shares).expect("nobody else has it yet");
        divide(weights, &|first, weights| popularity.weigh(keys, first as u32, weights));
        arrivals::add_up_to_one(weights);
        Prepared { shares: Some(shares), ..Prepared::default() }
    }

    /// The rows of the scenario's trace up to the end of the run, as [`Whole::read`] has them: read by whoever asks first, the
    /// others wait.
    ///
    /// # Errors
    /// When the trace cannot be read on.
    pub fn rows(&self, config: &TraceConfig, places: &[String], until: Time) -> Result<&Whole, trace_file::TraceError> {
        self.rows.get_or_init(|| Whole::read(config, places, until)).as_ref().map_err(Clone::clone)
    }

    /// Each key's share of all operations, where the workload has popular keys.
    pub fn shares(&self) -> Option<Arc<[f64]>> {
        self.shares.clone()
    }
}

/// Builds a scenario's workload for one replication; `places` are the codes of the edges.
pub fn build(
    config: &WorkloadConfig,
    prepared: &Prepared,
    seed: u64,
    replication: u32,
    places: &[String],
) -> AnyWorkload {
    let key = StreamKey::new(seed, replication, Purpose::Arrivals);
    let placement = StreamKey::new(seed, replication, Purpose::Placement);
    let sizes = StreamKey::new(seed, replication, Purpose::Sizes);
    let edges = places.len() as u16;
    let shares = || prepared.shares.clone().unwrap_or_default();
    match config {
        WorkloadConfig::PutThenGet(config) => {
            AnyWorkload::PutThenGet(put_then_get::PutThenGet::new(config, key, edges))
        }
        WorkloadConfig::Counter(config) => AnyWorkload::Counter(counter::Counter::new(config, key, edges)),
        WorkloadConfig::Session(config) => AnyWorkload::Session(session::Sessions::new(config, key, edges)),
        WorkloadConfig::FeatureFlag(config) => {
            AnyWorkload::FeatureFlag(feature_flag::FeatureFlags::new(config, key, edges))
        }
        WorkloadConfig::Config(config) => AnyWorkload::Config(config_set::Configurations::new(config, key, edges)),
        WorkloadConfig::RateLimit(config) => {
            AnyWorkload::RateLimit(Box::new(rate_limit::RateLimit::new(config, key, placement, places)))
        }
        WorkloadConfig::CacheAside(config) => AnyWorkload::Mix(mix::Mix::cache_aside(config, shares(), key, edges)),
        WorkloadConfig::Mix(config) => AnyWorkload::Mix(mix::Mix::new(config, shares(), key, sizes, edges)),
        WorkloadConfig::Calls(config) => AnyWorkload::Calls(Box::new(calls::Calls::new(config))),
        WorkloadConfig::Trace(config) => {
            AnyWorkload::Trace(Box::new(trace::Trace::new(config, [key, placement, sizes], places)))
        }
    }
}

macro_rules! each {
    ($self:ident, $workload:ident => $call:expr) => {
        match $self {
            AnyWorkload::PutThenGet($workload) => $call,
            AnyWorkload::Counter($workload) => $call,
            AnyWorkload::Session($workload) => $call,
            AnyWorkload::FeatureFlag($workload) => $call,
            AnyWorkload::Config($workload) => $call,
            AnyWorkload::RateLimit($workload) => $call,
            AnyWorkload::Mix($workload) => $call,
            AnyWorkload::Trace($workload) => $call,
            AnyWorkload::Calls($workload) => $call,
        }
    };
}

impl Workload for AnyWorkload {
    fn groups(&self) -> Groups {
        each!(self, workload => workload.groups())
    }

    fn initial(&self) -> Option<Value> {
        each!(self, workload => workload.initial())
    }

    fn sessions(&self) -> bool {
        each!(self, workload => workload.sessions())
    }

    fn lists(&self) -> bool {
        each!(self, workload => workload.lists())
    }

    fn value_bytes(&self, key: Key, value: Value) -> u32 {
        each!(self, workload => workload.value_bytes(key, value))
    }

    fn metadata_bytes(&self, key: Key, value: Value) -> u16 {
        each!(self, workload => workload.metadata_bytes(key, value))
    }

    fn states_sizes(&self) -> bool {
        each!(self, workload => workload.states_sizes())
    }

    fn stored_at_start(&self, first_group: u32, groups: u32, tell: &mut dyn FnMut(u32, Key, u64)) {
        each!(self, workload => workload.stored_at_start(first_group, groups, tell));
    }

    fn parse_time(&self, call: Call, bytes: u64) -> Span {
        each!(self, workload => workload.parse_time(call, bytes))
    }

    fn is_open(&self) -> bool {
        each!(self, workload => workload.is_open())
    }

    fn begin(&mut self, first_group: u32, groups: u32, desk: &mut Desk<'_>) {
        each!(self, workload => workload.begin(first_group, groups, desk));
    }

    #[inline]
    fn wake(&mut self, token: u64, desk: &mut Desk<'_>) {
        each!(self, workload => workload.wake(token, desk));
    }

    fn answered(&mut self, request: &Request, answer: &Answer, judgement: Judgement, desk: &mut Desk<'_>) {
        each!(self, workload => workload.answered(request, answer, judgement, desk));
    }

    fn end(&mut self, latest: &dyn Fn(Key) -> Seen, desk: &mut Desk<'_>) {
        each!(self, workload => workload.end(latest, desk));
    }

    fn identity(&self, group: u32) -> u64 {
        each!(self, workload => workload.identity(group))
    }

    fn failure(&mut self) -> Option<trace_file::TraceError> {
        each!(self, workload => workload.failure())
    }
}
