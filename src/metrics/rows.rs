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
}

/// So many values of a batch are looked up before the first is counted: so the looks overlap.
const AHEAD: usize = 64;

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
        }
    }

    /// Adds one value to a row.
    #[inline]
    pub fn add(&mut self, row: usize, value: u64) {
        let place = self.total(row, value);
        self.count(place);
    }

    /// Adds values to rows.
    #[inline]
    pub fn add_all(&mut self, mut values: impl Iterator<Item = (usize, u64)>) {
        let mut places = [0; AHEAD];
        loop {
            let mut filled = 0;
            for (place, (row, value)) in places.iter_mut().zip(values.by_ref()) {
                *place = self.total(row, value);
                filled += 1;
            }
            places[..filled].iter().for_each(|place| self.count(*place));
            if filled < AHEAD {
                return;
            }
        }
    }

    /// Counts what is not told by a bucket; says where the bucket's count is.
    #[inline]
    fn total(&mut self, row: usize, value: u64) -> usize {
        let bucket = bucket_of(value);
        let total = &mut self.totals[row];
        total.sum += u128::from(value);
        total.max = total.max.max(value);
        self.place(row, bucket)
    }

    #[inline]
    fn place(&self, row: usize, bucket: usize) -> usize {
        ((bucket / STEPS) * self.totals.len() + row) * STEPS + bucket % STEPS
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

    /// A row as a distribution.
    pub fn distribution(&self, row: usize) -> Distribution {
        let mut distribution = self.carried[row].clone();
        // What is above the greatest value is empty.
        for doubling in 0..=bucket_of(self.totals[row].max) / STEPS {
            let from = self.place(row, doubling * STEPS);
            let counts = self.counts[from..from + STEPS].iter().enumerate();
            for (step, count) in counts.filter(|(_, count)| **count > 0) {
                distribution.add_to_bucket(doubling * STEPS + step, u64::from(*count));
            }
        }
        let Total { sum, max } = self.totals[row];
        distribution.add_totals(sum, max);
        distribution
    }
}
