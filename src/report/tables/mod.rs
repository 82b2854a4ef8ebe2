//! The CSV files, each from rows that the charts draw too: what is drawn can be read.
//! To add a table: one file with its rows, and one line in [`all`].

pub mod limits;
pub mod over_time;
pub mod read_latency;
pub mod replications;
pub mod severity;
pub mod space_time;
pub mod stale_reads;
pub mod stale_share;
pub mod summary;
pub mod t_visibility;
pub mod trade_off;

use serde::Serialize;

use crate::run::Outcome;

/// Every table of an outcome: the file's name and its text. A table without rows is left out, but for the summary
/// and the limits.
pub fn all(outcome: &Outcome) -> Vec<(String, String)> {
    let mut tables = vec![
        ("summary.csv".to_string(), csv(&summary::rows(outcome))),
        ("replications.csv".to_string(), csv(&replications::rows(outcome))),
        ("stale_reads.csv".to_string(), csv(&stale_reads::rows(outcome))),
        ("stale_share.csv".to_string(), csv(&stale_share::rows(outcome))),
        ("t_visibility.csv".to_string(), csv(&t_visibility::rows(outcome))),
        ("answers_over_time.csv".to_string(), csv(&over_time::answers(outcome))),
        ("limits_over_time.csv".to_string(), csv(&over_time::limits(outcome))),
        ("read_latency.csv".to_string(), csv(&read_latency::rows(outcome))),
        ("trade_off.csv".to_string(), csv(&trade_off::rows(outcome))),
        ("space_time.csv".to_string(), csv(&space_time::rows(outcome))),
    ];
    tables.extend(severity::tables(outcome));
    tables.retain(|(_, text)| !text.is_empty());
    let violated = csv(&limits::rows(outcome));
    let violated = if violated.is_empty() { limits::HEADER.to_string() } else { violated };
    tables.push(("limits.csv".to_string(), violated));
    tables
}

/// The summaries of several outcomes in one table, each row with its scenario.
pub fn csv_of_all(outcomes: &[Outcome]) -> String {
    let rows = outcomes.iter().flat_map(|outcome| {
        summary::rows(outcome).into_iter().map(|row| summary::InScenario::of(&outcome.scenario.name, row))
    });
    csv(&rows.collect::<Vec<_>>())
}

/// Rows with a header; empty where there are no rows.
pub(super) fn csv<R: Serialize>(rows: &[R]) -> String {
    let mut writer = csv::WriterBuilder::new().from_writer(Vec::new());
    for row in rows {
        // Writing flat rows into memory cannot fail.
        writer.serialize(row).expect("rows are flat");
    }
    let bytes = writer.into_inner().expect("memory takes all bytes");
    String::from_utf8(bytes).expect("fields are UTF-8")
}
