//! `limits.csv`: one row for each limit that a store violated. The file is there even where it has no rows.

use serde::Serialize;

use crate::report::limits;
use crate::run::Outcome;

/// One rule of one store.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Row {
    pub store: String,
    pub kind: &'static str,
    pub code: &'static str,
    pub rule: &'static str,
    /// Over all replications.
    pub violations: u64,
    pub first_s: f64,
    pub first_utc: String,
    pub error: String,
    pub plan: &'static str,
    pub source: &'static str,
    pub date: &'static str,
    pub remedy: String,
}

/// The columns, for a table without rows.
pub const HEADER: &str = "store,kind,code,rule,violations,first_s,first_utc,error,plan,source,date,remedy\n";

/// The rows, store by store, in the order of the rules.
pub fn rows(outcome: &Outcome) -> Vec<Row> {
    let of = |store| {
        limits::of(outcome, store).into_iter().map(|limit| Row {
            store: store.name.clone(),
            kind: store.kind,
            code: limit.code,
            rule: limit.rule,
            violations: limit.violations,
            first_s: limit.first_s,
            first_utc: limit.first_utc,
            error: limit.error,
            plan: limit.plan,
            source: limit.source,
            date: limit.date,
            remedy: limit.remedy,
        })
    };
    outcome.stores.iter().flat_map(of).collect()
}
