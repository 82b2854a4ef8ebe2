//! A deterministic simulator of Workers KV, D1 and Durable Objects.

pub mod checks;
#[cfg(feature = "cli")]
pub mod cli;
pub mod history;
pub mod metrics;
pub mod model;
pub mod network;
pub mod random;
pub mod run;
pub mod scenario;
pub mod stores;
pub mod workloads;
