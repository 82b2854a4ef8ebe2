//! Was it consistent? A shelf of checks over histories as clients could have written them down.
//!
//! To add a check: one file with a `CHECK`, and a row in the list below.

mod contract;
mod epochs;
mod knowledge;
mod linearizable;
mod met;
mod monotonic_reads;
mod monotonic_writes;
mod order;
pub mod plain;
mod read_your_writes;
pub mod search;
mod sequential;
mod session;
mod shrink;
mod state;
mod writes_follow_reads;
pub mod zones;

pub use contract::{Budget, Case, Check, Report, Verdict, Why, Witness};

/// Every check: the four session guarantees, then the orders.
pub const CHECKS: &[Check] = &[
    read_your_writes::CHECK,
    monotonic_reads::CHECK,
    monotonic_writes::CHECK,
    writes_follow_reads::CHECK,
    sequential::CHECK,
    linearizable::CHECK,
];

/// The check with this name.
pub fn find(name: &str) -> Option<&'static Check> {
    CHECKS.iter().find(|check| check.name == name)
}
