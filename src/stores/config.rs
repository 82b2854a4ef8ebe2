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
    KvThroughObject(KvThroughObjectConfig),
    RateLimiting(RateLimitingConfig),
}

impl StoreKind {
    /// The word for the kind in scenario files and exports.
    pub fn word(&self) -> &'static str {
        match self {
            StoreKind::KvPull(_) | StoreKind::KvPush(_) => "kv",
            StoreKind::D1(_) => "d1",
            StoreKind::DurableObject(_) => "durable_object",
            StoreKind::CacheAside(_) => "cache_aside",
            StoreKind::KvThroughObject(_) => "kv_through_object",
            StoreKind::RateLimiting(_) => "rate_limiting",
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

/// How long lists count a key that is gone, where a scenario does not say it.
pub const TOMBSTONE_LIFE: Span = Span::from_secs(10);

fn is_tombstone_life(span: &Span) -> bool {
    *span == TOMBSTONE_LIFE
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
    /// How long lists still count a key that was deleted or has expired. Not published: a deleted key is removed "only
    /// after both backends have" the deletion (Cloudflare's blog on the redesign, 2025-08-08), and those are apart by
    /// 4.38 s at p99 (blog on KV Instant, 2026-10-01); default 10 s.
    #[serde(skip_serializing_if = "is_tombstone_life")]
    pub tombstone_life: Span,
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
    pub statements: D1Statements,
}

/// The statements of a D1 database's callers.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct D1Statements {
    /// The time that a delete keeps the database busy. Default: as a write.
    pub delete_time: Option<Law>,
    /// How many rows a statement reads to find its own, because no index leads there; 0: an index does. Default: 0.
    pub scan_rows: u32,
    /// The time that each of these rows takes. Not published; default 1 µs.
    pub scan_row_time: Span,
    /// Several keys are a `batch` of statements, one for each key, instead of one statement. Either is one transaction and
    /// one round trip (d1/concepts/how-d1-works). Default: no.
    pub batch: bool,
    /// Indexes of the table: each adds a row written to every write (d1/platform/pricing). Default: 0.
    pub indexes: u32,
    /// What limits look at in their text.
    #[serde(skip_serializing_if = "SqlText::is_default")]
    pub sql: SqlText,
}

/// The text of SQL statements, as far as limits look at it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct SqlText {
    /// Bytes of each statement. Default: 100.
    pub bytes: u32,
    /// Parameters that a statement binds for each of its keys. Default: 1.
    pub parameters: u32,
}

impl Default for SqlText {
    fn default() -> SqlText {
        SqlText { bytes: 100, parameters: 1 }
    }
}

impl SqlText {
    fn is_default(&self) -> bool {
        *self == SqlText::default()
    }
}

impl Default for D1Statements {
    fn default() -> D1Statements {
        let sql = SqlText::default();
        D1Statements { delete_time: None, scan_rows: 0, scan_row_time: Span(1_000), batch: false, indexes: 0, sql }
    }
}

impl D1Statements {
    /// Rows read, as the meter counts them, to find one key.
    pub fn rows_read(&self) -> u32 {
        self.scan_rows.max(1)
    }

    /// Rows written, as the meter counts them, for one key.
    pub fn rows_written(&self) -> u32 {
        1 + self.indexes
    }
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
    /// How many requests an object takes in ten seconds before it refuses. Not published; default: any number.
    pub window_limit: Option<u32>,
    /// How many bytes of requests may wait, keys and values together. Not published; default: any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue_bytes: Option<u64>,
    /// The processor time of one request. Default: what the platform gives where nothing else is configured, 30 s.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu_limit: Option<Span>,
    /// Requests are messages of WebSockets, which stay open, instead of calls from a Worker. Default: no.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub websocket: bool,
    /// What the object stores its state in. Default: SQLite, a statement for each key.
    #[serde(skip_serializing_if = "ObjectStorage::is_default")]
    pub storage: ObjectStorage,
    pub code: ObjectCode,
    pub life: ObjectLife,
}

/// What an object stores its state in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ObjectStorage {
    /// SQLite.
    Sqlite {
        /// Several keys are read or written by one statement, instead of one for each key.
        one_statement: bool,
        sql: SqlText,
    },
    /// The older key-value storage, whose `get`, `put` and `delete` take several keys.
    KeyValue,
}

impl Default for ObjectStorage {
    fn default() -> ObjectStorage {
        ObjectStorage::Sqlite { one_statement: false, sql: SqlText::default() }
    }
}

impl ObjectStorage {
    fn is_default(&self) -> bool {
        *self == ObjectStorage::default()
    }
}

/// What the code of an object does with an update, beyond one storage operation
/// (durable-objects/best-practices/rules-of-durable-objects, read 2026-11).
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct ObjectCode {
    /// What every update awaits between its storage `get` and its `put`, and that is not storage: a `get` of Workers KV, a
    /// `fetch`. It opens the input gate, so other requests come in between. Default: nothing.
    pub foreign_await: Option<Law>,
    /// The update runs in `blockConcurrencyWhile`: nothing comes in between, at the price of its time. Default: no.
    pub block_concurrency_while: bool,
    /// Before each key's `put` something foreign is awaited, so that the writes of one request are not coalesced into one
    /// transaction. Default: no, all are written without an `await` between them.
    pub await_each_write: bool,
    /// Where the object keeps what it knows. Default: in its storage.
    pub state: ObjectState,
}

/// Where an object keeps what it knows.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub enum ObjectState {
    /// In its storage: survives everything.
    #[default]
    Storage,
    /// In variables only: gone when the object leaves memory.
    Memory,
    /// In variables, and an alarm writes them to storage `after` their first change. `failures` is the share of the
    /// alarm's runs that throw.
    WrittenBehind { after: Span, failures: f64 },
}

/// How long an object stays in memory, and what it costs to come back
/// (durable-objects/concepts/durable-object-lifecycle, 2026-10-30).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct ObjectLife {
    /// Whether the idle object may hibernate: no timer, no pending call, no socket keeps it. Default: yes.
    pub hibernates: bool,
    /// Idle for so long, it hibernates. Default 10 s, as documented.
    pub hibernate_after: Span,
    /// One that may not hibernate is evicted after so long. Default: uniform between 70 s and 140 s, the documented range.
    pub evict_after: Law,
    /// From the first request to an object that is not in memory until it is served. Not published; default: no time.
    pub cold_start: Law,
    /// From one restart (a new version of its code, another machine) to the next. Default: it never is.
    pub restart_every: Option<Law>,
}

impl Default for ObjectLife {
    fn default() -> ObjectLife {
        ObjectLife {
            hibernates: true,
            hibernate_after: Span::from_secs(10),
            evict_after: Law::Uniform { low: Span::from_secs(70), high: Span::from_secs(140) },
            cold_start: Law::Constant(Span::ZERO),
            restart_every: None,
        }
    }
}

impl Default for DurableObjectConfig {
    fn default() -> DurableObjectConfig {
        DurableObjectConfig {
            placement: None,
            hosts: Vec::new(),
            read_time: Law::Constant(Span::from_millis(1)),
            write_time: Law::LogNormal { median: Span::from_millis(2), p99: Span::from_millis(5) },
            durability: Law::LogNormal { median: Span::from_millis(5), p99: Span::from_millis(20) },
            queue_limit: 1000,
            queue_timeout: Span::from_secs(5),
            read_then_write: false,
            window_limit: None,
            queue_bytes: None,
            cpu_limit: None,
            websocket: false,
            storage: ObjectStorage::default(),
            code: ObjectCode::default(),
            life: ObjectLife::default(),
        }
    }
}

/// Reads go through Workers KV, updates go to D1 and delete the cached copy.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct CacheAsideConfig {
    pub cache: KvPullConfig,
    pub database: D1Config,
    /// `expirationTtl` of the cached copy. Default 1 h, as in the widely copied snippet; least 60 s.
    pub expiration_ttl: Span,
}

/// All updates of a key go through one Durable Object, which puts the new value into Workers KV.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct KvThroughObjectConfig {
    pub object: DurableObjectConfig,
    pub cache: KvPullConfig,
    /// Between two puts of a key at least so much time passes; the newest value is put. Default: the interval that Workers
    /// KV takes, 1 s.
    pub publish_every: Span,
    /// Whom readers ask. Default: KV.
    pub read_from: ReadFrom,
}

/// Whom readers ask, where an object writes Workers KV.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ReadFrom {
    /// Workers KV, at their own location.
    Kv,
    /// The object.
    Object,
}

/// The Rate Limiting binding (workers/runtime-apis/bindings/rate-limit, read 2026-11).
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RateLimitingConfig {
    /// How many machines of a location count, each for itself. Not published; default 4.
    pub machines: u32,
    /// From an admission until the other machines of the location know of it. Not published; default: exponential with a
    /// mean of 1 s.
    pub sync_delay: Law,
}
