//! All integration tests, in one crate so that the library is linked once.
//!
//! To add an area: a file or folder beside this one, and its `mod` line here.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that is skipped says so, and proofs print their figures"
)]

mod advise;
mod against_naive;
mod anomalies;
mod by_key;
mod by_key_traces;
mod calls;
mod checks;
mod cli;
mod closed_forms;
mod contestants;
mod controls;
mod databases;
mod determinism;
mod documents;
mod evidence;
mod faults;
mod flips;
mod floors;
mod forgetting;
mod free_plan;
mod ground;
mod histories;
mod house;
mod incidents;
mod intervals;
mod judge;
mod laws;
mod limits;
mod metrics;
mod mutants;
mod naive;
mod network;
mod object_faults;
mod objects;
mod pairs;
mod pbs;
mod queue;
mod quotas;
mod quotas_of_rows;
mod rate_windows;
mod reference;
mod report;
mod scenario;
mod scenarios;
mod script;
mod series;
mod sessions;
mod stores;
mod support;
mod tools;
mod trace_records;
mod traceable;
mod traces;
mod validation;
mod values;
mod workloads;
mod wrangler;
