//! Simulates one partition of a scenario: events in the order of (time, serial number), and nothing else.
//!
//! It knows no files and not which stores exist: a [`World`] is built of any store and any workload. Only [`by_key`], which
//! does without events, knows the store that it simulates.

pub mod by_key;
pub mod divergence;
mod heap;
pub mod queue;
pub mod world;

pub use queue::Queue;
pub use world::{Partition, World};
