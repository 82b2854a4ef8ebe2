//! The systems under comparison.
pub mod config;
pub use config::*;
