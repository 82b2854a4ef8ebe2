//! Why a store refused: one variant for each rule of the platform that can be broken in a run.
//!
//! To add a rule: a row at the end of the list here (digests keep the numbers), and its facts in `limits/rules/`.

macro_rules! refusals {
    ($($(#[doc = $doc:literal])* $variant:ident $rule:literal)*) => {
        /// Why a store refused. What the platform says about it, and what helps, is in `limits/rules/`.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Refusal {
            $($(#[doc = $doc])* $variant,)*
        }

        impl Refusal {
            /// Every refusal, in the order of their numbers.
            pub const ALL: &[Refusal] = &[$(Refusal::$variant,)*];

            /// The rule's stable name, as in `kv.writes_per_key`.
            pub const fn rule(self) -> &'static str {
                match self {
                    $(Refusal::$variant => $rule,)*
                }
            }
        }
    };
}

refusals! {
    /// Workers KV: a second write to one key within a second.
    KvTooManyWrites "kv.writes_per_key"
    /// D1: the queue in front of the database is full.
    D1QueueFull "d1.queue_full"
    /// D1: waited in the queue for too long.
    D1QueuedTooLong "d1.queued_too_long"
    /// Durable Object: the queue in front of the object is full.
    ObjectQueueFull "durable_object.queue_full"
    /// Durable Object: waited in the queue for too long.
    ObjectQueuedTooLong "durable_object.queued_too_long"
    /// Workers KV: the key has too many bytes.
    KvKeyTooLong "kv.key_bytes"
    /// Workers KV: the key is empty, `.` or `..`.
    KvKeyName "kv.key_name"
    /// Workers KV: the value has too many bytes.
    KvValueTooLarge "kv.value_bytes"
    /// Workers KV: the metadata have too many bytes.
    KvMetadataTooLarge "kv.metadata_bytes"
    /// Workers KV: a `cacheTtl` below the least.
    KvCacheTtlTooShort "kv.cache_ttl"
    /// Workers KV: an `expirationTtl`, or an `expiration` that is too near, below the least.
    KvExpirationTooShort "kv.expiration_ttl"
    /// Workers KV: a bulk read of too many keys.
    KvBulkTooManyKeys "kv.bulk_keys"
    /// Workers KV: a bulk read whose values are too large together.
    KvBulkTooLarge "kv.bulk_bytes"
    /// Workers KV: too many operations in one invocation of a Worker.
    KvTooManyOperations "kv.operations_per_invocation"
    /// Workers KV, free plan: the day's reads are used up.
    KvReadsPerDay "kv.reads_per_day"
    /// Workers KV, free plan: the day's writes are used up.
    KvWritesPerDay "kv.writes_per_day"
    /// Workers KV, free plan: the day's deletes are used up.
    KvDeletesPerDay "kv.deletes_per_day"
    /// Workers KV, free plan: the day's lists are used up.
    KvListsPerDay "kv.lists_per_day"
    /// Workers KV, free plan: the account's storage is full.
    KvStorageFull "kv.storage"
    /// Workers KV Instant: a second write to the namespace within a second.
    KvInstantTooManyWrites "kv_instant.writes_per_namespace"
    /// Workers KV Instant: the key has too many bytes.
    KvInstantKeyTooLong "kv_instant.key_bytes"
    /// Workers KV Instant: the namespace holds too many keys.
    KvInstantTooManyKeys "kv_instant.keys"
    /// Workers KV Instant: the namespace is full.
    KvInstantStorageFull "kv_instant.storage"
    /// D1: too many queries in one invocation of a Worker.
    D1TooManyQueries "d1.queries_per_invocation"
    /// D1: a row, text or blob has too many bytes.
    D1RowTooLarge "d1.row_bytes"
    /// D1: a statement has too many bytes.
    D1StatementTooLong "d1.statement_bytes"
    /// D1: a statement binds too many parameters.
    D1TooManyParameters "d1.bound_parameters"
    /// D1: a query, or a whole batch, took too long.
    D1QueryTooLong "d1.query_duration"
    /// D1: the database is full.
    D1DatabaseFull "d1.database_bytes"
    /// D1, free plan: the day's rows read are used up.
    D1RowsReadPerDay "d1.rows_read_per_day"
    /// D1, free plan: the day's rows written are used up.
    D1RowsWrittenPerDay "d1.rows_written_per_day"
    /// Durable Object: too many requests for one object within ten seconds.
    ObjectTooManyRequests "durable_object.requests_per_window"
    /// Durable Object: too much data waits in front of the object.
    ObjectTooMuchData "durable_object.data_queued"
    /// Durable Objects: the account asks too much of all its objects.
    ObjectAccountOverloaded "durable_object.account_load"
    /// Durable Object: a key with its value, or a row, has too many bytes.
    ObjectValueTooLarge "durable_object.value_bytes"
    /// Durable Object: the object's storage is full.
    ObjectStorageFull "durable_object.storage"
    /// Durable Objects, free plan: the day's requests are used up.
    ObjectRequestsPerDay "durable_object.requests_per_day"
    /// Durable Objects, free plan: the day's duration is used up.
    ObjectDurationPerDay "durable_object.duration_per_day"
    /// Durable Objects, free plan: the day's rows read are used up.
    ObjectRowsReadPerDay "durable_object.rows_read_per_day"
    /// Durable Objects, free plan: the day's rows written are used up.
    ObjectRowsWrittenPerDay "durable_object.rows_written_per_day"
    /// Workers KV: a read failed because the central store did.
    KvGetUnavailable "kv.get_unavailable"
    /// Workers KV: a write failed because the central store did.
    KvPutUnavailable "kv.put_unavailable"
    /// Workers KV: a delete failed because the central store did.
    KvDeleteUnavailable "kv.delete_unavailable"
    /// Workers KV: the central store, just back from an outage, takes no more reads.
    KvTooManyReads "kv.refill_limit"
    /// Workers KV: a read that everybody is refused.
    KvGetUnauthorized "kv.get_unauthorized"
    /// Workers KV: a write that everybody is refused.
    KvPutUnauthorized "kv.put_unauthorized"
    /// Workers KV: a delete that everybody is refused.
    KvDeleteUnauthorized "kv.delete_unauthorized"
    /// Workers KV: the central store was not reached, or did not answer.
    KvConnectionLost "kv.connection_lost"
    /// D1: the database was not reached, or did not answer.
    D1ConnectionLost "d1.connection_lost"
    /// Durable Object: it was not reached, or did not answer.
    ObjectConnectionLost "durable_object.connection_lost"
    /// Durable Object: it was restarted while the request was in flight.
    ObjectReset "durable_object.reset"
    /// Workers KV: a page of a list of too many keys.
    KvListTooLong "kv.list_keys"
    /// Workers KV: a list failed because the central store did.
    KvListUnavailable "kv.list_unavailable"
    /// Workers KV: a bulk read failed because the central store did.
    KvBulkUnavailable "kv.bulk_unavailable"
    /// Workers KV: a list that everybody is refused.
    KvListUnauthorized "kv.list_unauthorized"
    /// Workers KV: a bulk read that everybody is refused.
    KvBulkUnauthorized "kv.bulk_unauthorized"
    /// Durable Object with key-value storage: the key has too many bytes.
    ObjectKeyTooLong "durable_object.key_bytes"
    /// Durable Object with key-value storage: the value has too many bytes.
    ObjectKvValueTooLarge "durable_object.kv_value_bytes"
    /// Durable Object with key-value storage: a `get`, `put` or `delete` of too many keys.
    ObjectTooManyKeys "durable_object.multi_keys"
    /// Durable Object with SQLite: a statement has too many bytes.
    ObjectStatementTooLong "durable_object.statement_bytes"
    /// Durable Object with SQLite: a statement binds too many parameters.
    ObjectTooManyParameters "durable_object.bound_parameters"
    /// Durable Object: a WebSocket message has too many bytes.
    ObjectMessageTooLarge "durable_object.message_bytes"
    /// Durable Object: a request took too much processor time.
    ObjectTooMuchCpu "durable_object.cpu_time"
    /// Too many requests to Durable Objects in one invocation of a Worker.
    TooManySubrequests "worker.subrequests"
}
