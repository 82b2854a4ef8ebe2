//! All integration tests, in one crate so that the library is linked once.
//!
//! To add an area: a file or folder beside this one, and its `mod` line here.

#![allow(
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "a test that is skipped says so, and proofs print their figures"
)]

mod checks;
mod cli;
mod closed_forms;
mod controls;
mod floors;
mod ground;
mod histories;
mod house;
mod intervals;
mod judge;
mod laws;
mod metrics;
mod mutants;
mod network;
mod pbs;
mod report;
mod scenario;
mod support;
mod traces;
mod validation;
