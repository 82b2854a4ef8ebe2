//! How stale, how fast, how much? Every metric is a count, a distribution, a curve or a series, and all four merge exactly.
//!
//! To add a metric: one row in `table.rs`, and the place that counts it (`observer.rs` for what every workload has,
//! the workload itself for its own harm).

pub mod count;
pub mod curve;
pub mod cycles;
mod difference;
pub mod distribution;
pub mod estimate;
pub mod joint;
pub mod lists;
pub mod measurements;
pub mod observer;
pub mod places;
pub mod rows;
pub mod series;
pub mod sessions;
pub mod table;
pub mod truth;
pub mod window;

pub use count::Count;
pub use curve::Curve;
pub use distribution::Distribution;
pub use estimate::Estimate;
pub use joint::Joint;
pub use measurements::Measurements;
pub use observer::Observer;
pub use places::{PlaceMeasurements, Served};
pub use rows::DistributionRows;
pub use series::{Series, Stretch};
pub use table::{CountId, CurveId, DistributionId};
pub use truth::Judgement;
pub use window::Window;
