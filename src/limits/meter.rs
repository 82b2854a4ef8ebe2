//! What the platform counts and charges by the month.
//!
//! To add a meter: a row here, and its price in `cf-2026-11.toml`; what fills it is the store's `usage`, or `run/cost.rs`.

use serde::Serialize;

use super::figure::FigureId;

/// A row of the table of meters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MeterRow {
    /// The table of a platform file that has its price, as in `price.kv`.
    pub section: &'static str,
    /// Its key there, as in `reads`.
    pub key: &'static str,
    /// As in `kv.reads`.
    pub name: &'static str,
    pub label: &'static str,
    pub unit: &'static str,
    /// The figure that bounds it by the day, or, for what is stored, at all.
    pub quota: Option<FigureId>,
}

impl MeterRow {
    /// Whether it measures what is there, instead of counting what happens.
    pub fn is_stored(&self) -> bool {
        self.key == "storage"
    }
}

macro_rules! meters {
    ($($id:ident $section:literal $key:literal $label:literal $unit:literal $quota:expr;)*) => {
        /// A meter of the platform.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum MeterId {
            $(#[doc = $label] $id,)*
        }

        impl MeterId {
            /// Every meter, in the order of bills.
            pub const ALL: &[MeterId] = &[$(MeterId::$id,)*];
        }

        /// The rows of all meters, in the order of bills.
        pub const METERS: &[MeterRow] = &[$(MeterRow {
            section: $section,
            key: $key,
            name: concat!($section, ".", $key),
            label: $label,
            unit: $unit,
            quota: $quota,
        },)*];
    };
}

meters! {
    KvReads "kv" "reads" "KV keys read" "keys" Some(FigureId::KvReadsPerDay);
    KvWrites "kv" "writes" "KV keys written" "keys" Some(FigureId::KvWritesPerDay);
    KvDeletes "kv" "deletes" "KV keys deleted" "keys" Some(FigureId::KvDeletesPerDay);
    KvLists "kv" "lists" "KV lists" "lists" Some(FigureId::KvListsPerDay);
    KvStorage "kv" "storage" "KV storage" "GB-months" Some(FigureId::KvStorageBytes);
    KvInstantReads "kv_instant" "reads" "KV Instant keys read" "keys" None;
    KvInstantWrites "kv_instant" "writes" "KV Instant keys written or deleted, and lists" "operations" None;
    KvInstantStorage "kv_instant" "storage" "KV Instant storage" "MB-months" None;
    D1RowsRead "d1" "rows_read" "D1 rows read" "rows" Some(FigureId::D1RowsReadPerDay);
    D1RowsWritten "d1" "rows_written" "D1 rows written" "rows" Some(FigureId::D1RowsWrittenPerDay);
    D1Storage "d1" "storage" "D1 storage" "GB-months" Some(FigureId::D1StorageBytes);
    ObjectRequests "durable_object" "requests" "Durable Object requests" "requests" Some(FigureId::ObjectRequestsPerDay);
    ObjectDuration "durable_object" "duration" "Durable Object duration" "GB-s" Some(FigureId::ObjectDurationPerDay);
    ObjectRowsRead "durable_object" "rows_read" "Durable Object rows read" "rows" Some(FigureId::ObjectRowsReadPerDay);
    ObjectRowsWritten "durable_object" "rows_written" "Durable Object rows written" "rows" Some(FigureId::ObjectRowsWrittenPerDay);
    ObjectReadUnits "durable_object" "read_units" "Durable Object read units of key-value storage" "units of 4 KiB" None;
    ObjectWriteUnits "durable_object" "write_units" "Durable Object write units of key-value storage" "units of 4 KiB" None;
    ObjectStorage "durable_object" "storage" "Durable Object storage" "GB-months" Some(FigureId::ObjectStorageBytes);
}

/// What a meter's units cost on the paid plan.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Price {
    /// So much a month costs nothing.
    pub included: f64,
    /// What is beyond is charged in steps of so many units …
    pub per: f64,
    /// … at this price each.
    pub usd: f64,
    /// Whether a step that has begun costs as much as a whole one.
    pub whole_steps: bool,
    pub source: String,
    pub date: String,
    /// Whether this version states it, rather than the one that it extends.
    pub stated: bool,
}

impl MeterId {
    /// The meter's row.
    pub fn row(self) -> &'static MeterRow {
        &METERS[self as usize]
    }
}

impl Price {
    /// What so much in a month costs, in dollars.
    pub fn of(&self, quantity: f64) -> f64 {
        let steps = (quantity - self.included).max(0.0) / self.per;
        let billed = if self.whole_steps { libm::ceil(steps) } else { steps };
        billed * self.usd
    }
}
