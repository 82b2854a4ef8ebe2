//! Which client asks what, and when.
pub mod config;
pub use config::*;
