//! The platform as data: limits, quotas and prices by version, and the rules that a run can break.
//!
//! To add a figure or a meter: `figure.rs` or `meter.rs`, and the value in `cf-2026-11.toml`. To add a rule: the list in
//! `model/refusal.rs`, and its row in `rules/`. Platform files are read by `scenario/read/platform.rs`.

pub mod bill;
pub mod day;
pub mod figure;
pub mod meter;
pub mod platform;
pub mod rules;
pub mod usage;

pub use bill::{Bill, Item, MONTH_DAYS, bill};
pub use figure::{FigureId, UNLIMITED};
pub use meter::{METERS, MeterId, Price};
pub use platform::{Plan, Platform, Terms};
pub use rules::{Nature, Rule};
pub use usage::{Storage, Usage};
