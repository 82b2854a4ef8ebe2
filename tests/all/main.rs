//! The integration tests: one crate, one module for each room.

mod checks;
mod judge;
