//! What a scenario says of a workload: plain data, filled by the scenario's parser.

use serde::Serialize;

use crate::model::{Call, Key, Location, Operation, Span};
use crate::random::Law;

pub use super::values::{KEY_BYTES, PRELOADED_BYTES, ParseConfig, ValuesConfig};

/// The workloads.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum WorkloadConfig {
    PutThenGet(PutThenGetConfig),
    Counter(CounterConfig),
    Session(SessionConfig),
    FeatureFlag(FeatureFlagConfig),
    Config(ConfigConfig),
    RateLimit(RateLimitConfig),
    CacheAside(CacheAsideWorkloadConfig),
    Mix(MixConfig),
    Trace(TraceConfig),
    Calls(CallsConfig),
}

impl WorkloadConfig {
    /// The word for the kind in scenario files and exports.
    pub fn word(&self) -> &'static str {
        match self {
            WorkloadConfig::PutThenGet(_) => "put_then_get",
            WorkloadConfig::Counter(_) => "counter",
            WorkloadConfig::Session(_) => "session",
            WorkloadConfig::FeatureFlag(_) => "feature_flag",
            WorkloadConfig::Config(_) => "config",
            WorkloadConfig::RateLimit(_) => "rate_limit",
            WorkloadConfig::CacheAside(_) => "cache_aside",
            WorkloadConfig::Mix(_) => "mix",
            WorkloadConfig::Trace(_) => "trace",
            WorkloadConfig::Calls(_) => "calls",
        }
    }

    /// Whether it asks for lists.
    pub fn has_lists(&self) -> bool {
        let is_list = |call: &CallConfig| matches!(call.operation, Operation::List { .. });
        matches!(self, WorkloadConfig::Calls(script) if script.calls.iter().any(is_list))
    }
}

/// Events per second.
pub type Rate = f64;

/// How arrivals are spread over time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Shape {
    /// Independent of each other: exponential gaps.
    Poisson,
    /// Equal gaps, from a random phase.
    Constant,
    /// Poisson while on, silent while off; on and off last exponential times with these means, and the rate while on
    /// makes the mean rate what was asked for.
    OnOff { on: Span, off: Span },
    /// Poisson with a rate that follows a sine: (1 + depth · sin(2π t / period)) times the mean.
    Diurnal { period: Span, depth: f64 },
}

/// When a client acts.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Pace {
    /// Arrivals do not wait for answers (open loop): this many per second and client.
    Open { rate: Rate, shape: Shape },
    /// The next action starts this long after the last one was answered (closed loop).
    Closed { think: Law },
}

/// The popularity of keys.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Popularity {
    Uniform,
    /// The n-th key is asked for in proportion to n^−s.
    Zipf {
        exponent: f64,
    },
    /// A share of the keys gets a share of the operations, both evenly inside.
    HotSet {
        keys: f64,
        operations: f64,
    },
}

/// What a client does when its write is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Retry {
    /// How often it tries again; 0: it gives up at once.
    pub attempts: u32,
    /// How long it waits before each new try.
    pub wait: Span,
}

/// Which location gets a key right after another wrote it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum GetFrom {
    /// The writer's own.
    Same,
    /// Another one, evenly.
    Other,
    /// Any, evenly.
    Any,
}

/// `put` and then `get` at once: the snippet that everybody writes.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct PutThenGetConfig {
    pub keys: u32,
    /// Pairs per second and key.
    pub pairs: Rate,
    /// From the acknowledgement of the put to the get.
    pub gap: Span,
    pub get_from: GetFrom,
    /// Other clients' reads per second, key and location: they fill the caches.
    pub background_reads: Rate,
    /// Whether the keys hold an old value at the start, or nothing.
    pub preloaded: bool,
}

/// Clients increment counters and read them back.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CounterConfig {
    pub counters: u32,
    /// Clients of each counter, spread over the edges in turn.
    pub clients: u32,
    pub pace: Pace,
    /// Whether each increment is followed by a read of the counter.
    pub read_back: bool,
    pub retry: Retry,
}

/// Users log in, browse and log out; somebody goes on using the old token.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct SessionConfig {
    pub users: u32,
    /// From login to logout.
    pub life: Law,
    /// From the end of one session to the next login.
    pub idle: Law,
    /// Requests per second within a session.
    pub requests: Rate,
    /// Probability that a request comes from a location other than the one of the login.
    pub elsewhere: f64,
    /// Requests with the old token go on for this long after the logout …
    pub after_logout: Span,
    /// … at this rate, each from any location.
    pub after_rate: Rate,
}

/// An operator flips flags, every edge evaluates them.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct FeatureFlagConfig {
    pub flags: u32,
    /// From one flip of a flag to the next.
    pub flip_every: Law,
    /// Evaluations per second, flag and edge.
    pub evaluations: Rate,
}

/// Several keys are published together and read together.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ConfigConfig {
    pub sets: u32,
    /// Keys of one set.
    pub keys: u16,
    /// From one publish of a set to the next.
    pub publish_every: Law,
    /// Readings of a whole set per second and edge.
    pub reads: Rate,
}

/// Identities send requests from several locations; a limit per window holds for each.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RateLimitConfig {
    pub identities: u32,
    /// Requests per second and identity.
    pub requests: Rate,
    pub shape: Shape,
    /// From how many locations each identity sends, evenly; the first ones of the scenario's list.
    pub locations: u16,
    pub limit: u32,
    /// Fixed windows, aligned to the start of the run.
    pub window: Span,
    /// Arrivals from a file instead of `requests` and `shape`: one identity for each key of the trace.
    pub arrivals: Option<TraceSource>,
}

/// Reads through a cache, updates in the database.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CacheAsideWorkloadConfig {
    pub keys: u32,
    pub popularity: Popularity,
    /// Reads per second and edge.
    pub reads: Rate,
    /// Updates per second, all keys together, in the proportions of popularity.
    pub updates: Rate,
    /// How old an answer the readers expect at most: older stale reads are counted as beyond the TTL. Default 60 s, the
    /// default `cacheTtl` of Workers KV.
    pub ttl: Span,
}

impl CacheAsideWorkloadConfig {
    /// The reads and the updates, without what the cache is held to.
    pub fn mix(&self, edges: u16) -> MixConfig {
        MixConfig {
            keys: self.keys,
            popularity: self.popularity.clone(),
            reads: self.reads * f64::from(edges),
            writes: self.updates,
            deletes: 0.0,
            shape: Shape::Poisson,
            preloaded: true,
            values: None,
        }
    }
}

/// Reads and writes in given proportions.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct MixConfig {
    pub keys: u32,
    pub popularity: Popularity,
    /// Reads per second, all keys and edges together.
    pub reads: Rate,
    /// Writes per second, all keys together, each from any edge.
    pub writes: Rate,
    /// Share of the writes that delete.
    pub deletes: f64,
    pub shape: Shape,
    /// Whether the keys hold a value at the start.
    pub preloaded: bool,
    /// What the values weigh; `None`: calls state no sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<ValuesConfig>,
}

/// Calls of the key-value interface, one by one. Lists and bulk reads exist only here: whoever evaluates another workload
/// by shortcuts need not know of them, and must not take this one.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CallsConfig {
    /// The names of the keys, group by group, and within a group in the order of their UTF-8 bytes: the order of lists.
    pub keys: Vec<String>,
    /// The first key of each group.
    pub groups: Vec<u32>,
    pub calls: Vec<CallConfig>,
    /// The names of the invocations that calls share.
    pub invocations: Vec<String>,
    /// Connections that one invocation may have open at a time; part of the platform.
    #[serde(skip)]
    pub connections: u64,
    /// Whether every key holds a value at the start, of [`PRELOADED_BYTES`].
    pub preloaded: bool,
    pub parse: ParseConfig,
}

/// A line of a script: one call, or the same one several times.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CallConfig {
    pub at: Span,
    /// From one time to the next.
    pub every: Span,
    pub times: u32,
    pub location: Location,
    /// Who asks; `None`: the client of the location.
    pub client: Option<u32>,
    /// The group of its keys.
    pub group: u32,
    /// The first key, counted through all groups.
    pub key: Key,
    /// How many keys in a row.
    pub keys: u16,
    /// A put's value is made in the run; the keys of a list are counted through all groups.
    #[serde(serialize_with = "operation_words")]
    pub operation: Operation,
    #[serde(serialize_with = "call_words")]
    pub call: Call,
    /// The most pages of a list that are asked for.
    pub pages: u32,
    /// The invocation that it belongs to, by number; `None`: one of its own.
    pub invocation: Option<u32>,
}

fn operation_words<S: serde::Serializer>(operation: &Operation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{operation:?}"))
}

fn call_words<S: serde::Serializer>(call: &Call, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{call:?}"))
}

/// Operations from a file.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TraceConfig {
    pub source: TraceSource,
    /// The operation of rows without one.
    pub default_operation: TraceOperation,
    /// Share of the rows without an operation that become puts instead, by a seeded rule; 0: none.
    pub write_share: f64,
    /// Readers around each write, for traces that hold writes only.
    pub readers: Option<TraceReaders>,
    /// What the values weigh of which no row tells; `None`: calls state no sizes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub values: Option<ValuesConfig>,
}

/// What a row of a trace asks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum TraceOperation {
    Get,
    Put,
    Delete,
    Add,
}

/// Readers that surround the writes of a trace: while nothing is written nearby in time, no read can be stale, so reads
/// are made only there, and the report says so.
#[derive(Clone, Copy, PartialEq, Debug, Serialize)]
pub struct TraceReaders {
    /// Reads per second, key and edge.
    pub rate: Rate,
    /// From this long before each write of a key until this long after.
    pub within: Span,
}

/// A trace file and the names of its columns.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TraceSource {
    /// Where the rows come from.
    pub file: TraceFile,
    pub time: String,
    pub time_unit: TimeUnit,
    /// `None`: all rows are of one key.
    pub key: Option<String>,
    pub operation: Option<String>,
    pub size: Option<String>,
    pub ttl: Option<String>,
    pub location: Option<String>,
    pub client: Option<String>,
    /// One trace second takes this many simulated seconds. Default 1.
    pub time_scale: f64,
    /// How places are given to rows without one.
    pub placement: Placement,
    /// The time of the last row, where the run takes its length from it: rows after it are out of order.
    #[serde(skip)]
    pub length: Option<Span>,
}

/// Where a trace is read from.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum TraceFile {
    /// A file: the path as the scenario writes it, and where that is (relative paths start at the scenario's folder).
    /// Only the former enters digests and reports.
    Path {
        written: String,
        #[serde(skip)]
        resolved: std::path::PathBuf,
    },
    /// The bytes themselves, for hosts without files.
    Bytes(std::sync::Arc<[u8]>),
}

/// The unit of a trace's time column.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum TimeUnit {
    /// Numbers in this many nanoseconds.
    Number(u64),
    /// `2023-11-16 18:17:03.9799600`, or with a `T` between and a `Z` at the end.
    DateTime,
}

/// The seeded rule that gives a place to an operation of a trace that has none.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Placement {
    /// Each row anywhere, evenly.
    PerRow,
    /// All rows of a key at one place, drawn evenly for the key.
    PerKey,
    /// All rows of a client at one place, drawn evenly for the client (rows without a client: each row anywhere).
    PerClient,
}
