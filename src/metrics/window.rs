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

impl Window {
    /// When one of so many batches of equal time begins, counted from zero.
    pub fn batch_start(self, batch: u64, batches: u64) -> Time {
        let measured = u128::from(self.until.since(self.from).0);
        Time(self.from.0 + (measured * u128::from(batch) / u128::from(batches)) as u64)
    }
}
