//! What part of a run is measured.

use crate::model::Time;

/// What is measured of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Operations that start before this are simulated but not measured.
    pub from: Time,
    /// Clients stop acting then.
    pub until: Time,
}
