//! `[[store]]` of kind `d1`: the database, its callers' statements, and its read replicas.
//!
//! Sources of the figures are at the fields of the configs in `stores/config.rs`.

use crate::scenario::section::Section;
use crate::scenario::values::ANY;
use crate::stores::*;

use super::hints::{Hinted, location_hint};
use super::server::{NOT_PUBLISHED, Setting, queue_limit, queue_timeout};

/// The most rows of a table, and the most indexes.
const ROWS_MOST: u32 = 1_000_000_000;
const INDEXES_MOST: u32 = 1000;
/// The longest statement that can be given, in bytes, and the most parameters: far beyond what any store takes.
const STATEMENT_MOST: u32 = 1_000_000_000;

pub(super) fn database(s: &mut Section<'_>, setting: &Setting<'_>) -> D1Config {
    let primary = s
        .field("primary", "Where the primary is; by default at the scenario's central location.")
        .place_if_any(setting.places);
    let hint = location_hint(s, setting.places, Hinted::Database);
    s.exclude("primary", "location_hint");
    D1Config {
        replication: None,
        statements: statements(s),
        primary: primary.or(hint).unwrap_or(setting.central),
        read_time: s
            .field("read_time", "How long a read keeps the database busy.")
            .default("1 ms")
            .assumed("Cloudflare calls 1 ms an average query; no law is published")
            .law(),
        write_time: s
            .field("write_time", "How long a write keeps the database busy.")
            .default_toml(r#"{ lognormal = { median = "5 ms", p99 = "8 ms" } }"#)
            .assumed("Cloudflare says \"several milliseconds\"; no law is published")
            .law(),
        queue_limit: queue_limit(s),
        queue_timeout: queue_timeout(s),
        read_retries: s
            .field("read_retries", "How often a refused read is tried again by D1 itself; writes never are.")
            .default(2)
            .count(0..=100)
            .try_into()
            .unwrap_or(u8::MAX),
        read_then_write: s
            .field("read_then_write", "Client code reads and then writes instead of updating in one statement.")
            .default(false)
            .flag(),
    }
}

fn statements(s: &mut Section<'_>) -> D1Statements {
    let delete_time = s
        .field("delete_time", "How long a delete keeps the database busy; by default as long as a write.")
        .law_if_any();
    let scan_rows = s
        .field(
            "scan_rows",
            "How many rows a statement reads to find its own, because no index leads there; 0: an index does.",
        )
        .default(0)
        .count(0..=ROWS_MOST);
    let scans = scan_rows > 0 || s.desk.describing;
    D1Statements {
        delete_time,
        scan_rows,
        scan_row_time: s
            .field("scan_row_time", "How long each of these rows takes.")
            .only_if(scans, "statements with scan_rows")
            .default("1 us")
            .assumed(NOT_PUBLISHED)
            .span(ANY),
        batch: s
            .field("batch", "Several keys are a batch of statements, one for each key, instead of one statement; either is one transaction.")
            .default(false)
            .flag(),
        indexes: s
            .field("indexes", "Indexes of the table: each adds a row written to every write.")
            .default(0)
            .count(0..=INDEXES_MOST),
        sql: sql(s, (true, ""), (true, "")),
    }
}

/// What limits look at in the text of statements: whether there are any, and whether one is for several keys, and when.
pub(super) fn sql(s: &mut Section<'_>, any: (bool, &'static str), several: (bool, &'static str)) -> SqlText {
    let defaults = SqlText::default();
    let statement_bytes = s
        .field("statement_bytes", "The length of each SQL statement, in bytes.")
        .only_if(any.0, any.1)
        .default(defaults.bytes)
        .count(1..=STATEMENT_MOST);
    let parameters = s
        .field("bound_parameters", "How many parameters a statement binds for each of its keys.")
        .only_if(several.0, several.1)
        .default(defaults.parameters)
        .count(0..=STATEMENT_MOST);
    SqlText { bytes: statement_bytes, parameters }
}

pub(super) fn d1(s: &mut Section<'_>, setting: &Setting<'_>) -> StoreKind {
    let replication = replication(s, setting);
    StoreKind::D1(D1Config { replication, ..database(s, setting) })
}

fn replication(s: &mut Section<'_>, setting: &Setting<'_>) -> Option<ReplicationConfig> {
    const CONDITION: &str = "read_replication = \"auto\"";
    let on = s
        .field("read_replication", "Whether the database has read replicas, and the code uses the Sessions API.")
        .default("off")
        .word(&[("off", false, "Every query goes to the primary."), ("auto", true, "One replica per region.")]);
    let applies = on || s.desk.describing;
    let replicas = s.field("replicas", "Where the replicas are, one per region.").only_if(applies, CONDITION);
    // A default that is not used must not bring its places into the scenario.
    let replicas =
        if applies { replicas.default_toml(r#"["IAD", "SJC", "LHR", "WAW", "SIN", "SYD"]"#) } else { replicas };
    let config = ReplicationConfig {
        replicas: replicas.assumed("Cloudflare publishes the six regions, and no cities").places(setting.places),
        lag: s
            .field("replica_lag", "From a commit at the primary until a replica has it.")
            .only_if(applies, CONDITION)
            .default_toml(
                r#"{ quantiles = { p0 = "100 ms", p50 = "800 ms", p95 = "3.4 s", p99 = "6.1 s", p100 = "10 s" } }"#,
            )
            .assumed(
                "Cloudflare publishes no lag; p50, p95 and p99 are one user's unverified measurement, the ends assumed",
            )
            .law(),
        session: s
            .field("session", "Which instance answers a session's first query.")
            .only_if(applies, CONDITION)
            .default("first-unconstrained")
            .word(&[
                ("first-unconstrained", SessionStart::Unconstrained, "Any instance: the nearest."),
                ("first-primary", SessionStart::Primary, "The primary."),
            ]),
        bookmark: s
            .field("bookmark", "What becomes of the bookmark between a client's requests.")
            .only_if(applies, CONDITION)
            .default("carried")
            .word(&[
                ("carried", Bookmark::Carried, "All requests of a client are one session."),
                ("dropped", Bookmark::Dropped, "Each request is a session of its own."),
            ]),
    };
    on.then_some(config)
}
