//! A deterministic simulator of Workers KV, D1 and Durable Objects.

pub mod advise;
pub mod checks;
pub mod engine;
pub mod faults;
pub mod history;
pub mod limits;
pub mod metrics;
pub mod model;
pub mod network;
pub mod random;
pub mod report;
pub mod run;
pub mod scenario;
pub mod stores;
pub mod workloads;
