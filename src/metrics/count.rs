//! How many of how many.

/// A number of cases among a number of chances; both are exact, so counts merge in any order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    pub hits: u64,
    pub of: u64,
}

impl Count {
    /// Adds one chance.
    #[inline]
    pub fn add(&mut self, hit: bool) {
        self.hits += u64::from(hit);
        self.of += 1;
    }

    /// Adds another count.
    pub fn merge(&mut self, other: Count) {
        self.hits += other.hits;
        self.of += other.of;
    }

    /// Hits per chance; `None` where there was no chance.
    pub fn share(self) -> Option<f64> {
        (self.of > 0).then(|| self.hits as f64 / self.of as f64)
    }
}
