//! What a scenario says of a store: plain data, filled by the scenario's parser.

use serde::Serialize;

use crate::model::{Location, Span};
use crate::random::Law;

/// One contestant.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StoreConfig {
    /// The name in files: letters, digits, `-` and `_`; unique in the scenario.
    pub name: String,
    /// The words in tables and charts, as in "Workers KV" or "KV, cacheTtl 30 s".
    pub label: String,
    pub kind: StoreKind,
}

/// The kinds of store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum StoreKind {
    KvPull(KvPullConfig),
    KvPush(KvPushConfig),
    D1(D1Config),
    DurableObject(DurableObjectConfig),
    CacheAside(CacheAsideConfig),
}

impl StoreKind {
    /// The word for the kind in scenario files and exports.
    pub fn word(&self) -> &'static str {
        match self {
            StoreKind::KvPull(_) | StoreKind::KvPush(_) => "kv",
            StoreKind::D1(_) => "d1",
            StoreKind::DurableObject(_) => "durable_object",
            StoreKind::CacheAside(_) => "cache_aside",
        }
    }
}

/// Whether a second write to a key within a second is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum WriteLimit {
    /// As documented: refused with 429.
    Strict,
    /// As some have measured: accepted.
    Lenient,
}

/// What both forms of Workers KV have in common.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct KvCommon {
    /// Answering from the location's cache. Default: log-normal, median 2 ms, p99 10 ms ("500 µs to 10 ms" for hot
    /// keys: Cloudflare, workers/platform/storage-options, read 2026-11).
    pub hit_latency: Law,
    /// A read at the central store. Default: log-normal, median 1 ms, p99 5 ms (below 5 ms at p99: Cloudflare's blog on
    /// the redesign of Workers KV, 2025-08-08).
    pub central_read: Law,
    /// A write at the central store until it is acknowledged. Not published; default: log-normal, median 10 ms, p99 50 ms.
    pub central_write: Law,
    /// Probability that the writer's own location shows the new version on acknowledgement. Default 1 ("usually
    /// immediately visible", not guaranteed: kv/concepts/how-kv-works).
    pub local_visibility: f64,
    /// One write per second per key. Default: strict.
    pub write_limit: WriteLimit,
    /// How far each location's clock is ahead (+) or behind (−), in nanoseconds; as long as the list of places.
    pub clock_skew: Vec<i64>,
}

/// Workers KV as documented: caches at the locations pull from a central store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct KvPullConfig {
    pub common: KvCommon,
    /// For reads that give none. Default 60 s, least 30 s (kv/platform/limits, 2026-10-08).
    pub cache_ttl: Span,
    /// Whether "not found" is cached like a value. Default: yes, as documented.
    pub negative_caching: bool,
}

/// The teaching model: each version is pushed to each location and takes its own time.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct KvPushConfig {
    pub common: KvCommon,
    /// From the commit at the central store to the arrival at a location.
    pub delay: Law,
    /// Delays are conditioned to be at most this. Default 60 s.
    pub max: Span,
    /// One write per second for the whole namespace instead of for each key (Workers KV Instant). Default: no.
    pub limit_per_namespace: bool,
}

/// A D1 database: one SQLite primary.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct D1Config {
    /// Where the primary is. Default: the scenario's central location.
    pub primary: Location,
    /// The time that a read keeps the database busy. Default 1 ms ("average query 1 ms": d1/reference/faq, 2026-04-21).
    pub read_time: Law,
    /// The time that a write keeps it busy. Default: log-normal, median 5 ms, p99 8 ms ("several milliseconds", same page).
    pub write_time: Law,
    /// How many queries may wait. Not published; default 1,000.
    pub queue_limit: u32,
    /// How long a query may wait. Not published; default 5 s.
    pub queue_timeout: Span,
    /// How often a refused read is tried again by D1 itself; default 2 (d1/best-practices/rules-of-d1). Writes never.
    pub read_retries: u8,
    /// Client code reads and then writes instead of updating in one statement (right store, wrong code). Default: no.
    pub read_then_write: bool,
    /// Read replicas; `None`: every query goes to the primary. Default: none.
    pub replication: Option<ReplicationConfig>,
}

/// Read replication of a D1 database, and how the caller's code uses sessions (d1/best-practices/read-replication).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ReplicationConfig {
    /// Where the replicas are: one for each region. Default: a place in each of D1's six regions.
    pub replicas: Vec<Location>,
    /// From a commit at the primary until a replica has it, unless an earlier write is later. Not published ("a read
    /// replica may be arbitrarily out of date"); default: quantiles 0.8, 3.4 and 6.1 s at p50, p95 and p99, of a single
    /// unverified measurement by a user.
    pub lag: Law,
    /// Which instance answers the first query of a session. Default: `first-unconstrained`.
    pub session: SessionStart,
    /// What becomes of the bookmark between a client's requests. Default: carried.
    pub bookmark: Bookmark,
}

/// The constraint of a session's first query.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum SessionStart {
    /// `first-unconstrained`: any instance.
    Unconstrained,
    /// `first-primary`: the primary.
    Primary,
}

/// What the caller's code does with a session's bookmark.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Bookmark {
    /// The client brings it along: all its requests are one session.
    Carried,
    /// It is lost: each request is a session of its own.
    Dropped,
}

/// Durable Objects: one single-threaded owner per object.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct DurableObjectConfig {
    /// Where every object is placed; `None`: near its first caller, as documented.
    pub placement: Option<Location>,
    /// Locations that can host objects; objects are placed at the one nearest to the first caller. Empty: all places.
    pub hosts: Vec<Location>,
    /// The time that a read keeps the object busy. Default 1 ms (1,000 requests per second: durable-objects rules).
    pub read_time: Law,
    /// The time that a write keeps it busy. Default: log-normal, median 2 ms, p99 5 ms (200 to 500 requests per second with storage writes, same page).
    pub write_time: Law,
    /// The output gate: from the end of a write's turn until it is durable and the answer may leave. Not published;
    /// default: log-normal, median 5 ms, p99 20 ms.
    pub durability: Law,
    /// How many requests may wait. Not published; default 1,000.
    pub queue_limit: u32,
    /// How long a request may wait. Not published; default 5 s.
    pub queue_timeout: Span,
    /// Client code reads in one call and writes in another. Default: no.
    pub read_then_write: bool,
}

/// Reads go through Workers KV, updates go to D1 and delete the cached copy.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CacheAsideConfig {
    pub cache: KvPullConfig,
    pub database: D1Config,
    /// `expirationTtl` of the cached copy. Default 1 h, as in the widely copied snippet; least 60 s.
    pub expiration_ttl: Span,
}
