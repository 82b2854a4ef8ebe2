//! The integration tests: one module for each area.

mod cli;
mod scenario;
