//! The readers: one file for each part of a scenario, one line for each field.
//!
//! A line declares the field, its default and its bounds, and reads it; the schema and the reference come from the same line.

pub(super) mod calls;
mod databases;
pub(super) mod faults;
mod hints;
pub(super) mod laws;
pub(super) mod network;
mod objects;
pub(super) mod places;
pub(super) mod platform;
pub(super) mod promises;
pub(super) mod server;
mod setting;
mod sizes;
pub(super) mod stores;
pub(super) mod top;
pub(super) mod trace;
pub(super) mod work;
pub(super) mod workloads;
