//! Many distributions at once, close together in memory: for what is counted at every operation.

use super::distribution::{Distribution, bucket_of};

/// Buckets of one distribution within a doubling of its values.
const STEPS: usize = Distribution::STEPS;

/// Distributions by row number. What is in use of hundreds of rows fits into a cache, where a [`Distribution`] each would
/// be spread over megabytes: counts are bytes that carry into wider ones, and rows lie side by side, doubling by doubling,
/// so that rows whose values are alike share one stretch of memory. What is never counted takes none: it is zero from the
/// start, and systems give memory where it is written.
#[derive(Clone, Debug)]
pub struct DistributionRows {
    /// By doubling, row and step.
    counts: Vec<u8>,
    /// By row, of all its values.
    totals: Vec<Total>,
    /// What did not fit into the bytes, by row.
    carried: Vec<Distribution>,
    /// The places of values that are not yet counted, and how many there are.
    waiting: [u32; TOGETHER],
    waits: usize,
}

/// So many values are counted together: their bytes are all over the cache, and the looks at them overlap.
const TOGETHER: usize = 64;

#[derive(Clone, Copy, Debug, Default)]
struct Total {
    sum: u128,
    max: u64,
}

impl DistributionRows {
    /// So many empty ones.
    pub fn new(rows: usize) -> DistributionRows {
        DistributionRows {
            counts: vec![0; (bucket_of(u64::MAX) / STEPS + 1) * rows * STEPS],
            totals: vec![Total::default(); rows],
            carried: vec![Distribution::default(); rows],
            waiting: [0; TOGETHER],
            waits: 0,
        }
    }

    /// Adds one value to a row.
    #[inline(always)]
    pub fn add(&mut self, row: usize, value: u64) {
        let total = &mut self.totals[row];
        total.sum += u128::from(value);
        if value > total.max {
            total.max = value;
        }
        self.waiting[self.waits] = self.place(row, bucket_of(value)) as u32;
        self.waits += 1;
        if self.waits == TOGETHER {
            self.count_waiting();
        }
    }

    #[inline(always)]
    fn place(&self, row: usize, bucket: usize) -> usize {
        ((bucket / STEPS) * self.totals.len() + row) * STEPS + bucket % STEPS
    }

    #[inline(never)]
    fn count_waiting(&mut self) {
        for waiting in 0..std::mem::take(&mut self.waits) {
            self.count(self.waiting[waiting] as usize);
        }
    }

    #[inline]
    fn count(&mut self, place: usize) {
        let count = &mut self.counts[place];
        match count.checked_add(1) {
            Some(more) => *count = more,
            None => self.carry(place),
        }
    }

    /// One more than a byte counts.
    #[cold]
    fn carry(&mut self, place: usize) {
        let count = std::mem::take(&mut self.counts[place]);
        let (doubling, row) = (place / STEPS / self.totals.len(), place / STEPS % self.totals.len());
        self.carried[row].add_to_bucket(doubling * STEPS + place % STEPS, u64::from(count) + 1);
    }

    /// Takes a row as a distribution.
    pub fn distribution(&mut self, row: usize) -> Distribution {
        self.count_waiting();
        let mut distribution = std::mem::take(&mut self.carried[row]);
        let counts = |doubling: usize| {
            let from = self.place(row, doubling * STEPS);
            &self.counts[from..from + STEPS]
        };
        // What is above the greatest value is empty.
        let mut filled = (0..=bucket_of(self.totals[row].max) / STEPS)
            .filter(|doubling| counts(*doubling).iter().any(|count| *count > 0));
        if let Some(first) = filled.next() {
            let last = filled.next_back().unwrap_or(first);
            // All room at once, not doubling by doubling.
            distribution.make_room(first * STEPS, (last + 1) * STEPS);
            for doubling in first..=last {
                for (step, count) in counts(doubling).iter().enumerate().filter(|(_, count)| **count > 0) {
                    distribution.add_to_bucket(doubling * STEPS + step, u64::from(*count));
                }
            }
        }
        let Total { sum, max } = self.totals[row];
        distribution.add_totals(sum, max);
        distribution
    }
}
