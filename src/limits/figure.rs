//! Every limit of the platform that is a figure: its name in platform files, its unit and its meaning.
//!
//! To add a figure: a row here, and its value in `cf-2026-11.toml`; the other versions take it over from there.

/// What a figure counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// Things, or gigabyte-seconds: a whole number.
    Count,
    /// Bytes.
    Bytes,
    /// Nanoseconds.
    Span,
}

/// A row of the table of figures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FigureRow {
    /// The table of a platform file that has it, as in `kv`.
    pub section: &'static str,
    /// Its key there, as in `value_bytes_max`.
    pub key: &'static str,
    pub unit: Unit,
    /// What it means, in a sentence.
    pub meaning: &'static str,
}

macro_rules! figures {
    ($($id:ident $section:literal $key:literal $unit:ident $meaning:literal)*) => {
        /// A figure of the platform.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum FigureId {
            $(#[doc = $meaning] $id,)*
        }

        impl FigureId {
            /// Every figure, section by section.
            pub const ALL: &[FigureId] = &[$(FigureId::$id,)*];

            /// The figure's row.
            pub const fn row(self) -> FigureRow {
                match self {
                    $(FigureId::$id => {
                        FigureRow { section: $section, key: $key, unit: Unit::$unit, meaning: $meaning }
                    })*
                }
            }
        }
    };
}

figures! {
    WorkerConnections "worker" "connections_max" Count "Connections that one invocation may have open at a time; further ones wait."
    WorkerSubrequests "worker" "subrequests_max" Count "Requests to other services that one invocation may make."
    KvKeyBytes "kv" "key_bytes_max" Bytes "The longest key, in UTF-8."
    KvValueBytes "kv" "value_bytes_max" Bytes "The largest value."
    KvMetadataBytes "kv" "metadata_bytes_max" Bytes "The largest metadata of a key, as JSON."
    KvCacheTtl "kv" "cache_ttl_min" Span "The least `cacheTtl` of a read."
    KvExpirationTtl "kv" "expiration_ttl_min" Span "The least `expirationTtl` of a write, and how far ahead `expiration` is at least."
    KvWriteInterval "kv" "write_interval" Span "Between two writes to one key at least so much time must pass."
    KvOperations "kv" "operations_per_invocation" Count "Operations in one invocation of a Worker; a bulk read is one."
    KvListKeys "kv" "list_keys_max" Count "Keys on one page of a list."
    KvBulkKeys "kv" "bulk_keys_max" Count "Keys of one bulk read."
    KvBulkBytes "kv" "bulk_bytes_max" Bytes "Values of one bulk read, together."
    KvNamespaces "kv" "namespaces_max" Count "Namespaces of an account."
    KvStorageBytes "kv" "storage_bytes_max" Bytes "What an account may store."
    KvReadsPerDay "kv" "reads_per_day" Count "Keys read in a day, of missing keys too."
    KvWritesPerDay "kv" "writes_per_day" Count "Keys written in a day."
    KvDeletesPerDay "kv" "deletes_per_day" Count "Keys deleted in a day."
    KvListsPerDay "kv" "lists_per_day" Count "Lists in a day."
    KvApiRequests "kv" "api_requests_per_5_min" Count "Requests to the REST API in five minutes."
    KvInstantKeyBytes "kv_instant" "key_bytes_max" Bytes "The longest key."
    KvInstantKeys "kv_instant" "keys_max" Count "Keys of a namespace."
    KvInstantStorageBytes "kv_instant" "storage_bytes_max" Bytes "What a namespace may store, in keys and values."
    KvInstantMetadataBytes "kv_instant" "metadata_bytes_max" Bytes "The largest metadata of a key: there is none."
    KvInstantWriteInterval "kv_instant" "write_interval" Span "Between two writes to one namespace at least so much time must pass."
    D1DatabaseBytes "d1" "database_bytes_max" Bytes "The size of a database."
    D1Databases "d1" "databases_max" Count "Databases of an account."
    D1StorageBytes "d1" "storage_bytes_max" Bytes "What an account may store."
    D1Queries "d1" "queries_per_invocation" Count "Queries in one invocation of a Worker."
    D1RowBytes "d1" "row_bytes_max" Bytes "The largest row, text or blob."
    D1StatementBytes "d1" "statement_bytes_max" Bytes "The longest statement; in a batch, of each statement."
    D1Parameters "d1" "bound_parameters_max" Count "Bound parameters of a query."
    D1Columns "d1" "columns_max" Count "Columns of a table."
    D1Arguments "d1" "function_arguments_max" Count "Arguments of an SQL function."
    D1PatternBytes "d1" "like_pattern_bytes_max" Bytes "The longest pattern of LIKE or GLOB."
    D1QueryDuration "d1" "query_duration_max" Span "How long a query, or a whole batch, may take."
    D1ReadRetries "d1" "read_retries" Count "How often D1 itself tries a failed read again; writes never are."
    D1TimeTravel "d1" "time_travel" Span "How far back a database can be restored."
    D1ImportBytes "d1" "import_bytes_max" Bytes "The largest file that can be imported."
    D1RowsReadPerDay "d1" "rows_read_per_day" Count "Rows read in a day."
    D1RowsWrittenPerDay "d1" "rows_written_per_day" Count "Rows written in a day."
    ObjectRequestsPerSecond "durable_object" "requests_per_second" Count "Requests to one object in a second: a soft limit."
    ObjectClasses "durable_object" "classes_max" Count "Classes of an account."
    ObjectBytes "durable_object" "object_bytes_max" Bytes "What one object may store."
    ObjectStorageBytes "durable_object" "storage_bytes_max" Bytes "What an account may store."
    ObjectValueBytes "durable_object" "value_bytes_max" Bytes "A key with its value, and a row."
    ObjectKvKeyBytes "durable_object" "kv_key_bytes_max" Bytes "The longest key of the older key-value storage."
    ObjectKvValueBytes "durable_object" "kv_value_bytes_max" Bytes "The largest value of the older key-value storage."
    ObjectUnitBytes "durable_object" "unit_bytes" Bytes "Key-value storage charges each key that is read or written by so much, the last piece as a whole one."
    ObjectStatementBytes "durable_object" "statement_bytes_max" Bytes "The longest statement."
    ObjectParameters "durable_object" "bound_parameters_max" Count "Bound parameters of a query."
    ObjectCpu "durable_object" "cpu_per_request" Span "Processor time of a request, where nothing else is configured."
    ObjectCpuMost "durable_object" "cpu_per_request_max" Span "Processor time of a request, as much as can be configured."
    ObjectMessageBytes "durable_object" "message_bytes_max" Bytes "The largest WebSocket message."
    ObjectMessagesPerRequest "durable_object" "messages_per_request" Count "So many incoming WebSocket messages are charged as one request."
    ObjectMemoryBytes "durable_object" "memory_billed_bytes" Bytes "What an active object is charged for, whatever it holds."
    ObjectHibernateAfter "durable_object" "hibernates_after" Span "An idle object that can hibernate does so after this."
    ObjectEvictAfterMin "durable_object" "evicted_after_min" Span "An idle object that cannot hibernate is evicted after at least this."
    ObjectEvictAfterMax "durable_object" "evicted_after_max" Span "… and after at most this."
    ObjectAlarmRetryFirst "durable_object" "alarm_retry_first" Span "The first pause before a failed alarm is tried again; each further one is twice as long."
    ObjectAlarmRetries "durable_object" "alarm_retries" Count "How often a failed alarm is tried again."
    ObjectAlarmDuration "durable_object" "alarm_duration_max" Span "How long an alarm's handler may take."
    ObjectMultiKeys "durable_object" "multi_keys_max" Count "Keys of one get, put or delete of several keys in the older key-value storage."
    ObjectRequestsPerDay "durable_object" "requests_per_day" Count "Requests in a day."
    ObjectDurationPerDay "durable_object" "duration_gb_s_per_day" Count "Gigabyte-seconds of activity in a day."
    ObjectRowsReadPerDay "durable_object" "rows_read_per_day" Count "Rows read in a day."
    ObjectRowsWrittenPerDay "durable_object" "rows_written_per_day" Count "Rows written in a day."
    RateLimitPeriodShort "rate_limit" "period_short" Span "The shorter of the two windows that the Rate Limiting binding offers."
    RateLimitPeriodLong "rate_limit" "period_long" Span "The longer of them."
}

impl FigureId {
    /// The full name, as in `kv.value_bytes_max`.
    pub fn name(self) -> String {
        let row = self.row();
        format!("{}.{}", row.section, row.key)
    }
}

/// The sections of a platform file that hold figures, in their order, and what each is about.
pub const SECTIONS: [(&str, &str); 6] = [
    ("worker", "What holds for an invocation of a Worker."),
    ("kv", "Workers KV."),
    ("kv_instant", "Workers KV Instant (private beta)."),
    ("d1", "D1."),
    ("durable_object", "Durable Objects."),
    ("rate_limit", "The Rate Limiting binding."),
];

/// A number with commas between the thousands.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A quantity of a unit, as people and platform files write it.
pub fn written(unit: Unit, value: u64) -> String {
    if value == UNLIMITED {
        return "unlimited".to_string();
    }
    match unit {
        Unit::Count => grouped(value),
        Unit::Span => crate::model::Span(value).to_string(),
        Unit::Bytes => {
            let binary = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
            let decimal = [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1000)];
            let exact = |units: &[(&str, u64)]| {
                let unit = units.iter().find(|(_, bytes)| value >= *bytes && value.is_multiple_of(*bytes));
                unit.map(|(name, bytes)| format!("{} {name}", value / bytes))
            };
            exact(&decimal).or_else(|| exact(&binary)).unwrap_or_else(|| format!("{} B", grouped(value)))
        }
    }
}

/// The value of a figure that has no bound.
pub const UNLIMITED: u64 = u64::MAX;
