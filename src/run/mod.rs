//! The walk: scenario → world → simulation → observations → measurements → outcome.
pub mod outcome;
pub use outcome::{Anomaly, LimitOutcome, Outcome, PromiseOutcome, StoreOutcome};
