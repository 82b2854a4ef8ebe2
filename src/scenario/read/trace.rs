//! A trace file and the names of its columns.

use std::path::PathBuf;

use crate::scenario::codes;
use crate::scenario::diagnostic::{Fault, quoted};
use crate::scenario::section::Section;
use crate::workloads::{Placement, TimeUnit, TraceFile, TraceSource};

use super::setting::Setting;

/// Reads the source's fields out of a table, which may hold other fields too.
pub(super) fn source(s: &mut Section<'_>, setting: &Setting<'_>) -> TraceSource {
    let written = s
        .field("file", "The trace, as CSV with a line of column names; relative paths start at the scenario's folder.")
        .required()
        .text();
    if s.good(&["file"]) && (written.trim().is_empty() || written.contains('\0')) {
        let message = format!("{} is not a path of a file", quoted(&written));
        s.fault("file", Fault::new(codes::TRACE_FILE, message).label("no path"));
    }
    if s.good(&["file"]) && s.entry("file").is_some() {
        setting.trace_place.set(Some(s.place_of("file")));
    }
    let resolved: PathBuf = setting.folder.join(&written);
    let columns = s.table("columns", "The names of the trace's columns.", columns);
    TraceSource {
        file: TraceFile::Path { written, resolved },
        time: columns.time,
        time_unit: s.field("time_unit", "The unit of the time column, or the form of a date.").default("s").word(&[
            ("s", TimeUnit::Number(1_000_000_000), "Numbers in seconds."),
            ("ms", TimeUnit::Number(1_000_000), "Numbers in milliseconds."),
            ("us", TimeUnit::Number(1_000), "Numbers in microseconds."),
            ("ns", TimeUnit::Number(1), "Numbers in nanoseconds."),
            (
                "datetime",
                TimeUnit::DateTime,
                "Dates such as 2023-11-16 18:17:03.9799600, or with a T between and a Z at the end.",
            ),
        ]),
        key: columns.key,
        operation: columns.operation,
        size: columns.size,
        ttl: columns.ttl,
        location: columns.location,
        client: columns.client,
        time_scale: s
            .field("time_scale", "One second of the trace takes this many simulated seconds.")
            .default(1.0)
            .number(1e-9..=1e9),
        placement: s
            .field("placement", "The seeded rule that gives a place to rows without one.")
            .default("per_row")
            .word(&[
                ("per_row", Placement::PerRow, "Each row anywhere, evenly."),
                ("per_key", Placement::PerKey, "All rows of a key at one place, drawn evenly for the key."),
                (
                    "per_client",
                    Placement::PerClient,
                    "All rows of a client at one place, drawn evenly for the client; rows without a client anywhere.",
                ),
            ]),
        length: None,
    }
}

struct Columns {
    time: String,
    key: Option<String>,
    operation: Option<String>,
    size: Option<String>,
    ttl: Option<String>,
    location: Option<String>,
    client: Option<String>,
}

fn columns(s: &mut Section<'_>) -> Columns {
    Columns {
        time: s.field("time", "When the row happened.").required().text(),
        key: s.field("key", "The key; without it, all rows are of one key.").text_if_any(),
        operation: s.field("operation", "What the row asks for: get, put, delete or add.").text_if_any(),
        size: s.field("size", "The size of the value in bytes.").text_if_any(),
        ttl: s.field("ttl", "Seconds until the value expires.").text_if_any(),
        location: s.field("location", "The code of the place that asks.").text_if_any(),
        client: s.field("client", "Who asks.").text_if_any(),
    }
}
