//! Chance: named random streams, and the laws that delays and gaps are drawn from.
//!
//! To add a law: one arm in `law.rs`.

pub mod law;
pub mod stream;
mod tail;

pub use law::{Law, Sampler};
pub use stream::{Purpose, Stream, StreamKey, chance, derive, mix, unit};
