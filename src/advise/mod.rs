//! Which store to take, why, and what would change the answer: from outcomes, and from further runs.
//!
//! To let something more be varied in the search for boundaries: a row in `knobs.rs`. To change what is promised where
//! a scenario promises nothing: `defaults.rs`.

pub mod decide;
pub mod defaults;
pub mod differences;
pub mod guidance;
pub mod judge;
pub mod knobs;
pub mod search;
pub mod sweep;
pub mod tolerance;

pub use judge::advise;
pub use search::{Search, boundaries};
